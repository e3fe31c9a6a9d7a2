"""The data of an episode's page on the site: that of the report, with pictures by address instead of embedded."""

from __future__ import annotations

from typing import Literal

from agent.core.step import Step
from agent.episodes import Episode, EpisodeError
from agent.episodes.frame_reader import FrameChecker
from agent.episodes.targets import EpisodeTargets
from agent.views.formatting import clip
from agent.views.report import PageData, header_data, picture, step_data
from envs.differences import changed_places


def page_header(episode: Episode) -> PageData:
    """The head of the page."""
    foot = f"{len(episode.steps):,} steps can be read. The episode is the folder {clip(str(episode.folder), 500)}."
    return header_data(
        episode.header,
        ending=episode.ending,
        message=episode.message,
        answer=episode.answer,
        totals=episode.totals,
        problems=episode.problems,
        foot=foot,
    ) | {"brand": "Handeye episode"}


def page_steps(episode: Episode, address: str = "") -> list[PageData]:
    """The steps; `address` is what the addresses of their pictures begin with."""
    checker, named, found = FrameChecker(episode.folder), EpisodeTargets(episode.folder), list[PageData]()
    missing = [_missing(checker, step) for step in episode.steps]
    for at, step in enumerate(episode.steps):
        following = episode.steps[at + 1] if at + 1 < len(episode.steps) else None
        follows = following is not None and following.index == step.index + 1 and not missing[at + 1]
        same = following is not None and (following.frame.width, following.frame.height) == (
            step.frame.width,
            step.frame.height,
        )
        after: Literal["next"] | None = "next" if follows and same and not missing[at] else None
        shown = None if missing[at] else picture(f"{address}screen/{step.index}")
        data = step_data(
            step,
            started=episode.header.started,
            before=shown,
            after=after,
            missing=missing[at],
            targets=named.of(step),
        )
        found.append(data if shown is None else data | {"small": picture(f"{address}small/{step.index}")})
    return found


def _missing(checker: FrameChecker, step: Step) -> str:
    """Why the step's screen cannot be shown; "" where it can."""
    try:
        checker.check(step)
    except EpisodeError as error:
        return f"The screen of this step is missing or damaged. {error}"
    return ""


def changes_after(episode: Episode, at: int) -> list[list[int]] | None:
    """Where the screen after the step at `at` differs from its own: x, y, width, height. Raises `EpisodeError`."""
    if at + 1 >= len(episode.steps):
        return None
    one, other = (episode.image(episode.steps[n]) for n in (at, at + 1))
    return None if one.shape != other.shape else [list(place) for place in changed_places(one, other)]
