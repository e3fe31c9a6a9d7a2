"""``awk``: patterns, actions, fields, arrays and the common functions of POSIX awk; no ``getline``, files or commands.

A program becomes Python closures over the state of a run. What is not understood is an error before anything is run.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from envs.phone.sh.interpreter import Command, CommandCall
from envs.phone.sh.text import basic_pattern, formatted, lines_of

Value = float | str
Expression = Callable[["_AwkRun"], Value]
Statement = Callable[["_AwkRun"], None]
_Place = tuple[Expression, Callable[["_AwkRun", Value], Value]]
_TOKEN = re.compile(
    r"(?:[ \t\r]|\\\n|#[^\n]*)*(?:(\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)|(\"(?:\\.|[^\"\\\n])*\")|([A-Za-z_]\w*)"
    r"|(\+\+|--|&&|\|\||[-+*/%^=!<>]=|!~|[-+*/%^!<>|?:~$=,;(){}\[\]\n]))"
)
_REGEX = re.compile(r"((?:\\.|\[(?:\\.|[^\]\\])+\]|[^/\\\n\[])+)/")
_LEVELS = (("||",), ("&&",), ("in",), ("~", "!~"), ("<", "<=", "==", "!=", ">", ">="), (" ",), ("+", "-"),
           ("*", "/", "%"))  # fmt: skip
_KEYWORDS = frozenset(
    {"BEGIN", "END", "function", "getline", "if", "else", "while", "for", "do", "in", "print", "printf", "next", "exit",
     "break", "continue", "delete", "return"})  # fmt: skip


class _Field(str):
    """Text from the input, which is a number where it looks like one."""


class _Leave(Exception):  # noqa: N818 - control flow
    """``next``, ``exit``, ``break`` or ``continue``."""


@dataclass
class _AwkRun:
    """The state of a run; the arrays and variables, the record in fields of which 0 is the whole."""

    call: CommandCall
    variables: dict[str, Value] = field(
        default_factory=lambda: {"FS": " ", "OFS": " ", "ORS": "\n", "NR": 0.0, "SUBSEP": "\x1c"}
    )
    arrays: dict[str, dict[str, Value]] = field(default_factory=dict)
    fields: list[Value] = field(default_factory=lambda: [""])
    status: int = 0
    keys: Iterator[str] = field(default_factory=lambda: iter(()))
    ranges: set[int] = field(default_factory=set)

    def step(self) -> None:
        """Count a step of those that the whole line may take. Raises ValueError after the last."""
        if next(self.call.shell.steps, None) is None:
            raise ValueError("a loop did not end")

    def record(self, line: str) -> None:
        self.fields = [_Field(line), *map(_Field, _parted(line, text(self.variables["FS"])))]
        self.variables["NF"] = float(len(self.fields) - 1)

    def put(self, number: int, value: Value) -> None:
        """Set a field and rebuild the record, or set the record and its fields."""
        if number == 0:
            return self.record(text(value))
        if not 0 < number < 10_000:
            raise ValueError("trying to access out of range field")
        self.fields += [""] * (number + 1 - len(self.fields))
        self.fields[number] = value
        self.variables["NF"] = float(len(self.fields) - 1)
        self.fields[0] = _Field(text(self.variables["OFS"]).join(map(text, self.fields[1:])))
        return None


def text(value: Value) -> str:
    """As awk writes a value."""
    if isinstance(value, str):
        return value
    return str(int(value)) if value == int(value) and abs(value) < 1e16 else f"{value:.6g}"


def number(value: Value) -> float:
    """The number that a value begins with, else 0."""
    if isinstance(value, float):
        return value
    found = re.match(r"\s*[-+]?(\d+\.?\d*([eE][-+]?\d+)?|\.\d+)", value)
    return float(found.group()) if found else 0.0


def _true(value: Value) -> bool:
    return bool(number(value)) if not isinstance(value, str) or (_numeric(value) and value) else bool(value)


def _numeric(value: Value) -> bool:
    if not isinstance(value, str):
        return True
    return (value == "" and not isinstance(value, _Field)) or (isinstance(value, _Field) and bool(
        re.fullmatch(r"\s*[-+]?(\d+\.?\d*([eE][-+]?\d+)?|\.\d+)\s*", value)))  # fmt: skip


def _parted(line: str, sign: str) -> list[str]:
    if sign == " ":
        return line.split()
    return (line.split(sign) if len(sign) == 1 else re.split(basic_pattern(sign, extended=True), line)) if line else []


def _compared(operator: str, one: Value, two: Value) -> float:
    pair = (number(one), number(two)) if _numeric(one) and _numeric(two) else (text(one), text(two))
    less, same = pair[0] < pair[1], pair[0] == pair[1]  # type: ignore[operator]
    return float({"<": less, "<=": less or same, "==": same, "!=": not same, ">": not (less or same),
                  ">=": not less}[operator])  # fmt: skip


def _reckoned(operator: str, one: Value, two: Value) -> Value:
    a, b = number(one), number(two)
    if operator in "/%" and b == 0:
        raise ValueError("division by zero")
    with suppress(OverflowError):
        return {"+": a + b, "-": a - b, "*": a * b}[operator] if operator in "+-*" else (
            a / b if operator == "/" else math.fmod(a, b) if operator == "%" else float(a**b))  # fmt: skip
    return math.inf


class _AwkParser:
    """Recursive descent; raises ValueError for what it does not understand."""

    def __init__(self, program: str) -> None:
        self.program, self.at = program, 0
        self.kind, self.word = 0, ""
        self.no_greater = False
        self.places: dict[int, tuple[_Place, tuple[int, int, str]]] = {}
        self.rules: list[tuple[str, Expression | None, Statement | None]] = []
        self.advance()

    def advance(self) -> str:
        """Go to the next token; the one that was at hand."""
        before = self.word
        found = _TOKEN.match(self.program, self.at)
        if not found:
            if self.program[self.at :].strip(" \t\r\n"):
                raise ValueError(f"syntax error at '{self.program[self.at :][:20]}'")
            self.kind, self.word = 0, ""
            return before
        self.at, self.kind = found.end(), found.lastindex or 0
        self.word = found.group(self.kind)
        return before

    def accept(self, *tokens: str) -> str:
        return self.advance() if self.kind in (3, 4) and self.word in tokens else ""

    def expect(self, token: str) -> None:
        if not self.accept(token):
            raise ValueError(f"syntax error at '{self.word or 'the end'}', '{token}' was expected")

    def ends(self) -> None:
        while self.accept(";", "\n"):
            pass

    def parse(self) -> list[tuple[str, Expression | None, Statement | None]]:
        self.ends()
        while self.kind:
            when = self.accept("BEGIN", "END")
            pattern = None if when or self.word == "{" else self.expression()
            if pattern and self.accept(","):
                pattern = _between(len(self.rules), pattern, self.expression())
            self.rules.append((when, pattern, self.block() if self.word == "{" else None))
            self.ends()
        return self.rules

    # -- statements

    def block(self) -> Statement:
        self.expect("{")
        body = []
        self.ends()
        while not self.accept("}"):
            body.append(self.statement())
            self.ends()

        def run(state: _AwkRun) -> None:
            for one in body:
                one(state)

        return run

    def statement(self) -> Statement:
        if self.word == "{" and self.kind == 4:
            return self.block()
        word = self.accept("if", "while", "for", "print", "printf", "next", "exit", "break", "continue", "delete")
        if word in ("print", "printf"):
            return self.print(word)
        if word == "if":
            return self.branch()
        if word == "while":
            return self.loop(self.condition(), None)
        if word == "for":
            return self.counted()
        if word == "delete":
            return self.delete()
        if word:
            value = self.expression() if word == "exit" and self.word not in (";", "}", "\n", "") else None
            return _leaving(word, value)
        value = self.expression()
        return _stepping(value)

    def condition(self) -> Expression:
        self.expect("(")
        value = self.expression()
        self.expect(")")
        return value

    def body(self) -> Statement:
        while self.accept("\n"):
            pass
        return (lambda state: None) if self.accept(";") else self.statement()

    def branch(self) -> Statement:
        condition, then = self.condition(), self.body()
        at = self.at, self.kind, self.word
        self.ends()
        otherwise: Statement | None = None
        if self.accept("else"):
            otherwise = self.body()
        else:
            self.at, self.kind, self.word = at

        def run(state: _AwkRun) -> None:
            if _true(condition(state)):
                then(state)
            elif otherwise:
                otherwise(state)

        return run

    def loop(self, condition: Expression, after: Statement | None) -> Statement:
        body = self.body()

        def run(state: _AwkRun) -> None:
            while _true(condition(state)):
                state.step()
                try:
                    body(state)
                except _Leave as leave:
                    if str(leave) == "break":
                        return
                    if str(leave) != "continue":
                        raise
                if after:
                    after(state)

        return run

    def counted(self) -> Statement:
        """``for (KEY in ARRAY)`` or ``for (START; CONDITION; STEP)``."""
        self.expect("(")
        if found := re.compile(r"\s*in\s+([A-Za-z_]\w*)\s*\)").match(self.program, self.at):
            name, self.at = self.word, found.end()
            self.advance()
            return self.each(name, found.group(1))
        first = None if self.word == ";" else self.statement()
        self.expect(";")
        condition: Expression = (lambda state: 1.0) if self.word == ";" else self.expression()
        self.expect(";")
        after = None if self.word == ")" else self.statement()
        self.expect(")")
        loop = self.loop(condition, after)
        return lambda state: (first(state) if first else None, loop(state))[-1]

    def each(self, name: str, array: str) -> Statement:
        def following(state: _AwkRun) -> Value:
            key = next(state.keys, None)
            state.variables[name] = state.variables.get(name, "") if key is None else _Field(key)
            return float(key is not None)

        loop = self.loop(following, None)

        def run(state: _AwkRun) -> None:
            kept, state.keys = state.keys, iter(list(state.arrays.get(array, ())))
            loop(state)
            state.keys = kept

        return run

    def delete(self) -> Statement:
        name = self.advance()
        if not self.accept("["):
            return _deleting(name, None)
        return _deleting(name, self.keys())

    def print(self, word: str) -> Statement:
        values = self.printed()
        if self.word in (">", "|") or (word == "printf" and not values):
            raise ValueError(f"syntax error at '{self.word}': awk here writes to its output only")

        def run(state: _AwkRun) -> None:
            state.step()
            said = [value(state) for value in values]
            if word == "printf":
                state.call.out(formatted(text(said[0]), [text(value) for value in said[1:]]))
            else:
                signs = [text(state.variables[name]) for name in ("OFS", "ORS")]
                state.call.out(
                    signs[0].join(map(text, said)) + signs[1] if values else text(state.fields[0]) + signs[1]
                )

        return run

    def printed(self) -> list[Expression]:
        """What is to be written, which may be in brackets."""
        ends, kept = (";", "}", "\n", "", ">", "|"), (self.at, self.kind, self.word)
        if self.accept("("):
            values = self.several()
            self.expect(")")
            if self.word in ends:
                return values
            self.at, self.kind, self.word = kept
        self.no_greater = True
        values = [] if self.word in ends else self.several()
        self.no_greater = False
        return values

    def several(self) -> list[Expression]:
        """Expressions parted by commas, which may be in brackets together."""
        found = [self.expression()]
        while self.accept(","):
            self.ends()
            found.append(self.expression())
        return found

    # -- expressions

    def expression(self) -> Expression:
        assignment = self.target()
        if assignment:
            return assignment
        condition = self.level(0)
        if not self.accept("?"):
            return condition
        one = self.expression()
        self.expect(":")
        two = self.expression()
        return lambda state: one(state) if _true(condition(state)) else two(state)

    def target(self) -> Expression | None:
        """An assignment, where one begins here."""
        kept = self.at, self.kind, self.word
        if not (self.kind == 3 and self.word not in _KEYWORDS and self.word not in _FUNCTIONS) and self.word != "$":
            return None
        place = self.place()
        operator = self.accept("=", "+=", "-=", "*=", "/=", "%=", "^=")
        if not operator:
            self.at, self.kind, self.word = kept
            return None
        value, get, put = self.expression(), *place
        if operator == "=":
            return lambda state: put(state, value(state))
        return lambda state: put(state, _reckoned(operator[0], get(state), value(state)))

    def level(self, level: int) -> Expression:
        if level == len(_LEVELS):
            return self.unary()
        value = self.level(level + 1)
        while operator := self.operator(_LEVELS[level]):
            if operator == "in":
                value = _contained(value, self.advance())
            else:
                value = _combined(operator, value, self.level(level + 1))
        return value

    def operator(self, operators: tuple[str, ...]) -> str:
        if operators == (" ",):  # two values side by side
            begins = self.kind in (1, 2) or self.word in ("$", "(", "!", "-", "+", "++", "--") or (
                self.kind == 3 and self.word not in _KEYWORDS)  # fmt: skip
            return " " if begins and self.word not in ("+", "-") else ""
        if self.no_greater and self.word == ">":
            return ""
        return self.accept(*operators)

    def unary(self) -> Expression:
        if sign := self.accept("!", "-", "+"):
            value = self.unary()
            return lambda state: float(not _true(value(state))) if sign == "!" else (
                -number(value(state)) if sign == "-" else number(value(state)))  # fmt: skip
        base = self.primary()
        if self.accept("^"):
            power = self.unary()
            return lambda state: _reckoned("^", base(state), power(state))
        return base

    def primary(self) -> Expression:
        if self.kind == 1:
            constant: Value = float(self.advance())
            return lambda state: constant
        if self.kind == 2:
            constant = _unquoted(self.advance()[1:-1])
            return lambda state: constant
        if self.word in ("/", "/="):
            return self.regex()
        if self.accept("("):
            kept, self.no_greater = self.no_greater, False
            values = self.several()
            self.expect(")")
            self.no_greater = kept
            return values[0] if len(values) == 1 else self.grouped(values)
        if step := self.accept("++", "--"):
            get, put = self.place()
            return lambda state: put(state, _reckoned(step[0], get(state), 1.0))
        if self.kind == 3 and self.word in _FUNCTIONS:
            return self.function()
        if (self.kind != 3 or self.word in _KEYWORDS) and self.word != "$":
            raise ValueError(f"syntax error at '{self.word or 'the end'}'")
        get, put = self.place()
        if step := self.accept("++", "--"):
            return lambda state: (number(get(state)), put(state, _reckoned(step[0], get(state), 1.0)))[0]
        return get

    def grouped(self, values: list[Expression]) -> Expression:
        """``(a, b) in array`` or, after ``print``, a list in brackets."""
        if self.accept("in"):
            return _contained(lambda state: "\x1c".join(text(value(state)) for value in values), self.advance())
        return lambda state: text(state.variables["OFS"]).join(text(value(state)) for value in values)

    def regex(self) -> Expression:
        found = _REGEX.match(self.program, self.at - len(self.word) + 1)
        if not found:
            raise ValueError("non-terminated regular expression")
        self.at = found.end()
        self.advance()
        pattern = re.compile(basic_pattern(found.group(1).replace(r"\/", "/"), extended=True))
        return _Regex(pattern)

    def place(self) -> _Place:
        """How to read and to set a variable, an element of an array or a field; read once, also when asked again."""
        start = self.at
        if start not in self.places:
            self.places[start] = (self._new_place(), (self.at, self.kind, self.word))
        place, (self.at, self.kind, self.word) = self.places[start]
        return place

    def _new_place(self) -> _Place:
        if self.accept("$"):
            return _field_place(self.unary_field())
        name = self.advance()
        if not re.fullmatch(r"[A-Za-z_]\w*", name) or name in _KEYWORDS:
            raise ValueError(f"syntax error at '{name}'")
        if self.accept("["):
            return _element_place(name, self.keys())
        return _variable_place(name)

    def unary_field(self) -> Expression:
        if sign := self.accept("++", "--", "-"):
            value = self.primary()
            return lambda state: _reckoned(
                sign[0], value(state) if len(sign) > 1 else 0.0, 1.0 if len(sign) > 1 else value(state)
            )
        if self.kind == 3 and self.word not in _FUNCTIONS:
            return self.place()[0]
        return self.primary()

    def keys(self) -> Callable[[_AwkRun], str]:
        values = self.several()
        self.expect("]")
        return lambda state: "\x1c".join(text(value(state)) for value in values)

    def function(self) -> Expression:
        name = self.advance()
        if name == "length" and self.word != "(":
            return lambda state: float(len(text(state.fields[0])))
        self.expect("(")
        array = self.word if name in ("split", "length") else ""
        values = [] if self.word == ")" else [self.expression()]
        while self.accept(","):
            if name == "split" and len(values) == 1:
                array = self.advance()
                values.append(lambda state: "")
            elif name in ("sub", "gsub") and len(values) == 2:
                place = self.place()
                self.expect(")")
                return _substituting(name, values[0], values[1], place)
            else:
                values.append(self.expression())
        self.expect(")")
        if name in ("sub", "gsub"):
            return _substituting(name, values[0], values[1], _field_place(lambda state: 0.0))
        make = _FUNCTIONS[name]
        return lambda state: make(state, values, array)


class _Regex:
    """``/…/``: whether the record matches; other operators take its `pattern`."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern

    def __call__(self, state: _AwkRun) -> Value:
        return float(self.pattern.search(text(state.fields[0])) is not None)


