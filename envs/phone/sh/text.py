"""The commands of Android's toybox that make or change text, and ``find``."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from envs.phone.sh.interpreter import Command, CommandCall

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "0": "\0", "a": "\a"}
_MOST = 1_000_000
_SUBSTITUTION = re.compile(r"(?:(\d+|\$))?s(.)(.*?)(?<!\\)\2(.*?)(?<!\\)\2([gip]*)")
_LINES = re.compile(r"(?:(\d+|\$)(?:,(\d+|\$))?|/(.+)/)?([pd])")


def _unescaped(text: str) -> str:
    return re.sub(r"\\([ntr\\0a])", lambda m: _ESCAPES[m.group(1)], text)


def _lines(call: CommandCall, names: Iterable[str]) -> list[str]:
    """The lines of files, or of standard input where none is named."""
    parts = [call.shell.files.locate(call.path(name)).read_bytes() for name in names] or [call.stdin.read()]
    return b"".join(parts).decode("utf-8", "surrogateescape").splitlines()


def _say(call: CommandCall, lines: Iterable[str]) -> int:
    call.out("".join(f"{line}\n" for line in lines))
    return 0


def printf(call: CommandCall) -> int:
    """``printf FORMAT [WORDS]`` with ``%s %d %x %c %%``; the format is used again while words are left."""
    if len(call.argv) < 2:
        return call.fail("Needs 1 argument")
    pattern, words = _unescaped(call.argv[1]), list(call.argv[2:])
    marks = len(re.findall(r"%[-0-9.]*[sdxc]", pattern.replace("%%", "")))

    def filled(m: re.Match[str]) -> str:
        if m.group(2) == "%":
            return "%"
        word = words.pop(0) if words else ""
        kind = "s" if m.group(2) == "c" else m.group(2)
        return f"%{m.group(1)}{kind}" % (word if kind == "s" else int(word or "0", 0))

    try:
        while True:
            call.out(re.sub(r"%([-0-9.]*)([sdxc%])", filled, pattern))
            if not words or not marks:
                return 0
    except ValueError:
        return call.fail("bad number")


def seq(call: CommandCall) -> int:
    """``seq [FIRST [STEP]] LAST``, whole numbers."""
    try:
        numbers = [int(word) for word in call.argv[1:]]
        first, step, last = {1: (1, 1, *numbers), 2: (numbers[0], 1, numbers[-1]), 3: tuple(numbers)}[len(numbers)]
        found = range(first, last + (1 if step > 0 else -1), step)
    except (ValueError, KeyError, IndexError):
        return call.fail("needs 1 to 3 whole numbers")
    return call.fail("too many numbers") if len(found) > _MOST else _say(call, map(str, found))


def tr(call: CommandCall) -> int:
    """``tr [-d] SET1 [SET2]`` with ranges and escapes, from standard input."""
    words = [word for word in call.argv[1:] if word != "-d"]
    if len(words) != (1 if "-d" in call.argv else 2):
        return call.fail("needs a set to delete, or two sets")
    sets = [re.sub(r"(.)-(.)", _range, _unescaped(word), flags=re.DOTALL) for word in words]
    if "-d" in call.argv:
        table: Mapping[int, str | None] = dict.fromkeys(map(ord, sets[0]))
    else:
        table = {ord(c): sets[1][min(n, len(sets[1]) - 1)] for n, c in enumerate(sets[0])} if sets[1] else {}
    call.out(call.stdin.read().decode("utf-8", "surrogateescape").translate(table))
    return 0


def _range(m: re.Match[str]) -> str:
    return "".join(map(chr, range(ord(m.group(1)), ord(m.group(2)) + 1)))


def cut(call: CommandCall) -> int:
    """``cut -d X -f N[,M-O] | -c N-M [FILES]``."""
    words, sign, chosen, letters = list(call.argv[1:]), "\t", "", False
    while words and words[0].startswith("-") and words[0] != "-":
        word = words.pop(0)
        value = word[2:] or (words.pop(0) if words else "")
        if word[:2] == "-d":
            sign = value
        elif word[:2] in ("-f", "-c"):
            chosen, letters = value, word[:2] == "-c"
    try:
        wanted = [_span(part) for part in chosen.split(",")]
    except ValueError:
        return call.fail("bad list: give -f or -c with numbers from 1")
    if len(sign) != 1:
        return call.fail("the delimiter must be a single character")
    parted = [(list(line) if letters else line.split(sign), line) for line in _lines(call, words)]
    glue = "" if letters else sign
    return _say(
        call,
        (
            line if not letters and len(parts) == 1 else glue.join(p for span in wanted for p in parts[span])
            for parts, line in parted
        ),
    )


def _span(text: str) -> slice:
    """``2``, ``2-``, ``-3`` or ``2-3``, counted from 1. Raises ValueError."""
    first, is_range, last = text.partition("-")
    start, end = int(first or 1), int((last if is_range else first) or _MOST)
    if start < 1 or end < start:
        raise ValueError(text)
    return slice(start - 1, end)


def sort(call: CommandCall) -> int:
    """``sort [-rnu] [FILES]``."""
    flags = "".join(word[1:] for word in call.argv[1:] if word.startswith("-"))
    lines = _lines(call, [word for word in call.argv[1:] if not word.startswith("-")])
    lines = list(dict.fromkeys(lines)) if "u" in flags else lines
    return _say(call, sorted(lines, key=_number if "n" in flags else str, reverse="r" in flags))


def _number(line: str) -> float:
    found = re.match(r"\s*-?\d+(?:\.\d+)?", line)
    return float(found.group()) if found else 0.0


def sed(call: CommandCall) -> int:
    """``sed [-n] [-E] SCRIPT [FILES]`` with one of ``s/PATTERN/TEXT/[gip]``, ``Np``, ``N,Md``, ``/PATTERN/p``."""
    flags = "".join(word[1:] for word in call.argv[1:] if word.startswith("-"))
    words = [word for word in call.argv[1:] if not word.startswith("-")]
    try:
        substitution, chosen = (kind.fullmatch(words[0]) if words else None for kind in (_SUBSTITUTION, _LINES))
        if substitution:
            return _say(call, _substituted(_lines(call, words[1:]), substitution, flags))
        if chosen:
            return _say(call, _chosen(_lines(call, words[1:]), chosen, quiet="n" in flags, extended="E" in flags))
    except re.error as error:
        return call.fail(f"bad pattern: {error}")
    return call.fail(f"bad pattern '{words[0] if words else ''}'")


def _pattern(text: str, *, extended: bool, ignore_case: bool = False) -> re.Pattern[str]:
    """A basic expression, where ``( { + ? |`` are special after a backslash, or an extended one."""
    if not extended:
        text = re.sub(r"\\([(){}+?|])|([(){}+?|])", lambda m: m.group(1) or f"\\{m.group(2)}", text)
    return re.compile(text, re.IGNORECASE if ignore_case else 0)


def _substituted(lines: list[str], script: re.Match[str], flags: str) -> Iterable[str]:
    only, sign, pattern, text, options = script.groups()
    wanted = _pattern(pattern.replace(f"\\{sign}", sign), extended="E" in flags, ignore_case="i" in options)
    text = re.sub(r"(?<!\\)&", r"\\g<0>", text.replace(f"\\{sign}", sign))
    for number, line in enumerate(lines, 1):
        here = only is None or number == (len(lines) if only == "$" else int(only))
        new, count = wanted.subn(text, line, 0 if "g" in options else 1) if here else (line, 0)
        if "n" not in flags or (count and "p" in options):
            yield new


def _chosen(lines: list[str], script: re.Match[str], *, quiet: bool, extended: bool) -> Iterable[str]:
    first, last, pattern, command = script.groups()
    start, end = (len(lines) if n == "$" else int(n) for n in (first or "1", last or first or "$"))
    wanted = _pattern(pattern, extended=extended) if pattern else None
    for number, line in enumerate(lines, 1):
        here = bool(wanted.search(line)) if wanted else start <= number <= end
        if not quiet and not (here and command == "d"):
            yield line
        if here and command == "p":
            yield line


def find(call: CommandCall) -> int:
    """``find [PATHS] [-name PATTERN] [-type f|d] [-maxdepth N]``; links are not followed."""
    words = list(call.argv[1:])
    places: list[str] = []
    while words and not words[0].startswith("-"):
        places.append(words.pop(0))
    known = {"-name", "-iname", "-type", "-maxdepth"}
    if len(words) % 2 or not set(words[::2]) <= known:
        return call.fail(f"bad argument '{next((w for w in words[::2] if w not in known), words[-1])}'")
    tests = dict(zip(words[::2], words[1::2], strict=True))
    status = 0
    for place in places or ["."]:
        there = call.shell.files.locate(call.path(place))
        if not there.exists():
            status = call.fail(f"'{place}': No such file or directory")
            continue
        _say(call, _found(there, place, tests, int(tests.get("-maxdepth", "64"))))
    return status


def _found(there: Path, name: str, tests: Mapping[str, str], deeper: int) -> Iterable[str]:
    label, folder = posixpath.basename(name.rstrip("/")) or "/", there.is_dir() and not there.is_symlink()
    fits = fnmatch.fnmatchcase(label, tests.get("-name", "*"))
    fits = fits and fnmatch.fnmatchcase(label.lower(), tests.get("-iname", "*").lower())
    if fits and tests.get("-type", "d" if folder else "f") == ("d" if folder else "f"):
        yield name
    if folder and deeper > 0:
        for entry in sorted(there.iterdir()):
            yield from _found(entry, posixpath.join(name, entry.name), tests, deeper - 1)


def uname(call: CommandCall) -> int:
    """``uname [-asnrm]``."""
    known = {"s": "Linux", "n": "localhost", "r": "5.15.0-handeye-simulated", "m": "x86_64"}
    flags = "".join(word[1:] for word in call.argv[1:]) or "s"
    return _say(call, [" ".join(text for flag, text in known.items() if flag in flags or "a" in flags)])


def basename(call: CommandCall) -> int:
    """``basename PATH [SUFFIX]``."""
    if len(call.argv) < 2:
        return call.fail("Needs 1 argument")
    name = posixpath.basename(call.argv[1].rstrip("/")) or "/"
    return _say(call, [name.removesuffix(call.argv[2]) if len(call.argv) > 2 and name != call.argv[2] else name])


def dirname(call: CommandCall) -> int:
    """``dirname PATHS``."""
    return _say(
        call, [posixpath.dirname(path.rstrip("/")) or ("/" if path.startswith("/") else ".") for path in call.argv[1:]]
    )


TEXT_COMMANDS: Mapping[str, Command] = {
    "printf": printf, "seq": seq, "tr": tr, "cut": cut, "sort": sort, "sed": sed, "find": find, "uname": uname,
    "basename": basename, "dirname": dirname,
}  # fmt: skip
"""By name."""
