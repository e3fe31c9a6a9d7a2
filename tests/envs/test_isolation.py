"""What a hostile program in the sandbox can reach: nothing that is not its own or shared with it."""

from __future__ import annotations

import http.server
import os
import platform
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from actions.action import TypeText
from agent.perception.perceive import Perceiver
from envs.env import EnvError
from envs.isolation import Network, read_share
from envs.sandbox import SandboxEnv
from envs.syscall_filter import syscall_filter
from tests.envs.conftest import PYTHON
from tests.waiting import until

pytestmark = pytest.mark.desktop
MARKER = "handeye-secret-7431"
"""What no command may print."""


class Marked(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(MARKER.encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """The port of a loopback server whose every page is the marker."""
    with served("127.0.0.1") as port:
        yield port


@contextmanager
def served(address: str) -> Iterator[int]:
    """A server whose every page is the marker; its port."""
    found = http.server.ThreadingHTTPServer((address, 0), Marked)
    threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield found.server_port
    found.shutdown()
    found.server_close()


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the user's outside the sandbox, with a private file, a socket's folder and a script."""
    folder = tmp_path_factory.mktemp("victim")
    for name in ("key.pem", "notes.txt", ".env", "readable"):
        (folder / name).write_text(MARKER)
        (folder / name).chmod(0o600)
    return folder


def hostile(victim: Path, port: int, display: str, pid: int) -> list[str]:
    """Shell commands that succeed, or print the marker, only where they reach out of the sandbox."""
    names = {"victim": victim, "port": port, "number": display[1:], "pid": pid, "own": os.getpid(), "home": Path.home(),
             "here": Path(__file__), "cwd": Path.cwd()}  # fmt: skip
    calls = {"x86_64": (248, 250, 323), "aarch64": (217, 219, 282)}.get(platform.machine(), (0, 0, 0))
    names |= dict(zip(("add_key", "keyctl", "userfaultfd"), calls, strict=True))
    text = Path(__file__).with_name("hostile_commands.txt").read_text(encoding="utf-8")
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text.splitlines()


@pytest.mark.slow
def test_a_terminal_reaches_nothing_outside(
    tmp_path: Path, victim: Path, server: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDEYE_API_KEY", MARKER)
    with SandboxEnv() as other, SandboxEnv(["xterm -e sh"], cwd=tmp_path) as env:
        commands = hostile(victim, server, other.display, other._supervisor.pid)
        assert len(commands) >= 100
        lines = [f"(echo {n} >> tried; {c}) > out.{n} 2>&1 && echo {n} >> succeeded" for n, c in enumerate(commands)]
        (tmp_path / "hostile.sh").write_text("\n".join([*lines, "touch done\n"]))
        env.perform(TypeText(text="sh hostile.sh\n"), env.observe().frame)
        until((tmp_path / "done").exists)
        tried = (tmp_path / "tried").read_text().split()
        assert len(tried) == len(commands), "a command ended the script"
        succeeded = tmp_path / "succeeded"
        reached = [commands[int(n)] for n in succeeded.read_text().split()] if succeeded.exists() else []
        assert reached == []
        outputs = [(tmp_path / f"out.{n}").read_text(errors="replace") for n in range(len(commands))]
        assert [command for command, output in zip(commands, outputs, strict=True) if MARKER in output] == []
        assert sorted(path.name for path in victim.iterdir()) == [".env", "key.pem", "notes.txt", "readable"]
        assert other.windows() == ()


def verdict(program: bytes, architecture: int, number: int, second: int = 0) -> int:
    """What the kernel would make of a system call: classic BPF over the words of ``struct seccomp_data``."""
    data = struct.pack("=IIQQQ", number, architecture, 0, 0, second)
    code, at, word = list(struct.iter_unpack("=HBBI", program)), 0, 0
    while True:
        does, yes, no, value = code[at]
        at += 1
        match does:
            case 0x20:
                word = struct.unpack_from("=I", data, value)[0]
            case 0x15 | 0x35:
                at += yes if (word == value if does == 0x15 else word >= value) else no
            case _:
                return int(value)


ALLOWED, REFUSED, UNKNOWN = 0x7FFF0000, 0x00050001, 0x00050026


@pytest.mark.parametrize(
    ("machine", "architecture", "ioctl", "denied", "allowed"),
    [
        ("x86_64", 0xC000003E, 16, (250, 321, 298, 323, 175, 165, 425, 442), (0, 39, 56, 59, 272, 317, 435)),
        ("aarch64", 0xC00000B7, 29, (219, 280, 241, 282, 105, 40, 425, 442), (63, 172, 220, 221, 97, 277, 435)),
    ],
)
def test_the_calls_of_a_kernel_that_no_program_needs_fail(
    machine: str, architecture: int, ioctl: int, denied: tuple[int, ...], allowed: tuple[int, ...]
) -> None:
    program = syscall_filter(machine)
    assert {verdict(program, architecture, number) for number in denied} == {REFUSED}
    assert {verdict(program, architecture, number) for number in allowed} == {ALLOWED}
    into_terminal, read_size = 0x5412, 0x5413
    assert verdict(program, architecture, ioctl, into_terminal) == REFUSED
    assert verdict(program, architecture, ioctl, into_terminal | 1 << 32) == REFUSED
    assert verdict(program, architecture, ioctl, read_size) == ALLOWED
    assert verdict(program, 0x40000003, 1) == verdict(program, architecture, 0x40000000 + 39) == UNKNOWN
    assert syscall_filter("riscv64") == b""


@pytest.mark.skipif(not syscall_filter(), reason="no filter for this machine")
def test_programs_run_under_the_filter(tmp_path: Path) -> None:
    with SandboxEnv(cwd=tmp_path) as env:
        env.launch(["sh", "-c", "grep Seccomp: /proc/self/status > said; touch done"], wait=False)
        until((tmp_path / "done").exists)
    assert (tmp_path / "said").read_text().split()[1] == "2"


@pytest.mark.parametrize("text", ["/", "/etc", "/usr/share", "/proc/self", "/no/such/folder", "/tmp"])
def test_a_part_of_the_system_cannot_be_shared(text: str) -> None:
    with pytest.raises(EnvError):
        read_share(text)


def test_a_share_is_read_only_where_that_is_said(tmp_path: Path) -> None:
    work, read = tmp_path / "work", tmp_path / "read"
    work.mkdir()
    read.mkdir()
    (read / "text").write_text("shared")
    with SandboxEnv(share=[str(work), f"{read}:ro"]) as env:
        env.launch(["sh", "-c", f"cp {read}/text copy; touch {read}/new; touch done"], wait=False)
        until((work / "done").exists)
    assert (work / "copy").read_text() == "shared"
    assert not (read / "new").exists()


@pytest.mark.parametrize(("network", "reached"), [("none", False), ("loopback", True)])
def test_the_loopback_of_this_machine_is_reached_only_where_that_is_said(
    tmp_path: Path, server: int, network: Network, reached: bool
) -> None:
    with SandboxEnv(cwd=tmp_path, network=network) as env:
        read = f"import urllib.request as r; print(r.urlopen('http://127.0.0.1:{server}/').read().decode())"
        env.launch(["sh", "-c", f'{PYTHON} -c "{read}" > page; touch done'], wait=False)
        until((tmp_path / "done").exists)
    assert (MARKER in (tmp_path / "page").read_text()) is reached


def test_the_hosts_of_a_list_are_reached_and_no_others(tmp_path: Path) -> None:
    with served("127.0.0.2") as port, SandboxEnv(cwd=tmp_path, network="hosts", hosts=["127.0.0.2"]) as env:
        for name, host in (("listed", "127.0.0.2"), ("other", "127.0.0.3"), ("unknown", "example.org")):
            read = f"import urllib.request as r; print(r.urlopen('http://{host}:{port}/').read().decode())"
            env.launch(["sh", "-c", f'{PYTHON} -c "{read}" > {name} 2>&1; touch {name}.done'], wait=False)
            until((tmp_path / f"{name}.done").exists)
        env.reset()
        env.launch(["sh", "-c", "env | grep -ci _proxy= > proxies; touch done"], wait=False)
        until((tmp_path / "done").exists)
    assert MARKER in (tmp_path / "listed").read_text()
    for name in ("other", "unknown"):
        assert "403: Forbidden" in (tmp_path / name).read_text()
    assert (tmp_path / "proxies").read_text() == "6\n"


def test_a_browser_goes_through_the_list() -> None:
    with SandboxEnv(["chromium http://elsewhere.example/"], network="hosts", hosts=["example.org"]) as env:
        until(lambda: "may not be reached" in " ".join(e.text for e in Perceiver().perceive(env.peek()).elements))


@pytest.mark.slow
def test_processes_without_end_are_ended(tmp_path: Path) -> None:
    with SandboxEnv(cwd=tmp_path) as env:
        pid = env.launch(["sh", "-c", "while :; do sleep 1000 & done"], wait=False)
        log = env.home / "log"
        until(lambda: b"all programs were ended" in log.read_bytes() or b"annot fork" in log.read_bytes())
        if os.geteuid() == 0:
            until(lambda: env.ended(pid) == -9)
        env.launch(["sh", "-c", "touch after"], wait=False)
        until((tmp_path / "after").exists)


def test_a_file_that_the_programs_would_not_see_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(EnvError, match=f"does not see {tmp_path}/notes.txt: add --share {tmp_path}"):
        SandboxEnv([f"mousepad {tmp_path}/notes.txt"])
