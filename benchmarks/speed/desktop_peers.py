"""The other sides of `benchmarks.speed.desktop`, in a process of their own: a Python that has the peers' packages.

It imports nothing of this project. It writes a line of JSON with the peers that there are and why the others are left
out, and then a line when it has done a step: for each line on stdin, a list of peer, action and arguments.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

_SCROT = "it takes the pictures"


class MissingError(Exception):
    """Why a peer cannot be run."""


def need(program: str, why: str) -> None:
    """Raises `MissingError` where a program of the system is not there."""
    if shutil.which(program) is None:
        raise MissingError(f"apt-get install {program} ({why})")


def package(name: str) -> str:
    """The version of a package. Raises `MissingError`."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        raise MissingError(f"pip install {name}") from None


class Cua:
    """trycua/cua: its server's own handlers, and `ComputerAgent`'s ``screenshot_delay`` (0.5 s by default)."""

    def __init__(self) -> None:
        self.name = f"cua {package('cua-computer-server')}"
        need("scrot", _SCROT)
        self._handler: Any = import_module("computer_server.handlers.linux").LinuxAutomationHandler()

    async def _step(self, does: Awaitable[Any]) -> None:
        check(await does)
        await asyncio.sleep(0.5)
        check(await self._handler.screenshot())

    def click(self, x: int, y: int) -> None:
        """``left_click``, the delay, ``screenshot``."""
        asyncio.run(self._step(self._handler.left_click(x, y)))

    def type(self, text: str) -> None:
        """``type_text``, the delay, ``screenshot``."""
        asyncio.run(self._step(self._handler.type_text(text)))


class AgentS:
    """simular-ai/Agent-S, ``gui_agents/s3/cli_app.py``: a second before and after the pyautogui calls that its
    ``grounding.py`` writes, then a picture; they are made here, since it runs them by ``exec``.
    """

    def __init__(self) -> None:
        self.name = f"Agent-S {package('gui-agents')}"
        need("scrot", _SCROT)
        self._gui: Any = import_module("pyautogui")

    def _step(self, act: Callable[[], object]) -> None:
        time.sleep(1.0)
        act()
        time.sleep(1.0)
        shot = self._gui.screenshot()
        data = io.BytesIO()
        shot.resize(shot.size, import_module("PIL.Image").LANCZOS).save(data, format="PNG")

    def click(self, x: int, y: int) -> None:
        """``pyautogui.click``."""
        self._step(lambda: self._gui.click(x, y, clicks=1, button="left"))

    def type(self, text: str) -> None:
        """``pyautogui.write``."""
        self._step(lambda: self._gui.write(text))


class UiTars:
    """bytedance/UI-TARS-desktop (239b654), ``operators/nut-js/src/index.ts`` and the app's ``loopIntervalInMs``: 0.1 s
    between the pointer's way (3,600 pixels a second) and the click, 1 s after each action, and a PNG of the screen. A
    minimal harness: its waits, with xdotool's input and Pillow's picture; what nut.js itself waits is left out.
    """

    def __init__(self) -> None:
        self.name = "UI-TARS-desktop's waits"
        need("xdotool", "in the place of nut.js")
        self._grab: Any = import_module("PIL.ImageGrab")

    def _picture(self) -> None:
        time.sleep(1.0)
        data = io.BytesIO()
        self._grab.grab(xdisplay=os.environ["DISPLAY"]).save(data, "PNG")
        base64.b64encode(data.getvalue())

    def click(self, x: int, y: int) -> None:
        """To the place, 0.1 s, click."""
        said = subprocess.run(["xdotool", "getmouselocation"], capture_output=True, check=True, text=True).stdout
        left, top = (int(word.partition(":")[2]) for word in said.split()[:2])
        time.sleep(((x - left) ** 2 + (y - top) ** 2) ** 0.5 / 3600)
        subprocess.run(["xdotool", "mousemove", str(x), str(y)], check=True)
        time.sleep(0.1)
        subprocess.run(["xdotool", "click", "1"], check=True)
        self._picture()

    def type(self, text: str) -> None:
        """``autoDelayMs`` is 0."""
        subprocess.run(["xdotool", "type", "--delay", "0", "--", text], check=True)
        self._picture()


class Demo:
    """anthropics/claude-quickstarts (370e18d), ``computer-use-demo``: its own ``ComputerTool20250124``, with 2 s before
    a picture (none after typing, which takes 12 ms a character), without its scaling, which this size needs not.
    """

    def __init__(self) -> None:
        folder = Path(os.environ.get("HANDEYE_PEERS", ""), "claude-quickstarts", "computer-use-demo")
        if not (folder / "computer_use_demo").is_dir():
            raise MissingError("clone https://github.com/anthropics/claude-quickstarts and name the folder over it: "
                          "HANDEYE_PEERS")  # fmt: skip
        self.name = f"Anthropic's demo, anthropic {package('anthropic')}"
        need("scrot", _SCROT)
        need("xdotool", "its input")
        sys.path.insert(0, str(folder))
        self._tool: Any = import_module("computer_use_demo.tools.computer").ComputerTool20250124()
        self._tool._scaling_enabled = False

    def click(self, x: int, y: int) -> None:
        """``left_click``."""
        asyncio.run(self._tool(action="left_click", coordinate=[x, y]))

    def type(self, text: str) -> None:
        """``type``."""
        asyncio.run(self._tool(action="type", text=text))


def check(answer: dict[str, Any]) -> None:
    """Raises `SystemExit` where a handler of cua's failed."""
    if not answer.get("success"):
        raise SystemExit(f"cua: {answer.get('error')}")


def main() -> None:
    """Serve."""
    say, sys.stdout = sys.stdout, sys.stderr  # the peers' packages print what they like
    peers: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for kind in (Cua, AgentS, UiTars, Demo):
        try:
            peer = kind()
            peers[peer.name] = peer
        except (MissingError, ImportError) as error:
            left_out[kind.__name__] = str(error)
    print(json.dumps([list(peers), left_out]), file=say, flush=True)
    for line in sys.stdin:
        name, action, *arguments = json.loads(line)
        peer = peers[name]
        (peer.click if action == "click" else peer.type)(*arguments)
        print("done", file=say, flush=True)


if __name__ == "__main__":
    main()
