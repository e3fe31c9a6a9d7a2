"""The commands of Android's toybox that make or change text, and ``find``."""

from __future__ import annotations

import fnmatch
import os
import posixpath
import re
import shlex
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby, islice, zip_longest
from pathlib import Path

from envs.phone.sh.files import options
from envs.phone.sh.interpreter import Command, CommandCall, take_option

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "0": "\0", "a": "\a"}
_MOST = 1_000_000

_CLASSES = {"space": r"\s", "digit": "0-9", "alpha": "a-zA-Z", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z"}


def _unescaped(text: str) -> str:
    return re.sub(r"\\([ntr\\0a])", lambda m: _ESCAPES[m.group(1)], text)


def lines_of(call: CommandCall, names: Iterable[str]) -> list[str]:
    """The lines of files, or of standard input where none is named."""
    parts = [call.shell.files.locate(call.path(name)).read_bytes() for name in names] or [call.stdin.read()]
    return b"".join(parts).decode("utf-8", "surrogateescape").splitlines()


def _say(call: CommandCall, lines: Iterable[str]) -> int:
    call.out("".join(f"{line}\n" for line in lines))
    return 0


def printf(call: CommandCall) -> int:
    """``printf FORMAT [WORDS]``; the format is used again while words are left."""
    if len(call.argv) < 2:
        return call.fail("Needs 1 argument")
    try:
        call.out(formatted(_unescaped(call.argv[1]), list(call.argv[2:]), again=True))
    except ValueError:
        return call.fail("bad number")
    return 0


_MARK = re.compile(r"%([-0+ #]*\d{0,4}(?:\.\d{0,4})?)([sdixXouceEfFgGb%])")


def formatted(pattern: str, words: list[str], *, again: bool = False) -> str:
    """C's ``printf`` of `words`, of which missing ones are empty or 0. Raises ValueError for what is no number."""
    left, made = list(words), list[str]()
    while True:
        before = len(left)
        made.append(_MARK.sub(lambda m: _formatted(m, left), pattern))
        if not again or not left or len(left) == before:
            return "".join(made)


def _formatted(m: re.Match[str], left: list[str]) -> str:
    kind = m.group(2)
    if kind == "%":
        return "%"
    word = left.pop(0) if left else ""
    if kind in "scb":
        return f"%{m.group(1)}s" % (word[:1] if kind == "c" else _unescaped(word) if kind == "b" else word)
    if kind in "eEfFgG":
        return f"%{m.group(1)}{kind}" % float(word or 0)
    whole = float(word) if re.fullmatch(r"-?\d+\.\d*", word) else int(word or "0", 0) if word[:1] != "0" else (
        int(word, 0 if word[1:2] in "xX" and word[1:] else 8))  # fmt: skip
    return f"%{m.group(1)}{'d' if kind in 'iu' else kind}" % int(whole)


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
    """``tr [-cds] SET1 [SET2]`` with ranges, classes and escapes, from standard input."""
    flags = "".join(word[1:] for word in call.argv[1:] if re.fullmatch(r"-[cCds]+", word))
    words = [word for word in call.argv[1:] if not re.fullmatch(r"-[cCds]+", word)]
    if not 1 <= len(words) <= 2 or (len(words) == 1 and not set("ds") & set(flags)):
        return call.fail("needs a set to delete, or two sets")
    text = call.stdin.read().decode("utf-8", "surrogateescape")
    first, *second = (_letters(word) for word in words)
    if "c" in flags.lower():
        first = "".join(sorted(set(text) - set(first)))
    if "d" in flags:
        text = text.translate(dict.fromkeys(map(ord, first)))
    elif second and second[0]:
        text = text.translate({ord(c): second[0][min(n, len(second[0]) - 1)] for n, c in enumerate(first)})
    if "s" in flags:
        squeezed = re.escape(second[0] if second else first)
        text = re.sub(rf"([{squeezed}])\1+", r"\1", text) if squeezed else text
    call.out(text)
    return 0


def _letters(text: str) -> str:
    """The characters of a set: classes and ranges written out."""
    classes = {"space": " \t\n\r\f\v", "digit": "0-9", "alpha": "A-Za-z", "alnum": "A-Za-z0-9", "upper": "A-Z",
               "lower": "a-z", "punct": "!-/:-@[-`{-~", "blank": " \t"}  # fmt: skip
    text = re.sub(r"\[:(\w+):\]", lambda m: classes.get(m.group(1), m.group()), _unescaped(text))
    return re.sub(r"(.)-(.)", _range, text, flags=re.DOTALL)


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
    parted = [(list(line) if letters else line.split(sign), line) for line in lines_of(call, words)]
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
    """``sort [-bfnruVgh] [-t SIGN] [-k FIELD[,FIELD][nr]] [-o FILE] [FILES]``."""
    flags, names = options(call, "tko")
    key, sign = re.fullmatch(r"(\d{1,4})(?:\.\d+)?(?:,(\d{1,4}))?([bfnrV]*)", flags.get("k", "1")), flags.get("t")
    if not key or key.group(1) == "0":
        return call.fail(f"bad key '{flags.get('k')}'")
    letters = {*flags, *key.group(3)}
    start, end = int(key.group(1)) - 1, int(key.group(2) or 9999)

    def value(line: str) -> object:
        text = (sign or " ").join((line.split(sign) if sign else line.split())[start:end]) if "k" in flags else line
        text = text.lower() if "f" in letters else text
        if "V" in letters:
            return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", text)]
        return _number(text) if {"n", "g", "h"} & letters else text

    lines = lines_of(call, names)
    found = sorted(dict.fromkeys(lines) if "u" in flags else lines, key=value, reverse="r" in letters)  # type: ignore[arg-type]
    if "o" not in flags:
        return _say(call, found)
    call.shell.files.locate(call.path(flags["o"])).write_text("".join(f"{line}\n" for line in found))
    return 0


def number_lines(call: CommandCall) -> int:
    """``nl [-b a] [FILES]``: lines that are not empty with their numbers."""
    flags, names = options(call, "bwsnv")
    number, made = 0, list[str]()
    for line in lines_of(call, names):
        number += bool(line) or flags.get("b") == "a"
        made.append(f"{number:>6}\t{line}" if line or flags.get("b") == "a" else f"{'':7}{line}")
    return _say(call, made)


def paste(call: CommandCall) -> int:
    """``paste [-s] [-d SIGNS] FILES``."""
    flags, names = options(call, "d")
    sign = _unescaped(flags.get("d", "\t"))[:1]
    columns = [lines_of(call, [] if name == "-" else [name]) for name in names or ["-"]]
    rows = columns if "s" in flags else zip_longest(*columns, fillvalue="")
    return _say(call, [sign.join(row) for row in rows])


def comm(call: CommandCall) -> int:
    """``comm [-123] FILE FILE``: lines of one, of the other, and of both of two sorted files."""
    flags, names = options(call)
    if len(names) != 2:
        return call.fail("Needs 2 arguments")
    one, two = (lines_of(call, [name]) for name in names)
    made, shown = list[str](), [n for n in "123" if n not in flags]
    for line in sorted({*one, *two}):
        kind = "3" if line in one and line in two else "1" if line in one else "2"
        made += ["\t" * shown.index(kind) + line] if kind in shown else []
    return _say(call, made)


def _number(line: str) -> float:
    found = re.match(r"\s*-?\d+(?:\.\d+)?", line)
    return float(found.group()) if found else 0.0


_CONTEXT = re.compile(r"^(-[ABC])(\d{1,6})$")


def grep(call: CommandCall) -> int:
    """``grep [-ivcqnolLhHrwxFEas] [-m N] [-A N] [-B N] [-C N] [-e] PATTERN [FILES]``; ``egrep`` and ``fgrep``."""
    words, most, patterns = list(call.argv[1:]), _MOST, list[str]()
    while (value := take_option(words, "-e")) is not None:
        patterns.append(value)
    number = take_option(words, "-m")
    most = int(number) if number and number.isdecimal() else most
    words = [
        part for word in words for part in (_CONTEXT.sub(r"\1 \2", word).split(" ") if _CONTEXT.match(word) else [word])
    ]
    after, before, around = (take_option(words, option) or "0" for option in ("-A", "-B", "-C"))
    context = (max(int(before), int(around)), max(int(after), int(around)))
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
    for name in _files_below(call, names) if set("rR") & set(flags) and names else names or ["-"]:
        try:
            lines = lines_of(call, [] if name == "-" else [name])
        except OSError as error:
            if "s" not in flags:
                call.fail(f"{name}: {error.strerror}")
            continue
        label = f"{name}:" if (set("rRH") & set(flags) or len(names) > 1) and "h" not in flags else ""
        status = 0 if _matches(call, lines, wanted, flags[:-1], name, label, most, context) else status
    return status


def _wanted(patterns: list[str], flags: str) -> re.Pattern[str]:
    """The pattern of all; the last letter of `flags` is the first of the command's name."""
    extended = "E" in flags or flags.endswith("e")
    fixed = "F" in flags or flags.endswith("f")
    texts = [
        re.escape(p) if fixed else basic_pattern(p, extended=extended) for text in patterns for p in text.split("\n")
    ]
    joined = "|".join(f"(?:{text})" for text in texts)
    joined = rf"\b(?:{joined})\b" if "w" in flags[:-1] else rf"^(?:{joined})$" if "x" in flags[:-1] else joined
    return re.compile(joined, re.IGNORECASE if "i" in flags else 0)


def _files_below(call: CommandCall, names: list[str]) -> list[str]:
    found = (_below(call.shell.files.locate(call.path(name)), name, 64) for name in names)
    return [name for below in found for name, path in below if path.is_file() and not path.is_symlink()]


def _matches(
    call: CommandCall, lines: list[str], wanted: re.Pattern[str], flags: str, name: str, label: str, most: int,
    context: tuple[int, int],
) -> bool:  # fmt: skip
    """Write what `grep` found in the lines of one file; whether it found something."""
    found = [n for n, line in enumerate(lines, 1) if bool(wanted.search(line)) != ("v" in flags)][:most]
    if set("qlL") & set(flags):
        named = "q" not in flags and bool(found) == ("L" not in flags)
        call.out(f"{name}\n" if named else "")
    elif "c" in flags:
        call.out(f"{label}{len(found)}\n")
    elif "o" in flags:
        parts = [(n, m.group()) for n in found for m in wanted.finditer(lines[n - 1]) if m.group()]
        _say(call, [f"{label}{f'{n}:' if 'n' in flags else ''}{part}" for n, part in parts])
    else:
        chosen = set(found)
        near = sorted({n for at in found for n in range(at - context[0], at + context[1] + 1) if 0 < n <= len(lines)})
        last = 0
        for n in near:
            sign = ":" if n in chosen else "-"
            gap = "--\n" if any(context) and last and n > last + 1 else ""
            start = label[:-1] + sign if label else ""
            call.out(f"{gap}{start}{f'{n}{sign}' if 'n' in flags else ''}{lines[n - 1]}\n")
            last = n
    return bool(found)


def sed(call: CommandCall) -> int:
    """``sed [-nEri] [-e] SCRIPT [FILES]``: of commands ``s y p d q = a i c``, with addresses, ranges and ``!``."""
    words, scripts = list(call.argv[1:]), list[str]()
    while (script := take_option(words, "-e")) is not None:
        scripts.append(script)
    flags = "".join(word[1:] for word in words if word.startswith("-"))
    names = [word for word in words if not word.startswith("-")]
    scripts = scripts or [names.pop(0) if names else ""]
    for name in [[name] for name in names] if "i" in flags else [names]:
        lines = lines_of(call, name)
        try:
            edits = [edit for script in scripts for edit in _edits(script, extended=bool(set("Er") & set(flags)))]
            made = list(_edited(lines, edits, quiet="n" in flags))
        except ValueError as error:
            return call.fail(f"bad pattern '{error}'")
        except re.error as error:
            return call.fail(f"bad pattern: {error}")
        if "i" in flags and name:
            call.shell.files.locate(call.path(name[0])).write_text("".join(f"{line}\n" for line in made))
        else:
            _say(call, made)
    return 0


_ADDRESS = re.compile(r"\s*(?:(\d+)|(\$)|/((?:\\.|[^/\\])*)/)")


@dataclass
class _Edit:
    """A command of sed: where it holds, its letter, and its pattern, text and options; `inside` its range."""

    addresses: list[int | re.Pattern[str]]
    command: str
    pattern: re.Pattern[str] | None = None
    text: str = ""
    options: str = ""
    unless: bool = False
    inside: bool = False

    def holds(self, number: int, line: str, last: int) -> bool:
        """Whether it is for this line; line 0 is the last."""

        def at(address: int | re.Pattern[str]) -> bool:
            return number == (address or last) if isinstance(address, int) else address.search(line) is not None

        if len(self.addresses) < 2:
            return all(map(at, self.addresses)) != self.unless
        end = self.addresses[1]
        if not self.inside:
            self.inside = at(self.addresses[0])
            here = self.inside
            if isinstance(end, int) and (end or last) <= number:
                self.inside = False
        else:
            here, self.inside = True, not at(end)
        return here != self.unless


def _edits(script: str, *, extended: bool) -> Iterable[_Edit]:
    """The commands of a script. Raises ValueError for what is none."""
    at = 0
    while script[at:].strip(" ;\n}"):
        at += len(script[at:]) - len(script[at:].lstrip(" ;\n}"))
        addresses, start = list[int | re.Pattern[str]](), at
        while len(addresses) < 2 and (m := _ADDRESS.match(script, at)):
            addresses.append(
                int(m.group(1)) if m.group(1) else 0 if m.group(2) else _pattern(m.group(3), extended=extended)
            )
            at = m.end() + (script[m.end() : m.end() + 1] == "," and len(addresses) < 2)
        found = re.compile(r"\s*(!?)\s*([spdq=yaic])").match(script, at)
        if not found:
            raise ValueError(script[start:])
        edit, at = _Edit(addresses, found.group(2), unless=bool(found.group(1))), found.end()
        if edit.command in "sy":
            sign = re.escape(script[at : at + 1])
            parts = re.compile(
                rf"{sign}((?:\\.|(?!{sign})[^\\])*){sign}((?:\\.|(?!{sign})[^\\])*){sign}([gpiI\d]*)", re.DOTALL
            )
            m = parts.match(script, at) if sign else None
            if not m or (edit.command == "y" and len(m.group(1)) != len(m.group(2))):
                raise ValueError(script[start:])
            plain = script[at]
            pattern, edit.text, edit.options = (
                m.group(1).replace(f"\\{plain}", plain),
                m.group(2).replace(f"\\{plain}", plain),
                m.group(3),
            )
            if edit.command == "y":
                edit.options = pattern
            else:
                edit.pattern = _pattern(pattern, extended=extended, ignore_case="i" in edit.options.lower())
                edit.text = re.sub(
                    r"\\([&n\\])|&", lambda m: {"&": "&", "n": "\n", "\\": "\\\\"}.get(m.group(1), r"\g<0>"), edit.text
                )
            at = m.end()
        elif edit.command in "aic":
            edit.text, at = script[at:].lstrip(" \\\n"), len(script)
        yield edit


def _edited(lines: list[str], edits: list[_Edit], *, quiet: bool) -> Iterable[str]:
    for number, given in enumerate(lines, 1):
        line, after, ended = given, list[str](), False
        for edit in edits:
            if not edit.holds(number, line, len(lines)):
                continue
            if edit.command == "s" and edit.pattern:
                line, count = _replaced(edit, line)
                yield from [line] if count and "p" in edit.options else []
            elif edit.command == "y":
                line = line.translate(str.maketrans(edit.options, edit.text))
            elif edit.command in "p=i":
                yield {"p": line, "=": str(number), "i": edit.text}[edit.command]
            elif edit.command == "a":
                after.append(edit.text)
            elif edit.command == "q":
                ended = True
                break
            else:
                after += [edit.text] if edit.command == "c" else []
                break
        else:
            edit = _Edit([], "")
        if not quiet and edit.command not in ("d", "c"):
            yield line
        yield from after
        if ended:
            return


def _replaced(edit: _Edit, line: str) -> tuple[str, int]:
    """The line after ``s``, and how often it was changed: all for ``g``, the Nth for a number."""
    nth = int("".join(c for c in edit.options if c.isdecimal()) or 0)
    assert edit.pattern
    if nth < 2:
        return edit.pattern.subn(edit.text, line, 0 if "g" in edit.options else 1)
    found = next(islice(edit.pattern.finditer(line), nth - 1, None), None)
    return (line[: found.start()] + found.expand(edit.text) + line[found.end() :], 1) if found else (line, 0)


def basic_pattern(text: str, *, extended: bool) -> str:
    """A basic expression, where ``( { + ? |`` are special after a backslash, or an extended one, as Python reads it."""
    if not extended:
        text = re.sub(r"\\([(){}+?|])|([(){}+?|])", lambda m: m.group(1) or f"\\{m.group(2)}", text)
    return re.sub(r"\[:(\w+):\]", lambda m: _CLASSES.get(m.group(1), m.group()), text)


def _pattern(text: str, *, extended: bool, ignore_case: bool = False) -> re.Pattern[str]:
    return re.compile(basic_pattern(text, extended=extended), re.IGNORECASE if ignore_case else 0)


def find(call: CommandCall) -> int:
    """``find [PATHS] [EXPRESSION]``; links are not followed.

    Tests: ``-name -iname -path -type -size -mtime -mmin -newer -empty -user`` with ``! -a -o ( )``; ``-maxdepth`` and
    ``-mindepth``; actions ``-print -print0 -delete -ls`` and ``-exec COMMAND {} ;`` or ``+``.
    """
    words, places = list(call.argv[1:]), list[str]()
    while words and not words[0].startswith(("-", "(", "!")):
        places.append(words.pop(0))
    try:
        deepest, highest = (
            int(take_option(words, f"-{end}depth") or default) for end, default in (("max", 64), ("min", 0))
        )
        search = _FindExpression(call, words)
    except ValueError as error:
        return call.fail(str(error) if "'-" in str(error) else f"bad number: {error}")
    for place in places or ["."]:
        there = call.shell.files.locate(call.path(place))
        if not there.exists():
            search.status = call.fail(f"'{place}': No such file or directory")
            continue
        for name, path in list(_below(there, place, deepest, -highest)):
            if os.path.lexists(path) and search.holds(name, path) and not search.acts:
                call.out(f"{name}\n")
    search.finish()
    return search.status


_Test = Callable[[str, Path], bool]


class _FindExpression:
    """The expression of ``find``. Raises ValueError for a wrong one."""

    def __init__(self, call: CommandCall, words: list[str]) -> None:
        self.call, self.words, self.status, self.acts = call, words, 0, False
        self.together: list[tuple[list[str], list[str]]] = []
        self.holds = self._either() if words else lambda name, path: True
        if words:
            raise ValueError(f"bad argument '{words[0]}'" if words[0][0] == "-" else f"bad argument '-: {words[0]}'")

    def _either(self) -> _Test:
        one = self._both()
        while self.words[:1] in (["-o"], ["-or"]):
            self.words.pop(0)
            one = self._joined(one, self._both(), wanted=True)
        return one

    def _both(self) -> _Test:
        one = self._one()
        while self.words and self.words[0] not in ("-o", "-or", ")"):
            if self.words[0] in ("-a", "-and"):
                self.words.pop(0)
            one = self._joined(one, self._one(), wanted=False)
        return one

    @staticmethod
    def _joined(one: _Test, two: _Test, *, wanted: bool) -> _Test:
        return lambda name, path: wanted if one(name, path) == wanted else two(name, path)

    def _one(self) -> _Test:
        word = self.words.pop(0) if self.words else ""
        if word in ("!", "-not"):
            inner = self._one()
            return lambda name, path: not inner(name, path)
        if word == "(":
            inner = self._either()
            if self.words[:1] != [")"]:
                raise ValueError("bad argument '-(")
            self.words.pop(0)
            return inner
        if word in ("-print", "-print0", "-delete", "-ls", "-exec"):
            self.acts = True
            return self._action(word)
        if word == "-empty":
            return lambda name, path: not (any(path.iterdir()) if path.is_dir() else path.lstat().st_size)
        if word not in _VALUED or not self.words:
            raise ValueError(f"bad argument '{word}'" if word.startswith("-") else f"bad argument '-: {word}'")
        value = self.words.pop(0)
        if word in ("-size", "-mtime", "-mmin"):
            _compares(value.rstrip("ckMG") if word == "-size" else value, 0)
        return lambda name, path: _fits(self.call, word, value, name, path)

    def _action(self, word: str) -> _Test:
        if word == "-exec":
            end = next((n for n, text in enumerate(self.words) if text in (";", "+")), -1)
            if end < 1:
                raise ValueError("bad argument '-exec'")
            command, sign = self.words[:end], self.words[end]
            del self.words[: end + 1]
            if sign == "+":
                self.together.append((command, []))
                return lambda name, path, names=self.together[-1][1]: names.append(name) is None  # type: ignore[misc]
            return lambda name, path: self._run([name if text == "{}" else text for text in command])
        return lambda name, path: self._done(word, name, path)

    def _done(self, word: str, name: str, path: Path) -> bool:
        if word == "-delete":
            self.together.append((["rm", "-r" if path.is_dir() and not path.is_symlink() else "-f", "{}"], [name]))
        elif word == "-ls":
            self._run(["ls", "-lid", name])
        else:
            self.call.out(name + ("\0" if word == "-print0" else "\n"))
        return True

    def _run(self, command: list[str]) -> bool:
        failed = self.call.shell.run(shlex.join(command), self.call)
        self.status = self.status or int(bool(failed))
        return not failed

    def finish(self) -> None:
        """Run what is run once for all names; what is deleted, from below."""
        for command, names in reversed(self.together):
            if names:
                self._run([*(text for text in command if text != "{}"), *names])


_VALUED = frozenset(
    {"-name", "-iname", "-path", "-ipath", "-type", "-size", "-mtime", "-mmin", "-newer", "-user", "-group"}
)


def _compares(wanted: str, value: float) -> bool:
    """``+N`` more, ``-N`` fewer, ``N`` as many."""
    number = float(wanted.lstrip("+-"))
    return value > number if wanted[0] == "+" else value < number if wanted[0] == "-" else value == number


def _fits(call: CommandCall, test: str, value: str, name: str, path: Path) -> bool:
    found, label = path.lstat(), posixpath.basename(name.rstrip("/")) or "/"
    age = time.time() - found.st_mtime
    if test in ("-name", "-iname", "-path", "-ipath"):
        text = name if test.endswith("path") else label
        return fnmatch.fnmatchcase(*((text.lower(), value.lower()) if test.startswith("-i") else (text, value)))
    if test == "-type":
        return value == ("l" if path.is_symlink() else "d" if path.is_dir() else "f")
    if test == "-size":
        unit = {"c": 1, "k": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(value[-1], 512)
        return _compares(value.rstrip("ckMG"), -(-found.st_size // unit))
    if test == "-newer":
        return found.st_mtime > call.shell.files.locate(call.path(value)).stat().st_mtime
    if test in ("-user", "-group"):
        return value in ("shell", "2000")
    return _compares(value, age // (86400 if test == "-mtime" else 60))


def _below(there: Path, name: str, deeper: int, above: int = 0) -> Iterable[tuple[str, Path]]:
    """Names and files below a place, itself first; none that lies less than `-above` levels below."""
    if above >= 0:
        yield name, there
    if deeper > 0 and there.is_dir() and not there.is_symlink():
        for entry in sorted(there.iterdir()):
            yield from _below(entry, posixpath.join(name, entry.name), deeper - 1, above + 1)


def uniq(call: CommandCall) -> int:
    """``uniq [-cdu] [FILE]``."""
    flags = "".join(word[1:] for word in call.argv[1:] if word.startswith("-"))
    groups = [
        (line, len(list(same))) for line, same in groupby(lines_of(call, [w for w in call.argv[1:] if w[0] != "-"]))
    ]
    kept = [(line, n) for line, n in groups if not ("d" in flags and n == 1) and not ("u" in flags and n > 1)]
    return _say(call, [f"{n:7} {line}" if "c" in flags else line for line, n in kept])


def rev(call: CommandCall) -> int:
    """``rev [FILES]`` and ``tac [FILES]``: letters, or lines, the other way round."""
    lines = lines_of(call, call.argv[1:])
    return _say(call, lines[::-1] if call.argv[0] == "tac" else [line[::-1] for line in lines])


def uname(call: CommandCall) -> int:
    """``uname [-asnrvmo]``."""
    known = {"s": "Linux", "n": "localhost", "r": "5.15.0-handeye-simulated",
             "v": "#1 SMP PREEMPT Mon Mar 16 09:30:00 UTC 2026",
             "m": "x86_64", "o": "Toybox"}  # fmt: skip
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
    "tac": rev, "nl": number_lines, "paste": paste, "comm": comm,
}  # fmt: skip
"""By name."""
