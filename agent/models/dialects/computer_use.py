"""The computer tools that OpenAI and Anthropic have of their own: their actions, in calls that the server defines.

Actions and arguments are protocol (OpenAI's API reference, ``computer_call``; Anthropic's ``computer_20251124``).
Neither tool has a word for the end of a task: the functions ``terminate`` and ``ask_user`` stand beside it, since a
text without a call may be a question, a refusal or a report. A safety check that is pending makes a call unusable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from actions.action import (
    AnyAction,
    AskUser,
    Click,
    Drag,
    Finish,
    HoldKeys,
    HoldMouse,
    Key,
    Move,
    ReleaseMouse,
    Scroll,
    TypeText,
    Wait,
)
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.common import EXTRACT, direction_of, plain_drag
from agent.models.dialects.conversation import Conversation
from agent.models.dialects.dialect import IMAGE, Actions, Dialect, PromptTemplate, View
from agent.models.dialects.keys import key_names, key_text
from agent.models.dialects.qwen import PIXELS_PER_NOTCH, READ_DESKTOP
from agent.models.dialects.resize import SideLimit
from agent.models.dialects.tool_call import PLACES, Args, Read, ToolCallGrammar
from agent.models.dialects.vocabulary import VERBS
from agent.models.endpoints.endpoint import Wire
from agent.models.endpoints.wires import COMPUTER

_OPENAI_WAIT = 2.0
"""Seconds of a ``wait``, which OpenAI's tool leaves to the harness (as in its owner's examples)."""
_APART = ("terminate", "ask_user")
_TERMINATE = {
    "status": {"type": "string", "enum": ["success", "failure"]},
    "message": {"type": "string", "description": "What was asked for, or why it cannot be done."},
}
_FUNCTIONS: tuple[tuple[str, str, dict[str, Any], list[str]], ...] = (
    ("terminate", "End the task: nothing is left to do, or it cannot be done.", _TERMINATE, ["status"]),
    ("ask_user", "Ask the user for what only they can say.", {"text": {"type": "string"}}, ["text"]),
)


def _functions(parameters: str, **more: str) -> list[dict[str, Any]]:
    """The functions beside the computer tool, with their JSON schema under `parameters`."""
    return [
        {**more, "name": name, "description": about, parameters: {**_object(values), "required": needed}}
        for name, about, values, needed in _FUNCTIONS
    ]


def _object(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": values, "additionalProperties": False}


def _renamed(read: Read, **names: str) -> Read:
    """`read` of arguments that have other names here, theirs = ours."""

    def renamed(args: Args) -> Actions:
        if lost := [ours for ours in names.values() if ours in args.values]:
            raise Unreadable(f"unknown argument {lost[0]!r}")
        args.values = {names.get(name, name): value for name, value in args.values.items()}
        return read(args)

    return renamed


_BOTH: dict[str, Read] = {
    "type": lambda args: args.typed("text"),
    "screenshot": lambda args: Wait(seconds=0),
    "terminate": VERBS["finish"].read,
    "ask_user": VERBS["ask_user"].read,
}


def _write_both(action: AnyAction) -> dict[str, Any] | None:
    match action:
        case TypeText(clear=False):
            return {"action": "type", "text": action.text}
        case Wait(seconds=0):
            return {"action": "screenshot"}
        case Finish():
            message = {"message": action.message} if action.message else {}
            return {"action": "terminate", "status": action.status, **message}
        case AskUser():
            return {"action": "ask_user", "text": action.question}
    return None


# OpenAI -------------------------------------------------------------------------------------------------------------


def _at(read: Read) -> Read:
    """`read` of a place that is given as ``x`` and ``y``."""

    def placed(args: Args) -> Actions:
        values = dict(args.values)
        if "x" in values and "y" in values:
            values["coordinate"] = [values.pop("x"), values.pop("y")]
        if values.get("button") == "wheel":
            values["button"] = "middle"
        args.values = values
        return read(args)

    return placed


def _openai_click(args: Args) -> Click:
    if args.values.get("button") not in ("left", "middle", "right"):
        raise Unreadable("'button' must be left, wheel or right")
    return args.click(args.need_place(*PLACES))


def _openai_drag(args: Args) -> Drag:
    path = args.get("path")
    if not isinstance(path, list) or not all(isinstance(at, dict) and set(at) == {"x", "y"} for at in path):
        raise Unreadable("'path' must be a list of points with x and y")
    return Drag(path=tuple(args.place_of([at["x"], at["y"]]) for at in path), keys=args.held())


def _openai_scroll(args: Args) -> Scroll:
    across, down = (args.number(name) or 0 for name in ("scroll_x", "scroll_y"))
    notches = [round(pixels / PIXELS_PER_NOTCH) or (pixels > 0) - (pixels < 0) for pixels in (across, down)]
    if [n * PIXELS_PER_NOTCH for n in notches] != [across, down]:
        args.notes.append(f"({across:g}, {down:g}) pixels were read as {tuple(notches)} notches")
    dx, dy = (max(-100, min(100, n)) for n in notches)
    return Scroll(point=args.place(*PLACES), dx=dx, dy=dy, keys=args.held())


_READ_OPENAI: dict[str, Read] = {
    "click": _at(_openai_click),
    "double_click": _at(lambda args: args.click(args.need_place(*PLACES), "left", 2)),
    "drag": _openai_drag,
    "keypress": lambda args: args.keys("keys"),
    "move": _at(lambda args: Move(point=args.need_place(*PLACES))),
    "scroll": _at(_openai_scroll),
    "wait": lambda args: Wait(seconds=_OPENAI_WAIT),
    **_BOTH,
}


def _xy(view: View, point: Any) -> dict[str, Any]:
    return dict(zip("xy", view.numbers(point), strict=True))


def _write_openai(action: AnyAction, view: View) -> dict[str, Any] | None:
    match action:
        case Click(keys=(), count=1):
            button = "wheel" if action.button == "middle" else action.button
            return {"action": "click", "button": button, **_xy(view, action.point)}
        case Click(keys=(), count=2, button="left"):
            return {"action": "double_click", **_xy(view, action.point)}
        case Move():
            return {"action": "move", **_xy(view, action.point)}
        case Drag() if plain_drag(action.model_copy(update={"path": action.path[:2]})):
            return {"action": "drag", "path": [_xy(view, point) for point in action.path]}
        case Scroll(keys=()) if action.point is not None:
            pixels = {"scroll_x": action.dx * PIXELS_PER_NOTCH, "scroll_y": action.dy * PIXELS_PER_NOTCH}
            return {"action": "scroll", **_xy(view, action.point), **pixels}
        case Key() if keys := key_names(action):
            return {"action": "keypress", "keys": keys}
        case Wait(seconds=2):
            return {"action": "wait"}
    return _write_both(action)


# Anthropic ----------------------------------------------------------------------------------------------------------


def _anthropic_drag(args: Args) -> Drag:
    start = args.place("start_coordinate") or args.view.pointer
    if start is None:
        raise Unreadable("'start_coordinate' is missing, and where the pointer is is not known")
    return Drag(path=(start, args.need_place("coordinate")), keys=args.held())


_READ_ANTHROPIC: dict[str, Read] = {
    **{
        name: _renamed(READ_DESKTOP[name], text="keys")
        for name in ("left_click", "right_click", "middle_click", "double_click", "triple_click")
    },
    "left_click_drag": _renamed(_anthropic_drag, text="keys"),
    **{name: READ_DESKTOP[name] for name in ("mouse_move", "left_mouse_down", "left_mouse_up")},
    "key": lambda args: args.keys("text"),
    "hold_key": _renamed(lambda args: args.hold_for("text"), duration="time"),
    "scroll": _renamed(VERBS["scroll"].read, text="keys", scroll_direction="direction", scroll_amount="amount"),
    "wait": _renamed(READ_DESKTOP["wait"], duration="time"),
    **_BOTH,
}
_CLICKS = {("left", 1): "left_click", ("left", 2): "double_click", ("left", 3): "triple_click"}
_CLICKS |= {("right", 1): "right_click", ("middle", 1): "middle_click"}


def _write_anthropic(action: AnyAction, view: View) -> dict[str, Any] | None:
    match action:
        case Click() if name := _CLICKS.get((action.button, action.count)):
            held = {"text": "+".join(action.keys)} if action.keys else {}
            return {"action": name, "coordinate": view.numbers(action.point), **held}
        case Move():
            return {"action": "mouse_move", "coordinate": view.numbers(action.point)}
        case Drag() if plain_drag(action):
            start, end = map(view.numbers, action.path)
            return {"action": "left_click_drag", "start_coordinate": start, "coordinate": end}
        case Scroll() if direction := direction_of(action, None):
            where = {} if action.point is None else {"coordinate": view.numbers(action.point)}
            amount = abs(action.dx or action.dy)
            return {"action": "scroll", **where, "scroll_direction": direction, "scroll_amount": amount}
        case Key() if keys := key_text(action, "+"):
            return {"action": "key", "text": keys}
        case HoldKeys() if action.seconds is not None:
            return {"action": "hold_key", "text": "+".join(action.keys), "duration": action.seconds}
        case HoldMouse(button="left") | ReleaseMouse(button="left") if action.point == view.pointer:
            return {"action": f"left_{action.type}"}
        case Wait() if action.seconds:
            return {"action": "wait", "duration": action.seconds}
    return _write_both(action)


# The dialects -------------------------------------------------------------------------------------------------------

_SYSTEM = (
    "You operate a computer for the user with its mouse and keyboard. After each of your actions you are shown the "
    "screen. Call terminate only when the screen shows that the whole task is done, or when it cannot be done."
)
_FIND = (
    "Show the user where this is by one click in the middle of it, and do nothing else: ${instruction}\n"
    "Call terminate with the status failure if it is not on the screen."
)
_SHOWN = Conversation(pictures=10, fold=5, line="Step ${number}: ${action}${outcome}\n", nothing="None")


def _dialect(
    name: str, served: str, source: str, wire: Wire, read: Mapping[str, Read], write: Any, tools: list[Any]
) -> Dialect:
    told = json.dumps(tools).replace('"${width}"', "${width}").replace('"${height}"', "${height}")
    ask = "Task: ${instruction}\nDone before what follows:\n${history}"
    return Dialect(
        name=name,
        family=r"(?!)",
        sizes=served,
        licence="served by its owner only",
        source=source,
        resize=SideLimit(factor=28, min_pixels=3136, max_pixels=1_150_000, longest=1568),
        space="abs_resized",
        overshoot=28,
        grammar={"desktop": ToolCallGrammar(COMPUTER, read, write, tools=(COMPUTER,), apart=_APART)},
        decide={"desktop": PromptTemplate(_SYSTEM, (ask, IMAGE), max_tokens=4096, conversation=_SHOWN, tools=told)},
        locate=PromptTemplate(_SYSTEM, (IMAGE, _FIND), max_tokens=4096, tools=told),
        extract=EXTRACT,
        retry="Your last answer did nothing (${error}). Call one tool. ",
        wire=wire,
        tool_choice="auto",
    )


OPENAI_COMPUTER = _dialect(
    "openai-computer",
    "OpenAI's models with the tool computer",
    "OpenAI's API reference: Responses, computer_call",
    "responses",
    _READ_OPENAI,
    _write_openai,
    [{"type": "computer"}, *_functions("parameters", type="function")],
)
ANTHROPIC_COMPUTER = _dialect(
    "anthropic-computer",
    "Anthropic's models with the tool computer_20251124",
    "Anthropic's API reference: Messages, computer use tool",
    "messages",
    _READ_ANTHROPIC,
    _write_anthropic,
    [
        {
            "type": "computer_20251124",
            "name": COMPUTER,
            "display_width_px": "${width}",
            "display_height_px": "${height}",
        },
        *_functions("input_schema"),
    ],
)
