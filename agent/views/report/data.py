"""What a page shows about an episode and each of its steps, as plain data: `report.js` says what each field is.

The report embeds this data, the live view sends it. All texts are plain text; whoever shows them must escape them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from pydantic import JsonValue

from actions.action import (
    Answer,
    AnyAction,
    AskUser,
    Finish,
    HoldKeys,
    Key,
    Open,
    ReleaseKeys,
    TypeText,
)
from agent.core.step import Step, Target
from agent.core.targets import action_place, ends_of, in_words, known_targets
from agent.core.task import Ending
from agent.episodes import EpisodeHeader, Totals
from agent.views.drawing import Badge, Banner, Disc, Mark, Polyline, enlarged_place, marks
from agent.views.formatting import (
    PHASES,
    answer_words,
    clip,
    duration,
    ending_words,
    line,
    moment,
    outcome_words,
    phases,
    pointed_words,
    review_words,
    tags,
    title_words,
)

PageData: TypeAlias = dict[str, JsonValue]
Place = tuple[int, int, int, int]
"""A rectangle of a frame: x, y, width, height in its pixels."""


def picture(src: str, parts: Sequence[tuple[str, Place]] = ()) -> PageData:
    """A picture for a page: its address, and the addresses and places of what lies over it.

    An address is a ``data:`` URL, one relative to the page, or ``#`` and the id of an embedded JSON string that is one.
    """
    names = ("x", "y", "width", "height")
    laid: list[JsonValue] = [{"src": address, **dict(zip(names, place, strict=True))} for address, place in parts]
    return {"src": src, "parts": laid}


def step_data(
    step: Step,
    *,
    started: float | None = None,
    before: PageData | None = None,
    after: PageData | Literal["next"] | None = None,
    changes: Iterable[Place] | None = None,
    missing: str = "",
    targets: Sequence[Target] | None = None,
) -> PageData:
    """Everything a page shows about `step`, JSON-safe; `targets` is what its action was meant for (None: as on record).

    `started` is when the run began (seconds since the epoch). `before` and `after` are pictures (see `picture`) of the
    screen that the model saw and of the one afterwards (``"next"``: that of the next step), `changes` the rectangles of
    the frame in which they differ (None: not known). `missing` says why there is no `before`.
    """
    targets = known_targets(step) if targets is None else targets
    since = -1.0 if started is None else step.time - started
    strict = step.verdict is not None and step.verdict.kind in ("block", "stop")
    report = step.delegated.report if step.delegated else ""
    outcome = "; ".join(filter(None, (outcome_words(step.outcome), step.dropped, report)))
    facts = {
        "Outcome": outcome,
        "Answer": answer_words(step),
        "Pointed at": pointed_words(step),
        "In front": step.app or "",
    }
    return {
        "index": step.index,
        "number": step.index + 1,
        "id": f"step-{step.index + 1}",
        "title": title_words(step.action, targets),
        "place": action_place(step.action, targets) if step.action else "",
        "when": f"at {duration(since)}" if since >= 0 else "",
        "tags": [{"tone": tone, "text": words} for tone, words in tags(step)],
        "alt": alt_text(step, targets),
        "frame": {"width": step.frame.width, "height": step.frame.height},
        "before": before,
        "after": after,
        "missing": clip(missing),
        "changes": None if changes is None else [list(place) for place in changes],
        "marks": marks_data(step.action, step.frame.width, step.frame.height, targets),
        "enlarged": enlarged_data(step.action, step.frame.width, step.frame.height, targets),
        "caption": caption(step.action),
        "thought": clip(step.thought.strip()),
        "raw": clip(step.raw),
        "error": clip((step.error or "").strip()),
        "notes": [clip(note.strip()) for note in step.notes],
        "policy": clip(review_words(step).strip()),
        "strict": strict,
        "facts": [{"name": name, "value": clip(value.strip())} for name, value in facts.items() if value],
        **_times(step),
    }


def alt_text(step: Step, targets: Sequence[Target] = ()) -> str:
    """The alternative text of the step's screen."""
    frame = step.frame
    spoken = f"Screen of step {step.index + 1}, {frame.width} by {frame.height} pixels."
    return spoken + (f" Drawn on it: {line(in_words(step, targets))}." if step.action else "")


def marks_data(action: AnyAction | None, width: int, height: int, targets: Sequence[Target] = ()) -> list[JsonValue]:
    """The shapes drawn for `action` on a frame of this size, in its pixels."""
    return [_mark(mark) for mark in (marks(action, width, height, targets) if action else ())]


