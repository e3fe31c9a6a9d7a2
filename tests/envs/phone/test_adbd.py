"""The daemon against the stock adb server and adbutils; nothing here speaks the protocol but adb itself."""

import os
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.phone.adbd import Daemon, Streams
from envs.phone.adbd.auth import PUBLIC_KEY, SIGNATURE, TOKEN, TOKEN_SIZE, KeyFiles
from envs.phone.adbd.messages import (
    AUTH,
    CNXN,
    MAX_GREETING,
    MAX_PAYLOAD,
    OPEN,
    VERSION,
    WRTE,
    Message,
    ProtocolError,
    receive,
)
from envs.phone.storage import Storage
from tests.envs.phone.adb import AdbServer
from tests.waiting import until

UMASK = os.umask(0o022)
os.umask(UMASK)


class Box:
    """A phone that only echoes command lines."""

    banner = {"ro.product.name": "sim", "ro.product.model": "Simulated phone", "ro.product.device": "sim"}  # noqa: RUF012

    def __init__(self, root: Path) -> None:
        self.storage = Storage(root)
        self.locate, self.free = self.storage.locate, self.storage.free
        self.rebooted: list[str] = []

    def run(self, line: str, streams: Streams) -> int:
        if line == "rev":
            streams.write(streams.read()[::-1])
            return 0
        if line == "flood":
            streams.write(b"x" * 5_000_000)
            return 0
        streams.write(f"<{line}>".encode())
        streams.error(b"oops")
        return 7

    def connect(self, name: str) -> socket.socket:
        return socket.create_connection(("127.0.0.1", int(name.removeprefix("tcp:"))), timeout=5)

    def framebuffer(self) -> bytes:
        return b""

    def restarting(self) -> bool:
        return False

    def become_root(self) -> str:
        return "adbd cannot run as root in production builds\n"

    def reboot(self, how: str) -> None:
        self.rebooted.append(how)


@pytest.fixture(scope="module")
def adb() -> Iterator[AdbServer]:
    with AdbServer() as server:
        yield server


@pytest.fixture
def phone(adb: AdbServer, tmp_path: Path) -> Iterator[tuple[Box, Daemon]]:
    box = Box(tmp_path / "phone")
    daemon = Daemon(box, keys=None)
    assert b"connected" in adb("connect", daemon.serial).stdout
    yield box, daemon
    adb("disconnect", daemon.serial)
    daemon.close()


def test_it_is_listed_as_a_device(adb: AdbServer, phone: tuple[Box, Daemon]) -> None:
    listed = adb("devices", "-l").stdout.decode()
    assert f"{phone[1].serial}" in listed
    assert "device product:sim model:Simulated_phone device:sim" in listed
    assert b"shell_v2" in adb("-s", phone[1].serial, "features").stdout


def test_shells(adb: AdbServer, phone: tuple[Box, Daemon]) -> None:
    serial = phone[1].serial
    v2 = adb("-s", serial, "shell", "echo", "a  b")
    assert (v2.returncode, v2.stdout, v2.stderr) == (7, b"<echo a  b>", b"oops")
    v1 = adb("-s", serial, "shell", "-x", "old")
    assert v1.stdout == b"<old>oops"
    assert adb("-s", serial, "exec-out", "raw").stdout == b"<raw>oops"
    assert adb("-s", serial, "shell", "rev", stdin=b"abc\r\n\0").stdout == b"\0\n\r" + b"cba"
    assert len(adb("-s", serial, "exec-out", "flood").stdout) == 5_000_000


def test_a_command_leaves_no_thread_behind(adb: AdbServer, phone: tuple[Box, Daemon]) -> None:
    adb("-s", phone[1].serial, "shell", "x")
    before = threading.active_count()
    device = adb.client().device(phone[1].serial)
    for _ in range(20):
        device.shell2("x", v2=True)
    until(lambda: threading.active_count() <= before + 2)


def test_adbutils(adb: AdbServer, phone: tuple[Box, Daemon]) -> None:
    device = adb.client().device(phone[1].serial)
    assert device.shell("x y") == "<x y>oops"
    assert device.get_state() == "device"


