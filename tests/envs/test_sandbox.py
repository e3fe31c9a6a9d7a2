"""The private display: what it starts, what it refuses, what its programs see."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

from actions.action import Click, Key, Open, TypeText
from actions.frame import Point
from envs.env import EnvError
from envs.processes import marked
from envs.sandbox import SandboxEnv
from envs.sandbox_supervisor import MARK, PREFIX, sweep
from tests.envs.conftest import PYTHON, TkApp
from tests.waiting import until

pytestmark = pytest.mark.desktop
DUMP = "import json,os;json.dump([dict(os.environ),os.getcwd()],open(os.environ['HOME']+'/seen','w'))"


def save_as(env: SandboxEnv, chord: str, name: str) -> None:
    """Save under `name` in the dialog that `chord` opens. GTK ignores Enter until it has read the folder."""

    def asks() -> bool:
        return "Save" in str(env.observe().app)

    def gone() -> bool:
        env.perform(Key(chords=("enter",)), env.observe().frame)
        return not asks()

    env.perform(Key(chords=(chord,)), env.observe().frame)
    until(asks, say=lambda: env.observe().app)
    env.perform(TypeText(text=name), env.observe().frame)
    until(gone, say=lambda: env.observe().app)


def test_it_ends_without_a_trace() -> None:
    env = SandboxEnv()
    number, home = env.display[1:], env.home
    assert Path(f"/tmp/.X{number}-lock").exists()
    assert env.name == f"sandbox {env.display} 1280x800"
    env.close()
    env.close()
    assert marked(f"{MARK}={home}") == []
    assert not home.exists()
    assert not Path(f"/tmp/.X{number}-lock").exists()
    assert not Path(f"/tmp/.X11-unix/X{number}").exists()


def test_programs_see_a_home_of_their_own_and_nothing_of_the_session(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/0/bus")
    monkeypatch.setenv("SECRET_API_KEY", "do not pass on")
    with SandboxEnv(environ={"EXTRA": "yes"}, share=[str(tmp_path)]) as env:
        env.launch([PYTHON, "-c", DUMP], wait=False)
        seen = env.home / "home/seen"
        until(lambda: seen.exists() and seen.read_text().endswith("]"))
        environ, cwd = json.loads(seen.read_text())
        assert environ["DISPLAY"] == env.display
        assert environ["LANG"] == "C.UTF-8"
        assert environ["EXTRA"] == "yes"
        assert cwd == str(tmp_path) == str(env.working_folder)
        own = [name for name in environ if name == "HOME" or name.startswith("XDG_")]
        assert len(own) == 7
        assert sum(environ[name].startswith(str(env.home)) for name in own) == 6, "all but XDG_SESSION_TYPE"
        assert environ["DBUS_SESSION_BUS_ADDRESS"] == "disabled:"
        assert not {"WAYLAND_DISPLAY", "SECRET_API_KEY", "XAUTHORITY"} & set(environ)
        assert os.environ["WAYLAND_DISPLAY"] == "wayland-0"


def test_a_working_folder_is_told_where_it_is_the_callers(tmp_path: Path) -> None:
    with SandboxEnv() as env, SandboxEnv(cwd=tmp_path, isolated=False) as bare:
        assert (env.working_folder, bare.working_folder) == (None, tmp_path)


def test_several_programs_are_shown_fully_on_screen_the_last_with_the_focus() -> None:
    with SandboxEnv(["mousepad", "galculator"]) as env:
        assert [window.program for window in env.windows()] == ["Mousepad", "Galculator"]
        for window in env.windows():
            assert window.left >= 0
            assert window.top >= 0
            assert window.left + window.width <= 1280
            assert window.top + window.height <= 800
        assert str(env.observe().app).startswith("Galculator")


def test_mousepad_opens_the_file_it_is_given_and_saves_into_the_callers_folder(tmp_path: Path) -> None:
    (tmp_path / "a file.txt").write_text("before\n")
    with SandboxEnv(["mousepad 'a file.txt'"], cwd=tmp_path) as env:
        assert "a file.txt" in env.windows()[0].title
        env.perform(TypeText(text="now "), env.observe().frame)
        env.perform(Key(chords=("ctrl+s",)), env.observe().frame)
        until(lambda: (tmp_path / "a file.txt").read_text() == "now before\n")
        save_as(env, "ctrl+shift+s", "other")
        until((tmp_path / "other.txt").exists)


def test_a_new_text_is_saved_by_a_plain_name_into_the_callers_folder(tmp_path: Path) -> None:
    with SandboxEnv(["mousepad"], cwd=tmp_path) as env:
        env.perform(TypeText(text="words"), env.observe().frame)
        save_as(env, "ctrl+s", "notes.txt")
        until((tmp_path / "notes.txt").exists)
        until(lambda: (tmp_path / "notes.txt").read_text() == "words")


def test_a_window_larger_than_the_screen_is_made_to_fit() -> None:
    with SandboxEnv(["xterm -geometry 300x100"], (800, 600)) as env:
        until(lambda: env.windows()[0].width <= 800 and env.windows()[0].height <= 600)
        assert env.windows()[0].left >= 0
        assert env.windows()[0].top >= 0


@pytest.mark.parametrize(
    ("app", "line"),
    [
        ("no-such-program", "'no-such-program' is missing: install it with: sudo apt install no-such-program"),
        ("/no/such/path", "check the path"),
        ("mousepad 'unclosed", "check its quotes"),
        ("", "an empty program"),
        (f"{PYTHON} -c 'raise SystemExit(3)'", r"ended at once \(status 3\)"),
        (f"{PYTHON} -c 'import nothing_like_this'", "No module named 'nothing_like_this'"),
    ],
)
def test_a_program_that_cannot_run_is_one_clear_line_and_leaves_nothing(
    app: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(prefix="h", dir="/tmp") as folder:  # of this test alone
        monkeypatch.setenv("TMPDIR", folder)
        with pytest.raises(EnvError, match=line) as error:
            SandboxEnv([app])
        assert list(Path(folder).glob(f"{PREFIX}*")) == []
    assert "\n" not in str(error.value)


def test_a_program_without_a_window_is_given_up_at_the_deadline() -> None:
    with pytest.raises(EnvError, match=r"showed no window within 0\.5 s"):
        SandboxEnv([f"{PYTHON} -c 'import time; time.sleep(60)'"], app_timeout=0.5)


@pytest.mark.parametrize(
    "wrong", [{"size": (10, 10)}, {"monitors": 0}, {"monitor": 1}, {"cwd": "/no/such/folder"}, {"share": ["/etc"]}]
)
def test_impossible_sandboxes_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(EnvError):
        SandboxEnv(**wrong)  # type: ignore[arg-type]


def test_a_missing_x_server_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EnvError, match="Xvfb is missing: install it with: sudo apt install xvfb"):
        SandboxEnv()


def test_reset_brings_it_to_its_start(tkapp: TkApp) -> None:
    with SandboxEnv([tkapp.command("animate")], share=tkapp.share) as env:
        env.reset()
        first = env.observe()
        started = len(tkapp.times("shown"))
        window = env.windows()[0]
        env.perform(Click(point=Point(window.left + 60, window.top + 60)), first.frame)
        env.launch(["xterm", "-e", "sh", "-c", "setsid sleep 1000 & sleep 1000"])
        (env.home / "home/.config/left").touch()
        assert not np.array_equal(env.observe().image, first.image)
        env.reset()
        assert len(tkapp.times("shown")) == started + 1
        assert [w.program for w in env.windows()] == ["Tk"]
        assert not (env.home / "home/.config/left").exists()
        assert np.array_equal(env.observe().image, first.image)
        left = [Path(f"/proc/{pid}/comm").read_text() for pid in marked(f"{MARK}={env.home}")]
        assert "sleep\n" not in left


def test_an_application_that_was_saved_by_typing_cannot_be_opened(tmp_path: Path) -> None:
    with SandboxEnv(["xterm -e sh"], cwd=tmp_path) as env:
        entry = "[Desktop Entry]\\nType=Application\\nName=Notes\\nExec=touch ran\\n"
        folder = "$XDG_DATA_HOME/applications"
        text = f"mkdir -p {folder}; printf '{entry}' > {folder}/notes.desktop; cp {folder}/notes.desktop saved\n"
        env.perform(TypeText(text=text), env.observe().frame)
        until((tmp_path / "saved").exists)
        outcome = env.perform(Open(target="Notes"), env.observe().frame)
        assert not outcome.performed
        assert "no program is called 'Notes'" in outcome.detail
        assert not (tmp_path / "ran").exists()


def test_two_sandboxes_live_side_by_side() -> None:
    with SandboxEnv(["xterm"]) as one, SandboxEnv() as two:
        assert one.display != two.display
        assert len(one.windows()) == 1
        assert len(two.windows()) == 0


def test_a_sandbox_ended_from_outside_is_one_clear_line() -> None:
    env = SandboxEnv()
    os.kill(env._supervisor.pid, 15)
    until(lambda: not env.home.exists())
    with pytest.raises(EnvError, match=r"gone|outside"):
        env.observe()
    with pytest.raises(EnvError, match=r"gone|outside"):
        env.launch(["xterm"])
    env.close()


def test_files_of_a_sandbox_whose_both_keepers_died_at_once_are_swept(tmp_path: Path) -> None:
    home = Path(os.environ.get("TMPDIR", "/tmp")) / f"{PREFIX}swept"
    home.mkdir()
    (home / "guardian").write_text("999999999")
    os.utime(home, (1, 1))
    sweep()
    assert not home.exists()
