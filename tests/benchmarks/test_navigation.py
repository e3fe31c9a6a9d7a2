"""What all suites of recorded navigation share: moves, history, questions, episode figures, stored answers."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Picture
from typer.testing import CliRunner

from actions.action import (
    AnyAction,
    Button,
    Click,
    Drag,
    Finish,
    Key,
    LongPress,
    Open,
    Scroll,
    TypeText,
    Wait,
    parse_action,
)
from actions.frame import Point
from agent.core.model import ModelError, Usage
from agent.models.chat import ChatModel
from agent.models.dialects.registry import get_dialect
from agent.models.endpoints.endpoint import Capabilities, Enough, Reply, Request
from benchmarks.cli import app as bench
from benchmarks.rescore import RescoreRequest as rescoring  # noqa: N813
from benchmarks.rescore import rescore
from benchmarks.suite import Judged, Prediction, SuiteError, SuiteOptions
from benchmarks.suites import open_suite
from benchmarks.suites.navigation import NavigationSuite
from benchmarks.suites.navigation.episodes import episode_cells, prefix
from benchmarks.suites.navigation.moves import CanonicalAction, action_of, heading, move_of
from benchmarks.suites.navigation.rescoring import judge_responses

CLICK, WAIT = {"action": "click", "coordinate": [500, 300]}, {"action": "wait", "time": 2}
TYPE = {"action": "type", "text": "late"}
SWIPE = {"action": "swipe", "direction": "down"}


def line(episode: int, *done: dict[str, Any]) -> dict[str, Any]:
    """An episode of AndroidControl's ready form."""
    steps = [
        {
            "action_content": action,
            "check_options": action,
            "step_instruction": f"instruction {n}",
            "screenshot": f"{episode}_{n}.png",
        }
        for n, action in enumerate(done)
    ]
    return {"episode_id": episode, "goal": f"goal {episode}", "steps": steps}


