#!/usr/bin/env python3
"""Gives the relative links and pictures of README.md whole addresses, for a page that is not in the repository.

Usage: pypi_readme.py https://HOST/OWNER/handeye/raw/TAG   (rewrites README.md; pages are linked below blob/TAG)
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

_LINK = re.compile(r"(?P<head>(?P<picture>!?)\[[^\[\]]*\]\()(?!https?:|#|mailto:)(?P<to>[^()\s]+)\)")


def with_addresses(text: str, source: str) -> str:
    """`text` with its relative links and pictures below `source`; fenced blocks stay."""
    raw = source.rstrip("/")
    pages = raw.replace("/raw/", "/blob/")

    def whole(link: re.Match[str]) -> str:
        return f"{link['head']}{raw if link['picture'] else pages}/{link['to']})"

    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("```") else _LINK.sub(whole, part) for part in parts)


if __name__ == "__main__":
    readme = Path("README.md")
    readme.write_text(with_addresses(readme.read_text(encoding="utf-8"), sys.argv[1]), encoding="utf-8")
