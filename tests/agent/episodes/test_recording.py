"""Demonstrations: done for real by xdotool or a second adb, kept as episodes that everything else takes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import adbutils
import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from actions.action import Button, Click, Drag, Finish, Key, LongPress, Open, Scroll, TypeText
from agent.cli.main import main
from agent.core.task import Ending
from agent.episodes import EpisodeError, read_episode
from agent.episodes.recording.privacy import Privacy
from agent.episodes.recording.typed_text import text_visibility
from agent.episodes.replay.simulate import simulate
from agent.guard.secrets import Secrets
from agent.run.record import RecordingResult, RecordOptions, record
from envs.sandbox import SandboxEnv
from tests.agent.browser import INSTALLED
from tests.jumping_clock import HOUR, make_jump
from tests.waiting import until

FORM = Path(__file__).parents[1].joinpath("secret_form.py")
HIDDEN = "Tr0ub4dor&3"
VALUE = "Zebra47Quartz"


class Person:
    """Somebody at a display. Each act is followed by a rest, as people's are."""

    def __init__(self, display: str) -> None:
        self._env = {**os.environ, "DISPLAY": display}

    def __call__(self, *words: str, rest: float = 0.25) -> None:
        subprocess.run(["xdotool", *words], env=self._env, check=True, timeout=60)
        time.sleep(rest)

    def finds(self, program: str) -> None:
        """Wait until `program` has the keyboard: its window is shown before that."""
        until(lambda: program in self._focused().lower())

    def _focused(self) -> str:
        asked = ["xdotool", "getactivewindow", "getwindowname"]
        return subprocess.run(asked, env=self._env, capture_output=True, text=True, timeout=60).stdout

    def type(self, text: str) -> None:
        """A letter that no key has gets a key from xdotool for the delay: the program must have read it by then."""
        self("type", "--delay", "25" if text.isascii() else "300", text)


class Recording(threading.Thread):
    """`record` in a thread, listening when the block begins."""

    def __init__(self, options: RecordOptions) -> None:
        super().__init__(daemon=True)
        self.options, self.done, self.error = options, None, None

    def run(self) -> None:
        try:
            self.done = record(self.options)
        except Exception as error:  # noqa: BLE001 - shown to the test
            self.error = error

    def __enter__(self) -> Recording:
        self.start()
        until(
            lambda: any(t.name == "listener" for t in threading.enumerate()) or bool(self.error),
            say=lambda: "not begun",
        )
        return self

    def __exit__(self, *_: object) -> None: ...

    def result(self) -> RecordingResult:
        self.join(60)
        assert self.done is not None, self.error
        return self.done


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordingResult]:
    """The sign-in form, filled in by hand while the clock is set back and forth."""
    folder = tmp_path_factory.mktemp("form")
    app, share = f"/usr/bin/python3 {FORM} {folder / 'said.json'}", [str(folder), f"{FORM.parent}:ro"]
    with SandboxEnv([app], share=share) as env, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISPLAY", env.display)
        patch.setenv("PW", VALUE)
        make_jump(patch)
        person = Person(env.display)
        secrets = Secrets.parse(["PW=env:PW"])
        options = RecordOptions(folder / "episode", f"Sign in with {VALUE}", secrets=secrets)
        with Recording(options) as recording:
            person("mousemove", "--sync", "320", "110", "click", "1", rest=0.6)
            person.type("Anna Grüß")
            person("key", "Tab")
            person.type(VALUE)
            person("key", "Tab")
            person.type(HIDDEN)
            person("key", "Return", rest=0.8)
            person("mousemove", "400", "400", "click", "--repeat", "3", "--delay", "60", "5")
            person("mousemove", "500", "320", "click", "--repeat", "2", "--delay", "80", "1", rest=0.6)
            person("mousemove", "300", "300", "mousedown", "1", "mousemove", "340", "310", "mousemove", "500", "420")
            person("mouseup", "1", "key", "ctrl+a")
            person("key", "ctrl+alt+Escape")
            done = recording.result()
        yield done


