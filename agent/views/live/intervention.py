"""The parts of a run through which a person intervenes: an env, a policy and a watcher over the live page's state.

All three work in the run's thread. While the run waits, the picture on the page is refreshed from time to time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from actions.action import AnyAction
from actions.backend import BackendError
from actions.errors import one_line
from actions.frame import Frame, GeometryError
from agent.core.loop import Result, Watcher
from agent.core.model import Decision
from agent.core.policy import Policy, Verdict
from agent.core.step import Step, Target
from agent.core.targets import action_words, known_targets
from agent.guard.confirm import PROMPT, EditedAnswer, edited, read_reply
from agent.perception.naming import read_targets
from agent.views.live.commands import Approve, ReplyCommand, Resume, SkipCommand, StopCommand, TakeOver
from agent.views.live.state import Answer, Card, LiveState
from agent.views.loopback import Refused
from agent.views.report import PageData
from agent.views.terminal import TerminalView
from envs.env import Env, EnvError, Image, Observation, WrappedEnv

NAME = "live view"
"""The policy name in verdicts of the page."""
TOOK_OVER = "a person took over the screen and handed it back"
_Found = Answer | Resume | StopCommand


@dataclass(frozen=True)
class _Typed:
    """The action that a person typed on the terminal in place of the one shown."""

    action: AnyAction


_TICK = 0.1  # seconds between checks of the terminal and the time while waiting
SEEN_TIMEOUT = 3.0
"""Seconds that the end of a run waits for open pages to show it."""
_REFRESH = 0.5  # seconds between captures of the screen while waiting


class LiveEnv(WrappedEnv):
    """An `envs.env.Env` that shows its screen on the page and does not observe while the run is paused or taken over.

    The person's own actions are performed by `env`.
    """

    def __init__(self, env: Env, state: LiveState) -> None:
        super().__init__(env)
        self._state = state
        self._frame: Frame | None = None
        self._refreshed = 0.0

    def observe(self) -> Observation:
        """The screen, once the run is neither paused nor taken over."""
        self.wait_while_held()
        self._state.look()
        seen = self._env.observe()
        self._frame = seen.frame
        self._state.show(seen.image, seen.frame)
        return seen

    def wait_while_held(self) -> None:
        """Wait while the run is paused or taken over; perform the person's actions meanwhile."""
        state, told = self._state, ""
        while state.paused or state.taken_over:
            now = "taken_over" if state.taken_over else "paused"
            if now != told:
                self.release()
                state.say("taken_over" if state.taken_over else "paused")
                told = now
            if state.stop:
                return
            if not self._act():
                with state.changed:
                    state.changed.wait(_TICK)
                self.refresh()

    def release(self) -> None:
        """Let go of what is pressed; a failure is shown on the page."""
        try:
            self._env.release()
        except EnvError as error:
            self._state.say(self._state.phase, str(error))

    def refresh(self, soon: bool = False) -> None:
        """Show the current screen if a page is open and the last capture is old enough; `soon`: in any case."""
        now = time.monotonic()
        if not soon and (now - self._refreshed < _REFRESH or not self._state.watched()):
            return
        self._refreshed = now
        shot = self._state.shot
        try:
            image = self._env.peek()
            if self._frame is None or image.shape[:2] != (self._frame.height, self._frame.width):
                seen = self._env.observe()
                self._frame, image = seen.frame, seen.image
        except EnvError as error:
            self._state.say(self._state.phase, str(error))
            return
        if shot is None or not np.array_equal(image, shot.image):
            self._state.show(image, self._frame)

    def _act(self) -> bool:
        """Perform one action of the person; whether there was one."""
        state = self._state
        with state.changed:
            command = state.acts.popleft() if state.acts and state.taken_over else None
        if command is None or self._frame is None:
            return False
        try:
            outcome = self._env.perform(command.action, self._frame)
            state.say("taken_over", "" if outcome.performed else f"not done: {outcome.detail}")
        except (EnvError, BackendError, GeometryError) as error:
            state.say("taken_over", str(error))
        self.refresh(soon=True)
        return True


