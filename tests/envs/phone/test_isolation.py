"""What other users of the machine, and pages of the phone, can reach of the simulated phone: nothing."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import adbutils
import pytest

from envs.android.simulated import SimulatedPhoneEnv
from envs.devtools import ScriptError
from envs.phone.browser import confinement
from envs.phone.phone import Phone
from envs.processes import alive, descendants
from tests.agent.browser import INSTALLED
from tests.envs.phone.adb import AdbServer
from tests.waiting import until

pytestmark = pytest.mark.skipif(not INSTALLED, reason="needs chromium")
NOBODY = 65534
SECRET = "a-secret-of-the-caller"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that a Chromium writes its environment to when it starts; it overwrites that of its process later."""
    return tmp_path_factory.mktemp("browser") / "environ"


@pytest.fixture(scope="module")
def phone(environ: Path) -> Iterator[Phone]:
    program = environ.with_name("chromium")
    program.write_text(f'#!/bin/sh\nenv > {environ}\nexec {shutil.which("chromium")} "$@"\n')
    program.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HANDEYE_API_KEY", SECRET)
        patch.setenv("PATH", f"{environ.parent}:{os.environ['PATH']}")
        with Phone() as running:
            yield running


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that another user can use."""
    folder = Path(subprocess.check_output(["mktemp", "-d", "/tmp/handeye-test-XXXXXX"], text=True).strip())
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


class StrangerAdb(AdbServer):
    """An adb server with another home, so another key; of another user where `uid` is given."""

    def __init__(self, home: Path, uid: int | None = None) -> None:
        super().__init__(_runnable_by_all(home))
        self.home, self.uid = home, uid

    def __call__(self, *arguments: str, stdin: bytes = b"", timeout: float = 30) -> subprocess.CompletedProcess[bytes]:
        env = {"HOME": str(self.home), "PATH": "/usr/bin:/bin", "ANDROID_ADB_SERVER_PORT": str(self.port)}
        return subprocess.run(
            [str(self.binary), *arguments], input=stdin, capture_output=True, env=env, timeout=timeout, check=False,
            cwd="/", user=self.uid, group=self.uid, extra_groups=None if self.uid is None else [],
        )  # fmt: skip


def _runnable_by_all(folder: Path) -> Path:
    copy = Path(shutil.copy(adbutils.adb_path(), folder / "adb"))
    copy.chmod(0o755)
    return copy


def refused(adb: AdbServer, serial: str) -> bool:
    adb("connect", serial)
    until(lambda: f"{serial}\tunauthorized" in adb("devices").stdout.decode())
    done = adb("-s", serial, "shell", "id")
    return done.returncode != 0 and b"unauthorized" in done.stderr and b"uid=" not in done.stdout


def listening(pids: list[int]) -> set[int]:
    """The TCP ports of all addresses that processes listen on."""
    inodes = set()
    for pid in pids:
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            if fd.is_symlink() and (target := os.readlink(fd)).startswith("socket:["):
                inodes.add(target[8:-1])
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()[1:]]
    return {int(line[1].rpartition(":")[2], 16) for line in lines if line[3] == "0A" and line[9] in inodes}


def test_nothing_but_adb_listens(phone: Phone) -> None:
    before = listening([os.getpid(), *descendants(os.getpid())])
    with Phone() as other:
        now = listening([os.getpid(), *descendants(os.getpid())])
        assert now - before == {other.daemon.port}


def test_the_adb_server_of_a_run_has_no_port() -> None:
    before = listening([os.getpid(), *descendants(os.getpid())])
    with SimulatedPhoneEnv() as env:
        now = listening([os.getpid(), *descendants(os.getpid())])
        assert now - before == {env.phone.daemon.port}
        assert env.observe().image.shape == (2400, 1080, 3)


def test_the_same_user_is_served_without_a_question(phone: Phone) -> None:
    with AdbServer() as adb:
        assert b"connected to" in adb("connect", phone.serial).stdout
        assert b"uid=2000" in adb("-s", phone.serial, "shell", "id").stdout


def test_another_key_is_refused_unless_it_is_named(phone: Phone, home: Path) -> None:
    with StrangerAdb(home) as adb:
        assert refused(adb, phone.serial)
        with Phone(keys=[home / ".android/adbkey.pub"]) as other:
            adb("connect", other.serial)
            assert b"uid=2000" in adb("-s", other.serial, "shell", "id").stdout


@as_root
def test_another_user_is_refused_unless_the_phone_is_open(phone: Phone, home: Path) -> None:
    with StrangerAdb(home, NOBODY) as adb:
        assert refused(adb, phone.serial)
        with Phone(anyone=True) as other:
            adb("connect", other.serial)
            assert b"uid=2000" in adb("-s", other.serial, "shell", "id").stdout


@as_root
def test_another_user_reads_nothing_of_its_files(phone: Phone) -> None:
    folder = phone.storage.root.parent
    seen = subprocess.run(["ls", str(folder)], capture_output=True, user=NOBODY, group=NOBODY, check=False)
    assert seen.returncode != 0


def test_the_browser_has_an_environment_of_its_own(phone: Phone, environ: Path) -> None:
    names = {line.partition("=")[0] for line in environ.read_text().splitlines()}
    assert {"HOME", "TMPDIR"} <= names
    assert names <= {"HOME", "TMPDIR", "PATH", "LANG", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "PWD", "OLDPWD",
                     "SHLVL", "_"}  # fmt: skip
    assert SECRET not in environ.read_text()
    chromium = [pid for pid in descendants(os.getpid()) if b"chromium" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert chromium
    for pid in chromium:
        assert b"remote-debugging-port" not in Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.mark.skipif(confinement() is None, reason="the kernel allows no user namespaces")
def test_the_browser_has_its_sandbox_and_no_network(phone: Phone) -> None:
    chromium = [pid for pid in descendants(os.getpid()) if b"chromium" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    ours = os.readlink("/proc/self/ns/net")
    for pid in chromium:
        assert b"--no-sandbox" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        assert os.readlink(f"/proc/{pid}/ns/net") != ours
    renderers = [pid for pid in chromium if b"--type=renderer" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert renderers
    assert all("Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text() for pid in renderers)


def test_a_page_reaches_no_port_of_this_machine(phone: Phone) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        with pytest.raises(ScriptError, match="Failed to fetch"):
            phone.screen.ask(f"fetch('http://127.0.0.1:{server.getsockname()[1]}/', {{mode: 'no-cors'}})")
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_page_reads_no_file_of_this_machine(phone: Phone, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("private")
    up = "../" * 12
    for address in (f"/{up}{tmp_path}/mine", f"/%2e%2e/{up.replace('.', '%2e')}{tmp_path}/mine"):
        assert phone.screen.ask(f"fetch({json.dumps(address)}).then((answer) => answer.status)") == 404


def test_a_killed_phone_leaves_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-m", "agent.cli.main", "phone", "--json"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["size"] == [1080, 2400]
    pids = descendants(process.pid)
    folders = {word for pid in pids for word in _words(pid) if Path(word).name.startswith("handeye-phone-")}
    assert folders
    process.send_signal(signal.SIGKILL)
    process.wait()
    until(lambda: not any(map(alive, pids)) and not any(Path(folder).exists() for folder in folders))


def _words(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
