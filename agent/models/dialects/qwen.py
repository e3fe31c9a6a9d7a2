"""The Qwen2.5-VL dialect: its two tools, its prompts, and what each of their actions means here.

Tool, action and argument names, their order, and the framing of the prompt are protocol (Qwen's cookbooks
``agent_function_call.py``, ``computer_use.ipynb``, ``mobile_agent.ipynb``; ``NousFnCallPrompt`` of qwen-agent 0.0.15;
``models/qwen2_5vl.py`` of ScreenSpot-Pro). The descriptions are this project's own words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args

from actions.action import (
    Answer,
    AnyAction,
    Button,
    ButtonName,
    Click,
    Drag,
    Finish,
    HoldKeys,
    HoldMouse,
    Key,
    LongPress,
    Move,
    Open,
    ReleaseKeys,
    ReleaseMouse,
    Scroll,
    TypeText,
    Wait,
)
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.common import EXTRACT, plain_drag
from agent.models.dialects.conversation import ChatPart
from agent.models.dialects.dialect import IMAGE, Chat, Dialect, PromptTemplate, View
from agent.models.dialects.keys import key_names, read_keys
from agent.models.dialects.resize import Resize
from agent.models.dialects.tool_call import ENDS, OPEN, PLACES, TIMES, Args, Read, ToolCallGrammar

PIXELS_PER_NOTCH = 100
"""Qwen's scroll counts pixels, up positive; the wheel turns in notches. One notch is 100 pixels here."""

OVERSHOOT = 28
"""How far beyond an edge (pixels of the resized image) a coordinate is still taken for the edge: one patch.

Qwen2.5-VL is known to overshoot by that much (476 on a side of 448, QwenLM issue 1035, where the maintainers advise
to clamp). Anything further out is an error and never an action; so is a negative number, which is how refusals look.
"""


# What the model's words mean: readers ------------------------------------------------------------------------------


def _click(args: Args, button: str = "left", count: int = 0) -> Click:
    return args.click(args.target(), button, count)


def _drag(args: Args) -> Drag:
    """``left_click_drag``: the coordinate is the end, the pointer the start; some models name both."""
    seconds = args.number("duration")
    how: dict[str, Any] = {} if seconds is None else {"seconds": seconds}
    end = args.place(*ENDS)
    if end is not None:
        return Drag(path=(args.need_place(*PLACES), end), **how)
    end = args.need_place(*PLACES)
    start = (args.place("start_coordinate") if "coordinate" in args.used else None) or args.view.pointer
    if start is None:
        raise Unreadable("the drag names only its end, and where the pointer is is not known: move the mouse first")
    return Drag(path=(start, end), **how)


def _swipe(args: Args) -> Drag:
    return Drag(path=(args.need_place(*PLACES), args.need_place(*ENDS)))


def read_scroll(args: Args, across: bool = False, unit: int = PIXELS_PER_NOTCH) -> Scroll:
    """``pixels``, up and right positive; `unit` of them are a notch of the wheel."""
    pixels, direction = args.number("pixels", "amount"), args.one_of(("direction",))
    if pixels is None:
        raise Unreadable("'pixels' is missing")
    meant = ("right", "left") if across else ("up", "down")
    if direction is not None and direction != meant[pixels < 0]:
        raise Unreadable(f"the sign of 'pixels' says {meant[pixels < 0]} and 'direction' {direction!r}")
    notches = min(100, max(1, round(abs(pixels) / unit))) if pixels else 0
    if notches * unit != abs(pixels):
        args.notes.append(f"{pixels:g} pixels were read as {notches} notches")
    way = notches if pixels > 0 else -notches
    return Scroll(point=args.place(*PLACES), dx=way if across else 0, dy=0 if across else -way, keys=args.held())


def keys_of(args: Args) -> Key:
    """``keys``: pressed in order, released in reverse, so one chord."""
    return args.keys("keys", "key", "text")


def _adb_key(args: Args) -> Button | Key:
    """``key`` of mobile_use: an adb keyevent, by name."""
    name = args.text("text", "key").strip().lower().removeprefix("keycode_")
    name = {"app_switch": "recents"}.get(name, name)
    presses = args.times(("presses", *TIMES), 64) or 1
    if name in get_args(ButtonName) and presses == 1:
        return Button(name=name)  # type: ignore[arg-type]
    ours = next((ours for ours, theirs in _ADB_KEYS.items() if name == theirs), None)
    return read_keys(ours or name, presses)


_SAME_IN_ADB = ("escape", "tab", "space")
_ADB_KEYS = {
    "backspace": "del",
    "delete": "forward_del",
    "pageup": "page_up",
    "pagedown": "page_down",
    "volumemute": "volume_mute",
    "playpause": "media_play_pause",
    **{way: f"dpad_{way}" for way in ("up", "down", "left", "right")},
    **{name: name for name in _SAME_IN_ADB},
    **{c: c for c in "abcdefghijklmnopqrstuvwxyz0123456789"},
}

