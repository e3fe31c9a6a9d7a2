"""The questions of a planner that plans first: a plan, which element does or leads to an item, what a screen tells."""

from __future__ import annotations

import itertools
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from string import Template
from typing import Any, Literal, Protocol, TypeVar

from agent.core.model import ParseError
from agent.models.chat import data_of
from agent.models.dialects import regex
from agent.models.dialects.conversation import Turn
from agent.models.dialects.delegating import LAST_ITEM, PLAN_FIRST
from agent.models.dialects.dialect import Chat
from agent.models.endpoints.endpoint import Reply, Shape
from agent.models.plan_items import PlanItem, asks, completed, only_asks, read_item, read_plan
from agent.perception.listing.rows import SYSTEM_PARTS, Row

T = TypeVar("T")
_PROMPTS = tomllib.loads(PLAN_FIRST)
_PROGRAMS = "Camera, Fitness, Mail, Music, Reminders, Settings"
"""What the examples are said to have."""
_NONE, _NOT_SHOWN = "none", "not shown"
_FINDS = r"find out (?:the|my|when|what|where) [a-z ]{3,40} (?:of|from|in) [^\n]{3,80}"
_CHORDS = (
    r"(?:(?:Ctrl|Alt)\+(?:Shift\+)?[A-Z0-9]"
    r"|(?:(?:Ctrl|Alt)\+)?(?:Shift\+)?(?:Enter|Tab|Escape|Delete|Backspace|Home|End|Up|Down|Left|Right|F[1-9][0-2]?))"
)
_ROW_BYTES = 3600
"""Bytes of the rows in a question, at most."""
_NAME = 80


class Asker(Protocol):
    """Asks a model in words; with a shape, the answer is held to it where the server can."""

    def __call__(self, chat: Chat, shape: Shape, read: Callable[[Reply], T]) -> T:
        """What `read` makes of the answer. Raises `ModelError`, a `ParseError` for an answer that it cannot use."""
        ...


@dataclass(frozen=True)
class PlanQuestions:
    """The questions about `task` on a `device` that has `programs`, put to a model by `ask`. Raises like it.

    `finds` is whether a plan may begin with a fact to find out, where the programs are known.
    """

    task: str
    device: str
    programs: Sequence[str]
    ask: Asker
    finds: bool = False

    def plan(self, failed: str = "", rows: Sequence[Row] = ()) -> tuple[PlanItem, ...]:
        """The items of a plan: of the whole task, or of what is left where an item has `failed` on a screen of `rows`.

        What is on the screen is said where the names of the programs are not known, or something has failed. The plan
        of a task that asks something ends by telling it. A single item may say what to ``find`` out first.
        """
        prompts, turns = _PROMPTS["plan"], list[tuple[str, str]]()
        form = "again" if failed else "first" if self.programs else "here"
        for kind in ("first", form) if form == "again" else (form,):
            put = Template(prompts[kind])
            turns += [(put.substitute(one, apps=_PROGRAMS), one["answer"]) for one in prompts[f"{kind}_examples"]]
        words = {"task": self.task, "apps": ", ".join(self.programs) or "any"}
        question = Template(prompts[form]).substitute(words, failed=failed, rows=shown(rows))
        begins = not failed and bool(self.programs)
        pattern = _plan_pattern(self.programs, self.task, begins=begins, keys=self.device == "computer")
        finds = begins and self.finds and not only_asks(self.task)
        shape = Shape(pattern=regex.either((pattern, _FINDS)) if finds else pattern)
        items = self._said("plan", turns, question, shape, 300, _plan)
        if items[0].kind == "find" and finds:
            return items[:1]
        items = items if failed else completed(items, self.task)
        tells = asks(self.task) and all(item.kind != "tell" for item in items)
        return (*items, read_item(LAST_ITEM)) if tells else items

    def chosen(self, item: str, rows: Sequence[Row], *, can_refuse: bool = True) -> Row | None:
        """The row that does `item` or leads to it, of those that the question has room for; None if the model says that
        there is none. A grammar of hundreds of rows would take minutes.
        """
        names = _names(_fitting(rows))
        if not names:
            return None
        choices = [*names, _NONE] if can_refuse else [*names]
        pattern = regex.either(regex.literal(json.dumps(one, ensure_ascii=False)) for one in choices)
        return names.get(self._member("choice", "on", item, shown(rows, names), {"enum": choices}, pattern))

    def fact(self, wanted: str, rows: Sequence[Row]) -> str:
        """What the screen says of `wanted`; "" if nothing."""
        text = {"type": "string", "minLength": 1, "maxLength": 300}
        said = self._member("tell", "answer", wanted, shown(rows), text, regex.json_text(1, 300)).strip()
        return "" if said.lower().startswith(_NOT_SHOWN) else said

    def _member(self, what: str, name: str, item: str, rows: str, schema: Mapping[str, Any], pattern: str) -> str:
        """The member `name`, of a `schema` and `pattern`, of the answer to a question about `item` and a screen."""
        question = Template(_PROMPTS[what]["question"])
        turns = [
            (question.substitute(one), json.dumps({name: one["answer"]}, ensure_ascii=False))
            for one in _PROMPTS[what]["examples"]
        ]
        filled = question.substitute(task=self.task, item=item, rows=rows)
        whole = {"type": "object", "properties": {name: schema}, "required": [name], "additionalProperties": False}
        shape = Shape(schema=whole, pattern=rf'\{{"{name}": {pattern}\}}')
        return str(self._said(what, turns, filled, shape, 120, lambda reply: data_of(reply, whole))[name])

    def _said(
        self,
        what: str,
        examples: Sequence[tuple[str, str]],
        question: str,
        shape: Shape,
        tokens: int,
        read: Callable[[Reply], T],
    ) -> T:
        keys = _PROMPTS["plan"]["keys"] if self.device == "computer" else ""
        system = Template(_PROMPTS[what]["system"]).substitute(device=self.device, keys=keys).strip()
        turns = tuple(turn for put, said in examples for turn in (_turn("user", put), _turn("assistant", said)))
        return self.ask(Chat(system, (question.strip(),), max_tokens=tokens, turns=turns), shape, read)


