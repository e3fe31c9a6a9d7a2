"""`ReplayModel`: a model whose decisions are the recorded actions, each on the screen that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from actions.action import Answer, AnyAction, AskUser, Finish, Open, Scroll, TypeText, Wait, describe, points_of
from actions.frame import Box, Frame, Point
from agent.core.model import Decision, Extraction, Grounding, LookAgain, ModelError
from agent.core.step import Step
from agent.core.targets import in_words
from agent.core.task import Task
from agent.episodes.replay.effects import (
    absent,
    last_screen_unlike,
    new_texts,
    not_ticked,
    not_typed,
    same_app,
    unlike,
)
from agent.episodes.replay.paths import along_track, between, is_swipe, moved_action, on_screen
from agent.episodes.replay.pixel_match import Shift, alike, changes, find, same_at
from agent.episodes.replay.script import RecordedAction, Script
from agent.episodes.replay.text_match import (
    Anchors,
    MatchedTarget,
    Missing,
    PerceivedFrame,
    find_again,
)
from agent.perception.elements import PerceivedScreen
from agent.perception.naming import perceived_targets
from agent.perception.perceive import Perceiver
from envs.capture import Deadline
from envs.env import Image, Observation

_SEEK = 12
"""The most scrolls in search of a target, in each direction."""
_NOTCHES = 4
"""Notches of one such scroll."""
_POLL = 0.02
"""Seconds between looks at the screen while the next action is waited for."""
_REST = 0.4
"""Seconds without a change after which the screen is read, where the recorded pixels are not found."""
_WRITTEN = 0.5
"""The share of the recorded screen's texts that must be there before keys are pressed."""
_NOT_YET = Missing("the screen has not settled")


@dataclass(frozen=True)
class Halt:
    """Where the replay stopped: the recorded step (from 1), why, and both screens.

    `point` is the recorded place (pixels of `expected`), `near` are the closest candidates on `found`.
    """

    step: int
    why: str
    expected: Image
    found: Image
    point: Point | None = None
    near: tuple[Box, ...] = ()


@dataclass(frozen=True)
class _LastAction:
    """The last action: the screen before it, and its place on the recorded screen (`then`) and the new one (`now`)."""

    recorded: RecordedAction
    before: Image
    then: Point | None
    now: Point | None


@dataclass
class _NextDecision:
    """The decision for the screen with the frame id `frame`; `from_record` is whether it is a recorded action."""

    frame: str
    decision: Decision
    now: Point | None = None
    from_record: bool = True


