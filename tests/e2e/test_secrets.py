"""A password typed into a real browser's form: the server has it, nothing under the episode does."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from rapidfuzz import fuzz

from agent.cli.main import main
from agent.episodes import read_episode
from agent.guard.masks import read_text

VALUE = "Zebra47Quartz"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in</title>
<style>body{font:18px sans-serif;margin:30px} label{display:block;margin:20px 0} input,button{font:inherit}</style>
<form method="post" autocomplete="off">
<label>User <input name="user"></label><label>Password <input name="pw" type="password"></label>
<label><input type="checkbox" onchange="this.form.pw.type = this.checked ? 'text' : 'password'"> Show password</label>
<button>Sign in</button></form></html>"""
THANKS = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Signed in with {0}</title>
<style>body{{font:22px serif;margin:60px}}</style><h1>Welcome</h1><p>Your password is {0}.</p></html>"""


@pytest.fixture
def got() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The address of a sign-in page that repeats the password, and the forms that reached it."""
    forms: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(PAGE if self.path == "/" else "")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            forms.append({key: values[0] for key, values in parse_qs(body).items()})
            self._reply(THANKS.format(forms[-1]["pw"]))

        def _reply(self, html: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", forms
        server.shutdown()


def traces(folder: Path) -> list[str]:
    """The files under `folder` that hold `VALUE` in any of the ways that programs write text."""
    forms = [VALUE.encode(), VALUE.encode("utf-16-le"), quote(VALUE).encode(), base64.b64encode(VALUE.encode())[:-4]]
    forms += [VALUE[::-1].encode(), VALUE.lower().encode(), VALUE.upper().encode()]
    return [str(path) for path in folder.rglob("*") if path.is_file() for f in forms if f in path.read_bytes()]


def seen(image: npt.NDArray[np.uint8]) -> list[str]:
    """Lines on `image` that read like half of `VALUE` or more, or like a row of a password's dots."""
    lines = [text for _, text, _ in read_text(image)]
    dots = [text for text in lines if sum(text.count(dot) for dot in "•●·*") >= 4]
    return dots + [text for text in lines if fuzz.partial_ratio(VALUE, text, score_cutoff=60) and len(text) > 4]


def test_a_password_leaves_no_trace(
    got: tuple[str, list[dict[str, str]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url, forms = got
    monkeypatch.setenv("THE_PASSWORD", VALUE)
    monkeypatch.chdir(tmp_path)
    task = (
        'Type "ada" into the User field, type "{{secret:PW}}" into the Password field, check "Show password", '
        'click "Sign in" and wait for "Welcome"'
    )
    with pytest.raises(SystemExit) as left:
        main(
            [
                "run",
                task,
                "--app",
                f"chromium {url}",
                "--network",
                "loopback",
                "--confirm",
                "never",
                "--secret",
                "PW=env:THE_PASSWORD",
                "--out",
                "ep",
                "--json",
            ]
        )
    said = capsys.readouterr()
    assert left.value.code == 0, said.out
    assert forms == [{"user": "ada", "pw": VALUE}]
    assert json.loads(said.out)["ending"] == "done"
    assert VALUE not in said.out + said.err
    assert traces(tmp_path) == []
    episode = read_episode(tmp_path / "ep")
    frames = {path: np.asarray(Image.open(path).convert("RGB")) for path in sorted((tmp_path / "ep").rglob("*.png"))}
    assert len(frames) >= 3
    assert {str(path): lines for path, image in frames.items() if (lines := seen(image))} == {}
    assert "{{secret:PW}}" in (tmp_path / "ep" / "steps.jsonl").read_text()
    assert len(episode.steps) >= 4
