"""AutoGLM-Phone: ``<answer>do(action="Tap", element=[x,y])</answer>``, on the phone only.

Calls, action and argument names are protocol (zai-org/Open-AutoGLM: ``phone_agent/config/prompts_en.py`` and
``phone_agent/actions/handler.py``). As in that handler a ``Type`` empties the field first, and what the model keeps for
itself (``Note``, ``Call_API``) does nothing.
"""

from __future__ import annotations

import re

from actions.action import (
    AnyAction,
    AskUser,
    Button,
    Click,
    Drag,
    Finish,
    LongPress,
    Open,
    TypeText,
    Wait,
)
from actions.frame import Point
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.call_syntax import CallArgs, CallGrammar, ReadCall, unescaped
from agent.models.dialects.common import EXTRACT, has_default_duration, plain_drag
from agent.models.dialects.dialect import IMAGE, Dialect, PromptTemplate, UnsupportedAction, View
from agent.models.dialects.points import LIST, PAIR, Places
from agent.models.dialects.resize import Resize

INTERACT = "The model asks you to choose: look at the screen."
"""The question that ``Interact``, which has no words of its own, stands for."""
_DURATION = re.compile(r"\s*(\d{1,4}(?:\.\d{1,9})?)\s*(?:s|sec|seconds?)?\s*")


def _wait(args: CallArgs) -> Wait:
    """``duration`` is a text such as "2 seconds"."""
    said = args.get("duration")
    if said is None:
        return Wait()
    match = _DURATION.fullmatch(str(said)[:40])
    if match is None:
        raise Unreadable(f"'duration' is not in seconds: {str(said)[:40]!r}")
    seconds = float(match.group(1))
    if seconds > 60:
        args.notes.append(f"{seconds:g} seconds were cut to 60")
    return Wait(seconds=min(seconds, 60))


def _nothing(args: CallArgs, said: str) -> Wait:
    args.one_of((said,))
    args.notes.append("the model's note to itself: nothing is done")
    return Wait(seconds=0)


_READ: dict[str, ReadCall] = {
    "Tap": lambda args: args.click(args.need_place("element")),
    "Double Tap": lambda args: args.click(args.need_place("element"), count=2),
    "Long Press": lambda args: LongPress(point=args.need_place("element")),
    "Swipe": lambda args: Drag(path=(args.need_place("start"), args.need_place("end"))),
    "Type": lambda args: args.typed("text", clear=True),
    "Type_Name": lambda args: args.typed("text", clear=True),
    "Note": lambda args: _nothing(args, "message"),
    "Call_API": lambda args: _nothing(args, "instruction"),
    "Launch": lambda args: Open(target=args.text("app")),
    "Back": lambda args: Button(name="back"),
    "Home": lambda args: Button(name="home"),
    "Wait": _wait,
    "Take_over": lambda args: AskUser(question=args.text("message")),
    "Interact": lambda args: AskUser(question=args.message("message") or INTERACT),
    "finish": lambda args: Finish(status="success", message=args.message("message", "0")),
}


def _at(point: Point, view: View) -> str:
    x, y = view.numbers(point)
    return f"[{x},{y}]"


def _write(action: AnyAction, view: View) -> str | None:
    match action:
        case Click(button="left", keys=()) if action.count < 3:
            name = "Tap" if action.count == 1 else "Double Tap"
            return f'do(action="{name}", element={_at(action.point, view)})'
        case LongPress() if has_default_duration(action):
            return f'do(action="Long Press", element={_at(action.point, view)})'
        case Drag() if plain_drag(action):
            start, end = (_at(point, view) for point in action.path)
            return f'do(action="Swipe", start={start}, end={end})'
    return _write_rest(action)


