"""Families that only point: UGround, SeeClick, GTA1, InfiGUI-G1, Jedi, Gelato, GroundNext and GUI-G2.

Questions and forms of answers are what the models were trained on (OSU-NLP-Group/UGround, njucckevin/SeeClick,
Yan98/GTA1 ``README.md``, InfiXAI/InfiGUI-G1 ``eval/prompts.py``, the Jedi agent of OSWorld's ``mm_agents``,
mlfoundations/Gelato ``run_grounding_eval.py``, ServiceNow/GroundCUA ``groundcua`` and ``eval/prompts.py``).
"""

from __future__ import annotations

from dataclasses import replace

from agent.models.dialects.dialect import IMAGE, Dialect, PromptTemplate
from agent.models.dialects.points import ANY, JSON_BOX, JSON_POINT, LIST, PAIR, Places
from agent.models.dialects.qwen import COMPUTER_FUNCTION, COMPUTER_USE, OVERSHOOT, tool_system
from agent.models.dialects.resize import Resize, Square
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
    family=r"gelato",
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
    family=r"groundnext",
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
