"""The walk over brackets that the readers of JSON and of calls share: members, commas, closers, and their repairs.

Time is linear in the text, and depth and number of values are bounded, so no input can hang or exhaust a reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

MAX_DEPTH, MAX_VALUES = 16, 5000
_SPACE = re.compile(r"[\s\ufeff]*")


class Unreadable(ValueError):  # noqa: N818
    """What a grammar raises for an answer that is not exactly one usable action or place; says why in one line."""


@dataclass
class BracketReader:
    """Reads from `text` at `at`; a subclass says what a `value` is. `notes` are the repairs.

    `ended` says that the writer stopped of its own accord, so that open brackets may be closed; the text `end_mark`
    says the same where it appears. `closed` is whether the outermost bracket was closed in the text. `outer` closes
    the outermost bracket, `comma_before` has the signs before which a missing comma is put in.
    """

    text: str
    at: int
    ended: bool
    end_mark: str = "\0"
    closed: bool = True
    notes: list[str] = field(default_factory=list)
    values: int = 0

    outer: ClassVar[str]
    comma_before: ClassVar[str] = ""

    def value(self, depth: int) -> Any:
        """The value that begins here. Raises `Unreadable`."""
        raise NotImplementedError

    def may_stay_open(self, closer: str, depth: int) -> bool:
        """Whether a bracket that is cut off counts as closed although the writer may not have finished."""
        return False

    def count(self, depth: int) -> None:
        """Count one more value. Raises `Unreadable` for one too many or too deep."""
        self.values += 1
        if depth >= MAX_DEPTH or self.values > MAX_VALUES:
            raise Unreadable(f"nested more than {MAX_DEPTH} deep, or more than {MAX_VALUES} values")

    def members(self, closer: str, depth: int, read: Callable[[], None]) -> None:
        """Call `read` at each member up to `closer`; `at` is behind the opening bracket."""
        wanted = False
        while not self._closes(closer, depth):
            self._comma(wanted, closer)
            if self._closes(closer, depth):
                break
            read()
            wanted = True

    def items(self, depth: int) -> list[Any]:
        """The list or tuple that begins here."""
        closer = "]" if self.here == "[" else ")"
        found: list[Any] = []
        self.at += 1
        self.members(closer, depth, lambda: found.append(self.value(depth + 1)))
        return found

    @property
    def here(self) -> str:
        """The sign to be read next; empty at the end."""
        return self.text[self.at : self.at + 1]

    def skip(self) -> None:
        """Step over blanks."""
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def note(self, text: str) -> None:
        """Keep a remark on a repair, once."""
        if text not in self.notes:
            self.notes.append(text)

    def fail(self, why: str) -> Any:
        """Raises `Unreadable` with `why` and what stands here."""
        rest = " ".join(self.text[self.at : self.at + 40].split())[:20]
        raise Unreadable(why + (f" at {rest!r}" if rest else ""))

    def put(self, found: dict[str, Any], name: str, value: Any) -> None:
        """Add a named member. Raises `Unreadable` for another value under the same name."""
        if name in found and found[name] != value:
            raise Unreadable(f"{name!r} is given twice")
        found[name] = value

    def _comma(self, wanted: bool, closer: str) -> None:
        """Step over the comma between two members; missing before a quote or bracket, it may be put in."""
        if self.here == ",":
            self.at += 1
            self.skip()
            if not self.here:
                self.fail("cut off")
            if not wanted or self.here == closer:
                self.note("a comma too many was dropped")
        elif wanted and self.here and self.here in self.comma_before:
            self.note("a missing comma was put in")
        elif wanted:
            self.fail(f"expected , or {closer}")

    def _closes(self, closer: str, depth: int) -> bool:
        """Whether the bracket ends here, in the text or by a repair."""
        self.skip()
        here = self.here
        if here == closer:
            self.at += 1
            return True
        over = not here or self.text.startswith(self.end_mark, self.at)
        if not here and closer == "]":
            self.fail("a list may be cut off")
        if over and (self.ended or here or self.may_stay_open(closer, depth)):
            self.closed = self.closed and depth > 0
            self.note(f"a missing {closer} was put in")
            return True
        if closer != self.outer and here == self.outer:
            self.note(f"a missing {closer} was put in")
            return True
        return bool(self.fail("cut off")) if over else False
