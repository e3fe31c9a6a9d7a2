"""MiniWoB++ in real Chromium on a private display: the agent has a mouse, a keyboard and the picture."""

from __future__ import annotations

from envs import miniwob_pages as pages
from envs.chromium import ChromiumEnv
from envs.devtools import PageGoneError, ScriptError
from envs.env import EnvError
from envs.miniwob_pages import PageState

MARGIN = 30
"""CSS pixels of the page's own grey that are shown right of and below the canvas."""


def screen_size(zoom: float) -> tuple[int, int]:
    """Width and height of the display in pixels."""
    width, height = pages.CANVAS
    return round((width + MARGIN) * zoom), round((height + MARGIN) * zoom)


class MiniwobEnv(ChromiumEnv):
    """One Chromium for many episodes. `zoom` is display pixels for each CSS pixel. See `begin` and `state`."""

    def __init__(self, zoom: float = 3.0) -> None:
        folder = pages.html_folder()
        super().__init__(screen_size(zoom), zoom, () if folder.is_relative_to("/usr") else (f"{folder}:ro",))
        self._url = ""

    def begin(self, task: str, seed: int, *, official_timer: bool = False, mode: str = "train") -> str:
        """Load the page of `task` anew and start the episode of `seed`; the instruction.

        With `official_timer` the page ends the episode with reward -1 after its own 7 to 30 seconds. Raises
        `EnvError`.
        """
        self._url = pages.page_url(task)
        self.page.open(self._url)
        self._check_zoom()
        self.page.wait_for(pages.READY)
        self.page.apply(pages.BEGIN, seed, mode, None if official_timer else pages.NO_TIMER)
        self.page.wait_for("WOB_TASK_READY")
        said = str(self.page.apply(pages.UTTERANCE))
        if not official_timer:
            self.settle()
        return said

    def state(self) -> PageState:
        """The state of the episode. A page that the agent has left or closed has ended without a reward.

        Raises `EnvError` when the browser crashed.
        """
        try:
            found = self.page.apply(pages.STATE)
        except ScriptError:
            return PageState(True, 0.0, 0.0, "the page was left")
        except PageGoneError:
            if self.crashed():
                raise
            return PageState(True, 0.0, 0.0, "the page was closed")
        if found["url"] != self._url:
            return PageState(True, 0.0, 0.0, "the page was left")
        return pages.state_of(found)

    def _check_zoom(self) -> None:
        """Raise where an earlier episode has changed the browser's own zoom."""
        now = float(self.page.evaluate("window.devicePixelRatio"))
        if abs(now - self.zoom) > 0.001:
            raise EnvError(f"the page is zoomed by {now:g} instead of {self.zoom:g}")
