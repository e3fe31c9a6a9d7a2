"""A web form on loopback that remembers what reached it: the values submitted, and where each click landed."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from tests.waiting import until

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Registration</title>
<style>body{font:16px sans-serif;margin:24px;max-width:640px} label{display:block;margin:14px 0}
input,select,button{font:inherit} .t{width:260px}</style>
<h1>Registration</h1>
<form method="post" action="/submit" autocomplete="off">
<label>Name <input class="t" name="name"></label>
<label><input type="checkbox" name="news" value="yes"> Subscribe to the newsletter</label>
<label>Colour <select name="colour"><option>Red</option><option>Green</option><option>Blue</option></select></label>
<label>Date <input type="date" name="date"></label>
<label>Volume <input type="range" name="volume" min="0" max="100" value="20" style="width:300px"></label>
<button type="submit">Send the form</button>
</form>
<script>
const dx = () => window.screenX + (window.outerWidth - window.innerWidth) / 2;
const dy = () => window.screenY + (window.outerHeight - window.innerHeight);
function post(path, data) { fetch(path, {method: "POST", body: JSON.stringify(data)}); }
function places() {
  if (!performance.getEntriesByName("first-contentful-paint").length) return;  // before, Chromium drops clicks
  const out = {};
  for (const e of document.querySelectorAll("input,select,button")) {
    const r = e.getBoundingClientRect();
    out[e.name || "send"] = [r.left + dx(), r.top + dy(), r.right + dx(), r.bottom + dy()];
  }
  post("/places/SERIAL", out);
}
setInterval(places, 100);
addEventListener("mousedown", e => post("/click", [e.screenX, e.screenY]), true);
DIALOG
</script></html>"""

DIALOG = """
setTimeout(() => {
  const d = document.createElement("dialog");
  d.innerHTML = "<p>Your session is about to expire.</p><button>Stay signed in</button>";
  d.querySelector("button").onclick = () => { d.close(); post("/dismissed", true); };
  document.body.append(d); d.showModal();
}, WHEN);
"""

WANTED = {"name": "Ada “Łøve” 🎉", "news": "yes", "colour": "Blue", "date": "2026-03-15", "volume": "80"}


@dataclass
class FormServer:
    """`values` is the last form submitted; `clicks` are screen positions; `places` are the controls' screen boxes.

    With `again` an empty form follows the one that was sent. `serial` is that of the newest page: an older one, which
    is shown until the next has come, tells no places.
    """

    dialog_after: float | None = None
    again: bool = False
    values: dict[str, str] | None = None
    clicks: list[tuple[float, float]] = field(default_factory=list)
    places: dict[str, list[float]] = field(default_factory=dict)
    serial: int = 0
    dismissed: bool = False
    shown: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> FormServer:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/"

    def places_now(self, seconds: float = 60) -> dict[str, list[float]]:
        """Where the controls are from now on: the window manager may have moved the window since it was last told."""
        self.shown.clear()
        assert self.shown.wait(seconds), "the page does not answer"
        return self.places

    def sent(self, about: str = "") -> dict[str, str]:
        """The form that was sent, once it was; `about` is said if none is."""
        until(lambda: self.values is not None, say=lambda: about)
        return dict(self.values or {})

    def check_wanted(self, about: str) -> None:
        """What was sent is `WANTED`, the volume within 2."""
        sent = self.sent(about)
        assert {**sent, "volume": "80"} == WANTED, about
        assert abs(int(sent["volume"]) - 80) <= 2, about

    def page(self) -> str:
        script = "" if self.dialog_after is None else DIALOG.replace("WHEN", str(int(self.dialog_after * 1000)))
        return PAGE.replace("DIALOG", script).replace("SERIAL", str(self.serial))

    def take(self, path: str, body: str) -> None:
        if path == "/submit":
            self.serial += 1
            self.values = {key: values[0] for key, values in parse_qs(body).items()}
            return
        data: Any = json.loads(body)
        if path == f"/places/{self.serial}":
            self.places = data
            self.shown.set()
        elif path == "/click":
            self.clicks.append((data[0], data[1]))
        elif path == "/dismissed":
            self.dismissed = True

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        form = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                form.serial += self.path == "/"
                self._reply(form.page() if self.path == "/" else "")

            def do_POST(self) -> None:
                form.take(self.path, self.rfile.read(int(self.headers["Content-Length"])).decode())
                if form.again and self.path == "/submit":
                    self.send_response(303)
                    self.send_header("Location", "/")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self._reply("<!doctype html><title>Thanks</title><h1>Thank you, the form was sent.</h1>")

            def _reply(self, html: str) -> None:
                body = html.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None: ...

        return Handler
