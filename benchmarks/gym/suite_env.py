"""An interactive suite as a Gymnasium environment; an episode is a run of one of the suite's samples."""

from __future__ import annotations

import weakref
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded

from agent.core.model import ParseError
from benchmarks.gym.spaces import FieldActions, JsonActions, element_values, observation_space
from benchmarks.stepping import DecisionRequest, SampleEnd, SuiteRun
from benchmarks.suite import Sample, Suite, SuiteError, SuiteOptions
from benchmarks.suites import open_suite
from envs.env import EnvError, Image

_SEEDS = 2**31


class SuiteEnv(gymnasium.Env[dict[str, Any], Any]):
    """`suite` is a name as for ``handeye bench``; `task` one of its tasks, None for one that the seed chooses.

    ``reset(seed=s)`` sets up the sample of ``handeye bench SUITE --tasks TASK --seed s --seeds 1``. The reward is 1.0
    in the last step where the suite counts the run as solved, else 0.0. `actions` is ``json`` (`JsonActions`) or
    ``fields`` (`FieldActions`). `elements` lists what is on the screen. Raises `SuiteError` and, from `reset` and
    `step`, `EnvError`.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 2}  # noqa: RUF012 - as Gymnasium has it

    def __init__(
        self,
        suite: str,
        task: str | None = None,
        *,
        actions: Literal["json", "fields"] = "json",
        elements: bool = False,
        mode: str | None = None,
        render_mode: str | None = None,
    ) -> None:
        if actions not in ("json", "fields"):
            raise SuiteError(f"actions={actions!r}: choose json or fields")
        if render_mode not in (None, "rgb_array"):
            raise SuiteError(f"render_mode={render_mode!r}: choose rgb_array or None")
        self.render_mode = render_mode
        self._name, self._task, self._mode, self._elements = suite, task, mode, elements
        opened = self._open(0)
        if opened.kind != "interactive" or opened.screen is None:
            raise SuiteError(f"{suite} is not an interactive suite with screens of one size")
        self._screen = opened.screen
        fields = FieldActions(self._screen, opened.platform or "desktop")
        self._actions = fields if actions == "fields" else JsonActions(fields)
        self.action_space = self._actions
        self.observation_space = observation_space(self._screen, elements)
        self._run = SuiteRun(opened, elements)
        self._end = weakref.finalize(self, self._run.close)
        self._image: Image | None = None
        self._sample: Sample | None = None
        self._instruction = ""
        self._steps = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Set up the sample of `seed`, or of one drawn from the generator. `options` has none. Raises `EnvError`."""
        super().reset(seed=seed)
        if options:
            raise SuiteError(f"the option {next(iter(options))!r} is not known: give the task to gymnasium.make")
        self._run.leave()
        drawn = int(self.np_random.integers(_SEEDS)) if seed is None else seed
        self._sample = self._sample_of(drawn)
        self._steps = 0
        request = self._run.begin(self._sample)
        self._instruction = request.instruction
        return self._observation(request), self._info(drawn)

    def step(self, action: Any) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Do `action`. What is no action counts as the model's unusable answer, three in a row end the run.

        Raises `EnvError` for a screen that failed.
        """
        if not self._run.under_way:
            raise ResetNeeded("the episode is over: call reset()")
        self._steps += 1
        try:
            found = self._run.act(self._actions.read(action))
        except ParseError as error:
            found = self._run.act(error)
        if isinstance(found, DecisionRequest):
            return self._observation(found), 0.0, False, False, self._info()
        seen, reward = self._last_observation(found), float(found.verdict.correct)
        return seen, reward, found.terminated, not found.terminated, self._info() | _end_info(found)

    def render(self) -> Image | None:
        """The last screen (RGB uint8 HxWx3) with ``render_mode="rgb_array"``, else None."""
        return self._image.copy() if self.render_mode and self._image is not None else None

    def close(self) -> None:
        """Give up what is under way and end all programs. Safe to call twice; done at exit too."""
        self._end()

    def _open(self, seed: int) -> Suite:
        tasks = () if self._task is None else (self._task,)
        return open_suite(self._name, None, SuiteOptions(mode=self._mode, seeds=1, seed=seed, tasks=tasks))

    def _sample_of(self, seed: int) -> Sample:
        """The sample of `seed`; where no task is given the seed chooses that too."""
        samples = self._open(seed).samples()
        return samples[0 if len(samples) == 1 else int(np.random.default_rng(seed).integers(len(samples)))]

    def _observation(self, request: DecisionRequest) -> dict[str, Any]:
        found = {
            "screen": self._shown(request.observation.image),
            "task": request.instruction,
            "effect": request.effect,
        }
        return found if request.elements is None else {**found, "elements": element_values(request.elements)}

    def _last_observation(self, end: SampleEnd) -> dict[str, Any]:
        found = {"screen": self._shown(end.observation.image), "task": self._instruction, "effect": ""}
        return {**found, "elements": ()} if self._elements else found

    def _shown(self, image: Image) -> Image:
        if image.shape[1::-1] != self._screen:
            width, height = self._screen
            raise EnvError(f"the screen is {image.shape[1]}x{image.shape[0]} now, not {width}x{height}: it was turned")
        self._image = image.copy()
        return image.copy()

    def _info(self, seed: int | None = None) -> dict[str, Any]:
        """The sample's id and the actions so far; after a reset also the seed."""
        sample = "" if self._sample is None else self._sample.id
        return {"sample": sample, "steps": self._steps} | ({} if seed is None else {"seed": seed})


def _end_info(end: SampleEnd) -> dict[str, Any]:
    """How the run ended, and the prediction as ``handeye bench`` stores it."""
    value = end.prediction.value
    return {
        "ending": str(end.ending),
        "message": value["message"],
        "kind": end.verdict.kind,
        "why": end.verdict.why,
        "prediction": end.prediction.model_dump(mode="json"),
    }
