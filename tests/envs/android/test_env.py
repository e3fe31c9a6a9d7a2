"""AndroidEnv on the simulated phone: what it sees, does, refuses, and leaves behind."""

import gzip
import struct
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.action import Button, Click, Drag, HoldKeys, HoldMouse, Move, Open, ReleaseMouse, Scroll, TypeText, Wait
from actions.adb import AdbServer
from actions.adb.lines import command
from actions.frame import Frame, Point, StaleFrameError
from envs.android import AndroidEnv
from envs.android.capture import HalfFrameError, ScreencapCapture, decode_gzip, decode_png, decode_raw
from envs.android.simulated import PrivateAdbServer
from envs.android.state import parse_state
from envs.env import EnvError
from envs.input_capture.android import AndroidListener, AndroidScreenSource
from envs.input_capture.events import Clicked, Down, Up
from envs.phone.apps import apps
from envs.phone.phone import Phone
from envs.phone.phone_facts import SECOND_ID
from tests.waiting import until


def raw(pixels: np.ndarray, header: int = 16) -> bytes:
    return struct.pack("<4I", pixels.shape[1], pixels.shape[0], 1, 1)[:header] + pixels.tobytes()


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([12, 16]), st.data())
def test_a_picture_is_whole_or_an_error(width: int, height: int, header: int, data: st.DataObject) -> None:
    pixels = np.random.default_rng(width * height).integers(0, 255, (height, width, 4), np.uint8)
    pixels[..., 3] = 255
    whole = raw(pixels, header)
    png = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGRA))[1].tobytes()
    assert np.array_equal(decode_raw(whole), pixels)
    assert np.array_equal(decode_gzip(gzip.compress(whole)), pixels)
    assert np.array_equal(decode_png(png), pixels)
    for read, source in ((decode_raw, whole), (decode_gzip, gzip.compress(whole)), (decode_png, png)):
        cut = data.draw(st.integers(0, len(source) - 1))
        if read is decode_raw and header == 16 and len(source) - cut == 4:
            continue  # a header of 12 and one pixel more is another whole picture
        with pytest.raises(HalfFrameError):
            read(source[:cut])


def test_what_real_phones_say() -> None:
    said = """  mWakefulness=Awake
  mCurrentFocus=Window{8a1b u0 com.google.android.deskclock/com.android.deskclock.DeskClock}
  mShowingLockscreen=false mDreamingLockscreen=false
  mViewports=[DisplayViewport{type=INTERNAL, valid=true, isActive=true, displayId=0, uniqueId='local:4619', \
physicalPort=0, orientation=3, logicalFrame=Rect(0, 0 - 2400, 1080), physicalFrame=Rect(0, 0 - 2400, 1080), \
deviceWidth=2400, deviceHeight=1080}]
  mShowRequested=true mInputShown=true"""
    state = parse_state(said)
    assert (state.awake, state.locked, state.rotation, state.size, state.keyboard) == (
        True,
        False,
        270,
        (2400, 1080),
        True,
    )
    assert state.package == "com.google.android.deskclock"
    old = parse_state("mCurrentFocus=null\nmFocusedApp=AppWindowToken{3 token=Token{4 ActivityRecord{5 u0 a.b/.C t6}}}"
                      "\n  SurfaceOrientation: 1\n  mDreamingLockscreen=true")  # fmt: skip
    assert (old.app, old.rotation, old.size, old.locked, old.awake) == ("a.b/.C", 90, None, True, None)
    assert parse_state("").app is None


def test_what_it_sees(env: AndroidEnv, phone: Phone) -> None:
    seen = env.observe()
    assert seen.image.shape == (2400, 1080, 3)
    assert seen.frame.geometry == (1080, 2400, (0, 0), 1.0, 0)
    assert seen.app == "com.handeye.launcher/.Launcher"
    assert seen.keyboard_shown is False
    assert seen.elements == ()
    assert env.platform == "mobile"
    assert env.name.startswith(f"simulated phone {phone.serial}")
    assert any(element.text == "Settings" for element in env.elements(seen.frame))
    assert seen.details is not None
    tree = seen.details.tree(seen.frame)
    assert any(element.clickable and element.program == "com.handeye.launcher" for element in tree)
    assert any(not element.text for element in tree)
    assert {"Clock", "Settings"} <= set(seen.details.app_names())