def _write_rest(action: AnyAction) -> str | None:
    match action:
        case TypeText(clear=True):
            return f'do(action="Type", text={_text(action.text)})'
        case Open():
            return f'do(action="Launch", app={_text(action.target)})'
        case Button(name="back" | "home"):
            return f'do(action="{action.name.capitalize()}")'
        case Wait() if re.fullmatch(r"\d{1,2}(?:\.\d{1,9})?", f"{action.seconds:g}") and (
            float(f"{action.seconds:g}") == action.seconds
        ):
            return f'do(action="Wait", duration="{action.seconds:g} seconds")'
        case AskUser():
            return f'do(action="Take_over", message={_text(action.question)})'
        case Finish(status="success"):
            return f"finish(message={_text(action.message)})"
    return None


def _text(text: str) -> str:
    if '"' in text and ("=" in text or "," in text):
        raise UnsupportedAction("the family has no way to write a text with quotes and what looks like arguments")
    return unescaped(text, '"')


_PLACES = Places(own=(LIST, PAIR), markers=("<answer>",))
_ACTIONS = tuple(
    {
        "Tap": ('do(action="Tap", element=[x,y])', "Tap at a point."),
        "Double Tap": ('do(action="Double Tap", element=[x,y])', "Tap twice at a point."),
        "Long Press": ('do(action="Long Press", element=[x,y])', "Press long at a point."),
        "Swipe": ('do(action="Swipe", start=[x1,y1], end=[x2,y2])', "Swipe from a point to another."),
        "Type": ('do(action="Type", text="Hello World")', "Type a text into the field that has the focus."),
        "Launch": (
            'do(action="Launch", app="Settings")',
            "Start an app by its name; prefer this to looking for its icon.",
        ),
        "Back": ('do(action="Back")', "Press the Back button."),
        "Home": ('do(action="Home")', "Go to the home screen."),
        "Wait": ('do(action="Wait", duration="2 seconds")', "Wait for the screen to change."),
        "Take_over": ('do(action="Take_over", message="xxx")', "Ask the user to do what only they can, e.g. log in."),
        "Finish": ('finish(message="xxx")', "End the task and say what came of it."),
    }.items()
)
_SYSTEM = (
    "You operate an Android phone for the user. You are given a task, what was done so far and a screenshot. Points "
    "run from [0,0] at the top left to [999,999] at the bottom right.\n\nYour answer must have this form:\n<think>\n"
    "[why this step]\n</think>\n<answer>\n[one line of code]\n</answer>\n\n"
    + "".join(f"- **{name}**\n  {about}\n  <answer>\n  {form}\n  </answer>\n" for name, (form, about) in _ACTIONS)
    + "\nExactly one line of code in <answer>."
)

AUTOGLM_PHONE = Dialect(
    name="autoglm-phone",
    family=r"autoglm",
    sizes="9B (GLM-4.1V)",
    licence="MIT (weights, by the model card); code Apache-2.0",
    source="zai-org/Open-AutoGLM: phone_agent/config/prompts_en.py, phone_agent/actions/handler.py",
    resize=Resize(factor=28, min_pixels=12544, max_pixels=5000000),
    space="rel1000",
    grammar={
        "mobile": CallGrammar(
            read=_READ,
            write=_write,
            places=_PLACES,
            markers=("<answer>",),
            answer="<think>${said}</think>\n<answer>\n${call}\n</answer>",
            by="action",
            heads=("do", "finish"),
            raw=True,
            ignored=("message",),
        )
    },
    decide={
        "mobile": PromptTemplate(
            _SYSTEM, (IMAGE, "${instruction}\n\nWhat was done so far:\n${history}\n"), max_tokens=3000
        )
    },
    locate=PromptTemplate(_SYSTEM, (IMAGE, "Tap on this, and do nothing else: ${instruction}"), max_tokens=1024),
    extract=EXTRACT,
    step="<think>${thought}</think><answer>${action}</answer>${outcome}\n",
    retry="Your last answer did nothing (${error}). Answer with exactly one line of code in <answer></answer>.",
    no_history="Nothing.",
    thinks=True,
)
