"""`RecordingSource`: an open screen that can be recorded."""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from envs.env import Image
from envs.input_capture.events import Event
from envs.input_capture.gestures import Touch
from envs.input_capture.screen_history import ScreenSource


class InputListener(Protocol):
    """Puts the input events of a screen in `events`, and None when the screen is gone."""

    events: queue.SimpleQueue[Event | None]

    def close(self) -> None:
        """Stop listening: `events` ends with what had been reported by then, and None. Safe to call twice."""


@dataclass(frozen=True)
class RecordingSource:
    """An open screen. `name` and `platform` go into the episode's header.

    `screen` takes pictures, `listen` starts to listen to the input, `open` starts a program. `hint` says how others
    reach the screen (empty: no need), `peek` takes a picture from any thread (None: no live page), `hides_text`
    says whether the focused field hides its text, `display` is the X display (None: none).
    """

    name: str
    platform: str
    screen: ScreenSource
    listen: Callable[[], InputListener]
    open: Callable[[str], object]
    touch: Touch = field(default_factory=Touch)
    display: str | None = None
    hint: str = ""
    peek: Callable[[], Image] | None = None
    hides_text: Callable[[], bool] = lambda: False

    @property
    def has_pointer(self) -> bool:
        """Whether a pointer moves between presses."""
        return self.platform == "desktop"
