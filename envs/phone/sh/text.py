"""The commands of Android's toybox that make or change text, and ``find``."""

from __future__ import annotations

import fnmatch
import posixpath
import re
import shlex
import time
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

from envs.phone.sh.interpreter import Command, CommandCall, take_option

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "0": "\0", "a": "\a"}
_MOST = 1_000_000
_SUBSTITUTION = re.compile(r"(?:(\d+|\$))?s(.)(.*?)(?<!\\)\2(.*?)(?<!\\)\2([gip]*)")
_LINES = re.compile(r"(?:(\d+|\$)(?:,(\d+|\$))?|/(.+)/)?([pd])")


_CLASSES = {"space": r"\s", "digit": "0-9", "alpha": "a-zA-Z", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z"}
_FILES = {"-type": "f"}


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


def grep(call: CommandCall) -> int:
    """``grep [-ivcqnolhHrwxFEs] [-m N] [-e] PATTERN [FILES]``; ``egrep`` and ``fgrep``."""
    words, most, patterns = list(call.argv[1:]), _MOST, list[str]()
    while (value := take_option(words, "-e")) is not None:
        patterns.append(value)
    number = take_option(words, "-m")
    most = int(number) if number and number.isdecimal() else most
    flags = "".join(word[1:] for word in words if re.fullmatch(r"-\w+", word)) + call.argv[0][:1]
    names = [word for word in words if not re.fullmatch(r"-\w+|--", word)]
    if not patterns and not names:
        return call.fail("no pattern", 2)
    patterns = patterns or [names.pop(0)]
    try:
        wanted = _wanted(patterns, flags)
    except re.error as error:
        return call.fail(f"bad pattern: {error}", 2)
    status = 1
    for name in _below(call, names) if set("rR") & set(flags) and names else names or ["-"]:
        try:
            lines = _lines(call, [] if name == "-" else [name])
        except OSError as error:
            if "s" not in flags:
                call.fail(f"{name}: {error.strerror}")
            continue
        label = f"{name}:" if (set("rRH") & set(flags) or len(names) > 1) and "h" not in flags else ""
        status = 0 if _matches(call, lines, wanted, flags[:-1], name, label, most) else status
    return status


def _wanted(patterns: list[str], flags: str) -> re.Pattern[str]:
    """The pattern of all; the last letter of `flags` is the first of the command's name."""
    extended = "E" in flags or flags.endswith("e")
    fixed = "F" in flags or flags.endswith("f")
    texts = [re.escape(p) if fixed else _basic(p, extended=extended) for text in patterns for p in text.split("\n")]
    joined = "|".join(f"(?:{text})" for text in texts)
    joined = rf"\b(?:{joined})\b" if "w" in flags[:-1] else rf"^(?:{joined})$" if "x" in flags[:-1] else joined
    return re.compile(joined, re.IGNORECASE if "i" in flags else 0)


def _below(call: CommandCall, names: list[str]) -> list[str]:
    return [inner for name in names for inner in _found(call.shell.files.locate(call.path(name)), name, _FILES, 64)]


def _matches(
    call: CommandCall, lines: list[str], wanted: re.Pattern[str], flags: str, name: str, label: str, most: int
) -> bool:
    """Write what `grep` found in the lines of one file; whether it found something."""
    found = [(n, line) for n, line in enumerate(lines, 1) if bool(wanted.search(line)) != ("v" in flags)][:most]
    if "q" in flags or "l" in flags:
        call.out(f"{name}\n" if found and "q" not in flags else "")
    elif "c" in flags:
        call.out(f"{label}{len(found)}\n")
    else:
        shown = [(n, part) for n, line in found for part in (
            [m.group() for m in wanted.finditer(line) if m.group()] if "o" in flags else [line])]  # fmt: skip
        _say(call, [f"{label}{f'{n}:' if 'n' in flags else ''}{part}" for n, part in shown])
    return bool(found)


def sed(call: CommandCall) -> int:
    """``sed [-nEi] [-e] SCRIPT [FILES]``; of commands ``s/PATTERN/TEXT/[gip]``, ``Np``, ``N,Md``, ``/PATTERN/p``."""
    words, scripts = list(call.argv[1:]), list[str]()
    while (script := take_option(words, "-e")) is not None:
        scripts.append(script)
    flags = "".join(word[1:] for word in words if word.startswith("-"))
    names = [word for word in words if not word.startswith("-")]
    scripts = scripts or [names.pop(0) if names else ""]
    for name in [[name] for name in names] if "i" in flags else [names]:
        lines = _lines(call, name)
        for script in scripts:
            try:
                lines = _edited(lines, script, flags)
            except ValueError:
                return call.fail(f"bad pattern '{script}'")
            except re.error as error:
                return call.fail(f"bad pattern: {error}")
        if "i" in flags and name:
            call.shell.files.locate(call.path(name[0])).write_text("".join(f"{line}\n" for line in lines))
        else:
            _say(call, lines)
    return 0


def _edited(lines: list[str], script: str, flags: str) -> list[str]:
    """Lines after one command. Raises ValueError, re.error."""
    if substitution := _SUBSTITUTION.fullmatch(script):
        return list(_substituted(lines, substitution, flags))
    if chosen := _LINES.fullmatch(script):
        return list(_chosen(lines, chosen, quiet="n" in flags, extended="E" in flags))
    raise ValueError(script)


def _basic(text: str, *, extended: bool) -> str:
    """A basic expression, where ``( { + ? |`` are special after a backslash, or an extended one, as Python reads it."""
    if not extended:
        text = re.sub(r"\\([(){}+?|])|([(){}+?|])", lambda m: m.group(1) or f"\\{m.group(2)}", text)
    return re.sub(r"\[:(\w+):\]", lambda m: _CLASSES.get(m.group(1), m.group()), text)


def _pattern(text: str, *, extended: bool, ignore_case: bool = False) -> re.Pattern[str]:
    return re.compile(_basic(text, extended=extended), re.IGNORECASE if ignore_case else 0)


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
    """``find [PATHS] [TESTS] [-print|-print0|-delete|-exec COMMAND {} ;]``; links are not followed.

    Tests: ``-name -iname -type -maxdepth -mindepth -size [+-]N[ck]``, and ``-mtime`` and ``-mmin`` ``[+-]N``.
    """
    words = list(call.argv[1:])
    places: list[str] = []
    while words and not words[0].startswith("-"):
        places.append(words.pop(0))
    command = words[words.index("-exec") + 1 :] if "-exec" in words else []
    words = words[: words.index("-exec")] if command else words
    doing = [word for word in words if word in ("-print", "-print0", "-delete")]
    words = [word for word in words if word not in doing]
    if len(words) % 2 or not set(words[::2]) <= _TESTS or (command and command.pop() not in (";", "+")):
        return call.fail(f"bad argument '{next((w for w in words[::2] if w not in _TESTS), (words or command)[-1])}'")
    tests = dict(zip(words[::2], words[1::2], strict=True))
    status = 0
    for place in places or ["."]:
        there = call.shell.files.locate(call.path(place))
        if not there.exists():
            status = call.fail(f"'{place}': No such file or directory")
            continue
        try:
            deepest, highest = (int(tests.get(f"-{end}depth", default)) for end, default in (("max", 64), ("min", 0)))
            found = list(_found(there, place, tests, deepest, -highest))
        except ValueError as error:
            return call.fail(f"bad number: {error}")
        if command:
            for name in found:
                argv = tuple(name if word == "{}" else word for word in command)
                status = call.shell.run(shlex.join(argv), call) and 1
        elif "-delete" in doing:
            for name in reversed(found):
                _delete(call.shell.files.locate(call.path(name)))
        else:
            end = "\0" if "-print0" in doing else "\n"
            call.out("".join(name + end for name in found))
    return status


_TESTS = frozenset({"-name", "-iname", "-type", "-maxdepth", "-mindepth", "-size", "-mtime", "-mmin"})


def _delete(path: Path) -> None:
    path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def _compares(wanted: str, value: float) -> bool:
    """``+N`` more, ``-N`` fewer, ``N`` as many."""
    number = float(wanted.lstrip("+-"))
    return value > number if wanted[0] == "+" else value < number if wanted[0] == "-" else value == number


def _fits(path: Path, label: str, folder: bool, tests: Mapping[str, str]) -> bool:
    found = path.lstat()
    age = time.time() - found.st_mtime
    size = tests.get("-size", "+-1c")
    unit = {"c": 1, "k": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(size[-1], 512)
    return (
        fnmatch.fnmatchcase(label, tests.get("-name", "*"))
        and fnmatch.fnmatchcase(label.lower(), tests.get("-iname", "*").lower())
        and tests.get("-type", "d" if folder else "f") == ("d" if folder else "f")
        and ("-size" not in tests or _compares(size.rstrip("ckMG"), -(-found.st_size // unit)))
        and ("-mtime" not in tests or _compares(tests["-mtime"], age // 86400))
        and ("-mmin" not in tests or _compares(tests["-mmin"], age // 60))
    )


def _found(there: Path, name: str, tests: Mapping[str, str], deeper: int, above: int = 0) -> Iterable[str]:
    label, folder = posixpath.basename(name.rstrip("/")) or "/", there.is_dir() and not there.is_symlink()
    if above >= 0 and _fits(there, label, folder, tests):
        yield name
    if folder and deeper > 0:
        for entry in sorted(there.iterdir()):
            yield from _found(entry, posixpath.join(name, entry.name), tests, deeper - 1, above + 1)


def uniq(call: CommandCall) -> int:
    """``uniq [-cdu] [FILE]``."""
    flags = "".join(word[1:] for word in call.argv[1:] if word.startswith("-"))
    groups = [
        (line, len(list(same))) for line, same in groupby(_lines(call, [w for w in call.argv[1:] if w[0] != "-"]))
    ]
    kept = [(line, n) for line, n in groups if not ("d" in flags and n == 1) and not ("u" in flags and n > 1)]
    return _say(call, [f"{n:7} {line}" if "c" in flags else line for line, n in kept])


def rev(call: CommandCall) -> int:
    """``rev [FILES]`` and ``tac [FILES]``: letters, or lines, the other way round."""
    lines = _lines(call, call.argv[1:])
    return _say(call, lines[::-1] if call.argv[0] == "tac" else [line[::-1] for line in lines])


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
    "basename": basename, "dirname": dirname, "grep": grep, "egrep": grep, "fgrep": grep, "uniq": uniq, "rev": rev,
    "tac": rev,
}  # fmt: skip
"""By name."""
