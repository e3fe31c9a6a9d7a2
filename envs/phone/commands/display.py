"""``screencap``, ``wm`` and ``svc``."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from envs.phone.phone_facts import DENSITY, SIZE
from envs.phone.sh import Call

if TYPE_CHECKING:
    from envs.phone.phone import Phone

_RGBA_8888 = 1
_SRGB = 1


def screencap(phone: Phone, call: Call) -> int:
    """``screencap [-p] [FILE]``: PNG, or a header of four words (width, height, format, colour space) and RGBA."""
    words = [word for word in call.argv[1:] if not word.startswith("-")]
    as_png = "-p" in call.argv or (words and words[-1].endswith(".png"))
    png = phone.screen.png()
    data = phone.faults.screenshot(png if as_png else _raw(png))
    if not words:
        call.write(data)
        return 0
    if len(data) > phone.free():
        return call.fail(f"Error opening file: {words[-1]} (No space left on device)")
    phone.locate(call.path(words[-1])).write_bytes(data)
    return 0


def _raw(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png)) as image:
        pixels = np.asarray(image.convert("RGBA"))
    height, width = pixels.shape[:2]
    return struct.pack("<4I", width, height, _RGBA_8888, _SRGB) + pixels.tobytes()


def wm(phone: Phone, call: Call) -> int:
    """``wm size | density | dismiss-keyguard | user-rotation``."""
    words = call.argv[1:]
    if words == ("size",):
        call.out(f"Physical size: {SIZE[0]}x{SIZE[1]}\n")
    elif words == ("density",):
        call.out(f"Physical density: {DENSITY}\n")
    elif words == ("dismiss-keyguard",):
        phone.screen.ask("system.unlock()")
    elif words[:2] == ("user-rotation", "lock") and len(words) <= 3:
        turn(phone, words[2] if len(words) == 3 else str(phone.rotation))
    elif words in (("size", "reset"), ("density", "reset"), ("user-rotation", "free")):
        pass
    else:
        return call.fail(f"the simulated phone does not know: wm {' '.join(words)}", 255)
    return 0


def turn(phone: Phone, quarter: str) -> None:
    """Set ``user_rotation`` and turn the screen. Raises ValueError."""
    phone.state.put("system", "user_rotation", str(int(quarter) % 4))
    phone.turn(phone.rotation)


def svc(phone: Phone, call: Call) -> int:
    """``svc wifi|data|bluetooth|power enable|disable|stayon``."""
    words = call.argv[1:]
    names = {"wifi": "wifi_on", "data": "mobile_data", "bluetooth": "bluetooth_on"}
    if len(words) == 2 and words[0] in names and words[1] in ("enable", "disable"):
        phone.state.put("global", names[words[0]], "1" if words[1] == "enable" else "0")
        phone.screen.ask("system.refresh()")
        return 0
    if words[:2] == ("power", "stayon") and len(words) == 3:
        phone.state.put("global", "stay_on_while_plugged_in", "0" if words[2] == "false" else "3")
        return 0
    return call.fail("Available commands: wifi, data, bluetooth, power", 255)
