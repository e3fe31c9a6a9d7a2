"""CogAgent-9B: ``Grounded Operation: CLICK(box=[[219,186,311,207]], element_type='…', element_info='…')``.

Operations, parameters, key names and the frame of the question are protocol (THUDM/CogAgent: ``Action_space_en.md``,
``README.md``, ``app/client.py``). Boxes are three-digit thousandths of a side; the place meant is their middle.
A TYPE names the box of its field: it is a click and a text, or the text alone where the pointer is there already.
"""

from __future__ import annotations

from actions.action import (
    AnyAction,
    Click,
    Finish,
    Key,
    Move,
    Open,
    Scroll,
    TypeText,
)
from actions.frame import Point
from actions.keys import MODIFIERS, split_chord
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.call_syntax import CallArgs, CallGrammar, NestedCall, ReadCall, quoted
from agent.models.dialects.common import direction_of, scroll_of
from agent.models.dialects.dialect import IMAGE, Dialect, Platform, PromptTemplate, View
from agent.models.dialects.keys import read_keys
from agent.models.dialects.points import QUAD, Places
from agent.models.dialects.resize import Square

_OUR_KEYS = {"ctrl": "Lcontrol", "alt": "Lmenu", "shift": "Lshift", "enter": "Return", "super": "Lwin"}


def _type(args: CallArgs) -> TypeText | tuple[Click, TypeText]:
    """Types where the pointer is in the box already (or its place is not known); else clicks the field first."""
    text, box = args.text("text"), args.place("box")
    pointer = args.view.pointer
    if box is None or pointer is None:
        return TypeText(text=text)
    x1, y1, x2, y2 = _corners(args)
    x, y = args.view.numbers(pointer)
    if min(x1, x2) - 1 <= x <= max(x1, x2) + 1 and min(y1, y2) - 1 <= y <= max(y1, y2) + 1:
        return TypeText(text=text)
    return Click(point=box), TypeText(text=text)


def _corners(args: CallArgs) -> tuple[float, float, float, float]:
    """The box as it was given, in thousandths."""
    numbers = args.place_numbers("box")
    x1, y1, x2, y2 = numbers if len(numbers) == 4 else numbers * 2
    return x1, y1, x2, y2


def _key_name(name: object) -> str:
    """Our name for one of theirs. Raises `Unreadable` for an unknown one."""
    return read_keys([name]).chords[0]


def _gesture(args: CallArgs) -> Key:
    """Keys held and pressed: one chord, if that is what it comes to."""
    steps = args.get("actions", "0")
    if not isinstance(steps, list) or not all(isinstance(step, NestedCall) for step in steps):
        raise Unreadable("GESTURE needs a list of KEY_DOWN, KEY_PRESS and KEY_UP")
    held, chords = list[str](), list[str]()
    fresh = False
    for step in steps:
        if not set(step.values) <= {"key"} and not set(step.values) <= {"0"}:
            raise Unreadable(f"{step.name} in a GESTURE has a key and nothing else")
        key = _key_name(step.values.get("key", step.values.get("0")))
        if step.name == "KEY_PRESS":
            chords.append("+".join([*held, key]))
        elif step.name == "KEY_DOWN" and key not in held:
            held.append(key)
        elif step.name == "KEY_UP" and key in held:
            chords += ["+".join(held)] if fresh else []
            held.remove(key)
        else:
            raise Unreadable(f"GESTURE cannot have {step.name} of {key} here")
        fresh = step.name == "KEY_DOWN"
    if held:
        raise Unreadable(f"GESTURE does not let go of {held[0]}")
    return Key(chords=tuple(chords)) if chords else read_keys([])


def _launch(args: CallArgs) -> Open:
    named = [value for value in (args.one_of(("url",)), args.one_of(("app",))) if value not in (None, "None")]
    if len(named) != 1 or not isinstance(named[0], str):
        raise Unreadable("LAUNCH must name an app or an address, and not both")
    return Open(target=named[0])


def _scroll(args: CallArgs, way: str) -> Scroll:
    steps = args.number("step_count")
    if steps is None or not steps.is_integer() or not 1 <= steps <= 100:
        raise Unreadable("'step_count' must be a whole number from 1 to 100")
    return scroll_of(way, args.place("box"), int(steps))


