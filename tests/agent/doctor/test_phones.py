"""What ``handeye doctor`` says of adb, its server and each device."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from actions.adb.ime import InputMethod
from actions.adb.lines import command
from actions.adb.link import AdbLink
from agent.doctor import phones
from agent.doctor.check import CheckResult, Examination
from agent.doctor.phones import phone_checks
from envs.android.simulated import PrivateAdbServer
from envs.phone.phone import Phone
from tests.agent.browser import INSTALLED
from tests.agent.doctor.standins import adb_server, program

VERSION = 'echo "Android Debug Bridge version 1.0.41"; echo "Version 35.0.2-1"'


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An adb program of 1.0.41, and no server yet."""
    monkeypatch.setenv("ADBUTILS_ADB_PATH", str(program(tmp_path / "bin", "adb", VERSION)))
    monkeypatch.delenv("ANDROID_ADB_SERVER_HOST", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(probe.getsockname()[1]))
    return monkeypatch


def looked() -> dict[str, CheckResult]:
    return {result.name: result for result in phone_checks(Examination(60))}


def test_no_server_is_started(port: pytest.MonkeyPatch) -> None:
    there = looked()
    assert there["adb"].detail.startswith("35.0.2-1, ")
    assert (there["adb server"].state, [*there]) == ("not needed", ["adb", "adb server", "scrcpy"])
    assert "adb devices starts one" in there["adb server"].next


def test_each_device_that_is_not_ready_has_its_next_step(port: pytest.MonkeyPatch) -> None:
    listed = "R58\tunauthorized\n10.0.0.7:5555\toffline\nOLD\tbootloader\nNEW\tswimming\n"
    with adb_server({"host:version": "0029", "host:devices": listed}) as there:
        port.setenv("ANDROID_ADB_SERVER_PORT", str(there))
        found = looked()
    assert (found["adb server"].state, found["adb server"].detail) == (
        "ok",
        f"version 41 at 127.0.0.1:{there}, 4 devices",
    )
    assert "Allow USB debugging" in found["R58"].next
    assert "adb reconnect offline" in found["10.0.0.7:5555"].next
    assert (found["OLD"].detail, found["OLD"].next) == ("is in its bootloader", "restart it")
    assert "swimming" in found["NEW"].detail
    assert {found[name].state for name in ("R58", "10.0.0.7:5555", "OLD", "NEW")} == {"missing"}


def test_a_server_of_another_version_is_named(port: pytest.MonkeyPatch) -> None:
    with adb_server({"host:version": "0027", "host:devices": ""}) as there:
        port.setenv("ANDROID_ADB_SERVER_PORT", str(there))
        server = looked()["adb server"]
    assert (server.state, server.needed) == ("missing", False)
    assert "version 39 and the adb program of 41" in server.detail
    assert "adb kill-server" in server.next


def test_a_dead_server_or_program_hangs_nothing(port: pytest.MonkeyPatch, tmp_path: Path) -> None:
    port.setenv("ADBUTILS_ADB_PATH", str(program(tmp_path / "dead", "adb", "exec sleep 600")))
    for limit in ("_PROGRAM", "_SERVER"):
        port.setattr(phones, limit, 0.3)
    with adb_server(None) as there:
        port.setenv("ANDROID_ADB_SERVER_PORT", str(there))
        found = looked()
    assert found["adb"].state == found["adb server"].state == "missing"
    assert "does not answer" in found["adb"].detail or "no answer" in found["adb"].detail
    assert "no answer" in found["adb server"].detail
    assert "scrcpy" in found


def test_what_is_left_when_the_time_is_over_is_said() -> None:
    assert {result.detail for result in phone_checks(Examination(0))} == {"not looked at, the time was over"}


@pytest.mark.skipif(not INSTALLED, reason="needs Chromium")
def test_a_device_says_its_screen_and_what_can_be_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    server = PrivateAdbServer(tcp=True)
    try:
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(server.port))
        with Phone(keys=[server.key]) as phone:
            server.connect(phone.serial)
            server.choose(phone.serial)
            ready = looked()
            assert ready[phone.serial].state == "ok"
            assert "Android" in ready[phone.serial].detail
            assert "screen on" in ready[phone.serial].detail
            assert ready[f"text on {phone.serial}"].detail.startswith("any, through ")
            AdbLink(phone.serial, server).run(command("input", "keyevent", "POWER"))
            monkeypatch.setattr(InputMethod, "installed", lambda self: None)
            later = looked()
            assert "asleep" in later[phone.serial].told
            assert (later[f"text on {phone.serial}"].state, later[phone.serial].needed) == ("missing", False)
            assert "ADBKeyBoard" in later[f"text on {phone.serial}"].next
    finally:
        server.stop()
