"""Handeye's public API. What is exported here is stable; the packages behind it are not.

A task, run with your own env and your own model::

    import numpy

    from handeye import Click, Env, Finish, Frame, Observation, Outcome, Point, run


    class Lamp(Env):
        name, supported, lit = "lamp", frozenset({"click"}), False

        def observe(self):
            image = numpy.full((200, 320, 3), 250 if self.lit else 60, "uint8")
            return Observation(image, Frame(id="0", width=320, height=200))

        def perform(self, action, frame):
            self.lit = True
            return Outcome(performed=True)


    def click_once(task, observation, history):
        return Finish(status="success") if history else Click(point=Point(160, 100))


    print(run("Switch the lamp on", Lamp(), click_once).result.ending)

``run("Open the File menu", "sandbox", "http://127.0.0.1:8000")`` runs one of Handeye's envs with a served model.
Names are imported when they are first used; importing `handeye` needs no display and loads no package of Handeye.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

    import actions.action as actions
    from actions.action import (
        Action as Action,
        Answer as Answer,
        AnyAction as AnyAction,
        AskUser as AskUser,
        Button as Button,
        Click as Click,
        Drag as Drag,
        Finish as Finish,
        HoldKeys as HoldKeys,
        HoldMouse as HoldMouse,
        Key as Key,
        LongPress as LongPress,
        Move as Move,
        Open as Open,
        ReleaseKeys as ReleaseKeys,
        ReleaseMouse as ReleaseMouse,
        Scroll as Scroll,
        TypeText as TypeText,
        Wait as Wait,
    )
    from actions.errors import (
        HandeyeError as HandeyeError,
    )
    from actions.frame import (
        Box as Box,
        Frame as Frame,
        Point as Point,
    )
    from agent.core.errors import (
        UserError as UserError,
    )
    from agent.core.loop import (
        Agent as Agent,
        Result as Result,
    )
    from agent.core.model import (
        Decision as Decision,
        Extraction as Extraction,
        Grounding as Grounding,
        Model as Model,
        ModelError as ModelError,
        ParseError as ParseError,
        Usage as Usage,
    )
    from agent.core.policy import Allow as Allow, Policy as Policy, Verdict as Verdict
    from agent.core.step import (
        Step as Step,
    )
    from agent.core.task import (
        Ending as Ending,
        Limits as Limits,
        Task as Task,
    )
    from agent.guard.confirm import Confirm as Confirm
    from agent.guard.secrets import (
        Secrets as Secrets,
    )
    from agent.models.dialects.dialect import (
        Dialect as Dialect,
    )
    from agent.models.opening import (
        open_model as open_model,
    )
    from agent.models.spec import (
        ModelSpec as ModelSpec,
    )
    from agent.run.env_spec import EnvSpec as EnvSpec, open_env as open_env
    from agent.run.session import Run as Run, run as run
    from benchmarks.suite import (
        Judged as Judged,
        Prediction as Prediction,
        Sample as Sample,
        SampleVerdict as SampleVerdict,
        Suite as Suite,
        SuiteError as SuiteError,
        SuiteOptions as SuiteOptions,
        Summary as Summary,
    )
    from benchmarks.suites import (
        open_suite as open_suite,
    )
    from envs.env import (
        Env as Env,
        EnvError as EnvError,
        Observation as Observation,
        Outcome as Outcome,
    )

_ACTIONS = (
    *("Action", "Answer", "AnyAction", "AskUser", "Button", "Click", "Drag", "Finish", "Key", "LongPress", "Move"),
    *("HoldKeys", "HoldMouse", "ReleaseKeys", "ReleaseMouse", "Open", "Scroll", "TypeText", "Wait"),
)
_SUITES = ("Judged", "Prediction", "Sample", "SampleVerdict", "Suite", "SuiteError", "SuiteOptions", "Summary")
_MODULES: dict[str, tuple[str, ...]] = {
    "actions.action": _ACTIONS,
    "actions.errors": ("HandeyeError",),
    "actions.frame": ("Box", "Frame", "Point"),
    "agent.core.errors": ("UserError",),
    "agent.core.loop": ("Agent", "Result"),
    "agent.core.model": ("Decision", "Extraction", "Grounding", "Model", "ModelError", "ParseError", "Usage"),
    "agent.core.policy": ("Allow", "Policy", "Verdict"),
    "agent.core.step": ("Step",),
    "agent.core.task": ("Ending", "Limits", "Task"),
    "agent.guard.confirm": ("Confirm",),
    "agent.guard.secrets": ("Secrets",),
    "agent.models.dialects.dialect": ("Dialect",),
    "agent.models.opening": ("open_model",),
    "agent.models.spec": ("ModelSpec",),
    "agent.run.env_spec": ("EnvSpec", "open_env"),
    "agent.run.session": ("Run", "run"),
    "benchmarks.suite": _SUITES,
    "benchmarks.suites": ("open_suite",),
    "envs.env": ("Env", "EnvError", "Observation", "Outcome"),
}
_WHERE = {name: module for module, names in _MODULES.items() for name in names}
_PACKAGES = ("actions", "envs", "agent", "benchmarks")

__all__ = ("ShadowedError", "actions", *_WHERE)


class ShadowedError(ImportError):
    """A package of Handeye is hidden by another file of its name; `path` is that file."""


def _check_packages() -> None:
    """Raise `ShadowedError` where Python would import another ``agent`` (…) than the one beside this package."""
    root = Path(__file__).resolve().parents[1]
    for name in _PACKAGES:
        loaded = sys.modules.get(name)
        spec = find_spec(name) if loaded is None else None
        file = loaded.__file__ if loaded else spec and spec.origin
        if file and Path(file).resolve().parent != root / name:
            raise ShadowedError(f"{file} hides Handeye's package {name!r}: rename it", name=name, path=str(file))


def _say_in_one_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """`sys.excepthook` once `_check_packages` has failed: no traceback for a name that the user has to change."""
    if isinstance(error, ShadowedError):
        sys.stderr.write(f"handeye: {error}\n")
    else:
        sys.__excepthook__(kind, error, trace)


try:
    _check_packages()
except ShadowedError:
    sys.excepthook = _say_in_one_line
    raise


def __getattr__(name: str) -> Any:
    if name == "actions":
        value: Any = import_module("actions.action")
    elif name in _WHERE:
        value = getattr(import_module(_WHERE[name]), name)
    else:
        raise AttributeError(f"module 'handeye' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
