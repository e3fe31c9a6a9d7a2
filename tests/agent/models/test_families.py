"""Answers in the forms that owners document, read to the pixel of the owner's rule, and names as they are served."""

import json
import re

import pytest

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
    Open,
    ReleaseKeys,
    ReleaseMouse,
    Scroll,
    TypeText,
    Wait,
)
from actions.frame import Frame, Point
from agent.core.model import ModelError, ParseError
from agent.core.step import Step
from agent.models.dialects.conversation import EarlierImage
from agent.models.dialects.dialect import Platform
from agent.models.dialects.registry import DIALECTS, dialect_for

SCREEN = Frame(id="0", width=2000, height=1000)
POINTER = Point(500, 500)


def xml(tool: str = "computer_use", **arguments: str) -> str:
    inner = "".join(f"<parameter={name}>\n{value}\n</parameter>\n" for name, value in arguments.items())
    return f"Action: Do it.\n<tool_call>\n<function={tool}>\n{inner}</function>\n</tool_call>"


def venus(call: str) -> str:
    return f"<think> It is there. </think>\n<action> {call} </action>"


def evo(**arguments: object) -> str:
    return f"Action: Do it.\n<tool_call>\n{{'name': 'computer_use', 'arguments': {arguments}}}\n</tool_call>"


def holo(tool: str, **arguments: object) -> str:
    return json.dumps({"note": "a1", "thought": "Do it.", "tool_call": {"tool_name": tool, **arguments}})


def fara(**arguments: object) -> str:
    call = json.dumps({"name": "computer_use", "arguments": arguments})
    return f"It is there.\n<tool_call>\n{call}\n</tool_call>"


def code(call: str) -> str:
    return f"## Thought:\nIt is QR Code: 5.\n\n## Action:\nDo it.\n\n## Code:\n```python\n{call}\n```"


def gelab(action: str, **fields: str) -> str:
    said = "".join(f"{name}:{value}\t" for name, value in fields.items())
    return f"<THINK> It is there. </THINK>\nexplain:it\taction:{action}\t{said}summary:step one is done\n"


def glm(call: str, memory: str = "[]") -> str:
    return f"It is there. <|begin_of_box|>{call}<|end_of_box|>\nMemory:\n{memory}"


def phone(**values: object) -> str:
    return f"Memory: None\nReason: It is there.\nAction: {json.dumps(values)}"


def scale(call: str) -> str:
    return f"<think>\nIt is there.\n</think>\n<operation>\nDo it.\n</operation>\n<action>\n{call}\n</action>"


