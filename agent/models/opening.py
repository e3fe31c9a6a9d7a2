"""Opens the model that a `ModelSpec` names, and lists what can be named."""

from __future__ import annotations

import functools
import math
import os
import re
import sys
from dataclasses import fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast, get_args

from actions.errors import did_you_mean
from actions.extras import install_command
from agent.calibration.profile import profile_for, read_profile, with_profile
from agent.core.errors import UserError
from agent.core.model import Model, ModelError
from agent.models.chat import ChatModel
from agent.models.dialects.dialect import Ability, Dialect, Platform, Space
from agent.models.dialects.registry import (
    DIALECTS,
    MARKS_PLANNER,
    OWN,
    PLANNER,
    TEXT_PLANNERS,
    dialect_file,
    dialect_for,
    get_dialect,
)
from agent.models.endpoints.endpoint import Endpoint
from agent.models.endpoints.openai import OpenAIEndpoint
from agent.models.in_process.checkpoint import PREFIX, open_in_process
from agent.models.owner_prompts.store import load_prompts
from agent.models.spec import BUILTIN, BUILTIN_STEPS, PLANS_FIRST, ModelSpec, Structured
from agent.plugins import PlugIn, PlugInError, find, installed

BASE_URL = "HANDEYE_BASE_URL"
"""The environment variable with the address at which a bare model name is served."""
STRUCTURED = "HANDEYE_STRUCTURED"
"""The environment variable with when answers are held to their shape: auto, always or off."""


def known_models() -> dict[str, str]:
    """What `ModelSpec.name` may be, each with one line about it."""
    return {
        BUILTIN: "the built-in model: no download, no GPU, explicit instructions only",
        "http://HOST:PORT[/v1][#NAME]": f"a model on an OpenAI-compatible server, of one of {len(DIALECTS)} families",
        "hf:FOLDER or hf:ID": f"a checkpoint run by transformers in this process ({install_command('qwen')})",
        "MODULE:OBJECT": "a model of your own: an object, or a class or function that makes one",
        **{name: f"an installed plug-in: {where}" for name, where in installed("models").items()},
        "NAME": f"the model served under NAME at the address in {BASE_URL}",
    }


def known_dialects() -> list[dict[str, Any]]:
    """The families of models that can be talked to, each as a JSON object."""
    return [
        {
            "name": dialect.name,
            "sizes": dialect.sizes,
            "coordinates": dialect.space,
            "order": dialect.order,
            "platforms": list(dialect.decide),
            "abilities": [ability for ability in get_args(Ability) if dialect.can(ability)],
            "licence": dialect.licence,
            "source": dialect.source,
        }
        for dialect in (*DIALECTS.values(), *map(get_dialect, installed("dialects")))
    ]


def open_model(
    spec: ModelSpec | str,
    *,
    platform: Platform = "desktop",
    ability: Ability | None = None,
    seconds: float | None = None,
    measuring: bool = False,
) -> Model:
    """The model that `spec` names; a string stands for `ModelSpec` with that name and nothing else.

    `platform` picks the action schema, `ability` is what the model will be asked to do; an answer is not waited for
    longer than `seconds`. `measuring` is for a calibration: what coordinates count need not be known. A saved profile
    that is used is named in one line on stderr. Raises `UserError` for an option that has no effect on this model, and
    `ModelError` for an unknown name, an unknown dialect, a family that lacks `ability` on `platform` and, when it has
    to be asked, an unreachable server.
    """
    spec = ModelSpec(spec) if isinstance(spec, str) else spec
    if spec.grounder or spec.dialect in TEXT_PLANNERS:
        return _pair(spec, platform, ability, seconds)
    return _single(spec, platform, ability, seconds, measuring)


