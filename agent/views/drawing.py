"""Actions drawn on a screen, visible on light and dark backgrounds.

`marks` says what to draw as a few shapes in frame coordinates (continuous: the middle of pixel ``i`` is ``i + 0.5``);
`draw` paints them on pixels, and `agent.views.report` turns the same shapes into SVG.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from actions.action import (
    AnyAction,
    Click,
    Drag,
    Finish,
    HoldMouse,
    Key,
    LongPress,
    Move,
    ReleaseMouse,
    Scroll,
    TypeText,
    Wait,
    describe,
)  # fmt: skip
from actions.frame import Box, FinitePoint, Point
from agent.core.model import Grounding
from agent.core.step import Target
from agent.core.targets import box_at, ends_of
from envs.env import Image

COLOUR = (214, 0, 88)
"""RGB of every mark; each has a white edge."""
_SHIFT = 4  # OpenCV takes coordinates in 1/16 pixels


@dataclass(frozen=True)
class Disc:
    """A circle; `filled`, or a ring."""

    center: Point
    radius: float
    filled: bool = False


@dataclass(frozen=True)
class Polyline:
    """A line through `points`; closed and `filled` when it is a shape."""

    points: tuple[Point, ...]
    filled: bool = False


@dataclass(frozen=True)
class Badge:
    """A short text beside a mark: `gap` pixels right of its middle `at`, or left of it near the right edge."""

    at: Point
    gap: float
    text: str


@dataclass(frozen=True)
class Banner:
    """One line of text across the bottom of the screen."""

    text: str


Mark = Disc | Polyline | Badge | Banner
Letters = ImageFont.FreeTypeFont | ImageFont.ImageFont
"""A font of some size."""


def unit(width: int, height: int) -> float:
    """Pixels of one drawing unit: 1 on a screen of 800 pixels in height, more on larger ones."""
    return max(0.5, min(width, height) / 800)


def marks(action: AnyAction, width: int, height: int, targets: Sequence[Target] = ()) -> tuple[Mark, ...]:
    """The shapes for `action` on a frame of this size: a ring around the box that `targets` have at its place, else
    around the point. Points outside are drawn at its edge with a note.
    """
    u, size = unit(width, height), (width, height)
    match action:
        case Click(point=point):
            return _target(point, size, _click_words(action), box_at(point, targets))
        case LongPress(point=point):
            return _target(point, size, f"{action.seconds:g} s", box_at(point, targets))
        case Move():
            return (Disc(_middle(action.point, size), 10 * u), *_badge(action.point, size, "", 26 * u))
        case Drag():
            return _path(action.path, size, _held(action.keys))
        case Scroll():
            return _scroll(action, size)
        case HoldMouse(point=point) | ReleaseMouse(point=point) if point is not None:
            words = "down" if isinstance(action, HoldMouse) else "up"
            return _target(point, size, words, box_at(point, targets))
        case TypeText() | Key():
            return (Banner(describe(action)),)
        case Wait() | Finish():
            return ()
        case _:
            return (Banner(describe(action)),)


def grounding_marks(found: Grounding, width: int, height: int) -> tuple[Mark, ...]:
    """The shapes for a target's point, box and score, or for the reason of a refusal."""
    size, shapes = (width, height), list[Mark]()
    if found.refused:
        return (Banner(f"not found: {found.reason or 'no reason given'}"),)
    if found.box is not None:
        shapes.append(outline(found.box, size))
    if found.point is not None:
        shapes += _target(found.point, size, "" if found.score is None else f"{found.score:.0%}")
        shapes.append(Disc(_middle(found.point, size), 2.5 * unit(*size), filled=True))
    return tuple(shapes)


def badge_left(badge: Badge, width: float, frame_width: int) -> float:
    """The left edge of a badge of this width: right of its mark if it fits there, else left of it."""
    right = badge.at.x + badge.gap
    return right if right + width <= frame_width else max(0.0, badge.at.x - badge.gap - width)


def draw_action(image: Image, action: AnyAction, targets: Sequence[Target] = ()) -> Image:
    """A copy of `image` (RGB uint8 HxWx3) with `action`, whose points are its pixels, drawn on it."""
    return draw(image, marks(action, image.shape[1], image.shape[0], targets))


def draw_grounding(image: Image, found: Grounding) -> Image:
    """A copy of `image` (RGB uint8 HxWx3) with a target's point, box and score drawn on it, or the refusal."""
    return draw(image, grounding_marks(found, image.shape[1], image.shape[0]))


