"""Runs the tree of a command line."""

from __future__ import annotations

import errno
import fnmatch
import io
import itertools
import math
import posixpath
import random
import re
import shlex
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
    CaseOf,
    Condition,
    For,
    Group,
    If,
    Item,
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
_MOST_STEPS = 200_000
"""Commands that one line may run, loops and functions included."""
_MOST_WORDS = 100_000
_MOST_CHOICES = 10_000
_LONGEST_CUT = 1 << 16
_LONGEST_WORD = 1 << 20
_MOST_PIPED = 64 << 20
"""Bytes that a pipe or ``$(…)`` holds."""
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
    that it started, `depth` how many shells it is inside, `arguments` its ``$0``, ``$1`` and so on, `steps` what its
    line may still run, `ends_on_error` as after ``set -e``, `locals` what a function's own variables were before.
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
    functions: dict[str, Node] = field(default_factory=dict)
    steps: Iterator[int] = field(default_factory=lambda: iter(range(_MOST_STEPS)))
    most_steps: int = _MOST_STEPS
    ends_on_error: bool = False
    locals: dict[str, str | None] = field(default_factory=dict)

    def run(self, line: str, outside: Outside, *, collected: bool = False) -> int:
        """Run `line` to its end; its exit status. A line that cannot be read runs nothing and gives 1."""
        try:
            tree = parse(line)
        except (ShellSyntaxError, RecursionError) as error:
            outside.error(f"/system/bin/sh: syntax error: {error}\n".encode("utf-8", "surrogateescape"))
            return 1
        steps = self.steps if self.depth else iter(range(self.most_steps))
        shell = replace(_copy(self), status=0, jobs=[], steps=steps)
        execution = _Execution(shell, outside, outside.write, outside.error, self.depth, collected)
        try:
            with suppress(_Exit, _Jump):
                execution.all(tree)
        except RecursionError:
            _stop(shell, outside.error, "too deeply nested")
        for job in shell.jobs:  # what a short one writes is not lost
            job.ended.wait(0.1)
        return shell.status


class _Exit(Exception):  # noqa: N818 - control flow
    """``exit``: ends the shell."""


class _Jump(Exception):  # noqa: N818 - control flow
    """``break``, ``continue`` or ``return``: out of `levels` loops, or of a function."""

    def __init__(self, kind: str, levels: int = 1) -> None:
        self.kind, self.levels = kind, levels


class _Collected(io.BytesIO):
    """Output that is kept until a command has ended. Raises OSError where it is too much."""

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        if self.tell() + len(data) > _MOST_PIPED:
            raise OSError(errno.ENOMEM, "Cannot allocate memory")
        return super().write(data)


