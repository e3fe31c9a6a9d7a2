"""A whole run by a scripted stand-in for Qwen2.5-VL: where its clicks land, and what a wrong answer does (nothing)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actions.input_backend import InputBackend
from actions.x11 import X11Device
from agent.core.step import Step
from agent.core.task import Ending
from agent.models.opening import open_model
from envs.capture import Raw, ScreenCapture
from envs.desktop import DesktopEnv
from envs.env import Env
from envs.monitor import Monitor
from envs.sandbox import SandboxEnv
from tests.agent.scripted_server import ScriptedServer, Seen, computer
from tests.e2e.conftest import story, work
from tests.e2e.form_server import WANTED, FormServer
from tests.waiting import until


class Pointing:
    """The stand-in's knowledge: it points at the form's controls in its own numbers, those of the image it was sent.

    `origin` is the watched monitor's place on the X screen; `pointed` collects where it meant to click (X pixels).
    """

    def __init__(self, form: FormServer, size: tuple[int, int], origin: tuple[int, int] = (0, 0)) -> None:
        self.form, self.size, self.origin = form, size, origin
        self.pointed: list[tuple[float, float]] = []

    def script(self) -> list[Any]:
        return [
            self.at("name"),
            computer("type", text=WANTED["name"]),
            self.at("news"),
            self.at("colour"),
            computer("type", text="Blue"),
            computer("key", keys=["enter"]),
            self.at("date", 0.12),
            computer("type", text="03152026"),
            self.at("volume", 0.79),
            self.at("send"),
            computer("terminate", status="success"),
        ]

    def at(self, name: str, across: float = 0.5, down: float = 0.5) -> Callable[[Seen], str]:
        def point(seen: Seen) -> str:
            assert seen.image is not None
            height, width = seen.image.shape[:2]
            x1, y1, x2, y2 = self.form.places_now()[name]
            x = (x1 + across * (x2 - x1) - self.origin[0]) * width / self.size[0]
            y = (y1 + down * (y2 - y1) - self.origin[1]) * height / self.size[1]
            mine = (round(x), round(y))
            meant = (mine[0] * self.size[0] / width, mine[1] * self.size[1] / height)
            self.pointed.append((meant[0] + self.origin[0], meant[1] + self.origin[1]))
            return computer("left_click", coordinate=mine)

        return point


def fill(env: Env, pointing: Pointing) -> None:
    """Run the form task; the server must have got the values, and each click within a pixel of what was meant."""
    form = pointing.form
    with ScriptedServer(pointing.script()) as server:
        result = work(env, "Fill in the form and send it", open_model(server.url))
    assert result.ending is Ending.DONE, story(result)
    form.check_wanted(story(result))
    until(lambda: len(form.clicks) >= 6)
    assert len(form.clicks) == len(pointing.pointed) == 6
    for landed, meant in zip(form.clicks, pointing.pointed, strict=True):
        assert abs(landed[0] - meant[0]) <= 1, (landed, meant)
        assert abs(landed[1] - meant[1]) <= 1, (landed, meant)


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080), (2560, 1440)])
def test_clicks_land_where_the_model_pointed(form: FormServer, size: tuple[int, int]) -> None:
    with SandboxEnv([f"chromium {form.url}"], size, network="loopback") as env:
        fill(env, Pointing(form, size))


def test_clicks_land_on_the_second_of_two_monitors(form: FormServer) -> None:
    with SandboxEnv([f"chromium {form.url}"], (1280, 800), network="loopback", monitors=2, monitor=1) as env:
        assert env.observe().frame.origin == (1280, 0)
        fill(env, Pointing(form, (1280, 800), (1280, 0)))


class StandInGeometry:
    """Stands in for what X11 lacks: the display as one of more pixels than input units, at a negative origin.

    As a capture it shows the real picture, and says that its monitor is smaller and elsewhere; as a device it takes
    positions in those units and moves the real pointer.
    """

    def __init__(self, display: str, scale: int, origin: tuple[int, int]) -> None:
        self._real, self._scale, self._origin = ScreenCapture(display), scale, origin
        self._device = X11Device(display)
        self.display = None

    def monitors(self) -> tuple[Monitor, ...]:
        [real] = self._real.monitors()
        return (Monitor("stand-in", *self._origin, real.width // self._scale, real.height // self._scale, True),)

    def grab(self, monitor: Monitor) -> Raw:
        return self._real.grab(self._real.monitors()[0])

    def move(self, x: int, y: int) -> None:
        self._device.move((x - self._origin[0]) * self._scale, (y - self._origin[1]) * self._scale)

    def close(self) -> None:
        self._real.close()
        self._device.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._device, name)


@pytest.mark.parametrize(("scale", "origin"), [(2, (0, 0)), (1, (-1280, -200)), (2, (-640, 0))])
def test_clicks_land_on_stand_in_geometries(form: FormServer, scale: int, origin: tuple[int, int]) -> None:
    with SandboxEnv([f"chromium {form.url}"], network="loopback") as sandbox:
        assert sandbox.display is not None
        geometry = StandInGeometry(sandbox.display, scale, origin)
        env = DesktopEnv(capture=geometry, backend=InputBackend(geometry))
        try:
            frame = env.observe().frame
            assert (frame.width, frame.scale, frame.origin) == (1280, scale, origin)
            fill(env, Pointing(form, (1280, 800)))
        finally:
            env.close()


HOSTILE = {
    "out of range": computer("left_click", coordinate=[5000, 100]),
    "negative": computer("left_click", coordinate=[-40, 100]),
    "NaN": '<tool_call>\n{"name": "computer_use", "arguments": {"action": "left_click", "coordinate": [NaN, 3]}}\n'
    "</tool_call>",
    "infinite": '<tool_call>\n{"name": "computer_use", "arguments": {"action": "left_click", "coordinate": [1e999, 3]}}'
    "\n</tool_call>",
    "unknown action": computer("launch_missiles", coordinate=[10, 10]),
    "end and action": computer("terminate", status="success") + "\n" + computer("left_click", coordinate=[90, 90]),
    "no action": "I would click on the Send button, and then the task is done.",
    "a megabyte": "<tool_call>" + '{"name": ' * 12_000 + "I think that " * 80_000,
    "code": "import os; os.system('touch /tmp/handeye-was-here')",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_wrong_answer_never_acts(form: FormServer, name: str, sandbox_form: SandboxEnv) -> None:
    before = len(sandbox_form.form.clicks)  # type: ignore[attr-defined]
    with ScriptedServer([HOSTILE[name]]) as server:
        server.piece = 4096
        result = work(sandbox_form, "Fill in the form", open_model(server.url))
    assert result.ending is Ending.PARSE_ERROR, story(result)
    assert len(sandbox_form.form.clicks) == before  # type: ignore[attr-defined]
    assert len(result.steps) == 3
    assert all(said_why(step) for step in result.steps)


def said_why(step: Step) -> bool:
    return step.action is None and bool(step.error) and bool(step.raw)


def test_a_wrong_answer_is_asked_again_with_the_reason(sandbox_form: SandboxEnv) -> None:
    with ScriptedServer([HOSTILE["end and action"], computer("terminate", status="success")]) as server:
        result = work(sandbox_form, "Fill in the form", open_model(server.url))
        assert result.ending is Ending.DONE
        assert "the end of the task and 1 more actions" in "".join(server.seen[1].texts)


@pytest.fixture(scope="module")
def sandbox_form() -> Any:
    with FormServer() as form, SandboxEnv([f"chromium {form.url}"], network="loopback") as env:
        env.form = form  # type: ignore[attr-defined]
        yield env
