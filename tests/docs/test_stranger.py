"""The way of a stranger, from the documentation alone: install, run, look, replay, plug in, benchmark, download.

Each part is timed and its time printed; none is asserted. It needs only pytest beside the wheel (``HANDEYE_WHEEL``, a
folder with it; without it one is built here), so that it can be run with any Python: ``--noconftest -rP``.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.benchmarks.hub_stand_in import Hub, screenspot_v2_of

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.desktop,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not shutil.which("Xvfb") or not shutil.which("galculator"), reason="needs the sandbox"),
]


class Stranger:
    """A folder with an environment of its own, and nothing of this checkout but the examples."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder, folder / "venv" / "bin"
        kept = ("PATH", "LANG", "TMPDIR", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
        self.environ = {name: os.environ[name] for name in kept if name in os.environ} | {"HOME": str(folder)}
        shutil.copytree(EXAMPLES, folder / "examples")

    def run(self, *command: str, cwd: str = ".") -> str:
        """What a program of the environment prints on stdout; it must end well."""
        done = self._done(*command, cwd=cwd)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def mistake(self, *command: str) -> str:
        """The one line on stderr of a program that refuses."""
        done = self._done(*command)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stdout + done.stderr
        return done.stderr.strip()

    def _done(self, *command: str, cwd: str = ".") -> subprocess.CompletedProcess[str]:
        line = [str(self.bin / command[0]), *command[1:]]
        return subprocess.run(
            line, cwd=self.folder / cwd, env=self.environ, capture_output=True, text=True, timeout=900, check=False
        )


@contextmanager
def timed(what: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    sys.stdout.write(f"{what}: {time.monotonic() - begun:.1f} s\n")


def wheel(folder: Path) -> Path:
    given = os.environ.get("HANDEYE_WHEEL")
    if given is None:
        source = folder / "source"
        shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "runs", "build", "dist", "*.egg-info"))
        build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(source)]
        subprocess.run(build, check=True, timeout=600)
    [found] = Path(given or folder).resolve().glob("handeye-*.whl")
    return found


def test_from_the_wheel_to_a_benchmark_of_own_screens(tmp_path: Path) -> None:
    home = tmp_path / "stranger"
    home.mkdir()
    stranger = Stranger(home)
    with timed("install"):
        file = wheel(tmp_path)
        venv.create(home / "venv", with_pip=True)
        stranger.run("python", "-m", "pip", "install", "--quiet", str(file))
        assert stranger.run("handeye", "--version").startswith("handeye ")
    with timed("run"):
        task = ("run", "--app", "galculator", "Click 7, then *, then 8, then =", "--out", "sum", "--json")
        assert json.loads(stranger.run("handeye", *task))["ending"] == "done"
    with timed("look"):
        made = json.loads(stranger.run("handeye", "report", "sum", "--gif", "sum.gif", "--json"))
        assert (home / made["report"]).stat().st_size > 10_000
        assert (home / made["gif"]).read_bytes().startswith(b"GIF8")
        assert "8" in stranger.run("handeye", "ask", "sum", "which step clicked 8?")
    with timed("replay"):
        replay = ("replay", "sum", "--mode", "live", "--size", "1600x1000", "--json")
        assert json.loads(stranger.run("handeye", *replay))["redone"] == 4
    with timed("plug in a model"):
        lamp = ("run", "Switch the lamp on", "--env", "lamp:Lamp", "--model", "lamp:Clicker", "--json")
        assert json.loads(stranger.run("handeye", *lamp, cwd="examples"))["ending"] == "done"
    with timed("benchmark own screens"):
        bench = ("bench", "jsonl", "--data", "examples/screens", "--model", "builtin", "--out", "own", "--json")
        assert json.loads(stranger.run("handeye", *bench))["total"] == 9
        assert (home / "own" / "report.html").exists()
    with (
        timed("download a suite and run it"),
        Hub({"OS-Copilot/ScreenSpot-v2": screenspot_v2_of(EXAMPLES / "screens")}) as hub,
    ):
        stranger.environ["HF_ENDPOINT"] = hub.address
        download = ("handeye", "bench", "download", "screenspot-v2", "--to", "ScreenSpot-v2", "--yes")
        _, _, hint = stranger.mistake(*download).partition(": downloading needs huggingface_hub: ")
        assert hint == f"pip install {shlex.quote(f'{file}[hub]')}"
        stranger.run("python", "-m", *shlex.split(hint), "--quiet")
        stranger.run(*download)
        bench = ("bench", "screenspot-v2", "--data", "ScreenSpot-v2", "--model", "builtin", "--out", "ss2", "--json")
        assert json.loads(stranger.run("handeye", *bench))["complete"]
        assert (home / "ss2" / "report.html").exists()
