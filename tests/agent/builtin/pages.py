"""Screens for the eyes: pages rendered by Chromium, headless, and windows drawn by Tk on a private display."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
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


def tk_window(script: str, size: str = "1000x700", seconds: float = 15) -> Pixels:
    """A screenshot of a private display on which a Tk script has drawn its window (titled by the script)."""
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
    client = subprocess.Popen([sys.executable, "-c", script], env={**os.environ, "DISPLAY": display})
    try:
        return _settled(display, seconds)
    finally:
        for process in (client, server):
            process.terminate()
            process.wait(10)


def _settled(display: str, seconds: float) -> Pixels:
    deadline = time.monotonic() + seconds
    last: Pixels | None = None
    with mss.MSS(display=display) as grabber:
        while time.monotonic() < deadline:
            now = np.asarray(Image.frombytes("RGB", (shot := grabber.grab(grabber.monitors[0])).size, shot.rgb))
            if last is not None and now.any() and np.array_equal(now, last):
                return now
            last = now
            time.sleep(0.4)
    pytest.fail("the window never came up or never stopped changing")
