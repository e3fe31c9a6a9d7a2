"""The commands of Android's toybox that work on files and text, over the phone's own files."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import posixpath
import re
import shutil
import stat
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from envs.phone.sh.arithmetic import evaluate
from envs.phone.sh.interpreter import Command, CommandCall, Readable, Shell, Sink, run_script

_PIECE = 1 << 16


def _there(call: CommandCall, name: str) -> Path:
    return call.shell.files.locate(call.path(name))


def options(call: CommandCall, valued: str = "", words: list[str] | None = None) -> tuple[dict[str, str], list[str]]:
    """The letters of options, wherever they are, with the values of the `valued` ones; and the other words."""
    left, found, others = list(call.argv[1:] if words is None else words), dict[str, str](), list[str]()
    while left:
        word = left.pop(0)
        if word == "--":
            return found, others + left
        if word.startswith("--") and len(word) > 2:
            name, _, value = word[2:].partition("=")
            found[name] = value
        elif word.startswith("-") and len(word) > 1:
            for n, letter in enumerate(word[1:], 2):
                found[letter] = ""
                if letter in valued:
                    found[letter] = word[n:] or (left.pop(0) if left else "")
                    break
        else:
            others.append(word)
    return found, others


def _parted(call: CommandCall, valued: str = "") -> tuple[dict[str, str], list[str]]:
    return options(call, valued)


def _each(call: CommandCall, names: list[str]) -> Iterator[bytes]:
    """The content of each file, or standard input where none is named."""
    if not names:
        yield call.stdin.read()
    for name in names:
        yield call.stdin.read() if name == "-" else _there(call, name).read_bytes()


def echo(call: CommandCall) -> int:
    """``echo [-nE] WORDS``; as in mksh, escapes are read unless ``-E`` is given."""
    words = list(call.argv[1:])
    newline, escapes = True, True
    while words and re.fullmatch(r"-[neE]+", words[0]):
        flags = words.pop(0)
        newline, escapes = newline and "n" not in flags, "E" not in flags
    text = " ".join(words)
    if escapes:
        marks = {"n": "\n", "t": "\t", "\\": "\\", "r": "\r", "e": "\x1b", "a": "\a"}
        text = re.sub(r"\\([nt\\rea])", lambda m: marks[m.group(1)], text)
    call.out(text + ("\n" if newline else ""))
    return 0


def cat(call: CommandCall) -> int:
    """``cat [-n] [FILES]``; of a file that grows meanwhile, by this command or another, what it held at the start."""
    flags, names = _parted(call)
    if "n" in flags:
        lines = b"".join(_each(call, names)).splitlines(keepends=True)
        call.write(b"".join(b"%6d\t%s" % (n, line) for n, line in enumerate(lines, 1)))
        return 0
    for name in names or ["-"]:
        if name == "-":
            _copy_stream(call.stdin, call.write)
            continue
        with _there(call, name).open("rb") as file:
            _copy_stream(file, call.write, os.fstat(file.fileno()).st_size)
    return 0


def _copy_stream(source: Readable, write: Sink, most: int | None = None) -> None:
    left = most
    while left != 0 and (piece := source.read(_PIECE if left is None else min(left, _PIECE))):
        write(piece)
        left = None if left is None else left - len(piece)


def ls(call: CommandCall) -> int:
    """``ls [-1aAdFhilnprRsStu] [PATHS]``, one a line; ``-ll`` has nanoseconds, ``-t`` and ``-S`` sort."""
    flags, names = _parted(call)
    if unknown := next((flag for flag in flags if flag not in "1aAdFhilnprRsStuZcCx" and flag != "color"), None):
        return call.fail(f"Unknown option '{unknown}' (see \"ls --help\")")
    status, files, folders = 0, list[tuple[str, Path]](), list[tuple[str, Path]]()
    for name in names or ["."]:
        path = _there(call, name)
        if not os.path.lexists(path):
            status = call.fail(f"{name}: No such file or directory")
            continue
        (folders if path.is_dir() and "d" not in flags else files).append((name, path))
    _listed(call, flags, files)
    headed = len(folders) + len(files) > 1 or "R" in flags
    while folders:
        name, path = folders.pop(0)
        if headed:
            call.out(("\n" if files or name != (names or ["."])[0] else "") + f"{name}:\n")
        entries = [("." if n == 0 else "..", path) for n in range(2)] if "a" in flags else []
        entries += [(e.name, e) for e in path.iterdir() if set("aA") & set(flags) or not e.name.startswith(".")]
        if set("ls") & set(flags):
            call.out(f"total {sum(-(-entry.lstat().st_size // 4096) * 4 for _, entry in entries)}\n")
        _listed(call, flags, entries)
        if "R" in flags:
            inner = [
                (posixpath.join(name, n), e) for n, e in entries if e != path and e.is_dir() and not e.is_symlink()
            ]
            folders[:0] = sorted(inner)
    return status


def _listed(call: CommandCall, flags: Mapping[str, str], entries: list[tuple[str, Path]]) -> None:
    """Write names, or with ``-l`` lines of aligned columns."""
    found = sorted((name, path, path.lstat()) for name, path in entries)
    if "t" in flags:
        found.sort(key=lambda one: one[2].st_atime if "u" in flags else one[2].st_mtime, reverse=True)
    if "S" in flags:
        found.sort(key=lambda one: one[2].st_size, reverse=True)
    rows = list[list[str]]()
    for name, path, at in reversed(found) if "r" in flags else found:
        mark = {0o040000: "/", 0o120000: "@"}.get(stat.S_IFMT(at.st_mode), "*" if at.st_mode & 0o111 else "")
        label = name + (mark if "F" in flags or ("p" in flags and mark == "/") else "")
        number = [str(at.st_ino)] if "i" in flags else []
        number += [str(-(-at.st_size // 4096) * 4)] if "s" in flags else []
        rows.append([*number, *(_long(call, flags, path, label, at) if set("ln") & set(flags) else [label])])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        last = len(row) - 1
        cells = (text if n == last else text.ljust(w) if n in (2, 3) and last > 6 else text.rjust(w)
                 for n, (text, w) in enumerate(zip(row, widths, strict=True)))  # fmt: skip
        call.out(" ".join(cells) + "\n")


def _long(call: CommandCall, flags: Mapping[str, str], path: Path, label: str, at: os.stat_result) -> list[str]:
    """The columns of ``ls -l``; the phone has one user."""
    moment = datetime.fromtimestamp(at.st_atime if "u" in flags else at.st_mtime, UTC)
    when = f"{moment:%Y-%m-%d %H:%M}"
    if sum(word.startswith("-") and word.count("l") == 2 for word in call.argv[1:]):
        when = f"{moment:%Y-%m-%d %H:%M:%S}.{at.st_mtime_ns % 10**9:09} +0000"
    owner = "2000" if "n" in flags else "shell"
    size = human(at.st_size) if "h" in flags else str(at.st_size)
    target = f" -> {_target_of(call, path)}" if path.is_symlink() else ""
    return [stat.filemode(at.st_mode), str(at.st_nlink), owner, owner, size, when, label + target]


def human(size: int) -> str:
    """Bytes as toybox writes them for people: three characters and a unit."""
    for unit in ("", "K", "M", "G"):
        if size < 1000 or unit == "G":
            return f"{size:.1f}{unit}" if unit and size < 10 else f"{size:.0f}{unit}"
        size = size / 1024  # type: ignore[assignment]
    return ""


def rm(call: CommandCall) -> int:
    """``rm [-rf] PATHS``."""
    flags, names = _parted(call)
    status = 0
    for name in names:
        path = _there(call, name)
        if path == call.shell.files.locate("/"):
            return call.fail("/. if you mean it")
        if path.is_dir() and not path.is_symlink():
            if not set(flags) & {"r", "R"}:
                status = call.fail(f"{name}: is directory")
                continue
            shutil.rmtree(path, ignore_errors=True)
        elif os.path.lexists(path):
            path.unlink()
        elif "f" not in flags:
            status = call.fail(f"{name}: No such file or directory")
    return status


def mkdir(call: CommandCall) -> int:
    """``mkdir [-p] [-m MODE] PATHS``."""
    flags, names = _parted(call, "m")
    for name in names:
        path = _there(call, name)
        if path.exists() and "p" not in flags:
            return call.fail(f"'{name}': File exists")
        path.mkdir(parents="p" in flags, exist_ok="p" in flags)
    return 0


def rmdir(call: CommandCall) -> int:
    """``rmdir PATHS``."""
    for name in _parted(call)[1]:
        try:
            _there(call, name).rmdir()
        except OSError as error:
            return call.fail(f"{name}: {error.strerror}")
    return 0


def _target(call: CommandCall, names: list[str]) -> tuple[list[str], Path]:
    return names[:-1], _there(call, names[-1])


def mv(call: CommandCall) -> int:
    """``mv SOURCES TARGET``."""
    _, names = _parted(call)
    if len(names) < 2:
        return call.fail("Need 2 arguments")
    sources, target = _target(call, names)
    for name in sources:
        source = _there(call, name)
        try:
            source.rename(target / source.name if target.is_dir() else target)
        except OSError as error:
            return call.fail(f"bad '{name}': {error.strerror}")
    return 0


def cp(call: CommandCall) -> int:
    """``cp [-r] SOURCES TARGET``."""
    flags, names = _parted(call)
    if len(names) < 2:
        return call.fail("Need 2 arguments")
    sources, target = _target(call, names)
    for name in sources:
        source = _there(call, name)
        into = target / source.name if target.is_dir() else target
        if source.is_dir():
            if not set(flags) & {"r", "R", "a"}:
                return call.fail(f"Skipped dir '{name}'")
            if into.resolve().is_relative_to(source.resolve()):
                return call.fail(f"'{name}' into itself")
        if _size(source) > call.shell.files.free():
            return call.fail(f"write '{names[-1]}': No space left on device")
        if source.is_dir():
            shutil.copytree(source, into, symlinks=True, copy_function=shutil.copyfile, dirs_exist_ok=True)
        elif into.exists() and into.samefile(source):
            return call.fail(f"'{name}' is '{names[-1]}'")
        else:
            shutil.copyfile(source, into)
    return 0


def _size(path: Path) -> int:
    """Bytes in a file, or in all below a folder."""
    return sum(entry.lstat().st_size for entry in (path.rglob("*") if path.is_dir() else (path,)))


def touch(call: CommandCall) -> int:
    """``touch [-acm] [-d DATE | -t [[CC]YY]MMDDhhmm[.ss] | -r FILE] FILES``."""
    flags, names = _parted(call, "dtr")
    when: float | None = None
    try:
        if "r" in flags:
            when = _there(call, flags["r"]).stat().st_mtime
        elif "d" in flags or "t" in flags:
            when = _moment(flags["d"] if "d" in flags else flags["t"])
    except ValueError:
        return call.fail(f"bad date '{flags.get('d') or flags.get('t')}'")
    for name in names:
        path = _there(call, name)
        if "c" not in flags or path.exists():
            path.touch()
            os.utime(path, None if when is None else (when, when))
    return 0


def _moment(text: str) -> float:
    """Seconds since 1970 of ``@N``, an ISO date or ``[[CC]YY]MMDDhhmm[.ss]``, in UTC. Raises ValueError."""
    if text.startswith("@"):
        return float(text[1:])
    digits, _, seconds = text.partition(".")
    if digits.isdecimal() and len(digits) in (8, 10, 12):
        year = {8: str(datetime.now(UTC).year), 10: "20" + digits[:2], 12: digits[:4]}[len(digits)]
        moment = datetime.strptime(f"{year}{digits[-8:]}{seconds or '00'}", "%Y%m%d%H%M%S")
    else:
        moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC).timestamp()


def stat_(call: CommandCall) -> int:
    """``stat [-c FORMAT] FILES``; of formats %a %A %b %B %d %f %F %g %G %h %i %n %N %s %u %U %x %X %y %Y %z %Z."""
    flags, names = _parted(call, "c")
    for name in names:
        path = _there(call, name)
        if not os.path.lexists(path):
            return call.fail(f"'{name}': No such file or directory")
        known = _facts(call, path, name)
        pattern = flags.get("c", _STAT)
        call.out(re.sub(r"%([a-zA-Z])", lambda m, known=known: known.get(m.group(1), m.group()), pattern) + "\n")  # type: ignore[misc]
    return 0


_STAT = (
    "  File: %N\n  Size: %s\t Blocks: %b\t IO Blocks: %B\t%F\nDevice: fe00h/65024d\t Inode: %i\t Links: %h\n"
    "Access: (0%a/%A)\tUid: (%u/%U)\tGid: (%g/%G)\nAccess: %x\nModify: %y\nChange: %z"
)


def _facts(call: CommandCall, path: Path, name: str) -> Mapping[str, str]:
    """The values of the formats of ``stat``."""
    at = path.lstat()
    kinds = {0o040000: "directory", 0o120000: "symbolic link"}
    kind = kinds.get(stat.S_IFMT(at.st_mode), "regular file" if at.st_size else "regular empty file")
    found = {"a": f"{stat.S_IMODE(at.st_mode):o}", "A": stat.filemode(at.st_mode), "b": str(at.st_blocks), "B": "512",
             "d": "65024", "f": f"{at.st_mode:x}", "F": kind, "h": str(at.st_nlink), "i": str(at.st_ino), "n": name,
             "N": f"`{name}'" + (f" -> `{_target_of(call, path)}'" if path.is_symlink() else ""), "s": str(at.st_size),
             **dict.fromkeys("ug", "2000"), **dict.fromkeys("UG", "shell")}  # fmt: skip
    for letter, ns in (("x", at.st_atime_ns), ("y", at.st_mtime_ns), ("z", at.st_ctime_ns)):
        moment = datetime.fromtimestamp(ns // 10**9, UTC)
        found |= {letter: f"{moment:%Y-%m-%d %H:%M:%S}.{ns % 10**9:09} +0000", letter.upper(): str(ns // 10**9)}
    return found


def _some(call: CommandCall, *, first: bool) -> int:
    """Lines, or bytes for ``-c``; ``tail -n +N`` is from line N."""
    words, letters, count = list(call.argv[1:]), False, "10"
    if words and (m := re.fullmatch(r"-([nc]?)(\+?\d*)", words[0])) and words[0] != "-":
        words.pop(0)
        letters, count = m.group(1) == "c", m.group(2) or (words.pop(0) if words else "")
    if not re.fullmatch(r"[+-]?\d{1,9}", count):
        return call.fail(f"bad number '{count}'")
    number = int(count)
    for data in _each(call, words):
        pieces = data if letters else data.splitlines(keepends=True)
        if count[0] == "+" and not first:
            chosen = pieces[max(0, number - 1) :]
        else:
            chosen = pieces[:number] if first else pieces[len(pieces) - min(abs(number), len(pieces)) :]
        call.write(chosen if isinstance(chosen, bytes) else b"".join(chosen))
    return 0


def head(call: CommandCall) -> int:
    """``head [-n N | -c N] [FILES]``."""
    return _some(call, first=True)


def tail(call: CommandCall) -> int:
    """``tail [-n [+]N | -c N] [FILES]``."""
    return _some(call, first=False)


def wc(call: CommandCall) -> int:
    """``wc [-lwc] [FILES]``."""
    flags, names = _parted(call)
    for name, data in zip(names or [""], _each(call, names), strict=True):
        counts = {"l": data.count(b"\n"), "w": len(data.split()), "c": len(data)}
        told = " ".join(str(counts[flag]) for flag in (flags or "lwc") if flag in counts)
        call.out(f"{told} {name}\n" if name else f"{told}\n")
    return 0


def md5sum(call: CommandCall) -> int:
    """``md5sum [-b] [FILES]``, also as sha1sum, sha224sum, sha256sum, sha384sum and sha512sum."""
    flags, names = _parted(call)
    kind = call.argv[0].removesuffix("sum")
    for name, data in zip(names or ["-"], _each(call, names), strict=True):
        digest = hashlib.new(kind, data, usedforsecurity=False).hexdigest()
        call.out(f"{digest}\n" if "b" in flags else f"{digest}  {name}\n")
    return 0


def base64_(call: CommandCall) -> int:
    """``base64 [-d] [-w COLUMNS] [FILES]``."""
    flags, names = _parted(call, "w")
    width = int(flags["w"]) if flags.get("w", "").isdecimal() else 76
    for data in _each(call, names):
        try:
            text = base64.b64encode(data)
            lines = [text[at : at + width] for at in range(0, len(text), width)] if width else [text]
            call.write(
                base64.b64decode(data) if "d" in flags else b"".join(line + b"\n" for line in lines if width or line)
            )
        except ValueError as error:
            return call.fail(str(error))
    return 0


def test(call: CommandCall) -> int:
    """``test EXPRESSION`` and ``[ EXPRESSION ]``: -e -f -d -r -w -x -s -n -z, =, !=, -eq -ne -lt -le -gt -ge, !."""
    words = list(call.argv[1:])
    if call.argv[0] == "[":
        if words[-1:] != ["]"]:
            return call.fail("missing ]", 2)
        words.pop()
    truth = _truth(call, words)
    return call.fail(f"bad expression: {' '.join(words)}", 2) if truth is None else int(not truth)


def _truth(call: CommandCall, words: list[str]) -> bool | None:
    """Whether an expression holds; None for what is none. ``-o`` binds less than ``-a``, and that less than ``!``."""
    for sign in ("-o", "-a") if len(words) > 4 else ():
        if sign in words[1:-1]:
            at = words.index(sign, 1)
            both = (_truth(call, words[:at]), _truth(call, words[at + 1 :]))
            return None if None in both else any(both) if sign == "-o" else all(both)
    if words[:1] == ["!"] and len(words) > 1:
        inner = _truth(call, words[1:])
        return None if inner is None else not inner
    if len(words) < 2:
        return bool(words and words[0])
    if len(words) == 2:
        checks = {"-n": bool(words[1]), "-z": not words[1]}
        if words[0] in ("-e", "-f", "-d", "-r", "-w", "-x", "-s", "-L", "-h"):
            path = _there(call, words[1])
            checks |= dict.fromkeys(("-L", "-h"), path.is_symlink())
            checks |= dict.fromkeys(("-e", "-r", "-w", "-x"), path.exists())
            checks |= {"-f": path.is_file(), "-d": path.is_dir(), "-s": path.exists() and path.stat().st_size > 0}
        return checks.get(words[0])
    left, sign, right = words[0], words[1], " ".join(words[2:])
    if sign in ("=", "==", "!="):
        return (left == right) == (sign != "!=")
    with suppress(ValueError):
        one, two = int(left), int(right)
        truths = {"-eq": one == two, "-ne": one != two, "-lt": one < two, "-gt": one > two}
        return {**truths, "-le": one <= two, "-ge": one >= two}.get(sign)
    return None


def which(call: CommandCall) -> int:
    """``which NAMES``."""
    found = [name for name in call.argv[1:] if name in call.shell.commands]
    call.out("".join(f"/system/bin/{name}\n" for name in found))
    return 0 if len(found) == len(call.argv) - 1 else 1


def toybox(call: CommandCall) -> int:
    """``toybox COMMAND WORDS``."""
    if len(call.argv) == 1 or call.argv[1] in ("--help", "--version"):
        names = " ".join(sorted({**FILE_COMMANDS, **call.shell.commands}))
        call.out("toybox 0.8.6-android\n" if call.argv[1:] == ("--version",) else names + "\n")
        return 0
    command = call.shell.commands.get(call.argv[1])
    if command is None:
        return call.fail(f"Unknown command {' '.join(call.argv[1:2])}", 127)
    return command(replace(call, argv=call.argv[1:]))


def sleep(call: CommandCall) -> int:
    """``sleep SECONDS``, at most ten minutes."""
    try:
        seconds = float(call.argv[1].rstrip("s"))
    except (IndexError, ValueError):
        return call.fail("needs a number of seconds")
    with call.process() as process:
        return 143 if process.stopping.wait(min(max(seconds, 0.0), 600.0)) else 0


def _others(call: CommandCall, argv: tuple[str, ...], shell: Shell | None = None) -> int:
    """Run another command; its status."""
    command = call.shell.commands.get(posixpath.basename(argv[0]))
    if command is None:
        return call.fail(f"exec {argv[0]}: No such file or directory", 127)
    return command(replace(call, argv=argv, shell=shell or call.shell))


def xargs(call: CommandCall) -> int:
    """``xargs [-0r] [-n N] [-I WORD] COMMAND``."""
    words, options = list(call.argv[1:]), dict[str, str]()
    while words and (m := re.fullmatch(r"-(?:([0r])|([nI])(.*))", words[0])):
        words.pop(0)
        options[m.group(1) or m.group(2)] = m.group(3) or (words.pop(0) if m.group(2) and words else "")
    data = call.stdin.read().decode("utf-8", "surrogateescape")
    mark = options.get("I")
    given = data.split("\0")[:-1] if "0" in options else data.splitlines() if mark else data.split()
    if not options.get("n", "1").isdecimal() or options.get("n") == "0":
        return call.fail(f"bad number '{options['n']}'")
    size = 1 if mark else int(options.get("n") or len(given) or 1)
    groups = [given[at : at + size] for at in range(0, len(given), size)] or ([] if "r" in options or mark else [[]])
    command, status = words or ["echo"], 0
    for group in groups:
        argv = [word.replace(mark, group[0]) for word in command] if mark else [*command, *group]
        status = 123 if _others(replace(call, stdin=io.BytesIO()), tuple(argv)) else status
    return status


def env(call: CommandCall) -> int:
    """``env [NAME=VALUE]… [COMMAND]`` and ``printenv [NAMES]``."""
    words, variables = list(call.argv[1:]), dict(call.shell.variables)
    while words and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        variables[name] = value
    if words and call.argv[0] == "env":
        return _others(call, tuple(words), replace(call.shell, variables=variables))
    found = [variables[name] for name in words if name in variables]
    call.out("".join(f"{line}\n" for line in (found if words else [f"{n}={v}" for n, v in variables.items()])))
    return int(len(found) != len(words))


def timeout(call: CommandCall) -> int:
    """``timeout SECONDS COMMAND``; 124 where it was ended. ``nohup COMMAND`` and ``time COMMAND`` run it as it is."""
    words = call.argv[1:]
    if call.argv[0] != "timeout" and words:
        return _others(call, words)
    if len(words) < 2 or not re.fullmatch(r"\d+(\.\d+)?s?", words[0]):
        return call.fail("needs a number of seconds and a command")
    with call.process() as process:
        timer = threading.Timer(float(words[0].rstrip("s")), process.stopping.set)
        timer.daemon = True
        timer.start()
        status = _others(call, words[1:], replace(call.shell, job=process))
        timer.cancel()
        return 124 if process.stopping.is_set() else status


def tee(call: CommandCall) -> int:
    """``tee [-a] FILES``."""
    flags, names = _parted(call)
    data = call.stdin.read()
    for name in names:
        if name == "/dev/null":
            continue
        if len(data) > call.shell.files.free():
            return call.fail(f"{name}: No space left on device")
        with _there(call, name).open("ab" if "a" in flags else "wb") as file:
            file.write(data)
    call.write(data)
    return 0


def du(call: CommandCall) -> int:
    """``du [-s] [-a] [-kmh] [-d DEPTH] PATHS``: the sums below folders, in KiB or for people."""
    flags, names = _parted(call, "d")
    deepest = 0 if "s" in flags else int(flags["d"]) if flags.get("d", "").isdecimal() else 64
    for name in names or ["."]:
        path = _there(call, name)
        if not path.exists():
            return call.fail(f"{name}: No such file or directory")
        inner = [p for p in path.rglob("*") if len(p.relative_to(path).parts) <= deepest] if path.is_dir() else []
        below = [p for p in inner if not p.is_symlink() and (p.is_dir() or "a" in flags)]
        for one in [*sorted(below, key=lambda p: (-len(p.parts), p)), path]:
            size = (_size(one) + 1023) // 1024
            told = human(size * 1024) if "h" in flags else str(-(-size // 1024) if "m" in flags else size)
            call.out(f"{told}\t{posixpath.join(name, one.relative_to(path).as_posix()) if one != path else name}\n")
    return 0


def realpath(call: CommandCall) -> int:
    """``realpath PATHS``, ``readlink -f PATHS`` and ``readlink LINKS``."""
    flags, names = _parted(call)
    for name in names:
        there = _there(call, name)
        if call.argv[0] == "readlink" and not set(flags) & {"f", "e", "m"}:
            if not there.is_symlink():
                return 1
            call.out(_target_of(call, there) + "\n")
            continue
        if not there.exists():
            return call.fail(f"{name}: No such file or directory") if call.argv[0] == "realpath" else 1
        call.out("/" + there.resolve().relative_to(call.shell.files.locate("/")).as_posix().removeprefix(".") + "\n")
    return 0


def cmp_(call: CommandCall) -> int:
    """``cmp [-s] FILE FILE``."""
    flags, names = _parted(call)
    if len(names) != 2:
        return call.fail("Needs 2 arguments", 2)
    one, two = _each(call, names)
    if one == two:
        return 0
    at = next((n for n, (a, b) in enumerate(zip(one, two, strict=False), 1) if a != b), None)
    if "s" not in flags:
        shorter = names[0] if len(one) < len(two) else names[1]
        line = one[:at].count(b"\n") + 1 if at else 0
        call.out(f"{names[0]} {names[1]} differ: char {at}, line {line}\n" if at else f"cmp: EOF on {shorter}\n")
    return 1


def mktemp(call: CommandCall) -> int:
    """``mktemp [-d]`` in ``/data/local/tmp``."""
    folder = _there(call, "/data/local/tmp")
    made = tempfile.mkdtemp("", "tmp.", folder) if "d" in _parted(call)[0] else tempfile.mkstemp("", "tmp.", folder)[1]
    call.out(f"/data/local/tmp/{posixpath.basename(made)}\n")
    return 0


def _says(words: Callable[[CommandCall], str]) -> Command:
    def command(call: CommandCall) -> int:
        call.out(words(call) + "\n")
        return 0

    return command


def unzip(call: CommandCall) -> int:
    """``unzip -p FILE NAME``: a file of an archive to the output."""
    flags, words = _parted(call)
    if set(flags) != {"p"} or len(words) != 2:
        return call.fail("only -p FILE NAME")
    try:
        with zipfile.ZipFile(_there(call, words[0])) as archive:
            call.write(archive.read(words[1]))
    except (KeyError, zipfile.BadZipFile) as error:
        return call.fail(str(error), 2)
    return 0


def chmod(call: CommandCall) -> int:
    """``chmod [-R] MODE FILES``: modes change nothing, since the phone has one user; they must be modes."""
    _, names = _parted(call)
    names = [word for word in call.argv[1:] if not re.fullmatch(r"-[RvHLP]+", word)]
    if len(names) < 2:
        return call.fail("Need 2 arguments")
    if not re.fullmatch(r"[0-7]{1,4}|([ugoa]*[-+=][rwxXst]*,?)+", names[0]):
        return call.fail(f"bad mode '{names[0]}'")
    for name in names[1:]:
        if not os.path.lexists(_there(call, name)):
            return call.fail(f"{name}: No such file or directory")
    return 0


def ln(call: CommandCall) -> int:
    """``ln -s [-f] TARGET [LINK]``; as on a phone's storage, hard links are not permitted."""
    flags, names = _parted(call)
    if not names:
        return call.fail("Needs 1 argument")
    target = names[0]
    link = _there(call, names[1] if len(names) > 1 else posixpath.basename(target))
    link = link / posixpath.basename(target) if link.is_dir() and not link.is_symlink() else link
    if "s" not in flags:
        return call.fail(f"cannot create hard link from '{target}' to '{names[-1]}': Permission denied")
    if os.path.lexists(link):
        if "f" not in flags:
            return call.fail(f"cannot create symbolic link from '{target}' to '{names[-1]}': File exists")
        link.unlink()
    root = call.shell.files.locate("/")
    inside = root / target.lstrip("/") if target.startswith("/") else link.parent / target
    if not Path(os.path.realpath(inside)).is_relative_to(root):
        return call.fail(f"cannot create symbolic link from '{target}' to '{names[-1]}': Permission denied")
    link.symlink_to(inside if target.startswith("/") else target)
    return 0


