"""Replay without a device: what is whole passes, what was tampered with is named, another model's choices are told."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from actions.action import Click, Drag, Finish, Key, Scroll, TypeText, Wait
from actions.frame import Frame, Point
from agent.cli.main import main
from agent.core.model import ModelError, ParseError
from agent.core.step import OutcomeRecord, Step
from agent.core.task import Ending
from agent.episodes import EpisodeHeader, EpisodeWriter
from agent.episodes.replay.ask import ask, compare
from agent.episodes.replay.simulate import simulate
from agent.models.dialects.history import pointer_after
from agent.models.dialects.registry import DIALECTS, get_dialect
from tests.agent.fakes import ScriptedModel

ACTIONS = (
    Click(point=Point(120, 40)),
    TypeText(text="notes “2” & 🎉"),
    Key(chords=("ctrl+s",)),
    Scroll(point=Point(300, 200), dy=5),
    Finish(status="success"),
)
SIZE = (640, 480)


def record(folder, dialect="qwen2.5-vl", actions=ACTIONS, size=SIZE, platform="desktop", **fields):
    """An episode whose answers are the dialect's own words for `actions`; those it has no words for are left out."""
    speaks = get_dialect(dialect)
    header = EpisodeHeader(
        task="save it",
        model="m",
        dialect=dialect,
        prompt_hash=speaks.prompt_hash,
        env="e",
        platform=platform,
        **fields,
    )
    steps = []
    with EpisodeWriter.create(folder, header) as writer:
        for action in actions:
            frame = Frame(id=f"{len(steps):04d}", width=size[0], height=size[1])
            draft = Step(index=len(steps), time=1e9 + len(steps), frame=frame, image="frames/0000.png", action=action)
            pointer = pointer_after(steps, frame)
            try:
                raw = speaks.format(action, frame, platform, pointer=pointer)
            except ValueError:
                continue
            action = speaks.parse(raw, frame, platform, pointer=pointer).action
            picture = np.random.default_rng(len(steps)).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
            done = OutcomeRecord(performed=action.type != "finish")
            update = {"image": writer.add_frame(picture), "raw": raw, "action": action, "outcome": done}
            steps.append(draft.model_copy(update=update))
            writer.append(steps[-1])
        writer.finish(Ending.DONE)
    return steps


def rewrite(folder, number, **changes):
    """Change a line of steps.jsonl as a person with an editor would."""
    path = Path(folder) / "steps.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line.pop("crc32")
    lines[number] |= changes
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def cli(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main([*map(str, arguments), "--json"])
    return left.value.code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", [name for name, dialect in DIALECTS.items() if dialect.decide])
def test_every_dialects_answers_read_as_they_were_recorded(tmp_path, name):
    platform = next(iter(DIALECTS[name].decide))
    steps = record(tmp_path / "e", name, platform=platform)
    found = simulate(tmp_path / "e")
    assert found.ok, (found.problems, found.differences)
    assert found.compared == len(steps) > 0


def test_a_whole_episode_is_status_0(tmp_path, capsys):
    record(tmp_path / "e")
    status, said = cli(capsys, "replay", tmp_path / "e", "--mode", "simulate")
    assert (status, said["ok"], said["steps"], said["compared"]) == (0, True, len(ACTIONS), len(ACTIONS))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"raw": "I would rather not"}, None),
        ({"action": {"type": "click", "point": [121, 40]}}, "click"),
        ({"action": None, "error": "unusable answer: no"}, "click"),
    ],
)
def test_an_answer_that_reads_otherwise_is_a_difference(tmp_path, capsys, change, what):
    record(tmp_path / "e")
    rewrite(tmp_path / "e", 0, **change)
    status, said = cli(capsys, "replay", tmp_path / "e", "--mode", "simulate")
    assert (status, said["ok"], len(said["differences"])) == (1, False, 1)
    found = said["differences"][0]
    assert (found["step"], (found["read"] or {}).get("type")) == (1, what)
    assert found["why"] or what


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"action": {"type": "click", "point": [640, 40]}, "raw": ""}, "step 2: action: (640, 40) is outside"),
        ({"decided": {"type": "move", "point": [-1, 0]}, "raw": ""}, "step 2: decided: (-1, 0) is outside"),
        ({"action": {"type": "fly"}}, "line 2 is damaged"),
        ({"image": "frames/none.png"}, "step 2: its frame 'frames/none.png' is missing"),
    ],
)
def test_an_impossible_step_is_a_problem(tmp_path, capsys, change, what):
    record(tmp_path / "e")
    rewrite(tmp_path / "e", 1, **change)
    status, said = cli(capsys, "replay", tmp_path / "e", "--mode", "simulate")
    assert status == 1
    assert any(what in problem["what"] for problem in said["problems"])


