"""The command line as a person meets it: one clear line for each mistake, one JSON object where it is asked for."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image, ImageDraw, ImageFont
from typer.core import TyperCommand, TyperGroup

from agent.cli.commands import COMMANDS, OPTIONS, overview
from agent.cli.group import app
from agent.cli.main import main
from agent.cli.options import read_screen
from agent.core.errors import UserError
from tests.agent.scripted_server import ScriptedServer, computer


def handeye(*arguments: str, cwd: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    command = [sys.executable, "-m", "agent.cli.main", *arguments]
    clean["PYTHONPATH"] = str(Path(__file__).parents[3])
    return subprocess.run(
        command, env=clean | environ, cwd=cwd, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
    )


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


MISTAKES = {
    "an empty task": (["run", " ", "--env", "sandbox"], "the task is empty"),
    "no display": (["run", "Press Enter", "--env", "desktop"], "no display"),
    "a display that is not there": (["run", "Press Enter", "--env", "desktop"], "display"),
    "an unknown model": (["run", "Press Enter", "--env", "sandbox", "--model", "gpt-17"], "unknown model 'gpt-17'"),
    "an address without http": (["locate", "PICTURE", "x", "--model", "h:80"], "Did you mean http://h:80?"),
    "a name misspelt": (["locate", "PICTURE", "x", "--model", "bulitin"], "Did you mean builtin?"),
    "an unreachable server": (["run", "Press Enter", "--env", "sandbox", "--model", "URL"], "no model server"),
    "a missing program": (["run", "Press Enter", "--app", "no-such-program"], "no-such-program"),
    "an output folder that is a file": (["run", "Press Enter", "--env", "sandbox", "--out", "FILE"], "--out"),
    "an output folder that cannot be": (["run", "Press Enter", "--env", "sandbox", "--out", "/proc/x/y"], "--out"),
    "a limit of nothing": (["run", "Press Enter", "--env", "sandbox", "--max-steps", "0"], "steps"),
    "a size of nonsense": (["run", "Press Enter", "--env", "sandbox", "--size", "big"], "WIDTHxHEIGHT"),
    "a monitor that is not there": (["run", "Press Enter", "--env", "sandbox", "--monitor", "2"], "--monitors 2"),
    "an unknown option": (["run", "Press Enter", "--fast"], "--fast"),
    "an unknown command": (["walk"], "walk"),
    "an app on the own desktop": (["run", "Press Enter", "--env", "desktop", "--app", "xterm"], "sandbox"),
    "a dialect for the built-in model": (
        ["locate", "PICTURE", "x", "--dialect", "qwen2.5-vl"],
        "--dialect has no effect",
    ),
    "a limit for the built-in model": (
        ["locate", "PICTURE", "x", "--max-pixels", "9999"],
        "--max-pixels has no effect",
    ),
    "no profile for the built-in model": (["locate", "PICTURE", "x", "--no-profile"], "--no-profile has no effect"),
    "a model for a view": (["replay", ".", "--model", "builtin"], "--model has no effect with --mode view"),
    "an env for a simulation": (["replay", ".", "--mode", "simulate", "--env", "phone"], "--env has no effect"),
    "a phone to calibrate": (["doctor", "--calibrate", "http://x", "--display", "2"], "leave --calibrate out"),
    "a dialect for no model": (["doctor", "--dialect", "qwen2.5-vl"], "--dialect has no effect without --model"),
    "a limit for a baseline": (
        ["bench", "miniwob", "--model", "baseline:idle", "--max-pixels", "9999"],
        "--max-pixels has no effect on a baseline",
    ),
    "a size for the own desktop": (["run", "x", "--env", "desktop", "--size", "800x600"], "--size shapes the sandbox"),
    "a missing image": (["locate", "nowhere.png", "the button"], "no such image"),
    "an image that is none": (["locate", "FILE", "the button"], "cannot read"),
    "an empty instruction": (["locate", "PICTURE", "  "], "the instruction is empty"),
    "an episode that is none": (["report", "."], "episode"),
    "a port of adb's emulators": (["phone", "--port", "5585"], "adb looks for emulators at port 5585"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_clear_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, words = MISTAKES[name]
    (tmp_path / "file").write_text("not an image")
    Image.new("RGB", (60, 40), "white").save(tmp_path / "picture.png")
    known = {"URL": f"http://127.0.0.1:{free_port()}", "FILE": "file", "PICTURE": "picture.png"}
    monkeypatch.chdir(tmp_path)
    for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    if name == "a display that is not there":
        monkeypatch.setenv("DISPLAY", ":4711")
    with pytest.raises(SystemExit) as left:
        main([known.get(a, a) for a in arguments])
    told = capsys.readouterr()
    assert left.value.code not in (0, 70, None), told.err
    assert told.out == ""
    lines = told.err.strip().splitlines()
    assert len(lines) == 1, told.err
    assert lines[0].startswith("handeye: ")
    assert words in lines[0]
    assert not (tmp_path / "runs").exists()


def test_a_mistake_under_json_is_an_object_too(tmp_path: Path) -> None:
    done = handeye("run", "", "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert "the task is empty" in json.loads(done.stdout)["error"]
    assert list(tmp_path.iterdir()) == []


def test_an_episode_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "episode.json").write_text("{}")
    done = handeye("run", "Press Enter", "--env", "sandbox", "--out", ".", cwd=tmp_path)
    assert done.returncode == 2
    assert (tmp_path / "episode.json").read_text() == "{}"


def test_the_overview_says_of_each_command_and_option_what_it_says_itself() -> None:
    root = typer.main.get_command(app)
    for name, (_, about) in COMMANDS.items():
        first, _, _ = str(root.commands[name].help).partition("\n\n")  # type: ignore[attr-defined]
        assert " ".join(first.split()) == about
    options = root.get_params(typer.Context(root, help_option_names=["-h", "--help"]))  # type: ignore[arg-type]
    assert {one for names in OPTIONS for one in names.split(", ")} == {one for option in options for one in option.opts}


def test_the_overview_is_the_help_of_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, status in (([], 2), (["-h"], 0), (["--help"], 0), (["--debug", "--help"], 0)):
        with pytest.raises(SystemExit) as left:
            main(arguments)
        assert (left.value.code, capsys.readouterr().out) == (status, overview())
    assert all(f"\n  {name} " in overview() for name in (*COMMANDS, *OPTIONS))


def test_a_paragraph_of_help_is_as_wide_as_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    for arguments, told in ((["ask"], "in a file what is written there. Of"), (["bench", "run"], "handeye")):
        with pytest.raises(SystemExit):
            main([*arguments, "--help"])
        assert told in capsys.readouterr().out


def test_ctrl_c_is_told_as_json_wherever_it_comes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for place in (
        "agent.run.locate.locate_on_image",
        "agent.cli.group.put_settings",
        "agent.cli.group.CommandTable.parse_args",
    ):
        with monkeypatch.context() as patch:
            patch.setattr(place, stopped)
            with pytest.raises(SystemExit) as left:
                main(["locate", "a.png", "b", "--json"])
        said = capsys.readouterr()
        assert (left.value.code, json.loads(said.out), said.err) == (130, {"error": "stopped"}, "handeye: stopped\n")


def every_command() -> Iterator[tuple[list[str], TyperCommand]]:
    """The words and the command, of groups' commands too."""
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        yield [name], command
        yield from (
            ([name, inner], one) for inner, one in (command.commands if isinstance(command, TyperGroup) else {}).items()
        )


