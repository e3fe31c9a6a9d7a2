"""Native calls of tools: chat completions, OpenAI's Responses and Anthropic's Messages, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from actions.action import AnyAction, AskUser, Click, Drag, Finish, Key, Scroll, TypeText, Wait
from actions.frame import Frame, Point
from agent.core.errors import UserError
from agent.core.model import Decision, ParseError
from agent.core.step import OutcomeRecord, Step
from agent.core.task import Task
from agent.models.dialects.registry import DIALECTS
from agent.models.endpoints.http import HttpAnswer, take
from agent.models.endpoints.patience import Patience
from agent.models.endpoints.wires import WIRES
from agent.models.opening import open_model
from agent.models.spec import ModelSpec
from envs.env import Observation
from tests.agent.scripted_server import Fault, ScriptedServer

NATIVE = ("general-tools", "qwen3.5-tools", "openai-computer", "anthropic-computer")
PATHS = {"openai-computer": "/v1/responses", "anthropic-computer": "/v1/messages"}
FRAME = Frame(id="0000", width=560, height=420)  # sent as it is by every native dialect but the one in steps of 32


def look(index: int) -> Observation:
    image = np.full((420, 560, 3), index * 20, np.uint8)
    return Observation(image, FRAME.model_copy(update={"id": f"{index:04}"}), time=float(index))


def answer(dialect: str, *calls: tuple[str, dict[str, Any]], text: str = "") -> Fault:
    """`calls` of tools, with `text` before them, as the server of `dialect` answers."""
    said: Any
    if dialect == "openai-computer":
        said = {"output": [{"type": "reasoning", "summary": []}], "usage": {"input_tokens": 9, "output_tokens": 4}}
        said["output"] += [{"type": "message", "content": [{"type": "output_text", "text": text}]}] if text else []
        for name, values in calls:
            action = {"type": values.get("action"), **{k: v for k, v in values.items() if k != "action"}}
            call = {"type": "computer_call", "call_id": "c", "actions": [action]}
            other = {"type": "function_call", "call_id": "c", "name": name, "arguments": json.dumps(values)}
            said["output"].append(call if name == "computer" else other)
    elif dialect == "anthropic-computer":
        used = [{"type": "tool_use", "id": "t", "name": name, "input": values} for name, values in calls]
        said = {"content": [*([{"type": "text", "text": text}] if text else []), *used], "stop_reason": "tool_use"}
        said["usage"] = {"input_tokens": 9, "output_tokens": 4}
    else:
        functions = [{"function": {"name": name, "arguments": json.dumps(values)}} for name, values in calls]
        message = {"role": "assistant", "content": text, "tool_calls": functions}
        said = {"choices": [{"message": message, "finish_reason": "tool_calls"}], "usage": {"prompt_tokens": 9}}
    return Fault("json", 200, json.dumps(said))


def asked(server: ScriptedServer, dialect: str, history: list[Step], **how: Any) -> Decision:
    space = "rel1000" if dialect == "general-tools" else None
    spec = ModelSpec(f"{server.url}#m", dialect=dialect, space=space, patience=Patience(total=20, attempts=1), **how)
    model = open_model(spec, ability="decide")
    for step in range(len(history)):
        model.decide(Task("TASK"), look(step), history[:step])
    return model.decide(Task("TASK"), look(len(history)), history)


def step(index: int, decision: Decision, **more: Any) -> Step:
    return Step(
        index=index,
        time=float(index),
        frame=look(index).frame,
        image="x",
        action=decision.action,
        raw=decision.raw,
        **more,
    )


CLICKS = {
    "general-tools": ("screen", {"thought": "It is there.", "action": "click", "coordinate": [500, 500]}),
    "qwen3.5-tools": ("computer_use", {"action": "left_click", "coordinate": [500, 500]}),
    "openai-computer": ("computer", {"action": "click", "button": "left", "x": 280, "y": 210}),
    "anthropic-computer": ("computer", {"action": "left_click", "coordinate": [280, 210]}),
}


def history(dialect: str, steps: int) -> tuple[list[Step], list[Any]]:
    """A run of `steps` clicks, of which the first did nothing, and the bodies of its questions and one more."""
    told: list[Step] = []
    failed = OutcomeRecord(performed=False, detail="the screen is locked")
    with ScriptedServer([answer(dialect, CLICKS[dialect], text="Action: Click it.")]) as server:
        decision = asked(server, dialect, [])
        assert decision.action == Click(point=Point(280, 210))
        told = [step(n, decision, outcome=failed if n == 0 else None) for n in range(steps)]
        server.seen.clear()
        asked(server, dialect, told)
        assert set(server.paths[1:]) <= {PATHS.get(dialect, "/v1/chat/completions"), "/v1/models"}
        return told, [seen.body for seen in server.seen]


@pytest.mark.parametrize("dialect", ["general-tools", "qwen3.5-tools"])
def test_chat_completions_are_sent_tools_and_told_calls_and_results(dialect: str) -> None:
    told, bodies = history(dialect, 2)
    assert told[0].raw.count("<tool_call>") == 1
    first, last = bodies[0], bodies[-1]
    name, values = CLICKS[dialect]
    assert [tool["function"]["name"] for tool in first["tools"]] == [name]
    assert first["tool_choice"] == ("required" if dialect == "general-tools" else "auto")
    assert "response_format" not in first
    roles = [message["role"] for message in last["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "user", "assistant", "tool", "user"]
    said = last["messages"][2]
    assert said["content"] == "Action: Click it."
    assert json.loads(said["tool_calls"][0]["function"]["arguments"]) == values
    results = [message for message in last["messages"] if message["role"] == "tool"]
    assert "the screen is locked" in results[0]["content"]
    assert results[1]["content"] == "done"
    assert [result["tool_call_id"] for result in results] == [
        message["tool_calls"][0]["id"] for message in last["messages"] if message["role"] == "assistant"
    ]
    assert [part["type"] for part in last["messages"][-1]["content"]] == ["image_url"]


def test_responses_are_told_computer_calls_with_the_screenshot_after_each() -> None:
    _, bodies = history("openai-computer", 2)
    assert bodies[0]["tools"][0] == {"type": "computer"}
    items = bodies[-1]["input"]
    assert [item["type"] for item in items] == [
        *("message", "message", "computer_call"),
        *("message", "computer_call_output", "message", "computer_call", "computer_call_output"),
    ]
    call, result = items[2], items[4]
    assert call["actions"] == [{"type": "click", "button": "left", "x": 280, "y": 210}]
    assert result["call_id"] == call["call_id"]
    assert result["output"]["image_url"].startswith("data:image/png;base64,")
    assert "the screen is locked" in items[3]["content"][0]["text"]


def test_messages_are_told_uses_of_tools_and_results() -> None:
    _, bodies = history("anthropic-computer", 2)
    tool = bodies[0]["tools"][0]
    assert (tool["type"], tool["display_width_px"], tool["display_height_px"]) == ("computer_20251124", 560, 420)
    messages = bodies[-1]["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user", "assistant", "user"]
    assert [block["type"] for block in messages[1]["content"]] == ["text", "tool_use"]
    assert [block["type"] for block in messages[2]["content"]] == ["tool_result", "image"]
    assert messages[1]["content"][1]["input"] == {"action": "left_click", "coordinate": [280, 210]}
    assert messages[2]["content"][0]["tool_use_id"] == messages[1]["content"][1]["id"]
    assert "the screen is locked" in messages[2]["content"][0]["content"]


def test_anthropics_key_and_version_go_in_its_own_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDEYE_API_KEY", "s3cret")
    with ScriptedServer([answer("anthropic-computer", CLICKS["anthropic-computer"])]) as server:
        asked(server, "anthropic-computer", [])
    headers = {name.lower(): value for name, value in server.seen[0].headers.items()}
    assert headers["x-api-key"] == "s3cret"
    assert headers["anthropic-beta"] == "computer-use-2025-11-24"


@pytest.mark.parametrize("dialect", NATIVE)
def test_an_argument_that_nobody_knows_makes_the_answer_unusable(dialect: str) -> None:
    name, values = CLICKS[dialect]
    with ScriptedServer([answer(dialect, (name, {**values, "force": 3}))]) as server:
        with pytest.raises(ParseError, match="no use for 'force'") as error:
            asked(server, dialect, [])
        assert '"force": 3' in error.value.raw


@pytest.mark.parametrize("dialect", NATIVE)
def test_a_text_without_a_call_is_no_action(dialect: str) -> None:
    with ScriptedServer([answer(dialect, text="All done.")]) as server, pytest.raises(ParseError, match="no action"):
        asked(server, dialect, [])


ENDS: dict[str, tuple[str, dict[str, Any]]] = {
    "general-tools": ("screen", {"thought": "Done.", "action": "finish", "status": "failure"}),
    "qwen3.5-tools": ("computer_use", {"action": "terminate", "status": "failure"}),
    "openai-computer": ("terminate", {"status": "failure"}),
    "anthropic-computer": ("terminate", {"status": "failure"}),
}


def called(dialect: str, name: Any, said: Any, finish: str = "") -> Fault:
    """The tool `name` called with what is said, whatever that is; `finish` is why the answer ended."""
    body: dict[str, Any]
    if dialect == "openai-computer":
        call: dict[str, Any] = {"type": "function_call", "call_id": "c", "name": name, "arguments": said}
        if name == "computer":
            call = {"type": "computer_call", "call_id": "c", "action": said}
        body = {"output": [call], "status": finish or "completed"}
    elif dialect == "anthropic-computer":
        body = {"content": [{"type": "tool_use", "id": "t", "name": name, "input": said}], "stop_reason": finish}
    else:
        message = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"function": {"name": name, "arguments": said}}],
        }
        body = {"choices": [{"message": message, "finish_reason": finish or "tool_calls"}]}
    return Fault("json", 200, json.dumps(body))


def damages(dialect: str) -> Iterator[tuple[str, Fault]]:
    """Damaged calls of a click and of the end of the task, none of which says either."""
    cut_off = {"openai-computer": "incomplete", "anthropic-computer": "max_tokens"}.get(dialect, "length")
    for name, values in (CLICKS[dialect], ENDS[dialect]):
        plain = {("type" if key == "action" and dialect == "openai-computer" else key): v for key, v in values.items()}
        as_text = name != "computer"
        said = json.dumps(plain)
        written: Callable[[Any], Any] = json.dumps if as_text else lambda value: value
        for wrong in (5, True, None, "", "x", [], [plain], {"x": 1}, {"arguments": plain}, {name: plain}):
            yield f"{name} {wrong!r} as arguments", called(dialect, name, written(wrong))
        for unknown in (None, "", 5, "Computer2", "terminate()", ["computer"], {"name": name}):
            yield f"{unknown!r} for {name}", called(dialect, unknown, written(plain))
        for key in set(plain) - {"thought", "button"}:
            for wrong in ([], {}, ["a"], [1, 2, 3], [[], 2], {"x": 1}, "cluck", -3, 10**40):
                yield f"{name} {key}={wrong!r}", called(dialect, name, written({**plain, key: wrong}))
            yield f"{name} {key} twice", called(dialect, name, written({**plain, key.upper(): plain[key]}))
        for at in range(1, len(said) - 1, 3):
            for finish in ("", cut_off):
                yield f"{name} cut off at {said[:at]} {finish}", called(dialect, name, said[:at], finish)
        for broken in (said + said, f"Sure: {said}", f"{said} and", f"```json\n{said}\n```", f"// {said}"):
            yield f"{name} {broken}", called(dialect, name, broken)


@pytest.mark.parametrize("dialect", NATIVE)
def test_a_damaged_call_is_never_an_action(dialect: str) -> None:
    """Not another place, no end of the task, and no error but that the answer cannot be used."""
    cases, done = list(damages(dialect)), []
    for what, fault in cases:
        said = json.loads(fault.body)
        heard = HttpAnswer()
        take(WIRES[DIALECTS[dialect].wire].answer(said), heard, 0.0)
        text, _, _ = heard.message("")
        try:
            done.append((what, DIALECTS[dialect].parse(text, FRAME, ended=heard.ended).action))
        except ParseError:
            continue
    assert not done
    assert len(cases) > 90


@pytest.mark.parametrize("dialect", NATIVE)
def test_a_damaged_call_from_a_server_is_a_parse_error(dialect: str) -> None:
    name, values = CLICKS[dialect]
    cut = json.dumps(values)[:-3]
    with ScriptedServer([called(dialect, name, cut)]) as server, pytest.raises(ParseError) as error:
        asked(server, dialect, [])
    assert cut[:20] in error.value.raw or dialect == "openai-computer"


def test_a_pending_safety_check_makes_the_call_unusable() -> None:
    action = {"type": "click", "button": "left", "x": 5, "y": 5}
    checks = [{"id": "1", "code": "malicious_instructions", "message": "careful"}]
    call = {"type": "computer_call", "call_id": "c", "action": action, "pending_safety_checks": checks}
    said = Fault("json", 200, json.dumps({"output": [call]}))
    with ScriptedServer([said]) as server, pytest.raises(ParseError, match="pending_safety_checks"):
        asked(server, "openai-computer", [])


def test_a_field_that_the_model_refuses_is_left_out() -> None:
    refused = Fault("json", 400, json.dumps({"error": {"message": "Unsupported parameter: 'temperature'"}}))
    with ScriptedServer([refused, answer("openai-computer", CLICKS["openai-computer"])]) as server:
        asked(server, "openai-computer", [])
        assert ["temperature" in seen.body for seen in server.seen] == [True, False]


@pytest.mark.parametrize(
    ("dialect", "name", "values", "action"),
    [
        ("openai-computer", "computer", {"action": "keypress", "keys": ["CTRL", "S"]}, Key(chords=("ctrl+s",))),
        ("openai-computer", "computer", {"action": "screenshot"}, Wait(seconds=0)),
        ("openai-computer", "computer", {"action": "wait"}, Wait(seconds=2)),
        (
            "openai-computer",
            "computer",
            {"action": "drag", "path": [{"x": 4, "y": 4}, {"x": 8, "y": 8}, {"x": 12, "y": 8}]},
            Drag(path=(Point(4, 4), Point(8, 8), Point(12, 8))),
        ),
        (
            "openai-computer",
            "computer",
            {"action": "scroll", "x": 8, "y": 8, "scroll_x": 0, "scroll_y": 300},
            Scroll(point=Point(8, 8), dy=3),
        ),
        (
            "openai-computer",
            "computer",
            {"action": "click", "button": "wheel", "x": 8, "y": 8},
            Click(point=Point(8, 8), button="middle"),
        ),
        ("openai-computer", "computer", {"action": "click", "button": "back", "x": 8, "y": 8}, None),
        ("openai-computer", "terminate", {"status": "failure"}, Finish(status="failure")),
        ("anthropic-computer", "computer", {"action": "key", "text": "ctrl+Page_Down"}, Key(chords=("ctrl+pagedown",))),
        ("anthropic-computer", "computer", {"action": "type", "text": "a\nb"}, TypeText(text="a\nb")),
        (
            "anthropic-computer",
            "computer",
            {"action": "left_click", "coordinate": [8, 8], "text": "shift"},
            Click(point=Point(8, 8), keys=("shift",)),
        ),
        (
            "anthropic-computer",
            "computer",
            {"action": "scroll", "coordinate": [8, 8], "scroll_direction": "up", "scroll_amount": 4},
            Scroll(point=Point(8, 8), dy=-4),
        ),
        (
            "anthropic-computer",
            "computer",
            {"action": "left_click_drag", "start_coordinate": [4, 4], "coordinate": [8, 8]},
            Drag(path=(Point(4, 4), Point(8, 8))),
        ),
        ("anthropic-computer", "computer", {"action": "zoom", "region": [0, 0, 9, 9]}, None),
        ("anthropic-computer", "ask_user", {"text": "Which?"}, AskUser(question="Which?")),
    ],
)
def test_the_owners_actions(dialect: str, name: str, values: dict[str, Any], action: AnyAction | None) -> None:
    said = f"<tool_call>\n{json.dumps({'name': name, 'arguments': values})}\n</tool_call>"
    if action is None:
        with pytest.raises(ParseError):
            DIALECTS[dialect].parse(said, FRAME)
    else:
        assert DIALECTS[dialect].parse(said, FRAME).action == action


def test_what_does_not_go_with_tools_is_refused() -> None:
    with pytest.raises(UserError, match="--structured has no effect on the dialect general-tools"):
        open_model(ModelSpec("http://127.0.0.1:9#m", dialect="general-tools", space="rel1000", structured="always"))
