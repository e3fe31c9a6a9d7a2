"""Screens written by hand: elements at places, in frame pixels."""

from __future__ import annotations

from typing import Any

from actions.frame import Box
from agent.perception.elements import Element, PerceivedScreen, Role


def at(
    x: float, y: float, role: Role, text: str = "", label: str = "", width: float = 80, height: float = 20, **more: Any
) -> Element:
    """An element with its top left corner at x and y."""
    return Element(Box(x, y, x + width, y + height), role, text, label, **more)


def screen(*elements: Element) -> PerceivedScreen:
    """A screen of 1000x800 pixels."""
    return PerceivedScreen(1000, 800, elements)
