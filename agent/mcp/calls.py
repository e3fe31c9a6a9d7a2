"""One call of a tool, between the thread of the protocol and that of the screen."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from pydantic import JsonValue

from envs.capture import Deadline

PATIENCE = 300.0
"""Seconds that a question waits for the person; then it counts as unanswered."""
_TICK = 0.1
"""Seconds after which it is seen that the question was given up."""


@dataclass(frozen=True)
class McpClient:
    """Who calls: `name` as the client says it, and whether it can ask its user (elicitation)."""

    name: str
    can_ask: bool


@dataclass(frozen=True)
class CallProgress:
    """How far a call is: `done` of `total` steps (None: not known), and the last one in words."""

    done: int
    total: int | None
    words: str


@dataclass(frozen=True)
class PersonQuestion:
    """A question to the client's user; without `choices` the answer is any text."""

    text: str
    choices: Sequence[str] = ()


@dataclass(frozen=True)
class ToolReply:
    """What a call comes to: an object, then further text and PNG pictures. With `error`, one line, it has failed."""

    data: Mapping[str, JsonValue] = field(default_factory=dict)
    text: str = ""
    pictures: Sequence[bytes] = ()
    error: str = ""


CallEvent = CallProgress | PersonQuestion | ToolReply


class ClientCall:
    """A call of `client`. The screen's thread reports and asks; the protocol's answers, and may cancel.

    `send` takes each event to the protocol's thread and never waits.
    """

    def __init__(self, client: McpClient, send: Callable[[CallEvent], None]) -> None:
        self.client, self._send = client, send
        self.cancelled = False
        self._answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._on_cancel: Callable[[], None] = lambda: None

    def progress(self, done: int, total: int | None, words: str) -> None:
        """Report a step."""
        self._send(CallProgress(done, total, words))

    def finish(self, reply: ToolReply) -> None:
        """End the call."""
        self._send(reply)

    def fail(self, why: str) -> None:
        """End the call with an error of one line."""
        self._send(ToolReply(error=why))

    def ask(self, question: PersonQuestion, given_up: Callable[[], bool], patience: float = PATIENCE) -> str | None:
        """The person's answer, "" where they declined; None where the client cannot ask, the call is cancelled, nobody
        answers within `patience` seconds, or `given_up` says so.
        """
        if not self.client.can_ask or self.cancelled:
            return None
        self._send(question)
        deadline = Deadline(patience)
        while not deadline.passed and not given_up():
            with suppress(queue.Empty):
                return self._answers.get(timeout=max(0.0, min(_TICK, deadline.left)))
        return None

    def answer(self, text: str | None) -> None:
        """Answer the question that was asked; None: the person did not."""
        self._answers.put(text)

    def cancel(self) -> None:
        """The client wants no result any more."""
        if not self.cancelled:
            self.cancelled = True
            self._answers.put(None)
            self._on_cancel()

    def on_cancel(self, do: Callable[[], None]) -> None:
        """Call `do`, from the protocol's thread, when the call is cancelled; at once where it is."""
        self._on_cancel = do
        if self.cancelled:
            do()
