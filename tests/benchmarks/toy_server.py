"""A model server for the toy suite: right, wrong, refusing or rambling, by the sample alone; and failing at times."""

from __future__ import annotations

import itertools
import re
import threading

from tests.agent.scripted_server import Fault, ScriptedServer, Seen, computer
from tests.benchmarks.toy_suite import place


def say(seen: Seen) -> str:
    """The answer to ``target N``: five of seven right."""
    number = int(re.findall(r"target (\d+)", " ".join(seen.texts))[-1])
    x, y = place(number)
    match number % 7:
        case 5:
            return computer("left_click", coordinate=[x, min(y + 40, 220)])
        case 6:
            return "I would rather talk about the weather."
        case _:
            return computer("left_click", coordinate=[x, y])


def faulty(every: int, *faults: Fault) -> ScriptedServer:
    """A server that fails one request in `every`, with each of `faults` in turn."""
    count, kinds, lock = itertools.count(1), itertools.cycle(faults), threading.Lock()

    def entry(seen: Seen) -> str | Fault:
        with lock:
            return next(kinds) if next(count) % every == 0 else say(seen)

    return ScriptedServer([entry])


def steady(pause: float = 0.0) -> ScriptedServer:
    """A server that always answers, after `pause` seconds."""
    gone = threading.Event()

    def entry(seen: Seen) -> str:
        gone.wait(pause)
        return say(seen)

    return ScriptedServer([entry])
