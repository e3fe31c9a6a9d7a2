"""`simulate`: checks an episode without a device: undamaged, possible actions, answers that parse as recorded."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from actions.action import AnyAction, points_of
from agent.calibration.profile import read_profile
from agent.core.model import ModelError, ParseError
from agent.core.step import Step
from agent.episodes import Episode, EpisodeError, EpisodeHeader, read_episode
from agent.models.chat import places_of
from agent.models.dialects.delegating import instruction_in
from agent.models.dialects.dialect import Dialect, Platform, Space
from agent.models.dialects.dialect_file import recorded
from agent.models.dialects.history import pointer_after
from agent.models.dialects.registry import OWN
from agent.models.plan_items import read_plan


@dataclass(frozen=True)
class Problem:
    """Something damaged, missing or impossible; `step` counts from 1, None is the whole episode."""

    step: int | None
    what: str


@dataclass(frozen=True)
class Difference:
    """An answer that is parsed differently today; `step` counts from 1. An action of None is an unusable answer."""

    step: int
    recorded: AnyAction | None
    read: AnyAction | None
    why: str = ""


@dataclass(frozen=True)
class Simulation:
    """The result of `simulate`. `compared` is the number of answers that were parsed again."""

    episode: Episode
    problems: tuple[Problem, ...]
    differences: tuple[Difference, ...]
    compared: int
    notes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether there is neither a problem nor a difference."""
        return not self.problems and not self.differences

    def to_json(self) -> dict[str, Any]:
        """The object that ``handeye replay --mode simulate --json`` prints."""
        return {
            "mode": "simulate",
            "episode": str(self.episode.folder),
            "ok": self.ok,
            "steps": len(self.episode.steps),
            "compared": self.compared,
            "problems": [{"step": problem.step, "what": problem.what} for problem in self.problems],
            "differences": [
                {"step": d.step, "recorded": _plain(d.recorded), "read": _plain(d.read), "why": d.why}
                for d in self.differences
            ],
            "notes": list(self.notes),
        }


def simulate(folder: Path, profile: Path | None = None) -> Simulation:
    """Check the episode in `folder` without a device or a model.

    `profile` is the calibration of the recorded model, if it had one. Raises `EpisodeError` for an unreadable episode,
    and `UserError` for an unreadable profile.
    """
    episode = read_episode(folder)
    problems = [*_damage(episode), *_gaps(episode)]
    for step in episode.steps:
        problems += _impossible(step)
    notes: list[str] = [] if episode.ending else ["the run was interrupted, or is still going on"]
    speaks = _dialect(episode.header, profile, notes, problems)
    differences, compared = _read_again(episode, speaks, notes) if speaks else ([], 0)
    return Simulation(episode, tuple(problems), tuple(differences), compared, tuple(notes))


def recorded_dialect(header: EpisodeHeader) -> Dialect | None:
    """The recorded dialect, with the run's image limit and coordinates: that of the recorded file, else as it is today.

    None where there was none. Raises `ModelError` for an unknown name.
    """
    if header.dialect is None:
        return None
    file = recorded(header.extra.get("plugins"))
    speaks = file.dialect if file else OWN.get(header.dialect)
    if speaks is None:
        raise ModelError(f"the dialect {header.dialect!r} is not known (handeye models lists those that are)")
    space = next((space for space in get_args(Space) if space == header.extra.get("space")), None)
    speaks = speaks.in_space(space) if space else speaks
    most = header.extra.get("max_pixels")
    if isinstance(most, int) and most >= max(speaks.resize.min_pixels, speaks.resize.factor**2):
        rule = replace(speaks.resize, max_pixels=min(most, speaks.resize.max_pixels))
        return replace(speaks, resize=rule)
    return speaks


def platform_of(header: EpisodeHeader) -> Platform:
    """The platform of the episode. Raises `EpisodeError` for an unknown one."""
    if header.platform == "desktop":
        return "desktop"
    if header.platform == "mobile":
        return "mobile"
    raise EpisodeError(f"the episode's platform is {header.platform!r}: it must be desktop or mobile")


def _damage(episode: Episode) -> Iterator[Problem]:
    """The problems found on reading, and pictures that cannot be decoded."""
    for line in episode.problems:
        yield Problem(_number_in(line), line)
    good: set[tuple[object, ...]] = set()
    for step in episode.steps:
        files = (step.image, step.patch, step.frame.width, step.frame.height)
        if files in good:
            continue
        try:
            episode.image(step)
            good.add(files)
        except EpisodeError as error:
            if str(error) not in episode.problems:
                yield Problem(step.index + 1, str(error))


def _number_in(line: str) -> int | None:
    """The step number at the beginning of a problem; None for none."""
    word = line.removeprefix("step ").partition(":")[0]
    return int(word) if line.startswith("step ") and word.isdecimal() else None


