"""A row of a table is no field."""

from __future__ import annotations

from actions.frame import Box
from agent.perception.elements import TextLine
from agent.perception.widgets import _in_columns


def line(x: float, text: str) -> TextLine:
    return TextLine(Box(x, 10, x + 8 * len(text), 24), text, 0.9)


def test_three_texts_far_apart_on_one_row_are_columns_and_a_field_with_a_hint_is_not() -> None:
    assert _in_columns([line(10, "budget.ods"), line(300, "48 KB"), line(500, "2026-03-02")], 14)
    assert not _in_columns([line(10, "Search…"), line(500, "Ctrl+K")], 14)
    assert not _in_columns([line(10, "one"), line(40, "two"), line(70, "three")], 14)
