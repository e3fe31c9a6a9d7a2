"""Runs lmms-eval: looks at its environment, starts it against a server, and finds what it wrote."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from agent.core.errors import UserError

VARIABLE = "HANDEYE_LMMS"
LOG = "lmms-eval.log"
_PATIENCE = 10.0
_PROBE = """
import importlib.util, importlib.metadata, json
def there(name):
    try:
        __import__(name)
    except Exception:
        return False
    return True
version = importlib.metadata.version("lmms-eval") if importlib.util.find_spec("lmms_eval") else None
print(json.dumps({"version": version, "chat": version is not None and there("qwen_vl_utils"),
                  "decord": importlib.util.find_spec("decord") is not None}))
"""


@dataclass(frozen=True)
class LmmsEnvironment:
    """The interpreter of an environment with lmms-eval. `simple`: it reads videos by decord, in its simple mode."""

    python: str
    version: str
    simple: bool


@dataclass(frozen=True)
class LmmsRun:
    """One run: `tasks` against the model `served` at `url` (ends in ``/v1``)."""

    tasks: tuple[str, ...]
    url: str
    served: str
    key: str | None
    workers: int
    frames: int
    limit: int | None

    def command(self, where: LmmsEnvironment, out: Path) -> list[str]:
        """The command line. The key is in the environment, not here."""
        arguments = {
            "model_version": self.served,
            "base_url": self.url,
            "num_concurrent": self.workers,
            "max_frames_num": self.frames,
        }
        told = ",".join(f"{name}={value}" for name, value in arguments.items())
        command = [where.python, "-m", "lmms_eval", "eval", "--model", "openai", "--model_args", told]
        command += ["--tasks", ",".join(self.tasks), "--output_path", str(out), "--log_samples", "--batch_size", "1"]
        command += ["--limit", str(self.limit)] if self.limit is not None else []
        return command + (["--force_simple"] if where.simple else [])


def find_environment(named: str | None) -> LmmsEnvironment:
    """The environment of the interpreter `named`, else of HANDEYE_LMMS, else this one. Raises `UserError`."""
    python = named or os.environ.get(VARIABLE) or sys.executable
    try:
        done = subprocess.run([python, "-c", _PROBE], capture_output=True, text=True, timeout=300, check=False)
        found = json.loads(done.stdout.strip().splitlines()[-1])
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError) as error:
        raise UserError(f"{python} is no Python that runs: name the one of lmms-eval with --lmms") from error
    if not found["version"]:
        raise UserError(
            f"{python} has no lmms-eval: pip install lmms-eval in an environment of its own, "
            f"then --lmms ITS/bin/python or {VARIABLE}"
        )
    return LmmsEnvironment(python, found["version"], not found["chat"] and found["decord"])


def run_lmms(run: LmmsRun, where: LmmsEnvironment, out: Path, told: Callable[[str], None]) -> Path:
    """Run it to its end; the folder of its files, in `out`. `told` is called with the last line of its log.

    Raises `UserError` where it wrote no result (its exit status says nothing).
    """
    for value in (run.served, run.url):
        if set(value) & {",", "="}:
            raise UserError(f"lmms-eval cannot be told a name with , or =: {value}")
    theirs = out / "lmms-eval"
    environment = {**os.environ, "OPENAI_API_KEY": run.key or "none", "NO_COLOR": "1"}
    log = out / LOG
    with log.open("wb") as file:
        process = subprocess.Popen(
            run.command(where, theirs),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        try:
            _wait(process, lambda: told(_last_line(log)))
        finally:
            _end(process)
    if not list(theirs.rglob("*_results.json")):
        raise UserError(f"lmms-eval {where.version} made no result: {_reason(log)} (its log: {log})")
    return theirs


def _wait(process: subprocess.Popen[bytes], told: Callable[[], None]) -> None:
    while True:
        try:
            process.wait(0.5)
            return
        except subprocess.TimeoutExpired:
            told()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and what it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)
            return


def _lines(log: Path) -> Sequence[str]:
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 2**16))
        text = file.read().decode("utf-8", "replace")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return [line.strip() for line in re.split(r"[\r\n]+", plain) if line.strip()]


def _last_line(log: Path) -> str:
    lines = _lines(log)
    return lines[-1] if lines else ""


def _reason(log: Path) -> str:
    """The error that it tells, else its last line."""
    lines = _lines(log)
    said = [line.partition("Error during evaluation: ")[2] for line in lines if "Error during evaluation: " in line]
    said += [line for line in lines if re.match(r"\w*(Error|Exception)\b.*:", line)]
    return (said or list(lines[-1:]) or ["it said nothing"])[-1][:300]
