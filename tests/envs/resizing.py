"""Another size for an X display, as a person or a program gives it with ``xrandr``."""

from __future__ import annotations

from typing import Any

import xcffib
import xcffib.randr

randr: Any = xcffib.randr  # xcffib is not annotated
_connect: Any = xcffib.connect


def resize(display: str, width: int, height: int) -> None:
    """Give an Xvfb a size below its first one; once for each size."""
    connection, name = _connect(display), f"{width}x{height}"
    root, there = connection.get_setup().roots[0].root, connection(randr.key)
    found = there.GetScreenResourcesCurrent(root).reply()
    info = randr.ModeInfo.synthetic(0, width, height, 60, 0, 0, width, 0, 0, 0, height, len(name), 0)
    mode = there.CreateMode(root, info, len(name), name).reply().mode
    there.AddOutputMode(found.outputs[0], mode, is_checked=True).check()
    there.SetCrtcConfig(found.crtcs[0], 0, 0, 0, 0, 0, 1, 0, []).reply()
    there.SetScreenSize(root, width, height, width // 4, height // 4, is_checked=True).check()
    there.SetCrtcConfig(found.crtcs[0], 0, 0, 0, 0, mode, 1, 1, found.outputs).reply()
    connection.disconnect()
