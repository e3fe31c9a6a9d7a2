"""`Jobs`: programs started from the site, each ``handeye …`` in a group of processes that ends with the site.

A command names values, never a command line: what is started is one of three commands of Handeye with its own policies,
and what was not said keeps its default. The page of a run asks its person by the live page, whose address the run says.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from agent.core.errors import UserError
from agent.views.loopback import Refused
from agent.views.site.catalog import RunEntry
from envs.cleanup import CleanupGuard, temporary_folder

MOST = 8
"""Programs that run at a time."""
GRACE = 10.0
"""Seconds that a program has to end by itself when it is stopped."""
_TAIL = 200_000  # bytes of a log that are shown
_LIVE = re.compile(r"^watch it at (http://127\.0\.0\.1:[0-9]{1,5}/\?token=[\w-]+)$", re.MULTILINE)


class _SiteCommand(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Line = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x1f]*$")]
"""A text of one line."""


class StartRun(_SiteCommand):
    """Do `task`; empty values are the defaults of ``handeye run``. Its live page is always served."""

    do: Literal["run"]
    task: str = Field(min_length=1, max_length=10_000, pattern=r"\S")
    env: Literal["sandbox", "browser", "desktop", "android", "phone"] = "sandbox"
    app: Line = ""
    serial: Line = ""
    model: Line = ""
    confirm: Literal["", "always", "risky"] = ""
    max_steps: int | None = Field(default=None, ge=1, le=100_000)


class CheckEpisode(_SiteCommand):
    """Check every step of an episode against its screens, without a device."""

    do: Literal["check"]
    episode: str


class AskAgain(_SiteCommand):
    """Ask a model on every screen of an episode, and compare."""

    do: Literal["ask"]
    episode: str
    model: Line = Field(min_length=1)


class StopJob(_SiteCommand):
    """End a program that was started here."""

    do: Literal["stop"]
    job: int


SiteCommand = StartRun | CheckEpisode | AskAgain | StopJob
_ADAPTER: TypeAdapter[SiteCommand] = TypeAdapter(Annotated[SiteCommand, Field(discriminator="do")])


def read_site_command(data: bytes) -> SiteCommand:
    """One command from JSON. Raises pydantic's ValidationError (a ValueError)."""
    return _ADAPTER.validate_json(data)


def run_arguments(command: StartRun, out: Path) -> list[str]:
    """The arguments of ``handeye`` for a run that is recorded in `out`."""
    given = {
        "env": command.env, "app": command.app, "serial": command.serial, "model": command.model,
        "confirm": command.confirm, "max-steps": "" if command.max_steps is None else str(command.max_steps),
    }  # fmt: skip
    options = [f"--{name}={value}" for name, value in given.items() if value]
    return ["run", "--live", f"--out={out}", *options, "--", command.task]


def replay_arguments(command: CheckEpisode | AskAgain, folder: Path) -> list[str]:
    """The arguments of ``handeye`` for a check of the episode in `folder`, or for questions about it."""
    if isinstance(command, CheckEpisode):
        return ["replay", "--mode=simulate", "--", str(folder)]
    return ["replay", "--mode=ask", f"--model={command.model}", "--", str(folder)]


@dataclass
class Job:
    """One program. `folder` has its log; `episode` is the folder that it records, or reads."""

    number: int
    kind: Literal["run", "check", "ask"]
    title: str
    command: list[str]
    process: subprocess.Popen[bytes]
    folder: Path
    guard: CleanupGuard
    episode: Path
    started: float = field(default_factory=time.time)

    @property
    def log(self) -> str:
        """The end of what it said, without the token of its live page, which a screenshot may show."""
        return _LIVE.sub(
            lambda found: found[0].replace(found[1], found[1].partition("token=")[0] + "token=…"), self._said
        )

    @property
    def _said(self) -> str:
        try:
            with (self.folder / "log").open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
                return file.read().decode("utf-8", "replace")
        except OSError:
            return ""

    @property
    def live(self) -> str:
        """The address of its live page while it runs; "" before and after."""
        found = _LIVE.search(self._said) if self.kind == "run" and self.lives else None
        return found[1] if found else ""

    @property
    def lives(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    @property
    def words(self) -> tuple[str, str]:
        """Tone and text of its state."""
        status = self.process.poll()
        if status is None:
            return "wait", "Running"
        if status == 0:
            return "good", "Ended well"
        return ("warn", "Stopped") if status < 0 or status == 130 else ("bad", f"Ended with status {status}")

    def stop(self) -> None:
        """Ask the whole group to end, then make it. Safe to call twice."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def forget(self) -> None:
        """End it and remove its log."""
        self.stop()
        self.guard.cancel()
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass
class Jobs:
    """The programs started from the site of the folder `root`, by the command line `program`. Thread-safe."""

    root: Path
    program: tuple[str, ...] = (sys.executable, "-m", "handeye")
    _jobs: list[Job] = field(default_factory=list, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def all(self) -> list[Job]:
        """The newest first."""
        with self._lock:
            return self._jobs[::-1]

    def job(self, number: int) -> Job:
        """Raises `Refused`."""
        with self._lock:
            if 1 <= number <= len(self._jobs):
                return self._jobs[number - 1]
        raise Refused(404, "nothing with this number was started here")

    def run(self, command: StartRun) -> Job:
        """Start a run that is recorded in a new folder. Raises `Refused` and `UserError`."""
        from agent.run.session import run_folder

        self._check_room()
        out = run_folder(command.task, runs=self.root)
        return self._start("run", command.task, run_arguments(command, out), out)

    def replay(self, command: CheckEpisode | AskAgain, entry: RunEntry) -> Job:
        """Start a check of an episode, or questions about it. Raises `Refused` and `UserError`."""
        self._check_room()
        asked = f"Ask {command.model}: " if isinstance(command, AskAgain) else "Check: "
        return self._start(command.do, asked + entry.title, replay_arguments(command, entry.folder), entry.folder)

    def _check_room(self) -> None:
        if sum(job.lives for job in self.all()) >= MOST:
            raise Refused(429, f"{MOST} programs run already: stop one, or wait")

    def _start(self, kind: Literal["run", "check", "ask"], title: str, arguments: list[str], episode: Path) -> Job:
        folder = temporary_folder("handeye-view-")
        guard = CleanupGuard(folder)
        command = [*self.program, *arguments]
        try:
            with (folder / "log").open("wb") as log:
                process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
                )
        except OSError as error:
            guard.cancel()
            shutil.rmtree(folder, ignore_errors=True)
            raise UserError(f"it cannot be started: {error}") from error
        guard.kill_too(process.pid)
        with self._lock:
            job = Job(len(self._jobs) + 1, kind, title, arguments, process, folder, guard, episode)
            self._jobs.append(job)
        return job

    def close(self) -> None:
        """End all of them, at once. Safe to call twice."""
        threads = [threading.Thread(target=job.forget) for job in self.all()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with self._lock:
            self._jobs.clear()
