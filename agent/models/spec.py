"""Which model a name stands for."""

from __future__ import annotations

import functools
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from agent.calibration.profile import profile_for, read_profile, with_profile
from agent.core.model import Model, ModelError
from agent.models.chat import ChatModel, Structured
from agent.models.dialects.dialect import Ability, Dialect, Platform
from agent.models.dialects.registry import DIALECTS, dialect_for, get_dialect
from agent.models.endpoints.endpoint import Endpoint
from agent.models.endpoints.openai import OpenAIEndpoint, Patience
from agent.models.in_process.checkpoint import PREFIX, open_in_process

BUILTIN = "builtin"
BASE_URL = "HANDEYE_BASE_URL"
"""The environment variable with the address at which a bare model name is served."""
STRUCTURED = "HANDEYE_STRUCTURED"
"""The environment variable with when answers are held to their shape: auto, always or off."""


def known_models() -> dict[str, str]:
    """What `resolve_model` takes, each with one line about it."""
    return {
        BUILTIN: "the built-in model: no download, no GPU, explicit instructions only",
        "http://HOST:PORT[/v1][#NAME]": f"a model on an OpenAI-compatible server, of one of {len(DIALECTS)} families",
        "hf:FOLDER or hf:ID": "a checkpoint run by transformers in this process (pip install 'handeye[qwen]')",
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
        for dialect in DIALECTS.values()
    ]


def resolve_model(
    name: str,
    *,
    platform: Platform = "desktop",
    ability: Ability | None = None,
    served_model: str | None = None,
    dialect: str | None = None,
    max_pixels: int | None = None,
    profile: Path | bool = True,
    prefill: bool = False,
    structured: Structured | None = None,
    stream: bool = True,
    patience: Patience | None = None,
) -> Model:
    """The model called `name`: ``builtin``, an address with an optional ``#NAME``, ``hf:`` and the folder or hub id of
    a checkpoint, or a name served at BASE_URL.

    `platform` picks the action schema, `ability` is what the model will be asked to do. `served_model` is the
    name on the server, asked for when it serves only one.
    `dialect` overrides what the name says. `max_pixels` is the server's own limit on the area of an image, where it
    is below the dialect's: without it such a server would shrink the image again and every coordinate would be off.
    `profile` is what a calibration found (``handeye doctor --calibrate``): the saved one of this model if there is
    one (True), the one in a file, or none (False). A profile that is used is told of in one line on stderr.
    `prefill` is for servers of an unknown kind that continue a begun answer. `structured` is when answers are held to
    their shape (`agent.models.chat.Structured`), by default what HANDEYE_STRUCTURED says; else a checkpoint in
    this process
    always is, since that costs it nothing (it can think first where its family does), and a server's where that is
    sure to do no harm. Raises `ModelError` for an unknown name, an unknown dialect, a family that lacks `ability` on
    `platform` and, when it has to be asked, an unreachable server.
    """
    name = name.strip()
    if name.lower() == BUILTIN:
        return _builtin()
    patience = patience or Patience()
    endpoint: Endpoint
    if name.startswith(PREFIX):
        endpoint, speaks = open_in_process(name.removeprefix(PREFIX), dialect, ability, platform, patience.total)
    else:
        url, served = _address(name, served_model)
        endpoint = OpenAIEndpoint(url, served, stream=stream, prefill=prefill, patience=patience)
        speaks = get_dialect(dialect) if dialect else dialect_for(endpoint.model)
    if ability is not None:
        speaks.require(ability, platform)
    held: Structured = structured or _structured() or ("always" if name.startswith(PREFIX) else "auto")
    model = _profiled(ChatModel(endpoint, speaks, platform, structured=held), profile)
    return replace(model, speaks=_limited(model.speaks, max_pixels))


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
    from agent.views.terminal import console

    console().print(line, soft_wrap=True, markup=False)


def _builtin() -> Model:
    from agent.builtin.model import BuiltinModel  # its perception is heavy, and a served model needs none of it

    return BuiltinModel()


def _address(name: str, served: str | None) -> tuple[str, str | None]:
    """The server's address and the served name, if it is known."""
    if name.startswith(("http://", "https://")):
        url, _, fragment = name.partition("#")
        return url, served or fragment or None
    base = os.environ.get(BASE_URL, "").strip()
    if not base or not name or "://" in name:
        known = "; ".join(f"{model} ({about})" for model, about in known_models().items())
        raise ModelError(f"unknown model {name!r}. Known: {known}")
    return base, served or name


def _limited(dialect: Dialect, max_pixels: int | None) -> Dialect:
    if max_pixels is None:
        return dialect
    rule = dialect.resize
    if max_pixels < max(rule.min_pixels, rule.factor**2):
        raise ModelError(f"max_pixels must be at least {max(rule.min_pixels, rule.factor**2)}, not {max_pixels}")
    return replace(dialect, resize=replace(rule, max_pixels=min(max_pixels, rule.max_pixels)))
