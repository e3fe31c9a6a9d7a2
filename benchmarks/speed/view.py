"""What ``handeye view`` takes for a folder of episodes: its index at first and again, a thumbnail, the start of a page.

Seconds of the whole and of the processor alone, which does not depend on what else the machine does. Where there is a
Chromium, also what a person waits for: a new browser opens the index of a site that was just started, until something
is painted and until it is whole, and scrolls it from its top to its end in ten seconds.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
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
from agent.views.site.server import SiteServer
from benchmarks.page.site import BenchmarkResults
from benchmarks.speed.images import screenshot
from envs.devtools import DevToolsPage, DevToolsPipe

STEPS = 8
THUMBNAILS = 20
SITE = Site("/place/", "runs")
FLAGS = ("--headless=new", "--no-first-run", "--disable-background-networking", "--window-size=1280,800")
READY = "document.querySelector('.run') && performance.getEntriesByName('first-contentful-paint').length && "
READY += "performance.getEntriesByType('navigation')[0].loadEventEnd"
WHOLE = """[performance.getEntriesByName('first-contentful-paint')[0].startTime,
  performance.getEntriesByType('navigation')[0].loadEventEnd].map(after => performance.timeOrigin + after)"""
"""When something of the index was painted, and when it was whole: milliseconds since the epoch."""
SCROLL = """new Promise(done => { const gaps = []; let last = 0, start = 0;
  const step = (now) => { if (last) gaps.push(now - last); else start = now; last = now;
    scrollTo({top: (now - start) * document.documentElement.scrollHeight / 10000, behavior: 'instant'});
    if (scrollY + innerHeight < document.documentElement.scrollHeight - 1) requestAnimationFrame(step);
    else done(gaps); }; requestAnimationFrame(step); })"""
"""Milliseconds from each frame to the next, from the top of the page to its end."""
SCROLLED = 120.0
"""Seconds after which a scroll is not waited for any longer."""


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


@contextmanager
def browser() -> Iterator[DevToolsPage]:
    """A page of a new headless Chromium with a profile of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else []), f"--user-data-dir={profile}"]
        piped = 'exec "$0" "$@" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null'
        command = ["sh", "-c", piped, "chromium", *flags, "--remote-debugging-pipe", "about:blank"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
            assert program.stdin
            assert program.stdout
            page = DevToolsPage(DevToolsPipe(os.dup(program.stdout.fileno()), os.dup(program.stdin.fileno())))
            program.stdin.close()
            with closing(page):
                yield page


def seen(root: Path) -> dict[str, float]:
    """Seconds that a person waits for the index, and those between the frames of a scroll through it."""
    with closing(SiteServer(Catalog(root, BenchmarkResults()))) as server, browser() as page:
        began = time.time()
        page.call("Page.navigate", url=server.url)
        page.wait_for(READY)
        painted, whole = page.evaluate(WHOLE)
        page.evaluate(f"void {SCROLL}.then(gaps => {{ window.gaps = gaps }})")
        page.wait_for("window.gaps", SCROLLED)
        gaps = sorted(page.evaluate("window.gaps"))
    return {
        "until the first paint": painted / 1000 - began,
        "until it is whole": whole / 1000 - began,
        "a frame of the scroll, median": gaps[len(gaps) // 2] / 1000,
        "a frame of the scroll, 95 %": gaps[int(0.95 * len(gaps))] / 1000,
        "a frame of the scroll, longest": gaps[-1] / 1000,
        "the scroll": sum(gaps) / 1000,
    }


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
        looks = [seen(Path(folder)) for _ in range(options.rounds if shutil.which("chromium") else 0)]
    print(f"{options.episodes} episodes, screens of {options.size}; median milliseconds of {options.rounds} rounds\n")
    print(f"{'':<32}{'clock':>8}{'processor':>12}")
    for name in rounds[0]:
        clock, processor = (statistics.median(one[name][n] for one in rounds) * 1000 for n in (0, 1))
        print(f"{name:<32}{clock:>8.1f}{processor:>12.1f}")
    for name in looks[0] if looks else ():
        print(f"{name:<32}{statistics.median(one[name] for one in looks) * 1000:>8.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
