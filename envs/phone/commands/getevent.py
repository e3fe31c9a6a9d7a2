"""``getevent``."""

from __future__ import annotations

import queue

from envs.phone.device import PhoneDevice
from envs.phone.inputdevice import BUTTONS, KEYS, InputDevices, written
from envs.phone.sh import CommandCall


def getevent(phone: PhoneDevice, call: CommandCall) -> int:
    """``getevent [-l] [-t] [-q] [-c COUNT] [DEVICE]`` until the caller goes; ``-p`` lists the devices and ends."""
    letters = "".join(word[1:] for word in call.argv[1:] if word.startswith("-"))
    words = [word for word in call.argv[1:] if not word.startswith("-")]
    count = int(words.pop(0)) if "c" in letters and words and words[0].isdecimal() else 0
    wanted = words[-1] if words else ""
    if wanted not in ("", *(path for path, *_ in _listed(phone))):
        return call.fail(f"could not open {wanted}, No such file or directory")
    if "p" in letters or "i" in letters:
        call.out(_devices(phone, wanted, details=True))
        return 0
    return _follow(phone, call, wanted, count, letters)


def _follow(phone: PhoneDevice, call: CommandCall, wanted: str, count: int, letters: str) -> int:
    """The devices, then events; a caller that has read the devices misses none."""
    listener = phone.inputs.listen()
    told = 0
    try:
        if not wanted and "q" not in letters:
            call.out(_devices(phone, wanted, details=False))
        while not count or told < count:
            try:
                line = listener.get(timeout=1.0)
            except queue.Empty:
                call.write(b"")  # raises when the caller has gone
                continue
            if wanted in ("", line[1]):
                call.out(written(line, labels="l" in letters, times="t" in letters))
                told += 1
    finally:
        phone.inputs.leave(listener)
    return 0


def _listed(phone: PhoneDevice) -> list[tuple[str, str, str, bool]]:
    """The path of each device, its name, its events, and whether it is a touchscreen."""
    keys = f"    KEY (0001): {'  '.join(f'{key:<20}' for key in KEYS.values())}\n"
    second = [phone.second.inputs] if phone.second else []
    return [
        (phone.inputs.touchscreen, "handeye-touchscreen", _axes(phone.inputs), True),
        (BUTTONS, "handeye-buttons", keys, False),
        *((inputs.touchscreen, "handeye-second", _axes(inputs), True) for inputs in second),
    ]


def _axes(inputs: InputDevices) -> str:
    width, height = inputs.size
    axes = [("ABS_MT_SLOT", 9), ("ABS_MT_POSITION_X", width - 1), ("ABS_MT_POSITION_Y", height - 1),
            ("ABS_MT_TRACKING_ID", 65535)]  # fmt: skip
    ranges = [f"{name:<20}  : value 0, min 0, max {most}, fuzz 0, flat 0, resolution 0" for name, most in axes]
    return "    KEY (0001): BTN_TOUCH\n    ABS (0003): " + "\n                ".join(ranges) + "\n"


def _devices(phone: PhoneDevice, wanted: str, *, details: bool) -> str:
    said = ""
    for number, (path, name, events, direct) in enumerate(_listed(phone), 1):
        if wanted in ("", path):
            said += f'add device {number}: {path}\n  name:     "{name}"\n'
            props = "    INPUT_PROP_DIRECT\n" if direct else "    <none>\n"
            said += f"  events:\n{events}  input props:\n{props}" if details else ""
    return said
