"""Every kind of page with something on it; `python -m tests.pages` takes the pictures of the documentation."""

from __future__ import annotations

import base64
import json
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from actions.action import Click, Finish
from actions.frame import Box, Frame, Point
from agent.core.task import Ending, Task
from agent.episodes import read_episode
from agent.episodes.query.answer import QueryAnswer, hit
from agent.episodes.replay.replayer import Halt
from agent.views.answer_page import write_page as write_answer
from agent.views.replay_mismatch import PAGE, write_halt
from agent.views.report import write_report
from agent.views.site.catalog import Catalog
from agent.views.site.jobs import Jobs, StartRun
from agent.views.site.server import SiteServer
from agent.views.viewer import Viewer
from benchmarks.page import write_page
from benchmarks.page.site import BenchmarkResults
from envs.env import Observation
from tests.agent.browser import Browser, chromium
from tests.agent.fakes import FakeEnv
from tests.agent.sample_episode import Desktop, write_sample
from tests.agent.views.live.person import live
from tests.benchmarks.running import inline

PICTURES = Path(__file__).parents[1] / "docs" / "img"
TASK = "Save the list as notes.txt"
MENU = ("New", "Open…", "Save", "Save As…", "Print…", "Quit")


def dialog(name: str = "notes") -> Any:
    """The pixels of a desktop with a dialog on it."""
    return Desktop().editor(["Shopping list", "", "Apples, tea"]).dialog(name).pixels()


def report(folder: Path) -> Path:
    """The report of an episode."""
    return write_report(write_sample(folder / "e"))


def answer(folder: Path) -> Path:
    """An answer about an episode."""
    episode = read_episode(write_sample(folder / "e"))
    hits = (hit(episode, episode.steps[2], "click “Save As…” (258, 258)"), hit(episode, episode.steps[7], "the end"))
    said = QueryAnswer("When was the file saved?", "at step 3 (00:02.4), and “notes.txt” is there at step 8", hits)
    return write_answer(said, episode, folder / "answer.html")


def mismatch(folder: Path) -> Path:
    """A replay that found another screen."""
    there = Desktop().editor(["Shopping list"]).pixels()
    halt = Halt(3, "“Save As…” is not on the screen", dialog(), there, Point(842, 464), (Box(690, 446, 785, 482),))
    folder.mkdir(exist_ok=True)
    write_halt(folder, halt, "click “Save” (842, 464)", Box(795, 446, 890, 482))
    return folder / PAGE


def data(folder: Path) -> Path:
    """Questions about a screen with a menu, as a data set."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(Desktop().editor(["Shopping list"]).menu().pixels()).save(folder / "menu.png")
    places = [(name, 226, 165 + 27 * n) for n, name in enumerate(MENU)]
    places += [(name, 216 + 86 * n, 132) for n, name in enumerate(("File", "Edit", "Search", "View", "Document"))]
    rows = [
        {"id": f"mousepad-{n:02d}", "image": "menu.png", "instruction": f"the entry “{name}”",
         "bbox": [x, y, x + 70, y + 22], "data_type": ("text", "menu")[n % 2]}
        for n, (name, x, y) in enumerate(places)
    ]  # fmt: skip
    (folder / "samples.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def _result(folder: Path, model: str) -> Path:
    done = inline("jsonl", "--data", data(folder / "data"), "--model", f"baseline:{model}", "--out", folder / model)
    assert done.returncode == 0, done.stderr
    return folder / model


def bench(folder: Path) -> Path:
    """The page of a benchmark's result."""
    return _result(folder, "random") / "report.html"


def compared(folder: Path) -> Path:
    """The page of several results compared."""
    return write_page([_result(folder, name) for name in ("random", "centre", "oracle")], folder / "compared.html")


PAGES: dict[str, Callable[[Path], Path]] = {
    "report": report, "answer": answer, "mismatch": mismatch, "benchmark": bench, "comparison": compared,
}  # fmt: skip
"""Pages that are files, by name."""


class DialogEnv(FakeEnv):
    """A desktop with a dialog."""

    name = "sandbox :99 1280x800"

    def observe(self) -> Observation:
        seen, image = super().observe(), dialog()
        return replace(seen, image=image, frame=Frame(id=seen.frame.id, width=image.shape[1], height=image.shape[0]))


@contextmanager
def waiting_page() -> Iterator[str]:
    """The address of the live page of a run that waits for a person."""
    with live(Click(point=Point(842, 464)), Finish(status="success"), env=DialogEnv(), task=TASK) as here:
        run = threading.Thread(target=here.agent.run, args=(Task(TASK),), daemon=True)
        run.start()
        try:
            yield here.url
        finally:
            here.agent.stop.request("the end of the test")
            run.join(60)


@contextmanager
def recorded_page() -> Iterator[str]:
    """The address of the page of ``record --live``."""
    with closing(Viewer(dialog)) as viewer:
        yield viewer.url


