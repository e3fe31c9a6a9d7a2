"""Takes one text out of a file in which an owner keeps it, one way for each kind of file. Nothing is executed."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from agent.core.model import ModelError

Kind = Literal["python", "notebook", "json", "markdown", "chat_template"]
"""A text in Python code or in a notebook's; a field; a fenced block; what a template writes around a tool."""


def extract(kind: Kind, text: str, symbol: str, tool: Mapping[str, Any] | None = None) -> str:
    """The text called `symbol` in a file's `text`.

    ``NAME``, ``FUNCTION.NAME``, ``NAME#2`` (the second assignment) or an expression as an owner's harness has it
    (``PROMPT.format(tools=json.dumps(tool()))``) in Python and notebooks, ``a.b.0`` in JSON, a heading (its first
    fenced block) in Markdown; for a chat template what it puts around `tool` in the system message.
    Names whose values are not in the file stay as ``{name}``. Raises `ModelError`, one line.
    """
    try:
        match kind:
            case "python":
                return _python(ast.parse(text), symbol)
            case "notebook":
                return _python(ast.parse(_cells(text)), symbol)
            case "json":
                return _field(json.loads(text), symbol)
            case "markdown":
                return _fence(text, symbol)
            case "chat_template":
                return _rendered(_template(text), tool or {})
    except (SyntaxError, ValueError, KeyError, IndexError, TypeError) as error:
        raise ModelError(f"{symbol} cannot be read: {type(error).__name__}: {str(error).splitlines()[0]}") from error


def _python(tree: ast.Module, symbol: str) -> str:
    """The text of a dotted name, or of an expression over the names of the file."""
    if re.fullmatch(r"[\w.]+(?:#\d+)?", symbol):
        path, _, number = symbol.partition("#")
        *scopes, name = path.split(".")
        found = [value for node in _scopes(tree, scopes) for value in _assigned(node, name, deep=bool(scopes))]
        wanted = int(number or 1) - 1
        if wanted >= len(found) or (not number and len(found) > 1 and scopes):
            raise KeyError(f"{len(found)} assignments to {name}")
        text = _value(found[wanted], _Names(tree))
    else:
        text = _value(ast.parse(symbol, mode="eval").body, _Names(tree))
    if not isinstance(text, str):
        raise TypeError("it is not a text")
    return text


def _scopes(tree: ast.Module, names: Sequence[str]) -> list[ast.AST]:
    """The functions and classes called so, each inside the one before."""
    nodes: list[ast.AST] = [tree]
    for name in names:
        nodes = [node for outer in nodes for node in ast.walk(outer) if isinstance(node, _SCOPES) and node.name == name]
    return nodes


def _assigned(node: ast.AST, name: str, deep: bool) -> Iterator[ast.expr]:
    """The values that are given to `name` in `node`, in order."""
    inside = ast.walk(node) if deep else ast.iter_child_nodes(node)
    found = [
        child
        for child in inside
        if isinstance(child, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in child.targets)
    ]
    yield from (child.value for child in sorted(found, key=lambda child: child.lineno))