def test_no_example_of_a_help_page_wraps_in_a_terminal_of_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    examples = 0
    for words, command in every_command():
        with pytest.raises(SystemExit) as left:
            main([*words, "--help"])
        shown = [line.strip() for line in capsys.readouterr().out.splitlines()]
        assert left.value.code == 0
        assert len(shown) > 8
        assert max(map(len, shown)) <= 80, words
        wanted = [line.strip() for line in str(command.help).splitlines() if line.startswith("  ")]
        wrapped = [line for line in wanted if line not in shown]
        assert not wrapped, f"handeye {' '.join(words)} --help: shorten or break these lines: {wrapped}"
        examples += len(wanted)
    assert examples > 80


def test_models_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["models", "--json"])
    names = [row["name"] for row in json.loads(capsys.readouterr().out)["models"]]
    assert names[0] == "builtin"


def picture(path: Path) -> Path:
    image = Image.new("RGB", (400, 200), "#eeeeee")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(18)
    for left, words in ((40, "Cancel"), (220, "Save")):
        draw.rounded_rectangle((left, 80, left + 120, 120), 5, "white", "#888888")
        draw.text((left + 60, 100), words, "black", font, anchor="mm")
    image.save(path)
    return path


def test_locate_finds_draws_and_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shot, drawn = picture(tmp_path / "shot.png"), tmp_path / "drawn.png"
    with pytest.raises(SystemExit) as left:
        main(["locate", str(shot), "the Save button", "--json", "--draw", str(drawn)])
    found = json.loads(capsys.readouterr().out)
    assert left.value.code == 0
    assert not found["refused"]
    assert found["score"] >= 0.5
    x, y = found["point"]
    assert 220 <= x <= 340
    assert 80 <= y <= 120
    x1, y1, x2, y2 = found["bbox"]
    assert x1 <= x <= x2
    assert y1 <= y <= y2
    assert (np.asarray(Image.open(drawn)) != np.asarray(Image.open(shot))).any()
    with pytest.raises(SystemExit) as left:
        main(["locate", str(shot), "the Frobnicate button", "--json"])
    refusal = json.loads(capsys.readouterr().out)
    assert left.value.code == 1
    assert (refusal["refused"], refusal["point"], refusal["bbox"]) == (True, None, None)
    assert refusal["reason"]


