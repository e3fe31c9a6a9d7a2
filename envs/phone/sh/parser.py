"""From a command line to its tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from envs.phone.sh.tree import (
    Arithmetic,
    CaseOf,
    Condition,
    For,
    Function,
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

_OPERATORS = ("&&", "||", ";;", "&>", ">>", "<<", ">&", "<&", "<>", ">|", ";", "&", "|", "(", ")", "<", ">", "\n")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?)=")
_FUNCTION = re.compile(r"(?:function[ \t]+([A-Za-z_]\w*)(?:[ \t]*\([ \t]*\))?|([A-Za-z_]\w*)[ \t]*\([ \t]*\))\s*")
_REDIRECTION = re.compile(r"(\d?)(<<-?|>>|>&|<&|>\||<|>)|(&>>?)")
_OPERATION = re.compile(r":?[-=+?]|##?|%%?|//?|:")
_ANSI = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v", "0": "\0"}
_CLOSERS = frozenset({"then", "elif", "else", "fi", "do", "done", "esac", "}"})
_SPECIAL = "?$#@*!0123456789"


class ShellSyntaxError(ValueError):
    """The line is not one that the shell understands; nothing of it is run."""


def parse(line: str) -> List:
    """The tree of `line`. Raises `ShellSyntaxError`."""
    reader = _ShellReader(line)
    tree = reader.commands()
    if reader.at < len(reader.line):
        raise ShellSyntaxError(f"unexpected {reader.peek()!r}")
    return tree


def _single(node: Node) -> List:
    return List((Item(Pipeline((node,))),))


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
        found = any(self._keyword(word) for word in _CLOSERS) or self.operator() in (")", ";;")
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
            if operator not in ("&&", "||", ";", ";;", "&", "\n", ")", ""):
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
        node = self._compound()
        if node is None:
            return self._simple()
        redirections = tuple(self._redirections())
        return Group(_single(node), False, redirections) if redirections else node

    def _compound(self) -> Node | None:
        """A command that holds others, or None."""
        self._blanks()
        if self.line.startswith("((", self.at):
            return Simple(words=(Word((Text("let", True),)), Word((self._arithmetic(True, 2),))))
        if self._accept("("):
            body = self.commands()
            if not self._accept(")"):
                raise ShellSyntaxError("'(' without ')'")
            return Group(body, True)
        if self._keyword("{"):
            body = self.commands()
            self._expect("}")
            return Group(body, False)
        for word in ("while", "until"):
            if self._keyword(word):
                condition = self.commands()
                return While(condition, self._do(), word == "until")
        for word, read in (("if", self._if), ("for", self._for), ("case", self._case), ("[[", self._conditions)):
            if self._keyword(word):
                return read()
        if named := _FUNCTION.match(self.line, self.at):
            self.at = named.end()
            return Function(named.group(1) or named.group(2), self._command())
        return None

    def _case(self) -> CaseOf:
        word, clauses = self.word(), list[tuple[tuple[Word, ...], List]]()
        self._newlines()
        self._expect("in")
        self._newlines()
        while not self._keyword("esac"):
            self._accept("(")
            patterns = [self.word()]
            while self._accept("|"):
                patterns.append(self.word())
            if not self._accept(")") or word is None or None in patterns:
                raise ShellSyntaxError(f"unexpected {self.peek()!r}")
            clauses.append((tuple(p for p in patterns if p is not None), self.commands()))
            self._accept(";;")
            self._newlines()
        return CaseOf(word or Word(()), tuple(clauses))

    def _conditions(self, close: str = "]]") -> Group:
        """What is inside ``[[ … ]]``: ``&&`` binds closer than ``||``."""
        either, both = list[Item](), list[Item]()
        while True:
            self._newlines_only()
            negated = self._keyword("!")
            node: Node = self._conditions(")") if self._accept("(") else Condition(tuple(self._compared()))
            both.append(Item(Pipeline((node,), negated), "and" if both else "always"))
            self._newlines_only()
            if self._accept("&&"):
                continue
            either.append(Item(Pipeline((Group(List(tuple(both)), False),)), "or" if either else "always"))
            both = []
            if not self._accept("||"):
                break
        if not (self._accept(")") if close == ")" else self._keyword(close)):
            raise ShellSyntaxError(f"unexpected {self.peek()!r}")
        return Group(List(tuple(either)), False)

    def _compared(self) -> Iterator[Word]:
        """The words of one comparison, of which ``<`` and ``>`` may be one."""
        start = self.at
        while True:
            self._blanks()
            if self._keyword("]]"):
                self.at -= 2
                break
            if self.line[self.at : self.at + 1] in ("<", ">"):
                self.at += 1
                yield Word((Text(self.line[self.at - 1], True),))
            elif (word := self.word()) is not None:
                yield word
            else:
                break
        if not self.line[start : self.at].strip():
            raise ShellSyntaxError(f"unexpected {self.peek()!r}")

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
        self._newlines_only()
        given = self._keyword("in")
        while given and (word := self.word()) is not None:
            words.append(word)
        return For(name.group(), tuple(words) if given else None, self._do())

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
                before = (Variable(named.group(1), True),) if named.group(2) else ()
                assignments.append((named.group(1), Word((*before, *self._value().parts))))
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
        m = _REDIRECTION.match(self.line, self.at)
        if not m:
            return None
        self.at = m.end()
        target = self.word()
        if target is None:
            raise ShellSyntaxError(f"unexpected {self.peek()!r} after {m.group()!r}")
        kind = (m.group(2) or m.group(3)).replace("<&", ">&").replace(">|", ">")
        if kind.startswith("<<"):
            return Redirection(0, "<<", self._here(target, tabs=kind == "<<-"))
        fd = int(m.group(1) or (0 if m.group()[0] == "<" else 1)) if not m.group(3) else 3
        return Redirection(fd, kind.lstrip("&"), target)  # type: ignore[arg-type]

    def _here(self, mark: Word, *, tabs: bool) -> Word:
        """The text of a here-document, which is taken out of the line."""
        end = "".join(part.text for part in mark.parts if isinstance(part, Text))
        start = self.line.find("\n", self.at) + 1
        found = re.compile(rf"^{chr(9) + '*' if tabs else ''}{re.escape(end)}$", re.MULTILINE).search(self.line, start)
        if not start or not found:
            raise ShellSyntaxError(f"here document '{end}' unclosed")
        text = self.line[start : found.start()]
        self.line = self.line[:start] + self.line[found.end() + 1 :]
        text = re.sub(r"^\t+", "", text, flags=re.MULTILINE) if tabs else text
        if any(isinstance(part, Text) and part.quoted for part in mark.parts):
            return Word((Text(text, True),))
        return Word(tuple(_ShellReader(text)._double("")))

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

    def _double(self, close: str = '"') -> list[Part]:
        """Up to the closing quote, or all where there is none to be."""
        parts: list[Part] = [Text("", True)]
        while self.at < len(self.line):
            c = self.line[self.at]
            if c == close:
                self.at += 1
                return parts
            if c == "\\" and self.line[self.at + 1 : self.at + 2] in ("$", "`", close or "\\", "\\", "\n"):
                escaped = self.line[self.at + 1]
                parts.append(Text("" if escaped == "\n" else escaped, True))
                self.at += 2
            elif c in "$`":
                parts.append(self._dollar(quoted=True))
            else:
                parts.append(Text(c, True))
                self.at += 1
        if not close:
            return parts
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

    def _arithmetic(self, quoted: bool, opening: int = 3) -> Arithmetic:
        start = end = self.at + opening
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
        name = re.compile(r"\$\{(#?)([A-Za-z_][A-Za-z0-9_]*|[?$#@*!]|\d+)(?=[^A-Za-z0-9_])").match(self.line, self.at)
        if not name:
            raise ShellSyntaxError("bad substitution")
        self.at = name.end()
        operation, words = "length" if name.group(1) else "", list[Word]()
        if not operation and (found := _OPERATION.match(self.line, self.at)):
            operation, self.at = found.group(), found.end()
            ends = {":": ":}", "/": "/}", "//": "/}"}.get(operation, "}")
            words = [Word(tuple(self._parts(ends)))]
            while len(ends) == 2 and self.line[self.at : self.at + 1] == ends[0]:
                self.at += 1
                words.append(Word(tuple(self._parts("}"))))
        if self.line[self.at : self.at + 1] != "}":
            raise ShellSyntaxError("bad substitution")
        self.at += 1
        return Variable(name.group(2), quoted, operation, tuple(words))

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
