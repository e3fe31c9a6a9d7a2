"""The models of a run: a served one, the built-in one or a baseline, shared by many workers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np

from agent.core.model import Decision, Model, ModelError
from agent.core.step import Step
from agent.core.task import Task
from agent.models.chat import ChatModel
from agent.models.dialects.dialect import Ability
from agent.models.endpoints.endpoint import Capabilities, Endpoint, Enough, Reply, Request
from agent.models.endpoints.openai import OpenAIEndpoint
from agent.models.opening import open_model
from agent.models.spec import BUILTIN, PLANS_FIRST
from agent.perception.elements import PerceivedScreen
from benchmarks.act_only import ActOnlyModel
from benchmarks.rewriting import RewritingModel
from benchmarks.runner.plan import BASELINE, RunPlan, ability_for, platform_for
from benchmarks.suite import Sample, Suite
from envs.env import Image, Observation

POLICY = "confirm risky"
"""What stands in a result where a model's name would, for a suite that measures a policy."""
WorkerKind = Literal["threads", "processes"]


@dataclass
class UsageMeter:
    """The cost of one sample so far: questions asked, requests sent, seconds of model time."""

    asked: int = 0
    requests: int = 0
    seconds: float = 0.0


class ModelGate(threading.local):
    """Limits how many threads ask the model at once; the others prepare their pictures meanwhile.

    Each thread has its own `meter`, of the sample that it is at.
    """

    def __init__(self, semaphore: threading.Semaphore) -> None:
        self._semaphore, self.meter, self._since = semaphore, UsageMeter(), 0.0

    def __enter__(self) -> None:
        self._semaphore.acquire()
        self._since = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.meter.seconds += time.perf_counter() - self._since
        self._semaphore.release()

    def fresh(self) -> UsageMeter:
        """A new meter for this thread's next sample."""
        self.meter = UsageMeter()
        return self.meter


@dataclass(frozen=True)
class MeteredEndpoint:
    """An endpoint whose questions are counted. `waits` is entered around each of them."""

    inner: Endpoint
    gate: ModelGate
    waits: AbstractContextManager[Any]

    @property
    def name(self) -> str:
        """The inner endpoint's."""
        return self.inner.name

    @property
    def model(self) -> str:
        """The inner endpoint's."""
        return self.inner.model

    @property
    def capabilities(self) -> Capabilities:
        """The inner endpoint's."""
        return self.inner.capabilities

    def complete(self, request: Request, enough: Enough | None = None) -> Reply:
        """Ask, and count."""
        self.gate.meter.asked += 1
        with self.waits:
            reply = self.inner.complete(request, enough)
        self.gate.meter.requests += reply.usage.requests
        return reply

    def close(self) -> None:
        """Close the inner endpoint."""
        self.inner.close()


class _NoModel(ActOnlyModel):
    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        raise ModelError("no model is asked here")


class UncachedPerceiver:
    """Perceives each image without the caches of earlier ones, so that no answer depends on the order of samples."""

    def __init__(self) -> None:
        self._namer: Any = None
        self._image: Image | None = None
        self._screen = PerceivedScreen(0, 0)

    def perceive(self, image: Image) -> PerceivedScreen:
        """Everything on an RGB image (uint8 HxWx3); the same picture twice running is read once."""
        from agent.perception.perceive import Perceiver, default_namer

        if self._image is not None and np.array_equal(self._image, image):
            return self._screen
        self._namer = self._namer or default_namer()
        self._screen = Perceiver(self._namer).perceive(image)
        self._image = image
        return self._screen


@dataclass(frozen=True)
class ModelPool:
    """Models for samples. `identity` is what two runs must share to be the same run, without addresses.

    `workers` says what workers have to be: processes where Python itself does the thinking or a display is driven,
    threads where a server thinks. `server` is where it is and of what kind, None where nothing is served.
    """

    of: Callable[[Sample], Model]
    identity: dict[str, Any]
    workers: WorkerKind
    server: dict[str, Any] | None = None
    gate: ModelGate = field(default_factory=lambda: ModelGate(threading.Semaphore()))
    close: Callable[[], None] = lambda: None


