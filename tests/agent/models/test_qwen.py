"""The Qwen2.5-VL dialect: its prompts to the letter, its answers however they are written, and nothing acted on by
mistake."""

import json
import time
from contextlib import suppress
from pathlib import Path

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
    Key,
    LongPress,
    Move,
    Open,
    Scroll,
    TypeText,
    Wait,
)
from actions.frame import Box, Frame, Point
from agent.core.model import ParseError
from agent.core.step import Step, VerdictRecord
from agent.models.dialects.dialect import UnsupportedAction
from agent.models.dialects.history import pointer_after
from agent.models.dialects.qwen import QWEN25_VL, render_chatml
from tests.agent.scripted_server import call, computer
from tests.properties import examples

GOLDEN = Path(__file__).parents[1] / "golden"
FRAME = Frame(id="0000", width=1288, height=812)  # a size that smart_resize leaves alone: numbers are pixels
PHONE = Frame(id="0000", width=1080, height=2400)  # asked about as 1092 x 2408


def mobile(action: str, **arguments: object) -> str:
    return call("mobile_use", action=action, **arguments)


def step(action: AnyAction | None, frame: Frame = FRAME, **fields: object) -> Step:
    return Step(index=0, time=0.0, frame=frame, image="frames/0000.png", action=action, **fields)


def parse(text: str, **how: object) -> tuple[AnyAction, tuple[str, ...]]:
    reading = QWEN25_VL.parse(text, FRAME, **how)  # type: ignore[arg-type]
    return reading.action, reading.notes


# The prompts


def test_the_mobile_prompt_is_the_cookbooks() -> None:
    """Framing, order and history as in mobile_agent.ipynb (qwen-agent's NousFnCallPrompt); the words are ours."""
    goal = "Open the file manager app and view the au_uu_SzH3yR2.mp3 file in MUSIC Folder"
    history = [step(Open(target="File Manager"), PHONE)]
    text = render_chatml(QWEN25_VL.ask_action(goal, PHONE, history, "mobile"))
    assert text == (GOLDEN / "qwen25vl_mobile.txt").read_text()
    before, line, after = text[: text.index("{")], text[text.index("{") :].splitlines()[0], text.split("</tools>\n")[1]
    assert before == (
        "<|im_start|>system\nYou are a helpful assistant.\n\n# Tools\n\n"
        "You may call one or more functions to assist with the user query.\n\n"
        "You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n"
    )
    assert after == (
        "\nFor each function call, return a json object with function name and arguments within "
        "<tool_call></tool_call> XML tags:\n<tool_call>\n"
        '{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call><|im_end|>\n'
        f"<|im_start|>user\nThe user query:  {goal}\n"
        "Task progress (You have done the following operation on the current device): "
        'Step 1: {"name": "mobile_use", "arguments": {"action": "open", "text": "File Manager"}}; '
        "<|vision_start|><|image_pad|><|vision_end|><|im_end|>\n<|im_start|>assistant\n"
    )
    function = json.loads(line)["function"]
    assert list(function) == ["name_for_human", "name", "description", "parameters", "args_format"]
    assert "\n* The screen's resolution is 1092x2408.\n" in function["description"]
    assert list(function["parameters"]) == ["properties", "required", "type"]
    enum = function["parameters"]["properties"]["action"]["enum"]
    assert enum == ["key", "click", "long_press", "swipe", "type", "system_button", "open", "wait", "terminate"]


def test_the_desktop_and_locate_prompts() -> None:
    screen = Frame(id="0", width=1920, height=1080)
    decide = render_chatml(QWEN25_VL.ask_action("Save the file", screen, [], "desktop"))
    assert decide == (GOLDEN / "qwen25vl_desktop.txt").read_text()
    assert "The screen's resolution is 1932x1092." in decide
    locate = render_chatml(QWEN25_VL.ask_place("the save button", screen))
    assert locate == (GOLDEN / "qwen25vl_locate.txt").read_text()
    assert "You are a helpful assistant.\n\n\n# Tools" in locate
    assert locate.endswith(
        "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>the save button<|im_end|>\n"
        '<|im_start|>assistant\n<tool_call>\n{"name": "computer_use", '
        '"arguments": {"action": "left_click", "coordinate": ['
    )
    enum = json.loads(decide[decide.index("{") :].splitlines()[0])["function"]["parameters"]["properties"]["action"]
    assert enum["enum"] == [
        *("key", "type", "mouse_move", "left_click", "left_click_drag", "right_click", "middle_click"),
        *("double_click", "scroll", "wait", "terminate"),
    ]


