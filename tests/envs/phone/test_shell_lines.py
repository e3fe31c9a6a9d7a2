"""How many lines that programs of the field send to a device's shell the simulated phone answers as Android does."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from envs.phone.phone import Phone
from tests.agent.browser import INSTALLED

pytestmark = pytest.mark.skipif(not INSTALLED, reason="needs chromium")
HERE = Path(__file__).parent


@dataclass
class ShellLine:
    """A line, its exit status and a pattern of all that it writes; `missing` says why the phone answers otherwise."""

    text: str
    status: int = 0
    pattern: str = ""
    missing: str = ""


def shell_lines(path: Path) -> Iterator[ShellLine]:
    line: ShellLine | None = None
    for text in path.read_text(encoding="utf-8").splitlines():
        if text.startswith("$ "):
            if line:
                yield line
            line = ShellLine(text[2:])
        elif line and text.startswith("> "):
            line.text += "\n" + text[2:]
        elif line and text.startswith("  missing: "):
            line.missing = text.removeprefix("  missing: ")
        elif line and text.startswith("  "):
            status, _, line.pattern = text[2:].partition(" ")
            line.status = int(status)
    if line:
        yield line


class Streams:
    def __init__(self) -> None:
        self.written = b""

    def read(self, size: int = -1) -> bytes:
        return b""

    def write(self, data: bytes) -> None:
        self.written += data

    error = write


@pytest.fixture(scope="module")
def phone() -> Iterator[Phone]:
    with Phone() as running:
        yield running


def answers(phone: Phone, line: ShellLine) -> bool:
    streams = Streams()
    status = phone.run(line.text, streams)
    text = streams.written.decode("utf-8", "replace")
    return status == line.status and re.fullmatch(line.pattern, text, re.DOTALL) is not None


LINES = {name: list(shell_lines(HERE / f"shell_lines_{name}.txt")) for name in ("tuned", "held_out")}


def test_they_are_158() -> None:
    lines = [line for half in LINES.values() for line in half]
    assert len({line.text for line in lines}) == 158
    assert sum(bool(line.missing) for line in lines) <= 15


@pytest.mark.parametrize("half", LINES)
def test_all_but_the_listed_are_answered(phone: Phone, half: str) -> None:
    phone.reset()
    missing = [line.text for line in LINES[half] if not answers(phone, line)]
    assert missing == [line.text for line in LINES[half] if line.missing]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("dumpsys battery set level 5; dumpsys battery | grep level; cat /sys/class/power_supply/battery/capacity",
         "  level: 5\n5\n"),
        ("dumpsys battery set level 5; dumpsys battery reset; dumpsys battery | grep level", "  level: 82\n"),
        ("cmd battery unplug; dumpsys battery | grep USB", "  USB powered: false\n"),
        ("cmd appops set com.android.contacts android:camera deny; appops get com.android.contacts CAMERA",
         "CAMERA: deny\n"),
        ("device_config put a b c; device_config get a b; device_config delete a b; device_config get a b",
         "c\nSuccessfully deleted b from a\nnull\n"),
        ("dumpsys deviceidle whitelist +com.android.contacts; dumpsys deviceidle whitelist | grep -c contacts",
         "Added: com.android.contacts\n1\n"),
        ("locksettings set-pin 1; locksettings verify --old 2; locksettings clear --old 1",
         "Pin set to '1'\nOld password '2' didn't match\nLock credential cleared\n"),
        ("cmd phone data disable; settings get global mobile_data; svc data enable; settings get global mobile_data",
         "0\n1\n"),
        ("am start com.android.settings >/dev/null; ps -A -o PID,NAME | grep .settings; cat /proc/1001/cmdline",
         " 1001 com.android.settings\ncom.android.settings\0"),
        ("content query --uri content://contacts/phones --projection number --where \"display_name='none'\"",
         "No result found.\n"),
        ("ping -c 1 192.0.2.1 2>&1; ping -c 1 localhost | tail -n 1 | cut -c1-3",
         "connect: Network is unreachable\nrtt\n"),
        ("[ -x /system/bin/input ] && ls /system/bin | grep -cx awk; echo $PATH | cut -d: -f2",
         "1\n/system/bin\n"),
    ],
)  # fmt: skip
def test_what_is_set_is_told_again(phone: Phone, line: str, said: str) -> None:
    phone.reset()
    streams = Streams()
    phone.run(line, streams)
    assert streams.written.decode() == said


def test_the_files_of_the_system_follow_no_link(phone: Phone, tmp_path: Path) -> None:
    for name in ("file", "folder/file"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    root = phone.locate("/proc").resolve()
    (root / "version").unlink()
    (root / "version").symlink_to(tmp_path / "file")
    shutil.rmtree(root / "net")
    for name in ("net", "77777"):
        (root / name).symlink_to(tmp_path / "folder")
    streams = Streams()
    assert phone.run("cat /proc/version", streams) == 0
    assert streams.written.startswith(b"Linux version ")
    assert phone.run("cat /proc/net/arp", streams) == 1
    assert [path.read_text() for path in sorted(tmp_path.rglob("file"))] == ["mine", "mine"]
    assert len(list((tmp_path / "folder").iterdir())) == 1
    (root / "net").unlink()
