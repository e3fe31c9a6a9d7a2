"""`PlanFirst`: a model that writes a plan in words once; its items are done on the rows of the element list."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from string import Template
from typing import Any

from rapidfuzz.process import extractOne

from actions.action import Answer, AnyAction, Button, Click, Drag, Finish, Open, Scroll, TypeText
from agent.core.model import NO_USAGE, Decision, Usage
from agent.core.step import ELEMENT_LIST, Delegation, PointedAt, Step
from agent.core.task import Task
from agent.models.chat import PhaseClock
from agent.models.dialects import regex
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.conversation import Turn
from agent.models.dialects.delegating import PLAN_FIRST
from agent.models.dialects.dialect import Chat
from agent.models.dialects.lenient_json import read_lenient
from agent.models.endpoints.endpoint import Shape
from agent.models.history_fold import HistoryFold
from agent.models.plan_items import (
    Item,
    asks,
    best_rows,
    is_field,
    is_on,
    is_search,
    only_asks,
    read_item,
    read_plan,
    score,
)
from agent.models.text_planner import TextPlanner
from agent.perception.listing.rows import ElementList, Row
from envs.env import Observation

_PROMPTS = tomllib.loads(PLAN_FIRST)
_NONE, _NOT_SHOWN = "none", "not shown"
_AHEAD = 2
"""Items that an item which cannot be done is passed over for."""
_LEADS = 4
"""Elements that are tried on the way to what an item means, before a new plan is made."""
_PLANS = 3
"""Plans of one run, at most."""
_SCROLLS, _BACKS = 4, 1
_SCROLL = json.dumps({"thought": "", "action": "scroll", "direction": "down"})
_LIST_TOKENS = 1200


@dataclass(frozen=True)
class Progress:
    """How far a plan is: the next item is `items[at]`. `leads` are the steps in a row that only led to it, `tried` the
    screens and elements they were on; `scrolls` those of them that scrolled; `plans` the plans made.
    """

    items: tuple[Item, ...] = ()
    at: int = 0
    leads: int = 0
    scrolls: int = 0
    backs: int = 0
    plans: int = 0

    def then(self, step: Step) -> Progress:
        """This and `step`."""
        handed = step.delegated
        if handed is None:
            return self
        after = self
        if handed.plan:
            after = Progress(tuple(map(read_item, handed.plan)), plans=self.plans + 1)
        places = [n for n in range(after.at, len(after.items)) if after.items[n].said == handed.instruction]
        at = places[0] if places else after.at
        if at != after.at:
            after = replace(after, at=at, leads=0, scrolls=0, backs=0)
        if handed.leads:
            scrolled, left = isinstance(step.action, Scroll | Drag), isinstance(step.action, Button)
            return replace(after, leads=after.leads + 1, scrolls=after.scrolls + scrolled, backs=after.backs + left)
        return replace(after, at=at + 1, leads=0, scrolls=0, backs=0)


@dataclass
class _Asked:
    """What was asked in one decision: the answers and what they cost."""

    clock: PhaseClock
    raw: list[str] = field(default_factory=list)
    usage: Usage = NO_USAGE
    plan: tuple[Item, ...] = ()


@dataclass(frozen=True)
class PlanFirst(TextPlanner):
    """A `TextPlanner` that plans in words before it looks, and is asked again only where an item is on no row.

    What an item names is looked for among the rows; where no row surely has it, the model chooses one that leads to it;
    where none does, the list is scrolled, and then a new plan is made from what the screen shows. Nothing else is
    asked: a step whose element is there costs no tokens. The end of the plan ends the run.
    """

    _progress: HistoryFold[Progress] = field(
        default_factory=lambda: HistoryFold(Progress(), Progress.then), repr=False, compare=False
    )

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The next action. Raises like `ChatModel.decide`."""
        progress, asked = self._progress.of(history), _Asked(PhaseClock())
        with asked.clock.timed("prompt"):
            listed = self._list(observation, history)
            self._apps(observation)
        if not progress.items:
            progress = self._planned(task, progress, observation, history, listed, asked, "")
        found = self._next(task, progress, observation, history, listed, asked)
        while found is None and progress.plans < _PLANS:
            failed = progress.items[progress.at].said if progress.at < len(progress.items) else task.instruction
            progress = self._planned(task, progress, observation, history, listed, asked, failed)
            found = self._next(task, progress, observation, history, listed, asked)
        if found is None:
            left = progress.items[progress.at].said if progress.at < len(progress.items) else "the task"
            found = _Found(left, Finish(status="failure", message=f"no way was found to {left}"))
        return self._decision(found, asked, observation)

    def _decision(self, found: _Found, asked: _Asked, observation: Observation) -> Decision:
        row = found.row
        spots = ()
        if row is not None:
            point = observation.frame.clamp(row.box.center)
            spots = (PointedAt(description=str(row.number), point=point, grounder=ELEMENT_LIST, raw=row.words),)
        plan = tuple(item.said for item in asked.plan)
        return Decision(
            action=found.action,
            rest=found.rest,
            thought=found.item,
            raw="\n\n".join(asked.raw),
            usage=asked.usage,
            timings=asked.clock.phases,
            pointed=spots,
            delegated=Delegation(instruction=found.item, planned=True, plan=plan, leads=found.leads),
        )

    def _planned(
        self,
        task: Task,
        progress: Progress,
        observation: Observation,
        history: Sequence[Step],
        listed: ElementList,
        asked: _Asked,
        failed: str,
    ) -> Progress:
        """A new plan, from its beginning; the first is made without the screen."""
        apps, prompts = self._apps(observation), _PROMPTS["plan"]
        first, again = Template(prompts["first"]), Template(prompts["again"])
        words = {"task": task.instruction, "apps": ", ".join(apps) or "any"}
        example = {"apps": "Camera, Fitness, Mail, Music, Reminders, Settings"}
        turns = [(first.substitute(example, task=one["task"]), one["answer"]) for one in prompts["examples"]]
        question = first.substitute(words)
        if failed:
            turns += [
                (
                    again.substitute(example, **{name: one[name].strip() for name in ("task", "failed", "rows")}),
                    one["answer"],
                )
                for one in prompts["again_examples"]
            ]
            question = again.substitute(words, failed=failed, rows=_shown(listed.rows))
        begins, tells = not failed and bool(apps), asks(task.instruction)
        shape = Shape(pattern=_plan_pattern(apps, begins=begins, tells=tells, types=not only_asks(task.instruction)))
        answer = self._said("plan", turns, question, observation, asked, shape, 300)
        asked.plan = read_plan(answer)
        if asks(task.instruction) and all(item.kind != "tell" for item in asked.plan):
            asked.plan = (*asked.plan, read_item("tell what the task asks for"))
        return Progress(asked.plan, plans=progress.plans + 1)

    def _next(
        self,
        task: Task,
        progress: Progress,
        observation: Observation,
        history: Sequence[Step],
        listed: ElementList,
        asked: _Asked,
    ) -> _Found | None:
        """The action for the next item that can be done on this screen, or that leads to it; None for no way."""
        items, at = progress.items, progress.at
        rows = [row for row in listed.rows if row.number]
        front = self._front(observation, history)
        if at >= len(items):
            return self._rest(task, rows, observation, history, asked)
        tried = self._tried(history, progress.leads + bool(progress.backs))
        left = [row for row in rows if row.key not in tried]
        typed = self._typed(history, listed) if items[at].kind == "type" else set()
        for n in range(at, min(at + 1 + _AHEAD, len(items))):
            if n > at and (items[n].kind in ("open", "tell") or items[n - 1].kind == "type"):
                break
            open_rows = [row for row in (left if n == at else rows) if row.key not in typed]
            sure = self._sure(items[n], open_rows, front, ahead=n > at)
            if sure == "done":
                after = replace(progress, at=n + 1, leads=0, scrolls=0, backs=0)
                return self._next(task, after, observation, history, listed, asked)
            leaves = n and items[n].kind == "open" and only_asks(task.instruction)
            if isinstance(sure, _Found) and not leaves:
                return sure
        item = items[at]
        fact = (
            next((later for later in items[at:] if later.kind == "tell"), None) if only_asks(task.instruction) else None
        )
        fact = item if item.kind == "tell" else fact
        if fact is not None and (told := self._told_fact(task, fact, listed, observation, asked)):
            return _Found(fact.said, Answer(text=told))
        if progress.leads - progress.scrolls - progress.backs >= _LEADS:
            return None
        if item.kind == "type":
            left = [row for row in _fields(item, left) if row.key not in typed] or [
                row for row in left if not is_field(row)
            ]
        if item.kind in ("on", "off"):
            left = [row for row in left if is_on(row) is not (item.kind == "on")]
        elif item.kind != "other":
            left = [row for row in left if row.role not in _SWITCHES or score(item.target, row)]
        tied = _tied(item, left)
        row = self._chosen(task, item, tied or left, observation, asked, can_refuse=not tied)
        row = row or self._glimpsed(items[at + 1 : at + 1 + _AHEAD], left)
        if row is None:
            still = bool(history) and isinstance(history[-1].action, Scroll | Drag) and history[-1].without_effect
            if listed.scrolls and progress.scrolls < _SCROLLS and not still:
                return _Found(item.said, self._scroll(observation), leads=True)
            if self.platform == "mobile" and progress.backs < _BACKS and not self._at_home(listed, observation):
                return _Found(item.said, Button(name="back"), leads=True)
            return None
        if is_field(row) and item.kind == "type":
            return _Found(
                item.said, Click(point=row.box.center), (TypeText(text=item.text, clear=bool(row.value)),), row
            )
        leads = item.kind in ("type", "tell") or (item.kind in ("on", "off") and is_on(row) is None)
        leads = leads or (item.kind in ("tap", "open") and score(item.target, row) < 0.3)
        return _Found(item.said, Click(point=row.box.center), (), row, leads)

    def _glimpsed(self, ahead: Sequence[Item], rows: Sequence[Row]) -> Row | None:
        """The only row whose words have what one of the next items names."""
        found = (best_rows(item.target, rows) for item in ahead if item.kind in ("tap", "on", "off"))
        return next((same[0] for same in found if len(same) == 1), None)

    def _at_home(self, listed: ElementList, observation: Observation) -> bool:
        """Whether most of what can be tapped are programs: there is nothing behind such a screen."""
        names = {row.name for row in listed.rows if row.number}
        return 2 * len(names & set(self._apps(observation))) > len(names)

    def _typed(self, history: Sequence[Step], listed: ElementList) -> set[tuple[str, str, str]]:
        """The keys of the rows that text was typed into since the program in front came."""
        found = set[tuple[str, str, str]]()
        for before, step in zip(history, history[1:], strict=False):
            if isinstance(step.action, TypeText) and step.part:
                found |= self._tried([before], 1)
            elif isinstance(step.action, Open):
                found.clear()
        return found

    def _tried(self, history: Sequence[Step], leads: int) -> set[tuple[str, str, str]]:
        """The keys of the rows that the last `leads` steps were on."""
        found = set[tuple[str, str, str]]()
        for step in history[len(history) - leads :]:
            listed = self.known.lists.get(step.time)
            rows = (listed.numbered(int(spot.description)) for spot in step.pointed) if listed else ()
            found |= {row.key for row in rows if row is not None}
        return found

    def _scroll(self, observation: Observation) -> AnyAction:
        """A scroll down, as a planner's answer would have it."""
        return self._speaks.parse(_SCROLL, observation.frame, self.platform).action

    def _sure(self, item: Item, rows: Sequence[Row], front: str, ahead: bool) -> _Found | str | None:
        """The action of `item` where a row surely has what it names; "done" where it is so already."""
        if item.kind == "open":
            apps = self.known.apps or ()
            named = extractOne(item.target, apps, score_cutoff=80) if apps else None
            if named is not None:
                return "done" if named[0] == front else _Found(item.said, Open(target=named[0]))
            if not apps:
                return _Found(item.said, Open(target=item.target))
        if item.kind == "type":
            fields = _fields(item, rows)
            found = best_rows(item.target, fields) or (fields if len(fields) == 1 else [])
            if len(found) != 1 or (ahead and found == fields and not best_rows(item.target, fields)):
                return None
            if found[0].value == item.text:
                return "done"
            typed = TypeText(text=item.text, clear=bool(found[0].value))
            return _Found(item.said, Click(point=found[0].box.center), (typed,), found[0])
        if item.kind in ("tell", "other"):
            return None
        found = best_rows(item.target, rows)
        if item.kind in ("on", "off"):
            found = [row for row in found if is_on(row) is not None] or found
            if len(found) == 1 and is_on(found[0]) is (item.kind == "on"):
                return "done"
        leads = item.kind in ("on", "off") and bool(found) and is_on(found[0]) is None
        if len(found) != 1 or (ahead and (leads or score(item.target, found[0]) < _EXACT)):
            return None
        return _Found(item.said, Click(point=found[0].box.center), (), found[0], leads)

    def _rest(
        self, task: Task, rows: Sequence[Row], observation: Observation, history: Sequence[Step], asked: _Asked
    ) -> _Found:
        """What is left when the plan is at its end: what a dialog that just came asks, else nothing."""
        last = history[-1] if history else None
        fresh = [row for row in rows if row.new]
        item = f"confirm: {task.instruction}"
        begun = last is not None and last.delegated is not None and last.delegated.instruction != item
        came = 0 < len(fresh) <= _DIALOG and len(rows) <= len(fresh) + 1
        if begun and (came or (last is not None and isinstance(last.action, TypeText))):
            row = self._chosen(task, read_item("confirm, save or finish what was begun"), rows, observation, asked)
            if row is not None:
                return _Found(item, Click(point=row.box.center), (), row)
        return _Found("the plan is done", Finish(status="success"))

    def _chosen(
        self,
        task: Task,
        item: Item,
        rows: Sequence[Row],
        observation: Observation,
        asked: _Asked,
        can_refuse: bool = True,
    ) -> Row | None:
        """The row that the model chooses for `item`; None if it says that there is none."""
        names = _names(rows)
        if not names:
            return None
        prompts = _PROMPTS["choice"]
        question = Template(prompts["question"])
        turns = [
            (
                question.substitute(task=one["task"], item=one["item"], rows=one["rows"].strip()).strip(),
                json.dumps({"on": one["answer"]}, ensure_ascii=False),
            )
            for one in prompts["examples"]
        ]
        filled = question.substitute(task=task.instruction, item=item.said, rows=_shown(rows, names)).strip()
        choices = [*names, _NONE] if can_refuse else [*names]
        shape = _object(
            "on", {"enum": choices}, regex.either(regex.literal(json.dumps(one, ensure_ascii=False)) for one in choices)
        )
        said = _member(self._said("choice", turns, filled, observation, asked, shape, 80), "on")
        return names.get(said)

    def _told_fact(self, task: Task, item: Item, listed: ElementList, observation: Observation, asked: _Asked) -> str:
        """What the screen says of what `item` asks for; "" if nothing."""
        prompts = _PROMPTS["tell"]
        question = Template(prompts["question"])
        turns = [
            (
                question.substitute(task=one["task"], item=one["item"], rows=one["rows"].strip()).strip(),
                json.dumps({"answer": one["answer"]}, ensure_ascii=False),
            )
            for one in prompts["examples"]
        ]
        filled = question.substitute(task=task.instruction, item=item.target, rows=_shown(listed.rows)).strip()
        shape = _object("answer", {"type": "string", "minLength": 1, "maxLength": 300}, regex.json_text(1, 300))
        said = _member(self._said("tell", turns, filled, observation, asked, shape, 120), "answer")
        return "" if said.strip().lower().startswith(_NOT_SHOWN) else said.strip()

    def _said(
        self,
        what: str,
        examples: Sequence[tuple[str, str]],
        question: str,
        observation: Observation,
        asked: _Asked,
        shape: Shape | None,
        tokens: int,
    ) -> str:
        """The answer to one question. Raises `ModelError`."""
        device = "phone" if self.platform == "mobile" else "computer"
        system = Template(_PROMPTS[what]["system"]).substitute(device=device).strip()
        turns = [
            Turn(role, (text,)) for pair in examples for role, text in zip(("user", "assistant"), pair, strict=True)
        ]
        chat = Chat(system, (question.strip(),), max_tokens=tokens, turns=tuple(turns))
        reply = self._ask(chat, observation.frame, b"", asked.clock, shape=shape if self._holds else None)
        asked.raw.append(reply.text)
        asked.usage += reply.usage
        return reply.text.strip()


