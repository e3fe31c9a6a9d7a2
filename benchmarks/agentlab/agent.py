"""Our models as agents of AgentLab, on our suites and on BrowserGym's pages."""

from __future__ import annotations

import json
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from agentlab.agents.agent_args import AgentArgs
from bgym import Agent, AgentInfo, HighLevelActionSet

from actions.action import ACTION_TYPES, Answer, AnyAction, Finish
from actions.frame import Frame
from agent.core.loop import Result
from agent.core.model import Model
from agent.core.task import Ending
from agent.models.opening import open_model
from benchmarks.agentlab.functions import SUPPORTED, functions_of
from benchmarks.agentlab.observations import ACTION_LANGUAGE
from benchmarks.harness import HarnessOptions, HarnessRun, literal


@dataclass
class HandeyeAgentArgs(AgentArgs):  # type: ignore[misc]
    """`model` is named as for ``handeye run --model``; `out` keeps an episode of each experiment."""

    agent_name: str = ""
    model: str = "builtin"
    out: str | None = None

    def __post_init__(self) -> None:
        self.agent_name = self.agent_name or f"handeye-{self.model}"

    def make_agent(self) -> AgentLabAgent:
        """An agent for one experiment. Raises `agent.core.errors.UserError` for a model that cannot be opened."""
        return AgentLabAgent(open_model(self.model), HarnessOptions(None if self.out is None else Path(self.out)))

    def set_reproducibility_mode(self) -> None:
        """Nothing to set: a dialect's sampling is part of it."""


class AgentLabAgent(Agent):  # type: ignore[misc]
    """`model` by AgentLab's contract: `get_action` is one step of our loop on the screenshot.

    On a suite of ours the action is a JSON list of our actions, elsewhere calls of BrowserGym's functions.
    """

    action_set = HighLevelActionSet(["chat", "infeas", "coord", "nav"], multiaction=True)

    def __init__(self, model: Model, options: HarnessOptions | None = None) -> None:
        self._model, self._options = model, options or HarnessOptions()
        self._run: HarnessRun[str] | None = None
        self._said: list[str | None] = []

    def obs_preprocessor(self, obs: dict[str, Any]) -> dict[str, Any]:
        """What is looked at, and what AgentLab's viewer shows."""
        kept = ("goal", "goal_object", "screenshot", "url", "last_action", "last_action_error", ACTION_LANGUAGE)
        return {name: obs[name] for name in kept if name in obs}

    def get_action(self, obs: dict[str, Any]) -> tuple[str | None, Any]:
        """What to do on the screenshot, and the thought; None ends the experiment.

        Raises `agent.core.model.ModelError` and `envs.env.EnvError`, which AgentLab keeps as errors.
        """
        if self._said:
            return self._said.pop(0), AgentInfo()
        ours = ACTION_LANGUAGE in obs
        if self._run is None:
            supported = frozenset(ACTION_TYPES) if ours else SUPPORTED
            translate = _as_json if ours else functions_of
            self._run = HarnessRun("AgentLab", supported, translate, self._model, str(obs["goal"]), self._options)
            weakref.finalize(self, self._run.close)  # the environment may end an experiment, and tells no agent
        found = self._run.next(np.ascontiguousarray(obs["screenshot"][..., :3], dtype=np.uint8))
        if isinstance(found, Result):
            first, *self._said = _last_words(found, ours)
            return first, AgentInfo(think=found.message)
        usage = found.decision.usage
        stats = {"n_prompt_tokens": usage.prompt_tokens, "n_completion_tokens": usage.completion_tokens}
        chat = [{"role": "assistant", "content": found.decision.raw}]
        return "\n".join(found.commands), AgentInfo(think=found.decision.thought, chat_messages=chat, stats=stats)


def _as_json(action: AnyAction, frame: Frame) -> Sequence[str]:
    return [json.dumps([action.model_dump(mode="json")])]


def _last_words(end: Result, ours: bool) -> list[str | None]:
    """The agent's answer and its own ending, where it gave one; then None, which ends the experiment."""
    done, gave_up = end.ending.ok, end.ending == Ending.GAVE_UP
    if not (done or gave_up):
        return [None]
    if not ours:
        said = end.answer or end.message or "done"
        return [f"send_msg_to_user({literal(said)})" if done else f"report_infeasible({literal(end.message)})", None]
    words: list[AnyAction] = [] if end.answer is None else [Answer(text=end.answer)]
    words.append(Finish(status="success" if done else "failure", message=end.message))
    return [json.dumps([word.model_dump(mode="json") for word in words]), None]
