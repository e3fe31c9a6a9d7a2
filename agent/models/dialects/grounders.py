"""Families that only point: UGround, SeeClick, GTA1, InfiGUI-G1, Jedi, Gelato, GroundNext, GUI-G2, SE-GUI, UI-Ins,
Phi-Ground, LocateAnything, and the boxes of MiniCPM-V and Gemma, general models for which ``--dialect`` must ask.

Questions and forms of answers are what the models were trained on (OSU-NLP-Group/UGround, njucckevin/SeeClick,
Yan98/GTA1 ``README.md``, InfiXAI/InfiGUI-G1 ``eval/prompts.py``, the Jedi agent of OSWorld's ``mm_agents``,
mlfoundations/Gelato ``run_grounding_eval.py``, ServiceNow/GroundCUA ``groundcua`` and ``eval/prompts.py``,
trycua/cua ``loops/uiins.py``, microsoft/Phi-Ground ``README.md``, inclusionAI/UI-Venus ``models/minicpm_v_4_5.py``).
"""

from __future__ import annotations

import json
from dataclasses import replace

from agent.models.dialects.common import MINICPM_TOKENS, UNVERSIONED
from agent.models.dialects.dialect import IMAGE, Dialect, PromptTemplate
from agent.models.dialects.points import (
    ANGLED_PAIR,
    ANGLED_QUAD,
    ANY,
    BOX_WORDS,
    JSON_BOX,
    JSON_POINT,
    LIST,
    PAIR,
    QUAD,
    ROUND_QUAD,
    TAG,
    Places,
)
from agent.models.dialects.qwen import COMPUTER_ABOUT, COMPUTER_FUNCTION, COMPUTER_USE, OVERSHOOT, tool_system
from agent.models.dialects.resize import PaddedCanvas, Resize, Square
from agent.models.dialects.venus import UI_VENUS_10_GROUND

