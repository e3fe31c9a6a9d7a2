"""What an answer must look like, for endpoints that can hold a model to it: a JSON schema or a pattern.

Nothing is written down for a family. What it can say is found by having its own grammar say every kind of action
(`coverage`); what differs between two answers of one form becomes a range, a text or a list of names.
So an answer of that shape can always be read as one action, and every answer that a dialect writes has its shape.

Held are the range of every number, the names of actions, arguments and keys, and the length of texts. A thought in
front of the action stays free: a model that is made to skip it is a worse one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from actions.action import Click, Finish
from actions.frame import Frame
from agent.models.dialects import regex
from agent.models.dialects.action_dicts import DictGrammar
from agent.models.dialects.action_lines import LineGrammar
from agent.models.dialects.call_syntax import CallGrammar
from agent.models.dialects.coverage import FREE, KEY_NAMES, TEXT, chords, corners, said
from agent.models.dialects.dialect import Dialect, Platform, Use, View
from agent.models.dialects.fields import FieldGrammar
from agent.models.dialects.identity_cache import IdentityCache
from agent.models.dialects.tool_call import CLOSE, OPEN, ToolCallGrammar
from agent.models.dialects.xml_calls import XmlToolCallGrammar
from agent.models.endpoints.endpoint import Shape

MAX_TEXT, MAX_THOUGHT = 1000, 2000
"""Letters of a text within an action, and of a thought in front of it, at most."""
_PLACES = 4
_HOLE, MAYBE = "\ue002", "\ue003"
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?!\w)")
_SAID = rf"[^<{{]{{0,{MAX_THOUGHT}}}<"
_PREFACE = rf"(?:<think(?:ing)?>)?{_SAID}(?:/think(?:ing)?>{_SAID})?{OPEN[1:]}\n"
_NAMES = ("action", "tool_name", "action_type", "name")
"""The keys whose value names an action or a tool."""
_SHAPES = IdentityCache[Shape | None](64)


def shape_of(dialect: Dialect, use: Use, frame: Frame, *, pointer: bool = True) -> Shape | None:
    """The shape of an answer on `use` for a picture of `frame`; None where none is given.

    `pointer` is whether it is known where the pointer is: some families leave it to the harness. The shape's `free`
    says that the model may think before the action. None for a question without a form of its own (families that mark
    places with special tokens, or that think as long as they like before they point), and for planners.
    """
    if dialect.describes and use != "locate":
        return None

    def made() -> Shape | None:
        return _place_shape(dialect, frame) if use == "locate" else _action_shape(dialect, use, frame, pointer)

    return _SHAPES.get(dialect, (use, frame.width, frame.height, pointer), made)


def data_shape(schema: dict[str, Any]) -> Shape:
    """The shape of an answer to `extract`: JSON that fits the caller's schema."""
    return Shape(schema=schema, pattern=data_pattern(schema))


_DESCRIBES = frozenset(
    {"title", "description", "default", "examples", "$schema", "$id", "$comment", "additionalProperties"}
)
_SCALARS = {
    "string": rf'"(?:[^"\\\x00-\x1f]|{regex.ESCAPE})*"',
    "integer": "-?(?:0|[1-9][0-9]{0,17})",
    "number": "-?(?:0|[1-9][0-9]{0,17})(?:\\.[0-9]{1,17})?",
    "boolean": "(?:true|false)",
    "null": "null",
}


def data_pattern(schema: Any) -> str | None:
    """A pattern for JSON that fits `schema`, with one spacing only: servers allow blanks without end between values,
    and some models then write nothing else. None for a schema with more in it than types, fields, items and choices.
    """
    try:
        return _data_pattern(schema)
    except (KeyError, TypeError, AttributeError):
        return None


