"""Every dialect: what it says it reads back, what it cannot say is an error before anything is done, and which served
names belong to it."""

import contextlib
import json
import os
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.action import (
    Answer,
    AnyAction,
    AskUser,
    Button,
    Click,
    Drag,
    Finish,
    HoldKeys,
    HoldMouse,
    Key,
    LongPress,
    Move,
    Open,
    ReleaseKeys,
    ReleaseMouse,
    Scroll,
    TypeText,
    Wait,
)
from actions.frame import Frame, Point
from agent.cli.main import main
from agent.core.model import ModelError, ParseError
from agent.core.step import Step
from agent.models.dialects.dialect import IMAGE, Dialect, Platform, UnsupportedAction, Use
from agent.models.dialects.registry import DIALECTS, dialect_for, families_of
from agent.models.dialects.resize import Square, Tiles
from agent.models.opening import known_dialects, open_model
from benchmarks.damage import PLACE_ANSWERS, cases, judge, survey
from tests.agent.scripted_server import ScriptedServer
from tests.properties import examples

FRAMES = [Frame(id="0", width=w, height=h) for w, h in ((1920, 1080), (1080, 2400), (1288, 812), (2560, 1440))]
SCREEN = FRAMES[0]
SPOKEN: list[tuple[str, Platform]] = [(d.name, platform) for d in DIALECTS.values() for platform in d.decide]

# Which served name belongs to which family

NAMES = {
    "qwen2.5-vl": (
        *("Qwen/Qwen2.5-VL-3B-Instruct", "Qwen/Qwen2.5-VL-72B-Instruct-AWQ", "unsloth/Qwen2.5-VL-7B-Instruct-GGUF"),
        *("qwen2.5vl:7b", "Qwen2_5-VL-3B", "qwen25-vl", "RedHatAI/Qwen2.5-VL-7B-Instruct-FP8-dynamic"),
        *("/models/Qwen2.5-VL-3B-Instruct-Q4_K_M.gguf", "qwen2-5-vl-7b"),
    ),
    "qwen2-vl": ("Qwen/Qwen2-VL-7B-Instruct", "Qwen/Qwen2-VL-2B-Instruct-GPTQ-Int4", "bartowski/Qwen2-VL-7B-GGUF"),
    "qwen3-vl": (
        *("Qwen/Qwen3-VL-8B-Instruct", "Qwen/Qwen3-VL-30B-A3B-Thinking-FP8", "qwen3-vl:4b"),
        "ggml-org/Qwen3-VL-2B-Instruct-GGUF",
    ),
    "internvl2.5": (
        *("OpenGVLab/InternVL2_5-4B", "OpenGVLab/InternVL2_5-8B-MPO-AWQ", "internvl2.5-26b", "OpenGVLab/InternVL3-8B"),
        *("OpenGVLab/InternVL3_5-8B", "OpenGVLab/InternVL3-38B-AWQ", "lmstudio-community/InternVL3_5-14B-GGUF"),
    ),
    "qwen3.5": (
        *("Qwen/Qwen3.5-9B", "Qwen/Qwen3.5-35B-A3B-FP8", "unsloth/Qwen3.5-4B-GGUF", "qwen3.5:9b", "Qwen3_5-27B-AWQ"),
        *("Qwen/Qwen3.6-27B", "unsloth/Qwen3.6-35B-A3B-GGUF:Q4_K_M", "Qwen/Qwen3.8-27B", "qwen3.6:27b-q8_0"),
    ),
    "evocua": ("meituan/EvoCUA-8B-20260105", "meituan/EvoCUA-32B-20260105", "mradermacher/EvoCUA-8B-20260105-GGUF"),
    "ui-venus-2": ("inclusionAI/UI-Venus-2-9B", "inclusionAI/UI-Venus-2-27B", "mradermacher/UI-Venus-2-9B-GGUF"),
    "gelato": ("mlfoundations/Gelato-30B-A3B", "Gelato-Qwen3-VL-30B"),
    "groundnext": ("ServiceNow/GroundNext-3B-V0", "ServiceNow/GroundNext-7B-V0"),
    "gui-g2": ("inclusionAI/GUI-G2-7B", "inclusionAI/GUI-G2-3B"),
    "ui-tars-1.0": (
        *("bytedance-research/UI-TARS-7B-DPO", "bytedance-research/UI-TARS-2B-SFT", "ByteDance-Seed/UI-TARS-72B-DPO"),
        *("bartowski/UI-TARS-7B-DPO-GGUF", "ui-tars"),
    ),
    "ui-tars-1.5": ("ByteDance-Seed/UI-TARS-1.5-7B", "lmstudio-community/UI-TARS-1.5-7B-GGUF", "ui-tars:1.5-7b"),
    "os-atlas-base": ("OS-Copilot/OS-Atlas-Base-7B",),
    "os-atlas-base-4b": ("OS-Copilot/OS-Atlas-Base-4B",),
    "os-atlas-pro": ("OS-Copilot/OS-Atlas-Pro-7B", "mradermacher/OS-Atlas-Pro-7B-GGUF"),
    "os-atlas-pro-4b": ("OS-Copilot/OS-Atlas-Pro-4B",),
    "showui": ("showlab/ShowUI-2B",),
    "uground": ("osunlp/UGround-V1-2B", "osunlp/UGround-V1-72B"),
    "aguvis": ("xlangai/Aguvis-7B-720P", "ranpox/aguvis-72b-720p"),
    "gui-owl": ("mPLUG/GUI-Owl-7B", "mPLUG/GUI-Owl-32B"),
    "gui-owl-1.5": ("mPLUG/GUI-Owl-1.5-8B-Instruct", "mPLUG/GUI-Owl-1.5-2B-Thinking"),
    "holo1": ("Hcompany/Holo1-7B", "Hcompany/Holo1-3B-GGUF"),
    "holo1.5": ("Hcompany/Holo1.5-7B", "Hcompany/Holo1.5-72B"),
    "holo2": ("Hcompany/Holo2-4B", "Hcompany/Holo2-30B-A3B"),
    "gta1": ("HelloKKMe/GTA1-7B-2507", "Salesforce/GTA1-32B", "someone/GTA1-7B-Qwen2.5-VL"),
    "ui-venus-1.0-ground": ("inclusionAI/UI-Venus-Ground-7B",),
    "ui-venus-1.0-navi": ("inclusionAI/UI-Venus-Navi-72B",),
    "ui-venus-1.5": ("inclusionAI/UI-Venus-1.5-8B", "inclusionAI/UI-Venus-1.5-30B-A3B"),
    "infigui-g1": ("InfiX-ai/InfiGUI-G1-3B",),
    "jedi": ("xlangai/Jedi-7B-1080p",),
    "autoglm-phone": ("zai-org/AutoGLM-Phone-9B", "zai-org/AutoGLM-Phone-9B-Multilingual"),
    "mai-ui": ("Tongyi-MAI/MAI-UI-8B", "Tongyi-MAI/MAI-UI-2B-GGUF"),
    "cogagent": ("zai-org/cogagent-9b-20241220", "THUDM/cogagent-9b-20241220"),
    "seeclick": ("cckevinn/SeeClick",),
    "holo3": ("Hcompany/Holo3-35B-A3B", "Hcompany/Holo3.1-9B-FP8", "holo3-1-35b-a3b", "Hcompany/Holo4-27B"),
    "fara-7b": ("microsoft/Fara-7B", "bartowski/microsoft_Fara-7B-GGUF"),
    "opencua": ("xlangai/OpenCUA-7B", "xlangai/OpenCUA-32B", "mradermacher/OpenCUA-7B-GGUF"),
    "kimi-vl": ("moonshotai/Kimi-VL-A3B-Thinking-2506", "ggml-org/Kimi-VL-A3B-Thinking-2506-GGUF"),
    "scalecua": ("OpenGVLab/ScaleCUA-7B", "OpenGVLab/ScaleCUA-3B"),
    "se-gui": ("SE-GUI-7B", "XinBB/SE-GUI-3B"),
    "ui-ins": ("Tongyi-MiA/UI-Ins-7B", "UI-Ins-32B-GGUF"),
    "phi-ground": ("microsoft/Phi-Ground", "microsoft/Phi-Ground-4B-7C"),
    "locateanything": ("nvidia/LocateAnything-3B",),
    "minicpm-v": (),
    "gemma": (),
    "agentcpm-gui": ("openbmb/AgentCPM-GUI", "mradermacher/AgentCPM-GUI-GGUF"),
    "gelab": ("stepfun-ai/GELab-Zero-4B-preview", "mradermacher/GELab-Zero-4B-preview-GGUF", "Step-GUI-8B"),
    "glm-v": ("zai-org/GLM-4.5V", "zai-org/GLM-4.6V-Flash", "unsloth/GLM-4.6V-Flash-GGUF"),
    "fara1.5": ("microsoft/Fara1.5-9B", "microsoft/Fara-1.5-27B", "mradermacher/Fara1.5-4B-GGUF"),
    **dict.fromkeys(("general", "general-tools", "qwen3.5-tools", "openai-computer", "anthropic-computer"), ()),
}


