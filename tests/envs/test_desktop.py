"""The desktop as an environment: acting, refusing, settling, opening."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from actions.action import AnyAction, Click, Key, Open, TypeText, Wait
from actions.backend import BackendError
from actions.dryrun import DryRunBackend
from actions.frame import Frame, GeometryError, Point, StaleFrameError
from envs.capture import Raw
from envs.desktop import DesktopEnv, default_backend
from envs.env import EnvError
from envs.monitor import Monitor
from envs.processes import marked
from envs.sandbox import SandboxEnv
from envs.screen_events import ScreenEvents
from envs.x11 import XScreen
from tests.envs.conftest import PYTHON, TKAPP, TkApp
from tests.envs.resizing import resize
from tests.waiting import until


class RecordingBackend:
    """A backend that remembers what it was told and where that is in input units."""

    supported = frozenset({"click", "key"})
    held: tuple[str, ...] = ()

    def release(self) -> None: ...

    def __init__(self, failure: Exception | None = None) -> None:
        self.sent: list[tuple[AnyAction, tuple[int, int] | None]] = []
        self.closed = 0
        self._failure = failure

    def perform(self, action: AnyAction, frame: Frame) -> str:
        if self._failure:
            raise self._failure
        self.sent.append((action, frame.to_input(action.point) if isinstance(action, Click) else None))
        return "done"

    def close(self) -> None:
        self.closed += 1


class StandInCapture:
    """Stands in for displays that X11 does not have: more pixels than input units, and negative origins."""

    display = None

    def __init__(self, monitor: Monitor, scale: float) -> None:
        self.monitor, self.scale = monitor, scale

    def monitors(self) -> tuple[Monitor, ...]:
        return (self.monitor,)

    def grab(self, monitor: Monitor) -> Raw:
        size = round(monitor.height * self.scale), round(monitor.width * self.scale), 4
        return np.full(size, 90, np.uint8)

    def close(self) -> None:
        pass


def square(env: SandboxEnv) -> Point:
    """The middle of the grey square of the Tk window, in frame pixels."""
    window = env.windows()[0]
    return Point(window.left + 70, window.top + 70)


@pytest.mark.desktop
def test_settling_ends_after_an_animations_last_frame_beside_a_clock_and_a_caret(tkapp: TkApp) -> None:
    """In some of the rounds: on a busy machine the program itself rests between two frames."""
    late = []
    with SandboxEnv([tkapp.command("animate", "clock", "entry")], share=tkapp.share) as env:
        for count in range(1, 8):
            outcome = env.perform(Click(point=square(env)), env.observe().frame)
            ended = time.perf_counter()
            assert outcome.settled
            assert outcome.timings["last_change"] < outcome.timings["settle"]
            late.append(ended > tkapp.wait_for("moved", 10 * count)[-1])
    assert any(late), "ended before the animation did"


@pytest.mark.desktop
def test_beside_a_clock_and_a_caret_nothing_has_changed(tkapp: TkApp) -> None:
    outcomes = []
    with SandboxEnv([tkapp.command("clock", "entry")], share=tkapp.share) as env:
        for _ in range(9):
            frame = env.observe().frame
            tkapp.wait_for("ticked", len(tkapp.times("ticked")) + 2)  # while the model decides
            outcomes.append(env.perform(Key(chords=("shift",)), frame))
    assert all(outcome.settled for outcome in outcomes)
    assert sum(outcome.changed for outcome in outcomes) <= 4, "what ticks by itself is known after a while"


@pytest.mark.desktop
@pytest.mark.parametrize("toolkit", ["Tk", "GTK"])
def test_a_redraw_that_comes_300_ms_late_is_seen(tkapp: TkApp, toolkit: str) -> None:
    """GTK answers a ping at once, and is waited for all the same; both draw the pressed button first."""
    command, redrawn = (tkapp.command("late"), "moved") if toolkit == "Tk" else (tkapp.gtk("late"), "shown")
    outcomes = []
    with SandboxEnv([command], share=tkapp.share) as env:
        for count in range(1, 5):
            outcomes.append(env.perform(Click(point=square(env)), env.observe().frame))
            tkapp.wait_for(redrawn, count)
    assert any(outcome.changed and outcome.settled for outcome in outcomes[1:]), "a busy machine is later still"


@pytest.mark.desktop
def test_a_program_that_has_not_read_its_click_is_waited_for(tkapp: TkApp) -> None:
    with SandboxEnv([tkapp.gtk("slow")], share=tkapp.share) as env:
        for count in range(1, 4):
            outcome = env.perform(Click(point=square(env)), env.observe().frame)
            ended = time.perf_counter()
            shown = tkapp.wait_for("shown", count)[-1]
    assert outcome.changed
    assert shown < ended, "it is known to answer, by now"


@pytest.mark.desktop
def test_a_program_that_blinks_for_ever_settles(tkapp: TkApp) -> None:
    with SandboxEnv([tkapp.command("blink")], share=tkapp.share) as env:
        outcomes = [env.perform(Key(chords=("shift",)), env.observe().frame) for _ in range(4)]
        tkapp.wait_for("blinked", 5)
    assert all(outcome.settled for outcome in outcomes)


@pytest.mark.desktop
def test_a_screen_that_does_not_tell_of_its_changes_is_looked_at(tkapp: TkApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ScreenEvents, "take", lambda self: [])
    monkeypatch.setattr(ScreenEvents, "pending", False)
    with SandboxEnv([tkapp.command("fields")], share=tkapp.share) as env:
        outcomes = [env.perform(TypeText(text="a"), env.observe().frame) for _ in range(6)]
    assert sum(bool(outcome.changed) for outcome in outcomes) >= 3, "a busy machine may draw later"


@pytest.mark.desktop
def test_a_window_that_never_rests_ends_at_the_deadline_unsettled(tkapp: TkApp) -> None:
    with SandboxEnv([tkapp.command("never")], share=tkapp.share) as env:
        outcomes = [env.perform(Key(chords=("shift",)), env.observe().frame) for _ in range(3)]
    assert not all(outcome.settled for outcome in outcomes), "on a busy machine it rests now and then"
    assert all(outcome.settled or outcome.timings["settle"] >= 2.9 for outcome in outcomes)


def hold_window_manager(env: SandboxEnv) -> None:
    """Stop it for a second."""
    names = {pid: Path(f"/proc/{pid}/comm").read_text() for pid in marked(f"DISPLAY={env.display}")}
    [manager] = [pid for pid, name in names.items() if name == "openbox\n"]
    os.kill(manager, signal.SIGSTOP)
    threading.Timer(1.0, os.kill, (manager, signal.SIGCONT)).start()


STARTS_SLOWLY = """#!{python}
import os, signal, subprocess, sys, time, xcffib, xcffib.xproto
x = xcffib.connect()
root = x.get_setup().roots[0].root
name = b"_NET_SUPPORTING_WM_CHECK"
atom = x.core.InternAtom(False, len(name), name).reply().atom
manager = subprocess.Popen(["{openbox}", *sys.argv[1:]])
while not x.core.GetProperty(False, root, atom, 0, 0, 1).reply().format:
    pass
