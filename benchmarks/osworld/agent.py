"""An agent by OSWorld's contract: ``predict(instruction, obs) -> (response, actions)`` and ``reset``."""

from __future__ import annotations

import io
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image as Pictures
from PIL import UnidentifiedImageError

from actions.action import AnyAction
from actions.frame import Frame
from agent.core.errors import UserError
from agent.core.loop import Result
from agent.core.model import Model
from agent.core.task import Ending
from benchmarks.harness import HarnessOptions, HarnessRun
from benchmarks.osworld.actions import SUPPORTED, ActionSpace, Entry, computer_13, pyautogui_code
from envs.env import EnvError, Image

Command = str | Entry
_TRANSLATED: Mapping[ActionSpace, Callable[[AnyAction, Frame], Sequence[Command]]] = {
    "pyautogui": pyautogui_code,
    "computer_13": computer_13,
}


class OSWorldAgent:
    """`model` behind the contract of OSWorld's ``mm_agents``; pass it to ``lib_run_single.run_single_example``.

    `action_space` is what OSWorld's ``DesktopEnv`` was made with. The budget of steps is OSWorld's. Each ``predict`` is
    a step of our loop; an answer that cannot be read is asked again at once.
    """

    observation_type = "screenshot"

    def __init__(
        self, model: Model, action_space: ActionSpace = "pyautogui", options: HarnessOptions | None = None
    ) -> None:
        if action_space not in ("pyautogui", "computer_13"):
            raise UserError(f"action_space={action_space!r}: choose pyautogui or computer_13")
        self.model, self.platform = model, "ubuntu"
        self.action_space: ActionSpace = action_space
        self._options = options or HarnessOptions()
        self._run: HarnessRun[Command] | None = None
        self._end: Result | None = None

    def reset(self, _logger: Any = None, vm_ip: str | None = None, **_: Any) -> None:
        """Begin anew: a run that is under way is ended."""
        if self._run is not None:
            self._run.close()
        self._run = self._end = None

    def predict(self, instruction: str, obs: Mapping[str, Any], **_: Any) -> tuple[str, list[Command]]:
        """The model's answer to the letter, and what OSWorld is to do: code, or dictionaries of ``computer_13``.

        The last one is ``DONE``, or ``FAIL`` where the model gave up. Raises `agent.core.model.ModelError` and
        `envs.env.EnvError` for a server or a screen that failed, which OSWorld's runner logs without a score.
        """
        if self._run is None or self._run.instruction != instruction:
            self.reset()
            translate = _TRANSLATED[self.action_space]
            self._run = HarnessRun("OSWorld", SUPPORTED, translate, self.model, instruction, self._options)
            weakref.finalize(self, self._run.close)
        if self._end is None:
            found = self._run.next(screenshot(obs))
            if not isinstance(found, Result):
                return found.decision.raw or found.decision.thought, list(found.commands)
            self._end = found
        return self._last(self._end)

    def _last(self, end: Result) -> tuple[str, list[Command]]:
        """Only a model's own word is ``FAIL``, which OSWorld rewards where a task cannot be done."""
        word = "FAIL" if end.ending == Ending.GAVE_UP else "DONE"
        said = ": ".join(filter(None, (str(end.ending), end.message, end.answer or "")))
        return said, [word if self.action_space == "pyautogui" else {"action_type": word}]


def screenshot(obs: Mapping[str, Any]) -> Image:
    """The picture (PNG bytes) of an observation of OSWorld, RGB uint8 HxWx3. Raises `EnvError`."""
    data = obs.get("screenshot")
    if not isinstance(data, bytes | bytearray):
        raise EnvError("OSWorld gave no screenshot: see its log for why the virtual machine does not answer")
    try:
        with Pictures.open(io.BytesIO(data)) as picture:
            return np.ascontiguousarray(np.asarray(picture.convert("RGB"), np.uint8))
    except (UnidentifiedImageError, OSError) as error:
        raise EnvError(f"OSWorld's screenshot cannot be read: {error}") from error
