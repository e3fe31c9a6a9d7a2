"""``python -m benchmarks.speed.phone``: capture and a whole step on a phone, beside other agents' own, in one run.

A step is a tap and all that comes before the next question to a model, its picture included: ours once by scrcpy's
stream, where PyAV is installed (the simulated phone runs its own server), and once by pictures alone. Every side taps
the same place of the same simulated phone, which runs in a process of its own, through the same stock adb server, in
turns; once where nothing changes and once on a switch. The others do what their source does, no model included:

* **mobilerun** 0.7.4 (PyPI, where this Python or ``--mobilerun`` has it): its own ``AndroidDriver`` of
  mobilerun-core-local. ``agent/fast_agent/fast_agent.py``: the action, ``after_sleep_action`` (1 s), the accessibility
  tree and, with vision, a screenshot before it.
* **Open-AutoGLM** 0.1.0 (``phone_agent/adb/device.py``, ``screenshot.py``, ``agent.py``; its calls, made here):
  ``adb shell input tap``, ``default_tap_delay`` (1 s), ``screencap`` to a file, ``adb pull``, Pillow's PNG of it,
  ``dumpsys window``.
* **AndroidWorld**'s M3A (commit d9c569f, ``agents/m3a.py``, ``env/interface.py``; its calls, made here): until the
  elements are the same three times, 0.5 s apart; another look; the tap; ``wait_after_action_seconds`` (2 s); a look. A
  look is a picture and ``uiautomator dump``.

A simulated phone has no GPU and no slow PNG encoder: on a real one the figures and the fastest way are others, which
is why `envs.android.capture.ScreencapCapture` measures them. ``--serial`` measures a real device.
"""

from __future__ import annotations

import argparse
import base64
import functools
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np
from adbutils import adb_path
from PIL import Image

from actions.action import Button, Click, Wait
from actions.adb.lines import command
from actions.adb.link import AdbLink
from actions.adb.server import AdbServer
from actions.frame import Point
from envs.android import AndroidEnv
from envs.android.capture import ScreencapCapture
from envs.android.simulated import PrivateAdbServer

_MOBILERUN = """
import asyncio, sys
from mobilerun_core_local.driver.android.adb import AndroidDriver
async def main():
    driver = AndroidDriver(sys.argv[1])
    await driver.connect()
    print("ready", flush=True)
    for line in sys.stdin:
        x, y, vision = map(int, line.split())
        await driver.tap(x, y)
        await asyncio.sleep(1.0)
        if vision:
            await driver.screenshot()
        await driver.get_ui_tree()
        print("done", flush=True)
asyncio.run(main())
"""
Step = Callable[[Point], Callable[[], object]]
"""Prepares a step; what it gives is the step."""


class AdbProgram:
    """The ``adb`` program for one device, started anew for each command, as most agents do."""

    def __init__(self, env: AndroidEnv) -> None:
        self._command = [adb_path(), *env.link.server.arguments, "-s", env.link.serial]

    def run(self, *words: str) -> bytes:
        """What it writes. Raises `subprocess.CalledProcessError`."""
        return subprocess.run([*self._command, *words], capture_output=True, check=True).stdout

    def tap(self, at: Point) -> None:
        """``input tap``."""
        self.run("shell", "input", "tap", f"{at.x:.0f}", f"{at.y:.0f}")

    def picture(self) -> None:
        """``screencap -p``, read by Pillow."""
        np.asarray(Image.open(io.BytesIO(self.run("exec-out", "screencap", "-p"))).convert("RGB"))

    def elements(self) -> bytes:
        """``uiautomator dump``."""
        return self.run("exec-out", "uiautomator", "dump", "/dev/tty")

    def open_autoglm(self, at: Point) -> None:
        """A step of Open-AutoGLM."""
        self.tap(at)
        time.sleep(1.0)
        with tempfile.TemporaryDirectory() as folder:
            file = f"{folder}/screenshot.png"
            self.run("shell", "screencap", "-p", "/sdcard/tmp.png")
            self.run("pull", "/sdcard/tmp.png", file)
            data = io.BytesIO()
            Image.open(file).save(data, "PNG")
            base64.b64encode(data.getvalue())
        self.run("shell", "dumpsys", "window")

    def android_world(self, at: Point) -> None:
        """A step of AndroidWorld's M3A."""

        def look() -> bytes:
            self.picture()
            return self.elements()

        before, now, alike = look(), look(), 0
        while alike < 3:
            alike = alike + 1 if now == before else 0
            if alike < 3:
                before = now
                time.sleep(0.5)
                now = look()
        look()
        self.tap(at)
        time.sleep(2.0)
        look()


@contextmanager
def mobilerun(python: str, env: AndroidEnv) -> Iterator[Callable[[Point, bool], None] | None]:
    """A step of mobilerun, in a process of its own; None where `python` does not have it."""
    there = {**os.environ, "ANDROID_ADB_SERVER_PORT": str(env.link.server.port)}
    program = [python, "-c", _MOBILERUN, env.link.serial]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          env=there) as process:  # fmt: skip
        if process.stdin is None or process.stdout is None or process.stdout.readline() != "ready\n":
            yield None
            return
        say, hear = process.stdin, process.stdout

        def step(at: Point, vision: bool) -> None:
            print(f"{at.x:.0f} {at.y:.0f} {vision:d}", file=say, flush=True)
            if hear.readline() != "done\n":
                raise SystemExit("mobilerun ended: see what it says when it is run alone")

        yield step
        say.close()


