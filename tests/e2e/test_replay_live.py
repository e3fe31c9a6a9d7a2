"""Recorded episodes done again on other screens: what counts is the file, the clipboard, the server, the phone.

The quick tests replay each episode once or twice; the slow ones do every variant twenty times, each on a fresh display.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from actions.action import Key
from actions.adb.lines import command
from agent.builtin.model import BuiltinModel
from agent.core.loop import Agent
from agent.core.policy import Allow
from agent.core.task import Ending, Limits, Task
from agent.episodes import EpisodeHeader, EpisodeWriter, read_episode
from agent.episodes.replay.script import Script
from agent.perception.perceive import Perceiver
from agent.run.replay import ReplayOptions, ReplayResult, replay_on
from envs.android import SimulatedPhoneEnv
from envs.env import Env
from envs.sandbox import SandboxEnv
from envs.x11 import XScreen
from tests.e2e import form_server
from tests.e2e.conftest import clipboard
from tests.e2e.form_server import FormServer

SIZE = (1280, 800)
TEXT = "first line\nsecond line"
FORM = {"name": "Ada Lovelace", "news": "yes", "colour": "Blue", "date": "2026-03-15", "volume": "80"}
WHERE = "notes.txt"


@dataclass(frozen=True)
class Variant:
    """How the display of a replay differs: `moved` puts every window there, `page` changes the form's page."""

    size: tuple[int, int] = SIZE
    moved: tuple[int, int] | None = None
    environ: dict[str, str] = field(default_factory=dict)
    page: tuple[tuple[str, str], ...] = ()


VARIANTS = {
    "larger": Variant(size=(1600, 1000)),
    "smaller": Variant(size=(1100, 720)),
    "moved": Variant(moved=(37, 21)),
    "dark": Variant(environ={"GTK_THEME": "Adwaita:dark"}, page=(("<style>", "<style>html{color-scheme:dark}"),)),
    "contrast": Variant(
        environ={"GTK_THEME": "HighContrast", "GDK_DPI_SCALE": "1.25"}, page=(("16px sans", "20px serif"),)
    ),
}


@contextmanager
def calculator(variant: Variant) -> Iterator[tuple[SandboxEnv, Callable[[], bool]]]:
    with SandboxEnv(["galculator"], variant.size, environ=variant.environ) as env:

        def right() -> bool:
            env.perform(Key(chords=("ctrl+c",)), env.observe().frame)
            return clipboard(env) == "56"

        yield env, right


@contextmanager
def editor(variant: Variant) -> Iterator[tuple[SandboxEnv, Callable[[], bool]]]:
    target = Path(WHERE)
    target.unlink(missing_ok=True)
    with SandboxEnv(["mousepad"], variant.size, isolated=False, environ=variant.environ) as env:
        yield env, lambda: target.exists() and target.read_text().rstrip("\n") == TEXT


@contextmanager
def web_form(variant: Variant) -> Iterator[tuple[SandboxEnv, Callable[[], bool]]]:
    page = functools.reduce(lambda text, change: text.replace(*change), variant.page, form_server.PAGE)
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setattr(form_server, "PAGE", page)
        server = stack.enter_context(FormServer())
        sandbox = SandboxEnv([f"chromium {server.url}"], variant.size, network="loopback", environ=variant.environ)
        env = stack.enter_context(sandbox)
        server.places_now(30)  # the page is painted: before, Chromium drops clicks

        def right() -> bool:
            told = dict(server.values or {})
            return abs(int(told.pop("volume", 0)) - 80) <= 3 and told == {k: FORM[k] for k in told} and len(told) == 4

        yield env, right


APPS = {
    "calculator": (calculator, "Click 7, then *, then 8, then ="),
    "editor": (
        editor,
        f"Type “{TEXT.splitlines()[0]}”, press Enter, type “{TEXT.splitlines()[1]}”. "
        f"Then open the File menu, click Save As…, type {WHERE} and press Enter",
    ),
    "form": (
        web_form,
        'Type "Ada Lovelace" into the Name field, check "Subscribe to the newsletter", select Blue in the Colour list, '
        'set the Date field to 2026-03-15, drag the Volume slider to 80, click "Send the form" and wait for '
        '"Thank you"',
    ),
}


def record(env: Env, task: Task, folder: Path) -> Path:
    """A run of the built-in model, kept."""
    model = BuiltinModel()
    with EpisodeWriter.create(folder, EpisodeHeader.of(task, model, env)) as writer:
        result = Agent(env, model, Allow(), writer).run(task)
    assert result.ending is Ending.DONE, result.message
    return folder


