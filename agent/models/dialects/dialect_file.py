"""A dialect as a TOML file: prompts, coordinates, resize rule, form of the answers, names of actions, history.

A file is checked whole when it is read, and built on the grammars of the families. docs/dialects.md describes it.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from pathlib import Path
from string import Template
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from agent.core.model import ModelError
from agent.models.dialects.action_dicts import DictGrammar, python_literal
from agent.models.dialects.call_syntax import CallGrammar
from agent.models.dialects.common import EXTRACT
from agent.models.dialects.conversation import ALL, Conversation
from agent.models.dialects.dialect import IMAGE, Dialect, Grammar, Platform, PromptTemplate, Space
from agent.models.dialects.fields import FieldGrammar
from agent.models.dialects.points import ANY, Places
from agent.models.dialects.resize import PaddedCanvas, Resize, SideLimit, Square
from agent.models.dialects.tool_call import ToolCallGrammar
from agent.models.dialects.vocabulary import ARGUMENTS, DESKTOP, MOBILE, VERBS, Vocabulary, call_text
from agent.models.dialects.xml_calls import XmlToolCallGrammar

SUFFIX = ".toml"
_WORDS: dict[str, frozenset[str]] = {
    "decide": frozenset(("width", "height", "places", "instruction", "history", "image")),
    "locate": frozenset(("width", "height", "places", "instruction", "image")),
    "extract": frozenset(("width", "height", "places", "instruction", "schema", "image")),
    "step": frozenset(("number", "index", "action", "outcome", "thought")),
    "retry": frozenset(("error",)),
    "answer": frozenset(("number", "index", "action", "thought", "answer")),
    "line": frozenset(("number", "index", "action", "outcome", "thought", "answer")),
    "history": frozenset(("image",)),
    "call": frozenset(("call", "said")),
}
"""What each kind of template may be filled with; `actions` and `tools`, in the prompts, are filled in on reading."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _ResizeTable(_Table):
    rule: Literal["smart", "square", "longest", "padded"] = "smart"
    factor: int = Field(default=28, ge=1, le=4096)
    min_pixels: int = Field(default=3136, ge=1)
    max_pixels: int = Field(default=2560 * 28 * 28, ge=1, le=100_000_000)
    side: int = Field(default=1120, ge=28, le=16_384)
    columns: int = Field(default=3, ge=1, le=64)
    rows: int = Field(default=2, ge=1, le=64)

    def made(self) -> Resize:
        if self.rule == "square":
            return Square(self.side, self.side**2, self.side**2)
        if self.rule == "longest":
            return SideLimit(28, 3136, self.side**2, longest=self.side)
        if self.rule == "padded":
            pixels = self.columns * self.rows * self.factor**2
            return PaddedCanvas(self.factor, pixels, pixels, self.columns, self.rows)
        return Resize(self.factor, self.min_pixels, self.max_pixels)


class _HistoryTable(_Table):
    """As `Conversation` without `label`; messages are texts with ``${image}`` in them, and `turns` may be ``all``."""

    pictures: int = Field(default=1, ge=1, le=100)
    fold: int = Field(default=1, ge=1, le=100)
    turns: int | Literal["all"] = 0
    asks: Literal["apart", "first", "last"] = "first"
    later: str = "${image}"
    current: str = ""
    placeholder: str | None = None
    unseen: str | None = None
    answer: str = "${answer}"
    thoughts: bool = True
    line: str = ""
    nothing: str = ""
    scale: float = Field(default=1.0, gt=0, le=1)
    said: str = ""
    sums_up: bool = False
    memory: str = ""
    empty: str = ""

    @field_validator("said", "memory")
    @classmethod
    def _has_a_group(cls, value: str) -> str:
        try:
            groups = re.compile(value).groups
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        if value and not groups:
            raise ValueError("the regular expression needs a group, what is told")
        return value

    def made(self) -> Conversation:
        said = self.model_dump()
        said |= {"turns": ALL if self.turns == "all" else self.turns, "later": parts_of(self.later)}
        said |= {"current": parts_of(self.current), "unseen": None if self.unseen is None else parts_of(self.unseen)}
        return Conversation(**said)


class _PromptTable(_Table):
    system: str = ""
    user: str
    prefill: str = ""
    stop: list[str] = []
    max_tokens: int = Field(default=1024, ge=1, le=1_000_000)
    actions: dict[str, str] = {}
    history: _HistoryTable = _HistoryTable()


class _LocateTable(_Table):
    system: str = ""
    user: str
    prefill: str = ""
    stop: list[str] = []
    max_tokens: int = Field(default=256, ge=1, le=1_000_000)
    form: str = ""


