"""UI-Venus-2: ``<action>Click(box=(512, 304))</action>`` on computers and phones.

Calls, argument names, labels and tags are protocol (inclusionAI/UI-Venus, branch UI-Venus-2:
``models/computer/computer_example.py``, ``models/mobile/mobile_example.py``, ``models/grounding/ui_venus2_gd.py``).
Phones are asked in 999 parts of a side and their answers divided by 1000, as there.
"""

from __future__ import annotations

from dataclasses import replace

from actions.action import (
    Answer,
    AnyAction,
    AskUser,
    Button,
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
from actions.frame import Point
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.call_syntax import CallArgs, CallGrammar, ReadCall, quoted
from agent.models.dialects.common import CALL_USER, EXTRACT, has_default_duration, plain_drag
from agent.models.dialects.conversation import ALL, Conversation
from agent.models.dialects.dialect import IMAGE, Dialect, PromptTemplate, View
from agent.models.dialects.keys import key_names
from agent.models.dialects.points import LIST, LISTS, PAIR, QUAD, Places
from agent.models.dialects.resize import Resize
from agent.models.dialects.venus import UI_VENUS_15
from agent.models.endpoints.endpoint import Sampling


def _here(args: CallArgs) -> Point:
    """The place; without one, where the pointer is."""
    if "box" in args.values or "point" in args.values:
        return args.need_place("box", "point")
    if args.view.pointer is None:
        raise Unreadable("no place, and where the pointer is is not known")
    return args.view.pointer


def _drag(args: CallArgs) -> Drag:
    start = args.need_place("start") if "start" in args.values else args.view.pointer
    if start is None:
        raise Unreadable("no 'start', and where the pointer is is not known")
    return Drag(path=(start, args.need_place("end")))


def _wheel(args: CallArgs) -> Scroll:
    """``amount`` in notches, up and right positive; more than 100 (the owner takes 4096) are 100."""
    said, axis = args.number("amount"), args.text("axis")
    if said is None or not said.is_integer() or not said:
        raise Unreadable("'amount' must be a whole number of notches")
    amount = max(-100.0, min(100.0, said))
    args.notes += [f"{said:g} notches were cut to {amount:g}"] if amount != said else []
    if axis not in ("vertical", "horizontal"):
        raise Unreadable(f"unknown axis {axis[:40]!r}; use vertical or horizontal")
    return Scroll(dy=-int(amount)) if axis == "vertical" else Scroll(dx=int(amount))


_HELD = 1.0
"""Seconds that a finger takes for ``Drag`` on a phone, which ``Swipe`` does at once."""
_SCREENSHOT = Key(chords=("printscreen",))
_BOTH: dict[str, ReadCall] = {
    "Click": lambda args: args.click(_here(args)),
    "DoubleClick": lambda args: args.click(_here(args), "left", 2),
    "Drag": _drag,
    "Type": lambda args: args.typed("content"),
    "Wait": lambda args: Wait(),
    "CallUser": lambda args: AskUser(question=args.message("content") or CALL_USER),
    "Finished": lambda args: Finish(status="success", message=args.message("content")),
}
_COMPUTER: dict[str, ReadCall] = {
    **_BOTH,
    "TripleClick": lambda args: args.click(_here(args), "left", 3),
    "RightClick": lambda args: args.click(_here(args), "right", 1),
    "MiddleClick": lambda args: args.click(_here(args), "middle", 1),
    "Hover": lambda args: Move(point=args.need_place("box")),
    "Swipe": _wheel,
    "Hotkey": lambda args: args.keys("keys"),
    "KeyDown": lambda args: HoldKeys(keys=args.flat_keys("keys")),
    "KeyUp": lambda args: ReleaseKeys(keys=args.flat_keys("keys")),
    "MouseDown": lambda args: args.mouse(True, _here(args), "left"),
    "MouseUp": lambda args: args.mouse(False, _here(args), "left"),
}
_MOBILE: dict[str, ReadCall] = {
    **_BOTH,
    "Swipe": lambda args: Drag(path=(args.need_place("start"), args.need_place("end"))),
    "Drag": lambda args: Drag(path=(args.need_place("start"), args.need_place("end")), seconds=_HELD),
    "LongPress": lambda args: LongPress(point=args.need_place("point", "box")),
    "LaunchApp": lambda args: Open(target=args.text("app")),
    "GetScreenshot": lambda args: _SCREENSHOT,
    "Answer": lambda args: Answer(text=args.text("content")),
    **{
        f"Press{name}": lambda args, button=button: Button(name=button)  # type: ignore[misc]
        for name, button in (("Back", "back"), ("Home", "home"), ("Enter", "enter"), ("Recent", "recents"))
    },
}
_CLICKS = {
    **{("left", count): name for count, name in ((1, "Click"), (2, "DoubleClick"), (3, "TripleClick"))},
    ("right", 1): "RightClick",
    ("middle", 1): "MiddleClick",
}


def _at(point: Point, view: View) -> str:
    x, y = view.numbers(point)
    return f"({x}, {y})"


def _dragged(name: str, action: Drag, view: View) -> str:
    start, end = (_at(point, view) for point in action.path)
    return f"{name}(start={start}, end={end})"


def _write_both(action: AnyAction, view: View) -> str | None:
    match action:
        case TypeText(clear=False):
            return f"Type(content={quoted(action.text)})"
        case Wait() if action == Wait():
            return "Wait()"
        case AskUser():
            return f"CallUser(content={quoted(action.question)})"
        case Finish(status="success"):
            return f"Finished(content={quoted(action.message)})"
    return None


def _write_computer(action: AnyAction, view: View) -> str | None:
    match action:
        case Click(keys=()):
            name = _CLICKS.get((action.button, action.count))
            return f"{name}(box={_at(action.point, view)})" if name else None
        case Drag() if plain_drag(action):
            return _dragged("Drag", action, view)
        case Move():
            return f"Hover(box={_at(action.point, view)})"
        case Scroll(point=None, dx=0, keys=()) if action.dy:
            return f"Swipe(amount={-action.dy}, axis='vertical')"
        case Scroll(point=None, dy=0, keys=()) if action.dx:
            return f"Swipe(amount={action.dx}, axis='horizontal')"
        case Key():
            names = key_names(action)
            return f"Hotkey(keys=[{', '.join(map(quoted, names))}])" if names else None
        case HoldKeys(seconds=None) | ReleaseKeys():
            name = "KeyDown" if isinstance(action, HoldKeys) else "KeyUp"
            return f"{name}(keys=[{', '.join(map(quoted, action.keys))}])"
        case HoldMouse(button="left") | ReleaseMouse(button="left") if action.point:
            return f"Mouse{'Down' if isinstance(action, HoldMouse) else 'Up'}(box={_at(action.point, view)})"
    return _write_both(action, view)


def _write_mobile(action: AnyAction, view: View) -> str | None:
    match action:
        case Click(button="left", keys=()) if action.count < 3:
            return f"{'Double' * (action.count - 1)}Click(point={_at(action.point, view)})"
        case Drag() if plain_drag(action):
            return _dragged("Swipe", action, view)
        case Drag(seconds=seconds) if seconds == _HELD and plain_drag(action.model_copy(update={"seconds": 0.3})):
            return _dragged("Drag", action, view)
        case Key() if action == _SCREENSHOT:
            return "GetScreenshot()"
        case LongPress() if has_default_duration(action):
            return f"LongPress(point={_at(action.point, view)})"
        case Open():
            return f"LaunchApp(app={quoted(action.target)})"
        case Answer():
            return f"Answer(content={quoted(action.text)})"
        case Button(name="back" | "home" | "enter"):
            return f"Press{action.name.capitalize()}()"
        case Button(name="recents"):
            return "PressRecent()"
    return _write_both(action, view)


_PLACES = Places(own=(LISTS, LIST, QUAD, PAIR), markers=("</think>",))


def _calls(mobile: bool) -> CallGrammar:
    return CallGrammar(
        read=_MOBILE if mobile else _COMPUTER,
        write=_write_mobile if mobile else _write_computer,
        places=_PLACES,
        markers=("<action>",),
        answer="<think>${said}</think>\n<action>${call}</action>",
        sequence="Sequence",
    )


def _prompt(device: str, space: list[str], label: str, sampling: Sampling) -> PromptTemplate:
    told = "\n".join(f"- {line}" for line in space)
    return PromptTemplate(
        f"You operate a {device} for the user, looking at screenshots of it.\n\n### Available Actions\n{told}\n\n"
        "### Instructions\n- Coordinates are from 0 to 999 along each side.\n- Look at what the last action changed "
        "before you choose the next.\n- Click a text field before you type into it.\n\n### Output Format\n"
        "<think> your thinking process </think>\n<action> the next action </action>\n\n### User Task\n${instruction}",
        ("Current Screenshot:\n", IMAGE),
        max_tokens=4096,
        sampling=sampling,
        conversation=Conversation(
            pictures=3, turns=ALL, asks="last", later=(f"History Screenshot:{label}", IMAGE), unseen=("",)
        ),
    )


UI_VENUS_2 = Dialect(
    name="ui-venus-2",
    family=r"ui[-_.]?venus[-_.]?v?2(?:\.0)?(?![\d.]*b)(?![._]?\d)",
    sizes="9B (Qwen3.5), 27B (Qwen3.6)",
    licence="Apache-2.0 (the repository's; weights unverified)",
    source="inclusionAI/UI-Venus (branch UI-Venus-2): models/computer, models/mobile, models/grounding",
    resize=Resize(factor=32, min_pixels=65536, max_pixels=16777216),
    space="rel999",
    space_for={"mobile": "rel1000", "locate": "rel1000"},
    grammar={"desktop": _calls(mobile=False), "mobile": _calls(mobile=True)},
    decide={
        "desktop": _prompt(
            "computer",
            [
                "Click(box=(x1, y1)), DoubleClick, TripleClick, RightClick, MiddleClick # without box: at the pointer",
                "Hover(box=(x1, y1))",
                "Drag(start=(x1, y1), end=(x2, y2))",
                "Swipe(amount=-5, axis='vertical') # the wheel at the pointer, up and right positive; or 'horizontal'",
                "Type(content='') # \\n presses Enter",
                "Hotkey(keys=['ctrl', 'c'], repeat=1)",
                "KeyDown(keys=['ctrl']), KeyUp(keys=['ctrl']), MouseDown(box=(x1, y1)), MouseUp(box=(x1, y1))",
                "Sequence(actions=[...]) # 2 to 32 actions in order",
                "Wait()",
                "CallUser(content='')",
                "Finished(content='')",
            ],
            "\n",
            Sampling(),
        ),
        "mobile": _prompt(
            "phone",
            [
                "Click(point=(x, y))",
                "DoubleClick(point=(x, y))",
                "LongPress(point=(x, y))",
                "Drag(start=(x1, y1), end=(x2, y2))",
                "Swipe(start=(x1, y1), end=(x2, y2))",
                "Type(content='')",
                "LaunchApp(app='')",
                "Wait()",
                "GetScreenshot()",
                "PressBack()",
                "PressHome()",
                "PressEnter()",
                "PressRecent()",
                "Answer(content='')",
                "CallUser(content='')",
                "Finished(content='')",
            ],
            "",
            Sampling(temperature=0.6, repetition_penalty=1.05, frequency_penalty=0.3),
        ),
    },
    locate=replace(UI_VENUS_15.locate, thinking=False),
    extract=EXTRACT,
    place_parser=_PLACES,
    retry="Your last answer did nothing (${error}). Answer with one action in <action></action>.",
    thinks=True,
    thinking_key="enable_thinking",
    place_format="[${x}, ${y}]",
)
