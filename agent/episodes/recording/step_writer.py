"""Putting a demonstration's steps on record, in a thread of their own: reading a screen for secrets takes its time."""

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
from agent.episodes.recording.typed_text import Echo
from envs.input_capture.gestures import Gesture
from envs.input_capture.screen_history import TimedPicture

BY_PERSON = "done by the person"


@dataclass(frozen=True)
class PerformedAction:
    """What was done on the screen `look`: `action` in its pixels.

    `settle` is seconds from the end of the gesture to the last change, `settled` whether the screen then rested. For a
    text, `echo` is what was seen of it and `after` the screen when the next thing was done.
    """

    look: TimedPicture
    action: AnyAction
    gesture: Gesture
    settle: float = 0.0
    settled: bool = True
    echo: Echo = "shown"
    after: TimedPicture | None = None


class StepWriter:
    """Writes to `memory` what `privacy` lets through; `told` sees each step that is written."""

    def __init__(self, memory: Memory, privacy: Privacy, told: Callable[[Step], None] = lambda step: None) -> None:
        self.privacy = privacy
        self.count = 0
        self._memory, self._told = memory, told
        self._queue: queue.SimpleQueue[PerformedAction | None] = queue.SimpleQueue()
        self._error: EpisodeError | None = None
        self._thread = threading.Thread(target=self._work, name="steps", daemon=True)
        self._thread.start()

    def add(self, done: PerformedAction) -> None:
        """Have a step written. Raises `EpisodeError` where one before could not be."""
        if self._error is not None:
            raise self._error
        self._queue.put(done)

    def close(self) -> None:
        """Return when everything is written. Raises `EpisodeError` where it could not be. Safe to call twice."""
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
            stored, remark = self.privacy.storable(action.text, done.echo)
            action = TypeText(text=stored)
        before = done.look.image()
        step = self.privacy.record(self._step(done, action, self._memory.add_frame(self.privacy.hide(before)), remark))
        self._memory.append(step)
        self.count += 1
        self._told(step)
        if isinstance(action, TypeText) and done.after is not None:
            self.privacy.typed(action.text, before, done.after.image())

    def _step(self, done: PerformedAction, action: AnyAction, image: str, remark: str) -> Step:
        gesture = done.gesture
        acted = not isinstance(action, Finish)
        return Step(
            index=self.count,
            time=time.time() - (time.monotonic() - gesture.start),
            frame=done.look.frame,
            image=image,
            action=action,
            notes=(remark,) if remark else (),
            outcome=OutcomeRecord(performed=True, settled=done.settled, detail=BY_PERSON) if acted else None,
            timings={"act": gesture.end - gesture.start, "settle": done.settle} if acted else {},
            app=done.look.app,
        )
