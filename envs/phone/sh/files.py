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
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from envs.phone.sh.interpreter import Command, CommandCall, Readable, Shell, Sink, run_script

_PIECE = 1 << 16


def _there(call: CommandCall, name: str) -> Path:
    return call.shell.files.locate(call.path(name))


def _parted(call: CommandCall) -> tuple[str, list[str]]:
    """Letters of the options, and the other words."""
    words = list(call.argv[1:])
    flags = ""
    while words and words[0].startswith("-") and len(words[0]) > 1:
        word = words.pop(0)
        if word == "--":
            break
        flags += word[1:]
    return flags, words


def _each(call: CommandCall, names: list[str]) -> Iterator[bytes]:
    """The content of each file, or standard input where none is named."""
    if not names:
        yield call.stdin.read()
    for name in names:
        yield call.stdin.read() if name == "-" else _there(call, name).read_bytes()


def echo(call: CommandCall) -> int:
    """``echo [-n] [-e] WORDS``."""
    words = list(call.argv[1:])
    newline, escapes = True, False
    while words and re.fullmatch(r"-[neE]+", words[0]):
        flags = words.pop(0)
        newline, escapes = newline and "n" not in flags, escapes or "e" in flags
    text = " ".join(words)
    if escapes:
        marks = {"n": "\n", "t": "\t", "\\": "\\", "r": "\r"}
        text = re.sub(r"\\([nt\\r])", lambda m: marks[m.group(1)], text)
    call.out(text + ("\n" if newline else ""))
    return 0


def cat(call: CommandCall) -> int:
    """``cat [FILES]``; of a file that grows meanwhile, by this command or another, what it held at the start."""
    for name in _parted(call)[1] or ["-"]:
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
    """``ls [-1aAdlR] [PATHS]``."""
    flags, names = _parted(call)
    status = 0
    for name in names or [call.shell.cwd]:
        path = _there(call, name)
        if not os.path.lexists(path):
            status = call.fail(f"{name}: No such file or directory")
            continue
        entries = [path] if path.is_file() or "d" in flags else sorted(path.iterdir())
        shown = [entry for entry in entries if "a" in flags or not entry.name.startswith(".")]
        for entry in shown:
            label = name if entry == path else entry.name
            call.out(_long(entry, label) if "l" in flags else f"{label}\n")
    return status


def _long(path: Path, label: str) -> str:
    found = path.lstat()
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(found.st_mtime))
    return f"{stat.filemode(found.st_mode)} {found.st_nlink} shell shell {found.st_size:>8} {when} {label}\n"


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
    """``mkdir [-p] PATHS``."""
    flags, names = _parted(call)
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
    """``touch FILES``."""
    for name in _parted(call)[1]:
        _there(call, name).touch()
    return 0


def stat_(call: CommandCall) -> int:
    """``stat [-c FORMAT] FILES``; of formats %s (bytes), %Y (modified), %a (mode), %F (kind), %n."""
    words = list(call.argv[1:])
    pattern = "%n %s %F"
    if words[:1] == ["-c"] and len(words) > 1:
        pattern, words = words[1], words[2:]
    for name in words:
        path = _there(call, name)
        found = path.stat()
        kind = "directory" if path.is_dir() else "regular file"
        known = {"s": str(found.st_size), "Y": str(int(found.st_mtime)), "F": kind, "n": name}
        known["a"] = f"{stat.S_IMODE(found.st_mode):o}"
        call.out(re.sub(r"%([sYFna])", lambda m, known=known: known[m.group(1)], pattern) + "\n")  # type: ignore[misc]
    return 0


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
    for data in _each(call, names):
        counts = {"l": data.count(b"\n"), "w": len(data.split()), "c": len(data)}
        call.out(" ".join(str(counts[flag]) for flag in (flags or "lwc") if flag in counts) + "\n")
    return 0


def md5sum(call: CommandCall) -> int:
    """``md5sum [FILES]``, also as sha1sum and sha256sum."""
    names = _parted(call)[1]
    kind = call.argv[0].removesuffix("sum")
    for name, data in zip(names or ["-"], _each(call, names), strict=True):
        call.out(f"{hashlib.new(kind, data, usedforsecurity=False).hexdigest()}  {name}\n")
    return 0


def base64_(call: CommandCall) -> int:
    """``base64 [-d] [FILES]``."""
    flags, names = _parted(call)
    for data in _each(call, names):
        try:
            call.write(base64.b64decode(data) if "d" in flags else base64.encodebytes(data))
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
    negated = words[:1] == ["!"]
    truth = _truth(call, words[1:] if negated else words)
    if truth is None:
        return call.fail(f"bad expression: {' '.join(words)}", 2)
    return int(truth == negated)


def _truth(call: CommandCall, words: list[str]) -> bool | None:
    if len(words) < 2:
        return bool(words and words[0])
    if len(words) == 2:
        checks = {"-n": bool(words[1]), "-z": not words[1]}
        if words[0] in ("-e", "-f", "-d", "-r", "-w", "-x", "-s"):
            path = _there(call, words[1])
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
    command = call.shell.commands.get(call.argv[1]) if len(call.argv) > 1 else None
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
    """``du -s [-kh] PATHS``: the sum below each, in KiB or for people; without ``-s``, too."""
    flags, names = _parted(call)
    for name in names or ["."]:
        path = _there(call, name)
        if not path.exists():
            return call.fail(f"{name}: No such file or directory")
        size = (_size(path) + 1023) // 1024
        call.out(f"{size / 1024:.1f}M\t{name}\n" if "h" in flags and size > 1024 else
                 f"{size}{'K' if 'h' in flags else ''}\t{name}\n")  # fmt: skip
    return 0


def realpath(call: CommandCall) -> int:
    """``realpath PATHS`` and ``readlink -f PATHS``."""
    for name in _parted(call)[1]:
        there = _there(call, name)
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
    if flags != "p" or len(words) != 2:
        return call.fail("only -p FILE NAME")
    try:
        with zipfile.ZipFile(_there(call, words[0])) as archive:
            call.write(archive.read(words[1]))
    except (KeyError, zipfile.BadZipFile) as error:
        return call.fail(str(error), 2)
    return 0


FILE_COMMANDS: Mapping[str, Command] = {
    "echo": echo,
    "cat": cat,
    "ls": ls,
    "rm": rm,
    "mkdir": mkdir,
    "rmdir": rmdir,
    "mv": mv,
    "cp": cp,
    "touch": touch,
    "stat": stat_,
    "head": head,
    "tail": tail,
    "wc": wc,
    "md5sum": md5sum,
    "sha1sum": md5sum,
    "sha256sum": md5sum,
    "base64": base64_,
    "unzip": unzip,
    "test": test,
    "[": test,
    "which": which,
    "sleep": sleep,
    "toybox": toybox,
    "sh": run_script,
    "xargs": xargs,
    "env": env,
    "printenv": env,
    "timeout": timeout,
    "nohup": timeout,
    "time": timeout,
    "tee": tee,
    "du": du,
    "realpath": realpath,
    "readlink": realpath,
    "cmp": cmp_,
    "mktemp": mktemp,
    "pwd": _says(lambda call: call.shell.cwd),
    "hostname": _says(lambda call: "localhost"),
    "true": lambda call: 0,
    "false": lambda call: 1,
    "chmod": lambda call: 0,
    "chown": lambda call: 0,
    "sync": lambda call: 0,
}
"""By name. ``chmod`` and ``chown`` change nothing: the phone has one user."""