def _single(
    spec: ModelSpec, platform: Platform, ability: Ability | None, seconds: float | None, measuring: bool = False
) -> Model:
    """The model that `spec` names, without its grounder. Raises like `open_model`."""
    name = spec.name.strip()
    if name.lower() == BUILTIN:
        spec.refuse("on the built-in model")
        return _builtin()
    patience = replace(spec.patience, total=min(spec.patience.total, math.inf if seconds is None else seconds))
    plugin = _plugin(name)
    if plugin is not None:
        spec.refuse(f"on the model {plugin.reference}")
        return cast(Model, plugin.instance(Model))
    if ability in ("locate", "extract"):
        spec.refuse("where no history is told", "history_images", "context")
    endpoint: Endpoint
    if name.startswith(PREFIX):
        spec.refuse("on a checkpoint in this process", "served_model", "stream", "prefill")
        checkpoint = name.removeprefix(PREFIX)
        endpoint, dialect = open_in_process(checkpoint, spec.dialect, ability, platform, patience.total)
    else:
        url, served = _address(name, spec.served_model)
        endpoint = OpenAIEndpoint(url, served, stream=spec.stream, prefill=spec.prefill, patience=patience)
        dialect = get_dialect(spec.dialect) if spec.dialect else dialect_for(endpoint.model)
    if ability is not None:
        dialect.require(ability, platform)
    if dialect.describes and ability in ("decide", "locate"):
        raise ModelError(f"the dialect {dialect.name} describes places in words: name what finds them with --grounder")
    if dialect.native:
        spec.refuse(f"on the dialect {dialect.name}: its answers are calls of tools", "structured")
    structured = spec.structured or _structured() or ("always" if name.startswith(PREFIX) else "auto")
    if spec.thinking is not None and not dialect.thinking_key:
        raise ModelError(f"--thinking has no effect on {dialect.name} models: their chat template has no switch for it")
    chat = ChatModel(endpoint, dialect, platform, structured=structured, context=spec.context, thinking=spec.thinking)
    if dialect.space == "unknown":
        chat = replace(chat, resized=None)  # a profile has what the server makes of pictures
    model = _profiled(chat, spec.profile) if spec.space is None else replace(chat, speaks=_in_space(spec, dialect))
    if model.speaks.space == "unknown" and ability in ("decide", "locate") and not measuring:
        raise ModelError(
            f"what the coordinates of {endpoint.name} count is not known: measure it with handeye doctor --calibrate "
            f"{name} --dialect {spec.dialect or dialect.name}, or say it with --space"
        )
    speaks = _limited(model.speaks, spec.max_pixels)
    if spec.history_images is not None:
        speaks = speaks.with_images(spec.history_images)
    if spec.prompts == "ours":
        return replace(model, speaks=speaks)
    owner = load_prompts(dialect.name)
    return replace(model, speaks=owner.put_into(speaks), prompts=f"owner {owner.sha256}")


def _pair(spec: ModelSpec, platform: Platform, ability: Ability | None, seconds: float | None) -> Model:
    """A planner with its grounder, the built-in model where none is named; where only places are asked for, or a
    planner that sees nothing shall read data, the grounder. Raises like `open_model`.
    """
    spec.refuse("with a grounder: what it counts is its own", "space", "profile", "max_pixels", "prompts")
    blind = spec.dialect in TEXT_PLANNERS
    if blind:
        spec.refuse("on a planner that sees no pictures", "history_images")
    name = (spec.grounder or BUILTIN).strip()
    ours = name.lower() == BUILTIN or _plugin(name) is not None
    asked = ModelSpec(name) if ours else ModelSpec(name, patience=spec.patience, stream=spec.stream)
    grounder = open_model(asked, platform=platform, ability="locate", seconds=seconds)
    flags = {BUILTIN_STEPS: "--builtin-steps", MARKS_PLANNER.name: "--marks"}
    if ability in ("locate", "extract") and spec.dialect in flags:
        raise UserError(f"{flags[spec.dialect]} has no effect where nothing is done: leave it out")
    if ability == "locate" or (blind and ability == "extract"):
        return grounder
    alone = replace(spec, grounder=None, dialect=spec.dialect or PLANNER.name)
    planner = _single(alone, platform, None, seconds)
    if not isinstance(planner, ChatModel):
        raise ModelError(f"{planner.name} cannot plan for a grounder: name a served model or a checkpoint as planner")
    if not planner.speaks.describes:
        raise ModelError(
            f"the dialect {planner.speaks.name} gives coordinates and needs no grounder: leave --dialect out, or name "
            "a dialect file with describes = true"
        )
    planner.speaks.require(ability or "decide", platform)
    parts = {part.name: getattr(planner, part.name) for part in fields(planner) if part.init} | {"grounder": grounder}
    if blind:
        from agent.models.plan_first import PlanFirst  # as heavy as the built-in model
        from agent.models.text_planner import TextPlanner  # so is this

        kind = PlanFirst if spec.dialect == PLANS_FIRST else TextPlanner
        return kind(**parts | {"resized": None})
    if spec.dialect == MARKS_PLANNER.name:
        from agent.models.list_planner import MarkedPlanner  # so is this

        return MarkedPlanner(**parts)
    return ChatModel(**parts)


