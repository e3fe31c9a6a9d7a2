"""Runs the tree of a command line."""

from __future__ import annotations

import errno
import fnmatch
import io
import itertools
import posixpath
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Protocol

from envs.phone.sh.arithmetic import evaluate
from envs.phone.sh.parser import ShellSyntaxError, parse
from envs.phone.sh.processes import ProcessTable, ShellProcess
from envs.phone.sh.tree import (
    Arithmetic,
    For,
    Group,
    If,
    List,
    Node,
    Part,
    Pipeline,
    Redirection,
    Simple,
    Substitution,
    Text,
    Variable,
    While,
    Word,
)

_DEEPEST = 64
_MOST_ROUNDS = 100_000
_BRACES = re.compile(r"\{([^{}\s]*,[^{}\s]*)\}")


class Readable(Protocol):
    """Standard input."""

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; empty at the end."""


class Outside(Readable, Protocol):
    """Where the whole line reads from and writes to."""

    def write(self, data: bytes, /) -> object:
        """To standard output."""

    def error(self, data: bytes) -> None:
        """To standard error."""


class FileSystem(Protocol):
    """The phone's files."""

    def locate(self, path: str) -> Path:
        """Where the absolute `path` of the phone lies on this machine; raises OSError for one that leaves the phone."""

    def free(self) -> int:
        """Bytes of storage that are left."""


Sink = Callable[[bytes], object]


@dataclass(frozen=True)
class CommandCall:
    """One command being run: its words (`argv[0]` is its name), its input and its two outputs.

    `collected`: nobody reads the output before the command has ended (a pipe, ``$(…)``).
    """

    argv: tuple[str, ...]
    stdin: Readable
    write: Sink
    write_error: Sink
    shell: Shell
    collected: bool = False

    def read(self, size: int = -1) -> bytes:
        """Standard input."""
        return self.stdin.read(size)

    def error(self, data: bytes) -> None:
        """To standard error."""
        self.write_error(data)

    def out(self, text: str) -> None:
        """Text to standard output."""
        self.write(text.encode("utf-8", "surrogateescape"))

    def fail(self, message: str, status: int = 1) -> int:
        """``name: message`` to standard error; gives `status` back."""
        self.write_error(f"{self.argv[0]}: {message}\n".encode("utf-8", "surrogateescape"))
        return status

    def process(self) -> AbstractContextManager[ShellProcess]:
        """The process that this command is while it runs; a command that takes long looks for its signal."""
        return self.shell.processes.run(posixpath.basename(self.argv[0]), self.shell.job)

    def path(self, name: str) -> str:
        """`name` as an absolute path of the phone."""
        return posixpath.normpath(posixpath.join(self.shell.cwd, name))


def take_option(words: list[str], option: str) -> str | None:
    """Take `option` and its value out of `words`; the value, None where it is not there with one."""
    if option not in words[:-1]:
        return None
    at = words.index(option)
    del words[at]
    return words.pop(at)


Command = Callable[[CommandCall], int]
"""A program of the phone; gives its exit status."""


@dataclass
class Shell:
    """One shell: its commands, files, variables and working directory. `run` starts from a copy of them each time.

    `processes` are those of the whole phone, `job` the one that this shell is part of (``COMMAND &``), `jobs` those
    that it started, `depth` how many shells it is inside, `arguments` its ``$0``, ``$1`` and so on.
    """

    commands: Mapping[str, Command]
    files: FileSystem
    variables: dict[str, str] = field(default_factory=dict)
    cwd: str = "/"
    status: int = 0
    processes: ProcessTable = field(default_factory=ProcessTable)
    job: ShellProcess | None = None
    jobs: list[ShellProcess] = field(default_factory=list)
    depth: int = 0
    arguments: tuple[str, ...] = ("sh",)

    def run(self, line: str, outside: Outside, *, collected: bool = False) -> int:
        """Run `line` to its end; its exit status. A line that cannot be read runs nothing and gives 1."""
        try:
            tree = parse(line)
        except (ShellSyntaxError, RecursionError) as error:
            outside.error(f"/system/bin/sh: syntax error: {error}\n".encode("utf-8", "surrogateescape"))
            return 1
        shell = replace(self, variables=dict(self.variables), status=0, jobs=[])
        with suppress(_Exit):
            _Execution(shell, outside, outside.write, outside.error, self.depth, collected).all(tree)
        return shell.status


