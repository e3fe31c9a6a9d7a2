"""The function calls of BrowserGym's action sets: text to our actions, and our actions to text.

A text is read as a syntax tree of calls with literals, and nothing in it is run. ``bid`` is the number of an element in
the list of the screen.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from pydantic import ValidationError

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
    parse_action,
)
from actions.adb.apps import is_address
from actions.frame import Frame, Point
from agent.core.model import NO_USAGE, ParseError
from agent.perception.listing.rows import ElementList
from benchmarks.harness import InexpressibleError, literal

NOTCH = 100
"""Pixels of a wheel notch."""
Mouse = Literal["left", "middle", "right"]
Actions = list[AnyAction]


def read_functions(text: str, listed: ElementList | None) -> Actions:
    """The actions of `text`: calls of BrowserGym's functions, or a JSON list of actions of ours.

    Raises `ParseError` with what is wrong, also for an element that `listed` does not have.
    """
    try:
        if text.lstrip().startswith("["):
            found = [parse_action(action) for action in json.loads(text)]
        else:
            functions = _Functions(listed)
            found = [action for call in _calls(text) for action in functions.actions(*call)]
    except ValidationError as error:
        raise _unusable(error.errors()[0]["msg"], text) from error
    except (SyntaxError, ValueError, TypeError) as error:
        raise _unusable(str(error), text) from error
    if not found:
        raise _unusable("there is no action in it", text)
    return found


def _unusable(why: str, text: str) -> ParseError:
    return ParseError(why, text, NO_USAGE)


def _calls(text: str) -> Iterator[tuple[str, list[Any], dict[str, Any]]]:
    for line in ast.parse(text.strip()).body:
        call = line.value if isinstance(line, ast.Expr) else None
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            raise ValueError(f"not a function call: {ast.unparse(line)[:80]}")
        named = {word.arg or "**": ast.literal_eval(word.value) for word in call.keywords}
        yield call.func.id, [ast.literal_eval(value) for value in call.args], named


class _Functions:
    """BrowserGym's functions that a screen has, by name, each with BrowserGym's parameters."""

    def __init__(self, listed: ElementList | None) -> None:
        self._listed = listed
        self._known: dict[str, Callable[..., Actions]] = {
            "send_msg_to_user": self._send_msg_to_user,
            "report_infeasible": self._report_infeasible,
            "noop": self._noop,
            "click": self._click,
            "dblclick": self._dblclick,
            "hover": lambda bid: [Move(point=self._at(bid))],
            "focus": lambda bid: [Click(point=self._at(bid))],
            "fill": self._fill,
            "clear": lambda bid: self._fill(bid, ""),
            "press": lambda bid, key_comb: [Click(point=self._at(bid)), Key(chords=(key_comb,))],
            "drag_and_drop": lambda from_bid, to_bid: [Drag(path=(self._at(from_bid), self._at(to_bid)))],
            "scroll": lambda delta_x, delta_y: [_scroll(None, delta_x, delta_y)],
            "scroll_at": lambda x, y, dx, dy: [_scroll(Point(x, y), dx, dy)],
            "mouse_move": lambda x, y: [Move(point=Point(x, y))],
            "mouse_up": self._mouse_up,
            "mouse_down": self._mouse_down,
            "mouse_click": self._mouse_click,
            "mouse_dblclick": self._mouse_dblclick,
            "mouse_drag_and_drop": lambda from_x, from_y, to_x, to_y: [
                Drag(path=(Point(from_x, from_y), Point(to_x, to_y)))
            ],
            "keyboard_press": lambda key: [Key(chords=(key,))],
            "keyboard_up": lambda key: [ReleaseKeys(keys=(key,))],
            "keyboard_down": lambda key: [HoldKeys(keys=(key,))],
            "keyboard_type": lambda text: [TypeText(text=text)],
            "keyboard_insert_text": lambda text: [TypeText(text=text)],
            "goto": lambda url: [Open(target=url)],
            "go_back": lambda: [Button(name="back")],
        }

    def actions(self, name: str, values: list[Any], named: dict[str, Any]) -> Actions:
        """What a call does. Raises ValueError and TypeError."""
        function = self._known.get(name)
        if function is None:
            raise ValueError(f"there is no function {name}; known: {', '.join(self._known)}")
        try:
            bound = inspect.signature(function).bind(*values, **named)
        except TypeError as error:
            raise TypeError(f"{name}: {error}") from error
        return function(*bound.args, **bound.kwargs)

    def _at(self, bid: object) -> Point:
        row = None if self._listed is None or not str(bid).isdecimal() else self._listed.numbered(int(str(bid)))
        if row is None:
            raise ValueError(f"there is no element {bid!r} on the screen")
        return row.box.center

    def _send_msg_to_user(self, text: str) -> Actions:
        return [Answer(text=text), Finish(status="success", message=text)]

    def _report_infeasible(self, reason: str) -> Actions:
        return [Finish(status="failure", message=reason)]

    def _noop(self, wait_ms: float = 1000) -> Actions:
        return [Wait(seconds=wait_ms / 1000)]

    def _click(self, bid: str, button: Mouse = "left", modifiers: Sequence[str] = ()) -> Actions:
        return [Click(point=self._at(bid), button=button, keys=_modifiers(modifiers))]

    def _dblclick(self, bid: str, button: Mouse = "left", modifiers: Sequence[str] = ()) -> Actions:
        return [Click(point=self._at(bid), button=button, keys=_modifiers(modifiers), count=2)]

    def _fill(self, bid: str, value: str, enable_autocomplete_menu: bool = False) -> Actions:
        return [Click(point=self._at(bid)), TypeText(text=value, clear=True)]

    def _mouse_up(self, x: float, y: float, button: Mouse = "left") -> Actions:
        return [ReleaseMouse(point=Point(x, y), button=button)]

    def _mouse_down(self, x: float, y: float, button: Mouse = "left") -> Actions:
        return [HoldMouse(point=Point(x, y), button=button)]

    def _mouse_click(self, x: float, y: float, button: Mouse = "left") -> Actions:
        return [Click(point=Point(x, y), button=button)]

    def _mouse_dblclick(self, x: float, y: float, button: Mouse = "left") -> Actions:
        return [Click(point=Point(x, y), button=button, count=2)]


def _modifiers(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(names)


def _scroll(point: Point | None, dx: float, dy: float) -> Scroll:
    return Scroll(point=point, dx=_notches(dx), dy=_notches(dy))


def _notches(pixels: float) -> int:
    """At least one where there is anything to scroll."""
    turned = round(pixels / NOTCH)
    return turned if turned or not pixels else (1 if pixels > 0 else -1)


# --- our actions as calls ---------------------------------------------------------------------------------------------

SUPPORTED = frozenset(
    {"click", "long_press", "drag", "move", "scroll", "type", "key", "key_down", "key_up", "mouse_down", "mouse_up"}
    | {"button", "open", "wait"}
)
_PLAYWRIGHT = {
    "ctrl": "Control", "super": "Meta", "altgr": "AltGraph", "pageup": "PageUp", "pagedown": "PageDown",
    "menu": "ContextMenu", "plus": "+",
    **{name: name.title() for name in ("shift", "alt", "enter", "tab", "space", "backspace", "delete", "insert")},
    **{name: name.title() for name in ("escape", "home", "end")},
    **{way: f"Arrow{way.title()}" for way in ("up", "down", "left", "right")},
    **{f"f{n}": f"F{n}" for n in range(1, 13)},
}  # fmt: skip
"""Playwright's names of keys."""