def _data_pattern(schema: dict[str, Any]) -> str:
    says = set(schema) - _DESCRIBES
    if says in ({"enum"}, {"enum", "type"}):
        return regex.either(regex.literal(json.dumps(value, ensure_ascii=False)) for value in schema["enum"])
    if says == {"anyOf"}:
        return regex.either(map(_data_pattern, schema["anyOf"]))
    if isinstance(schema["type"], list) and says == {"type"}:
        return regex.either(_SCALARS[kind] for kind in schema["type"])
    if schema["type"] == "array" and says == {"type", "items"}:
        item = _data_pattern(schema["items"])
        return rf"\[(?:{item}(?:, {item})*)?\]"
    if schema["type"] == "object" and says - {"required"} == {"type", "properties"}:
        return rf"\{{{_data_fields(schema['properties'], set(schema.get('required', ())))}\}}"
    if says != {"type"}:
        raise KeyError(sorted(says))
    return _SCALARS[schema["type"]]


def _data_fields(properties: dict[str, Any], required: set[str]) -> str:
    """The fields in their order, those that are not required with or without; raises KeyError for an unknown one."""
    if required - set(properties):
        raise KeyError(sorted(required))
    forms = [(name, f"{regex.literal(json.dumps(name))}: {_data_pattern(form)}") for name, form in properties.items()]
    firsts = (
        range(len(forms))
        if not required
        else range(1 + min(n for n, (name, _) in enumerate(forms) if name in required))
    )
    ways = []
    for first in firsts:
        rest = (f", {form}" if name in required else f"(?:, {form})?" for name, form in forms[first + 1 :])
        ways.append(forms[first][1] + "".join(rest))
    return regex.either(ways) if required else regex.either([*ways, ""])


# Values: what several answers have in common ------------------------------------------------------------------------


@dataclass(frozen=True)
class Form:
    """A JSON value's schema, and the pattern for how it is written."""

    schema: dict[str, Any]
    pattern: str


def merged(values: Sequence[Any]) -> Form:
    """The form of `values`: JSON that several answers have in the same place."""
    first = values[0]
    if isinstance(first, dict):
        return _merged_objects(values)
    if isinstance(first, list) and all(isinstance(item, str) for value in values for item in value):
        return _names_list(values)
    if isinstance(first, list):
        return _items([merged(column) for column in zip(*values, strict=True)])
    if isinstance(first, str):
        return _merged_texts(values)
    return _merged_numbers(values)


def _merged_objects(values: Sequence[dict[str, Any]]) -> Form:
    groups: dict[Any, list[dict[str, Any]]] = {}
    for value in values:
        named = next((value[key] for key in _NAMES if _is_text(value.get(key))), None)
        lists = tuple(isinstance(item, list) for item in value.values())
        groups.setdefault((tuple(value), lists, named), []).append(value)
    forms = [_fields({key: merged([value[key] for value in group]) for key in group[0]}) for group in groups.values()]
    if len(forms) == 1:
        return forms[0]
    return Form({"anyOf": [form.schema for form in forms]}, regex.either(form.pattern for form in forms))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _fields(forms: dict[str, Form]) -> Form:
    schema = {
        "type": "object",
        "properties": {key: form.schema for key, form in forms.items()},
        "required": list(forms),
        "additionalProperties": False,
    }
    inside = ", ".join(f"{regex.literal(json.dumps(key))}: {form.pattern}" for key, form in forms.items())
    return Form(schema, rf"\{{{inside}\}}")


def _items(forms: Sequence[Form]) -> Form:
    schema = {
        "type": "array",
        "prefixItems": [form.schema for form in forms],
        "items": False,
        "minItems": len(forms),
        "maxItems": len(forms),
    }
    return Form(schema, rf"\[{', '.join(form.pattern for form in forms)}\]")


def _names_list(values: Sequence[list[str]]) -> Form:
    names = list(dict.fromkeys(name for value in values for name in value))
    names = list(KEY_NAMES) if set(names) <= set(KEY_NAMES) else names
    least, most = min(map(len, values)), max(map(len, values))
    name = _names(names)
    schema = {"type": "array", "items": name.schema, "minItems": least, "maxItems": most}
    return Form(schema, rf"\[{name.pattern}(?:, {name.pattern}){{{least - 1},{most - 1}}}\]")


