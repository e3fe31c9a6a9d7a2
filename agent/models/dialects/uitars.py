"""UI-TARS 1.0 and 1.5: ``Action: click(start_box='…')``, on the desktop and on the phone.

Calls, argument names and the two lines of an answer are protocol (bytedance/UI-TARS: ``codes/ui_tars/prompt.py``,
``codes/ui_tars/action_parser.py`` and ``README_v1.md``). As in the project's own harness, earlier answers are repeated,
the last four with their screenshots.
"""

from __future__ import annotations

from dataclasses import replace

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
from agent.models.dialects.call_syntax import CallArgs, CallGrammar, ReadCall, quoted
from agent.models.dialects.common import (
    CALL_USER,
    EXTRACT,
    direction_of,
    has_default_duration,
    plain_drag,
    scroll_of,
)
from agent.models.dialects.conversation import APART
from agent.models.dialects.dialect import IMAGE, Dialect, PromptTemplate, View
from agent.models.dialects.keys import key_text
from agent.models.dialects.points import ANY, CORNERS, PAIR, TAG, Places
from agent.models.dialects.resize import Resize

PLACES = ("start_box", "point", "start_point", "start")
ENDS = ("end_box", "end_point", "end")
WAIT_SECONDS = 5.0
"""What ``wait()`` means (the comment in UI-TARS' own prompt)."""


def _scroll(args: CallArgs) -> Scroll | Drag:
    """By direction; on a phone of 1.0 from one place to another, which is a swipe."""
    start, end = args.place(*PLACES), args.place(*ENDS)
    if start is not None and end is not None:
        return Drag(path=(start, end))
    return scroll_of(args.text("direction"), start)


_DESKTOP: dict[str, ReadCall] = {
    "click": lambda args: args.click(args.need_place(*PLACES)),
    "left_single": lambda args: args.click(args.need_place(*PLACES), "left", 1),
    "left_double": lambda args: args.click(args.need_place(*PLACES), "left", 2),
    "right_single": lambda args: args.click(args.need_place(*PLACES), "right", 1),
    "hover": lambda args: Move(point=args.need_place(*PLACES)),
    "drag": lambda args: Drag(path=(args.need_place(*PLACES), args.need_place(*ENDS))),
    "select": lambda args: Drag(path=(args.need_place(*PLACES), args.need_place(*ENDS))),
    "hotkey": lambda args: args.keys("key", "hotkey", "keys"),
    "press": lambda args: args.keys("key", "press", "keys"),
    "type": lambda args: args.typed("content"),
    "scroll": _scroll,
    "wait": lambda args: Wait(seconds=args.seconds(WAIT_SECONDS, 60.0)),
    "finished": lambda args: Finish(status="success", message=args.message("content")),
    "call_user": lambda args: AskUser(question=args.message("content") or CALL_USER),
}
_MOBILE: dict[str, ReadCall] = {
    **{
        name: _DESKTOP[name]
        for name in ("click", "left_single", "drag", "select", "type", "scroll", "wait", "finished", "call_user")
    },
    "long_press": lambda args: LongPress(point=args.need_place(*PLACES), seconds=args.seconds(1.0, 600.0)),
    "open_app": lambda args: Open(target=args.text("app_name")),
    "press_home": lambda args: Button(name="home"),
    "press_back": lambda args: Button(name="back"),
}


