"""What breaks on the way, at every phase of a step: the run goes on or ends rightly, and nothing is done twice."""

import errno
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from actions.action import AnyAction, Click, Finish, Open, Wait
from actions.adb import AdbServer
from actions.adb.lines import command
from actions.frame import Point
from agent.core.loop import Agent, Result
from agent.core.policy import Allow
from agent.core.task import Ending, Limits, Task
from agent.episodes import EpisodeHeader, EpisodeWriter
from envs.android import AndroidEnv
from envs.android import env as env_module
from envs.android.simulated import PrivateAdbServer
from envs.android.state import protected_app
from envs.env import BlackScreenError
from envs.phone.phone import Phone
from tests.agent.fakes import ScriptedModel

TAP = Click(point=Point(300, 900))
PAGE = """(() => { const page = system.front().frame.contentDocument; page.body.textContent = "a page";
    window.taps = 0;
    page.onclick = () => { window.taps += 1; page.body.style.background = `hsl(${99 * taps} 80% 60%)`; };
    return true; })()"""


@pytest.fixture
def env(phone: Phone, server: AdbServer) -> Iterator[AndroidEnv]:
    phone.screen.ask(PAGE)
    with AndroidEnv(phone.serial, server, capture="png", patience=8, black_timeout=0.5) as android:
        yield android


def taps(phone: Phone) -> int:
    return int(phone.screen.ask("window.taps"))


def once(phone: Phone, name: str, fault: Callable[[], object], *, when: Callable[[], bool] = lambda: True) -> None:
    """`fault` the next time that a command runs whose line begins with `name`."""
    lock = threading.Lock()

    def before(argv: tuple[str, ...]) -> None:
        with lock:
            if not (" ".join(argv).startswith(name) and when()):
                return
            phone.faults.before = lambda argv: None
        fault()

    phone.faults.before = before


def work(env: AndroidEnv, folder: Path, *answers: AnyAction | Callable[[], AnyAction]) -> Result:
    """The real loop with a real record; the record must be whole."""
    task = Task("Tap", Limits(steps=8))
    model = ScriptedModel([*answers, Finish(status="success")])
    with EpisodeWriter.create(folder / "episode", EpisodeHeader.of(task, model, env)) as memory:
        result = Agent(env, model, Allow(), memory).run(task)
    lines = (folder / "episode" / "steps.jsonl").read_text().splitlines()
    assert len([json.loads(line) for line in lines if '"action"' in line]) >= len(result.steps)
    assert json.loads((folder / "episode" / "episode.json").read_text())
    return result


pytestmark = pytest.mark.slow


def kill(server: PrivateAdbServer) -> None:
    assert server._process is not None
    server._process.kill()


FAULTS: dict[str, Callable[[Phone, PrivateAdbServer], object]] = {
    "the connection is cut": lambda phone, server: phone.daemon.cut(),
    "the adb server is killed": lambda phone, server: kill(server),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "phase", ["before looking", "while looking", "while deciding", "while checking", "while acting"]
)
def test_a_lost_connection(
    env: AndroidEnv, phone: Phone, server: PrivateAdbServer, tmp_path: Path, fault: str, phase: str
) -> None:
    def strike() -> None:
        FAULTS[fault](phone, server)

    def decide() -> AnyAction:
        if phase == "while deciding":
            strike()
        if phase == "while checking":
            once(phone, "dumpsys", strike)
        if phase == "while acting":
            once(phone, "input tap", strike)
        return TAP

    if phase == "before looking":
        strike()
    if phase == "while looking":
        once(phone, "screencap", strike)
    result = work(env, tmp_path, decide)
    assert result.ending is Ending.DONE, result.message
    assert taps(phone) <= 1
    step = next(step for step in result.steps if step.action == TAP)
    told = (step.outcome.detail if step.outcome else "") + (step.error or "")
    if phase == "while acting":
        heard = step.outcome is not None and step.outcome.performed and taps(phone) == 1
        assert heard or "may or may not have been done" in told  # a dying server may still pass the answer on
    elif "not sent" in told or step.error:
        assert taps(phone) == 0  # it says that nothing was done
    else:
        assert taps(phone) == 1


def test_a_device_that_is_gone_ends_the_run(phone: Phone, server: PrivateAdbServer, tmp_path: Path) -> None:
    with Phone(keys=[server.key]) as other, AndroidEnv(other.serial, server, capture="png", patience=1.0) as env:

        def decide() -> AnyAction:
            other.daemon.close()
            return TAP

        result = work(env, tmp_path, decide)
    assert result.ending is Ending.DEVICE_ERROR
    assert "is gone" in result.message
    assert other.serial in result.message


def test_turned_between_look_and_tap(env: AndroidEnv, phone: Phone, tmp_path: Path) -> None:
    def decide() -> AnyAction:
        env.link.run(command("settings", "put", "system", "user_rotation", "1"))
        return TAP

    result = work(env, tmp_path, decide, TAP)
    assert result.ending is Ending.DONE
    assert [bool(step.error) for step in result.steps[:2]] == [True, False]
    assert "turned from 0 to 90" in str(result.steps[0].error)
    assert result.steps[1].frame.rotation == 90
    assert (result.steps[1].frame.width, result.steps[1].frame.height) == (2400, 1080)
    assert taps(phone) == 1


def test_the_screen_goes_off_between_look_and_tap(env: AndroidEnv, phone: Phone, tmp_path: Path) -> None:
    def decide() -> AnyAction:
        phone.screen.apply("(lock) => system.sleep(lock)", True)
        return TAP

    result = work(env, tmp_path, decide, TAP)
    assert result.ending is Ending.DONE
    assert "went off" in str(result.steps[0].error)
    assert taps(phone) == 1  # awake and unlocked again


