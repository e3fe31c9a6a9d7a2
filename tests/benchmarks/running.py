"""Running the real command line on the toy suite."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TOY = "tests.benchmarks.toy_suite"


def command(*arguments: Any) -> list[str]:
    return [sys.executable, "-m", TOY, "bench", *map(str, arguments)]


def environ() -> dict[str, str]:
    """Without a display of ours, and with the project importable wherever the run is."""
    clean = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "HANDEYE_BASE_URL")}
    return clean | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"}


def bench(*arguments: Any, cwd: Path | None = None, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=cwd or ROOT,
        env=environ(),
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
    )


def inline(*arguments: Any) -> subprocess.CompletedProcess[str]:
    """The same in this process, for runs in which nothing is killed: a second quicker."""
    from agent.cli.main import main

    out, err, before = io.StringIO(), io.StringIO(), signal.getsignal(signal.SIGTERM)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main(["bench", *map(str, arguments)])
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    finally:
        signal.signal(signal.SIGTERM, before)
    return subprocess.CompletedProcess(list(map(str, arguments)), status, out.getvalue(), err.getvalue())


def start(*arguments: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(*arguments),
        cwd=ROOT,
        env=environ(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def same(folder: Path) -> bytes:
    """The part of a result that must not depend on how it was got, as bytes of the file."""
    data = (folder / "result.json").read_bytes()
    result = json.loads(data)
    summary = data[data.index(b'\n "summary"') : data.index(b'\n "errors"')]
    verdicts = data[data.index(b'\n "verdicts"') :]
    assert json.loads(b"{" + summary.rstrip(b",\n") + b"}")["summary"] == result["summary"]
    return summary + verdicts


def result(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "result.json").read_text()))


def answered(folder: Path) -> list[str]:
    """The ids in answers.jsonl, as they came."""
    path = folder / "answers.jsonl"
    whole = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [json.loads(line)["id"] for line in whole]
