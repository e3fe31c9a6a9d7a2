"""Our actions in OSWorld's two languages: pyautogui code, and the dictionaries of ``computer_13``.

OSWorld runs the code in its virtual machine. Every text in it is a literal in which all but letters, digits and spaces
is escaped (`literal`): OSWorld edits code by regular expressions before it runs it (``_fix_pyautogui_less_than_bug``),
which would also change what looks like a call inside a plain literal, and could make code of it. Coordinates are pixels
of OSWorld's screen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from actions.action import (
    AnyAction,
    Click,
    Drag,
    HoldKeys,
    HoldMouse,
    Key,
    LongPress,
    Move,
    ReleaseKeys,
    ReleaseMouse,
    Scroll,
    TypeText,
    Wait,
)
from actions.frame import Frame, Point
from benchmarks.harness import InexpressibleError, literal

ActionSpace = Literal["pyautogui", "computer_13"]
SUPPORTED = frozenset(
    {"click", "long_press", "drag", "move", "scroll", "type", "key"}
    | {"key_down", "key_up", "mouse_down", "mouse_up", "wait"}
)
_KEY_NAMES = {"super": "win", "escape": "esc", "altgr": "altright", "menu": "apps", "plus": "+"}
"""pyautogui's names of keys that are called otherwise here."""
_LESS = ("shift", ",")
"""How ``<`` is typed: pyautogui types ``>`` for it (OSWorld issue 257)."""


# --- pyautogui --------------------------------------------------------------------------------------------------------


def pyautogui_code(action: AnyAction, frame: Frame) -> list[str]:
    """`action` as one line of calls of ``pyautogui`` and ``time``.

    Raises `InexpressibleError`, and `actions.frame.GeometryError` for a point outside the frame.
    """
    return ["; ".join(_calls(action, frame))]


def _call(name: str, *values: str | float, **named: str | float) -> str:
    arguments = [*map(literal, values), *(f"{key}={literal(value)}" for key, value in named.items())]
    return f"{name}({', '.join(arguments)})"


def _gui(name: str, *values: str | float, **named: str | float) -> str:
    return _call(f"pyautogui.{name}", *values, **named)


def _calls(action: AnyAction, frame: Frame) -> Iterator[str]:
    match action:
        case Click():
            x, y = frame.to_input(action.point)
            click = _gui("click", x, y, clicks=action.count, button=action.button)
            yield from _while_held(action.keys, [click])
        case LongPress():
            yield _gui("mouseDown", *frame.to_input(action.point), button="left")
            yield _call("time.sleep", action.seconds)
            yield _gui("mouseUp", button="left")
        case Drag():
            yield from _while_held(action.keys, _drag(action, frame))
        case Move():
            yield _gui("moveTo", *frame.to_input(action.point))
        case Scroll():
            yield from _while_held(action.keys, _wheel(action, frame))
        case TypeText():
            if action.clear:
                yield from (_gui("hotkey", "ctrl", "a"), _gui("press", "backspace"))
            yield from (_gui(name, *said) for name, said in typed(action.text))
        case Key():
            yield from (_gui("hotkey", *keys) if len(keys) > 1 else _gui("press", *keys) for keys in _chords(action))
        case HoldKeys():
            keys = [key_name(key) for key in action.keys]
            yield from (_gui("keyDown", key) for key in keys)
            if action.seconds is not None:
                yield _call("time.sleep", action.seconds)
                yield from (_gui("keyUp", key) for key in reversed(keys))
        case ReleaseKeys():
            yield from (_gui("keyUp", key_name(key)) for key in action.keys)
        case HoldMouse() | ReleaseMouse():
            name = "mouseDown" if isinstance(action, HoldMouse) else "mouseUp"
            yield _gui(name, *_place(action.point, frame), button=action.button)
        case Wait():
            yield _call("time.sleep", action.seconds)
        case _:
            raise InexpressibleError(f"OSWorld has no word for {action.type}")


def _drag(action: Drag, frame: Frame) -> list[str]:
    first, *others = (frame.to_input(point) for point in action.path)
    moves = [_gui("moveTo", *point, duration=round(action.seconds / len(others), 3)) for point in others]
    button = action.button
    return [_gui("mouseDown", *first, button=button), *moves, _gui("mouseUp", *others[-1], button=button)]


def _wheel(action: Scroll, frame: Frame) -> list[str]:
    place = _place(action.point, frame)
    turns = (("scroll", -action.dy), ("hscroll", action.dx))
    return [_gui(name, notches, *place) for name, notches in turns if notches] or [_call("time.sleep", 0)]


def _while_held(keys: Sequence[str], calls: Sequence[str]) -> Iterator[str]:
    names = [key_name(key) for key in keys]
    yield from (_gui("keyDown", name) for name in names)
    yield from calls
    yield from (_gui("keyUp", name) for name in reversed(names))


def _place(point: Point | None, frame: Frame) -> tuple[int, ...]:
    return () if point is None else frame.to_input(point)


# --- computer_13 ------------------------------------------------------------------------------------------------------

Entry = dict[str, Any]


