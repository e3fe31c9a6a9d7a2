"""A suite's sample as an environment of AgentLab, and a suite as its benchmark."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentlab.benchmarks.abstract_env import AbstractBenchmark, AbstractEnv, AbstractEnvArgs
from agentlab.experiments.loop import yield_all_exp_results
from bgym import HighLevelActionSetArgs
from pydantic import Field

from agent.core.model import ParseError
from benchmarks.agentlab.functions import read_functions
from benchmarks.agentlab.observations import browsergym_observation
from benchmarks.stepping import Choice, DecisionRequest, SampleEnd, SuiteRun
from benchmarks.suite import Judged, Prediction, Sample, SampleVerdict, Suite, SuiteError, SuiteOptions, Summary
from benchmarks.suites import open_suite

FILE = "handeye.json"
"""The sample's id, the prediction and the verdict, in the folder of an experiment."""


@dataclass
class HandeyeEnvArgs(AbstractEnvArgs):  # type: ignore[misc]
    """The sample `instance` of `task`, as ``handeye bench SUITE --tasks TASK --seed SEED`` has it.

    The suite's own budget of steps ends the episode; `max_steps` is only what AgentLab reckons its time limit from.
    `elements` lists what is on the screen as the accessibility tree.
    """

    suite: str = ""
    task: str = ""
    task_seed: int = 0
    instance: int = 0
    mode: str | None = None
    elements: bool = True
    max_steps: int = 50
    task_name: str = ""

    def __post_init__(self) -> None:
        self.task_name = self.task_name or f"{self.suite.replace(':', '.')}.{self.task}.{self.instance}"

    def make_env(
        self, exp_dir: Path, action_mapping: Any = None, use_raw_page_output: bool = False, **_: Any
    ) -> HandeyeGym:
        """The environment. `action_mapping` is for Python code, which is never run here."""
        return HandeyeGym(self, Path(exp_dir))

    def open(self, seed: int | None = None) -> Suite:
        """The suite with the samples of the task up to this instance."""
        chosen = self.task_seed if seed is None else seed
        options = SuiteOptions(mode=self.mode, seeds=self.instance + 1, seed=chosen, tasks=(self.task,))
        return open_suite(self.suite, None, options)


