"""GLM-4.5V and 4.6V: calls on a computer, JSON on a phone, with a memory of the model's own.

Actions, argument names, marks, labels and the layout of the question are protocol (zai-org/GLM-V
``examples/gui-agent/glm-45v/agent.md``, ``gui_agent_45v.py``; zai-org/GLM-skills for pointing). All is told in one
message: on a computer with the last four screenshots in half their size and the newest memory, on a phone with the
earlier answers. Actions count 999 parts of a side, pointing 1000. ``input_text`` clicks, types and presses Enter.
"""

from __future__ import annotations

import json
from typing import Any

from actions.action import (
    Answer,
    AnyAction,
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
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.call_syntax import CallArgs, CallGrammar, ReadCall, quoted
from agent.models.dialects.common import (
    DIRECTIONS,
    EXTRACT,
    FINGER,
    NOTCHES,
    clicked_first,
    direction_of,
    has_default_duration,
    plain_drag,
    scroll_of,
)
from agent.models.dialects.conversation import TOLD, Conversation
from agent.models.dialects.dialect import IMAGE, Actions, Dialect, PromptTemplate, View
from agent.models.dialects.keys import key_text
from agent.models.dialects.points import JSON_BOX, LIST, QUAD, Places
from agent.models.dialects.resize import Resize

_OPEN, _CLOSE = "<|begin_of_box|>", "<|end_of_box|>"
_WAIT = 5.0
_PLACES = Places(own=(QUAD, LIST, JSON_BOX))

# Computers ---------------------------------------------------------------------------------------------------------


def _scroll(args: CallArgs) -> Scroll:
    return scroll_of(args.text("direction"), args.place("start_box"), args.times(("step",), 100) or NOTCHES)


_READ_PC: dict[str, ReadCall] = {
    "left_click": lambda args: args.click(args.need_place("start_box"), "left", 1),
    "right_click": lambda args: args.click(args.need_place("start_box"), "right", 1),
    "middle_click": lambda args: args.click(args.need_place("start_box"), "middle", 1),
    "left_double_click": lambda args: args.click(args.need_place("start_box"), "left", 2),
    "hover": lambda args: Move(point=args.need_place("start_box")),
    "left_drag": lambda args: Drag(path=(args.need_place("start_box"), args.need_place("end_box"))),
    "key": lambda args: args.keys("keys"),
    "type": lambda args: args.typed("content"),
    "scroll": _scroll,
    "WAIT": lambda args: Wait(seconds=_WAIT),
    "DONE": lambda args: Finish(status="success"),
    "FAIL": lambda args: Finish(status="failure"),
}
_CLICKS = {
    ("left", 1): "left_click",
    ("left", 2): "left_double_click",
    ("right", 1): "right_click",
    ("middle", 1): "middle_click",
}


def _at(point: Point, view: View, name: str = "start_box") -> str:
    x, y = view.numbers(point)
    return f"{name}='[{x},{y}]'"


def _write_pc(action: AnyAction, view: View) -> str | None:
    match action:
        case Click(keys=()) if (action.button, action.count) in _CLICKS:
            return f"{_CLICKS[action.button, action.count]}({_at(action.point, view)})"
        case Move():
            return f"hover({_at(action.point, view)})"
        case Drag(path=(start, end)) if plain_drag(action):
            return f"left_drag({_at(start, view)}, {_at(end, view, 'end_box')})"
        case Key():
            keys = key_text(action, "+")
            return f"key(keys={quoted(keys)})" if keys else None
        case TypeText(clear=False):
            return f"type(content={quoted(action.text)})"
        case Scroll() if action.point is not None and not action.dx and direction_of(action, None):
            way, steps = direction_of(action, None), abs(action.dy)
            return f"scroll({_at(action.point, view)}, direction='{way}', step={steps})"
        case Wait() if action.seconds == _WAIT:
            return "WAIT()"
        case Finish(message=""):
            return "DONE()" if action.status == "success" else "FAIL()"
    return None


_PC_FORMS = (
    "left_click, right_click, middle_click(start_box='[x,y]', element_info='')",
    "hover(start_box='[x,y]', element_info='')",
    "left_double_click(start_box='[x,y]', element_info='')",
    "left_drag(start_box='[x1,y1]', end_box='[x2,y2]', element_info='')",
    "key(keys='') # keys pressed together are joined by +, as in 'ctrl+c'",
    "type(content='') # into what has the focus",
    "scroll(start_box='[x,y]', direction='', step=5, element_info='') # down or up, by steps of the wheel",
    "WAIT() # 5 seconds",
    "DONE() # the task is done",
    "FAIL() # it cannot be done",
)
_HEAD = (
    "You are an agent for graphical interfaces and do the user's task by looking at screenshots of them. All places "
    "are in thousandths (0-999) of the screenshot's sides.\n\n# Task:\n${instruction}\n\n# Task Platform\n"
)
_PC = PromptTemplate(
    "",
    (
        f"{_HEAD}Ubuntu\n\n# Action Space\n"
        + "\n".join(_PC_FORMS)
        + "\n\n# Historical Actions and Current Memory\nHistory:",
        TOLD,
        "\nMemory:\n${memory}\n# Output Format\nPlain text that says why, and one action(param='...')\nMemory:\n"
        '[{"key": "value"}, ...]\n\n# Some Additional Notes\n- Of the steps before, the last four screenshots are '
        "shown, in half their size.\n- Only what stands in Memory is told to you again, as a list.\n\n"
        "Current Screenshot:\n",
        IMAGE,
    ),
    max_tokens=8192,
    conversation=Conversation(
        pictures=5,
        placeholder="(Omitted in context.)",
        answer=" Thought: ${thought}\nAction: ${action}",
        scale=0.5,
        said=r"\A(?:.*</think>)?\s*(\S.*?)\s*<\|begin_of_box\|>",
        label="\nstep ${number}: Screenshot:",
        memory=r"\nMemory:\s*(\[.*?\])\s*\Z",
        empty="[]",
    ),
)

# Phones ------------------------------------------------------------------------------------------------------------


def _swipe(args: CallArgs) -> Scroll:
    way = args.text("direction").strip().lower()
    if way not in DIRECTIONS:
        raise Unreadable(f"unknown direction {way[:40]!r}; use up, down, left or right")
    return scroll_of(FINGER[way], args.place("box_2d"))


def _status(args: CallArgs) -> Finish:
    said = args.text("goal_status").strip().lower()
    if said not in ("complete", "infeasible"):
        raise Unreadable(f"unknown goal_status {said[:40]!r}; use complete or infeasible")
    return Finish(status="success" if said == "complete" else "failure")


def _input(args: CallArgs) -> Actions:
    text = TypeText(text=args.text("text") + "\n", clear=args.flag("override"))
    return clicked_first(text, args.place("box_2d"), args.view)


_READ_PHONE: dict[str, ReadDict] = {
    "status": _status,
    "answer": lambda args: Answer(text=args.text("text")),
    "click": lambda args: args.click(args.need_place("box_2d")),
    "long_press": lambda args: LongPress(point=args.need_place("box_2d")),
    "input_text": _input,
    "keyboard_enter": lambda args: Button(name="enter"),
    "navigate_home": lambda args: Button(name="home"),
    "navigate_back": lambda args: Button(name="back"),
    "swipe": _swipe,
    "open_app": lambda args: Open(target=args.text("app_name")),
    "wait": lambda args: Wait(),
}
_BUTTONS = {"enter": "keyboard_enter", "home": "navigate_home", "back": "navigate_back"}


def _box(point: Point, view: View) -> dict[str, Any]:
    return {"box_2d": [[*view.numbers(point), *view.numbers(point)]]}


def _write_phone(action: AnyAction, view: View) -> dict[str, Any] | None:
    match action:
        case Click(button="left", count=1, keys=()):
            return {"action_type": "click", **_box(action.point, view)}
        case LongPress() if has_default_duration(action):
            return {"action_type": "long_press", **_box(action.point, view)}
        case TypeText() if action.text.endswith("\n") and view.pointer is not None:
            box = _box(view.pointer, view)
            return {"action_type": "input_text", "text": action.text[:-1], **box, "override": action.clear}
        case Button() if action.name in _BUTTONS:
            return {"action_type": _BUTTONS[action.name]}
        case Scroll() if direction_of(action):
            box = {} if action.point is None else _box(action.point, view)
            return {"action_type": "swipe", "direction": FINGER[direction_of(action)], **box}
        case Open():
            return {"action_type": "open_app", "app_name": action.target}
        case Answer():
            return {"action_type": "answer", "text": action.text}
        case Wait() if action == Wait():
            return {"action_type": "wait"}
        case Finish(message=""):
            return {"action_type": "status", "goal_status": "complete" if action.status == "success" else "infeasible"}
    return None


_WHERE: dict[str, Any] = {"box_2d": [["xmin", "ymin", "xmax", "ymax"]]}
_PHONE_FORMS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"action_type": "status", "goal_status": "complete or infeasible"}, "end the task"),
    ({"action_type": "answer", "text": "the answer"}, "answer a question of the user"),
    ({"action_type": "click", **_WHERE}, "tap"),
    ({"action_type": "long_press", **_WHERE}, "press long"),
    ({"action_type": "input_text", "text": "the text", **_WHERE, "override": False}, "tap a field, type, press Enter"),
    ({"action_type": "keyboard_enter"}, "press Enter"),
    ({"action_type": "navigate_home"}, "go to the home screen"),
    ({"action_type": "navigate_back"}, "go back"),
    ({"action_type": "swipe", "direction": "up, down, left or right", **_WHERE}, "move a finger; box_2d is optional"),
    ({"action_type": "open_app", "app_name": "the name"}, "open an app"),
    ({"action_type": "wait"}, "wait for the screen"),
)
_PHONE = PromptTemplate(
    "",
    (
        f"{_HEAD}Mobile\n\n# Action Space\n"
        + "\n".join(f"{json.dumps(form)} # {what}" for form, what in _PHONE_FORMS)
        + "\n\n# Historical Actions and Current Memory\n${history}\n\n# Output Format\n"
        "Memory: what later steps need of this screen\nReason: why this action\nAction: the action, as JSON\n",
        IMAGE,
    ),
    max_tokens=8192,
    conversation=Conversation(
        line="Step ${index}:\n${answer}${outcome}\n\n", nothing="Nothing was done yet.", thoughts=False
    ),
)