class _Exit(Exception):  # noqa: N818 - control flow
    """``exit``: ends the shell."""


@dataclass(frozen=True)
class _Execution:
    """Running with given input and outputs."""

    shell: Shell
    stdin: Readable
    write: Sink
    error: Sink
    depth: int = 0
    collected: bool = False

    # -- lists and pipelines

    def all(self, tree: List) -> None:
        if self.depth > _DEEPEST:
            raise _stop(self.shell, self.error, "too deeply nested")
        for item in tree.items:
            if (item.after == "and" and self.shell.status) or (item.after == "or" and not self.shell.status):
                continue
            if item.background:
                job = self.shell.processes.start("sh")
                self.shell.jobs.append(job)
                threading.Thread(target=self._apart, args=(item.pipeline, job), daemon=True).start()
                self.shell.status = 0
            else:
                self.pipeline(item.pipeline)

    def _apart(self, pipeline: Pipeline, job: ShellProcess) -> None:
        """In a shell of its own; what it writes after the line has ended is lost, as on a phone."""
        try:
            with suppress(_Exit, OSError):
                replace(self, shell=replace(_copy(self.shell), job=job), stdin=io.BytesIO()).pipeline(pipeline)
        finally:
            self.shell.processes.end(job)

    def pipeline(self, pipeline: Pipeline) -> None:
        stdin = self.stdin
        for command in pipeline.commands[:-1]:
            buffer = io.BytesIO()
            with suppress(_Exit):
                left = replace(self, shell=_copy(self.shell), stdin=stdin, write=buffer.write, collected=True)
                left.node(command)
            stdin = io.BytesIO(buffer.getvalue())
        last = replace(self, stdin=stdin)
        last.node(pipeline.commands[-1])
        if pipeline.negated:
            self.shell.status = int(not self.shell.status)

    def node(self, node: Node) -> None:
        if isinstance(node, Simple):
            self._simple(node)
        elif isinstance(node, Group):
            self._group(node)
        elif isinstance(node, If):
            self._if(node)
        elif isinstance(node, For):
            self._for(node)
        else:
            self._while(node)

    def _group(self, group: Group) -> None:
        shell = _copy(self.shell) if group.subshell else self.shell
        with ExitStack() as stack:
            inner = replace(self, shell=shell, depth=self.depth + 1)._redirected(group.redirections, stack)
            if inner is None:
                return
            if group.subshell:
                with suppress(_Exit):
                    inner.all(group.body)
            else:
                inner.all(group.body)
        self.shell.status = shell.status

    def _if(self, node: If) -> None:
        inner = replace(self, depth=self.depth + 1)
        for condition, body in node.branches:
            inner.all(condition)
            if self.shell.status == 0:
                inner.all(body)
                return
        self.shell.status = 0
        if node.otherwise is not None:
            inner.all(node.otherwise)

    def _for(self, node: For) -> None:
        inner = replace(self, depth=self.depth + 1)
        for value in list(itertools.chain.from_iterable(map(self.words, node.words))):
            self.shell.variables[node.name] = value
            inner.all(node.body)

    def _while(self, node: While) -> None:
        inner = replace(self, depth=self.depth + 1)
        for _ in range(_MOST_ROUNDS):
            inner.all(node.condition)
            if (self.shell.status == 0) == node.until:
                self.shell.status = 0
                return
            inner.all(node.body)
        raise _stop(self.shell, self.error, "a loop did not end")

    # -- simple commands

    def _simple(self, node: Simple) -> None:
        argv = tuple(itertools.chain.from_iterable(map(self.words, node.words)))
        assigned = {name: "".join(self.words(word, split=False)) for name, word in node.assignments}
        if not argv:
            self.shell.variables.update(assigned)
            self.shell.status = 0 if not node.words else self.shell.status
        with ExitStack() as stack:
            inner = self._redirected(node.redirections, stack)
            if inner is None or not argv:
                return
            shell = replace(self.shell, variables=self.shell.variables | assigned) if assigned else self.shell
            self.shell.status = inner._command(argv, shell) & 0xFF

    def _command(self, argv: tuple[str, ...], shell: Shell) -> int:
        call = CommandCall(argv, self.stdin, self.write, self.error, shell, self.collected)
        own = _BUILTINS.get(argv[0])
        if own is not None:
            return own(self, call)
        command = shell.commands.get(posixpath.basename(argv[0]) if argv[0].startswith("/system/") else argv[0])
        if command is None and "/" in argv[0] and self.shell.files.locate(call.path(argv[0])).is_file():
            return run_script(replace(call, argv=("sh", *argv)))
        if command is None:
            self.error(f"/system/bin/sh: {argv[0]}: inaccessible or not found\n".encode("utf-8", "surrogateescape"))
            return 127
        try:
            return command(replace(call, shell=replace(shell, depth=self.depth)))
        except OSError as error:
            if isinstance(error, ConnectionError) or error.errno is None:
                raise
            return call.fail(f"{argv[-1]}: {error.strerror}")

    def _redirected(self, redirections: tuple[Redirection, ...], stack: ExitStack) -> _Execution | None:
        """With the files opened; None, and a status of 1, where one cannot be."""
        run = self
        for redirection in redirections:
            target = "".join(self.words(redirection.target, split=False))
            try:
                run = run._to(redirection, target, stack)
            except OSError as error:
                self.error(f"/system/bin/sh: can't create {target}: {error.strerror}\n".encode())
                self.shell.status = 1
                return None
        return run

    def _to(self, redirection: Redirection, target: str, stack: ExitStack) -> _Execution:
        path = posixpath.normpath(posixpath.join(self.shell.cwd, target))
        if redirection.kind == "<":
            empty = path == "/dev/null"
            return replace(self, stdin=io.BytesIO() if empty else stack.enter_context(self._open(path, "rb")))
        sink: Sink = _discard
        if redirection.kind == ">&":
            sink = self.write if target == "1" else self.error
        elif path != "/dev/null":
            opened = stack.enter_context(self._open(path, "wb" if redirection.kind == ">" else "ab"))
            sink = _limited(opened, self.shell.files.free())
        return replace(self, error=sink) if redirection.fd == 2 else replace(self, write=sink)

    def _open(self, path: str, mode: str) -> BinaryIO:
        return self.shell.files.locate(path).open(mode)  # type: ignore[return-value]

    # -- expansion

    def words(self, word: Word, *, split: bool = True) -> list[str]:
        """The words that one word becomes: expanded, split at blanks, matched against files."""
        if not split:
            return ["".join(text for part in word.parts for text, _ in self._expand(part))]
        found: list[str] = []
        for parts in _braced(word.parts):
            pieces: list[tuple[str, bool]] = [piece for part in parts for piece in self._expand(part, fields=True)]
            found += itertools.chain.from_iterable(self._matched(field) for field in _fields(pieces))
        return found

    def _expand(self, part: Part, *, fields: bool = False) -> Iterator[tuple[str, bool]]:
        """Text and whether it is safe from splitting and matching; a break between words is ("\\0", False)."""
        if isinstance(part, Text):
            yield part.text, part.quoted
            return
        if isinstance(part, Variable) and part.name == "@" and part.quoted and fields:
            for n, word in enumerate(self.shell.arguments[1:]):
                yield from [("\0", False)] if n else []
                yield word, True
            return
        value = self._value(part)
        if part.quoted or not fields:
            yield value, True
            return
        lead, trail = value[:1].isspace(), value[-1:].isspace()
        pieces = value.split()
        yield from [("\0", False)] if lead or not pieces else []
        for n, piece in enumerate(pieces):
            yield from [("\0", False)] if n else []
            yield piece, False
        yield from [("\0", False)] if trail and pieces else []

    def _value(self, part: Variable | Substitution | Arithmetic) -> str:
        if isinstance(part, Variable):
            return self._variable(part)
        if isinstance(part, Substitution):
            return self._output(part)
        expression = "".join(self.words(part.expression, split=False))
        try:
            return str(evaluate(expression, self.shell.variables))
        except ValueError as error:
            raise _stop(self.shell, self.error, f"{expression}: {error}") from error

    def _variable(self, part: Variable) -> str:
        shell, given = self.shell, self.shell.arguments
        started = str(shell.jobs[-1].pid) if shell.jobs else ""
        special = {"?": str(shell.status), "$": "4242", "#": str(len(given) - 1), "!": started}
        special |= dict.fromkeys("@*", " ".join(given[1:])) | {str(n): word for n, word in enumerate(given[:10])}
        value = special.get(part.name, shell.variables.get(part.name, ""))
        if not value and part.default is not None:
            return "".join(self.words(part.default, split=False))
        return value

    def _output(self, part: Substitution) -> str:
        buffer = io.BytesIO()
        shell = _copy(self.shell)
        with suppress(_Exit):
            inner = replace(self, shell=shell, write=buffer.write, depth=self.depth + 1, collected=True)
            inner.all(part.body)
        self.shell.status = shell.status
        return buffer.getvalue().decode("utf-8", "surrogateescape").replace("\0", "").rstrip("\n")

    def _matched(self, pieces: list[tuple[str, bool]]) -> list[str]:
        """Files that the word matches, else the word itself."""
        text = "".join(piece for piece, _ in pieces)
        wild = any(c in piece for piece, quoted in pieces if not quoted for c in "*?[")
        if not wild:
            return [text]
        pattern = "".join(re.sub(r"([*?\[])", r"[\1]", piece) if quoted else piece for piece, quoted in pieces)
        found = sorted(_glob(self.shell, pattern))
        return found or [text]