def draw(image: Image, shapes: Iterable[Mark]) -> Image:
    """A copy of `image` (RGB uint8 HxWx3) with `shapes` drawn on it, texts on top."""
    canvas = np.ascontiguousarray(image).copy()
    shapes = tuple(shapes)
    thick = max(2, round(2.4 * unit(canvas.shape[1], canvas.shape[0])))
    for colour, width in (((255, 255, 255), thick + 2 * max(1, round(0.7 * thick))), (COLOUR, thick)):
        for shape in shapes:
            _paint(canvas, shape, colour, width)
    words = [shape for shape in shapes if isinstance(shape, Badge | Banner)]
    return _write(canvas, words) if words else canvas


# --- shapes ----------------------------------------------------------------------------------------------------


def _middle(point: FinitePoint, size: tuple[int, int]) -> Point:
    """The middle of the pixel at `point`, clamped to the frame."""
    x, y = (min(max(math.floor(value), 0), limit - 1) + 0.5 for value, limit in zip(point, size, strict=True))
    return Point(x, y)


def outline(box: Box, size: tuple[int, int]) -> Polyline:
    """The edge of `box`, as far as it is on a frame of this size."""
    x1, x2 = sorted(min(max(x, 0), size[0]) for x in (box.x1, box.x2))
    y1, y2 = sorted(min(max(y, 0), size[1]) for y in (box.y1, box.y2))
    return Polyline((Point(x1, y1), Point(x2, y1), Point(x2, y2), Point(x1, y2), Point(x1, y1)))


def _target(point: FinitePoint, size: tuple[int, int], words: str, box: Box | None = None) -> tuple[Mark, ...]:
    """A ring around `box`, else around the point, that leaves free what is inside; `words` beside it."""
    center, u = _middle(point, size), unit(*size)
    if box is None:
        return (Disc(center, 18 * u), *_badge(point, size, words, 26 * u))
    ring = outline(box.grown(9 * u), size)
    half = max(ring.points[1].x - center.x, center.x - ring.points[0].x)
    return (ring, *_badge(point, size, words, half + 8 * u))


def _badge(point: FinitePoint, size: tuple[int, int], words: str, gap: float) -> tuple[Mark, ...]:
    """A text `gap` pixels beside a mark; none for no words, except for a point outside the frame."""
    outside = "" if 0 <= point.x < size[0] and 0 <= point.y < size[1] else "outside the screen"
    text = ", ".join(filter(None, (words, outside)))
    return (Badge(_middle(point, size), gap, text),) if text else ()


def enlarged_place(action: AnyAction, width: int, height: int, targets: Sequence[Target] = ()) -> Box | None:
    """The part of a frame of this size to enlarge: the target and some of what is around it; None without a target."""
    ends = ends_of(action)
    if not ends or isinstance(action, Drag):
        return None
    center, u = _middle(ends[0], (width, height)), unit(width, height)
    box = box_at(ends[0], targets) or Box(*center, *center)
    wide, tall = max(1.5 * box.width, 180 * u), max(1.8 * box.height, 80 * u)
    wide, tall = min(max(wide, 1.6 * tall), width), min(max(tall, wide / 4), height)
    x1 = min(max(box.center.x - wide / 2, 0), width - wide)
    y1 = min(max(box.center.y - tall / 2, 0), height - tall)
    return Box(x1, y1, x1 + wide, y1 + tall)


def _click_words(action: Click) -> str:
    words = ("" if action.count == 1 else f"{action.count}×", "" if action.button == "left" else action.button)
    return " ".join(filter(None, (*words, _held(action.keys))))


def _held(keys: tuple[str, ...]) -> str:
    return "".join(f"{key}+" for key in keys)


def _path(points: tuple[FinitePoint, ...], size: tuple[int, int], words: str) -> tuple[Mark, ...]:
    """An arrow along `points` that begins with a dot."""
    line, u = tuple(_middle(p, size) for p in points), unit(*size)
    start = Disc(line[0], 6 * u, filled=True)
    return (Polyline(line), start, *_arrow_head(line, 16 * u), *_badge(points[-1], size, words, 26 * u))


def _arrow_head(line: tuple[Point, ...], length: float) -> tuple[Mark, ...]:
    tip = line[-1]
    before = next((p for p in reversed(line) if p != tip), None)
    if before is None:
        return ()
    angle = math.atan2(tip.y - before.y, tip.x - before.x)
    back = [Point(tip.x - length * math.cos(angle + a), tip.y - length * math.sin(angle + a)) for a in (-0.45, 0.45)]
    return (Polyline((tip, *back), filled=True),)


