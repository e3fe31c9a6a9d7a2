"""The closed family of coordinate conventions that a model may use.

Every `CoordinateReading` comes down to one thing for each size of picture: a grid laid over it, as in
`actions.frame`. A model
whose server shrinks the picture unseen answers in the grid of the shrunk picture.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from agent.models.dialects.dialect import SIDES, Space
from agent.models.dialects.resize import smart_resize

Rule = Literal["patches", "plain", "side"]
Order = Literal["xy", "yx"]

_TOKENS = (256, 512, 576, 768, 1024, 1280, 1344, 1536, 2048, 2700, 3072, 4096, 5120, 6144, 8192)
_AREAS = (500_000, 512 * 512, 768 * 768, 1_000_000, 1024 * 1024, 1280 * 720, 1_500_000, 2_000_000, 1920 * 1080)
_LONGEST = (768, 1024, 1120, 1280, 1344, 1536, 1568, 2000, 2048, 2560)
_LEAST, _MOST = (256, 512, 1024, 2048), (1280, 2048, 4096, 8192, 16384)
_STEP = 1.004
_NAMED, _FREE = -2.0, -7.0
"""Logarithm of how likely a limit is before anything is seen: one that is in use, and any other number."""


@dataclass(frozen=True)
class Shrink:
    """What a server does to a picture before the model sees it.

    `limit` is the area in pixels that a larger picture is scaled down to (``side``: its longer side), `least` the one
    that a smaller picture is scaled up to (0: none is). ``patches`` also rounds the sides to multiples of `factor` as
    `agent.models.dialects.resize.smart_resize` does.
    """

    rule: Rule
    limit: float
    factor: int = 1
    least: int = 0

    def size(self, width: int, height: int) -> tuple[float, float]:
        """(width, height) that the model sees of a picture of `width` x `height`; whole pixels for ``patches``."""
        if self.rule == "patches":
            rows, columns = smart_resize(height, width, self.factor, max(self.least, 1), int(min(self.limit, 2**60)))
            return columns, rows
        whole = max(width, height) if self.rule == "side" else math.sqrt(width * height)
        scale = min(1.0, (self.limit if self.rule == "side" else math.sqrt(self.limit)) / whole)
        return width * scale, height * scale

    @property
    def words(self) -> str:
        """For people: ``1,280 tokens (1,003,520 pixels)``; the upper limit, where there is one."""
        if self.limit == math.inf:
            return f"multiples of {self.factor}"
        if self.rule == "side":
            return f"{self.limit:,.0f} pixels on the longer side"
        tokens = self.limit / self.factor**2
        if self.rule == "patches" and tokens == round(tokens):
            return f"{tokens:,.0f} tokens ({self.limit:,.0f} pixels)"
        about = "" if self.limit == round(self.limit, -3) or self.limit == 1024 * 1024 else "about "
        return f"{about}{self.limit / 1e6:.3g} megapixel" + ("s" if self.limit >= 1.5e6 else "")


@dataclass(frozen=True)
class CoordinateReading:
    """One way to take a model's two numbers: `space`, `order`, and the `shrink` that ``abs_resized`` speaks of.

    ``abs_sent`` is pixels of the picture as it was sent, ``abs_resized`` of the picture after the server's own resize.
    `prior` is the logarithm of how likely it is before anything is seen.
    """

    space: Space
    order: Order = "xy"
    shrink: Shrink | None = None
    prior: float = 0.0

    def grid(self, width: int, height: int) -> tuple[float, float]:
        """The numbers of the lower right corner (x, y) of a picture that was sent in `width` x `height`."""
        side = SIDES.get(self.space)
        if side is not None:
            return side, side
        return (width, height) if self.shrink is None else self.shrink.size(width, height)


@functools.cache
def readings(factor: int) -> tuple[CoordinateReading, ...]:
    """Every reading there is; `factor` is the patch of the dialect's own resize rule."""
    spaces: tuple[Space, ...] = ("abs_sent", *SIDES)
    found = [CoordinateReading(space) for space in spaces]
    found += [
        CoordinateReading("abs_resized", "xy", shrink, prior) for shrink, prior in _shrinks(sorted({28, 32, factor}))
    ]
    return (*found, *(CoordinateReading(r.space, "yx", r.shrink, r.prior) for r in found))


def _shrinks(factors: Iterable[int]) -> Iterator[tuple[Shrink, float]]:
    free = list(_geometric(60_000, 14_000_000))
    for factor in factors:
        yield Shrink("patches", math.inf, factor), _NAMED
        yield from ((Shrink("patches", n * factor**2, factor), _NAMED) for n in _TOKENS)
        for least in _LEAST:
            yield Shrink("patches", math.inf, factor, least * factor**2), _NAMED - 1
            yield from (
                (Shrink("patches", n * factor**2, factor, least * factor**2), _NAMED - 2) for n in _MOST if n > least
            )
        yield from ((Shrink("patches", area, factor), _NAMED - 1) for area in _AREAS)
        yield from ((Shrink("patches", area, factor), _FREE) for area in free)
    yield from ((Shrink("plain", area), _NAMED) for area in _AREAS)
    yield from ((Shrink("plain", area), _FREE) for area in free)
    yield from ((Shrink("side", side), _NAMED) for side in _LONGEST)
    yield from ((Shrink("side", side), _FREE) for side in _geometric(300, 4000))


def _geometric(low: float, high: float) -> Iterator[float]:
    steps = math.ceil(math.log(high / low) / math.log(_STEP))
    return (round(low * _STEP**n) for n in range(steps + 1))
