"""Milliseconds of whole processes, in turns: ``handeye --help``, and ``handeye locate`` on a picture.

Beside ``python -c pass``, the help of a program of two commands made with typer, and RapidOCR's reader of the same
picture, each in a process of its own.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.speed.images import screenshot

HELLO = """
import typer
app = typer.Typer()
@app.command()
def hello(name: str): "Greet."
@app.command()
def bye(name: str): "Part."
app()
"""
RAPIDOCR = "import sys; from rapidocr import RapidOCR; RapidOCR()(sys.argv[1])"


def commands(picture: Path) -> dict[str, list[str]]:
    """What is started, by its name."""
    return {
        "python -c pass": ["-c", "pass"],
        "handeye --help": ["-m", "handeye", "--help"],
        "typer's own hello, --help": ["-c", HELLO, "--help"],
        "handeye locate": ["-m", "handeye", "locate", str(picture), "Print"],
        "RapidOCR reads the picture": ["-c", RAPIDOCR, str(picture)],
    }


def seconds(arguments: Sequence[str]) -> float:
    """How long Python takes with `arguments`, from its start to its end."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - start


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.start", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="starts of each, after one that is not counted")
    parser.add_argument("--size", default="1280x800", help="size of the picture (default 1280x800)")
    options = parser.parse_args(arguments)
    width, height = map(int, options.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "screen.png"
        screenshot(0, (width, height)).save(picture)
        started = commands(picture)
        rounds = [{name: seconds(started[name]) for name in started} for _ in range(options.rounds + 1)][1:]
    print(f"median milliseconds of {options.rounds} starts, {options.size}\n")
    for name in started:
        print(f"{name:<30}{statistics.median(one[name] for one in rounds) * 1000:>8.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
