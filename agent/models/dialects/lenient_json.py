"""JSON as models write it: read in one pass, repaired only where the meaning is certain, never evaluated.

Repaired, each with a note: single quotes, Python's words and tuples, a comma too many or missing, raw newlines and
unescaped quotes in texts, brackets left open. What cannot be told from an answer that was cut off is not repaired: an
open text, a number or a comma at the very end, and, unless the caller knows that the writer had finished, an object or
list that may have gone on. A server may say of an answer that was cut off, too, that the model had finished.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, ClassVar

from agent.models.dialects.brackets import BracketReader, Unreadable

_DOUBLE = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SINGLE = re.compile(r"'[^'\\]*+(?:\\.[^'\\]*+)*+'", re.DOTALL)
_FOLLOWS = re.compile(r"\s*(?:[,:}\])\ufeff]|\Z|</|[\"'][\w ]{1,40}[\"']\s*:|[\[{\"'])")
_MEMBER_ENDS = re.compile(r"\s*(?:[}\])]|\Z|</|,\s*[\"'][\w ]{1,40}[\"']\s*:)")
_LONGEST = 20_000
_NUMBER = re.compile(r"[-+]?(?:\d{1,30}\.?\d{0,30}|\.\d{1,30})(?:[eE][-+]?\d{1,4})?(?![\w.])")
_WORD = re.compile(r"[-+]?[A-Za-z]{1,10}")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "none": None}
_NOT_NUMBERS = {"nan": "nan", "infinity": "inf", "inf": "inf"}


@dataclass
class LenientJson:
    """What was read: the `value`, the position after it in the text, and the `notes` on what was repaired.

    `closed` is whether the outermost bracket was closed in the text.
    """

    value: Any
    end: int
    closed: bool
    notes: list[str]


def read_lenient(text: str, start: int = 0, *, ended: bool = False, end_mark: str = "\0") -> LenientJson:
    """Read the object or list that begins at `start`, ignoring what follows it.

    `ended` and `end_mark` are as in `BracketReader`; without them only the outermost object may be left open. Raises
    `Unreadable`.
    """
    reader = _JsonReader(text, start, ended, end_mark)
    value = reader.value(0)
    return LenientJson(value, reader.at, reader.closed, reader.notes)


class _JsonReader(BracketReader):
    outer: ClassVar[str] = "}"
    comma_before: ClassVar[str] = "\"'[{"

    def may_stay_open(self, closer: str, depth: int) -> bool:
        return depth == 0 and closer == "}"

    def value(self, depth: int) -> Any:
        self.skip()
        self.count(depth)
        match self.here:
            case "{":
                return self._object(depth)
            case "[" | "(":
                if self.here == "(":
                    self.note("a tuple was read as a list")
                return self.items(depth)
            case '"' | "'":
                return self._string()
            case "":
                return self.fail("cut off")
        return self._number()

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self.at += 1
        self.members("}", depth, lambda: self.put(found, self._key(), self.value(depth + 1)))
        return found

    def _key(self) -> str:
        if self.here not in ('"', "'"):
            self.fail("a name in quotes is missing")
        key = self._string()
        self.skip()
        if self.here != ":":
            self.fail("a colon is missing")
        self.at += 1
        return key

    def _string(self) -> str:
        double = self.here == '"'
        match = (_DOUBLE if double else _SINGLE).match(self.text, self.at)
        if match is None:
            raise Unreadable("a text is cut off")
        token = match.group()
        escaped = bool(_FOLLOWS.match(self.text, match.end()))
        token = token if escaped else self._unescaped(token[0])
        self.at += len(token)
        if not escaped:
            self.note("a quote in the text was not escaped")
        if double and not escaped:
            token = '"' + re.sub(r'(\\.)|"', lambda m: m.group(1) or '\\"', token[1:-1], flags=re.DOTALL) + '"'
        if not double:
            self.note("single quotes were read as double")
            inner = token[1:-1].replace("\\'", "'")
            token = '"' + re.sub(r'(\\.)|"', lambda m: m.group(1) or '\\"', inner, flags=re.DOTALL) + '"'
        try:
            return str(json.loads(token, strict=False))
        except ValueError as error:
            raise Unreadable("a text has an escape that JSON does not know") from error

    def _unescaped(self, quote: str) -> str:
        """The text that begins here up to the quote that ends its member."""
        start = self.at + 1
        for at in (match.start() for match in re.finditer(rf"(?<!\\){quote}", self.text[start : start + _LONGEST])):
            if _MEMBER_ENDS.match(self.text, start + at + 1):
                return self.text[self.at : start + at + 1]
        return str(self.fail("a text does not end"))

    def _number(self) -> Any:
        match = _NUMBER.match(self.text, self.at)
        if match is None:
            return self._word()
        self.at = match.end()
        if self.at >= len(self.text):
            self.fail("a number may be cut off")
        token = match.group()
        return int(token) if token.lstrip("+-").isdigit() else float(token)

    def _word(self) -> Any:
        match = _WORD.match(self.text, self.at)
        word = match.group().lower() if match else ""
        bare = word.lstrip("+-")
        if match is None or (bare not in _NOT_NUMBERS and word not in _WORDS):
            return self.fail("no value")
        self.at = match.end()
        if bare in _NOT_NUMBERS:
            return float(("-" if word[0] == "-" else "") + _NOT_NUMBERS[bare])
        return _WORDS[word]
