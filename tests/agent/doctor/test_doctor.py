"""``handeye doctor``: what works, and what to do about what does not."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack

import pytest

from agent.cli.main import main
from agent.doctor import checks
from agent.doctor.check import Examination
from agent.doctor.checks import check_model
from agent.models.spec import ModelSpec
from envs.android.simulated import PrivateAdbServer
from envs.phone.phone import Phone
from tests.agent.browser import INSTALLED
from tests.agent.scripted_server import ScriptedServer
from tests.agent.simulated_grounder import Quirks, SimulatedGrounder


@pytest.mark.desktop
def test_a_machine_without_a_desktop_of_its_own_is_fit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert (left.value.code, said["ok"]) == (0, True)
    found = {check["name"]: check for check in said["checks"]}
    assert found["your desktop"]["state"] == "missing"
    assert "--env sandbox" in found["your desktop"]["next"]
    assert found["sandbox"]["state"] == found["text recognition"]["state"] == "ok"
    assert {check["group"] for check in said["checks"]} == {"screens", "phones", "programs", "models", "extras"}


def test_a_wayland_session_says_what_works(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(variable, raising=False)
    looks = [check for check in checks._screen_checks() if check.name in ("wayland", "stop key")]
    assert [result.state for result in Examination(60).all(looks)] == ["not needed", "ok"]
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    session, stop = Examination(60).all(looks)
    assert (session.state, session.needed, stop.state) == ("missing", False, "not needed")
    assert "docs/wayland.md" in session.next


def test_a_model_server_is_reached_or_not() -> None:
    with ScriptedServer([""]) as server:
        good = check_model(ModelSpec(server.url))
    bad = check_model(ModelSpec("http://127.0.0.1:9"))
    assert good.ok
    assert "dialect qwen2.5-vl" in good.detail
    assert (bad.ok, bad.needed) == (False, True)
    assert "no model server" in bad.line()


@pytest.mark.skipif(not INSTALLED, reason="needs Chromium")
def test_a_phone_is_captured_or_not(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(checks, "_screen_checks", list)
    monkeypatch.setattr(checks, "installed_checks", list)
    server = PrivateAdbServer(tcp=True)
    with ExitStack() as stack:
        stack.callback(server.stop)
        phone = stack.enter_context(Phone(keys=[server.key]))
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(server.port))
        monkeypatch.setenv("SCRCPY_SERVER_PATH", str(server.key))  # any file: the simulated phone has its own
        for display, status, words in (
            ("0", 0, "; changes are told by scrcpy 3.3.4, first frame in "),
            ("7", 1, "has no display 7"),
        ):
            with pytest.raises(SystemExit) as left:
                main(["doctor", "--json", "--serial", phone.serial, "--display", display])
            said = json.loads(capsys.readouterr().out)
            [found] = [check for check in said["checks"] if check["name"] == "android"]
            assert (found["state"] == "ok", said["ok"], left.value.code) == (not status, not status, status)
            assert words in found["detail"]
            assert status or re.search(
                r"1080x2400, scale 1, captured in .* screencap: png \d+ ms, raw", found["detail"]
            )


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ((8, 16384), "pictures are seen as they are sent"),
        ((1024, 16384), "scales pictures (812x588 to 1064x784)"),
        ((8, 4096), "scales pictures (2548x1428 to 2380x1316)"),
    ],
)
def test_a_server_that_scales_pictures_is_named(limits: tuple[int, int], words: str) -> None:
    server = SimulatedGrounder(Quirks(resize="llama", noise=0, limits=limits))
    server.owner, server.counts = "llamacpp", server.count
    with server:
        found = check_model(ModelSpec(server.url, profile=False))
    assert found.ok
    assert words in found.detail
