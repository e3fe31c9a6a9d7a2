"""The public API: what `import handeye` costs and gives, the example, and a file that hides one of its packages."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest
from setuptools import find_packages

import handeye

ROOT = Path(__file__).parents[2]


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Python in `cwd`, without a display, with the project on its path."""
    environ = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environ |= {"PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environ, capture_output=True, text=True, timeout=150
    )


def example() -> str:
    """The example in the docstring of the package."""
    block = (handeye.__doc__ or "").split("::\n", 1)[1].split("\n``run(")[0]
    return textwrap.dedent(block).strip()


def test_the_example_runs_in_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(example())
    run = python("example.py", cwd=tmp_path)
    assert (run.stdout, run.returncode) == ("done\n", 0), run.stderr
    [episode] = (tmp_path / "runs").iterdir()
    assert (episode / "steps.jsonl").read_text().count("\n") == 2


def test_the_readme_has_the_same_example() -> None:
    assert f"```python\n{example()}\n```" in (ROOT / "README.md").read_text()


def test_importing_loads_no_package_of_handeye_and_nothing_heavy(tmp_path: Path) -> None:
    code = "import sys, handeye; print(sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = set(ast.literal_eval(python("-c", code, cwd=tmp_path).stdout))
    assert "handeye" in loaded
    assert not loaded & {"actions", "envs", "agent", "benchmarks", "numpy", "pydantic", "PIL", "httpx", "typer"}


def test_the_help_loads_nothing_heavy(tmp_path: Path) -> None:
    code = """if True:
        import atexit, sys
        from agent.cli.main import main
        atexit.register(lambda: print(sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr))
        main(["--help"])
    """
    loaded = set(ast.literal_eval(python("-c", code, cwd=tmp_path).stderr))
    assert "agent" in loaded
    assert not loaded & {"typer", "rich", "logging", "numpy", "pydantic", "PIL", "httpx", "cv2", "jsonschema"}


def test_every_public_name_is_there_and_typed() -> None:
    """What type checkers see (the imports under TYPE_CHECKING) is what there is."""
    block = next(node for node in ast.parse(Path(handeye.__file__).read_text()).body if isinstance(node, ast.If))
    seen = {
        alias.asname: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }
    assert {*seen, "actions", "ShadowedError"} == set(handeye.__all__)
    for name, module in seen.items():
        assert getattr(handeye, name) is getattr(sys.modules[str(module)], name)
    assert handeye.actions.Click is handeye.Click
    for name in ("run", "Agent", "Model", "Env", "Policy", "Frame", "Suite", "open_env", "open_model"):
        assert name in dir(handeye)
        assert getattr(handeye, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        handeye.nothing  # noqa: B018


def test_it_is_in_the_wheel_with_its_types() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert settings["project"]["scripts"] == {"handeye": "handeye.__main__:main"}
    include = settings["tool"]["setuptools"]["packages"]["find"]["include"]
    packages = find_packages(str(ROOT), include=include)
    assert {"handeye", "actions", "agent", "envs", "benchmarks"} <= set(packages)
    assert "py.typed" in settings["tool"]["setuptools"]["package-data"]["*"]
    assert (ROOT / "handeye" / "py.typed").exists()


def test_python_m_is_the_command_line(tmp_path: Path) -> None:
    run = python("-m", "handeye", "run", "", cwd=tmp_path)
    assert (run.stdout, run.returncode) == ("", 2)
    assert run.stderr.startswith("handeye: the task is empty")


@pytest.mark.parametrize(
    "arguments",
    [("-c", "import handeye"), ("-m", "handeye", "--version"), ("-c", "from handeye.__main__ import main; main()")],
    ids=["import", "python -m", "script"],
)
@pytest.mark.parametrize("file", ["agent.py", "envs/__init__.py", "actions.py", "benchmarks/__init__.py"])
def test_a_file_that_hides_a_package_is_named(file: str, arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("raise SystemExit('the wrong module was run')")
    run = python(*arguments, cwd=tmp_path)
    name = Path(file).parts[0].removesuffix(".py")
    assert run.stderr == f"handeye: {tmp_path / file} hides Handeye's package {name!r}: rename it\n"
    assert (run.stdout, run.returncode) == ("", 1)


def test_the_error_has_the_path(tmp_path: Path) -> None:
    (tmp_path / "agent.py").write_text("")
    code = "try:\n import handeye\nexcept ImportError as error:\n print(type(error).__name__, error.name, error.path)"
    assert python("-c", code, cwd=tmp_path).stdout == f"ShadowedError agent {tmp_path / 'agent.py'}\n"


def test_a_module_that_was_imported_before_is_seen_too(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "envs.py").write_text("")
    code = "import sys; sys.path.insert(0, 'own'); import envs; sys.path.pop(0); import handeye"
    run = python("-c", code, cwd=tmp_path)
    assert run.returncode == 1
    assert "envs.py hides Handeye's package 'envs'" in run.stderr
    assert "Traceback" not in run.stderr