@dataclass(frozen=True)
class _Execution:
    """Running with given input and outputs; `tested` where a status other than 0 is no error for ``set -e``."""

    shell: Shell
    stdin: Readable
    write: Sink
    error: Sink
    depth: int = 0
    collected: bool = False
    tested: bool = False

    # -- lists and pipelines

    def all(self, tree: List) -> None:
        if self.depth > _DEEPEST:
            raise _stop(self.shell, self.error, "too deeply nested")
        for item, following in itertools.zip_longest(tree.items, tree.items[1:]):
            if (item.after == "and" and self.shell.status) or (item.after == "or" and not self.shell.status):
                continue
            if item.background:
                job = self.shell.processes.start("sh")
                self.shell.jobs.append(job)
                threading.Thread(target=self._apart, args=(item.pipeline, job), daemon=True).start()
                self.shell.status = 0
                continue
            tested = self.tested or bool(following and following.after != "always")
            replace(self, tested=tested).pipeline(item.pipeline)
            if self.shell.ends_on_error and self.shell.status and not tested and not item.pipeline.negated:
                raise _Exit

    def _apart(self, pipeline: Pipeline, job: ShellProcess) -> None:
        """In a shell of its own; what it writes after the line has ended is lost, as on a phone."""
        try:
            with suppress(_Exit, _Jump, OSError):
                replace(self, shell=replace(_copy(self.shell), job=job), stdin=io.BytesIO()).pipeline(pipeline)
        finally:
            self.shell.processes.end(job)

    def pipeline(self, pipeline: Pipeline) -> None:
        stdin = self.stdin
        for command in pipeline.commands[:-1]:
            buffer = _Collected()
            with suppress(_Exit, _Jump):
                left = replace(self, shell=_copy(self.shell), stdin=stdin, write=buffer.write, collected=True)
                left.node(command)
            stdin = io.BytesIO(buffer.getvalue())
        last = replace(self, stdin=stdin)
        if len(pipeline.commands) > 1:  # as in mksh, a shell of its own
            last = replace(last, shell=_copy(self.shell))
            with suppress(_Exit, _Jump):
                last.node(pipeline.commands[-1])
            self.shell.status = last.shell.status
        else:
            last.node(pipeline.commands[-1])
        if pipeline.negated:
            self.shell.status = int(not self.shell.status)

    def node(self, node: Node) -> None:
        if next(self.shell.steps, None) is None:
            raise _stop(self.shell, self.error, "a loop did not end")
        if isinstance(node, Simple):
            self._simple(node)
        elif isinstance(node, Group):
            self._group(node)
        elif isinstance(node, If):
            self._if(node)
        elif isinstance(node, (For, While)):
            self._loop(node)
        elif isinstance(node, CaseOf):
            self._case(node)
        elif isinstance(node, Condition):
            self._condition(node)
        else:
            self.shell.functions[node.name] = node.body
            self.shell.status = 0

    def _group(self, group: Group) -> None:
        shell = _copy(self.shell) if group.subshell else self.shell
        with ExitStack() as stack:
            inner = replace(self, shell=shell, depth=self.depth + 1)._redirected(group.redirections, stack)
            if inner is None:
                return
            if group.subshell:
                with suppress(_Exit, _Jump):
                    inner.all(group.body)
            else:
                inner.all(group.body)
        self.shell.status = shell.status

    def _if(self, node: If) -> None:
        inner = replace(self, depth=self.depth + 1)
        for condition, body in node.branches:
            replace(inner, tested=True).all(condition)
            if self.shell.status == 0:
                inner.all(body)
                return
        self.shell.status = 0
        if node.otherwise is not None:
            inner.all(node.otherwise)

    def _loop(self, node: For | While) -> None:
        inner = replace(self, depth=self.depth + 1)
        for _ in self._values(node) if isinstance(node, For) else self._rounds(node, inner):
            try:
                inner.all(node.body)
            except _Jump as jump:
                if jump.kind == "return" or jump.levels > 1:
                    raise _Jump(jump.kind, jump.levels - 1) from None
                if jump.kind == "break":
                    break

    def _values(self, node: For) -> Iterator[None]:
        """Once for each value, which the variable holds."""
        words = node.words
        found = self.shell.arguments[1:] if words is None else itertools.chain.from_iterable(map(self.words, words))
        self.shell.status = 0
        for value in list(found):
            self.shell.variables[node.name] = value
            yield

    def _rounds(self, node: While, inner: _Execution) -> Iterator[None]:
        """Once for each time that the condition holds."""
        status = 0
        while True:
            replace(inner, tested=True).all(node.condition)
            if (self.shell.status == 0) == node.until:
                self.shell.status = status
                return
            yield
            status = self.shell.status

    def _case(self, node: CaseOf) -> None:
        value = self.text(node.word)
        self.shell.status = 0
        for patterns, body in node.clauses:
            if any(fnmatch.fnmatchcase(value, self.pattern(pattern)) for pattern in patterns):
                replace(self, depth=self.depth + 1).all(body)
                return

    def _condition(self, node: Condition) -> None:
        """``WORD == PATTERN`` and ``!=``, ``<`` and ``>``, else as ``test``."""
        words = [self.text(word) for word in node.words]
        if len(words) == 3 and words[1] in ("=", "==", "!="):
            found = fnmatch.fnmatchcase(words[0], self.pattern(node.words[2]))
            self.shell.status = int(found == (words[1] == "!="))
        elif len(words) == 3 and words[1] in ("<", ">"):
            self.shell.status = int(not (words[0] < words[2] if words[1] == "<" else words[0] > words[2]))
        else:
            self.shell.status = self._command(("test", *words), self.shell)

    def text(self, word: Word) -> str:
        """One word expanded, neither split nor matched against files."""
        return self.words(word, split=False)[0]

    def pattern(self, word: Word) -> str:
        """The pattern that one word is, in which what was quoted means itself."""
        return _pattern([(text, part.quoted) for part in word.parts for text, _ in self._expand(part)])

    # -- simple commands

    def _simple(self, node: Simple) -> None:
        argv = tuple(itertools.chain.from_iterable(map(self.words, node.words)))
        self.shell.status = self.shell.status if argv or not node.assignments else 0
        assigned = dict[str, str]()
        for name, word in node.assignments:
            assigned[name] = self.text(word)
            if not argv:
                self.shell.variables[name] = assigned[name]
        with ExitStack() as stack:
            inner = self._redirected(node.redirections, stack)
            if inner is None or not argv:
                return
            shell = replace(self.shell, variables=self.shell.variables | assigned) if assigned else self.shell
            if argv[0] in self.shell.functions:
                inner._call(argv)
            elif argv[0] in _BUILTINS and assigned:
                inner._with_variables(assigned, argv)
            else:
                self.shell.status = inner._command(argv, shell) & 0xFF
                self.shell.cwd = shell.cwd

    def _call(self, argv: tuple[str, ...]) -> None:
        """A function with its arguments; what it declared with ``local`` is as before afterwards."""
        shell, before = self.shell, self.shell.arguments
        shell.arguments, kept, shell.locals = (before[0], *argv[1:]), shell.locals, {}
        try:
            replace(self, depth=self.depth + 1).all(_one(shell.functions[argv[0]]))
        except _Jump as jump:
            if jump.kind != "return":
                raise
        finally:
            _restore(shell, shell.locals)
            shell.arguments, shell.locals = before, kept

    def _with_variables(self, assigned: dict[str, str], argv: tuple[str, ...]) -> None:
        """A command of the shell itself, for which the variables are set while it runs."""
        before = {name: self.shell.variables.get(name) for name in assigned}
        self.shell.variables.update(assigned)
        self.shell.status = self._command(argv, self.shell) & 0xFF
        _restore(self.shell, before)

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
        except ValueError as error:
            return call.fail(f"bad argument: {error}")

    def _redirected(self, redirections: tuple[Redirection, ...], stack: ExitStack) -> _Execution | None:
        """With the files opened; None, and a status of 1, where one cannot be."""
        run = self
        for redirection in redirections:
            target = self.text(redirection.target)
            try:
                run = run._to(redirection, target, stack)
            except OSError as error:
                what = "open" if redirection.kind == "<" else "create"
                self.error(f"/system/bin/sh: can't {what} {target}: {error.strerror}\n".encode())
                self.shell.status = 1
                return None
        return run

    def _to(self, redirection: Redirection, target: str, stack: ExitStack) -> _Execution:
        path = posixpath.normpath(posixpath.join(self.shell.cwd, target))
        if redirection.kind == "<<":
            return replace(self, stdin=io.BytesIO(target.encode("utf-8", "surrogateescape")))
        if redirection.kind == "<":
            empty = path == "/dev/null"
            return replace(self, stdin=io.BytesIO() if empty else stack.enter_context(self._open(path, "rb")))
        sink: Sink = _discard
        if redirection.kind == ">&":
            if target not in ("0", "1", "2", "-"):
                raise OSError(errno.EBADF, "bad file descriptor")
            sink = {"1": self.write, "2": self.error}.get(target, _discard)
        elif path != "/dev/null":
            opened = stack.enter_context(self._open(path, "wb" if redirection.kind == ">" else "ab"))
            sink = _limited(opened, self.shell.files.free())
        if redirection.fd == 0:
            return self
        run = self if redirection.fd == 2 else replace(self, write=sink)
        return run if redirection.fd == 1 else replace(run, error=sink)

    def _open(self, path: str, mode: str) -> BinaryIO:
        return self.shell.files.locate(path).open(mode)  # type: ignore[return-value]

    # -- expansion

    def words(self, word: Word, *, split: bool = True) -> list[str]:
        """The words that one word becomes: expanded, split at blanks, matched against files."""
        if not split:
            return ["".join(text for part in word.parts for text, _ in self._expand(part))]
        found: list[str] = []
        if _choices(word.parts) > _MOST_CHOICES:
            raise _stop(self.shell, self.error, "Argument list too long")
        for parts in _braced(word.parts):
            pieces: list[tuple[str, bool]] = [piece for part in parts for piece in self._expand(part, fields=True)]
            found += itertools.chain.from_iterable(self._matched(field) for field in _fields(pieces))
            if len(found) > _MOST_WORDS:
                raise _stop(self.shell, self.error, "Argument list too long")
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
        signs = self.shell.variables.get("IFS", " \t\n") or "\0"
        pieces = _split(value, signs)
        lead, trail = value[:1] in tuple(signs), value[-1:] in tuple(signs)
        yield from [("\0", False)] if lead or not pieces else []
        for n, piece in enumerate(pieces):
            yield from [("\0", False)] if n else []
            yield piece, not piece  # one between two signs of IFS is a word
        yield from [("\0", False)] if trail and pieces else []

    def _value(self, part: Variable | Substitution | Arithmetic) -> str:
        if isinstance(part, Variable):
            value = self._variable(part)
        elif isinstance(part, Substitution):
            value = self._output(part)
        else:
            value = self.number(self.text(part.expression))
        if len(value) > _LONGEST_WORD:
            raise _stop(self.shell, self.error, "Argument list too long")
        return value

    def number(self, expression: str) -> str:
        """The value of an expression, which may set variables."""
        try:
            return str(evaluate(expression, self.shell.variables))
        except ValueError as error:
            raise _stop(self.shell, self.error, f"{expression}: {error}") from error

    def _variable(self, part: Variable) -> str:
        value = self._held(part.name)
        operation = part.operation
        if operation in ("", "length"):
            return str(len(value or "")) if operation else value or ""
        if operation[-1] in "-=+?":
            return self._unless_set(part, None if operation[0] == ":" and not value else value)
        return self._cut(value or "", operation, part.words)

    def _unless_set(self, part: Variable, value: str | None) -> str:
        """``${X:-…}``, ``${X:=…}``, ``${X:?…}`` and ``${X:+…}``."""
        if part.operation[-1] == "+":
            return "" if value is None else self.text(part.words[0])
        if value is not None:
            return value
        text = self.text(part.words[0])
        if part.operation[-1] == "?":
            raise _stop(self.shell, self.error, f"{part.name}: {text or 'parameter null or not set'}")
        if part.operation[-1] == "=":
            self.shell.variables[part.name] = text
        return text

    def _cut(self, value: str, operation: str, words: tuple[Word, ...]) -> str:
        """``${X#…}``, ``${X%…}``, ``${X/…/…}`` and ``${X:start:length}``."""
        if operation == ":":
            start, *length = (int(self.number(self.text(word))) for word in words)
            start = max(0, start + len(value)) if start < 0 else start
            end = start + length[0] if length and length[0] >= 0 else length[0] if length else None
            return value[start:end]
        if len(value) > _LONGEST_CUT:
            raise _stop(self.shell, self.error, "Argument list too long")
        pattern = self.pattern(words[0])
        if operation[0] == "/":
            text = self.text(words[1]) if len(words) > 1 else ""
            return _replaced(value, pattern, text, once=operation == "/")
        matched = re.compile(fnmatch.translate(pattern))
        front = operation[0] == "#"
        lengths = range(len(value) + 1)
        for n in lengths if len(operation) == 1 else reversed(lengths):
            if matched.match(value[:n] if front else value[len(value) - n :]):
                return value[n:] if front else value[: len(value) - n]
        return value

    def _held(self, name: str) -> str | None:
        """What a variable or a special parameter holds; None where it is not set."""
        shell, given = self.shell, self.shell.arguments
        started = str(shell.jobs[-1].pid) if shell.jobs else ""
        special = {"?": str(shell.status), "$": "4242", "#": str(len(given) - 1), "!": started, "PWD": shell.cwd}
        if name in special:
            return special[name]
        if name in ("@", "*"):
            return " ".join(given[1:]) if len(given) > 1 else None
        if name.isdecimal():
            return given[int(name[:6])] if int(name[:6]) < len(given) else None
        return str(random.randrange(1 << 15)) if name == "RANDOM" else shell.variables.get(name)

    def _output(self, part: Substitution) -> str:
        buffer = _Collected()
        shell = _copy(self.shell)
        with suppress(_Exit, _Jump):
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
        found = sorted(itertools.islice(_glob(self.shell, _pattern(pieces)), _MOST_WORDS))
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


