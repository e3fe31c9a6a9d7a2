"""A task that has been set up: what the agent said, and the score of the state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from actions.action import Answer, AnyAction, Finish
from benchmarks.interactive import Score

_ENDINGS = {"success": "said that it was done", "failure": "gave up, as it should have"}


@dataclass
class AgentStatements:
    """The texts of the agent's `answer` actions, and its `finish`: status (None: not yet) and message."""

    answers: list[str] = field(default_factory=list)
    status: str | None = None
    message: str = ""

    def hear(self, action: AnyAction) -> None:
        """Record an `answer` or `finish`."""
        if isinstance(action, Answer):
            self.answers.append(action.text)
        elif isinstance(action, Finish):
            self.status, self.message = action.status, action.message

    @property
    def last_answer(self) -> str | None:
        """The text of the last `answer`, None where there was none."""
        return self.answers[-1] if self.answers else None

    @property
    def last(self) -> str:
        """The last answer; where there was none, the message of a successful `finish`; "" for neither."""
        return self.last_answer or (self.message if self.status == "success" else "")


class StateWorld(ABC):
    """A `benchmarks.interactive.World` scored by a check of state. `infeasible`: the right ending is to give up."""

    infeasible = False

    def __init__(self) -> None:
        self.statements = AgentStatements()

    def hear(self, action: AnyAction) -> None:
        """Record what the agent says."""
        self.statements.hear(action)

    def over(self) -> bool:
        """Never: the task ends when the agent says so."""
        return False

    @abstractmethod
    def problem(self) -> str:
        """What is wrong with the state, "" for nothing. Raises `EnvError`."""

    def score(self) -> Score:
        """1 when the state is right and the agent ended as it should have (AndroidWorld's rule), else 0.

        `more` says which: ``state`` and ``claimed``. Raises `EnvError`.
        """
        wanted = "failure" if self.infeasible else "success"
        wrong = self.problem()
        more = {"state": not wrong, "claimed": self.statements.status == "success"}
        if wrong:
            return Score(0.0, wrong, more)
        if self.statements.status != wanted:
            return Score(0.0, f"the state is right, but the agent never {_ENDINGS[wanted]}", more)
        return Score(1.0, "", more)