D: Platform = "desktop"
M: Platform = "mobile"
BING = "https://www.bing.com/search?q="
SWIPE = (Point(1000, 800), Point(1000, 200))
THIRDS = Point(333 / 999 * 2000, 666 / 999 * 1000)
ANSWERS: list[tuple[str, Platform, str, AnyAction]] = [
    ("qwen3.5", D, xml(action="left_click", coordinate="[491, 91]"), Click(point=Point(982, 91))),
    ("qwen3.5", D, xml("computer", action="left_click", coordinate="[491, 91]"), Click(point=Point(982, 91))),
    (
        "qwen3.5",
        D,
        xml(action="right_click", coordinate="[0, 500]"),
        Click(point=Point(0, 500), button="right"),
    ),
    ("qwen3.5", D, xml(action="key", keys='["ctrl", "s"]'), Key(chords=("ctrl+s",))),
    ("qwen3.5", D, xml(action="type", text="two\nlines\n"), TypeText(text="two\nlines\n")),
    ("qwen3.5", D, xml(action="type", text="[1, 2] {a}"), TypeText(text="[1, 2] {a}")),
    ("qwen3.5", D, xml(action="type", text="<b>bold</b>"), TypeText(text="<b>bold</b>")),
    (
        "qwen3.5",
        D,
        xml(action="scroll", pixels="-300", coordinate="[500, 500]"),
        Scroll(point=Point(1000, 500), dy=3),
    ),
    (
        "qwen3.5",
        D,
        xml(action="left_click_drag", coordinate="[500, 250]"),
        Drag(path=(POINTER, Point(1000, 250))),
    ),
    ("qwen3.5", D, xml(action="key_down", keys='["ctrl", "Shift"]'), HoldKeys(keys=("ctrl", "shift"))),
    ("qwen3.5", D, xml(action="key_up", keys="ctrl"), ReleaseKeys(keys=("ctrl",))),
    ("qwen3.5", D, xml(action="hold_key", text="w", duration="1.5"), HoldKeys(keys=("w",), seconds=1.5)),
    ("qwen3.5", D, xml(action="left_mouse_down"), HoldMouse(point=POINTER)),
    (
        "qwen3.5",
        D,
        xml(action="left_mouse_up", coordinate="[500, 250]"),
        ReleaseMouse(point=Point(1000, 250)),
    ),
    ("evocua", D, evo(action="key_up", keys=["ctrl"]), ReleaseKeys(keys=("ctrl",))),
    ("ui-venus-2", D, venus("KeyDown(keys=['ctrl'])"), HoldKeys(keys=("ctrl",))),
    ("ui-venus-2", D, venus("MouseDown(box=(333, 666))"), HoldMouse(point=THIRDS)),
    ("ui-venus-2", D, venus("MouseUp()"), ReleaseMouse(point=POINTER)),
    ("qwen3.5", D, xml(action="wait", time="2.5"), Wait(seconds=2.5)),
    ("qwen3.5", D, xml(action="call_user", text="Which one?"), AskUser(question="Which one?")),
    ("qwen3.5", D, xml(action="screenshot"), Wait(seconds=0)),
    ("qwen3.5", D, xml(action="terminate", status="success"), Finish(status="success")),
    ("qwen3.5", M, xml("mobile_use", action="system_button", button="Back"), Button(name="back")),
    (
        "qwen3.5",
        M,
        xml("mobile_use", action="left_click", coordinate="[500, 500]"),
        Click(point=Point(1000, 500)),
    ),
    (
        "qwen3.5",
        D,
        evo(action="left_click", coordinate=[491, 91]).replace("'", '"'),
        Click(point=Point(982, 91)),
    ),
    (
        "evocua",
        D,
        evo(action="left_click", coordinate=[333, 666]),
        Click(point=THIRDS),
    ),
    ("evocua", D, evo(action="type", text="a\\nb"), TypeText(text="a\nb")),
    ("evocua", D, evo(action="scroll", pixels=-5), Scroll(dy=5)),  # pyautogui.scroll(pixels)
    ("evocua", D, evo(action="key", keys=["keys=[ctrl", "c]"]), Key(chords=("ctrl+c",))),  # _clean_keys
    (
        "evocua",
        D,
        evo(action="left_click_drag", coordinate=[333, 666], duration=1),
        Drag(path=(POINTER, THIRDS), seconds=1.0),
    ),
    ("qwen3.5", D, xml(action="scroll", pixels="-10"), Scroll(dy=10)),  # the same in OSWorld's agents of Qwen
    ("qwen3.5", D, xml("computer", type="left_click", coordinate="[491, 91]"), Click(point=Point(982, 91))),
    (
        "qwen3.5",
        D,
        xml(action="left_click", coordinate="[491, 91]").replace(
            "<parameter=act", "<parameter=computer_use>\n<parameter=act"
        ),
        Click(point=Point(982, 91)),
    ),
    ("qwen3-vl", D, fara(action="scroll", pixels=-5), Scroll(dy=5)),
    ("ui-venus-2", D, venus("Click(box=(333, 666))"), Click(point=THIRDS)),
    ("ui-venus-2", D, venus("Click()"), Click(point=POINTER)),
    ("ui-venus-2", D, venus("TripleClick(box=(0, 0))"), Click(point=Point(0, 0), count=3)),
    ("ui-venus-2", D, venus("Drag(end=(999, 0))"), Drag(path=(POINTER, SCREEN.clamp(Point(2000, 0))))),
    ("ui-venus-2", D, venus("Swipe(amount=-5, axis='vertical')"), Scroll(dy=5)),
    ("ui-venus-2", D, venus("Swipe(amount=2, axis='horizontal')"), Scroll(dx=2)),
    ("ui-venus-2", D, venus("Swipe(amount=-4096, axis='vertical')"), Scroll(dy=100)),
    ("ui-venus-2", D, venus("CallUser()"), AskUser(question="The model asks for your help to go on.")),
    ("ui-venus-2", M, venus("GetScreenshot()"), Key(chords=("printscreen",))),  # into the album
    ("ui-venus-2", M, venus("Drag(start=(500, 800), end=(500, 200))"), Drag(path=SWIPE, seconds=1.0)),
    ("ui-venus-2", D, venus("Type(content='it\\'s\\n')"), TypeText(text="it's\n")),
    ("ui-venus-2", D, venus("Hotkey(keys=['ctrl', 'z'], repeat=2)"), Key(chords=("ctrl+z", "ctrl+z"))),
    ("ui-venus-2", D, venus("CallUser(content='The code?')"), AskUser(question="The code?")),
    ("ui-venus-2", M, venus("Click(point=(500, 500))"), Click(point=Point(1000, 500))),
    ("ui-venus-2", M, venus("Click(box=(500, 500))"), Click(point=Point(1000, 500))),
    (
        "ui-venus-2",
        M,
        venus("Swipe(start=(500, 800), end=(500, 200))"),
        Drag(path=(Point(1000, 800), Point(1000, 200))),
    ),
    ("ui-venus-2", M, venus("LongPress(point=(250, 250))"), LongPress(point=Point(500, 250))),
    ("ui-venus-2", M, venus("LaunchApp(app='Clock')"), Open(target="Clock")),
    ("ui-venus-2", M, venus("PressRecent()"), Button(name="recents")),
    ("ui-venus-2", M, venus("Answer(content='42')"), Answer(text="42")),
    ("holo3", D, holo("click", element="Continue button", x=932, y=880), Click(point=Point(1864, 880))),
    ("holo3", D, holo("write", content="two words"), TypeText(text="two words")),
    ("holo3", D, holo("answer", content="42"), Finish(status="success", message="42")),
    ("holo3", D, json.dumps({"tool_name": "click", "x": 500, "y": 0}), Click(point=Point(1000, 0))),
    ("holo3", M, holo("swipe", element="list", x=500, y=800, to_x=500, to_y=200), Drag(path=SWIPE)),
    ("fara-7b", D, fara(action="left_click", coordinate=[994, 504]), Click(point=Point(1000, 500))),
    ("fara-7b", D, fara(action="type", text="shoes", coordinate=[497, 504]), TypeText(text="shoes\n")),
    ("fara-7b", D, fara(action="type", text="a", press_enter=False), TypeText(text="a")),
    ("fara-7b", D, fara(action="type", text="a", delete_existing_text=True), TypeText(text="a\n", clear=True)),
    ("fara-7b", D, fara(action="visit_url", url="example.org"), Open(target="https://example.org")),
    ("fara-7b", D, fara(action="web_search", query="red shoes"), Open(target=BING + "red+shoes&FORM=QBLH")),
    ("fara-7b", D, fara(action="visit_url", url="red shoes"), Open(target=BING + "red+shoes&FORM=QBLH")),
    ("fara-7b", D, fara(action="history_back"), Key(chords=("alt+left",))),
    ("fara-7b", D, fara(action="scroll", pixels=-1000), Scroll(dy=4)),  # page_down: 400 pixels, whatever it says
    ("fara-7b", D, fara(action="pause_and_memorize_fact", fact="It is 5."), Wait(seconds=0)),
    ("fara-7b", D, fara(action="terminate", status="success"), Finish(status="success")),
    ("opencua", D, code("pyautogui.click(x=994, y=504)"), Click(point=Point(1000, 500))),
    (
        "opencua",
        D,
        code("pyautogui.click(x=994, y=504, button='right')"),
        Click(point=Point(1000, 500), button="right"),
    ),
    ("opencua", D, code("computer.triple_click(x=994, y=504)"), Click(point=Point(1000, 500), count=3)),
    ("opencua", D, code("pyautogui.press(keys=['down', 'down'])"), Key(chords=("down", "down"))),
    ("opencua", D, code("pyautogui.hotkey(['ctrl', 's'])"), Key(chords=("ctrl+s",))),
    ("opencua", D, code("pyautogui.scroll(-3)"), Scroll(dy=3)),
    ("opencua", D, code("computer.terminate(status='success')"), Finish(status="success")),
    ("kimi-vl", D, code("pyautogui.click(x=0.5, y=0.5)"), Click(point=Point(1000, 500))),
    ("kimi-vl", D, code("computer.wait()"), Wait(seconds=20)),
    ("kimi-vl", D, code("computer.terminate(status='success', answer='5')"), Finish(status="success", message="5")),
    ("scalecua", D, scale("click(x=994, y=504, clicks=2)"), Click(point=Point(1000, 500), count=2)),
    ("scalecua", D, scale("write(message='a b')"), TypeText(text="a b")),
    ("scalecua", D, scale("scroll(clicks=-5, x=994, y=504)"), Scroll(point=Point(1000, 500), dy=5)),
    ("scalecua", D, scale("hotkey('ctrl', 'c')"), Key(chords=("ctrl+c",))),
    ("scalecua", D, scale("press(keys='tab', presses=3)"), Key(chords=("tab",) * 3)),
    ("scalecua", D, scale("wait()"), Wait(seconds=3)),
    ("scalecua", D, scale("response(answer='42')"), Answer(text="42")),
    ("scalecua", D, scale("terminate(status='failure', info='no')"), Finish(status="failure", message="no")),
    ("agentcpm-gui", M, '{"thought":"It is there.","POINT":[729,69]}', Click(point=Point(1458, 69))),
    ("agentcpm-gui", M, '{"POINT":[500,250],"duration":1000}', LongPress(point=Point(1000, 250), seconds=1.0)),
    ("agentcpm-gui", M, '{"POINT":[500,200],"to":"down"}', Scroll(point=Point(1000, 200), dy=-5)),
    ("agentcpm-gui", M, '{"POINT":[500,800],"to":[500,200]}', Drag(path=SWIPE)),
    ("agentcpm-gui", M, '{"PRESS":"HOME"}', Button(name="home")),
    ("agentcpm-gui", M, '{"TYPE":"Hello, world!"}', TypeText(text="Hello, world!")),
    ("agentcpm-gui", M, '{"duration":500}', Wait(seconds=0.5)),
    ("agentcpm-gui", M, '{"thought":"Done.","STATUS":"finish"}', Finish(status="success")),
    ("agentcpm-gui", M, '{"STATUS":"impossible"}', Finish(status="failure")),
    ("gelab", M, gelab("CLICK", point="500,500"), Click(point=Point(1000, 500))),
    ("gelab", M, gelab("CLICK", point="500 500"), Click(point=Point(1000, 500))),
    ("gelab", M, gelab("TYPE", value="a: b", point="250,500"), TypeText(text="a: b")),
    ("gelab", M, gelab("SLIDE", point1="500,800", point2="500,200"), Drag(path=SWIPE)),
    ("gelab", M, gelab("AWAKE", value="Clock"), Open(target="Clock")),
    ("gelab", M, gelab("INFO", value="Which?"), AskUser(question="Which?")),
    ("gelab", M, gelab("COMPLETE", **{"return": "Done."}), Finish(status="success", message="Done.")),
    ("gelab", M, gelab("ABORT", value="No."), Finish(status="failure", message="No.")),
    ("gelab", M, gelab("WAIT", value="2").replace("THINK", "TINK"), Wait(seconds=2)),
    ("glm-v", D, glm("left_click(start_box='[333,666]', element_info='Save')"), Click(point=THIRDS)),
    ("glm-v", D, glm("key(keys='ctrl+c')"), Key(chords=("ctrl+c",))),
    ("glm-v", D, glm("scroll(start_box='[333,666]', direction='down', step=5)"), Scroll(point=THIRDS, dy=5)),
    ("glm-v", D, glm("WAIT()"), Wait(seconds=5)),
    ("glm-v", D, glm("FAIL()"), Finish(status="failure")),
    ("glm-v", M, phone(action_type="click", box_2d=[[333, 666, 333, 666]]), Click(point=THIRDS)),
    ("glm-v", M, phone(action_type="open_app", app_name="Broccoli").replace('"', "'"), Open(target="Broccoli")),
    ("glm-v", M, phone(action_type="swipe", direction="up"), Scroll(dy=5)),
    ("glm-v", M, phone(action_type="status", goal_status="infeasible"), Finish(status="failure")),
    ("fara1.5", D, fara(action="left_click", coordinate=[500, 250]), Click(point=Point(1000, 250))),
    ("fara1.5", D, fara(action="type", text="a"), TypeText(text="a")),
    ("fara1.5", D, fara(action="ask_user_question", question="Which?"), AskUser(question="Which?")),
    ("fara1.5", D, fara(action="terminate", answer="It is 5."), Finish(status="success", message="It is 5.")),
    ("fara1.5", D, fara(action="left_click_drag", coordinate=[500, 250]), Drag(path=(POINTER, Point(1000, 250)))),
]


