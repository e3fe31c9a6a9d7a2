"""Starts and ends the programs of a sandbox, from inside its namespaces. Run as a script; the standard library only.

It is the child of bubblewrap and reads requests, one JSON line each, from the socket that is its stdin; each gets one
JSON line. ``listen`` also gets the file descriptor of the new listening socket. The end of the socket ends everything:
bubblewrap then ends the pid namespace.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
from typing import Any

PR_SET_DUMPABLE = 4
"""Off: the programs cannot trace this process or open its socket."""

PROCESSES = 2048
"""The most processes. The kernel does not hold root to `LIMITS`; all programs are ended where there are more."""
LIMITS = {
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_DATA: 8 << 30,
    resource.RLIMIT_FSIZE: 2 << 30,
    resource.RLIMIT_NOFILE: 4096,
    resource.RLIMIT_NPROC: PROCESSES,
}
"""Of each program: bytes of a core file, of private memory and of a written file; open files; processes of the user."""


class ProgramStarter:
    """Answers requests. Programs write to this process's stderr."""

    def __init__(self) -> None:
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._ended: dict[int, int] = {}

    def answer(self, do: str, what: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
        """The answer to a request, and file descriptors to send with it."""
        try:
            if do == "start":
                return {"pid": self._start(**what)}, []
            if do == "poll":
                return {"status": self._ended.get(what["pid"])}, []
            if do == "listen":
                return {"listening": what["port"]}, [_listen(what["port"])]
        except OSError as error:
            return {"error": f"{error.strerror}: {error.filename}" if error.filename else str(error)}, []
        return {"error": f"unknown request {do!r}"}, []

    def collect(self) -> None:
        """Note the exit statuses of ended programs."""
        for pid, process in list(self._running.items()):
            status = process.poll()
            if status is not None:
                self._ended[pid] = status
                del self._running[pid]

    def _start(self, argv: list[str], cwd: str, environ: dict[str, str]) -> int:
        process = subprocess.Popen(
            argv, env=environ, cwd=cwd, stdin=subprocess.DEVNULL, stdout=2, start_new_session=True
        )
        self._running[process.pid] = process
        return process.pid


def end_too_many() -> None:
    """End all programs where there are more than `PROCESSES`; one signal to all, so that none starts another."""
    if sum(name.isdecimal() for name in os.listdir("/proc")) > PROCESSES:
        os.kill(-1, signal.SIGKILL)
        os.write(2, f"more than {PROCESSES} processes: all programs were ended\n".encode())


def _listen(port: int) -> int:
    listener = socket.create_server(("127.0.0.1", port))
    return listener.detach()


def main() -> None:
    """Serve the socket on stdin until it ends."""
    if os.getpid() != 2:
        sys.exit("this is no pid namespace of bubblewrap's: the sandbox starts it, nobody else")
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    for name, most in LIMITS.items():
        hard = resource.getrlimit(name)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(name, (most, most))
    control, starter, pending = socket.socket(fileno=0), ProgramStarter(), b""
    control.set_inheritable(False)
    while True:
        starter.collect()
        end_too_many()
        if not select.select([control], [], [], 0.1)[0]:
            continue
        data = control.recv(65536)
        if not data:
            sys.exit(0)
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            request = json.loads(line)
            starter.collect()
            answer, descriptors = starter.answer(request.pop("do"), request)
            socket.send_fds(control, [json.dumps(answer).encode() + b"\n"], descriptors)
            for descriptor in descriptors:
                os.close(descriptor)


if __name__ == "__main__":
    main()
