"""Actions as calls: ``click(start_box='(197,525)')``, ``do(action="Tap", element=[x, y])``. Read, never evaluated.

One reader for the arguments of a call and one grammar over it; a family brings two tables, what its calls mean and
how to write them. Time is linear in the text, and depth and number of values are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Template
from typing import Any, ClassVar

from pydantic import ValidationError

from actions.action import AnyAction
from actions.frame import Point
from agent.models.dialects.brackets import BracketReader, Unreadable
from agent.models.dialects.dialect import (
    Actions,
    ParsedAnswer,
    ParsedPlace,
    PlaceParser,
    UnsupportedAction,
    View,
    answer_of,
)
from agent.models.dialects.points import numbers_in, place_of
from agent.models.dialects.sentences import NOT_ITS_OWN, after_words, before_words
from agent.models.dialects.tool_call import Args

MAX_TEXT = 2_000_000
_MAX_CALLS, _LINGER = 32, 256
_NAME = re.compile(r"([A-Za-z_]\w{0,40})\s*=\s*")
_WORD = re.compile(r"[A-Za-z_][\w.]{0,80}")
_NUMBER = re.compile(r"[-+]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})(?![\w.])")
_STRICT = {q: re.compile(rf"{q}[^{q}\\]*+(?:\\.[^{q}\\]*+)*+{q}", re.DOTALL) for q in "'\""}
_QUOTES = {q: re.compile(q) for q in "'\""}
_FOLLOWS = re.compile(r"\s*(?:[,\])}]|\Z)")
_ENDS = re.compile(r"\s*(?:\)+\s*(?:\n|\Z|</|```|<\|)|,\s*[A-Za-z_]\w*\s*=)")
_SWALLOWED = re.compile(r"['\"\u2018-\u201d]\s{0,4},\s{0,4}\w{1,40}\s{0,4}=\s{0,4}['\"\u2018-\u201d]")
_ANOTHER = re.compile(r"['\"]\s{0,4},\s{0,4}[^\w\s]?[^\W\d]\w{0,39}\s{0,4}=")
_OVER = re.compile(r"</(?:action|answer)>")
_CLOSED = re.compile(r"\s*\)+[\s;,]*")
_UNKNOWN = re.compile(r"^[ \t]{0,40}[A-Za-z_][\w.]{0,60}\([^\n]{0,500}\)[ \t]{0,40}$", re.MULTILINE)
_FENCE = re.compile(r"```(?:python|json|\w{0,10}\n)?|^[ \t]*(?:#|import )[^\n]*$", re.MULTILINE)
"""What may stand between the marker and the action: fences, comments, imports."""
_BLOCK = (
    r"^[ \t]{0,40}(?:for|while|if|elif|else|with|try|def)\b[^\n]{0,200}:[ \t]*\n"
    r"(?:[ \t][^\n]{0,200}\n){0,8}?[ \t]{1,40}"
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "\n": ""}
_WORDS: dict[str, Any] = {"true": True, "false": False, "none": None, "null": None}


@dataclass(frozen=True)
class NestedCall:
    """A call among the arguments of another."""

    name: str
    values: Mapping[str, Any]


class _CallReader(BracketReader):
    """Reads the arguments of one call; `at` is behind its opening bracket. A `raw` family escapes nothing."""

    outer: ClassVar[str] = ")"

    def __init__(self, text: str, at: int, ended: bool, raw: bool, heads: re.Pattern[str]) -> None:
        super().__init__(text, at, ended)
        self.raw, self.heads = raw, heads

    def arguments(self, depth: int = 0) -> dict[str, Any]:
        """The arguments by name, those without one under "0", "1", …"""
        found: dict[str, Any] = {}
        self.members(")", depth, lambda: self.put(found, self._name(len(found)), self.value(depth + 1)))
        if not found and not self.closed:
            self.fail("the call is only begun")
        return found

    def _name(self, position: int) -> str:
        named = _NAME.match(self.text, self.at)
        self.at = named.end() if named else self.at
        return named.group(1) if named else str(position)

    def value(self, depth: int) -> Any:
        self.skip()
        self.count(depth)
        if self.here in ("'", '"'):
            return self._raw_string(self.here) if self.raw and depth == 1 else self._string(self.here)
        if self.here in ("[", "("):
            return self.items(depth)
        number = _NUMBER.match(self.text, self.at)
        if number is None:
            return self._word(depth)
        self.at = number.end()
        if self.at >= len(self.text):
            self.fail("a number may be cut off")
        return float(number.group()) if "." in number.group() else int(number.group())

    def _word(self, depth: int) -> Any:
        word = _WORD.match(self.text, self.at)
        if word is None:
            return self.fail("no value")
        self.at = word.end()
        if self.here == "(":
            self.at += 1
            return NestedCall(word.group(), self.arguments(depth + 1))
        if word.group().lower() in _WORDS:
            return _WORDS[word.group().lower()]
        if self.at >= len(self.text):
            self.fail("a word may be cut off")
        self.note("a text without quotes")
        return word.group()

    def _string(self, quote: str) -> str:
        match = _STRICT[quote].match(self.text, self.at)
        if match and _FOLLOWS.match(self.text, match.end()):
            inner, self.at = match.group()[1:-1], match.end()
            if self.at >= len(self.text) and not self.ended:
                self.fail("cut off")
        else:
            inner = self._until_end(quote)
            self.note("a quote in the text was not escaped")
        if _SWALLOWED.search(inner):
            self.note("a text that looks as if it held another argument")
        return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m.group(1), m.group()), inner, flags=re.DOTALL)

    def _raw_string(self, quote: str) -> str:
        """A text of a family that escapes nothing: it ends with the quote that ends the argument."""
        inner = self._until_end(quote)
        if inner.startswith(quote) or inner.endswith((quote, "\\")):
            self.note("a quote at the end of the text was read as part of it")
        return inner

    def _until_end(self, quote: str) -> str:
        start = self.at + 1
        for match in _QUOTES[quote].finditer(self.text, start):
            at = match.start()
            escaped = not self.raw and self.text[at - 1] == "\\"
            if not escaped and self._ends(at + 1):
                self.at = at + 1
                return self._one_text(self.text[start:at], quote)
        return str(self.fail("a text is cut off"))

    def _ends(self, at: int) -> bool:
        closed = _CLOSED.match(self.text, at)
        return bool(_ENDS.match(self.text, at) or (closed and self.heads.match(self.text, closed.end())))

    def _one_text(self, inner: str, quote: str) -> str:
        """`inner`, if no call ends in it. Raises `Unreadable`."""
        closed = re.search(rf"{quote}\s*\)", inner)
        ends = re.finditer(rf"{quote}\W+", inner)
        if (closed and self.heads.search(inner, closed.end())) or any(self.heads.match(inner, m.end()) for m in ends):
            raise Unreadable("a text that holds the next call")
        if not self.raw and re.search(rf"{quote}(?:\s{{0,4}}\+\s{{0,4}}|\s{{1,4}}){quote}", inner):
            raise Unreadable("two texts where one is wanted")
        if (_ANOTHER if self.raw else _SWALLOWED).search(inner):
            raise Unreadable("a text that holds another argument")
        return inner


class CallArgs(Args):
    """The arguments of one call; a name that the family uses besides its first one needs no note."""

    def get(self, *names: str) -> Any:
        """The first argument among `names` that is there; None for none."""
        for name in names:
            if self.values.get(name) is not None:
                self.used.add(name)
                return self.values[name]
        return None

    def place(self, *names: str) -> Point | None:
        """The point under `names`, from two numbers or the middle of four; None for none. Raises `Unreadable`."""
        if self.view.described is not None:
            return super().place(*names)
        numbers = self.place_numbers(*names)
        return place_of(numbers, self.view, self.notes)[0] if numbers else None

    def place_numbers(self, *names: str) -> list[float]:
        """The two or four numbers of the place under `names`; empty for none. Raises `Unreadable`."""
        value = self.get(*names)
        numbers = [] if value is None else _flat(value)
        if value is not None and len(numbers) not in (2, 4):
            raise Unreadable(f"{names[0]!r} is no place: {str(value)[:60]!r}")
        return numbers

    def number(self, *names: str) -> float | None:
        """A finite number under `names`; None for none, or for an empty text. Raises `Unreadable`."""
        return None if self.get(*names) == "" else super().number(*names)

    def xy(self, *names: str) -> Point:
        """The point under two names: ``x`` and ``y``, or the first two arguments. Raises `Unreadable`."""
        x, y = map(self.number, names) if names else (self.number("x", "0"), self.number("y", "1"))
        if x is None or y is None:
            raise Unreadable("x and y are missing")
        return self.view.point(x, y, self.notes)


def _flat(value: Any, depth: int = 0) -> list[float]:
    """The numbers of a place: a text, a list, or a list in a list; empty for anything else."""
    if isinstance(value, str):
        return numbers_in(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return [float(value)]
    if isinstance(value, dict) and set(value) == {"x", "y"}:
        value = [value["x"], value["y"]]
    if not isinstance(value, list) or depth > 2 or len(value) > 4:
        return []
    parts = [_flat(part, depth + 1) for part in value]
    return [number for part in parts for number in part] if all(parts) else []


ReadCall = Callable[[CallArgs], Actions]
WriteCall = Callable[[AnyAction, View], str | None]


@dataclass(frozen=True)
class CallGrammar:
    """The grammar over one family's calls.

    `read` says what each call means, by its name, or by its argument `by` where that is given; `heads` are then the
    names of the calls. `write` is an action's call, or None. The action stands behind the first of `markers` that is
    there. `answer` is the whole answer, over ``$call`` and ``$said`` (what kind of action it is). A `raw` family
    escapes nothing in its texts (but in lists). `sequence` is the call that holds several in order. Arguments in
    `ignored` say nothing needed. `places` reads places.
    """

    read: Mapping[str, ReadCall]
    write: WriteCall
    places: PlaceParser
    markers: tuple[str, ...] = ()
    answer: str = "${call}"
    by: str = ""
    heads: tuple[str, ...] = ()
    raw: bool = False
    ignored: tuple[str, ...] = ()
    sequence: str = ""

    def parse(self, text: str, view: View, ended: bool) -> ParsedAnswer:
        """The one action in `text`. Raises `Unreadable`."""
        if len(text) > MAX_TEXT:
            raise Unreadable(f"the answer is {len(text)} characters long")
        start, notes = self._start(text)
        calls = self._calls(text, start, ended)
        if not calls:
            short = " ".join(text[:200].split())[:80]
            raise Unreadable(f"no action in the answer: {short!r}" if short else "the answer is empty")
        thought = _thought(text[: calls[0][3]], self.markers)
        return answer_of(calls, view, lambda call, at: self._action(*call[:3], at), thought, notes)

    def _start(self, text: str) -> tuple[int, list[str]]:
        """Where the action is to be looked for."""
        found = [at + len(marker) for marker in self.markers if (at := text.find(marker)) >= 0]
        if found:
            return min(found), []
        return 0, [f"no {self.markers[0].strip()} before the action"] if self.markers else []

    def _calls(self, text: str, start: int, ended: bool) -> list[tuple[str, _CallReader, dict[str, Any], int]]:
        found: list[tuple[str, _CallReader, dict[str, Any], int]] = []
        at, heads, passed = start, _head_of((*(self.heads or self.read), *filter(None, (self.sequence,)))), 0
        following = re.compile(rf"[\s;,]*(?:{heads.pattern})", re.IGNORECASE)
        if re.search(_BLOCK + heads.pattern, text[start:], re.MULTILINE):
            raise Unreadable("an action within a loop, a condition or another block")
        while len(found) < _MAX_CALLS:
            head = heads.search(text, at)
            if head is None or (found and _OVER.search(text, at, head.start())):
                if passed and not found:
                    raise Unreadable(f"no action in the answer: {NOT_ITS_OWN}")
                over = _OVER.search(text, at)
                if found and _UNKNOWN.search(text, at, over.start() if over else len(text)):
                    raise Unreadable("an unknown action stands after a known one")
                return found
            if start and not found and re.search(r"\w", _FENCE.sub("", text[start : head.start()][:2000])):
                raise Unreadable("the action does not begin where it should")
            if _UNKNOWN.search(text, at if found else start, head.start()):
                raise Unreadable("an unknown action stands before a known one")
            if after_words(text, head.start(), found[-1][1].at if found else start):
                at, passed = _line_end(text, head.end()), passed + 1
                continue
            reader = _CallReader(text, head.end(), ended, self.raw, heads)
            try:
                values = reader.arguments()
            except Unreadable as error:
                raise Unreadable(f"the call cannot be read: {error}") from error
            if before_words(text, reader.at, following):
                at, passed = _line_end(text, reader.at), passed + 1
                continue
            calls = self._in_order(head.group(1), values)
            found += [(name, reader, arguments, head.start()) for name, arguments in calls]
            at = reader.at
        raise Unreadable(f"more than {_MAX_CALLS} calls in the answer")

    def _in_order(self, name: str, values: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """A call, or those that a sequence is of. Raises `Unreadable`."""
        if not self.sequence or name != self.sequence:
            return [(name, values)]
        inner = values.get("actions")
        if len(values) != 1 or not isinstance(inner, list) or not inner:
            raise Unreadable(f"{name} must have actions=[...] and nothing else")
        if not all(isinstance(call, NestedCall) for call in inner):
            raise Unreadable(f"{name} holds something that is no action")
        return [(call.name, dict(call.values)) for call in inner]

    def _action(
        self, head: str, reader: _CallReader, values: Mapping[str, Any], view: View
    ) -> tuple[Actions, list[str]]:
        named = values.get(self.by) if self.by else None
        name = named if isinstance(named, str) else head
        known = _named(name, self.read)
        if known is None:
            raise Unreadable(f"unknown action {name[:40]!r}; there are: {', '.join(self.read)}")
        notes = list(dict.fromkeys(reader.notes)) + ([f"{name!r} was read as {known!r}"] if known != name else [])
        args = CallArgs(values, view, True, notes)
        try:
            action = self.read[known](args)
        except ValidationError as error:
            raise Unreadable(f"{known}: {error.errors()[0]['msg']}") from error
        args.refuse_unused(known, (*self.ignored, self.by))
        return action, notes

    def format_call(self, action: AnyAction, view: View) -> str:
        """The call alone. Raises `UnsupportedAction`."""
        call = self.write(action, view)
        if call is None:
            raise UnsupportedAction(f"there are no words for: {action!r}")
        return call

    def format(self, action: AnyAction, view: View) -> str:
        """The whole answer. Raises `UnsupportedAction`."""
        call = self.format_call(action, view)
        return Template(self.answer).substitute(call=call, said=kind_of(action))

    def parse_place(self, text: str, view: View, ended: bool) -> ParsedPlace:
        """The place, or the refusal, in `text`. Raises `Unreadable`."""
        return self.places.parse_place(text, view, ended)

    def completion_check(self) -> Callable[[str], bool]:
        """True once a whole call has come and what follows it has had room to show a second one."""
        return CallCompletion(self.complete, ")").feed

    def complete(self, text: str) -> bool:
        """Whether there is a whole call in `text`."""
        try:
            start, notes = self._start(text)
            return not notes and bool(self._calls(text, start, ended=False))
        except Unreadable:
            return False


class CallCompletion:
    """Follows an answer as it streams in; asks `complete` of the text so far a bounded number of times."""

    def __init__(self, complete: Callable[[str], bool], closer: str) -> None:
        self.complete, self.closer, self.text, self.tries, self.after = complete, closer, "", 64, -1

    def feed(self, piece: str) -> bool:
        """Take the next `piece`; True once the action was whole and what followed had room to show a second one."""
        if self.after >= 0:
            self.after += len(piece)
            return self.after > _LINGER
        self.text += piece
        if self.closer in piece and self.tries and len(self.text) < 50_000:
            self.tries -= 1
            self.after = 0 if self.complete(self.text) else -1
        return False


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


_HEADS: dict[tuple[str, ...], re.Pattern[str]] = {}


def _head_of(names: tuple[str, ...]) -> re.Pattern[str]:
    """What a call to one of `names` begins with."""
    if names not in _HEADS:
        either = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
        _HEADS[names] = re.compile(rf"(?<![\w.])({either})\s*\(", re.IGNORECASE)
    return _HEADS[names]


def _named(name: str, known: Mapping[str, Any]) -> str | None:
    if name in known:
        return name
    folded = {key.casefold().replace("_", " "): key for key in known}
    return folded.get(name.strip().casefold().replace("_", " "))


def _thought(before: str, markers: tuple[str, ...]) -> str:
    said = before[:20_000]
    for marker in (*markers, "```"):
        said = said.replace(marker, " ")
    return said.strip().removeprefix("Thought:").removeprefix("thoughts:").strip()


def kind_of(action: AnyAction) -> str:
    """What kind of action it is, in a word or two; never anything that it says, which could look like a call."""
    return f"The next step is to {action.type.replace('_', ' ')}."


def quoted(text: str, quote: str = "'") -> str:
    """`text` as a literal, escaped as Python would: the inverse of what is read."""
    for sign, escape in (("\\", "\\\\"), (quote, "\\" + quote), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(sign, escape)
    return f"{quote}{text}{quote}"


def unescaped(text: str, quote: str = "'") -> str:
    """`text` as a literal of a `raw` family. Raises `UnsupportedAction` for one that could end too early."""
    ends = re.search(rf"[\n\r]|{quote}\s*[,)]", text) or text.startswith(quote) or text.endswith((quote, "\\"))
    if ends or _ANOTHER.search(text):
        raise UnsupportedAction(
            "the family has no way to write a text with a line break, or quotes at its ends or before a bracket"
        )
    return f"{quote}{text}{quote}"
