"""The size a model's own processor would give an image, so that it can be given that size before it is sent.

Qwen's rule (`smart_resize` of transformers and qwen-vl-utils): both sides a multiple of the patch that becomes one
token, the area between two bounds, the shape kept. An image of such a size is left alone by a processor with the same
bounds, so the pixels of the image sent are the model's coordinates. It can be larger than the source (1080 x 2400
becomes 1092 x 2408).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from envs.env import Image

MAX_ASPECT = 200


def smart_resize(
    height: int, width: int, factor: int = 28, min_pixels: int = 3136, max_pixels: int = 12845056
) -> tuple[int, int]:
    """The (height, width) in pixels for an image of `height` x `width`, as Qwen's processors compute it.

    Each side is rounded to a multiple of `factor` with Python's `round` (half to even). Outside the area bounds the
    shape is scaled from the original sides and cut down (or filled up) to multiples, never below one. The defaults
    are those of the Qwen2.5-VL checkpoints, 3136 = 4 * 28**2 and 12845056 = 16384 * 28**2. Raises ValueError for an
    empty image and for one longer than 200 times its other side.
    """
    if min(height, width) < 1:
        raise ValueError(f"an image of {width}x{height} pixels is empty")
    if max(height, width) / min(height, width) > MAX_ASPECT:
        raise ValueError(f"an image of {width}x{height} pixels is too long: at most {MAX_ASPECT} to 1")
    rows, columns = round(height / factor) * factor, round(width / factor) * factor
    if rows * columns > max_pixels:
        shrink = math.sqrt(height * width / max_pixels)
        rows = max(factor, math.floor(height / shrink / factor) * factor)
        columns = max(factor, math.floor(width / shrink / factor) * factor)
    elif rows * columns < min_pixels:
        grow = math.sqrt(min_pixels / (height * width))
        rows = math.ceil(height * grow / factor) * factor
        columns = math.ceil(width * grow / factor) * factor
    return rows, columns


@dataclass(frozen=True)
class Resize:
    """A dialect's resize rule: `smart_resize` with its `factor` and area bounds in pixels."""

    factor: int = 28
    min_pixels: int = 3136
    max_pixels: int = 12845056

    def size(self, width: int, height: int) -> tuple[int, int]:
        """The (width, height) to send an image of `width` x `height` in. Raises like `smart_resize`.

        The rule is applied until it changes nothing (twice at most, unless the bounds are too tight to meet).
        """
        for _ in range(4):
            rows, columns = smart_resize(height, width, self.factor, self.min_pixels, self.max_pixels)
            if (columns, rows) == (width, height):
                return width, height
            width, height = columns, rows
        raise ValueError(f"no size between {self.min_pixels} and {self.max_pixels} pixels is left alone")

    def filled(self, width: int, height: int) -> tuple[float, float]:
        """The parts of the picture sent, across and down, that an image of `width` x `height` fills."""
        return 1.0, 1.0

    def tokens(self, width: int, height: int) -> int:
        """How many tokens an image of `width` x `height` becomes: one for each patch of the size sent."""
        columns, rows = self.size(width, height)
        return columns * rows // self.factor**2

    def apply(self, image: Image) -> Image:
        """`image` (RGB uint8 HxWx3) in the size of `size`; itself when it has that size already."""
        height, width = image.shape[:2]
        size = self.size(width, height)
        if size == (width, height):
            return image
        shrinks = size[0] * size[1] < 0.9 * width * height
        how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)


@dataclass(frozen=True)
class SideLimit(Resize):
    """A resize rule under which, besides, no side is longer than `longest` pixels."""

    longest: int = 2**30

    def size(self, width: int, height: int) -> tuple[int, int]:
        """The (width, height) to send an image of `width` x `height` in. Raises like `Resize.size`."""
        size = super().size(width, height)
        if max(size) <= self.longest:
            return size
        scale = self.longest / max(width, height) / self.factor
        columns, rows = (max(1, math.floor(side * scale)) * self.factor for side in (width, height))
        return columns, rows


