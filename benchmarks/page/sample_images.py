"""A sample's screen with its target and the answers: an enlarged extract, and the extract's position."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from actions.frame import Point
from benchmarks.page.loading import SampleScene, ShownAnswer
from benchmarks.suite import SuiteError
from benchmarks.suites.grounding.pictures import read_image
from envs.env import Image
from envs.png import data_url

MAIN, SMALL = 560, 220
"""Largest stored image width in pixels."""
_LEAST = 240.0
_NARROW = 240
_FAR = 0.7
"""Above this share of a side, the whole screen is shown instead of an extract."""
_VISIBLE = 10
"""A target this many times smaller than the view is also shown enlarged."""


@dataclass(frozen=True)
class Window:
    """A part of a screen, in its pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def upright(self) -> bool:
        """Whether it is narrow enough to be drawn beside the text."""
        return self.height > 1.2 * self.width


@dataclass(frozen=True)
class DrawnAnswer:
    """The answer of one run, with the run's `letter` and `tone`."""

    said: ShownAnswer
    letter: str = ""
    tone: int = 0

    def points(self, size: tuple[int, int]) -> list[Point]:
        """Its points on a screen of this size, or at its edge."""
        return [_clamped(point, size) for point in self.said.path]

    def badge(self, size: tuple[int, int]) -> str:
        """What is written beside its first point."""
        outside = "outside the screen" if self.points(size)[0] != self.said.path[0] else ""
        return " ".join(filter(None, (self.letter, outside)))

    def badge_place(self, size: tuple[int, int], unit: float) -> Window:
        """Where: on the right of the point, else on its left."""
        at, width, height = self.points(size)[0], (7.4 * len(self.badge(size)) + 9) * unit, 17 * unit
        x = at.x + 14 * unit if at.x + 14 * unit + width < size[0] else at.x - 14 * unit - width
        return Window(x, min(max(at.y - height / 2, 0), size[1] - height), width, height)


@dataclass(frozen=True)
class ScreenView:
    """A drawing of a part of a screen, which ``drawing.html`` makes; `shown` marks a part of it.

    `picture` is the screen as a data URL, "" for none; `spoken` is the text alternative.
    """

    scene: SampleScene
    answers: Sequence[DrawnAnswer]
    window: Window
    picture: str
    spoken: str
    caption: str = ""
    shown: Window | None = None
    small: bool = False

    @property
    def unit(self) -> float:
        """The pixels of the screen that marks are measured in."""
        if self.small:
            return 0.6 * self.window.width / SMALL
        return self.window.width / (_NARROW if self.window.upright else MAIN)

    @property
    def spots(self) -> Sequence[Point]:
        """The recorded points that are drawn."""
        return () if self.scene.target and len(self.scene.spots) < 2 else self.scene.spots


def listed(points: Iterable[Point]) -> str:
    """Points as SVG takes them."""
    return " ".join(f"{p.x:g},{p.y:g}" for p in points)


def views_of(scene: SampleScene, mine: Sequence[DrawnAnswer], spoken: str) -> list[ScreenView]:
    """The drawings of one sample, the main one first; `spoken` is their text alternative."""
    screen = _read(scene.image)
    whole = Window(0, 0, *scene.size)
    near = _around([*_target_points(scene), *(p for one in mine for p in one.points(scene.size))], scene.size)
    main = near if near and not _covers(near, whole) else whole
    views = [ScreenView(scene, mine, main, _coded(screen, main, MAIN), spoken)]

    def beside(window: Window, caption: str, shown: Window | None = None) -> ScreenView:
        return ScreenView(scene, mine, window, _coded(screen, window, SMALL), caption, caption, shown, small=True)

    if main is not whole:
        views.append(beside(whole, "the whole screen", main))
    if close := _close(scene, main):
        views.append(beside(close, "the target, in close"))
    return views


def _close(scene: SampleScene, main: Window) -> Window | None:
    """An enlarged view of a target that is small in `main`; None for a large one."""
    points = _target_points(scene)
    spot = _around(points, scene.size)
    if spot is None or spot.width > 0.6 * main.width:
        return None
    widest = max(
        max(p.x for p in points) - min(p.x for p in points), max(p.y for p in points) - min(p.y for p in points)
    )
    return spot if widest < main.width / _VISIBLE else None


def _read(path: Path | None) -> Image | None:
    try:
        return None if path is None else read_image(path)
    except (SuiteError, OSError):
        return None


# --- windows -------------------------------------------------------------------------------------------------------


def _around(points: Sequence[Point], size: tuple[int, int]) -> Window | None:
    """The part of a screen around `points`, with a margin and a least size; None for no points."""
    if not points:
        return None
    xs, ys = [p.x for p in points], [p.y for p in points]
    width, height = 1.5 * (max(xs) - min(xs)) + 60, 1.5 * (max(ys) - min(ys)) + 60
    width = max(width, _LEAST, 0.16 * size[0], height * 1.2)
    height = max(height, width * 0.6)
    x, width = _placed((min(xs) + max(xs)) / 2, width, size[0])
    y, height = _placed((min(ys) + max(ys)) / 2, height, size[1])
    return Window(x, y, width, height)


def _placed(middle: float, length: float, limit: int) -> tuple[float, float]:
    """Start and length of an interval around `middle` within ``0`` to `limit`, whole pixels."""
    length = float(min(round(length), limit))
    return float(round(min(max(middle - length / 2, 0), limit - length))), length


def _covers(part: Window | None, whole: Window) -> bool:
    """Whether `part` is nearly all of `whole`."""
    return part is None or max(part.width / whole.width, part.height / whole.height) > _FAR


def _target_points(scene: SampleScene) -> list[Point]:
    found = [p for outline in scene.target for p in outline] or list(scene.spots)
    return [_clamped(point, scene.size) for point in found]


def _clamped(point: Point, size: tuple[int, int]) -> Point:
    return Point(min(max(point.x, 0.0), float(size[0])), min(max(point.y, 0.0), float(size[1])))


def _coded(screen: Image | None, window: Window, pixels: int) -> str:
    """The part of the screen as a WebP data URI, `pixels` wide at most; "" without a screen."""
    if screen is None:
        return ""
    x, y, right, low = (round(n) for n in (window.x, window.y, window.x + window.width, window.y + window.height))
    part = np.ascontiguousarray(screen[y:low, x:right])
    scale = min(1.0, pixels / part.shape[1], 2 * pixels / part.shape[0])
    if scale < 1:
        size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    coded = io.BytesIO()
    Pillow.fromarray(part).save(coded, "webp", quality=76, method=2)
    return data_url(coded.getvalue(), "webp")
