"""Explicit instructions in a person's words → a tuple of small frozen steps. No language model, no guessing.

The reader works in passes: literals (text between quotes of any kind, or after ``exactly:``) are taken out to the
letter (`agent.builtin.literals`); what is left is cut at line ends, full stops, semicolons, "then", commas and "and",
and a piece that is no clause of its own goes back to the one before (`agent.builtin.clauses`); each clause is read by
the first rule that fits (`agent.builtin.grammar.rules`). A clause that no rule fits makes the whole task one
`NeedsPlanning`,
because half a task is worse than none. `docs/builtin.md` lists what is understood.
"""

from __future__ import annotations

from agent.builtin.clauses import TaskParser
from agent.builtin.grammar.rules import RULES
from agent.builtin.steps import Instruction


def parse_instructions(task: str) -> tuple[Instruction, ...]:
    """Read `task` as explicit instructions (`agent.builtin.steps`).

    Never raises: a task or a clause that cannot be read gives exactly one `NeedsPlanning` with a sentence for the user.
    """
    return TaskParser(task, RULES).read()