@dataclass(frozen=True)
class Tiles(Resize):
    """InternVL's rule: a grid of square tiles of `factor` pixels, as many as `max_pixels` holds, nearest in shape.

    A grid is taken that has the picture's shape best; of two alike the larger, if the picture fills half of it
    (``dynamic_preprocess`` of InternVL). An image of such a size is only cut up, not scaled, by the model's own code.
    """

    factor: int = 448
    min_pixels: int = 448 * 448
    max_pixels: int = 12 * 448 * 448

    def tokens(self, width: int, height: int) -> int:
        """256 a tile and for the thumbnail that is sent beside them."""
        return 256 * (super().tokens(width, height) + 1)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """The (width, height) to send an image of `width` x `height` in. Raises ValueError for an empty image."""
        if min(height, width) < 1:
            raise ValueError(f"an image of {width}x{height} pixels is empty")
        best, least = (1, 1), math.inf
        for columns, rows in _grids(self.max_pixels // self.factor**2):
            apart = abs(width / height - columns / rows)
            fills = width * height > 0.5 * self.factor**2 * columns * rows
            if apart < least or (apart == least and fills):
                best, least = (columns, rows), apart
        return best[0] * self.factor, best[1] * self.factor


def _grids(tiles: int) -> list[tuple[int, int]]:
    """Every (columns, rows) of at most `tiles`, the fewest first."""
    grids = [(columns, rows) for columns in range(1, tiles + 1) for rows in range(1, tiles // columns + 1)]
    return sorted(grids, key=lambda grid: grid[0] * grid[1])


@dataclass(frozen=True)
class Square(Resize):
    """The rule of models that look at a square of `factor` pixels, whatever the picture's shape."""

    factor: int = 1120
    min_pixels: int = 1120 * 1120
    max_pixels: int = 1120 * 1120

    def tokens(self, width: int, height: int) -> int:
        """At most 1600 (CogAgent), whatever the picture."""
        return 1600

    def size(self, width: int, height: int) -> tuple[int, int]:
        """The square. Raises ValueError for an empty image."""
        if min(height, width) < 1:
            raise ValueError(f"an image of {width}x{height} pixels is empty")
        return self.factor, self.factor


@dataclass(frozen=True)
class PaddedCanvas(Resize):
    """The rule of Phi-Ground: a white canvas of `columns` x `rows` crops of `factor` pixels, the image upper left.

    The shape is kept and the image fills one side (microsoft/Phi-Ground README, ``process_image``).
    """

    factor: int = 336
    min_pixels: int = 1008 * 672
    max_pixels: int = 1008 * 672
    columns: int = 3
    rows: int = 2

    def size(self, width: int, height: int) -> tuple[int, int]:
        """The canvas. Raises ValueError for an empty image."""
        if min(height, width) < 1:
            raise ValueError(f"an image of {width}x{height} pixels is empty")
        return self.columns * self.factor, self.rows * self.factor

    def _inner(self, width: int, height: int) -> tuple[int, int]:
        across, down = self.size(width, height)
        if width / height > across / down:
            return across, max(1, int(across * height / width))
        return max(1, int(down * width / height)), down

    def filled(self, width: int, height: int) -> tuple[float, float]:
        """The parts of the canvas that the image fills."""
        return tuple(a / b for a, b in zip(self._inner(width, height), self.size(width, height), strict=True))  # type: ignore[return-value]

    def tokens(self, width: int, height: int) -> int:
        """144 a crop and for the thumbnail, and a separator a row (Phi-3.5-vision)."""
        return 145 * (self.columns * self.rows + 1)

    def apply(self, image: Image) -> Image:
        """`image` on its canvas."""
        height, width = image.shape[:2]
        (across, down), (columns, rows) = self.size(width, height), self._inner(width, height)
        canvas = np.full((down, across, 3), 255, np.uint8)
        canvas[:rows, :columns] = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
        return canvas
