"""Actions as one object of named values, JSON or Python: ``{'action': 'CLICK', 'value': None, 'position': [x, y]}``."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Template
from typing import Any

from pydantic import ValidationError

from actions.action import AnyAction
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.call_syntax import CallArgs, CallCompletion, kind_of
from agent.models.dialects.dialect import (
    Actions,
    ParsedAnswer,
    ParsedPlace,
    PlaceParser,
    UnsupportedAction,
    View,
    answer_of,
)
from agent.models.dialects.lenient_json import read_lenient
from agent.models.dialects.sentences import after_words, before_words

MAX_TEXT = 2_000_000
_MAX_OBJECTS = 64
_NEXT = re.compile(r"[\s,;\]})]*\{")
_PYTHON = ("single quotes were read as double", "a tuple was read as a list")

ReadDict = Callable[[CallArgs], Actions]


@functools.cache
def _beginning(keys: tuple[str, ...]) -> re.Pattern[str]:
    """What an object begins with whose first key is one of `keys`."""
    return re.compile(rf"\{{\s{{0,40}}[\"'](?:{'|'.join(keys)})[\"']")


@dataclass(frozen=True)
class DictGrammar:
    """The grammar: `read` by the value of the key `by`, `write` an action's values or None, `places` for places.

    Without `by` the first key of `read` that is there names the action. `inside` is the key that may hold the values,
    `begins` are the keys that an object can begin with. `python` writes literals as Python does and takes them as a
    matter of course, `compact` leaves no blanks. `ignored` are arguments that say nothing needed. `around` wraps the
    values that are written; `answer` is the whole answer, over ``$values`` and ``$said`` (what kind of action it is).
    """

    read: Mapping[str, ReadDict]
    write: Callable[[AnyAction, View], Mapping[str, Any] | None]
    places: PlaceParser
    python: bool = False
    ignored: tuple[str, ...] = ()
    around: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict
    by: str = "action"
    inside: str = "action"
    begins: tuple[str, ...] = ("action", "note", "thought")
    compact: bool = False
    answer: str = "${values}"

    def parse(self, text: str, view: View, ended: bool) -> ParsedAnswer:
        """The actions in `text`. Raises `Unreadable`."""
        if len(text) > MAX_TEXT:
            raise Unreadable(f"the answer is {len(text)} characters long")
        found, notes, first = self._objects(text, ended)
        if not found:
            short = " ".join(text[:200].split())[:80]
            raise Unreadable(f"no action in the answer: {short!r}" if short else "the answer is empty")
        thought = found[0].get("thought")
        said = thought if isinstance(thought, str) else text[:first].strip()
        return answer_of(found, view, self._action, said, notes)

    def _objects(self, text: str, ended: bool) -> tuple[list[Mapping[str, Any]], list[str], int]:
        found: list[Mapping[str, Any]] = []
        notes: list[str] = []
        at, first = 0, 0
        for _ in range(_MAX_OBJECTS):
            start = _beginning(self.begins).search(text, at)
            if start is None:
                return found, list(dict.fromkeys(notes)), first
            try:
                loose = read_lenient(text, start.start(), ended=ended)
            except Unreadable as error:
                raise Unreadable(f"the action cannot be read: {error}") from error
            whole = ended and text.rstrip().endswith("}")  # only what is around the action is not closed
            if not loose.closed and not whole:
                raise Unreadable("the action is cut off")
            if after_words(text, start.start(), at) or before_words(text, loose.end, _NEXT):
                at = loose.end
                continue
            first = first if found else start.start()
            found.append(loose.value)
            notes += [note for note in loose.notes if not (self.python and note in _PYTHON)]
            at = loose.end
        raise Unreadable(f"more than {_MAX_OBJECTS} objects in the answer")

    def _action(self, value: Mapping[str, Any], view: View) -> tuple[Actions, list[str]]:
        notes: list[str] = []
        inner = value.get(self.inside)
        if isinstance(inner, dict):
            around = CallArgs({**value, self.inside: None}, view, True, notes)
            around.refuse_unused("the answer", ("note", *self.ignored))
        arguments = inner if isinstance(inner, dict) else value
        name = arguments.get(self.by) if self.by else next((key for key in self.read if key in arguments), None)
        if not isinstance(name, str):
            raise Unreadable("the answer does not name its action")
        known = next((key for key in self.read if key.lower() == name.strip().lower()), None)
        if known is None:
            raise Unreadable(f"unknown action {name[:40]!r}; there are: {', '.join(self.read)}")
        if known != name:
            notes.append(f"action {name[:40]!r} was read as {known!r}")
        args = CallArgs(arguments, view, True, notes)
        try:
            action = self.read[known](args)
        except ValidationError as error:
            raise Unreadable(f"{known}: {error.errors()[0]['msg']}") from error
        args.refuse_unused(known, ("note", self.by, *self.ignored))
        return action, notes

    def format_call(self, action: AnyAction, view: View) -> str:
        """The object alone. Raises `UnsupportedAction`."""
        values = self.write(action, view)
        if values is None:
            raise UnsupportedAction(f"there are no words for: {action!r}")
        return python_literal(values) if self.python else self._json(values)

    def _json(self, values: Mapping[str, Any]) -> str:
        return json.dumps(values, ensure_ascii=False, separators=(",", ":") if self.compact else None)

    def format(self, action: AnyAction, view: View) -> str:
        """The whole answer. Raises `UnsupportedAction`."""
        if self.python:
            return self.format_call(action, view)
        values = self.write(action, view)
        if values is None:
            raise UnsupportedAction(f"there are no words for: {action!r}")
        said = {"values": self._json(self.around(values)), "said": kind_of(action)}
        return Template(self.answer).substitute(said)

    def parse_place(self, text: str, view: View, ended: bool) -> ParsedPlace:
        """The place, or the refusal, in `text`. Raises `Unreadable`."""
        return self.places.parse_place(text, view, ended)

    def completion_check(self) -> Callable[[str], bool]:
        """True once a whole object has come and something else has followed."""
        return CallCompletion(self._whole, "}").feed

    def _whole(self, text: str) -> bool:
        try:
            return bool(self._objects(text, ended=False)[0])
        except Unreadable:
            return False


def python_literal(value: Any) -> str:
    """`value` as Python would show it, with JSON's escapes in its texts."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"'{key}': {python_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(python_literal(item) for item in value) + "]"
    if isinstance(value, str):
        inner = json.dumps(value, ensure_ascii=False)[1:-1]
        return "'" + re.sub(r"\\\"|'", lambda m: '"' if m.group() == '\\"' else "\\'", inner) + "'"
    return repr(value)
