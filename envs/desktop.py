"""The user's own desktop as an environment: capture, input, waiting until the screen settles."""

from __future__ import annotations

import functools
import os
import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from actions.action import (
    AnyAction,
    Click,
    Drag,
    Key,
    LongPress,
    Move,
    Open,
    Scroll,
    TypeText,
    Wait,
    describe,
    points_of,
)
from actions.backend import Backend, BackendError, RefusedError
from actions.connections import display_hangs
from actions.dryrun import DryRunBackend
from actions.frame import Box, Frame, Point, StaleFrameError
from actions.input_backend import InputBackend
from envs.accessibility import Accessibility, DesktopDetails
from envs.capture import (
    Deadline,
    Raw,
    ScreenCapture,
    check_not_black,
    is_black,
    to_rgb,
)
from envs.display_watch import PATIENCE, DisplayWatch
from envs.env import Env, EnvError, Image, Observation, Outcome, ScreenWindow
from envs.event_settling import EventWait, PingedProgram
from envs.monitor import Monitor, choose_monitor, frame_of
from envs.programs import ProgramError, Programs, check_page, find_program, is_browser
from envs.settle import Ambient, Rules, Settled, Settler, wait_until_settled

if TYPE_CHECKING:
    from envs.screen_events import ScreenEvents


class MonitorCapture(Protocol):
    """Captures monitors: `envs.capture.ScreenCapture`, or a substitute with another geometry in tests."""

    @property
    def display(self) -> str | None:
        """The X display, or None."""

    def monitors(self) -> tuple[Monitor, ...]:
        """The monitors as they are now, in input units."""

    def grab(self, monitor: Monitor) -> Raw:
        """The pixels of one, BGRA."""

    def close(self) -> None:
        """Disconnect from the display."""


CLOSE_SECONDS = 1.0
"""How long an X server may take to answer when the desktop is closed; else nothing more is asked of it."""
_NEAR = 2.0
"""Input units from its goal within which the pointer is where an action has put it."""
_VISIT = 15.0
"""Seconds after which an address that an address bar has not taken is not typed again."""
_REACTS = Rules(reaction=1.0, quiet=0.15, calm=0.15, timeout=3.0)
"""Waiting for an address bar to get the focus, and to show a text."""
LATE = 0.5
"""Seconds after an action in which what changes may still be its answer, and is not taken to change by itself."""
_FRESH = 0.2
"""Seconds for which the last picture is not taken again where the screen says that nothing was drawn."""
_MISSES = 3
"""Changes that a screen has not told of after which it is believed no more."""
_PINGED = 15
"""How many windows are remembered besides the last, with what their programs answered."""
_TITLED = 5.0
"""Seconds in which a page's title takes the place of the last one's; one of the same title takes them all."""
Launcher = Callable[[Sequence[str]], None]
"""Starts a program from a command line. Raises `EnvError`."""


@dataclass(frozen=True)
class _Capture:
    monitor: Monitor
    pixels: Raw
    time: float


