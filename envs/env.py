"""The contract between an agent and the device it acts on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from actions.action import AnyAction, describe
from actions.errors import HandeyeError
from actions.frame import Box, Frame
from envs.record_clock import RECORD_CLOCK

Image = npt.NDArray[np.uint8]
"""RGB, uint8, height x width x 3."""


class EnvError(HandeyeError):
    """The device cannot be used: no display, capture failed, program missing. One line with what to do next."""


class BlackScreenError(EnvError):
    """The capture is black: nothing was observed."""


@dataclass(frozen=True)
class UiElement:
    """An accessibility element, where the platform offers them. `box` is in frame pixels.

    `text` is what it shows or, where it shows none, its `description`. `checked` is None for what cannot be. `depth` is
    its level in the tree; `program` the app that it belongs to.
    """

    box: Box
    role: str
    text: str
    description: str = ""
    checked: bool | None = None
    clickable: bool = False
    scrollable: bool = False
    enabled: bool = True
    focused: bool = False
    selected: bool = False
    depth: int = 0
    program: str = ""


@dataclass(frozen=True)
class ScreenWindow:
    """A program's window as the window system has it: its box without its frame (frame pixels), the program's name.

    `bare` is whether it is full screen or a pop-up, which has none of its program's bars, or not all of them. `bar` is
    how high the title bar of the window manager above it is (frame pixels).
    """

    box: Box
    app: str
    bare: bool = False
    bar: float = 0.0


class Details(Protocol):
    """What a device tells about its screen when it is asked, at the cost of a request."""

    def tree(self, frame: Frame) -> tuple[UiElement, ...]:
        """The accessibility tree as it is now, in its own order, boxes in pixels of `frame`. Raises `EnvError`."""

    def app_names(self) -> tuple[str, ...]:
        """The names of the apps that `open` takes, in alphabetical order. Raises `EnvError`."""


@dataclass(frozen=True)
class Observation:
    """What was seen: `image` (RGB uint8 HxWx3) bound to its `frame`, at `time` (seconds since the epoch).

    `windows` are those on the screen, the front one first; empty where the system does not say. `held` is what an
    earlier action left pressed: keys by name, mouse buttons as ``left button``. `details` is None where the platform
    tells none.
    """

    image: Image
    frame: Frame
    time: float = field(default_factory=RECORD_CLOCK.now)
    app: str | None = None
    keyboard_shown: bool | None = None
    elements: tuple[UiElement, ...] = ()
    windows: tuple[ScreenWindow, ...] = ()
    held: tuple[str, ...] = ()
    details: Details | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Outcome:
    """What came of an action.

    `performed` is whether anything was sent to the device. `dry_run` says that nothing was because it is one: `detail`
    says what would be done. `settled` is whether the picture
    stopped changing before the deadline; `changed` whether it changed at all after the action (None: not known).
    `timings` holds seconds for `act`, `settle` and, inside it,
    `last_change` (from the action to the last change seen; absent when nothing changed).
    """

    performed: bool
    detail: str = ""
    settled: bool = True
    timings: Mapping[str, float] = field(default_factory=dict)
    changed: bool | None = None
    dry_run: bool = False


class Env(Protocol):
    """A screen that can be observed and acted on.

    A subclass must define `name`, `supported`, `observe` and `perform`; the rest has defaults.
    """

    @property
    def platform(self) -> str:
        """``desktop`` or ``mobile``: which action schema fits."""
        return "desktop"

    @property
    @abstractmethod
    def name(self) -> str:
        """For records and people, e.g. ``sandbox :99 1280x800``."""

    @property
    @abstractmethod
    def supported(self) -> frozenset[str]:
        """The action types that `perform` accepts; `answer`, `finish` and `ask_user` are the loop's own."""

    @property
    def display(self) -> str | None:
        """The X display on which a stop key can be grabbed, or None."""
        return None

    def reset(self) -> None:
        """Bring the device to its start. Raises `EnvError`."""
        return

    @abstractmethod
    def observe(self) -> Observation:
        """Capture the screen. Raises `EnvError`; never returns a black or half picture."""

    @abstractmethod
    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        """Do `action`, whose points are pixels of `frame`, and wait until the screen has settled.

        Raises `actions.frame.StaleFrameError` when the device no longer has the geometry of `frame`,
        `actions.frame.GeometryError` for a point outside it, and `EnvError` when the device fails. In all three
        cases nothing was done.
        """

    def release(self) -> None:
        """Let go of the keys and buttons that an action left pressed. Raises `EnvError`."""
        return

    def interrupt(self) -> None:
        """Make a call that waits for the device fail; the env is of no use afterwards. Called from another thread."""
        return

    def over(self) -> str | None:
        """Why the world itself has ended the episode (a benchmark's page ended, a game was won); None while it goes on.

        Asked before each step; an answer ends the run as ``world_over``. Raises `EnvError`.
        """
        return None

    def peek(self) -> Image:
        """The screen for someone who looks on: may be black, leaves no trace. May be called between steps only."""
        return self.observe().image

    def pointer(self) -> tuple[int, int] | None:
        """Where a person has put the pointer, input units; None where nobody moved it or nobody can say.

        May be called from another thread.
        """
        return None

    def corner(self) -> tuple[int, int] | None:
        """The place of the pointer that stops a run, input units; None where there is none."""
        return None

    def explain(self, action: AnyAction) -> str:
        """`action` in one line for a question to the user, with what only the env knows of it."""
        return describe(action)

    def close(self) -> None:
        """Give everything back. Safe to call twice."""
        return


class WrappedEnv(Env):
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

    @property
    def display(self) -> str | None:
        """The env's."""
        return self._env.display

    def reset(self) -> None:
        """Reset the env."""
        self._env.reset()

    def observe(self) -> Observation:
        """Observe the env."""
        return self._env.observe()

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        """Do `action`. Raises like the env."""
        return self._env.perform(action, frame)

    def release(self) -> None:
        """Let go of what is pressed. Raises like the env."""
        self._env.release()

    def interrupt(self) -> None:
        """Interrupt the env."""
        self._env.interrupt()

    def over(self) -> str | None:
        """The env's. Raises like it."""
        return self._env.over()

    def peek(self) -> Image:
        """The env's. Raises like it."""
        return self._env.peek()

    def pointer(self) -> tuple[int, int] | None:
        """The env's."""
        return self._env.pointer()

    def corner(self) -> tuple[int, int] | None:
        """The env's."""
        return self._env.corner()

    def explain(self, action: AnyAction) -> str:
        """The env's."""
        return self._env.explain(action)

    def close(self) -> None:
        """Close the env."""
        self._env.close()
