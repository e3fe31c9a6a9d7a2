"""Confirmation: a policy that asks a person before an action, and the answers that a person has."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from actions.action import Answer, AnyAction, AskUser, Finish, Wait, describe, parse_action
from agent.core.model import Decision
from agent.core.policy import Verdict, VerdictKind
from agent.core.targets import action_place, action_words, ends_of, known_targets
from agent.guard.risk import SMALLEST, Perceive, risk
from agent.perception.naming import perceived_targets, text_targets
from agent.perception.perceive import lazy_perceive
from envs.env import Observation

PROMPT = "Do it? [y]es, [n]o and go on, [s]top, [e]dit (e NEW VALUE): "


@dataclass(frozen=True)
class EditedAnswer:
    """The person wants another action of this kind: `value` is as in `edited`."""

    value: str


@dataclass(frozen=True)
class Unasked:
    """Nobody can be asked, and the run goes on without the action: `reason` says why and what to do."""

    reason: str


PersonReply = Literal["yes", "no", "stop"] | EditedAnswer
Asker = Callable[[str], PersonReply | Unasked | None]
"""Puts a question to the person; None when nobody is there to answer, which ends the run."""


def read_reply(line: str) -> PersonReply | None:
    """The answer that a typed line is; None for anything else, which is to be asked again."""
    word, _, value = line.strip().partition(" ")
    match word.casefold():
        case "y" | "yes" if not value:
            return "yes"
        case "n" | "no" if not value:
            return "no"
        case "s" | "stop" | "q" | "quit" if not value:
            return "stop"
        case "e" | "edit" if value.strip():
            return EditedAnswer(value.strip())
    return None


_MAIN = {"type": "text", "open": "target", "button": "name"}


def edited(action: AnyAction, value: str) -> AnyAction:
    """`action` with its main value replaced: text, chords (with spaces), target, ``X Y``; or fields as JSON.

    Raises ValueError, in one line, for a value that does not fit.
    """
    try:
        fields = json.loads(value) if value.startswith("{") else _main_field(action, value)
        return parse_action(action.model_dump() | fields | {"type": action.type})
    except ValueError as error:
        hint = 'a text, chords, "X Y", or fields as JSON, e.g. {"text": "hello"}'
        raise ValueError(f"{action.type} cannot become {value[:60]!r}: give {hint}") from error


def _main_field(action: AnyAction, value: str) -> dict[str, object]:
    if action.type in _MAIN:
        return {_MAIN[action.type]: value}
    if action.type == "key":
        return {"chords": value.split()}
    if action.type not in ("click", "long_press", "move", "scroll"):
        raise ValueError(action.type)
    x, y = (float(part) for part in value.replace(",", " ").split())
    return {"point": (x, y)}


class Confirm:
    """Asks the person before ``always`` every action or only the ``risky`` ones (see `agent.guard.risk`).

    `explain` gives the line that says what an action would do on the device, the command of an `open` included, and
    `perceive` reads pictures.

    No leaves the action undone, and the model is told and goes on (`no`: or the run ends as ``blocked``); stop ends the
    run, and nobody there ends it as ``needs_human``.
    """

    def __init__(
        self,
        mode: Literal["always", "risky"],
        ask: Asker,
        explain: Callable[[AnyAction], str] = describe,
        no: Literal["skip", "block"] = "skip",
        perceive: Perceive | None = None,
    ) -> None:
        self._mode = mode
        self._no = no
        self._ask = ask
        self._explain = explain
        self._perceive = perceive or lazy_perceive()

    def review(self, decision: Decision, observation: Observation) -> Verdict:
        """Ask where the mode says so."""
        action = decision.action
        if isinstance(action, (Finish, Answer, AskUser, Wait)):
            return Verdict("allow", action)
        why = risk(decision, observation, self._perceive)
        if self._mode == "risky" and why is None:
            return Verdict("allow", action)
        question = self._words(decision, observation) + (f" — {why}" if why else "")
        return self._asked(question, action, why or "")

    def _words(self, decision: Decision, observation: Observation) -> str:
        """What the action would do, by what it points at; else as the env explains it."""
        action, targets = decision.action, known_targets(decision)
        if not ends_of(action):
            return self._explain(action)
        if not targets and min(observation.image.shape[:2]) >= SMALLEST:
            screen = self._perceive(observation.image)
            targets = perceived_targets(action, screen) or text_targets(action, screen.elements)
        return " ".join(filter(None, (action_words(action, targets), action_place(action, targets))))

    def _asked(self, question: str, action: AnyAction, why: str) -> Verdict:
        said = {"yes": "the person agreed", "no": "the person said no", "stop": "the person stopped the run"}
        kinds: dict[str, VerdictKind] = {"yes": "allow", "no": self._no, "stop": "stop"}
        policy, problem = f"confirm {self._mode}", ""
        while True:
            match self._ask(problem + question):
                case None:
                    return Verdict("ask", action, policy, f"{question}: nobody is there to confirm it", why)
                case Unasked(reason=reason):
                    return Verdict(self._no, action, policy, f"{question}: {reason}", why)
                case EditedAnswer(value=value):
                    try:
                        return Verdict("modify", edited(action, value), policy, "the person changed it", why)
                    except ValueError as error:
                        problem = f"{error}. "
                case str() as reply:
                    return Verdict(kinds[reply], action, policy, said[reply], why)