manager.send_signal(signal.SIGSTOP)
time.sleep(1.0)
manager.send_signal(signal.SIGCONT)
sys.exit(manager.wait())
"""


@pytest.mark.desktop
def test_programs_start_once_a_slow_window_manager_manages(
    tkapp: TkApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapper = tmp_path / "bin/openbox"
    wrapper.parent.mkdir()
    wrapper.write_text(STARTS_SLOWLY.format(python=sys.executable, openbox=shutil.which("openbox")))
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")
    for _ in range(2):
        with SandboxEnv([tkapp.command("clock")], share=tkapp.share, app_timeout=5.0) as env:
            assert env.windows()


@pytest.mark.desktop
def test_a_click_that_a_slow_window_manager_holds_back_is_waited_for(tkapp: TkApp) -> None:
    with SandboxEnv([tkapp.gtk("counting")], share=tkapp.share) as env:
        assert env.perform(Click(point=square(env)), env.observe().frame).changed
        hold_window_manager(env)
        assert env.perform(Click(point=square(env)), env.observe().frame).changed


@pytest.mark.desktop
def test_text_does_not_overtake_a_click_that_a_slow_window_manager_holds_back(tkapp: TkApp) -> None:
    with SandboxEnv([tkapp.command("fields")], share=tkapp.share) as env:
        window = env.windows()[0]
        hold_window_manager(env)
        env.perform(Click(point=Point(window.left + 300, window.top + 300)), env.observe().frame)
        env.perform(TypeText(text="ab"), env.observe().frame)
        until(lambda: tkapp.times("|ab"), say=lambda: "it was typed into the field that had the focus")


@pytest.mark.desktop
def test_a_changed_geometry_is_refused_and_nothing_is_sent() -> None:
    backend = RecordingBackend()
    with SandboxEnv(size=(640, 480), make_backend=lambda _: backend) as env:
        frame = env.observe().frame
        for changed in (Monitor("m", 0, 0, 600, 480, True), Monitor("m", 40, 0, 600, 480, True)):
            XScreen(env.display).set_monitors((changed,))
            with pytest.raises(StaleFrameError, match="look again"):
                env.perform(Click(point=Point(10, 10)), frame)
            frame = env.observe().frame
            assert (frame.origin[0], frame.width) == (changed.left, 600)
        assert backend.sent == []
        assert env.perform(Click(point=Point(10, 10)), frame).performed
        assert backend.sent[0][1] == (50, 10)


@pytest.mark.desktop
def test_a_rotated_monitor_is_refused(tkapp: TkApp) -> None:
    backend = RecordingBackend()
    with SandboxEnv(size=(800, 600), make_backend=lambda _: backend) as env:
        XScreen(env.display).set_monitors((Monitor("m", 0, 0, 600, 400, True),))
        frame = env.observe().frame
        XScreen(env.display).set_monitors((Monitor("m", 0, 0, 400, 600, True),))
        with pytest.raises(StaleFrameError):
            env.perform(Click(point=Point(10, 10)), frame)
        assert backend.sent == []


@pytest.mark.desktop
def test_a_display_that_is_gone_is_a_device_error_and_nothing_is_sent() -> None:
    backend = RecordingBackend()
    sandbox = SandboxEnv(size=(640, 480), make_backend=lambda _: DryRunBackend())
    env = DesktopEnv(sandbox.display, backend=backend)
    frame = env.observe().frame
    sandbox.close()
    with pytest.raises(EnvError, match="gone"):
        env.perform(Click(point=Point(1, 1)), frame)
    with pytest.raises(EnvError):
        env.observe()
    assert backend.sent == []
    env.close()
    env.close()
    assert backend.closed == 1


@pytest.mark.parametrize(
    ("monitor", "scale", "pixel", "unit"),
    [
        (Monitor("retina", 0, 0, 1440, 900, True), 2.0, (2879, 1799), (1439, 899)),
        (Monitor("left", -1920, -120, 1920, 1080), 1.0, (0, 0), (-1920, -120)),
        (Monitor("left", -1280, 40, 1280, 800), 1.5, (999, 300), (-614, 240)),
    ],
)
def test_a_stand_in_for_hidpi_and_negative_origins_maps_to_input_units(
    monitor: Monitor, scale: float, pixel: tuple[int, int], unit: tuple[int, int]
) -> None:
    backend = RecordingBackend()
    env = DesktopEnv(capture=StandInCapture(monitor, scale), backend=backend)
    frame = env.observe().frame
    assert (frame.scale, frame.origin) == (scale, (monitor.left, monitor.top))
    env.perform(Click(point=Point(*pixel)), frame)
    assert backend.sent[0][1] == unit
    with pytest.raises(GeometryError):
        env.perform(Click(point=Point(frame.width, 0)), frame)
    assert len(backend.sent) == 1


def test_a_failing_device_is_an_environment_error() -> None:
    backend = RecordingBackend(BackendError("unplugged"))
    env = DesktopEnv(capture=StandInCapture(Monitor("m", 0, 0, 400, 300), 1.0), backend=backend)
    with pytest.raises(EnvError, match="unplugged"):
        env.perform(Click(point=Point(1, 1)), env.observe().frame)


def test_a_dry_run_sends_starts_and_waits_for_nothing() -> None:
    started: list[Sequence[str]] = []
    env = DesktopEnv(
        capture=StandInCapture(Monitor("m", 0, 0, 400, 300), 1.0), backend=DryRunBackend(), launcher=started.append
    )
    frame = env.observe().frame
    start = time.perf_counter()
    for action in (Click(point=Point(5, 6)), TypeText(text="hello"), Open(target="anything"), Wait(seconds=60)):
        outcome = env.perform(action, frame)
        assert not outcome.performed
        assert outcome.detail.startswith("would ")
    assert time.perf_counter() - start < 60, "it waited"
    assert started == []
    with pytest.raises(GeometryError):
        env.perform(Click(point=Point(500, 6)), frame)


def test_a_wait_lasts_as_long_as_it_says_and_can_be_interrupted() -> None:
    env = DesktopEnv(capture=StandInCapture(Monitor("m", 0, 0, 400, 300), 1.0), backend=RecordingBackend())
    frame = env.observe().frame
    assert env.perform(Wait(seconds=0.2), frame).timings["act"] >= 0.2
    threading.Timer(0.1, env.stop.set).start()
    outcome = env.perform(Wait(seconds=30), frame)
    assert outcome.timings["act"] < 5
    assert "interrupted" in outcome.detail


def test_opening_what_is_not_allowed_does_nothing_and_says_so() -> None:
    started: list[Sequence[str]] = []
    env = DesktopEnv(
        capture=StandInCapture(Monitor("m", 0, 0, 400, 300), 1.0), backend=RecordingBackend(),
        programs=["true --flag"], launcher=started.append,
    )  # fmt: skip
    frame = env.observe().frame
    for target in ("rm -rf /", "true; reboot", "true --other", "javascript:alert(1)", "file:///no/such/file"):
        outcome = env.perform(Open(target=target), frame)
        assert not outcome.performed
        assert outcome.detail
    assert started == []
    assert env.perform(Open(target="true"), frame).performed
    assert started == [[shutil.which("true"), "--flag"]]


@pytest.mark.desktop
def test_open_starts_a_program_on_the_sandbox_and_waits_for_its_window(tkapp: TkApp, tmp_path: Path) -> None:
    command = f"{PYTHON} {TKAPP} {tmp_path / 'tkapp.log'}"
    with SandboxEnv(programs=[command], share=tkapp.share) as env:
        action = Open(target=Path(PYTHON).name)
        outcome = env.perform(action, env.observe().frame)
        assert outcome.performed
        assert outcome.detail == f"started: {command}"
        assert env.explain(action).endswith(command)
        assert outcome.settled
        assert [window.title for window in env.windows()] == ["tkapp"]
        assert env.observe().app == "Tk: tkapp"


@pytest.mark.desktop
def test_only_a_pointer_that_the_user_moved_has_a_position() -> None:
    with SandboxEnv(size=(640, 480)) as sandbox:
        env = DesktopEnv(sandbox.display)
        env.perform(Click(point=Point(30, 40)), env.observe().frame)
        assert env.pointer() is None
        sandbox.perform(Click(point=Point(0, 0)), sandbox.observe().frame)
        until(lambda: env.pointer() == (0, 0))
        assert env.corner() == (0, 0)
        env.close()


class DisturbedBackend:
    """The display's own backend, and something that happens to the display before an action has ended."""

    def __init__(self, display: str, happens: Callable[[str], None]) -> None:
        self._inner, self._display, self._happens = default_backend(display), display, happens
        self.supported, self.held = self._inner.supported, ()

    def perform(self, action: AnyAction, frame: Frame) -> str:
        said = self._inner.perform(action, frame)
        self._happens(self._display)
        return said

    def release(self) -> None:
        self._inner.release()

    def close(self) -> None:
        self._inner.close()