def test_every_family_has_names() -> None:
    assert set(NAMES) == set(DIALECTS) == set(PLACE_ANSWERS)


@pytest.mark.parametrize(("family", "name"), [(f, name) for f, names in NAMES.items() for name in names])
def test_a_name_belongs_to_one_family(family: str, name: str) -> None:
    assert [dialect.name for dialect in families_of(name)] == [family]
    assert dialect_for(name).name == family


@pytest.mark.parametrize(
    "name",
    [
        *("Qwen/Qwen-VL-Chat", "Qwen/Qwen3-8B", "OpenGVLab/InternVL2-8B", "OpenGVLab/InternVL-Chat-V1-5", "UI-TARS-2"),
        *("InfiX-ai/InfiGUI-R1-3B", "osunlp/UGround", "THUDM/cogagent-vqa-hf", "gpt-6"),
        *("xlangai/OpenCUA-A3B", "meituan/EvoCUA-OpenCUA-72B", "OpenCUA-Qwen2-VL"),
        *("openbmb/AgentCPM-Explore", "moonshotai/Kimi-K2.6"),
        *("microsoft/Phi-Ground-Any-4B-16C", "browser-use/bu-30b-a3b-preview", "UI-R1-E-3B"),
        *("GUI-R1-Qwen2.5-VL-7B", "allenai/MolmoWeb-8B", "zai-org/GLM-4.1V-9B-Thinking"),
        *("agent", "default", "my-model", "", "google/gemma-4-E4B-it", "Muse-Glimmer-30B", "POINTS-GUI-G-8B"),
    ],
)
def test_a_family_without_a_dialect_is_not_guessed_at(name: str) -> None:
    with pytest.raises(ModelError, match=r"\Ano dialect for [^\n]*\Z"):
        dialect_for(name)


def test_a_name_of_two_families_is_not_guessed_at() -> None:
    with pytest.raises(ModelError, match="fits the dialects showui and jedi: choose one"):
        dialect_for("showui-jedi-merge")


# What is said is read back

KEYS = st.lists(
    st.sampled_from(["ctrl", "shift", "alt", "a", "7", "plus", "f5", "enter", "pagedown", "space", "-", "left"]),
    min_size=1,
    max_size=3,
    unique=True,
)
TEXT = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(
    [
        *("it's", 'say "hi"', "a\nb\tc\\", "Action: click(start_box='(1,2)')", "C:\\new", "x') y", "[1, 2]", "}}"),
        *("</action>", "<answer>do(", "f('a', b='c')", "``` actions:\nCLICK", "１２、「", "TYPE [x]", "ends\\", "'q'"),
    ]
)


