"""The text of a data file as people's editors and systems save it."""

from __future__ import annotations

import codecs


def decoded(data: bytes) -> str:
    """UTF-8 with or without a byte order mark, or UTF-16 with one. Raises UnicodeDecodeError."""
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if utf16 else "utf-8-sig")