_BOTH: dict[str, Read] = {
    "type": lambda args: args.typed("text"),
    "wait": lambda args: Wait(seconds=args.seconds(1.0, 60.0)),
    "terminate": lambda args: args.status("status"),
    "answer": lambda args: Answer(text=args.text("text")),
}
READ_DESKTOP: dict[str, Read] = {
    **_BOTH,
    "key": keys_of,
    "mouse_move": lambda args: Move(point=args.need_place(*PLACES)),
    "left_click": _click,
    "left_click_drag": _drag,
    "right_click": lambda args: _click(args, "right"),
    "middle_click": lambda args: _click(args, "middle"),
    "double_click": lambda args: _click(args, "left", 2),
    "triple_click": lambda args: _click(args, "left", 3),
    "scroll": read_scroll,
    "hscroll": lambda args: read_scroll(args, across=True),
    "key_down": lambda args: HoldKeys(keys=args.flat_keys("keys", "key", "text")),
    "key_up": lambda args: ReleaseKeys(keys=args.flat_keys("keys", "key", "text")),
    "hold_key": lambda args: args.hold_for("text", "keys", "key"),
    "left_mouse_down": lambda args: args.mouse(True, args.place(*PLACES), "left"),
    "left_mouse_up": lambda args: args.mouse(False, args.place(*PLACES), "left"),
}
READ_MOBILE: dict[str, Read] = {
    **_BOTH,
    "key": _adb_key,
    "click": lambda args: args.click(args.need_place(*PLACES)),
    "long_press": lambda args: LongPress(point=args.need_place(*PLACES), seconds=args.seconds(1.0, 600.0)),
    "swipe": _swipe,
    "system_button": lambda args: args.system_button(get_args(ButtonName), "Back, Home, Menu or Enter"),
    "open": lambda args: Open(target=args.text("text", "app")),
}


# Our actions in the model's words: writers -------------------------------------------------------------------------


def _number(value: float) -> float | int:
    return int(value) if float(value).is_integer() else value


def _write_both(action: AnyAction) -> dict[str, Any] | None:
    match action:
        case TypeText(clear=False):
            return {"action": "type", "text": action.text}
        case Wait():
            return {"action": "wait", "time": _number(action.seconds)}
        case Finish(message=""):
            return {"action": "terminate", "status": action.status}
    return None


def write_desktop(action: AnyAction, view: View) -> dict[str, Any] | None:
    """The arguments of ``computer_use`` for `action`, None where it has none."""
    match action:
        case Click(keys=(), count=1) | Click(keys=(), button="left", count=2):
            name = "double_click" if action.count == 2 else f"{action.button}_click"
            return {"action": name, "coordinate": view.numbers(action.point)}
        case Move():
            return {"action": "mouse_move", "coordinate": view.numbers(action.point)}
        case Drag(path=(start, end)) if plain_drag(action) and start == view.pointer:
            return {"action": "left_click_drag", "coordinate": view.numbers(end)}
        case Scroll(dx=0, keys=()):
            where = {} if action.point is None else {"coordinate": view.numbers(action.point)}
            return {"action": "scroll", "pixels": -action.dy * PIXELS_PER_NOTCH, **where}
        case Key():
            keys = key_names(action)
            return {"action": "key", "keys": keys} if keys else None
    return _write_both(action)


def write_held(action: AnyAction, view: View) -> dict[str, Any] | None:
    """The arguments for keys and the left button that are held down or let go, None for anything else."""
    match action:
        case HoldKeys(seconds=None) | ReleaseKeys():
            return {"action": action.type, "keys": [*action.keys]}
        case HoldMouse(button="left") | ReleaseMouse(button="left"):
            if action.point == view.pointer:
                return {"action": f"left_{action.type}"}
            return action.point and {"action": f"left_{action.type}", "coordinate": view.numbers(action.point)}
    return None


def write_mobile(action: AnyAction, view: View) -> dict[str, Any] | None:
    """The arguments of ``mobile_use`` for `action`, None where it has none."""
    match action:
        case Click(button="left", count=1, keys=()):
            return {"action": "click", "coordinate": view.numbers(action.point)}
        case LongPress():
            where = view.numbers(action.point)
            return {"action": "long_press", "coordinate": where, "time": _number(action.seconds)}
        case Drag(path=(start, end)) if plain_drag(action):
            return {"action": "swipe", "coordinate": view.numbers(start), "coordinate2": view.numbers(end)}
        case Button():
            return _write_button(action.name)
        case Key(chords=(chord,)) if chord in _ADB_KEYS:
            return {"action": "key", "text": _ADB_KEYS[chord]}
        case Open():
            return {"action": "open", "text": action.target}
    return _write_both(action)