def test_a_task_with_template_signs_goes_in_unchanged() -> None:
    chat = QWEN25_VL.ask_action("pay $5 for ${width} {x} %s", FRAME, [step(TypeText(text="$instruction"))], "desktop")
    assert "The user query:  pay $5 for ${width} {x} %s\n" in chat.user[0]
    assert '"text": "$instruction"' in chat.user[0]


def test_history_tells_what_did_not_happen() -> None:
    history = [
        step(Click(point=Point(10, 20))),
        step(Drag(path=(Point(10, 20), Point(30, 40)))),
        step(AskUser(question="PIN?")),
        step(Click(point=Point(1, 2)), verdict=VerdictRecord(kind="block", reason="risky")),
        step(None, error="unusable answer: no action"),
    ]
    assert QWEN25_VL.history_text(history, "desktop") == (
        'Step 1: {"name": "computer_use", "arguments": {"action": "left_click", "coordinate": [10, 20]}}; '
        'Step 2: {"name": "computer_use", "arguments": {"action": "left_click_drag", "coordinate": [30, 40]}}; '
        "Step 3: ask “PIN?”; "
        'Step 4: {"name": "computer_use", "arguments": {"action": "left_click", "coordinate": [1, 2]}}'
        " (not done: risky); "
        "Your last answer did nothing (unusable answer: no action). Answer with exactly one tool call. "
    )


# parse(format(action)) == action

GRIDS = st.sampled_from(
    [(1280, 800), (1920, 1080), (2560, 1440), (1080, 2400), (3840, 2160), (1288, 812), (30, 40)]
).map(lambda size: Frame(id="0", width=size[0], height=size[1]))


@st.composite
def frames_and_points(draw: st.DrawFn) -> tuple[Frame, list[Point]]:
    frame = draw(GRIDS)
    view = QWEN25_VL.view(frame)
    x = st.integers(0, int(view.grid.width) - 1)
    y = st.integers(0, int(view.grid.height) - 1)
    points = [frame.from_grid(view.grid, draw(x), draw(y)) for _ in range(2)]
    return frame, points


TEXT = st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(
    ['"}}\n</tool_call>', "<tool_call>", "{'action': 'left_click'}", "\\", "a\tb\nc", "عربى 🎉", "```json"]
)
KEYS = st.lists(
    st.sampled_from(["ctrl", "shift", "a", "plus", "f5", "enter", "ä", "-"]), min_size=1, max_size=3, unique=True
)
BOTH = [
    st.builds(TypeText, text=TEXT),
    st.builds(Wait, seconds=st.floats(0, 60) | st.integers(0, 60).map(float)),
    st.builds(Finish, status=st.sampled_from(["success", "failure"])),
]


@given(frames_and_points(), st.data())
def test_desktop_round_trip(where: tuple[Frame, list[Point]], data: st.DataObject) -> None:
    frame, (a, b) = where
    action = data.draw(
        st.one_of(
            *BOTH,
            st.builds(Click, point=st.just(a), button=st.sampled_from(["left", "middle", "right"])),
            st.just(Click(point=a, count=2)),
            st.just(Move(point=a)),
            st.just(Drag(path=(a, b))),
            st.builds(Scroll, point=st.sampled_from([None, a]), dy=st.integers(-100, 100)),
            st.builds(Key, chords=KEYS.map(lambda keys: ("+".join(keys),))),
        )
    )
    text = QWEN25_VL.format(action, frame, pointer=a)
    reading = QWEN25_VL.parse(text, frame, pointer=a, ended=False)
    assert reading.action == action
    assert reading.notes == ()
    for cut in range(len(text)):  # an answer that was cut off is the same action or none
        try:
            assert QWEN25_VL.parse(text[:cut], frame, pointer=a, ended=False).action == action
        except ParseError:
            continue