def computer_13(action: AnyAction, frame: Frame) -> list[Entry]:
    """`action` as OSWorld's dictionaries, in order. Raises like `pyautogui_code`.

    Times are OSWorld's: a drag takes its 0.5 to 1 s a move, a press lasts its pause after an action.
    """
    return list(_entries(action, frame))


def _entry(kind: str, **parameters: Any) -> Entry:
    return {"action_type": kind, "parameters": parameters}


def _moved(point: Point | None, frame: Frame) -> list[Entry]:
    if point is None:
        return []
    x, y = frame.to_input(point)
    return [_entry("MOVE_TO", x=x, y=y)]


def _entries(action: AnyAction, frame: Frame) -> Iterator[Entry]:
    match action:
        case Click():
            x, y = frame.to_input(action.point)
            click = _entry("CLICK", button=action.button, x=x, y=y, num_clicks=action.count)
            yield from _entries_while_held(action.keys, [click])
        case LongPress():
            yield from _moved(action.point, frame)
            yield from (_entry("MOUSE_DOWN", button="left"), _entry("WAIT"), _entry("MOUSE_UP", button="left"))
        case Drag():
            first, *others = action.path
            moves = [entry for point in others for entry in _moved(point, frame)]
            down, up = _entry("MOUSE_DOWN", button=action.button), _entry("MOUSE_UP", button=action.button)
            yield from _entries_while_held(action.keys, [*_moved(first, frame), down, *moves, up])
        case Move():
            yield from _moved(action.point, frame)
        case Scroll():
            wheel = _entry("SCROLL", dx=action.dx, dy=-action.dy)
            yield from _entries_while_held(action.keys, [*_moved(action.point, frame), wheel])
        case TypeText():
            if action.clear:
                yield from (_entry("HOTKEY", keys=["ctrl", "a"]), _entry("PRESS", key="backspace"))
            yield from (_entry_of(name, said) for name, said in typed(action.text))
        case Key():
            yield from (_pressed(keys) for keys in _chords(action))
        case HoldKeys(seconds=None):
            yield from (_entry("KEY_DOWN", key=key_name(key)) for key in action.keys)
        case ReleaseKeys():
            yield from (_entry("KEY_UP", key=key_name(key)) for key in action.keys)
        case HoldMouse() | ReleaseMouse():
            yield from _moved(action.point, frame)
            yield _entry("MOUSE_DOWN" if isinstance(action, HoldMouse) else "MOUSE_UP", button=action.button)
        case Wait():
            yield _entry("WAIT")
        case _:
            raise InexpressibleError(f"OSWorld's computer_13 has no word for {action.type} of this kind")


def _entry_of(name: str, said: Sequence[str]) -> Entry:
    """The dictionary of a call of `typed`."""
    match name:
        case "write":
            return _entry("TYPING", text=said[0])
        case "press":
            return _entry("PRESS", key=said[0])
        case _:
            return _entry("HOTKEY", keys=list(said))


def _pressed(keys: Sequence[str]) -> Entry:
    """A key or chord. OSWorld puts names between quotes as they are: a sign is typed, a chord cannot have a quote."""
    if len(keys) == 1:
        sign = len(keys[0]) == 1 and not keys[0].isalnum()
        return _entry("TYPING", text=keys[0]) if sign else _entry("PRESS", key=keys[0])
    if unsafe := {"'", "\\"} & {*keys}:
        raise InexpressibleError(f"OSWorld's computer_13 cannot press {unsafe.pop()} together with other keys")
    return _entry("HOTKEY", keys=list(keys))


def _entries_while_held(keys: Sequence[str], entries: Sequence[Entry]) -> Iterator[Entry]:
    names = [key_name(key) for key in keys]
    yield from (_entry("KEY_DOWN", key=name) for name in names)
    yield from entries
    yield from (_entry("KEY_UP", key=name) for name in reversed(names))


# --- keys and text ----------------------------------------------------------------------------------------------------


def key_name(key: str) -> str:
    """pyautogui's name of a key of `actions.keys`. Raises `InexpressibleError` for one that it does not have."""
    if not key.isascii():
        raise InexpressibleError(f"OSWorld's pyautogui has no key {key}")
    return _KEY_NAMES.get(key, key)


def _chords(action: Key) -> list[tuple[str, ...]]:
    """The keys of each chord by pyautogui's names."""
    return [
        tuple(name for key in chord.split("+") for name in (_LESS if key == "<" else (key_name(key),)))
        for chord in action.chords
    ]


def typed(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The calls of pyautogui that type `text`: ``write``, ``press``, ``hotkey``, each with its arguments.

    Raises `InexpressibleError` for what is not ASCII, which pyautogui leaves out without a word.
    """
    text = text.replace("\r\n", "\n")
    odd = [c for c in text if not (c.isascii() and (c.isprintable() or c in _KEYS_OF_TEXT))]
    if odd:
        raise InexpressibleError(f"OSWorld's pyautogui types ASCII only, not {odd[0]!r}")
    for part in re.split(r"([\n\t<])", text):
        if part:
            yield _KEYS_OF_TEXT.get(part, ("write", (part,)))


_KEYS_OF_TEXT: dict[str, tuple[str, tuple[str, ...]]] = {
    "\n": ("press", ("enter",)),
    "\t": ("press", ("tab",)),
    "<": ("hotkey", _LESS),
}
