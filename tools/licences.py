#!/usr/bin/env python3
"""Writes the table of docs/licences.md: the licence of every package that an extra of pyproject.toml brings.

Usage: licences.py   (in the environment of `make test`; prints the table, which goes below the file's mark)
Source: the metadata of the installed packages. A package that is not installed is left out and named on stderr.
"""

from __future__ import annotations

import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

NAME = "handeye"
LONGEST = 60
"""Characters of a licence field that is a name, and not the licence's text."""


def extras() -> list[str]:
    """The extras of this project, the base ("") first; `dev` last, which holds others."""
    own = distribution(NAME).metadata.get_all("Provides-Extra") or []
    return ["", *(extra for extra in own if extra != "dev"), "dev"]


def brought(package: str, extra: str, seen: set[str]) -> set[str]:
    """The names of `package` with `extra` and of all that it needs on this system, as far as installed."""
    try:
        found = distribution(package)
    except PackageNotFoundError:
        print(f"not installed: {package}", file=sys.stderr)
        return seen
    for line in found.requires or []:
        need = Requirement(line)
        if need.marker and not need.marker.evaluate({"extra": extra}):
            continue
        for inner in need.extras or {""}:
            key = canonicalize_name(need.name) + (f"[{inner}]" if inner else "")
            if key not in seen:
                seen.add(key)
                brought(need.name, inner, seen)
    return seen


def licence(found: Distribution) -> str:
    """What the package's own metadata say: the SPDX expression, else the classifiers, else the licence field."""
    fields = found.metadata
    kinds = [line.rpartition(" :: ")[2] for line in fields.get_all("Classifier") or [] if line.startswith("License ::")]
    said = fields.get("License-Expression") or ", ".join(kinds) or fields.get("License") or "not stated"
    said = said.strip().partition("\n")[0]
    return said if len(said) <= LONGEST else said[:LONGEST] + "…"


def table() -> str:
    """Markdown: one line a package, under the first extra that brings it."""
    lines, told = ["| extra | package | licence |", "|---|---|---|"], {NAME}
    for extra in extras():
        names = {name.partition("[")[0] for name in brought(NAME, extra, set())} - told
        told |= names
        for name in sorted(names):
            try:
                lines.append(f"| {extra or 'base'} | {name} | {licence(distribution(name))} |")
            except PackageNotFoundError:
                continue
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
