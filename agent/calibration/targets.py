"""The pictures of a calibration: one red disc on plain grey, at a known place.

Nothing else in the picture has a colour, so that the disc is found by anything that can see at all and what is
measured is how its place is said. Pictures have the sizes of real screens, of two below every usual limit on an
image's area, and of two shapes whose resized sizes tell limits apart that lie close together (1,280 tokens of 28 x 28,
one million pixels, 1024 x 1024).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from actions.frame import Frame, Point
from envs.env import Image, Observation

INSTRUCTION = "the red circle"
"""What the model is asked to find."""
DISC = (255, 0, 0)
GROUND = (224, 224, 224)
"""RGB of the disc and of everything else; the disc's edge is a blend of the two."""

_PLACES = (
    *((1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.93, 0.62), (0.0, 0.0), (0.58, 0.95)),
    *((0.47, 0.52), (0.97, 0.88), (0.21, 0.71), (0.78, 0.34), (0.88, 0.97), (0.35, 0.14)),
)
"""Where discs lie between their outermost places, as parts of a side; the corners first, and more far than near."""
_SIZES = (
    *(((1280, 800), 5), ((800, 600), 3), ((390, 844), 1), ((1920, 1080), 5), ((1080, 2400), 5)),
    *(((2560, 1440), 6), ((2240, 1792), 3), ((2016, 2016), 3), ((3840, 2160), 3)),
)
_CHECKED = (((2560, 1440), ((1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0))), ((1080, 2400), ((1.0, 1.0), (0.3, 0.4))))


@dataclass(frozen=True)
class CalibrationTarget:
    """A disc: its middle `at` and `radius` in pixels of a picture of `width` x `height`."""

    width: int
    height: int
    at: Point
    radius: int

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the picture in pixels."""
        return self.width, self.height

    def observation(self) -> Observation:
        """The picture as a screen would be seen."""
        name = f"{self.width}x{self.height}-{self.at.x:.0f}-{self.at.y:.0f}"
        return Observation(self.paint(), Frame(id=name, width=self.width, height=self.height))

    def paint(self) -> Image:
        """The picture, RGB uint8 HxWx3; the disc is symmetric about its middle to the last pixel."""
        image = np.full((self.height, self.width, 3), GROUND, np.uint8)
        left, top = (math.floor(v) - self.radius - 1 for v in self.at)
        side = 2 * self.radius + 3
        rows, columns = np.mgrid[0:side, 0:side] + 0.5
        apart = np.hypot(columns + left - self.at.x, rows + top - self.at.y)
        cover = np.clip(self.radius + 0.5 - apart, 0, 1)[..., None]
        patch = cover * np.array(DISC) + (1 - cover) * np.array(GROUND)
        image[top : top + side, left : left + side] = np.round(patch).astype(np.uint8)
        return image

    def hit(self, point: Point) -> bool:
        """Whether a click at `point` (pixels of the picture) lands on the disc."""
        return math.dist(point, self.at) <= self.radius


def target_at(size: tuple[int, int], place: tuple[float, float]) -> CalibrationTarget:
    """A disc at `place`, parts (0 to 1) of the way between its outermost places on a picture of `size`."""
    width, height = size
    radius = max(8, round(min(size) / 80))
    room = [side - 2 * radius - 5 for side in size]
    x, y = (round(part * left) + radius + 2.5 for part, left in zip(place, room, strict=True))
    return CalibrationTarget(width, height, Point(x, y), radius)


def plan() -> list[list[CalibrationTarget]]:
    """The questions, by size of picture: the first size to measure the time on, then from small to large."""
    return [[target_at(size, place) for place in _PLACES[:count]] for size, count in _SIZES]


def far_and_near(room: int, count: int, seed: int) -> list[CalibrationTarget]:
    """`count` discs near the ends of a picture eight times as wide as high, of at most `room` pixels; the far end
    twice as often.

    A picture so long is wide even after a server has cut its area down, so that a thousandth of its side shows.
    """
    random = np.random.default_rng(seed)
    height = min(480, math.isqrt(room // 8))
    places = random.uniform(0, 1, (count, 2)) * (0.08, 1)
    places[: 2 * count // 3, 0] = 1 - places[: 2 * count // 3, 0]
    return [target_at((8 * height, height), (float(x), float(y))) for x, y in places]


def check_plan() -> list[CalibrationTarget]:
    """The questions by which a finished profile is tried: corners of a large screen, and a phone."""
    return [target_at(size, place) for size, places in _CHECKED for place in places]
