"""`Recorder`: input events to steps, each with the screen as it was before the action."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from actions.action import AnyAction, Click, Finish, Key, LongPress, Move, Open, TypeText, move_points, points_of
from actions.frame import Frame, Point
from agent.episodes.recording.privacy import HIDDEN
from agent.episodes.recording.step_writer import PerformedAction, StepWriter
from agent.episodes.recording.typed_text import text_visibility
from agent.guard.secrets import placeholder
from envs.input_capture.events import Down, Event, Moved, Unknown, Up
from envs.input_capture.gestures import TEXT_PAUSE, Gesture, Gestures
from envs.input_capture.hovering import Place, approached
from envs.input_capture.screen_history import ScreenHistory, TimedPicture

ELSEWHERE = "on a part of the screen that is not recorded"
"""The key in `Recorder.left_out` of actions outside the recorded frame."""
TURNED = "a touch on a display that had turned and gave no picture"
"""The key in `Gestures.unknown` of touches whose screen is not known."""
KEYBOARD_TOP = 0.5
"""Taps above this share of the screen's height are not on an on-screen keyboard."""
_QUIET = 0.25  # seconds without a change after which an action's effect is complete
_STILL = 0.1  # seconds without a change after which the screen counts as settled
_KEYS_PAUSE = 1.5  # seconds without a tap after which text on an on-screen keyboard is complete
_LONGEST = 3.0  # seconds after an action at which its step is written in any case
_TRAIL = 400  # pointer positions kept
_UNKNOWN = "abcdefghij" * 20  # stands for the unknown letters of taps on an on-screen keyboard


@dataclass
class _PendingStep:
    """A complete gesture whose step is not written yet; `look` is the screen before it."""

    gesture: Gesture
    look: TimedPicture


