"""Which calls in an answer are its own actions, and which only stand in a sentence."""

from __future__ import annotations

import re

_MARKS = re.compile(r"</?[A-Za-z_]\w{0,30}>|<\|[^|<>]{0,30}\|>|```\w{0,10}|(?<!\w)\d{1,3}[.)]")
_COMMENT = re.compile(r"\s#|//")
_CONDITION = re.compile(
    r"\s*(?:(?:(?:el)?if|else|try|unless|until|when|while|once|not|never)\b|for\s+\w+\s+in\b|with\s+[\w.]+\()",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.!?;]\s")
_REACH = 500
NOT_ITS_OWN = "a call within a sentence does not count"


def after_words(text: str, start: int, floor: int = 0) -> bool:
    """Whether a sentence or a comment sign leads to `start` on its line (from `floor` on).

    A label with its colon is none, but a condition is.
    """
    line = max(floor, text.rfind("\n", floor, start) + 1, start - _REACH)
    before = _MARKS.sub(" ", text[line:start])
    if before.rstrip(" `*\"'([{").endswith((":", "\uff1a")):
        return bool(_CONDITION.match(_SENTENCE.split(before.strip())[-1]))
    return bool(re.search(r"\w", before)) or before.lstrip().startswith(("#", "//"))


def before_words(text: str, end: int, following: re.Pattern[str]) -> bool:
    """Whether a sentence goes on at `end` on its line; a comment and a further call (`following`) are none."""
    if following.match(text, end):
        return False
    stop = text.find("\n", end)
    after = _MARKS.sub(" ", text[end : stop if 0 <= stop < end + _REACH else end + _REACH])
    return bool(re.search(r"\w", _COMMENT.split(after, maxsplit=1)[0]))
