"""The page itself: the report's style and script with the live view's own, each allowed by its hash, nothing else."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib import resources

from agent.views.report import asset


@dataclass(frozen=True)
class HtmlDocument:
    """HTML that holds no state, and the content security policy that it is served with."""

    html: str
    policy: str


def document() -> HtmlDocument:
    """The page as it is served to whoever has the token."""
    styles, scripts = [asset("report.css"), _file("live.css")], [asset("report.js"), _file("live.js")]
    rules = [
        "default-src 'none'",
        "connect-src 'self'",
        "img-src blob: data:",
        " ".join(["style-src", *map(_hash, styles)]),
        " ".join(["script-src", *map(_hash, scripts)]),
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
    html = _file("live.html").replace("{{styles}}", "".join(f"<style>{style}</style>\n" for style in styles))
    html = html.replace("{{scripts}}", "".join(f"<script>{script}</script>\n" for script in scripts))
    return HtmlDocument(html, "; ".join(rules))


def _file(name: str) -> str:
    return resources.files("agent.views.live").joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
