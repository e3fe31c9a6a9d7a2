"""`EpisodeTargets`: what the actions of an episode were meant for, from its record and its pictures."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from pathlib import Path

from agent.core.step import Step, Target
from agent.core.targets import ends_of, known_targets
from agent.episodes.format import EpisodeError
from agent.episodes.text_file import TextFile
from agent.perception.naming import read_targets, text_targets
from envs.env import Image

MOST_READ = 200
"""Pictures of an episode on which the text around a place is read; of the others only the text that is kept is used."""


class EpisodeTargets:
    """Names the targets of the episode in `folder`: by what is on record, by the text that is kept of the screen, or
    by what is read on the picture around the place. Where that gives no words there is no target.
    """

    def __init__(self, folder: Path, most_read: int = MOST_READ) -> None:
        self._folder, self._left = folder, most_read

    def of(self, step: Step, image: Image | None = None) -> tuple[Target, ...]:
        """The targets of `step`, those on record first; `image` is its screen, None for one that is not to be read."""
        found = known_targets(step)
        ends = () if step.action is None else ends_of(step.action)
        if step.action is None or {one.point for one in found if one.box is not None} >= set(ends):
            return found
        with suppress(EpisodeError):
            if (kept := self._texts.of(step) if self._texts else None) is not None:
                return (*found, *text_targets(step.action, kept))
        if image is None or self._left <= 0:
            return found
        self._left -= 1
        return (*found, *read_targets(step.action, image))

    @cached_property
    def _texts(self) -> TextFile | None:
        texts = TextFile(self._folder)
        return texts if texts.kept else None
