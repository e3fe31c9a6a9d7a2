"""ChatModel against a real HTTP server: what it was shown and asked, and what it made of every answer."""

import json

import cv2
import numpy as np
import pytest

from actions.action import Click, Drag, Finish, TypeText
from actions.frame import Frame, Point
from agent.core.model import Decision, ModelError, ParseError
from agent.core.step import Step
from agent.core.task import Task
from agent.models.chat import ChatModel
from agent.models.dialects.qwen import QWEN25_VL, render_chatml
from agent.models.endpoints.openai import OpenAIEndpoint
from agent.models.endpoints.patience import Patience
from agent.models.opening import open_model
from agent.models.spec import ModelSpec
from envs.env import Observation
from tests.agent.scripted_server import Entry, Fault, ScriptedServer, Seen, call, computer

QUICK = Patience(total=5, connect=2, attempts=2, first_pause=0.01, max_pause=0.02)


def screen(width: int = 1280, height: int = 800, **frame: object) -> Observation:
    """A desktop with a red cross, one pixel wide, in the middle of a white square."""
    image = np.full((height, width, 3), (60, 110, 160), np.uint8)
    image[:40], image[100:300, 200:700] = 30, 240
    x, y = 2 * width // 3, height // 3
    image[y - 40 : y + 41, x - 40 : x + 41] = 255
    image[y - 4 : y + 5, x - 4 : x + 5] = (255, 0, 0)
    return Observation(image, Frame(id="0000", width=width, height=height, **frame))  # type: ignore[arg-type]


def decide(
    script: list[Entry], observation: Observation | None = None, history: tuple[Step, ...] = (), **how: object
) -> Decision:
    with ScriptedServer(script) as server:
        model = open_model(ModelSpec(server.url, patience=QUICK, **how))  # type: ignore[arg-type]
        return model.decide(Task("Save the file"), observation or screen(), history)