def enlarged_data(action: AnyAction | None, width: int, height: int, targets: Sequence[Target] = ()) -> PageData | None:
    """The part of a frame of this size to show enlarged for `action`, and the point in it, in its pixels."""
    place = enlarged_place(action, width, height, targets) if action else None
    if action is None or place is None:
        return None
    at = ends_of(action)[0]
    return {"x": place.x1, "y": place.y1, "width": place.width, "height": place.height, "at": [at.x + 0.5, at.y + 0.5]}


def _mark(mark: Mark) -> PageData:
    match mark:
        case Disc(center=at):
            x, y = float(at.x), float(at.y)
            return {"shape": "disc", "x": x, "y": y, "radius": mark.radius, "filled": mark.filled}
        case Polyline():
            return {"shape": "line", "points": [[float(x), float(y)] for x, y in mark.points], "filled": mark.filled}
        case Badge(at=at):
            return {"shape": "badge", "x": float(at.x), "y": float(at.y), "gap": mark.gap, "text": line(mark.text)}
        case Banner():
            return {"shape": "banner", "text": line(mark.text)}


def caption(action: AnyAction | None) -> PageData | None:
    """The full text that was typed, pressed or answered; None for other actions."""
    match action:
        case TypeText(text=text):
            return {"kind": "text", "text": clip(text.replace("\n", "⏎\n").replace("\t", "⇥\t"))}
        case HoldKeys() | ReleaseKeys():
            return {"kind": "keys", "chords": [[*action.keys]]}
        case Key(chords=chords):
            keys = [["+" if key == "plus" else clip(key, 40) for key in chord.split("+")] for chord in chords]
            return {"kind": "keys", "chords": [[*chord] for chord in keys]}
        case Answer(text=text) | AskUser(question=text) | Finish(message=text) | Open(target=text) if text:
            return {"kind": "text", "text": clip(text.strip())}
        case _:
            return None


def _times(step: Step) -> PageData:
    known = phases(step.timings)
    rows: list[JsonValue] = [
        {"phase": phase, "label": PHASES[phase], "seconds": value, "text": duration(value), "inside": False}
        for phase, value in known.items()
    ]
    rows += [
        {"phase": "", "label": line(f"incl. {name.replace('_', ' ')}"), "seconds": value, "text": duration(value),
         "inside": True}
        for name, value in step.timings.items()
        if name not in PHASES
    ]  # fmt: skip
    total = duration(sum(known.values())) if step.timings else ""
    return {"timings": rows, "total": total, "tokens": step.tokens.words}


def header_data(
    header: EpisodeHeader,
    *,
    ending: Ending | None = None,
    running: bool = False,
    message: str = "",
    answer: str | None = None,
    totals: Totals | None = None,
    problems: Sequence[str] = (),
    foot: str = "",
    pages: Sequence[PageData] = (),
) -> PageData:
    """The data of a run for a page, JSON-safe. `running`: the run has no ending yet. `pages` are the links between the
    pages of one that has several: ``text``, ``href`` and whether it is the ``current`` one.
    """
    tone, words = ("wait", "At work") if running else ending_words(ending, header.limits)
    return {
        "task": clip(header.task.strip()),
        "ending": {"tone": tone, "text": words, "message": clip(message.strip())},
        "answer": clip(answer.strip()) if answer else "",
        "problems": [clip(problem.strip()) for problem in problems],
        "facts": [{"name": name, "value": line(value)} for name, value in _facts(header, totals).items()],
        "software": [{"name": line(name), "value": line(value)} for name, value in _software(header).items()],
        "foot": foot,
        "pages": list(pages),
    }


def _facts(header: EpisodeHeader, totals: Totals | None) -> dict[str, str]:
    facts = {
        "Model": header.model,
        "Dialect": header.dialect or "none",
        "Screen": header.env,
        "Started": moment(header.started),
    }
    if totals is not None:
        facts |= {"Took": duration(totals.seconds), "Steps": f"{totals.steps:,}"}
        facts["Tokens"] = totals.tokens.words or "none"
    return facts


def _software(header: EpisodeHeader) -> dict[str, str]:
    limits = {"steps": header.limits.steps, "seconds": header.limits.seconds, "tokens": header.limits.tokens}
    return {
        "platform": header.platform,
        "limits": ", ".join(f"{value:g} {name}" for name, value in limits.items() if value is not None),
        "prompt hash": header.prompt_hash or "none",
        **{f"seed, {name}": str(seed) for name, seed in header.seeds.items()},
        **header.versions,
    }