@contextmanager
def separate_phone(server: PrivateAdbServer) -> Iterator[str]:
    """The serial of a simulated phone in a process of its own."""
    program = [sys.executable, "-m", "agent.cli.main", "phone", "--json", "--key", str(server.key)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        try:
            said = process.stdout.readline() if process.stdout else ""
            if not said:
                raise SystemExit("the simulated phone did not start: try handeye phone")
            yield json.loads(said)["serial"]
        finally:
            process.terminate()


def our_step(env: AndroidEnv, at: Point) -> Callable[[], object]:
    """After a look: tap, wait until the screen rests, and look, which takes no other picture.

    What the others' taps changed meanwhile is forgotten before: it would count as what changes by itself.
    """
    env.reset()
    frame = env.observe().frame

    def step() -> None:
        env.perform(Click(point=at), frame)
        env.observe()

    return step


def in_turns(ways: Mapping[str, Callable[[], Callable[[], object]]], rounds: int) -> dict[str, tuple[float, float]]:
    """Median seconds of what each gives, and of this process's processor; every round runs all of them, so that a busy
    moment meets all alike.
    """
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            ready = way()
            start, worked = time.perf_counter(), time.process_time()
            ready()
            if number:  # the first round warms up
                spent[name].append((time.perf_counter() - start, time.process_time() - worked))
    return {
        name: (statistics.median(t for t, _ in two), statistics.median(c for _, c in two))
        for name, two in spent.items()
    }


def report(title: str, found: Mapping[str, tuple[float, float]], ours: str) -> None:
    """A table of milliseconds, and of how many times as long as ours each takes."""
    print(f"\n{title}")
    for name, (seconds, worked) in found.items():
        told = f"   processor {worked * 1000:5.1f} ms" if name.startswith("ours") else ""
        print(f"  {name:<44}{seconds * 1000:8.0f} ms   {seconds / found[ours][0]:5.2f} x ours{told}")


def steps(env: AndroidEnv, plain: AndroidEnv, peer: Callable[[Point, bool], None] | None) -> dict[str, Step]:
    """A step of each side; `plain` has no stream."""
    adb = AdbProgram(env)
    sides: dict[str, Step] = {"ours, by pictures": functools.partial(our_step, plain)}
    if env.stream is not None:
        sides = {f"ours, scrcpy {env.stream.version}": functools.partial(our_step, env), **sides}
    others: dict[str, Callable[[Point], object]] = {}
    if peer is not None:
        others = {"mobilerun 0.7.4": lambda at: peer(at, False), "mobilerun 0.7.4, vision": lambda at: peer(at, True)}
    others |= {"Open-AutoGLM 0.1.0": adb.open_autoglm, "AndroidWorld M3A d9c569f": adb.android_world}
    return {**sides, **{name: functools.partial(functools.partial, step) for name, step in others.items()}}


def places(env: AndroidEnv) -> Iterator[tuple[str, Point]]:
    """A place where nothing happens, then a switch; the app of each is opened."""
    frame = env.observe().frame
    env.perform(Button(name="home"), frame)
    yield "one step, nothing changes", Point(frame.width * 0.5, frame.height * 0.6)
    env.link.run(command("am", "start", "-a", "android.settings.DATE_SETTINGS"))
    env.perform(Wait(seconds=2), frame)
    switch = [element for element in env.tree(frame) if element.checked is not None][-1]
    yield "one step, a switch", switch.box.center


def captures(env: AndroidEnv, camera: ScreencapCapture, rounds: int) -> None:
    """Each way of a picture that the device offers, beside the adb program and Pillow."""
    ways: dict[str, Callable[[], object]] = {
        f"ours: {method}": functools.partial(camera.grab_by, method) for method in camera.timings
    }
    ways["adb exec-out screencap -p, Pillow"] = AdbProgram(env).picture
    found = in_turns({name: functools.partial(functools.partial, way) for name, way in ways.items()}, rounds)
    report("a picture", found, f"ours: {camera.method}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--serial", help="a real device; its screen is tapped near the middle, and the last switch of its date settings"
    )
    parser.add_argument("--mobilerun", default=sys.executable, metavar="PYTHON", help="a Python that has mobilerun")
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        server: AdbServer | None = None
        if not options.serial:
            private = PrivateAdbServer(tcp=True)
            stack.callback(private.stop)
            server, options.serial = private, stack.enter_context(separate_phone(private))
        camera = ScreencapCapture(AdbLink(options.serial, server))
        env = stack.enter_context(AndroidEnv(options.serial, server, capture=camera.method))
        plain = stack.enter_context(AndroidEnv(options.serial, server, capture=camera.method, stream=False))
        print(f"{env.name}, on {platform.processor() or platform.machine()}, Python {sys.version.split()[0]}")
        captures(env, camera, options.rounds)
        peer = stack.enter_context(mobilerun(options.mobilerun, env))
        if peer is None:
            print("\nmobilerun is left out: pip install mobilerun-core-local==0.7.1, or name a Python with --mobilerun")
        sides = steps(env, plain, peer)
        for title, at in places(env):
            found = in_turns({name: functools.partial(side, at) for name, side in sides.items()}, options.rounds)
            report(title, found, next(iter(sides)))


if __name__ == "__main__":
    main()
