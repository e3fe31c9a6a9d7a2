"""Answers as one line of fields between tabs: ``explain:…<tab>action:CLICK<tab>point:500,250<tab>summary:…``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Template

from pydantic import ValidationError

from actions.action import AnyAction
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.call_syntax import CallArgs, ReadCall, kind_of
from agent.models.dialects.dialect import (
    Actions,
    ParsedAnswer,
    ParsedPlace,
    PlaceParser,
    UnsupportedAction,
    View,
    answer_of,
)

MAX_TEXT = 200_000
_BREAKS = re.compile(r"[\t\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True)
class FieldGrammar:
    """The grammar: `read` by the field ``action`` in capitals, `write` an action's fields or None, `places` for places.

    `answer` is a whole answer over ``${said}`` and ``${call}``; `said` are its fields that tell why, the first the
    thought, and `last` is one that stands behind the action in every whole answer.
    """

    read: Mapping[str, ReadCall]
    write: Callable[[AnyAction, View], Mapping[str, str] | None]
    places: PlaceParser
    answer: str = "<THINK> ${said} </THINK>\nexplain:${said}\t${call}\tsummary:${said}\n"
    said: tuple[str, ...] = ("explain", "summary", "cot")
    last: str = "summary"

    def parse(self, text: str, view: View, ended: bool) -> ParsedAnswer:
        """The action in `text`. Raises `Unreadable`."""
        if len(text) > MAX_TEXT:
            raise Unreadable(f"the answer is {len(text)} characters long")
        begins = re.compile(rf"[ `]{{0,12}}(?:{'|'.join(map(re.escape, (*self.said[:1], 'action')))})[ ]{{0,4}}:")
        lines = [line for line in re.split(r"[\r\n]+", text) if begins.match(line)]
        if not lines:
            short = " ".join(text[:200].split())[:80]
            raise Unreadable(f"no action in the answer: {short!r}" if short else "the answer is empty")
        calls = [_fields(line) for line in lines]
        lacks = self.last and self.last not in calls[-1]
        notes = [f"no {self.last} after the action: the answer may be cut off"] if lacks else []
        if (lacks and text[-1:] not in "\t\r\n") or (not ended and (lacks or not (self.last or text.endswith("\n")))):
            raise Unreadable("the answer is cut off")
        return answer_of(calls, view, self._action, calls[0].get(self.said[0], "") if self.said else "", notes)

    def _action(self, fields: Mapping[str, str], view: View) -> tuple[Actions, list[str]]:
        name, notes = fields.get("action", "").strip().upper(), list[str]()
        if name not in self.read:
            raise Unreadable(f"unknown action {name[:40]!r}; there are: {', '.join(self.read)}")
        args = CallArgs(fields, view, True, notes)
        try:
            action = self.read[name](args)
        except ValidationError as error:
            raise Unreadable(f"{name}: {error.errors()[0]['msg']}") from error
        args.refuse_unused(name, self.said)
        return action, notes

    def format_call(self, action: AnyAction, view: View) -> str:
        """The fields of the action alone. Raises `UnsupportedAction`."""
        fields = self.write(action, view)
        if fields is None:
            raise UnsupportedAction(f"there are no words for: {action!r}")
        if any(_BREAKS.search(value) or value != value.strip() or value[:1] == ":" for value in fields.values()):
            raise UnsupportedAction(
                "a field cannot have a tab, a line break, blanks at its ends, or begin with a colon"
            )
        return "\t".join(f"{name}:{value}" for name, value in fields.items())

    def format(self, action: AnyAction, view: View) -> str:
        """The whole answer. Raises `UnsupportedAction`."""
        return Template(self.answer).substitute(said=kind_of(action), call=self.format_call(action, view))

    def parse_place(self, text: str, view: View, ended: bool) -> ParsedPlace:
        """The place, or the refusal, in `text`. Raises `Unreadable`."""
        return self.places.parse_place(text, view, ended)

    def completion_check(self) -> Callable[[str], bool]:
        """Never: a line ends where the answer does."""
        return lambda _: False


def _fields(line: str) -> dict[str, str]:
    """The fields of `line` by name. Raises `Unreadable` for one without a name or given twice."""
    found: dict[str, str] = {}
    for part in filter(str.strip, line.strip(" `").split("\t")):
        name, colon, value = part.partition(":")
        if not colon or name.strip() in found:
            raise Unreadable(f"a field without a name: {part[:40]!r}" if not colon else f"{name[:40]!r} is given twice")
        if value.strip().startswith(":"):
            raise Unreadable(f"{name[:40]!r} has two colons")
        found[name.strip()] = value.strip()
    return found