def _write_button(name: ButtonName) -> dict[str, Any]:
    if name in ("back", "home", "menu", "enter"):
        return {"action": "system_button", "button": name.capitalize()}
    return {"action": "key", "text": "app_switch" if name == "recents" else name}


DESKTOP_ALIASES = {"click": "left_click", "tap": "left_click", "drag": "left_click_drag"}
MOBILE_ALIASES = {"tap": "click", "left_click": "click", "long_click": "long_press"}
COMPUTER_USE = ToolCallGrammar("computer_use", READ_DESKTOP, write_desktop, DESKTOP_ALIASES)
MOBILE_USE = ToolCallGrammar("mobile_use", READ_MOBILE, write_mobile, MOBILE_ALIASES)
"""The two grammars. Besides the schema they read what Qwen3-VL's version of it adds: triple_click, hscroll, answer."""


# The prompts -------------------------------------------------------------------------------------------------------


def tool_function(
    name: str,
    about: list[str],
    actions: Mapping[str, str],
    rest: Mapping[str, Mapping[str, Any]],
    *,
    for_human: bool = True,
) -> str:
    """The tool as qwen-agent renders it: one line of JSON, in this order of keys.

    `for_human` is for the two keys that qwen-agent 0.0.15 adds and Qwen3-VL's own prompts lack.
    """
    said = "".join(f"\n* `{action}`: {meaning}" for action, meaning in actions.items())
    action = {
        "description": f"What to do next. One of:{said}",
        "enum": list(actions),
        "type": "string",
    }
    function: dict[str, Any] = {
        "name": name,
        "description": "\n* ".join(about),
        "parameters": {"properties": {"action": action, **rest}, "required": ["action"], "type": "object"},
    }
    if for_human:
        function = {"name_for_human": name, **function, "args_format": "Format the arguments as a JSON object."}
    return json.dumps({"type": "function", "function": function}, ensure_ascii=False)


def tool_system(function: str, gap: str = "\n\n", role: str = "You are a helpful assistant.") -> str:
    """The system text around a tool, as qwen-agent's ``NousFnCallPrompt`` writes it."""
    return (
        f"{role}{gap}# Tools\n\n"
        "You may call one or more functions to assist with the user query.\n\n"
        "You are provided with function signatures within <tools></tools> XML tags:\n"
        f"<tools>\n{function}\n</tools>\n\n"
        "For each function call, return a json object with function name and arguments within "
        "<tool_call></tool_call> XML tags:\n"
        '<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>'
    )


_RESOLUTION = "The screen's resolution is ${width}x${height}."
_STATUS = {"description": "How the task ended. Needed by `action=terminate`.", "type": "string"}
_STATUS_VALUES = {"enum": ["success", "failure"]}

