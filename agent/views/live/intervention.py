"""The person's hand on the run: a policy that waits for them, an env that waits for them, and a watcher that tells.

All three work on the run's own thread; the page only ever changes the board. While the run waits it looks at the
screen again from time to time, so that the person sees it as it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from actions.action import describe, one_line
from actions.backend import BackendError
from actions.frame import Frame, GeometryError
from agent.core.loop import Result, Watcher
from agent.core.model import Decision
from agent.core.policy import Policy, Verdict
from agent.core.step import Step
from agent.guard.confirm import risk
from agent.views.live.commands import Approve, ReplyCommand, Resume, SkipCommand, StopCommand, TakeOver
from agent.views.live.state import Answer, Board, Card
from agent.views.report import PageData
from agent.views.terminal import TerminalView
from envs.env import Env, EnvError, Image, Observation, WrappedEnv

NAME = "live view"
"""How verdicts of the page are signed in the record."""
TOOK_OVER = "a person took over the screen and handed it back"
_Found = Answer | Resume | StopCommand
_TICK = 0.1  # seconds between looks at the terminal and the clock while waiting
FAREWELL = 3.0
"""Seconds that the end of a run waits for open pages to hear of it."""
_GLANCE = 0.5  # seconds between looks at the screen while waiting


class LiveEnv(WrappedEnv):
    """An `envs.env.Env` that shows on the board what it sees and looks no further while the person holds the run.

    What the person does on the page while they have taken over is done by `env`.
    """

    def __init__(self, env: Env, board: Board) -> None:
        super().__init__(env)
        self._board = board
        self._frame: Frame | None = None
        self._glanced = 0.0

    def observe(self) -> Observation:
        """The screen, as soon as the person does not hold the run."""
        self.gate()
        self._board.look()
        seen = self._env.observe()
        self._frame = seen.frame
        self._board.show(seen.image, seen.frame)
        return seen

    def gate(self) -> None:
        """Return when the run is neither paused nor taken over; do what the person does meanwhile."""
        board, told = self._board, ""
        while board.paused or board.taken_over:
            now = "taken_over" if board.taken_over else "paused"
            if now != told:
                board.say("taken_over" if board.taken_over else "paused")
                told = now
            if board.stop:
                return
            if not self._act():
                with board.changed:
                    board.changed.wait(_TICK)
                self.glance()

    def glance(self, soon: bool = False) -> None:
        """Show the screen as it is now if a page is open and the last look is a while ago; `soon`: in any case."""
        now = time.monotonic()
        if not soon and (now - self._glanced < _GLANCE or not self._board.watched()):
            return
        self._glanced = now
        shot = self._board.shot
        try:
            image = self._env.peek()
            if self._frame is None or image.shape[:2] != (self._frame.height, self._frame.width):
                seen = self._env.observe()
                self._frame, image = seen.frame, seen.image
        except EnvError as error:
            self._board.say(self._board.phase, str(error))
            return
        if shot is None or not np.array_equal(image, shot.image):
            self._board.show(image, self._frame)

    def _act(self) -> bool:
        """Do one thing that the person asked for on the page; whether there was any."""
        board = self._board
        with board.changed:
            command = board.acts.popleft() if board.acts and board.taken_over else None
        if command is None or self._frame is None:
            return False
        try:
            outcome = self._env.perform(command.action, self._frame)
            board.say("taken_over", "" if outcome.performed else f"not done: {outcome.detail}")
        except (EnvError, BackendError, GeometryError) as error:
            board.say("taken_over", str(error))
        self.glance(soon=True)
        return True


class LivePolicy:
    """Shows every action on the board before it is done; waits where `inner` asks for a person or the run is paused.

    Where nobody is there to ask (no page open for `patience` seconds, and no terminal) the verdict is `inner`'s own
    ``ask``. A pause has no deadline.
    """

    def __init__(self, inner: Policy, board: Board, env: LiveEnv, terminal: TerminalView, patience: float) -> None:
        self._inner, self._board, self._env = inner, board, env
        self._terminal, self._patience = terminal, patience

    def review(self, decision: Decision, observation: Observation) -> Verdict:
        """The person's verdict where they are asked or hold the run, else `inner`'s."""
        said = self._inner.review(decision, observation)
        if said.kind in ("skip", "block", "stop"):
            return said
        board = self._board
        with board.changed:
            asks = said.kind == "ask"
            waits = asks or board.paused or board.stale
            why = risk(decision, observation) or "" if asks else ""
            shown = {"action": said.action, "thought": decision.thought, "why": why, "waits": waits}
            board.put("action", observation.frame, **shown)
        return self._wait(said, decision, why) if waits else said

    def ask(self, question: str) -> str | None:
        """Put the agent's own question to the person; None when nobody is there."""
        board = self._board
        shot = board.shot
        assert shot is not None, "a question follows a look at the screen"
        board.put("question", shot.frame, question=question, waits=True)
        board.say("asking")
        match self._answer(f"The agent asks: {question}\nYour answer: ", lambda: False, nobody=True):
            case ReplyCommand(text=text):
                reply: str | None = text
            case str() as text:
                reply = board.secrets.redact(text)
            case TakeOver():
                self._env.gate()
                reply = TOOK_OVER + _told(board.note)
            case _:
                reply = None
        board.proceed()
        return reply

    def _wait(self, said: Verdict, decision: Decision, why: str) -> Verdict:
        board, asks = self._board, said.kind == "ask"
        board.say("approval" if asks else "paused")
        words = " — ".join(filter(None, (describe(said.action), one_line(decision.thought), why)))
        prompt = f"{words}\nDo it? [y]es, [n]o, [q]uit: " if asks else ""
        answer = self._answer(prompt, lambda: not asks and not board.paused, nobody=asks)
        card = board.card
        assert card is not None
        match answer:
            case Approve() | Resume():
                board.proceed()
                return _let(card, decision, "agreed" if isinstance(answer, Approve) else "resumed the run")
            case SkipCommand(note=note):
                return Verdict("skip", said.action, NAME, "a person skipped it" + _told(board.secrets.redact(note)))
            case TakeOver():
                self._env.gate()
                return Verdict("skip", said.action, NAME, TOOK_OVER + _told(board.note))
            case str():
                return self._typed(answer, card, decision)
            case StopCommand():
                return Verdict("stop", said.action, NAME, board.stop.reason)
        return said

    def _typed(self, line: str, card: Card, decision: Decision) -> Verdict:
        """What was typed on the terminal: yes, no or quit."""
        assert card.action is not None
        key = line.strip().lower()[:1]
        if key == "y":
            self._board.proceed()
            return _let(card, decision, "agreed on the terminal")
        if key == "q":
            return Verdict("stop", card.action, "confirm", "the person stopped the run")
        return Verdict("block", card.action, "confirm", "the person said no")

    def _answer(self, prompt: str, resumed: Callable[[], bool], nobody: bool) -> _Found | str | None:
        """What becomes of the card on the board. A line typed on the terminal counts for the card it was shown for.

        None when nobody is there: with `nobody`, no terminal, and no page open for `patience` seconds.
        """
        board, since = self._board, time.monotonic()
        while True:
            shown = board.card
            with self._terminal.asking(prompt if shown and shown.original is None else "") as typed:
                while board.card is shown:
                    with board.changed:
                        if (found := self._found(resumed)) is not None:
                            return found
                        board.changed.wait(_TICK)
                    self._env.glance()
                    since = time.monotonic() if board.watched() else since
                    if (line := typed()) is not None and shown is not None and board.claim(shown):
                        return line
                    if nobody and not typed.there and time.monotonic() - since > self._patience:
                        return None

    def _found(self, resumed: Callable[[], bool]) -> _Found | None:
        board = self._board
        if board.stop:
            return StopCommand(do="stop")
        return board.answer or (Resume(do="resume") if resumed() else None)