def _gaps(episode: Episode) -> Iterator[Problem]:
    expected = 0
    for step in episode.steps:
        if step.index > expected:
            missing = f"step {expected + 1}" + (f" to {step.index}" if step.index > expected + 1 else "")
            yield Problem(expected + 1, f"{missing}: not on record")
        expected = step.index + 1


def _impossible(step: Step) -> Iterator[Problem]:
    """Points outside the frame."""
    for name, action in (("action", step.action), ("decided", step.decided)):
        for point in points_of(action) if action else ():
            if not step.frame.contains(point):
                size = f"{step.frame.width}x{step.frame.height}"
                where = f"({point.x:g}, {point.y:g})"
                yield Problem(step.index + 1, f"step {step.index + 1}: {name}: {where} is outside the {size} frame")


def _dialect(header: EpisodeHeader, profile: Path | None, notes: list[str], problems: list[Problem]) -> Dialect | None:
    """The dialect to parse the answers with; None, with a note or a problem, where there is none."""
    try:
        speaks = recorded_dialect(header)
        platform_of(header)
    except (ModelError, EpisodeError) as error:
        problems.append(Problem(None, str(error)))
        return None
    if speaks is None:
        notes.append(f"the model {header.model!r} was not prompted in a dialect: its answers are not read again")
        return None
    if "(profile " in header.model and profile is None:
        notes.append("the answers were corrected by a profile: they are read again only with --profile FILE")
        return None
    ours = header.extra.get("prompts", "ours") == "ours"
    if ours and header.prompt_hash not in (None, speaks.prompt_hash):
        notes.append(f"the prompts or the resize rule of {speaks.name} have changed since")
    return read_profile(profile).correct(speaks) if profile else speaks


def _read_again(episode: Episode, speaks: Dialect, notes: list[str]) -> tuple[list[Difference], int]:
    platform = platform_of(episode.header)
    if not speaks.can("decide", platform):
        notes.append(f"{speaks.name} cannot act on a {platform} screen: the answers are not read again")
        return [], 0
    differences: list[Difference] = []
    compared = silent = 0
    for at, step in enumerate(episode.steps):
        if step.part and compared:
            continue
        if not step.raw:
            silent += 1
            continue
        compared += 1
        parts = [step, *itertools.takewhile(lambda later: later.part, episode.steps[at + 1 :])]
        differences += _compare(episode.steps[:at], parts, speaks, platform)
    if silent:
        notes.append(f"{silent} of {len(episode.steps)} steps have no answer on record")
    return differences, compared


def _compare(history: tuple[Step, ...], parts: Sequence[Step], speaks: Dialect, platform: Platform) -> list[Difference]:
    """The differences of one answer, whose actions are those of `parts`, the rest dropped.

    Whether an answer was complete is not recorded, so both ways are tried.
    """
    step, first, why = parts[0], None, ""
    if step.delegated and speaks.delegates:
        return _compare_delegated(step)
    recorded = [part.decided or part.action for part in parts]
    for ended in (True, False):
        try:
            pointer = pointer_after(history, step.frame)
            at = places_of(step.pointed) if speaks.describes else None
            answer = speaks.parse(step.raw, step.frame, platform, pointer=pointer, ended=ended, described=at)
            now: list[AnyAction | None] = [answer.action, *answer.rest]
        except (ParseError, ValueError) as error:
            now, why = [None], why or str(error)
        now = [*now, *[None] * len(parts)][: len(parts)]
        if now == recorded:
            return []
        first = first if first and first[0] else now
    assert first is not None
    pairs = zip(parts, recorded, first, strict=True)
    return [Difference(p.index + 1, was, read, "" if read else why) for p, was, read in pairs if was != read]


def _compare_delegated(step: Step) -> list[Difference]:
    """The difference of an answer that hands over an instruction: another instruction, or none."""
    if step.delegated is not None and step.delegated.planned:
        return _compare_plan(step, step.delegated.plan)
    try:
        read, why = instruction_in(step.raw), "another instruction"
    except ParseError as error:
        read, why = None, str(error)
    same = step.delegated is not None and step.delegated.instruction == read
    return [] if same else [Difference(step.index + 1, step.decided or step.action, None, why)]


def _compare_plan(step: Step, plan: Sequence[str]) -> list[Difference]:
    """The difference of answers of which one was a plan: none of them is its beginning."""
    said = (tuple(item.said for item in read_plan(answer)) for answer in step.raw.split("\n\n"))
    if not plan or any(items and items == tuple(plan[: len(items)]) for items in said):
        return []
    return [Difference(step.index + 1, step.decided or step.action, None, "no answer has the plan")]


def _plain(action: AnyAction | None) -> Any:
    return None if action is None else action.model_dump(mode="json")