def actions(points: list[Point]) -> st.SearchStrategy[AnyAction]:
    a, b = points
    buttons = ["back", "home", "recents", "menu", "enter", "power", "volume_up", "volume_down", "camera", "clear"]
    seconds = st.integers(0, 60).map(float) | st.floats(0, 60)
    return st.one_of(
        st.builds(
            Click, point=st.just(b), button=st.sampled_from(["left", "middle", "right"]), count=st.integers(1, 3)
        ),
        st.builds(LongPress, point=st.just(b), seconds=st.just(1.0) | seconds),
        st.just(Drag(path=(a, b))),
        st.just(Move(point=b)),
        st.builds(
            Scroll, point=st.sampled_from([None, b]), dx=st.sampled_from([0, 0, 5, -5, 3]), dy=st.integers(-9, 9)
        ),
        st.builds(TypeText, text=TEXT),
        st.builds(TypeText, text=TEXT.map(lambda text: text + "\n")),
        st.builds(Key, chords=KEYS.map(lambda keys: ("+".join(keys),))),
        st.builds(Button, name=st.sampled_from(buttons)),
        st.builds(Open, target=TEXT.filter(bool) | st.just("https://example.org/?a=1")),
        st.builds(Wait, seconds=seconds),
        st.builds(Answer, text=TEXT),
        st.builds(Finish, status=st.sampled_from(["success", "failure"]), message=st.just("") | TEXT),
        st.builds(AskUser, question=TEXT.filter(bool) | st.just("The model asks for your help to go on.")),
    )


def grid_point(dialect: Dialect, frame: Frame, use: Use, x: float, y: float) -> Point:
    """A point that the dialect can name exactly, inside the frame."""
    grid = dialect.view(frame, use=use).grid
    if grid.width == 1:
        return frame.from_grid(grid, int(x * 9990) / 10000, int(y * 9990) / 10000)
    return frame.from_grid(grid, int(x * (grid.width - 2)), int(y * (grid.height - 2)))


@pytest.mark.parametrize(("name", "platform"), SPOKEN)
@examples(8)
@given(data=st.data())
def test_round_trip(name: str, platform: Platform, data: st.DataObject) -> None:
    """``parse(format(action)) == action``, without a repair; and cut off anywhere it is the same action or none."""
    dialect, frame = DIALECTS[name], data.draw(st.sampled_from(FRAMES))
    unit = st.floats(0, 1)
    a, b = (grid_point(dialect, frame, platform, data.draw(unit), data.draw(unit)) for _ in range(2))
    action = data.draw(actions([a, b]))
    try:
        text = dialect.format(action, frame, platform, pointer=a)
    except UnsupportedAction:
        return
    reading = dialect.parse(text, frame, platform, pointer=a, ended=False)
    assert reading.action == action
    assert reading.notes == ()
    for cut in range(0, len(text), 5):
        try:
            found = dialect.parse(text[:cut], frame, platform, pointer=a, ended=False)
        except ParseError:
            continue
        assert found.action == action or found.notes, text[:cut]


CUT = [
    Click(point=Point(907, 253)),
    Drag(path=(Point(100, 200), Point(753, 655))),
    TypeText(text="abc def"),
    Key(chords=("ctrl+c",)),
    Finish(status="failure"),
]


@pytest.mark.parametrize(("name", "platform"), SPOKEN)
def test_cut_off_is_the_same_action_or_none_whatever_the_server_says(name: str, platform: Platform) -> None:
    """The server says that the model had finished."""
    dialect, frame, pointer = DIALECTS[name], Frame(id="0", width=1000, height=1000), Point(100, 200)
    for action in CUT:
        try:
            text = dialect.format(action, frame, platform, pointer=pointer)
        except UnsupportedAction:
            continue
        wanted = dialect.parse(text, frame, platform, pointer=pointer)
        for cut in range(1, len(text)):
            try:
                found = dialect.parse(text[:cut], frame, platform, pointer=pointer)
            except ParseError:
                continue
            assert (found.action, found.rest) == (wanted.action, wanted.rest), text[:cut]


ESSENTIAL_TEXT = dict.fromkeys(("holo1", "ui-venus-1.0-navi", "ui-venus-1.5", "glm-v mobile"), "hello\n")
"""Families whose action for typing presses Enter too; that of AutoGLM empties the field first."""


@pytest.mark.parametrize(("name", "platform"), SPOKEN)
def test_the_essentials_can_be_said(name: str, platform: Platform) -> None:
    dialect = DIALECTS[name]
    a, b = grid_point(dialect, SCREEN, platform, 0.2, 0.4), grid_point(dialect, SCREEN, platform, 0.7, 0.9)
    wanted: list[AnyAction] = [Click(point=b)]
    wanted.append(
        TypeText(
            text=ESSENTIAL_TEXT.get(name, ESSENTIAL_TEXT.get(f"{name} {platform}", "hello")),
            clear=name == "autoglm-phone",
        )
    )
    if name not in ("showui", "holo1"):
        wanted.append(Finish(status="success"))
    if name == "holo1":
        wanted.append(Finish(status="success", message="42"))
    if platform == "mobile" and not name.startswith(("os-atlas", "cogagent", "glm-v")):
        wanted.append(Drag(path=(a, b)))
    for action in wanted:
        text = dialect.format(action, SCREEN, platform, pointer=a)
        assert dialect.parse(text, SCREEN, platform, pointer=a).action == action


@pytest.mark.parametrize("text", ["milk, eggs", "a=b", "6 = 2 * 3, so"])
def test_autoglm_can_say_what_looks_like_arguments_unless_it_has_quotes(text: str) -> None:
    dialect = DIALECTS["autoglm-phone"]
    said = TypeText(text=text, clear=True)
    assert dialect.parse(dialect.format(said, SCREEN, "mobile"), SCREEN, "mobile").action == said
    with pytest.raises(UnsupportedAction, match="quotes"):
        dialect.format(TypeText(text=f'"{text}"', clear=True), SCREEN, "mobile")


def test_a_parameter_without_its_end_is_named() -> None:
    call = "<tool_call>\n<function=computer_use>\n<parameter=action>\ntype\n</parameter>\n<parameter=text>\nrm -r"
    with pytest.raises(ParseError, match="'text' is not closed"):
        DIALECTS["qwen3.5"].parse(call, SCREEN, "desktop", ended=False)


# Answers in the models' own words

MIDDLE = Point(960, 540)
AT = "point='<point>966 546</point>'"


