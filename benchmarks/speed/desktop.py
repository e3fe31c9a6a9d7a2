"""``python -m benchmarks.speed.desktop``: a whole step on a desktop, beside other agents' own, in one run.

A step is a click or a text and all that comes before the next question to a model, its picture included. Every side
does it to the same programs (galculator's digits, mousepad's page) on one private display of 1280x800, in turns, with
GTK's animations on and off. What the others do is their own code or, where it says so, their calls and waits, no model
included: `benchmarks.speed.desktop_peers` has each one's source. They run in the Python that ``--peers`` names:

    python3 -m venv peers && peers/bin/pip install cua-computer-server==0.1.25 'fastapi<0.120' anthropic
    peers/bin/pip install --no-deps gui-agents==0.3.2
    git clone https://github.com/anthropics/claude-quickstarts; export HANDEYE_PEERS=$PWD

Medians, their ratios, and for our side the processor time of this process.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from actions.action import AnyAction, Click, Key, Move, TypeText, Wait
from actions.frame import Point
from benchmarks.speed import desktop_peers
from benchmarks.speed.__main__ import find_digits
from benchmarks.speed.phone import in_turns, report
from envs.desktop import DesktopEnv
from envs.sandbox import SandboxEnv

TEXT = "hello world, it is me "
SIZE = (1280, 800)
_SETTINGS = "[Settings]\ngtk-enable-animations={:d}\n"
Side = Callable[[AnyAction], None]
"""A step with an action."""
Do = Callable[[str, AnyAction], None]
"""Has a peer do an action."""


@contextmanager
def peers(python: str, display: str) -> Iterator[tuple[Sequence[str], Do]]:
    """The peers that `python` has, on `display`; those that it lacks are told."""
    there = {
        **os.environ, "DISPLAY": display, "XDG_SESSION_TYPE": "x11", "CUA_TELEMETRY_ENABLED": "false",
        "WIDTH": str(SIZE[0]), "HEIGHT": str(SIZE[1]), "DISPLAY_NUM": display.rpartition(":")[2],
    }  # fmt: skip
    there["XAUTHORITY"] = there.get("XAUTHORITY", os.devnull)
    program = [python, str(Path(desktop_peers.__file__))]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          env=there) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        say, hear = process.stdin, process.stdout
        line = hear.readline()
        if not line:
            raise SystemExit(f"the peers did not start: run {' '.join(program)} to see why")
        names, missing = json.loads(line)
        for name, why in missing.items():
            print(f"{name} is left out: {why}")

        def do(name: str, action: AnyAction) -> None:
            if isinstance(action, Click) and action.point is not None:
                arguments: list[object] = ["click", int(action.point.x), int(action.point.y)]
            else:
                assert isinstance(action, TypeText)
                arguments = ["type", action.text]
            print(json.dumps([name, *arguments]), file=say, flush=True)
            if hear.readline() != "done\n":
                raise SystemExit(f"{name} ended: run {' '.join(program)} to see why")

        yield names, do
        say.close()


class Turns:
    """The steps of all sides on `display`. Ours begins each with a new env, which has not seen the others act: what is
    typed while an env does nothing would be taken to change by itself.
    """

    def __init__(self, display: str) -> None:
        self._display, self._desktop = display, DesktopEnv(display)

    def ours(self, action: AnyAction) -> None:
        """Do it, wait until the screen rests, and look."""
        self._desktop.perform(action, self._frame)
        self._desktop.observe()

    def prepared(self, actions: Iterator[AnyAction], side: Side) -> Callable[[], object]:
        """The next step of `side`: after a pause, in which the screen comes to rest, and a look. The pointer is
        elsewhere, as it mostly is; ``xdotool mousemove --sync``, which Anthropic's demo calls, hangs for 15 s where it
        need not move. The page is empty.
        """
        self.close()
        desktop = self._desktop = DesktopEnv(self._display)
        action = next(actions)
        self._frame = desktop.observe().frame
        desktop.perform(Move(point=Point(SIZE[0] - 1, SIZE[1] - 1)), self._frame)
        if isinstance(action, TypeText):
            desktop.perform(Key(chords=("ctrl+a", "delete")), self._frame)
        desktop.perform(Wait(seconds=0.5), self._frame)
        desktop.observe()
        return functools.partial(side, action)

    def close(self) -> None:
        """Disconnect from the display."""
        self._desktop.close()


def measure(env: SandboxEnv, title: str, actions: Callable[[], Iterator[AnyAction]], python: str, rounds: int) -> None:
    """One table."""
    with closing(Turns(env.display)) as turns, peers(python, env.display) as (names, do):
        sides: dict[str, Side] = {"ours": turns.ours, **{name: functools.partial(do, name) for name in names}}
        ways = {name: functools.partial(turns.prepared, actions(), side) for name, side in sides.items()}
        report(title, in_turns(ways, rounds), "ours")


def clicks(places: dict[str, Point]) -> Iterator[AnyAction]:
    """One digit after another."""
    while True:
        yield from (Click(point=point) for point in places.values())


def texts() -> Iterator[AnyAction]:
    """The same text again and again."""
    while True:
        yield TypeText(text=TEXT)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.desktop", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--peers", default=sys.executable, metavar="PYTHON", help="a Python that has the peers' packages"
    )
    parser.add_argument("--animations", choices=("on", "off"), help="GTK's (default: first on, then off)")
    options = parser.parse_args(arguments)
    print(f"{SIZE[0]}x{SIZE[1]}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for animations in [options.animations] if options.animations else ["on", "off"]:
        told = f"GTK's animations {animations}"
        with SandboxEnv(size=SIZE) as env:
            (env.home / "home/.config/gtk-3.0/settings.ini").write_text(_SETTINGS.format(animations == "on"))
            env.launch(["galculator"])
            places, frame = find_digits(env)
            measure(env, f"a click on a digit of galculator, {told}", functools.partial(clicks, places), options.peers,
                    options.rounds)  # fmt: skip
            env.perform(Key(chords=("alt+f4",)), frame)
            env.launch(["mousepad"])
            measure(env, f"{len(TEXT)} characters into mousepad, {told}", texts, options.peers, options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
