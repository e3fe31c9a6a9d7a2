"""The base of all executors: the current observation, the search for targets, the check of effects, the thoughts."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Protocol

from rapidfuzz import fuzz

from actions.action import (
    AnyAction,
    Finish,
    Move,
    Wait,
)
from actions.frame import Point
from agent.builtin import instructions as s
from agent.builtin import screen_diff
from agent.builtin.dialogs import button_word
from agent.builtin.screen_diff import PerceivedObservation, changed, exact
from agent.perception.elements import Candidate, Element, PerceivedScreen, Role
from agent.perception.meaning import labels
from agent.perception.meaning.areas import by_kind, is_kind_alone
from agent.perception.meaning.description import parse_target
from agent.perception.normalisation import normalised


class Rank(Protocol):
    """Candidates for a target, best first; 0.5 and above means act. See `agent.perception.meaning.ranking.rank`."""

    def __call__(
        self, screen: PerceivedScreen, target: str, roles: Sequence[Role], meaning: bool, /
    ) -> Sequence[Candidate]:
        """By the words, and with `meaning` by what they mean too."""


Turn = tuple[AnyAction, str]
Script = Generator[Turn, None, None]
Search = Generator[Turn, None, list[Candidate]]
Check = Generator[Turn, None, bool]

ACT = 0.5
"""The score from which a candidate is acted on."""
GUESS = 0.75
"""The score below which an icon shares only some words with a target."""
PATIENCE = (0.3, 0.6, 1.0, 1.5, 2.0)
"""Seconds to wait between searches for a target that is not on the screen yet."""
LONG_PATIENCE = (0.5, 0.5, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 5.0, 5.0, 5.0)
"""The same for a target that the task says to wait for."""
SYNONYMS: dict[str, tuple[str, ...]] = {
    "*": ("×", "x", "✕", "∗", "·", "冰", "米", "mul"),
    "/": ("÷", "∕", "div"),
    "-": ("−", "–", "—", "一"),
    "=": ("二", "＝"),
    "+": ("十", "＋"),
    ".": (",", "·"),
    "sqrt": ("√", "sqr"),
    "^": ("xʸ", "x^y", "**"),
}
"""Other characters by which a calculator's keys are drawn, or recognised."""
SIGNS = {
    "multiply": "*", "multiplied by": "*", "multiplication": "*", "times": "*", "asterisk": "*", "star": "*",
    "divide": "/", "divided by": "/", "division": "/", "slash": "/", "minus": "-", "subtract": "-", "plus": "+",
    "add": "+", "equals": "=", "equal": "=", "equal to": "=", "dot": ".", "point": ".", "decimal point": ".",
    "decimal": ".", "period": ".", "square root": "sqrt", "zero": "0", "one": "1", "two": "2", "three": "3",
    "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
}  # fmt: skip
"""Names of a calculator's keys."""
DISPLAY = re.compile(r"\b(?:display|result|calculator|output)\b", re.IGNORECASE)
PRONOUN = re.compile(r"it|that|this|there|them|the same|same", re.IGNORECASE)
TYPED_ROLES: tuple[Role, ...] = ("field",)
TICKED: tuple[Role, ...] = ("checkbox", "switch", "radio")
_NEVER_TYPED: tuple[Role, ...] = ("menu", "menuitem", "tab", "link", "slider", *TICKED)


def same_sign(screen: PerceivedScreen, target: str) -> list[Element]:
    """The keys that show another character for the target ("minus", "÷")."""
    word = re.sub(r"\s+(?:button|key|sign|symbol|operator)\b.*$", "", normalised(target), flags=re.IGNORECASE)
    word = re.sub(r"^(?:the\s+)?(?:button|key|sign|symbol|number|digit)\s+", "", word or target.strip())
    word = SIGNS.get(word, word)
    groups = [(sign, *others) for sign, others in SYNONYMS.items()]
    ways = next((group for group in groups if word in group), (word,))
    return [e for way in ways if way != target for e in exact(screen, way) if e.role in ("button", "icon", "text")]


def holds_text(element: Element) -> bool:
    """Whether it may be a field: a small icon is none, though a click on it may open one."""
    return element.role not in ("icon", "image") or element.box.width > 40


class GiveUp(Exception):  # noqa: N818 - an outcome, not an error
    """The task cannot be continued; the message names the instruction, the target and what the screen shows."""


class DryRunSkip(Exception):  # noqa: N818 - an outcome, not an error
    """In a dry run: the instruction needs a screen that the earlier ones would have opened."""