@pytest.mark.parametrize("name", DIALECTS)
def test_a_place_in_the_familys_own_words(name: str) -> None:
    dialect = DIALECTS[name]
    point = grid_point(dialect, SCREEN, "locate", 0.47, 0.25)
    x, y = dialect.view(SCREEN, use="locate").numbers(point)
    spot = dialect.parse_place(PLACE_ANSWERS[name].format(x=x, y=y), SCREEN)
    assert spot.point == point
    assert spot.notes == ()


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("text", ["[-1, -1]", "(-1,-1)", '[{"point_2d": [-1, -1]}]'])
def test_a_refusal(name: str, text: str) -> None:
    spot = DIALECTS[name].parse_place(text, SCREEN)
    assert spot.point is None
    assert spot.reason


@pytest.mark.parametrize("name", DIALECTS)
def test_a_coordinate_that_is_given_twice_is_one_number(name: str) -> None:
    with pytest.raises(ParseError):
        DIALECTS[name].parse_place('{"x": 500, "x": 501, "y": 200}', SCREEN)
    with contextlib.suppress(ParseError):
        assert DIALECTS[name].parse_place('{"x": 500, "x": 500, "y": 200}', SCREEN).point is not None


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize(
    "text", ["", "I cannot see it.", "<think>It is at (100, 200)", "(100, 20", "[99999, 5]", "(1, -5)", "{" * 100_000]
)
def test_no_place(name: str, text: str) -> None:
    if text.startswith("<think>") and not DIALECTS[name].thinks:
        text = "It is near the top."
    with pytest.raises(ParseError) as error:
        DIALECTS[name].parse_place(text, SCREEN, ended=False)
    assert error.value.raw == text
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "platform", "text", "action"),
    [
        ("ui-tars-1.5", "desktop", "Action: click(start_box='(966,546)')", Click(point=Point(960, 540))),
        ("ui-tars-1.5", "desktop", "Thought: x\nAction: type(content='hi\\n')", TypeText(text="hi\n")),
        ("ui-tars-1.5", "desktop", "Action: type(content='it's ok')", TypeText(text="it's ok")),
        ("ui-tars-1.5", "desktop", "Action: hotkey(key='ctrl shift s')", Key(chords=("ctrl+shift+s",))),
        (
            "ui-tars-1.0",
            "mobile",
            "Thought: x\nAction: scroll(start_box='<|box_start|>(500,800)<|box_end|>', "
            "end_box='<|box_start|>(500,200)<|box_end|>')",
            Drag(path=(Point(960, 864), Point(960, 216))),
        ),
        ("ui-tars-1.0", "desktop", "Action: click(start_box='(400,400,600,600)')", Click(point=Point(960, 540))),
        (
            "os-atlas-pro",
            "mobile",
            "thoughts:\nx\nactions:\nCLICK <point>[[500, 500]]</point>",
            Click(point=Point(960, 540)),
        ),
        ("os-atlas-pro", "mobile", "actions:\nTYPE [Shanghai shopping mall]", TypeText(text="Shanghai shopping mall")),
        ("os-atlas-pro", "mobile", "actions:\nSCROLL [UP]", Scroll(dy=-5)),
        ("os-atlas-pro", "mobile", "actions:\nPRESS_BACK", Button(name="back")),
        ("os-atlas-pro", "desktop", "actions:\nHOTKEY [CTRL_A]", Key(chords=("ctrl+a",))),
        (
            "showui",
            "desktop",
            "{'action': 'CLICK', 'value': None, 'position': [0.5, 0.5]}",
            Click(point=Point(960, 540)),
        ),
        (
            "showui",
            "desktop",
            "{'action': 'CLICK', 'value': None, 'position': [0.5, 0.5]},\n"
            "{'action': 'INPUT', 'value': 'weather', 'position': [0.5, 0.5]},\n"
            "{'action': 'ENTER', 'value': None, 'position': None}",
            Click(point=Point(960, 540)),
        ),
        (
            "aguvis",
            "desktop",
            "all\nThought: I see (1, 2).\nos\npyautogui.click(x=0.5, y=0.5)",
            Click(point=Point(960, 540)),
        ),
        ("aguvis", "desktop", "pyautogui.hotkey(keys=['ctrl', 'c'])", Key(chords=("ctrl+c",))),
        ("aguvis", "desktop", "pyautogui.write(message='bread buns')", TypeText(text="bread buns")),
        (
            "aguvis",
            "mobile",
            "mobile.swipe(from_coord=[0.5, 0.75], to_coord=[0.5, 0.25])",
            Drag(path=(Point(960, 810), Point(960, 270))),
        ),
        (
            "qwen3-vl",
            "mobile",
            'Thought: x\nAction: "I tapped"\n<tool_call>\n{"name": "mobile_use", "arguments": {"action": "click", '
            '"coordinate": [333, 666]}}\n</tool_call>',
            Click(point=Point(640, 720)),
        ),
        (
            "gui-owl-1.5",
            "mobile",
            'Action: x\n<tool_call>\n{"name": "mobile_use", "arguments": {"action": "interact", "text": "PIN?"}}\n'
            "</tool_call>",
            AskUser(question="PIN?"),
        ),
        (
            "mai-ui",
            "mobile",
            '<thinking>\nI could {"action": "wait"}.\n</thinking>\n<tool_call>\n{"name": "mobile_use", "arguments": '
            '{"action": "swipe", "direction": "up"}}\n</tool_call>',
            Scroll(dy=5),
        ),
        (
            "mai-ui",
            "mobile",
            '<tool_call>\n{"name": "mobile_use", "arguments": {"action": "terminate", "status": "fail"}}\n</tool_call>',
            Finish(status="failure"),
        ),
        (
            "ui-venus-1.5",
            "mobile",
            "<think>y</think>\n<action>Click(box=(500,500))</action>\n<conclusion>Click(it)</conclusion>",
            Click(point=Point(960, 540)),
        ),
        ("ui-venus-1.5", "mobile", "<action>Type(content='it's')</action>", TypeText(text="it's\n")),
        ("ui-venus-1.5", "desktop", "<action>Hotkey(keys=['ctrl', 'c'])</action>", Key(chords=("ctrl+c",))),
        (
            "autoglm-phone",
            "mobile",
            '<think>tap</think>\n<answer>\ndo(action="Tap", element=[500,500])\n</answer>',
            Click(point=Point(960, 540)),
        ),
        (
            "autoglm-phone",
            "mobile",
            'do(action="Type", text="say "hi" now")',
            TypeText(text='say "hi" now', clear=True),
        ),
        ("autoglm-phone", "mobile", 'do(action="Note", message="True")', Wait(seconds=0)),
        ("autoglm-phone", "mobile", 'do(action="Call_API", instruction="sum up")', Wait(seconds=0)),
        ("autoglm-phone", "mobile", 'do(action="Tap", element=[500,500], count=2)', Click(point=MIDDLE, count=2)),
        ("autoglm-phone", "mobile", 'Not finish(message="") yet.\ndo(action="Home")', Button(name="home")),
        ("autoglm-phone", "mobile", 'I could finish(message="a")\ndo(action="Home")', Button(name="home")),
        ("autoglm-phone", "mobile", 'do(action="Launch", app="A") do(action="Home")', Open(target="A")),
        (
            "autoglm-phone",
            "mobile",
            '<answer>do(action="Type", text="hi") do(action="Home")</answer>',
            TypeText(text="hi", clear=True),
        ),
        ("ui-tars-1.5", "desktop", f"Action: left_single({AT})", Click(point=MIDDLE)),
        ("ui-tars-1.5", "desktop", f"Action: hover({AT})", Move(point=MIDDLE)),
        ("ui-tars-1.5", "desktop", f"Action: click({AT}, button='right')", Click(point=MIDDLE, button="right")),
        ("ui-tars-1.5", "desktop", "Action: press(key='down', presses=2)", Key(chords=("down", "down"))),
        ("ui-tars-1.5", "desktop", "Action: hotkey(key='ctrl + shift + T')", Key(chords=("ctrl+shift+t",))),
        ("ui-tars-1.5", "desktop", f"Action: click({AT})\n\ntype(content='a')", Click(point=MIDDLE)),
        ("ui-tars-1.5", "desktop", f"Action: type(content='it's') click({AT})", TypeText(text="it's")),
        (
            "ui-tars-1.0",
            "desktop",
            "Action: select(start_box='(500,500)', end_box='(1000,500)')",
            Drag(path=(MIDDLE, Point(1919, 540))),
        ),
        ("aguvis", "desktop", "pyautogui.scroll(page=-0.01)", Scroll(dy=1)),
        ("aguvis", "desktop", "pyautogui.scroll(page=0.01)", Scroll(dy=-1)),
        ("aguvis", "desktop", "pyautogui.hotkey('ctrl', 'C')", Key(chords=("ctrl+c",))),
        ("aguvis", "desktop", "pyautogui.press(['left', 'left', 'a'])", Key(chords=("left", "left", "a"))),
        ("aguvis", "desktop", "pyautogui.keyDown('ctrlleft')", HoldKeys(keys=("ctrl",))),
        ("aguvis", "desktop", "pyautogui.keyUp('ctrl', _pause=False)", ReleaseKeys(keys=("ctrl",))),
        ("aguvis", "desktop", "pyautogui.mouseDown(0.5, 0.5, button='right')", HoldMouse(point=MIDDLE, button="right")),
        ("aguvis", "desktop", "pyautogui.mouseUp(x=0.5, y=0.5)", ReleaseMouse(point=MIDDLE)),
        ("aguvis", "desktop", "pyautogui.press('tab', presses=4, interval=0.1)", Key(chords=("tab",) * 4)),
        ("aguvis", "desktop", "pyautogui.click(0.5, 0.5, 2, 0.25, 'right')", None),
        ("aguvis", "desktop", "pyautogui.click(0.5, 0.5, clicks=2)", Click(point=MIDDLE, count=2)),
        ("aguvis", "desktop", "pyautogui.click(x=0.5, y=0.5, button='right')", Click(point=MIDDLE, button="right")),
        ("aguvis", "desktop", "pyautogui.scroll(-3)", Scroll(dy=3)),
        ("aguvis", "desktop", "pyautogui.scroll(page=-0.3)", Scroll(dy=3)),
        ("ui-venus-1.5", "desktop", "<action>PressHome()</action>", Button(name="home")),
        ("gui-owl", "desktop", '{"action": "type", "text": "x", "clear": 1}', TypeText(text="x", clear=True)),
        (
            "mai-ui",
            "mobile",
            '<tool_call>\n{"name": "mobile_use", "arguments": {"action": "click", "coordinate": [1000, 0]}}'
            "\n</tool_call>",
            Click(point=Point(1919, 0)),
        ),
        ("autoglm-phone", "mobile", 'do(action="Wait", duration="3 seconds")', Wait(seconds=3)),
        ("autoglm-phone", "mobile", 'finish(message="Done.")', Finish(status="success", message="Done.")),
        (
            "cogagent",
            "desktop",
            "Action: Click it.\nGrounded Operation: CLICK(box=[[400,400,600,600]], element_type='Clickable text', "
            "element_info='Mark all')\n<<一般操作>>",
            Click(point=Point(960, 540)),
        ),
        (
            "cogagent",
            "desktop",
            "Grounded Operation: SCROLL_DOWN(box=[[000,086,999,932]], element_type='Scroll', step_count=5)",
            Scroll(point=Point(959.04, 549.72), dy=5),
        ),
        (
            "cogagent",
            "desktop",
            "Grounded Operation: GESTURE(actions=[KEY_DOWN(key='Lmenu'), KEY_PRESS(key='A'), KEY_UP(key='Lmenu')])",
            Key(chords=("alt+a",)),
        ),
        ("cogagent", "desktop", "Grounded Operation: LAUNCH(app='None', url='baidu.com')", Open(target="baidu.com")),
        (
            "holo1",
            "desktop",
            '{"note": "", "thought": "t", "action": {"action": "scroll", "direction": "down"}}',
            Scroll(dy=5),
        ),
    ],
)
def test_actions_in_the_models_words(name: str, platform: Platform, text: str, action: AnyAction | None) -> None:
    if action is None:
        with pytest.raises(ParseError):
            DIALECTS[name].parse(text, SCREEN, platform)
        return
    found = DIALECTS[name].parse(text, SCREEN, platform).action
    if isinstance(found, Scroll) and found.point and isinstance(action, Scroll) and action.point:
        assert found.point == pytest.approx(action.point)
        return
    assert found == action


