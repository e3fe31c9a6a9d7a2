"""AgentCPM-GUI: phones, by one compact JSON object whose keys say what is done, ``{"thought":"…","POINT":[729,69]}``.

Keys, their meaning, the order of the question and the compact form are protocol (OpenBMB/AgentCPM-GUI ``README.md``,
``eval/utils/schema/schema.json``). A point held for more than 200 ms is a long press. No history is told by its owners;
here the actions done are.
"""

from __future__ import annotations

from typing import Any

from actions.action import AnyAction, AskUser, Button, Click, Drag, Finish, LongPress, Scroll, TypeText, Wait
from actions.frame import Point
from agent.models.dialects.action_dicts import DictGrammar, ReadDict
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.call_syntax import CallArgs
from agent.models.dialects.common import (
    CALL_USER,
    DIRECTIONS,
    EXTRACT,
    FINGER,
    MINICPM_TOKENS,
    UNVERSIONED,
    direction_of,
    plain_drag,
    scroll_of,
)
from agent.models.dialects.dialect import IMAGE, Actions, Dialect, PromptTemplate, View
from agent.models.dialects.points import JSON_POINT, Places
from agent.models.dialects.resize import SideLimit
from agent.models.endpoints.endpoint import Sampling

_BUTTONS = {"HOME": "home", "BACK": "back", "ENTER": "enter", "APPSELECT": "recents"}
_HELD = 0.2
"""Seconds for which a tap is held (the schema's default duration)."""


def _seconds(args: CallArgs, most: int = 600_000) -> float | None:
    """``duration``, of at most `most` ms, in seconds; None for none. Raises `Unreadable`."""
    value = args.number("duration")
    if value is not None and not 0 <= value <= most:
        raise Unreadable(f"'duration' is not from 0 to {most} ms: {value:g}")
    return None if value is None else value / 1000


def _with_end(args: CallArgs, action: AnyAction) -> Actions:
    """`action`, and the end of the task where the answer says that too."""
    said = args.get("STATUS")
    return action if said in (None, "continue", "start") else (action, _status(args))


def _status(args: CallArgs) -> AnyAction:
    said = args.text("STATUS")
    if said in ("finish", "satisfied"):
        return Finish(status="success")
    if said in ("impossible", "interrupt"):
        return Finish(status="failure")
    if said == "need_feedback":
        return AskUser(question=CALL_USER)
    raise Unreadable(f"the answer does nothing: STATUS {said[:40]!r}")


def _point(args: CallArgs) -> Actions:
    point, to, seconds = args.need_place("POINT"), args.values.get("to"), _seconds(args, 60_000)
    if "to" in args.values and to is None:
        raise Unreadable("'to' is empty")
    if isinstance(to, str) and to.strip().lower() in DIRECTIONS:
        args.used.add("to")
        return _with_end(args, scroll_of(FINGER[to.strip().lower()], point))
    if to is not None:
        return _with_end(args, Drag(path=(point, args.need_place("to"))))
    if seconds is not None and seconds > _HELD:
        return _with_end(args, LongPress(point=point, seconds=seconds))
    return _with_end(args, Click(point=point))


def _press(args: CallArgs) -> Actions:
    name = _BUTTONS.get(args.text("PRESS").strip().upper())
    if name is None:
        raise Unreadable(f"unknown button; use {', '.join(_BUTTONS)}")
    return _with_end(args, Button(name=name))  # type: ignore[arg-type]


def _wait(args: CallArgs) -> Actions:
    return _with_end(args, Wait(seconds=_seconds(args) or 0.0))


_READ: dict[str, ReadDict] = {
    "POINT": _point,
    "PRESS": _press,
    "TYPE": lambda args: _with_end(args, TypeText(text=args.text("TYPE"))),
    "duration": _wait,
    "STATUS": _status,
}


def _write(action: AnyAction, view: View) -> dict[str, Any] | None:
    def at(point: Point) -> list[float]:
        return view.numbers(point)

    match action:
        case Click(button="left", count=1, keys=()):
            return {"POINT": at(action.point)}
        case LongPress() if action.seconds > _HELD and (action.seconds * 1000).is_integer():
            return {"POINT": at(action.point), "duration": int(action.seconds * 1000)}
        case Drag(path=(start, end)) if plain_drag(action):
            return {"POINT": at(start), "to": at(end)}
        case Scroll() if action.point is not None and direction_of(action):
            return {"POINT": at(action.point), "to": FINGER[direction_of(action)]}
        case TypeText(clear=False):
            return {"TYPE": action.text}
        case Button() if action.name in _BUTTONS.values():
            return {"PRESS": next(key for key, name in _BUTTONS.items() if name == action.name)}
        case Wait() if (action.seconds * 1000).is_integer():
            return {"duration": int(action.seconds * 1000)}
        case Finish(message=""):
            return {"STATUS": "finish" if action.status == "success" else "impossible"}
        case AskUser() if action.question == CALL_USER:
            return {"STATUS": "need_feedback"}
    return None


_LOCATION = '{"type":"array","items":{"type":"integer","minimum":0,"maximum":1000},"minItems":2,"maxItems":2}'
_SCHEMA = (
    '{"type":"object","additionalProperties":false,"required":["thought"],"properties":{"thought":{"type":"string"},'
    f'"POINT":{_LOCATION},"to":{{"oneOf":[{{"enum":["up","down","left","right"]}},{_LOCATION}]}},'
    '"duration":{"type":"integer","minimum":0,"default":200},"PRESS":{"type":"string","enum":["HOME","BACK","ENTER"]},'
    '"TYPE":{"type":"string"},"STATUS":{"type":"string","default":"continue",'
    '"enum":["continue","finish","satisfied","impossible","interrupt","need_feedback"]}}}'
)
_SYSTEM = (
    "# Role\n你通过触屏替用户操作安卓手机，看着屏幕截图决定下一步。\n\n"
    "# Task\n根据用户的问题和当前截图，给出下一步。\n\n# Rule\n- 用紧凑的 JSON 回答\n- 必须符合 Schema\n\n# Schema\n"
    + _SCHEMA
)
_QUESTION = "<Question>${instruction}</Question>\n"

AGENTCPM = Dialect(
    name="agentcpm-gui",
    family=r"agentcpm[-_.]?gui" + UNVERSIONED,
    sizes="8B (MiniCPM-V-2.6)",
    licence="Apache-2.0",
    source="OpenBMB/AgentCPM-GUI: README.md, eval/utils/schema/schema.json",
    resize=SideLimit(factor=14, min_pixels=14 * 14, max_pixels=1120 * 1120, longest=1120),
    space="rel1000",
    grammar={
        "mobile": DictGrammar(
            _READ,
            _write,
            Places(own=(JSON_POINT,)),
            around=lambda values: {"thought": "", **values},
            by="",
            inside="",
            begins=("thought", "POINT", "to", "duration", "PRESS", "TYPE", "STATUS"),
            compact=True,
            ignored=("duration",),
        )
    },
    decide={
        "mobile": PromptTemplate(
            _SYSTEM,
            (_QUESTION + "${history}当前屏幕截图：", IMAGE),
            max_tokens=2048,
            sampling=Sampling(temperature=0.1, top_p=0.3),
        )
    },
    locate=PromptTemplate(_SYSTEM, (_QUESTION + "当前屏幕截图：", IMAGE), max_tokens=512),
    extract=EXTRACT,
    place_parser=Places(own=(JSON_POINT,)),
    step="${number}. ${action}${outcome}\n",
    retry="（上一次的回答无效：${error}。请只用一个 JSON 回答。）\n",
    control_tokens=MINICPM_TOKENS,
)
