"""`PlanFirst`: a model that writes a plan in words; its items are done on the rows of the element list."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from rapidfuzz.process import extractOne

from actions.action import Answer, AnyAction, Button, Click, Drag, Finish, Open, Scroll, TypeText
from agent.core.model import NO_USAGE, Decision, ParseError, Usage
from agent.core.step import ELEMENT_LIST, Delegation, PointedAt, Step
from agent.core.task import Task
from agent.models.chat import PhaseClock, parsed
from agent.models.dialects.dialect import Chat
from agent.models.endpoints.endpoint import Reply, Shape
from agent.models.history_fold import HistoryFold
from agent.models.plan_items import PlanItem, best_rows, is_field, is_on, is_search, only_asks, read_item, score
from agent.models.plan_questions import PlanQuestions
from agent.models.text_planner import TextPlanner
from agent.perception.listing.rows import ElementList, Row
from envs.env import Observation

T = TypeVar("T")
_AHEAD = 2
"""Items after one that cannot be done among which one is looked for that can."""
_EXACT = 0.95
"""The score of a row for which the items before it are passed over."""
_LEADS, _SCROLLS, _BACKS = 4, 4, 1
"""Elements, scrolls and steps back that are tried on the way to an item, before a new plan is made."""
_PLANS = 3
"""Plans of one run, at most."""
_DIALOG = 8
"""Elements of a dialog, at most."""
_UNRELATED = 0.3
"""The score up to which a chosen row is only on the way to what an item names."""
_SWITCHES = ("switch", "checkbox")
"""Roles of what is never only on the way to something else."""
_SCROLL = json.dumps({"thought": "", "action": "scroll", "direction": "down"})
_CONFIRM = "confirm, save or finish what was begun"
_Key = tuple[str, str, str]


@dataclass(frozen=True)
class Progress:
    """How far a plan is: the next item is `items[at]`. `leads` are the steps since the last item was done, which only
    led on, `scrolls` and `backs` those of them that scrolled and went back; `plans` are the plans made.
    """

    items: tuple[PlanItem, ...] = ()
    at: int = 0
    leads: int = 0
    scrolls: int = 0
    backs: int = 0
    plans: int = 0

    def past(self, at: int) -> Progress:
        """With the items before `at` done."""
        return replace(self, at=at, leads=0, scrolls=0, backs=0)

    def planned(self, items: tuple[PlanItem, ...]) -> Progress:
        """At the beginning of a new plan."""
        return Progress(items, plans=self.plans + 1)

    def then(self, step: Step) -> Progress:
        """This and `step`."""
        handed = step.delegated
        if handed is None or step.part:
            return self
        after = self.planned(tuple(map(read_item, handed.plan))) if handed.plan else self
        said = [item.said for item in after.items[after.at :]]
        at = after.at + (said.index(handed.instruction) if handed.instruction in said else 0)
        after = after if at == after.at else after.past(at)
        if not handed.leads:
            return after.past(at + 1)
        scrolled, left = isinstance(step.action, Scroll | Drag), isinstance(step.action, Button)
        return replace(after, leads=after.leads + 1, scrolls=after.scrolls + scrolled, backs=after.backs + left)

    @property
    def next(self) -> str:
        """The next item, in its words; "" at the end."""
        return self.items[self.at].said if self.at < len(self.items) else ""


@dataclass(frozen=True)
class _ItemAction:
    """An action for an item, or one that only `leads` to it."""

    item: str
    action: AnyAction
    rest: tuple[AnyAction, ...] = ()
    row: Row | None = None
    leads: bool = False


@dataclass(frozen=True)
class _Look:
    """What one decision looks at: the list, its rows that can be acted on, the program in front, the steps so far."""

    observation: Observation
    history: Sequence[Step]
    listed: ElementList
    rows: Sequence[Row]
    front: str


@dataclass
class _Asked:
    """What was asked in one decision: the answers, what they cost, and the plan that was made."""

    clock: PhaseClock
    raw: list[str] = field(default_factory=list)
    usage: Usage = NO_USAGE
    plan: tuple[PlanItem, ...] = ()


@dataclass(frozen=True)
class PlanFirst(TextPlanner):
    """A `TextPlanner` that plans in words before it looks, and is asked again only where an item is on no row.

    What an item names is looked for among the rows. Where no row surely has it, the model chooses one that does it or
    leads to it; where it says that none does, the list is scrolled, the screen is left once, and then a new plan is
    made from what the screen shows. A step whose element is there costs no tokens. The end of the plan ends the run,
    but for a dialog that came with its last item.
    """

    _progress: HistoryFold[Progress] = field(
        default_factory=lambda: HistoryFold(Progress(), Progress.then), repr=False, compare=False
    )

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The next action. Raises `ParseError` for an unusable answer and `ModelError` for none."""
        progress, asked = self._progress.of(history), _Asked(PhaseClock())
        with asked.clock.timed("prompt"):
            programs, listed = self._apps(observation), self._list(observation, history)
            rows = [row for row in listed.rows if row.number]
            screen = _Look(observation, history, listed, rows, self._front(observation, history))

        def ask(chat: Chat, shape: Shape, read: Callable[[Reply], T]) -> T:
            reply = self._ask(chat, observation.frame, b"", asked.clock, shape=shape if self._holds else None)
            asked.raw.append(reply.text)
            asked.usage += reply.usage
            try:
                return parsed(reply, asked.clock, lambda: read(reply))
            except ParseError as error:
                raise ParseError(str(error), "\n\n".join(asked.raw), asked.usage, asked.clock.phases) from error

        device = "phone" if self.platform == "mobile" else "computer"
        questions = PlanQuestions(task.instruction, device, programs, ask)
        found = None if not progress.items else self._next(questions, progress, screen)
        while found is None and progress.plans < _PLANS:
            failed = (progress.next or task.instruction) if progress.items else ""
            asked.plan = questions.plan(failed, listed.rows)
            progress = progress.planned(asked.plan)
            found = self._next(questions, progress, screen)
        if found is None:
            found = _ItemAction(progress.next, Finish(status="failure", message=f"no way was found to {progress.next}"))
        return self._decision(found, asked, observation)

    def _decision(self, found: _ItemAction, asked: _Asked, observation: Observation) -> Decision:
        spots, row = tuple[PointedAt, ...](), found.row
        if row is not None:
            point = observation.frame.clamp(row.box.center)
            spots = (PointedAt(description=str(row.number), point=point, grounder=ELEMENT_LIST, raw=row.words),)
        plan = tuple(item.said for item in asked.plan)
        return Decision(
            action=found.action,
            rest=found.rest,
            raw="\n\n".join(asked.raw),
            usage=asked.usage,
            timings=asked.clock.phases,
            pointed=spots,
            delegated=Delegation(instruction=found.item, planned=True, plan=plan, leads=found.leads),
        )

    def _next(self, questions: PlanQuestions, progress: Progress, screen: _Look) -> _ItemAction | None:
        """The action for the next item that can be done on this screen, or that leads to it; None for no way."""
        items, at = progress.items, progress.at
        if at >= len(items):
            return _rest(questions, screen)
        tried = self._acted_on(screen.history[len(screen.history) - progress.leads - bool(progress.backs) :])
        left = [row for row in screen.rows if row.key not in tried]
        if items[at].kind == "type":
            typed = self._typed(screen.history)
            left = [row for row in left if row.key not in typed]
        for n in range(at, min(at + 1 + _AHEAD, len(items))):
            if n > at and (items[n].kind in ("open", "tell") or items[n - 1].kind == "type"):
                break
            sure = self._sure(items[n], left if n == at else screen.rows, screen.front, ahead=n > at)
            if sure == "done":
                return self._next(questions, progress.past(n + 1), screen)
            leaves = n and items[n].kind == "open" and only_asks(questions.task)
            if isinstance(sure, _ItemAction) and not leaves:
                return sure
        return self._answered(questions, items[at:], screen) or self._led(questions, progress, screen, left)

    def _sure(self, item: PlanItem, rows: Sequence[Row], front: str, ahead: bool) -> _ItemAction | str | None:
        """The action of `item` where one row surely has what it names; "done" where it is so already."""
        if item.kind in ("tell", "other"):
            return None
        if item.kind == "open":
            apps = self.known.apps or ()
            named = extractOne(item.target, apps, score_cutoff=80) if apps else (item.target,)
            if named is not None:
                return "done" if named[0] == front else _ItemAction(item.said, Open(target=named[0]))
        if item.kind == "type":
            fields = _fields(item, rows)
            named_so = best_rows(item.target, fields)
            found = named_so or (fields if len(fields) == 1 and not ahead else [])
            if len(found) != 1:
                return None
            return "done" if found[0].value == item.text else _typing(item, found[0])
        found = best_rows(item.target, rows)
        if item.kind in ("on", "off"):
            found = [row for row in found if is_on(row) is not None] or found
            if len(found) == 1 and is_on(found[0]) is (item.kind == "on"):
                return "done"
        leads = item.kind in ("on", "off") and bool(found) and is_on(found[0]) is None
        if len(found) != 1 or (ahead and (leads or score(item.target, found[0]) < _EXACT)):
            return None
        return _ItemAction(item.said, Click(point=found[0].box.center), (), found[0], leads)

    def _answered(self, questions: PlanQuestions, items: Sequence[PlanItem], screen: _Look) -> _ItemAction | None:
        """The answer to the user, if it is the next item, or the screen has what a task that only asks wants."""
        fact = items[0] if items[0].kind == "tell" else None
        if fact is None and only_asks(questions.task):
            fact = next((item for item in items if item.kind == "tell"), None)
        told = questions.fact(fact.target, screen.listed.rows) if fact else ""
        return _ItemAction(fact.said, Answer(text=told)) if fact and told else None

    def _led(
        self, questions: PlanQuestions, progress: Progress, screen: _Look, left: Sequence[Row]
    ) -> _ItemAction | None:
        """A step that does the next item, or leads to it: on the row of `left` that the model chooses, a scroll, a step
        back; None if all were tried.
        """
        item = progress.items[progress.at]
        if progress.leads - progress.scrolls - progress.backs >= _LEADS:
            return None
        left = _candidates(item, left)
        tied = _tied(item, left)
        row = questions.chosen(item.said, tied or left, can_refuse=not tied)
        row = row or _glimpsed(progress.items[progress.at + 1 : progress.at + 1 + _AHEAD], left)
        if row is None:
            return self._moved(item, progress, screen)
        if is_field(row) and item.kind == "type":
            return _typing(item, row)
        leads = item.kind in ("type", "tell") or (item.kind in ("on", "off") and is_on(row) is None)
        leads = leads or (item.kind in ("tap", "open") and score(item.target, row) < _UNRELATED)
        return _ItemAction(item.said, Click(point=row.box.center), (), row, leads)

    def _moved(self, item: PlanItem, progress: Progress, screen: _Look) -> _ItemAction | None:
        """A scroll or a step back, to find what `item` names; None if both were tried."""
        last = screen.history[-1] if screen.history else None
        stuck = last is not None and isinstance(last.action, Scroll | Drag) and last.without_effect
        if screen.listed.scrolls and progress.scrolls < _SCROLLS and not stuck:
            scroll = self._speaks.parse(_SCROLL, screen.observation.frame, self.platform).action
            return _ItemAction(item.said, scroll, leads=True)
        programs = {row.name for row in screen.rows} & set(self.known.apps or ())
        at_home = 2 * len(programs) > len(screen.rows)
        if self.platform == "mobile" and progress.backs < _BACKS and not at_home:
            return _ItemAction(item.said, Button(name="back"), leads=True)
        return None

    def _acted_on(self, steps: Sequence[Step]) -> set[_Key]:
        """The keys of the rows that `steps` were on."""
        found = set[_Key]()
        for step in steps:
            listed = self.known.lists.get(step.time)
            rows = [listed.numbered(int(spot.description)) for spot in step.pointed] if listed else []
            found |= {row.key for row in rows if row is not None}
        return found

    def _typed(self, history: Sequence[Step]) -> set[_Key]:
        """The keys of the rows that text was typed into since a program was opened."""
        found = set[_Key]()
        for before, step in itertools.pairwise(history):
            if isinstance(step.action, TypeText) and step.part:
                found |= self._acted_on([before])
            elif isinstance(step.action, Open):
                found.clear()
        return found


