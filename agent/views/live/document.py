"""The HTML of the live page: the styles and scripts of the report and its own, each allowed by its hash."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from agent.views.markup import csp_hash, shared
from agent.views.report import asset


@dataclass(frozen=True)
class HtmlDocument:
    """HTML without state, and its content security policy."""

    html: str
    policy: str


def document() -> HtmlDocument:
    """The live page, as it is served to who has the token."""
    styles = [shared("theme.css"), asset("report.css"), _file("live.css")]
    scripts = [shared("theme.js"), asset("report.js"), _file("live.js")]
    rules = [
        "default-src 'none'",
        "connect-src 'self'",
        "img-src blob: data:",
        " ".join(["style-src", *map(csp_hash, styles)]),
        " ".join(["script-src", *map(csp_hash, scripts)]),
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
    html = _file("live.html").replace("{{styles}}", "".join(f"<style>{style}</style>\n" for style in styles))
    html = html.replace("{{scripts}}", "".join(f"<script>{script}</script>\n" for script in scripts))
    return HtmlDocument(html, "; ".join(rules))


def _file(name: str) -> str:
    return resources.files("agent.views.live").joinpath(name).read_text("utf-8")