class HandeyeGym(AbstractEnv):  # type: ignore[misc]
    """AgentLab's environment of one sample; the run is the suite's own (`benchmarks.stepping`)."""

    def __init__(self, args: HandeyeEnvArgs, exp_dir: Path) -> None:
        self._args, self._dir = args, exp_dir
        self._run = SuiteRun(args.open(), args.elements)
        self._request: DecisionRequest | None = None
        self._sample: Sample | None = None
        self._began = 0.0

    def reset(self, seed: int | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Set the sample up; `seed` stands for the suite's. Raises `EnvError`."""
        self._sample = self._args.open(seed).samples()[self._args.instance]
        self._began = time.time()
        self._request = self._run.begin(self._sample)
        return self._observation(self._request, "", ""), {"task_info": {"sample": self._sample.id}}

    def step(self, action: str) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Do the calls of `action` one after another; what follows one that was not done is left out.

        What is no call counts as an unusable answer of the model. Raises `EnvError`.
        """
        if self._request is None:
            raise RuntimeError("the episode is over: call reset()")
        start, before = time.time(), self._request
        found = self._act(before, action)
        times = {"action_exec_start": start, "action_exec_stop": time.time(), "action_exec_timeout": 0.0}
        if isinstance(found, DecisionRequest):
            self._request = found
            return self._observation(found, action, _error(found)), 0.0, False, False, {**times, "task_info": {}}
        self._request = None
        self._keep(found)
        last = DecisionRequest(before.instruction, found.observation)
        told = {"task_info": {"ending": str(found.ending), "why": found.verdict.why}}
        reward = float(found.verdict.correct)
        return self._observation(last, action, ""), reward, found.terminated, not found.terminated, {**times, **told}

    def close(self) -> None:
        """End what is under way and the programs."""
        self._run.close()

    def _act(self, request: DecisionRequest, action: str) -> DecisionRequest | SampleEnd:
        try:
            choices: Sequence[Choice] = read_functions(action, request.elements)
        except ParseError as error:
            choices = [error]
        found: DecisionRequest | SampleEnd = request
        for choice in choices:
            found = self._run.act(choice)
            if isinstance(found, SampleEnd) or _error(found):
                break
        return found

    def _observation(self, request: DecisionRequest, action: str, error: str) -> dict[str, Any]:
        image = request.observation.image
        return browsergym_observation(image, request.instruction, request.elements, action, error, self._began)

    def _keep(self, end: SampleEnd) -> None:
        sample = self._sample
        if sample is not None:
            kept = {"sample": sample.id, "prediction": end.prediction.model_dump(mode="json")}
            kept["verdict"] = end.verdict.model_dump(mode="json")
            (self._dir / FILE).write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")


def _error(request: DecisionRequest) -> str:
    """What was not done, and why; "" for what was."""
    return request.effect if request.effect.startswith(("not done", "unusable answer")) else ""


class HandeyeBenchmark(AbstractBenchmark):  # type: ignore[misc]
    """A suite for AgentLab's ``Study``; make it with `handeye_benchmark`."""

    is_multi_tab: bool = False
    high_level_action_set_args: Any = Field(
        default_factory=lambda: HighLevelActionSetArgs(subsets=("chat", "infeas", "bid", "coord"), multiaction=False)
    )
    version: str = "1"

    def get_version(self) -> str:
        """The suite's."""
        return self.version


def handeye_benchmark(
    suite: str,
    tasks: Sequence[str] = (),
    *,
    seeds: int = 1,
    seed: int = 0,
    mode: str | None = None,
    elements: bool = True,
) -> HandeyeBenchmark:
    """The samples of ``handeye bench SUITE --tasks … --seeds … --seed …`` as a benchmark of AgentLab.

    Without `elements` the accessibility tree is empty, and no time goes into it: models of ours look at the picture.
    Raises `SuiteError` for a suite that is not interactive, and as `benchmarks.suites.open_suite`.
    """
    opened = open_suite(suite, None, SuiteOptions(mode=mode, seeds=seeds, seed=seed, tasks=tuple(tasks)))
    if opened.kind != "interactive":
        raise SuiteError(f"{suite} is not interactive: there is nothing to step")
    names = dict.fromkeys(sample.groups["task"][0] for sample in opened.samples())
    args = [HandeyeEnvArgs(suite, name, seed, instance, mode, elements) for name in names for instance in range(seeds)]
    version = str(opened.protocol.get("suite_version", 1))
    return HandeyeBenchmark(name=f"handeye_{opened.name}", env_args_list=args, version=version)


def study_summaries(folder: Path) -> dict[str, Summary]:
    """The figures of a study by agent, by the suite's own rule: those of ``handeye bench`` for the same answers.

    An experiment that ended with an error is in no figure. Raises `SuiteError` where nothing was finished.
    """
    found: dict[str, list[tuple[HandeyeEnvArgs, Judged]]] = {}
    for result in yield_all_exp_results(folder, progress_fn=None, use_cache=False):
        args, kept = result.exp_args.env_args, Path(result.exp_dir) / FILE
        if isinstance(args, HandeyeEnvArgs) and kept.is_file():
            found.setdefault(result.exp_args.agent_args.agent_name, []).append((args, _judged(args, kept)))
    if not found:
        raise SuiteError(f"{folder} has no finished experiment on a suite of Handeye")
    return {name: judged[0][0].open().summarise([one for _, one in judged]) for name, judged in found.items()}


def _judged(args: HandeyeEnvArgs, kept: Path) -> Judged:
    stored = json.loads(kept.read_text(encoding="utf-8"))
    sample = args.open().samples()[args.instance]
    prediction = Prediction.model_validate(stored["prediction"])
    return Judged(sample, prediction, SampleVerdict.model_validate(stored["verdict"]))
