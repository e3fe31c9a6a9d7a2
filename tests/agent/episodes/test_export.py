"""Exports: what is trained on is what was done, and the script does it again."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from actions.action import Click, Finish, HoldKeys, HoldMouse, ReleaseKeys, ReleaseMouse, TypeText, parse_action
from actions.frame import Frame, Point
from agent.core.errors import UserError
from agent.core.step import OutcomeRecord, Step
from agent.core.task import Ending
from agent.episodes import EpisodeHeader, EpisodeWriter
from agent.episodes.export.export import export_episodes
from agent.models.dialects.dialect import UnsupportedAction
from agent.models.dialects.history import pointer_after
from agent.models.dialects.registry import DIALECTS, get_dialect
from envs.sandbox import SandboxEnv
from tests.agent.episodes.test_replay import ACTIONS, cli, record

ROOT = Path(__file__).parents[3]
HARD = 'quote\' """ \\ \n{{secret:PW}} <image> 🎉 \u202e %s {task}'


@pytest.mark.parametrize("name", [name for name, dialect in DIALECTS.items() if dialect.decide])
def test_a_conversation_says_the_recorded_action_in_every_dialect_that_can(tmp_path, name):
    speaks = get_dialect(name)
    platform = next(iter(speaks.decide))
    steps = record(tmp_path / "e", name, platform=platform)
    done = export_episodes([tmp_path / "e"], "sharegpt", tmp_path / "out")
    samples = json.loads((tmp_path / "out" / "train.json").read_text())
    assert done.written == len(samples) == len(steps), done.skipped
    for at, (sample, step) in enumerate(zip(samples, steps, strict=True)):
        pointer = pointer_after(steps[:at], step.frame)
        said = sample["conversations"]
        assert speaks.parse(said[-1]["value"], step.frame, platform, pointer=pointer).action == step.action
        assert [turn["from"] for turn in said] == ["human", "gpt"] * (len(said) // 2)
        seen = min(step.index + 1, speaks.decide[platform].conversation.pictures)
        assert sum(turn["value"].count("<image>") for turn in said[::2]) == len(sample["images"]) == seen
        for name in sample["images"]:
            image = cv2.imread(str(tmp_path / "out" / name))
            assert (image.shape[1], image.shape[0]) == speaks.resize.size(640, 480)


def test_another_dialect_says_the_same_within_half_a_unit_of_its_grid(tmp_path):
    steps = record(tmp_path / "e")
    for name in ("qwen3-vl", "ui-tars-1.5"):
        export_episodes([tmp_path / "e"], "sharegpt", tmp_path / name, name)
        speaks = get_dialect(name)
        samples = json.loads((tmp_path / name / "train.json").read_text())
        point = speaks.parse(samples[0]["conversations"][1]["value"], steps[0].frame).action.point
        assert point == pytest.approx(steps[0].action.point, abs=1)


def test_what_cannot_be_said_or_was_not_done_is_left_out_and_named(tmp_path, capsys):
    record(tmp_path / "e")
    status, said = cli(
        capsys, "export", tmp_path / "e", "-f", "sharegpt", "--dialect", "os-atlas-pro", "-o", tmp_path / "o"
    )
    assert status == 0
    assert said["written"] + len(said["skipped"]) == said["steps"] == len(ACTIONS)
    with pytest.raises(UserError, match="exists already"):
        export_episodes([tmp_path / "e"], "hf", tmp_path / "o")
    with pytest.raises(UserError, match="--dialect is for"):
        export_episodes([tmp_path / "e"], "hf", tmp_path / "p", "qwen2.5-vl")


def test_a_datasets_folder_has_a_row_and_a_picture_for_each_step(tmp_path):
    steps = record(tmp_path / "e")
    export_episodes([tmp_path / "e", tmp_path / "e"], "hf", tmp_path / "out")
    rows = [json.loads(line) for line in (tmp_path / "out" / "train" / "metadata.jsonl").read_text().splitlines()]
    assert len(rows) == 2 * len(steps)
    assert len({tuple(row) for row in rows}) == 1
    for row, step in zip(rows, steps, strict=False):
        assert parse_action(json.loads(row["action"])) == step.action
        assert cv2.imread(str(tmp_path / "out" / "train" / row["file_name"])).shape == (480, 640, 3)


def write(folder, actions, task, size=(1280, 800)):
    with EpisodeWriter.create(folder, EpisodeHeader(task=task, model="m", env="e", platform="desktop")) as writer:
        for n, action in enumerate(actions):
            image = writer.add_frame(np.full((size[1], size[0], 3), 20 * n, np.uint8))
            frame = Frame(id=str(n), width=size[0], height=size[1])
            done = OutcomeRecord(performed=action.type != "finish")
            writer.append(Step(index=n, time=n, frame=frame, image=image, action=action, outcome=done))
        writer.finish(Ending.DONE)
    return folder


def test_nothing_in_a_script_runs_but_its_own_code(tmp_path):
    task = HARD + '"""\nraise SystemExit(9)\n"""'
    held = [HoldKeys(keys=("ctrl",)), HoldMouse(point=Point(1, 2)), ReleaseMouse(), ReleaseKeys(keys=("ctrl",))]
    write(tmp_path / "e", [TypeText(text=HARD), *held, Finish(status="success")], task)
    export_episodes([tmp_path / "e"], "script", tmp_path / "s.py")
    source = (tmp_path / "s.py").read_text(encoding="ascii")
    compile(source, "s.py", "exec")
    check = "import json, runpy; g = runpy.run_path('s.py'); g['steps'].__globals__['secrets']['PW'] = 'PW'; "
    check += "print(json.dumps([g['TASK'], [repr(s) for s in g['steps']()]]))"
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "PW": "the value"}
    ran = subprocess.run(
        [sys.executable, "-c", check], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    said, steps = json.loads(ran.stdout)
    assert said == task
    typed = TypeText(text=HARD.replace("{{secret:PW}}", "the value"))
    assert steps == [repr((number, action, True)) for number, action in enumerate([typed, *held], 1)]


def test_a_script_reads_only_the_secrets_that_are_listed(tmp_path):
    hostile = [TypeText(text="{{secret:AWS_SECRET_ACCESS_KEY}}"), Finish(status="success")]
    write(tmp_path / "e", hostile, "note", (640, 480))
    export_episodes([tmp_path / "e"], "script", tmp_path / "s.py")

    def steps(listed):
        check = "import runpy; g = runpy.run_path('s.py')['steps']; "
        check += f"g.__globals__['secrets'].update({listed!r}); print(list(g()))"
        environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "MINE": "mine"}
        environ["AWS_SECRET_ACCESS_KEY"] = "AKIA-value"
        return subprocess.run(
            [sys.executable, "-c", check], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )

    ran = steps({})
    assert ran.returncode == 1
    assert ran.stderr.strip().endswith("say where it is with --secret AWS_SECRET_ACCESS_KEY=VARIABLE")
    assert "AKIA-value" not in ran.stdout + ran.stderr
    ran = steps({"AWS_SECRET_ACCESS_KEY": "MINE"})
    assert "text='mine'" in ran.stdout
    assert "AKIA-value" not in ran.stdout + ran.stderr