@pytest.mark.parametrize(
    ("name", "platform", "text", "why"),
    [
        ("ui-tars-1.5", "desktop", "Action: finished()\n\nhotkey(key='enter')", "the end of the task and 1 more"),
        ("ui-tars-1.5", "desktop", "Action: finished(content=5)", "must be a text"),
        ("ui-tars-1.5", "desktop", f"Action: click({AT}, force=3)", "no use for 'force'"),
        ("ui-tars-1.5", "desktop", f"Action: click({AT}) would be wrong", "a call within a sentence"),
        ("ui-tars-1.5", "desktop", f"Action: hotkey(key='ctrl c', {AT})", "no use for 'point'"),
        ("ui-tars-1.5", "desktop", "Action: click(point='<point>0.5 0.25</point>')", "parts of a side"),
        ("qwen3-vl", "mobile", '{"action": "click", "coordinate": [0.5, 0.25]}', "parts of a side"),
        ("showui", "desktop", "{'action': 'CLICK', 'value': None, 'position': [960, 540]}", "outside"),
        ("aguvis", "desktop", "terminate(status=1)", "must be a text"),
        ("aguvis", "desktop", "pyautogui.keyDown()", "list of key names"),
        ("autoglm-phone", "mobile", 'I could finish(message="all set"), maybe.', "a call within a sentence"),
        ("autoglm-phone", "mobile", 'finish(message="x", status="failed")', "no use for 'status'"),
        ("autoglm-phone", "mobile", 'do(action="Type", text="hi") and do(action="Home")', "holds the next call"),
        ("cogagent", "desktop", "Grounded Operation: CLICK(box=[['a','b','c','d']])", "no place"),
        ("ui-venus-1.5", "mobile", "<action>Click(box=(500,500), hold=3)</action>", "no use for 'hold'"),
        ("holo1", "desktop", '{"action": "goto", "url": "https://a.b", "x": 5, "y": 5}', "no use for"),
        ("os-atlas-pro", "mobile", "actions:\nCOMPLETE\nPRESS_BACK", "the end of the task"),
        ("ui-tars-1.5", "desktop", "Action: fly(point='<point>1 2</point>')", "no action"),
        ("ui-tars-1.5", "desktop", "Action: click(point='<point>9000 2</point>')", "outside"),
        ("ui-tars-1.5", "desktop", "Action: __import__('os').system('x')", "no action"),
        ("ui-tars-1.5", "desktop", "Action: click()", "missing"),
        ("cogagent", "desktop", "Grounded Operation: LLM(prompt='x', output='y')", "no action"),
        ("cogagent", "desktop", "Grounded Operation: GESTUREx[KEY_PRESS(key='A')]", "does not begin"),
        ("autoglm-phone", "mobile", 'do(action="Fly", element=[1,2])', "unknown action 'Fly'"),
        ("autoglm-phone", "mobile", '<think>do(action="Home")', "thought without an end"),
        ("gui-owl", "desktop", '{"action": "type", "text": "x", "clear": "soon"}', "must be true or false"),
        ("os-atlas-pro", "mobile", "actions:\nFLY [x]", "unknown action 'FLY'"),
        ("showui", "desktop", "{'action': 'CLICK', 'value': None, 'position': [0.5, 1.5]}", "outside"),
        ("aguvis", "desktop", "pyautogui.press(keys=['a', 'frob'])", "unknown key 'frob'"),
    ],
)
def test_never_acted_on(name: str, platform: Platform, text: str, why: str) -> None:
    with pytest.raises(ParseError, match=r"\A[^\n]*\Z") as error:
        DIALECTS[name].parse(text, SCREEN, platform)
    assert why in str(error.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("showui", "{'action': 'INPUT', 'value': 'hi', 'position': [0.5, 0.5]}"),
        ("cogagent", "Grounded Operation: TYPE(box=[[480,480,520,520]], text='hi')"),
    ],
)
def test_a_field_is_clicked_before_it_is_typed_into(name: str, text: str) -> None:
    """Both families name the field in the action that types: a click and a text."""
    dialect = DIALECTS[name]
    far = dialect.parse(text, SCREEN, pointer=Point(5, 5))
    assert (far.action, far.rest) == (Click(point=Point(960, 540)), (TypeText(text="hi"),))
    assert dialect.parse(text, SCREEN, pointer=Point(962, 541)).action == TypeText(text="hi")


