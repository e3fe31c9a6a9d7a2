"""A shell in a clean folder, as a stranger has it who has just installed Handeye: no settings, keys or adb server."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from agent.cli.main import main
from tests.agent.cli.test_cli import free_port
from tests.docs.pages import ROOT
from tests.waiting import until

_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "HANDEYE_DATA", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
_PLAIN = re.compile(r"handeye (?!phone|mcp|run)[^|;&<>$`\n\\]*")
"""A command that can run in this process: no syntax of the shell, and nothing that it would leave running."""


class Session:
    """One shell (`run`) and plain commands in this process (`run_here`), in `folder`, the home of its user."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.replaced = {port: str(free_port()) for port in ("6555", "8765")}
        folder.mkdir()
        if (ROOT / "examples").is_dir():
            shutil.copytree(ROOT / "examples", folder / "examples")
        self.environ = {name: os.environ[name] for name in _KEPT if name in os.environ} | {
            "HOME": str(folder),
            "COLUMNS": "120",
            "PYTHONPATH": str(ROOT),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ANDROID_ADB_SERVER_PORT": str(free_port()),
        }
        self._shell: subprocess.Popen[bytes] | None = None
        self._said = b""
        self._count = 0

    def close(self) -> None:
        """End the shell, what it left in the background, and its adb server."""
        if self._shell is None:
            return
        subprocess.run(["adb", "kill-server"], env=self.environ, capture_output=True, timeout=60, check=False)
        for how in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._shell.pid, how)
            except ProcessLookupError:
                return
            if how == signal.SIGTERM:
                until(lambda: not _group_lives(self._shell.pid), say=lambda: "the page's processes do not end")  # type: ignore[union-attr]
        self._shell.wait(60)

    def done_here(self, command: str) -> bool:
        """Whether `run_here` can do it: the shell has not begun, so that nothing was set in it."""
        return self._shell is None and _PLAIN.fullmatch(command) is not None

    def run_here(self, command: str) -> tuple[str, int]:
        """What a plain ``handeye`` command prints, stdout alone with ``--json``, and its status."""
        arguments, out = shlex.split(self.real(command), comments=True)[1:], io.StringIO()
        errors = io.StringIO() if "--json" in arguments else out
        environ = patch.dict(os.environ, self.environ, clear=True)
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            with environ, chdir(self.folder), redirect_stdout(out), redirect_stderr(errors):
                main(arguments)
        except SystemExit as end:
            return out.getvalue(), int(end.code or 0)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        return out.getvalue(), 0

    def run(self, command: str, seconds: float = 300) -> tuple[str, int]:
        """What the shell prints for `command`, and its status. One with ``&`` goes on; its output is in `rest`."""
        self._count += 1
        end = f"<end {self._count} of {os.getpid()} "
        errors = "2>/dev/null" if "--json" in command and "&" not in command else "2>&1"
        self._write(f"{{ {self.real(command)}\n}} </dev/null {errors}\necho '{end}'$?'>'\n")
        pattern = re.compile(re.escape(end).encode() + rb"(\d+)>\n")
        until(lambda: pattern.search(self._said) or self._ended(), seconds, lambda: f"{command}: {self.rest()}")
        found = pattern.search(self._said)
        assert found, self.rest()
        text, self._said = self._said[: found.start()], self._said[found.end() :]
        return text.decode(), int(found[1])

    def rest(self) -> str:
        """What was printed since the last command ended."""
        return self._said.decode()

    def forget(self) -> None:
        """Forget `rest`."""
        self._said = b""

    def real(self, command: str) -> str:
        """`command` with the addresses of this session in place of those of the pages."""
        for sought, real in self.replaced.items():
            command = command.replace(sought, real)
        return command

    def _write(self, text: str) -> None:
        if self._shell is None:
            self._shell = subprocess.Popen(
                ["bash", "--noprofile", "--norc"], cwd=self.folder, env=self.environ, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            threading.Thread(target=self._read, args=(self._shell,), daemon=True).start()
        assert self._shell.stdin is not None
        self._shell.stdin.write(text.encode())
        self._shell.stdin.flush()

    def _read(self, shell: subprocess.Popen[bytes]) -> None:
        assert shell.stdout is not None
        while said := os.read(shell.stdout.fileno(), 65536):
            self._said += said

    def _ended(self) -> bool:
        return self._shell is not None and self._shell.poll() is not None


def _group_lives(group: int) -> bool:
    """Whether a process of it is there and no zombie."""
    listed = subprocess.run(["ps", "-o", "stat=", "-g", str(group)], capture_output=True, text=True, check=False)
    return any(not line.startswith("Z") for line in listed.stdout.split())