@given(frames_and_points(), st.data())
def test_mobile_round_trip(where: tuple[Frame, list[Point]], data: st.DataObject) -> None:
    frame, (a, b) = where
    buttons = ["back", "home", "recents", "menu", "enter", "power", "volume_up", "volume_down", "camera", "clear"]
    action = data.draw(
        st.one_of(
            *BOTH,
            st.just(Click(point=a)),
            st.builds(LongPress, point=st.just(a), seconds=st.floats(0, 600)),
            st.just(Drag(path=(a, b))),
            st.builds(Button, name=st.sampled_from(buttons)),
            st.builds(Open, target=TEXT.filter(bool)),
            st.builds(
                Key,
                chords=st.sampled_from(["backspace", "delete", "tab", "a", "7", "up", "escape"]).map(lambda k: (k,)),
            ),
        )
    )
    text = QWEN25_VL.format(action, frame, "mobile")
    assert QWEN25_VL.parse(text, frame, "mobile", ended=False).action == action
    for cut in range(len(text)):
        try:
            assert QWEN25_VL.parse(text[:cut], frame, "mobile", ended=False).action == action
        except ParseError:
            continue


P = Point(5, 5)


@pytest.mark.parametrize(
    ("action", "platform"),
    [
        (Click(point=P, count=3), "desktop"),
        (Click(point=P, keys=("ctrl",)), "desktop"),
        (Click(point=P, button="right", count=2), "desktop"),
        (LongPress(point=P), "desktop"),
        (Drag(path=(P, Point(9, 9))), "desktop"),  # from somewhere the pointer is not
        (Scroll(dx=1), "desktop"),
        (Key(chords=("a", "b")), "desktop"),
        (Open(target="x"), "desktop"),
        (Button(name="back"), "desktop"),
        (Answer(text="4"), "desktop"),
        (Finish(status="success", message="why"), "desktop"),
        (AskUser(question="?"), "mobile"),
        (Click(point=P, button="right"), "mobile"),
        (Drag(path=(P, P, P)), "mobile"),
        (Drag(path=(P, P), seconds=2), "mobile"),
        (Scroll(dy=1), "mobile"),
        (Move(point=P), "mobile"),
        (Key(chords=("ctrl+c",)), "mobile"),
        (Key(chords=("enter",)), "mobile"),  # said as a button
    ],
)
def test_what_the_schema_cannot_say(action: AnyAction, platform: str) -> None:
    with pytest.raises(UnsupportedAction):
        QWEN25_VL.format(action, FRAME, platform)  # type: ignore[arg-type]


# Answers as models write them