class _Writer:
    """Writes UI-TARS' calls: `box` is the name of a place's argument, `mark` its value over ``x`` and ``y``."""

    def __init__(self, box: str, end: str, mark: str, version: str) -> None:
        self.box, self.end, self.mark, self.version = box, end, mark, version

    def _at(self, point: Point, view: View) -> str:
        x, y = view.numbers(point)
        return self.mark.format(x=x, y=y)

    def both(self, action: AnyAction, view: View) -> str | None:
        match action:
            case Click(button="left", count=1, keys=()):
                return f"click({self.box}='{self._at(action.point, view)}')"
            case TypeText(clear=False):
                return f"type(content={quoted(action.text)})"
            case Finish(status="success"):
                return f"finished(content={quoted(action.message)})" if action.message else "finished()"
        return None

    def desktop(self, action: AnyAction, view: View) -> str | None:
        match action:
            case Click(button="left", count=2, keys=()) | Click(button="right", count=1, keys=()):
                name = "left_double" if action.count == 2 else "right_single"
                return f"{name}({self.box}='{self._at(action.point, view)}')"
            case Drag() if plain_drag(action):
                return self._drag("drag", action, view)
            case Key():
                keys = key_text(action)
                return f"hotkey(key={quoted(keys)})" if keys else None
            case Scroll() if direction_of(action):
                return self._scroll(action, view)
            case Wait() if action.seconds == WAIT_SECONDS:
                return "wait()"
            case AskUser() if action.question == CALL_USER and self.version == "1.0":
                return "call_user()"
        return self.both(action, view)

    def mobile(self, action: AnyAction, view: View) -> str | None:
        match action:
            case LongPress() if has_default_duration(action):
                return f"long_press({self.box}='{self._at(action.point, view)}')"
            case Drag() if plain_drag(action):
                return self._drag("scroll" if self.version == "1.0" else "drag", action, view)
            case Button(name="home" | "back"):
                return f"press_{action.name}()"
            case Open() if self.version != "1.0":
                return f"open_app(app_name={quoted(action.target)})"
            case Scroll() if direction_of(action) and self.version != "1.0":
                return self._scroll(action, view)
        return self.both(action, view)

    def _drag(self, name: str, action: Drag, view: View) -> str:
        start, end = (self._at(point, view) for point in action.path)
        opening = self.box if self.box != "point" else "start_point"
        return f"{name}({opening if name == 'drag' else self.box}='{start}', {self.end}='{end}')"

    def _scroll(self, action: Scroll, view: View) -> str:
        where = "" if action.point is None else f"{self.box}='{self._at(action.point, view)}', "
        return f"scroll({where}direction='{direction_of(action)}')"


def _calls(write: _Writer, read: dict[str, ReadCall], mobile: bool) -> CallGrammar:
    return CallGrammar(
        read=read,
        write=write.mobile if mobile else write.desktop,
        places=_PLACES,
        markers=("Action:",),
        answer="Thought: ${said}\nAction: ${call}",
    )


_PLACES = Places(own=(TAG, CORNERS, PAIR), also=ANY, markers=("Action:",))
_V10 = _Writer("start_box", "end_box", "<|box_start|>({x},{y})<|box_end|>", "1.0")
_V15 = _Writer("point", "end_point", "<point>{x} {y}</point>", "1.5")

_FORM = (
    "You operate a graphical interface for the user. You are given a task, what was done so far and a screenshot. "
    "Say what to do next.\n\n## Output Format\n```\nThought: ...\nAction: ...\n```\n\n## Action Space\n{space}\n\n"
    "## Note\n- Write `Thought` in English: a short plan, and at its end the next action and its target in one "
    "sentence.\n- Give exactly one action.\n\n## User Instruction\n${{instruction}}"
)
_TYPE = "type(content='xxx') # Escape \\\\', \\\\\" and \\\\n as Python does; end with \\\\n to press Enter."


def _prompt(space: list[str]) -> PromptTemplate:
    text = _FORM.format(space="\n".join(space).replace("\\\\", "\\"))
    return PromptTemplate(system="", user=(text,), max_tokens=1024, conversation=replace(APART, pictures=5))


_B1, _B3 = "<|box_start|>(x1,y1)<|box_end|>", "<|box_start|>(x3,y3)<|box_end|>"
_P1, _P2 = "<point>x1 y1</point>", "<point>x2 y2</point>"
_WAYS = "direction='down or up or right or left'"

