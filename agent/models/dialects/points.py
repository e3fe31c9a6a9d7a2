"""Places as grounding models write them: points and boxes in brackets, tags, calls and JSON, and refusals.

A form is read where it is whole: a bracket that was cut off is never closed here, since a number that lost its last
digit is another place. The forms of a family's own are read without a word, any other one with a note.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from actions.frame import Box, Point
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.dialect import ParsedPlace, View

MAX_TEXT = 200_000
_S = r"[ \t\r\n]{0,12}"
_N = rf"[\"']?{_S}([-+]?(?:\d{{1,9}}(?:\.\d{{1,12}})?|\.\d{{1,12}})){_S}[\"']?"
_COMMA = rf"{_S},{_S}"
_NUMBERS = re.compile(r"(?<![\w.])[-+]?(?:\d{1,9}(?:\.\d{1,12})?|\.\d{1,12})(?![\w.])")
_WRAPPING = re.compile(r"<\|box_(?:start|end)\|>|</?(?:point|bbox|box)>")
_PLACE_KEY = rf"[\"'](?:coordinates?|point_2d|bbox_2d|box_2d|bbox|point|POINT|position|box)[\"']{_S}:{_S}\[{{1,2}}{_S}"

PAIR = rf"\({_S}{_N}{_COMMA}{_N}{_S}\)(?!{_COMMA}\()"
"""``(512, 304)``, but not the first corner of two."""
LIST = rf"\[{_S}{_N}{_COMMA}{_N}{_S}\]"
"""``[512, 304]``."""
LISTS = rf"\[{_S}{_N}{_COMMA}{_N}{_S}\]{_COMMA}\[{_S}{_N}{_COMMA}{_N}{_S}\]"
"""``[x1, y1], [x2, y2]``."""
QUAD = rf"\[{_S}{_N}{_COMMA}{_N}{_COMMA}{_N}{_COMMA}{_N}{_S}\]"
"""``[x1, y1, x2, y2]``."""
ROUND_QUAD = rf"\({_S}{_N}{_COMMA}{_N}{_COMMA}{_N}{_COMMA}{_N}{_S}\)"
"""``(x1, y1, x2, y2)``."""
CORNERS = rf"(?:<\|box_start\|>)?\({_S}{_N}{_COMMA}{_N}{_S}\){_COMMA}\({_S}{_N}{_COMMA}{_N}{_S}\)"
"""``<|box_start|>(x1,y1),(x2,y2)<|box_end|>``, with or without its special tokens."""
TAG = rf"<point>{_S}\[{{0,2}}{_S}{_N}[ \t\r\n,]{_S}{_N}{_S}\]{{0,2}}{_S}</point>"
"""``<point>512 304</point>``."""
XY_CALL = rf"\({_S}x{_S}={_S}{_N}{_COMMA}y{_S}={_S}{_N}{_S}[,)]"
"""``click(x=0.5, y=0.3)``."""
JSON_XY = rf"[\"']x[\"']{_S}:{_S}{_N}{_COMMA}[\"']y[\"']{_S}:{_S}{_N}{_S}}}"
"""``{"x": 512, "y": 304}``."""
JSON_POINT = rf"{_PLACE_KEY}{_N}{_COMMA}{_N}{_S}\]"
"""``{"coordinate": [512, 304]}``, ``point_2d`` and the like."""
JSON_BOX = rf"{_PLACE_KEY}{_N}{_COMMA}{_N}{_COMMA}{_N}{_COMMA}{_N}{_S}\]"
"""``{"bbox_2d": [x1, y1, x2, y2]}``."""
ANGLED_QUAD = rf"<box>{_S}<{_N}>{_S}<{_N}>{_S}<{_N}>{_S}<{_N}>{_S}</box>"
"""``<box><x1><y1><x2><y2></box>``."""
ANGLED_PAIR = rf"<box>{_S}<{_N}>{_S}<{_N}>{_S}</box>"
"""``<box><x><y></box>``."""
BOX_WORDS = rf"<box>{_S}{_N}[ ,]{_S}{_N}[ ,]{_S}{_N}[ ,]{_S}{_N}{_S}</box>"
"""``<box>x1 y1 x2 y2</box>``."""
POINT_FIELD = rf"point:{_S}{_N}[ ,]{_S}{_N}[ ]{{0,4}}(?=[\t\n])"
"""``point:512,304``, a field of a line."""
ANY = (JSON_BOX, JSON_POINT, JSON_XY, TAG, XY_CALL, CORNERS, QUAD, ROUND_QUAD, LIST, PAIR)
"""Every form, the most telling first."""

_TWICE = re.compile(rf"[\"']([xy])[\"']{_S}:{_S}{_N}{_COMMA}[\"']\1[\"']{_S}:{_S}{_N}")
_NOTHING = re.compile(r"(?:```(?:json)?)?\s*(?:null|none|\[\s*\]|\{\s*\})\s*(?:```)?", re.IGNORECASE)


@dataclass(frozen=True)
class Places:
    """Reads a place in the forms `own`, or else in those of `also`.

    Only what follows the last of `markers` that is there is read. `refusals` are texts (lower case) that say that the
    thing is not there; so do ``[-1, -1]``, an empty list and ``null``.
    """

    own: tuple[str, ...]
    also: tuple[str, ...] = ANY
    markers: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ("target does not exist",)

    def parse_place(self, text: str, view: View, ended: bool) -> ParsedPlace:
        """The place in `text`. Raises `Unreadable` for none, and for one off the screen."""
        if len(text) > MAX_TEXT:
            raise Unreadable(f"the answer is {len(text)} characters long")
        body, notes = self._body(text), list[str]()
        twice = _TWICE.search(body)
        if twice and float(twice.group(2)) != float(twice.group(3)):
            raise Unreadable(f"{twice.group(1)!r} is given twice")
        found = places_in(body, self.own)
        if not found:
            found = places_in(body, self.also)
            notes += ["the place is not in the family's own form"] if found else []
        if not found:
            return self._refusal(body, ended)
        if any(other != found[0] for other in found[1:]):
            notes.append(f"{len(found)} places: the first was taken")
        if all(number == -1 for number in found[0]):
            return ParsedPlace(None, reason="the model says it is not there", notes=tuple(notes))
        point, box = place_of(found[0], view, notes)
        return ParsedPlace(point, box, notes=tuple(notes))

    def _body(self, text: str) -> str:
        for marker in self.markers:
            _, there, after = text.rpartition(marker)
            if there:
                return after
        return text

    def _refusal(self, body: str, ended: bool) -> ParsedPlace:
        said = body.strip().lower()[:400]
        if any(refusal in said for refusal in self.refusals) or (ended and _NOTHING.fullmatch(said)):
            return ParsedPlace(None, reason="the model says it is not there")
        short = " ".join(body[:200].split())[:80]
        raise Unreadable(f"no place in the answer: {short!r}" if short else "the answer is empty")


def places_in(text: str, forms: Sequence[str]) -> list[list[float]]:
    """The numbers of every place in `text` in the first of `forms` that is there."""
    for form in forms:
        found = [[float(n) for n in match.groups()] for match in re.finditer(form, text)]
        if found:
            return found
    return []


def place_of(numbers: Sequence[float], view: View, notes: list[str]) -> tuple[Point, Box | None]:
    """Two numbers as a point, four as a box and its middle, in frame pixels.

    Raises `Unreadable` for another count and for a place off the screen.
    """
    if len(numbers) == 2:
        return view.point(numbers[0], numbers[1], notes), None
    if len(numbers) != 4:
        raise Unreadable(f"a place has two numbers or four, not {len(numbers)}")
    corners = [view.point(x, y, notes) for x, y in (numbers[:2], numbers[2:])]
    box = Box.around(corners)
    if box[:2] != tuple(corners[0]):
        notes.append("the corners of the box were swapped")
    return box.center, box


def numbers_in(text: str) -> list[float]:
    """The numbers of a place written as text, ``<|box_start|>(197,525)<|box_end|>``; empty if there is more in it."""
    if len(text) > 200:
        return []
    if text.count("<point>") > 1:
        return []
    bare = _WRAPPING.sub(" ", text)
    if re.sub(r"[\s\[\](){},;]", "", _NUMBERS.sub("", bare)):
        return []
    return [float(number) for number in _NUMBERS.findall(bare)]
