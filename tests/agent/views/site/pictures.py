"""The pictures of docs/view.md: ``python -m tests.agent.views.site.pictures docs/img``."""

from __future__ import annotations

import base64
import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

from agent.core.task import Ending
from tests.agent.browser import Browser, chromium
from tests.agent.sample_episode import write_sample
from tests.agent.views.site.visitor import served

SIZE = 1280, 860
COLOURS = 128


def main(out: Path) -> None:
    """Take them of a folder with four sample episodes."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="handeye-", dir="/tmp") as folder:
        runs = Path(folder) / "runs"
        write_sample(runs / "2026-11-28-save-notes", typed="notes.txt", model="Qwen/Qwen2.5-VL-3B-Instruct")
        write_sample(runs / "2026-11-28-again", typed="note.txt", model="Hcompany/Holo1.5-7B", ending=Ending.GAVE_UP)
        write_sample(runs / "2026-11-28-by-night", ending=None, dark=True, model="builtin")
        (runs / "copied-by-half").mkdir()
        (runs / "copied-by-half" / "episode.json").write_text('{"format": "handeye-epi')
        server = served(runs)
        try:
            with chromium() as browser:
                browser.cdp(
                    "Emulation.setDeviceMetricsOverride",
                    width=SIZE[0],
                    height=SIZE[1],
                    deviceScaleFactor=1,
                    mobile=False,
                )
                take(browser, server.url, out)
        finally:
            server.close()


def take(browser: Browser, url: str, out: Path) -> None:
    """The index, an episode and a comparison."""
    whole = "[...document.images].filter(i => i.getBoundingClientRect().top < innerHeight).every(i => i.complete)"
    browser.open(url)
    browser.wait_for(f"document.querySelectorAll('.run').length === 4 && {whole}")
    save(browser, out / "view-index.png")
    home = browser.js("return location.origin + document.body.dataset.home")
    browser.open(f"{home}at/runs/2026-11-28-save-notes/")
    browser.wait_for(f"document.querySelector('.film-stage img')?.naturalWidth && {whole}")
    browser.type("..")
    browser.wait_for(whole)
    save(browser, out / "view-episode.png")
    browser.open(f"{home}compare?a=runs/2026-11-28-save-notes&b=runs/2026-11-28-again")
    browser.js("document.querySelector('.side-row.first').scrollIntoView({block: 'center'})")
    browser.wait_for(whole)
    save(browser, out / "view-compare.png")


def save(browser: Browser, path: Path) -> None:
    """What the browser shows, in few colours."""
    shot = base64.b64decode(browser.cdp("Page.captureScreenshot", format="png")["data"])
    Image.open(io.BytesIO(shot)).convert("RGB").quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
