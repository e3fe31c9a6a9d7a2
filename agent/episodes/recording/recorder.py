"""From what a person does to the steps of an episode: each with the screen that was there before it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from actions.action import AnyAction, Click, Finish, Key, LongPress, Move, Open, TypeText, points_of
from actions.frame import Frame, Point
from agent.episodes.recording.privacy import HIDDEN
from agent.episodes.recording.step_writer import PerformedAction, StepWriter
from agent.episodes.recording.typed_text import echo_of
from agent.guard.secrets import placeholder
from envs.input_capture.events import Event, Moved, Up
from envs.input_capture.gestures import TEXT_PAUSE, Gesture, Gestures, move_points
from envs.input_capture.hovering import Place, approached
from envs.input_capture.screen_history import ScreenHistory, TimedPicture

ELSEWHERE = "on a part of the screen that is not recorded"
_QUIET = 0.25
_STILL = 0.1
KEYBOARD_TOP = 0.5
"""Share of the screen's height above which no device's keyboard reaches."""
_KEYS_PAUSE = 1.5
_LONGEST = 3.0
_TRAIL = 400
_UNKNOWN = "abcdefghij" * 20  # letters for taps whose letters nobody knows


@dataclass
class _PendingStep:
    """A gesture that is done, until its step is written; `look` is the screen before it."""

    gesture: Gesture
    look: TimedPicture


@dataclass
class Recorder:
    """Hands steps to `writer`. `left_out` counts what could not be kept.

    `hovers` says that there is a pointer, which is seen to move between presses. `secret` says whether the field that
    has the focus hides its text: taps on a device's keyboard into such a field are one text that nobody may read, and
    their places are not kept. Not for several threads. Times are
    `time.monotonic`. Raises `agent.episodes.EpisodeError` when the disk does not take a step.
    """

    writer: StepWriter
    screens: ScreenHistory
    gestures: Gestures
    hovers: bool = True
    secret: Callable[[], bool] = lambda: False
    left_out: dict[str, int] = field(default_factory=dict)
    _draft: _PendingStep | None = None
    _before: dict[float, TimedPicture] = field(default_factory=dict)
    _trail: list[Place] = field(default_factory=list)
    _acted: float = field(default_factory=time.monotonic)
    _asked: tuple[float, bool] = (0.0, False)
    _taps: list[_PendingStep] = field(default_factory=list)
    _veiled: bool = False

    def feed(self, event: Event) -> None:
        """Take one event; what it completes is written as soon as its effect is known."""
        if isinstance(event, Moved):
            self._trail = [*self._trail[-_TRAIL:], (event.time, event.x, event.y)]
        elif not isinstance(event, Up):
            self._before[event.time] = self.screens.before(event.time)
        for gesture in self.gestures.feed(event):
            self._begin(gesture)
        if not isinstance(event, Moved | Up):
            self._write(event.time)
        self._forget()

    def tick(self, now: float) -> None:
        """Write what is complete by `now`."""
        if self._taps and now - self._taps[-1].gesture.end > _KEYS_PAUSE:
            self._entered(now)
        for gesture in self.gestures.tick(now, keep_text=self._keeps_text(now)):
            self._begin(gesture)
        if self._draft is not None:
            ended = self._draft.gesture.end
            if now - max(ended, self.screens.last_change) >= _QUIET or now - ended >= _LONGEST:
                self._write(now)
        self._forget()

    def opened(self, target: str, look: TimedPicture, started: float) -> None:
        """A program was started at `started`, on the screen `look`; it has shown itself now."""
        now = time.monotonic()
        self._draft = _PendingStep(Gesture(Open(target=target), started, started), look)
        self._write(now)
        self._acted = now

    def finish(self, ending: Finish | None, dropped: frozenset[str] = frozenset()) -> None:
        """Write all that is pending, and `ending` with the last screen.

        A last key action of one of the chords `dropped` was meant for the recorder and is left out.
        """
        for gesture in self.gestures.flush():
            self._begin(gesture)
        last = self._draft.gesture.action if self._draft else None
        if isinstance(last, Key) and set(last.chords) & dropped:
            self._draft = None
        now = time.monotonic()
        self._write(now)
        self._entered(now)
        if ending is not None:
            self.writer.add(PerformedAction(self.screens.before(now), ending, Gesture(ending, now, now)))
        self.writer.close()

    # -- steps

    def _begin(self, gesture: Gesture) -> None:
        """`gesture` is complete; the one before it is written first."""
        self._write(gesture.start)
        look = self._before.get(gesture.start) or self.screens.before(gesture.start)
        if self.hovers and points_of(gesture.action):
            look = self._approached(gesture, look)
        self._acted = gesture.end
        if not self.hovers and _on_keyboard(gesture, look):
            self._veiled = self._veiled or (not self._taps and self.secret())
            self._taps.append(_PendingStep(gesture, look))
            return
        self._entered(gesture.start)
        self._draft = _PendingStep(gesture, look)

    def _entered(self, until: float) -> None:
        """The taps on the device's keyboard so far are what they are, or one text that was hidden."""
        taps, self._taps = self._taps, []
        veiled, self._veiled = self._veiled, False
        if not taps:
            return
        first, last = taps[0], taps[-1]
        pictures = [look.pixels for look in self.screens.between(first.gesture.start, until)]
        dots = echo_of(first.look.pixels, pictures, _UNKNOWN[: len(taps)]) == "hidden"
        if not (veiled or dots or self.secret()):
            for tap in taps:
                self._draft = tap
                self._write(tap.gesture.end if tap is not last else until)
            return
        gesture = Gesture(TypeText(text=placeholder(HIDDEN)), first.gesture.start, last.gesture.end)
        self.writer.add(
            PerformedAction(first.look, gesture.action, gesture, echo="hidden", after=self.screens.before(until))
        )

    def _approached(self, gesture: Gesture, look: TimedPicture) -> TimedPicture:
        """The screen for `gesture`; where the pointer had to open something first, that is written as a move."""
        point = points_of(gesture.action)[0]
        press = gesture.start, point.x, point.y
        way = approached(self.screens.pictures, self._trail, self._acted, press, look)
        if way.hover is not None:
            (when, x, y), before = way.hover
            self._draft = _PendingStep(Gesture(Move(point=Point(x, y)), when, when), before)
            self._write(gesture.start)
        return way.picture

    def _write(self, until: float) -> None:
        """Hand the step that is done to the writer, with what was seen of its effect by `until`."""
        draft, self._draft = self._draft, None
        action = self._placed(draft) if draft else None
        if draft is None or action is None:
            return
        seen = self.screens.between(draft.gesture.start, until)
        done = _effect(draft.gesture, seen, until)
        if isinstance(action, TypeText):
            echo = echo_of(draft.look.pixels, [look.pixels for look in seen], action.text)
            self.writer.add(PerformedAction(draft.look, action, draft.gesture, *done, echo, self.screens.before(until)))
        else:
            self.writer.add(PerformedAction(draft.look, action, draft.gesture, *done))

    def _placed(self, draft: _PendingStep) -> AnyAction | None:
        """The action in pixels of its frame; None, and counted, where it was done elsewhere."""
        frame, action = draft.look.frame, draft.gesture.action
        points = [frame.from_input(*point) for point in points_of(action)]
        if points and not frame.contains(points[0]):
            self.left_out[ELSEWHERE] = self.left_out.get(ELSEWHERE, 0) + 1
            return None
        return move_points(action, [_onto(frame, point) for point in points])

    # -- text

    def _keeps_text(self, now: float) -> bool:
        """Whether the text under way is not to be written yet: the rest of a secret may follow."""
        gesture = self.gestures.text
        if gesture is None or now - gesture.end <= TEXT_PAUSE or not isinstance(gesture.action, TypeText):
            return True
        if self._asked[0] != gesture.end:
            look = self._before.get(gesture.start) or self.screens.before(gesture.start)
            pictures = [one.pixels for one in self.screens.between(gesture.start, now)]
            shown = echo_of(look.pixels, pictures, gesture.action.text) == "shown"
            self._asked = gesture.end, not shown or self.writer.privacy.holds_back(gesture.action.text)
        return self._asked[1]

    def _forget(self) -> None:
        """Let go of pictures that no pending gesture began with."""
        starts = self.gestures.starts
        self._before = {start: look for start, look in self._before.items() if start in starts}


def _effect(gesture: Gesture, seen: Sequence[TimedPicture], until: float) -> tuple[float, bool]:
    """Seconds from the end of `gesture` to the last change seen, and whether the screen rested before `until`."""
    rest = max([gesture.end, *(look.seen for look in seen)])
    return rest - gesture.end, until - rest >= _STILL


def _on_keyboard(gesture: Gesture, look: TimedPicture) -> bool:
    """Whether a tap is on the device's own keyboard."""
    if not look.keyboard or not isinstance(gesture.action, Click | LongPress):
        return False
    return look.frame.from_input(*gesture.action.point).y >= KEYBOARD_TOP * look.frame.height


def _onto(frame: Frame, point: Point) -> Point:
    """A way that leaves the monitor stays at its edge."""
    return point if frame.contains(point) else frame.clamp(point)