def write_runs(folder: Path) -> Path:
    """Three runs of a task, one that is damaged, and a benchmark's result, as the folder of a site."""
    runs = folder / "runs"
    write_sample(runs / "2026-11-28-save-notes", typed="notes.txt", model="Qwen/Qwen2.5-VL-3B-Instruct")
    write_sample(runs / "2026-11-28-again", typed="note.txt", model="Hcompany/Holo1.5-7B", ending=Ending.GAVE_UP)
    write_sample(runs / "2026-11-28-by-night", ending=None, dark=True, model="builtin")
    (runs / "copied-by-half").mkdir()
    (runs / "copied-by-half" / "episode.json").write_text('{"format": "handeye-epi')
    (folder / "bench").mkdir()
    _result(folder / "bench", "random").rename(runs / "own-screens")
    return runs


@contextmanager
def served_site(folder: Path) -> Iterator[SiteServer]:
    """The site of such a folder, on which a program was started."""
    catalog = Catalog(write_runs(folder), BenchmarkResults())
    with closing(SiteServer(catalog, 0, Jobs(catalog.root, (sys.executable, "-c", "print('It is done')")))) as server:
        server.jobs.run(StartRun(do="run", task=TASK))
        yield server


SITE = {
    "view-index": "", "view-episode": "at/runs/2026-11-28-save-notes/", "view-result": "at/runs/own-screens/",
    "view-compare": "compare?a=runs/2026-11-28-save-notes&b=runs/2026-11-28-again", "view-missing": "at/runs/none/",
    "view-start": "start?like=runs/2026-11-28-save-notes", "view-programs": "jobs", "view-program": "jobs/1",
}  # fmt: skip
"""Pages of the site, by name: their address below it."""
SERVED = {"live": waiting_page, "record": recorded_page}
"""Pages that are served alone."""
IMAGES = "[...document.querySelectorAll('img[src]')].map(image => image.decode().catch(() => 0))"
COMPLETE = "document.readyState === 'complete'"
READY = {
    "live": "!document.querySelector('#live-enlarged[hidden], #live-place[hidden]')",
    "record": "document.querySelector('.stream').naturalWidth",
    "view-episode": "document.querySelector('.film-stage img')?.naturalWidth",
}
"""JavaScript that is true once a page is whole."""


def show(browser: Browser, name: str, page: Path | str | SiteServer) -> None:
    """Open the page called `name`, of a site where it is one of its pages, and wait until it is whole."""
    if isinstance(page, SiteServer):
        browser.open(page.url)
        browser.wait_for("document.body?.dataset.home")
        page = f"http://127.0.0.1:{page.port}{page.place}{SITE[name]}"
    browser.open(page)
    browser.wait_for(READY.get(name, "true") if name == "record" else f"{COMPLETE} && ({READY.get(name, 'true')})")


def look(browser: Browser, width: int, scheme: str, height: int = 800) -> None:
    """Have `browser` show pages at this width, light or dark."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.cdp("Emulation.setDeviceMetricsOverride", **size)
    browser.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])


def picture(browser: Browser, path: Path) -> None:
    """Save what `browser` shows as a small PNG."""
    path.write_bytes(base64.b64decode(browser.cdp("Page.captureScreenshot", format="png")["data"]))
    Image.open(path).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


BEFORE = {
    "view-episode": "document.querySelector('.film-strip li:nth-child(3) button').click()",
    "view-compare": "document.querySelector('.side-row.first').scrollIntoView({block: 'center'})",
}
"""What is done on a page before its picture is taken."""


def take(out: Path, pictures: Collection[str]) -> None:
    """Take `pictures`: a page by name at 1280 px, light, or ``NAME-phone`` at 390 px, dark."""
    out.mkdir(parents=True, exist_ok=True)
    names = {name.removesuffix("-phone") for name in pictures}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="handeye-", dir="/tmp")))
        browser = stack.enter_context(chromium())
        made: dict[str, Path | str | SiteServer] = {n: PAGES[n](folder / n) for n in names & PAGES.keys()}
        made |= {name: stack.enter_context(SERVED[name]()) for name in names & SERVED.keys()}
        if names & SITE.keys():
            made |= dict.fromkeys(names & SITE.keys(), stack.enter_context(served_site(folder / "site")))
        for name in pictures:
            page = name.removesuffix("-phone")
            look(browser, *((1280, "light", 800) if page == name else (390, "dark", 780)))
            show(browser, page, made[page])
            browser.js(BEFORE.get(page, ""))
            browser.js(f"return Promise.all({IMAGES})")
            picture(browser, out / f"{name}.png")


def shown_in_docs() -> list[str]:
    """The pictures of the documentation."""
    return sorted(path.stem for path in PICTURES.glob("*.png"))


if __name__ == "__main__":
    take(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES, sys.argv[2:] or shown_in_docs())