def test_files_go_both_ways(adb: AdbServer, phone: tuple[Box, Daemon], tmp_path: Path) -> None:
    serial, root = phone[1].serial, phone[0].storage.root
    data = os.urandom(2_500_000)
    (tmp_path / "in.bin").write_bytes(data)
    (tmp_path / "many").mkdir()
    for n in range(5):
        (tmp_path / "many" / f"ü {n}.txt").write_text(str(n))
    assert adb("-s", serial, "push", str(tmp_path / "in.bin"), "/sdcard/new/in.bin").returncode == 0
    assert (root / "sdcard/new/in.bin").read_bytes() == data
    assert adb("-s", serial, "pull", "/storage/emulated/0/new/in.bin", str(tmp_path / "out.bin")).returncode == 0
    assert (tmp_path / "out.bin").read_bytes() == data
    assert adb("-s", serial, "push", str(tmp_path / "many"), "/sdcard/").returncode == 0
    assert adb("-s", serial, "pull", "/sdcard/many", str(tmp_path / "back")).returncode == 0
    assert sorted(p.read_text() for p in (tmp_path / "back").iterdir()) == list("01234")
    assert b"in.bin" in adb("-s", serial, "ls", "/sdcard/new").stdout
    device = adb.client().device(serial)
    assert device.sync.stat("/sdcard/new/in.bin").size == len(data)
    assert [f.path for f in device.sync.list("/sdcard/new")] == ["in.bin"]
    assert device.sync.read_bytes("/sdcard/many/ü 3.txt") == b"3"


def test_nothing_leaves_the_phones_folder(adb: AdbServer, phone: tuple[Box, Daemon], tmp_path: Path) -> None:
    serial, root = phone[1].serial, phone[0].storage.root
    secret = tmp_path / "secret"
    secret.write_text("mine")
    (root / "sdcard/link").symlink_to(secret)
    for path in (f"/../../../../..{secret}", "/sdcard/link", "/nope"):
        assert adb("-s", serial, "pull", path, str(tmp_path / "got")).returncode != 0
    assert not (tmp_path / "got").exists()
    adb("-s", serial, "push", str(secret), "/sdcard/link")
    adb("-s", serial, "push", str(secret), "/../../escaped")
    assert secret.read_text() == "mine"
    assert (root / "escaped").exists()


def test_a_full_phone_takes_nothing(adb: AdbServer, phone: tuple[Box, Daemon], tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 1000)
    phone[0].storage.full = True
    failed = adb("-s", phone[1].serial, "push", str(tmp_path / "f"), "/sdcard/f")
    assert failed.returncode != 0
    assert b"No space left" in failed.stdout + failed.stderr  # Debian's says it on stdout
    assert not (phone[0].storage.root / "sdcard/f").exists()