class _ExtractTable(_Table):
    system: str = ""
    user: str
    max_tokens: int = Field(default=2048, ge=1, le=1_000_000)


class _FormTable(_Table):
    kind: Literal["json", "tool_call", "tools", "xml", "calls", "fields"] = "json"
    tool: str = Field(default="computer", pattern=r"^[\w.-]{1,60}$")
    thought: bool = True
    answer: str = "${call}"
    marker: str = ""
    preamble: bool = False
    ignored: list[str] = []


class _DialectTable(_Table):
    name: str = Field(pattern=r"^[\w.-]{1,60}$")
    family: str = ""
    sizes: str = ""
    licence: str = ""
    source: str = ""
    space: Space
    order: Literal["xy", "yx"] = "xy"
    overshoot: float = Field(default=0.0, ge=0, le=1000)
    thinks: bool = False
    keep_special_tokens: bool = False
    describes: bool = False
    step: str = "Step ${number}: ${action}${outcome}\n"
    retry: str = "Your last answer did nothing (${error}). "
    no_history: str = "None"
    resize: _ResizeTable = _ResizeTable()
    form: _FormTable = _FormTable()
    arguments: dict[str, str] = {}
    desktop: _PromptTable | None = None
    mobile: _PromptTable | None = None
    locate: _LocateTable
    extract: _ExtractTable | None = None


@dataclass(frozen=True)
class DialectFile:
    """The file `name` with its `text`, and the dialect in it."""

    name: str
    text: str

    @property
    def sha256(self) -> str:
        """Of the text, the first 16 hex digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, str]:
        """For a record: with the text, from which `recorded` makes the dialect again."""
        return {"file": self.name, "sha256": self.sha256, "text": self.text}

    @cached_property
    def dialect(self) -> Dialect:
        """The dialect. Raises `ModelError`, one line that names the field at fault."""
        try:
            table = _DialectTable.model_validate(tomllib.loads(self.text))
            return _made(table)
        except tomllib.TOMLDecodeError as error:
            raise ModelError(f"{self.name} is not TOML: {error}") from error
        except ValidationError as error:
            raise ModelError(f"{self.name}: {_wrong(error)}") from error
        except _FieldError as error:
            raise ModelError(f"{self.name}: {error}") from error


class _FieldError(ValueError):
    """A field that pydantic cannot find fault with; says which and why."""


def read_dialect_file(path: Path) -> DialectFile:
    """The dialect in `path`, checked. Raises `ModelError`, one line."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise ModelError(f"no dialect file {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"cannot read the dialect file {path}: {error}") from error
    found = DialectFile(str(path), text)
    _ = found.dialect
    return found


def recorded(plugins: Any) -> DialectFile | None:
    """The dialect file in a record's ``plugins``; None where there is none. Raises `ModelError` if it changed."""
    said = plugins.get("dialect") if isinstance(plugins, Mapping) else None
    if not isinstance(said, Mapping) or not isinstance(said.get("text"), str):
        return None
    found = DialectFile(str(said.get("file")), said["text"])
    if found.sha256 != said.get("sha256"):
        raise ModelError(f"the recorded dialect file {found.name} is not the one that its hash is of")
    return found


# Building ------------------------------------------------------------------------------------------------------------


def parts_of(text: str) -> tuple[str, ...]:
    """`text` as the parts of a message, with `IMAGE` for each ``${image}``."""
    return tuple(IMAGE if part == "${image}" else part for part in re.split(r"(\$\{image\})", text) if part)


def _made(table: _DialectTable) -> Dialect:
    _check_arguments(table.arguments)
    words = {platform: _vocabulary(table, platform) for platform in get_args(Platform) if getattr(table, platform)}
    grammars = {platform: _grammar(table.form, vocabulary) for platform, vocabulary in words.items()}
    decide = {platform: _decide(table, platform, words[platform]) for platform in words}
    for name in ("step", "retry"):
        _check_template(name, getattr(table, name), _WORDS[name])
    try:
        re.compile(table.family)
        table.resize.made().size(1280, 800)
    except (re.error, ValueError) as error:
        where = "family" if isinstance(error, re.error) else "resize"
        raise _FieldError(f"{where}: {error}") from error
    return Dialect(
        name=table.name,
        family=table.family or re.escape(table.name),
        sizes=table.sizes,
        licence=table.licence,
        source=table.source,
        resize=table.resize.made(),
        space=table.space,
        order=table.order,
        overshoot=table.overshoot,
        decide=decide,
        grammar=grammars,
        locate=_prompt("locate", table.locate, _WORDS["locate"]),
        extract=_prompt("extract", table.extract, _WORDS["extract"]) if table.extract else EXTRACT,
        place_parser=Places(own=ANY),
        place_format=_place_form(table.locate.form),
        step=table.step,
        retry=table.retry,
        no_history=table.no_history,
        thinks=table.thinks,
        keep_special_tokens=table.keep_special_tokens,
        describes=table.describes,
        preamble=table.form.preamble,
    )