def _pattern_of(value: Expression, state: _AwkRun) -> re.Pattern[str]:
    if isinstance(value, _Regex):
        return value.pattern
    try:
        return re.compile(basic_pattern(text(value(state)), extended=True))
    except re.error as error:
        raise ValueError(f"bad pattern: {error}") from error


def _combined(operator: str, one: Expression, two: Expression) -> Expression:
    if operator == "||":
        return lambda state: float(_true(one(state)) or _true(two(state)))
    if operator == "&&":
        return lambda state: float(_true(one(state)) and _true(two(state)))
    if operator in ("~", "!~"):
        return lambda state: float((_pattern_of(two, state).search(text(one(state))) is None) == (operator == "!~"))
    if operator == " ":
        return lambda state: _bounded(text(one(state)) + text(two(state)))
    if operator in ("+", "-", "*", "/", "%"):
        return lambda state: _reckoned(operator, one(state), two(state))
    return lambda state: _compared(operator, one(state), two(state))


def _bounded(value: str) -> str:
    if len(value) > 1 << 20:
        raise ValueError("a string is too long")
    return value


def _contained(key: Expression, array: str) -> Expression:
    return lambda state: float(text(key(state)) in state.arrays.get(array, {}))


def _between(rule: int, first: Expression, last: Expression) -> Expression:
    """From a record for which `first` holds to one for which `last` does."""

    def run(state: _AwkRun) -> Value:
        if rule not in state.ranges and not _true(first(state)):
            return 0.0
        (state.ranges.discard if _true(last(state)) else state.ranges.add)(rule)
        return 1.0

    return run


