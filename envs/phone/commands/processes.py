"""``ps``, ``pidof``, ``pgrep``, ``pkill``, ``killall`` and ``kill``: the apps, and what the shell runs for long."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from envs.phone.device import PhoneDevice
from envs.phone.running import ListedProcess, running
from envs.phone.sh import CommandCall, take_option
from envs.phone.system_files import CORES, MEMORY, seconds_up

_SIGNAL = re.compile(r"-(?:SIG)?([A-Z]+\d?|\d+)")


def _running(phone: PhoneDevice, call: CommandCall) -> list[ListedProcess]:
    return running(phone.look()["tasks"], call.shell.processes.all())


_FIELDS: Mapping[str, Callable[[ListedProcess], str | int]] = {
    "USER": lambda one: one.user, "UID": lambda one: one.uid, "PID": lambda one: one.pid,
    "PPID": lambda one: one.parent,
    "TID": lambda one: one.pid, "VSZ": lambda one: one.virtual, "RSS": lambda one: one.resident, "S": lambda one: "S",
    "WCHAN": lambda one: 0, "ADDR": lambda one: 0, "PRI": lambda one: 19, "NI": lambda one: 0, "PCY": lambda one: "fg",
    "C": lambda one: 0, "STIME": lambda one: "09:30", "TTY": lambda one: "?", "TIME": lambda one: "00:00:00",
    "TIME+": lambda one: "0:00.18", "%CPU": lambda one: "0.0",
    "%MEM": lambda one: f"{100 * one.resident / MEMORY['MemTotal']:.1f}",
    **dict.fromkeys(("NAME", "ARGS", "CMD", "CMDLINE", "COMM", "COMMAND"), lambda one: one.name),
}  # fmt: skip
_WIDTHS = {"USER": -12, "PID": 5, "PPID": 5, "VSZ": 7, "RSS": 6, "WCHAN": -19, "ADDR": 1, "NAME": -27, "CMD": -27,
           "UID": -12, "ARGS": -27, "TIME+": 9, "VIRT": 5}  # fmt: skip
_PS_HELP = """usage: ps [-AadefLlnwZ] [-gG GROUP,] [-k FIELD,] [-o FIELD,] [-p PID,] [-t TTY,] [-uU USER,]

List processes.

Which processes to show (-gGuUpPt selections may be comma separated lists):

-A\tAll
-u\tOwned by USERs
-p\tPIDs (--pid)

Which FIELDs to show:

