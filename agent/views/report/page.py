"""`write_report`: an episode as one HTML page without network access, written step by step.

Texts of screens and models are JSON without ``<``, which `report.js` shows by text nodes only. The content security
policy allows the page's own style and script, by their hashes, and pictures in data URLs.
"""

from __future__ import annotations

import contextlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from agent.core.targets import known_targets
from agent.episodes import Episode, EpisodeError, read_episode
from agent.episodes.private_files import private
from agent.episodes.targets import EpisodeTargets
from agent.views.formatting import clip, ending_words, line, title_words
from agent.views.kit.pages import SinglePage
from agent.views.report.data import PageData, header_data, step_data
from agent.views.report.images import PageImages, StepScreen, screens
from envs.differences import Place, changed_places

Progress = Callable[[int, int], None]
"""Called with the numbers of steps done and in all."""
_NOTE = (
    "The pictures on this page are packed for viewing (WebP); the screens as they were, without loss, are in the "
    "folder frames of the episode"
)
PAGE = SinglePage(
    "agent/views/report/report.html",
    ("agent/views/report/report.css", "agent/views/report/player.css"),
    ("agent/views/report/report.js", "agent/views/report/player.js"),
)
_Block = tuple[str, str, PageData | str]
"""JSON on the page: the name and the value of an attribute of its element, and the data."""


PAGE_STEPS = 2500
"""Steps on a page of an episode that has more than twice as many."""


@dataclass(frozen=True)
class _StepRange:
    """The steps of an episode from `begin` to before `end` (places in its list), and where their page is written."""

    begin: int
    end: int
    path: Path

    def words(self, episode: Episode) -> str:
        """``steps 501 to 1,000``."""
        first, last = (episode.steps[at].index + 1 for at in (self.begin, self.end - 1))
        return f"steps {first:,} to {last:,}"


def write_report(
    folder: Path,
    out: Path | None = None,
    progress: Progress = lambda done, total: None,
    only: tuple[int, int] | None = None,
) -> Path:
    """Write the report of the episode in `folder` to `out` (None: ``report.html`` in the folder); its path.

    More than twice `PAGE_STEPS` steps are pages that link to each other: `out`, then ``report-2.html`` and so on beside
    it, each usable as soon as it is written. With `only`, the first and last number of steps, one page has just those.
    Damage in the episode is named on the page. Raises `EpisodeError` when there is no episode, none of the steps in
    `only`, or nothing can be written.
    """
    episode = read_episode(folder)
    path = out or folder / "report.html"
    parts = _parts(episode, path) if only is None else [_chosen(episode, path, *only)]
    done, total = 0, sum(part.end - part.begin for part in parts)
    for part in parts:
        told = partial(_shifted, progress, done, total)
        with (
            written(part.path, "report") as temporary,
            open(temporary, "w", encoding="utf-8", newline="\n", opener=private) as file,
        ):
            file.writelines(_stream(episode, part, parts, told))
        done += part.end - part.begin
    return path


def _shifted(progress: Progress, before: int, total: int, done: int, _: int) -> None:
    progress(before + done, total)


def _parts(episode: Episode, path: Path) -> list[_StepRange]:
    count = len(episode.steps)
    if count <= 2 * PAGE_STEPS:
        return [_StepRange(0, count, path)]
    begins = range(0, count, PAGE_STEPS)
    names = [path, *(path.with_stem(f"{path.stem}-{number}") for number in range(2, len(begins) + 1))]
    return [_StepRange(b, min(b + PAGE_STEPS, count), name) for b, name in zip(begins, names, strict=True)]


def _chosen(episode: Episode, path: Path, first: int, last: int) -> _StepRange:
    numbers = [step.index + 1 for step in episode.steps]
    begin, end = bisect_left(numbers, first), bisect_right(numbers, last)
    if begin >= end:
        there = f"{numbers[0]} to {numbers[-1]}" if numbers else "none"
        raise EpisodeError(f"{episode.folder} has no steps {first} to {last}: it has {there}")
    return _StepRange(begin, end, path)