def _fields(pieces: list[tuple[str, bool]]) -> list[list[tuple[str, bool]]]:
    """Pieces in words, cut at the breaks; words of nothing but unquoted nothing do not count."""
    words: list[list[tuple[str, bool]]] = [[]]
    for text, quoted in pieces:
        if text == "\0" and not quoted:
            words.append([])
        else:
            words[-1].append((text, quoted))
    return [word for word in words if any(text or quoted for text, quoted in word)]


def _braced(parts: tuple[Part, ...]) -> list[tuple[Part, ...]]:
    """``a{b,c}`` as mksh expands it, for unquoted text without expansions inside the braces."""
    marks = "".join(p.text if isinstance(p, Text) and not p.quoted else "\x1a" for p in parts)
    m = _BRACES.search(marks)
    if not m or "\x1a" in m.group() or any(isinstance(p, Text) and len(p.text) != 1 and not p.quoted for p in parts):
        return [parts]
    before, after = parts[: m.start()], parts[m.end() :]
    made = [(*before, *(Text(c) for c in choice), *after) for choice in m.group(1).split(",")]
    return [braced for choice in made for braced in _braced(choice)]


def _glob(shell: Shell, pattern: str) -> Iterator[str]:
    """Absolute or relative paths of the phone that `pattern` matches, one folder level at a time."""
    absolute = pattern.startswith("/")
    places = ["/" if absolute else ""]
    for level in [part for part in pattern.split("/") if part]:
        places = [joined for place in places for joined in _level(shell, place, level)]
    yield from places


