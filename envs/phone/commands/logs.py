"""``logcat`` and ``log``."""

from __future__ import annotations

import itertools
import re

from envs.phone.device import LogLine, PhoneDevice
from envs.phone.sh import CommandCall, take_option

_PRIORITIES = "VDIWEFS"
_TICK = 20
_FORMATS = {
    "threadtime": "{when}  1000  1000 {priority} {tag}: {words}",
    "time": "{when} {priority}/{tag:<8}( 1000): {words}",
    "brief": "{priority}/{tag:<8}( 1000): {words}",
    "tag": "{priority}/{tag:<8}: {words}",
    "process": "{priority}( 1000) {words}  ({tag})",
    "raw": "{words}",
}
_TAKES = {"-b", "--buffer", "--pid", "--uid"}


def logcat(phone: PhoneDevice, call: CommandCall) -> int:
    """``logcat [-d] [-c] [-t N | -T N] [-s] [-b BUFFER] [-v FORMAT] [-e PATTERN] [TAG:PRIORITY…]``.

    Crashes and what ``log`` wrote. Without ``-d`` or ``-t`` it goes on until its caller has gone or it is killed, and
    logs a line itself every second: a phone's log is never quiet, and there are readers that look at the next line for
    whether to end. At the left of a pipe and in ``$(…)`` it ends as with ``-d``.
    """
    words = list(call.argv[1:])
    last, recent, form = (take_option(words, option) for option in ("-t", "-T", "-v"))
    for option in _TAKES:
        take_option(words, option)
    pattern = take_option(words, "-e") or ""
    if {"-c", "--clear"} & set(words):
        phone.logged.clear()
        return 0
    if "-g" in words:
        call.out("main: ring buffer is 256 KiB (0 B consumed), max entry is 5120 B, max payload is 4068 B\n")
        return 0
    try:
        least, everything = _filters([word for word in words if word not in ("-d", "-s", "-D")], silent="-s" in words)
        wanted, style = re.compile(pattern), _FORMATS[form or "threadtime"]
    except (ValueError, KeyError, re.error) as error:
        return call.fail(f"Invalid filter expression or option: {error}")
    said = 0

    def show(most: int | None = None) -> None:
        nonlocal said
        lines = [
            line for line in phone.logged if line.number > said and wanted.search(line.words)
            and _PRIORITIES.index(line.priority) >= _PRIORITIES.index(least.get(line.tag, everything))
        ]  # fmt: skip
        said = phone.logged[-1].number if phone.logged else said
        call.out("".join(style.format(**_told(line)) + "\n" for line in (lines[-most:] if most else lines)))

    call.out("--------- beginning of main\n")
    count = last or recent or ""
    show(int(count) if count.isdecimal() else None)
    if "-d" in words or last or call.collected:
        return 0
    with call.process() as process:
        for turn in itertools.count(1):
            if process.stopping.wait(0.05):
                break
            if turn % _TICK == 0:
                phone.log("D", "SystemClock", "tick")
            show()
    return 130


def _told(line: LogLine) -> dict[str, str]:
    return {**line._asdict(), "when": f"{line.when:%m-%d %H:%M:%S}.{line.when.microsecond // 1000:03}"}


def _filters(words: list[str], *, silent: bool) -> tuple[dict[str, str], str]:
    """The least priority by tag, and that of all others. Raises ValueError."""
    least = dict[str, str]()
    for word in words:
        tag, _, priority = word.partition(":")
        priority = priority.upper().replace("*", "V") or "V"
        if word.startswith("-") or priority not in _PRIORITIES:
            raise ValueError(word)
        least[tag] = priority
    return least, least.pop("*", "S" if silent else "V")


def log(phone: PhoneDevice, call: CommandCall) -> int:
    """``log [-p PRIORITY] [-t TAG] MESSAGE``."""
    words, told = list(call.argv[1:]), {"-p": "i", "-t": "log"}
    while len(words) > 1 and words[0] in told:
        option = words.pop(0)
        told[option] = words.pop(0)
    priority = told["-p"].upper()
    if not words or priority not in _PRIORITIES[:-1]:
        return call.fail("usage: log [-p v|d|i|w|e|f] [-t TAG] MESSAGE")
    phone.log(priority, told["-t"], " ".join(words))
    return 0