@pytest.mark.parametrize(("name", "platform", "text", "action"), ANSWERS)
def test_an_owners_answer_is_read_to_the_owners_pixel(
    name: str, platform: Platform, text: str, action: AnyAction
) -> None:
    assert DIALECTS[name].parse(text, SCREEN, platform, pointer=POINTER).action == action


@pytest.mark.parametrize("name", ["qwen3-vl", "qwen3.5", "evocua", "gui-owl-1.5"])
def test_a_step_that_has_no_picture_any_more_is_told_by_its_action_line(name: str) -> None:
    """As ``build_messages`` of GUI-Owl-1.5 and ``_build_s2_messages`` of EvoCUA take it from the answer."""
    raw = xml(action="wait", time="1") if name == "qwen3.5" else evo(action="wait").replace("'", '"')
    steps = [
        Step(index=n, time=n, frame=SCREEN, image="x", action=Wait(), raw=raw, thought="Action: Do it.")
        for n in range(2)
    ]
    chat = DIALECTS[name].with_images(1).ask_action("T", SCREEN, steps[:1], "desktop")
    chat = chat if name != "qwen3.5" else DIALECTS[name].ask_action("T", SCREEN, steps * 60, "desktop")
    assert any("\nStep 1: Do it." in part for part in chat.parts if isinstance(part, str))