class DesktopEnv(Env):
    """A desktop's monitor as an `envs.env.Env`.

    `display` names an X display (None: this session's). `monitor` is a position in the list, a name, or None for the
    primary one. `programs` are command lines that `open` may start besides installed applications. An `open` that
    names nothing known does nothing: the outcome has `performed` False and says why, so that the model can read it.
    With `address_bar` an `open` of an address is typed into the address bar of the browser that has the focus, and no
    program is started. With `actions.dryrun.DryRunBackend` nothing is done at all. `stop` ends a `wait` early when set.
    An X server that answers nothing for `patience` seconds is an error. With `accessibility` observations have details.
    """

    def __init__(
        self,
        display: str | None = None,
        monitor: int | str | None = None,
        backend: Backend | None = None,
        *,
        programs: Sequence[str] | Programs = (),
        rules: Rules | None = None,
        capture: MonitorCapture | None = None,
        launcher: Launcher | None = None,
        black_timeout: float = 3.0,
        stop: threading.Event | None = None,
        patience: float = PATIENCE,
        address_bar: bool = False,
        accessibility: Accessibility | None = None,
    ) -> None:
        self._capture: MonitorCapture = capture or ScreenCapture(display)
        self._wanted = monitor
        self._backend = backend or default_backend(self._capture.display)
        self._programs = programs if isinstance(programs, Programs) else Programs(programs)
        self._rules = rules or Rules()
        self._launcher = launcher or self._start
        self._black_timeout = black_timeout
        self._address_bar = address_bar
        self._accessibility = accessibility
        self.stop = stop or threading.Event()
        self._ambient = Ambient(self._rules)
        self._count = 0
        self._last: _Capture | None = None
        self._closed = False
        self._acting = False
        self._placed: tuple[int, int] | None = None
        self._events: ScreenEvents | None = None
        self._missed = 0
        self._pinged: dict[int, PingedProgram] = {}
        self._acted = float("-inf")
        self._watch = DisplayWatch(self.display, self.interrupt, patience) if self.display else None
        self.monitor()
        self._events = self._listen()

    @property
    def platform(self) -> str:
        """``desktop``."""
        return "desktop"

    @property
    def name(self) -> str:
        """For records, e.g. ``desktop :0 1920x1080``."""
        where = f" {self._capture.display}" if self._capture.display else ""
        return f"desktop{where} {self.monitor().width}x{self.monitor().height}"

    @property
    def supported(self) -> frozenset[str]:
        """The backend's actions, `wait` and `open`."""
        return self._backend.supported | {"wait", "open"}

    @property
    def backend(self) -> Backend:
        """What sends the input."""
        return self._backend

    @property
    def display(self) -> str | None:
        """The X display, or None on a system whose displays have no names."""
        return self._capture.display

    def monitor(self) -> Monitor:
        """The monitor that is captured, as it is now. Raises `EnvError` when it or the display is gone."""
        return choose_monitor(self._capture.monitors(), self._wanted)

    def reset(self) -> None:
        """Forget the regions known to change by themselves; the user's desktop is left as it is."""
        self._ambient.clear()
        self._pinged.clear()
        self._last = None

    def observe(self) -> Observation:
        """What the monitor shows. Raises `BlackScreenError` when it stays black, and `EnvError`."""
        now = self._latest()
        deadline = Deadline(self._black_timeout)
        while is_black(now.pixels) and not deadline.passed:
            time.sleep(0.02)
            now = self._captured()
        check_not_black(now.pixels, deadline.elapsed)
        self._learn(now)
        frame = frame_of(now.monitor, now.pixels.shape[1], now.pixels.shape[0], f"{self._count:04d}")
        self._count += 1
        app, windows, held = self.active_app(), self._windows(frame), self._backend.held
        details = DesktopDetails(self._accessibility, windows) if self._accessibility else None
        return Observation(to_rgb(now.pixels), frame, app=app, windows=windows, held=held, details=details)

    def perform(self, action: AnyAction, frame: Frame) -> Outcome:
        """Do `action` and wait until the screen has settled. See `envs.env.Env.perform`.

        `timings`: `act`, `settle`, and `last_change` seconds after the action was done, where something changed.
        """
        before = self._latest()
        self._check(frame, before)
        if isinstance(self._backend, DryRunBackend):
            return Outcome(False, self._rehearse(action, frame), dry_run=True)
        self._learn(before)
        start = time.perf_counter()
        try:
            detail, rules = self._act(action, frame)
        except (ProgramError, RefusedError) as error:
            return Outcome(False, str(error), timings={"act": time.perf_counter() - start, "settle": 0.0})
        self._acted = time.perf_counter()
        act = self._acted - start
        settled = self._settle(before, rules, self._addressed(action))
        timings = {"act": act, "settle": settled.seconds}
        if settled.last_change is not None:
            timings["last_change"] = settled.last_change
        return Outcome(True, detail, settled.settled, timings, changed=settled.changed)

    def release(self) -> None:
        """Let go of the keys and buttons that an action left pressed. Raises `EnvError`."""
        try:
            self._backend.release()
        except BackendError as error:
            raise EnvError(str(error)) from error

    def interrupt(self) -> None:
        """End the connections to the X display. See `envs.env.Env.interrupt`."""
        self.stop.set()
        if isinstance(self._capture, ScreenCapture):
            self._capture.interrupt()

    def settle(self, rules: Rules | None = None) -> Settled:
        """Wait until the picture rests, without an action."""
        return self._settle(self._latest(), rules or self._rules)

    def peek(self) -> Image:
        """The monitor's picture for a live view: RGB, black or not; no state changes."""
        return to_rgb(self._captured().pixels)

    def active_app(self) -> str | None:
        """The program that has the focus and its window's title, ``Mousepad: notes.txt``; None where unknown."""
        window = self._capture.active_window() if isinstance(self._capture, ScreenCapture) else None
        return None if window is None else f"{window.program}: {window.title}" if window.title else window.program

    def _windows(self, frame: Frame) -> tuple[ScreenWindow, ...]:
        found = self._capture.windows() if isinstance(self._capture, ScreenCapture) else ()
        boxes = [
            Box(*frame.from_input(w.left, w.top), *frame.from_input(w.left + w.width, w.top + w.height)) for w in found
        ]
        return tuple(
            ScreenWindow(box, w.program, w.bare, w.bar * frame.scale) for box, w in zip(boxes, found, strict=True)
        )

    def pointer(self) -> tuple[int, int] | None:
        """Where the user has moved the pointer, input units.

        None while an action moves it, while it is where the last of these left it, and where the system does not say.
        May be called from another thread.
        """
        where = None if self._acting else self._where()
        return None if where == self._placed or self._acting else where

    def explain(self, action: AnyAction) -> str:
        """`action` in one line for a question to the user, with the command line that an `open` would start."""
        if self._address_bar or not isinstance(action, Open):
            return describe(action)
        return f"{describe(action)}: {self._command(action)}"

    def corner(self) -> tuple[int, int]:
        """The top-left corner of the leftmost monitor, where the pointer stops a run; input units."""
        first = min(self._capture.monitors(), key=lambda m: (m.left, m.top))
        return first.left, first.top

    def close(self) -> None:
        """Close the backend and disconnect from the display. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self.stop.set()
        if self.display and display_hangs(self.display, CLOSE_SECONDS):
            self.interrupt()
        try:
            self._backend.close()
        finally:
            self._capture.close()
            self._deafen()
            if self._accessibility:
                self._accessibility.close()
            if self._watch:
                self._watch.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _where(self) -> tuple[int, int] | None:
        if not isinstance(self._capture, ScreenCapture):
            return None
        try:
            if self._capture.display is None and isinstance(self._backend, InputBackend):
                return self._backend.position()
            return self._capture.pointer()
        except (EnvError, BackendError):
            return None

    def _captured(self, monitor: Monitor | None = None) -> _Capture:
        """The picture of the monitor, which was last seen as `monitor`; one that was resized meanwhile as it is now."""
        monitor, began = monitor or self.monitor(), time.perf_counter()
        try:
            return _Capture(monitor, self._capture.grab(monitor), began)
        except EnvError:
            if (now := self.monitor()) == monitor:
                raise
            return _Capture(now, self._capture.grab(now), began)

    def _latest(self) -> _Capture:
        """What the monitor shows: the last picture, where it is new and nothing was drawn since. What is drawn from now
        on is pending.
        """
        last, monitor, events = self._last, self.monitor(), self._events
        if events is None:
            return self._captured(monitor)
        events.sync()
        fresh = last is not None and last.monitor == monitor and time.perf_counter() - last.time < _FRESH
        if last is not None and fresh and events.alive and not events.pending:
            return last
        events.take()
        return self._captured(monitor)

    def _learn(self, now: _Capture) -> None:
        """Nothing was done since the last capture: what differs now, and was not drawn soon after the last action,
        changes by itself.
        """
        if self._last is not None and self._last.monitor == now.monitor and self._last is not now:
            self._ambient.note(self._last.pixels, now.pixels, functools.partial(self._by_itself, now.monitor))
        self._last = now

    def _by_itself(self, monitor: Monitor, box: Box) -> bool:
        if self._events is None:
            return True
        left, top = monitor.left, monitor.top
        drawn = self._events.drawn_at(Box(box.x1 + left, box.y1 + top, box.x2 + left, box.y2 + top))
        return bool(drawn > self._acted + LATE)

    def _check(self, frame: Frame, capture: _Capture) -> None:
        now = frame_of(capture.monitor, capture.pixels.shape[1], capture.pixels.shape[0], frame.id)
        if not now.same_geometry(frame):
            raise StaleFrameError(f"the screen changed from {_geometry(frame)} to {_geometry(now)}: look again")

    def _act(self, action: AnyAction, frame: Frame) -> tuple[str, Rules]:
        if isinstance(action, Wait):
            interrupted = self.stop.wait(action.seconds)
            return ("the wait was interrupted" if interrupted else f"waited {action.seconds:g} s"), self._rules
        if isinstance(action, Open) and not self._address_bar:
            argv = self._programs.resolve(action.target)
            self.release()
            self._launcher(argv)
            return f"started: {shlex.join(argv)}", Rules.for_opening()
        points = points_of(action)
        before = self._where() if points else None
        self._acting = bool(points)
        try:
            if isinstance(action, Open):
                return self._visit(action.target, frame), self._rules
            typed = isinstance(action, TypeText)
            return self._backend.perform(action, frame), self._rules.for_typing() if typed else self._rules
        except RefusedError:
            raise
        except BackendError as error:
            raise EnvError(str(error)) from error
        finally:
            self._placed = self._left_at(points, before, frame)
            self._acting = False

    def _left_at(self, points: Sequence[Point], before: tuple[int, int] | None, frame: Frame) -> tuple[int, int] | None:
        """Where actions have left the pointer, the last of them at the end of `points`, having begun at `before`.

        One without points does not move it. Where it is neither, a person has moved it meanwhile.
        """
        if not points:
            return self._placed
        where = self._where()
        if where is None:
            return None
        goal = frame.to_exact_input(points[-1])
        moved = where != before and max(abs(where[0] - goal.x), abs(where[1] - goal.y)) > _NEAR
        return self._placed if moved else where

    def _visit(self, target: str, frame: Frame) -> str:
        """Type an address into the browser's address bar. Raises `ProgramError` where there is none to type into."""
        address = check_page(target)
        app = self.active_app() or "nothing"
        if not is_browser(app.partition(": ")[0]):
            raise ProgramError(f"no browser has the focus, but {app[:80]}: click on the browser's window first")
        self._backend.release()
        deadline = Deadline(_VISIT)
        while not self._address_typed(address, frame):
            if deadline.passed:
                raise ProgramError(f"the address bar did not take the address {address:.80}: look again")
        titled, shown = self.active_app(), Deadline(_TITLED)
        self._press("enter", frame, Rules.for_opening())
        while self.active_app() == titled and not shown.passed:  # what comes next would end a request not yet sent
            self._settle(self._latest(), _REACTS)
        return f"typed into the address bar: {address}"

    def _address_typed(self, address: str, frame: Frame) -> bool:
        """Whether the address bar has all of `address`, which is typed into it, and nothing else, as the program says.

        A page passes Ctrl+L on when it likes, and keys until then are the page's.
        """
        if self.display is None:
            raise ProgramError("a browser's address bar is used on an X display only")
        from envs.selection import text_marked_by

        self._press("ctrl+l", frame, _REACTS)
        typed = self._latest()
        self._backend.perform(TypeText(text=address), frame)
        self._settle(typed, _REACTS)
        self._backend.perform(Key(chords=("delete",)), frame)  # what the bar completes the address with
        mark = functools.partial(self._backend.perform, Key(chords=("ctrl+a",)), frame)
        return text_marked_by(mark, self.display, _REACTS.timeout) == address

    def _press(self, chord: str, frame: Frame, rules: Rules) -> None:
        """Press it and wait for what it does."""
        before, key = self._latest(), Key(chords=(chord,))
        self._backend.perform(key, frame)
        self._settle(before, rules, self._addressed(key))

    def _rehearse(self, action: AnyAction, frame: Frame) -> str:
        if isinstance(action, Open):
            return f"would {self.explain(action)}"
        if isinstance(action, Wait):
            return f"would wait {action.seconds:g} s"
        return self._backend.perform(action, frame)

    def _command(self, action: Open) -> str:
        try:
            return shlex.join(self._programs.resolve(action.target))
        except ProgramError as error:
            return str(error)

    def _settle(self, before: _Capture, rules: Rules, program: PingedProgram | None = None) -> Settled:
        scale, last = before.pixels.shape[1] / before.monitor.width, [before]
        start = time.perf_counter()

        def grab(part: Box | None = None) -> Raw:
            if part is not None and isinstance(self._capture, ScreenCapture):
                return self._capture.grab_part(last[0].monitor, part)
            last[0] = self._captured(last[0].monitor)
            return last[0].pixels

        ended = None
        if self._events:
            if program:
                program.begin(start)
            settler = Settler(before.pixels, start, rules, self._ambient, scale)
            wait = EventWait(self._events, before.monitor, grab, settler, before.pixels, program)
            ended = wait.run()
            self._missed += wait.missed
        if ended is None or self._missed >= _MISSES:
            self._deafen()
        result, _ = ended or wait_until_settled(grab, before.pixels, rules, self._ambient, scale)
        self._last = last[0]
        return result

    def _addressed(self, action: AnyAction) -> PingedProgram | None:
        """The program that an action goes to, where it says that it answers pings."""
        events = self._events
        if events is None:
            return None
        by_pointer = isinstance(action, Click | LongPress | Drag | Move | Scroll)
        by_keys = isinstance(action, Key | TypeText)
        window = events.pointed() if by_pointer else events.focused() if by_keys else None
        if window is None:
            return None
        if window not in self._pinged:
            self._pinged = {window: PingedProgram(events, window), **dict(list(self._pinged.items())[:_PINGED])}
        return self._pinged[window]

    def _listen(self) -> ScreenEvents | None:
        """What tells when the screen changes; None where nothing does."""
        if self.display is None:
            return None
        try:
            from envs.screen_events import ScreenEvents

            return ScreenEvents(self.display)
        except EnvError:
            return None

    def _deafen(self) -> None:
        """The screen changes without telling: from now on it is looked at."""
        events, self._events = self._events, None
        if events:
            events.close()

    def _start(self, argv: Sequence[str]) -> None:
        """Start a program on this display, in a session of its own."""
        start_program(argv, dict(os.environ) | ({"DISPLAY": self.display} if self.display else {}))


def start_program(argv: Sequence[str], environ: Mapping[str, str]) -> None:
    """Start a program that outlives this process. Raises `EnvError` when it is missing or cannot run."""
    try:
        program = find_program(argv, environ)
        subprocess.Popen(
            [program, *argv[1:]], env=dict(environ), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    except (ProgramError, OSError) as error:
        raise EnvError(str(error)) from error


def default_backend(display: str | None) -> Backend:
    """The backend for a display: XTEST on X11, pyautogui elsewhere. Raises `EnvError`."""
    try:
        if display is not None:
            from actions.x11 import X11Device

            return InputBackend(X11Device(display))
        from actions.pyautogui_device import PyautoguiDevice

        return InputBackend(PyautoguiDevice())
    except BackendError as error:
        raise EnvError(str(error)) from error


def _geometry(frame: Frame) -> str:
    return f"{frame.width}x{frame.height} at {frame.origin} (scale {frame.scale:g}, rotated {frame.rotation})"