def open_models(plan: RunPlan, suite: Suite, at_once: int = 1) -> ModelPool:
    """The models of `plan`; a server is asked `at_once` questions at a time, which a model in process makes a batch.

    Raises `agent.core.model.ModelError` for a model that is not there or cannot do what the suite asks.
    """
    if suite.kind == "policy":
        return _no_model(plan)
    if plan.model.name.startswith(BASELINE):
        found = _baseline(plan, suite)
    elif plan.model.name.strip().lower() == BUILTIN:
        plan.model.refuse("on the built-in model")
        found = _builtin(suite)
    else:
        found = _served(plan, suite, at_once)
    return replace(found, workers="processes") if suite.kind == "interactive" else found


def _no_model(plan: RunPlan) -> ModelPool:
    """The place of the model in a suite that measures a policy. Raises `ModelError` where a model is named."""
    if plan.model.name.strip().lower() != BUILTIN:
        raise ModelError(f"{plan.suite} measures what is asked about and asks no model: leave --model out")
    plan.model.refuse("where no model is asked")
    return ModelPool(lambda _: _NoModel(POLICY), _identity(POLICY), "processes")


def _baseline(plan: RunPlan, suite: Suite) -> ModelPool:
    from benchmarks.baselines import baseline

    plan.model.refuse("on a baseline")
    name = plan.model.name.removeprefix(BASELINE)
    heavy = name == "ocr"
    identity = _identity(plan.model.name) | {"seed": plan.options.seed}
    return ModelPool(baseline(name, suite, plan.options.seed), identity, "processes" if heavy else "threads")


def _identity(name: str) -> dict[str, Any]:
    """That of a model without prompts."""
    return {"name": name, "dialect": None, "prompt_hash": None, "resize": None}


def _builtin(suite: Suite) -> ModelPool:
    from agent.builtin.model import BuiltinModel

    perceiver = UncachedPerceiver()
    identity = _identity(BUILTIN)
    if suite.kind == "interactive":
        return ModelPool(lambda _: BuiltinModel(), identity, "processes")
    return ModelPool(lambda _: BuiltinModel(perceiver=perceiver), identity, "processes")


def _served(plan: RunPlan, suite: Suite, at_once: int) -> ModelPool:
    if suite.kind in ("navigation", "grounding") and plan.model.dialect == PLANS_FIRST:
        raise ModelError(f"{plan.suite} asks for one action on each screen, without a plan: add --each-step")
    rewrites = suite.kind == "grounding" and bool(plan.model.grounder or plan.model.plans_blind)
    asked: Ability = "decide" if rewrites else ability_for(suite.kind)
    model = open_model(plan.model, platform=platform_for(suite), ability=asked)
    identity: dict[str, Any] = {
        "name": model.name,
        "dialect": model.dialect,
        "prompt_hash": model.prompt_hash,
        "resize": None,
    }
    if not isinstance(model, ChatModel):
        return ModelPool(lambda _: model, identity, "processes")
    identity |= {"name": model.endpoint.model, "resize": _rule(model), "structured": model.structured}
    identity["sampling"] = asdict(model.sampling if asked == "decide" else model.speaks.locate.sampling)
    if plan.model.grounder and model.grounder:
        identity |= _grounder(identity["name"], model.grounder)
    if model.prompts != "ours":
        identity["prompts"] = model.prompts
    if model.profile:
        identity["profile"] = model.profile
    remote = model.endpoint if isinstance(model.endpoint, OpenAIEndpoint) else None
    gate = ModelGate(threading.BoundedSemaphore(at_once))
    if remote:
        remote.turn = gate
    metered = replace(model, endpoint=MeteredEndpoint(model.endpoint, gate, nullcontext() if remote else gate))
    given = RewritingModel(metered) if rewrites else metered
    return ModelPool(lambda _: given, identity, "threads", _server(remote), gate, metered.close)


def _grounder(planner: str, model: Model) -> dict[str, Any]:
    """What a planner's identity says of its grounder, named as ``--model`` names both."""
    chat = model if isinstance(model, ChatModel) else None
    name = chat.endpoint.model if chat else model.name
    about = {"name": name, "dialect": model.dialect, "prompt_hash": model.prompt_hash}
    return {"name": f"{planner}+{name}", "grounder": about | {"resize": _rule(chat) if chat else None}}


def _server(endpoint: OpenAIEndpoint | None) -> dict[str, Any] | None:
    if endpoint is None:
        return None
    can = endpoint.capabilities
    kind = {"address": endpoint.url, "kind": endpoint.server.kind}
    return kind | {"structured": can.structured, "prefill": can.prefill}


def _rule(model: ChatModel) -> dict[str, Any]:
    rule = model.speaks.resize
    return {"rule": type(rule).__name__, **asdict(rule)}
