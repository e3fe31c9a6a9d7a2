"""Explicit instructions in natural language as a tuple of `agent.builtin.instructions`. No language model, no guessing.

Literals (text between quotes of any kind, or after ``exactly:``) are replaced by placeholders (`.literals`); the rest
is cut at line ends, full stops, semicolons, "then", commas and "and", and a piece that is no clause of its own is
joined to the one before (`.parser`); the first rule that matches a whole clause gives its instructions. A clause that
no rule matches makes the whole task one `NeedsPlanning`, because half a task must not be done. `docs/builtin.md` lists
what is understood.
"""

from __future__ import annotations

import re

from agent.builtin.grammar import (
    conditions,
    dialogs,
    entering,
    fallback,
    keys,
    menus,
    moving,
    pointing,
    values,
    waiting,
)
from agent.builtin.grammar.parser import Rule, TaskParser
from agent.builtin.instructions import Instruction

_MODULES = (conditions, entering, waiting, keys, dialogs, pointing, moving, values, menus, fallback)
RULES: list[tuple[re.Pattern[str], Rule]] = [rule for module in _MODULES for rule in module.RULES.rules]
"""(pattern of a whole clause, the function that reads it), in order of precedence."""


def parse_instructions(task: str) -> tuple[Instruction, ...]:
    """The instructions of `task`, or exactly one `NeedsPlanning` with a message for the user. Never raises."""
    return TaskParser(task, RULES).read()
