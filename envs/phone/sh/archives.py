"""``tar``, ``gzip``, ``dd``, ``xxd``, ``od``, ``strings`` and ``diff`` on the phone's files."""

from __future__ import annotations

import difflib
import gzip
import io
import os
import posixpath
import re
import stat
import tarfile
import time
import zlib
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

from envs.phone.sh.files import options
from envs.phone.sh.interpreter import Command, CommandCall

_MOST = 256 << 20
"""Bytes that an archive may unpack to, and that ``dd`` copies."""


def _there(call: CommandCall, name: str) -> Path:
    return call.shell.files.locate(call.path(name))


def _data(call: CommandCall, names: list[str]) -> bytes:
    """The contents of files, or of standard input where none is named or the name is ``-``."""
    return b"".join(call.stdin.read() if name == "-" else _there(call, name).read_bytes() for name in names or ["-"])


def _put(call: CommandCall, name: str, data: bytes, mode: str = "wb") -> None:
    """Write a file of the phone. Raises OSError where there is no room."""
    if len(data) > call.shell.files.free():
        raise OSError(28, "No space left on device", name)
    if call.path(name) != "/dev/null":
        with _there(call, name).open(mode) as file:
            file.write(data)


def tar(call: CommandCall) -> int:
    """``tar -c|-x|-t [-zvO] [-f FILE] [-C FOLDER] [NAMES]``: files, folders and links that stay on the phone."""
    words = list(call.argv[1:])
    if words and not words[0].startswith("-"):
        words[0] = f"-{words[0]}"
    flags, names = options(call, "fCTX", words)
    doing = [letter for letter in "cxt" if letter in flags]
    if len(doing) != 1:
        return call.fail("Needs -txc")
    name, folder = flags.get("f", "-") or "-", flags.get("C", ".")
    base = posixpath.normpath(posixpath.join(call.shell.cwd, folder))
    if not call.shell.files.locate(base).is_dir():
        return call.fail(f"chdir '{folder}': No such file or directory")
    try:
        if doing == ["c"]:
            return _pack(call, name, base, names, flags)
        with tarfile.open(fileobj=io.BytesIO(_plain(_data(call, [name])))) as archive:
            return _unpack(call, archive, base, names, flags)
    except (tarfile.TarError, zlib.error, EOFError) as error:
        return call.fail(f"bad header: {error}")


def _plain(data: bytes) -> bytes:
    """Unpacked where it is gzip. Raises OSError where that is too much."""
    if data[:2] != b"\x1f\x8b":
        return data
    unpacked = gzip.GzipFile(fileobj=io.BytesIO(data)).read(_MOST + 1)
    if len(unpacked) > _MOST:
        raise OSError(27, "File too large")
    return unpacked


def _pack(call: CommandCall, name: str, base: str, names: list[str], flags: Mapping[str, str]) -> int:
    if not names:
        return call.fail("empty archive")
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz" if "z" in flags else "w", format=tarfile.GNU_FORMAT) as archive:
        for given in names:
            place = call.shell.files.locate(posixpath.normpath(posixpath.join(base, given)))
            if not os.path.lexists(place):
                return call.fail(f"{given}: No such file or directory")
            for path in [place, *(sorted(place.rglob("*")) if place.is_dir() and not place.is_symlink() else [])]:
                label = posixpath.join(given, path.relative_to(place).as_posix()).removesuffix("/.").lstrip("/")
                if made.tell() + path.lstat().st_size > _MOST:
                    raise OSError(27, "File too large")
                if "v" in flags:
                    call.write_error(f"{label}\n".encode("utf-8", "surrogateescape"))
                archive.add(path, label, recursive=False)
    if name == "-":
        call.write(made.getvalue())
    else:
        _put(call, name, made.getvalue())
    return 0


def _unpack(call: CommandCall, archive: tarfile.TarFile, base: str, names: list[str], flags: Mapping[str, str]) -> int:
    left = min(_MOST, call.shell.files.free())
    for member in archive:
        if names and not any(
            member.name == n or member.name.startswith(f"{n}/") for n in (n.rstrip("/") for n in names)
        ):
            continue
        left -= member.size
        if left < 0:
            return call.fail(f"{member.name}: No space left on device")
        if "t" in flags:
            when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(member.mtime))
            mode = stat.filemode(member.mode | (0o040000 if member.isdir() else 0o100000))
            long = f"{mode} shell/shell {member.size:>9} {when} "
            call.out(f"{long if 'v' in flags else ''}{member.name}{'/' if member.isdir() else ''}\n")
            continue
        if "v" in flags:
            call.out(f"{member.name}\n")
        target = call.shell.files.locate(posixpath.normpath(posixpath.join(base, member.name)))
        if member.isdir():
            target.mkdir(parents=True, exist_ok=True)
        elif member.isfile() and (file := archive.extractfile(member)):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read())
        else:
            call.fail(f"{member.name}: skipped, only files and folders are unpacked")
    return 0