def red(seen: Seen) -> str:
    """A model that can see: it points at the middle of what is red in the picture it was sent."""
    assert seen.image is not None
    ys, xs = np.nonzero((seen.image[:, :, 0] > 200) & (seen.image[:, :, 1] < 100))
    return computer("left_click", coordinate=[round(xs.mean() + 0.5), round(ys.mean() + 0.5)])


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080), (2560, 1440), (1080, 2400), (640, 480), (3840, 2160)])
def test_it_clicks_where_the_model_points(size: tuple[int, int]) -> None:
    width, height = size
    action = decide([red], screen(width, height)).action
    assert isinstance(action, Click)
    assert abs(action.point.x - (2 * width // 3 + 0.5)) <= 1
    assert abs(action.point.y - (height // 3 + 0.5)) <= 1


def test_a_second_monitor_left_of_the_first_at_two_pixels_a_unit() -> None:
    observation = screen(2560, 1440, origin=(-1280, 100), scale=2.0)
    action = decide([red], observation).action
    assert isinstance(action, Click)
    x, y = observation.frame.to_input(action.point)
    assert abs(x - (-1280 + (2 * 2560 // 3) / 2)) <= 1
    assert abs(y - (100 + (1440 // 3) / 2)) <= 1


@pytest.mark.parametrize(
    ("size", "sent"), [((1920, 1080), (1932, 1092)), ((1288, 812), (1288, 812)), ((2560, 1440), (2548, 1428))]
)
def test_the_picture_is_the_resized_screen_to_the_pixel(size: tuple[int, int], sent: tuple[int, int]) -> None:
    observation = screen(*size)
    with ScriptedServer([red]) as server:
        open_model(server.url).decide(Task("x"), observation, [])
        seen = server.seen[0]
    assert seen.png is not None
    assert seen.png.startswith(b"\x89PNG")
    decoded = cv2.imdecode(np.frombuffer(seen.png, np.uint8), cv2.IMREAD_UNCHANGED)[:, :, ::-1]
    assert decoded.shape == (sent[1], sent[0], 3)
    assert decoded.shape[0] % 28 == decoded.shape[1] % 28 == 0
    assert np.array_equal(decoded, QWEN25_VL.resize.apply(observation.image))
    if size == sent:
        assert np.array_equal(decoded, observation.image)


def test_a_servers_own_limit_is_kept() -> None:
    with ScriptedServer([red]) as server:
        decision = open_model(ModelSpec(server.url, max_pixels=1003520)).decide(Task("x"), screen(1920, 1080), [])
        seen = server.seen[0]
    assert seen.image is not None
    assert seen.image.shape[:2] == (728, 1316)
    assert "1316x728" in seen.texts[0]
    assert isinstance(decision.action, Click)
    assert abs(decision.action.point.x - (1280 + 0.5)) <= 1


@pytest.mark.parametrize("platform", ["desktop", "mobile"])
def test_the_prompt_that_arrives_is_the_dialects(platform: str) -> None:
    observation = screen(1080, 2400)
    done = Step(index=0, time=0, frame=observation.frame, image="x", action=TypeText(text="„hi“"))
    with ScriptedServer([call("mobile_use", action="terminate", status="success")]) as server:
        model = open_model(server.url, platform=platform)  # type: ignore[arg-type]
        decision = model.decide(Task("Save it"), observation, [done])
        body = server.seen[0].body
    assert decision.action == Finish(status="success")
    chat = QWEN25_VL.ask_action("Save it", observation.frame, [done], platform)  # type: ignore[arg-type]
    assert body["messages"][0] == {"role": "system", "content": chat.system}
    text, picture = body["messages"][1]["content"]
    assert text == {"type": "text", "text": chat.user[0]}
    assert picture["type"] == "image_url"
    assert len(body["messages"]) == 2
    assert f'"name": "{"computer" if platform == "desktop" else "mobile"}_use"' in chat.system
    assert "„hi“" in chat.user[0]
    assert render_chatml(chat).count("<|image_pad|>") == 1


def test_the_decision_says_what_it_took() -> None:
    decision = decide(["I see it.\n" + computer("left_click", coordinate=[5, 6]).removesuffix("\n</tool_call>")])
    assert decision.thought == "I see it."
    assert decision.raw.startswith("I see it.\n<tool_call>")
    assert decision.notes == ("no </tool_call> after the action",)
    assert set(decision.timings) == {"encode", "prompt", "model", "parse"}
    assert all(seconds >= 0 for seconds in decision.timings.values())
    assert decision.usage.tokens == 1020


def test_a_drag_starts_where_the_pointer_is() -> None:
    observation = screen(1288, 812)
    before = Step(index=0, time=0, frame=observation.frame, image="x", action=Click(point=Point(10, 20)))
    drag = [computer("left_click_drag", coordinate=[300, 400])]
    assert decide(drag, observation, (before,)).action == Drag(path=(Point(10, 20), Point(300, 400)))
    with pytest.raises(ParseError, match="where the pointer is"):
        decide(drag, observation)


WRONG = [
    computer("left_click", coordinate=[90000, 5]),
    computer("left_click", coordinate=[5, 6]).replace("5", "NaN"),
    computer("levitate"),
    computer("terminate", status="success") + "\n" + computer("left_click", coordinate=[7, 8]),
    "All done!",
    "",
    "a" * 1_000_000,
    '{"a":' * 200_000,
]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("answer", WRONG, ids=range(len(WRONG)))
def test_a_wrong_answer_is_a_parse_error_with_the_answer(answer: str, stream: bool) -> None:
    with (
        ScriptedServer([answer], piece=50_000 if len(answer) > 5000 else 7) as server,
        pytest.raises(ParseError) as error,
    ):
        open_model(ModelSpec(server.url, stream=stream)).decide(Task("x"), screen(), [])
    assert error.value.raw == answer
    assert error.value.usage.tokens == 1020
    assert {"model", "parse"} <= set(error.value.timings)


def test_an_answer_cut_at_the_token_limit_is_not_mended() -> None:
    cut = computer("left_click", coordinate=[5, 66]).split("6]")[0]
    with ScriptedServer([cut], finish="length") as server, pytest.raises(ParseError, match="cut off"):
        open_model(server.url).decide(Task("x"), screen(), [])


def test_half_a_stream_is_not_used_even_when_it_holds_an_action() -> None:
    whole = computer("left_click", coordinate=[5, 6]) + "\n"
    with ScriptedServer([Fault("half", body=whole), computer("wait", time=1)]) as server:
        decision = open_model(ModelSpec(server.url, patience=QUICK)).decide(Task("x"), screen(), [])
    assert decision.action.type == "wait"
    assert decision.usage.requests == 2
    assert any("broke" in note or "half-way" in note for note in decision.notes)
    with ScriptedServer([Fault("half", body=whole)]) as server, pytest.raises(ModelError) as error:
        open_model(ModelSpec(server.url, patience=QUICK)).decide(Task("x"), screen(), [])
    assert not isinstance(error.value, ParseError)


def test_a_rambling_model_is_cut_short() -> None:
    good = computer("left_click", coordinate=[5, 6])
    with ScriptedServer([good + "\nNow I will explain at length. " * 20_000]) as server:
        decision = open_model(server.url).decide(Task("x"), screen(), [])
    assert decision.action.type == "click"
    assert len(decision.raw) < len(good) + 400


def test_locate() -> None:
    observation = screen(1920, 1080)
    with ScriptedServer([red, computer("terminate", status="failure"), "nowhere"]) as server:
        model = open_model(server.url)
        found = model.locate(observation, "the red square")
        assert found.point is not None
        assert abs(found.point.x - 1280.5) <= 1
        assert (found.refused, found.score) == (False, None)
        body = server.seen[0].body
        assert [part["type"] for part in body["messages"][1]["content"]] == ["image_url", "text"]
        assert body["messages"][1]["content"][1]["text"] == "the red square"
        refusal = model.locate(observation, "a unicorn")
        assert refusal.refused
        assert refusal.point is None
        assert refusal.reason
        with pytest.raises(ParseError):
            model.locate(observation, "x")


def test_locate_with_the_answer_begun() -> None:
    with ScriptedServer(["644, 406]}}\n</tool_call>", "-1, -1]}}\n</tool_call>", "600, 400, 688, 412]}}"]) as server:
        model = open_model(ModelSpec(server.url, prefill=True))
        assert model.locate(screen(1288, 812), "x").point == Point(644, 406)
        prefill = server.seen[0].body["messages"][-1]["content"]
        assert prefill.endswith('"left_click", "coordinate": [')
        assert model.locate(screen(1288, 812), "x").refused
        assert model.locate(screen(1288, 812), "x").point == Point(644, 406)


SCHEMA = {
    "type": "object",
    "properties": {
        "rows": {
            "type": "array",
            "items": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}},
        }
    },
    "required": ["rows"],
}


def test_extract() -> None:
    good = '```json\n{"rows": [{"n": 1}, {"n": 2}]}\n```'
    with ScriptedServer([good, '{"rows": [{"n": "1"}]}', '{"rows": [{"n": 1}', "no idea", "[1]"]) as server:
        model = open_model(server.url)
        assert model.extract(screen(), SCHEMA, "Which rows?").data == {"rows": [{"n": 1}, {"n": 2}]}
        assert json.dumps(SCHEMA) in server.seen[0].texts[-1]
        for words in ("not of type .integer.", "cut off", "no JSON", "not of type .object."):
            with pytest.raises(ParseError, match=words):
                model.extract(screen(), SCHEMA, "Which rows?")


def test_screens_the_model_cannot_look_at() -> None:
    with ScriptedServer([red]) as server:
        model = open_model(server.url)
        with pytest.raises(ModelError, match="too long"):
            model.decide(Task("x"), screen(6000, 20), [])
        image = Observation(np.zeros((10, 10, 3), np.uint8), Frame(id="0", width=20, height=10))
        with pytest.raises(ModelError, match="not the frame's"):
            model.decide(Task("x"), image, [])
        assert not server.seen


def test_for_the_record() -> None:
    model = ChatModel(OpenAIEndpoint("http://h:1", "m"), QWEN25_VL)
    assert (model.name, model.dialect) == ("m at http://h:1/v1", "qwen2.5-vl")
    assert len(model.prompt_hash) == 16
    assert int(model.prompt_hash, 16)
    model.close()