def test_a_sequence_is_several_actions_in_order() -> None:
    text = venus("Sequence(actions=[Click(box=(0, 0)), Type(content='a'), Hotkey(keys=['enter'])])")
    found = DIALECTS["ui-venus-2"].parse(text, SCREEN)
    assert (found.action, *found.rest) == (Click(point=Point(0, 0)), TypeText(text="a"), Key(chords=("enter",)))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("qwen3.5", xml(action="key_down")),
        ("qwen3.5", xml(action="key_down", keys='["ctrl"]', time="2")),
        ("qwen3.5", xml(action="hold_key", text="w")),
        ("qwen3.5", xml(action="left_mouse_down", button="right")),
        (
            "qwen3.5",
            xml(action="left_click", coordinate="[491, 91]").replace("</parameter>\n</f", "\n</f"),
        ),
        ("qwen3.5", xml(action="left_click", coordinate="[491, 91] [1, 2]")),
        ("qwen3.5", xml(action="left_click", coordinate="[491, 91]", force="x")),
        ("qwen3.5", "I could call <function=computer_use> here."),
        ("ui-venus-2", venus("KeyDown(keys=['ctrl'], box=(1, 1))")),
        ("ui-venus-2", venus("Sequence(actions=[Click(box=(1, 1)), 5])")),
        ("ui-venus-2", venus("Sequence(actions=[Click(box=(1, 1))], repeat=2)")),
        ("ui-venus-2", venus("Swipe(amount=0.5, axis='vertical')")),
        ("ui-venus-2", venus("Swipe(amount=5, axis='z')")),
        ("ui-venus-2", venus("Click(box=None)")),
        ("holo3", holo("drag", x=1, y=1)),
        ("holo3", holo("click", x=1001, y=5)),
        ("holo3", holo("click", x=1, y=5)[:-1] + ', "mode": "fast"}'),
        ("holo3", holo("terminate", status="success")),
        ("opencua", code("pyautogui.click(x=0.5, y=0.5)")),
        ("opencua", code("import os")),
        ("glm-v", glm("left_click(start_box='[1001,5]')")),
        ("glm-v", glm("left_click(start_box='[1,5]', mode='x')")),
        ("opencua", code("computer.terminate(status='done')")),
        ("opencua", code("computer.terminate(status=False)")),
        ("scalecua", scale("call_user(who='me')")),
        ("fara1.5", fara(action="read_page_answer_question", question="How much?")),
        ("fara-7b", fara(action="double_click", coordinate=[1, 1])),
    ],
)
def test_what_cannot_be_said_here_is_unusable(name: str, text: str) -> None:
    with pytest.raises(ParseError):
        DIALECTS[name].parse(text, SCREEN, pointer=POINTER)


@pytest.mark.parametrize("name", ["qwen2.5-vl", "mai-ui", "aguvis", "opencua", "general"])
@pytest.mark.parametrize("said", ["fail", "Failed", "failure "])
def test_a_failure_is_one_however_it_is_spelt(name: str, said: str) -> None:
    platform = M if M in DIALECTS[name].grammar else D
    call = DIALECTS[name].format(Finish(status="failure"), SCREEN, platform)
    text = re.sub(r"\b(?:fail|failure)\b", said, call)
    assert DIALECTS[name].parse(text, SCREEN, platform).action == Finish(status="failure")


def test_an_answer_that_ends_before_the_family_s_stop_string_is_whole() -> None:
    text = fara(action="left_click", coordinate=[500, 250])
    cut = text.removesuffix("</tool_call>")
    assert DIALECTS["fara1.5"].parse(cut, SCREEN).notes == DIALECTS["fara1.5"].parse(text, SCREEN).notes == ()
    assert DIALECTS["fara1.5"].parse(cut, SCREEN, ended=False).notes == ("no </tool_call> after the action",)