def _plan(reply: Reply) -> tuple[PlanItem, ...]:
    items = read_plan(reply.text)
    if not items:
        raise ParseError("the answer has no plan", reply.text)
    return items


def shown(rows: Sequence[Row], names: Mapping[str, Row] | None = None) -> str:
    """The rows, a line each, without numbers, under the names of their windows; without a phone's bars and what is
    beyond some 1,200 tokens.
    """
    told = {id(row): name for name, row in (names or {}).items()}
    lines, part = list[str](), ""
    for row in _fitting(rows):
        if row.part and row.part != part:
            lines.append(f"{row.part}:")
        part = row.part
        lines.append(replace(row, name=told.get(id(row), row.name)).words)
    return "\n".join(lines)


def _fitting(rows: Sequence[Row]) -> list[Row]:
    """The first of `rows`, but for a phone's bars, that a question has room for."""
    rows = [row for row in rows if row.part not in SYSTEM_PARTS]
    ends = itertools.accumulate(len(row.words.encode()) + 1 for row in rows)
    return [row for row, end in zip(rows, ends, strict=True) if end <= _ROW_BYTES]


def _names(rows: Sequence[Row]) -> dict[str, Row]:
    """`rows` by names that differ."""
    found = dict[str, Row]()
    for row in rows:
        name = (row.name or row.value or row.role)[:_NAME]
        found[f"{name} [{row.number}]" if name in found or name == _NONE else name] = row
    return found


def _plan_pattern(programs: Sequence[str], task: str, *, begins: bool, keys: bool) -> str:
    """A pattern of a plan, a line an item; one that `begins` opens a program first. Only a program whose name is known
    is opened; with `keys`, keys may be pressed, also after a text that is typed where the cursor is. Where the task
    only asks, text is typed only to look for something.
    """
    words = r'"[^"\n]{1,120}"'
    program = regex.either(map(regex.literal, programs)) if programs else ""
    into = '"Search"' if only_asks(task) else words
    forms = [f"tap {words}", f"type {words} into {into}", f"turn on {words}", f"turn off {words}"]
    forms += [f'(?:type "[^"\n]{{1,300}}"\n)?press {_CHORDS}'] if keys else []
    line = regex.either([f"open {program}", *forms] if programs else forms)
    whole = rf"open {program}(?:\n{line}){{1,11}}" if begins else rf"{line}(?:\n{line}){{0,11}}"
    return whole + (r"(?:\ntell [^\n]{3,120})?" if asks(task) else "")


def _turn(role: Literal["user", "assistant"], text: str) -> Turn:
    return Turn(role, (text.strip(),))