CLICK = Click(point=Point(100, 200))
GOOD = computer("left_click", coordinate=[100, 200])
INNER = '{"action": "left_click", "coordinate": [100, 200]}'


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (GOOD, None),
        (GOOD + "<|im_end|>", None),
        (GOOD + "\n\nI clicked it.", None),
        ("I will click “Save” {it}.\n" + GOOD, None),
        ("Thought: the user's file\nAction: click\n" + GOOD, None),
        (GOOD.removesuffix("\n</tool_call>"), "no </tool_call>"),
        (GOOD.replace("}}", "}"), "a missing }"),
        (GOOD.replace("}}", ""), "a missing }"),
        (GOOD.removesuffix("\n</tool_call>").removesuffix("}"), "a missing }"),
        (GOOD.removeprefix("<tool_call>\n"), "no <tool_call>"),
        ("```json\n" + INNER + "\n```", "code fence"),
        ("```\n" + INNER + "\n```", "code fence"),
        (INNER, "no name and arguments"),
        (INNER + '"}}\n', "no name and arguments"),
        (GOOD.replace("}}", "}}}"), None),
        (GOOD.replace('"', "'"), "single quotes"),
        (GOOD.replace("[100, 200]", "(100, 200)"), "tuple"),
        (GOOD.replace("[100, 200]", "[100, 200"), "a missing ]"),
        (GOOD.replace("[100, 200]", "[100, 200,]"), "comma too many"),
        (GOOD.replace('click", "coord', 'click" "coord'), "missing comma"),
        (GOOD.replace("[100, 200]", "[100.0, 2e2]"), None),
        (GOOD.replace("[100, 200]", "[90, 190, 110, 210]"), "box"),
        (GOOD.replace("[100, 200]", "[110, 210, 90, 190]"), "swapped"),
        (GOOD.replace("[100, 200]", "[[90, 190], [110, 210]]"), "box"),
        (GOOD.replace("[100, 200]", '"100, 200"'), "was a text"),
        (GOOD.replace("[100, 200]", '"[100, 200]"'), "was a text"),
        (GOOD.replace("[100, 200]", '["100", "200"]'), "numbers as texts"),
        (GOOD.replace("[100, 200]", "[[100, 200]]"), "list of its own"),
        (GOOD.replace("[100, 200]", '{"x": 100, "y": 200}'), "by name"),
        (GOOD.replace('"coordinate"', '"coordinate1"'), "'coordinate1' was read"),
        (GOOD.replace("left_click", "tap"), "'tap' was read"),
        (GOOD.replace("left_click", "click"), "'click' was read"),
        (GOOD.replace("computer_use", "mobile_use"), "was read as computer_use"),
        (f"I do {GOOD.split('>')[1].split('<')[0].strip()} now.\n{GOOD}", None),
        ('{"name": "left_click", "arguments": {"coordinate": [100, 200]}}', "tool's name"),
        ('{"name": "left_click", "coordinate": [100, 200]}', "tool's name"),
        (json.dumps({"name": "computer_use", "arguments": INNER}), "were a text"),
        (json.dumps({"type": "function", "function": {"name": "computer_use", "arguments": json.loads(INNER)}}), None),
        (f"[{GOOD}]", None),
        ("\ufeff" + GOOD, None),
    ],
)
def test_repairs(text: str, note: str | None) -> None:
    action, notes = parse(text)
    assert action == CLICK
    assert note is None or any(note in said for said in notes), notes


def test_several_actions_are_kept_apart_and_a_dropped_rest_is_told() -> None:
    text = GOOD + "\n" + computer("type", text="hi") + "\n" + computer("terminate", status="success")
    reading = QWEN25_VL.parse(text, FRAME)
    assert (reading.action, reading.rest) == (CLICK, (TypeText(text="hi"), Finish(status="success")))
    told = QWEN25_VL.history_text([step(CLICK, dropped="2 more actions were not done: why")], "desktop")
    assert "(2 more actions were not done: why)" in told
    for action in (computer("terminate", status="success"), computer("terminate", status="failure")):
        assert QWEN25_VL.parse(action + action, FRAME).rest == ()


@pytest.mark.parametrize(
    ("said", "action"),
    [
        (computer("key", keys=["tab"]), Key(chords=("tab",))),
        (GOOD, CLICK),
        (computer("type", text="ha"), TypeText(text="ha")),
    ],
)
def test_an_action_is_taken_as_often_as_it_is_said(said: str, action: AnyAction) -> None:
    reading = QWEN25_VL.parse(said + said + said, FRAME)
    assert (reading.action, reading.rest) == (action, (action,) * 2)


def test_a_further_action_begins_where_the_one_before_leaves_the_pointer() -> None:
    text = computer("mouse_move", coordinate=[10, 20]) + computer("left_click_drag", coordinate=[50, 60])
    reading = QWEN25_VL.parse(text, FRAME, pointer=Point(700, 700))
    assert reading.rest == (Drag(path=(Point(10, 20), Point(50, 60))),)


def test_nothing_follows_the_end_of_the_task() -> None:
    end = computer("terminate", status="success")
    for text in (end + GOOD, GOOD + end + GOOD):
        with pytest.raises(ParseError, match="the end of the task and 1 more actions"):
            QWEN25_VL.parse(text, FRAME)


