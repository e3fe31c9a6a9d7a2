"""Which actions are right at a step of an oracle's run, as far as its later steps tell.

An element is what a click is on, not its exact point. Right are: the oracle's own action; of fields that it fills one
after another, and of switches, each that is still to be done; a field's click and text in one answer; an app's name to
`open` for its icon; what is on the screen already where the oracle only went back, home or scrolled before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from actions.action import Answer, AnyAction, Button, Click, Drag, Finish, Key, Open, Scroll, TypeText, Wait
from actions.frame import Point
from agent.core.step import Step
from agent.perception.elements import TICKED
from agent.perception.listing.rows import ElementList, Row
from benchmarks.suites.decisions.recording import RecordedRun
from benchmarks.suites.phone_tasks.checks import says

_LAUNCHER = "launcher"
_UP = frozenset(("navigate up", "back", "up", "close"))
_SWITCHES = frozenset((*TICKED, "switch"))
_ERASING = frozenset(("backspace", "delete", "end", "home", "ctrl+a"))


@dataclass(frozen=True)
class Choice:
    """A right action: `action` is the oracle's; `row` what a click is on, `fill` the text that goes into it after it.

    `clear` is whether what is there must go first, None where nothing is there.
    """

    kind: str
    action: AnyAction
    row: Row | None = None
    fill: TypeText | None = None
    clear: bool | None = None


def row_at(listed: ElementList, point: Point | None) -> Row | None:
    """The smallest numbered row that holds `point`, else that which has the words of the text there as its name."""
    rows = sorted((row for row in listed.rows if point and row.box.holds(point)), key=lambda row: row.box.area)
    found = next((row for row in rows if row.number), None)
    name = rows[0].name if rows and found is None else ""
    return found or next((row for row in listed.rows if name and row.number and row.name == name), None)


def needed(run: RecordedRun) -> list[int]:
    """The steps that are decisions: no wait, no press of home that shows the same screen again, no second click on a
    field before its text, and no key of a phone, whose planners empty a field as they type.
    """
    return [at for at, step in enumerate(run.steps) if not isinstance(step.action, Wait) and not _idle(run, at)]


def _idle(run: RecordedRun, at: int) -> bool:
    action = run.steps[at].action
    if isinstance(action, Click) and at and run.steps[at - 1].action == action:
        return _text_after(run.steps, at + 1)[0] is not None
    same = at + 1 < len(run.lists) and _keys(run.lists[at]) == _keys(run.lists[at + 1])
    return (isinstance(action, Button) and same) or (isinstance(action, Key) and run.platform == "mobile")


def _keys(listed: ElementList) -> list[tuple[str, ...]]:
    return [row.key for row in listed.rows if row.number]


def choices(run: RecordedRun, at: int) -> list[Choice]:
    """The right actions at step `at`; the first is the oracle's own. Empty where that is on nothing in the list."""
    here, found, worked, n = run.lists[at], list[Choice](), False, at
    while n < len(run.steps):
        choice, after = _choice(run, n)
        passing = choice.kind in ("back", "home", "scroll", "wait")
        if n == at:
            if choice.row is None and choice.kind in ("tap", "type") and isinstance(choice.action, Click):
                return []
            found.append(choice)
        elif not passing and (choice.fill or choice.kind == "switch" or not worked):
            found += _still(run, here, n, choice)
        found += _opened(run, n, choice) if not worked else []
        if not passing and not choice.fill and choice.kind != "switch":
            break
        worked = worked or not passing
        n = after
    return found


def _choice(run: RecordedRun, n: int) -> tuple[Choice, int]:
    """The oracle's action of step `n`, with the text that follows the click on a field; and the next step."""
    action, listed = run.steps[n].action, run.lists[n]
    assert action is not None
    if isinstance(action, Click):
        row, again = row_at(listed, action.point), n + 1
        while again < len(run.steps) and run.steps[again].action == action:
            again += 1
        text, after = _text_after(run.steps, again)
        if text is not None and action.count == 1:
            return Choice("type", action, row, text, _clears(row, after > again + 1)), after
        return Choice("switch" if row and row.role in _SWITCHES else "tap", action, row), n + 1
    if isinstance(action, Key | TypeText) and n:
        text, after = _text_after(run.steps, n)
        first = next((at for at in range(n - 1, -1, -1) if not isinstance(run.steps[at].action, Key)), 0)
        clicked = run.steps[first].action
        field = row_at(run.lists[first], clicked.point) if isinstance(clicked, Click) else None
        row = next((row for row in listed.rows if field and row.number and row.key == field.key), None)
        if text is not None:
            return Choice("type", action, row, text, _clears(field, after > first + 2)), after
    if isinstance(action, Drag) and run.platform == "mobile" and _vertical(action):
        return Choice("scroll", action), n + 1
    names = {
        Button: "back",
        Scroll: "scroll",
        Key: "key",
        Answer: "answer",
        Finish: "finish",
        Open: "open",
        Wait: "wait",
    }
    kind = next((name for of, name in names.items() if isinstance(action, of)), action.type)
    return Choice(action.name if isinstance(action, Button) else kind, action), n + 1