GLM_V = Dialect(
    name="glm-v",
    family=r"glm[-_.]?4[._-]?[56]v",
    sizes="4.5V (106B-A12B), 4.6V (106B-A12B), 4.6V-Flash (9B)",
    licence="MIT",
    source="zai-org/GLM-V: examples/gui-agent/glm-45v; 4.6V is spoken to as 4.5V (its own example was not seen)",
    resize=Resize(factor=28, min_pixels=112 * 112, max_pixels=12845056),
    space="rel999",
    space_for={"locate": "rel1000"},
    grammar={
        "desktop": CallGrammar(
            read=_READ_PC,
            write=_write_pc,
            places=_PLACES,
            markers=(_OPEN,),
            answer=f"${{said}} {_OPEN}${{call}}{_CLOSE}\nMemory:\n[]",
            ignored=("element_info",),
        ),
        "mobile": DictGrammar(
            _READ_PHONE,
            _write_phone,
            _PLACES,
            by="action_type",
            inside="",
            begins=("action_type",),
            answer="Memory: None\nReason: ${said}\nAction: ${values}",
        ),
    },
    decide={"desktop": _PC, "mobile": _PHONE},
    locate=PromptTemplate(
        "",
        (IMAGE, "Where is <expr>${instruction}</expr>? Give its box as [[x1,y1,x2,y2]] in thousandths."),
        max_tokens=4096,
    ),
    extract=EXTRACT,
    place_parser=_PLACES,
    retry="\n(Your last answer did nothing: ${error}. Answer in the output format.)\n",
    thinks=True,
    keep_special_tokens=True,
    thinking_key="enable_thinking",
)
