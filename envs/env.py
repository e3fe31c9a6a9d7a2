"""The contract between an agent and the world it acts on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from actions.action import AnyAction
from actions.errors import HandeyeError
from actions.frame import Box, Frame

Image = npt.NDArray[np.uint8]
"""RGB, uint8, height x width x 3."""


class EnvError(HandeyeError):
    """The device cannot be used: no display, capture failed, program missing. One line with what to do next."""


class BlackScreenError(EnvError):
    """The capture is black: nothing was observed."""


@dataclass(frozen=True)
class UiElement:
    """An accessibility element, where the platform offers them. `box` is in frame pixels."""

    box: Box
    role: str
    text: str


@dataclass(frozen=True)
class Observation:
    """What was seen: `image` (RGB uint8 HxWx3) bound to its `frame`, at `time` (seconds since the epoch)."""

    image: Image
    frame: Frame
    time: float = field(default_factory=time.time)
    app: str | None = None
    keyboard_shown: bool | None = None
    elements: tuple[UiElement, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What came of an action.

    `performed` is whether anything was sent to the device (False in a dry run). `settled` is whether the picture
    stopped changing before the deadline. `timings` holds seconds for `act`, `settle` and, inside it,
    `last_change` (from the action to the last change seen; absent when nothing changed).
    """

    performed: bool
    detail: str = ""
    settled: bool = True
    timings: Mapping[str, float] = field(default_factory=dict)


class Env(Protocol):
    """A screen with eyes and hands."""

    @property
    def platform(self) -> str:
        """``desktop`` or ``mobile``: which action schema fits."""

    @property
    def name(self) -> str:
        """For records and people, e.g. ``sandbox :99 1280x800``."""

    @property
    def supported(self) -> frozenset[str]:
        """The action types that `perform` accepts; `answer`, `finish` and `ask_user` are the loop's own."""

    def reset(self) -> None:
        """Bring the device to its start. Raises `EnvError`."""

    def observe(self) -> Observation:
        """Capture the screen. Raises `EnvError`; never returns a black or half picture."""

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        """Do `action`, whose points are pixels of `frame`, and wait until the screen has settled.

        Raises `actions.frame.StaleFrameError` when the device no longer has the geometry of `frame`,
        `actions.frame.GeometryError` for a point outside it, and `EnvError` when the device fails. In all three
        cases nothing was done.
        """

    def close(self) -> None:
        """Give everything back. Safe to call twice."""


class WrappedEnv:
    """An `Env` that is another one; a subclass says what it does otherwise."""

    def __init__(self, env: Env) -> None:
        self._env = env

    @property
    def platform(self) -> str:
        """The env's."""
        return self._env.platform

    @property
    def name(self) -> str:
        """The env's."""
        return self._env.name

    @property
    def supported(self) -> frozenset[str]:
        """The env's."""
        return self._env.supported

    def reset(self) -> None:
        """Reset the env."""
        self._env.reset()

    def observe(self) -> Observation:
        """Look."""
        return self._env.observe()

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        """Do `action`. Raises like the env."""
        return self._env.perform(action, frame)

    def close(self) -> None:
        """Close the env."""
        self._env.close()
