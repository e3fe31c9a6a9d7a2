"""What ``handeye view`` takes for a folder of episodes: its index at first and again, a thumbnail, the start of a page.

Seconds of the whole and of the processor alone, which does not depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from actions.action import Click, Finish
from actions.frame import Frame, Point
from agent.core.step import Step
from agent.core.task import Ending
from agent.episodes import EpisodeHeader, EpisodeWriter
from agent.views.site import pages
from agent.views.site.catalog import Catalog
from agent.views.site.episode_page import page_header, page_steps
from agent.views.site.pages import IndexFilter, Site
from agent.views.site.pictures import EpisodePictures
from benchmarks.page.site import BenchmarkResults
from benchmarks.speed.images import screenshot

STEPS = 8
THUMBNAILS = 20
SITE = Site("/place/", "runs")


def write_episodes(root: Path, count: int, size: tuple[int, int]) -> None:
    """`count` episodes of `STEPS` steps; their files are links to those of the first."""
    first = root / "0000"
    header = EpisodeHeader(task="Open the File menu", model="builtin", env="sandbox :1", platform="desktop")
    writer = EpisodeWriter.create(first, header)
    for index in range(STEPS):
        image = writer.add_frame(np.asarray(screenshot(index, size)))
        action = Finish(status="success") if index == STEPS - 1 else Click(point=Point(100, 100))
        frame = Frame(id=str(index), width=size[0], height=size[1])
        writer.append(Step(index=index, time=time.time(), frame=frame, image=image, action=action, raw="x" * 500))
    writer.finish(Ending.DONE, "done", None)
    for number in range(1, count):
        shutil.copytree(first, root / f"{number:04}", copy_function=os.link)


def took(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of `work`: by the clock, and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


def measured(root: Path) -> dict[str, tuple[float, float]]:
    """Seconds of each part, for a site that was just started."""
    catalog, pictures = Catalog(root, BenchmarkResults()), EpisodePictures()

    def index() -> str:
        return pages.index_page(SITE, catalog.entries(), IndexFilter())

    found = {"the index, at first": took(index), "the index, again": took(index)}
    entries = catalog.entries()
    some = [entry.folder for entry in entries[:THUMBNAILS]]
    whole = took(lambda: [pictures.thumbnail(folder) for folder in some])
    found["a thumbnail"] = (whole[0] / len(some), whole[1] / len(some))

    def episode() -> str:
        one = pictures.episode(some[0])
        return pages.episode_page(SITE, entries[0], page_header(one), page_steps(one), [])

    return found | {"an episode's page": took(episode)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.view", description=__doc__.split("\n")[0])
    parser.add_argument("--episodes", type=int, default=1000, help="how many there are (default 1000)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", default="1280x800", help="size of the screens (default 1280x800)")
    options = parser.parse_args(arguments)
    width, height = map(int, options.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        write_episodes(Path(folder), options.episodes, (width, height))
        rounds = [measured(Path(folder)) for _ in range(options.rounds)]
    print(f"{options.episodes} episodes, screens of {options.size}; median milliseconds of {options.rounds} rounds\n")
    print(f"{'':<22}{'clock':>8}{'processor':>12}")
    for name in rounds[0]:
        clock, processor = (statistics.median(one[name][n] for one in rounds) * 1000 for n in (0, 1))
        print(f"{name:<22}{clock:>8.1f}{processor:>12.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