def _text_after(steps: Sequence[Step], n: int) -> tuple[TypeText | None, int]:
    """The text that is typed from step `n` on, after keys that erase what is there; and the step after it."""
    while n < len(steps):
        action = steps[n].action
        if isinstance(action, TypeText):
            return action, n + 1
        if not isinstance(action, Key) or not _ERASING.issuperset(action.chords):
            break
        n += 1
    return None, n


def _clears(row: Row | None, erased: bool) -> bool | None:
    return True if erased else False if row is not None and row.value else None


def _still(run: RecordedRun, here: ElementList, n: int, choice: Choice) -> Iterator[Choice]:
    """A later choice, if what it is on is on the screen now, as it was then."""
    if run.lists[n].app != here.app or choice.row is None:
        return
    row = next((row for row in here.rows if row.number and row.words == choice.row.words), None)
    if row is not None:
        yield replace(choice, row=row)


def _opened(run: RecordedRun, n: int, choice: Choice) -> Iterator[Choice]:
    if choice.kind == "tap" and choice.row and _LAUNCHER in run.lists[n].app.lower() and choice.row.name in run.apps:
        yield Choice("open", Open(target=choice.row.name))


def is_right(run: RecordedRun, at: int, actions: Sequence[AnyAction]) -> bool:
    """Whether an answer of these actions is one of the `choices` at step `at`."""
    return any(_fits(choice, run.lists[at], actions) for choice in choices(run, at))


def _fits(choice: Choice, listed: ElementList, actions: Sequence[AnyAction]) -> bool:
    said, own = actions[0], choice.action
    row = row_at(listed, said.point) if isinstance(said, Click) else None
    if choice.kind == "back" and row is not None:
        return row.name.lower() in _UP
    if choice.row is not None and choice.row.name.lower() in _UP and isinstance(said, Button):
        return said.name == "back"
    if isinstance(said, Click) and isinstance(own, Click) and row is not None and row == choice.row:
        alike = (said.button, said.count) == (own.button, own.count)
        return alike and (len(actions) == 1 or _fills(choice, actions[1]))
    if choice.fill is not None and isinstance(own, Click):
        return False
    if choice.fill is not None:
        typed = actions[1] if len(actions) > 1 and row is not None and row == choice.row else said
        return _fills(choice, typed) or said == own
    return _same(choice, said)


def _fills(choice: Choice, said: AnyAction) -> bool:
    if choice.fill is None or not isinstance(said, TypeText):
        return False
    return said.text.strip() == choice.fill.text.strip() and choice.clear in (None, said.clear)


def _same(choice: Choice, said: AnyAction) -> bool:
    own = choice.action
    if choice.kind == "scroll":
        return _way(said) != 0 and _way(said) == _way(own)
    match own, said:
        case Answer(), Answer():
            return says(said.text, own.text)
        case Finish(), Finish():
            return said.status == own.status
        case Open(), Open():
            return said.target.lower() == own.target.lower()
        case Click(), _:
            return False
    return said == own


def _vertical(drag: Drag) -> bool:
    start, end = drag.path[0], drag.path[-1]
    return abs(start.x - end.x) < 0.2 * abs(start.y - end.y)


def _way(action: AnyAction) -> int:
    """Which way the content goes: 1 shows what is further down, -1 further up, 0 neither."""
    moved = action.dy if isinstance(action, Scroll) else 0.0
    if isinstance(action, Drag) and _vertical(action):
        moved = action.path[0].y - action.path[-1].y
    return (moved > 0) - (moved < 0)
