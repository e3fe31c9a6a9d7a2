"""Episodes of MiniWoB++ on an Android device: begun, and asked how they stand, through ADB alone."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, Protocol

from actions.adb.lines import command
from actions.adb.link import AdbLink
from actions.backend import BackendError
from envs.env import EnvError
from envs.miniwob_pages import PageState
from envs.miniwob_server import MiniwobServer, PageEpisode
from envs.phone.apps import WEB, apps

PACKAGE = "com.handeye.miniwob"
PAGES: dict[str, str] = json.loads((WEB / "apps/miniwob/tasks.json").read_text(encoding="utf-8"))
"""The page of each task that AndroidWorld has."""
_LOADING = 30.0
_LAST = """select json_object('task', task, 'seed', seed, 'utterance', utterance, 'done', done, 'raw', raw,
'reward', reward, 'reason', reason) from episodes order by id desc limit 1"""


class Stage(Protocol):
    """Where a device shows the pages."""

    def begin(self, task: str, seed: int) -> str:
        """Show a fresh episode of `task`, the one of `seed`; its instruction in one line. Raises `EnvError`."""

    def state(self) -> PageState:
        """How the episode stands. Raises `EnvError`."""

    def close(self) -> None:
        """Give everything back. Safe to call twice."""


class AppStage:
    """The MiniWoB app of the simulated phone behind `link`: an intent begins an episode, its database has the rest."""

    def __init__(self, link: AdbLink) -> None:
        self._link = link
        self._database = apps()[PACKAGE].database
        self._begun: tuple[str, int] | None = None

    def begin(self, task: str, seed: int) -> str:
        """See `Stage.begin`; the device answers when the page is ready."""
        self._begun = (task, seed)
        _view(self._link, f"miniwob://{task}?seed={seed}")
        return str(self._row()["utterance"])

    def state(self) -> PageState:
        """See `Stage.state`."""
        row = self._row()
        return PageState(bool(row["done"]), float(row["raw"]), float(row["reward"]), str(row["reason"]))

    def close(self) -> None:
        """Nothing is held."""

    def _row(self) -> dict[str, Any]:
        try:
            done = self._link.ask(command("sqlite3", self._database, _LAST))
        except BackendError as error:
            raise EnvError(str(error)) from error
        row = json.loads(done.out) if done.status == 0 and done.out.strip() else {}
        if (row.get("task"), row.get("seed")) != self._begun:
            raise EnvError(f"{self._link.serial} has not begun {self._begun}: {done.said}")
        return dict(row)


class BrowserStage:
    """The browser of any device behind `link`, which reaches a page server of this machine by ``adb reverse``.

    `browser` is its package, e.g. ``com.android.chrome``; without one the device's own choice opens the pages. Raises
    `EnvError`.
    """

    def __init__(self, link: AdbLink, browser: str | None = None) -> None:
        self._link, self._browser = link, browser
        self._episode: PageEpisode | None = None
        self._server = MiniwobServer()
        try:
            link.reverse(self._server.port)
        except BackendError as error:
            self._server.close()
            raise EnvError(str(error)) from error

    def begin(self, task: str, seed: int) -> str:
        """See `Stage.begin`."""
        address, self._episode = self._server.open(PAGES.get(task, task), seed)
        _view(self._link, address, self._browser)
        if not self._episode.begun.wait(_LOADING):
            raise EnvError(
                f"{self._link.serial} did not show {task} in {_LOADING:g} s: open its browser once by hand, get "
                "through its first questions, and try again"
            )
        return self._episode.utterance

    def state(self) -> PageState:
        """See `Stage.state`."""
        if self._episode is None:
            raise EnvError("no episode was begun")
        return self._episode.state

    def close(self) -> None:
        """Stop serving."""
        with suppress(BackendError):
            self._link.unreverse(self._server.port)
        self._server.close()


def _view(link: AdbLink, address: str, package: str | None = None) -> None:
    chosen = ("-p", package) if package else ()
    try:
        done = link.run(command("am", "start", "-a", "android.intent.action.VIEW", "-d", address, *chosen))
    except BackendError as error:
        raise EnvError(str(error)) from error
    if done.status or "Error:" in done.out + done.error:
        raise EnvError(f"{link.serial} does not show {address}: {done.said}")
