"""AndroidWorld's environment as an `envs.env.Env`: observations from its state, actions as ``JSONAction``."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Literal

import numpy as np

from actions.action import AnyAction, describe
from actions.frame import Frame, StaleFrameError
from benchmarks.android_world.actions import (
    SUPPORTED,
    AndroidWorldAction,
    Gestures,
    ScrollableElement,
    say,
)
from benchmarks.android_world.package import AndroidWorld
from benchmarks.harness import InexpressibleError
from envs.capture import check_not_black, is_black
from envs.env import Env, EnvError, Image, Observation, Outcome


class AndroidWorldScreen(Env):
    """The screen behind an agent of AndroidWorld. `world_env` gives its ``interface.AsyncEnv``, `look` a settled state.

    AndroidWorld waits before it looks (its ``transition_pause``), so `perform` returns at once.
    """

    platform = "mobile"

    def __init__(
        self, world: AndroidWorld, world_env: Callable[[], Any], look: Callable[[], Any], gestures: Gestures = "json"
    ) -> None:
        self._world, self._env, self._look, self._gestures = world, world_env, look, gestures
        self._scrollable: Sequence[ScrollableElement] = ()
        self._count = 0
        self.did: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """For the record."""
        width, height = self._asked("device_screen_size")
        return f"AndroidWorld {width}x{height}" + (" on a simulated phone" if self.simulated else "")

    @property
    def simulated(self) -> bool:
        """Whether the device says that it is Handeye's simulated phone."""
        asked = self._world["env.adb_utils"].issue_generic_request(
            ["shell", "getprop", "ro.handeye.simulated"], self._env().controller
        )
        return bool(asked.generic.output.decode().strip() == "1")

    @property
    def supported(self) -> frozenset[str]:
        """The action types that AndroidWorld supports, at least in some forms."""
        return SUPPORTED

    def reset(self) -> None:
        """Nothing: AndroidWorld's ``run_episode`` resets its environment itself."""

    def close(self) -> None:
        """Nothing: who opened the environment closes it."""

    def observe(self) -> Observation:
        """AndroidWorld's state: its picture turned upright. Raises `EnvError`, also for a black one."""
        with _failing("look at the screen"):
            state = self._look()
            size, quarter = self._size(), int(self._env().orientation)
        image = upright(np.asarray(state.pixels), quarter, size)
        if is_black(image):
            check_not_black(image, 0.0)
        height, width = image.shape[:2]
        rotations: tuple[Literal[0, 90, 180, 270], ...] = (0, 90, 180, 270)
        frame = Frame.of_screen(f"{self._count:04d}", width, height, size, rotations[quarter % 4])
        self._count += 1
        self._scrollable = scrollable(state.ui_elements)
        return Observation(image=image, frame=frame, app=self._app())

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        """Perform `action` as ``JSONAction``; one without an equivalent is refused, and the outcome says why.

        Raises `StaleFrameError` where the device was turned since `frame`, and `EnvError`.
        """
        self.did = {}
        try:
            said = say(action, frame, self._scrollable, self._gestures)
        except InexpressibleError as error:
            return Outcome(False, f"not done: {error}")
        with _failing(f"{describe(action)}"):
            self._check(frame)
            if unknown := self._unknown_app(said):
                return Outcome(False, f"not done: {unknown}")
            start = time.perf_counter()
            self._do(said)
        told = describe(action) + (f" ({said.remark})" if said.remark else "")
        return Outcome(True, told, timings={"act": time.perf_counter() - start, "settle": 0.0})

    def tell(self, **fields: Any) -> None:
        """Carry out an action that touches nothing, ``answer`` or ``status``. Raises `EnvError`."""
        self.did = fields
        with _failing(f"say {fields['action_type']}"):
            self._env().execute_action(self._world["env.json_action"].JSONAction(**fields))

    def ask(self, question: str) -> str | None:
        """The answer of AndroidWorld's user; None where it has none."""
        try:
            reply = self._env().ask_question(question)
        except NotImplementedError:
            return None
        return None if reply is None else str(reply)

    # -- parts

    def _do(self, said: AndroidWorldAction) -> None:
        if said.swipe is not None:
            adb = self._world["env.adb_utils"]
            command = adb.generate_swipe_command(*said.swipe)
            self.did = {"adb": command}
            answer = adb.issue_generic_request(command, self._env().controller)
            if answer.status != type(answer).Status.OK:
                raise RuntimeError(answer.error_message or "adb refused it")
            return
        self.did = dict(said.fields)
        action = self._world["env.json_action"].JSONAction(**said.fields)
        for _ in range(said.times):
            self._env().execute_action(action)

    def _unknown_app(self, said: AndroidWorldAction) -> str:
        """AndroidWorld opens an app by its own table or by package, and says nothing when it cannot."""
        if said.fields.get("action_type") != "open_app":
            return ""
        name, adb = str(said.fields["app_name"]), self._world["env.adb_utils"]
        if adb.get_adb_activity(name) or name in adb._DEFAULT_URIS:
            return ""
        if name in adb.get_all_package_names(self._env().controller):
            return ""
        return f"AndroidWorld knows no app called {name!r}"

    def _check(self, frame: Frame) -> None:
        size, quarter = self._size(), int(self._env().orientation)
        if not frame.is_of(size, 90 * quarter):
            raise StaleFrameError(f"the phone was turned to {90 * quarter} degrees, {size[0]}x{size[1]}: look again")

    def _size(self) -> tuple[int, int]:
        return self._asked("logical_screen_size")

    def _asked(self, name: str) -> tuple[int, int]:
        with _failing(f"ask for its {name}"):
            width, height = getattr(self._env(), name)
        return int(width), int(height)

    def _app(self) -> str | None:
        with suppress(Exception):  # only for the record
            return str(self._env().foreground_activity_name) or None
        return None


class _failing:  # noqa: N801 - a context manager
    """Turns whatever AndroidWorld raises into `EnvError`: it has no error classes of its own."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, EnvError | StaleFrameError):
            raise EnvError(f"AndroidWorld could not {self._what}: {type(error).__name__}: {error}") from error


def upright(pixels: Image, quarter: int, size: tuple[int, int]) -> Image:
    """`pixels` in the logical orientation of the device, `size` being its logical width and height.

    AndroidWorld's pictures are of the device held upright, however it is turned (``m3a_utils._logical_to_physical``);
    one that already has the logical shape of a device on its side is left as it is.
    """
    height, width = pixels.shape[:2]
    on_side = quarter % 2 == 1
    turned_already = on_side and (width > height) == (size[0] > size[1])
    image = pixels if turned_already else np.rot90(pixels, quarter % 4)
    return np.ascontiguousarray(image[..., :3], dtype=np.uint8)


def scrollable(elements: Sequence[Any]) -> list[ScrollableElement]:
    """The scrollable ones of a state's ``ui_elements``."""
    found = []
    for index, element in enumerate(elements or ()):
        box = getattr(element, "bbox_pixels", None)
        if element.is_scrollable and box is not None:
            found.append(ScrollableElement(index, (box.x_min, box.y_min, box.x_max, box.y_max)))
    return found