def test_the_thought_is_what_comes_before() -> None:
    reading = QWEN25_VL.parse('Thought: I\'ll "save" it.\n' + GOOD, FRAME)
    assert reading.thought == 'I\'ll "save" it.'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("I have finished the task.", "no action"),
        ("terminate", "no action"),
        ("left_click(100, 200)", "no action"),
        (computer("terminate", status="success") + "\n" + GOOD, "the end of the task and 1 more"),
        (f"I would say {INNER} if I could.", "a call within a sentence"),
        (f"I would rather {INNER}", "a call within a sentence"),
        ('I cannot say {"action": "terminate", "status": "success"} yet.', "a call within a sentence"),
        (computer("left_click", coordinate=[0.5, 0.25]), "parts of a side"),
        (computer("left_click", coordinate=[100, 200], button="right"), "another button"),
        (computer("double_click", coordinate=[100, 200], clicks=1), "another button or count"),
        (computer("left_click", coordinate=[100, 200], angle=3), "no use for 'angle'"),
        (GOOD.replace('"coordinate"', '"=coordinate"'), "pointer is is not known"),
        (computer("scroll", pixels=300, direction="down"), "says up"),
        (computer("type", text="x", coordinate=[100, 200]), "no use for 'coordinate'"),
        (computer("terminate", status=1), "must be a text"),
        (computer("key", keys=["ctrl", "page_dwn"]), "nearest"),
        (computer("fly", coordinate=[1, 2]), "unknown action 'fly'"),
        (computer("__import__('os').system('x')"), "unknown action"),
        (GOOD.replace("computer_use", "bash"), "unknown tool"),
        (computer("left_click", coordinate=[99999, 200]), "outside"),
        (computer("left_click", coordinate=[100, 812 + 29]), "outside"),
        (computer("left_click", coordinate=[-1, -1]), "outside"),
        (computer("left_click", coordinate=[100, -3]), "outside"),
        (GOOD.replace("100", "NaN"), "outside"),
        (GOOD.replace("100", "Infinity"), "outside"),
        (GOOD.replace("100", "-Infinity"), "outside"),
        (GOOD.replace("100", "1e999"), "outside"),
        (GOOD.replace("100", "9" * 5000), "cannot be read"),
        (GOOD.replace("100", '"nan"'), "two numbers"),
        (GOOD.replace("100", "true"), "two numbers"),
        (GOOD.replace("[100, 200]", "[]"), "two numbers"),
        (GOOD.replace("[100, 200]", "[100]"), "two numbers"),
        (GOOD.replace("[100, 200]", "[1, 2, 3]"), "two numbers"),
        (GOOD.replace("[100, 200]", "[1, 2, 3, 4, 5]"), "two numbers"),
        (GOOD.replace("[100, 200]", '"middle"'), "two numbers"),
        (computer("left_click"), "pointer is is not known"),
        (computer("left_click_drag", coordinate=[5, 6]), "pointer is is not known"),
        (computer("mouse_move"), "coordinate is missing"),
        (computer("type"), "'text' must be a text"),
        (computer("type", text=5), "'text' must be a text"),
        (computer("type", text="x" * 100_001), "type:"),
        (computer("key", keys=[]), "list of key names"),
        (computer("key", keys=["ctrl", "frob"]), "unknown key 'frob'"),
        (computer("scroll"), "'pixels' is missing"),
        (computer("scroll", pixels="down"), "not a number"),
        (computer("wait", time=-1), "negative"),
        (computer("terminate", status="maybe"), "unknown status"),
        *((computer("terminate", status=said), "'status' must be a text, not") for said in (False, [])),
        (call("computer_use", coordinate=[1, 2]), "does not name its action"),
        (call("computer_use", action=["left_click"]), "does not name its action"),
        ('{"action": "left_click", "action": "type", "coordinate": [1, 2]}', "given twice"),
        (GOOD.replace("}}", ""), None),
        (GOOD[: GOOD.index("200") + 1], "cut off"),
        ('<tool_call>\n{"name": "computer_use", "arguments": {"action": "type", "text": "rm -r', "cut off"),
        (INNER[:-1], "cut off"),
        ('{"action": "terminate", "status": "success"', "cut off"),
        ("<tool_call>\n{broken}\n</tool_call>\n" + GOOD, "cannot be read"),
    ],
)
def test_never_acted_on(text: str, why: str | None) -> None:
    if why is None:  # closed by the tag: repaired; cut off: not
        text = text[: text.index("\n</tool_call>")]
        why = "cut off"
    with pytest.raises(ParseError, match=r"\A[^\n]*\Z") as error:
        QWEN25_VL.parse(text, FRAME, ended=False)
    assert why in str(error.value)
    assert error.value.raw == text
    assert len(str(error.value)) < 700


