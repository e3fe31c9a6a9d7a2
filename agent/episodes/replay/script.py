"""`Script`: the actions of an episode that a replay repeats, each with the screens before and after it."""

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
class RecordedAction:
    """One action to repeat. `waited` is how many seconds the recording waited after it.

    `next` is the step whose screen shows its effect; None where there is none.
    """

    step: Step
    action: AnyAction
    next: Step | None = None
    waited: float = 0.0

    @property
    def number(self) -> int:
        """The number of the recorded step, from 1."""
        return self.step.index + 1


class Script:
    """The actions of an episode and its screens, which are read ahead in a thread.

    `last` is the step whose screen the run ended on; None for an interrupted run. With `opened`, the programs that the
    recording begins by opening are open already, and those actions are left out. Raises `EpisodeError` for an episode
    without an action to repeat.
    """

    def __init__(self, episode: Episode, opened: bool = False) -> None:
        self.episode = episode
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="recorded frames")
        self._pictures: dict[tuple[object, ...], Future[Image]] = {}
        self._differences: dict[tuple[int, int], Future[list[Box]]] = {}
        self.last = next((s for s in reversed(episode.steps) if isinstance(s.action, Finish)), None)
        first = len(opened_first(episode)) if opened else 0
        self.actions = tuple(self._recorded_actions(episode.steps)[first:])
        if not self.actions:
            self.close()
            raise EpisodeError(f"{episode.folder}: no step has an effect, so there is nothing to repeat")
        for recorded in self.actions:
            self.image(recorded.step)  # a damaged picture is an error before the first action

    @property
    def succeeded(self) -> bool:
        """Whether the recorded run ended in success."""
        return self.episode.ending in (Ending.DONE, Ending.VERIFIED)

    def image(self, step: Step) -> Image:
        """The recorded screen of `step`. Raises `EpisodeError`."""
        image = self._read(step).result()
        self._pictures = dict(list(self._pictures.items())[-_KEPT:])
        return image

    def ahead(self, recorded: RecordedAction | None) -> None:
        """Begin to compute the changes of the next action."""
        if recorded is not None and recorded.next is not None:
            self._difference(recorded.step, recorded.next)

    def changes(self, before: Step, after: Step) -> list[Box]:
        """What changed between two recorded screens: see `pixel_match.changes`. Raises `EpisodeError`."""
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

    def _recorded_actions(self, steps: Sequence[Step]) -> list[RecordedAction]:
        """The actions that were done. A wait during which the screen changed, and waits just before it, belong to the
        action before them: what they waited for may be there at once the next time.
        """
        drafts: list[_ActionDraft] = []
        done = [step for step in steps if _was_done(step)]
        for step in done:
            following = next((s for s in steps if s.index > step.index), None)
            if isinstance(step.action, Wait) and self._seen_to_change(step, following):
                waited = step.action.seconds
                while drafts and isinstance(before := drafts[-1].action, Wait):
                    waited += before.seconds
                    drafts.pop()
                if drafts:  # else the waits were for the first screen
                    drafts[-1].next = following
                    drafts[-1].waited += waited
            elif step.action is not None:
                drafts.append(_ActionDraft(step, step.action, following))
        return [RecordedAction(d.step, d.action, d.next, d.waited) for d in drafts]

    def _seen_to_change(self, step: Step, following: Step | None) -> bool:
        return following is not None and bool(self.changes(step, following))


def opened_first(episode: Episode) -> tuple[str, ...]:
    """The programs (no URLs) that an episode begins by opening, as a person's recording on a sandbox does."""
    actions = (step.action for step in episode.steps if _was_done(step))
    opened = itertools.takewhile(lambda a: isinstance(a, Open) and "://" not in a.target, actions)
    return tuple(action.target for action in opened if isinstance(action, Open))


_KEPT = 6


@dataclass
class _ActionDraft:
    step: Step
    action: AnyAction
    next: Step | None
    waited: float = field(default=0.0)


def _was_done(step: Step) -> bool:
    """Whether the device did the action, or a person was told or asked."""
    if isinstance(step.action, Answer | AskUser):
        return step.outcome is not None
    if isinstance(step.action, Finish) or step.action is None:
        return False
    return step.outcome is not None and step.outcome.performed
