"""GELab-Zero and Step-GUI: phones, by fields between tabs; each answer sums up all that was done.

Actions, fields, tags and the order of the question are protocol (stepfun-ai/gelab-zero
``copilot_tools/parser_0920_summary.py``). Only the last summary is told again.
"""

from __future__ import annotations

from actions.action import AnyAction, AskUser, Click, Drag, Finish, LongPress, Open, TypeText, Wait
from actions.frame import Point
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.call_syntax import CallArgs, ReadCall
from agent.models.dialects.common import EXTRACT, UNVERSIONED, clicked_first, has_default_duration, plain_drag
from agent.models.dialects.conversation import Conversation
from agent.models.dialects.dialect import IMAGE, Actions, Dialect, PromptTemplate, View
from agent.models.dialects.fields import FieldGrammar
from agent.models.dialects.points import LIST, PAIR, POINT_FIELD, Places
from agent.models.dialects.resize import Resize
from agent.models.endpoints.endpoint import Sampling


def _type(args: CallArgs) -> Actions:
    return clicked_first(TypeText(text=args.text("value")), args.place("point"), args.view)


def _wait(args: CallArgs) -> Wait:
    seconds = args.number("value")
    if seconds is None:
        raise Unreadable("'value' is missing")
    return Wait(seconds=seconds)


_READ: dict[str, ReadCall] = {
    "CLICK": lambda args: Click(point=args.need_place("point")),
    "TYPE": _type,
    "COMPLETE": lambda args: Finish(status="success", message=args.message("return", "value")),
    "WAIT": _wait,
    "AWAKE": lambda args: Open(target=args.text("value")),
    "INFO": lambda args: AskUser(question=args.text("value")),
    "ABORT": lambda args: Finish(status="failure", message=args.message("value")),
    "SLIDE": lambda args: Drag(path=(args.need_place("point1"), args.need_place("point2"))),
    "LONGPRESS": lambda args: LongPress(point=args.need_place("point")),
}


def _at(point: Point, view: View) -> str:
    x, y = view.numbers(point)
    return f"{x},{y}"


def _write(action: AnyAction, view: View) -> dict[str, str] | None:
    match action:
        case Click(button="left", count=1, keys=()):
            return {"action": "CLICK", "point": _at(action.point, view)}
        case TypeText(clear=False):
            where = {} if view.pointer is None else {"point": _at(view.pointer, view)}
            return {"action": "TYPE", "value": action.text, **where}
        case Finish():
            name, said = ("COMPLETE", "return") if action.status == "success" else ("ABORT", "value")
            return {"action": name, said: action.message}
        case Wait() if action.seconds.is_integer():
            return {"action": "WAIT", "value": f"{action.seconds:g}"}
        case Open() | AskUser():
            name, words = ("AWAKE", action.target) if isinstance(action, Open) else ("INFO", action.question)
            return {"action": name, "value": words}
        case Drag() if plain_drag(action):
            start, end = (_at(point, view) for point in action.path)
            return {"action": "SLIDE", "point1": start, "point2": end}
        case LongPress() if has_default_duration(action):
            return {"action": "LONGPRESS", "point": _at(action.point, view)}
    return None


_SPACE = (
    ("CLICK", "点击一个位置", "point:x,y"),
    ("TYPE", "在位于 point 的输入框里输入 value", "value:内容\tpoint:x,y"),
    ("COMPLETE", "任务完成，向用户报告", "return:报告"),
    ("WAIT", "等待若干秒", "value:秒数"),
    ("AWAKE", "打开一个应用", "value:应用名"),
    ("INFO", "向用户提问", "value:问题"),
    ("ABORT", "无法继续时终止任务，说明原因", "value:原因"),
    ("SLIDE", "从 point1 滑到 point2", "point1:x1,y1\tpoint2:x2,y2"),
    ("LONGPRESS", "长按一个位置", "point:x,y"),
)
_TASK = (
    "你在替用户操作一部手机，每一步根据任务、屏幕截图和历史选择一个动作。"
    "坐标以屏幕左上角为原点，横竖都是 0 到 1000。\n\n"
    "# Action Space:\n\n"
    + "\n".join(f"{n}. {name}：{what}。action:{name}\t{form}" for n, (name, what, form) in enumerate(_SPACE, 1))
)
_FORM = (
    "\n\n先在 <THINK> 和 </THINK> 之间思考，再用一行写出各个字段，字段之间用制表符隔开：\n<THINK> 思考 </THINK>\n"
    "explain:这一步做什么、为什么\taction:动作和它的字段\tsummary:做完这一步之后的历史总结\n"
)
_ASK = "\n用户的指令：${instruction}\n之前做过的：${history}\n现在的屏幕截图：\n"

GELAB = Dialect(
    name="gelab",
    family=r"(?:gelab[-_.]?zero|step[-_.]?gui)" + UNVERSIONED,
    sizes="GELab-Zero-4B, Step-GUI-4B, 8B (Qwen3-VL)",
    licence="Apache-2.0",
    source="stepfun-ai/gelab-zero: copilot_tools/parser_0920_summary.py",
    resize=Resize(factor=32, min_pixels=65536, max_pixels=16777216),
    space="rel1000",
    grammar={"mobile": FieldGrammar(_READ, _write, Places(own=(POINT_FIELD, LIST, PAIR)))},
    decide={
        "mobile": PromptTemplate(
            "",
            (_TASK, _ASK, IMAGE, _FORM),
            max_tokens=4096,
            sampling=Sampling(temperature=0.1, top_p=0.95),
            conversation=Conversation(
                line="${thought}${outcome}\n", nothing="暂无历史操作", said=r"\tsummary:([^\t\n]+)", sums_up=True
            ),
        )
    },
    locate=PromptTemplate("", (_TASK + "\n用户的指令：点击 ${instruction}\n", IMAGE, _FORM), max_tokens=1024),
    extract=EXTRACT,
    retry="（上一次的回答无效：${error}。请按格式回答。）",
    thinks=True,
)
