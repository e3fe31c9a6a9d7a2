"""A whole run steered from its live page: a real Chromium for the person, a real form on a private display for the
agent. What came of it is read from the form, from the display and from the record."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.episodes import Episode, read_episode
from tests.agent.browser import INSTALLED, Browser, chromium
from tests.agent.scripted_server import ScriptedServer, Seen
from tests.chromium_checks import SCHEMES, check_open, injections
from tests.e2e.form_server import FormServer
from tests.e2e.test_stop import Running, xdotool
from tests.waiting import until

pytestmark = pytest.mark.skipif(not INSTALLED, reason="not installed: chromedriver")
SIZE = (1280, 800)
LAST_PICTURE = """(() => {
  const step = [...document.querySelectorAll(".step")].at(-1);
  step.scrollIntoView();
  const shown = step.querySelector("img.base");
  return shown && shown.complete && shown.naturalWidth === 1280;
})()"""
TYPED = '<img src=x onerror="window.pwned=1">'


class Agent:
    """The model's script, in the words of UI-TARS 1.5, and the events that let it think on."""

    def __init__(self, form: FormServer) -> None:
        self.form = form
        self.think = threading.Event()

    def script(self) -> list[Any]:
        return [
            self.late,
            self.says(f"type(content='{TYPED}')"),
            self.says("call_user(content='Which colour do you like? <b onclick=alert(1)>')"),
            self.at("news"),
            self.at("send"),
            self.never,
        ]

    def late(self, seen: Seen) -> str:
        """Points at the wrong place, once it is told to."""
        assert self.think.wait(60)
        return self.says("click(start_box='(40,600)')")

    def never(self, seen: Seen) -> str:
        threading.Event().wait(30)
        return self.says("wait()")

    def says(self, action: str) -> str:
        return f"Thought: {injections('thought')}\nAction: {action}"

    def at(self, name: str) -> Any:
        def point(seen: Seen) -> str:
            assert seen.image is not None
            height, width = seen.image.shape[:2]
            x, y = middle(self.form, name)
            return self.says(f"click(start_box='({round(x * width / SIZE[0])},{round(y * height / SIZE[1])})')")

        return point


def middle(form: FormServer, name: str) -> tuple[int, int]:
    """The middle of a control, display pixels."""
    x1, y1, x2, y2 = form.places_now()[name]
    return round((x1 + x2) / 2), round((y1 + y2) / 2)


