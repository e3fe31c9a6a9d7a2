"""Waiting until the picture has stopped changing, instead of for a fixed time.

The rules, and what they ignore:

* Until `Rules.reaction` has passed without a change, the screen is not yet known
  to be unchanged; a change that was taken back, as a button's that is drawn pressed, is none.
* After a change, a window of `Rules.quiet` without another one means settled; of `Rules.calm` where the program is
  known to have done all that it was asked (`envs.event_settling`).
* The end of a fade, which differs by `FAINT` levels at most from what the place showed before, is no further change.
* What changes by itself is no change: small places that changed twice without an action (`Ambient`: a clock), a
  lone caret-shaped change, and one small change far from everything the action changed. What moves faster than a
  caret blinks or a clock ticks is always a change.
* A picture that never rests ends at the deadline, and is reported as not settled.

`Settler` is pure: it is fed with times and pictures. `wait_until_settled` feeds it from a screen, `envs.event_settling`
from a screen that tells when and where it changes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from actions.frame import Box
from envs.differences import equal

Pixels = npt.NDArray[np.uint8]
"""Any picture of 4 bytes a pixel, height x width x 4."""

BLOCK = 8
"""Changed pixels are grouped by blocks of this many pixels: what is nearer than that is one region."""
FAINT = 8
"""Levels of 255 that a colour may still have to go: GTK 3 fades a button in 200 ms, and has these to go after 60."""


@dataclass(frozen=True)
class Rules:
    """Seconds, and pixels at scale 1."""

    reaction: float = 0.4
    """How long a program may take to begin to redraw. Measured on GTK 3, Tk and Chromium under Xvfb, on two busy
    cores: the first change comes 2 to 70 ms after a click or key, and the longest gap before the next one (a menu that
    closes, then the dialog it opens) is 60 ms. A program that first asks another one or the network is later."""
    quiet: float = 0.1
    """How long the picture must rest: six frames at 60 Hz, three at 30 Hz."""
    calm: float = 0.07
    """The same where the program is known to have read all that it was sent: more than the gap of 60 ms."""
    least: float = 0.0
    """Never settled sooner than this after the action."""
    timeout: float = 3.0
    """When to give up."""
    interval: float = 0.016
    """Between two captures: one frame at 60 Hz."""
    caret: tuple[int, int] = (4, 64)
    """The largest text caret, width and height."""
    small: tuple[int, int] = (320, 80)
    """The largest thing that may change by itself and be ignored (a clock, a spinner), width and height."""

    def for_typing(self) -> Rules:
        """These rules after text was typed: GTK's file dialog enables its button 150 to 165 ms after a name is typed,
        when the text itself has long been shown, and an Enter before that is lost.
        """
        return replace(self, least=0.17)

    @classmethod
    def for_opening(cls) -> Rules:
        """The rules after a program was started: it has seconds to show its window."""
        return cls(reaction=3.0, quiet=0.15, calm=0.15, timeout=10.0)


@dataclass(frozen=True)
class Settled:
    """How the wait ended. `last_change` is seconds from its start to the last change; None when nothing changed.
    `changed` is whether the screen is another one now: a button that was drawn pressed and is as before has changed
    nothing.
    """

    settled: bool
    seconds: float
    last_change: float | None = None
    changed: bool = False


def changed_regions(before: Pixels, after: Pixels) -> list[Box]:
    """The bounding boxes (pixels) of what differs, one for each connected region. Another size is one whole change."""
    if before is after:
        return []
    if before.shape != after.shape:
        return [Box(0, 0, after.shape[1], after.shape[0])]
    mask = _words(before) != _words(after)
    rows = np.flatnonzero(mask.any(axis=1))
    if not rows.size:
        return []
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    band = mask[top:bottom]
    columns = np.flatnonzero(band.any(axis=0))
    left, right = int(columns[0]), int(columns[-1]) + 1
    return [_moved(box, left, top) for box in _split(band[:, left:right])]


def _words(pixels: Pixels) -> npt.NDArray[np.uint32]:
    return np.ascontiguousarray(pixels).view(np.uint32)[..., 0]


def _split(mask: npt.NDArray[np.bool_]) -> list[Box]:
    """The regions of `mask`: blocks that touch, each with the exact box of its pixels."""
    height, width = mask.shape
    if height <= BLOCK and width <= BLOCK:
        return [Box(0, 0, width, height)]
    size = (-(-width // BLOCK), -(-height // BLOCK))
    padded = np.zeros((size[1] * BLOCK, size[0] * BLOCK), np.uint8)
    padded[:height, :width] = mask
    blocks = padded.reshape(size[1], BLOCK, size[0], BLOCK).max(axis=(1, 3))
    count, _, stats, _ = cv2.connectedComponentsWithStats(blocks, connectivity=8)
    return [_exact(mask, *(int(v) * BLOCK for v in stats[index, :4])) for index in range(1, count)]


def _exact(mask: npt.NDArray[np.bool_], left: int, top: int, width: int, height: int) -> Box:
    part = mask[top : top + height, left : left + width]
    ys, xs = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    return Box(left + int(xs[0]), top + int(ys[0]), left + int(xs[-1]) + 1, top + int(ys[-1]) + 1)


def _part(picture: Pixels, box: Box) -> Pixels:
    x1, y1, x2, y2 = (int(side) for side in box)
    return picture[y1:y2, x1:x2]


def _faint(one: Pixels, other: Pixels, box: Box) -> bool:
    """Whether two pictures differ in `box` by no more than the end of a fade does."""
    return cv2.norm(_part(one, box), _part(other, box), cv2.NORM_INF) <= FAINT


def _moved(box: Box, x: float, y: float) -> Box:
    return Box(box.x1 + x, box.y1 + y, box.x2 + x, box.y2 + y)


def _fits(box: Box, size: tuple[int, int], scale: float) -> bool:
    return box.width <= size[0] * scale and box.height <= size[1] * scale


def _within(box: Box, outer: Box, by: float) -> bool:
    grown = outer.grown(by)
    return grown.x1 <= box.x1 and grown.y1 <= box.y1 and box.x2 <= grown.x2 and box.y2 <= grown.y2


def _near(box: Box, others: list[Box], by: float) -> bool:
    return any(box.grown(by).overlap(other) > 0 for other in others)


@dataclass
class _Place:
    """A place that changed without an action: how often, and how many pictures ago it last did."""

    box: Box
    times: int = 1
    age: int = 0


class Ambient:
    """Where the screen changes by itself: small places that changed twice without an action.

    One change may be a late answer to the action before it. A place that has rested for `keep` pictures is forgotten.
    """

    def __init__(self, rules: Rules | None = None, scale: float = 1.0, keep: int = 16) -> None:
        self._rules = rules or Rules()
        self._scale = scale
        self._keep = keep
        self._places: list[_Place] = []

    def note(self, before: Pixels, after: Pixels, by_itself: Callable[[Box], bool] = lambda _: True) -> None:
        """Learn from two pictures between which nothing was done. Large changes are not kept, nor a fade's end, and of
        the others only what is `by_itself` and no late answer to an action.
        """
        for place in self._places:
            place.age += 1
        for box in changed_regions(before, after) if before.shape == after.shape else []:
            if _faint(before, after, box) or not by_itself(box):
                continue
            known = [place for place in self._places if self._in(box, place)]
            for place in known:
                place.times, place.age = place.times + (place.age > 0), 0
            if not known and _fits(box, self._rules.small, self._scale):
                self._places.append(_Place(box))
        self._places = [place for place in self._places if place.age <= self._keep]

    def covers(self, box: Box) -> bool:
        """Whether `box` lies in a place that changes by itself (to 3 pixels: a clock's digits differ in width)."""
        return any(place.times > 1 and self._in(box, place) for place in self._places)

    def clear(self) -> None:
        """Forget all places."""
        self._places.clear()

    def _in(self, box: Box, place: _Place) -> bool:
        return _within(box, place.box, 3 * self._scale)


class Settler:
    """Says from a series of pictures whether a screen has settled. Times are seconds on any one clock.

    `before` is the picture before the action and `start` the time it was done. `rest` is how long the picture must
    rest after a change, `Rules.quiet` unless it is set.
    """

    def __init__(
        self,
        before: Pixels,
        start: float,
        rules: Rules | None = None,
        ambient: Ambient | None = None,
        scale: float = 1.0,
    ) -> None:
        self.rules = rules or Rules()
        self.rest = self.rules.quiet
        self._ambient = ambient or Ambient(self.rules, scale)
        self._scale = scale
        self._start = self._seen = start
        self._before = self._picture = self._counted = before
        self._last: float | None = None
        self._places: list[Box] = []
        self._back: bool | None = None
        self._doubt: float | None = None
        self._recent: list[tuple[float, Box]] = []

    def feed(self, now: float, picture: Pixels) -> None:
        """What the screen showed at `now`, when the capture began: a slow capture is no time of rest."""
        self.feed_changes(now, picture, changed_regions(self._picture, picture))

    def feed_changes(self, now: float, picture: Pixels, changed: Sequence[Box]) -> None:
        """The same, where it is known which regions `changed` since the last picture."""
        self._seen, self._picture = now, picture
        if changed:
            self._back = None
        boxes = [box for box in changed if not self._by_itself(now, box)]
        self._recent += [(now, box) for box in changed]
        if boxes and self._doubtful(boxes) and not self._streak(now):
            self._doubt = now
            return
        boxes = [box for box in boxes if not self._fading(box)]
        if not boxes:
            return
        self._last = now
        self._places = (self._places + boxes)[-64:]
        self._count(boxes)

    @property
    def moved(self) -> bool:
        """Whether anything changed."""
        return self._last is not None

    @property
    def since(self) -> float:
        """When the last change was, or the action if there was none."""
        return self._start if self._last is None else self._last

    @property
    def deadline(self) -> float:
        """When the wait ends in any case."""
        return self._start + self.rules.timeout

    @property
    def due(self) -> float:
        """When the wait ends if no change comes any more: a place that shows again what it did was drawn pressed."""
        end = self._start + self.rules.reaction
        if self._last is None:
            return end
        rested = max(self._last + self.rest, self._start + self.rules.least)
        return max(rested, end) if rested < end and self._taken_back() else rested

    def done(self) -> bool:
        """Whether the last picture shows that there is nothing more to wait for, deadline apart."""
        return self._seen >= self.due

    def expired(self, now: float) -> bool:
        """Whether the deadline has passed."""
        return now >= self.deadline

    def result(self, now: float) -> Settled:
        """How it ended, if it ends `now`."""
        last = None if self._last is None else self._last - self._start
        return Settled(self.done(), now - self._start, last)

    def pause(self, spent: float, now: float) -> float:
        """Seconds until the next capture, which is useless before the quiet window ends or the next frame is due."""
        end = now if self._last is None else max(self._last + self.rest, self._start + self.rules.least)
        left = end - now if end > now else self.rules.interval
        return max(0.001, min(self.rules.interval - spent, left))

    def _taken_back(self) -> bool:
        """Whether all that changed shows what it did before the action, but for a fade's end."""
        if self._back is None:
            one, other = self._before, self._picture
            self._back = one.shape == other.shape and all(_faint(one, other, box) for box in self._places)
        return self._back

    def _fading(self, box: Box) -> bool:
        """Whether a place that has changed since the action differs by no more than a fade's end does."""
        if self._counted.shape != self._picture.shape or not any(_within(box, place, 3) for place in self._places):
            return False
        return _faint(self._counted, self._picture, box)

    def _count(self, boxes: Sequence[Box]) -> None:
        """Keep what the places show whose changes counted."""
        if self._counted.shape != self._picture.shape:
            self._counted = self._picture.copy()
            return
        if self._counted is self._before:
            self._counted = self._before.copy()
        for box in boxes:
            _part(self._counted, box)[:] = _part(self._picture, box)

    def _doubtful(self, boxes: list[Box]) -> bool:
        """Whether the screen may have changed by itself: one caret, or one small change apart from the action's."""
        if len(boxes) > 1:
            return False
        if _fits(boxes[0], self.rules.caret, self._scale):
            return True
        apart = bool(self._places) and not _near(boxes[0], self._places, 16 * self._scale)
        return apart and _fits(boxes[0], self.rules.small, self._scale)

    def _streak(self, now: float) -> bool:
        """Whether it follows closely on another doubtful change: then it is a movement and no blink."""
        return self._doubt is not None and now - self._doubt < self.rules.quiet

    def _by_itself(self, now: float, box: Box) -> bool:
        """Whether the screen changes here by itself. What moves faster than any caret or clock is never ignored."""
        if not self._ambient.covers(box):
            return False
        self._recent = [(when, place) for when, place in self._recent if now - when < self.rules.quiet]
        return not _near(box, [place for _, place in self._recent], 4 * self._scale)


def wait_until_settled(
    grab: Callable[[], Pixels],
    before: Pixels,
    rules: Rules | None = None,
    ambient: Ambient | None = None,
    scale: float = 1.0,
) -> tuple[Settled, Pixels]:
    """Capture through `grab` until the screen has settled or the deadline has passed; result and last capture."""
    start = time.perf_counter()
    settler = Settler(before, start, rules, ambient, scale)
    while True:
        seen = time.perf_counter()
        picture = grab()
        settler.feed(seen, picture)
        now = time.perf_counter()
        if settler.done() or settler.expired(now):
            result = settler.result(now)
            changed = result.last_change is not None and not equal(before, picture)
            return replace(result, changed=changed), picture
        time.sleep(settler.pause(now - seen, now))
