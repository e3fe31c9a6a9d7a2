"""What there is to do again: the steps of an episode that did something, each with what was seen before and after."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from actions.action import Answer, AnyAction, AskUser, Finish, Open, Wait
from actions.frame import Box
from agent.core.step import Step
from agent.core.task import Ending
from agent.episodes import Episode, EpisodeError
from agent.episodes.replay.pixel_match import changes
from envs.env import Image


@dataclass(frozen=True)
class Cue:
    """One action to do again. `waited` is how many seconds the record waited after it.

    `next` is the step whose screen shows what came of it, None where that is not on record.
    """

    step: Step
    action: AnyAction
    next: Step | None = None
    waited: float = 0.0

    @property
    def number(self) -> int:
        """Of the recorded step, counted from 1."""
        return self.step.index + 1


class Script:
    """The cues of an episode, and its pictures, a few of which are kept.

    `last` is the step whose screen the run ended on; None for a run that was broken off. With `opened` the programs
    that the record begins by opening are already there. Raises `EpisodeError` for an episode without anything to do
    again.
    """

    def __init__(self, episode: Episode, opened: bool = False) -> None:
        self.episode = episode
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="recorded frames")
        self._pictures: dict[tuple[object, ...], Future[Image]] = {}
        self._differences: dict[tuple[int, int], Future[list[Box]]] = {}
        self.last = next((s for s in reversed(episode.steps) if isinstance(s.action, Finish)), None)
        first = len(opened_first(episode)) if opened else 0
        self.cues = tuple(self._cues(episode.steps)[first:])
        if not self.cues:
            self.close()
            raise EpisodeError(f"{episode.folder}: no step did anything, so there is nothing to do again")
        for cue in self.cues:
            self.image(cue.step)  # a damaged picture is found before anything is done

    @property
    def succeeded(self) -> bool:
        """Whether the recorded run did its task."""
        return self.episode.ending in (Ending.DONE, Ending.VERIFIED)

    def image(self, step: Step) -> Image:
        """The recorded screen of `step`. Raises `EpisodeError`."""
        image = self._read(step).result()
        self._pictures = dict(list(self._pictures.items())[-_KEPT:])
        return image

    def ahead(self, cue: Cue | None) -> None:
        """Begin to work out what will be asked for."""
        if cue is not None and cue.next is not None:
            self._difference(cue.step, cue.next)

    def changes(self, before: Step, after: Step) -> list[Box]:
        """What changed on the recorded screen from one step to another: see `live_pixels.changes`. `EpisodeError`."""
        return self._difference(before, after).result()

    def close(self) -> None:
        """Stop reading."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _difference(self, before: Step, after: Step) -> Future[list[Box]]:
        key = (before.index, after.index)
        if key not in self._differences:
            pictures = self._read(before), self._read(after)
            self._differences[key] = self._pool.submit(lambda: changes(pictures[0].result(), pictures[1].result()))
        return self._differences[key]

    def _read(self, step: Step) -> Future[Image]:
        key = (step.image, step.patch)
        if key not in self._pictures:
            self._pictures[key] = self._pool.submit(self.episode.image, step)
        self._pictures[key] = self._pictures.pop(key)
        return self._pictures[key]

    def _cues(self, steps: Sequence[Step]) -> list[Cue]:
        """The actions that were done. A wait after which the screen was another belongs to the action before it."""
        cues: list[_ScriptDraft] = []
        done = [step for step in steps if _was_done(step)]
        for step in done:
            following = next((s for s in steps if s.index > step.index), None)
            if isinstance(step.action, Wait) and self._seen_to_change(step, following):
                if cues:  # else it was the first screen that was waited for
                    cues[-1].next = following
                    cues[-1].waited += step.action.seconds
            elif step.action is not None:
                cues.append(_ScriptDraft(step, step.action, following))
        return [Cue(d.step, d.action, d.next, d.waited) for d in cues]

    def _seen_to_change(self, step: Step, following: Step | None) -> bool:
        return following is not None and bool(self.changes(step, following))


def opened_first(episode: Episode) -> tuple[str, ...]:
    """The programs (no URLs) that an episode begins by opening, as a person's recording on a sandbox does."""
    actions = (step.action for step in episode.steps if _was_done(step))
    opened = itertools.takewhile(lambda a: isinstance(a, Open) and "://" not in a.target, actions)
    return tuple(action.target for action in opened if isinstance(action, Open))


_KEPT = 6


@dataclass
class _ScriptDraft:
    step: Step
    action: AnyAction
    next: Step | None
    waited: float = field(default=0.0)


def _was_done(step: Step) -> bool:
    """Whether the device did it, or a person was told or asked."""
    if isinstance(step.action, Answer | AskUser):
        return step.outcome is not None
    if isinstance(step.action, Finish) or step.action is None:
        return False
    return step.outcome is not None and step.outcome.performed
