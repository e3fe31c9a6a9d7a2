"""When the screen of a device changes, told by scrcpy's server as it happens.

The server is scrcpy's own program for the device (the ``scrcpy`` package of Debian and others has it; no version is
preferred). It sends a frame of H.264 for each change of what the display shows, and none while nothing changes. H.264
is lossy and the frames are small: they tell when and where the screen changed, and pictures are taken by ``screencap``.

Protocol: ``doc/develop.md`` of scrcpy. All optional headers are switched off but that of a packet (8 bytes of flags and
time, 4 of its size), which from version 1.22 to 4.1 differs only in the place of a flag. Frames are decoded by PyAV.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import secrets
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from actions.adb.lines import command
from actions.adb.link import AdbLink
from actions.backend import BackendError
from actions.frame import Box
from envs.capture import Deadline
from envs.env import EnvError

_PLACES = ("/usr/share", "/usr/local/share", "/opt/homebrew/share", "/snap/scrcpy/current/usr/local/share")
_MAIN = "com.genymobile.scrcpy.Server"
_OPTIONS = {
    "tunnel_forward": "true", "audio": "false", "control": "false", "cleanup": "false", "power_on": "false",
    "send_device_meta": "false", "send_dummy_byte": "false", "send_codec_meta": "false", "send_stream_meta": "false",
    "send_frame_meta": "true", "max_fps": "30", "log_level": "info",
}  # fmt: skip
_LONGEST = 800
"""Pixels of a frame's longer side: a change of one character is seen, and a frame is decoded in a millisecond."""
_HEADER = struct.Struct(">QI")
_LARGEST = 1 << 24
_LEVEL = 24
"""Grey levels by which a pixel must differ: the encoder sharpens a picture that rests by less."""
_START = 10.0


def decodes() -> bool:
    """Whether PyAV is installed."""
    return importlib.util.find_spec("av") is not None


def find_server() -> Path | None:
    """scrcpy's server on this machine: ``SCRCPY_SERVER_PATH`` or where packages put it; None without it."""
    named = os.environ.get("SCRCPY_SERVER_PATH")
    files = [Path(named)] if named else [Path(place) / "scrcpy/scrcpy-server" for place in _PLACES]
    found = next((file for file in files if file.is_file()), None)
    if named and found is None:
        raise EnvError(f"SCRCPY_SERVER_PATH: there is no file {named}")
    return found