@pytest.mark.desktop
def test_what_was_done_is_what_is_on_record(form: RecordingResult) -> None:
    episode = read_episode(form.episode)
    actions = [step.action for step in episode.steps]
    kinds = [Click, TypeText, Key, TypeText, Key, TypeText, Key, Scroll, Click, Drag, Key, Finish]
    assert [type(action) for action in actions] == kinds, actions
    click, name, _, value, _, hidden, enter, scroll, double, drag, chord, _ = actions
    assert click.point == (320, 110)
    assert name.text == "Anna Grüß"
    assert value.text == "{{secret:PW}}"
    assert hidden.text == "{{secret:password}}"
    assert enter.chords == ("enter",)
    assert (scroll.point, scroll.dy) == ((400, 400), 3)
    assert (double.point, double.count) == ((500, 320), 2)
    assert (drag.path[0], drag.path[-1]) == ((300, 300), (500, 420))
    assert chord.chords == ("ctrl+a",)
    assert (episode.header.model, episode.ending, form.hidden) == ("person", Ending.DONE, ("password",))
    assert episode.header.task == "Sign in with {{secret:PW}}"
    times = [episode.header.started, *(step.time for step in episode.steps)]
    assert times == sorted(times)
    assert 0 < episode.totals.seconds < HOUR / 2


@pytest.mark.desktop
def test_each_screen_is_the_one_before_its_action(form: RecordingResult) -> None:
    """The form writes "Welcome" and moves when Enter is pressed, and not before."""
    episode = read_episode(form.episode)
    images = [episode.image(step) for step in episode.steps]
    assert [step.frame.geometry for step in episode.steps] == [(1280, 800, (0, 0), 1.0, 0)] * len(images)
    field = np.s_[100:125, 250:560]
    assert (images[1][field] == 255).all(axis=2).mean() > 0.9, "typed before it was typed"
    assert (images[2][field] == 255).all(axis=2).mean() < 0.95
    assert np.mean(images[6] != images[7]) > 0.05, "the screen before Enter already shows what Enter did"
    assert episode.steps[6].timings["settle"] < 3


@pytest.mark.desktop
def test_no_value_is_anywhere_in_the_record(form: RecordingResult) -> None:
    told = json.loads((form.episode.parent / "said.json").read_text())
    assert sorted(told.values()) == sorted(["Anna Grüß", VALUE, HIDDEN])
    for path in form.episode.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        assert VALUE.encode() not in data, path
        assert HIDDEN.encode() not in data, path
    episode = read_episode(form.episode)
    shown = episode.image(episode.steps[4])  # the second field holds the value in plain letters
    assert (shown[150:190, 250:420] == 0).all(axis=2).mean() > 0.5, "the value is not masked"


@pytest.mark.desktop
def test_a_demonstration_is_an_episode_like_any_other(form: RecordingResult, tmp_path: Path) -> None:
    found = simulate(form.episode)
    assert found.ok, found.problems
    for arguments in (
        ["export", str(form.episode), "-f", "sharegpt", "--dialect", "qwen2.5-vl", "-o", str(tmp_path / "train")],
        ["export", str(form.episode), "-f", "script", "-o", str(tmp_path / "again.py")],
    ):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0
    compile((tmp_path / "again.py").read_text(), "again.py", "exec")
    assert "{{secret:PW}}" in (tmp_path / "again.py").read_text()


def start(folder: Path, *options: str) -> tuple[subprocess.Popen[str], str]:
    """``handeye record`` as a person starts it; the process, and what it says once it records."""
    told = folder.with_suffix(".err")
    command = [sys.executable, "-m", "agent.cli.main", "record", "--out", str(folder), *options]
    with told.open("w") as file:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, text=True)
    until(lambda: "recording on" in told.read_text() or process.poll() is not None, say=told.read_text)
    assert process.poll() is None, told.read_text()
    return process, told.read_text()


