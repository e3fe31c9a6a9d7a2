"""What is started from the site: by whom, what, and that it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.views.site.catalog import Catalog
from agent.views.site.jobs import Jobs, StartRun, run_arguments
from agent.views.site.server import SiteServer
from tests.agent.browser import INSTALLED, chromium
from tests.agent.sample_episode import TASK, write_sample
from tests.agent.views.site.test_site import check_everywhere
from tests.agent.views.site.visitor import NoResults, Visitor, served
from tests.waiting import until

PROGRAM = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("<b>arguments</b>", *sys.argv[1:], "child", child.pid, flush=True)
print("watch it at http://127.0.0.1:9/?token=abc-_1", flush=True)
print("  watch it at http://127.0.0.1:9/?token=other\\nwatch it at javascript:alert(1)", flush=True)
child.wait()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SiteServer]:
    """A site that starts `PROGRAM` in place of Handeye."""
    (tmp_path / "program.py").write_text(PROGRAM)
    write_sample(tmp_path / "runs" / "e")
    catalog = Catalog(tmp_path / "runs", NoResults())
    server = SiteServer(catalog, 0, Jobs(catalog.root, (sys.executable, str(tmp_path / "program.py"))))
    yield server
    server.close()


def told(visitor: Visitor, command: dict[str, Any], **headers: str | None) -> Any:
    """The answer to a command, sent as a page of the site does."""
    page = visitor.text("start")
    sent: dict[str, str | None] = {
        "Content_Type": "application/json",
        "X_Handeye_Token": re.findall('name="handeye-token" content="([^"]+)"', page)[0],
        "Origin": f"http://127.0.0.1:{visitor.server.port}",
    }
    path = f"{visitor.server.place}do"
    return visitor.raw("POST", path, json.dumps(command).encode(), **{**sent, **headers})


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def state(visitor: Visitor, number: int) -> dict[str, Any]:
    return dict(json.loads(visitor.text(f"jobs/{number}/state")))


def test_nothing_is_started_where_it_was_not_allowed(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    server = served(tmp_path / "runs")
    try:
        visitor = Visitor(server).enter()
        headers = {
            "Content_Type": "application/json",
            "Origin": f"http://127.0.0.1:{server.port}",
            "X_Handeye_Token": "",
        }
        answer = visitor.raw("POST", f"{server.place}do", b'{"do": "run", "task": "x"}', **headers)
        assert answer.status == 403
        assert b"--allow-runs" in answer.body
        assert [visitor.get(path).status for path in ("start", "jobs", "jobs/1")] == [404] * 3
        assert not server.jobs.all()
    finally:
        server.close()


def test_a_command_needs_origin_token_and_json(server: SiteServer) -> None:
    visitor, run = Visitor(server).enter(), {"do": "run", "task": "x"}
    for headers in (
        {"Origin": None}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"}, {"X_Handeye_Token": None},
        {"X_Handeye_Token": "x"}, {"Cookie": ""}, {"Content_Type": "text/plain"},
        {"Content_Type": "application/x-www-form-urlencoded"},
    ):  # fmt: skip
        assert told(visitor, run, **headers).status in (403, 415), headers
    for wrong in (
        {"do": "run"}, {"do": "run", "task": " "}, {"do": "shell", "task": "id"}, run | {"env": "host"},
        run | {"confirm": "never"}, run | {"out": "/tmp/x"}, run | {"app": "a\nb"}, run | {"max_steps": 0},
    ):  # fmt: skip
        assert told(visitor, wrong).status == 400, wrong
    assert told(visitor, {"do": "check", "episode": "runs/../../etc"}).status == 404
    assert told(visitor, {"do": "stop", "job": 1}).status == 404
    assert not server.jobs.all()


def test_values_are_values_and_no_options() -> None:
    command = StartRun(do="run", task="--env=desktop --confirm never", model="--out=/etc", app="-x")
    arguments = run_arguments(command, Path("/r"))
    assert arguments == [
        "run",
        "--live",
        "--out=/r",
        "--env=sandbox",
        "--app=-x",
        "--model=--out=/etc",
        "--",
        command.task,
    ]


def test_a_run_is_started_watched_and_ended_with_all_that_it_started(server: SiteServer) -> None:
    visitor = Visitor(server).enter()
    answer = told(visitor, {"do": "run", "task": "Say <i>hello</i>", "max_steps": 3})
    assert json.loads(answer.body) == {"job": 1}
    until(lambda: "javascript" in state(visitor, 1)["log"])
    now = state(visitor, 1)
    assert now["live"] == "http://127.0.0.1:9/?token=abc-_1"
    assert "abc-_1" not in now["log"]
    assert "--max-steps=3 -- Say <i>hello</i>" in now["log"]
    page = visitor.text("jobs/1")
    assert "<b>arguments" not in page
    assert "<i>" not in page
    child = int(re.findall(r"child (\d+)", now["log"])[0])
    assert lives(child)
    assert told(visitor, {"do": "stop", "job": 1}).status == 200
    until(lambda: not lives(child))
    assert state(visitor, 1) | {"log": ""} == {
        "tone": "warn",
        "words": "Stopped",
        "live": "",
        "lives": False,
        "log": "",
    }
    assert "Say &lt;i&gt;hello" in visitor.text("jobs")


@pytest.mark.parametrize("asked", range(1, 6))
def test_a_program_that_ends_while_its_state_is_told_is_not_called_running_for_good(
    asked: int, server: SiteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = Visitor(server).enter()
    told(visitor, {"do": "run", "task": "x"})
    process, answers = server.jobs.all()[0].process, [None] * asked
    monkeypatch.setattr(process, "poll", lambda: answers.pop() if answers else -signal.SIGTERM)
    now = state(visitor, 1)  # the process lives when it is asked after for the first times, and then no more
    assert now["lives"] or now["words"] == "Stopped"
    monkeypatch.undo()


def test_what_was_started_ends_with_the_site(server: SiteServer) -> None:
    visitor = Visitor(server).enter()
    assert told(visitor, {"do": "ask", "episode": "runs/e", "model": "m"}).status == 200
    until(lambda: "child" in state(visitor, 1)["log"])
    said = state(visitor, 1)["log"]
    assert f"replay --mode=ask --model=m -- {server.catalog.root / 'e'}" in said
    child, log = int(re.findall(r"child (\d+)", said)[0]), server.jobs.job(1).folder
    server.close()
    until(lambda: not lives(child))
    assert not log.exists()


def test_the_form_is_filled_in_as_an_episode_was(server: SiteServer) -> None:
    assert TASK in Visitor(server).enter().text("start?like=runs/e")


@pytest.mark.skipif(not INSTALLED, reason="needs Chromium and chromedriver")
def test_a_run_is_started_from_the_page(server: SiteServer) -> None:
    with chromium() as browser:
        browser.open(server.url)
        browser.wait_for("document.querySelector('a[href$=start]')")
        browser.open(browser.js("return document.querySelector('a[href$=start]').href"))
        check_everywhere(browser, "start")
        browser.js(
            "document.querySelector('textarea').value = 'Say hello'; document.querySelector('.fields button').click()"
        )
        browser.wait_for("document.getElementById('job-live')?.href.includes('abc-_1')")
        check_everywhere(browser, "program")
        browser.js("window.before = fetch; window.fetch = () => Promise.reject(new TypeError('gone'))")
        browser.wait_for("document.getElementById('job-words').textContent.startsWith('The site does not answer')")
        browser.js("window.fetch = window.before")
        browser.wait_for("document.getElementById('job-words').textContent === 'Running'")
        browser.js("document.getElementById('job-stop').click()")
        browser.wait_for("document.getElementById('job-words').textContent === 'Stopped'")
