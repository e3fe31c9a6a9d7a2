"""Settings: which level holds, what is refused, and that commands take them as defaults of their options."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from agent.cli.commands import COMMANDS
from agent.cli.main import main
from agent.core.errors import UserError
from agent.settings import CONFIG, PROJECT_FILE, SETTINGS, Settings, trust, variable_of, written


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a folder of settings of its own."""
    monkeypatch.setenv(CONFIG, str(tmp_path / "user"))
    (tmp_path / "user").mkdir()
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def user(here: Path, text: str) -> None:
    (here.parent / "user/config.toml").write_text(text)


def project(here: Path, text: str) -> None:
    (here / PROJECT_FILE).write_text(text)
    trust(here / PROJECT_FILE)


def held(command: str | None, *given: str) -> dict[str, object]:
    return {name: to.value for name, to in Settings(COMMANDS).of(command, given).items()}


def status(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main([*arguments])
    return int(ended.value.code or 0)


def test_a_higher_level_holds_over_a_lower_one(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user(here, "max-steps = 1\nworkers = 1\nmax-tokens = 1\nmax-seconds = 1\n[run]\nmax-tokens = 2")
    project(here, "max-steps = 3\nmax-seconds = 3\n")
    monkeypatch.setenv(variable_of("max-steps"), "4")
    assert held("run") == {"max-steps": "4", "max-seconds": 3.0, "max-tokens": 2, "workers": 1}
    assert held("run", "max-steps") == {"max-seconds": 3.0, "max-tokens": 2, "workers": 1}
    assert held("bench")["max-tokens"] == 1


def test_what_was_set_for_another_model_or_screen_does_not_hold(here: Path) -> None:
    user(here, 'model = "http://127.0.0.1:1"\ndialect = "qwen2.5-vl"\nenv = "android"\nserial = "x"\npatience = 9')
    assert held("run", "planner") == {"env": "android", "serial": "x"}
    assert held("run", "app") == {"model": "http://127.0.0.1:1", "dialect": "qwen2.5-vl", "patience": 9.0}
    assert held("run", "dialect")["model"] == "http://127.0.0.1:1"
    project(here, 'model = "builtin"')
    assert held("run") == {"model": "builtin", "env": "android", "serial": "x"}


def test_commands_that_refuse_options_take_only_their_own_table(here: Path) -> None:
    user(here, 'serial = "x"\n[doctor]\nserial = "y"')
    assert held("doctor") == {"serial": "y"}
    assert held("replay") == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("model = ", "Invalid value"),
        ("modell = 'builtin'", "no setting 'modell'"),
        ("max-steps = '5'", "max-steps is a whole number"),
        ("max-steps = true", "max-steps is a whole number"),
        ("deny = 'a'", "deny is a list of texts"),
        ("[walk]\nmodel = 'x'", r"\[walk\]: there is no such command"),
    ],
)
def test_what_is_no_setting_is_an_error_that_names_the_file(here: Path, text: str, told: str) -> None:
    user(here, text)
    with pytest.raises(UserError, match=told) as raised:
        Settings(COMMANDS)
    assert "config.toml" in str(raised.value)


def test_a_project_is_trusted_as_it_was_read(here: Path) -> None:
    (here / PROJECT_FILE).write_text("max-steps = 1")
    with pytest.raises(UserError, match="handeye config --trust"):
        Settings(COMMANDS)
    assert status("config", "--trust") == 0
    assert held("run") == {"max-steps": 1}
    (here / PROJECT_FILE).write_text("model = 'http://example.org'")
    assert status("locate", "a.png", "b") == 2
    assert status("locate", "--help") == 0


def test_what_is_written_is_read_again(here: Path) -> None:
    chosen = {"model": 'a "b" \\ \x7f é 😀', "deny": ["x", "y"], "max-steps": 7}
    user(here, written(chosen))
    assert held(None) == chosen
    assert tomllib.loads(written({})) == {}
    user(here, written({name: setting.example for name, setting in SETTINGS.items()}))
    assert held("run") == {name: setting.example for name, setting in SETTINGS.items()}


def test_init_tries_what_it_writes(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("init", "--model", "http://127.0.0.1:9", "--env", "sandbox") == 2
    said = capsys.readouterr().err
    assert "FAIL  model http://127.0.0.1:9: no model server" in said
    assert "nothing was written" in said
    assert not (here.parent / "user/config.toml").exists()
    assert status("init", "--model", "http://127.0.0.1:9", "--env", "sandbox", "--untested") == 0
    assert held("run") == {"model": "http://127.0.0.1:9", "env": "sandbox", "max-steps": 50}
    assert status("init", "--model", "builtin", "--env", "sandbox") == 2
    assert "--force" in capsys.readouterr().err
    assert status("init", "--model", "builtin") == 2


def test_commands_take_them(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    user(here, 'model = "http://127.0.0.1:9"\n[ask]\nmax-steps = 3')
    assert status("extract", "no.png", "--schema", "no.json") == 2
    assert status("run", "Press Enter", "--env", "sandbox") == 2
    assert "no model server at http://127.0.0.1:9" in capsys.readouterr().err
    assert status("ask", "episode", "what?") == 2
    assert "handeye ask has no option --max-steps" in capsys.readouterr().err
    monkeypatch.setenv(variable_of("max-steps"), "many")
    assert status("run", "Press Enter", "--env", "sandbox") == 2
    assert "HANDEYE_MAX_STEPS: max-steps = 'many'" in capsys.readouterr().err


def test_config_says_where_from(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    user(here, "[bench]\nworkers = 8")
    capsys.readouterr()
    assert status("config", "bench", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["settings"]["workers"] == {"value": 8, "source": f"{here.parent / 'user/config.toml'} [bench]"}
    assert said["settings"]["model"] is None
    assert said["files"]["project"] == {"path": str(here / PROJECT_FILE), "exists": False}


def test_a_shell_asks_what_the_line_could_go_on_with(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_HANDEYE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "handeye run --mo")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert status() == 0
    assert "--model" in capsys.readouterr().out.split()
