"""Keeps one private X display, and leaves nothing behind whoever is killed. Run by `envs.sandbox`; Linux only.

Two processes watch each other and the caller:

* the *guardian* (this module's ``main``) is the one that `envs.sandbox` starts. It is a subreaper: whatever its
  descendants start and abandon becomes its child. It only waits; when the caller, the worker or itself is told to
  end, it kills every descendant and removes the files.
* the *worker*, its child and a subreaper too, starts the X server, the window manager and the programs, and answers
  the caller. When the guardian dies it does the guardian's work on its own descendants.

With isolation the worker does not start the programs itself, but asks `envs.sandbox_programs`, which bubblewrap runs in
namespaces of its own; ports of this machine's loopback, and the proxy to the hosts of a list, are served by
children of the worker.

Every direct child is killed by the kernel when its parent dies (``PR_SET_PDEATHSIG``), for the case that both are
killed at once; files of such a case are removed by the next sandbox (`sweep`).

The caller reads where the sandbox's folder is, then sends JSON lines on stdin and reads one JSON line for each. The
end of stdin, or the caller's death, ends everything; the end of stdout tells the caller that all is gone.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import random
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from envs import host_proxy
from envs.port_relay import relay
from envs.processes import alive, children, descendants, kill_all, marked, reap, wait_gone
from envs.syscall_filter import syscall_filter

MARK = "HANDEYE_SANDBOX"
"""Every process of a sandbox has this variable; its value is the sandbox's folder."""

PREFIX = "handeye-sandbox-"
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
CLONE_NEWIPC, CLONE_NEWUSER = 0x08000000, 0x10000000
TICK = 0.1
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """``python -m envs.sandbox_supervisor CALLER_PID``; the first line on stdout is ``{"home": FOLDER}``."""
    caller = int(sys.argv[1])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    sweep()
    home = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_folder()))
    (home / "guardian").write_text(str(os.getpid()))
    guardian = os.getpid()
    worker = os.fork()
    if worker == 0:
        _work(home, guardian)
        os._exit(0)
    _guard(home, caller, worker)


def _folder() -> Path:
    """The temporary folder, or ``/tmp`` where its name is long: programs put sockets there (108 bytes at most)."""
    usual = Path(tempfile.gettempdir())
    return usual if len(str(usual)) <= 20 else Path("/tmp")  # noqa: S108


def _guard(home: Path, caller: int, worker: int) -> None:
    """Wait until the caller or the worker is gone, or somebody asks; then clean up."""
    os.close(0)
    while os.getppid() == caller:
        event = signal.sigtimedwait({signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}, TICK)
        if event is not None and event.si_signo != signal.SIGCHLD:
            break
        reap()
        if not alive(worker):
            break
    clean_up(home)


def clean_up(home: Path) -> None:
    """Kill every descendant of this process and everything marked with `home`, and remove its files."""
    deadline = time.monotonic() + 10
    mine = f"{MARK}={home}"
    ended: set[int | None] = {read_pid(home / "server")}
    while time.monotonic() < deadline:
        left = [pid for pid in {*descendants(os.getpid()), *marked(mine)} if pid != os.getpid() and alive(pid)]
        if not left:
            break
        kill_all(left)
        wait_gone(left, 1.0)
        ended |= set(left)
    _remove_locks(ended)
    _remove_folder(home)


def _remove_folder(home: Path) -> None:
    """Remove `home`, and the folder in ``/tmp`` that a killed Chromium of ours leaves behind its socket's link."""
    link = home / "home/chromium/SingletonSocket"
    if link.is_symlink():
        folder = link.readlink().parent
        if folder.name.startswith(("org.chromium.", ".org.chromium.")):
            shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


def _remove_locks(ended: set[int | None]) -> None:
    """Remove the lock and socket of an X server among the `ended` processes: a killed server leaves them behind."""
    for lock in Path("/tmp").glob(".X*-lock"):  # noqa: S108 - where X servers put it
        owner = read_pid(lock)
        if owner is not None and owner in ended and not alive(owner):
            number = lock.name[2:-5]
            lock.unlink(missing_ok=True)
            Path(f"/tmp/.X11-unix/X{number}").unlink(missing_ok=True)  # noqa: S108


