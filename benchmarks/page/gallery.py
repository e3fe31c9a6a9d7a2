"""Failed samples, or samples with different verdicts: some of each group, drawn or described."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest

from actions.errors import plural
from agent.views.formatting import clip
from benchmarks.page.formatting import label
from benchmarks.page.loading import PageRun, SampleScene, ShownAnswer, VerdictLine, actions_in, shown_answer
from benchmarks.page.sample_images import DrawnAnswer, ScreenView, views_of


@dataclass(frozen=True)
class SampleCard:
    """One sample: its drawings, what was right and what was answered, the actions of each run, and its episodes."""

    id: str
    task: str
    names: str
    views: Sequence[ScreenView]
    facts: Sequence[tuple[str, str]]
    actions: Sequence[tuple[str, Sequence[str]]]
    episodes: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Gallery:
    """Some samples; `nothing` says why there are none. `shown` says how many they are of how many.

    `missing` is why none is drawn, `blank` which screens are not here, `drawn` whether any is drawn.
    """

    nothing: str = ""
    shown: str = ""
    missing: str = ""
    blank: str = ""
    drawn: bool = False
    cards: Sequence[SampleCard] = ()


def failures(run: PageRun, most: int) -> Gallery:
    """The gallery of one run."""
    wrong = [line for line in run.lines if not line.correct]
    if not wrong:
        return Gallery("There is none: every answer is right." if run.lines else "There is none.")
    over = _kind_of_group(run)
    chosen = spread(wrong, most, lambda line: (*line.groups.get(over, ("",))[:1], line.kind))
    among = f", spread over {label(over)} and kind of failure" if over else ""
    return _gallery(chosen, [run], f"{len(chosen):,} of {plural(len(wrong), 'failure')} shown{among}.")


def flips(runs: Sequence[PageRun], ids: Sequence[str], most: int) -> Gallery | None:
    """The gallery of samples `ids` with different verdicts in `runs`."""
    lines = [runs[0].by_id[name] for name in ids if name in runs[0].by_id]
    chosen = spread(lines, most, lambda line: tuple(str(run.by_id[line.id].correct) for run in runs))
    return _gallery(chosen, runs, f"{len(chosen):,} of {plural(len(ids), 'such sample')} shown.") if chosen else None


def spread(lines: Sequence[VerdictLine], most: int, key: Callable[[VerdictLine], tuple[str, ...]]) -> list[VerdictLine]:
    """At most `most` of `lines`: in turn one of each group, evenly over its samples; in their own order."""
    groups: dict[tuple[str, ...], list[VerdictLine]] = {}
    for line in lines:
        groups.setdefault(key(line), []).append(line)
    share = max(1, -(-most // max(1, len(groups))))
    thinned = [_evenly(members, share) for members in groups.values()]
    taken = {line.id for members in thinned for line in members}
    rest = [[line for line in members if line.id not in taken] for members in groups.values()]
    turns = (line for many in (thinned, rest) for turn in zip_longest(*many) for line in turn if line is not None)
    chosen = {line.id for line in islice(turns, most)}
    return [line for line in lines if line.id in chosen]


def _evenly(members: Sequence[VerdictLine], most: int) -> list[VerdictLine]:
    step = max(1.0, len(members) / most)
    return [members[int(n * step)] for n in range(min(most, len(members)))]


def _kind_of_group(run: PageRun) -> str:
    return run.summary.macro_over or next(iter(run.summary.tables), "")


def _gallery(lines: Sequence[VerdictLine], runs: Sequence[PageRun], shown: str) -> Gallery:
    scenes = runs[0].scenes
    drawn = [scenes[line.id] for line in lines if line.id in scenes]
    blank = sum(scene.image is None for scene in drawn)
    return Gallery(
        shown=shown,
        missing="" if drawn else runs[0].missing,
        blank="" if not blank else "The screens are" if blank == len(drawn) else f"The screens of {blank} are",
        drawn=bool(drawn),
        cards=[_card(line, runs, scenes.get(line.id)) for line in lines],
    )


def _card(line: VerdictLine, runs: Sequence[PageRun], scene: SampleScene | None) -> SampleCard:
    several = len(runs) > 1
    answers = [
        (run.letter if several else "", n, run, run.by_id[line.id])
        for n, run in enumerate(runs)
        if line.id in run.by_id
    ]
    mine = [DrawnAnswer(shown_answer(one), letter, n) for letter, n, _, one in answers]
    told = [(letter, one) for letter, _, _, one in answers]
    kept = [
        (letter, f"{run.beside}{run.result.episodes[line.id]}/")
        for letter, _, run, _ in answers
        if line.id in run.result.episodes
    ]
    return SampleCard(
        id=line.id,
        task=line.task.strip() or "(no instruction)",
        names=", ".join(value for values in line.groups.values() for value in values),
        views=views_of(scene, mine, _spoken(line, scene, mine)) if scene else (),
        facts=[*([("right", scene.words)] if scene else []), *_facts(told, [one.said for one in mine])],
        actions=[(letter, actions) for letter, one in told if (actions := actions_in(one))],
        episodes=[(f"{letter}: the whole episode" if letter else "The whole episode", at) for letter, at in kept],
    )


def _facts(answers: Iterable[tuple[str, VerdictLine]], said: Iterable[ShownAnswer]) -> Iterator[tuple[str, str]]:
    """What each run answered and why that is right or wrong; runs have letters where they are several."""
    for (letter, one), words in zip(answers, said, strict=True):
        name = f"{letter}, {'right' if one.correct else 'wrong'}" if letter else "answer"
        yield name, words.words or clip(one.raw, 300) or "none"
        if not (letter and one.correct):
            told = one.why if one.why.startswith(one.kind) else ": ".join(filter(None, (label(one.kind), one.why)))
            yield "why" if letter else "verdict", told
        message = one.value.get("message")
        if isinstance(message, str) and message:
            yield "it said", message


def _spoken(line: VerdictLine, scene: SampleScene | None, mine: Sequence[DrawnAnswer]) -> str:
    answers = "; ".join(f"{one.letter or 'answer'} {one.said.words}" for one in mine)
    return clip(f"{line.task.strip()}. Right: {scene.words if scene else 'unknown'}; {answers}", 600)
