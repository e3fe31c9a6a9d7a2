"""``screencap``, ``wm`` and ``svc``."""

from __future__ import annotations

import errno
import re
import struct

import cv2
import numpy as np

from envs.phone.device import PhoneDevice
from envs.phone.phone_facts import COVER, DENSITY, DISPLAY, SECOND
from envs.phone.sh import CommandCall, take_option

_RGBA_8888 = 1
_SRGB = 1
_STATUS_BAR = 0.04
"""The part of a screen's height that shows beside a protected window."""


def screencap(phone: PhoneDevice, call: CommandCall) -> int:
    """``screencap [-p|-j] [-d ID] [FILE]``: PNG, JPEG, or a header (width, height, format, colour space) and RGBA."""
    given = list(call.argv[1:])
    off = phone.faults.folded
    display = take_option(given, "-d")
    if display is not None:
        off = off and display != COVER
        if phone.second and display == SECOND:
            phone = phone.second
        elif display not in ("0", DISPLAY, *([COVER] if phone.faults.folded else [])):
            return call.fail(f"Display Id '{display}' is not valid.")
    words = [word for word in given if not word.startswith("-")]
    name = words[-1] if words else ""
    unknown = next((word for word in given if word.startswith("-") and word not in ("-p", "-j")), "")
    if unknown:
        return call.fail(f"invalid option -- {unknown.lstrip('-')[:1]}")
    png = phone.screen.png()
    if off or phone.faults.secure:
        png = _blackened(png, 0 if off else _STATUS_BAR)
    if "-j" in given or name.endswith((".jpg", ".jpeg")):
        data = cv2.imencode(".jpg", decoded(png))[1].tobytes()
    else:
        data = png if "-p" in given or name.endswith(".png") else _raw(png)
    data = phone.faults.screenshot(data)
    if not name:
        call.write(data)
        return 0
    if len(data) > phone.free():
        return call.fail(f"Error opening file: {name} (No space left on device)")
    phone.locate(call.path(name)).write_bytes(data)
    return 0


def _blackened(png: bytes, below: float) -> bytes:
    """A picture that is black below a part of its height."""
    found = decoded(png)
    found[round(below * found.shape[0]) :] = 0
    return cv2.imencode(".png", found)[1].tobytes()


def _raw(png: bytes) -> bytes:
    width, height, pixels = _pixels(png)
    return struct.pack("<4I", width, height, _RGBA_8888, _SRGB) + pixels


def framebuffer(png: bytes) -> bytes:
    """The answer to ``framebuffer:`` (``fbinfo`` of AOSP's ``framebuffer_service.cpp``, version 2) for a screen."""
    width, height, pixels = _pixels(png)
    channels = (0, 8, 16, 8, 8, 8, 24, 8)  # offset and length of red, blue, green and alpha
    return struct.pack("<14I", 2, 32, _SRGB, len(pixels), width, height, *channels) + pixels


def decoded(png: bytes) -> np.ndarray:
    """Blue, green, red."""
    found = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    if found is None:
        raise OSError(errno.EIO, "the browser's picture cannot be read")
    return found


def _pixels(png: bytes) -> tuple[int, int, bytes]:
    """Width, height and RGBA."""
    found = decoded(png)
    height, width = found.shape[:2]
    return width, height, cv2.cvtColor(found, cv2.COLOR_BGR2RGBA).tobytes()


def wm(phone: PhoneDevice, call: CommandCall) -> int:
    """``wm size [WxH|reset] | density [N|reset] | dismiss-keyguard | user-rotation`` and others that do nothing."""
    words = tuple(word for n, word in enumerate(call.argv[1:]) if word != "-d" and call.argv[n] != "-d")
    if words[:1] in (("size",), ("density",)) and len(words) <= 2:
        return _override(phone, call, *words)
    if words == ("dismiss-keyguard",):
        phone.screen.ask("system.unlock()")
    elif words[:2] == ("user-rotation", "lock") and len(words) <= 3:
        phone.rotate(words[2] if len(words) == 3 else str(phone.rotation))
    elif words == ("user-rotation",):
        call.out(f"lock {phone.rotation}\n")
    elif words == ("user-rotation", "free") or words[:1] in (("overscan",), ("scaling",), ("fixed-to-user-rotation",)):
        pass
    elif words[:1] in (("get-ignore-orientation-request",), ("set-ignore-orientation-request",)):
        call.out("ignoreOrientationRequest false for displayId=0\n" if words[0].startswith("get") else "")
    else:
        return call.fail(f"Unknown command: {' '.join(words)}", 255)
    return 0


def _override(phone: PhoneDevice, call: CommandCall, what: str, value: str = "") -> int:
    """Tell or change the size (device pixels, upright) or the density (dots an inch) that apps see."""
    physical = "{}x{}".format(*phone.physical) if what == "size" else str(DENSITY)
    if not value:
        now = "{}x{}".format(*phone.upright) if what == "size" else str(phone.screen.density)
        call.out(f"Physical {what}: {physical}\n" + (f"Override {what}: {now}\n" if now != physical else ""))
        return 0
    value = physical if value == "reset" else value
    if what == "size":
        found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", value)
        size = (int(found.group(1)), int(found.group(2))) if found else (0, 0)
        if not all(200 <= side <= 5000 for side in size):
            return call.fail(f"Error: bad size {value}", 255)
        phone.override(size, phone.screen.density)
        return 0
    if not value.isdecimal() or not 72 <= int(value[:6]) <= 1000:
        return call.fail(f"Error: density must be >= 72 and <= 1000: {value}", 255)
    phone.override(phone.upright, int(value))
    return 0


_SVC_USAGE = """Available commands:
    help     Show information about the subcommands
    power    Control the power manager
    data     Control mobile data connectivity
    wifi     Control the Wi-Fi manager
    usb      Control Usb state
    nfc      Control NFC functions
    bluetooth  Control Bluetooth service
    system-server System server process related command
"""


def svc(phone: PhoneDevice, call: CommandCall) -> int:
    """``svc wifi|data|bluetooth|nfc enable|disable``, ``svc power stayon|reboot``, ``svc usb getFunctions``."""
    words = call.argv[1:]
    names = {"wifi": "wifi_on", "data": "mobile_data", "bluetooth": "bluetooth_on", "nfc": "nfc_on"}
    if len(words) == 2 and words[0] in names and words[1] in ("enable", "disable"):
        phone.state.put("global", names[words[0]], "1" if words[1] == "enable" else "0")
        phone.screen.ask("system.refresh()")
    elif words[:2] == ("power", "stayon") and len(words) == 3:
        phone.state.put("global", "stay_on_while_plugged_in", {"false": "0", "true": "15"}.get(words[2], "3"))
    elif words[:2] == ("power", "reboot"):
        phone.reboot()
    elif words[:2] in (("usb", "getFunctions"), ("usb", "setFunctions"), ("usb", "resetUsbGadget")):
        call.out("\n" if words[1] == "getFunctions" else "")
    else:
        call.write_error(_SVC_USAGE.encode())
        return 0 if words[:1] in ((), ("help",)) else 255
    return 0
