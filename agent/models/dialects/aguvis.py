"""Aguvis: ``pyautogui.click(x=0.8102, y=0.9463)`` and ``mobile.swipe(from_coord=[…], to_coord=[…])``: never run.

Calls and argument names are protocol (xlang-ai/aguvis: ``src/aguvis/constants.py``, ``src/aguvis/serve/cli.py``, and
the actions of its training data). A page of ``scroll`` is ten notches of the wheel here, up positive as in pyautogui.
"""

from __future__ import annotations

import json

from actions.action import (
    Answer,
    AnyAction,
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
from agent.models.dialects.common import EXTRACT, UNVERSIONED, has_default_duration, plain_drag
from agent.models.dialects.dialect import IMAGE, Dialect, PromptTemplate, View
from agent.models.dialects.keys import key_names, read_keys
from agent.models.dialects.points import XY_CALL, Places
from agent.models.dialects.resize import Resize

NOTCHES_PER_PAGE = 10
_TIMING = ("duration", "interval", "tween", "logScreenshot", "_pause")
"""pyautogui's arguments that change how fast something is done and nothing else."""


def _hotkey(args: CallArgs) -> Key:
    """``hotkey(keys=['ctrl', 'c'])``, or pyautogui's own ``hotkey('ctrl', 'c')``."""
    if "0" not in args.values or isinstance(args.values["0"], list):
        return args.keys("keys", "key", "0")
    names = [str(n) for n in range(len(args.values)) if str(n) in args.values]
    args.used |= set(names)
    return read_keys([args.values[name] for name in names])


def _press(args: CallArgs) -> Key:
    """Keys pressed one after another, all of them `presses` times."""
    keys = args.get("keys", "key", "0")
    presses = args.times(("presses", "1"), 64) or 1
    chords = [chord for key in (keys if isinstance(keys, list) else [keys]) for chord in read_keys(key).chords]
    return Key(chords=tuple(chords) * presses)


def _drag(args: CallArgs) -> Drag:
    start, end = args.place("from_coord", "from"), args.place("to_coord", "to")
    if start is None or end is None:
        start, end = args.view.pointer, args.xy()
    if start is None:
        raise Unreadable("the drag names only its end, and where the pointer is is not known")
    return Drag(path=(start, end), button=args.side())


def _click(args: CallArgs, button: str = "", count: int = 0) -> Click:
    """pyautogui's arguments by name, or its third, the clicks, by position; without a place at the pointer."""
    point = args.xy() if {"x", "y", "0", "1"} & set(args.values) else args.target()
    clicks = args.times(("2",), 3) if not count else None
    return args.click(point, button, count or clicks or 0)


def _mouse(args: CallArgs, down: bool) -> HoldMouse | ReleaseMouse:
    return args.mouse(down, args.xy() if {"x", "y", "0", "1"} & set(args.values) else None)


def _wheel(args: CallArgs, across: bool = False) -> Scroll:
    """Pages (Aguvis) or notches (pyautogui's own spelling, by position or as ``clicks``), up positive."""
    clicks = None if "page" in args.values else args.number("clicks", "0")
    if clicks is not None and float(clicks).is_integer():
        if abs(clicks) > 100:
            raise Unreadable(f"{clicks:g} notches are too many")
        names = next((names for names in (("x", "y"), ("1", "2")) if set(names) & set(args.values)), None)
        point = args.xy(*names) if names else None
        return Scroll(point=point, dx=int(clicks) if across else 0, dy=0 if across else -int(clicks))
    return _scroll(args, across)


def _scroll(args: CallArgs, across: bool = False) -> Scroll:
    page = args.number("page", "0")
    if page is None:
        raise Unreadable("'page' is missing")
    notches = round(page * NOTCHES_PER_PAGE)
    if notches != page * NOTCHES_PER_PAGE and abs(notches - page * NOTCHES_PER_PAGE) > 1e-6:
        notches = notches or (1 if page > 0 else -1)
        args.notes.append(f"{page:g} pages were read as {notches} notches")
    if abs(notches) > 100:
        args.notes.append(f"{page:g} pages were cut to 100 notches")
    notches = max(-100, min(100, notches))
    return Scroll(dx=notches if across else 0, dy=0 if across else -notches)


def _wait(args: CallArgs) -> Wait:
    seconds = args.number("seconds", "0")
    return Wait() if seconds is None else Wait(seconds=seconds)


_BOTH: dict[str, ReadCall] = {
    "pyautogui.click": _click,
    "pyautogui.write": lambda args: args.typed("message", "text", "0"),
    "pyautogui.typewrite": lambda args: args.typed("message", "text", "0"),
    "pyautogui.scroll": _wheel,
    "pyautogui.hscroll": lambda args: _wheel(args, across=True),
    "answer": lambda args: Answer(text=args.text("0", "answer", "text")),
    "terminate": lambda args: args.status("status", "0"),
    "mobile.terminate": lambda args: args.status("status", "0"),
    "mobile.wait": _wait,
    "time.sleep": _wait,
    "pyautogui.sleep": _wait,
}
_DESKTOP: dict[str, ReadCall] = {
    **_BOTH,
    "pyautogui.doubleClick": lambda args: _click(args, count=2),
    "pyautogui.tripleClick": lambda args: _click(args, count=3),
    "pyautogui.rightClick": lambda args: _click(args, "right", 1),
    "pyautogui.middleClick": lambda args: _click(args, "middle", 1),
    "pyautogui.moveTo": lambda args: Move(point=args.xy()),
    "pyautogui.dragTo": _drag,
    "pyautogui.hotkey": _hotkey,
    "pyautogui.press": _press,
    "pyautogui.keyDown": lambda args: HoldKeys(keys=args.flat_keys("key", "0")),
    "pyautogui.keyUp": lambda args: ReleaseKeys(keys=args.flat_keys("key", "0")),
    "pyautogui.mouseDown": lambda args: _mouse(args, True),
    "pyautogui.mouseUp": lambda args: _mouse(args, False),
}
_MOBILE: dict[str, ReadCall] = {
    **_BOTH,
    "mobile.swipe": lambda args: Drag(path=(args.need_place("from_coord", "0"), args.need_place("to_coord", "1"))),
    "mobile.home": lambda args: Button(name="home"),
    "mobile.back": lambda args: Button(name="back"),
    "mobile.long_press": lambda args: LongPress(point=args.xy()),
    "mobile.open_app": lambda args: Open(target=args.text("app_name", "0")),
}
_CLICKS = {("left", 1): "click", ("left", 2): "doubleClick", ("left", 3): "tripleClick"}
_CLICKS |= {("right", 1): "rightClick", ("middle", 1): "middleClick"}


def _xy(point: Point, view: View) -> str:
    x, y = view.numbers(point)
    return f"x={x}, y={y}"


def _pair(point: Point, view: View) -> str:
    x, y = view.numbers(point)
    return f"[{x}, {y}]"


def _write_both(action: AnyAction, view: View) -> str | None:
    match action:
        case TypeText(clear=False):
            return f"pyautogui.write(message={quoted(action.text)})"
        case Scroll(point=None, keys=()) if not (action.dx and action.dy):
            name, notches = ("hscroll", action.dx) if action.dx else ("scroll", -action.dy)
            return f"pyautogui.{name}(page={notches / NOTCHES_PER_PAGE})"
        case Answer():
            return f"answer({quoted(action.text)})"
        case Finish(message=""):
            return f"terminate(status='{action.status}')"
        case Wait() if float(f"{action.seconds:.6f}") == action.seconds:
            return f"mobile.wait(seconds={f'{action.seconds:.6f}'.rstrip('0').rstrip('.')})"
    return None


def _write_desktop(action: AnyAction, view: View) -> str | None:
    match action:
        case Click(keys=()) if (action.button, action.count) in _CLICKS:
            return f"pyautogui.{_CLICKS[action.button, action.count]}({_xy(action.point, view)})"
        case Move():
            return f"pyautogui.moveTo({_xy(action.point, view)})"
        case Drag() if plain_drag(action):
            start, end = (_pair(point, view) for point in action.path)
            return f"pyautogui.dragTo(from_coord={start}, to_coord={end})"
        case Key():
            single = all("+" not in chord for chord in action.chords)
            keys = list(action.chords) if single else key_names(action) or []
            name = "press" if single else "hotkey"
            return f"pyautogui.{name}(keys=[{', '.join(map(quoted, keys))}])" if keys else None
        case HoldKeys(keys=(key,), seconds=None) | ReleaseKeys(keys=(key,)):
            return f"pyautogui.{'keyDown' if isinstance(action, HoldKeys) else 'keyUp'}(key={quoted(key)})"
        case HoldMouse() | ReleaseMouse() if action.point or not view.pointer:
            name = "mouseDown" if isinstance(action, HoldMouse) else "mouseUp"
            button = f"button={quoted(action.button)}"
            return f"pyautogui.{name}({', '.join([*([_xy(action.point, view)] if action.point else []), button])})"
    return _write_both(action, view)


def _write_mobile(action: AnyAction, view: View) -> str | None:
    match action:
        case Click(button="left", count=1, keys=()):
            return f"pyautogui.click({_xy(action.point, view)})"
        case Drag() if plain_drag(action):
            start, end = (_pair(point, view) for point in action.path)
            return f"mobile.swipe(from_coord={start}, to_coord={end})"
        case Button(name="home" | "back"):
            return f"mobile.{action.name}()"
        case LongPress() if has_default_duration(action):
            return f"mobile.long_press({_xy(action.point, view)})"
        case Open():
            return f"mobile.open_app(app_name={quoted(action.target)})"
    return _write_both(action, view)


_PLACES = Places(own=(XY_CALL,))
_ROLE = (
    "You are a GUI agent. You are given a task and a screenshot of the screen. You need to perform a series of "
    "pyautogui actions to complete the task."
)


def _tool(name: str, about: str, **parameters: str) -> str:
    properties = {key: {"type": kind} for key, kind in parameters.items()}
    schema = {"type": "object", "properties": properties, "required": list(parameters)}
    return "- " + json.dumps({"name": name, "description": about, **({"parameters": schema} if parameters else {})})


_TOOLS = {
    "desktop": [_tool("answer", "Answer a question", answer="string"), _tool("terminate", "End", status="string")],
    "mobile": [
        _tool("mobile.swipe", "Swipe on the screen", from_coord="array", to_coord="array"),
        _tool("mobile.home", "Press the home button"),
        _tool("mobile.back", "Press the back button"),
        _tool("mobile.wait", "Wait", seconds="number"),
        _tool("mobile.long_press", "Long press on the screen", x="number", y="number"),
        _tool("mobile.open_app", "Open an app", app_name="string"),
        _tool("answer", "Answer a question", answer="string"),
        _tool("terminate", "End the task with success or failure", status="string"),
    ],
}
_ASK = (
    "Please generate the next move according to the ui screenshot, instruction and previous actions.\n\n"
    "Instruction: ${instruction}\n\nPrevious actions:\n${history}\n"
)


def _prompt(tools: list[str]) -> PromptTemplate:
    system = _ROLE + "\n\nYou have access to the following functions:\n" + "\n".join(tools) + "\n"
    return PromptTemplate(system, (IMAGE, _ASK), prefill="<|recipient|>all\nThought: ", stop=("<|diff_marker|>",))


AGUVIS = Dialect(
    name="aguvis",
    family=r"aguvis" + UNVERSIONED,
    sizes="7B, 72B (Qwen2-VL)",
    licence="Apache-2.0 (7B), Qwen (72B): as their base models; unverified",
    source="xlang-ai/aguvis: src/aguvis/constants.py, src/aguvis/serve/cli.py",
    resize=Resize(factor=28, min_pixels=3136, max_pixels=1280 * 720),
    space="rel1",
    grammar={
        "desktop": CallGrammar(read=_DESKTOP, write=_write_desktop, places=_PLACES, ignored=_TIMING),
        "mobile": CallGrammar(read=_MOBILE, write=_write_mobile, places=_PLACES, ignored=_TIMING),
    },
    decide={"desktop": _prompt(_TOOLS["desktop"]), "mobile": _prompt(_TOOLS["mobile"])},
    locate=PromptTemplate(
        _ROLE,
        (IMAGE, _ASK.replace("${history}", "None")),
        prefill="<|recipient|>os\n",
        stop=("<|diff_marker|>",),
        max_tokens=128,
    ),
    extract=EXTRACT,
    step="Step ${number}: ${action}${outcome}\n",
    retry="Your last answer did nothing (${error}). Answer with exactly one action.\n",
    no_history="None",
)