_EXACT = 0.95
"""The score of a row for which the items before it are passed over."""
_SWITCHES = ("switch", "checkbox")
"""Roles of what is never only on the way to something else."""
_DIALOG = 8
"""Elements of a dialog, at most."""


@dataclass(frozen=True)
class _Found:
    """An action for `item`; `leads` if it only leads to what the item means."""

    item: str
    action: AnyAction
    rest: tuple[AnyAction, ...] = ()
    row: Row | None = None
    leads: bool = False


def _fields(item: Item, rows: Sequence[Row]) -> list[Row]:
    """The fields that `item` may type into: those that look for things only where it says so."""
    return [row for row in rows if is_field(row) and is_search(row.name) <= is_search(item.said)]


def _tied(item: Item, rows: Sequence[Row]) -> list[Row]:
    """The rows that `item` names equally well, where there are several."""
    found = best_rows(item.target, rows) if item.kind in ("tap", "on", "off") else []
    return found if len(found) > 1 else []


def _names(rows: Sequence[Row]) -> dict[str, Row]:
    """`rows` by names that differ."""
    found = dict[str, Row]()
    for row in rows:
        name = (row.name or row.value or row.role)[:80]
        found[f"{name} [{row.number}]" if name in found or name == _NONE else name] = row
    return found


