"""What ``handeye doctor`` says of browsers, fonts, extras and memory, with programs on a PATH of their own."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.doctor import checks
from agent.doctor.check import CheckResult, Examination, MachineCheck, missing
from agent.doctor.installed import EXTRAS, extra_checks, installed_checks, memory_check
from agent.models.spec import ModelSpec
from agent.serving.engines import Machine
from tests.agent.doctor.standins import program


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that is the whole PATH."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


def looked(*checks: MachineCheck) -> dict[str, CheckResult]:
    return {result.name: result for result in Examination(60).all(checks or installed_checks())}


def test_nothing_installed_says_what_to_install(path: Path) -> None:
    there = looked()
    assert (there["browsers"].state, there["browsers"].detail) == ("missing", "none")
    assert "sudo apt install chromium" in there["browsers"].next
    assert there["programs of the examples"].next == "sudo apt install mousepad galculator xterm"
    assert there["fonts"].state == "not needed"


def test_what_is_installed_is_named(path: Path) -> None:
    for name in ("google-chrome", "firefox", "mousepad", "galculator", "xterm"):
        program(path, name)
    program(path, "fc-list", 'case "$1" in *1f600) ;; *) echo "Some Font" ;; esac')
    there = looked()
    assert there["browsers"].detail == "google-chrome, firefox"
    assert there["programs of the examples"].state == "ok"
    assert there["fonts"].detail.startswith("none for emoji")
    assert there["fonts"].next == "sudo apt install fonts-noto-color-emoji"
    assert "Latin" in there["text that is read"].detail.partition("; not")[0]


@pytest.mark.parametrize(
    ("model", "state", "words"),
    [
        (None, "ok", "24.0 GB of GPU memory free: models up to about 10B in 16 bits or 33B in 4 bits"),
        ("hf:Qwen/Qwen2.5-VL-7B-Instruct", "ok", "takes about 16.6 GB"),
        ("hf:Qwen/Qwen2.5-VL-32B-Instruct", "missing", "take a smaller one"),
        ("http://127.0.0.1:8000", "ok", "models up to about"),
    ],
)
def test_a_model_is_held_against_the_memory_of_the_gpu(
    path: Path, monkeypatch: pytest.MonkeyPatch, model: str | None, state: str, words: str
) -> None:
    program(path, "nvidia-smi", f"echo {24 * 10**9 // 2**20}")
    monkeypatch.setattr(Machine, "here", lambda: Machine(gpu=True))
    check = memory_check(ModelSpec(model) if model else None)
    result = looked(check)["memory for a model"]
    assert (result.state, words in result.told) == (state, True), result.told
    assert result.fails == (state == "missing")


def test_the_extras_are_those_of_the_package() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    assert {*EXTRAS} == {*project["optional-dependencies"]} - {"dev", "docs"}
    assert {result.state for result in looked(*extra_checks()).values()} <= {"ok", "not needed"}


def test_problems_come_first_and_the_worst_before(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = [
        MachineCheck("screens", "fine", lambda: "as it should be"),
        MachineCheck("screens", "nice to have", lambda: missing("not there", "sudo apt install it")),
        MachineCheck("screens", "vital", lambda: missing("gone", "get it"), needed=True),
    ]
    monkeypatch.setattr(checks, "_screen_checks", lambda: there)
    for other in ("phone_checks", "installed_checks", "extra_checks"):
        monkeypatch.setattr(checks, other, lambda *_: [])
    with pytest.raises(SystemExit) as left:
        main(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["FAIL  vital: gone: get it", "note  nice to have: not there: sudo apt install it"]
    assert lines[2:4] == ["screens", "  fine: as it should be"]
    assert left.value.code == 1
