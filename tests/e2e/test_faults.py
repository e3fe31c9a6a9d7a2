"""What a run stands on is taken away while it works: a named ending, a whole record, and nothing is left running."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.episodes import read_episode
from envs.processes import alive, descendants
from tests.agent.scripted_server import ScriptedServer
from tests.benchmarks.running import ROOT, TOY, answered
from tests.benchmarks.toy_server import steady
from tests.benchmarks.toy_suite import make_data
from tests.e2e.test_stop import Running, typing
from tests.waiting import until


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer([typing]) as server:
        yield server


@pytest.fixture
def running(tmp_path: Path, server: ScriptedServer) -> Iterator[Running]:
    one = Running(tmp_path, server.url, "--max-seconds", "60")
    one.wait_for(r"^ +(3) type")
    yield one
    one.process.kill()
    one.process.wait()


def named(running: Running, name: str) -> list[int]:
    """The programs of this name that the run has started."""
    found = descendants(running.process.pid)
    return [pid for pid in found if Path(f"/proc/{pid}/comm").read_text().strip() == name]


def kill(running: Running, name: str) -> None:
    for pid in named(running, name):
        os.kill(pid, signal.SIGKILL)


FAULTS: dict[str, tuple[Callable[[Running, ScriptedServer, Path], object], str]] = {
    "model server": (lambda running, server, folder: server.__exit__(), "model_error"),
    "display": (lambda running, server, folder: kill(running, "Xvfb"), "device_error"),
    "output folder": (lambda running, server, folder: shutil.rmtree(folder), "record_error"),
}


@pytest.mark.parametrize(
    "lost", ["model server", *(pytest.param(one, marks=pytest.mark.slow) for one in list(FAULTS)[1:])]
)
def test_a_run_that_loses_what_it_stands_on(
    running: Running, server: ScriptedServer, tmp_path: Path, lost: str
) -> None:
    started = descendants(running.process.pid)
    strike, ending = FAULTS[lost]
    strike(running, server, tmp_path / "ep")
    status, said = running.end()
    assert (status != 0, said["ending"]) == (True, ending), said
    until(lambda: not any(alive(pid) for pid in started))
    if lost != "output folder":
        episode = read_episode(tmp_path / "ep")
        assert len(episode.steps) >= 3
        assert episode.ending is not None
        assert episode.problems == ()


@pytest.mark.slow
def test_a_run_whose_window_manager_is_killed_goes_on(running: Running, server: ScriptedServer) -> None:
    asked = len(server.seen)
    kill(running, "openbox")
    until(lambda: len(server.seen) > asked + 1 or running.process.poll() is not None)
    running.process.send_signal(signal.SIGINT)
    assert running.end()[1]["ending"] in ("stopped_by_user", "stuck")


FULL = """
mount -t tmpfs -o size=$1 none "$2" && shift
out=$1/out; shift
"$@" --out "$out"; echo "status $?"
mount -o remount,size=64m "${out%/*}"
"$@" --out "$out" --resume; echo "status $?"
cat "$out/answers.jsonl" | cut -d, -f1 | sort | uniq -d
cp -r "$out" "$KEPT"
"""


@pytest.mark.skipif(
    subprocess.run(["unshare", "-Urm", "true"], check=False, capture_output=True).returncode != 0,
    reason="needs user namespaces",
)
@pytest.mark.parametrize("size", ["24k", *(pytest.param(n, marks=pytest.mark.slow) for n in ("4k", "12k", "40k"))])
def test_a_benchmark_on_a_full_disk_goes_on_when_there_is_room(tmp_path: Path, size: str) -> None:
    data, place = make_data(tmp_path / "data", 40), tmp_path / "disk"
    place.mkdir()
    with steady() as server:
        command = [sys.executable, "-m", TOY, "bench", "toy", "--data", str(data), "--model", server.url]
        done = subprocess.run(
            check=False,
            args=["unshare", "-Urm", "sh", "-c", FULL, "sh", size, str(place), *command], cwd=ROOT, capture_output=True,
            env=os.environ | {"PYTHONPATH": str(ROOT), "KEPT": str(tmp_path / "kept")}, text=True, timeout=120,
        )  # fmt: skip
    assert f"cannot write to {place / 'out'}: No space left on device. Make room and resume" in done.stderr
    assert "internal error" not in done.stderr
    assert "Traceback" not in done.stderr
    statuses = [line for line in done.stdout.splitlines() if line.startswith("status")]
    assert statuses[0] != "status 0"
    assert statuses[1] == "status 0", done.stderr
    ids = answered(tmp_path / "kept")
    assert len(ids) == len(set(ids)) == 40
    assert json.loads((tmp_path / "kept" / "result.json").read_text())["summary"]["total"] == 40
