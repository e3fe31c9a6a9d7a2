"""A sample's screen with its target and the answers: an enlarged extract, and the extract's position."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from actions.frame import Point
from agent.views.markup import Child, Markup, element
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
class DrawnAnswer:
    """The answer of one run, with the run's `letter` and `tone`."""

    said: ShownAnswer
    letter: str = ""
    tone: int = 0


@dataclass(frozen=True)
class _Window:
    """A part of a screen, in its pixels."""

    x: float
    y: float
    width: float
    height: float


def figure(scene: SampleScene, mine: Sequence[DrawnAnswer], spoken: str) -> Markup:
    """The drawings of one sample; `spoken` is their text alternative."""
    screen = _read(scene.image)
    whole = _Window(0, 0, *scene.size)
    near = _around([*_target_points(scene), *(p for one in mine for p in _on_screen(one.said, scene.size))], scene.size)
    main = near if near and not _covers(near, whole) else whole
    views = [_view(screen, scene, mine, main, MAIN, spoken)]
    asides = []
    if main is not whole:
        asides.append(_view(screen, scene, mine, whole, SMALL, "", "the whole screen", shown=main))
    if close := _close(scene, main):
        asides.append(_view(screen, scene, mine, close, SMALL, "", "the target, in close"))
    if asides:
        views.append(element("div", *asides, class_="asides"))
    return element("div", *views, class_="views upright" if _upright(main) else "views")


def _upright(window: _Window) -> bool:
    """Whether the screen is narrow enough to be drawn beside the text."""
    return window.height > 1.2 * window.width


def _close(scene: SampleScene, main: _Window) -> _Window | None:
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


def _around(points: Sequence[Point], size: tuple[int, int]) -> _Window | None:
    """The part of a screen around `points`, with a margin and a least size; None for no points."""
    if not points:
        return None
    xs, ys = [p.x for p in points], [p.y for p in points]
    width, height = 1.5 * (max(xs) - min(xs)) + 60, 1.5 * (max(ys) - min(ys)) + 60
    width = max(width, _LEAST, 0.16 * size[0], height * 1.2)
    height = max(height, width * 0.6)
    x, width = _placed((min(xs) + max(xs)) / 2, width, size[0])
    y, height = _placed((min(ys) + max(ys)) / 2, height, size[1])
    return _Window(x, y, width, height)


def _placed(middle: float, length: float, limit: int) -> tuple[float, float]:
    """Start and length of an interval around `middle` within ``0`` to `limit`, whole pixels."""
    length = float(min(round(length), limit))
    return float(round(min(max(middle - length / 2, 0), limit - length))), length


def _covers(part: _Window | None, whole: _Window) -> bool:
    """Whether `part` is nearly all of `whole`."""
    return part is None or max(part.width / whole.width, part.height / whole.height) > _FAR


def _target_points(scene: SampleScene) -> list[Point]:
    found = [p for outline in scene.target for p in outline] or list(scene.spots)
    return [_clamped(point, scene.size) for point in found]


def _on_screen(said: ShownAnswer, size: tuple[int, int]) -> list[Point]:
    return [_clamped(point, size) for point in said.path]


def _clamped(point: Point, size: tuple[int, int]) -> Point:
    return Point(min(max(point.x, 0.0), float(size[0])), min(max(point.y, 0.0), float(size[1])))


# --- a view --------------------------------------------------------------------------------------------------------


def _view(
    screen: Image | None,
    scene: SampleScene,
    mine: Sequence[DrawnAnswer],
    window: _Window,
    pixels: int,
    spoken: str,
    caption: str = "",
    *,
    shown: _Window | None = None,
) -> Markup:
    """One drawing; `shown` marks a part of it."""
    small = pixels == SMALL
    unit = 0.6 * window.width / SMALL if small else window.width / (_NARROW if _upright(window) else MAIN)
    where = {"x": window.x, "y": window.y, "width": window.width, "height": window.height}
    drawn: list[Child] = [_background(screen, window, pixels, where)]
    if shown is not None:
        drawn += [_rect(shown, "halo thin"), _rect(shown, "extract")]
    drawn += _targets(scene, unit)
    for one in mine:
        drawn += _answer(one, scene.size, unit)
    title = element("title", spoken or caption)
    svg = element(
        "svg",
        title,
        *drawn,
        class_="screen small" if small else "screen",
        viewBox=f"{window.x:g} {window.y:g} {window.width:g} {window.height:g}",
        role="img",
    )
    words = element("figcaption", caption) if caption else None
    return element("figure", svg, words, class_="aside" if small else "main")


