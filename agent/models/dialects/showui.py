"""ShowUI-2B: ``{'action': 'CLICK', 'value': None, 'position': [0.49, 0.42]}``, on websites and phones.

Action names, keys and the order of an answer are protocol (showlab/ShowUI: ``QUICK_START.md``,
``data/template/shared_navigation.py``). An answer may be a plan of several steps; the first is taken. An ``INPUT``
with a position is a click and a text: where the pointer is elsewhere, the click is done first.
"""

from __future__ import annotations

import math
from typing import Any

from actions.action import Answer, AnyAction, Button, Click, Drag, Key, Move, Scroll, TypeText
from actions.frame import Point
from agent.models.dialects.action_dicts import DictGrammar, ReadDict
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.call_syntax import CallArgs
from agent.models.dialects.common import UNVERSIONED, direction_of, plain_drag, scroll_of
from agent.models.dialects.dialect import IMAGE, Dialect, PromptTemplate, View
from agent.models.dialects.points import LIST, Places
from agent.models.dialects.resize import Resize

NEAR = 0.05
"""How far (parts of a side) the pointer may be from an INPUT's position for its field to count as clicked."""


def _input(args: CallArgs) -> TypeText | tuple[Click, TypeText]:
    text, point, pointer = args.text("value"), args.place("position"), args.view.pointer
    if point is None or pointer is None:
        return TypeText(text=text)
    frame = args.view.frame
    away = math.hypot((point.x - pointer.x) / frame.width, (point.y - pointer.y) / frame.height)
    if away <= NEAR:
        return TypeText(text=text)
    return Click(point=point), TypeText(text=text)


def _path(args: CallArgs) -> Drag:
    ends = args.get("position")
    if not isinstance(ends, list) or len(ends) != 2 or not all(isinstance(end, list) for end in ends):
        raise Unreadable("'position' must be [[x1,y1], [x2,y2]]")
    start, end = (CallArgs({"position": point}, args.view, True, args.notes).need_place("position") for point in ends)
    return Drag(path=(start, end))


def _point(args: CallArgs) -> Point:
    value = args.get("position")
    if isinstance(value, list) and len(value) == 2 and all(isinstance(part, list) for part in value):
        raise Unreadable("'position' has two places where one is wanted")
    return args.need_place("position")


def _select(args: CallArgs) -> Click:
    args.notes.append("the list is opened; its value is chosen once the model asks again")
    return Click(point=_point(args))


_WEB: dict[str, ReadDict] = {
    "CLICK": lambda args: args.click(_point(args)),
    "INPUT": _input,
    "SELECT": _select,
    "HOVER": lambda args: Move(point=_point(args)),
    "ANSWER": lambda args: Answer(text=args.text("value")),
    "ENTER": lambda args: Key(chords=("enter",)),
    "SCROLL": lambda args: scroll_of(args.text("value"), None),
    "SELECT_TEXT": _path,
    "COPY": lambda args: Key(chords=("ctrl+c",)),
}
_PHONE: dict[str, ReadDict] = {
    "INPUT": _input,
    "SWIPE": _path,
    "TAP": lambda args: Click(point=_point(args)),
    "ANSWER": lambda args: Answer(text=args.text("value")),
    "ENTER": lambda args: Button(name="enter"),
}


def _said(action: str, value: Any = None, position: Any = None) -> dict[str, Any]:
    return {"action": action, "value": value, "position": position}


def _write_both(action: AnyAction) -> dict[str, Any] | None:
    match action:
        case TypeText(clear=False):
            return _said("INPUT", action.text)
        case Answer():
            return _said("ANSWER", action.text)
    return None