def _in_space(spec: ModelSpec, dialect: Dialect) -> Dialect:
    """`dialect` with the coordinates that `spec` says. Raises `UserError`."""
    known: dict[str, Space] = {space: space for space in get_args(Space) if space != "unknown"}
    if spec.space not in known:
        raise ModelError(f"--space {spec.space} is not one of {', '.join(known)}")
    if isinstance(spec.profile, Path):
        raise ModelError("--space and --profile both say what coordinates count: leave one out")
    return dialect.in_space(known[spec.space])


def model_plugins(spec: ModelSpec) -> dict[str, Any]:
    """What `spec` takes from outside: ``model`` and ``dialect``, each with its reference and the hash of its file; a
    dialect file with its text.
    """
    dialect = spec.dialect
    outside = dialect is not None and dialect.lower() not in OWN
    found = {
        "model": _plugin(spec.name.strip()),
        "dialect": (dialect_file(dialect) or find("dialects", dialect)) if dialect and outside else None,
    }
    return {role: plugin.to_json() for role, plugin in found.items() if plugin}


def _plugin(name: str) -> PlugIn | None:
    """The model from outside that `name` means; a served name such as ``family:tag`` means one only where it exists."""
    if name.lower() == BUILTIN or name.startswith((PREFIX, "http://", "https://", "baseline:")):
        return None
    try:
        return find("models", name)
    except PlugInError:
        if os.environ.get(BASE_URL, "").strip() and find_spec(name.partition(":")[0].partition(".")[0]) is None:
            return None
        raise


def _structured() -> Structured | None:
    """What the environment says. Raises `ModelError` for another word."""
    said = os.environ.get(STRUCTURED, "").strip().lower()
    known: dict[str, Structured] = {word: word for word in get_args(Structured)}
    if said and said not in known:
        raise ModelError(f"{STRUCTURED}={said} is not one of {', '.join(known)}")
    return known.get(said)


def _profiled(model: ChatModel, profile: Path | bool) -> ChatModel:
    if isinstance(profile, Path):
        found = read_profile(profile), profile
    else:
        saved = profile_for(model.endpoint, model.speaks) if profile else None
        if saved is None:
            return model
        found = saved
    model = with_profile(model, *found)
    _tell(f"{model.endpoint.name}: answers are read by the profile {found[1]} (--no-profile to go without)")
    return model


@functools.cache
def _tell(line: str) -> None:
    """One line on stderr, once."""
    sys.stderr.write(f"{line}\n")


def _builtin() -> Model:
    from agent.builtin.model import BuiltinModel  # its perception is heavy, and a served model needs none of it

    return BuiltinModel()


def _address(name: str, served: str | None) -> tuple[str, str | None]:
    """The server's address and the served name, if it is known."""
    if name.startswith(("http://", "https://")):
        url, _, fragment = name.partition("#")
        if served and fragment and served != fragment:
            raise ModelError(f"two names for one model: #{fragment} and --served-model {served}; leave one out")
        return url, served or fragment or None
    base = os.environ.get(BASE_URL, "").strip()
    if not base or not name or "://" in name:
        known = known_models()
        address = re.fullmatch(r"[\w.-]+:\d+(/.*)?", name)
        meant = f" Did you mean http://{name}?" if address else did_you_mean(name, filter(str.islower, known))
        listed = "; ".join(f"{model} ({about})" for model, about in known.items())
        raise ModelError(f"unknown model {name!r}.{meant} Known: {listed}")
    if served:
        raise ModelError(f"two names for one model: {name} and --served-model {served}; leave one out")
    return base, name


def _limited(dialect: Dialect, max_pixels: int | None) -> Dialect:
    if max_pixels is None:
        return dialect
    rule = dialect.resize
    if max_pixels < max(rule.min_pixels, rule.factor**2):
        raise ModelError(f"max_pixels must be at least {max(rule.min_pixels, rule.factor**2)}, not {max_pixels}")
    return replace(dialect, resize=replace(rule, max_pixels=min(max_pixels, rule.max_pixels)))
