"""Windows by their title bars, and rows of framed texts that are tabs or column headers. Boxes are frame pixels."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import reduce

import numpy as np

from actions.frame import Box
from agent.perception.elements import Element, PerceivedWindow, Role, TextLine
from agent.perception.layout import ScreenLayout, inside
from envs.env import Image

_CONTROLS = (("close", "x"), ("maximize", "square"), ("minimize", "minus"))
_EDGE = 8  # colour difference across a window's side


def find_title_bars(layout: ScreenLayout) -> None:
    """Title bars: a long low area with two to four small square drawings of one size at its right end."""
    unit = layout.unit
    if layout.image.shape[0] > layout.image.shape[1]:
        return
    for patch in layout.patches:
        box = patch.box
        if not (1.2 * unit <= box.height <= 3.4 * unit and box.width >= 7 * unit):
            continue
        buttons = [m for m in layout.marks_in(box) if m.x1 > box.x2 - 9 * unit and _small_square(m, unit)]
        lines = [line for line in layout.texts_in(box) if len(line.text) > 1]
        level = bool(buttons) and max(m.center.y for m in buttons) - min(m.center.y for m in buttons) < 0.5 * unit
        first = min((m.x1 for m in buttons), default=0.0)
        clear = all(line.box.x2 < first + 2 for line in lines) and len(lines) <= 3
        if (
            2 <= len(buttons) <= 4
            and level
            and clear
            and _side_by_side(buttons, box, unit)
            and not _in_page(layout, box)
        ):
            layout.add(box, "bar", lines)


def _side_by_side(buttons: list[Box], bar: Box, unit: float) -> bool:
    """Whether the drawings are close together and the last one at the bar's end."""
    row = sorted(buttons, key=lambda mark: mark.x1)
    close = all(b.x1 - a.x2 < 2.2 * unit for a, b in itertools.pairwise(row))
    return close and bar.x2 - row[-1].x2 < 1.6 * unit


def _small_square(mark: Box, unit: float) -> bool:
    return 0.35 * unit <= max(mark.width, mark.height) <= 1.7 * unit


def _in_page(layout: ScreenLayout, box: Box) -> bool:
    """Whether another bar has been found at the same place."""
    return any(e.role == "bar" and e.box.overlap(box) > 0 for e in layout.elements)


def name_controls(elements: list[Element]) -> list[Element]:
    """`elements` with the controls at the right end of title bars named: the last closes the window."""
    for bar in [e for e in elements if e.role == "bar"]:
        inner = [e for e in elements if e.role in ("icon", "button") and inside(e.box, bar.box) and e is not bar]
        right = sorted((e for e in inner if e.box.center.x > bar.box.center.x), key=lambda e: -e.box.x1)
        for control, names in zip(right, _CONTROLS, strict=False):
            elements = [replace(e, text="", icons=names, shows=()) if e is control else e for e in elements]
    return elements


def windows_of(image: Image, elements: list[Element]) -> tuple[PerceivedWindow, ...]:
    """The windows under the title bars found, the front one first."""
    bars = [e for e in elements if e.role == "bar"]
    found = [(PerceivedWindow(_bounds(image, bar.box), bar.text), bar.box) for bar in bars]
    over = [sum(inside(bar, other.box) for other, _ in found if other is not window) for window, bar in found]
    order = sorted(range(len(found)), key=lambda i: (-over[i], -_strength(image, found[i][1])))
    return tuple(found[i][0] for i in order)


def _bounds(image: Image, bar: Box) -> Box:
    """The title bar's box carried down as far as one of the window's sides can be followed."""
    left = max((_side(image, x, int(bar.y2)) for x in range(int(bar.x1) - 3, int(bar.x1) + 3)), default=0)
    right = max((_side(image, x, int(bar.y2)) for x in range(int(bar.x2) - 3, int(bar.x2) + 4)), default=0)
    return bar._replace(y2=float(min(image.shape[0], max(left, right, int(bar.y2) + 1))))


def _side(image: Image, x: int, top: int) -> int:
    """Down to which row there is a change of colour between the columns left of and at `x`."""
    if not 1 <= x < image.shape[1] or top >= image.shape[0]:
        return top
    across = np.abs(image[top:, x].astype(int) - image[top:, x - 1].astype(int)).max(axis=1) > _EDGE
    gaps = np.flatnonzero(~(across[:-2] | across[1:-1] | across[2:])) if len(across) > 2 else np.array([0])
    return top + int(gaps[0] if len(gaps) else len(across))


def _strength(image: Image, bar: Box) -> float:
    """The saturation of a title bar: the active window's is the highest."""
    x1, y1, x2, y2 = (max(0, int(v)) for v in bar)
    part = image[y1 + 2 : y2 - 1, x1:x2].astype(int)
    return float((part.max(axis=2) - part.min(axis=2)).mean()) if part.size else 0.0


def sort_rows(layout: ScreenLayout) -> None:
    """Framed texts side by side: tabs where one stands out from the others above a panel, else column headers."""
    framed = sorted(
        (e for e in layout.elements if e.role in ("button", "field", "select") and e.text),
        key=lambda e: (round(e.box.y1), e.box.x1),
    )
    rows: list[list[Element]] = []
    for element in framed:
        if rows and _adjoins(rows[-1][-1].box, element.box):
            rows[-1].append(element)
        else:
            rows.append([element])
    for row in rows:
        front = _open_tab(layout, row)
        if front is not None:
            layout.add(front.box.grown(0.3 * layout.unit), "tab", [front])
        role: Role | None = "tab" if front is not None else _row_role(layout, row)
        if role is not None:
            layout.elements = [replace(e, role=role) if e in row else e for e in layout.elements]


def _open_tab(layout: ScreenLayout, row: list[Element]) -> TextLine | None:
    """The text without a frame that touches a row of framed ones: the open tab, which is one area with its panel."""
    if len(row) < 2 or any(e.role != "button" for e in row):
        return None
    first, last = row[0].box, row[-1].box
    for line in layout.lines:
        level = abs(line.box.center.y - first.center.y) < 0.5 * layout.unit
        gap = max(first.x1 - line.box.x2, line.box.x1 - last.x2)
        if level and -2 <= gap <= layout.unit and len(line.text) > 1 and not line.text.endswith(":"):
            return line
    return None


def _adjoins(left: Box, right: Box) -> bool:
    return abs(left.y1 - right.y1) <= 4 and abs(left.height - right.height) <= 6 and -3 <= right.x1 - left.x2 <= 4


def _row_role(layout: ScreenLayout, row: list[Element]) -> Role | None:
    if len(row) < 2:
        return None
    whole = reduce(Box.union, (element.box for element in row))
    panel = any(
        -8 <= p.box.y1 - whole.y2 <= 6
        and p.box.height > 2.5 * layout.unit
        and p.box.x1 <= whole.x1 + 2 * layout.unit
        and p.box.x2 > whole.x2 - 2 * layout.unit
        for p in layout.patches
    )
    fills = {p.box: p.colour for p in layout.patches}
    colours = [fills[e.box] for e in row if e.box in fills]
    apart = any(max(abs(a - b) for a, b in zip(colours[0], c, strict=True)) > 6 for c in colours[1:])
    if panel and apart:
        return "tab"
    return "button" if len(row) >= 3 and any(e.role != "button" for e in row) else None