def _level(shell: Shell, place: str, level: str) -> Iterator[str]:
    folder = posixpath.join(shell.cwd, place)
    with suppress(OSError):
        for entry in shell.files.locate(folder).iterdir():
            if fnmatch.fnmatchcase(entry.name, level) and entry.name.startswith(".") == level.startswith("."):
                yield posixpath.join(place, entry.name)


def _discard(data: bytes) -> None:
    del data


def _limited(file: BinaryIO, most: int) -> Sink:
    """Writes to `file`, no more than `most` bytes. Raises OSError after that."""
    left = most

    def write(data: bytes) -> None:
        nonlocal left
        left -= len(data)
        if left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        file.write(data)

    return write


def _copy(shell: Shell) -> Shell:
    return replace(shell, variables=dict(shell.variables))


def _stop(shell: Shell, error: Sink, why: str) -> _Exit:
    error(f"/system/bin/sh: {why}\n".encode())
    shell.status = 1
    return _Exit()


# ------------------------------------------------------------------------------------- commands of the shell itself


def _cd(run: _Execution, call: CommandCall) -> int:
    target = call.path(call.argv[1] if len(call.argv) > 1 else "/")
    try:
        there = run.shell.files.locate(target)
    except OSError:
        there = None
    if there is None or not there.is_dir():
        return call.fail(f"{target}: No such file or directory", 2)
    call.shell.cwd = target
    return 0