class ReplayModel:
    """An `agent.core.model.Model` that repeats the actions of a script.

    `timeout` is how many seconds the screen of an action is waited for, beyond the recorded wait. `perceivers` read the
    recorded screens and the new ones, and cache what they read.
    """

    name = "replay"
    dialect = None
    prompt_hash = None

    def __init__(
        self, script: Script, platform: str, timeout: float, perceivers: tuple[Perceiver, Perceiver] | None = None
    ) -> None:
        self.halt: Halt | None = None
        self.redone = 0
        self._script, self._platform, self._timeout = script, platform, timeout
        self._then, self._now = perceivers or (Perceiver(), Perceiver())
        self._shift: Shift = (0, 0)
        self._focus: Box | None = None
        self._pointed: tuple[Point, Point] | None = None
        self._done: _LastAction | None = None
        self._ready: _NextDecision | None = None
        self._seen: tuple[Observation, bool] | None = None
        self._last: Observation | None = None
        self._deadline: Deadline | None = None
        self._rest = Deadline(_REST)
        self._told = 0
        self._acted_on: Image | None = None
        self._rested = False
        self._why = "nothing was seen"
        self._near: tuple[Box, ...] = ()
        self._came = False
        self._refused = ""
        self._seeking = 0
        self._sought = 0
        self._before_seek: Image | None = None

    @property
    def patience(self) -> float:
        """The most seconds to wait for the screen of the next action."""
        waited = self._done.recorded.waited if self._done else 0.0
        return self._timeout + waited if not self._seeking else min(1.0, self._timeout)

    @property
    def next_recorded(self) -> RecordedAction | None:
        """The next recorded action; None at the end."""
        return self._script.actions[self.redone] if self.redone < len(self._script.actions) else None

    # -- waiting for the screen of the next action

    def _ready_on(self, seen: Observation, rested: bool) -> bool:
        """Whether the next action can be decided on this screen; one that has `rested` may be read too."""
        if self._seen is not None and _same(self._seen[0], seen) and self._seen[1] >= rested:
            return False
        self._seen, self._rested, self._ready = (seen, rested), rested, None
        self._script.ahead(self.next_recorded)
        if self._refused:
            self._why, self._near = self._refused, ()
            return True
        self._came = self._came or (self._unlike_record(seen) is None)
        if not self._came:
            return False
        self._ready = self._end(seen) if self.next_recorded is None else self._begin(self.next_recorded, seen)
        return self._ready is not None or (rested and self._may_seek(seen))

    def _await(self, seen: Observation) -> None:
        """Return on a screen on which the next action can be done, or at the deadline; else raise `LookAgain`."""
        self._deadline = self._deadline or Deadline(self.patience)
        late, before = self._deadline.passed, self._last
        if before is None or not _resting(before, seen):
            self._rest = Deadline(_REST)
        self._last = seen
        if not self._ready_on(seen, late or self._rest.passed) and not late:
            raise LookAgain(_POLL)
        self._deadline = self._last = None

    def _take_outcomes(self, history: Sequence[Step]) -> None:
        """Advance to the next action where the last one was done; note the reason where the device refused it."""
        told, self._told = self._told, len(history)
        for step in history[told:]:
            ready, self._seen = self._ready, None
            if ready is None or not ready.from_record or step.outcome is None or self._acted_on is None:
                continue
            if isinstance(ready.decision.action, Answer | AskUser) or step.outcome.performed:
                self._advance(self._script.actions[self.redone], self._acted_on, ready.now)
            elif step.error is not None or (step.verdict is not None and step.verdict.kind == "skip"):
                self._ready = None  # a point outside the screen, or skipped by a person: the same action again
            else:
                self._refused = f"the device did not do it: {step.outcome.detail}"

    # -- Model

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The next recorded action, where its target is now; a `Finish` with the reason where it cannot be done."""
        self._take_outcomes(history)
        self._await(observation)
        self._acted_on, ready = observation.image, self._ready
        if ready is None or ready.frame != observation.frame.id:
            return self._seek(observation) if self._may_seek(observation) else self._stop(observation)
        return ready.decision

    def locate(self, observation: Observation, instruction: str) -> Grounding:
        """Raises `ModelError`: a replay only repeats actions."""
        raise ModelError("a replay has no model to ask: name one with --model")

    def extract(self, observation: Observation, schema: dict[str, Any], question: str) -> Extraction:
        """Raises `ModelError`: a replay only repeats actions."""
        raise ModelError("a replay has no model to ask: name one with --model")

    # -- the next action on a screen

    def _begin(self, recorded: RecordedAction, seen: Observation) -> _NextDecision | None:
        """The recorded action on this screen; None, with the reason in `_why`, where it does not fit it."""
        if isinstance(recorded.action, Answer | AskUser | Wait | Open):
            return self._decision(recorded, seen, recorded.action, "as recorded: it needs no place")
        points = points_of(recorded.action)
        if not points:
            return self._begin_without_place(recorded, seen)
        places = self._places(recorded, points, seen)
        if isinstance(places, Missing):
            self._why, self._near = places.why, places.near
            return None
        action, why = moved_action(recorded.action, [p.point for p in places], seen.frame), places[0].why
        return self._decision(recorded, seen, action, f"found {why}", places[0].point)

    def _decision(
        self, recorded: RecordedAction, seen: Observation, action: AnyAction, why: str, now: Point | None = None
    ) -> _NextDecision:
        whole = len(self._script.actions)
        thought = f"recorded step {recorded.number} ({self.redone + 1} of {whole} to repeat): {why}"
        return _NextDecision(seen.frame.id, Decision(action=action, thought=thought), now)

    def _places(
        self, recorded: RecordedAction, points: Sequence[Point], seen: Observation
    ) -> list[MatchedTarget] | Missing:
        """Where the action's points are now; those of a path by its ends."""
        image = self._script.image(recorded.step)
        first = self._place(image, points[0], seen)
        if isinstance(first, Missing) or len(points) == 1:
            return first if isinstance(first, Missing) else [first]
        if self._platform == "mobile" and is_swipe(points, recorded.step.frame):
            return [
                MatchedTarget(on_screen(p, recorded.step.frame, seen.frame), first.box, "a swipe of the screen")
                for p in points
            ]
        a, b = points[0], points[-1]
        ends = along_track(a, b, image, first.point, seen.image)
        if ends is None:
            last = self._place(image, b, seen)
            if isinstance(last, Missing):
                return last
            ends = first.point, last.point
        if not all(map(seen.frame.contains, ends)):
            return Missing("the path would leave the screen")
        return [MatchedTarget(between(p, a, b, *ends), first.box, first.why) for p in points]

    def _place(self, image: Image, point: Point, seen: Observation) -> MatchedTarget | Missing:
        at = Box(point.x, point.y, point.x, point.y)
        shift = find(image, at, seen.image, [self._shift, (0, 0)])
        if shift is not None and seen.frame.contains(moved := Point(point.x + shift[0], point.y + shift[1])):
            self._shift = shift
            return MatchedTarget(moved, Box(*moved, *moved).grown(12), f"by its pixels{_by(shift)}")
        if not self._rested:
            return _NOT_YET
        return find_again(PerceivedFrame(image, self._then.perceive(image)), point, self._look(seen))

    def _begin_without_place(self, recorded: RecordedAction, seen: Observation) -> _NextDecision | None:
        """Keys and text: the focused window must be the recorded one, with the recorded contents."""
        if not any(same_app(app, seen.app) for app in self._apps(recorded)):
            self._why, self._near = f"the window in front is {seen.app!r} and was {recorded.step.app!r}", ()
            return None
        image = self._script.image(recorded.step)
        focus = self._focus_of(recorded, image)
        shift = find(image, focus, seen.image, [self._shift, (0, 0)]) if focus else _unmoved(image, seen.image)
        if shift is not None:
            self._shift = shift
            return self._decision(recorded, seen, recorded.action, f"the screen is as it was{_by(shift)}")
        if not self._rested:
            self._why, self._near = _NOT_YET.why, ()
            return None
        there = self._written(recorded, image, self._look(seen).screen)
        if there < _WRITTEN:
            self._why, self._near = f"only {there:.0%} of what was written on the screen is there", ()
            return None
        return self._decision(recorded, seen, recorded.action, f"the same window, with {there:.0%} of its texts")

    def _apps(self, recorded: RecordedAction) -> list[str | None]:
        """The recorded window; for a text also the next step's, which may have opened during the capture."""
        if isinstance(recorded.action, TypeText) and "\n" not in recorded.action.text and recorded.next is not None:
            return [recorded.step.app, recorded.next.app]
        return [recorded.step.app]

    def _written(self, recorded: RecordedAction, image: Image, now: PerceivedScreen) -> float:
        """The share of the recorded screen's texts that this one has, 0 to 1.

        A screen may have been recorded half drawn; then the next one is compared.
        """
        share = Anchors(self._then.perceive(image), now).written
        if share >= _WRITTEN or recorded.next is None:
            return share
        return Anchors(self._then.perceive(self._script.image(recorded.next)), now).written

    def _focus_of(self, recorded: RecordedAction, image: Image) -> Box | None:
        """Where the keys took effect in the recording, else the place of the last action."""
        return self._effect_box(recorded) or self._focus

    def _effect_box(self, recorded: RecordedAction) -> Box | None:
        boxes = self._script.changes(recorded.step, recorded.next) if recorded.next is not None else []
        return max(boxes, key=lambda box: box.area, default=None)

    # -- the effect of the last action

    def _unlike_record(self, seen: Observation) -> str | None:
        done = self._done
        if done is None or done.recorded.next is None:
            return None
        before, after = self._script.image(done.recorded.step), self._script.image(done.recorded.next)
        boxes = self._script.changes(done.recorded.step, done.recorded.next)
        if not boxes or same_at(after, boxes, seen.image, self._shift):
            return None
        self._near, self._why = (), _NOT_YET.why
        if not self._rested:
            return self._why
        self._why = self._compare(done, before, after, boxes, seen) or ""
        return self._why or None

    def _compare(
        self, done: _LastAction, before: Image, after: Image, boxes: list[Box], seen: Observation
    ) -> str | None:
        now_changed = changes(done.before, seen.image)
        if now_changed and self._typed_elsewhere(done, boxes, now_changed):
            return f"after {describe(done.recorded.action)} it changed elsewhere than where it was clicked"
        then, there, now = self._then.perceive(before), self._then.perceive(after), self._look(seen).screen
        if not now_changed and absent(new_texts(then, there, boxes) or [""], now):
            return f"after {describe(done.recorded.action)} the screen did not change"
        said = unlike(then, there, now, boxes) or not_typed(done.recorded.action, there, now)
        if said is None and done.then is not None and done.now is not None:
            said = not_ticked(done.then, there, done.now, now)
        return said and f"after {describe(done.recorded.action)}: {said}"

    def _typed_elsewhere(self, done: _LastAction, boxes: list[Box], now: list[Box]) -> bool:
        """Whether text that appeared at the last click in the recording now appears elsewhere."""
        if self._pointed is None or done.recorded.action.type != "type":
            return False
        then, there = self._pointed
        small = done.before.shape[0] * done.before.shape[1] / 8
        here = any(box.area < small and box.grown(12).holds(then) for box in boxes)
        return here and not any(box.grown(24).holds(there) for box in now)

    def _end(self, seen: Observation) -> _NextDecision | None:
        """The decision at the end of the recording: its last screen must be there."""
        whole, last = len(self._script.actions), self._script.last
        if last is not None:
            image, boxes = self._script.image(last), self._script.changes(self._script.actions[0].step, last)
            if not same_at(image, boxes, seen.image, self._shift):
                if not self._rested:
                    self._why, self._near = _NOT_YET.why, ()
                    return None
                unlike_last = last_screen_unlike(self._then.perceive(image), self._look(seen).screen)
                if unlike_last is not None:
                    self._why, self._near = unlike_last, ()
                    return None
        if self._script.succeeded:
            told = f"repeated all {whole} recorded actions, and the last screen is as recorded"
            action = Finish(status="success", message=told)
        else:
            ending = self._script.episode.ending or "interrupted"
            action = Finish(
                status="failure", message=f"repeated all {whole} recorded actions; the recorded run ended {ending}"
            )
        return _NextDecision(
            seen.frame.id, Decision(action=action, thought="the end of the recording"), from_record=False
        )

    # -- helpers

    def _look(self, seen: Observation) -> PerceivedFrame:
        return PerceivedFrame(seen.image, self._now.perceive(seen.image))

    def _advance(self, recorded: RecordedAction, before: Image, now: Point | None) -> None:
        points = points_of(recorded.action)
        self._done = _LastAction(recorded, before, points[0] if points else None, now)
        if points and now is not None:
            self._pointed = points[-1], now
            self._focus = Box(*points[-1], *points[-1])
        elif (shows := self._effect_box(recorded)) is not None:
            self._focus = shows
        if recorded.action.type not in ("click", "type"):
            self._pointed = None
        self.redone += 1
        self._came, self._sought, self._seeking, self._before_seek = False, 0, 0, None

    def _stop(self, seen: Observation) -> Decision:
        """A `Finish` with the recorded step at which the replay stops, and why."""
        recorded, done = self.next_recorded, self._done
        if recorded is not None and (self._came or done is None or self._refused):
            step, image, points = recorded.step, self._script.image(recorded.step), points_of(recorded.action)
            told = f"step {recorded.number} ({self._words(recorded, image)}): {self._why}"
        else:
            shown = done.recorded.next if done and done.recorded.next else self._script.last
            step = done.recorded.step if done else self._script.actions[0].step
            image, points = self._script.image(shown or step), ()
            told = f"step {step.index + 1}: {self._why}"
        point = points[0] if points else None
        self.halt = Halt(step.index + 1, self._why, image, seen.image, point, self._near)
        return Decision(action=Finish(status="failure", message=f"stopped at {told}"), thought=f"stopped: {self._why}")

    def _words(self, recorded: RecordedAction, image: Image) -> str:
        points = points_of(recorded.action)
        return in_words(recorded.step, perceived_targets(recorded.action, self._then.perceive(image)) if points else ())

    # -- scrolling for a target

    def _may_seek(self, seen: Observation) -> bool:
        """Whether the target may be scrolled out of view; only a phone of another size is scrolled for it."""
        recorded = self.next_recorded
        if self._platform != "mobile" or recorded is None or not points_of(recorded.action):
            return False
        if not self._came or self._refused:
            return False
        return self._sought < 2 * _SEEK and self._seeking >= 0 and _other_size(recorded.step.frame, seen.frame)

    def _seek(self, seen: Observation) -> Decision:
        """Scroll down, and up once the page has ended."""
        if self._before_seek is not None and alike(self._before_seek, seen.image):
            self._sought = max(_SEEK, self._sought) if self._sought < _SEEK else 2 * _SEEK
            if self._sought == 2 * _SEEK:
                return self._stop(seen)
        self._before_seek, self._seeking = seen.image, 1
        down = self._sought < _SEEK
        self._sought += 1
        middle = Point(seen.frame.width / 2, seen.frame.height * 0.55)
        action = Scroll(point=middle, dy=_NOTCHES if down else -_NOTCHES)
        self._ready = _NextDecision(seen.frame.id, Decision(action=action), from_record=False)
        return Decision(action=action, thought=f"{self._why}: scrolls {'down' if down else 'up'} for it")


def _other_size(then: Frame, now: Frame) -> bool:
    return (then.width, then.height) != (now.width, now.height)


def _resting(a: Observation, b: Observation) -> bool:
    return a.app == b.app and a.image.shape == b.image.shape and alike(a.image, b.image)


def _same(a: Observation, b: Observation) -> bool:
    return a.app == b.app and a.image.shape == b.image.shape and bool(np.array_equal(a.image, b.image))


def _unmoved(then: Image, now: Image) -> Shift | None:
    return (0, 0) if then.shape == now.shape and alike(then, now) else None


def _by(shift: Shift) -> str:
    return "" if shift == (0, 0) else f", moved by ({shift[0]}, {shift[1]})"