def _stepping(value: Expression) -> Statement:
    def run(state: _AwkRun) -> None:
        state.step()
        value(state)

    return run


def _deleting(name: str, key: Callable[[_AwkRun], str] | None) -> Statement:
    def run(state: _AwkRun) -> None:
        if key is None:
            state.arrays.pop(name, None)
        else:
            state.arrays.get(name, {}).pop(key(state), None)

    return run


def _leaving(word: str, value: Expression | None) -> Statement:
    def run(state: _AwkRun) -> None:
        state.status = int(number(value(state))) & 0xFF if value else state.status
        raise _Leave(word)

    return run


def _variable_place(name: str) -> _Place:
    def put(state: _AwkRun, value: Value) -> Value:
        state.variables[name] = value
        return value

    return lambda state: state.variables.get(name, ""), put


def _element_place(name: str, key: Callable[[_AwkRun], str]) -> _Place:
    def put(state: _AwkRun, value: Value) -> Value:
        state.arrays.setdefault(name, {})[key(state)] = value
        return value

    return lambda state: state.arrays.setdefault(name, {}).setdefault(key(state), ""), put


def _field_place(at: Expression) -> _Place:
    def get(state: _AwkRun) -> Value:
        n = int(number(at(state)))
        if n < 0:
            raise ValueError(f"trying to access out of range field {n}")
        return state.fields[n] if n < len(state.fields) else ""

    def put(state: _AwkRun, value: Value) -> Value:
        state.put(int(number(at(state))), value)
        return value

    return get, put