def functions_of(action: AnyAction, frame: Frame) -> list[str]:
    """`action` as calls of BrowserGym's functions, for a page whose pixels are those of `frame`.

    Raises `InexpressibleError`, and `actions.frame.GeometryError` for a point outside the frame.
    """
    return [f"{name}({', '.join(map(literal, values))})" for name, *values in _written(action, frame)]


Call = tuple[str | float, ...]


def _written(action: AnyAction, frame: Frame) -> Iterator[Call]:
    match action:
        case Click(count=3):
            raise InexpressibleError("BrowserGym has no triple click")
        case Click():
            name = "mouse_dblclick" if action.count == 2 else "mouse_click"
            yield from _held(action.keys, [(name, *frame.to_input(action.point), action.button)])
        case LongPress():
            at = frame.to_input(action.point)
            yield from (("mouse_down", *at), ("noop", 1000 * action.seconds), ("mouse_up", *at))
        case Drag():
            yield from _held(action.keys, _dragged(action, frame))
        case Move():
            yield ("mouse_move", *frame.to_input(action.point))
        case Scroll():
            by = (NOTCH * action.dx, NOTCH * action.dy)
            turned: Call = ("scroll", *by)
            if action.point is not None:
                turned = ("scroll_at", *frame.to_input(action.point), *by)
            yield from _held(action.keys, [turned])
        case TypeText():
            if action.clear:
                yield from (("keyboard_press", "Control+a"), ("keyboard_press", "Backspace"))
            if action.text:
                yield ("keyboard_type", action.text)
        case Key():
            yield from (("keyboard_press", "+".join(map(_key, chord.split("+")))) for chord in action.chords)
        case HoldKeys(seconds=None):
            yield from (("keyboard_down", _key(key)) for key in action.keys)
        case ReleaseKeys():
            yield from (("keyboard_up", _key(key)) for key in action.keys)
        case HoldMouse() | ReleaseMouse():
            if action.point is None:
                raise InexpressibleError(f"BrowserGym's {action.type} needs a point")
            name = "mouse_down" if isinstance(action, HoldMouse) else "mouse_up"
            yield (name, *frame.to_input(action.point), action.button)
        case Button(name="back"):
            yield ("go_back",)
        case Open() if is_address(action.target):
            yield ("goto", action.target)
        case Wait():
            yield ("noop", 1000 * action.seconds)
        case _:
            raise InexpressibleError(f"BrowserGym has no function for {action.type} of this kind")


def _dragged(action: Drag, frame: Frame) -> list[Call]:
    first, *others = (frame.to_input(point) for point in action.path)
    if len(others) == 1 and action.button == "left":
        return [("mouse_drag_and_drop", *first, *others[0])]
    moves: list[Call] = [("mouse_move", *point) for point in others]
    return [("mouse_down", *first, action.button), *moves, ("mouse_up", *others[-1], action.button)]


def _held(keys: Sequence[str], calls: Sequence[Call]) -> Iterator[Call]:
    yield from (("keyboard_down", _key(key)) for key in keys)
    yield from calls
    yield from (("keyboard_up", _key(key)) for key in reversed(keys))


def _key(name: str) -> str:
    known = _PLAYWRIGHT.get(name, name if len(name) == 1 else None)
    if known is None:
        raise InexpressibleError(f"Playwright has no key {name}")
    return known