@contextlib.contextmanager
def written(path: Path, what: str) -> Iterator[Path]:
    """A temporary file beside `path` that is renamed to it at the end. Raises `EpisodeError`."""
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)  # it may be a link out of an untrusted episode
        yield part
        part.replace(path)
    except OSError as error:
        raise EpisodeError(f"cannot write the {what} to {path}: {error.strerror}; choose another --out") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _stream(episode: Episode, part: _StepRange, parts: Sequence[_StepRange], progress: Progress) -> Iterator[str]:
    title = f"{line(episode.header.task, 80)} · Handeye report"
    whole = part.end - part.begin == len(episode.steps)
    steps = episode.steps[part.begin : part.end]
    return PAGE.stream(
        title if whole else f"{title}, {part.words(episode)}",
        episode=episode,
        ending=ending_words(episode.ending, episode.header.limits)[1],
        steps=((step.index + 1, title_words(step.action, known_targets(step))) for step in steps),
        blocks=_blocks(episode, part, parts, progress),
    )


def _blocks(episode: Episode, part: _StepRange, parts: Sequence[_StepRange], progress: Progress) -> Iterator[_Block]:
    problems = list(episode.problems)
    yield from _steps(episode, part, problems, progress)
    yield "class", "handeye-header", _header(episode, problems, part, parts)


def _steps(episode: Episode, part: _StepRange, problems: list[str], progress: Progress) -> Iterator[_Block]:
    """The steps and their pictures; damage is added to `problems`."""
    pictures, total, named = PageImages(), part.end - part.begin, EpisodeTargets(episode.folder)
    last: StepScreen | None = None
    before: PageData | None = None
    for number, screen in enumerate(screens(episode, episode.steps[part.begin : part.end + 1])):
        if screen.problem and screen.problem not in problems:
            problems.append(screen.problem)
        changes = _changes(last, screen)
        shown = None if screen.image is None else pictures.add(screen.image, changes)
        yield from (("id", name, url) for name, url in pictures.take())
        if last is not None:
            follows = changes is not None and screen.step.index == last.step.index + 1
            following: PageData | Literal["next"] | None = "next" if number < total else shown
            yield _step(episode, last, named, before, following if follows else None, changes if follows else None)
        last, before = screen, shown
        progress(min(number + 1, total), total)
    if last is not None and part.end == len(episode.steps):
        yield _step(episode, last, named, before, None, None)


def _changes(one: StepScreen | None, other: StepScreen) -> list[Place] | None:
    """Where two screens differ; None for screens of other sizes or that cannot be read."""
    if one is None or one.image is None or other.image is None or one.image.shape != other.image.shape:
        return None
    return changed_places(one.image, other.image)


def _step(
    episode: Episode,
    screen: StepScreen,
    named: EpisodeTargets,
    before: PageData | None,
    after: PageData | Literal["next"] | None,
    changes: Sequence[Place] | None,
) -> _Block:
    data = step_data(
        screen.step,
        started=episode.header.started,
        before=before,
        after=after,
        changes=changes,
        targets=named.of(screen.step, screen.image),
        missing=screen.problem and f"The screen of this step is missing or damaged. {screen.problem}",
    )
    return "class", "handeye-step", data


def _header(episode: Episode, problems: list[str], part: _StepRange, parts: Sequence[_StepRange]) -> PageData:
    count, whole = part.end - part.begin, len(episode.steps)
    steps = f"{count:,} {'step' if count == 1 else 'steps'} on this page"
    steps += "." if count == whole else f", {part.words(episode)}; the episode has {whole:,}."
    pages: list[PageData] = [
        {"text": p.words(episode), "href": p.path.name, "current": p is part} for p in parts if len(parts) > 1
    ]
    return header_data(
        episode.header,
        ending=episode.ending,
        message=episode.message,
        answer=episode.answer,
        totals=episode.totals,
        problems=problems,
        foot=f"{steps} {_NOTE} {clip(episode.folder.name, 200)}.",
        pages=pages,
    )