def _background(screen: Image | None, window: _Window, pixels: int, where: dict[str, float]) -> Markup:
    if screen is None:
        return element("rect", class_="blank", **where)
    return element("image", href=_coded(screen, window, pixels), preserveAspectRatio="none", **where)


def _coded(screen: Image, window: _Window, pixels: int) -> str:
    """The part of the screen as a WebP data URI, `pixels` wide at most."""
    x, y, right, low = (round(n) for n in (window.x, window.y, window.x + window.width, window.y + window.height))
    part = np.ascontiguousarray(screen[y:low, x:right])
    scale = min(1.0, pixels / part.shape[1], 2 * pixels / part.shape[0])
    if scale < 1:
        size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    coded = io.BytesIO()
    Pillow.fromarray(part).save(coded, "webp", quality=76, method=2)
    return data_url(coded.getvalue(), "webp")


def _targets(scene: SampleScene, unit: float) -> Iterator[Markup]:
    for outline in scene.target:
        points = _listed(outline)
        yield element("polygon", class_="halo", points=points)
        yield element("polygon", class_="target", points=points)
    for spot in () if scene.target and len(scene.spots) < 2 else scene.spots:
        yield from _cross(spot, 9 * unit)


def _cross(at: Point, reach: float) -> Iterator[Markup]:
    for class_ in ("halo", "target"):
        path = f"M{at.x - reach:g} {at.y:g}h{2 * reach:g}M{at.x:g} {at.y - reach:g}v{2 * reach:g}"
        yield element("path", class_=class_, d=path)


def _answer(one: DrawnAnswer, size: tuple[int, int], unit: float) -> Iterator[Markup]:
    tone, points = f"t-{one.tone % 6}", [_clamped(point, size) for point in one.said.path]
    if one.said.box:
        yield element("polygon", class_="halo thin", points=_listed(one.said.box))
        yield element("polygon", class_=f"answer box {tone}", points=_listed(one.said.box))
    if len(points) > 1:
        yield element("polyline", class_="halo", points=_listed(points))
        yield element("polyline", class_=f"answer {tone}", points=_listed(points))
    if points:
        yield from _ring(points[0], unit, tone, one)
        outside = points[0] != one.said.path[0]
        words = " ".join(filter(None, (one.letter, "outside the screen" if outside else "")))
        if words:
            yield _badge(points[0], words, size, unit, tone)


def _ring(at: Point, unit: float, tone: str, one: DrawnAnswer) -> Iterator[Markup]:
    """A ring with a dot in it; a square for every second run."""
    for class_ in ("halo", f"answer {tone}"):
        if one.tone % 2:
            side = 18 * unit
            place = {"x": at.x - side / 2, "y": at.y - side / 2, "width": side, "height": side}
            yield element("rect", class_=class_, **place)
        else:
            yield element("circle", class_=class_, cx=at.x, cy=at.y, r=10 * unit)
    yield element("circle", class_="pip halo", cx=at.x, cy=at.y, r=2.6 * unit)
    yield element("circle", class_=f"pip {tone}", cx=at.x, cy=at.y, r=2.2 * unit)


def _badge(at: Point, words: str, size: tuple[int, int], unit: float, tone: str) -> Markup:
    width, height = (7.4 * len(words) + 9) * unit, 17 * unit
    x = at.x + 14 * unit if at.x + 14 * unit + width < size[0] else at.x - 14 * unit - width
    y = min(max(at.y - height / 2, 0), size[1] - height)
    area = element("rect", class_=f"badge {tone}", x=x, y=y, width=width, height=height, rx=4 * unit)
    text = element("text", words, class_="words", x=x + width / 2, y=y + 12.6 * unit, font_size=12.5 * unit)
    return element("g", area, text)


def _rect(window: _Window, class_: str) -> Markup:
    return element("rect", class_=class_, x=window.x, y=window.y, width=window.width, height=window.height)


def _listed(points: Iterable[Point]) -> str:
    return " ".join(f"{p.x:g},{p.y:g}" for p in points)
