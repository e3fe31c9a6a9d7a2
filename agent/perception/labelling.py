"""The text that names a widget which carries none: beside a check box, left of or above a field, under an icon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from actions.frame import Box
from agent.perception.elements import TICKED, Element, Role, TextLine
from agent.perception.layout import ScreenLayout, beside, inside

AFTER_LABEL = " :*"
"""What is taken off the end of a label."""
_FAR = 60
"""How far left of a field its words may be on a row that has nothing else, in heights of a line."""
_LABELLED: tuple[Role, ...] = ("field", "select", "slider")


def with_labels(elements: Sequence[Element], layout: ScreenLayout) -> list[Element]:
    """The elements, with their labels where they are tick boxes, fields, lists, sliders or icons and have one."""
    words = _free_words(layout) if any(element.role in (*_LABELLED, "switch") for element in elements) else []
    return [_with_label(element, layout, words) for element in elements]


def _free_words(layout: ScreenLayout) -> list[TextLine]:
    """The lines of more than one character that are in no widget."""
    filled = [e.box for e in layout.elements if e.role in ("field", "select", "button", "menu", "bar", "tab")]
    lines = ((line, line.box.center) for line in layout.lines if len(line.text) > 1)
    return [line for line, middle in lines if not any(box.holds(middle) for box in filled)]


def _with_label(element: Element, layout: ScreenLayout, words: Sequence[TextLine]) -> Element:
    if element.role in TICKED:
        line = beside(layout, element.box)
        if line is None and element.role == "switch":  # at the end of a row that begins with its words
            return replace(element, label=_field_label(element, layout, words))
        return replace(element, label=line.text) if line else element
    if element.role in _LABELLED:
        return replace(element, label=_field_label(element, layout, words))
    if (
        element.role == "icon"
        and not element.label
        and not any(e.role == "bar" and inside(element.box, e.box) for e in layout.elements)
    ):
        return replace(element, label=_caption(element, layout))
    return element


def _field_label(element: Element, layout: ScreenLayout, words: Sequence[TextLine]) -> str:
    """Of `words` that left of the field on its row, or else above its left edge; empty for none."""
    unit, box = layout.unit, element.box
    level, slack = min(box.y2, box.y1 + 3 * unit), 1.2 * unit if element.role == "slider" else 3
    left = [
        line for line in words if line.box.x2 <= box.x1 + 0.6 * unit and box.y1 - slack < line.box.center.y < level + 3
    ]
    near = [line for line in left if box.x1 - line.box.x2 < 9 * unit]
    if near:
        return max(near, key=lambda line: line.box.x2).text.rstrip(AFTER_LABEL)
    low = [line for line in words if line.box.x2 <= box.x1 + 2 < line.box.x2 + 2 * unit and level < line.box.center.y]
    if low := [line for line in low if line.box.center.y < box.y2 + 3]:  # on the last line of a field of several
        return low[-1].text.rstrip(AFTER_LABEL)
    above = [
        line for line in words if -0.6 * unit < box.y1 - line.box.y2 < 2.2 * unit and line.box.x1 > box.x1 - 2 * unit
    ]
    above = [line for line in above if line.box.x1 < box.x1 + 0.4 * box.width]
    if above:
        return max(above, key=lambda line: line.box.y2).text.rstrip(AFTER_LABEL)
    far = max(left, key=lambda line: line.box.x2, default=None)
    if far is None or box.x1 - far.box.x2 > _FAR * unit or _has_widget_between(far.box, box, layout):
        return ""
    return far.text.rstrip(AFTER_LABEL)


def _has_widget_between(words: Box, field: Box, layout: ScreenLayout) -> bool:
    """Whether another widget stands between a text and a field on its row."""
    gap = Box(words.x2, field.y1 + 2, field.x1 - 1, field.y2 - 2)
    return any(e.box.overlap(gap) > 0 for e in layout.elements)


def _caption(element: Element, layout: ScreenLayout) -> str:
    """The text centred under an icon, as in a phone's bottom bar; empty for none."""
    unit, box = layout.unit, element.box
    under = [
        line
        for line in layout.lines
        if 0 <= line.box.y1 - box.y2 < 1.1 * unit
        and abs(line.box.center.x - box.center.x) < 0.8 * unit
        and len(line.text) < 24
    ]
    return under[0].text if under and box.width < 4 * unit else ""
