"""What a server makes of a picture before its model sees it, told from the tokens that it counts for the picture.

Families that answer in pixels count those of the picture as the model sees it. We send sizes that a server of the
family's own limits leaves alone; one with other limits (llama.cpp's ``--image-min-tokens``, vLLM's ``max_pixels``)
scales the picture again and moves every click.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from string import Template

from agent.core.model import ModelError
from agent.models.dialects.dialect import Dialect, Use
from agent.models.dialects.resize import Resize, smart_resize
from agent.models.endpoints.endpoint import Capabilities

Size = tuple[int, int]
FRAMING = 4
"""Tokens around a picture, such as those that mark its ends, at most."""
_MARKS = 2


@dataclass(frozen=True)
class Rescaled(Resize):
    """A rule under which pictures are sent in the size that the server was found to make of them."""

    found: tuple[tuple[Size, Size], ...] = ()

    def size(self, width: int, height: int) -> Size:
        """The (width, height) to send an image of `width` x `height` in. Raises like `Resize.size`."""
        sent = super().size(width, height)
        return dict(self.found).get(sent, sent)


@dataclass
class ServerResize:
    """The sizes (width, height) that one server was `found` to make of pictures, by the size that was sent; those that
    it leaves `alone`.
    """

    found: dict[Size, Size] = field(default_factory=dict)
    alone: set[Size] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _made: tuple[Dialect, int, Dialect] | None = None

    def corrected(self, speaks: Dialect) -> Dialect:
        """`speaks` with pictures in the sizes that the server makes of them, which it then leaves alone."""
        with self._lock:
            if not self.found:
                return speaks
            if self._made is None or self._made[:2] != (speaks, len(self.found)):
                rule = speaks.resize
                resize = Rescaled(rule.factor, rule.min_pixels, rule.max_pixels, tuple(self.found.items()))
                self._made = speaks, len(self.found), replace(speaks, resize=resize)
            return self._made[2]

    def learn(self, speaks: Dialect, sent: Size, tokens: int, server: Capabilities) -> str:
        """Take note that a picture of `sent` made `tokens` tokens; what is wrong with it, in one line, if anything.

        Raises `ModelError` where the size that the model saw cannot be told, and so no click be right.
        """
        columns, rows = (side // speaks.resize.factor for side in sent)
        if abs(tokens - _MARKS - columns * rows) <= FRAMING - _MARKS:
            self.alone.add(sent)
            return ""
        seen = _seen(sent, speaks.resize.factor, tokens)
        what = f"the server makes {tokens:,} tokens of a picture of {sent[0]}x{sent[1]} instead of {columns * rows:,}"
        smaller = tokens < columns * rows
        change = Template(server.image_limits[smaller]).substitute(tokens=columns * rows, pixels=sent[0] * sent[1])
        if seen is None:
            raise ModelError(f"{what}: it scales pictures in a way that cannot be told. {change}")
        with self._lock:
            self.found[sent] = seen
        verb = "shrinks" if smaller else "enlarges"
        return f"{what}: it {verb} it to {seen[0]}x{seen[1]}, and places are corrected by that. {change}"


def counts_pixels(speaks: Dialect, use: Use) -> bool:
    """Whether a resize of the server's would move the places of `use`, and its tokens are of one patch each."""
    plain = type(speaks.resize) in (Resize, Rescaled)
    return plain and speaks.space_for.get(use, speaks.space) == "abs_resized"


def _seen(sent: Size, factor: int, tokens: int) -> Size | None:
    """The one size that a rule like Qwen's, with some other limits, makes of `sent` in so many tokens."""
    grids = set(_reachable(sent, factor))
    for framing in (_MARKS, *(n for n in range(FRAMING + 1) if n != _MARKS)):
        fitting = [size for size in grids if size[0] * size[1] // factor**2 == tokens - framing]
        if fitting:
            return fitting[0] if len(fitting) == 1 else None
    return None


def _reachable(sent: Size, factor: int) -> Iterator[Size]:
    """Every size that limits below or above its area can make of `sent`."""
    area, patch = sent[0] * sent[1], factor**2
    for side in sent:
        for patches in range(1, 4 * max(sent) // factor):
            limit = round(area * (patches * factor / side) ** 2)
            for bound in (limit - 1, limit, limit + 1):
                if patch <= bound < area:
                    rows, columns = smart_resize(sent[1], sent[0], factor, 1, bound)
                    yield columns, rows
                elif area < bound <= 16384 * patch:
                    rows, columns = smart_resize(sent[1], sent[0], factor, bound, 2**60)
                    yield columns, rows
