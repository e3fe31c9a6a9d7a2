"""Handeye as an AndroidWorld agent: one step of the agent loop for each of its steps."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actions.action import Answer, Finish
from agent.core.loop import Memory, NoMemory, Result
from agent.core.model import Model
from agent.core.step import Step
from agent.core.task import Ending, Limits, Task
from agent.episodes import EpisodeHeader, EpisodeWriter
from agent.run.assemble import assembled
from benchmarks.android_world.actions import Gestures
from benchmarks.android_world.package import AndroidWorld, android_world
from benchmarks.android_world.screen import AndroidWorldScreen
from benchmarks.failures import raise_failure
from benchmarks.harness import episode_folder
from envs.env import Image


@dataclass(frozen=True)
class AgentOptions:
    """`out` keeps an episode of every run in a folder of its own. `parse_retries` and `max_tokens` are as for a run."""

    out: Path | None = None
    gestures: Gestures = "json"
    parse_retries: int = 2
    max_tokens: int | None = None


def handeye_agent(
    env: Any,
    model: Model,
    options: AgentOptions | None = None,
    *,
    name: str = "handeye",
    transition_pause: float | None = None,
    world: AndroidWorld | None = None,
) -> Any:
    """An ``android_world.agents.base_agent.EnvironmentInteractingAgent`` that decides by `model`.

    `env` is an ``interface.AsyncEnv``; `transition_pause` is AndroidWorld's (None waits until the screen rests). The
    budget of steps is what ``run_episode`` sets. Raises `agent.core.errors.UserError` where the package is missing.
    """
    world = world or android_world()
    return _agent_class(world)(world, env, model, options or AgentOptions(), name, transition_pause)


def _agent_class(world: AndroidWorld) -> Any:
    base = world["agents.base_agent"]

    class HandeyeAgent(base.EnvironmentInteractingAgent):  # type: ignore[misc, name-defined]
        """Runs `agent.core.loop.Agent.walk` one step for each call by AndroidWorld's ``run_episode``."""

        def __init__(
            self, world: AndroidWorld, env: Any, model: Model, options: AgentOptions, name: str, pause: float | None
        ) -> None:
            super().__init__(env, name, pause)
            self._world, self._model, self._options = world, model, options
            self._run: _GoalRun | None = None
            self._count = 0

        def reset(self, go_home: bool = False) -> None:
            """Begin anew: an unfinished run is closed."""
            self._end()
            super().reset(go_home)

        def step(self, goal: str) -> Any:
            """One step towards `goal`; ``done`` only when the model said that it is.

            After any other ending no step does anything. A device or a server that failed is an exception, which
            AndroidWorld's ``suite_utils`` keeps apart from failures of the agent.
            """
            if self._run is None:
                self._run = self._begin(goal)
            done, data = self._run.step()
            return base.AgentInteractionResult(done, data)

        def _begin(self, goal: str) -> _GoalRun:
            self._count += 1
            screen = AndroidWorldScreen(
                self._world, lambda: self.env, self.get_post_transition_state, self._options.gestures
            )
            limits = Limits(self._max_steps or 10, None, self._options.max_tokens, self._options.parse_retries)
            out = self._options.out
            folder = None if out is None else episode_folder(out, goal, self._count)
            return _GoalRun(screen, self._model, Task(goal, limits), folder)

        def _end(self) -> None:
            if self._run is not None:
                self._run.close()
                self._run = None

    return HandeyeAgent


class _GoalRun:
    """The run of one goal: the loop, its record, and the step data for AndroidWorld."""

    def __init__(self, screen: AndroidWorldScreen, model: Model, task: Task, folder: Path | None) -> None:
        self._screen, self._task = screen, task
        self._stack = ExitStack()
        writer: Memory = NoMemory()
        if folder is not None:
            writer = EpisodeWriter.create(folder, EpisodeHeader.of(task, model, screen))
            self._stack.callback(writer.close)
        self._memory = _LastStepMemory(writer)
        self._walk: Generator[Step, None, Result] = self._stack.enter_context(
            assembled(screen, model, memory=self._memory, ask=screen.ask)
        ).walk(task)
        self._result: Result | None = None

    def step(self) -> tuple[bool, dict[str, Any]]:
        """Whether the agent says that it is done, and the step's data for AndroidWorld's record."""
        if self._result is not None:
            return False, {**_data(None, {}), "ending": str(self._result.ending)}
        self._screen.did, self._memory.last = {}, None
        try:
            step = next(self._walk)
            if isinstance(step.action, Answer):
                self._screen.tell(action_type="answer", text=step.action.text)
            if step.index + 1 >= self._task.limits.steps:  # AndroidWorld will not ask again
                next(self._walk)
        except StopIteration as end:
            self._finish(end.value)
        result = self._result
        data = {**_data(self._memory.last, self._screen.did), "ending": None if result is None else str(result.ending)}
        return self._done(), data

    def _finish(self, result: Result) -> None:
        self._result = result
        raise_failure(result)
        if isinstance(action := self._last_action(), Finish):
            status = "complete" if action.status == "success" else "infeasible"
            self._screen.tell(action_type="status", goal_status=status)

    def _last_action(self) -> Any:
        return self._memory.last.action if self._memory.last is not None else None

    def _done(self) -> bool:
        return self._result is not None and isinstance(self._last_action(), Finish)

    def close(self) -> None:
        """Close the record; one without an ending was interrupted."""
        self._walk.close()
        self._stack.close()


class _LastStepMemory:
    """A memory that also keeps the last step."""

    def __init__(self, writer: Memory) -> None:
        self._writer = writer
        self.last: Step | None = None

    def add_frame(self, image: Image) -> str:
        return self._writer.add_frame(image)

    def append(self, step: Step) -> None:
        self.last = step
        self._writer.append(step)

    def finish(self, ending: Ending, message: str = "", answer: str | None = None) -> None:
        self._writer.finish(ending, message, answer)


def _data(step: Step | None, did: dict[str, Any]) -> dict[str, Any]:
    """The step data of AndroidWorld: every step has the same keys, as its ``episode_runner`` needs."""
    return {
        "action": None if step is None or step.action is None else step.action.model_dump(mode="json"),
        "action_output_json": did or None,
        "thought": "" if step is None else step.thought,
        "raw": "" if step is None else step.raw,
        "outcome": None if step is None or step.outcome is None else step.outcome.model_dump(mode="json"),
        "error": None if step is None else step.error,
        "tokens": None if step is None else step.tokens.model_dump(),
        "timings": {} if step is None else dict(step.timings),
    }