def test_a_screen_that_is_off_is_woken(env: AndroidEnv, phone: Phone) -> None:
    phone.screen.apply("(lock) => system.sleep(lock)", True)
    assert env.observe().image.max() > 0


def test_an_app_crashes_between_look_and_tap(env: AndroidEnv, phone: Phone, tmp_path: Path) -> None:
    env.link.run(command("am", "start", "-n", "com.android.settings/.Settings"))

    def decide() -> AnyAction:
        phone.crash("com.android.settings")
        return TAP

    result = work(env, tmp_path, decide)
    assert result.ending is Ending.DONE
    assert "another app came to the front" in str(result.steps[0].error)
    assert taps(phone) == 0


def broken(times: int, change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    left = [times]

    def fault(data: bytes) -> bytes:
        left[0] -= 1
        return change(data) if left[0] >= 0 else data

    return fault


@pytest.mark.parametrize("method", ["png", "raw"])
@pytest.mark.parametrize("change", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: data[:-1]])
def test_half_a_picture_is_never_passed_on(
    phone: Phone, server: AdbServer, method: str, change: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    phone.screen.ask(PAGE)
    with AndroidEnv(phone.serial, server, capture=method, patience=8) as env:  # type: ignore[arg-type]
        phone.faults.screenshot = broken(2, change)
        result = work(env, tmp_path, TAP)
    assert result.ending is Ending.DONE
    assert taps(phone) == 1


def test_a_phone_that_only_gives_half_pictures(phone: Phone, server: AdbServer, tmp_path: Path) -> None:
    with AndroidEnv(phone.serial, server, capture="png", patience=0.5) as env:
        phone.faults.screenshot = lambda data: data[:5000]
        result = work(env, tmp_path, TAP)
    assert result.ending is Ending.DEVICE_ERROR
    assert "half a picture" in result.message


def test_a_screencap_that_refuses_is_quoted(phone: Phone, server: AdbServer, tmp_path: Path) -> None:
    def refuse(argv: tuple[str, ...]) -> None:
        if argv[0] == "screencap":
            raise OSError(errno.EACCES, "Capturing failed.")

    with AndroidEnv(phone.serial, server, capture="png", patience=0.5) as env:
        phone.faults.before = refuse
        result = work(env, tmp_path, TAP)
    assert result.ending is Ending.DEVICE_ERROR
    assert "screencap says: " in result.message
    assert "Capturing failed" in result.message


def test_half_pictures_after_the_tap_do_not_undo_it(env: AndroidEnv, phone: Phone, tmp_path: Path) -> None:
    def decide() -> AnyAction:
        once(phone, "input", lambda: setattr(phone.faults, "screenshot", broken(5, lambda data: data[:99])))
        return TAP

    result = work(env, tmp_path, decide)
    assert result.ending is Ending.DONE
    assert taps(phone) == 1


def test_a_black_picture_is_an_error(env: AndroidEnv, phone: Phone, tmp_path: Path) -> None:
    _, black = cv2.imencode(".png", np.zeros((2400, 1080, 3), np.uint8))
    phone.faults.screenshot = lambda data: black.tobytes()
    result = work(env, tmp_path, TAP)
    assert result.ending is Ending.DEVICE_ERROR
    assert "black" in result.message


def test_a_slow_picture_is_waited_for(env: AndroidEnv, phone: Phone, tmp_path: Path) -> None:
    once(phone, "screencap", lambda: threading.Event().wait(2))
    assert work(env, tmp_path, TAP).ending is Ending.DONE
    assert taps(phone) == 1


def test_a_full_storage_does_not_stop_a_run(env: AndroidEnv, phone: Phone, tmp_path: Path) -> None:
    phone.storage.full = True
    try:
        result = work(env, tmp_path, TAP, Wait(seconds=0.1))
    finally:
        phone.storage.full = False
    assert result.ending is Ending.DONE
    assert taps(phone) == 1


def test_a_protected_window_under_a_visible_status_bar_is_named(
    phone: Phone, server: AdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(env_module, "_FRESH", 0.0)
    with AndroidEnv(phone.serial, server, capture="png") as env:
        env.perform(Open(target="Settings"), env.observe().frame)
        phone.faults.secure = True
        with pytest.raises(BlackScreenError, match=r"com\.android\.settings lets nobody capture its window"):
            env.observe()
        phone.faults.secure = False
        assert env.observe().app


def test_a_folded_phone_is_seen_on_the_display_that_is_in_use(phone: Phone, server: AdbServer) -> None:
    with AndroidEnv(phone.serial, server, capture="png") as env:
        flat = env.observe().image
        phone.faults.folded = True
        assert np.array_equal(env.observe().image, flat)
        phone.faults.folded = False
        assert np.array_equal(env.observe().image, flat)


@pytest.mark.parametrize(
    ("flags", "app"),
    [
        ("LAYOUT_IN_SCREEN SECURE HARDWARE_ACCELERATED", "com.bank"),
        ("#81812120", "com.bank"),
        ("LAYOUT_IN_SCREEN SECURE}", "com.bank"),
        ("LAYOUT_IN_SCREEN", None),
        ("#81810120", None),
    ],
)
def test_flags_of_the_window_in_front_only_count(flags: str, app: str | None) -> None:
    said = (
        "  Window #0 Window{b7 u0 StatusBar}:\n    mAttrs={ty=STATUS_BAR\n      fl=SECURE\n"
        f"  Window #1 Window{{8a1b u0 com.bank/com.bank.Main}}:\n    mAttrs={{ty=BASE_APPLICATION\n      fl={flags}\n"
        "  mCurrentFocus=Window{8a1b u0 com.bank/com.bank.Main}\n"
    )
    assert protected_app(said) == app