def test_a_patch_beyond_the_edge_is_the_edge() -> None:
    for x, y in ((1288, 200), (1300, 200), (1288 + 28, 200)):
        action, notes = parse(computer("left_click", coordinate=[x, y]))
        assert action == Click(point=Point(1287, 200))
        assert any("clamped" in note for note in notes)
    small = Frame(id="0", width=448, height=448)  # the case of QwenLM issue 1035
    assert QWEN25_VL.parse(computer("left_click", coordinate=[476, 10]), small).action == Click(point=Point(447, 10))


def test_points_are_those_of_the_resized_image() -> None:
    """1092 x 2408 was shown for 1080 x 2400, so x = 1090 is legal."""
    action = QWEN25_VL.parse(mobile("click", coordinate=[1090, 1204]), PHONE, "mobile").action
    assert isinstance(action, Click)
    assert action.point == pytest.approx((1090 / 1092 * 1080, 1200))


@pytest.mark.parametrize(
    ("text", "action"),
    [
        (computer("key", keys=["ctrl", "shift", "s"]), Key(chords=("ctrl+shift+s",))),
        (computer("key", keys=["Control_L", "+"]), Key(chords=("ctrl+plus",))),
        (computer("key", keys="ctrl+s"), Key(chords=("ctrl+s",))),
        (computer("key", text="Return"), Key(chords=("enter",))),
        (computer("scroll", pixels=-300), Scroll(dy=3)),
        (computer("scroll", pixels=5), Scroll(dy=-1)),
        (computer("scroll", pixels=-1e9, coordinate=[7, 8]), Scroll(point=Point(7, 8), dy=100)),
        (computer("hscroll", pixels=200), Scroll(dx=2)),
        (computer("triple_click", coordinate=[7, 8]), Click(point=Point(7, 8), count=3)),
        (computer("answer", text="42"), Answer(text="42")),
        (computer("left_click"), Click(point=Point(50, 60))),
        (computer("double_click"), Click(point=Point(50, 60), count=2)),
        (computer("left_click_drag", coordinate=[7, 8]), Drag(path=(Point(50, 60), Point(7, 8)))),
        (
            computer("left_click_drag", start_coordinate=[1, 2], coordinate=[7, 8]),
            Drag(path=(Point(1, 2), Point(7, 8))),
        ),
        (computer("drag", coordinate=[1, 2], coordinate2=[7, 8]), Drag(path=(Point(1, 2), Point(7, 8)))),
        (computer("wait"), Wait(seconds=1)),
        (computer("wait", time="3"), Wait(seconds=3)),
        (computer("wait", time=900), Wait(seconds=60)),
        (computer("terminate", status="FAILURE"), Finish(status="failure")),
        (computer("terminate"), Finish(status="success")),
        (computer("left_click", coordinate=[7, 8], clicks=2), Click(point=Point(7, 8), count=2)),
        (computer("left_click", coordinate=[7, 8], keys=["ctrl"]), Click(point=Point(7, 8), keys=("ctrl",))),
        (computer("click", coordinate=[7, 8], button="left"), Click(point=Point(7, 8))),
        (computer("key", keys=["down"], times=3), Key(chords=("down",) * 3)),
        (computer("key", keys=["up", "up"]), Key(chords=("up", "up"))),
        (computer("key", keys=["ctrl", "A"]), Key(chords=("ctrl+a",))),
        (computer("type", text="a", clear=True, press_enter="true"), TypeText(text="a\n", clear=True)),
        (computer("type", text="a", clear=False, thought="so"), TypeText(text="a")),
        ('{"action": "type", "text": "say "hi", now"}', TypeText(text='say "hi", now')),
        (GOOD + "\n" + computer("left_click", coordinate=[300, 200]), CLICK),
        (GOOD + "\n" + computer("terminate", status="success"), CLICK),
        ('I will not {"action": "wait"} but click.\n' + GOOD, CLICK),
        ('```\n{"action": "wait"}\n```\n' + GOOD, CLICK),
    ],
)
def test_desktop_actions(text: str, action: AnyAction) -> None:
    assert parse(text, pointer=Point(50, 60))[0] == action


