"""JSON as models write it: read in one pass, repaired only where the meaning is certain, never evaluated.

Repaired, each with a note: single quotes, Python's words and tuples, a comma too many or missing, raw newlines in
strings, brackets left open. What cannot be told from an answer that was cut off is not repaired: an open string, a
number at the very end, an object or list that may have gone on, unless the caller knows that the writer had finished.
Time is linear in the text, and depth and number of values are bounded, so no input can hang or exhaust the reader.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

MAX_DEPTH = 16
MAX_VALUES = 5000
_SPACE = re.compile(r"[ \t\r\n\ufeff\u00a0]*")
_DOUBLE = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SINGLE = re.compile(r"'[^'\\]*+(?:\\.[^'\\]*+)*+'", re.DOTALL)
_NUMBER = re.compile(r"[-+]?(?:\d{1,30}\.?\d{0,30}|\.\d{1,30})(?:[eE][-+]?\d{1,4})?(?![\w.])")
_WORD = re.compile(r"[-+]?[A-Za-z]{1,10}")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "none": None}
_NOT_NUMBERS = {"nan": "nan", "infinity": "inf", "inf": "inf"}


class LooseJsonError(ValueError):
    """Not readable without guessing."""


@dataclass
class Loose:
    """What was read: the `value`, the position after it in the text, and the `notes` on what was repaired.

    `closed` is whether the outermost bracket was closed in the text.
    """

    value: Any
    end: int
    closed: bool
    notes: list[str]


def read_loose(text: str, start: int = 0, *, ended: bool = False, end_mark: str = "\0") -> Loose:
    """Read the object or list that begins at `start`, ignoring what follows it.

    `ended` says that the writer stopped of its own accord, so that open brackets may be closed; the text `end_mark`
    says the same where it appears. Otherwise only the outermost object may be left open. Raises `LooseJsonError`.
    """
    reader = _JsonReader(text, start, ended, end_mark)
    value = reader.value(0)
    return Loose(value, reader.at, reader.closed, reader.notes)


@dataclass
class _JsonReader:
    text: str
    at: int
    ended: bool
    end_mark: str
    closed: bool = True
    notes: list[str] = field(default_factory=list)
    values: int = 0

    def value(self, depth: int) -> Any:
        self._skip()
        start = self.text[self.at : self.at + 1]
        self.values += 1
        if depth >= MAX_DEPTH or self.values > MAX_VALUES:
            raise LooseJsonError(f"nested more than {MAX_DEPTH} deep, or more than {MAX_VALUES} values")
        if start == "{":
            return self._object(depth)
        if start in ("[", "("):
            return self._list(depth)
        if start in ('"', "'"):
            return self._string()
        return self._number() if start else self._fail("cut off")

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self.at += 1
        while not self._closes("}", depth):
            self._comma(bool(found), "}")
            if self._closes("}", depth):
                break
            key = self._key()
            value = self.value(depth + 1)
            if key in found and found[key] != value:
                raise LooseJsonError(f"{key!r} is given twice")
            found[key] = value
        return found

    def _key(self) -> str:
        if self.text[self.at : self.at + 1] not in ('"', "'"):
            self._fail("a name in quotes is missing")
        key = self._string()
        self._skip()
        if self.text[self.at : self.at + 1] != ":":
            self._fail("a colon is missing")
        self.at += 1
        return key

    def _list(self, depth: int) -> list[Any]:
        closer = "]" if self.text[self.at] == "[" else ")"
        if closer == ")":
            self.note("a tuple was read as a list")
        found: list[Any] = []
        self.at += 1
        while not self._closes(closer, depth):
            self._comma(bool(found), closer)
            if self._closes(closer, depth):
                break
            found.append(self.value(depth + 1))
        return found

    def _comma(self, wanted: bool, closer: str) -> None:
        """Step over the comma between two members; missing before a quote or bracket, it is put in."""
        here = self.text[self.at : self.at + 1]
        if here == ",":
            self.at += 1
            self._skip()
            if not wanted or self.text[self.at : self.at + 1] == closer:
                self.note("a comma too many was dropped")
        elif wanted and here in ('"', "'", "[", "{"):
            self.note("a missing comma was put in")
        elif wanted:
            self._fail(f"expected , or {closer}")

    def _closes(self, closer: str, depth: int) -> bool:
        """Whether the bracket ends here, in the text or by a repair."""
        self._skip()
        here = self.text[self.at : self.at + 1]
        if here == closer:
            self.at += 1
            return True
        over = not here or self.text.startswith(self.end_mark, self.at)
        if over and (self.ended or here or (depth == 0 and closer == "}")):
            self.closed = self.closed and depth > 0
            self.note(f"a missing {closer} was put in")
            return True
        if closer != "}" and here == "}":
            self.note(f"a missing {closer} was put in")
            return True
        return self._fail("cut off") if over else False

    def _string(self) -> str:
        double = self.text[self.at] == '"'
        match = (_DOUBLE if double else _SINGLE).match(self.text, self.at)
        if match is None:
            raise LooseJsonError("a text is cut off")
        self.at = match.end()
        token = match.group()
        if not double:
            self.note("single quotes were read as double")
            inner = token[1:-1].replace("\\'", "'")
            token = '"' + re.sub(r'(\\.)|"', lambda m: m.group(1) or '\\"', inner, flags=re.DOTALL) + '"'
        try:
            return str(json.loads(token, strict=False))
        except ValueError as error:
            raise LooseJsonError("a text has an escape that JSON does not know") from error

    def _number(self) -> Any:
        match = _NUMBER.match(self.text, self.at)
        if match is None:
            return self._word()
        self.at = match.end()
        if self.at >= len(self.text) and not self.ended:
            self._fail("a number may be cut off")
        token = match.group()
        return int(token) if token.lstrip("+-").isdigit() else float(token)

    def _word(self) -> Any:
        match = _WORD.match(self.text, self.at)
        word = match.group().lower() if match else ""
        bare = word.lstrip("+-")
        if match is None or (bare not in _NOT_NUMBERS and word not in _WORDS):
            return self._fail("no value")
        self.at = match.end()
        if bare in _NOT_NUMBERS:
            return float(("-" if word[0] == "-" else "") + _NOT_NUMBERS[bare])
        return _WORDS[word]

    def _skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def _fail(self, why: str) -> Any:
        raise LooseJsonError(f"{why} at {self.text[self.at : self.at + 20]!r}" if self.at < len(self.text) else why)
