"""``screenrecord``."""

from __future__ import annotations

import os
import re
import tempfile
import threading
import time
from pathlib import Path

import cv2

from envs.phone.commands.display import decoded
from envs.phone.device import PhoneDevice
from envs.phone.sh import CommandCall, take_option

_RATE = 5
_LONGEST = 180.0


def screenrecord(phone: PhoneDevice, call: CommandCall) -> int:
    """``screenrecord [--time-limit S] [--size WxH] [--bit-rate N] FILE``: an MPEG-4 file of 5 pictures a second.

    It ends at the limit (3 minutes), by a signal, or when its caller has gone; the file is whole then.
    """
    words = list(call.argv[1:])
    limit, size, _ = (take_option(words, f"--{option}") for option in ("time-limit", "size", "bit-rate"))
    words = [word for word in words if word not in ("--verbose", "--bugreport")]
    wanted = re.fullmatch(r"(\d{2,4})x(\d{2,4})", size) if size else None
    if len(words) != 1 or words[0].startswith("-") or (size and not wanted):
        return call.fail("Must specify output file (see --help).", 2)
    if limit and not (limit.isdecimal() and 0 < int(limit) <= _LONGEST):
        return call.fail(f"Time limit must be 1 to {_LONGEST:.0f} seconds", 2)
    target = phone.locate(call.path(words[0]))
    if not target.parent.is_dir() or phone.free() == 0:
        return call.fail(f"unable to open '{words[0]}': No such file or directory or no space left on device")
    width, height = (int(wanted[1]), int(wanted[2])) if wanted else phone.screen.size
    handle, made = tempfile.mkstemp(".mp4", ".", target.parent)
    os.close(handle)
    try:
        with call.process() as process:
            _record(phone, call, made, (width & ~1, height & ~1), float(limit or _LONGEST), process.stopping)
    finally:
        Path(made).replace(target)
    return 0


def _record(
    phone: PhoneDevice, call: CommandCall, file: str, size: tuple[int, int], seconds: float, stop: threading.Event
) -> None:
    """Record into `file` until the time is over, `stop` is set or the caller has gone (`Closed`)."""
    video = cv2.VideoWriter(file, cv2.VideoWriter.fourcc(*"mp4v"), _RATE, size)
    began, written = time.monotonic(), 0
    try:
        while (now := time.monotonic() - began) < seconds:
            picture = cv2.resize(decoded(phone.screen.png()), size)
            while written <= now * _RATE:
                video.write(picture)
                written += 1
            call.write(b"")
            if stop.wait(max(0.0, min(written / _RATE, seconds) - (time.monotonic() - began))):
                return
    finally:
        video.release()
