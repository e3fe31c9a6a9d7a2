"""Failed samples, or samples with different verdicts: some of each group, drawn or described."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice, zip_longest

from actions.errors import plural
from agent.views.markup import Child, Markup, element, join
from benchmarks.page.formatting import clip, foreign, label
from benchmarks.page.loading import PageRun, SampleScene, ShownAnswer, VerdictLine, actions_in, shown_answer
from benchmarks.page.sample_images import DrawnAnswer, figure

_ACTIONS = 30


def failures(run: PageRun, most: int) -> Markup:
    """The gallery of one run."""
    wrong = [line for line in run.lines if not line.correct]
    if not wrong:
        return element("p", "There is none: every answer is right." if run.lines else "There is none.")
    over = _kind_of_group(run)
    chosen = spread(wrong, most, lambda line: (*line.groups.get(over, ("",))[:1], line.kind))
    return _gallery(chosen, [run], f"{len(chosen):,} of {plural(len(wrong), 'failure')}", over)


def flips(runs: Sequence[PageRun], ids: Sequence[str], most: int) -> Markup | None:
    """The gallery of samples `ids` with different verdicts in `runs`."""
    first = runs[0]
    lines = [first.by_id[name] for name in ids if name in first.by_id]
    chosen = spread(lines, most, lambda line: tuple(str(run.by_id[line.id].correct) for run in runs))
    over = _kind_of_group(first)
    return _gallery(chosen, runs, f"{len(chosen):,} of {plural(len(ids), 'such sample')}", over) if chosen else None


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


def _gallery(lines: Sequence[VerdictLine], runs: Sequence[PageRun], how_many: str, over: str) -> Markup:
    scenes = runs[0].scenes
    drawn = [scenes[line.id] for line in lines if line.id in scenes]
    among = f", spread over {label(over)} and kind of failure" if over and len(runs) == 1 else ""
    return join(
        element("p", f"{how_many} shown{among}.", class_="soft"),
        element("p", _missing(runs[0]), class_="soft") if not drawn and runs[0].missing else None,
        _blank(drawn),
        _key(drawn, runs) if drawn else None,
        element("ol", *(_card(line, runs, scenes.get(line.id)) for line in lines), class_="gallery"),
    )


def _missing(run: PageRun) -> Markup:
    return foreign(run.missing, 600)


def _blank(drawn: Sequence[SampleScene]) -> Markup | None:
    blank = sum(scene.image is None for scene in drawn)
    if not blank:
        return None
    which = "The screens are" if blank == len(drawn) else f"The screens of {blank} are"
    words = f"{which} not here: targets and answers are drawn on blank ones of their size. "
    return element("p", words, "Give the folder with the images with ", element("code", "--data"), ".", class_="soft")


def _key(drawn: Sequence[SampleScene], runs: Sequence[PageRun]) -> Markup:
    right = element("span", _sample("target"), "what was right", class_="key")
    answers = [
        element("span", _sample(f"answer t-{n}", square=n % 2 == 1), foreign(_name(run, runs)), class_="key")
        for n, run in enumerate(runs)
    ]
    return element("p", right, *answers, class_="keys")


def _name(run: PageRun, runs: Sequence[PageRun]) -> str:
    return f"{run.letter}: {run.model}" if len(runs) > 1 else "the answer"


def _sample(class_: str, *, square: bool = True) -> Markup:
    if square:
        mark = element("rect", class_=class_, x=3, y=3, width=14, height=10)
    else:
        mark = element("circle", class_=class_, cx=10, cy=8, r=5.5)
    return element("svg", mark, viewBox="0 0 20 16", class_="keymark", aria_hidden="true")


def _card(line: VerdictLine, runs: Sequence[PageRun], scene: SampleScene | None) -> Markup:
    answers = [(run, run.by_id[line.id]) for run in runs if line.id in run.by_id]
    said = [shown_answer(one) for _, one in answers]
    tones = [runs.index(run) for run, _ in answers]
    several = len(runs) > 1
    mine = [DrawnAnswer(one, runs[n].letter if several else "", n) for one, n in zip(said, tones, strict=True)]
    names = ", ".join(value for values in line.groups.values() for value in values)
    return element(
        "li",
        figure(scene, mine, _spoken(line, scene, mine)) if scene else None,
        element(
            "div",
            element("h3", clip(line.task.strip() or "(no instruction)", 700), dir="auto"),
            element("p", element("a", foreign(line.id, 120), href="#samples", data_find=line.id), class_="soft id"),
            element("p", foreign(names, 300), class_="soft") if names else None,
            element("dl", *_facts(scene, answers, said, several), class_="pairs"),
            *(_actions(one, run.letter if several else "") for run, one in answers),
            *(_episode(run, one, several) for run, one in answers),
            class_="told",
        ),
        class_="card" if scene else "card wordy",
    )


def _facts(
    scene: SampleScene | None,
    answers: Iterable[tuple[PageRun, VerdictLine]],
    said: Iterable[ShownAnswer],
    several: bool,
) -> Iterable[Child]:
    if scene:
        yield from _fact("right", scene.words)
    for (run, one), words in zip(answers, said, strict=True):
        name = f"{run.letter}, {'right' if one.correct else 'wrong'}" if several else "answer"
        yield from _fact(name, words.words or clip(one.raw, 300) or "none")
        told = one.why if one.why.startswith(one.kind) else ": ".join(filter(None, (label(one.kind), one.why)))
        if not (several and one.correct):
            yield from _fact("why" if several else "verdict", told)
        message = one.value.get("message")
        if isinstance(message, str) and message:
            yield from _fact("it said", message)


def _fact(name: str, words: str) -> tuple[Markup, Markup]:
    return element("dt", name), element("dd", clip(words, 600), dir="auto")


def _actions(line: VerdictLine, letter: str) -> Markup | None:
    found = actions_in(line)
    if not found:
        return None
    items = [element("li", clip(words, 300), dir="auto") for words in found[:_ACTIONS]]
    more = element("p", f"and {len(found) - _ACTIONS:,} more", class_="soft") if len(found) > _ACTIONS else None
    summary = element("summary", f"{letter} {plural(len(found), 'action')}".strip())
    return element("details", summary, element("ol", *items), more)


def _episode(run: PageRun, line: VerdictLine, several: bool) -> Markup | None:
    """A link to the whole episode, where it is kept."""
    path = run.result.episodes.get(line.id)
    words = f"{run.letter}: the whole episode" if several else "The whole episode"
    return element("p", element("a", words, href=f"{run.beside}{path}/")) if path else None


def _spoken(line: VerdictLine, scene: SampleScene | None, mine: Sequence[DrawnAnswer]) -> str:
    answers = "; ".join(f"{one.letter or 'answer'} {one.said.words}" for one in mine)
    return clip(f"{line.task.strip()}. Right: {scene.words if scene else 'unknown'}; {answers}", 600)
