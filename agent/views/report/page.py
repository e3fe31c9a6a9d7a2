"""`write_report`: an episode as one HTML page without network access, written step by step.

Texts of screens and models are JSON without ``<``, which `report.js` shows by text nodes only. The content security
policy allows the page's own style and script, by their hashes, and pictures in data URLs.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

from agent.episodes import Episode, EpisodeError, read_episode
from agent.episodes.private_files import private
from agent.views.formatting import clip, ending_words, line, title_words
from agent.views.markup import Markup, csp_hash, element, join, script_json
from agent.views.report.data import PageData, header_data, step_data
from agent.views.report.images import PageImages, StepScreen, follows, screens
from envs.differences import changed_places

Progress = Callable[[int, int], None]
"""Called with the numbers of steps done and in all."""
_NOTE = (
    "The pictures on this page are packed for viewing (WebP); the screens as they were, without loss, are in the "
    "folder frames of the episode"
)


def write_report(folder: Path, out: Path | None = None, progress: Progress = lambda done, total: None) -> Path:
    """Write the report of the episode in `folder` to `out` (None: ``report.html`` in the folder); its path.

    Damage in the episode is named on the page. Raises `EpisodeError` when there is no episode or nothing can be
    written.
    """
    episode = read_episode(folder)
    path = out or folder / "report.html"
    with written(path, "report") as part, open(part, "w", encoding="utf-8", newline="\n", opener=private) as file:
        file.writelines(stream(episode, progress))
    return path


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


def render(episode: Episode) -> str:
    """The report's HTML."""
    return "".join(stream(episode))


def stream(episode: Episode, progress: Progress = lambda done, total: None) -> Iterator[str]:
    """The report's HTML in pieces; two screens are in memory at a time."""
    title = f"{line(episode.header.task, 80)} · Handeye report"
    before, after = page(title, _without_script(episode))
    yield before
    problems = list(episode.problems)
    yield from _steps(episode, problems, progress)
    yield _block(_header(episode, problems), class_="handeye-header")
    yield after


def asset(name: str) -> str:
    """The text of `report.js` or `report.css`."""
    return resources.files("agent.views.report").joinpath(name).read_text("utf-8")


def page(title: str, noscript: Markup) -> tuple[str, str]:
    """The HTML before and after the data of a page that `report.js` renders."""
    style, script = asset("report.css"), asset("report.js")
    rules = ["default-src 'none'", "img-src data:", f"style-src {csp_hash(style)}", f"script-src {csp_hash(script)}"]
    values = {
        "policy": "; ".join([*rules, "base-uri 'none'", "form-action 'none'"]),
        "title": join(title),
        "style": style,
        "script": script,
        "noscript": noscript,
    }
    before, after = asset("template.html").split("{{data}}")
    return _filled(before, values), _filled(after, values)


def _filled(template: str, values: dict[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], template)


def _block(data: PageData | str, **attributes: str) -> str:
    return element("script", script_json(data), type="application/json", **attributes) + "\n"


def _steps(episode: Episode, problems: list[str], progress: Progress) -> Iterator[str]:
    """The steps and their pictures; damage is added to `problems`."""
    pictures, total = PageImages(), len(episode.steps)
    before: tuple[StepScreen, PageData | None] | None = None
    for number, screen in enumerate(screens(episode)):
        if screen.problem and screen.problem not in problems:
            problems.append(screen.problem)
        shown = pictures.add(screen.image) if screen.image is not None else None
        yield from (_block(url, id=name) for name, url in pictures.take())
        if before is not None:
            yield _step(episode, *before, screen, shown)
        before = screen, shown
        progress(number + 1, total)
    if before is not None:
        yield _step(episode, *before, None, None)


def _step(
    episode: Episode, screen: StepScreen, shown: PageData | None, after: StepScreen | None, then: PageData | None
) -> str:
    joined = follows(screen, after)
    changes = None
    if joined and after is not None and after.image is not None and screen.image is not None:
        changes = changed_places(screen.image, after.image)
    data = step_data(
        screen.step,
        started=episode.header.started,
        before=shown,
        after=then if joined else None,
        changes=changes,
        missing=screen.problem and f"The screen of this step is missing or damaged. {screen.problem}",
    )
    return _block(data, class_="handeye-step")


def _header(episode: Episode, problems: list[str]) -> PageData:
    steps = f"{len(episode.steps):,} {'step' if len(episode.steps) == 1 else 'steps'} on this page."
    return header_data(
        episode.header,
        ending=episode.ending,
        message=episode.message,
        answer=episode.answer,
        totals=episode.totals,
        problems=problems,
        foot=f"{steps} {_NOTE} {clip(episode.folder.name, 200)}.",
    )


def _without_script(episode: Episode) -> Markup:
    """The page for a browser without scripts: the task, the ending, and a line for each step."""
    words = "This page draws the screens with its own script, and scripts are off here. In short:"
    ending = f"{ending_words(episode.ending, episode.header.limits)[1]}. {clip(episode.message)}"
    lines = (element("li", title_words(step), value=str(step.index + 1)) for step in episode.steps)
    task = element("h1", clip(episode.header.task.strip()))
    problems = element("ul", *(element("li", clip(problem)) for problem in episode.problems))
    damaged = (element("h2", "Problems in the record"), problems) if episode.problems else ()
    return element("noscript", task, element("p", words), element("p", ending), *damaged, element("ol", *lines))
