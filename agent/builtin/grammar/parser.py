"""A task cut into clauses, each read by the first rule that matches it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from agent.builtin.dialogs import CONFIRM
from agent.builtin.grammar.literals import LITERAL, Literals
from agent.builtin.grammar.nearest import nearest_clause
from agent.builtin.grammar.phrases import (
    CLICKING,
    COMMANDING,
    CONDITION,
    IDIOMS,
    IMPERATIVE,
    JOINT,
    LIST,
    SMALL_TALK,
    TYPING,
    bare,
    named_entry,
    odd_item,
    trim,
    unwrap,
)
from agent.builtin.instructions import (
    Alternatives,
    ClickOn,
    Dismiss,
    Instruction,
    NameIt,
    NeedsPlanning,
    Press,
    TypeInto,
)

Found = tuple[Instruction, ...] | None
Rule = Callable[["TaskParser", "re.Match[str]"], Found]
Rules = Sequence[tuple["re.Pattern[str]", Rule]]

PROMISE = "give explicit steps, or use --model with a vision-language model"


_POINTS = re.compile(r"(?:click|tap|press|hit|double|right|triple|type|wait)\b", re.IGNORECASE)

_RUN = re.compile(r"(?:run|execute)\s+(?!the\b|an?\b|this\b|these\b)[a-z]", re.IGNORECASE)
_TOUCH = re.compile(r"touch\s+[\w./~-]+[\s.]*")
_THERE = re.compile(r"(?!(?:hello|hi|hey)\b)(.+) (?:there|in there|here)", re.IGNORECASE)
_LONE = re.compile(
    r"(?:(?:\b(?:click|press|tap|hit|push|then|and|button|key)(?:\s+(?:on|the))*|,)\s+(?=[.,]\s*(?:,|\s|$))"
    r"|(?<=\d)\s+(?=\.\s+\d))(?P<it>[.,])",
    re.IGNORECASE,
)
"""A point or comma that is itself the key to press."""


class TaskParser:
    """Parses one task; holds its literals and the rules of the grammar."""

    def __init__(self, task: str, rules: Rules) -> None:
        self._rules = rules
        self._depth = 0
        self._cache: dict[str, Found] = {}
        self.literals = Literals()
        self.text = self.literals.take(_LONE, self.literals.shield(task.replace("\r\n", "\n")))

    # -- used by the rules

    def lit(self, text: str) -> str:
        """Text to type: the inside of a single quotation, or the words without the full stop of the sentence."""
        words = text.strip()
        if re.fullmatch(LITERAL + r"[\s.,;!?]*", words):
            return self.literals.content(words[0])
        return self.literals.content(re.sub(r"(?<![.])\.$", "", words))

    def target(self, text: str) -> str:
        """A target in the user's words, without article and politeness."""
        return self.literals.restore(bare(text))

    def clause(self, text: str) -> Found:
        """The instructions of one clause, or None where no rule reads it."""
        if text not in self._cache and self._depth < 8:
            self._depth += 1
            self._cache[text] = self._read_clause(text)
            self._depth -= 1
        return self._cache.get(text)

    def many(self, text: str, make: Callable[[str], Instruction]) -> Found:
        """One instruction for a target; for a list one each, unless the screen shows the whole list as one name."""
        text = re.sub(r"^(?:the\s+)?(?:buttons|keys|digits|numbers)\s+(?=\S)", "", named_entry(bare(text)), flags=re.I)
        text = re.sub(r"^both\s+(?=\S.*\band\b)", "", text, flags=re.IGNORECASE)
        whole = self.target(text)
        parts = [p for p in LIST.split(text) if p.strip()]
        if not whole:
            return None
        if len(parts) < 2 or re.search(r"\b(?:between|both)\b.*\band\b", text, re.IGNORECASE):
            return (make(whole),)
        if any(odd_item(p, parts[0]) for p in parts[1:]):
            return None
        steps = tuple(replace(make(self.target(p)), source=self.target(p)) for p in parts)
        quoted = any(re.search(LITERAL, p) for p in parts)
        return steps if quoted else (Alternatives(whole, make(whole), steps),)

    def both(self, first: str, rest: str) -> Found:
        """The instructions of two clauses in order; None if either cannot be read."""
        one, two = self.clause(first), self.clause(rest)
        return one + two if one and two else None

    # -- the passes over the task

    def read(self) -> tuple[Instruction, ...]:
        """All instructions of the task, or a single `NeedsPlanning`."""
        steps: list[Instruction] = []
        clauses = self._clauses()
        for clause in clauses:
            words = self.literals.restore(clause).strip()
            found = self.clause(clause)
            if found is None:
                return (planning(words, alone=len(clauses) == 1),)
            if steps and found and isinstance(steps[-1], NameIt) and _confirms(found[0]):
                steps[-1] = replace(steps[-1], submit=False)  # it is confirmed in words
                if isinstance(found[0], ClickOn) and re.fullmatch(r"ok(?:ay)?(?: button)?", found[0].target, re.I):
                    found = (Dismiss("dialog", CONFIRM), *found[1:])
            if steps and found and isinstance(found[0], TypeInto) and (place := _THERE.fullmatch(found[0].text)):
                found = (replace(found[0], text=place[1]), *found[1:])
            if steps and isinstance(steps[-1], TypeInto) and found == (ClickOn("it", option=True),):
                found = (Press(("ctrl+a",)),)  # "type Bob and select it"
            steps += [replace(step, source=step.source or words) for step in found]
        return tuple(steps) or (planning(self.literals.restore(self.text).strip(), alone=True),)

    def _read_clause(self, text: str) -> Found:
        body = unwrap(text)
        tried = body if TYPING.match(body) or body.endswith(("...", "…")) else trim(body)
        for pattern, rule in self._rules:
            m = pattern.match(tried)
            found = rule(self, m) if m else None
            if found is not None:
                return found
        known = nearest_clause(tried)
        return self.clause(known) if known else None

    def _clauses(self) -> list[str]:
        out: list[str] = []
        for joint, piece in self._pieces():
            if not unwrap(piece + " ").strip() or ("," not in joint and SMALL_TALK.fullmatch(piece)):
                continue
            if out and self._belongs(out[-1], joint, piece):
                out[-1] += joint + piece
            else:
                out.append(self._carried(out[-1], joint, piece) if out else piece)
        return [clause.strip(" ,\t\n") for clause in out]

    def _pieces(self) -> Iterator[tuple[str, str]]:
        """(joint before it, piece) of every smallest piece, in order."""
        numbered = re.match(r"\s*(?:step\s*)?\(?1[.):]", self.text, re.IGNORECASE)
        text = re.sub(r"(?:(?<=\s)|^)\(?\d{1,2}[.)]\s+(?=\S)", "\n", self.text) if numbered else self.text
        text = re.sub(r"(?m)^\s*(?:[-*•–]\s+|\d{1,2}[.)]\s+)(?=\S)", "", text)
        for pattern, by in IDIOMS:
            text = pattern.sub(by, text)
        at, joint = 0, "\n"
        for m in JOINT.finditer(text):
            if text[at : m.start()].strip():
                yield joint, text[at : m.start()].strip(" \t")
                joint = ""
            at, joint = m.end(), joint + m.group()
        yield joint, text[at:].strip(" \t")

    def _belongs(self, before: str, joint: str, piece: str) -> bool:
        """Whether `piece` continues the clause `before` instead of starting one."""
        start = unwrap(before)
        soft_and = re.fullmatch(r"\s+(?:and|&)\s+", joint, re.IGNORECASE) is not None
        if CONDITION.match(start):
            return soft_and or self.clause(before) is None
        if "\n" in joint:
            return joint.strip() == "" and self.clause(before) is None
        if joint.strip().startswith((".", ";")):
            return False
        if self.clause(piece) is not None or CONDITION.match(unwrap(piece)):
            return False
        if re.search(r"\bcommands\b[^:]*:", start, re.IGNORECASE):
            return True
        if TYPING.match(start) and IMPERATIVE.match(unwrap(piece)):
            return False  # an order that is not understood is nothing to type
        if soft_and or joint.strip(" ") == ",":
            return True
        return TYPING.match(start) is not None

    def _carried(self, before: str, joint: str, piece: str) -> str:
        """`piece` with the verb of the clause before it, where it has none: "click File then Save"."""
        if re.match(r"on\s", piece, re.IGNORECASE) and self.clause(piece) is not None:
            return piece
        piece = re.sub(r"^on\s+(?=\S)", "", piece, flags=re.IGNORECASE)
        if "\n" in joint or joint.strip().startswith((".", ";")) or CONDITION.match(unwrap(piece)):
            return piece
        alone = re.fullmatch(rf"(?:(?:enter|run|execute)\s+)?({LITERAL})[\s.]*", unwrap(piece), re.IGNORECASE)
        if alone and COMMANDING.search(unwrap(before)):
            return f"run {alone[1]} in the terminal"
        if _RUN.match(unwrap(before)) and (self.clause(piece) is None or _TOUCH.fullmatch(unwrap(piece))):
            return f"run {unwrap(piece)}"
        verb = CLICKING.match(unwrap(before))
        if not verb:
            return piece
        if self.clause(piece) is None:
            return f"{'press' if verb['key'] else 'click'} {unwrap(piece)}"
        name = trim(unwrap(piece))
        titled = all(w[:1].isupper() for w in name.split()) and len(name.split()) <= 4 and not verb["key"]
        plain = titled and not re.search(LITERAL, name) and not _POINTS.match(name)
        return f"either-click {piece}" if plain else piece


def _confirms(step: Instruction) -> bool:
    """Whether an instruction takes a name that was typed."""
    return isinstance(step, Press | Dismiss) or (isinstance(step, ClickOn) and len(step.target.split()) <= 2)


def planning(words: str, alone: bool) -> NeedsPlanning:
    """A `NeedsPlanning` for `words`, the whole task (`alone`) or the clause that cannot be read."""
    if not words.strip():
        return NeedsPlanning(f"The task is empty: {PROMISE}", source=words)
    part = "This task" if alone else f"The part “{words}” of the task"
    hint = "" if alone else "; text to type goes between quotes"
    return NeedsPlanning(f"{part} needs planning, which the built-in model does not do: {PROMISE}{hint}", source=words)
