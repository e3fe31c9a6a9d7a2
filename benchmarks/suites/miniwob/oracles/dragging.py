"""Tasks of dragging and drawing."""

from __future__ import annotations

import math
from collections.abc import Iterator

from actions.action import AnyAction
from benchmarks.suites.miniwob.oracle import PageElement, PageScript, solves

WAYS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


@solves("drag-box")
def box(page: PageScript) -> Iterator[AnyAction]:
    """The small box into the middle of the large one."""
    yield page.drag(page.one("#draggableSmall"), page.one("#draggableLarge"))
    yield page.click(page.one("#subbtn"))


@solves("drag-circle", "drag-single-shape")
def shape_one_way(page: PageScript) -> Iterator[AnyAction]:
    """A little in the direction."""
    (way,) = page.match(r"Drag the \w+ (left|right|up|down)")
    shape = page.one("svg circle, svg rect, svg polygon")
    (x, y), (dx, dy) = shape.middle, WAYS[way]
    yield page.drag((x, y), (x + 15 * dx, y + 15 * dy))
    yield page.click(page.one("#subbtn"))


ORDER = {"1st": 0, "2nd": 1, "3rd": 2, "4th": 3, "5th": 4}


def _carry(page: PageScript, items: list[PageElement], start: int, end: int) -> AnyAction:
    """Drag item `start` of a sortable list to the place of item `end`, and a little beyond it."""
    (x, y), (u, v) = items[start].middle, items[end].middle
    beyond = 0.4 * items[end].height * (1 if end > start else -1)
    return page.drag((x, y), (x, (y + v) / 2), *_waver((u, v + beyond)), seconds=1.2)


def _waver(place: tuple[float, float]) -> list[tuple[float, float]]:
    """The place, and a few pixels to and fro: a busy page hears only some of the moves, and must hear one there."""
    x, y = place
    return [(x, y), (x + 2, y), (x - 2, y), (x + 2, y), (x, y)]


@solves("drag-items")
def item(page: PageScript) -> Iterator[AnyAction]:
    """One item of a list to its new place."""
    name, where = page.match(r"Drag (\S+) (.+)\.")
    items = page.all("#sortable li")
    start = next(n for n, e in enumerate(items) if e.text == name)
    named = {"to the top": 0, "to the bottom": 4, "down by one position": start + 1, "up by one position": start - 1}
    end = named[where] if where in named else ORDER[where.split()[2]]
    yield _carry(page, items, start, end)


@solves("drag-sort-numbers")
def sort(page: PageScript) -> Iterator[AnyAction]:
    """The lowest of the rest to the next place, from the top."""
    for place in range(4):
        items = page.all("#sortable li")
        values = [int(e.text) for e in items]
        lowest = values.index(min(values[place:]), place)
        if lowest != place:
            yield _carry(page, items, lowest, place)
    yield page.click(page.one("#subbtn"))


PLACES = {
    "top left": 0, "top center": 1, "top right": 2, "center left": 3, "center": 4, "center right": 5,
    "bottom left": 6, "bottom center": 7, "bottom right": 8,
}  # fmt: skip


@solves("drag-items-grid")
def item_in_grid(page: PageScript) -> Iterator[AnyAction]:
    """One item of a grid to its new place."""
    name, where = page.match(r"Drag (\S+) (.+)\.")
    items = page.all("#sortable li")
    start = next(n for n, e in enumerate(items) if e.text == name)
    steps = {"up by one": -3, "down by one": 3, "left by one": -1, "right by one": 1}
    end = start + steps[where] if where in steps else PLACES[where.removeprefix("to the ")]
    (x, y), (u, v) = items[start].middle, items[end].middle
    nudge = 5 if end > start else -5
    yield page.drag((x, y), ((x + u) / 2, (y + v) / 2), *_waver((u + nudge, v)), seconds=1.2)


@solves("drag-shapes")
def shapes(page: PageScript) -> Iterator[AnyAction]:
    """Every shape of the kind into the black box, side by side."""
    (kind,) = page.match(r"Drag all (\w+)")
    tag = {"rectangles": "rect:not(#shape-container)", "circles": "circle", "triangles": "polygon"}[kind]
    frame = page.one("#shape-container")
    for number, shape in enumerate(page.all(f"#area_svg {tag}")):
        yield page.drag(shape, (frame.x + 16 + 16 * number, frame.y + 24))
    yield page.click(page.one("#subbtn"))


@solves("draw-line")
def line(page: PageScript) -> Iterator[AnyAction]:
    """A straight line from the dot, drawn quickly: the page divides its length by the number of events.

    It begins a little up and left of the middle: the page looks for a point near the corner of the dot's box, and the
    first point is the one that is never left out.
    """
    (way,) = page.match(r"(horizontal|vertical)")
    dot, area = page.one("#circ").middle, page.one("svg").middle
    x, y = dot[0] - 2, dot[1] - 2
    reach = (40 if dot[0] < area[0] else -40, 0) if way == "horizontal" else (0, 40 if dot[1] < area[1] else -40)
    yield page.drag((x, y), (x + reach[0], y + reach[1]), seconds=0.1)
    yield page.click(page.one("#controls button"))


@solves("draw-circle")
def circle(page: PageScript) -> Iterator[AnyAction]:
    """A circle about the dot."""
    x, y = page.one("#circ").middle
    turns = [math.tau * n / 48 for n in range(50)]
    yield page.drag(*((x + 25 * math.cos(t), y + 25 * math.sin(t)) for t in turns), seconds=1.5)
    yield page.click(page.one("#controls button"))