def write(folder: Path, *lines: dict[str, Any], screens: tuple[int, int] | None = None) -> Path:
    (folder / "steps.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    for episode in lines if screens else ():
        (folder / "images").mkdir(exist_ok=True)
        for n, step in enumerate(episode["steps"]):
            Picture.new("RGB", screens or (1, 1), (n, 20, 30)).save(folder / "images" / step["screenshot"])
    return folder


def opened(folder: Path, *lines: dict[str, Any], screens: tuple[int, int] | None = None, **options: Any) -> Any:
    return open_suite("android-control", write(folder, *lines, screens=screens), SuiteOptions(**options))


def answered(action: AnyAction) -> Prediction:
    return Prediction(status="answered", value={"action": action.model_dump(mode="json")})


# --- moves ---------------------------------------------------------------------------------------------------------

points = st.builds(Point, st.floats(0, 1079), st.floats(0, 2399))
moves = st.one_of(
    st.builds(CanonicalAction, st.sampled_from(("click", "long_press")), points),
    st.builds(CanonicalAction, st.just("scroll"), direction=st.sampled_from(("up", "down", "left", "right"))),
    st.builds(CanonicalAction, st.just("type"), text=st.text().map(lambda t: t.rstrip("\n"))),
    st.builds(CanonicalAction, st.just("button"), name=st.sampled_from(("back", "home", "enter", "menu"))),
    st.builds(CanonicalAction, st.just("open"), text=st.text(min_size=1)),
    st.just(CanonicalAction("wait")),
    st.builds(CanonicalAction, st.just("stop"), name=st.sampled_from(("success", "failure"))),
)


@given(moves)
def test_every_recorded_move_has_an_action_that_means_it(move: CanonicalAction) -> None:
    action = action_of(move)
    assert move_of(action) == move
    assert parse_action(json.loads(action.model_dump_json())) == action


@given(points, points)
def test_a_drag_scrolls_the_content_against_the_finger(start: Point, end: Point) -> None:
    found = move_of(Drag(path=(start, end))).direction
    across, down = end.x - start.x, end.y - start.y
    if across == down == 0:
        assert found is None
    elif abs(across) > abs(down):
        assert found == ("left" if across > 0 else "right")
    else:
        assert found == ("up" if down > 0 else "down")


def test_scrolls_and_swipes_that_show_the_same_are_the_same() -> None:
    down = move_of(Scroll(dy=5)).direction
    assert down == move_of(Drag(path=(Point(540, 1800), Point(540, 600)))).direction == "down"
    assert move_of(Scroll(dx=3)).direction == move_of(Drag(path=(Point(800, 9), Point(200, 9)))).direction == "right"
    assert heading(3, -3) == "up"
    assert move_of(Scroll()).direction is None


@pytest.mark.parametrize(
    "action",
    [
        Click(point=Point(1, 1), count=2),
        Click(point=Point(1, 1), button="right"),
        Click(point=Point(1, 1), keys=("ctrl",)),
        Key(chords=("ctrl+s",)),
        Key(chords=("enter", "enter")),
        Drag(path=(Point(0, 0), Point(9, 9)), button="right"),
        parse_action({"type": "answer", "text": "42"}),
        parse_action({"type": "ask_user", "question": "?"}),
        parse_action({"type": "move", "point": [1, 1]}),
    ],
)
def test_what_a_phone_has_not_is_other(action: AnyAction) -> None:
    assert move_of(action).kind == "other"


def test_enter_is_a_button_however_it_is_pressed() -> None:
    assert move_of(Key(chords=("enter",))) == move_of(Button(name="enter")) == CanonicalAction("button", name="enter")
    assert move_of(TypeText(text="hi\n")) == CanonicalAction("type", text="hi")


# --- asking --------------------------------------------------------------------------------------------------------


class Scripted:
    """An endpoint that answers from a list and keeps what it was asked."""

    name = model = "qwen2.5-vl"
    capabilities = Capabilities()

    def __init__(self, *texts: str) -> None:
        self.texts, self.asked = list(texts), list[Request]()

    def complete(self, request: Request, enough: Enough | None = None) -> Reply:
        self.asked.append(request)
        return Reply(self.texts.pop(0), ended=True, usage=Usage())

    def close(self) -> None:
        pass


def call(**arguments: Any) -> str:
    body = json.dumps({"name": "mobile_use", "arguments": arguments})
    return f"<tool_call>\n{body}\n</tool_call>"


def model_of(endpoint: Scripted) -> ChatModel:
    return ChatModel(endpoint, get_dialect("qwen2.5-vl"), "mobile")


def text_of(request: Request) -> str:
    return "".join(part for part in request.user if isinstance(part, str))


def test_a_model_sees_the_screen_the_goal_and_the_recorded_past(tmp_path: Path) -> None:
    suite = opened(tmp_path, line(7, CLICK, TYPE, WAIT), screens=(1092, 2408))
    endpoint = Scripted(call(action="click", coordinate=[501, 301]), call(action="wait", time=2), "no idea")
    answers = [suite.answer(sample, model_of(endpoint)) for sample in suite.samples()]
    kinds = [suite.judge(s, a).kind for s, a in zip(suite.samples(), answers, strict=True)]
    assert kinds == ["correct", "wrong_type", "wrong_format"]
    assert answers[2].raw == "no idea"
    last = text_of(endpoint.asked[2])
    assert "goal 7" in last
    assert "instruction" not in last
    assert "[500, 300]" in last  # the recorded click, not the answered one
    assert "late" in last
    assert "click" not in text_of(endpoint.asked[0])
    assert [step.thought for step in suite.history(suite.samples()[2].data)] == ["", ""]


def test_low_gives_the_instruction_of_this_step_and_of_those_before(tmp_path: Path) -> None:
    suite = opened(tmp_path, line(7, CLICK, TYPE, WAIT), screens=(1092, 2408), mode="low")
    assert suite.samples()[1].instruction == "goal 7\nThe next step: instruction 1"
    history = suite.history(suite.samples()[2].data)
    assert [step.thought for step in history] == ["instruction 0", "instruction 1"]
    assert [step.action for step in history] == [Click(point=Point(500, 300)), TypeText(text="late")]
    assert (history[1].frame.width, history[1].frame.height) == (1092, 2408)


def test_each_step_is_seen_on_its_own_screen(tmp_path: Path) -> None:
    suite = opened(tmp_path, line(7, CLICK, WAIT), screens=(30, 60))
    seen: list[Any] = []

    class Watching(type(suite.oracle(suite.samples()[0]))):  # type: ignore[misc]
        def decide(self, task: Any, observation: Any, history: Sequence[Any]) -> Any:
            seen.append((observation.image.shape, tuple(observation.image[0, 0]), observation.frame.id))
            return super().decide(task, observation, history)

    for sample in suite.samples():
        suite.answer(sample, Watching(Wait()))
    assert seen == [((60, 30, 3), (0, 20, 30), "0000"), ((60, 30, 3), (1, 20, 30), "0001")]


def test_without_screens_only_the_oracle_is_asked(tmp_path: Path) -> None:
    suite = opened(tmp_path, line(7, CLICK, SWIPE, TYPE, WAIT))
    with pytest.raises(SuiteError, match="no screens, so no model can be asked"):
        suite.answer(suite.samples()[0], model_of(Scripted("x")))
    for sample in suite.samples():
        assert suite.judge(sample, suite.answer(sample, suite.oracle(sample))).correct
    with pytest.raises(ModelError):
        suite.oracle(suite.samples()[0]).locate(None, "x")


def test_samples_travel_and_are_the_same_every_time(tmp_path: Path) -> None:
    suite = opened(tmp_path, line(7, CLICK, WAIT), line(8, TYPE))
    assert [s.id for s in suite.samples()] == ["7/0", "7/1", "8/0"]
    assert pickle.loads(pickle.dumps(suite.samples())) == suite.samples()
    json.dumps(dict(suite.protocol))
    assert suite.protocol["suite"] == "android-control"
    other = opened(tmp_path, line(7, CLICK, WAIT), line(8, WAIT))
    assert other.protocol["data_hash"] != suite.protocol["data_hash"]


# --- figures -------------------------------------------------------------------------------------------------------


def judged(suite: NavigationSuite, *right: bool) -> list[Judged]:
    """Verdicts as said; a wrong answer is of the wrong type."""
    answers = zip(suite.samples(), right, strict=False)
    found = [(s, suite.answer(s, suite.oracle(s)) if ok else answered(Finish(status="failure"))) for s, ok in answers]
    return [Judged(s, a, suite.judge(s, a)) for s, a in found]


def test_episode_figures_by_hand(tmp_path: Path) -> None:
    suite = opened(tmp_path, line(1, CLICK, WAIT), line(2, CLICK, WAIT, WAIT, WAIT), line(3, WAIT))
    found = suite.summarise(judged(suite, True, True, True, True, False, True, False))
    assert (found.correct, found.total, found.micro) == (5, 7, 5 / 7)
    success, progress = found.averages["episode_success"], found.averages["goal_progress"]
    assert (success.correct, success.total) == (1, 3)
    assert progress.accuracy == pytest.approx((1 + 0.5 + 0) / 3)
    assert found.macro == pytest.approx((1 + 3 / 5) / 2)  # 2 of 2 clicks, 3 of 5 waits
    assert found.kinds == {"correct": 5, "wrong_type": 2}
    assert found.averages["type"].accuracy == 5 / 7
    assert found.averages["grounding"].total == 2
    assert any("steps of one episode hang together" in note for note in found.notes)


def test_episodes_that_were_not_asked_whole_have_no_figure(tmp_path: Path) -> None:
    suite = opened(tmp_path, line(1, CLICK, WAIT), line(2, CLICK, WAIT, WAIT), line(3, WAIT))
    found = suite.summarise(judged(suite, True, True, True))
    assert (found.averages["episode_success"].correct, found.averages["episode_success"].total) == (1, 1)
    assert "1 episode not whole here and left out of episode figures" in found.notes
    nothing = suite.summarise([])
    assert (nothing.accuracy, nothing.averages) == (None, {})


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=6), min_size=1, max_size=8))
def test_progress_is_never_below_success(episodes: list[list[bool]]) -> None:
    cells = episode_cells(episodes)
    success, progress = cells["episode_success"].accuracy, cells["goal_progress"].accuracy
    assert success is not None
    assert progress is not None
    assert 0 <= success <= progress + 1e-12 <= 1 + 1e-9
    for steps in episodes:
        assert (prefix(steps) == 1) == all(steps)
        assert prefix(steps) <= sum(steps) / len(steps)