def _shown(rows: Sequence[Row], names: Mapping[str, Row] | None = None) -> str:
    """A row a line, without numbers, in at most about `_LIST_TOKENS` tokens."""
    told = {id(row): name for name, row in (names or {}).items()}
    lines, left = list[str](), 3 * _LIST_TOKENS
    for row in rows:
        if row.part:
            continue
        line = replace(row, name=told[id(row)]).words if id(row) in told else row.words
        left -= len(line.encode()) + 1
        if left < 0:
            break
        lines.append(line)
    return "\n".join(lines)


def _plan_pattern(apps: Sequence[str], *, begins: bool, tells: bool, types: bool) -> str:
    """A pattern of a plan, a line an item: one that `begins` by opening a program, and `tells` something at its end."""
    words = r'"[^"\n]{1,120}"'
    program = regex.either(map(regex.literal, apps)) if apps else r"[^\n]{1,80}"
    line = regex.either(
        (
            f"open {program}",
            f"tap {words}",
            f"type {words} into " + (words if types else '"Search"'),
            f"turn on {words}",
            f"turn off {words}",
        )
    )
    whole = rf"open {program}(?:\n{line}){{1,11}}" if begins else rf"{line}(?:\n{line}){{0,11}}"
    return whole + (r"(?:\ntell [^\n]{3,120})?" if tells else "")


def _object(name: str, schema: Mapping[str, Any], pattern: str) -> Shape:
    whole = {"type": "object", "properties": {name: schema}, "required": [name], "additionalProperties": False}
    return Shape(schema=whole, pattern=rf'\{{"{name}": {pattern}\}}')


def _member(answer: str, name: str) -> str:
    """The text of a member of the first object in `answer`; "" without one."""
    try:
        found = read_lenient(answer, answer.find("{")).value if "{" in answer else None
    except Unreadable:
        return ""
    said = found.get(name) if isinstance(found, dict) else None
    return said if isinstance(said, str) else ""
