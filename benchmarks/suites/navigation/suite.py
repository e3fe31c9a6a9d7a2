"""A navigation suite: each recorded step is a sample with the steps before it as history, scored by a named rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from string import Template
from typing import Any

import numpy as np
from PIL import Image as Picture

from actions.action import AnyAction, parse_action
from actions.errors import plural
from actions.frame import Box
from agent.core.model import Decision, Model, ParseError
from agent.core.step import OutcomeRecord, Step
from agent.core.task import Task
from benchmarks.act_only import ActOnlyModel, needs_screen
from benchmarks.suite import Judged, Kind, Prediction, Sample, SampleVerdict, Suite, SuiteError, Summary
from benchmarks.suites.navigation.episodes import figures
from benchmarks.suites.navigation.moves import CanonicalAction, action_of, move_of
from benchmarks.suites.navigation.recording import RecordedStep, Recording, Rule
from envs.env import Image, Observation

VERSION = 1
"""Version of prompting and scoring; figures of different versions are not comparable."""
LOW = "${goal}\nThe next step: ${instruction}"
"""The instruction in the low mode."""
NAMED = 5
"""Steps that a note names."""


@dataclass(frozen=True)
class NavigationSuite(Suite):
    """`benchmarks.suite.Suite` over a `Recording`.

    `low` gives the model the step's own instruction after the goal. `headline` and `macro_over` are the suite's own
    average, as in `benchmarks.figures.summary.summarise`.
    """

    name: str
    recording: Recording
    rule_name: str
    rule: Rule
    options: Mapping[str, Any]
    low: bool = False
    headline: str = "micro"
    macro_over: str = "action"
    kind: Kind = "navigation"

    @property
    def protocol(self) -> Mapping[str, Any]:
        """All that must be equal for two figures to be comparable."""
        return {
            "suite": self.name,
            "version": VERSION,
            **self.options,
            "rule": self.rule_name,
            "complete": False,
            **self.recording.protocol,
            "samples": len(self.steps),
            "task": LOW if self.low else "${goal}",
            "history": "the recorded actions, on their screens",
        }

    @cached_property
    def steps(self) -> Mapping[str, RecordedStep]:
        """Every step by its sample's id."""
        return {step.id: step for episode in self.recording.episodes for step in episode}

    @cached_property
    def _episodes(self) -> Mapping[str, Sequence[RecordedStep]]:
        return {episode[0].episode: episode for episode in self.recording.episodes}

    def samples(self) -> Sequence[Sample]:
        """One for each step, in the order of the data; `data` is its `RecordedStep`."""
        return [Sample(step.id, self._instruction(step), step.groups, step) for step in self.steps.values()]

    def _instruction(self, step: RecordedStep) -> str:
        return Template(LOW).substitute(goal=step.goal, instruction=step.instruction) if self.low else step.goal

    def answer(self, sample: Sample, model: Model) -> Prediction:
        """Ask `model` for the action on the recorded screen, the recorded steps before it as history.

        Raises `SuiteError` where there is no screen, unless the model needs none (`benchmarks.act_only.needs_screen`).
        """
        step = self._recorded(sample)
        seen = Observation(_image(step, needs_screen(model)), step.frame, time=float(step.index))
        try:
            decision = model.decide(Task(self._instruction(step)), seen, self.history(step))
        except ParseError as error:
            return Prediction(status="unreadable", raw=error.raw, usage=error.usage, timings=error.timings)
        return Prediction(
            status="answered",
            value={"action": decision.action.model_dump(mode="json")},
            raw=decision.raw,
            notes=decision.notes,
            usage=decision.usage,
            timings=decision.timings,
        )

    def history(self, step: RecordedStep) -> list[Step]:
        """The recorded steps before `step`. In the low mode each has its instruction as its thought."""
        before = [one for one in self._episodes[step.episode] if one.index < step.index]
        return [self._history_step(one, n) for n, one in enumerate(before)]

    def _history_step(self, step: RecordedStep, number: int) -> Step:
        return Step(
            index=number,
            time=float(step.index),
            frame=step.frame,
            image=step.screen.name if step.screen else "",
            action=action_of(step.truth),
            thought=step.instruction if self.low else "",
            outcome=OutcomeRecord(performed=True),
        )

    def judge(self, sample: Sample, answer: Prediction) -> SampleVerdict:
        """The rule's verdict. A ``box`` ([x1, y1, x2, y2] pixels) beside the action is that of its target."""
        step = self._recorded(sample)
        ruling = self.rule(step, predicted_action(answer))
        kind = {"answered": ruling.kind, "unreadable": "wrong_format", "refused": "refused"}[answer.status]
        scores = {"type": float(ruling.type_match), **ruling.scores}
        return SampleVerdict(correct=ruling.correct, kind=kind, scores=scores)

    def summarise(self, judged: Sequence[Judged]) -> Summary:
        """Step accuracy in all groups, type accuracy, grounding, and the figures over whole episodes."""
        whole = {name: [step.id for step in episode] for name, episode in self._episodes.items()}
        notes = (*self.recording.notes, *self._unreachable([one.sample for one in judged]))
        return figures(judged, whole, headline=self.headline, macro_over=self.macro_over, notes=notes)

    def _unreachable(self, samples: Sequence[Sample]) -> tuple[str, ...]:
        """A note on the steps where the rule rejects the recorded action itself."""
        wrong = [s.id for s in samples if not self.judge(s, truth_answer(self._recorded(s))).correct]
        if not wrong:
            return ()
        named = ", ".join(wrong[:NAMED]) + (" …" if len(wrong) > NAMED else "")
        steps = plural(len(wrong), "step")
        return (f"{steps} that rule {self.rule_name} cannot score right, whatever is answered: {named}",)

    def oracle(self, sample: Sample) -> Model:
        """A model that decides on the recorded action."""
        return RecordedActionModel(action_of(self._recorded(sample).truth))

    def _recorded(self, sample: Sample) -> RecordedStep:
        found = self.steps.get(sample.id)
        if found is None:
            raise SuiteError(f"{self.name} has no step {sample.id!r}")
        return found


def predicted_action(answer: Prediction) -> CanonicalAction:
    """The action of a prediction; ``other``, which every rule rejects, where it has none."""
    if answer.status != "answered":
        return CanonicalAction("other")
    move, box = move_of(parse_action(answer.value["action"])), answer.value.get("box")
    return move if box is None else replace(move, box=Box(*box))


def truth_answer(step: RecordedStep) -> Prediction:
    """The recorded action as a prediction."""
    return Prediction(status="answered", value={"action": action_of(step.truth).model_dump(mode="json")})


def _image(step: RecordedStep, needed: bool) -> Image:
    """The screen, RGB; black where there is none and none is `needed`. Raises `SuiteError`."""
    if step.screen is None:
        if not needed:
            return np.zeros((step.size[1], step.size[0], 3), np.uint8)
        raise SuiteError(
            "these data have no screens, so no model can be asked: score stored responses (handeye bench rescore), or "
            "give a folder with images/"
        )
    with Picture.open(step.screen) as picture:
        return np.asarray(picture.convert("RGB"), np.uint8)


class RecordedActionModel(ActOnlyModel):
    """The oracle: decides on one recorded action, without the screen."""

    needs_screen = False

    def __init__(self, action: AnyAction) -> None:
        super().__init__("oracle")
        self._action = action

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The recorded action."""
        return Decision(action=self._action, raw=self._action.model_dump_json())