def _vocabulary(table: _DialectTable, platform: Platform) -> Vocabulary:
    said = getattr(table, platform).actions
    for verb in said:
        if verb not in VERBS:
            raise _FieldError(_unknown(f"{platform}.actions.{verb}", verb, VERBS))
    names = said or {verb: verb for verb in (DESKTOP if platform == "desktop" else MOBILE)}
    taken: dict[str, str] = {}
    for verb, theirs in names.items():
        if not re.fullmatch(r"[A-Za-z_]\w{0,40}", theirs):
            raise _FieldError(f"{platform}.actions.{verb}: {theirs!r} is no name: letters, digits and _")
        if theirs.lower() in taken:
            raise _FieldError(f"{platform}.actions.{verb}: {theirs!r} is {taken[theirs.lower()]!r} already")
        taken[theirs.lower()] = verb
    if table.form.kind in ("tool_call", "tools", "xml"):
        names = {verb: theirs.lower() for verb, theirs in names.items()}
    vocabulary = Vocabulary(names, table.arguments, table.describes)
    for verb in names:
        theirs = [vocabulary.argument(verb, name) for name in VERBS[verb].arguments]
        if len(set(theirs)) < len(theirs):
            raise _FieldError(f"arguments: two of {verb} have one name: {', '.join(theirs)}")
    return vocabulary


def _check_arguments(names: Mapping[str, str]) -> None:
    for ours, theirs in names.items():
        verb, dot, name = ours.rpartition(".")
        if dot and verb not in VERBS:
            raise _FieldError(_unknown(f"arguments.{ours}", verb, VERBS))
        if name not in ARGUMENTS:
            raise _FieldError(_unknown(f"arguments.{ours}", name, ARGUMENTS))
        if not re.fullmatch(r"[A-Za-z_]\w{0,40}", theirs) or theirs in ("action", "name", "arguments"):
            raise _FieldError(f"arguments.{ours}: {theirs!r} cannot be a name of an argument")


def _grammar(form: _FormTable, words: Vocabulary) -> Grammar:
    if form.kind in ("tool_call", "tools"):
        return ToolCallGrammar(form.tool, words.readers(), words.write, tools=(form.tool,))
    if form.kind == "xml":
        return XmlToolCallGrammar(form.tool, words.readers(), words.write, tools=(form.tool,))
    if form.kind in ("calls", "fields"):
        _check_template("form.answer", form.answer, _WORDS["call"], needs="call")
    if form.kind == "fields":
        if not re.search(r"(?:\A|[\t\n])\$\{call\}(?:[\t\n]|\Z)", form.answer):
            raise _FieldError("form.answer: ${call} must stand between tabs")
        return FieldGrammar(
            {name.upper(): read for name, read in words.readers().items()},
            lambda action, view: _field_texts(words.write(action, view)),
            Places(own=ANY),
            answer=form.answer,
            said=tuple(form.ignored),
            last="",
        )
    if form.kind == "calls":
        if form.marker and form.marker not in form.answer:
            raise _FieldError(f"form.marker: {form.marker!r} does not stand in form.answer")
        return CallGrammar(
            words.readers(),
            lambda action, view: call_text(words.write(action, view), python_literal),
            Places(own=ANY),
            markers=(form.marker,) if form.marker else (),
            answer=form.answer,
        )
    thought = {"thought": ""} if form.thought else {}
    return DictGrammar(
        words.readers(),
        words.write,
        Places(own=ANY),
        around=lambda values: {**thought, **values},
        ignored=tuple(form.ignored),
        begins=("action", "note", "thought", *form.ignored),
    )


def _field_texts(values: Mapping[str, Any] | None) -> dict[str, str] | None:
    """The arguments of an action as fields: places by commas, keys by ``+``."""

    def text(value: Any) -> str:
        if isinstance(value, list):
            return ("+" if isinstance(value[0], str) else ",").join(map(str, value))
        return str(value).lower() if isinstance(value, bool) else str(value)

    return values if values is None else {name: text(value) for name, value in values.items()}