_SCOPES = (ast.FunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class _Names:
    """What names mean: those `given` to a function, else the module's; those being worked out are `seen`."""

    tree: ast.Module
    given: Mapping[str, Any] = field(default_factory=dict)
    seen: tuple[str, ...] = ()


class _UnknownCallError(TypeError):
    """A call of something that is not in the file."""


def _value(node: ast.expr, names: _Names) -> Any:
    """What an expression of constants, sums, f-strings, names and their formatting is."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.BinOp(op=ast.Add()):
            return _value(node.left, names) + _value(node.right, names)
        case ast.JoinedStr():
            return "".join(_f_string_part(part, names) for part in node.values)
        case ast.List() | ast.Tuple():
            return [_value(item, names) for item in node.elts]
        case ast.Dict():
            pairs = zip(node.keys, node.values, strict=True)
            return {_value(key, names): _value(item, names) for key, item in pairs if key is not None}
        case ast.Subscript():
            return _value(node.value, names)[_value(node.slice, names)]
        case ast.Attribute(value=ast.Name(id=outer), attr=name) if inside := _scopes(names.tree, (outer, name)):
            return _returned(inside[0], names)
        case ast.Attribute(value=ast.Name(id=outer), attr=name) if scope := _scopes(names.tree, (outer,)):
            [first, *_] = _assigned(scope[0], name, deep=True)
            return _value(first, names)
        case ast.Call():
            return _called(node, names)
        case ast.Name(id=name):
            return names.given[name] if name in names.given else _named(name, names)
    raise TypeError(f"not a text: {ast.unparse(node)[:60]}")


def _named(name: str, names: _Names) -> Any:
    """The module's value of `name`, ``{name}`` where the file does not say it."""
    known = list(_assigned(names.tree, name, deep=False))
    if len(known) != 1 or name in names.seen:
        return f"{{{name}}}"
    try:
        return _value(known[0], replace(names, seen=(*names.seen, name)))
    except _UnknownCallError:
        return f"{{{name}}}"


def _called(call: ast.Call, names: _Names) -> Any:
    """``json.dumps``, ``strip`` and ``format`` of a text, and functions of the file that only return something."""
    values = [_value(value, names) for value in call.args]
    keywords = {keyword.arg: _value(keyword.value, names) for keyword in call.keywords if keyword.arg}
    match call.func:
        case ast.Attribute(value=ast.Name(id="json"), attr="dumps"):
            return json.dumps(values[0], ensure_ascii=False)
        case ast.Attribute(value=inner, attr="strip") if not call.args:
            return str(_value(inner, names)).strip()
        case ast.Attribute(value=inner, attr="format"):
            return str(_value(inner, names)).format_map(_Kept(keywords))
        case ast.Name(id=name) if (found := _scopes(names.tree, (name,))) and isinstance(found[0], ast.FunctionDef):
            given = dict(zip((a.arg for a in found[0].args.args), values, strict=False))
            return _returned(found[0], replace(names, given=given | keywords))
    raise _UnknownCallError(f"not a text: {ast.unparse(call)[:60]}")


def _returned(node: ast.AST, names: _Names) -> Any:
    """What a function returns at its end."""
    last = node.body[-1] if isinstance(node, ast.FunctionDef) else None
    if not isinstance(last, ast.Return) or last.value is None:
        raise _UnknownCallError("a function that does more than return a text")
    return _value(last.value, names)


class _Kept(dict[str, Any]):
    """Leaves a placeholder that nothing is given for as it is."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def _f_string_part(part: ast.expr, names: _Names) -> str:
    if not isinstance(part, ast.FormattedValue):
        return str(_value(part, names))
    return f"{{{ast.unparse(part.value)}}}"


def _cells(text: str) -> str:
    """The code of a notebook, without lines that are for IPython; cells that are no Python are left out."""
    found = []
    for cell in json.loads(text)["cells"]:
        if cell["cell_type"] == "code":
            code = re.sub(r"(?m)^\s*[!%].*$", "", "".join(cell["source"]))
            try:
                ast.parse(code)
            except SyntaxError:
                continue
            found.append(code)
    return "\n".join(found)


def _field(data: Any, path: str) -> str:
    for name in path.split("."):
        data = data[int(name)] if isinstance(data, list) else data[name]
    if not isinstance(data, str):
        raise TypeError("it is not a text")
    return data


def _fence(text: str, heading: str) -> str:
    title = re.search(rf"(?m)^#+\s*{re.escape(heading)}\s*$", text)
    fence = re.compile(r"(?ms)^(`{3,}|~{3,})[^\n]*\n(.*?)\n\1\s*$").search(text, title.end()) if title else None
    if fence is None:
        raise KeyError(f"no fenced block under the heading {heading!r}")
    return fence[2]


def _template(text: str) -> str:
    """The template in a ``.jinja`` file, or in the ``chat_template`` of a JSON file."""
    if not text.lstrip().startswith("{") or text.lstrip().startswith(("{%", "{{", "{#", "{-")):
        return text
    found = json.loads(text)["chat_template"]
    if isinstance(found, list):
        found = next(one["template"] for one in found if one["name"] == "default")
    return str(found)


def _rendered(template: str, tool: Mapping[str, Any]) -> str:
    """The system message that a ChatML template writes where there is `tool` and no system text."""
    try:
        from jinja2 import TemplateError
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ImportError as error:
        raise ModelError("a chat template needs jinja2: pip install jinja2") from error
    world = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
    world.filters["tojson"] = lambda value, **_: json.dumps(value, ensure_ascii=False)
    try:
        said = world.from_string(template).render(
            messages=[{"role": "user", "content": "hello"}], tools=[tool], add_generation_prompt=True
        )
    except TemplateError as error:
        raise ValueError(str(error)) from error
    found = re.search(r"<\|im_start\|>system\n(.*?)<\|im_end\|>", said, re.DOTALL)
    if found is None:
        raise KeyError("the template writes no system message")
    return found[1].strip()