def test_locate_asks_a_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shot = picture(tmp_path / "shot.png")
    with ScriptedServer([computer("left_click", coordinate=[287, 104])]) as server, pytest.raises(SystemExit):
        main(["locate", str(shot), "save", "--model", server.url, "--json"])
    x, y = json.loads(capsys.readouterr().out)["point"]
    height, width = server.seen[0].image.shape[:2]  # type: ignore[union-attr]
    assert (x, y) == (round(287 * 400 / width, 2), round(104 * 200 / height, 2))


@pytest.mark.desktop
def test_a_screen_that_stays_black_is_no_observation(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "640x480x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        display = ":" + os.read(reading, 20).decode().strip()
        done = handeye("run", "Press Enter", "--env", "desktop", "--json", cwd=tmp_path, DISPLAY=display)
        server.terminate()
    said = json.loads(done.stdout)
    assert (done.returncode, said["ending"], said["steps"]) == (1, "device_error", 0)
    assert "black" in said["message"]


@pytest.mark.desktop
def test_a_dry_run_sends_nothing_and_records_everything(tmp_path: Path) -> None:
    with ScriptedServer([computer("left_click", coordinate=[50, 60]), computer("terminate", status="success")]) as s:
        out = tmp_path / "ep"
        done = handeye("run", "Click", "--env", "sandbox", "--model", s.url, "--dry-run", "--json", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["steps"] == 2
    first = json.loads((out / "steps.jsonl").read_text().splitlines()[0])
    assert first["action"]["type"] == "click"
    assert first["outcome"]["performed"] is False


@pytest.mark.desktop
def test_confirm_without_a_person_does_not_act(tmp_path: Path) -> None:
    with ScriptedServer([computer("left_click", coordinate=[50, 60])]) as server:
        arguments = ["run", "Click", "--env", "sandbox", "--model", server.url, "--confirm", "always", "--json"]
        done = handeye(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert json.loads(done.stdout)["ending"] == "needs_human"


def test_an_android_device_is_named_with_its_env() -> None:
    def kind_and_serial(**given: str) -> tuple[str, str | None]:
        spec = read_screen(**given).spec()
        return spec.kind, spec.serial

    assert kind_and_serial(env="android:192.168.1.20:5555") == ("android", "192.168.1.20:5555")
    assert kind_and_serial(env="android", serial="one") == ("android", "one")
    assert kind_and_serial(env="my_android:screen") == ("my_android:screen", None)
    with pytest.raises(UserError, match="leave one out"):
        kind_and_serial(env="android:one", serial="two")
