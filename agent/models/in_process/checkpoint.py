"""A checkpoint that runs in this process, and the dialect that it speaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from actions.extras import install_command
from agent.core.model import ModelError
from agent.models.dialects.dialect import Ability, Dialect, Platform
from agent.models.dialects.registry import BASES, DIALECTS, families_of, get_dialect, is_other_family

if TYPE_CHECKING:
    from agent.models.in_process.endpoint import HFEndpoint

PREFIX = "hf:"
"""What a model's name begins with when it is the folder of a checkpoint or a hub id."""
OF_TYPE = {
    "qwen2_vl": "qwen2-vl",
    "qwen2_5_vl": "qwen2.5-vl",
    "qwen3_vl": "qwen3-vl",
    "qwen3_vl_moe": "qwen3-vl",
    "qwen3_5": "qwen3.5",
    "qwen3_5_moe": "qwen3.5",
    "internvl": "internvl2.5",
}
"""The general model's dialect for each model type of transformers."""


def open_in_process(
    name: str, dialect: str | None, ability: Ability | None, platform: Platform, seconds: float
) -> tuple[HFEndpoint, Dialect]:
    """The checkpoint in the folder `name` or with that hub id, and its dialect within the checkpoint's image limits.

    Whatever is wrong with the name, the dialect or `ability` is said before the weights are loaded. `seconds` bounds
    one answer. Raises `ModelError`.
    """
    if not name:
        raise ModelError(
            "hf: what? Give the folder of a checkpoint, or a hub id such as hf:Qwen/Qwen2.5-VL-7B-Instruct"
        )
    try:
        from agent.models.in_process.endpoint import HFEndpoint
        from agent.models.in_process.loading import load, read_config
    except ImportError as error:
        raise ModelError(f"running a checkpoint in process needs {error.name}: {install_command('qwen')}") from error
    config = read_config(name)
    speaks = get_dialect(dialect) if dialect else dialect_of(name, str(config.model_type), _saved_as(config))
    if ability is not None:
        speaks.require(ability, platform)
    if speaks.native:
        raise ModelError(
            f"the dialect {speaks.name} is for servers that take tools: a checkpoint in process takes none"
        )
    checkpoint = load(name, config)
    limited = within_limits(speaks, checkpoint.patch, checkpoint.min_pixels, checkpoint.max_pixels)
    return HFEndpoint(checkpoint, seconds), limited


def _saved_as(config: object) -> str:
    return str(getattr(config, "_name_or_path", "") or "")


def dialect_of(name: str, kind: str, saved_as: str = "") -> Dialect:
    """The dialect of a checkpoint called `name` (a path or hub id) of the model type `kind`.

    A name that fits a family made for screens decides; otherwise the type does, which cannot be wrong about the
    general model. `saved_as` is the name inside the checkpoint. Raises `ModelError`.
    """
    general = {base.name for base in BASES}
    for said in (PurePath(name).name, name, saved_as):
        found = [family for family in families_of(said) if family.name not in general]
        if len(found) == 1:
            return found[0]
    if kind in OF_TYPE and not any(map(is_other_family, (name, saved_as))):
        return DIALECTS[OF_TYPE[kind]]
    raise ModelError(
        f"{name} ({kind}) does not say how it was taught to answer: add --dialect NAME (handeye models lists them)"
    )


def within_limits(dialect: Dialect, patch: int | None, low: int | None, high: int | None) -> Dialect:
    """`dialect` with a resize rule that the checkpoint's own resize (`low` to `high` pixels, sides in multiples of
    `patch`) changes nothing of. Raises `ModelError` where there is none.
    """
    if patch is None:
        return dialect
    rule = dialect.resize
    if rule.factor % patch:
        raise ModelError(
            f"the dialect {dialect.name} sends pictures in steps of {rule.factor} pixels, but this checkpoint takes "
            f"steps of {patch}: choose another one with --dialect"
        )
    smallest, largest = max(rule.min_pixels, low or 0), min(rule.max_pixels, high or rule.max_pixels)
    if smallest > largest or largest < rule.factor**2:
        raise ModelError(
            f"the checkpoint takes pictures of {low} to {high} pixels, its dialect sends {rule.min_pixels} to "
            f"{rule.max_pixels}: correct its preprocessor_config.json"
        )
    return replace(dialect, resize=replace(rule, min_pixels=smallest, max_pixels=largest))
