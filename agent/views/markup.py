"""HTML elements: text is escaped unless it is `Markup`."""

from __future__ import annotations

import html

from markupsafe import Markup as Markup

from agent.views.formatting import visible

Child = Markup | str | None
"""Plain text is escaped; None is left out."""
Attribute = str | int | float | None
"""None leaves the attribute out; numbers are written short."""


def element(name: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """``<name …>children</name>``. In attribute names ``_`` stands for ``-`` and one at the end is dropped."""
    named = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None)
    shown = (f' {key}="{_value(value)}"' for key, value in named)
    end = "" if name == "img" else f"</{name}>"
    return Markup(f"<{name}{''.join(shown)}>{join(*children)}{end}")  # noqa: S704 - escaped


def join(*children: Child) -> Markup:
    """The children one after another."""
    return Markup("".join(child if isinstance(child, Markup) else escape(child) for child in children if child))  # noqa: S704


def escape(text: str) -> str:
    """`text` as HTML text or attribute value; see `visible` for control characters."""
    return html.escape(visible(text))


def _value(value: str | int | float) -> str:
    return escape(value) if isinstance(value, str) else f"{value:.6g}"
