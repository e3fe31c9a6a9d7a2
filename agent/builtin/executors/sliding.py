"""Executors that move sliders."""

from __future__ import annotations

from collections.abc import Generator

from actions.action import (
    Drag,
    Key,
)
from actions.errors import plural
from actions.frame import Box, Point
from agent.builtin import instructions as s
from agent.builtin import screen_diff
from agent.builtin.executors.context import Check, GiveUp, Script, Turn
from agent.builtin.executors.dialogs import DialogExecutor
from agent.builtin.executors.predicates import found_by, path
from agent.builtin.screen_diff import PerceivedObservation
from agent.builtin.sliders import numbers_near, slider_range, thumb_x, track_box
from agent.perception.elements import Candidate


def _thumb_point(box: Box, part: float, width: int) -> Point:
    """The point of the thumb at this part of the track (0 to 1); beyond the track for its ends."""
    margin = min(box.height / 2, box.width / 10)
    if part in (0.0, 1.0):
        return Point(max(0.0, box.x1 - 8) if part == 0 else min(width - 1.0, box.x2 + 8), box.center.y)
    return Point(box.x1 + margin + part * (box.width - 2 * margin), box.center.y)


class SliderExecutor(DialogExecutor):
    """Moves a slider to a position or number."""

    def _slide(self, step: s.Slide) -> Script:
        candidate = (yield from self.find(step.target, ("slider",)))[0]
        box = track_box(self.observation.image, candidate.element.box)
        if box.width < 3 * box.height:
            raise GiveUp(self._failed(f"{screen_diff.name(candidate.element)} is not shaped like a slider"))
        low, high = (0.0, 100.0) if step.percent else slider_range(self.screen, box)
        for attempt in range(4):
            part = min(max((step.value - low) / (high - low), 0.0), 1.0)
            thumb = thumb_x(self.observation.image, box)
            start = Point(thumb if thumb is not None else box.center.x, box.center.y)
            goal, before = _thumb_point(box, part, self.screen.width), self.observation
            how = "I drag its thumb" if attempt == 0 else "it is not there yet, so I drag again"
            yield Drag(path=path(start, goal)), self._thought(found_by(how + " on", candidate))
            if not (yield from self._has_effect(before)) and thumb is not None and abs(thumb - goal.x) < 3:
                return
            if (yield from self._adjust_with_keys(step, before, box, low, high, part)):
                return
            if attempt == 0 and not step.percent:
                high = (yield from self._highest_value(before, box, goal, candidate)) or high
        raise GiveUp(self._failed(f"the slider did not go to {step.value:g}"))

    def _highest_value(
        self, before: PerceivedObservation, box: Box, grip: Point, candidate: Candidate
    ) -> Generator[Turn, None, float | None]:
        """The number that the slider shows at its right end, after a drag there; None where it shows none."""
        if self._slider_value(before, box) is None:
            return None
        grip = Point(thumb_x(self.observation.image, box) or grip.x, grip.y)
        yield (
            Drag(path=path(grip, _thumb_point(box, 1.0, self.screen.width))),
            self._thought(found_by("to read its highest value, I drag to the end of", candidate)),
        )
        top = self._slider_value(before, box)
        return top if top is not None and top > 0 else None

    def _adjust_with_keys(
        self, step: s.Slide, before: PerceivedObservation, box: Box, low: float, high: float, part: float
    ) -> Check:
        """Whether the slider shows the value, after arrow keys for the remaining distance where a number shows it."""
        wanted = low + part * (high - low)
        for _ in range(3):
            value = self._slider_value(before, box)
            if value is None:
                thumb = thumb_x(self.observation.image, box)
                return thumb is not None and abs((thumb - box.x1) / box.width - part) < 0.06
            missing = wanted - value
            if abs(missing) < 0.5:
                return True
            if abs(missing) > min(60.0, (high - low) * 0.4):
                return False
            key = "right" if missing > 0 else "left"
            count = max(1, round(abs(missing)))
            yield (
                Key(chords=(key,) * min(count, 60)),
                self._thought(f"it reads {value:g}, so I press {key} {plural(count, 'time')}"),
            )
            if self._slider_value(before, box) == value:
                return abs(missing) <= 0.02 * (high - low)
        return False

    def _slider_value(self, before: PerceivedObservation, box: Box) -> float | None:
        """The number beside the slider that is not its range: one that changed since `before`, or the only one."""
        numbers = numbers_near(self.screen, box)
        moved = [v for v, e in numbers if not screen_diff.known(e, before.screen)]
        return moved[0] if moved else (numbers[0][0] if len(numbers) == 1 else None)