def _pattern(pieces: list[tuple[str, bool]]) -> str:
    return "".join(re.sub(r"([*?\[])", r"[\1]", piece) if quoted else piece for piece, quoted in pieces)


def _split(value: str, signs: str, most: int = -1) -> list[str]:
    """At the characters of `IFS`: runs of blanks part once, each other sign parts."""
    blanks = re.escape("".join(c for c in signs if c in " \t\n"))
    others = re.escape("".join(c for c in signs if c not in " \t\n"))
    value = value.strip("".join(c for c in signs if c in " \t\n")) if blanks else value
    parts = [f"[{blanks}]*[{others}][{blanks}]*" if blanks else f"[{others}]"] if others else []
    parted = re.compile("|".join([*parts, *([f"[{blanks}]+"] if blanks else [])]))
    pieces = parted.split(value, maxsplit=max(most, 0)) if value and most else [value] if value else []
    return pieces[:-1] if pieces and not pieces[-1] and most < 0 else pieces


def _replaced(value: str, pattern: str, text: str, *, once: bool) -> str:
    """With what matches `pattern` replaced; one that begins with ``#`` or ``%`` matches at the start or the end."""
    edge = pattern[:1] if pattern[:1] in ("#", "%") and once else ""
    matched = fnmatch.translate(pattern[len(edge) :]).removesuffix("\\Z").removesuffix("\\z")
    matched = f"{'^' if edge == '#' else ''}{matched}{'$' if edge == '%' else ''}"
    return re.sub(matched, lambda _: text, value, count=int(once)) if pattern else value


