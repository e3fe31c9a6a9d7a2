"""A private adb server, run by the stock binary."""

import os
import socket
import subprocess
from pathlib import Path

import adbutils


class AdbServer:
    """An adb server on a port of its own, so that no other server or device is touched."""

    def __init__(self, binary: Path | None = None) -> None:
        self.binary = binary or Path(adbutils.adb_path())
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]

    def __call__(self, *arguments: str, stdin: bytes = b"", timeout: float = 30) -> subprocess.CompletedProcess[bytes]:
        env = {**os.environ, "ANDROID_ADB_SERVER_PORT": str(self.port)}
        command = [str(self.binary), *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, env=env, timeout=timeout, check=False)

    def client(self) -> adbutils.AdbClient:
        return adbutils.AdbClient(host="127.0.0.1", port=self.port)

    def __enter__(self) -> "AdbServer":
        self("start-server")
        return self

    def __exit__(self, *_: object) -> None:
        self("kill-server")