def _names(names: Sequence[str]) -> Form:
    schema = {"const": names[0]} if len(names) == 1 else {"enum": list(names)}
    return Form(schema, regex.either(regex.literal(json.dumps(name, ensure_ascii=False)) for name in names))


def _merged_texts(values: Sequence[str]) -> Form:
    """Any text where one can stand, or where the family leaves one empty for the model's own words; else names."""
    if any(TEXT in value for value in values) or set(values) == {""}:
        least = int("" not in values)
        return Form({"type": "string", "minLength": least, "maxLength": MAX_TEXT}, regex.json_text(least, MAX_TEXT))
    return _names(list(dict.fromkeys(values)))


def _merged_numbers(values: Sequence[Any]) -> Form:
    if all(value is None for value in values):
        return Form({"type": ["string", "null"], "maxLength": MAX_TEXT}, rf"(?:null|{regex.json_text(0, MAX_TEXT)})")
    if any(value is None or isinstance(value, bool) for value in values):
        return _names(list(dict.fromkeys(values)))
    low, high = min(values), max(values)
    if low == high:
        return Form({"const": low}, regex.literal(json.dumps(low)))
    if any(isinstance(value, float) for value in values):
        schema = {"type": "number", "minimum": low, "maximum": high}
        return Form(schema, regex.decimal(int(low), int(high), _PLACES))
    return Form({"type": "integer", "minimum": low, "maximum": high}, regex.whole(low, high))


# Texts: the same for calls and lines --------------------------------------------------------------------------------


def _text_forms(texts: Sequence[str], written: Callable[[str], str]) -> list[str]:
    """A pattern for each form among `texts`; `written` makes one of what is no number."""
    groups: dict[str, list[list[str]]] = {}
    for text in texts:
        empty = TEXT in text and text.replace(TEXT, "") in texts
        groups.setdefault(_NUMBER.sub(_HOLE, text.replace(TEXT, MAYBE) if empty else text), []).append(
            _NUMBER.findall(text)
        )
    found = []
    for form, numbers in groups.items():
        columns = iter([_number_text(column) for column in zip(*numbers, strict=True)])
        parts = re.split(f"({_HOLE})", form)
        found.append("".join(next(columns) if part == _HOLE else written(part) for part in parts))
    return found


def _number_text(values: Sequence[str]) -> str:
    numbers = [float(value) for value in values]
    low, high = min(numbers), max(numbers)
    if low == high:
        return regex.literal(values[0])
    if any("." in value for value in values):
        return regex.decimal(int(low), int(high), _PLACES)
    if any(len(value) > 1 and value.startswith("0") for value in values):
        return f"[0-9]{{{len(values[0])}}}"
    return regex.whole(int(low), int(high))


def _chord_form(texts: Sequence[str], written: Callable[[str], str]) -> str:
    """A pattern over the keys that differ between `texts`."""
    before, after = _ends(texts)
    middles = [text[len(before) : len(text) - len(after)] for text in texts]
    return written(before) + regex.either(map(regex.literal, middles)) + written(after)


def _ends(texts: Sequence[str]) -> tuple[str, str]:
    """What all `texts` begin with, and what the rest of all of them ends with."""
    before = _common(texts)
    return before, _common([text[len(before) :][::-1] for text in texts])[::-1]


def _common(texts: Sequence[str]) -> str:
    """What all `texts` begin with, letter by letter."""
    first, last = min(texts), max(texts)
    same = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:same]


_TextGrammar = CallGrammar | LineGrammar | DictGrammar | FieldGrammar


