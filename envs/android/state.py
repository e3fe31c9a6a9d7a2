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

    `app` is ``package/activity`` of the window in front. `display` is the physical id of the screen in use where the
    device has several (a folded phone's cover), as ``screencap -d`` takes it; None where there is one.
    """

    awake: bool | None = None
    locked: bool = False
    rotation: Rotation = 0
    size: tuple[int, int] | None = None
    app: str | None = None
    keyboard: bool | None = None
    display: str | None = None

    @property
    def package(self) -> str | None:
        """The package in front."""
        return None if self.app is None else self.app.partition("/")[0]


def _grep(service: Sequence[str], pattern: str) -> Line:
    return pipe(command("dumpsys", *service), command("grep", "-E", pattern))


WINDOW = _grep(("window",), f"mCurrentFocus|mFocusedApp|{_LOCKS}|mCurrentRotation|mRotation=")
QUERY = sequence(
    _grep(("power",), "mWakefulness="),
    WINDOW,
    _grep(("display",), "DisplayViewport"),
    _grep(("input_method",), "mInputShown="),
    _grep(("input",), "SurfaceOrientation"),
)
"""One line for one round trip; only what is needed comes over the wire."""


def parse_state(said: str) -> DeviceState:
    """Read what `QUERY` gave."""
    rotation, size = _turned(said)
    awake = re.search(r"mWakefulness=(\w+)", said)
    shown = re.search(r"mInputShown=(true|false)", said)
    return DeviceState(
        awake=None if awake is None else awake[1] in ("Awake", "Dreaming"),
        locked=re.search(rf"(?:{_LOCKS})=true", said) is not None,
        rotation=rotation,
        size=size,
        app=_front(said),
        keyboard=None if shown is None else shown[1] == "true",
        display=_display(said),
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


def _display(said: str) -> str | None:
    found = {
        (number[1] if (number := re.search(r"displayId=(\d+)", viewport)) else ""): physical[1]
        for viewport in re.findall(r"DisplayViewport\{[^}]*\}", said)
        if "valid=true" in viewport and (physical := re.search(r"uniqueId='?local:(\d+)", viewport))
    }
    return found.get("0") if len(found) > 1 else None


def _turned(said: str) -> tuple[Rotation, tuple[int, int] | None]:
    """From the viewport of the built-in screen; of older devices and odd builds at least how it is turned."""
    for viewport in re.findall(r"DisplayViewport\{[^}]*\}", said):
        orientation = re.search(r"orientation=(\d)", viewport)
        frame = re.search(r"logicalFrame=Rect\((-?\d+), (-?\d+) - (-?\d+), (-?\d+)\)", viewport)
        if "valid=true" not in viewport or "displayId=0," not in viewport or not (orientation and frame):
            continue
        left, top, right, bottom = (int(number) for number in frame.groups())
        return _TURNS[int(orientation[1]) % 4], (right - left, bottom - top)
    turned = re.search(r"(?:mCurrentRotation|mRotation)=ROTATION_(\d+)", said)
    if turned:
        return _TURNS[int(turned[1]) // 90 % 4], None
    quarter = re.search(r"SurfaceOrientation: (\d)|mRotation=(\d)\b", said)
    return (_TURNS[int(quarter[1] or quarter[2]) % 4] if quarter else 0), None


def _front(said: str) -> str | None:
    """The window that has the focus; the app that has it where the window is none of an app's."""
    for name in ("mCurrentFocus", "mFocusedApp"):
        found = re.search(rf"{name}=.*?\s([\w.]+/[\w.$]+)", said)
        if found:
            return found[1]
    return None
