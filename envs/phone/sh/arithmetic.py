"""The whole numbers of ``$((…))``, as mksh reckons them: 32 bits, with C's operators."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping

_TOKEN = re.compile(
    r"\s*(0[xX][0-9a-fA-F]+|\d+|[A-Za-z_]\w*|<<=?|>>=?|<=|>=|==|!=|&&|\|\||\+\+|--|[-+*/%&|^]=|[-+*/%()<>&|^!~?:=,])"
)
_ASSIGNING = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="})
_LEVELS = tuple(map(str.split, ("||", "&&", "|", "^", "&", "== !=", "<= >= < >", "<< >>", "+ -", "* / %")))
_LONGEST = 1000


def _divided(a: int, b: int) -> int:
    if b == 0:
        raise ValueError("division by zero")
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


_OPERATIONS: Mapping[str, Callable[[int, int], int]] = {
    "||": lambda a, b: int(bool(a or b)), "&&": lambda a, b: int(bool(a and b)),
    "|": int.__or__, "^": int.__xor__, "&": int.__and__,
    "==": lambda a, b: int(a == b), "!=": lambda a, b: int(a != b),
    "<=": lambda a, b: int(a <= b), ">=": lambda a, b: int(a >= b),
    "<": lambda a, b: int(a < b), ">": lambda a, b: int(a > b),
    "<<": lambda a, b: a << (b & 31), ">>": lambda a, b: a >> (b & 31),
    "+": int.__add__, "-": int.__sub__, "*": int.__mul__, "/": _divided, "%": lambda a, b: a - b * _divided(a, b),
}  # fmt: skip


def evaluate(expression: str, variables: MutableMapping[str, str]) -> int:
    """The value of `expression`; a name is the number that the variable holds, 0 where it is not set.

    ``X = …``, ``X += …``, ``X++`` and ``--X`` set variables.

    Raises ValueError for what is no expression, and for a division by zero.
    """
    tokens, at = list[str](), 0
    while expression[at:].strip():
        found = _TOKEN.match(expression, at)
        if not found or len(tokens) > _LONGEST:
            raise ValueError("unexpected " + repr(expression[at : at + 10].strip()))
        tokens.append(found.group(1))
        at = found.end()
    reader = _Reader(tokens, variables)
    try:
        value = reader.choice() if tokens else 0
        while reader.tokens[:1] == [","]:
            reader.tokens.pop(0)
            value = reader.choice()
    except RecursionError as error:
        raise ValueError("too deeply nested") from error
    if reader.tokens:
        raise ValueError(f"unexpected {reader.tokens[0]!r}")
    return value


class _Reader:
    """Recursive descent; a wrong token is a ValueError."""

    def __init__(self, tokens: list[str], variables: MutableMapping[str, str]) -> None:
        self.tokens, self.variables = tokens, variables

    def _accept(self, *wanted: str) -> str:
        return self.tokens.pop(0) if self.tokens and self.tokens[0] in wanted else ""

    def _expect(self, wanted: str) -> None:
        if not self._accept(wanted):
            raise ValueError(f"{wanted!r} is missing")

    def choice(self) -> int:
        """``X = …``, ``a ? b : c``, or what binds closer."""
        if len(self.tokens) > 2 and _is_name(self.tokens[0]) and self.tokens[1] in _ASSIGNING:
            name, operator = self.tokens.pop(0), self.tokens.pop(0)[:-1]
            value = self.choice()
            return self._put(name, _OPERATIONS[operator](self._held(name), value) if operator else value)
        value = self._level(0)
        if not self._accept("?"):
            return value
        first = self.choice()
        self._expect(":")
        second = self.choice()
        return first if value else second

    def _level(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._one()
        value = self._level(level + 1)
        while operator := self._accept(*_LEVELS[level]):
            value = _wrapped(_OPERATIONS[operator](value, self._level(level + 1)))
        return value

    def _put(self, name: str, value: int) -> int:
        self.variables[name] = str(_wrapped(value))
        return _wrapped(value)

    def _one(self) -> int:
        step = self._accept("++", "--")
        if step and self.tokens and _is_name(self.tokens[0]):
            name = self.tokens.pop(0)
            return self._put(name, self._held(name) + (1 if step == "++" else -1))
        sign = self._accept("-", "+", "!", "~")
        if sign:
            value = self._one()
            return _wrapped({"-": -value, "+": value, "!": int(not value), "~": ~value}[sign])
        if self._accept("("):
            value = self.choice()
            self._expect(")")
            return value
        if not self.tokens:
            raise ValueError("unexpected end")
        token = self.tokens.pop(0)
        if token[0].isdigit():
            return _wrapped(_number(token))
        if not _is_name(token):
            raise ValueError(f"unexpected {token!r}")
        value = self._held(token)
        if step := self._accept("++", "--"):
            self._put(token, value + (1 if step == "++" else -1))
        return value

    def _held(self, token: str) -> int:
        held = self.variables.get(token, "").strip() or "0"
        if not re.fullmatch(r"-?(?:0[xX][0-9a-fA-F]+|\d+)", held):
            raise ValueError(f"{held[:40]!r} is no number")
        return _wrapped(_number(held))


def _is_name(token: str) -> bool:
    return token[0].isalpha() or token[0] == "_"


def _number(text: str) -> int:
    return int(text, 16 if "x" in text.lower() else 10)


def _wrapped(value: int) -> int:
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)
