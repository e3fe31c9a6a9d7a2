"""scrcpy's stream: the simulated phone speaks its protocol, and by it a step takes few pictures."""

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from actions.action import Click
from actions.adb import AdbServer
from actions.adb.lines import command
from actions.adb.link import AdbLink
from actions.backend import BackendError
from actions.extras import install_command
from actions.frame import Box, Point
from envs.android import AndroidEnv
from envs.android import env as env_module
from envs.android.known_devices import recall
from envs.android.scrcpy import ScreenStream, find_server
from envs.android.settling import RULES
from envs.env import EnvError
from envs.phone.mirroring import MAIN, VERSION
from envs.phone.phone import Phone

av = pytest.importorskip("av")
BLANK = Click(point=Point(540, 1500))
PAGE = """(() => { const page = system.front().frame.contentDocument; page.body.textContent = "a page"; let n = 0;
    page.onclick = () => { n += 1; page.body.style.background = `hsl(${99 * n} 80% 60%)`; }; return true; })()"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In place of scrcpy's server: the simulated phone has its own."""
    path = tmp_path / "scrcpy-server"
    path.write_bytes(b"a server")
    monkeypatch.setenv("SCRCPY_SERVER_PATH", str(path))
    return path


@pytest.fixture
def followed(phone: Phone, server: AdbServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[AndroidEnv]:
    monkeypatch.setattr(env_module, "_FRESH", 60.0)
    with AndroidEnv(phone.serial, server, capture="png") as android:
        yield android


@pytest.fixture
def patient(phone: Phone, server: AdbServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[AndroidEnv]:
    """It waits for a change for as long as a busy machine needs to draw one."""
    monkeypatch.setattr(env_module, "_FRESH", 60.0)
    rules = replace(RULES, reaction=60.0, timeout=120.0)
    with AndroidEnv(phone.serial, server, capture="png", rules=rules) as android:
        yield android


def counted(phone: Phone) -> list[str]:
    taken: list[str] = []
    phone.faults.before = lambda argv: taken.append(argv[0]) if argv[0] == "screencap" else None
    return taken


def test_where_nothing_changes_no_picture_is_taken(followed: AndroidEnv, phone: Phone) -> None:
    assert followed.stream
    assert followed.stream.version == VERSION
    first = followed.observe()
    for _ in range(5):  # a minute may begin, which the clock shows
        frame = followed.observe().frame
        taken = counted(phone)
        outcome = followed.perform(BLANK, frame)
        seen = followed.observe()
        if not taken:
            break
    assert not taken
    assert (outcome.settled, outcome.changed) == (True, False)
    assert np.array_equal(seen.image, first.image)


def test_a_change_is_seen_to_the_pixel(patient: AndroidEnv, phone: Phone) -> None:
    phone.screen.ask(PAGE)
    patient.observe()
    for _ in range(2):
        outcome = patient.perform(BLANK, patient.observe().frame)
        assert (outcome.settled, outcome.changed) == (True, True)
        assert "last_change" in outcome.timings
        seen = patient.observe().image
        assert np.array_equal(seen, cv2.cvtColor(patient.capture.grab(), cv2.COLOR_RGBA2RGB))


def test_a_stream_that_ends_is_done_without(patient: AndroidEnv, phone: Phone) -> None:
    phone.screen.ask(PAGE)
    assert patient.stream
    phone.daemon.cut()
    patient.stream.wait(1 << 30, 60.0)
    assert not patient.stream.alive
    outcome = patient.perform(BLANK, patient.observe().frame)
    assert (outcome.settled, outcome.changed) == (True, True)


def test_a_turned_phone_is_one_whole_change(followed: AndroidEnv, phone: Phone) -> None:
    stream = followed.stream
    assert stream
    assert stream._last is not None
    assert stream._last.shape == (800, 360)
    phone.rotate("1")
    while stream._last.shape != (360, 800):
        stream.wait(stream.frames, 60.0)
        assert stream.alive
    assert stream._changes[-1][1].area > 0


def test_a_phone_that_does_not_run_the_server_is_used_without(phone: Phone, server: AdbServer) -> None:
    def before(argv: tuple[str, ...]) -> None:
        if argv[0] == "app_process":
            raise OSError(13, "Aborted")

    phone.faults.before = before
    with AndroidEnv(phone.serial, server, capture="png") as android:
        assert android.stream is None
        assert "does not run scrcpy's server" in android.no_stream
        assert android.observe().app


def test_without_pyav_it_says_what_is_missing(phone: Phone, server: AdbServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env_module, "decodes", lambda: False)
    with AndroidEnv(phone.serial, server, capture="png") as android:
        assert android.stream is None
        assert android.no_stream == f"PyAV is not here: {install_command('film')}"


def test_what_was_found_is_remembered(
    phone: Phone, server: AdbServer, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(AndroidEnv, "simulated", False)
    for turn in range(2):
        asked: list[str] = []
        phone.faults.before = lambda argv, asked=asked: asked.append(argv[0])  # type: ignore[misc]
        with AndroidEnv(phone.serial, server) as android:
            assert android.stream
            assert android.stream.version == VERSION
        assert (asked.count("screencap") >= 6, asked.count("app_process")) == ((True, 2), (False, 1))[turn]
    assert recall("another") == {}
    (tmp_path / "handeye/phones.json").write_text("[]")
    assert recall(android._device) == {}


def test_a_server_that_is_named_in_vain_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRCPY_SERVER_PATH", "/none")
    with pytest.raises(EnvError, match="there is no file /none"):
        find_server()


def test_the_simulated_phone_sends_scrcpys_headers(phone: Phone, server: AdbServer) -> None:
    link = AdbLink(phone.serial, server)
    link.push(b"a server", "/data/local/tmp/x.jar")
    start = ("env", "CLASSPATH=/data/local/tmp/x.jar", "app_process", "/", MAIN)
    refused = link.run(command(*start, "1.0"))
    assert refused.status
    assert f"The server version ({VERSION}) does not match the client (1.0)" in refused.error
    assert link.run(command(*start, VERSION, "audio=true")).status
    given = ("scid=0000abcd", "tunnel_forward=true", "audio=false", "control=false", "max_size=400")
    output = link.follow(command(*start, VERSION, *given))
    assert b"Device:" in output.recv(100)
    with phone.screen.watched(800), link.dial("localabstract:scrcpy_0000abcd") as video:
        read = video.makefile("rb")
        assert read.read(65) == b"\0" + b"simulated phone".ljust(64, b"\0")
        codec, width, height = struct.unpack(">4s2I", read.read(12))
        assert (codec, width % 8, height) == (b"h264", 0, 400)
        flags, size = struct.unpack(">QI", read.read(12))
        assert flags == 1 << 63
        config = read.read(size)
        flags, size = struct.unpack(">QI", read.read(12))
        assert flags >> 62 == 1
        frames = av.CodecContext.create("h264", "r").decode(av.Packet(config + read.read(size)))
    output.close()
    assert [(frame.width, frame.height) for frame in frames] in ([], [(width, height)])
    with pytest.raises(BackendError):
        link.dial("localabstract:scrcpy_0000abcd")


def test_what_an_encoder_sharpens_is_no_change() -> None:
    stream = ScreenStream.__new__(ScreenStream)
    ScreenStream.reset(stream)
    grey = np.full((100, 50), 100, np.uint8)
    stream._take(1.0, grey)
    stream._take(2.0, grey + 9)
    changed = grey + 9
    changed[20:30, 10:20] = 200
    stream._take(3.0, changed)
    assert stream.frames == 3
    assert [when for when, _ in stream._changes] == [1.0, 3.0]
    assert stream.changed_since(1.5, lambda box: False) == 3.0
    assert stream.changed_since(1.5, lambda box: box == Box(0.2, 0.2, 0.4, 0.3)) is None
