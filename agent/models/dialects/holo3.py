"""Holo3, 3.1 and 4: one JSON object a step, ``{"note": …, "thought": …, "tool_call": {"tool_name": "click", …}}``.

The form, the place of the schema, the layout of the conversation and the coordinates are protocol (H Company's pages
"agent loop" and "element localization"; hcompai/hai-cookbook ``holo2``). Only ``click``, ``write`` and ``answer`` are
published as tools; the others are ours, as the page has it. A ``note`` is told again with the answer it stands in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from actions.action import (
    AnyAction,
    AskUser,
    Button,
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
)
from actions.frame import Point
from agent.models.dialects.action_dicts import DictGrammar, ReadDict
from agent.models.dialects.call_syntax import CallArgs
from agent.models.dialects.common import EXTRACT, direction_of, has_default_duration, plain_drag, scroll_of
from agent.models.dialects.dialect import IMAGE, Dialect, Platform, PromptTemplate, View
from agent.models.dialects.holo import OBSERVATION, OBSERVED
from agent.models.dialects.keys import key_names
from agent.models.dialects.points import JSON_XY, PAIR, Places
from agent.models.dialects.resize import Resize

_BUTTONS = ("back", "home", "recents", "enter")


def _write_text(args: CallArgs) -> TypeText | tuple[Click, TypeText]:
    """A text; with a place a click there first."""
    text = args.typed("content")
    return (Click(point=args.xy()), text) if {"x", "y"} & set(args.values) else text


def _scroll(args: CallArgs) -> Scroll:
    point = args.xy() if {"x", "y"} & set(args.values) else None
    return scroll_of(args.text("direction"), point, args.times(("amount",), 100) or 5)


def _drag(args: CallArgs) -> Drag:
    return Drag(path=(args.xy(), args.xy("to_x", "to_y")))


_BOTH: dict[str, ReadDict] = {
    "click": lambda args: args.click(args.xy()),
    "write": _write_text,
    "wait": lambda args: Wait(seconds=args.seconds(1.0, 60.0)),
    "answer": lambda args: Finish(status="success", message=args.text("content")),
    "give_up": lambda args: Finish(status="failure", message=args.text("reason")),
    "ask_user": lambda args: AskUser(question=args.text("question")),
}
_DESKTOP: dict[str, ReadDict] = {
    **_BOTH,
    "double_click": lambda args: args.click(args.xy(), "left", 2),
    "triple_click": lambda args: args.click(args.xy(), "left", 3),
    "right_click": lambda args: args.click(args.xy(), "right", 1),
    "move": lambda args: Move(point=args.xy()),
    "drag": _drag,
    "press_keys": lambda args: args.keys("keys"),
    "scroll": _scroll,
}
_MOBILE: dict[str, ReadDict] = {
    **_BOTH,
    "long_press": lambda args: LongPress(point=args.xy(), seconds=args.seconds(1.0, 600.0)),
    "swipe": _drag,
    "press_button": lambda args: args.system_button(_BUTTONS),
    "open_app": lambda args: Open(target=args.text("app_name")),
}
_CLICKS = {("left", 1): "click", ("left", 2): "double_click", ("left", 3): "triple_click", ("right", 1): "right_click"}


def _at(name: str, point: Point, view: View) -> dict[str, Any]:
    x, y = view.numbers(point)
    return {"tool_name": name, "element": "", "x": x, "y": y}


def _write_both(action: AnyAction) -> dict[str, Any] | None:
    match action:
        case TypeText(clear=False):
            return {"tool_name": "write", "content": action.text}
        case Wait() if action.seconds.is_integer():
            return {"tool_name": "wait", "seconds": int(action.seconds)}
        case Finish():
            name, said = ("answer", "content") if action.status == "success" else ("give_up", "reason")
            return {"tool_name": name, said: action.message}
        case AskUser():
            return {"tool_name": "ask_user", "question": action.question}
    return None


def _dragged(name: str, action: Drag, view: View) -> dict[str, Any]:
    to_x, to_y = view.numbers(action.path[1])
    return {**_at(name, action.path[0], view), "to_x": to_x, "to_y": to_y}


def _write_desktop(action: AnyAction, view: View) -> dict[str, Any] | None:
    match action:
        case Click(keys=()) if (action.button, action.count) in _CLICKS:
            return _at(_CLICKS[action.button, action.count], action.point, view)
        case Move():
            return _at("move", action.point, view)
        case Drag() if plain_drag(action):
            return _dragged("drag", action, view)
        case Key():
            keys = key_names(action)
            return {"tool_name": "press_keys", "keys": keys} if keys else None
        case Scroll() if direction_of(action, None):
            where = {} if action.point is None else _at("scroll", action.point, view)
            way = {"direction": direction_of(action, None), "amount": abs(action.dx or action.dy)}
            return {"tool_name": "scroll", **where, **way}
    return _write_both(action)


def _write_mobile(action: AnyAction, view: View) -> dict[str, Any] | None:
    match action:
        case Click(button="left", count=1, keys=()):
            return _at("click", action.point, view)
        case LongPress() if has_default_duration(action):
            return _at("long_press", action.point, view)
        case Drag() if plain_drag(action):
            return _dragged("swipe", action, view)
        case Button() if action.name in _BUTTONS:
            return {"tool_name": "press_button", "button": action.name}
        case Open():
            return {"tool_name": "open_app", "app_name": action.target}
    return _write_both(action)


def _step(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"note": None, "thought": "", "tool_call": values}


def _calls(platform: Platform) -> DictGrammar:
    return DictGrammar(
        *((_DESKTOP, _write_desktop) if platform == "desktop" else (_MOBILE, _write_mobile)),
        Places(own=(JSON_XY, PAIR)),
        around=_step,
        by="tool_name",
        inside="tool_call",
        begins=("note", "thought", "tool_call", "tool_name"),
    )


_PLACE = {"type": "integer", "minimum": 0, "maximum": 1000}
_TEXT: dict[str, Any] = {"type": "string"}
_POINT = {"element": _TEXT, "x": _PLACE, "y": _PLACE}
_PATH = {**_POINT, "to_x": _PLACE, "to_y": _PLACE}
_TOOLS: dict[Platform, dict[str, dict[str, Any]]] = {
    "desktop": {
        **dict.fromkeys(("click", "double_click", "triple_click", "right_click", "move"), _POINT),
        "drag": _PATH,
        "press_keys": {"keys": {"type": "array", "items": _TEXT}},
        "scroll": {**_POINT, "direction": {"enum": ["up", "down", "left", "right"]}, "amount": {"type": "integer"}},
    },
    "mobile": {
        **dict.fromkeys(("click", "long_press"), _POINT),
        "swipe": _PATH,
        "press_button": {"button": {"enum": list(_BUTTONS)}},
        "open_app": {"app_name": _TEXT},
    },
}
_ALWAYS: dict[str, dict[str, Any]] = {
    "write": {"content": _TEXT},
    "wait": {"seconds": {"type": "integer"}},
    "answer": {"content": _TEXT},
    "give_up": {"reason": _TEXT},
    "ask_user": {"question": _TEXT},
}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def _prompt(platform: Platform) -> PromptTemplate:
    tools = {**_TOOLS[platform], **_ALWAYS}
    union = {"anyOf": [_object({"tool_name": {"const": name}, **fields}) for name, fields in tools.items()]}
    schema = _object({"note": {"type": ["string", "null"]}, "thought": _TEXT, "tool_call": union})
    device = {"desktop": "computer", "mobile": "phone"}[platform]
    return PromptTemplate(
        f"You operate a {device} for the user. In each step you are shown the screen and choose one tool. Coordinates "
        "are from 0 to 1000 along each side of the screenshot, from its upper left corner. Earlier screenshots are "
        "taken away: put what later steps need into note, else null. Call answer once the task is done.\n\n"
        f"<output_format>\n{json.dumps(schema)}\n</output_format>",
        ("<task>\n${instruction}\n</task>\n\n", *OBSERVATION),
        max_tokens=4096,
        thinking=True,
        conversation=OBSERVED,
    )


HOLO3 = Dialect(
    name="holo3",
    family=r"holo[-_.]?(?:3(?:[._-]1(?!\d))?|4)(?![\db])(?![._]\d)",
    sizes="3: 35B-A3B, 122B-A10B; 3.1: 0.8B, 4B, 9B, 35B-A3B (Qwen3.5); 4: 27B (Qwen3.8), 35B-A3B (Qwen3.6)",
    licence="Apache-2.0; Holo4-27B: CC-BY-NC-4.0 (not commercial)",
    source="hub.hcompany.ai: agent-loop, element-localization; hcompai/hai-cookbook: holo2",
    resize=Resize(factor=32, min_pixels=65536, max_pixels=16777216),
    space="rel1000",
    grammar={"desktop": _calls("desktop"), "mobile": _calls("mobile")},
    decide={"desktop": _prompt("desktop"), "mobile": _prompt("mobile")},
    locate=PromptTemplate(
        "",
        (
            IMAGE,
            "Localize an element on the GUI image according to the provided target and output a click position.\n"
            f" * You must output a valid JSON following the format: {json.dumps(_object({'x': _PLACE, 'y': _PLACE}))}\n"
            " Your target is:\n${instruction}",
        ),
        max_tokens=128,
        thinking=False,
    ),
    extract=EXTRACT,
    place_parser=Places(own=(JSON_XY, PAIR)),
    retry="Your last answer did nothing (${error}). Answer with one JSON object.",
    thinks=True,
    thinking_key="enable_thinking",
    place_format='{"x": ${x}, "y": ${y}}',
)
