"""An episode of MiniWoB++ that has begun."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from actions.action import AnyAction
from benchmarks.interactive import Score
from envs.env import Env
from envs.miniwob_pages import PageState

EnvT = TypeVar("EnvT", bound=Env)


class MiniwobWorld(Generic[EnvT]):
    """A `benchmarks.interactive.World`: `env` shows the page, `state` reads how the episode stands."""

    def __init__(self, env: EnvT, instruction: str, state: Callable[[], PageState]) -> None:
        self.env, self.instruction, self._state = env, instruction, state

    def hear(self, action: AnyAction) -> None:
        """Nothing: only the page's state counts."""

    def over(self) -> bool:
        """Whether the page has ended the episode. Raises `EnvError`."""
        return self._state().done

    def score(self) -> Score:
        """1 for a raw reward of exactly 1, else 0; `more` has both rewards. Raises `EnvError`."""
        state = self._state()
        why = f"raw reward {state.raw:g}" if state.done else "the page has not ended the episode"
        more = {"raw_reward": state.raw, "reward": state.reward, "done": state.done}
        return Score(float(state.solved), f"{why} ({state.reason})" if state.reason else why, more)