def _substituting(name: str, pattern: Expression, text_: Expression, place: _Place) -> Expression:
    def run(state: _AwkRun) -> Value:
        into = text(text_(state))

        def filled(m: re.Match[str]) -> str:
            return re.sub(r"\\(&|\\)|&", lambda mark: mark.group(1) or m.group(), into)

        changed, count = _pattern_of(pattern, state).subn(filled, text(place[0](state)), count=int(name == "sub"))
        if count:
            place[1](state, _bounded(changed))
        return float(count)

    return run


def _split(state: _AwkRun, values: list[Expression], array: str) -> Value:
    whole = text(values[0](state))
    sign = values[2] if len(values) > 2 else None
    if isinstance(sign, _Regex):
        parts = sign.pattern.split(whole) if whole else []
    else:
        parts = _parted(whole, text(sign(state) if sign else state.variables["FS"]))
    state.arrays[array] = {str(n): _Field(part) for n, part in enumerate(parts, 1)}
    return float(len(parts))


def _substring(state: _AwkRun, values: list[Expression], array: str) -> Value:
    whole, start = text(values[0](state)), round(number(values[1](state)))
    end = start + round(number(values[2](state))) if len(values) > 2 else len(whole) + 1
    return whole[max(start, 1) - 1 : max(end, 1) - 1]