@pytest.mark.desktop
def test_the_script_does_it_again(tmp_path):
    form, typed = Path(__file__).parents[1].joinpath("secret_form.py"), tmp_path / "typed.json"
    app = f"/usr/bin/python3 {form} {typed}"
    with SandboxEnv([app], share=[str(tmp_path), f"{form.parent}:ro"]) as env:
        frame = env.observe().frame
    size = (frame.width, frame.height)
    actions = [Click(point=Point(417, 110)), TypeText(text="ada ü"), Click(point=Point(416, 166))]
    write(tmp_path / "e", [*actions, TypeText(text="{{secret:PW}}\n"), Finish(status="success")], "sign in", size)
    export_episodes([tmp_path / "e"], "script", tmp_path / "s.py")
    environ = {"PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHONPATH": str(ROOT), "MY_CODE": "Zebra47"}
    command = [sys.executable, str(tmp_path / "s.py"), "--app", app, "--secret", "PW=MY_CODE"]
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=90, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert json.loads(typed.read_text()) == {"User": "ada ü", "Code": "Zebra47", "Password": ""}


def test_an_unsupported_action_is_one_line():
    with pytest.raises(UnsupportedAction):
        get_dialect("qwen2.5-vl").format(Finish(status="success", message="m"), Frame(id="0", width=640, height=480))