_READ: dict[str, ReadCall] = {
    "CLICK": lambda args: args.click(args.need_place("box")),
    "DOUBLE_CLICK": lambda args: args.click(args.need_place("box"), count=2),
    "RIGHT_CLICK": lambda args: args.click(args.need_place("box"), "right", 1),
    "HOVER": lambda args: Move(point=args.need_place("box")),
    "TYPE": _type,
    "SCROLL_UP": lambda args: _scroll(args, "up"),
    "SCROLL_DOWN": lambda args: _scroll(args, "down"),
    "SCROLL_LEFT": lambda args: _scroll(args, "left"),
    "SCROLL_RIGHT": lambda args: _scroll(args, "right"),
    "KEY_PRESS": lambda args: read_keys([args.get("key", "0")], args.times(("presses",), 64) or 1),
    "GESTURE": _gesture,
    "LAUNCH": _launch,
    "END": lambda args: Finish(status="success"),
}


def _box(point: Point, view: View) -> str:
    x, y = (min(int(n), 999) for n in view.numbers(point))
    return f"box=[[{x:03d},{y:03d},{x:03d},{y:03d}]]"


def _write(action: AnyAction, view: View) -> str | None:
    match action:
        case Click(keys=(), count=1, button="left" | "right") | Click(keys=(), count=2, button="left"):
            name = "DOUBLE_CLICK" if action.count == 2 else "CLICK" if action.button == "left" else "RIGHT_CLICK"
            return f"{name}({_box(action.point, view)})"
        case Move():
            return f"HOVER({_box(action.point, view)})"
        case TypeText(clear=False):
            where = "" if view.pointer is None else f"{_box(view.pointer, view)}, "
            return f"TYPE({where}text={quoted(action.text)})"
        case Scroll() if direction_of(action, None):
            where = "" if action.point is None else f"{_box(action.point, view)}, "
            return f"SCROLL_{direction_of(action, None).upper()}({where}step_count={abs(action.dx or action.dy)})"
        case Key(chords=(chord,)):
            return _write_key(split_chord(chord))
        case Open():
            return f"LAUNCH(app={quoted(action.target)}, url='None')" if action.target != "None" else None
        case Finish(status="success", message=""):
            return "END()"
    return None


def _write_key(keys: tuple[str, ...]) -> str | None:
    def named(what: str, key: str) -> str:
        return f"{what}(key={quoted(_OUR_KEYS.get(key, key.upper() if len(key) == 1 and key.isascii() else key))})"

    if len(keys) == 1:
        return named("KEY_PRESS", keys[0])
    held, last = keys[:-1], keys[-1]
    if any(key not in MODIFIERS for key in held):
        return None
    downs = [named("KEY_DOWN", key) for key in held]
    ups = [named("KEY_UP", key) for key in reversed(held)]
    return f"GESTURE(actions=[{', '.join([*downs, named('KEY_PRESS', last), *ups])}])"


_CALLS = CallGrammar(
    read=_READ,
    write=_write,
    places=Places(own=(QUAD,), markers=("Grounded Operation:",)),
    markers=("Grounded Operation:",),
    answer="Action: ${said}\nGrounded Operation: ${call}\n<<一般操作>>",
    ignored=("element_type", "element_info"),
)
_OS = {"desktop": "WIN", "mobile": "Mobile"}


def _question(platform: Platform, told: str) -> str:
    return (
        f"Task: ${{instruction}}{told}\n(Platform: {_OS[platform]})\n(Answer in Action-Operation-Sensitive format.)\n"
    )


COGAGENT = Dialect(
    name="cogagent",
    family=r"cogagent(?!.{0,40}(?:vqa|chat))",
    sizes="9B (GLM-4V)",
    licence="CogAgent licence (research; commercial use after registration)",
    source="THUDM/CogAgent: Action_space_en.md, README.md, app/client.py",
    resize=Square(),
    space="rel1000",
    grammar={"desktop": _CALLS, "mobile": _CALLS},
    decide={
        "desktop": PromptTemplate("", (IMAGE, _question("desktop", "\nHistory steps: ${history}")), max_tokens=1024),
        "mobile": PromptTemplate("", (IMAGE, _question("mobile", "\nHistory steps: ${history}")), max_tokens=1024),
    },
    locate=PromptTemplate("", (IMAGE, _question("desktop", "\nHistory steps: ")), max_tokens=512),
    extract=None,
    step="\n${index}. ${action}\t${thought}${outcome}",
    retry="\nYour last answer did nothing (${error}).",
)