def _match(state: _AwkRun, values: list[Expression], array: str) -> Value:
    found = _pattern_of(values[1], state).search(text(values[0](state)))
    state.variables["RSTART"] = float(found.start() + 1) if found else 0.0
    state.variables["RLENGTH"] = float(len(found.group())) if found else -1.0
    return state.variables["RSTART"]


def _length(state: _AwkRun, values: list[Expression], array: str) -> Value:
    return float(len(state.arrays[array] if array in state.arrays else text(values[0](state))))


def _plain(function: Callable[..., Value]) -> Callable[[_AwkRun, list[Expression], str], Value]:
    return lambda state, values, array: function(*(value(state) for value in values))


_FUNCTIONS: Mapping[str, Callable[[_AwkRun, list[Expression], str], Value]] = {
    "length": _length, "split": _split, "substr": _substring, "match": _match, "sub": _length, "gsub": _length,
    "index": _plain(lambda one, two: float(text(one).find(text(two)) + 1)),
    "tolower": _plain(lambda value: text(value).lower()), "toupper": _plain(lambda value: text(value).upper()),
    "int": _plain(lambda value: float(int(number(value)))), "sqrt": _plain(lambda value: math.sqrt(number(value))),
    "sprintf": _plain(lambda form, *values: formatted(text(form), [text(value) for value in values])),
}  # fmt: skip


