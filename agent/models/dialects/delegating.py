"""The action by which a text planner hands an explicit instruction to the built-in model: prompt and reader."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agent.core.model import ParseError
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.dialect import Dialect
from agent.models.dialects.lenient_json import read_lenient

PLAN_FIRST = Path(__file__).with_name("plan-first.toml").read_text(encoding="utf-8")
"""The questions of a planner that plans first, as TOML."""
LAST_ITEM = "tell what the task asks for"
"""What ends the plan of a task that asks something, where the answer has no such item."""
DO = "do"
LONGEST = 300
"""Letters of an instruction, at most."""
_MEMBERS = {"thought", "plan", "finished", "note", "action", "instruction"}
_PROMPT = """
One action more, "do" with "instruction", carries out one explicit instruction on what the list shows, checks it and \
tries again: "turn on SWITCH", "set FIELD to VALUE", "choose OPTION as the FIELD", "type 'TEXT' into FIELD", each with \
the words of the list. It plans nothing. What it could not do is told to you."""


def delegating(speaks: Dialect) -> Dialect:
    """`speaks` with the action, under a name of its own."""
    decide = {on: replace(prompt, system=prompt.system + _PROMPT) for on, prompt in speaks.decide.items()}
    return replace(speaks, name=f"{speaks.name}-steps", decide=decide, delegates=True)


def planning_first(speaks: Dialect) -> Dialect:
    """`speaks` for a planner that writes a plan first (`agent.models.plan_first`), under a name of its own."""
    decide = {on: replace(prompt, system=PLAN_FIRST) for on, prompt in speaks.decide.items()}
    return replace(speaks, name=f"{speaks.name}-plan", decide=decide, delegates=True)


def instruction_in(answer: str) -> str | None:
    """The instruction that `answer` hands over; None for an answer of other actions.

    Raises `ParseError` for one that cannot be used.
    """
    try:
        found = read_lenient(answer, answer.find("{")) if "{" in answer else None
    except Unreadable:
        return None
    if found is None or not isinstance(found.value, dict) or found.value.get("action") != DO:
        return None
    said = found.value.get("instruction")
    unknown = sorted(map(str, set(found.value) - _MEMBERS))
    if unknown:
        raise ParseError(f"{DO} has no argument {unknown[0][:40]!r}", answer)
    if "{" in answer[found.end :]:
        raise ParseError(f"{DO} must be the only action of an answer", answer)
    if not found.closed or not isinstance(said, str) or not 0 < len(said.strip()) <= LONGEST:
        raise ParseError(f'{DO} needs an "instruction" of 1 to {LONGEST} letters', answer)
    return said.strip()