UI_TARS_10 = Dialect(
    name="ui-tars-1.0",
    family=r"ui[-_.]?tars(?![-_.]?(?:v?1[._-]5|v?2(?!b)))",
    sizes="2B, 7B, 72B",
    licence="Apache-2.0",
    source="bytedance/UI-TARS: README_v1.md, codes/ui_tars/action_parser.py",
    resize=Resize(factor=28, min_pixels=100 * 28 * 28, max_pixels=16384 * 28 * 28),
    space="rel1000",
    grammar={"desktop": _calls(_V10, _DESKTOP, mobile=False), "mobile": _calls(_V10, _MOBILE, mobile=True)},
    decide={
        "desktop": _prompt(
            [
                f"click(start_box='{_B1}')",
                f"left_double(start_box='{_B1}')",
                f"right_single(start_box='{_B1}')",
                f"drag(start_box='{_B1}', end_box='{_B3}')",
                "hotkey(key='')",
                _TYPE,
                f"scroll(start_box='{_B1}', {_WAYS})",
                "wait() # Waits 5 seconds.",
                "finished()",
                "call_user() # When the task cannot be done, or not without the user.",
            ]
        ),
        "mobile": _prompt(
            [
                f"click(start_box='{_B1}')",
                f"long_press(start_box='{_B1}', time='')",
                _TYPE,
                f"scroll(start_box='{_B1}', end_box='{_B3}')",
                "press_home()",
                "press_back()",
                "finished(content='')",
            ]
        ),
    },
    locate=PromptTemplate(
        "",
        (
            IMAGE,
            "Output only the coordinate of one point in your response. What element matches the following task: "
            "${instruction}",
        ),
        max_tokens=128,
    ),
    extract=EXTRACT,
    step="Thought: ${thought}\nAction: ${action}${outcome}\n",
    retry="Your last answer did nothing (${error}). Answer with a Thought and exactly one Action.",
    keep_special_tokens=True,
)

UI_TARS_15 = Dialect(
    name="ui-tars-1.5",
    family=r"ui[-_.]?tars[-_.]?v?1[._-]5",
    sizes="7B",
    licence="Apache-2.0",
    source="bytedance/UI-TARS: codes/ui_tars/prompt.py, codes/ui_tars/action_parser.py",
    resize=UI_TARS_10.resize,
    space="abs_resized",
    overshoot=28,
    grammar={"desktop": _calls(_V15, _DESKTOP, mobile=False), "mobile": _calls(_V15, _MOBILE, mobile=True)},
    decide={
        "desktop": _prompt(
            [
                f"click(point='{_P1}')",
                f"left_double(point='{_P1}')",
                f"right_single(point='{_P1}')",
                f"drag(start_point='{_P1}', end_point='{_P2}')",
                "hotkey(key='ctrl c') # Keys in lower case with blanks between them, at most 3.",
                _TYPE,
                f"scroll(point='{_P1}', {_WAYS})",
                "wait() # Waits 5 seconds.",
                "finished(content='xxx')",
            ]
        ),
        "mobile": _prompt(
            [
                f"click(point='{_P1}')",
                f"long_press(point='{_P1}')",
                _TYPE,
                f"scroll(point='{_P1}', {_WAYS})",
                "open_app(app_name='')",
                f"drag(start_point='{_P1}', end_point='{_P2}')",
                "press_home()",
                "press_back()",
                "finished(content='xxx')",
            ]
        ),
    },
    locate=PromptTemplate(
        "",
        (
            "You operate a graphical interface. Point at what the user asks for.\n\n## Output Format\n\nAction: ...\n\n"
            f"## Action Space\nclick(point='{_P1}')\n\n## User Instruction\n${{instruction}}",
            IMAGE,
        ),
        max_tokens=128,
    ),
    extract=EXTRACT,
    step=UI_TARS_10.step,
    retry=UI_TARS_10.retry,
    place_format="Action: click(point='<point>${x} ${y}</point>')",
)
