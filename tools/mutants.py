#!/usr/bin/env python3
"""Mutation testing: changes one place of the source at a time and runs the room's tests, which should fail.

Usage: mutants.py [--sample N] [--seed S] [--work DIR] [ROOM]...   (in an environment that has cosmic-ray)
Rooms, sources and tests are in mutants.toml. The tree is copied to DIR/ROOM and mutated there. DIR/ROOM.sqlite keeps
the results: a run that was stopped goes on, and a larger sample uses the results of a smaller one. Remove DIR after a
change of the source or the tests.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PYTEST = [
    "-m",
    "pytest",
    "-x",
    "-q",
    "--no-header",
    "--tb=no",
    "-m",
    "not slow and not servers",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
]
SAME = ["--hypothesis-profile=ci"]
"""The same examples in each run, so that a survivor does not depend on chance."""
SLOWER = 10
"""A mutant that takes this many times the time of the tests has run out of time."""
UNTRIED = re.compile(r"RemoveDecorator|BinaryOperator_BitOr_")
"""Operators whose mutants are mostly of no meaning: ``X | None`` in annotations, ``@dataclass`` removed."""


def main() -> None:
    """Run the rooms asked for one after the other and print the table and the survivors."""
    rooms = tomllib.loads((ROOT / "tools/mutants.toml").read_text(encoding="utf-8"))
    options = argparse.ArgumentParser(description="mutation testing by room")
    options.add_argument("rooms", nargs="*", metavar="ROOM", help=f"of {', '.join(rooms)}; all when none is named")
    options.add_argument("--sample", type=int, default=40, help="mutants a room; 0 is all")
    options.add_argument("--seed", type=int, default=0, help="of the sample")
    options.add_argument("--work", type=Path, default=ROOT / "build/mutants", help="copies and results")
    given = options.parse_args()
    if unknown := set(given.rooms) - set(rooms):
        options.error(f"no such room: {', '.join(sorted(unknown))}; there are {', '.join(rooms)}")
    print(f"{'room':10}{'mutants':>8}{'killed':>8}{'survived':>9}{'timeout':>8}{'broken':>7}{'score':>8}", flush=True)
    survivors = []
    for room in given.rooms or rooms:
        work = given.work.resolve()
        run(work, room, rooms[room], given.sample, given.seed)
        counts, survived = outcomes(work, room)
        survivors += survived
        print(row(room, counts), flush=True)
    print("\n".join(survivors))


def run(work: Path, room: str, settings: dict[str, Any], sample: int, seed: int) -> None:
    """Copy the tree, check that its tests pass, list the mutants, draw, and test those without a result."""
    tree, session, config = work / room, work / f"{room}.sqlite", work / f"{room}.toml"
    if not session.exists():
        copy(tree)
        begin(settings, config, session, tree)
    restore(tree, settings["sources"])
    draw(session, sample, seed)
    cosmic_ray("exec", config, session, tree)


def begin(settings: dict[str, Any], config: Path, session: Path, tree: Path) -> None:
    """Write the configuration of cosmic-ray, with a limit from the time of the tests, and the list of mutants."""
    tests = [sys.executable, *PYTEST, *SAME, *settings["tests"]]
    config.write_text(
        "[cosmic-ray]\n"
        f"module-path = {settings['sources']!r}\ntimeout = {SLOWER * check(tests, tree):.1f}\nexcluded-modules = []\n"
        f"test-command = {json.dumps(shlex.join(tests))}\n[cosmic-ray.distributor]\nname = 'local'\n",
        encoding="utf-8",
    )
    fresh = session.with_suffix(".new")
    cosmic_ray("init", config, fresh, tree)
    fresh.rename(session)


def restore(tree: Path, sources: list[str]) -> None:
    """Undo the mutation that a killed run left; exit when the source is no longer what the results are about."""
    for source in sources:
        files = (
            [source] if source.endswith(".py") else [str(p.relative_to(ROOT)) for p in (ROOT / source).rglob("*.py")]
        )
        for name in files:
            now, kept = (ROOT / name).read_bytes(), tree.with_suffix(".unchanged") / name
            if not kept.is_file() or kept.read_bytes() != now:
                sys.exit(f"{name} has changed since the run began: remove {tree.parent}")
            (tree / name).write_bytes(now)


def copy(tree: Path) -> None:
    """The files that git knows or would add, with bytecode checked by hash: a mutant never meets old bytecode."""
    shutil.rmtree(tree, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    shutil.rmtree(tree.with_suffix(".unchanged"), ignore_errors=True)
    shutil.copytree(tree, tree.with_suffix(".unchanged"))
    compiling = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash"]
    subprocess.run([*compiling, "actions", "agent", "envs", "benchmarks", "handeye"], cwd=tree, check=True)


def check(tests: list[str], tree: Path) -> float:
    """The seconds of the tests. Exits when they fail on the unchanged source: every mutant would count as killed."""
    start = time.monotonic()
    done = subprocess.run(tests, cwd=tree, env=environment(tree), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"the tests fail without a mutation:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return time.monotonic() - start


def environment(tree: Path) -> dict[str, str]:
    """The copy comes before the installed tree in imports, and no bytecode is written."""
    return {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}


def cosmic_ray(command: str, config: Path, session: Path, tree: Path) -> None:
    """A command of cosmic-ray in `tree`."""
    program = [sys.executable, "-m", "cosmic_ray.cli", command, str(config), str(session)]
    subprocess.run(program, cwd=tree, env=environment(tree), check=True)


def draw(session: Path, sample: int, seed: int) -> None:
    """Skip what the sample of this size leaves out; a result that is there is kept."""
    from cosmic_ray.work_db import WorkDB, use_db  # only this target installs it
    from cosmic_ray.work_item import WorkerOutcome, WorkResult

    with use_db(session, WorkDB.Mode.open) as db:
        found = {job: result.worker_outcome for job, result in db.results}
        items = [item for item in db.work_items if not UNTRIED.search(item.mutations[0].operator_name)]
        items.sort(key=lambda item: (*place(item), item.mutations[0].operator_name, item.mutations[0].occurrence))
        random.Random(seed).shuffle(items)
        drawn = {item.job_id for item in items[: sample or None]}
        left = [i.job_id for i in db.work_items if i.job_id not in drawn and i.job_id not in found]
        db.set_multiple_results(left, WorkResult(worker_outcome=WorkerOutcome.SKIPPED))
        again = {job for job in drawn if found.get(job) == WorkerOutcome.SKIPPED}
    forget(session, again)


def forget(session: Path, jobs: set[str]) -> None:
    """Remove results, so that the mutants are tested."""
    with sqlite3.connect(session) as db:
        db.executemany("delete from work_results where job_id = ?", [(job,) for job in jobs])


def place(item: Any) -> tuple[str, int, int]:
    """Where a mutant is: file, line, column."""
    mutation = item.mutations[0]
    return str(mutation.module_path), *mutation.start_pos


def outcomes(work: Path, room: str) -> tuple[Counter[str], list[str]]:
    """Mutants by outcome, and the survivors as ``file:line`` with the changed lines."""
    from cosmic_ray.work_db import WorkDB, use_db
    from cosmic_ray.work_item import WorkerOutcome

    counts: Counter[str] = Counter()
    survivors: list[str] = []
    with use_db(work / f"{room}.sqlite", WorkDB.Mode.open) as db:
        places = {item.job_id: place(item) for item in db.work_items}
        for job, result in db.results:
            if result.worker_outcome == WorkerOutcome.SKIPPED:
                continue
            outcome = str(result.test_outcome.value) if result.test_outcome else "incompetent"
            counts["timeout" if result.output == "timeout" else outcome] += 1
            if outcome == "survived":
                changed = [line for line in (result.diff or "").splitlines()[3:] if line[:1] in "+-" and line.strip()]
                survivors.append("\n".join([f"{places[job][0]}:{places[job][1]}", *changed]))
    return counts, sorted(survivors)


def row(room: str, counts: Counter[str]) -> str:
    """A line of the table; a mutant that ran out of time was noticed, one that could not be tested does not count."""
    noticed, survived = counts["killed"] + counts["timeout"], counts["survived"]
    score = f"{noticed / (noticed + survived):.0%}" if noticed + survived else "-"
    numbers = f"{counts.total():8}{counts['killed']:8}{survived:9}{counts['timeout']:8}{counts['incompetent']:7}"
    return f"{room:10}{numbers}{score:>8}"


if __name__ == "__main__":
    main()