def test_data_that_are_a_part_say_so(tmp_path: Path) -> None:
    suite = opened(tmp_path, line(1, CLICK))
    assert suite.protocol["complete"] is False
    assert any("not comparable with published figures" in note for note in suite.summarise(judged(suite, True)).notes)


# --- stored answers ------------------------------------------------------------------------------------------------


def test_stored_responses_are_read_by_their_dialect(tmp_path: Path) -> None:
    suite = opened(tmp_path, line(7, CLICK, SWIPE, TYPE, WAIT), line(8, WAIT), screens=(1092, 2408))
    swipe = call(action="swipe", coordinate=[500, 900], coordinate2=[500, 200])
    lines: list[dict[str, Any]] = [
        {"episode_id": 7, "step_id": 2, "response": call(action="type", text="late")},
        {"episode_id": "7", "step_id": "0", "response": call(action="click", coordinate=[520, 310])},
        {"episode_id": 7, "step_id": 1, "response": swipe},
        {"episode_id": 7, "step_id": 3, "response": "I would rather not"},
    ]
    found = judge_responses(suite, lines, get_dialect("qwen2.5-vl"))
    assert [one.sample.id for one in found] == ["7/0", "7/1", "7/2", "7/3"]
    assert [one.verdict.kind for one in found] == ["correct"] * 3 + ["wrong_format"]
    summary = suite.summarise(found)
    assert (summary.correct, summary.total) == (3, 4)
    assert summary.averages["goal_progress"].accuracy == 0.75