class Page:
    """The person's hands and eyes on the live page."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser, self.url = browser, url
        browser.cdp("Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False)
        browser.open(url)

    def shows(self, words: str, inside: str = "live") -> None:
        """Wait until `words` are there to be read."""
        try:
            self.browser.wait_for(f"document.getElementById('{inside}').innerText.includes({json.dumps(words)})")
        except RuntimeError as error:
            raise AssertionError(
                f"{words} is not on the page: {self.browser.js('return document.body.innerText')}"
            ) from error

    def until(self, name: str) -> None:
        """Wait until an element can be seen."""
        self.browser.wait_for(f"document.getElementById('live-{name}')?.offsetParent")

    def press(self, name: str) -> None:
        """A real click on a button, as soon as it is there; again where a picture that came has moved it away."""
        self.until(name)
        self.browser.wait_for(f"!document.getElementById('live-{name}').hasAttribute('aria-disabled')")
        self.browser.js(
            "window.pressed = false; document.addEventListener('click', event => "
            f"{{ window.pressed ||= event.target.closest('#live-{name}') !== null }}, true)"
        )

        def pressed() -> bool:
            at = self.place(f"live-{name}")
            self.mouse("mousePressed", *at)
            self.mouse("mouseReleased", *at)
            return bool(self.browser.js("return window.pressed"))

        until(pressed, say=lambda: f"{name} cannot be pressed")

    def write(self, name: str, text: str) -> None:
        """Replace what is in a field."""
        self.press(name)
        self.browser.js(f"document.getElementById('live-{name}').select()")
        self.browser.cdp("Input.insertText", text=text)

    def place(self, id_: str) -> tuple[float, float]:
        x, y = self.browser.js(
            f"const e = document.getElementById('{id_}'); e.scrollIntoView({{block: 'nearest'}});"
            "const b = e.getBoundingClientRect(); return [b.left + b.width / 2, b.top + b.height / 2]"
        )
        return x, y

    def mouse(self, kind: str, x: float, y: float) -> None:
        self.browser.cdp("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)

    def drag_marker(self, x: int, y: int) -> None:
        """Drag the marker to a place of the screen, display pixels; the last two pixels by keyboard."""
        self.browser.wait_for("document.getElementById('live-handle-0')")
        start = self.place("live-handle-0")
        left, top, width = self.browser.js(
            "const b = document.getElementById('live-stage').getBoundingClientRect(); return [b.left, b.top, b.width]"
        )
        share = width / SIZE[0]
        end = left + (x - 2 + 0.5) * share, top + (y + 0.5) * share
        self.mouse("mousePressed", *start)
        self.mouse("mouseMoved", (start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        self.mouse("mouseMoved", *end)
        self.mouse("mouseReleased", *end)
        self.shows("Edited. The model wanted: click at")
        self.browser.js("document.getElementById('live-handle-0').focus()")
        for _ in range(2):
            self.browser.press("\ue014")  # right arrow

    def check(self) -> None:
        """Nothing ran, the console is quiet, and axe finds nothing serious; in light and dark."""
        for scheme in SCHEMES:
            self.browser.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            check_open(self.browser, scheme)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


def test_a_person_steers_a_whole_run(form: FormServer, browser: Browser, tmp_path: Path) -> None:
    agent = Agent(form)
    with ScriptedServer(agent.script(), names=("UI-TARS-1.5-7B",)) as server:
        running = start(tmp_path, form, server.url)
        try:
            steer(Page(browser, running.wait_for(r"watch it at (\S+)")), agent, running)
            status, said = running.end()
        finally:
            running.process.kill()
            running.process.wait()
    assert (status, said["ending"], said["message"]) == (130, "stopped_by_user", "stopped on the live page")
    check_record(read_episode(tmp_path / "ep"))
    assert form.values is None, "Send was skipped"
    told = server.seen[5].texts[-1] if len(server.seen) > 5 else ""
    assert "not yet" in "".join(text for seen in server.seen[5:] for text in seen.texts), told


def start(folder: Path, form: FormServer, url: str) -> Running:
    task = f"Fill in the form {injections('task')}"
    more = ("--app", f"chromium {form.url}", "--network", "loopback", "--live", "--confirm", "always")
    return Running(folder, url, *more, task=task, app=None)


def steer(page: Page, agent: Agent, running: Running) -> None:
    form = agent.form
    page.shows("The model is thinking")
    check_address(page)
    page.press("pause")
    page.shows("It pauses before the next action")
    agent.think.set()
    page.shows("(40, 59")
    page.check()
    wanted = middle(form, "name")
    page.drag_marker(*wanted)
    assert form.clicks == []
    page.shows("Edited.")  # the words move the buttons
    page.press("approve")
    page.shows("Paused")
    page.shows("Step 1", "steps")
    [clicked] = form.clicks
    assert abs(clicked[0] - wanted[0]) <= 2, (clicked, wanted)
    assert abs(clicked[1] - wanted[1]) <= 2, (clicked, wanted)

    page.press("resume")
    page.until("field-text")
    page.write("field-text", "Ada <b>Lovelace</b>")
    page.press("approve")

    page.until("reply")
    page.check()
    page.write("reply", "green")
    page.browser.js("document.querySelector('#live-question button').click()")

    page.shows("Click at")
    page.press("take-over")
    page.until("hand-back")
    x, y = middle(form, "news")
    before = len(form.clicks)
    xdotool(running.display, "mousemove", str(x), str(y), "click", "1")
    waits(lambda: len(form.clicks) == before + 1)
    page.check()
    page.press("hand-back")

    page.until("skip")
    page.write("note", "not yet")
    page.press("skip")
    page.shows("Step 5", "steps")
    page.shows("The model is thinking")
    page.press("stop")
    page.shows("Stopped by the user", "head")
    page.browser.wait_for("document.querySelectorAll('.step').length === 5")
    page.browser.wait_for(LAST_PICTURE)
    page.check()


def check_address(page: Page) -> None:
    """It loads again, also without its token, in the tab that was given it; elsewhere it shows nothing."""
    browser, url = page.browser, page.url
    assert browser.js("return location.search") == "", "the token does not stay in the address bar"
    browser.js("location.reload()")
    page.shows("The model is thinking")
    browser.open(re.sub(r"\?token=.*", "", url))
    page.shows("The model is thinking")
    browser.js("sessionStorage.clear(); location.reload()")
    page.shows("Open the address that handeye run --live has printed")
    browser.open(url)
    page.shows("The model is thinking")


def waits(condition: Any) -> None:
    gate = threading.Event()
    for _ in range(500):
        if condition():
            return
        gate.wait(0.02)
    raise AssertionError("it did not come about")


def check_record(episode: Episode) -> None:
    steps = episode.steps
    verdicts = [step.verdict.kind if step.verdict else None for step in steps]
    assert verdicts == ["modify", "modify", "allow", "skip", "skip"]
    first, typed, asked, taken, skipped = steps
    assert first.decided is not None
    assert first.action != first.decided
    assert typed.action is not None
    assert typed.action.model_dump() == {"type": "type", "text": "Ada <b>Lovelace</b>", "clear": False}
    assert asked.outcome is not None
    assert asked.outcome.detail == "the person said: green"
    assert taken.verdict is not None
    assert "took over" in taken.verdict.reason
    assert skipped.verdict is not None
    assert skipped.verdict.reason == "a person skipped it: not yet"
    assert [step.outcome.performed for step in steps if step.outcome] == [True, True, False, False, False]
