"""The dialects there are, and which one a model's name asks for."""

from __future__ import annotations

import logging
import re

from agent.dialects.dialect import Dialect
from agent.dialects.qwen import QWEN25_VL
from agent.model import ModelError

DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (QWEN25_VL,)}
"""Every dialect by name."""

_SPOKEN_DIFFERENTLY = re.compile(
    r"qwen2?[-_.]?vl|qwen[-_.]?3|internvl|ui[-_.]?tars|os[-_.]?atlas|showui|uground|aguvis|gui[-_.]?owl|holo\d|gta1|"
    r"ui[-_.]?venus|infigui|autoglm|mai[-_.]?ui|cogagent|ferret|tinyclick|seeclick|gemini|gemma|claude|gpt|llava|"
    r"pixtral|molmo|phi[-_.]?\d|minicpm|glm|deepseek|llama",
    re.IGNORECASE,
)
_log = logging.getLogger(__name__)


def get_dialect(name: str) -> Dialect:
    """The dialect called `name`. Raises `ModelError` for an unknown one."""
    try:
        return DIALECTS[name.lower()]
    except KeyError:
        raise ModelError(f"unknown dialect {name!r}; known: {', '.join(sorted(DIALECTS))}") from None


def dialect_for(model: str) -> Dialect:
    """The dialect of the family that the served name `model` belongs to.

    A name that says nothing of its family (``agent``, ``default``) is taken for Qwen2.5-VL, with a warning. Raises
    `ModelError` for a family that is known to talk differently and whose dialect is not there.
    """
    for dialect in DIALECTS.values():
        if re.search(dialect.family, model, re.IGNORECASE):
            return dialect
    if _SPOKEN_DIFFERENTLY.search(model):
        known = ", ".join(sorted(DIALECTS))
        raise ModelError(f"no dialect for {model!r} yet; known: {known}. Serve a model of one of these families")
    _log.warning("the name %r says nothing of the model's family: talking to it as %s", model, QWEN25_VL.name)
    return QWEN25_VL