# What a family cannot do is said when it is chosen


def test_a_family_that_only_points_cannot_be_asked_to_act() -> None:
    for name, served in (("uground", "osunlp/UGround-V1-7B"), ("seeclick", "x/SeeClick"), ("gta1", "x/GTA1-7B")):
        with pytest.raises(ModelError, match=rf"\A{name} models only point[^\n]*\Z"):
            open_model(f"http://h:9#{served}", ability="decide")
        assert open_model(f"http://h:9#{served}", ability="locate").dialect == name


def test_a_family_for_phones_cannot_be_asked_to_act_on_a_desktop() -> None:
    with pytest.raises(ModelError, match=r"\Aautoglm-phone models act on mobile screens only[^\n]*\Z"):
        open_model("http://h:9#AutoGLM-Phone-9B", ability="decide")
    model = open_model("http://h:9#AutoGLM-Phone-9B", platform="mobile", ability="decide")
    assert model.dialect == "autoglm-phone"
    with pytest.raises(ModelError, match="showui models can decide and locate, not extract"):
        open_model("http://h:9#ShowUI-2B", ability="extract")


def test_run_says_so_before_anything_starts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with ScriptedServer(["x"], names=("osunlp/UGround-V1-7B",)) as server, pytest.raises(SystemExit) as end:
        main(["run", "Save it", "--model", server.url, "--env", "sandbox", "--out", str(tmp_path / "e")])
    assert end.value.code == 2
    assert "uground models only point" in capsys.readouterr().err
    assert not server.seen


def test_models_lists_the_families(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["models", "--json"])
    listed = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)["dialects"]}
    assert set(listed) == set(DIALECTS)
    assert listed["mai-ui"] == known_dialects()[list(DIALECTS).index("mai-ui")]
    assert listed["mai-ui"]["coordinates"] == "rel999"
    assert listed["mai-ui"]["platforms"] == ["mobile"]
    assert listed["gta1"]["abilities"] == ["locate"]
    assert all(entry["licence"] and entry["source"] and entry["sizes"] for entry in listed.values())
    with pytest.raises(SystemExit):
        main(["models"])
    out = capsys.readouterr().out
    assert all(name in out for name in DIALECTS)


