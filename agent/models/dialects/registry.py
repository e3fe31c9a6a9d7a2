"""The dialects there are, and which one a model's name asks for."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from actions.errors import did_you_mean
from agent.core.model import ModelError
from agent.models.dialects.agentcpm import AGENTCPM
from agent.models.dialects.aguvis import AGUVIS
from agent.models.dialects.autoglm import AUTOGLM_PHONE
from agent.models.dialects.cogagent import COGAGENT
from agent.models.dialects.computer_use import ANTHROPIC_COMPUTER, OPENAI_COMPUTER
from agent.models.dialects.delegating import delegating, planning_first
from agent.models.dialects.dialect import Dialect
from agent.models.dialects.dialect_file import SUFFIX, DialectFile, read_dialect_file
from agent.models.dialects.fara import FARA_7B, FARA_15
from agent.models.dialects.gelab import GELAB
from agent.models.dialects.glm import GLM_V
from agent.models.dialects.grounders import (
    GELATO,
    GEMMA,
    GROUNDNEXT,
    GTA1,
    GUI_G2,
    INFIGUI_G1,
    JEDI,
    LOCATE_ANYTHING,
    MINICPM_V,
    PHI_GROUND,
    SE_GUI,
    SEECLICK,
    UGROUND,
    UI_INS,
)
from agent.models.dialects.holo import HOLO1, HOLO2, HOLO15
from agent.models.dialects.holo3 import HOLO3
from agent.models.dialects.opencua import KIMI_VL, OPENCUA, SCALECUA
from agent.models.dialects.osatlas import OS_ATLAS_BASE, OS_ATLAS_BASE_4B, OS_ATLAS_PRO, OS_ATLAS_PRO_4B
from agent.models.dialects.qwen import QWEN25_VL
from agent.models.dialects.qwen3_family import EVOCUA, QWEN35, QWEN35_TOOLS
from agent.models.dialects.qwen_family import GUI_OWL, GUI_OWL_15, INTERNVL25, MAI_UI, QWEN2_VL, QWEN3_VL
from agent.models.dialects.showui import SHOWUI
from agent.models.dialects.uitars import UI_TARS_10, UI_TARS_15
from agent.models.dialects.venus import UI_VENUS_10_GROUND, UI_VENUS_10_NAVI, UI_VENUS_15
from agent.models.dialects.venus2 import UI_VENUS_2
from agent.plugins import PlugInError, find, installed

BASES = (QWEN25_VL, QWEN2_VL, QWEN3_VL, QWEN35, INTERNVL25)
"""The general models, whose names the models made of them may carry in their own."""

TUNED = (
    *(UI_TARS_10, UI_TARS_15, OS_ATLAS_BASE, OS_ATLAS_BASE_4B, OS_ATLAS_PRO, OS_ATLAS_PRO_4B, SHOWUI, UGROUND),
    *(AGUVIS, GUI_OWL, GUI_OWL_15, HOLO1, HOLO15, HOLO2, GTA1, UI_VENUS_10_GROUND, UI_VENUS_10_NAVI, UI_VENUS_15),
    *(INFIGUI_G1, JEDI, AUTOGLM_PHONE, MAI_UI, COGAGENT, SEECLICK, EVOCUA, UI_VENUS_2, GELATO, GROUNDNEXT, GUI_G2),
    *(HOLO3, FARA_7B, FARA_15, OPENCUA, KIMI_VL, SCALECUA, SE_GUI, UI_INS, PHI_GROUND, LOCATE_ANYTHING),
    *(MINICPM_V, GEMMA, GELAB, GLM_V, AGENTCPM),
)
"""The models made for screens. A name that fits one of these is never taken for its base."""

GENERAL, GENERAL_TOOLS = (
    read_dialect_file(Path(__file__).with_name(f"{name}.toml")).dialect for name in ("general", "general-tools")
)
"""For models without a protocol of their own."""
SAID = (GENERAL, GENERAL_TOOLS, QWEN35_TOOLS, OPENAI_COMPUTER, ANTHROPIC_COMPUTER)
"""Those of no family: what a model is served by decides, which its name does not say."""
DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (*BASES, *TUNED, *SAID)}
"""Every dialect of Handeye's own by name."""
MARKS = """
Elements are marked on the screen with boxes and numbers. "on" and "to" may be the number of a mark, "on": "N", in \
place of words; what has no mark is described in words."""
PLANNER = read_dialect_file(Path(__file__).with_name("planner.toml")).dialect
"""For any model that plans for a grounder; no served name is of it."""
MARKS_PLANNER = replace(
    PLANNER,
    name=f"{PLANNER.name}-marks",
    decide={on: replace(prompt, system=prompt.system + MARKS) for on, prompt in PLANNER.decide.items()},
)
"""The same, where the elements are marked with numbers on the picture."""
TEXT_PLANNER = read_dialect_file(Path(__file__).with_name("text-planner.toml")).dialect
"""For any model that plans over the numbered elements of a screen; no served name is of it."""
TEXT_PLANNERS = {one.name: one for one in (TEXT_PLANNER, delegating(TEXT_PLANNER), planning_first(TEXT_PLANNER))}
"""That, and the same for planners that may hand instructions to the built-in model."""
OWN: dict[str, Dialect] = DIALECTS | {one.name: one for one in (PLANNER, MARKS_PLANNER)} | TEXT_PLANNERS
"""What ``--dialect`` may name of Handeye's own."""
_OUTSIDE: dict[str, Dialect] = {}
"""The plug-ins and files that were asked for, by their own names."""