def _restore(shell: Shell, before: Mapping[str, str | None]) -> None:
    """Variables as they were; None is one that was not set."""
    for name, value in before.items():
        shell.variables.pop(name, None)
        if value is not None:
            shell.variables[name] = value


def _one(node: Node) -> List:
    return List((Item(Pipeline((node,))),))


def _choices(parts: tuple[Part, ...]) -> int:
    """How many words the braces of one word may make, at least."""
    marks = "".join(part.text for part in parts if isinstance(part, Text) and not part.quoted)
    return math.prod(inside.count(",") + 1 for inside in _BRACES.findall(marks))


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
        places = [joined for place in places[:_MOST_WORDS] for joined in _level(shell, place, level)]
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
    return replace(shell, variables=dict(shell.variables), functions=dict(shell.functions))


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
    """``command -v NAMES``, ``command NAME WORDS`` and ``type NAMES``."""
    if call.argv[0] == "command" and call.argv[1:2] not in ((), ("-v",)):
        return run._command(call.argv[1:], call.shell)
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
    """``export``, ``readonly``, ``typeset`` and, in a function, ``local`` with ``NAME=VALUE`` or ``NAME``."""
    for word in call.argv[1:]:
        name, is_set, value = word.partition("=")
        if word.startswith("-"):
            continue
        if call.argv[0] in ("local", "typeset"):
            run.shell.locals.setdefault(name, run.shell.variables.get(name))
            run.shell.variables.pop(name, None)
        if is_set:
            run.shell.variables[name] = value
    if len(call.argv) == 1:
        call.out("".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(run.shell.variables.items())))
    return 0