def test_a_push_larger_than_the_phone_leaves_nothing(adb: AdbServer, phone: tuple[Box, Daemon], tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(os.urandom(3_000_000))
    phone[0].storage.capacity = 1_000_000
    failed = adb("-s", phone[1].serial, "push", str(tmp_path / "f"), "/sdcard/f")
    assert failed.returncode != 0
    assert b"No space left" in failed.stdout + failed.stderr
    until(
        lambda: (
            sorted(p.name for p in (phone[0].storage.root / "sdcard").iterdir()) == ["DCIM", "Documents", "Download"]
        )
    )


def test_a_pushed_program_is_not_set_uid(adb: AdbServer, phone: tuple[Box, Daemon]) -> None:
    device = adb.client().device(phone[1].serial)
    for mode, kept in ((0o104755, 0o755), (0o107777, 0o755), (0o100644, 0o644), (0o100000, 0o600)):
        device.sync.push(b"#!/bin/sh", "/sdcard/program", mode=mode)
        there = phone[0].storage.root / "sdcard/program"
        assert stat.S_IMODE(there.stat().st_mode) == kept & ~UMASK | 0o600


class Caller:
    """An adb server that speaks the protocol as it likes."""

    def __init__(self, daemon: Daemon) -> None:
        self.connection = socket.create_connection(("127.0.0.1", daemon.port), timeout=20)
        self.send(CNXN, VERSION, MAX_PAYLOAD, b"host::\0")
        self.greeting = receive(self.connection)

    def send(self, command: int, first: int, second: int, payload: bytes = b"") -> None:
        self.connection.sendall(Message(command, first, second, payload).pack())

    def is_cut(self) -> bool:
        try:
            while receive(self.connection) is not None:
                pass
        except ConnectionError:
            pass
        return True

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def test_a_caller_that_waits_for_no_acknowledgement_is_cut_off(phone: tuple[Box, Daemon]) -> None:
    """Else its packets would pile up in memory."""
    done = threading.Event()
    phone[0].run = lambda line, streams: int(not done.wait(30))  # type: ignore[method-assign]
    with Caller(phone[1]) as caller:
        caller.send(OPEN, 1, 0, b"shell:x\0")
        opened = receive(caller.connection)
        assert opened is not None
        caller.send(WRTE, 1, opened.first, b"first")
        caller.send(WRTE, 1, opened.first, b"second")
        assert caller.is_cut()
    done.set()


@pytest.mark.parametrize("keys", [(), ("missing",)])
def test_without_a_key_nothing_is_opened(tmp_path: Path, keys: tuple[str, ...]) -> None:
    box = Box(tmp_path / "phone")
    ran: list[str] = []
    box.run = lambda line, streams: ran.append(line) or 0  # type: ignore[method-assign,func-returns-value]
    daemon = Daemon(box, keys=KeyFiles([tmp_path / name for name in keys]))
    try:
        for attempt in ((OPEN, 1, 0, b"shell:x\0"), (AUTH, 9, 0, b""), (WRTE, 1, 1, b"x")):
            with Caller(daemon) as caller:
                assert caller.greeting is not None
                assert (caller.greeting.command, caller.greeting.first) == (AUTH, TOKEN)
                assert len(caller.greeting.payload) == TOKEN_SIZE
                caller.send(*attempt)
                assert caller.is_cut()
        with Caller(daemon) as caller:
            caller.send(AUTH, SIGNATURE, 0, bytes(256))
            again = receive(caller.connection)
            assert again is not None
            assert (again.command, again.first) == (AUTH, TOKEN)
            assert caller.greeting is not None
            assert again.payload != caller.greeting.payload
            caller.send(AUTH, PUBLIC_KEY, 0, b"QAAAA stranger@host\0")
            caller.send(OPEN, 1, 0, b"shell:x\0")
            assert caller.is_cut()
        with Caller(daemon) as caller:
            caller.connection.sendall(Message(AUTH, SIGNATURE, 0, bytes(MAX_GREETING + 1)).pack())
            assert caller.is_cut()
    finally:
        daemon.close()
    assert not ran


def test_forwarded_ports(adb: AdbServer, phone: tuple[Box, Daemon]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as inside:
        threading.Thread(target=lambda: _upper(inside), daemon=True).start()
        port = adb("-s", phone[1].serial, "forward", "tcp:0", f"tcp:{inside.getsockname()[1]}").stdout
        with socket.create_connection(("127.0.0.1", int(port)), timeout=5) as there:
            there.sendall(b"hello")
            assert there.recv(5) == b"HELLO"


def _upper(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.sendall(connection.recv(100).upper())


def test_a_cut_connection_comes_back(adb: AdbServer, phone: tuple[Box, Daemon]) -> None:
    phone[1].cut()
    until(lambda: adb("-s", phone[1].serial, "shell", "x").stdout == b"<x>")


def test_reboot(adb: AdbServer, phone: tuple[Box, Daemon]) -> None:
    adb("-s", phone[1].serial, "reboot", "bootloader")
    until(lambda: phone[0].rebooted == ["bootloader"])


def test_several_phones_and_many_at_once(adb: AdbServer, phone: tuple[Box, Daemon], tmp_path: Path) -> None:
    other = Daemon(Box(tmp_path / "other"), keys=None)
    try:
        adb("connect", other.serial)
        answers: list[bytes] = []
        serials = [phone[1].serial, other.serial] * 6
        workers = [
            threading.Thread(target=lambda s=s, n=n: answers.append(adb("-s", s, "shell", str(n)).stdout))
            for n, s in enumerate(serials)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(30)
        assert sorted(answers) == sorted(f"<{n}>".encode() for n in range(12))
    finally:
        adb("disconnect", other.serial)
        other.close()


@given(
    st.builds(
        Message,
        st.integers(0, 2**32 - 1),
        st.integers(0, 2**32 - 1),
        st.integers(0, 2**32 - 1),
        st.binary(max_size=5000),
    )
)
def test_messages_round_trip(message: Message) -> None:
    one, two = socket.socketpair()
    with one, two:
        one.sendall(message.pack())
        one.shutdown(socket.SHUT_WR)
        assert receive(two) == message
        assert receive(two) is None


@given(st.binary(min_size=1, max_size=60))
def test_noise_is_refused(data: bytes) -> None:
    one, two = socket.socketpair()
    with one, two:
        one.sendall(data)
        one.shutdown(socket.SHUT_WR)
        with pytest.raises(ProtocolError):
            receive(two)