def test_a_missing_step_and_a_damaged_picture_are_problems(tmp_path):
    steps = record(tmp_path / "e")
    path = tmp_path / "e" / "steps.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:1] + lines[2:]))
    picture = tmp_path / "e" / steps[3].image
    data = bytearray(picture.read_bytes())
    data[len(data) // 2] ^= 1
    picture.write_bytes(data)
    said = [problem.what for problem in simulate(tmp_path / "e").problems]
    assert [problem for problem in said if problem.startswith("step 2: not on record")]
    assert [problem for problem in said if problem.startswith("step 4: its frame") and "checksum" in problem]


def test_what_cannot_be_read_again_is_said(tmp_path):
    with EpisodeWriter.create(
        tmp_path / "e", EpisodeHeader(task="t", model="builtin", env="e", platform="desktop")
    ) as writer:
        writer.finish(Ending.DONE)
    found = simulate(tmp_path / "e")
    assert found.ok
    assert "not prompted in a dialect" in found.notes[0]


def test_the_image_limit_of_the_run_is_used(tmp_path):
    speaks = get_dialect("qwen2.5-vl")
    size, most = (1920, 1080), 500_000
    small = replace(speaks, resize=replace(speaks.resize, max_pixels=most))
    frame = Frame(id="0", width=size[0], height=size[1])
    action = small.parse(small.format(Click(point=Point(1500, 900)), frame), frame).action
    header = EpisodeHeader(
        task="t", model="m", dialect="qwen2.5-vl", env="e", platform="desktop", extra={"max_pixels": most}
    )
    with EpisodeWriter.create(tmp_path / "e", header) as writer:
        image = writer.add_frame(np.zeros((size[1], size[0], 3), np.uint8))
        writer.append(Step(index=0, time=1, frame=frame, image=image, action=action, raw=small.format(action, frame)))
    assert simulate(tmp_path / "e").ok


def test_ask_shows_where_a_model_would_have_acted_otherwise(tmp_path):
    steps = record(tmp_path / "e")
    answers = [
        Click(point=Point(123, 44)),
        Click(point=Point(1, 1)),
        ParseError("nothing", "raw"),
        Scroll(point=Point(300, 300), dy=5),
        Finish(status="failure", message="no"),
    ]
    model = ScriptedModel(answers)
    found = ask(tmp_path / "e", model)
    assert [row.kind for row in found.rows] == ["same", "other type", "no action", "other place", "other detail"]
    assert found.rows[0].distance == pytest.approx(5, abs=1)
    assert [len(history) for history in model.histories] == [0, 1, 2, 3, 4]
    assert [step.model_copy(update={"patch": None}) for step in model.histories[4]] == steps[:4]
    assert found.to_json()["counts"]["same"] == 1


def test_ask_stops_at_an_unreachable_model_and_says_where(tmp_path):
    record(tmp_path / "e")
    with pytest.raises(ModelError, match="step 2: gone"):
        ask(tmp_path / "e", ScriptedModel([Wait(), ModelError("gone")]))


def test_how_two_actions_compare():
    drag = Drag(path=(Point(0, 0), Point(50, 50)))
    assert compare(drag, Drag(path=(Point(0, 3), Point(9, 9), Point(50, 54)))) == ("same", 4)
    assert compare(drag, Drag(path=(Point(0, 0), Point(50, 90)))) == ("other place", 40)
    assert compare(Click(point=Point(0, 0)), Click(point=Point(3, 4), button="right")) == ("other detail", 5)
    assert compare(Scroll(dy=1), Scroll(point=Point(0, 0), dy=1)) == ("other place", None)
    assert compare(TypeText(text="a"), TypeText(text="b")) == ("other detail", None)


def test_the_built_in_model_can_be_asked_from_the_command_line(tmp_path, capsys):
    record(tmp_path / "e", actions=ACTIONS[:1])
    status, said = cli(capsys, "replay", tmp_path / "e", "--mode", "ask")
    assert (status, said["mode"], said["model"], said["steps"]) == (0, "ask", "builtin", 1)


def test_view_writes_the_report_and_live_is_not_there_yet(tmp_path, capsys):
    record(tmp_path / "e", actions=ACTIONS[:1])
    status, said = cli(capsys, "replay", tmp_path / "e", "--out", tmp_path / "r.html")
    assert status == 0
    assert Path(said["report"]).read_text().startswith("<!")
