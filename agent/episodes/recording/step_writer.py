"""`StepWriter`: writes recorded steps in a thread of its own, since reading a screen for secrets is slow."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from actions.action import AnyAction, Finish, TypeText
from agent.core.loop import Memory
from agent.core.step import OutcomeRecord, Step
from agent.episodes import EpisodeError
from agent.episodes.recording.privacy import Privacy
from agent.episodes.recording.typed_text import TextVisibility
from envs.input_capture.gestures import Gesture
from envs.input_capture.screen_history import TimedPicture
from envs.record_clock import RECORD_CLOCK

BY_PERSON = "done by the person"


@dataclass(frozen=True)
class PerformedAction:
    """`action`, in frame pixels of the screen `look`.

    `settle` is seconds from the end of the gesture to the last change, `settled` whether the screen then rested. For
    typed text, `visibility` is how it appeared and `after` the screen before the next action.
    """

    look: TimedPicture
    action: AnyAction
    gesture: Gesture
    settle: float = 0.0
    settled: bool = True
    visibility: TextVisibility = "shown"
    after: TimedPicture | None = None


class StepWriter:
    """Writes to `memory` what `privacy` allows; `on_step` is called with each step that was written."""

    def __init__(self, memory: Memory, privacy: Privacy, on_step: Callable[[Step], None] = lambda step: None) -> None:
        self.privacy = privacy
        self.count = 0
        self._memory, self._on_step = memory, on_step
        self._queue: queue.SimpleQueue[PerformedAction | None] = queue.SimpleQueue()
        self._error: EpisodeError | None = None
        self._thread = threading.Thread(target=self._work, name="steps", daemon=True)
        self._thread.start()

    def add(self, done: PerformedAction) -> None:
        """Queue a step. Raises `EpisodeError` where an earlier one could not be written."""
        if self._error is not None:
            raise self._error
        self._queue.put(done)

    def close(self) -> None:
        """Wait until every step is written. Raises `EpisodeError` where one could not be. Safe to call twice."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (done := self._queue.get()) is not None:
            if self._error is None:
                try:
                    self._write(done)
                except EpisodeError as error:
                    self._error = error

    def _write(self, done: PerformedAction) -> None:
        action, remark = done.action, ""
        if isinstance(action, TypeText):
            stored, remark = self.privacy.storable(action.text, done.visibility)
            action = TypeText(text=stored)
        before = done.look.image()
        step = self.privacy.record(self._step(done, action, self._memory.add_frame(self.privacy.hide(before)), remark))
        self._memory.append(step)
        self.count += 1
        self._on_step(step)
        if isinstance(action, TypeText) and done.after is not None:
            self.privacy.typed(action.text, before, done.after.image())

    def _step(self, done: PerformedAction, action: AnyAction, image: str, remark: str) -> Step:
        gesture = done.gesture
        acted = not isinstance(action, Finish)
        return Step(
            index=self.count,
            time=RECORD_CLOCK.now() - (time.monotonic() - gesture.start),
            frame=done.look.frame,
            image=image,
            action=action,
            notes=(remark,) if remark else (),
            outcome=OutcomeRecord(performed=True, settled=done.settled, detail=BY_PERSON) if acted else None,
            timings={"act": gesture.end - gesture.start, "settle": done.settle} if acted else {},
            app=done.look.app,
        )
