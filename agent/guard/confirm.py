"""Confirmation: a policy that asks a person before an action, and what counts as risky.

`risk` judges by the chord, the words of the thought, the text that is typed, and the program in front.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from actions.action import (
    Answer,
    AnyAction,
    AskUser,
    Finish,
    Key,
    Move,
    Open,
    Scroll,
    TypeText,
    Wait,
    describe,
    one_line,
)
from agent.core.model import Decision
from agent.core.policy import Verdict, VerdictKind
from envs.env import Observation

PersonReply = Literal["yes", "no", "stop"]
Asker = Callable[[str], PersonReply | None]
"""Puts a question to the person; None when nobody is there to answer."""


class Confirm:
    """Asks the person before ``always`` every action or only the ``risky`` ones (see `risk`).

    `explain` gives the line that says what an action would do on the device, the command of an `open` included.

    No leaves the action undone and ends the run as ``blocked``; nobody there ends it as ``needs_human``.
    """

    def __init__(
        self, mode: Literal["always", "risky"], ask: Asker, explain: Callable[[AnyAction], str] = describe
    ) -> None:
        self._mode = mode
        self._ask = ask
        self._explain = explain

    def review(self, decision: Decision, observation: Observation) -> Verdict:
        """Ask where the mode says so."""
        action = decision.action
        if isinstance(action, (Finish, Answer, AskUser, Wait)):
            return Verdict("allow", action)
        reason = risk(decision, observation)
        if self._mode == "risky" and reason is None:
            return Verdict("allow", action)
        parts = [
            self._explain(action),
            f"({one_line(decision.thought)})" if decision.thought else "",
            reason and f"— {reason}",
        ]
        question = " ".join(part for part in parts if part)
        kinds: dict[PersonReply | None, VerdictKind] = {"yes": "allow", "no": "block", "stop": "stop", None: "ask"}
        reply = self._ask(question)
        said = {"yes": "the person agreed", "no": "the person said no", "stop": "the person stopped the run"}
        why = said[reply] if reply else f"{question}: nobody is there to confirm it"
        return Verdict(kinds[reply], action, f"confirm {self._mode}", why)


_RISKY_WORDS = re.compile(
    r"\b(delete|remove|erase|format|discard|overwrite|replace|uninstall|reset|factory|shut ?down|log ?out|sign ?out"
    r"|pay|buy|purchase|order|checkout|transfer|donate|send|submit|publish|post|share|password|sudo|rm|mkfs|dd)\b",
    re.IGNORECASE,
)
_RISKY_CHORDS = {"alt+f4", "ctrl+q", "ctrl+w", "ctrl+shift+w", "delete", "shift+delete", "ctrl+alt+delete"}
_TERMINALS = re.compile(r"term|konsole|shell|console", re.IGNORECASE)


def risk(decision: Decision, observation: Observation) -> str | None:
    """Why the person should see this action first, or None.

    Looks at the chord, the words of the thought, the text typed, and whether Enter goes to a terminal.
    """
    action = decision.action
    if isinstance(action, (Move, Scroll)):
        return None
    if isinstance(action, Key) and (bad := sorted(_RISKY_CHORDS & set(action.chords))):
        return f"{bad[0]} can close or delete something"
    enters = (isinstance(action, Key) and "enter" in action.chords) or (
        isinstance(action, TypeText) and "\n" in action.text
    )
    if enters and observation.app and _TERMINALS.search(observation.app):
        return "this runs a command in a terminal"
    if isinstance(action, Open):
        return "this starts a program"
    said = f"{decision.thought} {action.text if isinstance(action, TypeText) else ''}"
    found = _RISKY_WORDS.search(said)
    return f"it mentions “{found.group(0)}”" if found else None
