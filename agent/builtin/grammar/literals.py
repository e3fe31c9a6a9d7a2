"""Literal text of a task: between quotes of any kind, or after ``exactly:``."""

from __future__ import annotations

import re

_QUOTES = {
    '"': '"', "'": "'", "`": "`", "“": "”", "„": "“”", "”": "”", "«": "»", "»": "«", "‘": "’", "‚": "‘’",
    "「": "」", "『": "』", "‹": "›", "《": "》", "＂": "＂", "‟": "”", "〝": "〞",
}  # fmt: skip
_BARE = "\"'`”»＂"  # open only after a blank or punctuation: elsewhere they are inches, apostrophes and closers
_APOSTROPHES = "'’‘"
FIRST, LAST = 0xF0000, 0xFFFFD
LITERAL = f"[{chr(FIRST)}-{chr(LAST)}]"


def _closing(text: str, start: int) -> int:
    """Index of the quote that closes the one at `start`, or -1. Same quotes may nest where that is clear."""
    closers, opener, depth, first = _QUOTES[text[start]], text[start], 1, -1
    for i in range(start + 1, len(text)):
        after = text[i + 1 : i + 2]
        if text[i] in closers:
            if text[i] in _APOSTROPHES and (after.isalnum() or after == "_") and not text[i - 1].isspace():
                continue
            first = i if first < 0 else first
            nested = opener == text[i] and opener in "\"'" and text[i - 1] in " ([\t\n" and after.isalnum()
            depth += 1 if nested and i > start + 1 else -1
            if depth == 0:
                return i
        elif text[i] == opener and opener not in _BARE:
            depth += 1
    return first


class Literals:
    """The literals of a task, each replaced by one private-use character."""

    def __init__(self) -> None:
        self._raw: list[str] = []
        self._content: list[str] = []

    def shield(self, task: str) -> str:
        """`task` with a placeholder for each literal."""
        out, i = [], 0
        while i < len(task):
            exact = re.compile(r"exactly\s*[:：](?:[ \t]|\r?\n)?", re.IGNORECASE).match(task, i)
            if exact and not task[i - 1 : i].isalnum():
                end = self._quoted_end(task, exact.end())
                stop = end if end else len(task)
                raw = task[exact.end() : stop]
                out.append(" " + self._put(raw, raw[1:-1] if end else raw))
                i = stop
            elif (end := self._open(task, i)) > 0:
                out.append(self._put(task[i : end + 1], task[i + 1 : end]))
                i = end + 1
            else:
                out.append(" " if FIRST <= ord(task[i]) <= LAST else task[i])
                i += 1
        return "".join(out)

    def take(self, pattern: re.Pattern[str], text: str) -> str:
        """`text` with the group ``it`` of each match replaced as a literal."""
        return pattern.sub(lambda m: m.group()[: m.start("it") - m.start()] + self._put(m["it"], m["it"]), text)

    def _open(self, task: str, i: int) -> int:
        if task[i] not in _QUOTES or len(self._raw) > LAST - FIRST:
            return -1
        before = task[i - 1 : i]
        if task[i] in _BARE and (before.isalnum() or before == "_"):
            return -1
        return _closing(task, i)

    def _quoted_end(self, task: str, i: int) -> int:
        """The end of a quoted text after ``exactly:`` that a new clause or the end of the task follows; else 0."""
        if i >= len(task) or (close := self._open(task, i)) < 0:
            return 0
        rest = task[close + 1 :]
        goes_on = re.match(r"\s*$|\s*[.,;]?\s*(?:and|then|in|into|press|click|hit)\b", rest, re.IGNORECASE)
        return close + 1 if goes_on else 0

    def _put(self, raw: str, content: str) -> str:
        self._raw.append(raw)
        self._content.append(content)
        return chr(FIRST + len(self._raw) - 1)

    def restore(self, text: str) -> str:
        """`text` with its literals in the user's words, quotes included."""
        return re.sub(LITERAL, lambda m: self._raw[ord(m.group()) - FIRST], text)

    def content(self, text: str) -> str:
        """`text` as it is typed: the inside of a single literal, else the user's words."""
        bare = text.strip()
        if re.fullmatch(LITERAL, bare):
            return self._content[ord(bare) - FIRST]
        return re.sub(LITERAL, lambda m: self._raw[ord(m.group()) - FIRST], bare)

    def all_of(self, text: str) -> list[str]:
        """The insides of every literal in `text`."""
        return [self._content[ord(c) - FIRST] for c in re.findall(LITERAL, text)]
