"""UI-Venus 1.0 (separate models to point and to act) and 1.5: ``<action>Click(box=(512,304))</action>``.

Calls, argument names and tags are protocol (inclusionAI/UI-Venus: ``models/navigation/utils.py`` and
``models/grounding``). Texts in calls are not escaped: the project's own reader takes what stands between the quotes.
A ``Type`` presses Enter after the text, as the project's own harness does.
"""

from __future__ import annotations

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
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.call_syntax import CallArgs, CallGrammar, ReadCall, unescaped
from agent.models.dialects.common import EXTRACT, direction_of, has_default_duration, plain_drag, scroll_of
from agent.models.dialects.dialect import IMAGE, Dialect, PromptTemplate, View
from agent.models.dialects.keys import key_names
from agent.models.dialects.points import LIST, PAIR, QUAD, Places
from agent.models.dialects.qwen import OVERSHOOT
from agent.models.dialects.resize import Resize


def _drag(args: CallArgs) -> Drag | Scroll:
    """From place to place; a scroll on the web names only a direction."""
    start, end = args.place("start"), args.place("end")
    if start is None and end is None and args.get("direction"):
        return scroll_of(args.text("direction"), None)
    if start is None or end is None:
        raise Unreadable("'start' and 'end' are both needed")
    _agree(args, start, end)
    return Drag(path=(start, end))


def _agree(args: CallArgs, start: Point, end: Point) -> None:
    """Raises `Unreadable` for a ``direction`` that is neither the finger's nor the content's along the longer axis."""
    direction = args.one_of(("direction",))
    across = abs(end.x - start.x) > abs(end.y - start.y)
    if direction is not None and direction not in (("left", "right") if across else ("up", "down")):
        raise Unreadable(f"'direction' is {direction!r}, and the two places say otherwise")


_MOBILE: dict[str, ReadCall] = {
    "Click": lambda args: args.click(args.need_place("box", "0")),
    "Drag": lambda args: Drag(path=(args.need_place("start"), args.need_place("end"))),
    "Scroll": _drag,
    "Type": lambda args: args.typed("content", "0", enter=True),
    "Launch": lambda args: Open(target=args.one_of(("url",)) or args.text("app", "0")),
    "Wait": lambda args: Wait(),
    "Finished": lambda args: Finish(status="success", message=args.message("content", "0")),
    "CallUser": lambda args: AskUser(question=args.text("content", "0")),
    "LongPress": lambda args: LongPress(point=args.need_place("box", "0")),
    "PressBack": lambda args: Button(name="back"),
    "PressHome": lambda args: Button(name="home"),
    "PressEnter": lambda args: Button(name="enter"),
    "PressRecent": lambda args: Button(name="recents"),
}
_WEB: dict[str, ReadCall] = {
    **_MOBILE,
    "PressBack": lambda args: Key(chords=("alt+left",)),
    "PressEnter": lambda args: Key(chords=("enter",)),
    "Hover": lambda args: Move(point=args.need_place("box", "0")),
    "DoubleClick": lambda args: args.click(args.need_place("box", "0"), count=2),
    "Hotkey": lambda args: args.keys("keys", "0"),
}


def _at(point: Point, view: View) -> str:
    x, y = view.numbers(point)
    return f"({x},{y})"


def _write_both(action: AnyAction, view: View) -> str | None:
    match action:
        case Click(button="left", count=1, keys=()):
            return f"Click(box={_at(action.point, view)})"
        case LongPress() if has_default_duration(action):
            return f"LongPress(box={_at(action.point, view)})"
        case Drag() if plain_drag(action):
            start, end = (_at(point, view) for point in action.path)
            return f"Drag(start={start}, end={end})"
        case TypeText(clear=False) if action.text.endswith("\n"):
            return f"Type(content={unescaped(action.text[:-1])})"
        case Wait() if action == Wait():
            return "Wait()"
        case Finish(status="success"):
            return f"Finished(content={unescaped(action.message)})"
        case AskUser():
            return f"CallUser(content={unescaped(action.question)})"
        case Open():
            return f"Launch(app={unescaped(action.target)})"
    return None


_PRESSES = {"back": "PressBack", "home": "PressHome", "enter": "PressEnter", "recents": "PressRecent"}


def _write_mobile(action: AnyAction, view: View) -> str | None:
    if isinstance(action, Button) and action.name in _PRESSES:
        return f"{_PRESSES[action.name]}()"
    return _write_both(action, view)


def _write_web(action: AnyAction, view: View) -> str | None:
    match action:
        case Move():
            return f"Hover(box={_at(action.point, view)})"
        case Click(button="left", count=2, keys=()):
            return f"DoubleClick(box={_at(action.point, view)})"
        case Scroll(point=None) if direction_of(action):
            return f"Scroll(direction='{direction_of(action)}')"
        case Key():
            return _write_key(key_names(action) or [])
    return _write_both(action, view)


def _write_key(keys: list[str]) -> str | None:
    if keys in (["enter"], ["alt", "left"], []):
        return {1: "PressEnter()", 2: "PressBack()"}.get(len(keys))
    return "Hotkey(keys=[" + ", ".join(unescaped(key) for key in keys) + "])"


_ANSWER = "<think>${said}</think>\n<action>${call}</action>\n<conclusion></conclusion>"
_PLACES = Places(own=(LIST, QUAD), markers=("</think>",))


