"""`search`: answers without a model, from the text on the screens, the actions and the steps' texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from actions.action import Answer as Answered
from actions.action import AnyAction, Click, Drag, Finish, Key, LongPress, Open, TypeText, points_of
from actions.action import Button as ButtonAction
from actions.errors import one_line, plural
from actions.frame import Box
from agent.core.step import Step, Target
from agent.core.targets import in_words, known_targets
from agent.episodes import Episode
from agent.episodes.endings import ENDING_TEXT
from agent.episodes.query.answer import Hit, QueryAnswer, clock, hit, seconds_of
from agent.episodes.query.matching import (
    ALIKE,
    Found,
    best_match,
    chord_in,
    like,
    likeness,
    new_text,
)
from agent.episodes.query.question import Kind, Question, read_question
from agent.episodes.query.screen_text import StepText
from agent.episodes.text_file import TextRun
from agent.perception.naming import label_for, text_near, text_targets

_MAX_HITS = 12
_TROUBLE = ("error", "failed", "failure", "cannot", "could not", "couldn't", "can't", "unable to", "invalid",
            "denied", "not found", "warning", "problem", "went wrong", "exception", "fatal")  # fmt: skip
_TROUBLES = frozenset({"error", "errors", "failure", "warning", "problem", "error message", "exception"})
STOP_WORDS = frozenset(
    ["a", "an", "and", "at", "be", "been", "by", "did", "do", "does", "for", "from", "happen", "happened", "has",
     "have", "in", "is", "it", "its", "of", "on", "or", "see", "seen", "show", "shown", "step", "steps", "that",
     "the", "there", "they", "this", "to", "was", "were", "what", "when", "where", "which", "who", "with"]
)  # fmt: skip
"""Words of a question that are not searched for."""


def needs_screens(question: str) -> bool:
    """Whether the answer depends on the text on the screens."""
    return read_question(question).kind not in {"ended", "why", "step", "answer", "how many", "how long"}


def search(episode: Episode, screens: Sequence[StepText], question: str) -> QueryAnswer:
    """The answer to `question` from the episode. Nothing is guessed: see `QueryAnswer.found`."""
    asked = read_question(question)
    answer = _ANSWERS[asked.kind](_Search(episode, screens, asked))
    return replace(answer, question=question, hits=answer.hits[:_MAX_HITS])


@dataclass(frozen=True)
class _Search:
    episode: Episode
    screens: Sequence[StepText]
    asked: Question

    @cached_property
    def _numbers(self) -> dict[int, int]:
        """The place in `screens` of each step, by its index."""
        return {screen.step.index: at for at, screen in enumerate(self.screens)}

    # -- the screens

    def appeared(self) -> QueryAnswer:
        """When the words appeared, and when they were gone."""
        name, spans = self._spans()
        if not spans:
            return self._in_texts_or_nothing()
        hits, said = [], []
        for first, after, found in spans:
            start = self.screens[first].step
            hits.append(hit(self.episode, start, found.words.text, found.words.box))
            if first == 0:
                said.append(f"{_quoted(name)} is there from the beginning (step 1)")
            else:
                done = self._done_before(first)
                said.append(f"{_quoted(name)} appears at step {start.index + 1}, {self._at(first)}{done}")
            if after is not None:
                said[-1] += f", and is gone at step {self.screens[after].step.index + 1}"
        return QueryAnswer("", "; ".join(said[:4]) + (" …" if len(said) > 4 else ""), tuple(hits))

    def disappeared(self) -> QueryAnswer:
        """When the words were no longer on the screen."""
        name, spans = self._spans()
        gone = [(after, found) for _, after, found in spans if after is not None]
        if not spans:
            return self._nothing()
        if not gone:
            last = self.screens[-1].step
            found = spans[-1][2]
            said = f"{_quoted(name)} does not disappear: it is still there at the last step, {last.index + 1}"
            return QueryAnswer("", said, (hit(self.episode, last, found.words.text, found.words.box),))
        said = "; ".join(
            f"{_quoted(name)} is gone at step {self.screens[at].step.index + 1}, {self._at(at)}{self._done_before(at)}"
            for at, _ in gone
        )
        hits = [hit(self.episode, self.screens[at].step, f"no longer shown: {found.words.text}") for at, found in gone]
        return QueryAnswer("", said, tuple(hits))

    def shown(self) -> QueryAnswer:
        """The steps that have the words on the screen or in their texts."""
        name, spans = self._spans()
        hits = [
            hit(self.episode, self.screens[first].step, found.words.text, found.words.box) for first, _, found in spans
        ]
        hits = _in_order([*hits, *self._in_texts()])
        if not hits:
            return self._nothing()
        return QueryAnswer("", f"{_quoted(name)} is found in {_steps(hits)}", tuple(hits))

    # -- the actions

    def clicked(self) -> QueryAnswer:
        """Clicks and taps, by the text at their place."""
        return self._acted("click", (Click, LongPress, Drag))

    def typed(self) -> QueryAnswer:
        """Steps that typed a text."""
        hits = [
            hit(self.episode, screen.step, _did(screen))
            for screen, action in self._actions()
            if isinstance(action, TypeText) and self._matches(action.text) and self._in_field(screen)
        ]
        return self._list("typed", hits)

    def typed_what(self) -> QueryAnswer:
        """The texts that were typed into a field, or anywhere."""
        wanted = self.asked.plain
        hits = []
        for screen, action in self._actions():
            field = self._field_of(screen) if isinstance(action, TypeText) else None
            if isinstance(action, TypeText) and (not wanted or (field and like(wanted, field.text))):
                where = f" in {_quoted(field.text)}" if field else ""
                hits.append(hit(self.episode, screen.step, f"{_did(screen)}{where}", field.box if field else None))
        if not hits:
            about = f" in a field called {_quoted(wanted)}" if wanted else ""
            return QueryAnswer("", f"nothing was typed{about}", found=False)
        said = "; ".join(f"step {one.step}: {one.snippet}" for one in hits[:_MAX_HITS])
        return QueryAnswer("", said, tuple(hits))

    def pressed(self) -> QueryAnswer:
        """Keys and device buttons that were pressed; without any, clicks."""
        wanted = chord_in(self.asked.plain)
        hits = [
            hit(self.episode, screen.step, _did(screen))
            for screen, action in self._actions()
            if (isinstance(action, Key) and wanted in action.chords)
            or (isinstance(action, ButtonAction) and self.asked.plain.lower().replace(" ", "_") == action.name)
        ]
        return self._list("pressed", hits) if hits else self.clicked()

    def opened(self) -> QueryAnswer:
        """Programs and pages that were opened; without any, when the words appeared."""
        hits = [
            hit(self.episode, screen.step, _did(screen))
            for screen, action in self._actions()
            if isinstance(action, Open) and (not self.asked.plain or self._matches(action.target))
        ]
        return self._list("opened", hits) if hits or not self.asked.plain else self.appeared()

    # -- the run

    def ended(self) -> QueryAnswer:
        """How the run ended."""
        episode = self.episode
        if not episode.steps:
            return QueryAnswer("", "the episode has no steps", found=False)
        last = episode.steps[-1]
        if episode.ending is None:
            said = "the run was interrupted, or is still going on: no ending is on record"
        else:
            by_person = episode.header.model == "person" and episode.ending == "done"
            said = "done, by a person" if by_person else ENDING_TEXT[episode.ending]
            said += f": {one_line(episode.message, 300)}" if episode.message else ""
        said += f" (step {last.index + 1}, {clock(seconds_of(episode, last))})"
        return QueryAnswer(
            "", said, (hit(episode, last, in_words(last) if last.action else last.error or "no action"),)
        )

    def why(self) -> QueryAnswer:
        """How the run ended, and the errors of its steps."""
        ended = self.ended()
        wrong = [hit(self.episode, step, one_line(step.error)) for step in self.episode.steps if step.error]
        return replace(ended, hits=(*_in_order([*wrong, *ended.hits]),)) if ended.found else ended

    def answer(self) -> QueryAnswer:
        """What the run answered."""
        hits = [
            hit(self.episode, screen.step, _did(screen))
            for screen, action in self._actions()
            if isinstance(action, Answered)
        ]
        if self.episode.answer is None and not hits:
            return QueryAnswer("", "the run gave no answer", found=False)
        return QueryAnswer("", self.episode.answer or hits[-1].snippet, tuple(hits))

    def step(self) -> QueryAnswer:
        """What one step did."""
        number = int(self.asked.about)
        found = next((step for step in self.episode.steps if step.index + 1 == number), None)
        if found is None:
            return QueryAnswer("", f"there is no step {number}: the episode has {len(self.episode.steps)}", found=False)
        did = in_words(found) if found.action else f"no action ({one_line(found.error or 'no reason')})"
        thought = f"; it thought: {one_line(found.thought)}" if found.thought else ""
        point = points_of(found.action)[0] if found.action and points_of(found.action) else None
        box = None if point is None else Box(point.x, point.y, point.x, point.y).grown(20)
        said = f"step {number}, {clock(seconds_of(self.episode, found))}: {did}{thought}"
        return QueryAnswer("", said, (hit(self.episode, found, did, box),))

    def how_many(self) -> QueryAnswer:
        """The number of steps."""
        return QueryAnswer("", plural(len(self.episode.steps), "step"))

    def how_long(self) -> QueryAnswer:
        """The length of the run."""
        return QueryAnswer(
            "", f"{clock(self.episode.totals.seconds)} (minutes, seconds), {plural(len(self.episode.steps), 'step')}"
        )

    # -- searching

    def _spans(self) -> tuple[str, list[tuple[int, int | None, Found]]]:
        """The words found, and for each time they are shown: first screen, first screen without, match."""
        best: tuple[str, list[tuple[int, int | None, Found]]] = (self.asked.plain or self.asked.about, [])
        for terms in self._terms():
            spans = list(self._shown_in(terms))
            if spans:
                return (terms[0] if len(terms) == 1 else spans[0][2].words.text), spans
        return best

    def _terms(self) -> Iterator[tuple[str, ...]]:
        """The words to search for, the most exact first; an entry has alternatives."""
        asked = self.asked
        for words in dict.fromkeys(filter(None, (asked.about, asked.plain))):
            yield (words,)
        if asked.quoted:
            return
        if asked.plain.lower() in _TROUBLES:
            yield _TROUBLE
        content = " ".join(word for word in re.findall(r"[\w'+-]+", asked.plain) if word.lower() not in STOP_WORDS)
        if content and content != asked.plain:
            yield (content,)

    def _shown_in(self, terms: Sequence[str]) -> Iterator[tuple[int, int | None, Found]]:
        begun: tuple[int, Found] | None = None
        known: dict[int, Found | None] = {}  # by the texts, of which equal ones are one object
        for at, screen in enumerate(self.screens):
            if screen.words is None:
                continue
            if (key := id(screen.words)) not in known:
                known[key] = best_match(terms, screen.rows)
            found = known[key]
            if found and begun is None:
                begun = at, found
            elif not found and begun is not None:
                yield begun[0], at, begun[1]
                begun = None
        if begun is not None:
            yield begun[0], None, begun[1]

    def _in_texts(self) -> list[Hit]:
        """Steps with the words in their action, thought, error, outcome or program."""
        hits = []
        for step in self.episode.steps:
            texts = [in_words(step) if step.action else "", step.thought, step.error or "", step.app or ""]
            texts += [step.outcome.detail if step.outcome else ""]
            told = next((text for text in texts if text and self._matches(text)), None)
            if told:
                hits.append(hit(self.episode, step, one_line(told)))
        return hits

    def _in_texts_or_nothing(self) -> QueryAnswer:
        """The answer where no screen shows the words."""
        hits = self._in_texts()
        if not hits:
            return self._nothing()
        return QueryAnswer(
            "", f"no screen shows {_quoted(self.asked.plain)}, but {_steps(hits)} mentions it", tuple(hits)
        )

    def _acted(self, verb: str, kinds: tuple[type, ...]) -> QueryAnswer:
        hits = []
        for screen, action in self._actions():
            if not isinstance(action, kinds):
                continue
            found = text_near(points_of(action)[0], screen.words or ())
            names = [one.words for one in _targets(screen.step, screen)] + ([found.text] if found else [])
            told = any(map(self._matches, names)) or (found is not None and not self.asked.plain)
            thought = bool(self.asked.plain) and self._matches(screen.step.thought)
            if told or thought or not self.asked.plain:
                did = _did(screen)
                near = f" near {_quoted(found.text)}" if found and "“" not in did else ""
                hits.append(hit(self.episode, screen.step, did + near, found.box if found else None))
        return self._list(f"{verb}ed", hits)

    def _list(self, verb: str, hits: Sequence[Hit]) -> QueryAnswer:
        if not hits:
            return QueryAnswer("", f"no step {verb} {_quoted(self.asked.plain or self.asked.about)}", found=False)
        said = "; ".join(f"step {one.step} ({one.clock}): {one.snippet}" for one in hits[:4])
        return QueryAnswer("", said + (f" … ({len(hits)} steps)" if len(hits) > 4 else ""), tuple(hits))

    def _nothing(self) -> QueryAnswer:
        blind = sum(screen.words is None for screen in self.screens)
        unread = f" ({plural(blind, 'screen')} cannot be read)" if blind else ""
        name = _quoted(self.asked.plain or self.asked.about)
        return QueryAnswer("", f"nothing on any screen or in any step matches {name}{unread}", found=False)

    def _matches(self, text: str) -> bool:
        wanted = dict.fromkeys(filter(None, (self.asked.about, self.asked.plain)))
        return any(likeness(term, text) >= ALIKE for term in wanted)

    # -- places

    def _field_of(self, screen: StepText) -> TextRun | None:
        """The label of the field that was typed into: the text left of, or above, where the typed text appeared."""
        at = self._numbers[screen.step.index]
        text = screen.step.action.text if isinstance(screen.step.action, TypeText) else ""
        later = (self.screens[number] for number in range(at + 1, len(self.screens)))
        following = next((one for one in later if one.words is not None), None)
        place = new_text(text, screen, following) if following else None
        words = [word for word in screen.words or () if place is None or word.box != place]
        if place is None:
            place = self._last_click(at)
        return label_for(place, words) if place else None

    def _last_click(self, at: int) -> Box | None:
        """The place of the last click before screen `at`, if only typing came between."""
        for number in range(at - 1, -1, -1):
            action = self.screens[number].step.action
            if isinstance(action, Click):
                return Box(action.point.x, action.point.y, action.point.x, action.point.y).grown(8)
            if not isinstance(action, TypeText):
                return None
        return None

    def _in_field(self, screen: StepText) -> bool:
        if not self.asked.place:
            return True
        field = self._field_of(screen)
        return field is not None and like(self.asked.place, field.text)

    def _actions(self) -> Iterator[tuple[StepText, AnyAction]]:
        for screen in self.screens:
            if screen.step.action is not None and not isinstance(screen.step.action, Finish):
                yield screen, screen.step.action

    def _at(self, number: int) -> str:
        return clock(seconds_of(self.episode, self.screens[number].step))

    def _done_before(self, number: int) -> str:
        before = self.screens[number - 1].step if number else None
        did = None if before is None or before.action is None else _did(self.screens[number - 1])
        return "" if before is None or did is None else f", after step {before.index + 1} ({did})"


_ANSWERS: dict[Kind, Callable[[_Search], QueryAnswer]] = {
    "appeared": _Search.appeared,
    "disappeared": _Search.disappeared,
    "shown": _Search.shown,
    "clicked": _Search.clicked,
    "typed": _Search.typed,
    "typed what": _Search.typed_what,
    "pressed": _Search.pressed,
    "opened": _Search.opened,
    "ended": _Search.ended,
    "why": _Search.why,
    "step": _Search.step,
    "answer": _Search.answer,
    "how many": _Search.how_many,
    "how long": _Search.how_long,
}


def _targets(step: Step, screen: StepText) -> tuple[Target, ...]:
    """What the action of a step was meant for: what is on record, then the text that is there."""
    read = text_targets(step.action, screen.words or ()) if step.action is not None else ()
    return (*known_targets(step), *read)


def _did(screen: StepText) -> str:
    """The action of a step in words."""
    return in_words(screen.step, _targets(screen.step, screen))


def _in_order(hits: Sequence[Hit]) -> list[Hit]:
    """One hit for each step, in order; of several the first with a box."""
    kept: dict[int, Hit] = {}
    for one in hits:
        if one.step not in kept or (kept[one.step].box is None and one.box is not None):
            kept[one.step] = one
    return [kept[step] for step in sorted(kept)]


def _steps(hits: Sequence[Hit]) -> str:
    numbers = [f"{one.step} ({one.clock})" for one in hits]
    shown = ", ".join(numbers[:6]) + (" …" if len(numbers) > 6 else "")
    return f"step{'s' if len(numbers) > 1 else ''} {shown}"


def _quoted(text: str) -> str:
    return f"“{one_line(text, 80)}”"
