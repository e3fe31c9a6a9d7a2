"""Where a pixel is: points, boxes, coordinate grids and the frame that ties an image to a device.

Three spaces exist and every conversion between them is in this file:

* **frame pixels**: the captured image. Pixel ``i`` covers ``[i, i + 1)``; the origin is the top-left corner.
* **a grid**: the coordinates a model answers in, laid over the whole frame: the resized image for absolute dialects,
  1000 x 1000 for relative ones, 1 x 1 for fractions.
* **input units**: what the device's pointer is moved in. A monitor left of the primary one has a negative
  origin, and a HiDPI screen has more frame pixels than input units (``scale`` 2.0).

A point has no meaning without its frame (scrcpy's ``coords.h`` ties the two for the same reason), so a backend is
given both and refuses a frame whose geometry is no longer the device's.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class GeometryError(ValueError):
    """A point, box or frame that cannot be used: not finite, or outside the frame."""


class StaleFrameError(GeometryError):
    """The device no longer has the geometry of the frame a point was computed on: capture it again before acting."""


class Point(NamedTuple):
    """A position in frame pixels: x to the right, y down, from the top-left corner."""

    x: float
    y: float


class Box(NamedTuple):
    """A rectangle in frame pixels, ``x1 <= x2`` and ``y1 <= y2``; as a region it is ``[x1, x2) x [y1, y2)``."""

    x1: float
    y1: float
    x2: float
    y2: float

    @classmethod
    def around(cls, points: list[Point]) -> Box:
        """The smallest box that holds all `points`."""
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        return cls(min(xs), min(ys), max(xs), max(ys))

    @property
    def width(self) -> float:
        """Width in pixels."""
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        """Height in pixels."""
        return self.y2 - self.y1

    @property
    def area(self) -> float:
        """Area in square pixels."""
        x1, y1, x2, y2 = self
        return (x2 - x1) * (y2 - y1)

    @property
    def center(self) -> Point:
        """The middle of the box."""
        return Point((self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2)

    def holds(self, point: Point) -> bool:
        """Whether `point` lies in the box, all four edges included (the rule of ScreenSpot's scorers)."""
        (x1, y1, x2, y2), (x, y) = self, point
        return x1 <= x <= x2 and y1 <= y <= y2

    def overlap(self, other: Box) -> float:
        """Area shared with `other` in square pixels."""
        (x1, y1, x2, y2), (left, top, right, bottom) = self, other
        if left >= x2 or x1 >= right or top >= y2 or y1 >= bottom:
            return 0.0
        return (min(x2, right) - max(x1, left)) * (min(y2, bottom) - max(y1, top))

    def union(self, other: Box) -> Box:
        """The smallest box that holds both."""
        return Box(min(self.x1, other.x1), min(self.y1, other.y1), max(self.x2, other.x2), max(self.y2, other.y2))

    def grown(self, by: float) -> Box:
        """The box with `by` pixels added on every side."""
        return Box(self.x1 - by, self.y1 - by, self.x2 + by, self.y2 + by)


def _finite_point(value: Point) -> Point:
    if not (math.isfinite(value.x) and math.isfinite(value.y)):
        raise ValueError("a point needs two finite numbers")
    return value


FinitePoint = Annotated[Point, AfterValidator(_finite_point)]
"""A `Point` for pydantic fields: NaN and infinity are refused."""


class Grid(NamedTuple):
    """The coordinate space a model answers in: ``(0, 0)`` to ``(width, height)`` over the whole frame."""

    width: float
    height: float


class Frame(BaseModel):
    """One captured image and where it came from.

    `width` and `height` are the image's pixels. `origin` is the input-space position of the image's top-left
    corner and may be negative. `scale` is frame pixels for each input unit. `rotation` is the device's rotation
    in degrees when the image was taken.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(description="Unique within an episode, e.g. '0007'.")
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    origin: tuple[int, int] = (0, 0)
    scale: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    rotation: Literal[0, 90, 180, 270] = 0

    @classmethod
    def of_screen(
        cls, id: str, width: int, height: int, screen: tuple[int, int], rotation: Literal[0, 90, 180, 270] = 0
    ) -> Frame:
        """The frame of an image of a whole screen whose size is `screen` input units."""
        return cls(id=id, width=width, height=height, scale=width / screen[0], rotation=rotation)

    def contains(self, point: Point) -> bool:
        """Whether `point` lies on a pixel of the frame."""
        return 0 <= point.x < self.width and 0 <= point.y < self.height

    def clamp(self, point: Point) -> Point:
        """The nearest point on a pixel of the frame."""
        return Point(min(max(point.x, 0), self.width - 1), min(max(point.y, 0), self.height - 1))

    def from_grid(self, grid: Grid, x: float, y: float) -> Point:
        """Grid coordinates to frame pixels: ``x / grid.width * width``, as every dialect's reference code does."""
        return Point(x * self.width / grid.width, y * self.height / grid.height)

    def to_grid(self, grid: Grid, point: Point) -> tuple[float, float]:
        """Frame pixels to grid coordinates; the inverse of `from_grid`."""
        return point.x * grid.width / self.width, point.y * grid.height / self.height

    def to_input(self, point: Point) -> tuple[int, int]:
        """Frame pixels to whole input units, on the device's screen.

        Raises `GeometryError` for a point that is not finite or not on the frame.
        """
        if not (math.isfinite(point.x) and math.isfinite(point.y)) or not self.contains(point):
            raise GeometryError(f"point ({point.x:g}, {point.y:g}) is outside the {self.width}x{self.height} frame")
        x, y = self._unit(point.x, self.width), self._unit(point.y, self.height)
        return self.origin[0] + x, self.origin[1] + y

    def _unit(self, pixel: float, side: int) -> int:
        """The input unit nearest to `pixel` that still lies on the frame: at most half a unit away but at the edge."""
        return min(math.floor(pixel / self.scale + 0.5), math.ceil(side / self.scale) - 1)

    @property
    def input_size(self) -> tuple[int, int]:
        """Width and height in whole input units."""
        return round(self.width / self.scale), round(self.height / self.scale)

    def is_of(self, size: tuple[int, int], rotation: int) -> bool:
        """Whether it is of a screen of `size` input units, give or take the one that rounding makes of it."""
        return rotation == self.rotation and all(abs(a - b) <= 1 for a, b in zip(size, self.input_size, strict=True))

    def enlarged_part(self, left: int, top: int, width: int, height: int, zoom: float) -> Frame:
        """The frame of a part of this image, enlarged `zoom` times; its input units are the pixels of this frame."""
        wide, high = round(width * zoom), round(height * zoom)
        return Frame(id=f"{self.id}+zoom", width=wide, height=high, origin=(left, top), scale=zoom)

    def to_exact_input(self, point: Point) -> Point:
        """Frame pixels to input units, not rounded and not checked; the inverse of `from_input`."""
        return Point(point.x / self.scale + self.origin[0], point.y / self.scale + self.origin[1])

    def from_input(self, x: float, y: float) -> Point:
        """Input units to frame pixels; may lie outside the frame."""
        return Point((x - self.origin[0]) * self.scale, (y - self.origin[1]) * self.scale)

    def same_geometry(self, other: Frame) -> bool:
        """Whether a point of this frame means the same place on `other`."""
        return self.geometry == other.geometry

    @property
    def geometry(self) -> tuple[Any, ...]:
        """Everything but the id."""
        return self.width, self.height, self.origin, self.scale, self.rotation