@pytest.mark.parametrize(
    ("name", "text", "point"),
    [
        ("qwen3.5", '```json\n[{"point_2d": [500, 250], "label": "x"}]\n```', Point(1000, 250)),
        ("qwen3.5", '[{"bbox_2d": [400, 200, 600, 300], "label": "x"}]', Point(1000, 250)),
        ("ui-venus-2", "[500,250]", Point(1000, 250)),
        ("ui-venus-2", "[-1,-1]", None),
        ("gelato", "(500,250)", Point(1000, 250)),
        ("gelato", "refusal", None),
        ("gui-g2", "[996, 490, 1020, 518]", Point(1008 / 1988 * 2000, 504 / 1008 * 1000)),
        ("holo3", '{"x": 552, "y": 404}', Point(1104, 404)),
        ("gelab", gelab("CLICK", point="500,250"), Point(1000, 250)),
        ("glm-v", "<|begin_of_box|>[[400,200,600,300]]<|end_of_box|>", Point(1000, 250)),
        ("opencua", "```python\npyautogui.click(x=994, y=504)\n```", Point(1000, 500)),
        ("opencua", "pyautogui.click(x=-1, y=-1)", None),
        ("se-gui", fara(action="left_click", coordinate=[994, 504]), Point(1000, 500)),
        ("ui-ins", "<think>[1, 2] or so.</think>\n[994, 504]", Point(1000, 500)),
        ("phi-ground", "<point>500, 375</point>", Point(1000, 500)),
        ("phi-ground", "[400, 300, 600, 450]", Point(1000, 500)),
        ("locateanything", "<ref>it</ref><box><400><200><600><300></box>", Point(1000, 250)),
        ("locateanything", "<ref>it</ref><box><500><250></box>", Point(1000, 250)),
        ("locateanything", "<box>none</box>", None),
        ("minicpm-v", "<box>400 200 600 300</box>", Point(1000, 250)),
        ("minicpm-v", "<ref>it</ref><box>400 200 600 300</box>", Point(1000, 250)),
        ("minicpm-v", "<box>-1 -1 -1 -1</box>", None),
        ("ui-venus-2", "[400,200], [600,300]", Point(1000, 250)),  # ui_venus2_gd.py: the middle of two corners
        ("internvl2.5", "[[500, 250]]", Point(1000, 250)),
        ("internvl2.5", "<action>\nclick(x=-1, y=-1)\n</action>", None),  # internvl3_5_8b.py of VenusBench-GD
        ("gemma", '[{"box_2d": [200, 400, 300, 600], "label": "x"}]', Point(1000, 250)),
        ("gemma", "```json\n[]\n```", None),
        ("internvl2.5", "[[400, 200, 600, 300]]", Point(1000, 250)),
    ],
)
def test_a_place_is_read_to_the_owners_pixel(name: str, text: str, point: Point | None) -> None:
    spot = DIALECTS[name].parse_place(text, SCREEN)
    assert spot.point == (None if point is None else pytest.approx(point))


@pytest.mark.parametrize(
    ("name", "platform", "temperature", "top_p"),
    [
        ("evocua", "desktop", 0.01, 0.9),
        ("gelab", "mobile", 0.1, 0.95),
        ("agentcpm-gui", "mobile", 0.1, 0.3),
        ("scalecua", "desktop", 1.0, 0.9),
        ("ui-venus-2", "mobile", 0.6, 1.0),
        ("ui-venus-2", "desktop", 0.0, 1.0),
    ],
)
def test_actions_are_drawn_as_the_owner_draws_them_and_places_never(
    name: str, platform: Platform, temperature: float, top_p: float
) -> None:
    drawn = DIALECTS[name].ask_action("TASK", SCREEN, [], platform).sampling
    assert (drawn.temperature, drawn.top_p) == (temperature, top_p)
    assert DIALECTS[name].ask_place("it", SCREEN).sampling.temperature == 0


def test_what_is_told_of_an_earlier_answer_is_what_the_owner_tells() -> None:
    done = [
        Step(index=n, time=n, frame=SCREEN, image="x", action=Click(point=Point(5, 5)), thought="all of it", raw=raw)
        for n, raw in enumerate((code("pyautogui.click(x=5, y=5)"), code("pyautogui.click(x=6, y=6)")))
    ]
    turns = DIALECTS["opencua"].ask_action("TASK", SCREEN, done, "desktop").turns
    assert [turn.parts for turn in turns if turn.role == "assistant"] == [
        (f"# Step {n}:\n## Action:\nDo it.\n",) for n in (1, 2)
    ]
    raw = scale("click(x=5, y=5)")
    told = DIALECTS["scalecua"].ask_action("TASK", SCREEN, [done[0].model_copy(update={"raw": raw})], "desktop").user
    assert str(told[-1]).endswith("Previous operations:\nStep 1: Do it.\n")


def step(raw: str, index: int = 0) -> Step:
    done = Click(point=Point(5, 5))
    return Step(index=index, time=index, frame=SCREEN, image="x", action=done, thought="all of it", raw=raw)


def test_an_action_with_the_end_of_the_task_is_both() -> None:
    found = DIALECTS["agentcpm-gui"].parse('{"POINT":[500,250],"STATUS":"finish"}', SCREEN, "mobile")
    assert (found.action, *found.rest) == (Click(point=Point(1000, 250)), Finish(status="success"))
    for text in (
        '{"POINT":[500,250],"TYPE":"a"}',
        '{"STATUS":"continue"}',
        '{"POINT":[5,5],"to":"in"}',
        '{"CLEAR":null}',
    ):
        with pytest.raises(ParseError):
            DIALECTS["agentcpm-gui"].parse(text, SCREEN, "mobile")