UGROUND = Dialect(
    name="uground",
    family=r"uground[-_.]?(?:v1|\d+b)",
    sizes="V1: 2B, 7B, 72B (Qwen2-VL)",
    licence="2B, 7B: Apache-2.0; 72B: Qwen",
    source="OSU-NLP-Group/UGround: README.md",
    resize=Resize(factor=28, min_pixels=3136, max_pixels=12845056),
    space="rel1000",
    grammar={},
    decide={},
    locate=PromptTemplate(
        "",
        (
            IMAGE,
            "\nYour task is to help the user identify the precise coordinates (x, y) of a specific area/element/object "
            "on the screen based on a description.\n\n- Point to the middle of what is described.\n- If the "
            "description is unclear, take the most likely area.\n- Your answer should be a single string (x, y).\n\n"
            "Description: ${instruction}\n\nAnswer:",
        ),
        max_tokens=128,
    ),
    extract=None,
    place_parser=Places(own=(PAIR,)),
    place_format="(${x}, ${y})",
)
SEECLICK = Dialect(
    name="seeclick",
    family=r"seeclick",
    sizes="9.6B (Qwen-VL)",
    licence="Tongyi Qianwen (as Qwen-VL)",
    source="njucckevin/SeeClick; ScreenSpot-Pro models/seeclick.py",
    resize=Square(factor=448, min_pixels=448 * 448, max_pixels=448 * 448),
    space="rel1",
    grammar={},
    decide={},
    locate=PromptTemplate(
        "",
        (
            IMAGE,
            "In this UI screenshot, what is the position of the element corresponding to the command "
            '"${instruction}" (with point)?',
        ),
        max_tokens=64,
    ),
    extract=None,
    place_parser=Places(own=(PAIR,), also=(LIST,)),
    place_format="(${x}, ${y})",
    control_tokens=("<img>", "</img>"),
)
GTA1 = Dialect(
    name="gta1",
    family=r"gta[-_.]?1(?!\d)",
    sizes="7B, 32B (Qwen2.5-VL), 72B",
    licence="CC-BY-NC-SA-4.0 (not commercial, by the repository's note)",
    source="Yan98/GTA1: README.md",
    resize=Resize(factor=28, min_pixels=3136, max_pixels=4096 * 2160),
    space="abs_resized",
    overshoot=OVERSHOOT,
    grammar={},
    decide={},
    locate=PromptTemplate(
        "You are an expert UI element locator. Given a GUI image and a user's element description, provide the "
        "coordinates of the specified element as a single (x,y) point. The image resolution is height ${height} and "
        "width ${width}. For elements with area, return the center point.\n\nOutput the coordinate pair exactly:\n"
        "(x,y)",
        (IMAGE, "${instruction}"),
        max_tokens=32,
    ),
    extract=None,
    place_parser=Places(own=(PAIR,)),
    place_format="(${x}, ${y})",
)
INFIGUI_G1 = Dialect(
    name="infigui-g1",
    family=r"infigui[-_.]?g1",
    sizes="3B, 7B (Qwen2.5-VL)",
    licence="3B: Qwen Research (as its base); 7B: Apache-2.0 (unverified)",
    source="InfiXAI/InfiGUI-G1: eval/prompts.py",
    resize=Resize(factor=28, min_pixels=3136, max_pixels=12845056),
    space="abs_resized",
    overshoot=OVERSHOOT,
    grammar={},
    decide={},
    locate=PromptTemplate(
        "You FIRST think about the reasoning process as an internal monologue and then provide the final answer.\n"
        "The reasoning process MUST BE enclosed within <think> </think> tags.",
        (
            IMAGE,
            'The screen\'s resolution is ${width}x${height}.\nLocate the UI element(s) for "${instruction}", output '
            'the coordinates using JSON format: [{"point_2d": [x, y]}, ...]',
        ),
        max_tokens=1024,
    ),
    extract=None,
    place_parser=Places(own=(JSON_POINT, JSON_BOX), also=ANY),
    thinks=True,
)
JEDI = Dialect(
    name="jedi",
    family=r"(?<![a-z])jedi(?![a-z])",
    sizes="3B, 7B (Qwen2.5-VL)",
    licence="3B: Qwen Research (as its base); 7B: Apache-2.0",
    source="xlang-ai/OSWorld: mm_agents/jedi_7b_agent.py",
    resize=Resize(factor=28, min_pixels=3136, max_pixels=2700 * 28 * 28),
    space="abs_resized",
    overshoot=OVERSHOOT,
    grammar={},
    decide={},
    locate=PromptTemplate(tool_system(COMPUTER_FUNCTION), (IMAGE, "\n${instruction}"), max_tokens=512),
    extract=None,
    place_parser=COMPUTER_USE,
    preamble=True,
)
GELATO = Dialect(
    name="gelato",
    family=r"gelato" + UNVERSIONED,
    sizes="30B-A3B (Qwen3-VL)",
    licence="Apache-2.0 (unverified)",
    source="mlfoundations/Gelato: run_grounding_eval.py, gelato_agent.py",
    resize=Resize(factor=32, min_pixels=65536, max_pixels=16777216),
    space="rel1000",
    grammar={},
    decide={},
    locate=PromptTemplate(
        "",
        (
            "You are an expert UI element locator. Given a GUI image and a user's element description, provide the "
            "coordinates of the specified element as a single (x,y) point. For elements with area, return the center "
            "point. If it is not there, answer refusal.\n\nOutput the coordinate pair exactly:\n(x,y)\n\n",
            IMAGE,
            "\n${instruction}",
        ),
        max_tokens=256,
    ),
    extract=None,
    place_parser=Places(own=(PAIR,), refusals=("refusal",)),
    place_format="(${x}, ${y})",
)
GROUNDNEXT = Dialect(
    name="groundnext",
    family=r"groundnext" + UNVERSIONED,
    sizes="3B, 7B (Qwen2.5-VL)",
    licence="3B: Qwen Research (as its base, unverified); 7B: unverified",
    source="ServiceNow/GroundCUA: groundcua/__init__.py",
    resize=Resize(factor=28, min_pixels=78_400, max_pixels=6_000_000),
    space="abs_resized",
    overshoot=OVERSHOOT,
    grammar={},
    decide={},
    locate=PromptTemplate(tool_system(COMPUTER_FUNCTION), (IMAGE, "${instruction}"), max_tokens=64),
    extract=None,
    place_parser=COMPUTER_USE,
)
GUI_G2 = replace(
    UI_VENUS_10_GROUND,
    name="gui-g2",
    family=r"gui[-_.]?g2(?!\d)",
    sizes="3B, 7B (Qwen2.5-VL)",
    licence="Apache-2.0 (unverified)",
    source="ServiceNow/GroundCUA: eval/prompts.py; inclusionAI/UI-Venus: models/grounding/gui_g2_7b.py",
    resize=Resize(factor=28, min_pixels=3136, max_pixels=12845056),
)
BY_NAME_ONLY = "(?!)"
"""The family of a dialect that must be asked for: the model acts, by the general dialect, better than it points."""
_SE_TOOL = {"name_for_human": "computer_use", "name": "computer_use", "description": "".join(COMPUTER_ABOUT[:5])}
SE_GUI = replace(
    GROUNDNEXT,
    name="se-gui",
    family=r"(?<![a-z])se[-_.]?gui",
    licence="3B: Qwen Research (as its base, unverified); 7B: Apache-2.0 (unverified)",
    source="ServiceNow/GroundCUA: eval/prompts.py",
    resize=Resize(factor=28, min_pixels=3136, max_pixels=12845056),
    locate=PromptTemplate(
        tool_system(json.dumps({"type": "function", "function": _SE_TOOL})), (IMAGE, "${instruction}"), max_tokens=64
    ),
)
UI_INS = Dialect(
    name="ui-ins",
    family=r"(?<![a-z])ui[-_.]?ins(?![a-z])",
    sizes="7B, 32B (Qwen2.5-VL)",
    licence="Apache-2.0 (unverified)",
    source="trycua/cua: loops/uiins.py; alibaba/UI-Ins",
    resize=Resize(factor=28, min_pixels=3136, max_pixels=4096 * 2160),
    space="abs_resized",
    overshoot=OVERSHOOT,
    grammar={},
    decide={},
    locate=PromptTemplate(
        "You are a helpful assistant.\nYou point at elements of graphical interfaces. Analyse the instruction in "
        "<think></think> first, then call the function.\n\n## Output Format\n<think>...</think>\n<tool_call>\n"
        '{"name": "grounding", "arguments": <action>}\n</tool_call>\n\n## Action Space\n'
        '{"action": "click", "coordinate": [x, y]}',
        (IMAGE, "${instruction}"),
        max_tokens=2056,
    ),
    extract=None,
    place_parser=Places(own=(JSON_POINT, LIST)),
    thinks=True,
)
PHI_GROUND = Dialect(
    name="phi-ground",
    family=r"phi[-_.]?ground(?!.*(?:any|16c))",
    sizes="4B-7C (Phi-3.5-vision)",
    licence="MIT",
    source="microsoft/Phi-Ground: README.md",
    resize=PaddedCanvas(),
    space="rel1000",
    grammar={},
    decide={},
    locate=PromptTemplate(
        "",
        (
            "The description of the element: \n${instruction}\n\nLocate that element in the image. Output its bounding "
            "box in relative coordinates times 1000.\n",
            IMAGE,
        ),
        max_tokens=64,
    ),
    extract=None,
    place_parser=Places(own=(TAG, QUAD, ROUND_QUAD)),
)
LOCATE_ANYTHING = Dialect(
    name="locateanything",
    family=r"locateanything" + UNVERSIONED,
    sizes="3B (MoonViT, Qwen2.5)",
    licence="NVIDIA (not commercial)",
    source="nvidia/LocateAnything-3B: the model's card",
    resize=Resize(factor=28, min_pixels=3136, max_pixels=12845056),
    space="rel1000",
    grammar={},
    decide={},
    locate=PromptTemplate("", (IMAGE, "Locate the element of the interface: ${instruction}"), max_tokens=128),
    extract=None,
    place_parser=Places(own=(ANGLED_QUAD, ANGLED_PAIR), refusals=("<box>none</box>",)),
    keep_special_tokens=True,
)
MINICPM_V = replace(
    UI_VENUS_10_GROUND,
    name="minicpm-v",
    family=BY_NAME_ONLY,
    sizes="4.5: 8B; 4.6: 1.2B",
    licence="Apache-2.0",
    source="inclusionAI/UI-Venus (branch VenusBench-GD): models/minicpm_v_4_5.py",
    resize=Resize(factor=14, min_pixels=14 * 14, max_pixels=1344 * 1344),
    space="rel1000",
    overshoot=0.0,
    place_parser=Places(own=(BOX_WORDS, QUAD)),
    place_format="<box>${x} ${y} ${x2} ${y2}</box>",
    control_tokens=MINICPM_TOKENS,
)
GEMMA = Dialect(
    name="gemma",
    family=BY_NAME_ONLY,
    sizes="3: 4B, 12B, 27B; 4: E2B, E4B, 12B, 31B",
    licence="3: Gemma; 4: Apache-2.0",
    source="google-gemini/cookbook: spatial_understanding (boxes as Gemini's; points weakly)",
    resize=Square(factor=896, min_pixels=896 * 896, max_pixels=896 * 896),
    space="rel1000",
    order="yx",
    grammar={},
    decide={},
    locate=PromptTemplate(
        "",
        (
            IMAGE,
            'Detect ${instruction}. Answer with a JSON list: one object with "box_2d" as [y_min, x_min, y_max, x_max] '
            'from 0 to 1000 and "label", or with [] where it is not there.',
        ),
        max_tokens=256,
    ),
    extract=None,
    place_parser=Places(own=(JSON_BOX, JSON_POINT), also=ANY),
)