class Stage:
    """The recorded episodes, and replays of them; screens seen once are read once."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._count = folder, 0
        self._eyes: dict[str, tuple[Perceiver, Perceiver]] = {}

    def episode(self, app: str) -> Path:
        """Recorded when first asked for."""
        folder = self.folder / app
        if not folder.exists():
            screen, words = APPS[app]
            with screen(Variant()) as (env, right):
                record(env, Task(words, Limits(steps=40)), folder)
                assert right()
        return folder

    def replay(self, env: Env, episode: Path, timeout: float = 20) -> ReplayResult:
        """Do `episode` again on an open screen."""
        self._count += 1
        script = Script(read_episode(episode))
        try:
            options = ReplayOptions(timeout=timeout, out=self.folder / f"replay-{self._count}")
            eyes = self._eyes.setdefault(str(episode), (Perceiver(), Perceiver()))
            return replay_on(env, script, options, perceivers=eyes)
        finally:
            script.close()

    def once(self, app: str, variant: Variant) -> tuple[ReplayResult, bool]:
        """One replay on a fresh display, and whether the state outside is right."""
        episode = self.episode(app)
        with APPS[app][0](variant) as (env, right):
            if variant.moved:
                move_windows(env, variant.moved)
            done = self.replay(env, episode)
            return done, right()


def move_windows(env: SandboxEnv, to: tuple[int, int]) -> None:
    """Put every window there."""
    assert env.display
    screen = XScreen(env.display)
    try:
        with screen.guard():
            for window in screen.windows():
                screen.move(window.id, *to)
    finally:
        screen.close()
    env.observe()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield Stage(folder)


def judged(done: ReplayResult, right: bool) -> str:
    """``right``, ``stopped at N``, or ``WRONG``: it went on, or said that all was well when it was not."""
    if done.ok:
        return "right" if right else "WRONG"
    assert done.halt is not None, done.result.message
    assert all(path.stat().st_size > 0 for path in done.pictures)
    return f"stopped at {done.halt.step}"


@pytest.mark.parametrize(
    ("app", "variant"),
    [
        *(("calculator", "moved"), ("editor", "larger"), ("form", "moved")),
        pytest.param("calculator", "contrast", marks=pytest.mark.slow),
    ],
)
def test_it_is_done_again_on_another_screen(stage: Stage, app: str, variant: str) -> None:
    done, right = stage.once(app, VARIANTS[variant])
    assert judged(done, right) == "right", done.result.message


NO_BUTTON = Variant(page=(('<button type="submit">Send the form</button>', ""),))


def test_without_its_button_it_stops_there_and_shows_both_screens(stage: Stage) -> None:
    done, right = stage.once("form", NO_BUTTON)
    last = [s for s in read_episode(stage.episode("form")).steps if s.action and s.action.type == "click"][-1]
    assert (done.ok, right) == (False, False)
    assert done.halt is not None
    assert done.halt.step == last.index + 1, done.result.message
    assert "Send the form" in done.halt.why
    expected, found, page = done.pictures
    assert expected.parent == found.parent == done.recording
    assert "Send the form" in page.read_text()
    assert read_episode(done.recording).ending is Ending.GAVE_UP


PHONE = "Open Settings, turn on Airplane mode, then go back to the home screen"


def on_phone(stage: Stage, env: SimulatedPhoneEnv) -> str:
    """Record upright if need be, turn the phone, replay."""
    folder = stage.folder / "phone"
    if not folder.exists():
        record(env, Task(PHONE, Limits(steps=25)), folder)
    env.phone.reset()
    env.reset()
    env.link.run(command("settings", "put", "system", "user_rotation", "1"))
    done = stage.replay(env, folder)
    on = env.link.run(command("settings", "get", "global", "airplane_mode_on")).out.strip() == "1"
    return judged(done, on and env.state().package == "com.handeye.launcher")


def test_on_a_phone_that_was_turned(stage: Stage) -> None:
    with SimulatedPhoneEnv(capture="png") as env:
        assert on_phone(stage, env) == "right"


TIMES = 20


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("app", APPS)
def test_every_variant_many_times(stage: Stage, app: str, variant: str) -> None:
    found = Counter(judged(*stage.once(app, VARIANTS[variant])) for _ in range(TIMES))
    assert not found["WRONG"], found
    assert found["right"] == TIMES, found


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_without_its_button_it_stops_every_time(stage: Stage) -> None:
    stops = Counter(judged(*stage.once("form", NO_BUTTON)) for _ in range(TIMES))
    assert len(stops) == 1, stops
    assert next(iter(stops)).startswith("stopped"), stops


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_on_a_turned_phone_many_times(stage: Stage) -> None:
    found = Counter[str]()
    for _ in range(TIMES):
        with SimulatedPhoneEnv(capture="png") as env:
            found[on_phone(stage, env)] += 1
    assert found == {"right": TIMES}