def _set(run: _Execution, call: CommandCall) -> int:
    """``set [-e] [-- WORDS]``; of other options nothing is seen here."""
    words = list(call.argv[1:])
    while words and re.fullmatch(r"[-+]\w+", words[0]):
        option = words.pop(0)
        if option[1:] == "o" and words:
            option = option[0] + {"errexit": "e"}.get(words.pop(0), "")
        if "e" in option:
            run.shell.ends_on_error = option[0] == "-"
    if words:
        run.shell.arguments = (run.shell.arguments[0], *(words[1:] if words[0] == "--" else words))
    return _export(run, call) if len(call.argv) == 1 else 0


def _unset(run: _Execution, call: CommandCall) -> int:
    for name in call.argv[1:]:
        (run.shell.functions if "-f" in call.argv else run.shell.variables).pop(name, None)
    return 0


def _shift(run: _Execution, call: CommandCall) -> int:
    count, given = int(call.argv[1]) if call.argv[1:] and call.argv[1].isdecimal() else 1, run.shell.arguments
    if count >= len(given):
        return call.fail("nothing to shift")
    run.shell.arguments = (given[0], *given[1 + count :])
    return 0


def _let(run: _Execution, call: CommandCall) -> int:
    """``let EXPRESSIONS`` and ``(( … ))``: 0 where the last is not 0."""
    return int([run.number(word) for word in call.argv[1:]][-1:] == ["0"])


