"""Text normalised for comparison: with inner punctuation, or words only."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache


def normalised(text: str) -> str:
    """NFKC, case-folded, single spaces, without quotes and punctuation at the ends; inner punctuation stays.

    Text that is only punctuation is kept. For comparing a text with what a user or a program wrote.
    """
    text = unicodedata.normalize("NFKC", text).casefold().replace("…", "...")
    text = re.sub(r"\s+", " ", text).strip()
    return text.strip(" .:*\"'“”‘’") or text


@lru_cache(maxsize=8192)
def words_only(text: str) -> str:
    """NFKC, case-folded, single spaces, without punctuation or mnemonic marks anywhere: for labels read by OCR."""
    text = unicodedata.normalize("NFKC", text.replace("º", "°")).casefold().replace("_", " ").replace("’", "'")
    text = re.sub(r"(?<=\w)['’](?=\w)", "'", text)
    return re.sub(r"[^\w'+#@%&$€£]+", " ", text).strip()