class LivePolicy:
    """Shows every action before it is performed; waits where `inner` asks for a person or the run is paused.

    Where nobody can be asked (no page open for `patience` seconds, and no terminal) the verdict is `inner`'s own
    ``ask``. A pause has no deadline.
    """

    def __init__(self, inner: Policy, state: LiveState, env: LiveEnv, terminal: TerminalView, patience: float) -> None:
        self._inner, self._state, self._env = inner, state, env
        self._terminal, self._patience = terminal, patience

    def review(self, decision: Decision, observation: Observation) -> Verdict:
        """The person's verdict where they are asked or the run is paused, else `inner`'s."""
        said = self._inner.review(decision, observation)
        if said.kind in ("skip", "block", "stop"):
            return said
        state = self._state
        with state.changed:
            asks = said.kind == "ask"
            waits = asks or state.paused or state.stale
            shown = {"action": said.action, "thought": decision.thought, "why": said.risk, "waits": waits}
            targets = known_targets(decision)
            state.put("action", observation.frame, targets=targets, **shown)
        return self._wait(said, decision, targets, observation.image) if waits else said

    def ask(self, question: str) -> str | None:
        """Ask the person the agent's question; None when nobody answers."""
        state = self._state
        shot = state.shot
        assert shot is not None, "a question follows a look at the screen"
        state.put("question", shot.frame, question=question, waits=True)
        state.say("asking")
        match self._answer(f"The agent asks: {question}\nYour answer: ", lambda: False, nobody=True):
            case ReplyCommand(text=text):
                reply: str | None = text
            case str() as text:
                reply = state.secrets.redact(text)
            case TakeOver():
                self._env.wait_while_held()
                reply = TOOK_OVER + _told(state.note)
            case _:
                reply = None
        state.proceed()
        return reply

    def _wait(self, said: Verdict, decision: Decision, targets: tuple[Target, ...], seen: Image) -> Verdict:
        state, asks = self._state, said.kind == "ask"
        self._env.release()
        state.say("approval" if asks else "paused")
        if not targets and (targets := read_targets(said.action, seen)):
            state.name(targets)
        words = " — ".join(filter(None, (action_words(said.action, targets), one_line(decision.thought), said.risk)))
        prompt = f"{words}\n{PROMPT}" if asks else ""
        answer = self._answer(prompt, lambda: not asks and not state.paused, nobody=asks)
        card = state.card
        assert card is not None
        match answer:
            case Approve() | Resume():
                state.proceed()
                return _let(card, decision, "agreed" if isinstance(answer, Approve) else "resumed the run")
            case SkipCommand(note=note):
                return Verdict("skip", said.action, NAME, "a person skipped it" + _told(state.secrets.redact(note)))
            case TakeOver():
                self._env.wait_while_held()
                return Verdict("skip", said.action, NAME, TOOK_OVER + _told(state.note))
            case "yes":
                state.proceed()
                return _let(card, decision, "agreed on the terminal")
            case "no":
                return Verdict("skip", said.action, NAME, "the person said no")
            case "stop":
                return Verdict("stop", said.action, NAME, "the person stopped the run")
            case _Typed(action=action):
                state.proceed()
                return Verdict("modify", action, NAME, "a person changed it on the terminal")
            case StopCommand():
                return Verdict("stop", said.action, NAME, state.stop.reason)
        return said

    def _typed(self, line: str, card: Card) -> str | _Typed | None:
        """What a line typed on the terminal says; None for what is no answer to an action."""
        if card.action is None:
            return line
        match read_reply(line):
            case EditedAnswer(value=value):
                try:
                    return _Typed(self._state.fit(edited(card.action, value), card.frame))
                except (ValueError, Refused):
                    return None
            case reply:
                return reply

    def _answer(self, prompt: str, resumed: Callable[[], bool], nobody: bool) -> _Found | _Typed | str | None:
        """The answer to the card shown. A line typed on the terminal counts for the card it was shown for.

        None where nobody answers: with `nobody`, no terminal, and no page open for `patience` seconds.
        """
        state, since = self._state, time.monotonic()
        while True:
            shown = state.card
            with self._terminal.asking(prompt if shown and shown.original is None else "") as typed:
                while state.card is shown:
                    with state.changed:
                        if (found := self._found(resumed)) is not None:
                            return found
                        state.changed.wait(_TICK)
                    self._env.refresh()
                    since = time.monotonic() if state.watched() else since
                    if (line := typed()) is not None and shown is not None:
                        if (reply := self._typed(line, shown)) is None:
                            break
                        if state.claim(shown):
                            return reply
                    if nobody and not typed.there and time.monotonic() - since > self._patience:
                        return None

    def _found(self, resumed: Callable[[], bool]) -> _Found | None:
        state = self._state
        if state.stop:
            return StopCommand(do="stop")
        return state.answer or (Resume(do="resume") if resumed() else None)


class LiveWatcher(Watcher):
    """Shows the run's progress on the page, and passes it to `view`.

    `data` makes the JSON of a finished step, `header` that of an ended run.
    """

    def __init__(
        self, state: LiveState, view: Watcher, data: Callable[[Step], PageData], header: Callable[[Result], PageData]
    ) -> None:
        self._state, self._view, self._data, self._header = state, view, data, header
        self._seen: Image | None = None

    def looked(self, index: int, observation: Observation) -> None:
        """Show the step's screen: the model is asked."""
        self._seen = observation.image
        self._state.begin(index)
        self._view.looked(index, observation)

    def decided(self, index: int, decision: Decision, verdict: Verdict) -> None:
        """The verdict is known: nothing waits."""
        self._state.proceed()
        self._view.decided(index, decision, verdict)

    def stepped(self, step: Step) -> None:
        """Show the finished step."""
        self._state.drop()
        self._state.add_step(self._data(self._state.secrets.record(step)), self._seen)
        self._view.stepped(step)

    def ended(self, result: Result) -> None:
        """Show how the run ended, and wait until open pages have it, `SEEN_TIMEOUT` seconds at most."""
        self._state.refuse()
        self._view.ended(result)
        self._state.end(self._header(result))
        self._state.wait_until_seen(SEEN_TIMEOUT)


def _let(card: Card, decision: Decision, how: str) -> Verdict:
    assert card.action is not None
    if card.original is not None:
        return Verdict("modify", card.action, NAME, f"a person changed it and {how}")
    same = card.action == decision.action
    return Verdict("allow" if same else "modify", card.action, NAME, f"a person {how}")


def _told(note: str) -> str:
    return f": {one_line(note, 2000)}" if note else ""