def test_every_way_of_capture_shows_the_same(env: AndroidEnv) -> None:
    camera = ScreencapCapture(env.link)
    assert set(camera.timings) == {"gzip", "png", "raw"}
    assert camera.method == min(camera.timings, key=lambda method: camera.timings[method])
    env.observe()
    assert np.array_equal(camera.grab_by("png"), camera.grab_by("raw"))


@pytest.fixture(scope="module")
def wide(server: PrivateAdbServer) -> Iterator[Phone]:
    with Phone(keys=[server.key], second=(1200, 900)) as phone:
        yield phone


def test_another_display_is_seen_and_acted_on(wide: Phone, server: AdbServer) -> None:
    assert wide.second
    with AndroidEnv(wide.serial, server, display=SECOND_ID) as env:
        look = env.observe()
        assert (look.frame.width, look.frame.height, look.frame.rotation) == (1200, 900, 0)
        assert env.name.endswith(" 1200x900 display 2")
        if env.stream:  # where PyAV is
            assert env.stream._last is not None
            height, width = env.stream._last.shape
            assert height < width
        assert in_front(env) == "com.handeye.launcher"
        assert env.perform(Open(target="Notes"), look.frame).performed
        assert in_front(env) == wide.second.look()["package"] == "com.handeye.notes"
        assert wide.look()["package"] == "com.handeye.launcher"
        touched: list[str] = []
        wide.screen.on_touch = lambda event, at: touched.append(event)
        wide.second.screen.on_touch = lambda event, at: touched.append(f"second {event} {at}")
        assert env.perform(Click(point=Point(600, 300)), env.observe().frame).performed
        assert touched == [f"second touchStart {Point(600.0, 300.0)}", "second touchEnd None"]
        assert env.perform(Button(name="home"), env.observe().frame).performed
        assert in_front(env) == "com.handeye.launcher"
    with AndroidEnv(wide.serial, server) as env:
        assert env.observe().frame.width == 1080
        assert "display" not in env.name
        assert env.perform(Open(target="Clock"), env.observe().frame).performed
        assert (in_front(env), wide.second.look()["package"]) == ("com.android.deskclock", "com.handeye.launcher")


def test_the_touches_on_another_display_are_told_from_the_first_s(wide: Phone, server: AdbServer) -> None:
    assert wide.second
    for display, at in ((SECOND_ID, (600, 300)), (0, (40, 50))):
        with AndroidEnv(wide.serial, server, display=display) as env:
            listener = AndroidListener(env.link, AndroidScreenSource(env).geometry, display)
            for inputs, place in ((wide.inputs, Point(40, 50)), (wide.second.inputs, Point(600, 300))):
                inputs.touch("touchStart", place)
                inputs.touch("touchEnd", None)
            wide.inputs.key("BACK")
            heard = [listener.events.get(timeout=60) for _ in range(3)]
            listener.close()
        assert [type(event) for event in heard] == [Down, Up, Clicked]
        assert isinstance(heard[0], Down)
        assert (heard[0].x, heard[0].y) == pytest.approx(at, abs=1)


def test_a_display_that_is_not_there_is_one_line(wide: Phone, phone: Phone, server: AdbServer) -> None:
    with pytest.raises(EnvError, match=r"has no display 7 that can be captured: it has 0, 2$"):
        AndroidEnv(wide.serial, server, display=7)
    with pytest.raises(EnvError, match=r"has no display 2 that can be captured: it has 0$"):
        AndroidEnv(phone.serial, server, display=2)