def push_into_corner(display: str) -> None:
    with contextlib.closing(XScreen(display)) as screen:
        screen.put_pointer(0, 0)


@pytest.mark.desktop
@pytest.mark.parametrize("action", [TypeText(text="on and on"), Click(point=Point(30, 40))])
def test_a_pointer_that_the_user_moves_during_an_action_is_the_users(action: AnyAction) -> None:
    with (
        SandboxEnv(size=(640, 480)) as sandbox,
        contextlib.closing(
            DesktopEnv(sandbox.display, backend=DisturbedBackend(sandbox.display, push_into_corner))
        ) as env,
    ):
        env.perform(action, env.observe().frame)
        assert env.pointer() == (0, 0)


@pytest.mark.desktop
def test_a_display_that_an_action_makes_smaller_is_waited_for_and_seen() -> None:
    def shrink(display: str) -> None:
        resize(display, 500, 400)

    with SandboxEnv(size=(640, 480), make_backend=lambda display: DisturbedBackend(display, shrink)) as env:
        old = env.observe().frame
        outcome = env.perform(Key(chords=("shift",)), old)
        assert (outcome.performed, outcome.settled, outcome.changed) == (True, True, True)
        with pytest.raises(StaleFrameError, match=r"changed from 640x480 .* to 500x400"):
            env.perform(Click(point=Point(5, 5)), old)
        assert env.observe().image.shape == (400, 500, 3)
