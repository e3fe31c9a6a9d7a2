"""What an agent can do: one closed, tagged union of frozen actions.

Points are frame pixels (see `actions.frame`). The JSON schema of the union (`action_schema`) is what models are
prompted and constrained with. One action has one effect; nothing in it is ever evaluated as code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from actions.errors import one_line
from actions.frame import FinitePoint, Point
from actions.keys import check_chord, check_key


class _Action(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Modifiers = Annotated[
    tuple[Annotated[str, AfterValidator(check_key)], ...],
    Field(description="Keys held down meanwhile, e.g. ['ctrl'].", max_length=4),
]
HeldKeys = Annotated[Modifiers, Field(min_length=1)]
Seconds = Annotated[float, Field(ge=0, le=600, allow_inf_nan=False, description="Seconds.")]


class Click(_Action):
    """Press and release a mouse button, or tap."""

    type: Literal["click"] = "click"
    point: FinitePoint = Field(description="Where, in frame pixels.")
    button: Literal["left", "middle", "right"] = "left"
    count: int = Field(default=1, ge=1, le=3, description="1 single, 2 double, 3 triple.")
    keys: Modifiers = ()


class LongPress(_Action):
    """Press, hold for `seconds`, release."""

    type: Literal["long_press"] = "long_press"
    point: FinitePoint = Field(description="Where, in frame pixels.")
    seconds: Seconds = 1.0


class Drag(_Action):
    """Press at the first point, move smoothly through the others, release at the last. A swipe on a phone."""

    type: Literal["drag"] = "drag"
    path: tuple[FinitePoint, ...] = Field(min_length=2, max_length=256, description="Frame pixels.")
    button: Literal["left", "middle", "right"] = "left"
    seconds: Seconds = 0.3
    keys: Modifiers = ()


class Move(_Action):
    """Move the pointer without pressing."""

    type: Literal["move"] = "move"
    point: FinitePoint = Field(description="Where, in frame pixels.")


class Scroll(_Action):
    """Turn the wheel at a point. The content's direction: ``dy > 0`` shows what is further down."""

    type: Literal["scroll"] = "scroll"
    point: FinitePoint | None = Field(default=None, description="Where, in frame pixels; the pointer if absent.")
    dx: int = Field(default=0, ge=-100, le=100, description="Wheel notches to the right.")
    dy: int = Field(default=0, ge=-100, le=100, description="Wheel notches down.")
    keys: Modifiers = ()


class TypeText(_Action):
    """Type text, any Unicode, into what has the focus. A newline is Enter and a tab is Tab."""

    type: Literal["type"] = "type"
    text: str = Field(max_length=100_000)
    clear: bool = Field(default=False, description="Empty the field first.")


class Key(_Action):
    """Press chords one after another: ``["ctrl+s"]``, ``["alt+f", "down", "enter"]``. See `actions.keys`."""

    type: Literal["key"] = "key"
    chords: tuple[Annotated[str, AfterValidator(check_chord)], ...] = Field(min_length=1, max_length=64)


class HoldKeys(_Action):
    """Press keys and keep them down until `key_up`, or let them go after `seconds`."""

    type: Literal["key_down"] = "key_down"
    keys: HeldKeys
    seconds: Seconds | None = None


class ReleaseKeys(_Action):
    """Let go of keys that `key_down` left pressed."""

    type: Literal["key_up"] = "key_up"
    keys: HeldKeys


class HoldMouse(_Action):
    """Press a mouse button, or put a finger down, and keep it down until `mouse_up`."""

    type: Literal["mouse_down"] = "mouse_down"
    point: FinitePoint | None = Field(default=None, description="Where, in frame pixels; the pointer if absent.")
    button: Literal["left", "middle", "right"] = "left"


class ReleaseMouse(_Action):
    """Let go of what `mouse_down` left pressed; with a point, move there first."""

    type: Literal["mouse_up"] = "mouse_up"
    point: FinitePoint | None = Field(default=None, description="Where, in frame pixels; the pointer if absent.")
    button: Literal["left", "middle", "right"] = "left"


ButtonName = Literal["back", "home", "recents", "menu", "enter", "power", "volume_up", "volume_down", "camera", "clear"]


class Button(_Action):
    """A hardware or system button of the device."""

    type: Literal["button"] = "button"
    name: ButtonName


class Open(_Action):
    """Start an app by its name, or show a URL."""

    type: Literal["open"] = "open"
    target: str = Field(min_length=1, max_length=2000, description="A program or app name, or a URL.")


class Wait(_Action):
    """Let time pass."""

    type: Literal["wait"] = "wait"
    seconds: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] = 1.0


class Answer(_Action):
    """Tell the user what was asked for; the task goes on until `finish`."""

    type: Literal["answer"] = "answer"
    text: str


class Finish(_Action):
    """End the task; `failure` says that it could not be done."""

    type: Literal["finish"] = "finish"
    status: Literal["success", "failure"]
    message: str = ""