def test_a_directions_own_dialect_is_turned_to_the_content(tmp_path: Path) -> None:
    """MAI-UI names where the finger goes, OS-Atlas what comes into sight."""
    suite = opened(tmp_path, line(7, SWIPE))
    finger = {"episode_id": 7, "step_id": 0, "response": call(action="swipe", direction="up")}
    content = finger | {"response": "actions:\nSCROLL [DOWN]"}
    assert judge_responses(suite, [finger], get_dialect("mai-ui"))[0].verdict.correct
    assert judge_responses(suite, [content], get_dialect("os-atlas-pro"))[0].verdict.correct
    turned = finger | {"response": call(action="swipe", direction="down")}
    assert judge_responses(suite, [turned], get_dialect("mai-ui"))[0].verdict.kind == "wrong_direction"


def test_stored_actions_need_no_dialect(tmp_path: Path) -> None:
    suite = opened(tmp_path, line(7, CLICK))
    stored = {"episode_id": 7, "step_id": 0, "action": {"type": "click", "point": [500, 300]}}
    assert judge_responses(suite, [stored])[0].verdict.correct


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ({"episode_id": 7, "step_id": 9, "response": ""}, "line 1: the data have no step 7/9"),
        ({"step_id": 0, "response": ""}, "line 1 has no episode_id and step_id"),
        ({"episode_id": 7, "step_id": 0, "response": "x", "box": [1, 2]}, "line 1: a box is [x1, y1, x2, y2]"),
        ({"episode_id": 7, "step_id": 0}, "line 1: neither a response nor an action"),
        ({"episode_id": 7, "step_id": 0, "response": "x"}, "line 1: a response needs a dialect"),
        ({"episode_id": 7, "step_id": 0, "action": {"type": "hop"}}, "line 1: not an action"),
    ],
)
def test_a_stored_line_that_cannot_be_scored(stored: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(SuiteError) as error:
        judge_responses(opened(tmp_path, line(7, CLICK)), [stored])
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_step_is_answered_once(tmp_path: Path) -> None:
    suite = opened(tmp_path, line(7, CLICK))
    stored = {"episode_id": 7, "step_id": 0, "action": {"type": "wait"}}
    with pytest.raises(SuiteError, match="line 2: step 7/0 has an answer already"):
        judge_responses(suite, [stored, stored])
    with pytest.raises(SuiteError, match="no answers to score"):
        judge_responses(suite, [])


def test_rescoring_a_file_of_responses(tmp_path: Path) -> None:
    write(tmp_path, line(7, CLICK, SWIPE), line(8, WAIT), screens=(1092, 2408))
    file = tmp_path / "answers.mai-ui.jsonl"
    lines = [
        {"episode_id": 7, "step_id": 0, "response": call(action="click", coordinate=[458, 125])},  # of 999
        {"episode_id": 7, "step_id": 1, "response": call(action="swipe", direction="down")},
    ]
    file.write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(SuiteError, match=r"no response for 1 of 3 samples \(first: 8/0\)"):
        rescore(rescoring("android-control", file, tmp_path))
    (scored,) = rescore(rescoring("android-control", file, tmp_path, partial=True))
    assert scored.dialect == "mai-ui"
    assert [one.verdict.kind for one in scored.judged] == ["correct", "wrong_direction"]
    assert scored.to_json()["suite"] == "android-control"
    assert scored.to_json()["averages"]["goal_progress"]["accuracy"] == 0.5
    lenient = rescoring("android-control", file, tmp_path, options=SuiteOptions(rule="ui-s1", mode="low"), partial=True)
    (scored,) = rescore(lenient)
    assert (scored.summary.correct, scored.protocol["mode"]) == (2, "low")
    told = CliRunner().invoke(
        bench, ["rescore", "android-control", "--predictions", str(file), "--data", str(tmp_path), "--partial"]
    )
    assert "1/2 right, read as mai-ui" in told.stdout
    assert "goal_progress" in told.stdout
    file.write_text(json.dumps({"episode_id": 7, "step_id": 0, "action": {"type": "hop"}}))
    with pytest.raises(SuiteError, match=r"answers\.mai-ui\.jsonl:1: not an action"):
        rescore(rescoring("android-control", file, tmp_path, partial=True))


# --- options -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (SuiteOptions(mode="middle"), "unknown --mode 'middle': use high or low"),
        (
            SuiteOptions(rule="strict"),
            "unknown --rule 'strict': use os-atlas, os-atlas-strict, uground, ui-s1, clawgui",
        ),
        (SuiteOptions(zoom=True), "android-control has no --zoom: leave it out"),
        (SuiteOptions(language="cn"), "android-control has no --language: leave it out"),
        (SuiteOptions(seeds=3), "android-control has no --seeds: leave it out"),
        (SuiteOptions(tasks=("99",)), "there is no episode '99'"),
    ],
)
def test_a_foreign_option_is_refused(options: SuiteOptions, said: str, tmp_path: Path) -> None:
    write(tmp_path, line(7, CLICK))
    with pytest.raises(SuiteError, match=said):
        open_suite("android-control", tmp_path, options)