@pytest.mark.desktop
@pytest.mark.skipif(shutil.which("mousepad") is None, reason="needs mousepad")
def test_ctrl_c_ends_it_and_the_app_is_step_one(tmp_path: Path) -> None:
    process, told = start(tmp_path / "demo", "--env", "sandbox", "--app", "mousepad", "--task", "Write", "--json")
    person = Person(re.findall(r"DISPLAY=(\S+)", told)[0])
    person.type("two words")
    person("key", "alt+f", rest=0.5)
    person("key", "Escape")
    person("key", "ctrl+c")  # in the terminal, one is to believe
    process.send_signal(signal.SIGINT)
    said = json.loads(process.communicate(timeout=120)[0])
    assert (process.returncode, said["ending"]) == (0, "done")
    episode = read_episode(tmp_path / "demo")
    actions = [step.action for step in episode.steps]
    assert actions[:4] == [
        Open(target="mousepad"), TypeText(text="two words"), Key(chords=("alt+f",)), Key(chords=("escape",)),
    ]  # fmt: skip
    assert isinstance(actions[-1], Finish)
    assert Key(chords=("ctrl+c",)) not in actions
    assert np.mean(episode.image(episode.steps[0]) != episode.image(episode.steps[1])) > 0.1
    assert (said["steps"], said["hidden"]) == (len(actions), [])


@pytest.mark.desktop
@pytest.mark.skipif(shutil.which("mousepad") is None, reason="needs mousepad")
def test_what_is_done_while_the_program_is_still_starting_is_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SandboxEnv([]) as env:
        monkeypatch.setenv("DISPLAY", env.display)
        person = Person(env.display)
        recording = Recording(RecordOptions(tmp_path / "demo", "Write", apps=("mousepad",)))
        recording.start()
        person.finds("mousepad")
        person("type", "--delay", "20", "written before the window is at rest", rest=0.3)
        person("key", "ctrl+a", rest=0.6)
        person("key", "ctrl+alt+Escape")
        done = recording.result()
    actions = [step.action for step in read_episode(done.episode).steps]
    assert actions[:-1] == [
        Open(target="mousepad"),
        TypeText(text="written before the window is at rest"),
        Key(chords=("ctrl+a",)),
    ]


@pytest.mark.desktop
@pytest.mark.skipif(shutil.which("galculator") is None, reason="needs galculator")
def test_a_second_program_waits_for_who_types_in_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SandboxEnv([]) as env:
        monkeypatch.setenv("DISPLAY", env.display)
        person = Person(env.display)
        recording = Recording(RecordOptions(tmp_path / "demo", "Write", apps=("mousepad", "galculator")))
        recording.start()
        person.finds("mousepad")
        person("type", "--delay", "20", "for the first", rest=0)
        person.finds("galculator")
        person("key", "Escape")
        person("key", "ctrl+alt+Escape")
        done = recording.result()
    actions = [step.action for step in read_episode(done.episode).steps]
    assert actions[:-1] == [
        Open(target="mousepad"), TypeText(text="for the first"), Open(target="galculator"), Key(chords=("escape",))
    ]  # fmt: skip


@pytest.mark.desktop
def test_a_killed_recorder_leaves_what_was_done(tmp_path: Path) -> None:
    form = f"{sys.executable} {FORM} {tmp_path / 'said.json'}"
    process, told = start(tmp_path / "demo", "--env", "sandbox", "--app", form)
    person = Person(re.findall(r"DISPLAY=(\S+)", told)[0])
    person("mousemove", "320", "200", "click", "1")
    steps = tmp_path / "demo" / "steps.jsonl"
    until(lambda: len(steps.read_bytes().splitlines()) == 2)
    process.kill()
    process.wait()
    episode = read_episode(tmp_path / "demo")
    assert (episode.ending, len(episode.steps), episode.problems) == (None, 2, ())
    assert simulate(tmp_path / "demo").ok


