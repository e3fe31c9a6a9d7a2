"""OS-Atlas-Pro's actions, one on a line: ``CLICK <point>[[101, 872]]</point>``, ``TYPE [text]``, ``PRESS_BACK``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from actions.action import AnyAction
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.call_syntax import kind_of
from agent.models.dialects.dialect import ParsedAnswer, ParsedPlace, PlaceParser, UnsupportedAction, View, answer_of
from agent.models.dialects.points import numbers_in, place_of

MAX_TEXT = 200_000
_LINE = re.compile(r"[ \t]{0,40}(?:\d{1,3}\.[ \t]{0,4})?([A-Z][A-Z_]{1,20})[ \t]{0,8}:?[ \t]{0,8}(.*)")
_POINT = re.compile(r"(?:<point>)?[ \t]*(\[[\[\]\d\s.,-]{1,80}\]|\([()\d\s.,-]{1,80}\))[ \t]*(?:</point>)?[ \t]*")
_TEXT = re.compile(r"\[(.*)\][ \t]*")


@dataclass(frozen=True)
class Argument:
    """What follows the action's name on its line."""

    text: str
    view: View
    notes: list[str]

    def point(self) -> tuple[float, float]:
        """A place in frame pixels. Raises `Unreadable`."""
        match = _POINT.fullmatch(self.text)
        numbers = numbers_in(match.group(1)) if match else []
        if not numbers:
            raise Unreadable(f"no place after the action: {self.text[:60]!r}")
        if "<point>" not in self.text or "</point>" not in self.text:
            self.notes.append("a <point> tag is missing")
        return place_of(numbers, self.view, self.notes)[0]

    def words(self) -> str:
        """The text in brackets. Raises `Unreadable`."""
        match = _TEXT.fullmatch(self.text)
        if match is None:
            raise Unreadable(f"the text must stand in [brackets] on one line: {self.text[:60]!r}")
        if re.search(r"^[^\[]*\]|\[[^\]]*$", match.group(1)):
            raise Unreadable(f"a bracket in the text may end it: {self.text[:60]!r}")
        if re.search(r"[\[\]]", match.group(1)):
            self.notes.append("brackets within the brackets were read as part of the text")
        return match.group(1)

    def nothing(self) -> None:
        """Raises `Unreadable` if anything follows."""
        if self.text.strip():
            raise Unreadable(f"nothing can follow this action: {self.text[:60]!r}")


ReadLine = Callable[[Argument], AnyAction]


@dataclass(frozen=True)
class LineGrammar:
    """The grammar: `read` by the action's name, `write` an action's line or None, `places` for places."""

    read: Mapping[str, ReadLine]
    write: Callable[[AnyAction, View], str | None]
    places: PlaceParser
    marker: str = "actions:"

    def parse(self, text: str, view: View, ended: bool) -> ParsedAnswer:
        """The one action in `text`. Raises `Unreadable`."""
        if len(text) > MAX_TEXT:
            raise Unreadable(f"the answer is {len(text)} characters long")
        marked = re.search(self.marker, text, re.IGNORECASE)
        notes = [] if marked else [f"no {self.marker} before the action"]
        found: list[tuple[str, str]] = []
        for line in re.split(r"[\r\n]+", text[marked.end() if marked else 0 :]):
            match = _LINE.fullmatch(line.rstrip("` \t"))
            if match and match.group(1) in self.read:
                found.append((match.group(1), match.group(2)))
            elif match and marked and (not found or re.match(r"\[|<point>|\Z", match.group(2))):
                raise Unreadable(f"unknown action {match.group(1)!r}; there are: {', '.join(self.read)}")
        if not found:
            short = " ".join(text[:200].split())[:80]
            raise Unreadable(f"no action in the answer: {short!r}" if short else "the answer is empty")
        thought = text[: marked.start()] if marked else ""
        said = re.sub(r"(?i)^\s*thoughts:", "", thought).strip()
        return answer_of(found, view, self._action, said, notes)

    def _action(self, call: tuple[str, str], view: View) -> tuple[AnyAction, list[str]]:
        (name, rest), notes = call, list[str]()
        try:
            return self.read[name](Argument(rest.strip(), view, notes)), notes
        except ValidationError as error:
            raise Unreadable(f"{name}: {error.errors()[0]['msg']}") from error

    def format_call(self, action: AnyAction, view: View) -> str:
        """The line alone. Raises `UnsupportedAction`."""
        line = self.write(action, view)
        if line is None:
            raise UnsupportedAction(f"there are no words for: {action!r}")
        return line

    def format(self, action: AnyAction, view: View) -> str:
        """The whole answer. Raises `UnsupportedAction`."""
        line = self.format_call(action, view)
        return f"thoughts:\n{kind_of(action)}\nactions:\n{line}"

    def parse_place(self, text: str, view: View, ended: bool) -> ParsedPlace:
        """The place, or the refusal, in `text`. Raises `Unreadable`."""
        return self.places.parse_place(text, view, ended)

    def completion_check(self) -> Callable[[str], bool]:
        """Never: a line ends where the answer does."""
        return lambda _: False


def bracketed(text: str) -> str:
    """``[text]``. Raises `UnsupportedAction` for a text that could end too early or has more than one line."""
    if re.search(r"[\[\]\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", text) or text != text.strip() or text.endswith("`"):
        raise UnsupportedAction("a text in [brackets] cannot have a bracket, a line break, or blanks at its ends")
    return f"[{text}]"
