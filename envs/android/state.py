"""The state of a device in one round trip: awake, locked, rotation, app in front, keyboard."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from actions.adb.lines import Line, command, pipe, sequence

Rotation = Literal[0, 90, 180, 270]
_TURNS: tuple[Rotation, ...] = (0, 90, 180, 270)
_LOCKS = "mDreamingLockscreen|mShowingLockscreen|isStatusBarKeyguard|isKeyguardShowing|mIsShowing"


@dataclass(frozen=True)
class DeviceState:
    """`rotation` in degrees; `size` is width and height in input units as it is turned; None: unknown.

    `app` is ``package/activity`` of the window in front. `display` is the physical id of the display, as
    ``screencap -d`` takes it; None for the first where there is one. `displays` are the logical ids of those there are.
    """

    awake: bool | None = None
    locked: bool = False
    rotation: Rotation = 0
    size: tuple[int, int] | None = None
    app: str | None = None
    keyboard: bool | None = None
    display: str | None = None
    displays: tuple[int, ...] = ()

    @property
    def package(self) -> str | None:
        """The package in front."""
        return None if self.app is None else self.app.partition("/")[0]


def _grep(service: Sequence[str], pattern: str) -> Line:
    return pipe(command("dumpsys", *service), command("grep", "-E", pattern))


WINDOW = _grep(("window",), f"Display: mDisplayId=|mCurrentFocus|mFocusedApp|{_LOCKS}|mCurrentRotation|mRotation=")
QUERY = sequence(
    _grep(("power",), "mWakefulness="),
    WINDOW,
    _grep(("display",), "DisplayViewport"),
    _grep(("input_method",), "mInputShown="),
    _grep(("input",), "SurfaceOrientation"),
)
"""One line for one round trip; only what is needed comes over the wire."""


def parse_state(said: str, display: int = 0) -> DeviceState:
    """Read what `QUERY` gave, for the display with the logical id `display`."""
    physical, (rotation, size) = _physical(said), _turned(said, display)
    awake = re.search(r"mWakefulness=(\w+)", said)
    shown = re.search(r"mInputShown=(true|false)", said)
    return DeviceState(
        awake=None if awake is None else awake[1] in ("Awake", "Dreaming"),
        locked=re.search(rf"(?:{_LOCKS})=true", said) is not None,
        rotation=rotation,
        size=size,
        app=_front(said, display),
        keyboard=None if shown is None else shown[1] == "true",
        display=physical.get(display) if display or len(physical) > 1 else None,
        displays=tuple(sorted(physical)),
    )


WINDOWS = _grep(("window", "windows"), r"Window #|mCurrentFocus|^ +(mAttrs|fl)=| fl=")
_SECURE = 0x2000  # FLAG_SECURE of WindowManager.LayoutParams, which Android 8 and earlier print as a number


def protected_app(said: str) -> str | None:
    """From what `WINDOWS` gave, the package of the window in front if it lets nobody capture it; else None."""
    focus = re.search(r"mCurrentFocus=Window\{(\w+) u\d+ ([\w.]+)", said)
    for window in re.split(r"Window #\d+ ", said)[1:] if focus else ():
        flags = re.search(r"\bfl=([^\n]*)", window)
        if focus and flags and window.startswith(f"Window{{{focus[1]} "):
            number = re.match(r"#([0-9a-f]+)", flags[1])
            if int(number[1], 16) & _SECURE if number else "SECURE" in re.split(r"[ |}]+", flags[1]):
                return focus[2]
    return None


def _physical(said: str) -> dict[int, str]:
    """The physical ids of the built-in and plugged-in displays by logical id; virtual ones have none."""
    return {
        int(number[1]): physical[1]
        for viewport in re.findall(r"DisplayViewport\{[^}]*\}", said)
        if "valid=true" in viewport
        and (number := re.search(r"displayId=(\d+)", viewport))
        and (physical := re.search(r"uniqueId='?local:(\d+)", viewport))
    }


def _turned(said: str, display: int) -> tuple[Rotation, tuple[int, int] | None]:
    """From the viewport of the display; of older devices and odd builds at least how it is turned."""
    for viewport in re.findall(r"DisplayViewport\{[^}]*\}", said):
        orientation = re.search(r"orientation=(\d)", viewport)
        frame = re.search(r"logicalFrame=Rect\((-?\d+), (-?\d+) - (-?\d+), (-?\d+)\)", viewport)
        if "valid=true" not in viewport or f"displayId={display}," not in viewport or not (orientation and frame):
            continue
        left, top, right, bottom = (int(number) for number in frame.groups())
        return _TURNS[int(orientation[1]) % 4], (right - left, bottom - top)
    turned = re.search(r"(?:mCurrentRotation|mRotation)=ROTATION_(\d+)", said)
    if turned:
        return _TURNS[int(turned[1]) // 90 % 4], None
    quarter = re.search(r"SurfaceOrientation: (\d)|mRotation=(\d)\b", said)
    return (_TURNS[int(quarter[1] or quarter[2]) % 4] if quarter else 0), None


def _front(said: str, display: int) -> str | None:
    """The window of the display that has the focus; the app that has it where the window is none of an app's."""
    _, *parts = re.split(r"Display: mDisplayId=(\d+)", said)  # Android 10 and later: a part for each display
    parted = dict(zip(map(int, parts[::2]), parts[1::2], strict=True))
    said = parted.get(display, "" if display else said)
    for name in ("mCurrentFocus", "mFocusedApp"):
        found = re.search(rf"{name}=.*?\s([\w.]+/[\w.$]+)", said)
        if found:
            return found[1]
    return None