class AskUser(_Action):
    """Ask the user for something that only they can supply."""

    type: Literal["ask_user"] = "ask_user"
    question: str = Field(min_length=1)


AnyAction = (
    Click | LongPress | Drag | Move | Scroll | TypeText | Key | HoldKeys | ReleaseKeys | HoldMouse | ReleaseMouse
    | Button | Open | Wait | Answer | Finish | AskUser
)  # fmt: skip
Action = Annotated[AnyAction, Field(discriminator="type")]
"""Any action; `parse_action` reads one from JSON-like data."""

_ADAPTER: TypeAdapter[AnyAction] = TypeAdapter(Action)
_AT_A_POINT = (Click, LongPress, Move, Scroll, HoldMouse, ReleaseMouse)
KEEP_HELD = frozenset(
    {"click", "long_press", "drag", "move", "scroll", "key", "key_down", "key_up", "mouse_down", "mouse_up", "wait"}
)
"""The `type` of the actions during which held keys and buttons stay down; every other one lets go of them first."""
ACTION_TYPES: tuple[str, ...] = tuple(cls.model_fields["type"].default for cls in get_args(AnyAction))
"""The `type` of every action, in the order of the union."""


def parse_action(data: Any) -> AnyAction:
    """Read one action from a dict. Raises pydantic's ValidationError (a ValueError) with the field at fault."""
    return _ADAPTER.validate_python(data)


def action_schema() -> dict[str, Any]:
    """The JSON schema of the union."""
    return _ADAPTER.json_schema()


def points_of(action: AnyAction) -> tuple[FinitePoint, ...]:
    """Every point of `action`, in the order they are visited; empty for actions without a place."""
    if isinstance(action, Drag):
        return action.path
    point = action.point if isinstance(action, _AT_A_POINT) else None
    return () if point is None else (point,)


def move_points(action: AnyAction, places: Sequence[Point]) -> AnyAction:
    """`action` with other points, in the order of `points_of`."""
    if len(places) != len(points_of(action)):
        raise ValueError("as many places as points")
    if isinstance(action, Drag):
        return action.model_copy(update={"path": tuple(places)})
    return action.model_copy(update={"point": places[0]}) if places else action


def describe(action: AnyAction, named: Callable[[FinitePoint], str] = lambda point: "") -> str:
    """`action` as one line of English; `named` gives the words for a point, "" where its coordinates are to stand."""

    def at(point: FinitePoint, on: str = "") -> str:
        words = named(point)
        return f"{on}{words}" if words else f"at {coordinates(point)}"

    def to(point: FinitePoint) -> str:
        return named(point) or coordinates(point)

    match action:
        case Click():
            times = {1: "", 2: "double-", 3: "triple-"}[action.count]
            side = "" if action.button == "left" else f"{action.button}-"
            held = f" holding {'+'.join(action.keys)}" if action.keys else ""
            return f"{times}{side}click {at(action.point)}{held}"
        case LongPress():
            return f"press for {action.seconds:g} s {at(action.point, 'on ')}"
        case Drag():
            return f"drag from {to(action.path[0])} to {to(action.path[-1])}"
        case Move():
            return f"move the pointer to {to(action.point)}"
        case Scroll():
            ways = [f"{abs(n)} {way}" for n, way in _ways(action.dx, action.dy)]
            return f"scroll {' and '.join(ways) or 'nowhere'}" + (
                f" {at(action.point, 'over ')}" if action.point else ""
            )
        case TypeText():
            return f"{'empty the field and ' if action.clear else ''}type {_quoted(action.text)}"
        case Key():
            return f"press {one_line(', '.join(action.chords))}"
        case HoldKeys():
            return f"hold {'+'.join(action.keys)} down" + (f" for {action.seconds:g} s" if action.seconds else "")
        case ReleaseKeys():
            return f"let go of {'+'.join(action.keys)}"
        case HoldMouse():
            return f"hold the {action.button} button down" + (f" {at(action.point, 'on ')}" if action.point else "")
        case ReleaseMouse():
            return f"let go of the {action.button} button" + (f" {at(action.point, 'on ')}" if action.point else "")
        case Button():
            return f"press the {action.name} button"
        case Open():
            return f"open {_quoted(action.target)}"
        case Wait():
            return f"wait {action.seconds:g} s"
        case Answer():
            return f"answer {_quoted(action.text)}"
        case Finish():
            return f"finish: {action.status}" + (f" ({one_line(action.message, 80)})" if action.message else "")
        case AskUser():
            return f"ask {_quoted(action.question)}"


def coordinates(point: FinitePoint) -> str:
    """``(640, 400)``."""
    return f"({point.x:.0f}, {point.y:.0f})"


def _ways(dx: int, dy: int) -> list[tuple[int, str]]:
    ways = [(dx, "right" if dx > 0 else "left"), (dy, "down" if dy > 0 else "up")]
    return [(n, way) for n, way in ways if n]


def _quoted(text: str) -> str:
    return f"“{one_line(text, 80)}”"
