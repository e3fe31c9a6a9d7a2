"""`PlanFirst`: a model that writes a plan in words; its items are done on the rows of the element list."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from rapidfuzz.process import extractOne

from actions.action import Answer, AnyAction, Button, Click, Drag, Finish, Key, Open, Scroll, TypeText
from agent.core.model import NO_USAGE, Decision, ParseError, Usage
from agent.core.step import ELEMENT_LIST, Delegation, PointedAt, Step
from agent.core.task import Task
from agent.models.chat import PhaseClock, parsed
from agent.models.dialects.dialect import Chat
from agent.models.dialects.keys import read_keys
from agent.models.endpoints.endpoint import Reply, Shape
from agent.models.history_fold import HistoryFold
from agent.models.plan_items import (
    PlanItem,
    best_rows,
    is_field,
    is_on,
    is_search,
    only_asks,
    read_item,
    score,
    without_task,
)
from agent.models.plan_questions import PlanQuestions
from agent.models.text_planner import TextPlanner
from agent.perception.listing.rows import ElementList, Row
from envs.env import Observation

T = TypeVar("T")
_AHEAD = 2
"""Items after one that cannot be done among which one is looked for that can."""
_IN_TURN = ("open", "tell", "write", "keys")
"""Kinds of items that are never done before their turn."""
_EXACT = 0.95
"""The score of a row for which the items before it are passed over."""
_LEADS, _SCROLLS, _BACKS = 4, 4, 1
"""Elements, scrolls and steps back that are tried on the way to an item, before a new plan is made."""
_PLANS, _LOOKUPS = 3, 2
"""Plans of one run, at most: of the task, and of what must be found out before."""
_VAIN = 2
"""Plans that got no further than to open a program, from which the next one must open another."""
_DIALOG = 8
"""Elements of a dialog, at most."""
_BUTTONS = 4
"""Elements, all of them buttons, up to which a screen is a dialog, whatever was there before."""
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
    led on, `scrolls` and `backs` those of them that scrolled and went back; `plans` are the plans made. `clicked` is
    whether the field of the next item has been clicked, and its text is not typed yet. `lookup` is the fact that the
    plan is to find out, `known` the one that was found, with its value. `vain` are the programs of earlier plans that
    got no further than to open them.
    """

    items: tuple[PlanItem, ...] = ()
    at: int = 0
    leads: int = 0
    scrolls: int = 0
    backs: int = 0
    plans: int = 0
    clicked: bool = False
    lookup: str = ""
    known: str = ""
    vain: tuple[str, ...] = ()

    def past(self, at: int) -> Progress:
        """With the items before `at` done."""
        return replace(self, at=at, leads=0, scrolls=0, backs=0, clicked=False)

    def planned(self, items: tuple[PlanItem, ...]) -> Progress:
        """At the beginning of a new plan."""
        return Progress(items, plans=self.plans + 1, lookup=self.lookup, known=self.known, vain=self.opened_in_vain)

    @property
    def opened_in_vain(self) -> tuple[str, ...]:
        """`vain`, and the program of this plan where it went no further."""
        first = self.items[0] if self.items and self.at <= 1 else None
        return (*self.vain, first.target) if first and first.kind == "open" else self.vain

    def found_out(self, value: str) -> Progress:
        """With the `value` of what was looked up, "" where it was not found; the task itself has no plan yet."""
        return Progress(known=f"{self.lookup}: {value}" if value else "")

    def goal(self, task: str) -> str:
        """What the plan is of: the fact that is looked up, or `task` with the fact that is known."""
        if self.lookup:
            return f"{self.lookup[:1].upper()}{self.lookup[1:]}? Answer with it only."
        return f"{task}\n({self.known})" if self.known else task

    def then(self, step: Step) -> Progress:
        """This and `step`."""
        handed = step.delegated
        if handed is None or step.part:
            return self
        after = self
        if handed.plan:
            after = self if handed.lookup == self.lookup else Progress(lookup=handed.lookup)
            after = replace(after, known=handed.known).planned(tuple(map(read_item, handed.plan)))
        said = [item.said for item in after.items[after.at :]]
        at = after.at + (said.index(handed.instruction) if handed.instruction in said else 0)
        after = after if at == after.at else after.past(at)
        if step.dropped and isinstance(step.action, Click) and not handed.leads:
            return replace(after, clicked=True)
        if not handed.leads:
            return after.past(at + 1)
        scrolled, left = isinstance(step.action, Scroll | Drag), isinstance(step.action, Button)
        scrolls, backs = after.scrolls + scrolled, after.backs + left
        return replace(after, leads=after.leads + 1, scrolls=scrolls, backs=backs, clicked=False)

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
            rows = without_task([row for row in listed.rows if row.number], task.instruction)
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
        finds, found = not progress.items, None
        while found is None:
            left = [name for name in programs if progress.opened_in_vain.count(name) < _VAIN]
            questions = PlanQuestions(progress.goal(task.instruction), device, left, ask, finds)
            found = self._next(questions, progress, screen) if progress.items else None
            out_of_plans = found is None and progress.plans >= (_LOOKUPS if progress.lookup else _PLANS)
            if progress.lookup and (out_of_plans or (found and isinstance(found.action, Answer | Finish))):
                told = found.action.text if found and isinstance(found.action, Answer) else ""
                progress, found, finds = progress.found_out(told), None, False
            elif out_of_plans:
                message = f"no way was found to {progress.next}"
                found = _ItemAction(progress.next, Finish(status="failure", message=message))
            elif found is None:
                plan = questions.plan((progress.next or task.instruction) if progress.items else "", listed.rows)
                if finds and plan[0].kind == "find":
                    progress, finds = Progress(lookup=plan[0].target), False
                else:
                    progress, asked.plan = progress.planned(plan), plan
        return self._decision(found, progress, asked, observation)

    def _decision(self, found: _ItemAction, progress: Progress, asked: _Asked, observation: Observation) -> Decision:
        spots, row = tuple[PointedAt, ...](), found.row
        if row is not None:
            point = observation.frame.clamp(row.box.center)
            spots = (PointedAt(description=str(row.number), point=point, grounder=ELEMENT_LIST, raw=row.words),)
        plan = tuple(item.said for item in asked.plan)
        lookup, known = (progress.lookup, progress.known) if plan else ("", "")
        handed = Delegation(
            instruction=found.item, planned=True, plan=plan, leads=found.leads, lookup=lookup, known=known
        )
        return Decision(
            action=found.action,
            rest=found.rest,
            raw="\n\n".join(asked.raw),
            usage=asked.usage,
            timings=asked.clock.phases,
            pointed=spots,
            delegated=handed,
        )

    def _next(self, questions: PlanQuestions, progress: Progress, screen: _Look) -> _ItemAction | None:
        """The action for the next item that can be done on this screen, or that leads to it; None for no way."""
        items, at = progress.items, progress.at
        if at >= len(items):
            return _rest(questions, screen)
        if progress.clicked and (spot := screen.history[-1].pointed[0].point):
            there = [row for row in screen.rows if row.box.holds(spot)]
            there = [row for row in there if is_field(row)] or there
            if not there or is_field(there[0]):
                first, *rest = _typing_actions(items[at], there[0] if there else None)
                return _ItemAction(items[at].said, first, tuple(rest))
        tried = self._acted_on(screen.history[len(screen.history) - progress.leads - bool(progress.backs) :])
        left = [row for row in screen.rows if row.key not in tried]
        if items[at].kind == "type":
            typed = self._typed(screen.history)
            left = [row for row in left if row.key not in typed]
        for n in range(at, min(at + 1 + _AHEAD, len(items))):
            if n > at and (items[n].kind in _IN_TURN or items[n - 1].kind in ("type", "write", "keys")):
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
        if item.kind in ("tell", "find", "other"):
            return None
        if item.kind == "write":
            return _ItemAction(item.said, TypeText(text=item.text))
        if item.kind == "keys" and all(score(item.target, row) < 1 for row in rows):
            return _ItemAction(item.said, read_keys(item.target.replace(" ", "")))
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
        left, after = _candidates(item, left), progress.items[progress.at + 1 :]
        if item.kind == "type":
            named_later = {row.key for later in after for row in best_rows(later.target, left)}
            left, after = [row for row in left if row.key not in named_later], ()
        tied = _tied(item, left)
        row = questions.chosen(item.said, tied or left, can_refuse=not tied)
        row = row or _glimpsed(after[:_AHEAD], left)
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
            if isinstance(step.action, TypeText):
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
    came = came or (0 < len(screen.rows) <= _BUTTONS and all(row.role == "button" for row in screen.rows))
    begun = came or (last is not None and isinstance(last.action, TypeText))
    if begun and handed is not None and handed.instruction != _CONFIRM:
        row = questions.chosen(_CONFIRM, screen.rows)
        if row is not None:
            return _ItemAction(_CONFIRM, Click(point=row.box.center), (), row)
    return _ItemAction("the plan is done", Finish(status="success"))


def _typing(item: PlanItem, row: Row) -> _ItemAction:
    return _ItemAction(item.said, Click(point=row.box.center), _typing_actions(item, row), row)


def _typing_actions(item: PlanItem, row: Row | None) -> tuple[AnyAction, ...]:
    """What types the text of `item` into the field `row` that was clicked, None where it is not listed any more; in a
    list that drops down, what is typed is only looked for until Enter.
    """
    if row is not None and row.role == "select":
        return TypeText(text=item.text), Key(chords=("enter",))
    return (TypeText(text=item.text, clear=bool(row and row.value)),)


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