class ExecutorContext:
    """The state of one task and what all executors share."""

    def __init__(self, instructions: Sequence[s.Instruction], rank: Rank, *, phone: bool = False) -> None:
        self._ranked, self._phone = rank, phone
        self._steps = tuple(instructions)
        self._observation: PerceivedObservation | None = None
        self._first: PerceivedObservation | None = None
        self._undisturbed: PerceivedObservation | None = None
        self._seen: list[PerceivedScreen] = []
        self._performed = True
        self._step: s.Instruction = s.Instruction()
        self._number = 0
        self._last_target = ""
        self._answered: set[str] = set()
        self._remarks: list[str] = []
        self._triggers = [x for x in self._steps if isinstance(x, s.Trigger)] + [
            s.Trigger(x.target, (x,), source=x.source) for x in self._steps if isinstance(x, s.Dismiss)
        ]
        self._fired: set[int] = set()
        self._showing: set[int] = set()
        self._stack: list[Script] = []
        self._starts: list[PerceivedObservation] = []
        self._skipped: list[str] = []
        self.searching = False
        """Whether the last wait was for a missing target, so that the screen should be read again without caches."""
        self._end: Finish | None = None

    @property
    def observation(self) -> PerceivedObservation:
        """The current observation."""
        assert self._observation is not None
        return self._observation

    @property
    def screen(self) -> PerceivedScreen:
        """The current screen."""
        return self.observation.screen

    @property
    def _last(self) -> bool:
        """Whether this is the last instruction, whose effect must be seen."""
        return self._number >= len(self._steps) and len(self._stack) == 1

    def _thought(self, what: str) -> str:
        of = f"Step {self._number} of {len(self._steps)}" if self._number else "A condition of the task"
        return f"{of}, “{screen_diff.short(self._step.source or type(self._step).__name__)}”: {what}."

    def do(self, step: s.Instruction) -> Script:
        """The actions of one instruction."""
        raise NotImplementedError

    def _close_unexpected_dialog(self, target: str) -> Check:
        """Close, once, an unexpected dialog that hides `target`; True if that was done."""
        raise NotImplementedError

    def _do_part(self, step: s.Instruction) -> Script:
        """The actions of a part of the current instruction, in the user's words for the whole."""
        outer, self._step = self._step, step if step.source else replace(step, source=self._step.source)
        yield from self.do(step)
        self._step = outer

    # ------------------------------------------------------------------ finding

    def candidates(self, target: str, roles: Sequence[Role] = ()) -> list[Candidate]:
        """Elements of the screen that `target` may mean, best first, other characters of a short name included."""
        if is_kind_alone(target) and (meant := by_kind(self.screen, target)):
            return [c for c in meant if not roles or c.element.role in roles]
        likely = [labels.limited_by_numbers(c, target) for c in self._rank(self.screen, target, roles)]
        likely = [c for c in likely if parse_target(target).relations or not labels.names_rival_field(c, target)]
        ranked = self._exact_first(target, likely)
        if len(ranked) > 1 and all(c.score < ACT and c.element.text == target for c in ranked):
            return ranked  # keys that read the same, and nothing says which is meant
        if not any(c.score >= ACT for c in ranked):
            word = re.sub(r"\s+button$", "", normalised(target))
            said = [
                e for e in self.screen.elements if e.role == "button" and button_word(e) == word != normalised(e.text)
            ]
            ranked += [Candidate(e, e.box.center, 0.9, "its word") for e in said]
            ranked += [Candidate(e, e.box.center, 0.9, "another sign for it") for e in same_sign(self.screen, target)]
        if (
            not roles
            and "field" in parse_target(target).roles[:1]
            and not any(c.element.role == "field" for c in ranked[:1])
        ):
            ranked = [replace(c, score=0.9) for c in labels.beside(self.screen, target)] + ranked
        if not roles and not any(c.score >= ACT for c in ranked):
            ranked += labels.joined_in_row(self.screen, target)
        if not roles and not any(c.score >= 0.8 for c in ranked):
            ranked = [c for c in labels.by_label(self.screen, target, ()) if c.score == 1.0] + ranked
        if roles and labels.is_on_screen(self.screen, target):
            ranked = [c for c in ranked if labels.label_agrees(c.element, target)]
        found = [c for c in ranked if c.element.role in roles] if roles else ranked
        if not any(c.score >= ACT for c in found):
            found = found + labels.by_label(self.screen, target, roles)
        if not any(c.score >= ACT for c in found):
            found = found + [c for c in by_kind(self.screen, target) if not roles or c.element.role in roles]
        if roles and not any(c.score >= ACT for c in found):
            spots = labels.right_of_name(self.screen, target) if "field" in roles else []
            likely = [c for c in ranked if "field" not in roles or c.element.role not in _NEVER_TYPED]
            label = [replace(c, score=min(c.score, 0.55)) for c in likely] if spots else likely
            found = found + labels.beside(self.screen, target) or spots + label
        if not any(c.score >= ACT for c in found) and normalised(target) in ("submit button", "send button"):
            found = [Candidate(e, e.box.center, 0.8, "the button of the form") for e in labels.submitting(self.screen)]
        return sorted(found, key=lambda c: -c.score)

    def _exact_first(self, target: str, ranked: list[Candidate]) -> list[Candidate]:
        """`ranked` with exact matches of the name first; of several keys of a keypad that read the same, one."""
        name = labels.target_name(target)
        if not ranked or parse_target(target).relations or parse_target(target).ordinal:
            return ranked
        roles = parse_target(target).roles
        same = [c for c in ranked if name and name in (normalised(c.element.text), normalised(c.element.label))]
        same = [c for c in same if not roles or c.element.role in roles or name == normalised(target)]
        if not same:
            return ranked
        if len(name) == 1 and len(same) > 1:
            return labels.on_keypad(self.screen, name, same)
        guesses = ("icon", "shared words", "likeness")
        others = [replace(c, score=min(c.score, 0.6)) if c.why in guesses else c for c in ranked]
        least = {True: 0.95, False: 0.94}
        sure = [
            replace(c, score=max(c.score, least[self.screen.is_in_front(c.element, c.point)])) if c in same else c
            for c in others
        ]
        return sorted(sure, key=lambda c: -c.score)

    def _rank(self, screen: PerceivedScreen, target: str, roles: Sequence[Role]) -> Sequence[Candidate]:
        """Candidates by the words alone: what is on the screen, or has been chosen, is no matter of likeness."""
        return self._ranked(screen, target, roles, False)

    def _meant(self, target: str, roles: Sequence[Role]) -> list[Candidate]:
        """What `target` surely means in other words than those of the screen, where there is such a thing."""
        if exact(self.screen, target):
            return []  # several of that name, and nothing says which
        found = [labels.limited_by_numbers(c, target) for c in self._ranked(self.screen, target, roles, True)]
        best = [c for c in found[:1] if not labels.names_rival_field(c, target)]
        return [c for c in best if c.score >= ACT and (not roles or c.element.role in roles)]

    def controls(self, words: str) -> list[Candidate]:
        """The control that says that it does what `words` ask for; empty where there is none, or several."""
        found = labels.doing(self.screen, words)
        return [Candidate(e, e.box.center, 0.9, "it says so") for e in found] if len(found) == 1 else []

    def _sure(self, target: str, roles: Sequence[Role] = ()) -> list[Candidate]:
        return [c for c in self.candidates(target, roles) if c.score >= ACT]

    def find(self, target: str, roles: Sequence[Role] = ()) -> Search:
        """Candidates for `target`, waiting for it; an icon is accepted as a field only when nothing better appeared.

        Raises `GiveUp`.
        """
        target = self._without_pronoun(target)
        for seconds in PATIENCE:
            good = self._sure(target, roles)
            if good and good[0].why == "icon" and good[0].score < GUESS:
                good = self._meant(target, roles) or good
            if any("field" not in roles or holds_text(c.element) for c in good):
                self._last_target = target
                return good
            if (yield from self._close_unexpected_dialog(target)):
                continue
            if not self._performed:
                raise DryRunSkip(f"“{target}” is not on this screen")
            self.searching = True
            if seconds == PATIENCE[2] and not self._phone:
                aside = Point(self.screen.width - 3, self.screen.height / 2)
                yield (
                    Move(point=aside),
                    self._thought(f"“{target}” may be under a tool tip, so I move the pointer away"),
                )
                continue
            yield Wait(seconds=seconds), self._thought(f"“{target}” is not there yet, so I wait")
        if good := self._sure(target, roles) or self._meant(target, roles):
            return good
        raise GiveUp(self._not_found(target))

    def _without_pronoun(self, target: str) -> str:
        """The target, or for "it" the target of the instruction before."""
        return self._last_target if PRONOUN.fullmatch(target.strip()) and self._last_target else target

    def _not_found(self, target: str) -> str:
        nearest = max(self.candidates(target), key=lambda c: c.score, default=None)
        if nearest is None:
            texts = [e.text for e in self.screen.elements if e.text]
            seen = max(texts, key=lambda t: fuzz.ratio(normalised(t), normalised(target)), default="")
            near = f"the nearest words are “{screen_diff.short(seen)}”" if seen else "there are no words on the screen"
        else:
            near = f"the nearest thing is {screen_diff.name(nearest.element)} ({nearest.score:.2f})"
        return self._failed(f"“{target}” is not on the screen; {near}")

    def _failed(self, why: str) -> str:
        part = f"instruction {self._number} of {len(self._steps)}" if self._number else "a condition of the task"
        return f"{part}, “{screen_diff.short(self._step.source)}”: {why}"

    # ------------------------------------------------------------------ checking

    def _has_effect(
        self,
        before: PerceivedObservation,
        test: Callable[[], bool] | None = None,
        patience: Sequence[float] = (0.3, 0.7),
    ) -> Check:
        """Whether the screen changed since `before` (or `test` holds), tested again after each wait of `patience`."""
        if not self._performed:
            return True
        self.searching = False
        good = test or (lambda: changed(before, self.observation))
        for i, seconds in enumerate(patience):
            if good():
                return True
            self.searching = i > 0
            yield Wait(seconds=seconds), self._thought("I wait for the screen to show the effect")
        return good()

    def _no_effect(self, what: str) -> None:
        """Handle an action without visible effect: `GiveUp` for the last instruction only."""
        if self._last:
            raise GiveUp(self._failed(what))