def test_episodes_can_be_picked(tmp_path: Path) -> None:
    suite = opened(tmp_path, line(7, CLICK), line(8, WAIT), line(9, TYPE, WAIT), tasks=("9", "7"))
    assert [s.id for s in suite.samples()] == ["9/0", "9/1", "7/0"]
    assert suite.protocol["tasks"] == ["9", "7"]


def test_the_manifest_tells_modes_and_rules_apart(tmp_path: Path) -> None:
    protocols = [
        dict(opened(tmp_path, line(7, CLICK), mode=mode, rule=rule).protocol)
        for mode in ("high", "low")
        for rule in ("os-atlas", "ui-s1")
    ]
    assert all(a != b for n, a in enumerate(protocols) for b in protocols[:n])
    assert opened(tmp_path, line(7, CLICK)).protocol == protocols[0]


def test_black_screens_are_never_shown_to_a_model_that_looks(tmp_path: Path) -> None:
    suite = opened(tmp_path, line(7, CLICK))
    looking = suite.oracle(suite.samples()[0])
    assert suite.answer(suite.samples()[0], looking).status == "answered"
    looking.needs_screen = True  # type: ignore[attr-defined]
    with pytest.raises(SuiteError, match="no screens"):
        suite.answer(suite.samples()[0], looking)


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (LongPress(point=Point(5, 5)), "long_press"),
        (Open(target="Clock"), "open"),
        (Wait(), "wait"),
        (Finish(status="success"), "stop"),
    ],
)
def test_plain_actions(action: AnyAction, kind: str) -> None:
    assert move_of(action).kind == kind
