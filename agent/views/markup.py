"""HTML elements: text is escaped unless it is `Markup`."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib import resources

from pydantic import JsonValue

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class Markup(str):
    """HTML that is embedded without escaping."""

    __slots__ = ()


Child = Markup | str | None
"""Plain text is escaped; None is left out."""
Attribute = str | int | float | None
"""None leaves the attribute out; numbers are written short."""


def element(name: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """``<name …>children</name>``. In attribute names ``_`` stands for ``-`` and one at the end is dropped."""
    named = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None)
    shown = (f' {key}="{_value(value)}"' for key, value in named)
    end = "" if name == "img" else f"</{name}>"
    return Markup(f"<{name}{''.join(shown)}>{join(*children)}{end}")


def join(*children: Child) -> Markup:
    """The children one after another."""
    return Markup("".join(child if isinstance(child, Markup) else escape(child) for child in children if child))


def escape(text: str) -> str:
    """`text` as HTML text or attribute value; see `visible` for control characters."""
    return html.escape(visible(text))


def visible(text: str) -> str:
    """`text` with visible characters in place of control characters and lone surrogates."""
    return _CONTROLS.sub(_visible, text)


def csp_hash(text: str) -> str:
    """The source expression of a content security policy that allows an inline script or style with this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def shared(name: str) -> str:
    """The text of ``theme.css`` or ``theme.js``, which every page begins its own style and script with."""
    return resources.files("agent.views").joinpath(name).read_text("utf-8")


def plain_page(title: str, brand: str, *body: Child) -> Markup:
    """A page of its own without other scripts than the choice of the theme, and without network access."""
    style, script = shared("theme.css"), shared("theme.js")
    rules = ("default-src 'none'", "img-src data:", f"style-src {csp_hash(style)}", f"script-src {csp_hash(script)}")
    policy = "; ".join((*rules, "base-uri 'none'", "form-action 'none'"))
    head = join(
        Markup('<meta charset="utf-8">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'),
        element("title", title),
        element("style", Markup(style)),
    )
    top = element("div", element("p", brand, class_="brand"), element("span", id="theme-place"), class_="top")
    page = element("body", element("main", top, *body, class_="plain-page"), element("script", Markup(script)))
    return join(Markup("<!doctype html>\n"), element("html", element("head", head), page, lang="en"), "\n")


def script_json(data: JsonValue) -> Markup:
    """`data` as JSON for a ``<script type="application/json">``: without ``<``, ASCII only."""
    return Markup(json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"))


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return "\n" if code == 13 else chr(0x2400 + code) if code < 32 else "␡" if code == 127 else "\ufffd"


def _value(value: str | int | float) -> str:
    return escape(value) if isinstance(value, str) else f"{value:.6g}"
