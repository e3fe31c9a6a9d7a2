"""All tasks of the suite: importing this module defines them, in the order in which they are reported."""

from __future__ import annotations

from benchmarks.suites.desktop import (
    browser,
    calculator,
    editor,
    folders,
    impossible,
    pictures,
    several,
    sheets,
    terminal,
)
from benchmarks.suites.desktop.task import TASKS

MODULES = (browser, calculator, editor, folders, impossible, pictures, several, sheets, terminal)

INFEASIBLE = [name for name, task in TASKS.items() if task.infeasible]
"""Tasks that cannot be done: an agent that always gives up passes them."""

_FEW = "it has two variants, and its steps do not depend on what is shown"
_GIVES_UP = "it cannot be done: whoever always gives up passes it"
FLAGGED: dict[str, str] = {
    "blind-replay:editor-line-numbers": "its steps are always the same",
    "blind-replay:editor-change-case": _FEW,
    "blind-replay:picture-rotate": _FEW,
    **{f"blind-replay:{name}": _GIVES_UP for name in INFEASIBLE},
}
"""What an audit finds that is so on purpose, ``CHECK:task`` to the reason."""
