"""A hook of mkdocs: a link to a file that is no page of the site becomes its text, or a link into the repository.

``HANDEYE_SOURCE`` is the repository's address for that (``https://host/owner/handeye/blob/v0.1.0``).
"""

from __future__ import annotations

import os
import posixpath
import re
from typing import Any

_LINK = re.compile(r"(?<!!)\[(?P<text>[^\[\]]+)\]\((?P<to>\.\.?/[^)\s]+)\)")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """The page's text with links that leave ``docs/`` put right."""
    folder = posixpath.dirname(f"docs/{page.file.src_uri}")

    def right(link: re.Match[str]) -> str:
        path, _, anchor = link["to"].partition("#")
        target = posixpath.normpath(posixpath.join(folder, path))
        if target.startswith("docs/"):
            return link[0]
        source = os.environ.get("HANDEYE_SOURCE", "").rstrip("/")
        return f"[{link['text']}]({source}/{target}{'#' * bool(anchor)}{anchor})" if source else link["text"]

    return _LINK.sub(right, markdown)