class LiveWatcher(Watcher):
    """Tells the board what `view` is told. `data` makes the JSON of a finished step, `header` that of an ended run."""

    def __init__(
        self, board: Board, view: Watcher, data: Callable[[Step], PageData], header: Callable[[Result], PageData]
    ) -> None:
        self._board, self._view, self._data, self._header = board, view, data, header
        self._seen: Image | None = None

    def looked(self, index: int, observation: Observation) -> None:
        """The model thinks."""
        self._seen = observation.image
        self._board.begin(index)
        self._view.looked(index, observation)

    def decided(self, index: int, decision: Decision, verdict: Verdict) -> None:
        """The action is let through, or not."""
        self._board.proceed()
        self._view.decided(index, decision, verdict)

    def stepped(self, step: Step) -> None:
        """A step is finished."""
        self._board.drop()
        self._board.add_step(self._data(self._board.secrets.record(step)), self._seen)
        self._view.stepped(step)

    def ended(self, result: Result) -> None:
        """The run is over: tell the page how, and wait until open pages have heard it, `FAREWELL` seconds at most."""
        self._board.refuse()
        self._view.ended(result)
        self._board.end(self._header(result))
        self._board.farewell(FAREWELL)


def _let(card: Card, decision: Decision, how: str) -> Verdict:
    assert card.action is not None
    if card.original is not None:
        return Verdict("modify", card.action, NAME, f"a person changed it and {how}")
    same = card.action == decision.action
    return Verdict("allow" if same else "modify", card.action, NAME, f"a person {how}")


def _told(note: str) -> str:
    return f": {one_line(note, 2000)}" if note else ""