def _calls(mobile: bool) -> CallGrammar:
    return CallGrammar(
        read=_MOBILE if mobile else _WEB,
        write=_write_mobile if mobile else _write_web,
        places=_PLACES,
        markers=("<action>",),
        answer=_ANSWER,
        raw=True,
    )


_BOTH_SPACE = [
    "Click(box=(x1,y1))",
    "Drag(start=(x1,y1), end=(x2,y2))",
    "{scroll}",
    "Type(content='')",
    "Launch(app='')",
    "Wait()",
    "Finished(content='')",
    "CallUser(content='')",
    "LongPress(box=(x1,y1))",
    "PressBack()",
]
_MOBILE_SPACE = [*_BOTH_SPACE, "PressHome()", "PressEnter()", "PressRecent()"]
_WEB_SPACE = [
    *_BOTH_SPACE,
    "PressEnter()",
    "Hover(box=(x1,y1))",
    "DoubleClick(box=(x1,y1))",
    "Hotkey(keys=['ctrl', 'c']) # At most 3 keys, each in single quotes.",
]


def _prompt(space: list[str], scroll: str) -> PromptTemplate:
    told = "\n".join(f"- {line}" for line in space).replace("{scroll}", scroll)
    text = (
        "**You are a GUI Agent.**\nLook at the task, at what was done so far and at the screenshot, and choose the "
        f"next action.\n\n### Available Actions\n{told}\n\n### User Task\n${{instruction}}\n\n### Previous Actions\n"
        "${history}\n\n### Output Format\n<think> your thinking process </think>\n<action> the next action </action>\n"
        "<conclusion> the conclusion about the next action </conclusion>\n\n### Instruction\n"
        "- Exactly one action in each step.\n- Do not repeat an action that changed nothing.\n"
        "- Click a text field before you type into it.\n"
    )
    return PromptTemplate(system="", user=(IMAGE, text), max_tokens=2048)


_STEP = "Step ${index}: <think>${thought}</think><action>${action}</action>${outcome}\n"
_RETRY = "Your last answer did nothing (${error}). Answer with exactly one action in <action></action>."

UI_VENUS_10_GROUND = Dialect(
    name="ui-venus-1.0-ground",
    family=r"ui[-_.]?venus[-_.]?(?:1[._-]0[-_.]?)?ground",
    sizes="7B, 72B",
    licence="Apache-2.0",
    source="inclusionAI/UI-Venus (branch UI-Venus-1.0): models/grounding",
    resize=Resize(factor=28, min_pixels=2000000, max_pixels=4800000),
    space="abs_resized",
    overshoot=OVERSHOOT,
    grammar={},
    decide={},
    locate=PromptTemplate(
        "",
        (
            IMAGE,
            "Outline the position corresponding to the instruction: ${instruction}. "
            "The output should be only [x1,y1,x2,y2].",
        ),
        max_tokens=128,
    ),
    extract=None,
    place_parser=Places(own=(QUAD,)),
    place_format="[${x}, ${y}, ${x2}, ${y2}]",
)
UI_VENUS_10_NAVI = Dialect(
    name="ui-venus-1.0-navi",
    family=r"ui[-_.]?venus[-_.]?(?:1[._-]0[-_.]?)?navi",
    sizes="7B, 72B",
    licence="Apache-2.0",
    source="inclusionAI/UI-Venus (branch UI-Venus-1.0): models/navigation/utils.py",
    resize=Resize(factor=28, min_pixels=2000000, max_pixels=4800000),
    space="abs_resized",
    overshoot=OVERSHOOT,
    grammar={"mobile": _calls(mobile=True)},
    decide={"mobile": _prompt(_MOBILE_SPACE, "Scroll(start=(x1,y1), end=(x2,y2), direction='down/up/right/left')")},
    locate=UI_VENUS_10_GROUND.locate,
    extract=EXTRACT,
    place_parser=Places(own=(QUAD, PAIR), markers=("<action>",)),
    step=_STEP,
    retry=_RETRY,
    thinks=True,
    place_format="[${x}, ${y}, ${x2}, ${y2}]",
)
UI_VENUS_15 = Dialect(
    name="ui-venus-1.5",
    family=r"ui[-_.]?venus[-_.]?v?1[._-]5",
    sizes="2B, 8B, 30B-A3B",
    licence="Apache-2.0",
    source="inclusionAI/UI-Venus: models/navigation/utils.py, models/grounding/ui_venus1_5_gd.py",
    resize=Resize(factor=32, min_pixels=65536, max_pixels=16777216),
    space="rel1000",
    grammar={"desktop": _calls(mobile=False), "mobile": _calls(mobile=True)},
    decide={
        "desktop": _prompt(_WEB_SPACE, "Scroll(direction='down or up')"),
        "mobile": _prompt(_MOBILE_SPACE, "Scroll(start=(x1,y1), end=(x2,y2))"),
    },
    locate=PromptTemplate(
        "",
        (
            IMAGE,
            "Output the center point of the position corresponding to the following instruction: \n${instruction}. "
            "\n\nThe output should just be the coordinates of a point, in the format [x,y]. Additionally, if the task "
            "is infeasible (e.g., the task is not related to the image), the output should be [-1,-1].",
        ),
        max_tokens=256,
    ),
    extract=EXTRACT,
    place_parser=_PLACES,
    step=_STEP,
    retry=_RETRY,
    thinks=True,
    place_format="[${x}, ${y}]",
)