def test_a_display_that_goes_away_ends_it(wide: Phone, server: AdbServer) -> None:
    with AndroidEnv(wide.serial, server, display=SECOND_ID) as env:
        frame = env.observe().frame
        second, wide.second = wide.second, None
        try:
            for act in (env.observe, lambda: env.perform(Click(point=Point(1, 1)), frame)):
                with pytest.raises(EnvError, match=r"has no display 2 that can be captured: it has 0$"):
                    act()
        finally:
            wide.second = second


@pytest.mark.parametrize(
    ("display", "app", "size", "physical"),
    [(0, "app.lawnchair", (1080, 2340), "11"), (2, "com.game", (1920, 1080), "33"), (3, None, None, None)],
)
def test_each_display_has_its_own_window_size_and_id(
    display: int, app: str | None, size: tuple[int, int] | None, physical: str | None
) -> None:
    said = """  Display: mDisplayId=3 (organized)
    mCurrentFocus=null
    mFocusedApp=null
  Display: mDisplayId=2 (organized)
    mCurrentFocus=null
    mFocusedApp=ActivityRecord{14144584 u0 com.game/com.game.Main t7}
  Display: mDisplayId=0 (organized)
    mCurrentFocus=Window{b u0 app.lawnchair/app.lawnchair.Launcher}
  mViewports=[DisplayViewport{type=INTERNAL, valid=true, isActive=true, displayId=0, uniqueId='local:11', \
orientation=0, logicalFrame=Rect(0, 0 - 1080, 2340)}, DisplayViewport{type=EXTERNAL, valid=true, displayId=2, \
uniqueId='local:33', orientation=1, logicalFrame=Rect(0, 0 - 1920, 1080)}, DisplayViewport{type=VIRTUAL, valid=true, \
displayId=3, uniqueId='virtual:com.scrcpy,2000,scrcpy,0', orientation=0, logicalFrame=Rect(0, 0 - 5, 5)}]"""
    state = parse_state(said, display)
    assert (state.package, state.display, state.displays) == (app, physical, (0, 2))
    assert size is None or state.size == size
    assert state.rotation == (90 if display == 2 else 0)


def test_a_phone_that_cannot_touch_another_display_says_so(wide: Phone, server: AdbServer) -> None:
    wide.faults.before = _old_input
    try:
        with pytest.raises(EnvError, match=r"acts on its first display only \(input -d: Android 10\)"):
            AndroidEnv(wide.serial, server, display=SECOND_ID)
    finally:
        wide.faults.clear()


def _old_input(argv: tuple[str, ...]) -> None:
    if argv == ("input",):
        raise OSError(2, "Usage: input [<source>] <command> [<arg>...]")


def in_front(env: AndroidEnv) -> str:
    return (env.observe().app or "").partition("/")[0]


def test_an_app_opens_by_its_label_in_the_phones_language(env: AndroidEnv, phone: Phone) -> None:
    frame = env.observe().frame
    for locale, name, package in (
        ("de-DE", "einstellungen", "com.android.settings"),
        ("ja-JP", "時計", "com.android.deskclock"),
        ("en-US", "Browser", "com.android.browser"),
    ):
        phone.state.properties["persist.sys.locale"] = locale
        assert env.perform(Open(target=name), frame).performed
        frame = env.observe().frame
        assert in_front(env) == package
    phone.state.properties["persist.sys.locale"] = "en-US"
    for name in ("Einstellungen", "Internet", "Clocks", "Setting"):
        told = env.perform(Open(target=name), env.observe().frame)
        assert not told.performed
        assert f"no app called '{name}' on this phone; the nearest: " in told.detail
        assert in_front(env) == "com.android.browser"


def test_labels_are_read_once(env: AndroidEnv, phone: Phone) -> None:
    read: list[str] = []
    phone.faults.before = lambda argv: read.append(argv[2]) if argv[0] == "unzip" else None
    for name in ("Clock", "Settings"):
        assert env.perform(Open(target=name), env.observe().frame).performed
    assert len(read) == len(set(read)) == sum(app.in_launcher for app in apps().values())


