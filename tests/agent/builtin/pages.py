"""Screenshots for perception: pages rendered by headless Chromium, and windows drawn by Tk on a private display."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import mss
import numpy as np
import pytest
from PIL import Image

from envs.env import Image as Pixels


def render(html: str, folder: Path, width: int = 900, height: int = 700, scale: float = 1.0) -> Pixels:
    """The page as Chromium draws it; the test is skipped where there is no Chromium."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium (apt-get install chromium)")
    page, shot = folder / "page.html", folder / "shot.png"
    page.write_text(f"<!doctype html><meta charset=utf-8>{html}", encoding="utf-8")
    command = [
        program,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={folder}/profile",
    ]
    size = [f"--window-size={width},{height}", f"--force-device-scale-factor={scale}", f"--screenshot={shot}"]
    subprocess.run([*command, *size, page.as_uri()], check=True, capture_output=True, timeout=90)
    return np.asarray(Image.open(shot).convert("RGB"))


_SAY_WHEN_DRAWN = """
import os, tkinter
def _mainloop(self, n=0, run=tkinter.Misc.mainloop):
    while not self.winfo_viewable():
        self.update()
    for _ in range(5):  # each round trip lets the server draw what was asked for and report what it exposed
        self.update()
        self.winfo_pointerxy()
    os.write(int(os.environ["DRAWN"]), b"drawn")
    run(self, n)
tkinter.Misc.mainloop = _mainloop
"""


def tk_window(script: str, size: str = "1000x700") -> Pixels:
    """A screenshot of a private display after a Tk script has drawn its window and entered its main loop."""
    if shutil.which("Xvfb") is None:
        pytest.skip("needs Xvfb (apt-get install xvfb)")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size}x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as answer:
        display = f":{answer.readline().strip()}"
    read, write = os.pipe()
    env = {**os.environ, "DISPLAY": display, "DRAWN": str(write)}
    client = subprocess.Popen([sys.executable, "-c", _SAY_WHEN_DRAWN + script], env=env, pass_fds=[write])
    os.close(write)
    try:
        with os.fdopen(read) as answer:
            assert answer.read(5) == "drawn", "the Tk script ended before it drew its window"
        with mss.MSS(display=display) as grabber:
            shot = grabber.grab(grabber.monitors[0])
        return np.asarray(Image.frombytes("RGB", shot.size, shot.rgb))
    finally:
        for process in (client, server):
            process.terminate()
            process.wait(10)
