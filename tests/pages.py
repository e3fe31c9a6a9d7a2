"""Every kind of page with something on it; `python -m tests.pages` takes the pictures of the documentation."""

from __future__ import annotations

import base64
import json
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from actions.action import Click, Finish
from actions.frame import Box, Frame, Point
from agent.core.task import Task
from agent.episodes import read_episode
from agent.episodes.query.answer import QueryAnswer, hit
from agent.episodes.replay.replayer import Halt
from agent.views.answer_page import write_page as write_answer
from agent.views.replay_mismatch import PAGE, write_halt
from agent.views.report import write_report
from benchmarks.page import write_page
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


IMAGES = "[...document.querySelectorAll('img[src]')].map(image => image.decode().catch(() => 0))"
READY = {"live": "!document.querySelector('#live-enlarged[hidden], #live-place[hidden]')"}
"""JavaScript that is true once a page is whole."""


def look(browser: Browser, width: int, scheme: str, height: int = 800) -> None:
    """Have `browser` show pages at this width, light or dark."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.cdp("Emulation.setDeviceMetricsOverride", **size)
    browser.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])


def picture(browser: Browser, path: Path) -> None:
    """Save what `browser` shows as a small PNG."""
    path.write_bytes(base64.b64decode(browser.cdp("Page.captureScreenshot", format="png")["data"]))
    Image.open(path).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


def take(out: Path, names: list[str]) -> None:
    """Take the pictures of the documentation."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser, waiting_page() as live_page:
        made: dict[str, Path | str] = {n: PAGES[n](Path(folder) / n) for n in names if n in PAGES}
        made |= {"live": live_page} if "live" in names else {}
        for name, page in made.items():
            for width, scheme, height in ((1280, "light", 800), (390, "dark", 780)):
                look(browser, width, scheme, height)
                browser.open(page)
                browser.wait_for(f"document.readyState === 'complete' && ({READY.get(name, 'true')})")
                browser.js(f"return Promise.all({IMAGES})")
                picture(browser, out / f"{name}{'' if width > 500 else '-phone'}.png")


if __name__ == "__main__":
    take(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES, sys.argv[2:] or [*PAGES, "live"])
