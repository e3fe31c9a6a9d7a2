"""Takes one text out of a file in which an owner keeps it, one way for each kind of file. Nothing is executed."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from agent.core.model import ModelError

Kind = Literal["python", "notebook", "json", "markdown", "chat_template"]
"""A text in Python code or in a notebook's; a field; a fenced block; what a template writes around a tool."""


def extract(kind: Kind, text: str, symbol: str, tool: Mapping[str, Any] | None = None) -> str:
    """The text called `symbol` in a file's `text`.

    ``NAME``, ``FUNCTION.NAME`` and ``NAME#2`` (the second assignment) in Python and notebooks, ``a.b.0`` in JSON, a
    heading (its first fenced block) in Markdown; for a chat template what it puts around `tool` in the system message.
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
    path, _, number = symbol.partition("#")
    *scopes, name = path.split(".")
    nodes: list[ast.AST] = [tree]
    for scope in scopes:
        kinds = (ast.FunctionDef, ast.ClassDef)
        nodes = [node for outer in nodes for node in ast.walk(outer) if isinstance(node, kinds) and node.name == scope]
    found = [value for node in nodes for value in _assigned(node, name, deep=bool(scopes))]
    wanted = int(number or 1) - 1
    if wanted >= len(found) or (not number and len(found) > 1 and scopes):
        raise KeyError(f"{len(found)} assignments to {name}")
    return _value(found[wanted], tree, ())


def _assigned(node: ast.AST, name: str, deep: bool) -> Iterator[ast.expr]:
    """The values that are given to `name` in `node`, in order."""
    inside = ast.walk(node) if deep else ast.iter_child_nodes(node)
    found = [
        child
        for child in inside
        if isinstance(child, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in child.targets)
    ]
    yield from (child.value for child in sorted(found, key=lambda child: child.lineno))


def _value(node: ast.expr, tree: ast.Module, seen: tuple[str, ...]) -> str:
    """The text that an expression of constants, sums, f-strings and names is."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.BinOp(op=ast.Add()):
            return _value(node.left, tree, seen) + _value(node.right, tree, seen)
        case ast.JoinedStr():
            return "".join(_f_string_part(part, tree, seen) for part in node.values)
        case ast.Call(func=ast.Attribute(value=inner, attr="strip"), args=[]):
            return _value(inner, tree, seen).strip()
        case ast.Name(id=name):
            known = list(_assigned(tree, name, deep=False))
            text_like = len(known) == 1 and name not in seen and not isinstance(known[0], ast.Call)
            return _value(known[0], tree, (*seen, name)) if text_like else f"{{{name}}}"
    raise TypeError(f"not a text: {ast.unparse(node)[:60]}")


def _f_string_part(part: ast.expr, tree: ast.Module, seen: tuple[str, ...]) -> str:
    if not isinstance(part, ast.FormattedValue):
        return _value(part, tree, seen)
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