@pytest.mark.parametrize(
    ("text", "action"),
    [
        (mobile("key", text="volume_up"), Button(name="volume_up")),
        (mobile("key", text="KEYCODE_APP_SWITCH"), Button(name="recents")),
        (mobile("key", text="del"), Key(chords=("backspace",))),
        (mobile("system_button", button="Back"), Button(name="back")),
        (mobile("tap", coordinate=[1, 2]), Click(point=Point(1, 2))),
        (mobile("swipe", coordinate=[1, 2], coordinates2=[3, 4]), Drag(path=(Point(1, 2), Point(3, 4)))),
        (mobile("swipe", coordinate1=[1, 2], coordinate2=[3, 4]), Drag(path=(Point(1, 2), Point(3, 4)))),
        (mobile("long_press", coordinate=[1, 2], time=2), LongPress(point=Point(1, 2), seconds=2)),
        (mobile("open", text="Files"), Open(target="Files")),
        (mobile("terminate", status="success"), Finish(status="success")),
    ],
)
def test_mobile_actions(text: str, action: AnyAction) -> None:
    assert QWEN25_VL.parse(text, FRAME, "mobile").action == action


@pytest.mark.parametrize(
    "text",
    [
        mobile("swipe", coordinate=[1, 2]),
        mobile("click"),
        mobile("key", text="warp"),
        mobile("system_button", button="Eject"),
        mobile("open", text=""),
    ],
)
def test_mobile_never_acted_on(text: str) -> None:
    with pytest.raises(ParseError):
        QWEN25_VL.parse(text, FRAME, "mobile")


# Hostile answers


