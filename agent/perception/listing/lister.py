"""`ElementLister`: the element list of one observation after another, with numbers that stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from agent.perception.elements import PerceivedScreen
from agent.perception.listing.pixels import by_window, pixel_rows
from agent.perception.listing.rows import CUT, SYSTEM_PARTS, ElementList, Row, numbered
from agent.perception.listing.tree import tree_rows
from agent.perception.perceive import IconClassifier, default_namer, lazy_perceive
from envs.env import EnvError, Image, Observation, UiElement

_ENOUGH = 3
"""Rows of an app from which its accessibility tree is taken for all that there is."""
_ICON_SURE = 0.6


@dataclass
class ElementLister:
    """Lists the elements of a screen. `tree` and `pixels` are where from: with both, the picture of a phone is read
    only where the tree has next to nothing (it takes seconds), or, with `fused`, always; that of a desktop always,
    since not all programs tell their elements.
    """

    tree: bool = True
    pixels: bool = True
    fused: bool = False
    perceive: Callable[[Image], PerceivedScreen] = field(default_factory=lazy_perceive, repr=False)
    _namer: Callable[[], IconClassifier | None] = field(default_factory=lambda: cache(default_namer), repr=False)

    def listed(self, seen: Observation, phone: bool, before: ElementList | None = None) -> ElementList:
        """The elements of `seen`, numbered with regard to the list `before`; `phone` is whether it is one's screen."""
        nodes = self._nodes(seen)
        rows = self._named(tree_rows(nodes, seen.frame), seen.image)
        own = [row for row in rows if row.part not in SYSTEM_PARTS]
        if self.pixels and (self.fused or not phone or len(own) < _ENOUGH):
            read = pixel_rows(self.perceive(seen.image), phone, seen.windows)
            rows = _merged(rows, read) if own else read
        rows = rows if phone or not own else by_window(_in_reading_order(rows), seen.windows)
        scrolls = any(node.scrollable for node in nodes)
        return ElementList(numbered(rows, before), seen.app or "", scrolls)

    def _nodes(self, seen: Observation) -> Sequence[UiElement]:
        """The accessibility tree; none where the device gives none, as while its screen moves."""
        if not self.tree or seen.details is None:
            return ()
        try:
            return seen.details.tree(seen.frame)
        except EnvError:
            return ()

    def _named(self, rows: Sequence[Row], image: Image) -> tuple[Row, ...]:
        """`rows` with the names of wordless ones' icons, where sure; what has no name then cannot be told apart."""
        bare = [row for row in rows if not row.name and row.role in ("button", "item")]
        namer = self._namer() if bare else None
        likely = namer.probabilities(image, [row.box for row in bare]) if namer else [{} for _ in bare]
        named = {id(row): _icon(chances) for row, chances in zip(bare, likely, strict=True)}
        told = (replace(row, name=named.get(id(row), row.name)) for row in rows)
        return tuple(row for row in told if row.name or row.value or row.role not in ("item", "text"))


def _icon(chances: dict[str, float]) -> str:
    name, chance = next(iter(chances.items()), ("", 0.0))
    return f"{name} icon" if chance >= _ICON_SURE else ""


def _merged(rows: Sequence[Row], read: Sequence[Row]) -> tuple[Row, ...]:
    """`rows` of the tree, and in front of them the status bar and what was read in none of them, or in a field whose
    text is cut.
    """
    boxes = np.array([row.box for row in rows if not _is_cut(row)], np.float64).reshape(-1, 4)
    kept = []
    for row in read:
        x, y = row.box.center
        inside = (boxes[:, 0] <= x) & (x <= boxes[:, 2]) & (boxes[:, 1] <= y) & (y <= boxes[:, 3])
        if not inside.any():
            kept.append(row)
    bar, rest = [row for row in kept if row.part in SYSTEM_PARTS], [row for row in kept if row.part not in SYSTEM_PARTS]
    return (*bar, *_between(rows, rest))


def _in_reading_order(rows: Sequence[Row]) -> list[Row]:
    """`rows` line by line, from left to right; a line is as high as most rows are."""
    line = max(1.0, float(np.median([row.box.height for row in rows])))
    return sorted(rows, key=lambda row: (round(row.box.center.y / line), row.box.x1))


def _is_cut(row: Row) -> bool:
    return row.role == "field" and (row.value or row.name).endswith(CUT)


def _between(rows: Sequence[Row], others: Sequence[Row]) -> list[Row]:
    """`others` put between `rows`, each before the first row of the app that begins below it."""
    found, left = list[Row](), sorted(others, key=lambda row: row.box.center.y)
    for row in rows:
        while left and row.part not in SYSTEM_PARTS and left[0].box.center.y < row.box.y1:
            found.append(left.pop(0))
        found += left if row.part in SYSTEM_PARTS else []
        left = [] if row.part in SYSTEM_PARTS else left
        found.append(row)
    return [*found, *left]
