"""What several dialects share: the meaning of keys, directions and defaults, and the question for data."""

from __future__ import annotations

import math
from urllib.parse import quote_plus

from actions.action import Click, Drag, Key, LongPress, Scroll, TypeText
from actions.frame import Point
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.dialect import IMAGE, Actions, PromptTemplate, View

UNVERSIONED = r"(?![-_.]?v?\d+(?:[._]\d+)?(?![.\d]*b|\d))"
"""After the name of a family in a regular expression: not a number of a version, as that of its size has a ``B``."""

INTERNVL_TOKENS = ("<image>", "<img>", "</img>", "<IMG_CONTEXT>")
MINICPM_TOKENS = ("<image>", "</image>", "<image_id>", "</image_id>", "<slice>", "</slice>")
"""Control tokens of InternVL's and MiniCPM-V's templates that look like tags."""

NOTCHES = 5
"""How far a scroll goes whose call names only a direction (UI-TARS' own harness turns the wheel by 5)."""

EXTRACT = PromptTemplate(
    "You are a helpful assistant.",
    (
        IMAGE,
        "${instruction}\nAnswer from what the screenshot shows, with JSON that fits this schema and nothing else:\n"
        "${schema}",
    ),
    max_tokens=2048,
)
"""The question for data, for every family that can answer more than a place."""

CALL_USER = "The model asks for your help to go on."
"""The question that UI-TARS' ``call_user()``, which has no words of its own, stands for."""

DIRECTIONS = {"down": (0, 1), "up": (0, -1), "right": (1, 0), "left": (-1, 0)}
"""Directions as (dx, dy): where the content that comes into sight was."""
FINGER = {"up": "down", "down": "up", "left": "right", "right": "left"}
"""Where the content that a finger's way brings into sight was, and the other way round."""


BACK = Key(chords=("alt+left",))
"""One page back in a browser."""


def search_address(words: str) -> str:
    """The address of a web search, as Fara's own harness has it."""
    return f"https://www.bing.com/search?q={quote_plus(words)}&FORM=QBLH"


def scroll_of(direction: str, point: Point | None, notches: int = NOTCHES) -> Scroll:
    """A scroll by `direction`. Raises `Unreadable` for an unknown one."""
    way = DIRECTIONS.get(direction.strip().lower())
    if way is None:
        raise Unreadable(f"unknown direction {direction[:40]!r}; use down, up, right or left")
    return Scroll(point=point, dx=way[0] * notches, dy=way[1] * notches)


def clicked_first(text: TypeText, point: Point | None, view: View) -> Actions:
    """`text`, after a click at the place of its field unless the pointer is there (two grid units)."""
    near = point and view.pointer and math.dist(view.numbers(point), view.numbers(view.pointer)) <= 2
    return text if point is None or near else (Click(point=point), text)


def direction_of(scroll: Scroll, notches: int | None = NOTCHES) -> str:
    """The direction of a scroll along one axis by `notches` (any number for None); empty for any other."""
    if scroll.keys or (scroll.dx and scroll.dy) or not (scroll.dx or scroll.dy):
        return ""
    if notches is not None and abs(scroll.dx or scroll.dy) != notches:
        return ""
    if scroll.dx:
        return "right" if scroll.dx > 0 else "left"
    return "down" if scroll.dy > 0 else "up"


def plain_drag(drag: Drag) -> bool:
    """Whether nothing of `drag` but its two ends needs saying."""
    default = Drag.model_fields["seconds"].default
    return len(drag.path) == 2 and (drag.button, drag.seconds, drag.keys) == ("left", default, ())


def has_default_duration(press: LongPress) -> bool:
    """Whether a press lasts as long as one of which no time is said."""
    return bool(press.seconds == LongPress.model_fields["seconds"].default)