def _jump(run: _Execution, call: CommandCall) -> int:
    """``break [N]``, ``continue [N]`` and ``return [STATUS]``."""
    given = int(call.argv[1]) if call.argv[1:] and call.argv[1].isdecimal() else None
    if call.argv[0] != "return":
        raise _Jump(call.argv[0], given or 1)
    run.shell.status = run.shell.status if given is None else given & 0xFF
    raise _Jump("return")


def _eval(run: _Execution, call: CommandCall) -> int:
    """``eval WORDS`` and ``. FILE``, in this shell."""
    text = " ".join(call.argv[1:])
    if call.argv[0] != "eval":
        text = run.shell.files.locate(call.path(text)).read_text("utf-8", "surrogateescape")
    try:
        replace(run, depth=run.depth + 1).all(parse(text))
    except (ShellSyntaxError, RecursionError) as error:
        return call.fail(f"syntax error: {error}")
    return run.shell.status


def _read_line(run: _Execution, call: CommandCall) -> int:
    """``read [-r] NAMES``."""
    line = bytearray()
    raw = any(word.startswith("-") and "r" in word for word in call.argv[1:])
    while (c := call.stdin.read(1)) and c != b"\n":
        line += c if c != b"\\" or raw else call.stdin.read(1).replace(b"\n", b"")
    names = [name for name in call.argv[1:] if not name.startswith("-")] or ["REPLY"]
    signs = run.shell.variables.get("IFS", " \t\n")
    text = line.decode("utf-8", "surrogateescape")
    values = _split(text, signs, len(names) - 1) if signs else [text]
    run.shell.variables.update(itertools.zip_longest(names, values[: len(names)], fillvalue=""))
    return 0 if c or line else 1


_BUILTINS: Mapping[str, Callable[[_Execution, CommandCall], int]] = {
    "cd": _cd, "exit": _exit, "exec": _exec, "read": _read_line, "wait": _wait, "command": _which, "type": _which,
    "set": _set, "unset": _unset, "shift": _shift, "let": _let, "false": lambda run, call: 1,
    **dict.fromkeys(("export", "readonly", "typeset", "local"), _export),
    **dict.fromkeys(("break", "continue", "return"), _jump),
    **dict.fromkeys(("eval", ".", "source"), _eval),
    **dict.fromkeys((":", "true", "trap", "umask", "ulimit", "alias", "jobs"), lambda run, call: 0),
}  # fmt: skip