def test_the_last_summary_stands_for_the_steps_before() -> None:
    first, last = gelab("CLICK", point="1,1"), gelab("CLICK", point="2,2").replace("step one is", "two are")
    told = str(DIALECTS["gelab"].ask_action("TASK", SCREEN, [step(first), step(last, 1)], "mobile").user)
    assert "two are done" in told
    assert "step one" not in told


def test_all_is_told_in_one_message_with_small_pictures_and_the_newest_memory() -> None:
    raws = [glm("WAIT()", '[{"a": 1}]'), glm("WAIT()", '[{"b": 2}]'), "It is there."]
    chat = DIALECTS["glm-v"].ask_action("TASK", SCREEN, [step(raw, n) for n, raw in enumerate(raws)], "desktop")
    assert chat.turns == ()
    assert [part for part in chat.user if isinstance(part, EarlierImage)] == [EarlierImage(n, 0.5) for n in range(3)]
    told = "".join(part for part in chat.user if isinstance(part, str))
    assert "step 1: Screenshot: Thought: It is there.\nAction: left_click(" in told
    assert 'Memory:\n[{"b": 2}]\n' in told
    assert '"a"' not in told


@pytest.mark.parametrize(
    "text",
    [
        "action:CLICK\tpoint:5",
        "action:TYPE\tvalue::a\tsummary:x",
        "explain:x\taction:CLICK\tpoint:5,5\tforce:3\tsummary:x",
        "action:TAP\tsummary:x",
    ],
)
def test_fields_that_say_no_action_are_unusable(text: str) -> None:
    with pytest.raises(ParseError):
        DIALECTS["gelab"].parse(text, SCREEN, "mobile")


# Names --------------------------------------------------------------------------------------------------------------

