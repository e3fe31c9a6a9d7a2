"""The adb server that is used is the one that was asked for."""

import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from actions.adb import AdbServer
from actions.backend import BackendError
from envs.android.simulated import PrivateAdbServer


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_a_server_that_has_just_gone_is_an_error_and_no_other_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    monkeypatch.setattr(subprocess, "run", lambda *words, **options: started.append(words))
    monkeypatch.setattr(AdbServer, "runs", lambda self: True)  # as it was a moment ago
    server = AdbServer("127.0.0.1", free_port())
    with pytest.raises(BackendError, match="does not answer"):
        server.connection(1.0)
    with pytest.raises(BackendError, match="lists no devices"):
        server.devices()
    assert "failed to connect" in server.connect("127.0.0.1:1")
    assert started == []


def test_none_elsewhere_is_said() -> None:
    with pytest.raises(BackendError, match=r"no adb server at 192\.0\.2\.1"):
        AdbServer("192.0.2.1", 5037).start()


def test_threads_that_find_it_ended_start_it_once(server: PrivateAdbServer, monkeypatch: pytest.MonkeyPatch) -> None:
    popen, started = subprocess.Popen, []

    def counted(*words: Any, **options: Any) -> Any:
        if "nodaemon" in words[0]:
            started.append(words)
        return popen(*words, **options)

    assert server._process is not None
    server._process.kill()
    server._process.wait()
    monkeypatch.setattr(subprocess, "Popen", counted)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: server.start(), range(4)))
    assert server._process is not None
    with pytest.raises(subprocess.TimeoutExpired):  # it does not end with the thread that started it
        server._process.wait(0.3)
    assert server.runs()
    assert len(started) == 1
