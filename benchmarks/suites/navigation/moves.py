"""Canonical phone actions: the mapping of actions and of every data set's actions onto them, and back.

| here | our action | AndroidControl | AITZ, AITW |
|---|---|---|---|
| click | `click` (left, once, no keys held) | click | dual point, touch to lift within 0.04 |
| long_press | `long_press` | long_press | a tap: the data has no times |
| scroll | `scroll`; `drag`, seen from the content | scroll, swipe | dual point, further than 0.04 |
| type | `type` | input_text, type | type (3) |
| button | `button`; `key` Enter alone | navigate_back, navigate_home | press back, home, enter (5, 6, 7) |
| open | `open` | open_app | – |
| wait | `wait` | wait | – |
| stop | `finish` | – | complete (10), impossible (11) |
| other | everything else | – | – |

Directions are the content's: "down" shows what is further down, which a finger does by moving up. AndroidControl's
directions are that already on both axes; AITZ's are the finger's; SeeClick's form of AITW has the content's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from actions.action import (
    AnyAction,
    Button,
    ButtonName,
    Click,
    Drag,
    Finish,
    Key,
    LongPress,
    Open,
    Scroll,
    TypeText,
    Wait,
)
from actions.frame import Box, Point
from agent.models.dialects.common import scroll_of

MoveKind = Literal["click", "long_press", "scroll", "type", "button", "open", "wait", "stop", "other"]
Direction = Literal["up", "down", "left", "right"]
OPPOSITE: dict[Direction, Direction] = {"up": "down", "down": "up", "left": "right", "right": "left"}
BUTTONS: frozenset[str] = frozenset(get_args(ButtonName))


@dataclass(frozen=True)
class CanonicalAction:
    """One action on a phone. Points are frame pixels.

    `point` is where the finger goes down and `end` where it is lifted (a drag only). `direction` is the content's;
    None for a drag that goes nowhere. `name` is the button's, or how the task ended: ``success`` or ``failure``.
    `box` is the whole target, for answers that name one.
    """

    kind: MoveKind
    point: Point | None = None
    end: Point | None = None
    direction: Direction | None = None
    text: str = ""
    name: str = ""
    box: Box | None = None


def move_of(action: AnyAction) -> CanonicalAction:
    """What `action` comes to. A double click, a right click and keys other than Enter are ``other``."""
    match action:
        case Click(button="left", count=1, keys=()):
            return CanonicalAction("click", action.point)
        case LongPress():
            return CanonicalAction("long_press", action.point)
        case Drag(button="left", keys=()):
            start, end = action.path[0], action.path[-1]
            finger = heading(end.x - start.x, end.y - start.y)
            return CanonicalAction("scroll", start, end, OPPOSITE[finger] if finger else None)
        case Scroll(keys=()):
            return CanonicalAction("scroll", action.point, direction=heading(action.dx, action.dy))
        case TypeText():
            return CanonicalAction("type", text=action.text.rstrip("\n"))
        case Button():
            return CanonicalAction("button", name=action.name)
        case Key(chords=("enter",)):
            return CanonicalAction("button", name="enter")
        case Open():
            return CanonicalAction("open", text=action.target)
        case Wait():
            return CanonicalAction("wait")
        case Finish():
            return CanonicalAction("stop", name=action.status)
    return CanonicalAction("other")


def heading(dx: float, dy: float) -> Direction | None:
    """The main direction of ``(dx, dy)``, y down; up or down where both are as long; None for no way at all."""
    if dx == 0 and dy == 0:
        return None
    if abs(dx) > abs(dy):
        return "right" if dx > 0 else "left"
    return "down" if dy > 0 else "up"


def action_of(move: CanonicalAction) -> AnyAction:
    """The action that `move` records; `move_of` gives it back. Raises ValueError for one that cannot be recorded."""
    match move:
        case CanonicalAction(kind="click", point=Point() as point):
            return Click(point=point)
        case CanonicalAction(kind="long_press", point=Point() as point):
            return LongPress(point=point)
        case CanonicalAction(kind="scroll", point=Point() as start, end=Point() as end):
            return Drag(path=(start, end))
        case CanonicalAction(kind="scroll", direction=str() as direction):
            return scroll_of(direction, move.point)
        case CanonicalAction(kind="type"):
            return TypeText(text=move.text)
        case CanonicalAction(kind="button", name=name) if name in BUTTONS:
            return Button.model_validate({"name": name})
        case CanonicalAction(kind="open"):
            return Open(target=move.text)
        case CanonicalAction(kind="wait"):
            return Wait()
        case CanonicalAction(kind="stop", name="success" | "failure" as status):
            return Finish.model_validate({"status": status})
    raise ValueError(f"no action is a {move.kind} {move.direction or move.name}".rstrip())