SERVED = {
    "qwen2.5-vl": (
        "Qwen/Qwen2.5-VL-3B-Instruct Qwen/Qwen2.5-VL-7B-Instruct Qwen/Qwen2.5-VL-7B-Instruct-AWQ "
        "Qwen/Qwen2.5-VL-32B-Instruct Qwen/Qwen2.5-VL-72B-Instruct RedHatAI/Qwen2.5-VL-7B-Instruct-FP8-Dynamic "
        "RedHatAI/Qwen2.5-VL-72B-Instruct-quantized.w4a16 unsloth/Qwen2.5-VL-7B-Instruct-GGUF:Q4_K_M "
        "ggml-org/Qwen2.5-VL-3B-Instruct-GGUF:Q8_0 unsloth/Qwen2.5-VL-3B-Instruct-unsloth-bnb-4bit qwen2.5vl:3b "
        "qwen2.5vl:7b-q4_K_M mlx-community/Qwen2.5-VL-7B-Instruct-4bit /models/Qwen2.5-VL-7B-Instruct-Q4_K_M.gguf "
        "qwen/qwen2.5-vl-7b accounts/fireworks/models/qwen2p5-vl-32b-instruct qwen2.5-vl-72b-instruct "
        "huihui-ai/Qwen2.5-VL-7B-Instruct-abliterated /srv/ocr/Qwen2.5-VL-3B-Instruct "
    ),
    "qwen2-vl": (
        "Qwen/Qwen2-VL-2B-Instruct Qwen/Qwen2-VL-7B-Instruct Qwen/Qwen2-VL-7B-Instruct-AWQ "
        "Qwen/Qwen2-VL-72B-Instruct-GPTQ-Int4 bartowski/Qwen2-VL-7B-Instruct-GGUF:Q5_K_M "
        "mlx-community/Qwen2-VL-2B-Instruct-4bit "
    ),
    "qwen3-vl": (
        "Qwen/Qwen3-VL-2B-Instruct Qwen/Qwen3-VL-4B-Instruct Qwen/Qwen3-VL-4B-Instruct-FP8 Qwen/Qwen3-VL-8B-Instruct "
        "Qwen/Qwen3-VL-8B-Thinking Qwen/Qwen3-VL-30B-A3B-Instruct Qwen/Qwen3-VL-32B-Instruct-FP8 "
        "Qwen/Qwen3-VL-235B-A22B-Instruct unsloth/Qwen3-VL-8B-Instruct-GGUF:UD-Q4_K_XL qwen3-vl:8b qwen3-vl:30b-a3b "
        "cpatonn/Qwen3-VL-8B-Instruct-AWQ-4bit lmstudio-community/Qwen3-VL-4B-Instruct-GGUF "
        "qwen/qwen3-vl-30b qwen3-vl:235b-cloud qwen3-vl-plus mlx-community/Qwen3-VL-4B-Instruct-4bit "
    ),
    "qwen3.5": (
        "Qwen/Qwen3.5-0.8B Qwen/Qwen3.5-2B Qwen/Qwen3.5-4B Qwen/Qwen3.5-9B Qwen/Qwen3.5-27B Qwen/Qwen3.5-35B-A3B "
        "Qwen/Qwen3.5-35B-A3B-FP8 Qwen/Qwen3.5-122B-A10B Qwen/Qwen3.5-397B-A17B unsloth/Qwen3.5-9B-GGUF:Q4_K_M "
        "unsloth/Qwen3.5-35B-A3B-GGUF:UD-Q4_K_XL qwen3.5:9b qwen3.5:35b-a3b Qwen/Qwen3.6-27B Qwen/Qwen3.6-35B-A3B "
        "Qwen/Qwen3.6-27B-FP8 unsloth/Qwen3.6-27B-GGUF mlx-community/Qwen3.6-35B-A3B-4bit Qwen/Qwen3.8-27B "
        "Qwen/Qwen3.8-27B-FP8 "
        "qwen3.6:35b-a3b-coding qwen3.6-flash Qwen3_6-27B mlx-community/Qwen3.5-9B-MLX-4bit Qwen/Qwen3.5-9B-Base "
    ),
    "internvl2.5": (
        "OpenGVLab/InternVL2_5-1B OpenGVLab/InternVL2_5-4B OpenGVLab/InternVL2_5-8B-MPO OpenGVLab/InternVL2_5-38B-AWQ "
        "OpenGVLab/InternVL3-2B OpenGVLab/InternVL3-8B OpenGVLab/InternVL3-8B-AWQ OpenGVLab/InternVL3-14B-hf "
        "OpenGVLab/InternVL3_5-4B OpenGVLab/InternVL3_5-8B-HF OpenGVLab/InternVL3_5-30B-A3B "
        "bartowski/OpenGVLab_InternVL3_5-8B-GGUF:Q4_K_M "
    ),
    "ui-tars-1.0": (
        "ByteDance-Seed/UI-TARS-2B-SFT ByteDance-Seed/UI-TARS-7B-SFT ByteDance-Seed/UI-TARS-7B-DPO "
        "ByteDance-Seed/UI-TARS-72B-DPO bartowski/UI-TARS-7B-DPO-GGUF:Q4_K_M mlx-community/UI-TARS-7B-DPO-4bit "
        "avil/UI-TARS:latest "
    ),
    "ui-tars-1.5": (
        "ByteDance-Seed/UI-TARS-1.5-7B mradermacher/UI-TARS-1.5-7B-GGUF:Q4_K_M lmstudio-community/UI-TARS-1.5-7B-GGUF "
        "mlx-community/UI-TARS-1.5-7B-6bit flin775/UI-TARS-1.5-7B-AWQ "
        "0000/ui-tars-1.5-7b Mungert/UI-TARS-1.5-7B-GGUF "
    ),
    "gui-owl": "mPLUG/GUI-Owl-7B mPLUG/GUI-Owl-32B mPLUG/GUI-Owl-7B-Desktop-RL mradermacher/GUI-Owl-7B-GGUF:Q4_K_M",
    "gui-owl-1.5": (
        "mPLUG/GUI-Owl-1.5-2B-Instruct mPLUG/GUI-Owl-1.5-4B-Instruct mPLUG/GUI-Owl-1.5-8B-Instruct "
        "mPLUG/GUI-Owl-1.5-8B-Thinking mPLUG/GUI-Owl-1.5-32B-Instruct mradermacher/GUI-Owl-1.5-8B-Instruct-GGUF:Q6_K "
    ),
    "mai-ui": "Tongyi-MAI/MAI-UI-2B Tongyi-MAI/MAI-UI-8B mradermacher/MAI-UI-8B-GGUF:Q4_K_M",
    "holo1": "Hcompany/Holo1-3B Hcompany/Holo1-7B mradermacher/Holo1-7B-GGUF:Q8_0",
    "holo1.5": "Hcompany/Holo1.5-3B Hcompany/Holo1.5-7B Hcompany/Holo1.5-72B mlx-community/Holo1.5-7B-4bit",
    "holo2": "Hcompany/Holo2-4B Hcompany/Holo2-8B Hcompany/Holo2-30B-A3B holo2-8b-20251115",
    "ui-venus-1.0-ground": "inclusionAI/UI-Venus-Ground-7B inclusionAI/UI-Venus-Ground-72B",
    "ui-venus-1.0-navi": "inclusionAI/UI-Venus-Navi-7B inclusionAI/UI-Venus-Navi-72B",
    "ui-venus-1.5": "inclusionAI/UI-Venus-1.5-2B inclusionAI/UI-Venus-1.5-8B inclusionAI/UI-Venus-1.5-30B-A3B",
    "ui-venus-2": "ui-venus-2-27b-fp8 inclusionAI/UI-Venus-2-9B mradermacher/UI-Venus-2-9B-GGUF:Q4_K_M",
    "evocua": "meituan/EvoCUA-8B-20260105 meituan/EvoCUA-32B-20260105 mradermacher/EvoCUA-8B-20260105-GGUF:Q4_K_M",
    "gelato": "mlfoundations/Gelato-30B-A3B mradermacher/Gelato-30B-A3B-GGUF:Q4_K_M",
    "groundnext": "ServiceNow/GroundNext-3B-V0 ServiceNow/GroundNext-7B-V0 mradermacher/GroundNext-7B-V0-GGUF",
    "gui-g2": "inclusionAI/GUI-G2-3B inclusionAI/GUI-G2-7B mradermacher/GUI-G2-7B-GGUF:Q8_0",
    "holo3": (
        "Hcompany/Holo3-35B-A3B Hcompany/Holo3-35B-A3B-FP8 Hcompany/Holo3-122B-A10B Hcompany/Holo3.1-0.8B "
        "Hcompany/Holo3.1-4B Hcompany/Holo3.1-9B Hcompany/Holo3.1-35B-A3B Hcompany/Holo3.1-35B-A3B-NVFP4 "
        "Hcompany/Holo3.1-9B-GGUF:Q4_K_M Hcompany/Holo4-27B Hcompany/Holo4-35B-A3B Hcompany/Holo4-35B-A3B-FP8 "
        "Hcompany/Holo4-35B-A3B-GGUF holo4-35b-a3b holo3-1-35b-a3b "
    ),
    "fara-7b": "microsoft/Fara-7B bartowski/microsoft_Fara-7B-GGUF:Q4_K_M mradermacher/Fara-7B-GGUF",
    "fara1.5": "microsoft/Fara1.5-4B microsoft/Fara1.5-9B microsoft/Fara1.5-27B mradermacher/Fara1.5-9B-GGUF:Q6_K",
    "agentcpm-gui": "openbmb/AgentCPM-GUI mradermacher/AgentCPM-GUI-GGUF:Q4_K_M",
    "gelab": "stepfun-ai/Step-GUI-8B stepfun-ai/GELab-Zero-4B-preview mradermacher/GELab-Zero-4B-preview-GGUF:Q4_K_M",
    "glm-v": (
        "zai-org/GLM-4.5V zai-org/GLM-4.5V-FP8 zai-org/GLM-4.6V zai-org/GLM-4.6V-FP8 zai-org/GLM-4.6V-Flash "
        "unsloth/GLM-4.6V-Flash-GGUF:Q4_K_M lmstudio-community/GLM-4.6V-Flash-GGUF "
    ),
    "opencua": (
        "xlangai/OpenCUA-7B xlangai/OpenCUA-32B xlangai/OpenCUA-72B mradermacher/OpenCUA-7B-GGUF:Q4_K_M "
        "mradermacher/OpenCUA-32B-GGUF "
    ),
    "kimi-vl": "moonshotai/Kimi-VL-A3B-Instruct moonshotai/Kimi-VL-A3B-Thinking-2506",
    "scalecua": "OpenGVLab/ScaleCUA-3B OpenGVLab/ScaleCUA-7B OpenGVLab/ScaleCUA-32B mradermacher/ScaleCUA-7B-GGUF:Q8_0",
    "phi-ground": "microsoft/Phi-Ground microsoft/Phi-Ground-4B-7C",
    "locateanything": "nvidia/LocateAnything-3B",
    "ui-ins": "Tongyi-MiA/UI-Ins-7B Tongyi-MiA/UI-Ins-32B",
    "gta1": "HelloKKMe/GTA1-7B Salesforce/GTA1-7B Salesforce/GTA1-32B mradermacher/GTA1-7B-GGUF",
    "uground": "osunlp/UGround-V1-2B osunlp/UGround-V1-7B osunlp/UGround-V1-72B",
    "jedi": "xlangai/Jedi-3B-1080p xlangai/Jedi-7B-1080p",
    "autoglm-phone": "zai-org/AutoGLM-Phone-9B zai-org/AutoGLM-Phone-9B-Multilingual",
    "os-atlas-base": "OS-Copilot/OS-Atlas-Base-7B",
    "os-atlas-pro": "OS-Copilot/OS-Atlas-Pro-7B",
    "showui": "showlab/ShowUI-2B",
    "aguvis": "xlangai/Aguvis-7B-720P",
    "infigui-g1": "InfiX-ai/InfiGUI-G1-3B InfiX-ai/InfiGUI-G1-7B",
    "cogagent": "zai-org/cogagent-9b-20241220",
    "": (
        "Qwen/Qwen3-8B Qwen/Qwen3-30B-A3B-Instruct-2507 Qwen/Qwen2.5-7B-Instruct Qwen/Qwen2-Audio-7B Qwen/QwQ-32B "
        "Qwen/Qwen-VL-Chat OpenGVLab/InternVL2-8B meta-llama/Llama-3.2-11B-Vision-Instruct google/gemma-3-4b-it "
        "google/gemma-4-E4B-it openbmb/MiniCPM-V-4_5 "
        "meituan/EvoCUA-OpenCUA-72B "
        "zai-org/GLM-4.1V-9B-Thinking openbmb/AgentCPM-Explore "
        "browser-use/bu-30b-a3b-preview "
        "allenai/MolmoWeb-8B vocaela/KV-Ground-8B deepseek-ai/deepseek-vl2 "
        "mistralai/Pixtral-12B-2409 gpt-4o "
        "Qwen/Qwen3-VL-Embedding-2B Qwen/Qwen3-VL-Reranker-8B Qwen/Qwen3-Embedding-0.6B Qwen/Qwen2.5-Coder-7B-Instruct "
        "Qwen/Qwen3-Omni-30B-A3B-Instruct Qwen/Qwen3-Coder-30B-A3B-Instruct allenai/olmOCR-7B-0225-preview-Qwen2-VL "
        "Alibaba-NLP/gme-Qwen2-VL-2B-Instruct vidore/colqwen2.5-v0.2 deepseek-ai/DeepSeek-OCR google/gemma-3-270m-it "
        "internlm/internlm3-8b-instruct zai-org/GLM-4.5-Air zai-org/GLM-OCR microsoft/GUI-Actor-7B-Qwen2.5-VL "
        "microsoft/Phi-Ground-Any-4B xlangai/OpenCUA-Qwen2-7B doubao-1-5-ui-tars-250428 showlab/ShowUI-Aloha "
        "ByteDance-Seed/UI-TARS-2 mPLUG/GUI-Owl-2-8B Tongyi-MAI/MAI-UI-2 inclusionAI/UI-Venus-2.5-9B "
        "Hcompany/Holo3.5-9B stepfun-ai/GELab-Zero-2 tencent/POINTS-GUI-G-8B Tzafon/Northstar-CUA-Fast-4B "
    ),
}
NAMED = [(family, name) for family, names in SERVED.items() for name in names.split()]


def test_the_table_has_the_names_of_150_repositories() -> None:
    assert len({name for _, name in NAMED}) == len(NAMED) >= 150


@pytest.mark.parametrize(("family", "name"), NAMED)
def test_a_served_name_is_its_familys_or_refused(family: str, name: str) -> None:
    if family:
        assert dialect_for(name).name == family
        return
    with pytest.raises(ModelError, match="no dialect for"):
        dialect_for(name)
