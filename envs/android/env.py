"""An Android device as an `envs.env.Env`: observes, acts, waits until the screen has settled, and reconnects."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from actions.action import Answer, AnyAction, AskUser, Button, Finish, Open, TypeText, Wait, describe
from actions.adb.backend import AdbBackend
from actions.adb.lines import command
from actions.adb.link import AdbLink, NotSentError, UncertainError
from actions.adb.screen import AccessibilityNode, dump
from actions.adb.server import AdbServer
from actions.backend import BackendError, RefusedError
from actions.extras import install_command
from actions.frame import Box, Frame, StaleFrameError
from envs.android.capture import WAYS, AndroidCapture, HalfFrameError, Method, Pixels, ScreencapCapture
from envs.android.known_devices import recall, remember
from envs.android.scrcpy import ScreenStream, decodes, find_server
from envs.android.settling import OPENING, RULES, Rest, RestWait
from envs.android.state import QUERY, WINDOWS, DeviceState, parse_state, protected_app
from envs.capture import Deadline, check_not_black, is_black
from envs.env import BlackScreenError, Env, EnvError, Image, Observation, Outcome, UiElement
from envs.phone.phone_facts import SCRCPY_SERVER
from envs.settle import Ambient, Rules, Settled

_FRESH = 0.25
"""Seconds for which the picture that ended a wait is the next observation, if nothing was sent to the device since."""
_UNLOCK = 3.0
_SIMULATED = "ro.handeye.simulated"


class AndroidEnv(Env):
    """The device with this `serial` (``HOST:PORT`` is connected to first; None: ANDROID_SERIAL or the only one).

    `display` is the logical id of the display to work on, 0 is the first. `server` is the adb server, by default the
    user's own. `capture` is a way of ``screencap`` (None: the fastest, measured now) or an object that gives pictures.
    With `elements` every observation has the accessibility elements, which takes a phone a second or two. `dry_run`
    looks and says what it would do. `patience` is how many seconds a lost connection is waited for. `stop` ends a
    `wait` early when set. With `stream`, scrcpy's server tells when the screen changes, where this machine has it and
    the device runs it, or on a simulated phone its own; else `no_stream` says why not.

    The device is woken and, where no PIN is asked, unlocked. Raises `EnvError` with what to do next.
    """

    def __init__(
        self,
        serial: str | None = None,
        server: AdbServer | None = None,
        *,
        display: int = 0,
        capture: Method | AndroidCapture | None = None,
        elements: bool = False,
        dry_run: bool = False,
        rules: Rules | None = None,
        patience: float = 15.0,
        black_timeout: float = 3.0,
        stop: threading.Event | None = None,
        stream: bool = True,
    ) -> None:
        self._rules, self._patience, self._black_timeout = rules or RULES, patience, black_timeout
        self._with_elements, self._display = elements, display
        self.stop = stop or threading.Event()
        self._count = 0
        self._last: Pixels | None = None
        self._rest: tuple[int, Rest] | None = None
        self._seen: tuple[str, DeviceState] | None = None
        self._closed = False
        self.stream: ScreenStream | None = None
        self.no_stream, self._frames = "", -1
        self._grabbing = threading.Lock()  # a capture that was handed over takes one picture at a time
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="android state")
        self._pictures = ThreadPoolExecutor(1, thread_name_prefix="android picture")
        try:
            self.link = AdbLink(serial, server, patience)
            self.backend = AdbBackend(self.link, dry_run=dry_run, display=display)
            self.backend.check_display()
            self._facts = _facts(self.link)
            self.backend.restore()
            self.reset()
            state = self.state()
            self.capture: AndroidCapture = (
                self._camera(capture, state) if capture is None or isinstance(capture, str) else capture
            )
            self._size = state.size or self._looked_size()
            if stream:
                self._start_stream()
        except BackendError as error:
            raise EnvError(str(error)) from error

    # -- the contract

    @property
    def platform(self) -> str:
        """``mobile``."""
        return "mobile"

    @property
    def name(self) -> str:
        """For records, e.g. ``android R58M123 (Pixel 7) 1080x2400``; a simulated phone says that it is one."""
        kind = "simulated phone" if self.simulated else "android"
        which = f" display {self._display}" if self._display else ""
        return f"{kind} {self.link.serial} ({self._facts['model']}) {self._size[0]}x{self._size[1]}{which}"

    @property
    def simulated(self) -> bool:
        """Whether the device says that it is Handeye's simulated phone."""
        return self._facts["simulated"] == "1"

    @property
    def supported(self) -> frozenset[str]:
        """The backend's actions and `wait`."""
        return self.backend.supported | {"wait"}

    def reset(self) -> None:
        """Wake and unlock the device; nothing else of the user's is touched. Raises `EnvError`."""
        self._last = self._seen = self._rest = None
        self._ambient = Ambient(self._rules, self._scale)
        with _as_env_errors():
            self.wake()

    def observe(self) -> Observation:
        """What the screen shows, with the app in front and whether the keyboard is out.

        A sleeping device is woken first; a lost connection is waited for. Raises `BlackScreenError` when the screen
        stays black, and `EnvError`.
        """
        with _as_env_errors():
            state, pixels = self._whole()
            frame = self._frame(state, pixels, f"{self._count:04d}")
            elements = self.elements(frame) if self._with_elements else ()
        self._count += 1
        if self._last is not None and self._last.shape == pixels.shape:
            self._ambient.note(self._last, pixels)
        self._last, self._seen = pixels, (frame.id, state)
        return Observation(
            image=_rgb(pixels), frame=frame, app=state.app, keyboard_shown=state.keyboard, elements=elements,
            held=self.backend.held, details=self,
        )  # fmt: skip

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        """Do `action` and wait until the screen rests. See `envs.env.Env.perform`.

        Nothing is done, and `StaleFrameError` raised, where since `frame` was taken the device was turned, its screen
        went off, another app came to the front, or the connection was lost before the action was sent. An action that
        the phone cannot do has an outcome with `performed` False that says why. Where the connection broke after the
        action was sent, the outcome says that it may or may not have been done: it is never sent again.
        """
        if isinstance(action, Wait):
            return self._wait(action)
        if action.type not in self.supported or isinstance(action, Answer | Finish | AskUser):
            return Outcome(False, f"a phone cannot {describe(action)}")
        self._check(action, frame)
        start = time.perf_counter()
        try:
            detail = self.backend.perform(action, frame)
        except RefusedError as error:
            return Outcome(False, str(error), timings={"act": time.perf_counter() - start, "settle": 0.0})
        except UncertainError as error:
            return self._uncertain(action, error, time.perf_counter() - start)
        except NotSentError as error:
            raise self._not_done(error) from error
        except BackendError as error:
            raise EnvError(str(error)) from error
        act = time.perf_counter() - start
        if self.backend.dry_run:
            return Outcome(False, detail, timings={"act": act, "settle": 0.0}, dry_run=True)
        return self._settled(action, detail, act)

    def interrupt(self) -> None:
        """End the connections to the adb server. See `envs.env.Env.interrupt`."""
        self.stop.set()
        self.link.interrupt()

    def release(self) -> None:
        """Lift a finger that an action left down. Raises `EnvError`."""
        with _as_env_errors():
            self.backend.release()

    def close(self) -> None:
        """Put the user's input method back. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self.stop.set()
        self._pool.shutdown(wait=False)
        self._pictures.shutdown(wait=False)
        if self.stream is not None:
            self.stream.close()
        if hasattr(self, "backend"):
            self.backend.close()
        if hasattr(self, "capture"):
            self.capture.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- looking

    def state(self) -> DeviceState:
        """The current state of the device. Raises `BackendError`, and `EnvError` where the display is gone."""
        return self._read_state(self.link.ask(QUERY).out)

    def _read_state(self, said: str) -> DeviceState:
        state = parse_state(said, self._display)
        if self._display and self._display not in state.displays:
            there = ", ".join(map(str, state.displays or (0,)))
            raise EnvError(f"{self.link.serial} has no display {self._display} that can be captured: it has {there}")
        return state

    def elements(self, frame: Frame) -> tuple[UiElement, ...]:
        """The accessibility elements on the screen, boxes in pixels of `frame`. Raises `BackendError`."""
        if self._display:
            raise BackendError("uiautomator dump tells the elements of the first display only")
        return tuple(element for node in dump(self.link) if (element := _element(node, frame)).text)

    def tree(self, frame: Frame) -> tuple[UiElement, ...]:
        """See `envs.env.Details`."""
        with _as_env_errors():
            if self._display:
                raise BackendError("uiautomator dump tells the elements of the first display only")
            return tuple(_element(node, frame) for node in dump(self.link))

    def app_names(self) -> tuple[str, ...]:
        """See `envs.env.Details`."""
        with _as_env_errors():
            return self.backend.app_names()

    def peek(self) -> Image:
        """The screen as RGB for a viewer, unchecked; no state is changed. Raises `EnvError`."""
        with _as_env_errors():
            return _rgb(self.capture.grab())

    def wake(self) -> None:
        """Switch the screen on and unlock it. Raises `EnvError` for a lock that asks for a PIN, and `BackendError`."""
        state = self.state()
        if state.awake is False:
            self.link.ask(command("input", "keyevent", "WAKEUP"))
            state = self._await(lambda now: now.awake is not False, "the screen does not switch on: press its button")
        if state.locked:
            self._unlock(state)

    def _unlock(self, state: DeviceState) -> None:
        self.link.ask(command("wm", "dismiss-keyguard"))
        with suppress(EnvError):
            self._await(lambda now: not now.locked, "")
            return
        width, height = state.size or (1000, 2000)
        way = (width // 2, round(height * 0.8), width // 2, round(height * 0.25), 200)
        self.link.run(command("input", "swipe", *map(str, way)))
        self._await(
            lambda now: not now.locked, f"{self.link.serial} is locked: unlock it by hand (PIN, pattern or face)"
        )

    def _await(self, good: Callable[[DeviceState], bool], problem: str) -> DeviceState:
        deadline = Deadline(_UNLOCK)
        while not good(state := self.state()):
            if deadline.passed:
                raise EnvError(problem)
            time.sleep(0.05)
        return state

    def _whole(self) -> tuple[DeviceState, Pixels]:
        """A state and a picture that belong together, awake and not black. Looking again does no harm."""
        deadline, black = Deadline(self._patience), Deadline(self._black_timeout)
        while True:
            try:
                state, pixels = self._look()
            except (HalfFrameError, BackendError) as error:
                if deadline.passed:
                    raise EnvError(f"{self.link.serial} gives no picture: {error}") from error
                self.link.recover(self._patience)
                with suppress(BackendError):
                    self._follow(self.state())
                continue
            if state.awake is False or state.locked:
                self.wake()
            elif self._follow(state):
                continue
            elif _body_is_black(pixels) and (app := self._protected(state)):
                raise BlackScreenError(
                    f"{app} lets nobody capture its window (FLAG_SECURE): go on without this app, or by hand"
                )
            elif is_black(pixels):
                if black.passed:
                    check_not_black(pixels, black.elapsed)
                time.sleep(0.05)
            elif _fit(state, pixels) or deadline.passed:
                return state, pixels
            if deadline.passed:
                raise EnvError(f"{self.link.serial} does not stay awake: see its display settings")

    def _protected(self, state: DeviceState) -> str | None:
        """The app in front, if it lets nobody capture its window."""
        app = protected_app(self.link.ask(WINDOWS).out)
        return app if not self._display or app == state.package else None

    def _follow(self, state: DeviceState) -> bool:
        """Capture the display that is in use; whether it is another one now: the phone was folded or unfolded."""
        if not isinstance(self.capture, ScreencapCapture) or self.capture.display == state.display:
            return False
        self.capture.display = state.display
        return True

    def _camera(self, method: Method | None, state: DeviceState) -> ScreencapCapture:
        """By the way that is given, or was the fastest when this device was first met; else by the fastest now."""
        kept = None if method or self.simulated else recall(self._device).get("screencap")
        known = next((way for way in WAYS if way == kept), None)
        camera = ScreencapCapture(self.link, method or known, display=state.display)
        if camera.timings and not self.simulated:
            remember(self._device, screencap=camera.method)
        return camera

    @property
    def _device(self) -> str:
        return f"{self.link.serial} {self._facts['build']}"

    def _start_stream(self) -> None:
        """Follow the screen by scrcpy's server, if that can be; a simulated phone has its own. Raises `EnvError` for a
        file that is named in vain.
        """
        file = SCRCPY_SERVER if self.simulated else find_server()
        if file is None or not decodes():
            what, how = ("PyAV", install_command("film")) if file else ("scrcpy's server", "apt install scrcpy")
            self.no_stream = f"{what} is not here: {how}"
            return
        name = f"{file} {file.stat().st_mtime_ns}" if isinstance(file, Path) else ""
        version = recall(self._device).get(name) if name else None
        try:
            self.stream = ScreenStream(self.link, file, display=self._display, version=version)
        except (EnvError, BackendError) as error:
            self.no_stream = str(error)
            return
        if name and not version:
            remember(self._device, **{name: self.stream.version})

    def _look(self) -> tuple[DeviceState, Pixels]:
        """Both at the same time; those that ended a wait just now."""
        ended, self._rest = self._rest, None
        if ended and ended[0] == self.link.opened and time.perf_counter() - ended[1].time < _FRESH:
            return ended[1].state, ended[1].pixels
        self._frames = self.stream.frames if self.stream else -1
        asked = self._pool.submit(self.state)
        try:
            pixels = self.capture.grab()
        finally:
            state = asked.result()
        return state, pixels

    def _frame(self, state: DeviceState, pixels: Pixels, name: str) -> Frame:
        height, width = pixels.shape[:2]
        return Frame.of_screen(name, width, height, state.size or (width, height), state.rotation)

    def _looked_size(self) -> tuple[int, int]:
        height, width = self.capture.grab().shape[:2]
        return width, height

    # -- acting

    def _check(self, action: AnyAction, frame: Frame) -> None:
        """Refuse a frame that is not what the device shows. Raises `StaleFrameError` or `EnvError`."""
        try:
            now = self._read_state(self.link.run(QUERY).out)
        except (NotSentError, UncertainError) as error:  # it only looked: nothing was done
            raise self._not_done(error) from error
        if now.awake is False or now.locked:
            raise StaleFrameError("the screen went off or was locked: look again")
        size = now.size or frame.input_size
        if not frame.is_of(size, now.rotation):
            turned = now.rotation != frame.rotation
            what = f"phone was turned from {frame.rotation} to {now.rotation} degrees," if turned else "screen is now"
            raise StaleFrameError(f"the {what} {size[0]}x{size[1]}: look again")
        then = self._seen[1].package if self._seen and self._seen[0] == frame.id else None
        if then and now.package and now.package != then and not isinstance(action, Button | Open):
            raise StaleFrameError(f"another app came to the front ({now.package} for {then}): look again")

    def _not_done(self, error: BackendError) -> StaleFrameError | EnvError:
        """The connection was lost before the action was sent: reconnect, or raise."""
        try:
            self.link.recover(self._patience)
        except BackendError as gone:
            return EnvError(str(gone))
        return StaleFrameError(f"not sent, and connected again ({error}): look again")

    def _uncertain(self, action: AnyAction, error: BackendError, act: float) -> Outcome:
        """The action may have been done; the next observation shows, or ends the run if the device is gone."""
        with suppress(BackendError):
            self.link.recover(self._patience)
        told = f"{describe(action)}: it may or may not have been done ({error}); look before doing it again"
        return Outcome(True, told, settled=False, timings={"act": act, "settle": 0.0})

    def _wait(self, action: Wait) -> Outcome:
        start = time.perf_counter()
        if self.backend.dry_run:
            return Outcome(False, f"would wait {action.seconds:g} s", dry_run=True)
        interrupted = self.stop.wait(action.seconds)
        told = "the wait was interrupted" if interrupted else f"waited {action.seconds:g} s"
        return Outcome(True, told, timings={"act": time.perf_counter() - start, "settle": 0.0})

    def _settled(self, action: AnyAction, detail: str, act: float) -> Outcome:
        rules = OPENING if isinstance(action, Open) else self._rules
        rules = rules.for_typing() if isinstance(action, TypeText) and rules.least < 0.17 else rules
        start = time.perf_counter()
        try:
            result = self._settle(rules, start - act)
        except (EnvError, BackendError) as error:  # it was done: what is wrong now, the next look says
            spent = time.perf_counter() - start
            return Outcome(True, f"{detail}; then {error}", settled=False, timings={"act": act, "settle": spent})
        timings = {"act": act, "settle": result.seconds}
        if result.last_change is not None:
            timings["last_change"] = result.last_change
        return Outcome(True, detail, result.settled, timings, changed=result.changed)

    def _settle(self, rules: Rules, acted: float) -> Settled:
        before = self.capture.grab() if self._last is None else self._last
        front = self._seen[1].app if self._seen else None
        grab, ask = self._grab_whole, partial(self._pool.submit, self.state)
        begin = partial(self._pictures.submit, grab)
        wait = RestWait(grab, begin, ask, before, front, rules, self._ambient, self._scale)
        rest = self.stream and wait.by_stream(self.stream, self._frames, acted)
        rest = rest or wait.by_pictures()
        self._last, self._frames = rest.pixels, rest.frames
        self._rest = (self.link.opened, rest) if rest.settled.settled else None
        return rest.settled

    def _grab_whole(self) -> Pixels:
        """Capture again after a truncated picture."""
        with nullcontext() if isinstance(self.capture, ScreencapCapture) else self._grabbing:
            for _ in range(3):
                with suppress(HalfFrameError):
                    return self.capture.grab()
            return self.capture.grab()

    @property
    def _scale(self) -> float:
        """How much larger than at 160 dots an inch things are drawn, for what counts as a caret."""
        return float(self._facts["density"]) / 160


class _as_env_errors:  # noqa: N801 - a context manager
    """Turns `BackendError` into `EnvError`."""

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, BackendError):
            raise EnvError(str(error)) from error


def _element(node: AccessibilityNode, frame: Frame) -> UiElement:
    """`node` with its box in pixels of `frame`."""
    corners = frame.from_input(*node.bounds[:2]), frame.from_input(*node.bounds[2:])
    return UiElement(
        Box(*corners[0], *corners[1]),
        node.kind,
        node.text or node.description,
        node.description,
        node.checked,
        node.clickable,
        node.scrollable,
        node.enabled,
        node.focused,
        node.selected,
        node.depth,
        node.package,
    )


def _facts(link: AdbLink) -> dict[str, str]:
    """``model``, ``simulated`` ("1" where it is), ``build``, and ``density`` in dots an inch, the user's own first."""
    names = {"model": "ro.product.model", "simulated": _SIMULATED, "build": "ro.build.fingerprint"}
    facts = {name: link.ask(command("getprop", key)).out.strip() for name, key in names.items()}
    density = re.findall(r"density: (\d+)", link.ask(command("wm", "density")).out)
    return {**facts, "model": facts["model"] or "unknown model", "density": density[-1] if density else "320"}


def _fit(state: DeviceState, pixels: Pixels) -> bool:
    """Whether picture and state are of the same turn of the device."""
    if state.size is None:
        return True
    height, width = pixels.shape[:2]
    return bool(abs(width / state.size[0] - height / state.size[1]) < 0.02)


def _body_is_black(pixels: Pixels) -> bool:
    """Whether all between the system's bars is black, as where a window is protected."""
    height = pixels.shape[0]
    return is_black(pixels[height // 10 : height - height // 10])


def _rgb(pixels: Pixels) -> Image:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGBA2RGB), np.uint8)
