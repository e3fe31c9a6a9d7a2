"""What a dialect can say, found by having it say everything: every kind of action, at the ends of its range.

Texts carry `TEXT` where any text can stand and `FREE` where the model says what it likes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import get_args

from actions.action import (
    Answer,
    AnyAction,
    AskUser,
    Button,
    ButtonName,
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
from actions.frame import Frame, Point
from actions.keys import ALIASES, MODIFIERS, NAMED
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.call_syntax import kind_of
from agent.models.dialects.common import CALL_USER
from agent.models.dialects.dialect import Grammar, UnsupportedAction, View
from agent.models.dialects.identity_cache import IdentityCache

_EMPTY_TAG = re.compile(r"(<(?:think|conclusion)>)(</(?:think|conclusion)>)")
TEXT, FREE = "\ue000", "\ue001"

_SIGNS = "abcdefghijklmnopqrstuvwxyz0123456789`-=[]\\;',./"
KEYS: tuple[str, ...] = (*NAMED, *_SIGNS)
"""Every key by its own name."""
KEY_NAMES: tuple[str, ...] = tuple(
    dict.fromkeys(chain(KEYS, ALIASES, (name.capitalize() for name in (*NAMED, *ALIASES)), _SIGNS.upper()))
)
"""Every name of a key that models are seen to use and that is understood."""
HELD: tuple[tuple[str, ...], ...] = (
    *((), *((key,) for key in MODIFIERS)),
    *(("ctrl", "shift"), ("shift", "ctrl"), ("ctrl", "alt"), ("alt", "ctrl"), ("alt", "shift"), ("shift", "alt")),
    *(("super", "shift"), ("super", "ctrl"), ("super", "alt"), ("ctrl", "alt", "shift"), ("ctrl", "shift", "alt")),
)
"""The keys that are held in a chord, in the orders in which they are named."""

_SECONDS = (0.0, 0.5, 1.0, 5.0, 10.0, 60.0)
_NOTCHES = (-100, -5, -1, 1, 5, 100)


def corners(frame: Frame) -> tuple[Point, Point]:
    """The first point of `frame` and the last, as near to its lower right corner as a point can be."""
    return Point(0, 0), Point(frame.width - 1e-6, frame.height - 1e-6)


def probes(start: Point, end: Point) -> Iterator[tuple[AnyAction, ...]]:
    """Every kind of action but keys, from place to place; of several in one tuple the first that can be said counts."""
    for point in (start, end):
        for button in ("left", "middle", "right"):
            yield from ((Click(point=point, button=button, count=count),) for count in (1, 2, 3))
        yield from ((LongPress(point=point, seconds=seconds),) for seconds in (*_SECONDS, 600.0))
        yield (Move(point=point),)
    for at in (None, start, end):
        yield from ((Scroll(point=at, dx=n),) for n in _NOTCHES)
        yield from ((Scroll(point=at, dy=n),) for n in _NOTCHES)
    for at in (None, start, end):
        for side in ("left", "middle", "right"):
            yield from ((kind(point=at, button=side),) for kind in (HoldMouse, ReleaseMouse))
    yield (Drag(path=(start, end)),)
    yield TypeText(text=TEXT), TypeText(text=TEXT + "\n")
    yield TypeText(text=""), TypeText(text="\n")
    yield from ((TypeText(text=text, clear=True),) for text in (TEXT, f"{TEXT}\n", ""))
    yield (Answer(text=""),)
    yield from ((Button(name=name),) for name in get_args(ButtonName))
    yield Open(target=TEXT), Open(target=f"https://{TEXT}")
    yield from ((Wait(seconds=seconds),) for seconds in _SECONDS)
    yield (Answer(text=TEXT),)
    yield AskUser(question=TEXT), AskUser(question=CALL_USER)
    for status in ("success", "failure"):
        yield from ((Finish(status=status, message=message),) for message in ("", TEXT))


def said(grammar: Grammar, views: list[View], check: View) -> list[str]:
    """Every answer to the probes, in each of `views`, that can also be read in `check`."""
    found: dict[str, None] = {}
    for view in views:
        start, end = corners(view.frame)
        for first, last in ((start, end), (end, start)):
            for choice in probes(first, last):
                text = next(filter(None, (_say(grammar, action, view) for action in choice)), None)
                if text is not None and text not in found and _reads(grammar, text, check):
                    found[text] = None
    return list(found)


_CHORDS = IdentityCache[list[dict[str, str]]](128)


def chords(grammar: Grammar, view: View) -> list[dict[str, str]]:
    """For each set of keys held, what is said for each further key; nothing where a family cannot say it.

    Keys have no place: of `view` it matters only whether the pointer is known.
    """
    return _CHORDS.get(grammar, view.pointer is None, lambda: list(_chords(grammar, view)))


def _chords(grammar: Grammar, view: View) -> Iterator[dict[str, str]]:
    for kind in (HoldKeys, ReleaseKeys):
        texts = {key: _say(grammar, kind(keys=(key,)), view) for key in KEYS}
        yield {key: text for key, text in texts.items() if text is not None}
    for held in HELD:
        texts = {key: _say(grammar, Key(chords=("+".join((*held, key)),)), view) for key in KEYS if key not in held}
        yield {key: text for key, text in texts.items() if text is not None}


def _say(grammar: Grammar, action: AnyAction, view: View) -> str | None:
    try:
        return _EMPTY_TAG.sub(rf"\1{FREE}\2", grammar.format(action, view).replace(kind_of(action), FREE))
    except UnsupportedAction:
        return None


def _reads(grammar: Grammar, text: str, view: View) -> bool:
    try:
        grammar.parse(text.replace(TEXT, "a").replace(FREE, "a"), view, True)
    except Unreadable:
        return False
    return True
