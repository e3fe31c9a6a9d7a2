"""A real Chromium, driven through chromedriver, for tests of pages."""

import contextlib
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import httpx

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
FLAGS += ["--disable-component-update", "--disable-dev-shm-usage", "--no-first-run"]
INSTALLED = bool(shutil.which("chromedriver") and shutil.which("chromium"))


class Browser:
    """One page in one headless Chromium."""

    def __init__(self, client: httpx.Client, session: str):
        self._client, self._path = client, f"/session/{session}"

    def open(self, page: Path | str):
        """Go to a file or a URL and wait until it is loaded."""
        self._post("/url", url=page if isinstance(page, str) else page.resolve().as_uri())

    def wait_for(self, expression: str, seconds: float = 60):
        """Return when a JavaScript expression is true."""
        deadline = time.monotonic() + seconds
        while not self.js(f"return Boolean({expression})"):
            if time.monotonic() > deadline:
                raise RuntimeError(f"not so within {seconds:g} s: {expression}")
            time.sleep(0.01)

    def dialog(self) -> str | None:
        """The words of an alert that is open, or None."""
        answer = self._client.get(self._path + "/alert/text").json()["value"]
        return answer if isinstance(answer, str) else None

    def js(self, script: str):
        """What the body of a function gives back."""
        return self._post("/execute/sync", script=script, args=[])

    def cdp(self, command: str, **params):
        """A command of the Chrome DevTools protocol."""
        return self._post("/goog/cdp/execute", cmd=command, params=params)

    def press(self, key: str):
        """Press and release one key."""
        self.type(key)

    def type(self, keys: str):
        """Press and release key after key."""
        keys = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._post("/actions", actions=[{"type": "key", "id": "keyboard", "actions": keys}])

    def console(self) -> list[str]:
        """What the console has said since the last call."""
        return [entry["message"] for entry in self._post("/se/log", type="browser")]

    def _post(self, path: str, **body):
        answer = self._client.post(self._path + path, json=body).json()["value"]
        if isinstance(answer, dict) and "error" in answer:
            raise RuntimeError(answer["message"])
        return answer


def _start_driver():
    """A chromedriver and its port. The free IPv4 port that it takes may be another program's on IPv6: then it ends."""
    for _ in range(10):
        driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        for line in driver.stdout:
            if "started successfully" in line:
                return driver, line.split()[-1].rstrip(".")
        driver.wait(10)
    raise RuntimeError("chromedriver does not start")


@contextlib.contextmanager
def chromium():
    """A `Browser`, ended afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        driver, port = _start_driver()
        try:
            options = {"args": [*FLAGS, f"--user-data-dir={profile}"], "binary": shutil.which("chromium")}
            wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            wanted["timeouts"] = {"script": 200_000}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=240, trust_env=False) as client:
                made = client.post("/session", json={"capabilities": {"alwaysMatch": wanted}}).json()["value"]
                try:
                    yield Browser(client, made["sessionId"])
                finally:
                    client.delete(f"/session/{made['sessionId']}")
        finally:
            driver.terminate()
            driver.wait(10)
