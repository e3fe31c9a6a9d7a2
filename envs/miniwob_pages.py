"""The pages of MiniWoB++ and the JavaScript that begins and reads an episode, independent of browser and device.

The pages come with the package ``miniwob`` (Farama Foundation, MIT), whose code is not used: no Selenium. Every
function here is JavaScript to be called in a page, with its parameters and result. The harness rules:

* an episode begins on a freshly loaded page, with ``Math.seedrandom(seed)``, as Farama's own harness does but with
  nothing left over from the episode before;
* the reward is the page's raw reward (``WOB_RAW_REWARD_GLOBAL``), without the factor for time;
* once the page has ended the episode, its START cover is not shown: a second click of the same action would begin
  another episode there and wipe out the reward.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from actions.extras import install_command
from envs.env import EnvError

VERSION = "1.1.0"
"""Of the package ``miniwob``."""
CANVAS = (160, 210)
"""Width and height of a task in CSS pixels, from the page's top-left corner; its topmost 50 show the instruction."""
NO_TIMER = 2_000_000_000
"""Milliseconds (23 days); a browser takes anything above 2**31 - 1 for 0."""

BEGIN = """(seed, mode, noTimer) => {
  const style = document.createElement('style');
  style.textContent = '#reward-display, #click-canvas { display: none !important }';
  document.head.appendChild(style);
  if (noTimer) core.EPISODE_MAX_TIME = noTimer;
  Math.seedrandom(seed);
  core.setDataMode(mode);
  core.startEpisodeReal();
  core.startEpisode = () => {};
}"""
"""Start the episode of `seed` on a loaded page; `mode` is the page's data mode, `noTimer` milliseconds or null."""

READY = "typeof core !== 'undefined' && core.cover_div !== null && WOB_TASK_READY"
"""Whether the page is loaded and its episode may begin or be worked on."""

UTTERANCE = """() => {
  const query = document.getElementById('query').cloneNode(true);
  const icons = [...query.querySelectorAll('[class*=ui-icon-]')];
  for (const icon of icons) icon.replaceWith('"' + icon.className.match(/ui-icon-([a-z0-9-]+)/)[1] + '"');
  const said = icons.length ? query.textContent : core.getUtterance();
  return (said.utterance || said).replace(/\\s+/g, ' ').trim();
}"""
"""The instruction in one line. An icon in it is named by its jQuery UI name, in quotes."""

STATE = """() => ({
  done: WOB_DONE_GLOBAL, raw: WOB_RAW_REWARD_GLOBAL, reward: WOB_REWARD_GLOBAL, reason: WOB_REWARD_REASON,
  url: location.href.split('#')[0],
})"""
"""The state of the episode; see `PageState`."""


@dataclass(frozen=True)
class PageState:
    """`raw` is the reward without the factor for time, `reward` with it: -1 to 1, and 0 until `done`."""

    done: bool
    raw: float
    reward: float
    reason: str = ""

    @property
    def solved(self) -> bool:
        """Whether the raw reward is 1, as AndroidWorld counts; a partial reward is no success."""
        return self.done and self.raw == 1


def state_of(found: dict[str, Any]) -> PageState:
    """The result of `STATE`."""
    return PageState(bool(found["done"]), float(found["raw"]), float(found["reward"]), str(found.get("reason") or ""))


@cache
def html_folder() -> Path:
    """The folder ``html`` of the package. Raises `EnvError` when it is not installed."""
    spec = find_spec("miniwob")
    places = list(spec.submodule_search_locations or []) if spec else []
    folder = next((Path(place) / "html" for place in places), None)
    if folder is None or not (folder / "core/core.js").is_file():
        raise EnvError(f"the pages of MiniWoB++ are missing: {install_command('bench')}")
    return folder.resolve()


def page_url(task: str) -> str:
    """The ``file://`` address of a task's page, e.g. ``click-test``. Raises `EnvError` for an unknown task."""
    path = html_folder() / "miniwob" / f"{task}.html"
    if not path.is_file():
        raise EnvError(f"MiniWoB++ has no page {task!r}")
    return path.as_uri()