def test_what_cannot_be_recorded_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "episode.json").write_text("{}")
    with pytest.raises(EpisodeError, match="already holds"):
        record(RecordOptions(tmp_path / "taken"))
    for arguments, words in (
        (["--env", "phone", "--serial", "x"], "--serial"),
        (["--env", "sandbox", "--serial", "x"], "--serial"),
        (["--env", "phone", "--display", "2"], "--display chooses a display of an Android device"),
        (["--task", "  "], "--task is empty"),
        (["--secret", "PW=hunter2"], "never the value itself"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["record", "--out", str(tmp_path / "new"), *arguments])
        assert ended.value.code == 2
        assert words in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


# --- echoes ----------------------------------------------------------------------------------------------------


def drawn(text: str, size: int = 16, at: tuple[int, int] = (100, 100), more: str = "", back: int = 255) -> np.ndarray:
    picture = Image.new("RGB", (640, 300), (back, back, back))
    pen = ImageDraw.Draw(picture)
    font = ImageFont.truetype("DejaVuSans.ttf", size)
    ink = (20, 20, 20) if back > 100 else (230, 230, 230)
    pen.text((20, 20), "Password:" + more, ink, font)
    pen.text(at, text, ink, font)
    return np.asarray(picture)


@pytest.mark.parametrize("size", [11, 14, 16, 24, 40])
@pytest.mark.parametrize("back", [255, 30])
def test_dots_are_told_from_letters(size: int, back: int) -> None:
    blank = drawn("", size, back=back)
    for text in ("hunter2!Xy", "correct horse battery", "Müller", "a1"):
        for dot in "•●*":
            row = drawn(dot * len(text), size, back=back)
            if len(text) > 2 or dot != "*":
                assert text_visibility(blank, [row], text) == "hidden", (text, dot)
        assert text_visibility(blank, [drawn(text, size, back=back)], text) == "shown", text
    for text in ("illicit ill", "minimum", "1111 2222"):
        assert text_visibility(blank, [drawn(text, size, back=back)], text) == "shown", text
    for text in ("....", "----", "***"):
        assert text_visibility(blank, [drawn(text, size, back=back)], text) != "hidden"


def test_dots_are_seen_beside_other_changes_and_while_they_come() -> None:
    blank = drawn("")
    halfway = [drawn("•" * n, more=" Caps Lock is on") for n in (1, 3, 6)]
    assert (
        text_visibility(blank, [*halfway, drawn("", more=" Welcome, Anna, you are signed in")], "hunter2!Xy")
        == "hidden"
    )


def test_nothing_to_see_is_told_from_text() -> None:
    blank = drawn("")
    caret = blank.copy()
    caret[100:120, 100:101] = 0
    assert text_visibility(blank, [], "sudo-word") == "unseen"
    assert text_visibility(blank, [caret], "sudo-word") == "unseen"
    assert text_visibility(blank, [cv2.resize(blank, (320, 150))], "sudo-word") == "unseen"


def test_what_may_be_stored() -> None:
    privacy = Privacy(Secrets({"PW": VALUE}))
    assert privacy.storable("plain text", "shown") == ("plain text", "")
    assert privacy.storable(f"a {VALUE} b", "shown") == ("a {{secret:PW}} b", "")
    assert privacy.storable("Zebra4", "shown")[0] == "{{secret:PW}}"
    assert privacy.storable("gg", "unseen") == ("gg", "")
    assert privacy.storable("hunter2", "unseen")[0] == "{{secret:password}}"
    assert privacy.storable("other-one", "hidden")[0] == "{{secret:password_2}}"
    assert privacy.storable("hunter2", "hidden")[0] == "{{secret:password}}"
    assert privacy.storable("it says hunter2", "shown")[0] == "it says {{secret:password}}"
    assert Privacy(keep_unseen=True).storable("ddGp", "unseen") == ("ddGp", "")
    assert Privacy(keep_unseen=True).storable("ddGp", "hidden")[0] == "{{secret:password}}"
    assert privacy.holds_back("name Zeb")
    assert not privacy.holds_back("name")


# --- the phone -------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not INSTALLED, reason="needs Chromium")
def test_a_phone_is_recorded_while_a_second_adb_of_the_same_user_uses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "home/.android/adbkey"
    key.parent.mkdir(parents=True)
    subprocess.run([adbutils.adb_path(), "keygen", str(key)], check=True, capture_output=True, timeout=60)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ADB_VENDOR_KEYS", str(key))
    process, told = start(tmp_path / "demo", "--env", "phone", "--app", "Settings", "--task", "Look around", "--json")
    serial = re.findall(r"127\.0\.0\.1:\d+", told)[0]
    from envs.android.simulated import PrivateAdbServer

    server = PrivateAdbServer(tcp=True)
    try:
        device = adbutils.AdbClient("127.0.0.1", server.port).device(server.choose(serial, patience=60))
        for line in (
            "input swipe 500 1800 520 900 300",
            "input tap 400 700",
            "input swipe 500 1200 500 1200 700",
            "input keyevent BACK",
            "wm user-rotation lock 1; input tap 1500 400",  # before any picture of the turned screen
        ):
            device.shell(line)
            time.sleep(1.2)
        process.send_signal(signal.SIGINT)
        said = json.loads(process.communicate(timeout=120)[0])
    finally:
        process.kill()
        server.stop()
    episode = read_episode(tmp_path / "demo")
    actions = [step.action for step in episode.steps]
    assert [type(a) for a in actions] == [Open, Drag, Click, LongPress, Button, Click, Finish], (actions, said)
    assert (actions[1].path[0], actions[1].path[-1]) == ((500, 1800), (520, 900))
    assert actions[2].point == (400, 700)
    assert actions[3].point == (500, 1200)
    assert actions[4].name == "back"
    assert episode.steps[5].frame.rotation == 90
    assert (episode.steps[5].frame.width, actions[5].point) == (2400, (1500, 400))
    assert (said["ending"], episode.header.platform) == ("done", "mobile")
    assert simulate(tmp_path / "demo").ok


@pytest.mark.skipif(not INSTALLED, reason="needs Chromium")
def test_what_a_phone_reported_before_the_end_is_on_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from envs.android.simulated import PrivateAdbServer
    from envs.phone.phone import Phone

    server = PrivateAdbServer(tcp=True)
    try:
        with Phone(keys=[server.key]) as phone:
            monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(server.port))
            device = adbutils.AdbClient("127.0.0.1", server.port).device(phone.serial)
            process, _ = start(tmp_path / "demo", "--env", "android", "--serial", phone.serial, "--json")
            device.shell("input keyevent BACK")
            until(lambda: "the back button" in (tmp_path / "demo.err").read_text())
            process.send_signal(signal.SIGSTOP)  # a machine so busy that nothing is read before the end
            device.shell("input tap 400 700; " * 3)
            time.sleep(0.5)  # between the last touch and the end; the device's clock is known as well as it is heard
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGCONT)
            said = json.loads(process.communicate(timeout=120)[0])
    finally:
        server.stop()
    actions = [step.action for step in read_episode(tmp_path / "demo").steps]
    assert (type(actions[0]), type(actions[-1])) == (Button, Finish), (actions, said)
    assert sum(action.count for action in actions if isinstance(action, Click)) == 3, (actions, said)