def hostile() -> list[str]:
    million = 1_000_000
    return [
        "a" * million,
        "{" * million,
        "[" * million,
        '{"a":' * (million // 5),
        '<tool_call>\n{"name": "computer_use", "arguments": ' + "[" * million,
        '{"action": "type", "text": "' + "x" * million,
        "{'" * (million // 2),
        '{"' + "\\" * million,
        "<tool_call>" * (million // 11),
        GOOD * (million // len(GOOD)),
        "{}" * (million // 2),
        '"' * million,
        "{ \t" + " " * million,
        '{"action": ' + "9" * million + "}",
        "<points " * (million // 8),
        "[[" + "1," * (million // 2),
        '{"coordinate": [' + "1, " * (million // 3) + "1]}",
        GOOD.replace("left_click", "x" * million),
    ]


@pytest.mark.parametrize("text", hostile(), ids=range(len(hostile())))
def test_a_megabyte_takes_a_moment(text: str) -> None:
    start = time.process_time()
    with pytest.raises(ParseError):
        QWEN25_VL.parse(text, FRAME)
    with suppress(ParseError):
        QWEN25_VL.parse_place(text, FRAME)
    assert time.process_time() - start < 10, "this grows faster than the answer"  # 0.02 s to 0.5 s, no claim of speed


def test_a_good_action_in_a_megabyte() -> None:
    assert parse("x" * 500_000 + GOOD + "y" * 500_000)[0] == CLICK


@examples(300)
@given(
    st.sampled_from(
        [GOOD, GOOD.replace('"', "'"), computer("type", text='He said "hi" }]'), mobile("swipe", coordinate=[1, 2])]
    ),
    st.lists(
        st.tuples(
            st.integers(0, 200), st.integers(0, 12), st.text(st.sampled_from("{}[]()\"'\\,:x0-.e\n<>/`"), max_size=4)
        ),
        max_size=5,
    ),
    st.booleans(),
)
def test_damage_is_read_or_refused(text: str, cuts: list[tuple[int, int, str]], ended: bool) -> None:
    for at, length, put in cuts:
        text = text[:at] + put + text[at + length :]
    for read in (
        lambda: QWEN25_VL.parse(text, FRAME, ended=ended),
        lambda: QWEN25_VL.parse_place(text, FRAME, ended=ended),
    ):
        with suppress(ParseError):
            read()


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (QWEN25_VL.parse, QWEN25_VL.parse_place):
        try:
            read(text, FRAME)
        except ParseError:
            continue


# Where is it


@pytest.mark.parametrize(
    ("text", "point", "box"),
    [
        (GOOD, (100, 200), None),
        (computer("mouse_move", coordinate=[100, 200]), (100, 200), None),
        (computer("left_click", coordinate=[90, 190, 110, 210]), (100, 200), (90, 190, 110, 210)),
        (
            '<tool_call>\n{"name": "computer_use", "arguments": {"action": "left_click", "coordinate": [100, 200]}}',
            (100, 200),
            None,
        ),
        ('{"name": "computer_use", "arguments": {"action": "left_click", "coordinate": [100, 200]}', (100, 200), None),
        ('```json\n[\n\t{"point_2d": [100, 200], "label": "save"}\n]\n```', (100, 200), None),
        ('```json\n[{"bbox_2d": [110, 210, 90, 190], "label": "x"}]\n```', (100, 200), (90, 190, 110, 210)),
        ('[{"bbox_2d": [90, 190, 110, 210], "label": "x"}, {"bbox_2d": [12, 3', (100, 200), (90, 190, 110, 210)),
        ("[{'point_2d': [100, 200], 'label': 'it\\'s'}]", (100, 200), None),
        ('```xml\n<points x1="100" y1="200" alt="save">save</points>\n```', (100, 200), None),
        ('<point x="100" y="200">save</point>', (100, 200), None),
        ('{"x": 100, "y": 200}', (100, 200), None),
        ("(100, 200)", (100, 200), None),
        ("[100, 200]", (100, 200), None),
        ("[90, 190, 110, 210]", (100, 200), (90, 190, 110, 210)),
        ("The button is at [100, 200].", (100, 200), None),
        ("100, 200", (100, 200), None),
    ],
)
def test_places(text: str, point: tuple[int, int], box: tuple[int, ...] | None) -> None:
    spot = QWEN25_VL.parse_place(text, FRAME)
    assert spot.point == Point(*point)
    assert spot.box == (Box(*box) if box else None)


@pytest.mark.parametrize(
    "text",
    [
        "[-1, -1]",
        "(-1,-1)",
        computer("left_click", coordinate=[-1, -1]),
        computer("terminate", status="failure"),
        '[{"bbox_2d": [-1, -1, -1, -1], "label": "none"}]',
        "null",
        "```json\n[]\n```",
    ],
)
def test_refusals(text: str) -> None:
    spot = QWEN25_VL.parse_place(text, FRAME)
    assert spot.point is None
    assert spot.reason


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I cannot see it",
        "(1, 2, 3)",
        "[5000, 5]",
        "[NaN, 1]",
        "[1, 2",
        '{"x": 100, "y": 20',
        computer("type", text="x"),
    ],
)
def test_no_place(text: str) -> None:
    with pytest.raises(ParseError):
        QWEN25_VL.parse_place(text, FRAME, ended=False)


# Knowing when to stop, and where the pointer is


def feed(text: str, size: int = 5) -> int | None:
    watch = QWEN25_VL.grammar["desktop"].completion_check()
    return next((at for at in range(0, len(text), size) if watch(text[at : at + size])), None)


def test_reading_stops_once_nothing_can_change() -> None:
    stopped = feed("Let me see {it}. " + GOOD + "z" * 5000)
    assert stopped is not None
    assert len(GOOD) < stopped < len(GOOD) + 400
    assert feed(GOOD) is None
    assert feed("state: {1: 2} " + "z" * 5000) is None
    assert feed(computer("type", text='"}} {"action": "wait"}' + "z" * 5000)) is None
    other = computer("type", text="x" * 2000)
    second = feed(GOOD + "\nand\n" + other + "z" * 5000)
    assert second is not None
    assert second > len(GOOD + other)


def test_the_pointer_is_where_the_last_action_left_it() -> None:
    history = [
        step(Drag(path=(Point(1, 2), Point(30, 40)))),
        step(Key(chords=("a",))),
        step(Click(point=Point(9, 9)), error="not done: the screen changed"),
        step(Click(point=Point(8, 8)), verdict=VerdictRecord(kind="block")),
        step(None, error="unusable answer"),
    ]
    assert pointer_after(history, FRAME) == Point(30, 40)
    assert pointer_after(history, PHONE) is None
    assert pointer_after([], FRAME) is None
