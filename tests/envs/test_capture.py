"""Capture: the right pixels of the right monitor, and clear errors when there are none."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.action import Key
from actions.frame import Point
from agent.cli.main import main
from envs.capture import ScreenCapture, find_display, is_black
from envs.differences import changed_box
from envs.env import BlackScreenError, EnvError
from envs.monitor import Monitor, choose_monitor, frame_of
from envs.sandbox import BACKGROUND, SandboxEnv
from envs.x11 import XScreen
from tests.envs.conftest import TkApp

BACKGROUND_RGB = tuple(BACKGROUND.to_bytes(3, "big"))


@pytest.mark.desktop
def test_an_empty_screen_has_the_background_colour_at_every_pixel(screen: SandboxEnv) -> None:
    seen = screen.observe()
    assert seen.image.shape == (800, 1280, 3)
    assert seen.image.dtype == np.uint8
    assert (seen.image == BACKGROUND_RGB).all()
    assert (seen.frame.width, seen.frame.height, seen.frame.origin, seen.frame.scale) == (1280, 800, (0, 0), 1.0)


@pytest.mark.desktop
def test_frames_count_up(screen: SandboxEnv) -> None:
    first, second = screen.observe().frame, screen.observe().frame
    assert int(second.id) == int(first.id) + 1
    assert first.same_geometry(second)


@pytest.mark.desktop
def test_the_second_monitor_shows_its_own_pixels_and_maps_to_its_own_place(tkapp: TkApp) -> None:
    with SandboxEnv([tkapp.command()], (640, 480), share=tkapp.share, monitors=2, monitor=1) as env:
        window = env.windows()[0]
        second = env.observe()
        assert window.left >= 640
        assert second.frame.origin == (640, 0)
        grey = Point(window.left - 640 + 60, window.top + 60)
        assert tuple(second.image[int(grey.y), int(grey.x)]) == (128, 128, 128)
        assert second.frame.to_input(grey) == (window.left + 60, window.top + 60)
        capture = ScreenCapture(env.display)
        first = capture.grab(choose_monitor(capture.monitors(), "monitor-0"))
        assert (first[..., 2::-1] == BACKGROUND_RGB).all()
        assert [m[:5] for m in capture.monitors()] == [("monitor-0", 0, 0, 640, 480), ("monitor-1", 640, 0, 640, 480)]
        capture.close()


@pytest.mark.desktop
@pytest.mark.skipif(shutil.which("mousepad") is None, reason="needs mousepad")
@pytest.mark.parametrize("monitor", [0, 1])
def test_menus_open_on_the_monitor_of_their_window(monitor: int) -> None:
    with SandboxEnv(["mousepad"], (640, 480), monitors=2, monitor=monitor) as env:
        frame = env.observe().frame
        for chord in ("alt+e", "escape", "shift+f10"):  # a menu of the bar, and the context menu
            before = env.observe().image
            env.perform(Key(chords=(chord,)), frame)
            place = changed_box(before, env.observe().image)
            assert chord == "escape" or (place is not None and min(place[2:]) > 100), (chord, place)


@pytest.mark.desktop
def test_a_black_screen_is_an_error_and_not_a_picture(tkapp: TkApp) -> None:
    with SandboxEnv(size=(640, 480), rules=None) as env:
        screen = XScreen(env.display)
        screen.paint_root(0x000000)
        with pytest.raises(BlackScreenError, match="stayed black") as error:
            env.observe()
        assert "\n" not in str(error.value)
        threading.Timer(0.3, screen.paint_root, [0x030303]).start()
        assert env.observe().image.max() == 3


def test_one_lit_pixel_is_a_picture() -> None:
    black = np.zeros((80, 90, 4), np.uint8)
    black[..., 3] = 255
    assert is_black(black)
    black[37, 41, 1] = 3
    assert not is_black(black)


@pytest.mark.desktop
def test_a_display_that_goes_away_is_one_clear_line() -> None:
    with SandboxEnv(size=(640, 480)) as env:
        capture = ScreenCapture(env.display)
        monitor = capture.monitors()[0]
    with pytest.raises(EnvError, match="gone") as gone:
        capture.monitors()
    with pytest.raises(EnvError):
        capture.grab(monitor)
    assert "\n" not in str(gone.value)
    capture.close()


@pytest.mark.desktop
def test_monitors_that_change_while_it_looks_are_seen(screen: SandboxEnv) -> None:
    capture = ScreenCapture(screen.display)
    assert len(capture.monitors()) == 1
    with SandboxEnv(size=(640, 480)) as other:
        capture = ScreenCapture(other.display)
        XScreen(other.display).set_monitors((Monitor("a", 0, 0, 320, 480, True), Monitor("b", 320, 0, 320, 480)))
        assert [m.name for m in capture.monitors()] == ["a", "b"]
        assert capture.grab(capture.monitors()[1]).shape == (480, 320, 4)
        capture.close()


@pytest.mark.desktop
def test_xwayland_is_refused_before_a_black_picture_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with SandboxEnv(size=(640, 480)) as other:
        XScreen(other.display).set_monitors((Monitor("XWAYLAND0", 0, 0, 640, 480, True),))
        monkeypatch.setenv("DISPLAY", other.display)
        monkeypatch.chdir(tmp_path)
        for command in (["run", "wait"], ["record", "--out", "demo"], ["elements", "--env", "desktop"]):
            with pytest.raises(SystemExit) as left:
                main(command)
            assert left.value.code == 2
            assert "docs/wayland.md" in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


def test_no_display_and_wayland_are_one_clear_line_each() -> None:
    with pytest.raises(EnvError, match="no display"):
        find_display(None, {}, "linux")
    for session in ({"XDG_SESSION_TYPE": "wayland"}, {"WAYLAND_DISPLAY": "wayland-0"}):
        with pytest.raises(EnvError, match=r"Wayland.*docs/wayland\.md"):
            find_display(None, session, "linux")
        assert find_display(None, session | {"DISPLAY": ":5"}, "linux") == ":5"  # Xephyr or a VNC server in the session
    with pytest.raises(EnvError, match="no names"):
        find_display(":1", {}, "darwin")
    assert find_display(":7", {"XDG_SESSION_TYPE": "wayland"}, "linux") == ":7"
    assert find_display(None, {"DISPLAY": ":3"}, "linux") == ":3"
    assert find_display(None, {}, "win32") is None
    with pytest.raises(EnvError, match="cannot open the X display"):
        ScreenCapture(":98765")


def test_a_monitor_is_chosen_by_place_name_or_as_the_primary() -> None:
    two = (Monitor("left", -1920, 0, 1920, 1080), Monitor("main", 0, 0, 2560, 1440, True))
    assert choose_monitor(two, None).name == "main"
    assert choose_monitor(two, 0).name == "left"
    assert choose_monitor(two, "left").name == "left"
    with pytest.raises(EnvError, match=r"no monitor 2; there are: 0 \(left 1920x1080-1920\+0\), 1 \(main"):
        choose_monitor(two, 2)


@given(
    st.integers(-8000, 8000), st.integers(-8000, 8000), st.integers(200, 4000), st.integers(200, 4000),
    st.sampled_from([1.0, 1.25, 1.5, 2.0, 3.0]), st.floats(0, 1), st.floats(0, 1),
)  # fmt: skip
def test_every_pixel_maps_into_its_monitor_at_any_origin_and_scale(
    left: int, top: int, width: int, height: int, scale: float, x: float, y: float
) -> None:
    pixels = round(width * scale), round(height * scale)
    frame = frame_of(Monitor("m", left, top, width, height), *pixels, "0")
    point = Point(x * (frame.width - 1), y * (frame.height - 1))
    at = frame.to_input(point)
    assert left <= at[0] < left + width
    assert top <= at[1] < top + height
    assert abs(frame.from_input(*at).x - point.x) <= scale


def test_a_picture_of_something_else_is_refused() -> None:
    with pytest.raises(EnvError, match="look again"):
        frame_of(Monitor("m", 0, 0, 1000, 500), 1000, 700, "0")


@pytest.mark.desktop
def test_other_users_cannot_open_the_display(screen: SandboxEnv) -> None:
    shot = ["su", "nobody", "-s", "/bin/sh", "-c", f"DISPLAY={screen.display} xdotool getmouselocation"]
    if Path("/proc/self").owner() != "root":
        pytest.skip("needs root to become another user")
    assert b"Can't open display" in subprocess.run(shot, capture_output=True, check=False).stderr