def test_open_scroll_drag_and_buttons(env: AndroidEnv, phone: Phone) -> None:
    frame = env.observe().frame
    assert env.perform(Open(target="Settings"), frame).performed
    env.link.run(command("settings", "put", "system", "user_rotation", "1"))
    frame = env.observe().frame
    place = "Math.round(system.front().frame.contentDocument.querySelector('main').scrollTop)"
    env.perform(Scroll(dy=4), frame)
    down = phone.screen.ask(place)
    assert down > 50
    env.perform(Scroll(dy=-8), env.observe().frame)
    assert phone.screen.ask(place) < down
    path = (Point(1200, 700), Point(1250, 500), Point(1200, 300))
    assert env.perform(Drag(path=path), env.observe().frame).performed
    assert phone.screen.ask(place) > 50
    env.perform(Button(name="home"), env.observe().frame)
    assert env.state().package == "com.handeye.launcher"


def test_what_a_phone_cannot_do_is_said(env: AndroidEnv) -> None:
    frame = env.observe().frame
    for action in (Move(point=Point(1, 1)), Click(point=Point(1, 1), button="right"), Open(target="Photoshop")):
        outcome = env.perform(action, frame)
        assert not outcome.performed
        assert outcome.detail


def test_a_finger_is_held_down_until_it_is_lifted(env: AndroidEnv, phone: Phone) -> None:
    assert env.perform(Open(target="Settings"), env.observe().frame).performed
    env.link.run(command("settings", "put", "system", "user_rotation", "1"))  # where the list is longer than the screen
    before = env.observe()
    assert not env.perform(HoldKeys(keys=("ctrl",)), before.frame).performed
    assert env.perform(ReleaseMouse(), before.frame).detail == "no finger is down"
    assert env.perform(HoldMouse(point=Point(1200, 700)), before.frame).performed
    seen = env.observe()
    assert seen.held == ("left button",)
    assert env.perform(Move(point=Point(1200, 300)), seen.frame).performed
    until(lambda: not np.array_equal(env.observe().image, before.image))
    assert env.perform(ReleaseMouse(), seen.frame).performed
    assert env.observe().held == ()


def test_a_finger_is_lifted_before_a_tap_and_at_the_end(env: AndroidEnv) -> None:
    frame = env.observe().frame
    for end in (lambda: env.perform(Button(name="home"), frame), env.release):
        assert env.perform(HoldMouse(point=Point(5, 900)), frame).performed
        end()
        assert env.backend.held == ()


def test_a_dry_run_sends_nothing(phone: Phone, server: AdbServer) -> None:
    with AndroidEnv(phone.serial, server, capture="png", dry_run=True) as env:
        frame = env.observe().frame
        told = [env.perform(action, frame) for action in (Open(target="Settings"), TypeText(text="日本"), Wait())]
        assert [(outcome.performed, outcome.dry_run) for outcome in told] == [(False, True)] * 3
        assert all(outcome.detail.startswith("would ") for outcome in told)
        assert env.state().package == "com.handeye.launcher"


def test_an_old_frame_is_refused(env: AndroidEnv) -> None:
    env.observe()
    with pytest.raises(StaleFrameError, match="look again"):
        env.perform(Click(point=Point(5, 5)), Frame(id="x", width=2400, height=1080, rotation=90))


def test_several_phones_at_once(env: AndroidEnv, phone: Phone, server: PrivateAdbServer) -> None:
    with Phone(keys=[server.key]) as other, AndroidEnv(other.serial, server, capture="png") as second:
        second.perform(Open(target="Settings"), second.observe().frame)
        assert second.state().package == "com.android.settings"
        assert env.state().package == "com.handeye.launcher"


def test_a_shell_without_exit_status(env: AndroidEnv) -> None:
    """Android 6 and before: the first version of the shell protocol."""
    env.link.__dict__["_knows_v2"] = False
    assert env.link.run(command("echo", "a b")).out == "a b"
    assert env.link.run(command("false")).status == 1
    assert env.observe().app == "com.handeye.launcher/.Launcher"


def test_no_such_device(server: AdbServer) -> None:
    with pytest.raises(EnvError, match="no device nothing"):
        AndroidEnv("nothing", server)