def _target_of(call: CommandCall, path: Path) -> str:
    """What a link leads to, as a path of the phone."""
    target, root = Path(os.readlink(path)), call.shell.files.locate("/")
    return f"/{target.relative_to(root).as_posix()}" if target.is_relative_to(root) else str(target)


def yes(call: CommandCall) -> int:
    """``yes [WORDS]``, until its reader has gone; to a pipe, 1 MiB."""
    piece = (" ".join(call.argv[1:]) or "y").encode("utf-8", "surrogateescape") + b"\n"
    piece *= max(1, _PIECE // len(piece))
    for _ in range(16) if call.collected else count():
        call.write(piece)
    return 0


def expr(call: CommandCall) -> int:
    """``expr A + B``, a comparison, ``expr STRING : PATTERN``, ``expr length STRING`` or ``expr substr STRING N M``."""
    words = list(call.argv[1:])
    try:
        if words[:1] == ["length"] and len(words) == 2:
            said = str(len(words[1]))
        elif words[:1] == ["substr"] and len(words) == 4:
            said = words[1][int(words[2]) - 1 :][: int(words[3])]
        elif len(words) == 3 and words[1] == ":":
            found = re.match(re.sub(r"\\([()])", r"\1", words[2]), words[0])
            said = (found.group(1) if found.re.groups else str(len(found.group()))) if found else "0"
        elif len(words) == 3 and words[1] in ("=", "!="):
            said = str(int((words[0] == words[2]) == (words[1] == "=")))
        else:
            said = str(evaluate(" ".join(words), {}))
    except (ValueError, re.error) as error:
        return call.fail(f"syntax error: {error}", 2)
    call.out(f"{said}\n")
    return int(said in ("", "0"))


FILE_COMMANDS: Mapping[str, Command] = {
    "echo": echo, "cat": cat, "ls": ls, "rm": rm, "mkdir": mkdir, "rmdir": rmdir, "mv": mv, "cp": cp, "touch": touch,
    "stat": stat_, "head": head, "tail": tail, "wc": wc, "base64": base64_, "unzip": unzip, "test": test, "[": test,
    "which": which, "sleep": sleep, "toybox": toybox, "sh": run_script, "xargs": xargs, "env": env, "printenv": env,
    "timeout": timeout, "nohup": timeout, "time": timeout, "tee": tee, "du": du, "realpath": realpath, "cmp": cmp_,
    "readlink": realpath, "mktemp": mktemp, "chmod": chmod, "ln": ln, "yes": yes, "expr": expr,
    "pwd": _says(lambda call: call.shell.cwd), "hostname": _says(lambda call: "localhost"),
    "true": lambda call: 0, "false": lambda call: 1,
    **dict.fromkeys(("md5sum", "sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum"), md5sum),
    **dict.fromkeys(("chown", "chgrp", "sync", "chcon", "restorecon", "renice"), lambda call: 0),
}  # fmt: skip
"""By name. ``chown`` changes nothing: the phone has one user."""