def _rest(questions: PlanQuestions, screen: _Look) -> _ItemAction:
    """What is left at the end of a plan: what a dialog that just came asks, or to send what was typed; else nothing."""
    last = screen.history[-1] if screen.history else None
    handed = screen.history[-1 - last.part].delegated if last else None
    fresh = [row for row in screen.rows if row.new]
    came = 0 < len(fresh) <= _DIALOG and len(screen.rows) <= len(fresh) + 1
    begun = came or (last is not None and isinstance(last.action, TypeText))
    if begun and handed is not None and handed.instruction != _CONFIRM:
        row = questions.chosen(_CONFIRM, screen.rows)
        if row is not None:
            return _ItemAction(_CONFIRM, Click(point=row.box.center), (), row)
    return _ItemAction("the plan is done", Finish(status="success"))


def _typing(item: PlanItem, row: Row) -> _ItemAction:
    typed = TypeText(text=item.text, clear=bool(row.value))
    return _ItemAction(item.said, Click(point=row.box.center), (typed,), row)


def _candidates(item: PlanItem, rows: Sequence[Row]) -> list[Row]:
    """The rows that may do `item` or lead to it: never a switch that is as wanted, nor one that is another thing."""
    if item.kind == "type":
        return _fields(item, rows) or [row for row in rows if not is_field(row) and row.role not in _SWITCHES]
    if item.kind in ("on", "off"):
        return [row for row in rows if is_on(row) is not (item.kind == "on")]
    if item.kind == "other":
        return list(rows)
    return [row for row in rows if row.role not in _SWITCHES or score(item.target, row)]


def _fields(item: PlanItem, rows: Sequence[Row]) -> list[Row]:
    """The fields that `item` may type into: those that look for things only where it says so."""
    return [row for row in rows if is_field(row) and is_search(row.name) <= is_search(item.said)]


def _tied(item: PlanItem, rows: Sequence[Row]) -> list[Row]:
    """The rows that `item` names equally well, where there are several."""
    found = best_rows(item.target, rows) if item.kind in ("tap", "on", "off") else []
    return found if len(found) > 1 else []


def _glimpsed(ahead: Sequence[PlanItem], rows: Sequence[Row]) -> Row | None:
    """The only row whose words have what one of the next items names."""
    found = (best_rows(item.target, rows) for item in ahead if item.kind in ("tap", "on", "off"))
    return next((same[0] for same in found if len(same) == 1), None)