_OTHERS = re.compile(
    r"aria[-_.]?ui|autoglm[-_.]?(?:os|web)|(?<![a-z])bu[-_.]\d+b|doubao|evocua.*opencua|ferret|florence|"
    r"groundcua|gui[-_.]?(?:actor|agile|critic|r1|spotlight)|infigui[-_.]?r\d|kimi(?![-_.]?vl)|"
    r"(?<![a-z])lux(?![a-z])|magma|mano[-_.]|molmo|muse[-_.]?glimmer|northstar|omniparser|opencua.*(?:qwen2(?!\.?5)|a3b)|os[-_.]?genesis|"
    r"phi[-_.]?ground.*(?:any|16c)|points[-_.]?gui|tinyclick|tongui|ui[-_.]?(?:agile|i2e|r1)|"
    r"showui[-_.]?(?:aloha|pi)|uitron|yutori|zonui|"
    r"(?:\A|/)(?=[^/]*(?:qwen|internvl))[^/]*(?:coder|embed|(?<![a-z])gme|ocr(?![a-z])|omni|rerank|reward)",
    re.IGNORECASE,
)
"""Models whose numbers or words are others than their base's and which have no dialect: some made for screens, and
those that do something else than to answer questions about pictures."""


def get_dialect(name: str) -> Dialect:
    """The dialect called `name`: one of `DIALECTS`, a file ``FILE.toml``, an installed plug-in, or ``module:object``.

    One from outside is known by its own name from then on. Raises `ModelError` for an unknown one and for a faulty
    file, and `agent.plugins.PlugInError` for a plug-in that cannot be used.
    """
    known = OWN.get(name.lower()) or _OUTSIDE.get(name)
    if known is not None:
        return known
    if file := dialect_file(name):
        return _from_outside(file.dialect, file.name, anew=True)
    plugin = find("dialects", name)
    if plugin is None:
        names = sorted({*OWN, *installed("dialects")})
        meant = did_you_mean(name, names)
        raise ModelError(
            f"unknown dialect {name!r}.{meant} Known: {', '.join(names)}, a file FILE.toml, and module:object"
        )
    if not isinstance(plugin.value, Dialect):
        kind = type(plugin.value).__name__
        raise PlugInError(
            f"{plugin.where} is not a dialect: it is a {kind}, not an agent.models.dialects Dialect or the Path of a "
            "dialect file"
        )
    return _from_outside(plugin.value, plugin.where)


def dialect_file(name: str) -> DialectFile | None:
    """The dialect file that `name` is, or that the plug-in called so is the path of; None for another dialect.

    Raises like `get_dialect`.
    """
    if name.lower() in OWN:
        return None
    if name.lower().endswith(SUFFIX):
        return read_dialect_file(Path(name))
    plugin = find("dialects", name)
    return read_dialect_file(plugin.value) if plugin and isinstance(plugin.value, Path) else None


def _from_outside(dialect: Dialect, where: str, anew: bool = False) -> Dialect:
    """`dialect`, known by its name from now on; `anew` where a file may have changed. Raises `PlugInError`."""
    if dialect.name in OWN:
        raise PlugInError(f"{where} has the name of Handeye's own dialect {dialect.name}: rename yours")
    if anew:
        _OUTSIDE[dialect.name] = dialect
    return _OUTSIDE.setdefault(dialect.name, dialect)


def dialect_for(model: str) -> Dialect:
    """The dialect of the family that the served name `model` belongs to.

    Raises `ModelError` for a name that belongs to no family with a dialect (another family's numbers would mean other
    places, so none is a default), and for a name that fits two.
    """
    found = families_of(model)
    if len(found) > 1:
        names = " and ".join(dialect.name for dialect in found)
        raise ModelError(f"the name {model!r} fits the dialects {names}: choose one of them with --dialect")
    if found:
        return found[0]
    known = ", ".join(sorted(DIALECTS))
    raise ModelError(
        f"no dialect for {model!r}: say with --dialect which one it was taught, or --dialect general after handeye "
        f"doctor --calibrate URL --dialect general; known: {known}"
    )


def is_other_family(name: str) -> bool:
    """Whether `name` is that of a model that has no dialect, although its base may have one."""
    return bool(_OTHERS.search(name))


def families_of(model: str) -> list[Dialect]:
    """Every dialect that the served name fits: of installed plug-ins, else of models made for screens, else general.

    None for a model that `is_other_family`, and for a version of a family that nobody knew here.
    """
    name = re.sub(r"(?<=\d)p(?=\d)", ".", re.sub(r"[:\s@]", "-", model[-200:]))  # "qwen2p5-vl" is Fireworks' spelling
    own = () if is_other_family(name) else (TUNED, BASES)
    for group in ([get_dialect(outside) for outside in installed("dialects")], *own):
        found = [dialect for dialect in group if re.search(dialect.family, name, re.IGNORECASE)]
        if found:
            return found
    return []