@dataclass(frozen=True)
class _Writing:
    """How a grammar writes what can be any text, and what it allows where the model says what it likes."""

    grammar: _TextGrammar

    def __call__(self, text: str) -> str:
        parts = re.split(f"((?:{TEXT}|{MAYBE})(?:\\\\n)?|{FREE})", text)
        made = [regex.literal(parts[0])]
        for before, mark, after in zip(parts[::2], parts[1::2], parts[2::2], strict=False):
            made.append(self._free() if mark == FREE else self._any(before, int(mark[0] == TEXT)))
            made.append(regex.literal(after))
        return "".join(made)

    def _any(self, before: str, least: int) -> str:
        if isinstance(self.grammar, LineGrammar):
            return regex.bracketed_text(least)
        if isinstance(self.grammar, FieldGrammar):
            return regex.field_text(least)
        if isinstance(self.grammar, CallGrammar) and self.grammar.raw:
            return regex.raw_text(before[-1], least)
        body = regex.python_text if isinstance(self.grammar, DictGrammar) else regex.escaped_text
        return body(least, MAX_TEXT)

    def _free(self) -> str:
        if isinstance(self.grammar, FieldGrammar):
            return r"(?:[^\s:<][^<\t\r\n]*)?"
        marker = self.grammar.marker if isinstance(self.grammar, LineGrammar) else self.grammar.markers[0]  # type: ignore[union-attr]
        if marker.startswith("<"):
            return "[^<]*"
        return regex.without(marker, fold=isinstance(self.grammar, LineGrammar))


# The shapes ---------------------------------------------------------------------------------------------------------


def _action_shape(dialect: Dialect, platform: Platform, frame: Frame, pointer: bool) -> Shape | None:
    if platform not in dialect.grammar:
        return None
    grammar = dialect.grammar[platform]
    first, last = corners(frame)
    views = [dialect.view(frame, point, platform) for point in (first, last)]
    check = dialect.view(frame, first if pointer else None, platform)
    texts = said(grammar, views, check)
    if isinstance(grammar, XmlToolCallGrammar):
        texts += [text for chord in chords(grammar, check) for text in chord.values()]
        return _xml_calls(grammar, texts)
    if isinstance(grammar, ToolCallGrammar):
        texts += [text for chord in chords(grammar, check) for text in chord.values()]
        return _held_calls(merged([_call(text) for text in texts]), dialect.thinks or dialect.preamble)
    if isinstance(grammar, DictGrammar) and not grammar.python:
        texts += [text for chord in chords(grammar, check) for text in chord.values()]
        return _json_shape(grammar, texts)
    if isinstance(grammar, _TextGrammar):
        return _text_shape(grammar, texts, [list(keys.values()) for keys in chords(grammar, check) if keys])
    return None


def _text_shape(
    grammar: DictGrammar | CallGrammar | LineGrammar | FieldGrammar, texts: list[str], keys: list[list[str]]
) -> Shape:
    """The frame that all answers have, a thought that is free in it, around one of the forms of an action."""
    written = _Writing(grammar)
    few = [text for group in keys if len(group) < 3 for text in group]
    many = [group for group in keys if len(group) >= 3]
    texts = list(dict.fromkeys(texts + few))
    before, after = _ends([*texts, *(text for group in many for text in group)])

    def inner(text: str) -> str:
        return text[len(before) : len(text) - len(after)]

    forms = _text_forms([inner(text) for text in texts], written)
    forms += [_chord_form([inner(text) for text in group], written) for group in many]
    pattern = written(before) + regex.either(forms) + written(after)
    return Shape(pattern=pattern, free=FREE in before + after)


def _call(text: str) -> Any:
    return json.loads(text.removeprefix(OPEN).removesuffix(CLOSE))


def _held_calls(form: Form, talks: bool) -> Shape:
    """Calls in their tags; behind what the model says first, where the family has it say something."""
    before, after = f"{OPEN}\n", f"\n{CLOSE}"
    if talks:
        return Shape(pattern=f"{_PREFACE}{form.pattern}{regex.literal(after)}", free=True)
    held = regex.literal(before) + form.pattern + regex.literal(after)
    return Shape(schema=form.schema, before=before, after=after, pattern=held)


