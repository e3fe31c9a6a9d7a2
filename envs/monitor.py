"""The monitors of a desktop, the choice of one, and the frame of its capture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from actions.frame import Frame
from envs.env import EnvError


class Monitor(NamedTuple):
    """One screen of a desktop. Position and size are input units; the origin may be negative."""

    name: str
    left: int
    top: int
    width: int
    height: int
    primary: bool = False


def choose_monitor(monitors: Sequence[Monitor], wanted: int | str | None) -> Monitor:
    """One of `monitors`: by position in the list (0 is the first), by name, or the primary one for None.

    Raises `EnvError` that lists what there is.
    """
    if not monitors:
        raise EnvError("the display has no monitor: connect one, or use --env sandbox")
    if wanted is None:
        return next((m for m in monitors if m.primary), monitors[0])
    for index, monitor in enumerate(monitors):
        if wanted in (index, monitor.name):
            return monitor
    known = ", ".join(f"{i} ({m.name} {m.width}x{m.height}{m.left:+d}{m.top:+d})" for i, m in enumerate(monitors))
    raise EnvError(f"no monitor {wanted!r}; there are: {known}")


def frame_of(monitor: Monitor, width: int, height: int, id: str) -> Frame:
    """The frame of a capture of `monitor` that is `width` x `height` pixels.

    Raises `EnvError` for a picture whose proportions are not the monitor's: it is of something else.
    """
    ratio = width / monitor.width
    steps = round(ratio * 4) / 4  # systems scale in quarters, and round the number of pixels
    scale = next((s for s in (steps, ratio) if s > 0 and _is_scaled(monitor, s, width, height)), None)
    if scale is None:
        raise EnvError(f"captured {width}x{height} pixels of a {monitor.width}x{monitor.height} monitor: look again")
    return Frame(id=id, width=width, height=height, origin=(monitor.left, monitor.top), scale=scale)


def _is_scaled(monitor: Monitor, scale: float, width: int, height: int) -> bool:
    return abs(monitor.width * scale - width) <= 1 and abs(monitor.height * scale - height) <= 1
