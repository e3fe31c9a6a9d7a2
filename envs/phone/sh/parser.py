"""From a command line to its tree."""

from __future__ import annotations

import re
from typing import Literal

from envs.phone.sh.tree import (
    Arithmetic,
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

_OPERATORS = ("&&", "||", ";;", ">>", "<<", ">&", "<&", "<>", ">|", ";", "&", "|", "(", ")", "<", ">", "\n")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_ANSI = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v", "0": "\0"}
_CLOSERS = frozenset({"then", "elif", "else", "fi", "do", "done", "}", ")"})
_SPECIAL = "?$#@*!0123456789"


class ShellSyntaxError(ValueError):
    """The line is not one that the shell understands; nothing of it is run."""


def parse(line: str) -> List:
    """The tree of `line`. Raises `ShellSyntaxError`."""
    reader = _ShellReader(line)
    tree = reader.commands()
    if reader.at < len(line):
        raise ShellSyntaxError(f"unexpected {reader.peek()!r}")
    return tree


class _ShellReader:
    """Recursive descent over the characters: in a shell the lexer depends on where it is."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.at = 0

    # -- characters and tokens

    def _blanks(self) -> None:
        while self.at < len(self.line):
            if self.line.startswith("\\\n", self.at):
                self.at += 2
            elif self.line[self.at] in " \t":
                self.at += 1
            elif self.line[self.at] == "#":
                end = self.line.find("\n", self.at)
                self.at = len(self.line) if end < 0 else end
            else:
                return

    def operator(self) -> str:
        """The operator that comes next, or nothing."""
        self._blanks()
        return next((op for op in _OPERATORS if self.line.startswith(op, self.at)), "")

    def peek(self) -> str:
        """What comes next, for a message."""
        return self.operator() or self.line[self.at : self.at + 10] or "end of line"

    def _accept(self, operator: str) -> bool:
        if self.operator() != operator:
            return False
        self.at += len(operator)
        return True

    def _expect(self, word: str) -> None:
        self._newlines()
        if not self._keyword(word):
            raise ShellSyntaxError(f"unexpected {self.peek()!r}, {word!r} was expected")

    def _newlines(self) -> None:
        while self._accept("\n") or self._accept(";"):
            pass

    def _keyword(self, word: str) -> bool:
        """Take `word` where it is the next whole, unquoted word."""
        self._blanks()
        end = self.at + len(word)
        ends = end >= len(self.line) or self.line[end] in " \t\n;&|()<>"
        if not (self.line.startswith(word, self.at) and ends):
            return False
        self.at = end
        return True

    def _closes(self) -> bool:
        self._blanks()
        start = self.at
        found = any(self._keyword(word) for word in _CLOSERS - {")"}) or self.operator() == ")"
        self.at = start
        return found

    # -- commands

    def commands(self) -> List:
        """Pipelines up to a closing word or the end."""
        items: list[Item] = []
        after: Literal["always", "and", "or"] = "always"
        while True:
            while self._accept("\n"):
                pass
            if self.at >= len(self.line) or self._closes():
                if after != "always":
                    raise ShellSyntaxError(f"unexpected {self.peek()!r}")
                return List(tuple(items))
            pipeline = self._pipeline()
            operator = self.operator()
            self.at += len(operator) if operator in ("&&", "||", ";", "&", "\n") else 0
            items.append(Item(pipeline, after, operator == "&"))
            if operator not in ("&&", "||", ";", "&", "\n", ")", ""):
                raise ShellSyntaxError(f"unexpected {operator!r}")
            if operator == "" and self.at < len(self.line) and not self._closes():
                raise ShellSyntaxError(f"unexpected {self.peek()!r}")
            after = "and" if operator == "&&" else "or" if operator == "||" else "always"

    def _pipeline(self) -> Pipeline:
        negated = self._keyword("!")
        commands = [self._command()]
        while self.operator() == "|":
            self.at += 1
            self._newlines_only()
            commands.append(self._command())
        return Pipeline(tuple(commands), negated)

    def _newlines_only(self) -> None:
        while self._accept("\n"):
            pass

    def _command(self) -> Node:
        if self._accept("("):
            body = self.commands()
            if not self._accept(")"):
                raise ShellSyntaxError("'(' without ')'")
            return Group(body, True, tuple(self._redirections()))
        if self._keyword("{"):
            body = self.commands()
            self._expect("}")
            return Group(body, False, tuple(self._redirections()))
        if self._keyword("if"):
            return self._if()
        if self._keyword("for"):
            return self._for()
        for word in ("while", "until"):
            if self._keyword(word):
                condition = self.commands()
                return While(condition, self._do(), word == "until")
        return self._simple()

    def _if(self) -> If:
        branches = []
        otherwise = None
        while True:
            condition = self.commands()
            self._expect("then")
            branches.append((condition, self.commands()))
            self._newlines()
            if self._keyword("elif"):
                continue
            if self._keyword("else"):
                otherwise = self.commands()
            self._expect("fi")
            return If(tuple(branches), otherwise)

    def _for(self) -> For:
        self._blanks()
        name = _NAME.match(self.line, self.at)
        if not name:
            raise ShellSyntaxError("for without a name")
        self.at = name.end()
        words: list[Word] = []
        self._expect("in")
        while (word := self.word()) is not None:
            words.append(word)
        return For(name.group(), tuple(words), self._do())

    def _do(self) -> List:
        self._expect("do")
        body = self.commands()
        self._expect("done")
        return body

    def _simple(self) -> Simple:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        while True:
            found = self._redirection()
            if found is not None:
                redirections.append(found)
                continue
            named = None if words else _ASSIGNMENT.match(self.line, self.at)
            if named:
                self.at = named.end()
                assignments.append((named.group(1), self._value()))
                continue
            word = self.word()
            if word is None:
                break
            words.append(word)
        if not (assignments or words or redirections):
            raise ShellSyntaxError(f"unexpected {self.peek()!r}")
        return Simple(tuple(assignments), tuple(words), tuple(redirections))

    def _value(self) -> Word:
        blank = self.at >= len(self.line) or self.line[self.at] in " \t\n"
        return Word(()) if blank else self.word() or Word(())

    def _redirections(self) -> list[Redirection]:
        found = []
        while (one := self._redirection()) is not None:
            found.append(one)
        return found

    def _redirection(self) -> Redirection | None:
        self._blanks()
        m = re.compile(r"(\d?)(>>|>&|<|>)").match(self.line, self.at)
        if not m or self.line.startswith("<<", self.at):
            return None
        self.at = m.end()
        target = self.word()
        if target is None:
            raise ShellSyntaxError(f"unexpected {self.peek()!r} after {m.group(2)!r}")
        kind = m.group(2)
        fd = int(m.group(1)) if m.group(1) else 0 if kind == "<" else 1
        return Redirection(fd, kind, target)  # type: ignore[arg-type]

    # -- words

    def word(self) -> Word | None:
        """The next word, or None before an operator or the end."""
        if self.operator() or self.at >= len(self.line):
            return None
        return Word(tuple(self._parts(" \t\n;&|()<>")))

    def _parts(self, stops: str) -> list[Part]:
        parts: list[Part] = []
        while self.at < len(self.line) and self.line[self.at] not in stops:
            parts += self._part()
        return parts

    def _part(self) -> list[Part]:
        c = self.line[self.at]
        if c == "'":
            return [Text(self._until("'"), True)]
        if c == '"':
            self.at += 1
            return self._double()
        if c == "\\":
            self.at += 2
            return [] if self.line[self.at - 1 : self.at] == "\n" else [Text(self.line[self.at - 1 : self.at], True)]
        if c in "$`":
            return [self._dollar(quoted=False)]
        self.at += 1
        return [Text(c)]

    def _until(self, close: str) -> str:
        """What is between the quote at hand and the next `close`."""
        end = self.line.find(close, self.at + 1)
        if end < 0:
            raise ShellSyntaxError("no closing quote")
        inside, self.at = self.line[self.at + 1 : end], end + 1
        return inside

    def _double(self) -> list[Part]:
        parts: list[Part] = [Text("", True)]
        while self.at < len(self.line):
            c = self.line[self.at]
            if c == '"':
                self.at += 1
                return parts
            if c == "\\" and self.line[self.at + 1 : self.at + 2] in ("$", "`", '"', "\\", "\n"):
                escaped = self.line[self.at + 1]
                parts.append(Text("" if escaped == "\n" else escaped, True))
                self.at += 2
            elif c in "$`":
                parts.append(self._dollar(quoted=True))
            else:
                parts.append(Text(c, True))
                self.at += 1
        raise ShellSyntaxError("no closing quote")

    def _dollar(self, *, quoted: bool) -> Part:
        if self.line[self.at] == "`":
            return Substitution(parse(re.sub(r"\\([$`\\])", r"\1", self._until("`"))), quoted)
        follows = self.line[self.at + 1 : self.at + 2]
        if self.line.startswith("$((", self.at):
            return self._arithmetic(quoted)
        if follows == "(":
            return self._substitution(quoted)
        if follows == "{":
            return self._braced(quoted)
        if follows == "'" and not quoted:
            self.at += 1
            return self._ansi()
        name = _NAME.match(self.line, self.at + 1)
        if name:
            self.at = name.end()
            return Variable(name.group(), quoted)
        if follows and follows in _SPECIAL:
            self.at += 2
            return Variable(follows, quoted)
        self.at += 1
        return Text("$", quoted)

    def _arithmetic(self, quoted: bool) -> Arithmetic:
        start = end = self.at + 3
        deep = 2
        while deep and end < len(self.line):
            deep += {"(": 1, ")": -1}.get(self.line[end], 0)
            end += 1
        inside, self.at = self.line[start : end - 2], end
        if deep or self.line[end - 2 : end] != "))":
            raise ShellSyntaxError("'$((' without '))'")
        return Arithmetic(Word(tuple(_ShellReader(inside)._parts(""))), quoted)

    def _substitution(self, quoted: bool) -> Substitution:
        self.at += 2
        body = self.commands()
        if not self._accept(")"):
            raise ShellSyntaxError("'$(' without ')'")
        return Substitution(body, quoted)

    def _braced(self, quoted: bool) -> Variable:
        name = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*|[?$#@*!0-9])").match(self.line, self.at)
        if not name:
            raise ShellSyntaxError("bad substitution")
        self.at = name.end()
        default = None
        if self.line.startswith((":-", "-"), self.at):
            self.at += 2 if self.line[self.at] == ":" else 1
            default = Word(tuple(self._parts("}")))
        if self.line[self.at : self.at + 1] != "}":
            raise ShellSyntaxError("bad substitution")
        self.at += 1
        return Variable(name.group(1), quoted, default)

    def _ansi(self) -> Text:
        """``$'…'`` with its escapes."""
        out: list[str] = []
        self.at += 1
        while self.at < len(self.line) and self.line[self.at] != "'":
            if self.line[self.at] == "\\":
                out.append(self._escape())
            else:
                out.append(self.line[self.at])
                self.at += 1
        if self.at >= len(self.line):
            raise ShellSyntaxError("no closing quote")
        self.at += 1
        return Text("".join(out), True)

    def _escape(self) -> str:
        m = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|(.))", re.S).match(
            self.line, self.at
        )
        if not m:
            raise ShellSyntaxError("no closing quote")
        self.at = m.end()
        digits = m.group(1) or m.group(2) or m.group(3)
        if digits:
            return chr(min(int(digits, 16), 0x10FFFF))
        return _ANSI.get(m.group(4), m.group(4))