def _write_web(action: AnyAction, view: View) -> dict[str, Any] | None:
    match action:
        case Click(button="left", count=1, keys=()):
            return _said("CLICK", position=view.numbers(action.point))
        case Move():
            return _said("HOVER", position=view.numbers(action.point))
        case Key(chords=("enter",)):
            return _said("ENTER")
        case Key(chords=("ctrl+c",)):
            return _said("COPY")
        case Scroll(point=None) if direction_of(action):
            return _said("SCROLL", direction_of(action))
        case Drag() if plain_drag(action):
            return _said("SELECT_TEXT", position=[view.numbers(point) for point in action.path])
    return _write_both(action)


def _write_phone(action: AnyAction, view: View) -> dict[str, Any] | None:
    match action:
        case Click(button="left", count=1, keys=()):
            return _said("TAP", position=view.numbers(action.point))
        case Button(name="enter"):
            return _said("ENTER")
        case Drag() if plain_drag(action):
            return _said("SWIPE", position=[view.numbers(point) for point in action.path])
    return _write_both(action)


_PLACES = Places(own=(LIST,))
_WEB_SPACE = (
    "`CLICK`: click an element; position [x,y].",
    "`INPUT`: type a text into an element; value is the text, position [x,y].",
    "`SELECT`: choose a value of an element; position [x,y].",
    "`HOVER`: hover over an element; position [x,y].",
    "`ANSWER`: answer the question; value is the answer.",
    "`ENTER`: press Enter.",
    "`SCROLL`: scroll the screen; value is the direction.",
    "`SELECT_TEXT`: select text; position [[x1,y1], [x2,y2]].",
    "`COPY`: copy the text; value is the text.",
)
_PHONE_SPACE = (
    "`INPUT`: type a text into an element; value is the text.",
    "`SWIPE`: swipe the screen; position [[x1,y1], [x2,y2]].",
    "`TAP`: tap an element; position [x,y].",
    "`ANSWER`: value is the status, such as 'task complete'.",
    "`ENTER`: press Enter.",
)


def _prompt(app: str, space: tuple[str, ...]) -> PromptTemplate:
    told = "\n".join(f"{number}. {line}" for number, line in enumerate(space, 1))
    system = (
        f"You are an assistant trained to navigate the {app} screen. Given a task instruction, a screen observation, "
        f"and an action history sequence, output the next action. Here is the action space:\n{told}\n\n"
        "Format the action as a dictionary with the following keys:\n"
        "{'action': 'ACTION_TYPE', 'value': 'element', 'position': [x,y]}\n\n"
        "What is not applicable is `None`. Positions are relative to the screenshot, from 0 to 1.\n"
    )
    return PromptTemplate("", (system, "Task: ${instruction}\nAction History: ${history}\n", IMAGE), max_tokens=256)


SHOWUI = Dialect(
    name="showui",
    family=r"showui" + UNVERSIONED,
    sizes="2B (Qwen2-VL)",
    licence="MIT (model card; unverified), code Apache-2.0",
    source="showlab/ShowUI: QUICK_START.md, data/template/shared_navigation.py",
    resize=Resize(factor=28, min_pixels=256 * 28 * 28, max_pixels=1344 * 28 * 28),
    space="rel1",
    grammar={
        "desktop": DictGrammar(_WEB, _write_web, _PLACES, python=True, ignored=("value",)),
        "mobile": DictGrammar(_PHONE, _write_phone, _PLACES, python=True, ignored=("value",)),
    },
    decide={"desktop": _prompt("website", _WEB_SPACE), "mobile": _prompt("smartphone", _PHONE_SPACE)},
    locate=PromptTemplate(
        "",
        (
            "Based on the screenshot of the page, I give a text description and you give its corresponding location. "
            "The coordinate represents a clickable location [x, y] for an element, which is a relative coordinate on "
            "the screenshot, scaled from 0 to 1.",
            IMAGE,
            "${instruction}",
        ),
        max_tokens=128,
    ),
    extract=None,
    step="${action}${outcome}, ",
    retry="The last answer did nothing (${error}).",
    no_history="None",
    place_format="[${x}, ${y}]",
)