# The questions


def parts(dialect: Dialect, platform: Platform, history: list[Step] | None = None) -> str:
    chat = dialect.ask_action("Save ${it}", SCREEN, history or [], platform)
    return "\n".join([chat.system, *map(str, chat.parts)])


@pytest.mark.parametrize(("name", "platform"), SPOKEN)
def test_a_question_has_one_picture_the_task_and_the_history(name: str, platform: Platform) -> None:
    dialect = DIALECTS[name]
    chat = dialect.ask_action("Save ${it}", SCREEN, [], platform)
    assert chat.parts.count(IMAGE) == chat.user.count(IMAGE) == 1
    assert sum("Save ${it}" in str(part) for part in (chat.system, *chat.parts)) == 1
    b = grid_point(dialect, SCREEN, platform, 0.7, 0.9)
    step = Step(index=0, time=0, frame=SCREEN, image="x", action=Click(point=b), thought="because")
    failed = Step(index=1, time=0, frame=SCREEN, image="x", error="no such thing")
    told = parts(dialect, platform, [step, failed])
    call = dialect.grammar[platform].format_call(Click(point=b), dialect.view(SCREEN, use=platform))
    told_as = dialect.decide[platform].conversation
    template = told_as.answer if told_as.pictures > 1 else told_as.line
    assert ("because" if told_as.said and "${thought}" in template else call) in told
    assert "no such thing" in told
    assert "$" not in told.replace("Save ${it}", "")


PROTOCOL = {
    ("ui-tars-1.5", "desktop"): [
        "click(point='<point>x1 y1</point>')",
        "hotkey(key='ctrl c')",
        "Thought: ...\nAction: ...",
    ],
    ("ui-tars-1.0", "mobile"): ["long_press(start_box='<|box_start|>(x1,y1)<|box_end|>', time='')", "press_home()"],
    ("os-atlas-pro", "mobile"): ["CLICK <point>[[x-axis, y-axis]]</point>", "OPEN_APP [app_name]", "PRESS_BACK"],
    ("ui-venus-1.5", "desktop"): ["Click(box=(x1,y1))", "Hotkey(keys=['ctrl', 'c'])", "<action>"],
    ("autoglm-phone", "mobile"): ['do(action="Long Press", element=[x,y])', 'finish(message="', "<answer>"],
    ("cogagent", "desktop"): ["History steps: ", "(Platform: WIN)", "(Answer in Action-Operation-Sensitive format.)"],
    ("cogagent", "mobile"): ["(Platform: Mobile)"],
    ("mai-ui", "mobile"): ['{"action": "swipe", "direction": "up or down or left or right"', "<thinking>"],
    ("qwen3-vl", "mobile"): ["999x999", '"enum": ["click", "long_press", "swipe", "type", "answer", "system_button",'],
    ("gui-owl-1.5", "mobile"): ["1000x1000", '"interact", "terminate"]', "Previous actions:\nNone"],
    ("gui-owl", "desktop"): ['"drag"', '"coordinate2"', "The screen's resolution is 1932x1092."],
    ("aguvis", "mobile"): ['"mobile.swipe"', "Previous actions:\nNone"],
    ("showui", "desktop"): ["`SELECT_TEXT`", "{'action': 'ACTION_TYPE', 'value': 'element', 'position': [x,y]}"],
    ("holo1", "desktop"): ["write_element_abs", "<task>"],
    ("qwen2-vl", "desktop"): ["The screen's resolution is 1000x1000."],
}


@pytest.mark.parametrize(("name", "platform"), PROTOCOL)
def test_the_protocol_is_in_the_question(name: str, platform: Platform) -> None:
    told = parts(DIALECTS[name], platform)
    for words in PROTOCOL[name, platform]:
        assert words in told


@pytest.mark.parametrize("name", DIALECTS)
def test_the_question_where_something_is(name: str) -> None:
    dialect = DIALECTS[name]
    chat = dialect.ask_place("the save button", SCREEN)
    assert chat.user.count(IMAGE) == 1
    assert sum("the save button" in str(part) for part in chat.user) == 1
    order = [part == IMAGE for part in chat.user]
    assert order.index(True) == (
        1 if name in ("mai-ui", "showui", "ui-tars-1.5", "gelato", "phi-ground", "gelab", "agentcpm-gui") else 0
    )


def test_gta1_is_told_the_resized_size() -> None:
    chat = DIALECTS["gta1"].ask_place("x", SCREEN)
    assert "height 1092 and width 1932" in chat.system


# The size that is sent


@pytest.mark.parametrize("name", DIALECTS)
@given(width=st.integers(64, 4000), height=st.integers(64, 4000))
def test_the_size_sent_is_left_alone(name: str, width: int, height: int) -> None:
    rule = DIALECTS[name].resize
    sent = rule.size(width, height)
    assert rule.size(*sent) == sent
    assert sent[0] % rule.factor == sent[1] % rule.factor == 0
    assert sent[0] * sent[1] <= rule.max_pixels