def read_pid(path: Path) -> int | None:
    """The number of a process that `path` has; None without one."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def sweep() -> None:
    """Remove what a sandbox left whose guardian and worker were killed at the same moment."""
    for home in _folder().glob(f"{PREFIX}*"):
        guardian = read_pid(home / "guardian")
        try:
            old = home.stat().st_uid == os.getuid() and abs(time.time() - home.stat().st_mtime) > 5
        except OSError:
            continue
        if old and (guardian is None or not alive(guardian)) and not _worker_lives(home):
            kill_all(marked(f"{MARK}={home}"))
            _remove_locks({read_pid(home / "server")})
            _remove_folder(home)


def _worker_lives(home: Path) -> bool:
    worker = read_pid(home / "worker")
    return worker is not None and alive(worker)


def _work(home: Path, guardian: int) -> None:
    """The worker: serve the caller until it or the guardian is gone."""
    (home / "worker").write_text(str(os.getpid()))
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    worker = _ProgramStarter(home)
    _reply({"home": str(home)})
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    pending = b""
    while os.getppid() == guardian:
        event = signal.sigtimedwait({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}, 0)
        if event is not None and event.si_signo != signal.SIGCHLD:
            return
        worker.collect()
        if not selector.select(TICK):
            continue
        data = os.read(0, 65536)
        if not data:
            return
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            _reply(worker.answer(json.loads(line)))
    clean_up(home)


def _reply(answer: dict[str, Any]) -> None:
    try:
        os.write(1, json.dumps(answer).encode() + b"\n")
    except BrokenPipeError:
        return


class _ProgramStarter:
    """Starts programs with the sandbox's environment. Its answers are JSON objects; ``error`` says what failed."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._environ: dict[str, str] = {}
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._ended: dict[int, int] = {}
        self._kept: set[int] = set()
        self._isolated: _IsolatedStarter | None = None
        self._relays: dict[int, int] = {}  # port -> process

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            match request.pop("do"):
                case "server":
                    return {"display": self._server(**request)}
                case "isolate":
                    return {"isolated": self._isolate(**request)}
                case "relay":
                    return {"relayed": [p for p in request["ports"] if self._serve(p, partial(relay, port=p))]}
                case "proxy":
                    lists = {"allowed": request["allowed"], "denied": request["denied"]}
                    return {"proxy": self._serve(host_proxy.PORT, partial(host_proxy.serve, **lists))}
                case "start" if self._isolated and not request.get("keep"):
                    return self._isolated.ask("start", **request, environ=self._environ)[0]
                case "poll" if self._isolated:
                    return self._isolated.ask("poll", **request)[0]
                case "start":
                    return {"pid": self._start(**request)}
                case "poll":
                    return {"status": self._ended.get(request["pid"])}
                case "stop":
                    return {"left": self._stop([p for p in descendants(os.getpid()) if p not in self._kept])}
                case unknown:
                    return {"error": f"unknown request {unknown!r}"}
        except (OSError, ValueError) as error:
            return {"error": str(error)}

    def collect(self) -> None:
        """Collect ended programs, and orphans that became this process's children."""
        for pid, process in list(self._running.items()):
            status = process.poll()
            if status is not None:
                self._ended[pid] = status
                del self._running[pid]
        known = set(self._running)
        for pid in children(os.getpid()):
            if pid not in known and not alive(pid):
                _wait_for(pid)

    def _server(self, argv: list[str], environ: dict[str, str]) -> str:
        """Start the X server and return its display's name.

        The number is chosen here and claimed by the server's lock file: with ``-displayfd`` servers make no lock.
        """
        self._environ = environ
        for number in _free_displays():
            process = self._spawn([argv[0], f":{number}", *argv[1:]], environ, note="server")
            if self._serves(process, number):
                self._environ |= {"DISPLAY": f":{number}"}
                self._kept.add(process.pid)
                return f":{number}"
            self._stop([process.pid])
        raise OSError(f"the X server ({argv[0]}) did not start: {self._log_end()}")

    def _serves(self, process: subprocess.Popen[bytes], number: int) -> bool:
        """Wait until the server answers; False when it ended, as it does when the number is taken."""
        deadline = time.monotonic() + 10
        while process.poll() is None and time.monotonic() < deadline:
            if read_pid(Path(f"/tmp/.X{number}-lock")) == process.pid and _answers(number):  # noqa: S108
                return True
            time.sleep(0.005)
        return False

    def _isolate(self, argv: list[str]) -> int:
        """Start the namespaces of the programs with the command line `argv`; those before end with their programs."""
        if self._isolated is not None:
            self._stop([self._isolated.pid, *self._relays.values()])
            self._isolated.close()
            self._relays.clear()
        ours, theirs = socket.socketpair()
        with theirs, tempfile.TemporaryFile() as rules:
            rules.write(program := syscall_filter())
            rules.seek(0)
            if program:
                argv = [argv[0], "--seccomp", str(rules.fileno()), *argv[1:]]
            else:
                with (self._home / "log").open("a") as log:
                    log.write(f"system calls are not filtered: those of {platform.machine()} are not known\n")
            process = self._spawn(argv, self._environ, stdin=theirs.fileno(), keep=[rules.fileno()])
        self._kept.add(process.pid)
        self._isolated = _IsolatedStarter(process.pid, ours)
        try:
            self._isolated.ask("poll", pid=0)
        except OSError as error:
            raise OSError(f"the namespaces cannot be made ({self._log_end()}): allow user namespaces, or run the "
                          "programs as you, with your files and network, with --no-isolation") from error  # fmt: skip
        return process.pid

    def _serve(self, port: int, serve: Callable[[socket.socket], None]) -> bool:
        """Have a process serve `port` of the programs' loopback from here; False where a program has taken it."""
        if self._isolated is None or port in self._relays:
            return self._isolated is not None
        answer, listeners = self._isolated.ask("listen", port=port)
        if "error" in answer or len(listeners) != 1:
            return False
        parent, pid = os.getpid(), os.fork()
        if pid == 0:
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            signal.pthread_sigmask(signal.SIG_SETMASK, set())
            os.close(0)
            os.close(1)
            if os.getppid() == parent:
                serve(socket.socket(fileno=listeners[0]))
            os._exit(0)
        os.close(listeners[0])
        self._kept.add(pid)
        self._relays[port] = pid
        return True

    def _start(self, argv: list[str], cwd: str, keep: bool = False) -> int:
        """Start a program; one to `keep` is not ended by ``stop``."""
        pid = self._spawn(argv, self._environ, cwd=cwd).pid
        self._kept |= {pid} if keep else set()
        return pid

    def _spawn(
        self,
        argv: list[str],
        environ: dict[str, str],
        cwd: str = "/",
        note: str = "",
        stdin: int = subprocess.DEVNULL,
        keep: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        parent = os.getpid()

        # Between fork and exec; this process has one thread, so that Python code is safe there.
        def prepare() -> None:
            signal.pthread_sigmask(signal.SIG_SETMASK, set())
            if note:
                (self._home / note).write_text(str(os.getpid()))
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)
            if note == "server":
                _own_ipc()

        with (self._home / "log").open("ab") as log:
            process = subprocess.Popen(
                argv, env=environ, cwd=cwd, stdin=stdin, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=prepare, pass_fds=keep,
            )  # fmt: skip
        self._running[process.pid] = process
        return process

    def _stop(self, pids: list[int]) -> list[int]:
        """End processes: politely, then not. Those that are left."""
        kill_all(pids, signal.SIGTERM)
        self._wait(pids, 1.0)
        kill_all([pid for pid in pids if alive(pid)])
        self._wait(pids, 1.0)
        return [pid for pid in pids if alive(pid)]

    def _wait(self, pids: list[int], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
            self.collect()
            time.sleep(0.01)

    def _log_end(self) -> str:
        lines = (self._home / "log").read_text(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


class _IsolatedStarter:
    """The worker's end of `envs.sandbox_programs`."""

    def __init__(self, pid: int, control: socket.socket) -> None:
        self.pid = pid
        self._control = control
        control.settimeout(20)

    def ask(self, do: str, **what: Any) -> tuple[dict[str, Any], list[int]]:
        """The answer to one request, and the file descriptors that came with it. Raises OSError and ValueError."""
        self._control.sendall(json.dumps({"do": do, **what}).encode() + b"\n")
        data, found = b"", list[int]()
        while not data.endswith(b"\n"):
            part, descriptors, _, _ = socket.recv_fds(self._control, 65536, 4)
            if not part:
                raise OSError("the programs' namespaces have ended")
            data, found = data + part, found + descriptors
        answer = json.loads(data)
        if not isinstance(answer, dict):
            raise ValueError("the programs' namespaces gave no answer")
        return answer, found

    def close(self) -> None:
        """Close the socket."""
        self._control.close()


def _own_ipc() -> None:
    """Leave the machine's System V memory: clients of the X server name segments by numbers that it would attach."""
    uid, gid = os.getuid(), os.getgid()
    if _libc.unshare(CLONE_NEWIPC) == 0 or _libc.unshare(CLONE_NEWUSER | CLONE_NEWIPC) != 0:
        return
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def _wait_for(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _free_displays() -> list[int]:
    """A few display numbers that nothing uses now, well above those of people's sessions."""
    used = Path("/proc/net/unix").read_text()
    numbers = random.sample(range(100, 1000), 50)
    return [n for n in numbers if f"/tmp/.X11-unix/X{n}\n" not in used and not Path(f"/tmp/.X{n}-lock").exists()][:5]  # noqa: S108


def _answers(number: int) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(f"/tmp/.X11-unix/X{number}") == 0  # noqa: S108 - where X servers put it


if __name__ == "__main__":
    main()
