"""The dialects there are, and which one a model's name asks for."""

from __future__ import annotations

import logging
import re

from agent.core.model import ModelError
from agent.models.dialects.aguvis import AGUVIS
from agent.models.dialects.autoglm import AUTOGLM_PHONE
from agent.models.dialects.cogagent import COGAGENT
from agent.models.dialects.dialect import Dialect
from agent.models.dialects.grounders import GTA1, INFIGUI_G1, JEDI, SEECLICK, UGROUND
from agent.models.dialects.holo import HOLO1, HOLO2, HOLO15
from agent.models.dialects.osatlas import OS_ATLAS_BASE, OS_ATLAS_BASE_4B, OS_ATLAS_PRO, OS_ATLAS_PRO_4B
from agent.models.dialects.qwen import QWEN25_VL
from agent.models.dialects.qwen_family import GUI_OWL, GUI_OWL_15, INTERNVL25, MAI_UI, QWEN2_VL, QWEN3_VL
from agent.models.dialects.showui import SHOWUI
from agent.models.dialects.uitars import UI_TARS_10, UI_TARS_15
from agent.models.dialects.venus import UI_VENUS_10_GROUND, UI_VENUS_10_NAVI, UI_VENUS_15

BASES = (QWEN25_VL, QWEN2_VL, QWEN3_VL, INTERNVL25)
"""The general models, whose names the models made of them may carry in their own."""

TUNED = (
    *(UI_TARS_10, UI_TARS_15, OS_ATLAS_BASE, OS_ATLAS_BASE_4B, OS_ATLAS_PRO, OS_ATLAS_PRO_4B, SHOWUI, UGROUND),
    *(AGUVIS, GUI_OWL, GUI_OWL_15, HOLO1, HOLO15, HOLO2, GTA1, UI_VENUS_10_GROUND, UI_VENUS_10_NAVI, UI_VENUS_15),
    *(INFIGUI_G1, JEDI, AUTOGLM_PHONE, MAI_UI, COGAGENT, SEECLICK),
)
"""The models made for screens. A name that fits one of these is never taken for its base."""

DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (*BASES, *TUNED)}
"""Every dialect by name."""

_SPOKEN_DIFFERENTLY = re.compile(
    r"qwen[-_.]?(?:2[-_.]?)?vl|qwen[-_.]?3|internvl|ui[-_.]?tars|os[-_.]?atlas|uground|gui[-_.]?owl|holo[-_.]?\d|"
    r"ui[-_.]?venus|infigui|gui[-_.]?[gr]\d|cogagent|ferret|tinyclick|step[-_.]?gui|gelab|opencua|"
    r"gemini|gemma|claude|gpt|llava|pixtral|molmo|phi[-_.]?\d|minicpm|glm|deepseek|llama|kimi|doubao|seed",
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
    `ModelError` for a family that is known to talk differently and whose dialect is not there, and for a name that
    fits two.
    """
    found = families_of(model)
    if len(found) > 1:
        names = " and ".join(dialect.name for dialect in found)
        raise ModelError(f"the name {model!r} fits the dialects {names}: choose one of them")
    if found:
        return found[0]
    if _SPOKEN_DIFFERENTLY.search(model):
        known = ", ".join(sorted(DIALECTS))
        raise ModelError(f"no dialect for {model!r} yet; known: {known}. Serve a model of one of these families")
    _log.warning("the name %r says nothing of the model's family: talking to it as %s", model, QWEN25_VL.name)
    return QWEN25_VL


def families_of(model: str) -> list[Dialect]:
    """Every dialect that the served name fits; those of general models only where no other one does."""
    name = re.sub(r"[:\s@]", "-", model[-200:])
    for group in (TUNED, BASES):
        found = [dialect for dialect in group if re.search(dialect.family, name, re.IGNORECASE)]
        if found:
            return found
    return []
