"""Waiting until a screen rests that tells when it changes: pictures of what was drawn, and of the whole at the end.

How long it must rest depends on the program that was acted on. One that has answered a ping after the last change has
nothing left to read, and `Rules.calm` is enough, longer where the answer took long, as it does on a busy machine. One
that still reads is waited for. The rest is `Rules.quiet` where an answer proves nothing:

* the window has never answered, or there is none;
* a window came or went: the window manager and perhaps another program have their part in it;
* the program has child processes, as browsers and terminals do, which draw in its window;
* it, or the window manager, uses the processor or waits for it.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from actions.frame import Box
from actions.process_activity import computing, has_children
from envs.differences import equal
from envs.env import EnvError
from envs.monitor import Monitor
from envs.settle import Pixels, Settled, Settler, changed_regions

if TYPE_CHECKING:
    from envs.screen_events import ScreenEvents

SLOWER = 4.0
"""A program that took so long to answer gets so many times as long to draw."""
MOST = 0.25
"""The longest rest that a slow answer can ask for, seconds."""
HANGS = 1.5
"""Seconds after which a program that used to answer, and does not, is no longer waited for."""
AGAIN = 0.03
"""Seconds between two pictures of what moves on: when it was drawn is known without them."""
_SHARE = 4.0
"""How many times as long as a picture took no other one is taken."""


class PingedProgram:
    """The program of a window that says that it answers pings."""

    def __init__(self, events: ScreenEvents, window: int) -> None:
        self._events, self._window, self._windows, self._alone = events, window, events.windows, False
        self._pid, self._manager = events.pid(window), events.manager()
        self._stamp: int | None = None
        self._sent = self._answered = 0.0
        self._answers = False

    def begin(self, now: float) -> None:
        """An action was done: ask whether it was read. A program that ended may have left its window to another."""
        if (pid := self._events.pid(self._window)) != self._pid:
            self._pid, self._stamp, self._answers = pid, None, False
        self._hear()
        self._windows = self._events.windows
        self._ask(now)
        self._alone = pid is not None and not has_children(pid)

    @property
    def stamp(self) -> int | None:
        """The number of the ping that is not answered yet."""
        return self._stamp

    def reading(self, now: float) -> bool:
        """Whether it is known to answer, and has not."""
        self._hear()
        if self._stamp is not None and now - self._sent > HANGS:
            self._answers = False
        return self._answers and self._stamp is not None

    def ask_after(self, since: float, now: float) -> None:
        """Ask again, where the last ping was sent before `since` and that time has come."""
        if self._stamp is None and self._sent < since <= now:
            self._ask(now)

    def drawn_by(self) -> float:
        """When it has had time to draw what it had read at its last answer."""
        return self._answered + min(SLOWER * (self._answered - self._sent), MOST)

    def rest(self, calm: float, quiet: float, since: float) -> float:
        """How long the picture must rest, where a ping sent after `since` shows that all was read."""
        if not (self._answers and self._alone) or self._windows != self._events.windows or self._sent < since:
            return quiet
        return max(min(calm, quiet), min(SLOWER * (self._answered - self._sent), MOST))

    def computes(self) -> bool:
        """Whether it or the window manager uses the processor."""
        return any(pid is not None and computing(pid) for pid in (self._pid, self._manager))

    def _ask(self, now: float) -> None:
        if self._stamp is None:
            self._stamp, self._sent = self._events.ping(self._window), now

    def _hear(self) -> None:
        answered = None if self._stamp is None else self._events.answered(self._stamp)
        if answered is not None:
            self._stamp, self._answered, self._answers = None, answered, True


class EventWait:
    """One wait for the part of the screen that is `monitor`.

    `grab` takes a picture of a part of it, or of all. `before` is the picture before the action, and everything that
    was drawn since is pending in `events`. `program` is who was acted on, if that is known. `missed` is how many
    changes the server did not tell of.
    """

    def __init__(
        self,
        events: ScreenEvents,
        monitor: Monitor,
        grab: Callable[[Box | None], Pixels],
        settler: Settler,
        before: Pixels,
        program: PingedProgram | None,
    ) -> None:
        self._events, self._monitor, self._grab, self._program = events, monitor, grab, program
        self._settler, self._rules = settler, settler.rules
        self._before = self._live = before
        self._start = settler.since
        self._next = 0.0
        self._busy: float | None = None
        self.missed = 0

    def run(self) -> tuple[Settled, Pixels] | None:
        """How it ended, and the last picture; None where the server tells no more."""
        with self._events.watching():
            while self._events.alive:
                now, pending = time.perf_counter(), self._events.pending
                due, over = self._due(now), self._settler.expired(now)
                if over or now >= due:
                    if ended := self._end(over):
                        return ended
                elif pending and now >= self._next:
                    self._look()
                elif pending:
                    time.sleep(min(self._next, due) - now)
                else:
                    self._events.wait(min(due, self._settler.deadline) - now, self._asked())
        return None

    def _asked(self) -> int | None:
        return self._program.stamp if self._program else None

    def _due(self, now: float) -> float:
        """When the wait ends if nothing is drawn and answered any more."""
        program, settler, rules = self._program, self._settler, self._rules
        if program is None:
            return settler.due
        half = settler.since + min(rules.calm, rules.quiet) / 2 if settler.moved else settler.since
        if program.reading(now):
            return settler.deadline
        if now < half:
            return half
        program.ask_after(half, now)
        if program.reading(now):
            return settler.deadline
        settler.rest = program.rest(rules.calm, rules.quiet, half)
        if self._busy == settler.since:
            settler.rest = max(settler.rest, rules.quiet)
        return max(settler.due, program.drawn_by())

    def _look(self) -> None:
        """Take a picture of what was drawn."""
        began, drawn = time.perf_counter(), self._events.take()
        area = functools.reduce(Box.union, (box for _, box in drawn)) if drawn else None
        part = None if area is None else self._inside(area)
        if part is None:
            return
        when = max(drawn[-1][0], self._start)
        x1, y1, x2, y2 = (int(side) for side in part)
        if self._live is self._before:
            self._live = self._before.copy()
        shown = self._live[y1:y2, x1:x2]
        try:
            pixels = self._grab(part)
        except EnvError:  # the monitor became smaller
            pixels = None
        if pixels is None or pixels.shape != shown.shape:
            self._look_at_all()
            return
        changed = [Box(box.x1 + x1, box.y1 + y1, box.x2 + x1, box.y2 + y1) for box in changed_regions(shown, pixels)]
        shown[:] = pixels
        before = self._settler.since
        self._settler.feed_changes(when, self._live, changed)
        fading = changed and self._settler.since == before
        interval = 2 * AGAIN if fading else AGAIN if self._settler.moved else self._rules.interval
        self._next = began + max(interval, _SHARE * (time.perf_counter() - began))

    def _look_at_all(self) -> tuple[Pixels, bool]:
        """A picture of the whole monitor, and whether anything was missed until now."""
        began, picture = time.perf_counter(), self._grab(None)
        changed = changed_regions(self._live, picture)
        if changed:
            self._live = picture.copy()
        self._settler.feed_changes(began, picture, changed)
        return picture, bool(changed)

    def _end(self, over: bool) -> tuple[Settled, Pixels] | None:
        """The end, unless something has changed that was not heard of yet."""
        self._events.sync()
        self._look()
        now = time.perf_counter()
        if not over and (self._due(now) > now or self._is_busy()):
            return None
        picture, changed = self._look_at_all()
        if changed:
            self._events.sync()
            self.missed += not self._events.pending
        if not over and self._due(now) > now:
            return None
        result = self._settler.result(time.perf_counter())
        return replace(result, changed=result.last_change is not None and not equal(self._before, picture)), picture

    def _is_busy(self) -> bool:
        """Whether a rest that was cut short must be whole, since somebody still computes."""
        if self._program is None or self._settler.rest >= self._rules.quiet or not self._program.computes():
            return False
        self._busy = self._settler.since
        return True

    def _inside(self, box: Box) -> Box | None:
        """The part of a box of the screen that is on the monitor, in its pixels."""
        height, width = self._live.shape[:2]
        left, top = self._monitor.left, self._monitor.top
        x1, y1 = max(0.0, box.x1 - left), max(0.0, box.y1 - top)
        x2, y2 = min(float(width), box.x2 - left), min(float(height), box.y2 - top)
        return Box(x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None
