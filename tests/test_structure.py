"""How the tree is built: what an import costs, who imports whom, one meaning a class name, how long a function is."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
ROOMS = ("actions", "envs", "agent", "benchmarks", "handeye", "tools")
"""Lowest first: a room imports only itself and those before it; `tools` is imported by none."""
EXTRAS = {
    "torch",
    "transformers",
    "ray",
    "miniwob",
    "av",
    "pyautogui",
    "pymsgbox",
    "mouseinfo",
    "Xlib",
    "openai",
    "gymnasium",
    "mcp",
    "huggingface_hub",
    "pypdfium2",
}
"""Packages of extras, and those of `pyautogui`, which X11 does not need."""
LONGEST = 60
"""Lines of a function's body."""
UNCLEAR = {"words", "page2", "minds", "wayout", "versus", "colophon", "qwenkin", "asking", "person", "mending", "misc"}
"""Names of modules that do not say what is inside."""


def files() -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def trees() -> dict[str, ast.Module]:
    return {module_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in files()}


def named_in(tree: ast.Module) -> Iterator[str]:
    """What a module imports, at any depth, for the type checker alone included; ``from a import b`` names ``a.b``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def imports() -> dict[str, set[str]]:
    """The modules of this tree that each one imports."""
    known = trees()
    graph: dict[str, set[str]] = {module: set() for module in known}
    for module, tree in known.items():
        for name in named_in(tree):
            found = name if name in known else name.rpartition(".")[0]
            if found in known and found != module:
                graph[module].add(found)
    return graph


def reached(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    todo = list(graph[start])
    while todo:
        module = todo.pop()
        if module not in seen:
            seen.add(module)
            todo += graph[module]
    return seen


def room(module: str) -> str:
    return module.partition(".")[0]


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for module, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{module}.{node.name}", node


@pytest.mark.parametrize(
    "module", ["benchmarks.demo", "agent.cli.run", "agent.cli.mcp", "benchmarks.cli", "envs.desktop", "actions.x11"]
)
def test_importing_loads_no_package_of_an_extra(module: str) -> None:
    code = f"import sys, {module}; print(*({{name.partition('.')[0] for name in sys.modules}} & {EXTRAS}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert run.stdout.split() == []


def test_the_walk_sees_the_whole_tree() -> None:
    assert len(trees()) > 400
    assert "actions.frame" in imports()["agent.core.loop"] | reached(imports(), "agent.core.loop")


def test_no_files_import_each_other_in_a_circle() -> None:
    left = imports()
    while ends := {module for module, others in left.items() if not others & left.keys()}:
        left = {module: others for module, others in left.items() if module not in ends}
    assert not {module: sorted(others & left.keys()) for module, others in left.items()}


def test_rooms_import_downwards() -> None:
    wrong = [
        f"{module} imports {other}"
        for module, others in imports().items()
        for other in others
        if ROOMS.index(room(other)) > ROOMS.index(room(module))
    ]
    assert not wrong


def test_the_core_imports_no_other_room_of_the_agent() -> None:
    wrong = [
        f"{module} imports {other}"
        for module, others in imports().items()
        if module.startswith("agent.core")
        for other in others
        if room(other) == "agent" and not other.startswith("agent.core")
    ]
    assert not wrong


def test_a_class_name_has_one_meaning() -> None:
    where: dict[str, list[str]] = defaultdict(list)
    for module, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                where[node.name].append(module)
    assert not {name: modules for name, modules in where.items() if len(modules) > 1}


def test_functions_are_short() -> None:
    long = {name: node.end_lineno - node.body[0].lineno + 1 for name, node in functions() if node.end_lineno}
    assert not {name: lines for name, lines in long.items() if lines > LONGEST}


def test_modules_are_named_after_what_they_hold() -> None:
    assert not [module for module in trees() if module.rpartition(".")[2] in UNCLEAR]


def test_the_licence_of_every_dependency_is_stated() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    named = {canonicalize_name(Requirement(line).name) for line in lines} - {"handeye"}
    stated = (ROOT / "docs" / "licences.md").read_text()
    assert not {name for name in named if f"| {name} |" not in stated and f"`{name}`" not in stated}