def _unquoted(inside: str) -> str:
    marks = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a"}
    return re.sub(r"\\(.)", lambda m: marks.get(m.group(1), m.group(1) if m.group(1) in '"\\/' else m.group()), inside)


def awk(call: CommandCall) -> int:
    """``awk [-F SIGN] [-v NAME=VALUE] PROGRAM [FILES]``."""
    words, state = list(call.argv[1:]), _AwkRun(call)
    try:
        while words and (m := re.fullmatch(r"-([Fvf])(.*)", words[0], re.DOTALL)):
            words.pop(0)
            value = m.group(2) or words.pop(0)
            if m.group(1) == "f":
                words.insert(0, "\n".join(lines_of(call, [value])))
                break
            name, _, value = ("FS", "", value) if m.group(1) == "F" else value.partition("=")
            state.variables[name] = _Field(_unquoted("\t" if (name, value) == ("FS", "t") else value))
        rules = _AwkParser(words.pop(0)).parse()
        _run(state, rules, words)
    except (ValueError, IndexError, TypeError, OverflowError, RecursionError, re.error) as error:
        return call.fail(str(error) or "usage: awk [-F fs] [-v var=value] program [file ...]", 2)
    return state.status


def _run(state: _AwkRun, rules: list[tuple[str, Expression | None, Statement | None]], names: list[str]) -> None:
    with suppress(_Leave):
        for when, _, action in rules:
            if when == "BEGIN" and action:
                action(state)
        if any(when != "BEGIN" for when, _, _ in rules):
            for line in lines_of(state.call, names):
                _each(state, rules, line)
    with suppress(_Leave):
        for when, _, action in rules:
            if when == "END" and action:
                action(state)


def _each(state: _AwkRun, rules: list[tuple[str, Expression | None, Statement | None]], line: str) -> None:
    state.variables["NR"] = state.variables["FNR"] = number(state.variables["NR"]) + 1
    state.record(line)
    try:
        for when, pattern, action in rules:
            if not when and (pattern is None or _true(pattern(state))):
                if action:
                    action(state)
                else:
                    state.call.out(text(state.fields[0]) + "\n")
    except _Leave as leave:
        if str(leave) != "next":
            raise


AWK: Mapping[str, Command] = {"awk": awk}
