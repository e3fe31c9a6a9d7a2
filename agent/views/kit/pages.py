"""Pages from templates, in which every text is escaped unless it is `Markup`.

Templates, styles and scripts are named by their path from the root of the source tree: ``agent/views/kit/kit.css``.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup
from pydantic import JsonValue

from agent.views.formatting import clip, line, moment, visible


def file_text(name: str) -> str:
    """The text of a template, a style or a script."""
    folder, _, file = name.rpartition("/")
    return resources.files(folder.replace("/", ".")).joinpath(file).read_text("utf-8")


@cache
def templates() -> Environment:
    """The templates of all pages. An undefined value is an error; control characters are made visible."""
    made = Environment(
        autoescape=True,
        loader=FunctionLoader(file_text),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    made.globals.update(moment=moment, json=script_json, policy="", token="")
    made.filters.update(clip=clip, line=line)
    return made


def csp_hash(text: str) -> str:
    """The source expression of a content security policy that allows an inline script or style with this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def script_json(data: JsonValue) -> Markup:
    """`data` as JSON for a ``<script type="application/json">``: without ``<``, ASCII only."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return Markup(text)  # noqa: S704 - JSON without <


@dataclass(frozen=True)
class SinglePage:
    """A page of one file, which needs no network: `styles` and `scripts` are inlined after those of the kit.

    Its content security policy allows these alone, by their hashes, and what `rules` add.
    """

    template: str
    styles: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    rules: tuple[str, ...] = ("img-src data:", "form-action 'none'")

    @cached_property
    def style(self) -> Markup:
        """The styles as one."""
        return _joined("agent/views/kit/kit.css", *self.styles)

    @cached_property
    def script(self) -> Markup:
        """The scripts as one."""
        return _joined("agent/views/kit/kit.js", *self.scripts)

    @property
    def policy(self) -> str:
        """The content security policy."""
        own = f"style-src {csp_hash(self.style)}; script-src {csp_hash(self.script)}"
        return "; ".join(("default-src 'none'", own, "base-uri 'none'", *self.rules))

    def stream(self, title: str, **values: object) -> Iterator[str]:
        """The HTML in pieces, as the template goes through what `values` yield."""
        own = {"title": title, "style": self.style, "script": self.script, "policy": self.policy}
        return templates().get_template(self.template).generate(**(own | values))

    def html(self, title: str, **values: object) -> str:
        """The HTML."""
        return "".join(self.stream(title, **values))


def _joined(*names: str) -> Markup:
    return Markup("".join(map(file_text, names)))  # noqa: S704 - files of this program
