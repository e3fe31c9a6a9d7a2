"""A list of grammar rules: a pattern of a whole clause and the function that reads it."""

from __future__ import annotations

import re
from collections.abc import Callable

from agent.builtin.grammar.parser import Rule

I = re.IGNORECASE  # noqa: E741 - as in `re`
Match = re.Match[str]


class RuleList:
    """Rules in order of precedence."""

    def __init__(self) -> None:
        self.rules: list[tuple[re.Pattern[str], Rule]] = []

    def rule(self, pattern: str) -> Callable[[Rule], Rule]:
        """Add the decorated function for clauses that are all `pattern`; a full stop may follow."""

        def add(rule: Rule) -> Rule:
            self.rules.append((re.compile(rf"(?:{pattern})[\s.]*$", I | re.DOTALL), rule))
            return rule

        return add