-f\tFull listing (-o USER:12=UID,PID,PPID,C,STIME,TTY,TIME,ARGS=CMD)
-o\tShow FIELDs
"""


def ps(phone: PhoneDevice, call: CommandCall) -> int:
    """``ps [-Aef] [-u USER] [-p PIDS] [-o FIELDS]``; without an option those of the shell's user."""
    words = list(call.argv[1:])
    if "--help" in words:
        call.out(_PS_HELP)
        return 0
    user, pid, fields = (take_option(words, option) for option in ("-u", "-p", "-o"))
    flags = "".join(word.lstrip("-") for word in words)
    if any(c not in "AaefdwlnZT" for c in flags):
        return call.fail(f"Unknown option '{next(c for c in flags if c not in 'AaefdwlnZT')}' (see \"ps --help\")")
    own = ListedProcess("root" if phone.root else "shell", 4242, 320, "ps")
    known = [*_running(phone, call), own] if pid is None else _running(phone, call)
    wanted = user or (own.user if pid is None and not set(flags) & set("Aae") else None)
    found = [
        one for one in known if wanted in (None, one.user, str(one.uid)) and (not pid or str(one.pid) in pid.split(","))
    ]
    names = [part.partition("=")[0].partition(":")[0].upper() for part in fields.split(",")] if fields else (
        ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"] if "f" in flags else _USUAL)  # fmt: skip
    unknown = next((name for name in names if name not in _FIELDS), None)
    if unknown:
        return call.fail(f"bad -o {unknown}")
    call.out(_table(names, found, usual=names is _USUAL))
    return 0


_USUAL = ["USER", "PID", "PPID", "VSZ", "RSS", "WCHAN", "ADDR", "S", "NAME"]


def _table(names: list[str], found: list[ListedProcess], *, usual: bool) -> str:
    rows = [names, *([str(_FIELDS[name](one)) for name in names] for one in found)]
    if usual:
        rows[1:] = [[*row[:2], *row[2:5], "0", "0", *row[7:]] for row in rows[1:]]
        head = "USER           PID  PPID     VSZ    RSS WCHAN            ADDR S NAME                       \n"
        return head + "".join(
            f"{user:<12} {pid:>5} {parent:>5} {size:>7} {rss:>6} 0                   0 {state} {name}\n"
            for user, pid, parent, size, rss, _, _, state, name in rows[1:]
        )
    widths = [_WIDTHS.get(name, -5) for name in names]
    lines = [" ".join(f"{text:<{-w}}" if w < 0 else f"{text:>{w}}" for text, w in zip(row, widths, strict=True))
             for row in rows]  # fmt: skip
    return "".join(f"{line.rstrip()}\n" for line in lines)


def top(phone: PhoneDevice, call: CommandCall) -> int:
    """``top [-b] [-n N] [-m N] [-o FIELDS]…``, once: the processes and what they use."""
    words = list(call.argv[1:])
    most = take_option(words, "-m")
    found = _running(phone, call)
    total, free = MEMORY["MemTotal"], MEMORY["MemFree"]
    call.out(
        f"Tasks: {len(found)} total,   1 running, {len(found) - 1} sleeping,   0 stopped,   0 zombie\n"
        f"  Mem:  {total:>9}K total, {total - free:>9}K used, {free:>9}K free, {MEMORY['Buffers']:>9}K buffers\n"
        f" Swap:          0K total,         0K used,         0K free, {MEMORY['Cached']:>9}K cached\n"
        f"{CORES * 100}%cpu   6%user   0%nice   6%sys {CORES * 100 - 12}%idle   0%iow   0%irq   0%sirq   0%host\n"
        "  PID USER         PR  NI VIRT  RES  SHR S[%CPU] %MEM     TIME+ ARGS            \n"
    )
    for one in found[: int(most) if most and most.isdecimal() else None]:
        share = f"{100 * one.resident / total:.1f}"
        call.out(f"{one.pid:>5} {one.user:<12} 20   0 {_short(one.virtual):>4} {_short(one.resident):>4} "
                 f"{_short(one.resident // 2):>4} S  0.0 {share:>5}   0:00.18 {one.name}\n")  # fmt: skip
    return 0


def _short(kibibytes: int) -> str:
    if kibibytes >= 1 << 20:
        return f"{kibibytes / (1 << 20):.1f}G"
    return f"{kibibytes // 1024}M" if kibibytes > 1024 else f"{kibibytes}K"


def uptime(phone: PhoneDevice, call: CommandCall) -> int:
    """``uptime [-p|-s]``."""
    now, minutes = phone.state.clock.now(), int(seconds_up(phone.state) // 60)
    call.out(f" {now:%H:%M:%S} up {minutes} min,  0 users,  load average: 0.12, 0.08, 0.05\n")
    return 0


def free(phone: PhoneDevice, call: CommandCall) -> int:
    """``free [-bkmh]``: memory in bytes, KiB or MiB."""
    flags = "".join(word[1:] for word in call.argv[1:])
    unit = 1 << 10 if "k" in flags else 1 << 20 if "m" in flags else 1
    total, left, shared, buffers = (MEMORY[name] * 1024 // unit for name in ("MemTotal", "MemFree", "Shmem", "Buffers"))
    call.out(f"{'':16}{'total':>12}{'used':>12}{'free':>12}{'shared':>12}{'buffers':>12}\n"
             f"{'Mem:':<16}{total:>12}{total - left:>12}{left:>12}{shared:>12}{buffers:>12}\n"
             f"{'-/+ buffers/cache:':<28}{total - left - buffers:>12}{left + buffers:>12}\n"
             f"{'Swap:':<16}{0:>12}{0:>12}{0:>12}\n")  # fmt: skip
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
        elif known[word].user != "shell" and known[word].parent in (0, 1):
            status = call.fail(f"{word}: Operation not permitted")
        elif signal != "0":
            _end(phone, call, known[word])
    return status


def _end(phone: PhoneDevice, call: CommandCall, one: ListedProcess) -> None:
    if not call.shell.processes.stop(one.pid):
        phone.stop(one.name)
