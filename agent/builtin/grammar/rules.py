"""The grammar: one small rule for each way of saying a step. The first rule that reads a whole clause wins."""

from __future__ import annotations

import re

from agent.builtin.clauses import Rule
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

_ROOMS = (conditions, entering, waiting, keys, dialogs, pointing, moving, values, menus, fallback)
RULES: list[tuple[re.Pattern[str], Rule]] = [rule for room in _ROOMS for rule in room.BOOK.rules]
"""(pattern of a whole clause, what it means), in order of precedence."""
