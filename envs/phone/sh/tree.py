"""What a command line is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Text:
    """Characters as they are. `quoted` ones are neither split nor matched against files."""

    text: str
    quoted: bool = False


@dataclass(frozen=True)
class Variable:
    """``$name`` or ``${name}``, with an `operation` (``:-``, ``##``, ``/``, ``length`` …) and its words."""

    name: str
    quoted: bool = False
    operation: str = ""
    words: tuple[Word, ...] = ()


@dataclass(frozen=True)
class Substitution:
    """``$(…)`` or backquotes: the output of commands."""

    body: List
    quoted: bool = False


@dataclass(frozen=True)
class Arithmetic:
    """``$((…))``: a whole number."""

    expression: Word
    quoted: bool = False


Part = Text | Variable | Substitution | Arithmetic


@dataclass(frozen=True)
class Word:
    """One word before expansion."""

    parts: tuple[Part, ...]

    @property
    def plain(self) -> str | None:
        """The word where it is one unquoted text (a keyword may be), else None."""
        only = self.parts[0] if len(self.parts) == 1 else None
        return only.text if isinstance(only, Text) and not only.quoted else None


@dataclass(frozen=True)
class Redirection:
    """``fd<file``, ``fd>file``, ``fd>>file``, ``fd>&other`` or ``<<``, of which `target` is the text."""

    fd: int
    kind: Literal["<", ">", ">>", ">&", "<<"]
    target: Word


@dataclass(frozen=True)
class Simple:
    """Assignments, a command's words, redirections."""

    assignments: tuple[tuple[str, Word], ...] = ()
    words: tuple[Word, ...] = ()
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True)
class Group:
    """``( … )`` with its own variables, or ``{ …; }``."""

    body: List
    subshell: bool
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True)
class If:
    """``if … then … [elif …] [else …] fi``."""

    branches: tuple[tuple[List, List], ...]
    otherwise: List | None = None


@dataclass(frozen=True)
class For:
    """``for name in words; do …; done``; of the arguments where no words are given."""

    name: str
    words: tuple[Word, ...] | None
    body: List


@dataclass(frozen=True)
class While:
    """``while … do … done`` and ``until``."""

    condition: List
    body: List
    until: bool = False


@dataclass(frozen=True)
class CaseOf:
    """``case word in pattern|pattern) …;; esac``."""

    word: Word
    clauses: tuple[tuple[tuple[Word, ...], List], ...]


@dataclass(frozen=True)
class Condition:
    """One comparison of ``[[ … ]]``."""

    words: tuple[Word, ...]


@dataclass(frozen=True)
class Function:
    """``name() { …; }``."""

    name: str
    body: Node


Node = Simple | Group | If | For | While | CaseOf | Condition | Function


@dataclass(frozen=True)
class Pipeline:
    """Commands joined by ``|``; `negated` by ``!``."""

    commands: tuple[Node, ...]
    negated: bool = False


@dataclass(frozen=True)
class Item:
    """A pipeline and how it follows the one before; `background` is run by itself."""

    pipeline: Pipeline
    after: Literal["always", "and", "or"] = "always"
    background: bool = False


@dataclass(frozen=True)
class List:
    """Pipelines one after the other."""

    items: tuple[Item, ...] = field(default=())
