"""scrcpy's server on the simulated phone: H.264 of the screen on an abstract socket, a frame for each change.

On a device scrcpy pushes a jar and starts it with ``app_process``; here the same line starts `scrcpy_server`. Protocol:
``doc/develop.md`` of scrcpy, version 3 (``DesktopConnection.java``, ``Streamer.java``).
"""

from __future__ import annotations

import queue
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from typing import Any

import cv2
import numpy as np

from envs.env import Image
from envs.phone.commands.display import decoded
from envs.phone.device import PhoneDevice
from envs.phone.phone_facts import SECOND_ID
from envs.phone.sh import CommandCall

MAIN = "com.genymobile.scrcpy.Server"
VERSION = "3.3.4"
_CONFIG, _KEY = 1 << 63, 1 << 62
_DEFAULTS = {
    "scid": "", "max_size": "0", "display_id": "0", "tunnel_forward": "false", "audio": "true", "control": "true",
}  # fmt: skip
_METAS = ("send_dummy_byte", "send_device_meta", "send_codec_meta", "send_frame_meta")


def scrcpy_server(phone: PhoneDevice, call: CommandCall) -> int:
    """``app_process / com.genymobile.scrcpy.Server VERSION [OPTION=VALUE]…``: video only, to the first that connects.

    It ends with its caller or its connection. Other options than those of the socket, the display, the size and the
    headers are ignored.
    """
    version, *given = call.argv[3:] or [""]
    if version != VERSION:
        mismatch = f"The server version ({VERSION}) does not match the client ({version})"
        return call.fail(f"java.lang.IllegalArgumentException: {mismatch}")
    options = {
        **_DEFAULTS,
        **dict.fromkeys(_METAS, "true"),
        **dict(pair.split("=", 1) for pair in given if "=" in pair),
    }
    wanted = {"tunnel_forward": "true", "audio": "false", "control": "false"}
    if not re.fullmatch(r"([0-9a-f]{1,8})?", options["scid"]) or any(options[k] != v for k, v in wanted.items()):
        return call.fail("java.lang.IllegalArgumentException: only tunnel_forward=true audio=false control=false here")
    shown = {"0": phone, str(SECOND_ID): phone.second}.get(options["display_id"])
    if shown is None:
        return call.fail(f"[server] ERROR: Could not find any display with id {options['display_id']}")
    name = "localabstract:scrcpy" + (f"_{int(options['scid'], 16):08x}" if options["scid"] else "")
    came: queue.SimpleQueue[socket.socket | None] = queue.SimpleQueue()

    def connect() -> socket.socket:
        ours, theirs = socket.socketpair()
        came.put(theirs)
        return ours

    with call.process() as process:
        threading.Thread(target=_until_left, args=(call, process.stopping, came), daemon=True).start()
        phone.listeners[name] = connect
        try:
            call.out("[server] INFO: Device: [Handeye] simulated phone (Android 13)\n")
            connection = came.get()
        finally:
            del phone.listeners[name]
        if connection is not None:
            with connection, suppress(OSError):
                _serve(shown, connection, options, process.stopping)
    return 0


def _until_left(call: CommandCall, left: threading.Event, came: queue.SimpleQueue[socket.socket | None]) -> None:
    with suppress(OSError):
        while call.stdin.read(4096):
            pass
    left.set()
    came.put(None)


def _serve(phone: PhoneDevice, to: socket.socket, options: Mapping[str, str], stop: threading.Event) -> None:
    """Headers as far as they are wanted, then a packet for each picture. Raises OSError when the caller has gone."""
    dummy, device, codec, each = (options[name] == "true" for name in _METAS)
    to.sendall(b"\0" * dummy + b"simulated phone".ljust(64, b"\0") * device)
    encoder: _FrameStreamEncoder | None = None
    started = time.monotonic()
    for picture in _pictures(phone, int(options["max_size"] or 0), stop):
        size = picture.shape[1], picture.shape[0]
        if encoder is None or encoder.size != size:
            if encoder is None and codec:
                to.sendall(b"h264" + struct.pack(">2I", *size))
            encoder = _FrameStreamEncoder(size)
        for flags, data in encoder.encode(picture):
            stamp = flags if flags == _CONFIG else flags | int((time.monotonic() - started) * 1e6)
            to.sendall((struct.pack(">QI", stamp, len(data)) if each else b"") + data)


def _pictures(phone: PhoneDevice, longest: int, stop: threading.Event) -> Iterator[Image]:
    """RGB pictures of the screen, the longer side at most `longest` (0: as it is), each side a multiple of 8."""
    with phone.screen.watched(longest or max(phone.screen.size)) as frames:
        while not stop.is_set():
            with suppress(queue.Empty):
                data = frames.get(timeout=0.2)
                found = decoded(data)
                scale = min(1.0, longest / max(found.shape)) if longest else 1.0
                width, height = (max(8, round(side * scale) // 8 * 8) for side in found.shape[1::-1])
                sized = cv2.resize(found, (width, height), interpolation=cv2.INTER_AREA)
                yield np.asarray(cv2.cvtColor(sized, cv2.COLOR_BGR2RGB), np.uint8)


class _FrameStreamEncoder:
    """H.264 of pictures of one size, without delay. Needs PyAV."""

    def __init__(self, size: tuple[int, int]) -> None:
        import av

        self.size, self._frame = size, av.VideoFrame.from_ndarray
        self._codec: Any = av.CodecContext.create("libx264", "w")
        self._codec.width, self._codec.height = size
        self._codec.pix_fmt, self._codec.framerate = "yuv420p", Fraction(30)
        self._codec.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "18"}
        self._codec.flags |= av.codec.context.Flags.global_header
        self._configured = False

    def encode(self, picture: Image) -> Iterator[tuple[int, bytes]]:
        """Flags and data of each packet, the configuration first."""
        packets = self._codec.encode(self._frame(picture, format="rgb24").reformat(format="yuv420p"))
        if not self._configured:
            self._configured = True
            yield _CONFIG, bytes(self._codec.extradata)
        for packet in packets:
            yield _KEY if packet.is_keyframe else 0, bytes(packet)
