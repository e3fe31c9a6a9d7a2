"""``python -m benchmarks.speed.harness``: samples a second of the grounding harness, beside other projects' own code.

All sides ask the same scripted server (a process of its own, over real HTTP) about the same pictures, in turns; each
is a process of its own (`benchmarks.speed.grounding_peers`, which says what of it is measured):

* a server that answers at once: ``handeye bench jsonl``, whole; ClawGUI's runner with as many threads; and
  ScreenSpot-Pro's, which asks one question after another. Those whose checkout is not there are skipped by name.
* a server that thinks for 400 ms, about 8 questions at a time: our share of the 20 answers a second that it gives,
  and the most memory that we took.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.speed.grounding_peers import PEERS, SideProcess
from benchmarks.speed.images import write_suite
from benchmarks.speed.instant import InstantServer

PAUSE, SLOTS = 0.4, 8
ALONE = "screenspot-pro"
"""The side that has one worker."""


def rates_in_turns(
    folder: Path, url: str, sides: Mapping[str, SideProcess], workers: Sequence[int], rounds: int
) -> list[dict[str, Any]]:
    """Median samples a second of each side by its workers, and how many times that ours is."""
    turns = [(name, k) for name in sides for k in ((1,) if name == ALONE else workers)]
    found: dict[tuple[str, int], list[float]] = {turn: [] for turn in turns}
    for _ in range(rounds):
        for name, k in turns:
            found[name, k].append(_count(folder) / sides[name].run(folder, url, k)["seconds"])
    rates = {turn: statistics.median(values) for turn, values in found.items()}
    return [
        {"side": name, "workers": k, "rate": rate, "ratio": rates["ours", k] / rate if ("ours", k) in rates else None}
        for (name, k), rate in rates.items()
    ]


def share_of_ceiling(warm: Path, folder: Path, workers: int, rounds: int) -> dict[str, float]:
    """Median part of what the slow server has at most, and peak bytes, each round in a new process, which has imported
    everything for a run on `warm`.
    """
    shares, peaks = [], []
    for _ in range(rounds):
        with InstantServer(PAUSE, SLOTS) as server, SideProcess("ours") as side:
            side.run(warm, server.url, workers)
            run = side.run(folder, server.url, workers)
        shares.append(_count(folder) / run["seconds"] * PAUSE / SLOTS)
        peaks.append(run["peak"])
    return {"workers": workers, "share": statistics.median(shares), "peak": max(peaks)}


def _count(folder: Path) -> int:
    return len((folder / "samples.jsonl").read_text(encoding="utf-8").splitlines())


def measure(options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Everything; the object that ``--json`` prints."""
    skipped = {name: peer.missing for name, peer in PEERS.items() if peer.missing}
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        say("drawing pictures")
        many = options.data or write_suite(Path(temporary), options.samples, options.images)
        few = options.data or write_suite(Path(temporary) / "few", options.images, options.images)
        server = stack.enter_context(InstantServer())
        sides = {name: stack.enter_context(SideProcess(name)) for name in ("ours", *PEERS) if name not in skipped}
        say("instant model")
        rates_in_turns(few, server.url, sides, [1], 1)  # files and code warm for all
        rates = rates_in_turns(few, server.url, sides, options.workers, options.rounds) if options.workers else []
        say(f"model of {PAUSE * 1000:.0f} ms")
        ceiling = [share_of_ceiling(few, many, k, options.slow_rounds) for k in options.slow_workers]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {sys.platform}"
    return {"rates": rates, "ceiling": ceiling, "skipped": skipped, "rounds": options.rounds, "machine": machine}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.harness", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--images", type=int, default=12, help="pictures, 1920x1080 and 2560x1440 in turn (default 12)")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each side (default 7)")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 4, 16], help="workers (default 1 4 16)")
    parser.add_argument("--samples", type=int, default=160, help="questions to the slow server (default 160)")
    parser.add_argument("--slow-rounds", type=int, default=3, help="runs against the slow server (default 3)")
    parser.add_argument("--slow-workers", type=int, nargs="*", default=[16, 64], help="its workers (default 16 64)")
    parser.add_argument("--data", type=Path, help="measure on this folder with a samples.jsonl instead")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    found = measure(options, lambda line: print(line, file=sys.stderr))
    print(json.dumps(found)) if options.json else _print(found)
    return 0


def _print(found: dict[str, Any]) -> None:
    print(f"samples a second with an instant model, medians of {found['rounds']} turns; {found['machine']}\n")
    print(f"{'side':<16}{'workers':>8}{'a second':>10}{'ours, times':>13}")
    for one in found["rates"]:
        times = "" if one["ratio"] is None else f"{one['ratio']:.1f}"
        print(f"{one['side']:<16}{one['workers']:>8}{one['rate']:>10.1f}{times:>13}")
    for name, why in found["skipped"].items():
        print(f"{name}: skipped, {why}")
    print(
        f"\na model of {PAUSE * 1000:.0f} ms and {SLOTS} slots: share of its {SLOTS / PAUSE:.0f} a second, peak memory"
    )
    for one in found["ceiling"]:
        print(f"{one['workers']:>4} workers{one['share']:>9.0%}{one['peak'] / 1e6:>8.0f} MB")


if __name__ == "__main__":
    sys.exit(main())