def _exit(run: _Execution, call: CommandCall) -> int:
    given = call.argv[1] if len(call.argv) > 1 else ""
    run.shell.status = int(given) & 0xFF if given.isdecimal() else run.shell.status
    raise _Exit


def _exec(run: _Execution, call: CommandCall) -> int:
    """``exec COMMAND``: nothing of the line comes after it."""
    if len(call.argv) == 1:
        return 0
    run.shell.status = run._command(call.argv[1:], run.shell) & 0xFF
    raise _Exit


def _wait(run: _Execution, call: CommandCall) -> int:
    """``wait``: until all jobs have ended, or the caller has gone."""
    for job in run.shell.jobs:
        while not job.ended.wait(0.05):
            call.write(b"")
    return 0


def _which(run: _Execution, call: CommandCall) -> int:
    """``command -v NAMES`` and ``type NAMES``."""
    names = [name for name in call.argv[1:] if name != "-v"]
    for name in names:
        if name not in _BUILTINS and name not in call.shell.commands:
            return 127 if call.argv[0] == "command" else call.fail(f"{name} not found")
        place = name if name in _BUILTINS else f"/system/bin/{name}"
        call.out(f"{place}\n" if call.argv[0] == "command" else f"{name} is {place}\n")
    return 0


def run_script(call: CommandCall) -> int:
    """``sh [-c LINE [NAME]] | [FILE] [WORDS]``; standard input where neither is given."""
    words = list(call.argv[1:])
    if call.shell.depth > _DEEPEST:
        return call.fail("too deeply nested")
    if words[:1] == ["-c"] and len(words) > 1:
        text, given = words[1], words[2:] or ["sh"]
    elif words:
        there = call.shell.files.locate(call.path(words[0]))
        if not there.is_file():
            return call.fail(f"{words[0]}: No such file or directory", 127)
        text, given = there.read_text("utf-8", "surrogateescape"), words
    else:
        text, given = call.stdin.read().decode("utf-8", "surrogateescape"), ["sh"]
    inner = replace(call.shell, depth=call.shell.depth + 8, arguments=tuple(given))
    return inner.run(text, call, collected=call.collected)


def _export(run: _Execution, call: CommandCall) -> int:
    for word in call.argv[1:]:
        name, is_set, value = word.partition("=")
        if is_set:
            run.shell.variables[name] = value
    return 0


def _read_line(run: _Execution, call: CommandCall) -> int:
    line = bytearray()
    while (c := call.stdin.read(1)) and c != b"\n":
        line += c
    names = [name for name in call.argv[1:] if not name.startswith("-")] or ["REPLY"]
    values = line.decode("utf-8", "surrogateescape").split(None, len(names) - 1)
    run.shell.variables.update(itertools.zip_longest(names, values[: len(names)], fillvalue=""))
    return 0 if c or line else 1


_BUILTINS: Mapping[str, Callable[[_Execution, CommandCall], int]] = {
    "cd": _cd,
    "exit": _exit,
    "exec": _exec,
    "export": _export,
    "read": _read_line,
    "wait": _wait,
    "command": _which,
    "type": _which,
    ":": lambda run, call: 0,
    "true": lambda run, call: 0,
    "false": lambda run, call: 1,
}