def gzip_(call: CommandCall) -> int:
    """``gzip [-cdkf1-9] [FILES]``, ``gunzip`` and ``zcat``."""
    flags, names = options(call, "S")
    back = "d" in flags or call.argv[0] != "gzip"
    level = next((int(flag) for flag in flags if flag in "123456789"), 6)
    to_output = "c" in flags or call.argv[0] == "zcat" or not names
    for name in names or ["-"]:
        data = _data(call, [name])
        if back and data[:2] != b"\x1f\x8b":
            return call.fail(f"{name}: not gzip")
        try:
            made = _plain(data) if back else gzip.compress(data, level, mtime=0)
        except (zlib.error, EOFError) as error:
            return call.fail(f"{name}: {error}")
        if to_output:
            call.write(made)
            continue
        _put(call, name.removesuffix(".gz") if back else f"{name}.gz", made)
        if "k" not in flags:
            _there(call, name).unlink()
    return 0


_UNITS = {"": 1, "c": 1, "b": 512, "k": 1 << 10, "K": 1 << 10, "M": 1 << 20, "m": 1 << 20, "G": 1 << 30}


def dd(call: CommandCall) -> int:
    """``dd [if=FILE] [of=FILE] [bs=N] [count=N] [skip=N] [seek=N] [conv=notrunc] [status=none]``."""
    given = dict(word.partition("=")[::2] for word in call.argv[1:])
    if set(given) - {"if", "of", "bs", "ibs", "obs", "count", "skip", "seek", "conv", "status", "iflag", "oflag"}:
        return call.fail(f"bad arg '{next(iter(set(given) - {'if', 'of', 'bs'}))}'")
    numbers = {
        name: re.fullmatch(r"(\d{1,9})([cbkKmMG]?)B?", given.get(name, "")) for name in ("bs", "count", "skip", "seek")
    }
    size, count, skip, seek = (int(m.group(1)) * _UNITS[m.group(2)] if m else None for m in numbers.values())
    block, source, began = size or 512, given.get("if", "-"), time.monotonic()
    wanted = min(_MOST, block * count) if count is not None else _MOST
    if source in ("/dev/zero", "/dev/urandom", "/dev/random"):
        if count is None:
            return call.fail("needs count= of what does not end")
        data = bytes(wanted) if source == "/dev/zero" else os.urandom(wanted)
    else:
        data = _data(call, [source])[block * (skip or 0) :][:wanted]
    if "of" not in given:
        call.write(data)
    elif seek or "notrunc" in given.get("conv", ""):
        old = _there(call, given["of"]).read_bytes() if _there(call, given["of"]).exists() else b""
        at = block * (seek or 0)
        if at > _MOST:
            raise OSError(27, "File too large")
        _put(call, given["of"], old[:at].ljust(at, b"\0") + data + old[at + len(data) :])
    else:
        _put(call, given["of"], data)
    whole, rest = divmod(len(data), block)
    took = max(time.monotonic() - began, 0.001)
    if given.get("status") != "none":
        blocks, speed = f"{whole}+{int(bool(rest))} records", f"{len(data) / took / 1e6:.0f} M/s"
        told = f"{blocks} in\n{blocks} out\n{len(data)} bytes copied, {took:.3f} s, {speed}\n"
        call.write_error(told.encode())
    return 0


def _rows(data: bytes, width: int = 16) -> Iterator[tuple[int, bytes]]:
    return ((at, data[at : at + width]) for at in range(0, len(data), width))


def _printable(data: bytes) -> str:
    return "".join(chr(c) if 32 <= c < 127 else "." for c in data)