@pytest.mark.skipif(not INSTALLED, reason="needs Chromium")
@pytest.mark.parametrize("hidden", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_taps_on_the_keyboard_into_a_field_that_hides_them_are_not_kept(
    hidden: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from actions.adb import AdbLink
    from actions.adb.screen import dump
    from envs.android.simulated import PrivateAdbServer
    from envs.phone.phone import Phone

    server = PrivateAdbServer(tcp=True)
    try:
        with Phone(keys=[server.key]) as phone:
            monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(server.port))
            link = AdbLink(phone.serial, server)
            device = adbutils.AdbClient("127.0.0.1", server.port).device(phone.serial)
            device.shell("am start -n com.android.browser/.Browser")
            options = RecordOptions(tmp_path / "demo", kind="android", serial=phone.serial, seconds=20)
            with Recording(options) as recording:
                field = next(node for node in dump(link) if node.kind == "EditText")
                x, y = (field.bounds[0] + field.bounds[2]) // 2, (field.bounds[1] + field.bounds[3]) // 2
                device.shell(f"input tap {x} {y}")
                until(lambda: bool(phone.look()["ime"]))
                if hidden:
                    phone.screen.ask(
                        "(() => { const f = system.field(); f.value = ''; f.type = 'password'; return 1; })()"
                    )
                time.sleep(1.5)
                for across in (150, 400, 650, 900, 300):
                    device.shell(f"input tap {across} 1900")
                time.sleep(2.5)
                device.shell("input keyevent HOME")
                time.sleep(1)
                done = recording.result()
    finally:
        server.stop()
    actions = [step.action for step in read_episode(done.episode).steps]
    kinds = [type(action) for action in actions]
    if hidden:
        assert kinds == [Click, TypeText, Button, Finish], actions
        assert actions[1].text == "{{secret:password}}"
        assert done.hidden == ("password",)
    else:
        assert kinds == [Click] * 6 + [Button, Finish], actions
        assert done.hidden == ()
