"""An option of one name is the same in every command that has it: its type, bounds, default and help."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from PIL import Image

from agent.cli.group import app
from agent.cli.main import main

OWN = "writes or reads something of its own"
ANOTHER = "another thing by the same short name, which the command's own words make clear"
LMMS = "an option of lmms-eval, with its defaults: it asks a served model about its tasks"
ASKED = "init asks for what is not given, and writes it as the default"
EXCEPTIONS: dict[str, dict[str, str]] = {
    "--app": {"record": "a demonstration starts it as its first step, on any screen"},
    "--data": {"bench reproduce": ANOTHER, "bench rescore": ANOTHER, "bench page": ANOTHER},
    "--dialect": {"bench rescore": "of stored answers, not of a model"},
    "--draw": {"locate": OWN, "doctor": OWN},
    "--dry-run": {"serve": "it has no screen: nothing is started"},
    "--engine": {"serve": ANOTHER},
    "--env": {"record": "fewer screens can be recorded", "init": ASKED},
    "--force": {"init": ANOTHER, "bench compare": ANOTHER},
    "--frames": {"bench lmms": LMMS},
    "--from": {"elements": ANOTHER, "prompts get": ANOTHER},
    "--grounder": {"serve": "both models are served"},
    "--limit": {"bench lmms": LMMS},
    "--live": {"record": "the page of a recording only shows"},
    "--max-pixels": {"serve": "it sets the limit that the others know of"},
    "--max-steps": {"init": ASKED, "bench run": "a suite has a number of its own for each task"},
    "--mode": {"replay": ANOTHER, "bench rescore": ANOTHER},
    "--model": {
        "init": ASKED,
        "doctor": "no model is checked by default",
        "replay": "only --mode ask has one",
        "bench run": "it takes baselines, too",
        "bench reproduce": "the model is that of the result",
        "bench lmms": LMMS,
    },
    "--out": dict.fromkeys(
        ("run", "replay", "record", "ask", "report", "export", "bench run", "bench reproduce", "bench rescore",
         "bench page", "bench audit", "bench android-world"), OWN
    ),
    "--planner": {"init": ASKED},
    "--port": {"serve": "a model server's usual port, where the page of view takes any"},
    "--seed": {"bench android-world": "AndroidWorld's own, with its default"},
    "--seeds": {"bench record-decisions": "one is recorded where a benchmark takes the suite's number"},
    "--serial": {"bench android-world": "a device in place of its emulator"},
    "--timeout": {"serve": ANOTHER, "replay": ANOTHER},
    "--workers": {"bench lmms": LMMS},
}  # fmt: skip
"""Commands in which an option differs, and why."""


def leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield name, command
        return
    for sub in command.commands:
        yield from leaves(f"{name} {sub}".strip(), command.commands[sub])


def told(option: Any) -> tuple[object, ...]:
    """What has to agree. The sentence on what holds by default is a command's own."""
    words = (option.help or "").partition(" Default: ")[0]
    kind = option.type_descriptor.annotation
    return kind, option.min, option.max, option.multiple, option.metavar, option.default, words


def test_an_option_of_one_name_is_the_same_everywhere() -> None:
    seen: dict[str, dict[str, tuple[object, ...]]] = defaultdict(dict)
    for command, leaf in leaves("", typer.main.get_command(app)):
        for param in leaf.params:
            for name in getattr(param, "opts", ()):
                if name.startswith("--") and name != "--help":
                    seen[name][command] = told(param)
    assert {"run", "mcp", "bench run", "bench audit"} <= {command for found in seen.values() for command in found}
    for name, found in seen.items():
        listed = EXCEPTIONS.get(name, {})
        same = {command: what for command, what in found.items() if command not in listed}
        assert len({*same.values()}) <= 1, (name, same)
        usual = next(iter(same.values()), None)
        assert not [command for command in listed if found.get(command, usual) == usual], f"{name} is no exception"
        assert {*listed} <= {*found}, name


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["record", "--out", "x", "--env", "browser"], "--env sandbox --app chromium"),
        (["record", "--out", "x", "--env", "mine:Env"], "recorded on desktop, sandbox, android or phone"),
        (["record", "--out", "x", "--size", "900x700"], "--size shapes the sandbox"),
        (["record", "--out", "x", "--env", "sandbox", "--monitor", "2"], "has one monitor"),
        (["elements", "x.png", "--display", "1"], "--display has no effect on an image"),
        (["elements", "x.png", "--app", "xterm"], "one of the two"),
        (["elements"], "one of the two"),
        (["elements", "--env", "android:a", "--serial", "b"], "both name the device"),
        (["replay", "x", "--size", "900x700"], "--size has no effect with --mode view"),
        (["replay", "x", "--no-isolation"], "--no-isolation has no effect with --mode view"),
        (["run", "x", "--max-steps", "0"], "--max-steps"),
    ],
)
def test_an_option_acts_or_is_refused(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main(arguments)
    said = capsys.readouterr().err
    assert (left.value.code, words in said) == (2, True), said
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["run", "x", "--env", "sandbx"], "sandbox"),
        (["run", "x", "--env", "sandbox", "--model", "bultin"], "builtin"),
        (["run", "x", "--env", "sandbox", "--model", "localhost:8000"], "http://localhost:8000"),
        (["locate", "x.png", "x", "--model", "http://127.0.0.1:9", "--dialect", "qwen25-vl"], "qwen2.5-vl"),
        (["bench", "minwob"], "miniwob"),
        (["bench", "audit", "desktp"], "desktop"),
        (["bench", "download", "screenspot-prp"], "screenspot-pro"),
        (["bench", "rescore", "ui-visn", "--predictions", "x"], "ui-vision"),
        (["bench", "record-decisions", "x", "--suites", "desktp"], "desktop"),
        (["bench", "miniwob", "--model", "baseline:idel"], "idle"),
        (["config", "bnch"], "bench"),
    ],
)
def test_a_name_that_is_near_another_says_so(
    arguments: list[str],
    meant: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Image.new("RGB", (40, 40)).save(tmp_path / "x.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HANDEYE_BASE_URL", raising=False)
    with pytest.raises(SystemExit) as left:
        main(arguments)
    said = capsys.readouterr().err
    assert (left.value.code, f"Did you mean {meant}?" in said) == (2, True), said