COMPUTER_ABOUT = [
    "Operate a desktop computer through its mouse and keyboard, looking at screenshots of it.",
    "You see the graphical desktop only; every program is reached through what is on the screen.",
    "Programs may need a moment to react. If the screen has not changed yet, wait and look again.",
    _RESOLUTION,
    "Read the position of an element from the screenshot before you point at it.",
    "Point at the middle of buttons, links and icons, not at their edges.",
    "If a click had no effect, adjust the position and try again.",
]
COMPUTER_ACTIONS = {
    "key": "Press the given keys down in order, then release them in the opposite order.",
    "type": "Write a text with the keyboard.",
    "mouse_move": "Move the cursor to a coordinate (x, y).",
    "left_click": "Click the left mouse button at a coordinate (x, y).",
    "left_click_drag": "Hold the left mouse button and drag from where the cursor is to a coordinate (x, y).",
    "right_click": "Click the right mouse button at a coordinate (x, y).",
    "middle_click": "Click the middle mouse button at a coordinate (x, y).",
    "double_click": "Double-click the left mouse button at a coordinate (x, y).",
    "scroll": "Turn the mouse wheel.",
    "wait": "Wait some seconds for the screen to change.",
    "terminate": "End the task and say how it went.",
}
COMPUTER_ARGUMENTS: dict[str, dict[str, Any]] = {
    "keys": {"description": "Key names. Needed by `action=key`.", "type": "array"},
    "text": {"description": "The text. Needed by `action=type`.", "type": "string"},
    "coordinate": {
        "description": "(x, y): pixels from the left edge and from the top edge. Needed by the mouse actions.",
        "type": "array",
    },
    "pixels": {
        "description": "How far to scroll, up if positive, down if negative. Needed by `action=scroll`.",
        "type": "number",
    },
    "time": {"description": "Seconds. Needed by `action=wait`.", "type": "number"},
    "status": {**_STATUS, **_STATUS_VALUES},
}
COMPUTER_FUNCTION = tool_function("computer_use", COMPUTER_ABOUT, COMPUTER_ACTIONS, COMPUTER_ARGUMENTS)
MOBILE_ABOUT = [
    "Operate a phone by touch, looking at screenshots of it.",
    "You can tap, type, swipe and press its buttons; every app is reached through what is on the screen.",
    "Apps may need a moment to react. If the screen has not changed yet, wait and look again.",
    _RESOLUTION,
    "Touch the middle of buttons, links and icons, not their edges.",
]
MOBILE_ACTIONS = {
    "key": "Send a key event by its adb name, such as `volume_up`, `volume_down`, `power`, `camera`, `clear`.",
    "click": "Tap at a coordinate (x, y).",
    "long_press": "Press at a coordinate (x, y) for some seconds.",
    "swipe": "Swipe from `coordinate` to `coordinate2`.",
    "type": "Write a text into the field that has the focus.",
    "system_button": "Press a button of the system.",
    "open": "Open an app by its name.",
    "wait": "Wait some seconds for the screen to change.",
    "terminate": "End the task and say how it went.",
}
MOBILE_ARGUMENTS: dict[str, dict[str, Any]] = {
    "coordinate": {
        "description": "(x, y): pixels from the left edge and from the top edge. "
        "Needed by `action=click`, `action=long_press` and `action=swipe`.",
        "type": "array",
    },
    "coordinate2": {"description": "(x, y): where the swipe ends. Needed by `action=swipe`.", "type": "array"},
    "text": {"description": "Needed by `action=key`, `action=type` and `action=open`.", "type": "string"},
    "time": {"description": "Seconds. Needed by `action=long_press` and `action=wait`.", "type": "number"},
    "button": {
        "description": "`Back`: one screen back, `Home`: the home screen, `Menu`: the list of open apps, "
        "`Enter`: confirm. Needed by `action=system_button`.",
        "enum": ["Back", "Home", "Menu", "Enter"],
        "type": "string",
    },
    "status": {**_STATUS, **_STATUS_VALUES},
}
MOBILE_FUNCTION = tool_function("mobile_use", MOBILE_ABOUT, MOBILE_ACTIONS, MOBILE_ARGUMENTS)

DECIDE = (
    "The user query:  ${instruction}\n"
    "Task progress (You have done the following operation on the current device): ${history}",
    IMAGE,
)
_POINT_PREFILL = '{"name": "computer_use", "arguments": {"action": "left_click", "coordinate": ['

QWEN25_VL = Dialect(
    name="qwen2.5-vl",
    family=r"qwen[-_.]?2[._-]?5[-_.]?vl",
    sizes="3B, 7B, 32B, 72B",
    licence="3B: Qwen Research (not commercial); 7B, 32B: Apache-2.0; 72B: Qwen",
    source="QwenLM/Qwen2.5-VL cookbooks; ScreenSpot-Pro models/qwen2_5vl.py",
    resize=Resize(factor=28, min_pixels=3136, max_pixels=12845056),
    space="abs_resized",
    overshoot=OVERSHOOT,
    grammar={"desktop": COMPUTER_USE, "mobile": MOBILE_USE},
    decide={
        "desktop": PromptTemplate(tool_system(COMPUTER_FUNCTION), DECIDE, max_tokens=2048),
        "mobile": PromptTemplate(tool_system(MOBILE_FUNCTION), DECIDE, max_tokens=2048),
    },
    locate=PromptTemplate(
        tool_system(COMPUTER_FUNCTION, gap="\n\n\n"),
        (IMAGE, "${instruction}"),
        prefill=f"{OPEN}\n{_POINT_PREFILL}",
        max_tokens=128,
    ),
    extract=EXTRACT,
    step="Step ${number}: ${action}${outcome}; ",
    retry="Your last answer did nothing (${error}). Answer with exactly one tool call. ",
)


def render_chatml(chat: Chat) -> str:
    """`chat` as Qwen2.5-VL's chat template renders it, up to and including the assistant's prefill."""
    messages = [("system", (chat.system,)), *((t.role, t.parts) for t in chat.turns), ("user", chat.user)]
    said = "".join(f"<|im_start|>{role}\n{''.join(map(_rendered, parts))}<|im_end|>\n" for role, parts in messages)
    return f"{said}<|im_start|>assistant\n{chat.prefill}"


def _rendered(part: ChatPart) -> str:
    is_text = isinstance(part, str) and part != IMAGE
    return str(part) if is_text else "<|vision_start|><|image_pad|><|vision_end|>"
