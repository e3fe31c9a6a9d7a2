"""A browser that ends, freezes or crashes under the phone: the command fails and says so, and the next one works."""

import os
import signal
from collections.abc import Iterator

import pytest

from envs import devtools
from envs.phone.apps import apps
from envs.phone.automation import Automation
from envs.phone.phone import Phone
from envs.processes import children
from tests.agent.browser import INSTALLED

pytestmark = pytest.mark.skipif(not INSTALLED, reason="needs chromium")


class Output:
    """Standard output and errors of a command line."""

    def __init__(self) -> None:
        self.out, self.err = b"", b""

    def read(self, size: int = -1) -> bytes:
        return b""

    def write(self, data: bytes) -> None:
        self.out += data

    def error(self, data: bytes) -> None:
        self.err += data


@pytest.fixture(scope="module")
def phone() -> Iterator[Phone]:
    with Phone() as running:
        yield running


def run(phone: Phone, line: str) -> tuple[int, str]:
    output = Output()
    return phone.run(line, output), output.err.decode()


def browser() -> int:
    commands = {pid: open(f"/proc/{pid}/cmdline", "rb").read() for pid in children(os.getpid())}  # noqa: SIM115
    return next(pid for pid, command in commands.items() if b"remote-debugging-pipe" in command)


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.parametrize("line", ["input tap 540 600", "screencap -p /sdcard/s.png", "uiautomator dump"])
def test_a_browser_that_does_not_answer_is_restarted(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, fault: signal.Signals, line: str
) -> None:
    phone.open(apps()["com.android.settings"])
    os.kill(browser(), fault)
    revive = phone.revive

    def with_time_to_start() -> bool:
        monkeypatch.undo()
        return revive()

    monkeypatch.setattr(phone, "revive", with_time_to_start)
    monkeypatch.setattr(devtools, "PATIENCE", 1.0)
    status, said = run(phone, line)
    assert status == 1
    assert said.startswith(f"{line.split()[0]}: Chromium")
    assert said.endswith("; the phone's browser was restarted\n")
    assert phone.look()["package"] == "com.handeye.launcher"
    assert run(phone, line) == (0, "")


def test_uiautomator2s_server_may_take_longer_than_the_connection_to_it(phone: Phone) -> None:
    with Automation(phone).connect() as connection:
        assert connection.gettimeout() is None
