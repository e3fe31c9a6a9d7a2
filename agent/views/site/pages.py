"""The pages of the site from their templates, which escape every text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from agent.core.step import Step
from agent.episodes import Episode
from agent.views.formatting import clip
from agent.views.kit.pages import templates
from agent.views.report import PageData
from agent.views.site.catalog import RunEntry
from agent.views.site.comparison import aligned
from agent.views.site.episode_page import page_steps
from agent.views.site.jobs import Job

PAGE = 1000
"""Lines of the index on a page."""
POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
"""The content security policy of every page of the templates."""
SCREENS = {
    "sandbox": "a sandbox of its own", "browser": "a browser in a sandbox", "phone": "the simulated phone",
    "desktop": "this desktop", "android": "an Android device",
}  # fmt: skip
"""Where a run can be started, and what that is."""
FILTERS = {"kind": "Kind", "state": "Ending", "model": "Model", "suite": "Suite"}


@dataclass(frozen=True)
class Site:
    """What every page says: the address of the index, the folder, and the token of commands ("" where none are taken).

    `jobs` is how many programs were started from the site.
    """

    home: str
    root: str
    token: str = ""
    jobs: int = 0

    def page(self, template: str, title: str, **values: object) -> str:
        """The HTML of a template."""
        shared = {"home": self.home, "root": self.root, "token": self.token, "jobs": self.jobs, "title": title}
        return templates().get_template(f"agent/views/site/{template}").render(**shared, **values)


@dataclass(frozen=True)
class IndexFilter:
    """What the index is asked for: words to search, and one value of each filter, "" for all."""

    q: str = ""
    kind: str = ""
    state: str = ""
    model: str = ""
    suite: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: dict[str, list[str]]) -> IndexFilter:
        """From the query of an address."""
        texts = {name: query.get(name, [""])[0][:400] for name in ("q", *FILTERS)}
        number = query.get("page", ["1"])[0]
        return cls(**texts, page=max(1, int(number)) if number.isdecimal() and len(number) < 7 else 1)

    def __getitem__(self, name: str) -> str:
        return {"kind": self.kind, "state": self.state, "model": self.model, "suite": self.suite}[name]

    @property
    def any(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.q or self.kind or self.state or self.model or self.suite)

    def fits(self, entry: RunEntry, but: str = "") -> bool:
        """Whether an entry is asked for, whatever the filter called `but` says."""
        known = {"kind": entry.kind, "state": entry.state, "model": entry.model, "suite": entry.suite}
        if any(self[name] not in ("", value) for name, value in known.items() if name != but):
            return False
        return not self.q or all(word in entry.searched for word in self.q.lower().split())


def index_page(site: Site, entries: Sequence[RunEntry], asked: IndexFilter, cut: int | None = None) -> str:
    """The index of `entries`, a page of those that fit; `cut` is how many were listed where there are more."""
    fitting = [entry for entry in entries if asked.fits(entry)]
    last = max(1, -(-len(fitting) // PAGE))
    number = min(asked.page, last)
    choices = [
        (name, words, _values(name, (e for e in entries if asked.fits(e, name)))) for name, words in FILTERS.items()
    ]
    said = {name: asked[name] for name in FILTERS if asked[name]} | ({"q": asked.q} if asked.q else {})
    pages = [(n, f"{site.home}?{urlencode(said | {'page': str(n)})}", n == number) for n in range(1, last + 1)]
    counted = f"{len(fitting):,} of {len(entries):,}" if len(fitting) < len(entries) else f"{len(entries):,}"
    counted += " run" if len(entries) == 1 else " runs"
    return site.page(
        "index.html",
        "Runs",
        entries=fitting[(number - 1) * PAGE : number * PAGE],
        asked=asked,
        choices=choices,
        counted=f"{counted}, the newest first.",
        cut=f"{cut:,}" if cut else None,
        pages=pages,
    )


def _values(name: str, entries: Iterable[RunEntry]) -> list[tuple[str, int]]:
    of = {"kind": lambda e: e.kind, "state": lambda e: e.state, "model": lambda e: e.model, "suite": lambda e: e.suite}
    return sorted((value, count) for value, count in Counter(map(of[name], entries)).items() if value)[:200]


def episode_page(
    site: Site, entry: RunEntry, header: PageData, steps: list[PageData], partners: Sequence[RunEntry]
) -> str:
    """The page of an episode; `partners` are others of its task."""
    title = f"{clip(entry.title, 80)}"
    return site.page("episode.html", title, key=entry.key, header=header, steps=steps, partners=partners)


def compare_page(site: Site, entries: Sequence[RunEntry], episodes: Sequence[Episode]) -> str:
    """Two episodes side by side."""
    same, first = aligned(episodes[0].steps, episodes[1].steps)
    cells = [_cells(entry, episode) for entry, episode in zip(entries, episodes, strict=True)]
    rows = [
        {"same": at < len(same) and same[at], "cells": [side[at] if at < len(side) else None for side in cells]}
        for at in range(max(map(len, cells)))
    ]
    tasks = [episode.header.task.strip() for episode in episodes]
    sides = [
        {
            "address": entry.address, "name": entry.folder.name, "tone": entry.tone, "words": entry.words,
            "model": entry.model, "steps": len(episode.steps),
        }
        for entry, episode in zip(entries, episodes, strict=True)
    ]  # fmt: skip
    other = clip(tasks[1]) if tasks[0] != tasks[1] else ""
    title = f"Compared: {clip(tasks[0], 80)}"
    return site.page("compare.html", title, task=clip(tasks[0]), other_task=other, rows=rows, sides=sides, first=first)


def _cells(entry: RunEntry, episode: Episode) -> list[PageData]:
    return [_cell(entry, step, data) for step, data in zip(episode.steps, page_steps(episode), strict=True)]


def _cell(entry: RunEntry, step: Step, data: PageData) -> PageData:
    same = ("index", "number", "title", "place", "missing", "alt", "marks")
    width, height, thought = step.frame.width, step.frame.height, clip(step.thought.strip(), 1000)
    own: PageData = {"address": entry.address, "thought": thought, "width": width, "height": height}
    return own | {name: data[name] for name in same}


def start_page(site: Site, like: Episode | None = None) -> str:
    """The form for a run, filled in as that of an episode was."""
    said = {"task": "", "env": "sandbox", "model": "", "app": ""}
    if like is not None:
        apps = like.header.extra.get("apps")
        phone = like.header.platform == "mobile"
        said["task"] = like.header.task
        said["app"] = str(apps[0]) if isinstance(apps, list) and len(apps) == 1 and not phone else ""
        said["env"] = "phone" if phone else "sandbox"
    return site.page("start.html", "Start a run", like=said, screens=[*SCREENS.items()])


def jobs_page(site: Site, jobs: Sequence[Job]) -> str:
    """The programs that were started."""
    return site.page("jobs.html", "Started here", started=jobs)


def job_page(site: Site, job: Job, episode: str) -> str:
    """One of them; `episode` is the address of its episode below the site's, "" while there is none."""
    return site.page("job.html", clip(job.title, 200), job=job, episode=episode)