@dataclass
class Recorder:
    """Passes steps to `writer`. `left_out` counts, by reason, the actions that no step could hold.

    `has_pointer` says whether a pointer moves between presses. `hides_text` says whether the focused field hides its
    text: taps on an on-screen keyboard into such a field become one placeholder text, and their points are not stored.
    Times are `time.monotonic`. Not thread-safe. Raises `agent.episodes.EpisodeError` when a step cannot be written.
    """

    writer: StepWriter
    screens: ScreenHistory
    gestures: Gestures
    has_pointer: bool = True
    hides_text: Callable[[], bool] = lambda: False
    left_out: dict[str, int] = field(default_factory=dict)
    _pending: _PendingStep | None = None
    _before: dict[float, TimedPicture] = field(default_factory=dict)
    _trail: list[Place] = field(default_factory=list)
    _acted: float = field(default_factory=time.monotonic)
    _text_kept: tuple[float, bool] = (0.0, False)
    _taps: list[_PendingStep] = field(default_factory=list)
    _taps_hidden: bool = False

    def feed(self, event: Event) -> None:
        """Take one event. The gestures that it completes are written once their effect is known."""
        if isinstance(event, Moved):
            self._trail = [*self._trail[-_TRAIL:], (event.time, event.x, event.y)]
        elif isinstance(event, Down) and event.rotation is not None:
            look = self.screens.turned(event.rotation, event.time)
            if look is None:
                event = Unknown(event.time, TURNED)
            else:
                self._before[event.time] = look
        elif not isinstance(event, Up):
            self._before[event.time] = self.screens.before(event.time)
        for gesture in self.gestures.feed(event):
            self._begin(gesture)
        if not isinstance(event, Moved | Up):
            self._write(event.time)
        self._forget()

    def tick(self, now: float) -> None:
        """Write the steps that are complete at `now`."""
        if self._taps and now - self._taps[-1].gesture.end > _KEYS_PAUSE:
            self._write_taps(now)
        for gesture in self.gestures.tick(now, keep_text=self._keeps_text(now)):
            self._begin(gesture)
        if self._pending is not None:
            ended = self._pending.gesture.end
            if now - max(ended, self.screens.last_change) >= _QUIET or now - ended >= _LONGEST:
                self._write(now)
        self._forget()

    def opened(self, target: str, look: TimedPicture, started: float) -> None:
        """Write the step of a program that was started at `started` on the screen `look` and is drawn by now."""
        for gesture in self.gestures.flush():
            self._begin(gesture)
        now = time.monotonic()
        self._write(started)
        self._write_taps(started)
        self._pending = _PendingStep(Gesture(Open(target=target), started, started), look)
        self._write(now)
        self._acted = now

    def finish(self, ending: Finish | None, dropped: frozenset[str] = frozenset()) -> None:
        """Write the pending steps, and `ending` with the last screen.

        A last key action with one of the chords `dropped` was meant for the recorder and is not written.
        """
        for gesture in self.gestures.flush():
            self._begin(gesture)
        last = self._pending.gesture.action if self._pending else None
        if isinstance(last, Key) and set(last.chords) & dropped:
            self._pending = None
        now = time.monotonic()
        self._write(now)
        self._write_taps(now)
        if ending is not None:
            self.writer.add(PerformedAction(self.screens.before(now), ending, Gesture(ending, now, now)))
        self.writer.close()

    # -- steps

    def _begin(self, gesture: Gesture) -> None:
        """Write the pending step and make `gesture` the pending one."""
        self._write(gesture.start)
        look = self._before.get(gesture.start) or self.screens.before(gesture.start)
        if self.has_pointer and points_of(gesture.action):
            look = self._screen_before(gesture, look)
        self._acted = gesture.end
        if not self.has_pointer and _on_keyboard(gesture, look):
            self._taps_hidden = self._taps_hidden or (not self._taps and self.hides_text())
            self._taps.append(_PendingStep(gesture, look))
            return
        self._write_taps(gesture.start)
        self._pending = _PendingStep(gesture, look)

    def _write_taps(self, until: float) -> None:
        """Write the taps on the on-screen keyboard: as taps, or as one placeholder text where the text was hidden."""
        taps, self._taps = self._taps, []
        hidden, self._taps_hidden = self._taps_hidden, False
        if not taps:
            return
        first, last = taps[0], taps[-1]
        pictures = [look.pixels for look in self.screens.between(first.gesture.start, until)]
        dots = text_visibility(first.look.pixels, pictures, _UNKNOWN[: len(taps)]) == "hidden"
        if not (hidden or dots or self.hides_text()):
            for tap in taps:
                self._pending = tap
                self._write(tap.gesture.end if tap is not last else until)
            return
        gesture = Gesture(TypeText(text=placeholder(HIDDEN)), first.gesture.start, last.gesture.end)
        self.writer.add(
            PerformedAction(first.look, gesture.action, gesture, visibility="hidden", after=self.screens.before(until))
        )

    def _screen_before(self, gesture: Gesture, look: TimedPicture) -> TimedPicture:
        """The screen before `gesture`. A pointer move that opened something on the way is written as its own step."""
        point = points_of(gesture.action)[0]
        press = gesture.start, point.x, point.y
        way = approached(self.screens.pictures, self._trail, self._acted, press, look)
        if way.hover is not None:
            (when, x, y), before = way.hover
            self._pending = _PendingStep(Gesture(Move(point=Point(x, y)), when, when), before)
            self._write(gesture.start)
        return way.picture

    def _write(self, until: float) -> None:
        """Pass the pending step to the writer, with its effect as seen by `until`."""
        pending, self._pending = self._pending, None
        action = self._in_frame(pending) if pending else None
        if pending is None or action is None:
            return
        seen = self.screens.between(pending.gesture.start, until)
        effect = _effect(pending.gesture, seen, until)
        if isinstance(action, TypeText):
            visible = text_visibility(pending.look.pixels, [look.pixels for look in seen], action.text)
            after = self.screens.before(until)
            self.writer.add(PerformedAction(pending.look, action, pending.gesture, *effect, visible, after))
        else:
            self.writer.add(PerformedAction(pending.look, action, pending.gesture, *effect))

    def _in_frame(self, pending: _PendingStep) -> AnyAction | None:
        """The action in frame pixels; None, and counted in `left_out`, where it was outside the frame."""
        frame, action = pending.look.frame, pending.gesture.action
        points = [frame.from_input(*point) for point in points_of(action)]
        if points and not frame.contains(points[0]):
            self.left_out[ELSEWHERE] = self.left_out.get(ELSEWHERE, 0) + 1
            return None
        return move_points(action, [_onto(frame, point) for point in points])

    # -- text

    def _keeps_text(self, now: float) -> bool:
        """Whether the text being typed is not to be written yet, because the rest of a secret may follow."""
        gesture = self.gestures.text
        if gesture is None or now - gesture.end <= TEXT_PAUSE or not isinstance(gesture.action, TypeText):
            return True
        if self._text_kept[0] != gesture.end:
            look = self._before.get(gesture.start) or self.screens.before(gesture.start)
            pictures = [one.pixels for one in self.screens.between(gesture.start, now)]
            shown = text_visibility(look.pixels, pictures, gesture.action.text) == "shown"
            self._text_kept = gesture.end, not shown or self.writer.privacy.holds_back(gesture.action.text)
        return self._text_kept[1]

    def _forget(self) -> None:
        """Drop the pictures that no pending gesture began with."""
        starts = self.gestures.starts
        self._before = {start: look for start, look in self._before.items() if start in starts}


def _effect(gesture: Gesture, seen: Sequence[TimedPicture], until: float) -> tuple[float, bool]:
    """Seconds from the end of `gesture` to the last change, and whether the screen had settled by `until`."""
    rest = max([gesture.end, *(look.seen for look in seen)])
    return rest - gesture.end, until - rest >= _STILL


def _on_keyboard(gesture: Gesture, look: TimedPicture) -> bool:
    """Whether a tap is on the device's on-screen keyboard."""
    if not look.keyboard or not isinstance(gesture.action, Click | LongPress):
        return False
    return look.frame.from_input(*gesture.action.point).y >= KEYBOARD_TOP * look.frame.height


def _onto(frame: Frame, point: Point) -> Point:
    """`point` moved to the edge of the frame where it is outside."""
    return point if frame.contains(point) else frame.clamp(point)
