"""Waiting until a phone's screen rests: few pictures, the last of which is the next observation.

A picture of a phone takes 50 to 2,000 ms, so that they are taken when they can end the wait, and not in between.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from envs.android.capture import Pixels
from envs.android.state import DeviceState
from envs.differences import equal
from envs.settle import Ambient, Rules, Settled, Settler

RULES = Rules(reaction=0.15, quiet=0.2, least=0.2, timeout=6.0, interval=0.03)
"""Android's ``input`` returns when the app has handled the event (``INJECT_INPUT_EVENT_MODE_WAIT_FOR_FINISH``); what it
changes is drawn in the next frames, 8 to 17 ms each. A touched view is drawn pressed for 64 ms
(``PRESSED_STATE_DURATION``) or with a ripple of 225 ms, a window opens or closes in 200 to 450 ms, and all of them move
in every frame, so that no rest of 200 ms is a part of them. An app that draws later is waited for: `FRONT`."""
OPENING = Rules(reaction=3.0, quiet=0.4, least=0.4, timeout=12.0, interval=0.03)
FRONT = 1.0
"""Seconds that an app which has come to the front is given to draw its window."""


@dataclass(frozen=True)
class Rest:
    """How a wait ended, the last picture, when it had come (``time.perf_counter``), and the state taken with it."""

    settled: Settled
    pixels: Pixels
    time: float
    state: DeviceState


def wait_until_rest(
    grab: Callable[[], Pixels],
    ask_state: Callable[[], Future[DeviceState]],
    before: Pixels,
    front: str | None,
    rules: Rules,
    ambient: Ambient,
    scale: float,
) -> Rest:
    """Take pictures by `grab` until the screen rests or the deadline has passed.

    `before` is the picture before the action, `front` the app that was in front. The state is asked for together with a
    picture that can be the last. Where another app has come to the front and nothing was drawn yet, its window is
    waited for.
    """
    start = time.perf_counter()
    settler = Settler(before, start, rules, ambient, scale)
    while True:
        seen = time.perf_counter()
        state = ask_state() if seen >= _due(settler, start) else None
        picture = grab()
        settler.feed(seen, picture)
        now = time.perf_counter()
        if settler.done() or settler.expired(now):
            found, result = (state or ask_state()).result(), settler.result(now)
            if result.last_change is None and found.app != front and settler.rules.reaction < FRONT:
                settler.rules = replace(rules, reaction=FRONT)
                continue
            changed = result.last_change is not None and not equal(before, picture)
            return Rest(replace(result, changed=changed), picture, now, found)
        due, cost = _due(settler, start), now - seen
        time.sleep(max(0.0, due - now if due - now < cost + rules.interval else rules.interval - cost))


def _due(settler: Settler, start: float) -> float:
    """From when on a picture without a change ends the wait."""
    last, rules = settler.result(start).last_change, settler.rules
    return start + (rules.reaction if last is None else max(last + rules.quiet, rules.least))