def _decide(table: _DialectTable, platform: Platform, words: Vocabulary) -> PromptTemplate:
    said: _PromptTable = getattr(table, platform)
    lines = words.lines(_call_shown(table.form))
    lines = lines if table.form.kind != "fields" else lines.replace("; \\n is Enter", "")  # a field is one line
    told = {"actions": lines, "tools": json.dumps(words.tool(table.form.tool))}
    prompt = _prompt(platform, said, _WORDS["decide"], told)
    for name in ("answer", "line"):
        _check_template(f"{platform}.history.{name}", getattr(said.history, name), _WORDS[name])
    for name in ("later", "current", "unseen"):
        _check_template(f"{platform}.history.{name}", getattr(said.history, name) or "", _WORDS["history"])
    if "${instruction}" not in said.system + said.user:
        raise _FieldError(f"{platform}.user: ${{instruction}} is nowhere in the prompt")
    if "${image}" not in said.user + (said.history.current or said.history.later) * (said.history.asks == "apart"):
        raise _FieldError(f"{platform}.user: ${{image}} is missing")
    tools = words.tool(table.form.tool, thought=table.form.thought)
    native = json.dumps([tools]).replace("$", "$$") if table.form.kind == "tools" else ""
    return replace(prompt, conversation=said.history.made(), tools=native)


def _call_shown(form: _FormTable) -> Callable[[str, Mapping[str, str]], str]:
    if form.kind == "calls":
        return lambda name, values: f"{name}({', '.join(f'{key}={value}' for key, value in values.items())})"
    if form.kind == "fields":
        plain = {'", "': "+", ", ": ",", "[": "", "]": "", '"': ""}
        return lambda name, values: "\t".join(
            f"{key}:{reduce(lambda text, sign: text.replace(sign, plain[sign]), plain, value)}"
            for key, value in {"action": name, **values}.items()
        )
    return lambda name, values: f'{{"action": "{name}"' + "".join(f', "{k}": {v}' for k, v in values.items()) + "}"


def _prompt(
    where: str,
    said: _PromptTable | _LocateTable | _ExtractTable,
    words: frozenset[str],
    told: Mapping[str, str] | None = None,
) -> PromptTemplate:
    for name in ("system", "user"):
        _check_template(f"{where}.{name}", getattr(said, name), words | set(told or ()))
    if "${image}" in said.system or said.user.count("${image}") > 1:
        raise _FieldError(f"{where}.user: one ${{image}}, in the user message, is what can be sent")
    if where in ("locate", "extract") and not {"instruction", "image"} <= _identifiers(said.user + said.system):
        raise _FieldError(f"{where}.user: ${{instruction}} and ${{image}} must be in the prompt")
    system, user = (_fill(text, told or {}) for text in (said.system, said.user))
    more = {} if isinstance(said, _ExtractTable) else {"prefill": said.prefill, "stop": tuple(said.stop)}
    return PromptTemplate(system, parts_of(user), max_tokens=said.max_tokens, **more)  # type: ignore[arg-type]


def _fill(text: str, told: Mapping[str, str]) -> str:
    for name, value in told.items():
        text = text.replace(f"${{{name}}}", value.replace("$", "$$"))
    return text


def _place_form(form: str) -> str:
    """The shape of the answer to where something is. Raises `_FieldError`."""
    if form:
        _check_template("locate.form", form, frozenset(("x", "y", "x2", "y2")), needs="x")
    return form


def _check_template(where: str, text: str, words: frozenset[str], needs: str = "") -> None:
    try:
        found = _identifiers(text)
    except ValueError as error:
        raise _FieldError(f"{where}: a $ that begins no ${{word}}; a plain one is written $$") from error
    for word in sorted(found - words):
        raise _FieldError(_unknown(where, f"${{{word}}}", [f"${{{known}}}" for known in words]))
    if re.search(r"(?<!\$)(?:\$\$)*\$[a-z]", text):
        raise _FieldError(f"{where}: write ${{word}} with its braces")
    if needs and needs not in found:
        raise _FieldError(f"{where}: ${{{needs}}} is missing")


def _identifiers(text: str) -> set[str]:
    if not Template(text).is_valid():
        raise ValueError(text)
    return set(Template(text).get_identifiers())


# What is wrong -------------------------------------------------------------------------------------------------------


def _unknown(where: str, name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), 1, 0.5)
    told = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(known))}"
    return f"{where}: {name} is unknown; {told}"


def _wrong(error: ValidationError) -> str:
    """The first fault in one line: the field, what is wrong, and the nearest right name of an unknown one."""
    faults = error.errors(include_url=False)
    fault = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
    where = ".".join(map(str, fault["loc"]))
    if fault["type"] != "extra_forbidden":
        said = fault["msg"].removeprefix("Value error, ")
        return f"{where}: {said[0].lower()}{said[1:]}"
    table: Any = _DialectTable
    for name in fault["loc"][:-1]:
        kinds = get_args(table.model_fields[name].annotation) or (table.model_fields[name].annotation,)
        table = kinds[0]
    return _unknown(where, str(fault["loc"][-1]), table.model_fields)