class ScreenStream:
    """scrcpy's server on the device behind `link`, and a thread that follows it.

    `file` is the server's, a `str` where it is on the device already; `display` the logical id. `version` is the
    server's own, which is asked for if it is None. Raises `EnvError` or `BackendError` where it does not run there.
    """

    def __init__(self, link: AdbLink, file: Path | str, *, display: int = 0, version: str | None = None) -> None:
        self._link = link
        self.reset()
        path = file if isinstance(file, str) else _pushed(link, file)
        self.version = version or self._ask_version(path)
        started = time.perf_counter()
        self._shell, self._video = self._connect(path, display)
        self.alive = True
        threading.Thread(target=self._follow, daemon=True, name="screen stream").start()
        self.wait(0, _START)
        if not self.frames:
            self.close()
            raise EnvError(f"{link.serial}: scrcpy's server sends no picture")
        self.first = time.perf_counter() - started

    def reset(self) -> None:
        """As before the first frame. `first` is the seconds that it took, `frames` how many have come."""
        self._news = threading.Condition()
        self._changes: deque[tuple[float, Box]] = deque(maxlen=1024)
        self._last: npt.NDArray[np.uint8] | None = None
        self.frames, self.alive, self.first = 0, False, 0.0

    @property
    def _major(self) -> int:
        return int(self.version.partition(".")[0])

    def changed_since(self, start: float, ignored: Callable[[Box], bool]) -> float | None:
        """When (``time.perf_counter``) the screen last changed after `start` outside of what is `ignored`; else None.

        Boxes are in parts of the screen's width and height, 0 to 1.
        """
        with self._news:
            return next((when for when, box in reversed(self._changes) if when > start and not ignored(box)), None)

    def wait(self, frames: int, seconds: float) -> None:
        """Return when more than `frames` have come, the stream has ended, or `seconds` have passed."""
        with self._news:
            self._news.wait_for(lambda: self.frames > frames or not self.alive, max(0.0, seconds))

    def close(self) -> None:
        """End the server. Safe to call twice."""
        for connection in (self._video, self._shell):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _ask_version(self, path: str) -> str:
        """The server refuses a client of another version and says its own."""
        said = self._link.ask(_server(path, "0"), _START)
        found = re.search(r"server version \((\d+\.[\w.]+)\)", said.out + said.error)
        if found is None:
            raise EnvError(f"{self._link.serial} does not run scrcpy's server: {said.said}")
        return found[1]

    def _connect(self, path: str, display: int) -> tuple[socket.socket, socket.socket]:
        """The server's output and its video socket."""
        number = secrets.randbits(31)
        options = {**_OPTIONS, "scid": f"{number:08x}", "max_size": str(_LONGEST), "display_id": str(display)}
        name = "scrcpy" + (f"_{number:08x}" if self._major > 1 else "")
        shell = self._link.follow(_server(path, self.version, *(f"{key}={value}" for key, value in options.items())))
        said, deadline = _drained(shell), Deadline(_START)
        while True:
            try:
                return shell, self._link.dial(f"localabstract:{name}")
            except BackendError as error:
                if deadline.passed or said[-1:] == [""]:
                    shell.close()
                    raise EnvError(
                        f"scrcpy's server does not start: {''.join(said).strip()[-300:] or error}"
                    ) from error
                time.sleep(0.02)

    def _follow(self) -> None:
        """Read and decode until the stream ends."""
        import av
        from av.codec.context import Flags

        codec: Any = av.CodecContext.create("h264", "r")
        codec.flags |= Flags.low_delay
        config, held = 1 << (63 if self._major < 4 else 62), b""
        try:
            while head := _exactly(self._video, _HEADER.size):
                flags, size = _HEADER.unpack(head)
                if not 0 < size <= _LARGEST:
                    break
                held += _exactly(self._video, size)
                if flags & config:
                    continue  # it goes before the next
                for frame in codec.decode(av.Packet(held)):
                    self._take(time.perf_counter(), frame.to_ndarray(format="gray"))
                held = b""
        except (OSError, ValueError):  # av's errors are both
            pass
        finally:
            with self._news:
                self.alive = False
                self._news.notify_all()

    def _take(self, now: float, grey: npt.NDArray[np.uint8]) -> None:
        """Note a frame, and where it differs from the last one that did."""
        height, width = grey.shape
        box: Box | None = Box(0, 0, 1, 1)
        if self._last is not None and self._last.shape == grey.shape:  # else the first, or turned
            left, top, wide, high = cv2.boundingRect((cv2.absdiff(self._last, grey) > _LEVEL).astype(np.uint8))
            box = Box(left / width, top / height, (left + wide) / width, (top + high) / height) if wide else None
        with self._news:
            self.frames += 1
            if box is not None:
                self._last = grey
                self._changes.append((now, box))
            self._news.notify_all()


def _pushed(link: AdbLink, file: Path) -> str:
    """The server's path on the device, where it is put unless it is there."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise EnvError(f"cannot read {file}: {error.strerror}") from error
    path = f"/data/local/tmp/handeye-scrcpy-{hashlib.sha256(data).hexdigest()[:12]}.jar"
    if link.ask(command("ls", path)).status:
        link.push(data, path)
    return path


def _server(path: str, version: str, *options: str) -> Any:
    return command("env", f"CLASSPATH={path}", "app_process", "/", _MAIN, version, *options)


def _drained(connection: socket.socket) -> list[str]:
    """What comes, as it comes; an empty string at the end."""
    said: list[str] = []

    def read() -> None:
        with suppress(OSError):
            while data := connection.recv(4096):
                said.append(data.decode("utf-8", "replace"))
        said.append("")

    threading.Thread(target=read, daemon=True, name="screen server").start()
    return said


def _exactly(connection: socket.socket, size: int) -> bytes:
    """`size` bytes; fewer, none in the end, where the stream ends."""
    data = bytearray()
    while len(data) < size and (piece := connection.recv(size - len(data))):
        data += piece
    return bytes(data) if len(data) == size else b""
