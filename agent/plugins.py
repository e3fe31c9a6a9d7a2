"""Objects from outside: entry points ``handeye.models|dialects|envs|suites|policies``, and ``module:object``.

A module is looked for as Python does, and then in the working directory, which can therefore shadow nothing that is
installed.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from agent.core.errors import UserError

Kind = Literal["models", "dialects", "envs", "suites", "policies"]
_REFERENCE = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*\Z")


class PlugInError(UserError):
    """A module, an attribute or an object that cannot be used; one line with the file."""


@dataclass(frozen=True)
class PlugIn:
    """`value` is the object that `reference` (``module:object``) names, `file` the source of its module."""

    reference: str
    value: Any
    file: Path | None

    def to_json(self) -> dict[str, Any]:
        """For manifests: the reference, and sha256 of the source file (first 16 hex digits)."""
        digest = hashlib.sha256(self.file.read_bytes()).hexdigest()[:16] if self.file else None
        return {"object": self.reference, "sha256": digest}

    def instance(self, contract: type) -> Any:
        """The object, or what the class or the function without parameters makes. Raises `PlugInError` as `require`."""
        value = self.value
        if isinstance(value, type) or (callable(value) and lacking(value, contract)):
            value = self.call(value)
        require(value, contract, self.where)
        return value

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What `function` of the module returns. Raises `UserError` as it is, all else as `PlugInError`."""
        try:
            return function(*arguments)
        except UserError:
            raise
        except Exception as error:
            raise PlugInError(f"{self.where} failed: {type(error).__name__}: {error}") from error

    @property
    def where(self) -> str:
        """The reference and the file, for errors."""
        return f"{self.reference} ({self.file})" if self.file else self.reference


def lacking(value: Any, contract: type) -> list[str]:
    """The public members of the protocol `contract` that `value` does not have."""
    missing = object()
    names = (name for name in dir(contract) if not name.startswith("_"))
    return [name for name in names if inspect.getattr_static(value, name, missing) is missing]


def require(value: Any, contract: type, name: str = "") -> None:
    """Raise `PlugInError` for an object (`name` in the message) that lacks a member of the protocol `contract`."""
    if missing := lacking(value, contract):
        kind = contract.__name__
        raise PlugInError(
            f"{name or repr(value)[:80]} is no {kind}: it has no {', '.join(missing)}; derive it from handeye.{kind}"
        )


def is_reference(name: str) -> bool:
    """Whether `name` is written ``module:object``."""
    return _REFERENCE.match(name) is not None


@cache
def installed(kind: Kind) -> dict[str, str]:
    """The names of the installed plug-ins of `kind`, each with its ``module:object``."""
    return {point.name: point.value for point in entry_points(group=f"handeye.{kind}")}


def find(kind: Kind, name: str) -> PlugIn | None:
    """The installed plug-in of `kind` called `name`, or the object that `name` refers to; None where it does neither.

    Raises `PlugInError` where there is no such module or object, or the module cannot be imported.
    """
    reference = installed(kind).get(name, name)
    return load(reference) if is_reference(reference) else None


@cache
def load(reference: str) -> PlugIn:
    """The object that `reference` (``module:object``) names. Raises like `find`."""
    module_name, _, path = reference.partition(":")
    module = _module(module_name)
    source = inspect.getsourcefile(module)
    value: Any = module
    for part in path.split("."):
        try:
            value = getattr(value, part)
        except AttributeError as error:
            raise PlugInError(f"{module_name} ({source}) has no {path!r}{_shadowed(module_name, source)}") from error
    return PlugIn(reference, value, Path(source) if source else None)


def _module(name: str) -> ModuleType:
    here = os.getcwd()
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise PlugInError(f"no module {error.name!r}, neither installed nor in {here}") from error
        raise PlugInError(f"cannot import {name}: it needs the module {error.name!r}") from error
    except Exception as error:
        raise PlugInError(f"cannot import {name}: {type(error).__name__}: {error}") from error


def _shadowed(module: str, source: str | None) -> str:
    """A hint at a file of that name in the working directory which is not the one that was found."""
    own = Path.cwd() / f"{module.partition('.')[0]}.py"
    return f"; {own} is hidden by it: rename your file" if own.exists() and str(own) != source else ""