SIZES_SENT = [  # of a screen of 1920x1080, a crop of 60x40, a screen of 7680x4320: by each family's factor and limits
    (
        ((1932, 1092), (84, 56), (4760, 2688)),
        "qwen2.5-vl qwen2-vl os-atlas-base os-atlas-pro uground infigui-g1 gui-g2 fara-7b opencua kimi-vl se-gui "
        "locateanything",
    ),
    (
        ((1920, 1088), (320, 224), (5440, 3072)),
        "qwen3-vl qwen3.5 holo2 ui-venus-1.5 mai-ui ui-venus-2 gelato holo3 gelab qwen3.5-tools",
    ),
    (((1792, 896), (1344, 896), (1792, 896)), "internvl2.5"),
    (((1932, 1092), (364, 252), (4760, 2688)), "ui-tars-1.0 ui-tars-1.5"),
    (((896, 448), (1344, 896), (896, 448)), "os-atlas-base-4b os-atlas-pro-4b"),
    (((1344, 756), (560, 392), (1344, 756)), "showui"),
    (((1260, 700), (84, 56), (1260, 700)), "aguvis"),
    (((1932, 1092), (84, 56), (4200, 2352)), "gui-owl"),
    (((1920, 1088), (576, 384), (4192, 2368)), "gui-owl-1.5"),
    (((1316, 728), (84, 56), (1316, 728)), "holo1"),
    (((1932, 1092), (84, 56), (2548, 1428)), "holo1.5"),
    (((1932, 1092), (84, 56), (3948, 2212)), "gta1 ui-ins"),
    (((1932, 1092), (1736, 1176), (2912, 1624)), "ui-venus-1.0-ground ui-venus-1.0-navi"),
    (((1932, 1092), (84, 56), (1932, 1064)), "jedi scalecua"),
    (((1932, 1092), (140, 112), (2968, 1652)), "autoglm-phone"),
    (((1120, 1120), (1120, 1120), (1120, 1120)), "cogagent"),
    (((448, 448), (448, 448), (448, 448)), "seeclick"),
    (((1920, 1088), (320, 224), (4800, 2688)), "evocua"),
    (((1932, 1092), (364, 252), (3248, 1820)), "groundnext"),
    (((1920, 1088), (96, 64), (4768, 2688)), "fara1.5"),
    (((1008, 672), (1008, 672), (1008, 672)), "phi-ground"),
    (((1792, 1008), (56, 42), (1792, 1008)), "minicpm-v"),
    (((896, 896), (896, 896), (896, 896)), "gemma"),
    (((1932, 1092), (140, 112), (4760, 2688)), "glm-v"),
    (((1120, 630), (56, 42), (1120, 630)), "agentcpm-gui"),
    (((1876, 1036), (84, 56), (1876, 1036)), "general general-tools"),
    (((1428, 784), (84, 56), (1428, 784)), "openai-computer anthropic-computer"),
]


@pytest.mark.parametrize(("sizes", "names"), SIZES_SENT)
def test_each_family_gets_its_own_size(sizes: tuple[tuple[int, int], ...], names: str) -> None:
    for name in names.split():
        rule = DIALECTS[name].resize
        assert (rule.size(1920, 1080), rule.size(60, 40), rule.size(7680, 4320)) == sizes, name


def test_every_family_has_its_size() -> None:
    assert sorted(name for _, names in SIZES_SENT for name in names.split()) == sorted(DIALECTS)


def test_tiles_are_those_of_internvl() -> None:
    assert Tiles().size(1920, 1080) == (4 * 448, 2 * 448)
    assert Tiles().size(1080, 2400) == (2 * 448, 5 * 448)
    assert Tiles().size(448, 448) == (448, 448)
    assert Tiles(max_pixels=6 * 448 * 448).size(800, 800) == (896, 896)
    assert Square().size(1920, 1080) == (1120, 1120)


# Real answers

DATA = Path(os.environ.get("HANDEYE_DATA", Path(__file__).parents[3].parent / "shared" / "data")) / "predictions"


@pytest.mark.parametrize(("suite", "right"), [("screenspot_v2", 2543), ("osworld_g", 1127)])
def test_real_answers_give_the_recorded_pixels(suite: str, right: int) -> None:
    """MAI-UI's raw answers (its own project's, in two runs) through the dialect; the one left is a ramble."""
    answers = DATA / f"{suite}.mai_ui.jsonl"
    if not answers.exists():
        pytest.skip(f"{answers.name} is not here: set HANDEYE_DATA to the folder that has predictions/")
    sizes = {}
    for line in (DATA / f"{suite}.annotations.jsonl").read_text().splitlines():
        item = json.loads(line)
        sizes[item["id"]] = item["img_size"]
    verdicts: Counter[str] = Counter()
    for line in answers.read_text().splitlines():
        row = json.loads(line)
        width, height = sizes[row["id"]]
        try:
            spot = DIALECTS["mai-ui"].parse_place(row["raw_response"], Frame(id="0", width=width, height=height))
        except ParseError:
            assert "</answer>" not in row["raw_response"]
            verdicts["unreadable"] += 1
            continue
        assert spot.point is not None
        assert spot.notes == ()
        same = max(abs(spot.point.x - row["pred"][0]), abs(spot.point.y - row["pred"][1])) < 1e-6
        verdicts["same" if same else "other"] += 1
    assert verdicts == {"same": right, "unreadable": 1}


# Damaged answers


SIGNS: list[Any] = ["(", '"', "click("]
SIGNS += [
    pytest.param(sign, marks=pytest.mark.slow)
    for sign in ("[", "“", "‘", "'", "Action: click(a=[", '"\\"', " ", "<think>")
]


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("sign", SIGNS)
def test_a_megabyte_of_anything_takes_a_moment(name: str, sign: str) -> None:
    dialect, text = DIALECTS[name], sign * (1_000_000 // len(sign))
    start = time.process_time()
    for platform in dialect.decide:
        with pytest.raises(ParseError):
            dialect.parse(text, SCREEN, platform)
    with pytest.raises(ParseError):
        dialect.parse_place(text, SCREEN)
    assert time.process_time() - start < 30, "this grows faster than the answer"  # under 1 s on an idle machine


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_damage_is_repaired_with_a_note_or_refused(every: int) -> None:
    """The corpus of ``python -m benchmarks.damage``: no other exception, no other action without a note."""
    rows, faults = survey(every)
    assert faults == []
    assert sum(row.damaged for row in rows) >= 150_000 // every
    assert {row.dialect for row in rows} == set(DIALECTS)
    assert len([row for row in rows if row.platform != "places"]) == len(SPOKEN)
    for row in rows:
        assert row.recovered > 0.35, row


def test_the_judge_finds_a_wrong_action() -> None:
    case = next(case for case in cases() if case.kind == "cut" and case.platform == "desktop")
    text = case.dialect.format(Click(point=Point(0, 0)), SCREEN, "desktop")
    wrong = type(case)(case.dialect, "desktop", TypeText(text="x"), case.pointer, "cut", text, True)
    assert re.match("another one without a note", judge(wrong))
