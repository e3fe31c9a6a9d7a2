"""``ps``, ``pidof``, ``pgrep``, ``pkill``, ``killall`` and ``kill``: the apps, and what the shell runs for long."""

from __future__ import annotations

import re
from typing import NamedTuple

from envs.phone.device import PhoneDevice
from envs.phone.sh import CommandCall, take_option

_FIRST = 1000
_SIGNAL = re.compile(r"-(?:SIG)?([A-Z]+\d?|\d+)")


class _Running(NamedTuple):
    user: str
    pid: int
    name: str


def _running(phone: PhoneDevice, call: CommandCall) -> list[_Running]:
    apps = [_Running(f"u0_a{n}", _FIRST + n, name) for n, name in enumerate(phone.look()["tasks"])]
    return [*apps, *(_Running("shell", one.pid, one.name) for one in call.shell.processes.all())]


_FIELDS = {
    "USER": "user",
    "UID": "user",
    "PID": "pid",
    "NAME": "name",
    "ARGS": "name",
    "CMD": "name",
    "CMDLINE": "name",
}


def ps(phone: PhoneDevice, call: CommandCall) -> int:
    """``ps [-Aef] [-u USER] [-p PID] [-o FIELDS]``; of fields USER, PID and NAME."""
    words = list(call.argv[1:])
    user, pid, fields = (take_option(words, option) for option in ("-u", "-p", "-o"))
    found = [
        one for one in _running(phone, call) if user in (None, one.user) and pid in (None, str(one.pid))
    ]  # fmt: skip
    if fields is None:
        call.out("USER           PID  PPID     VSZ    RSS WCHAN            ADDR S NAME\n")
        call.out(
            "".join(f"{user:<12} {pid:>5}     1       0      0 0                   0 S {n}\n" for user, pid, n in found)
        )
        return 0
    names = [part.partition("=")[0].upper() for part in fields.split(",")]
    unknown = next((name for name in names if name not in _FIELDS), None)
    if unknown:
        return call.fail(f"bad -o {unknown}")
    call.out("".join(f"{' '.join(f'{text:<5}' for text in line).rstrip()}\n" for line in [
        names, *([str(getattr(one, _FIELDS[name])) for name in names] for one in found)]))  # fmt: skip
    return 0


def pidof(phone: PhoneDevice, call: CommandCall) -> int:
    """``pidof NAMES``."""
    found = [str(one.pid) for one in _running(phone, call) if one.name in call.argv[1:]]
    call.out(" ".join(found) + "\n" if found else "")
    return int(not found)


def pgrep(phone: PhoneDevice, call: CommandCall) -> int:
    """``pgrep|pkill [-SIGNAL] [-f] [-l] [-x] PATTERN`` and ``killall [-SIGNAL] NAME``; every signal ends a process."""
    command, words = call.argv[0], [word for word in call.argv[1:] if not word.startswith("-")]
    if len(words) != 1:
        return call.fail("Needs 1 argument")
    whole = command == "killall" or "-x" in call.argv
    try:
        pattern = re.compile(re.escape(words[0]) if command == "killall" else words[0])
    except re.error as error:
        return call.fail(f"bad pattern: {error}")
    matches = pattern.fullmatch if whole else pattern.search
    found = [one for one in _running(phone, call) if matches(one.name)]
    if command == "pgrep":
        call.out("".join(f"{one.pid} {one.name}\n" if "-l" in call.argv else f"{one.pid}\n" for one in found))
    else:
        for one in found:
            _end(phone, call, one)
    if command == "killall" and not found:
        return call.fail(f"{words[0]}: No such process")
    return int(not found)


def kill(phone: PhoneDevice, call: CommandCall) -> int:
    """``kill [-SIGNAL | -s SIGNAL] PIDS`` and ``kill -0``; every other signal ends a process."""
    words = list(call.argv[1:])
    signal = take_option(words, "-s") or "TERM"
    if words and (m := _SIGNAL.fullmatch(words[0])):
        signal = m.group(1)
        words.pop(0)
    if not words:
        return call.fail("Needs 1 argument")
    known, status = {str(one.pid): one for one in _running(phone, call)}, 0
    for word in words:
        if word not in known:
            status = call.fail(f"{word}: No such process" if word.isdecimal() else f"bad pid '{word}'")
        elif signal != "0":
            _end(phone, call, known[word])
    return status


def _end(phone: PhoneDevice, call: CommandCall, one: _Running) -> None:
    if not call.shell.processes.stop(one.pid):
        phone.stop(one.name)