def _scroll(action: Scroll, size: tuple[int, int]) -> tuple[Mark, ...]:
    """An arrow in the direction of the scroll, longer for more notches."""
    u = unit(*size)
    at = action.point or Point(size[0] / 2, size[1] / 2)
    reach = [math.copysign(min(30 + 10 * abs(n), 120), n) * u if n else 0 for n in (action.dx, action.dy)]
    shapes = _path((at, Point(at.x + reach[0], at.y + reach[1])), size, "")
    ways = [f"{abs(n)} {'→←↓↑'[i * 2 + (n < 0)]}" for i, n in enumerate((action.dx, action.dy)) if n]
    drawn = tuple(shape for shape in shapes if not isinstance(shape, Badge))
    return (*drawn, *_badge(at, size, " ".join((_held(action.keys) + " ".join(ways)).split()), 26 * u))


# --- pixels ----------------------------------------------------------------------------------------------------


def _fixed(point: Point) -> tuple[int, int]:
    """OpenCV's fixed-point coordinates, in which a pixel's middle is an integer."""
    return round((point.x - 0.5) * 2**_SHIFT), round((point.y - 0.5) * 2**_SHIFT)


def _paint(canvas: Image, shape: Mark, colour: tuple[int, int, int], width: int) -> None:
    edge = width if colour != COLOUR else 1
    match shape:
        case Disc():
            thick = -1 if shape.filled else width
            grown = edge / 2 if shape.filled and edge > 1 else 0
            radius = round((shape.radius + grown) * 2**_SHIFT)
            cv2.circle(canvas, _fixed(shape.center), radius, colour, thick, cv2.LINE_AA, _SHIFT)
        case Polyline():
            corners = np.array([_fixed(p) for p in shape.points], np.int32)
            cv2.polylines(canvas, [corners], shape.filled, colour, edge if shape.filled else width, cv2.LINE_AA, _SHIFT)
            if shape.filled:
                cv2.fillPoly(canvas, [corners], colour, cv2.LINE_AA, _SHIFT)


def _write(canvas: Image, shapes: list[Badge | Banner]) -> Image:
    picture = Pillow.fromarray(canvas)
    pen = ImageDraw.Draw(picture)
    for shape in shapes:
        if isinstance(shape, Badge):
            _write_badge(pen, shape, picture.size)
        else:
            _write_banner(pen, shape, picture.size)
    return np.asarray(picture)


def _write_badge(pen: ImageDraw.ImageDraw, badge: Badge, size: tuple[int, int]) -> None:
    u = unit(*size)
    letters = font(max(9, round(16 * u)))
    pad = 6 * u
    width = pen.textlength(badge.text, letters)
    x = badge_left(badge, width + 2 * pad, size[0])
    y = min(max(badge.at.y, 13 * u), size[1] - 13 * u)
    area = (x, y - 12 * u, x + width + 2 * pad, y + 12 * u)
    pen.rounded_rectangle(area, 6 * u, fill=COLOUR, outline="white", width=max(1, round(1.5 * u)))
    pen.text((x + pad, y), badge.text, "white", letters, anchor="lm")


def _write_banner(pen: ImageDraw.ImageDraw, banner: Banner, size: tuple[int, int]) -> None:
    u = unit(*size)
    letters = font(max(9, round(20 * u)))
    text = fitted(banner.text, letters, size[0] - 40 * u)
    width, pad = pen.textlength(text, letters), 12 * u
    x, y = (size[0] - width) / 2, size[1] - 34 * u
    area = (x - pad, y - 18 * u, x + width + pad, y + 18 * u)
    pen.rounded_rectangle(area, 8 * u, fill=COLOUR, outline="white", width=max(1, round(2 * u)))
    pen.text((x, y), text, "white", letters, anchor="lm")


def fitted(text: str, letters: Letters, width: float) -> str:
    """`text` on one line, shortened to `width` pixels."""
    text = " ".join(text.split()).encode("utf-8", "replace").decode()
    while len(text) > 1 and letters.getlength(text) > width:
        text = text[: min(len(text) - 2, int(len(text) * 0.9))] + "…"
    return text


@lru_cache(maxsize=8)
def font(size: int) -> Letters:
    """A sans-serif font with more than Latin letters if installed, else Pillow's own."""
    for name in ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial Unicode.ttf", "arial.ttf"):
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)
