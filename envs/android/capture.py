"""Pictures of a device's screen, by the fastest way that it offers, and never half a picture."""

from __future__ import annotations

import math
import struct
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from actions.adb.lines import Line, command, errors_of, pipe, quiet
from actions.adb.link import AdbLink
from actions.backend import BackendError
from envs.env import EnvError

Pixels = npt.NDArray[np.uint8]
"""RGBA, uint8, height x width x 4. The fourth channel means nothing."""
Method = Literal["raw", "gzip", "png"]
_HEADERS = (16, 12)
"""Bytes before the pixels of a raw picture: width, height, format and, since Android 9, colour space."""
_BGRA = 5
_FORMATS = (1, 2, _BGRA)
"""RGBA_8888, RGBX_8888 and BGRA_8888 of Android's ``PixelFormat``; other devices send PNG."""
_CLEARLY = 1.5
"""How many times as long as the fastest a way may take and still be measured further."""
_PNG, _PNG_END = b"\x89PNG\r\n\x1a\n", b"\x00\x00\x00\x00IEND\xaeB`\x82"


class HalfFrameError(EnvError):
    """What came is no whole picture."""


class AndroidCapture(Protocol):
    """Where pictures come from. `ScreencapCapture` is one; another can be handed to `envs.android.AndroidEnv`."""

    @property
    def method(self) -> str:
        """For records."""

    def grab(self) -> Pixels:
        """The screen as it is now, whole. Raises `HalfFrameError`, `EnvError` or `BackendError`."""

    def close(self) -> None:
        """End it. Safe to call twice."""


@dataclass(frozen=True)
class _Way:
    line: Line
    read: Callable[[bytes], Pixels]


def decode_raw(data: bytes) -> Pixels:
    """A raw picture of ``screencap``. Raises `HalfFrameError` unless every pixel is there."""
    if len(data) < _HEADERS[-1]:
        raise HalfFrameError(f"the phone sent {len(data)} bytes instead of a picture")
    width, height, pixel = struct.unpack_from("<3I", data)
    size = width * height * 4
    if pixel not in _FORMATS or not 0 < size <= 1 << 30:
        raise HalfFrameError(f"not a raw picture that can be read: {width}x{height}, pixel format {pixel}")
    header = len(data) - size
    if header not in _HEADERS:
        raise HalfFrameError(f"half a picture: {len(data)} bytes for {width}x{height}")
    pixels = np.frombuffer(data, np.uint8, offset=header).reshape(height, width, 4)
    return np.ascontiguousarray(pixels[..., [2, 1, 0, 3]]) if pixel == _BGRA else pixels


def decode_gzip(data: bytes) -> Pixels:
    """A raw picture that was compressed on the device."""
    try:
        unpacked = zlib.decompressobj(wbits=31)
        raw = unpacked.decompress(data)
    except zlib.error as error:
        raise HalfFrameError(f"half a picture: {error}") from error
    if not unpacked.eof:
        raise HalfFrameError(f"half a picture: the compressed stream of {len(data)} bytes has no end")
    return decode_raw(raw)


def decode_png(data: bytes) -> Pixels:
    """A PNG file as ``screencap -p`` writes it."""
    if not data.startswith(_PNG) or not data.endswith(_PNG_END):
        raise HalfFrameError(
            f"half a picture: {len(data)} bytes of PNG without its {'end' if data[:8] == _PNG else 'head'}"
        )
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if found is None:
        raise HalfFrameError("a PNG file that cannot be read")
    return np.asarray(cv2.cvtColor(found, cv2.COLOR_BGR2RGBA), np.uint8)


def ways(display: str | None = None) -> Mapping[Method, _Way]:
    """The ways of ``screencap`` for the display with this physical id; None for the device's first."""
    which = () if display is None else ("-d", display)
    raw, png = command("screencap", *which), command("screencap", "-p", *which)
    return {
        "raw": _Way(quiet(raw), decode_raw),
        "gzip": _Way(quiet(pipe(raw, command("gzip", "-1"))), decode_gzip),
        "png": _Way(quiet(png), decode_png),
    }


WAYS: Mapping[Method, _Way] = ways()
"""``2>/dev/null`` because Android 14 warns on a device with two screens, in the middle of the picture."""


class ScreencapCapture:
    """Pictures by ``screencap``, which threads may take side by side. `method` None measures what the device offers and
    takes the fastest.

    `display` is the physical id of the screen, where the device has several; it may be set anew, as when a phone is
    folded. `timings` is the least seconds of each way measured. Raises `EnvError` when none gives a picture.
    """

    def __init__(
        self,
        link: AdbLink,
        method: Method | None = None,
        *,
        rounds: int = 2,
        timeout: float = 20.0,
        display: str | None = None,
    ) -> None:
        self._link, self._timeout, self.display = link, timeout, display
        self._kept: tuple[Method, bytes, Pixels] | None = None
        self.timings: dict[Method, float] = {}
        self._method: Method = method or self._fastest(rounds)

    @property
    def method(self) -> Method:
        """``raw``, ``gzip`` or ``png``."""
        return self._method

    def grab(self) -> Pixels:
        """The screen as it is now. Raises `HalfFrameError`, and `BackendError` when the device cannot be reached."""
        return self.grab_by(self._method)

    def grab_by(self, method: Method) -> Pixels:
        """The screen, in this way; the same array as the last time where the same bytes came."""
        way = WAYS[method] if self.display is None else ways(self.display)[method]
        data = self._link.read(way.line, self._timeout)
        if not data and (words := self._link.ask(errors_of(command("screencap", "-p"))).out.strip()):
            raise HalfFrameError(f"screencap says: {words[-300:]}")
        kept = self._kept
        if kept is None or kept[:2] != (method, data):
            kept = self._kept = method, data, way.read(data)
        return kept[2]

    def close(self) -> None:
        """Nothing to end."""

    def _fastest(self, rounds: int) -> Method:
        """In turns, and the least time counts, so that a moment in which the device is busy decides nothing.

        Those that take `_CLEARLY` times as long as the fastest are left out after `rounds`; others have as many again.
        """
        offered: list[Method] = ["png", "raw"]
        if self._link.ask(command("which", "gzip")).status == 0:
            offered.append("gzip")
        problem = ""
        for number in range(2 * rounds):
            for method in offered if number < rounds or len(offered) > 1 else ():
                start = time.perf_counter()
                try:
                    self.grab_by(method)
                except (EnvError, BackendError) as error:
                    problem = str(error)
                    self.timings.pop(method, None)
                else:
                    spent = time.perf_counter() - start
                    self.timings[method] = min(spent, self.timings.get(method, spent))
            if not self.timings:
                raise EnvError(f"the phone gives no picture: {problem}")
            most = min(self.timings.values()) * (_CLEARLY if number + 1 >= rounds else math.inf)
            offered = [method for method in offered if method in self.timings and self.timings[method] <= most]
        return min(self.timings, key=lambda method: self.timings[method])