def _xml_calls(grammar: XmlToolCallGrammar, texts: Iterable[str]) -> Shape:
    """Calls as tags, behind what the model says first."""
    groups: dict[Any, list[dict[str, Any]]] = {}
    for text in texts:
        values = dict(grammar.find(text, True)[0][0].arguments)
        groups.setdefault((tuple(values), values["action"]), []).append(values)
    forms = [
        "".join(f"<parameter={key}>\n{_bare([value[key] for value in group])}\n</parameter>\n" for key in group[0])
        for group in groups.values()
    ]
    return Shape(pattern=f"{_PREFACE}<function={grammar.tool}>\n{regex.either(forms)}</function>\n{CLOSE}", free=True)


def _bare(values: Sequence[Any]) -> str:
    """A pattern for a parameter: a text without quotes, or JSON."""
    if not _is_text(values[0]):
        return merged(values).pattern
    if any(TEXT in value for value in values) or set(values) == {""}:
        return "[^<]*" if "" in values else "[^<][^<]*"
    return regex.either(map(regex.literal, dict.fromkeys(values)))


def _json_shape(grammar: DictGrammar, texts: Iterable[str]) -> Shape:
    """One object; behind what the model says first, up to its last label, where it says something before it."""
    before = grammar.answer.partition("${values}")[0]
    form = merged([json.loads(text[text.index("{") :]) for text in texts])
    if grammar.compact:
        spacing = {"item_separator": ",", "key_separator": ":"}
        pattern = form.pattern.replace(", ", ",").replace('": ', '":')
        return Shape(schema={**form.schema, "x-guidance": spacing}, pattern=pattern)
    if not before:
        return Shape(schema=form.schema, pattern=form.pattern)
    label = regex.literal(before.splitlines()[-1])
    return Shape(pattern=rf"[^<{{]*\n{label}{form.pattern}", free=True)


def _place_shape(dialect: Dialect, frame: Frame) -> Shape | None:
    view = dialect.view(frame, use="locate")
    finder = dialect.place_parser or next(iter(dialect.grammar.values()))
    if isinstance(finder, ToolCallGrammar) and OPEN in dialect.locate.system:
        return _held_calls(_place_calls(finder, view), dialect.thinks or dialect.preamble)
    return Shape(pattern=_place_pattern(dialect.place_format, view)) if dialect.place_format else None


def _place_pattern(written: str, view: View) -> str:
    """`written` with the numbers of the screen, or with -1 for each: a refusal. Blanks after commas may be missing."""
    rel1 = view.grid.width == 1
    sides = (regex.decimal(0, 1, _PLACES) if rel1 else regex.whole(0, int(side)) for side in view.grid)
    numbers = dict(zip("yx" if view.swap else "xy", sides, strict=True))
    parts = re.split(r"\$\{([xy])2?\}", written)
    fixed = [regex.literal(part).replace(", ", ", ?") for part in parts[::2]]

    def filled(number: Callable[[str], str]) -> str:
        return "".join(text + number(name) for text, name in zip(fixed, parts[1::2], strict=False)) + fixed[-1]

    return regex.either([filled(numbers.__getitem__), filled(lambda _: "-1")])


def _place_calls(grammar: ToolCallGrammar, view: View) -> Form:
    """A click on the screen; or, for a thing that is not there, one at [-1, -1] or the end of the task."""
    first, last = corners(view.frame)
    clicks = [_call(grammar.format(Click(point=point), view)) for point in (first, last)]
    ends = _call(grammar.format(Finish(status="failure"), view))
    nowhere = {**clicks[0], "arguments": {**clicks[0]["arguments"], "coordinate": [-1, -1]}}
    forms = [merged(clicks), merged([nowhere]), merged([ends])]
    return Form({"anyOf": [form.schema for form in forms]}, regex.either(form.pattern for form in forms))
