"""What a Gymnasium environment shows of a screen, and the two ways to write an action.

`JsonActions`: the JSON of our action union as text, for language models. `FieldActions`: a ``Dict`` of numbers, keys
and text, for agents that sample or learn. Points are pixels of the observed screen, x to the right and y down.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np
from gymnasium import spaces
from pydantic import ValidationError

from actions.action import (
    Answer,
    AnyAction,
    Button,
    ButtonName,
    Click,
    Drag,
    Finish,
    Key,
    LongPress,
    Move,
    Open,
    Scroll,
    TypeText,
    Wait,
    parse_action,
)
from actions.frame import Point
from actions.keys import MODIFIERS, NAMED
from agent.core.model import NO_USAGE, ParseError
from agent.perception.listing.rows import ElementList, Row

LONGEST = 100_000
"""Characters of the longest text; `TypeText` has the same bound."""
_SAMPLED = 20
"""Characters of the longest random text."""
_PRINTABLE = "".join(map(chr, range(32, 127)))
NOTCHES = 10
"""The most wheel notches of a `scroll` in fields."""
FIELD_TYPES: dict[str, tuple[str, ...]] = {
    "desktop": ("click", "long_press", "drag", "move", "scroll", "type", "key", "wait", "answer", "finish"),
    "mobile": ("click", "long_press", "drag", "scroll", "type", "key", "button", "open", "wait", "answer", "finish"),
}
"""The types of action in fields, by platform. As JSON there are all."""
MOUSE_BUTTONS: tuple[Literal["left", "middle", "right"], ...] = ("left", "middle", "right")
STATUSES: tuple[Literal["success", "failure"], ...] = ("success", "failure")
KEYS = (*NAMED, *(chr(code) for code in range(33, 127) if chr(code) != "+" and not chr(code).isupper()))
"""The keys of `key` in fields: a chord is one of them with any of `MODIFIERS`."""
DEVICE_BUTTONS: tuple[ButtonName, ...] = get_args(ButtonName)


class AnyText(spaces.Text):
    """Text of any characters, "" included; samples are short and ASCII."""

    def __init__(self, longest: int = LONGEST) -> None:
        super().__init__(longest, min_length=0, charset=_PRINTABLE)

    def contains(self, x: Any) -> bool:
        """Whether `x` is a text that is not too long."""
        return isinstance(x, str) and len(x) <= self.max_length

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """At most 20 printable ASCII characters."""
        length = int(self.np_random.integers(_SAMPLED + 1))
        return "".join(self.np_random.choice(list(_PRINTABLE), length))


def observation_space(screen: tuple[int, int], elements: bool) -> spaces.Dict:
    """The screen (uint8, height x width x 3, RGB), the task, what came of the last action, and the elements."""
    width, height = screen
    parts: dict[str, spaces.Space[Any]] = {
        "screen": spaces.Box(0, 255, (height, width, 3), np.uint8),
        "task": AnyText(),
        "effect": AnyText(),
    }
    if elements:
        texts = {name: AnyText() for name in ("role", "name", "value", "state", "part")}
        number = spaces.Discrete(100_000)
        box = spaces.Box(-1e6, 1e6, (4,), np.float32)
        parts["elements"] = spaces.Sequence(spaces.Dict({"number": number, "box": box, **texts}))
    return spaces.Dict(parts)


def element_values(listed: ElementList) -> tuple[dict[str, Any], ...]:
    """The rows of a list as the observation space has them: ``box`` is x1, y1, x2, y2 in pixels."""
    return tuple(map(_row_values, listed.rows))


def _row_values(row: Row) -> dict[str, Any]:
    return {
        "number": np.int64(row.number),
        "box": np.asarray(row.box, np.float32),
        "role": row.role,
        "name": row.name,
        "value": row.value,
        "state": ", ".join(row.state),
        "part": row.part,
    }


class FieldActions(spaces.Dict):
    """An action in fields; `type` is an index into `types`, and fields of other types are not looked at."""

    def __init__(self, screen: tuple[int, int], platform: Literal["desktop", "mobile"]) -> None:
        self.types = FIELD_TYPES[platform]
        super().__init__(
            {
                "type": spaces.Discrete(len(self.types)),
                "point": spaces.MultiDiscrete([*screen]),
                "end": spaces.MultiDiscrete([*screen]),
                "mouse": spaces.Discrete(len(MOUSE_BUTTONS)),
                "count": spaces.Discrete(3, start=1),
                "scroll": spaces.MultiDiscrete([2 * NOTCHES + 1] * 2, start=[-NOTCHES] * 2),
                "text": AnyText(),
                "clear": spaces.Discrete(2),
                "key": spaces.Discrete(len(KEYS)),
                "modifiers": spaces.MultiBinary(len(MODIFIERS)),
                "button": spaces.Discrete(len(DEVICE_BUTTONS)),
                "status": spaces.Discrete(len(STATUSES)),
            }
        )

    def read(self, value: Any) -> AnyAction:
        """The action. Raises `ParseError` for a value outside the space, and for no action (an app without name)."""
        if not isinstance(value, Mapping) or not self.contains(dict(value)):
            raise _unusable("it is not in the action space", value)
        try:
            return self._action(value)
        except ValidationError as error:
            raise _unusable(_first(error), value) from error

    def _action(self, value: Mapping[str, Any]) -> AnyAction:
        point, text = _point(value["point"]), str(value["text"])
        match self.types[int(value["type"])]:
            case "click":
                mouse = MOUSE_BUTTONS[int(value["mouse"])]
                return Click(point=point, button=mouse, count=int(value["count"]), keys=_held(value))
            case "long_press":
                return LongPress(point=point)
            case "drag":
                return Drag(path=(point, _point(value["end"])), keys=_held(value))
            case "move":
                return Move(point=point)
            case "scroll":
                dx, dy = map(int, value["scroll"])
                return Scroll(point=point, dx=dx, dy=dy, keys=_held(value))
            case "type":
                return TypeText(text=text, clear=bool(value["clear"]))
            case "key":
                return Key(chords=("+".join([*_held(value), KEYS[int(value["key"])]]),))
            case "button":
                return Button(name=DEVICE_BUTTONS[int(value["button"])])
            case "open":
                return Open(target=text)
            case "answer":
                return Answer(text=text)
            case "finish":
                return Finish(status=STATUSES[int(value["status"])], message=text)
            case _:
                return Wait()


class JsonActions(AnyText):
    """An action as the JSON of our union, e.g. ``{"type": "click", "point": [120, 48]}``; samples are actions."""

    def __init__(self, fields: FieldActions) -> None:
        super().__init__()
        self._fields = fields

    def read(self, value: Any) -> AnyAction:
        """The action. Raises `ParseError` for a text that is not exactly one."""
        try:
            return parse_action(json.loads(value))
        except ValidationError as error:
            raise _unusable(_first(error), value) from error
        except (TypeError, ValueError) as error:
            raise _unusable(f"it is not JSON: {error}", value) from error

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """The JSON of a random action in fields."""
        while True:
            try:
                return self._fields.read(self._fields.sample()).model_dump_json()
            except ParseError:  # an app without a name
                continue

    def seed(self, seed: int | None = None) -> int | list[int]:
        """Seed the samples."""
        self._fields.seed(seed)
        return super().seed(seed)


def _point(xy: Any) -> Point:
    """The middle of a pixel."""
    return Point(float(xy[0]) + 0.5, float(xy[1]) + 0.5)


def _held(value: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(key for key, held in zip(MODIFIERS, value["modifiers"], strict=True) if held)


def _unusable(why: str, value: object) -> ParseError:
    return ParseError(why, value if isinstance(value, str) else repr(value)[:1000], NO_USAGE)


def _first(error: ValidationError) -> str:
    found = error.errors()[0]
    return f"{'.'.join(map(str, found['loc']))}: {found['msg']}" if found["loc"] else found["msg"]
