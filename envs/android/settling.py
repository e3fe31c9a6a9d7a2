"""Waiting until a phone's screen rests: few pictures, the last of which is the next observation.

A picture of a phone takes 50 to 2,000 ms, so that they are taken when they can end the wait, and not in between; where
scrcpy's server tells when the screen changes, one is enough, and none where nothing did.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace

from actions.frame import Box
from envs.android.capture import Pixels
from envs.android.scrcpy import ScreenStream
from envs.android.state import DeviceState
from envs.differences import equal
from envs.settle import Ambient, Rules, Settled, Settler

RULES = Rules(reaction=0.15, quiet=0.2, least=0.2, timeout=6.0, interval=0.03)
"""Android's ``input`` returns when the app has handled the event (``INJECT_INPUT_EVENT_MODE_WAIT_FOR_FINISH``); what it
changes is drawn in the next frames, 8 to 17 ms each. A touched view is drawn pressed for 64 ms
(``PRESSED_STATE_DURATION``) or with a ripple of 225 ms, a window opens or closes in 200 to 450 ms, and all of them move
in every frame, so that no rest of 200 ms is a part of them. An app that draws later is waited for: `FRONT`."""
OPENING = Rules(reaction=3.0, quiet=0.4, least=0.4, timeout=12.0, interval=0.03)
STREAMED = 0.22
"""Seconds for a first change that a stream tells of: 0.15, and 0.07 for encoding and the way (scrcpy's own figure)."""
PAUSE = 0.05
"""Seconds without a frame after which a picture is begun: what moves sends one every 8 to 33 ms."""
AHEAD = 0.04
"""Seconds before the end of a wait without a change at which the state is asked for, which takes 20 to 150 ms."""
FRONT = 1.0
"""Seconds that an app which has come to the front is given to draw its window."""


@dataclass(frozen=True)
class Rest:
    """How a wait ended, the last picture, when it had come (``time.perf_counter``), and the state taken with it.

    `frames` is how many frames of a stream had come before that picture was taken.
    """

    settled: Settled
    pixels: Pixels
    time: float
    state: DeviceState
    frames: int = -1


@dataclass(frozen=True)
class RestWait:
    """A wait until the screen rests or the deadline has passed.

    `grab` takes a picture, `begin` begins one beside it, and `ask_state` asks for the state, at the same time where the
    picture can be the last. `before` is the picture before the action, `front` the app that was in front. Where another
    app has come to the front and nothing was drawn yet, its window is waited for.
    """

    grab: Callable[[], Pixels]
    begin: Callable[[], Future[Pixels]]
    ask_state: Callable[[], Future[DeviceState]]
    before: Pixels
    front: str | None
    rules: Rules
    ambient: Ambient
    scale: float

    def by_pictures(self) -> Rest:
        """Take pictures until two of them show that nothing moves.

        While a slow first one is on its way, the second is begun as soon as it can be the last whatever that one shows.
        """
        rules, start = self.rules, time.perf_counter()
        settler, first = Settler(self.before, start, rules, self.ambient, self.scale), self.begin()
        slow = wait([first], max(rules.reaction, rules.quiet, rules.least)).not_done
        seen = time.perf_counter() if slow else start
        while True:
            asked = self.ask_state() if seen >= _due(settler, start) else None
            picture = first.result() if seen == start else self.grab()
            for early in slow:
                settler.feed(start, early.result())
            slow = set()
            settler.feed(seen, picture)
            now = time.perf_counter()
            if settler.done() or settler.expired(now):
                state, result = (asked or self.ask_state()).result(), settler.result(now)
                if result.last_change is not None or state.app == self.front or settler.rules.reaction >= FRONT:
                    changed = result.last_change is not None and not equal(self.before, picture)
                    return Rest(replace(result, changed=changed), picture, now, state)
                settler.rules = replace(rules, reaction=FRONT)
            due, cost = _due(settler, start), now - seen
            time.sleep(max(0.0, due - now if due - now < cost + rules.interval else rules.interval - cost))
            seen = time.perf_counter()

    def by_stream(self, stream: ScreenStream, seen: int, acted: float) -> Rest | None:
        """Wait for the frames that come after `acted`, when the action began, to cease.

        A picture is begun as soon as they pause, and is the last one if none comes until the screen rests. `seen` is
        how many had come when `before` was taken: while no more come, the screen is as in `before`. None where the
        stream has ended.
        """
        start, reaction, rules = time.perf_counter(), max(self.rules.reaction, STREAMED), self.rules
        taken = asked = None
        while stream.alive:
            now, frames, last = time.perf_counter(), stream.frames, stream.changed_since(acted, self._ignored)
            due = start + reaction if last is None else max(last + rules.quiet, start + rules.least)
            end = start + rules.timeout
            if taken and last and taken.time < min(last, end):
                taken = None
            ended = now >= min(due, end)
            if taken is None and last is not None and (ended or now >= last + PAUSE):
                taken = self._picture(frames)
            elif asked is None and last is None and now >= due - AHEAD:
                asked = self.ask_state()
            elif not ended:
                until = due if taken else min(due, last + PAUSE) if last else due if asked else due - AHEAD
                stream.wait(frames, min(until, end) - now)
            else:
                taken = taken or self._picture(frames, self.before if frames == seen else None, asked)
                if last is None and stream.changed_since(acted, self._ignored):
                    continue  # it came while the state was asked for
                if last is None and taken.state.app != self.front and reaction < FRONT:
                    reaction, taken, asked = FRONT, None, None
                    continue
                settled = self._judged(taken.pixels, start, last, now >= due)
                return replace(taken, settled=settled, time=time.perf_counter())
        return None

    def _picture(self, frames: int, known: Pixels | None = None, asked: Future[DeviceState] | None = None) -> Rest:
        """A picture, or the one that is known, and a state, if it was not asked for before; begun at its `time`."""
        begun, asked = time.perf_counter(), asked or self.ask_state()
        pixels = self.grab() if known is None else known
        return Rest(Settled(False, 0.0), pixels, begun, asked.result(), frames)

    def _judged(self, picture: Pixels, start: float, last: float | None, settled: bool) -> Settled:
        """How the wait ended, by the picture: a stream's frames are small and lossy."""
        now = time.perf_counter()
        settler = Settler(self.before, start, self.rules, self.ambient, self.scale)
        settler.feed(now, picture)
        changed = settler.result(now).last_change is not None
        when = now - start if last is None else max(0.0, last - start)
        return Settled(settled, now - start, when if changed or last else None, changed)

    def _ignored(self, part: Box) -> bool:
        """Whether a change in a part of the screen (0 to 1) is a caret's or of what changes by itself."""
        height, width = self.before.shape[:2]
        box = Box(part.x1 * width, part.y1 * height, part.x2 * width, part.y2 * height)
        wide, high = (side * self.scale for side in self.rules.caret)
        return (box.width <= wide and box.height <= high) or self.ambient.covers(box)


def _due(settler: Settler, start: float) -> float:
    """From when on a picture without a change ends the wait."""
    last, rules = settler.result(start).last_change, settler.rules
    return start + (rules.reaction if last is None else max(last + rules.quiet, rules.least))
