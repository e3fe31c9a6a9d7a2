"""A model server as a child process: started in its own process group, waited for, and stopped with its children."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from agent.core.errors import UserError
from agent.serving.engines import ServePlan

_POLL = 0.1
_TAIL = 64_000
_TELLING = re.compile(
    r"\b\w*(?:Error|Exception)\b\s*:|\berror\b|\bfail(?:ed|ure)\b|\bfatal\b|out of memory|cannot|unable to", re.I
)
_NOISE = re.compile(r"^\s*(?:File \"|\^|~)|warning|deprecat", re.I)
_GENERIC = re.compile(
    r"root cause|see (?:the )?stack trace|engine core initiali[sz]ation failed|exiting|shutting down", re.I
)
"""Lines that only say that something went wrong before."""
_PREFIX = re.compile(r"^(?:\([^()]*pid=\d+\)\s*)?(?:(?:ERROR|CRITICAL)\s+[\d:. -]+\[[^\]]*\]\s*)?")
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class ServerProcess:
    """The engine of `plan`, running. Its output goes to the file `log`.

    Use it as a context manager: on the way out nothing that it started is left. Raises `UserError` when it cannot be
    started, and when the port is taken.
    """

    def __init__(self, plan: ServePlan, host: str, port: int, log: Path, grace: float = 10.0) -> None:
        self.plan, self.log, self.grace = plan, log, grace
        if port_taken(host, port):
            raise UserError(f"port {port} is taken on {host}: choose another one with --port")
        log.parent.mkdir(parents=True, exist_ok=True)
        self._output = log.open("wb")
        self._output.write(f"$ {shlex.join(plan.command)}\n".encode())
        self._output.flush()
        try:
            self._child = subprocess.Popen(
                plan.command,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            self._output.close()
            raise UserError(f"{plan.command[0]} cannot be started: {error.strerror or error}") from error

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The engine's process id, which is also that of its group."""
        return self._child.pid

    @property
    def lives(self) -> bool:
        """Whether it still runs."""
        return self._child.poll() is None

    def wait_healthy(
        self, seconds: float, tell: Callable[[str], None] = lambda line: None, since: float | None = None
    ) -> None:
        """Wait until it answers, for `seconds` at most, counted from `since` (monotonic) where that is given; `tell` is
        given its last line of output now and then.

        Raises `UserError` with its most telling line when it ends before that, and when it takes too long.
        """
        deadline = (time.monotonic() if since is None else since) + seconds
        with httpx.Client(timeout=5.0, trust_env=False) as client:
            while not self._answers(client):
                self._still_there()
                if time.monotonic() > deadline:
                    raise UserError(
                        f"{self.plan.engine} did not get ready within {seconds:g} s; its last word: "
                        f"{self.last_line() or 'nothing'} (log: {self.log})"
                    )
                tell(self.last_line())
                time.sleep(_POLL)
        self._still_there()

    def _answers(self, client: httpx.Client) -> bool:
        try:
            return client.get(self.plan.health).status_code == 200
        except httpx.HTTPError:
            return False

    def _still_there(self) -> None:
        status = self._child.poll()
        if status is not None:
            raise UserError(f"{self.plan.engine} {_ended(status)}: {self.telling_line()} (log: {self.log})")

    def wait(self, seconds: float | None = None) -> None:
        """Stay until it ends by itself, which is an error: raises `UserError`; for `seconds` at most."""
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(seconds)
        self._still_there()

    def stop(self) -> None:
        """Ask the whole group to end, then make it. Safe to call twice; a second Ctrl-C meanwhile is ignored."""
        if self._output.closed:
            return
        handlers = _signals_ignored()
        try:
            self._signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(self.grace)
            self._signal(signal.SIGKILL)
            self._child.wait()
        finally:
            self._output.close()
            for number, handler in handlers:
                signal.signal(number, handler)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, number)

    def last_line(self) -> str:
        """The last line of the log that says anything."""
        lines = self._lines()
        return lines[-1] if lines else ""

    def telling_line(self) -> str:
        """The line of the log that most likely says why: the last one that speaks of an error, or the last one."""
        lines = self._lines()
        at = _telling(lines)
        if at is None:
            return lines[-1] if lines else "it said nothing"
        said, rest = lines[at], lines[at + 1 :]
        return f"{said} {rest[0]}" if said.endswith(":") and rest else said

    def error_lines(self) -> list[str]:
        """The engine's error as it stands in the log, from its traceback to what follows it."""
        lines = self._lines()
        at = _telling(lines)
        if at is None:
            return lines[-20:]
        begins = [n for n in range(max(0, at - 60), at) if lines[n].startswith("Traceback")]
        return lines[begins[-1] if begins else at : at + 10]

    def _lines(self) -> list[str]:
        """The end of the log, without the command that stands first in it."""
        with self.log.open("rb") as file:
            first = len(file.readline())
            file.seek(max(first, os.fstat(file.fileno()).st_size - _TAIL))
            text = _COLOUR.sub("", file.read().decode(errors="replace"))
        lines = [_PREFIX.sub("", " ".join(line.split())[:2000]) for line in re.split(r"[\r\n]+", text)]
        return [line for line in lines if line]


def _telling(lines: list[str]) -> int | None:
    errors = [n for n, line in enumerate(lines) if _TELLING.search(line) and not _NOISE.search(line)]
    causes = [n for n in errors if not _GENERIC.search(lines[n])]
    return (causes or errors)[-1] if errors else None


def _signals_ignored() -> list[tuple[signal.Signals, Any]]:
    """Ignore the signals that end us for a while; what they did before. Nothing outside the main thread."""
    with suppress(ValueError):
        return [(number, signal.signal(number, signal.SIG_IGN)) for number in (signal.SIGINT, signal.SIGTERM)]
    return []


def _ended(status: int) -> str:
    if status >= 0:
        return f"stopped with status {status}"
    return f"was killed by {signal.Signals(-status).name}"


def port_taken(host: str, port: int) -> bool:
    """Whether nobody else could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def free_port(host: str, wanted: int = 8000) -> int:
    """`wanted` if it is free on `host`, else one that the system chooses."""
    if wanted and not port_taken(host, wanted):
        return wanted
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def log_file(engine: str, port: int) -> Path:
    """Where an engine's output goes: in the user's cache, or in XDG_CACHE_HOME."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "handeye" / "serve" / f"{engine}-{port}.log"