def xxd(call: CommandCall) -> int:
    """``xxd [-p] [-r] [-c N] [-g N] [-l N] [-s N] [FILE]``."""
    flags, names = options(call, "cgls")
    data = _data(call, names)
    if "r" in flags:
        text = data.decode("latin-1")
        lines = (
            text.splitlines()
            if "p" in flags
            else [re.sub(r"^\w+: ", "", line).partition("  ")[0] for line in text.splitlines()]
        )
        call.write(bytes.fromhex("".join(re.sub(r"\s", "", line) for line in lines)))
        return 0
    data = data[int(flags.get("s") or "0", 0) :][: int(flags["l"], 0) if "l" in flags else None]
    width = int(flags.get("c") or ("30" if "p" in flags else "16"))
    group = int(flags.get("g") or "2")
    for at, row in _rows(data, max(width, 1)):
        pieces = [row[n : n + group].hex() for n in range(0, len(row), max(group, 1))]
        full = width * 2 + -(-width // group)
        call.out(row.hex() + "\n" if "p" in flags else f"{at:08x}: {' '.join(pieces):<{full}} {_printable(row)}\n")
    return 0


def od(call: CommandCall) -> int:
    """``od [-A RADIX] [-t x1|x2|o2|u1|d1|c] [-N COUNT] [-cbxv] [FILE]`` and ``hexdump -C``."""
    flags, names = options(call, "AtNjn")
    data = _data(call, names)
    most = flags.get("N") or flags.get("n")
    data = data[: int(most)] if most else data
    if call.argv[0] == "hexdump" or call.argv[0] == "hd":
        for at, row in _rows(data):
            halves = [" ".join(f"{c:02x}" for c in half) for half in (row[:8], row[8:])]
            call.out(f"{at:08x}  {halves[0]:<23}  {halves[1]:<23}  |{_printable(row)}|\n")
        call.out(f"{len(data):08x}\n" if data else "")
        return 0
    kind = flags.get("t") or ("c" if "c" in flags else "x2" if "x" in flags else "o1" if "b" in flags else "o2")
    radix = {"x": "x", "d": "d", "n": ""}.get(flags.get("A", "o"), "o")
    for at, row in _rows(data):
        call.out((f"{at:07{radix}}" if radix else "") + "".join(_cells(row, kind)) + "\n")
    call.out(f"{len(data):07{radix}}\n" if radix else "")
    return 0


def _cells(row: bytes, kind: str) -> Iterator[str]:
    size = int(kind[1:]) if kind[1:].isdecimal() else 1 if kind[0] in "ca" else 4
    names = {0: "\\0", 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"}
    for at in range(0, len(row), max(size, 1)):
        value = int.from_bytes(row[at : at + size], "little")
        if kind[0] == "c":
            yield f" {names.get(value, chr(value) if 32 <= value < 127 else f'{value:03o}'):>3}"
        else:
            width = {"x": size * 2, "o": {1: 3, 2: 6}.get(size, 11), "u": {1: 3, 2: 5}.get(size, 10)}.get(kind[0], 4)
            yield (
                f" {value:0{width}x}"
                if kind[0] == "x"
                else f" {value:0{width}o}"
                if kind[0] == "o"
                else f" {value:>{width}}"
            )


def split(call: CommandCall) -> int:
    """``split [-b BYTES | -l LINES] [-a LENGTH] [FILE [PREFIX]]``, into ``xaa``, ``xab`` and so on."""
    flags, names = options(call, "abl")
    found = re.fullmatch(r"(\d{1,9})([kmG]?)", flags.get("b", flags.get("l", "1000")))
    length = int(flags.get("a") or "2")
    if not found or found.group(1) == "0" or not 0 < length < 10:
        return call.fail("bad number")
    size = int(found.group(1)) * _UNITS[found.group(2)]
    data = _data(call, names[:1])
    lines = data.splitlines(keepends=True)
    pieces = ([data[at : at + size] for at in range(0, len(data), size)] if "b" in flags
              else [b"".join(lines[at : at + size]) for at in range(0, len(lines), size)])  # fmt: skip
    if len(pieces) > min(26**length, 1000):
        return call.fail("ran out of names")
    for piece, letters in zip(pieces, product("abcdefghijklmnopqrstuvwxyz", repeat=length), strict=False):
        _put(call, (names[1] if len(names) > 1 else "x") + "".join(letters), piece)
    return 0


def strings(call: CommandCall) -> int:
    """``strings [-n LENGTH] [FILES]``."""
    flags, names = options(call, "n")
    least = int(flags["n"]) if flags.get("n", "").isdecimal() else 4
    for found in re.findall(rb"[\t -~]{%d,}" % min(least, 1000), _data(call, names)):
        call.write(found + b"\n")
    return 0


def diff(call: CommandCall) -> int:
    """``diff [-qu] FILE FILE``, unified."""
    flags, names = options(call, "UL")
    if len(names) != 2:
        return call.fail("Needs 2 arguments", 2)
    one, two = (_data(call, [name]).decode("utf-8", "surrogateescape").splitlines(keepends=True) for name in names)
    if one == two:
        return 0
    if "q" in flags:
        call.out(f"Files {names[0]} and {names[1]} differ\n")
    elif len(one) + len(two) > 20_000:
        return call.fail("the files are too long", 2)
    else:
        call.out(
            "".join(
                line if line.endswith("\n") else f"{line}\n"
                for line in difflib.unified_diff(one, two, names[0], names[1])
            )
        )
    return 1


ARCHIVE_COMMANDS: Mapping[str, Command] = {
    "tar": tar, "dd": dd, "xxd": xxd, "strings": strings, "diff": diff,
    "split": split,
    **dict.fromkeys(("gzip", "gunzip", "zcat"), gzip_),
    **dict.fromkeys(("od", "hexdump", "hd"), od),
}  # fmt: skip
"""By name."""
