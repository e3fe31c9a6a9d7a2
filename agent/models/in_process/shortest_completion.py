"""The nearest end of an answer: how it can be brought to a whole one, whatever it has come to."""

from __future__ import annotations

import heapq
import itertools
import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from llguidance import LLMatcher

from agent.models.endpoints.continuation import shortest_text

Ids = np.ndarray[Any, np.dtype[np.int_]]
_LITERAL = re.compile(r"(?:\\[^A-Za-z0-9]|\\n|[^\\\[\](){}|?*+.^$])+")
_FEW = 80
_STATES = 700
"""States that one search looks at for a pattern, where one may cost milliseconds. The families need at most 600."""
_PLAIN = frozenset(string.ascii_letters + string.digits) - set("aA01")


def literals(pattern: str) -> list[str]:
    """The first runs of plain text in a regular expression: the marks and tags around a thought, which comes first."""
    found = [re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], run) for run in _LITERAL.findall(pattern)]
    return list(dict.fromkeys(text for text in found if len(text) > 2))[:_FEW]


@dataclass
class ShortestCompletion:
    """Searches for the shortest way to a whole answer, in tokens.

    `simple` are one-character tokens by id; where nearly any may come, one letter stands for all. `marks` are tokens
    that are also tried in one go there: what ends a thought cannot be found letter by letter, since the thought itself
    may go on with each. `endings` are the ends of the shortest whole answer, the shortest first. `states` bounds how
    many states one search looks at, `most` how many of them it goes on from: how fast the machine is changes no answer.
    """

    simple: dict[int, str]
    marks: Sequence[Sequence[int]] = ()
    endings: Sequence[Sequence[int]] = ()
    most: int = 600
    states: int = 5000
    _seen: dict[tuple[int, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tried = self.marks
        self._all: Ids = np.array(sorted(self.simple), int)
        self._few: Ids = np.array(sorted(token for token, text in self.simple.items() if text not in _PLAIN), int)

    def find(self, matcher: LLMatcher) -> list[int] | None:
        """The tokens that make the answer that `matcher` follows whole: an ending that fits, or what a search finds.

        States from which the same tokens may follow are taken to be alike at first; if that finds nothing, only those
        that took as many tokens to get to.
        """
        if (ending := self._ending(matcher)) is not None:
            return ending
        for marks, visits, by_length in ((8, 1, False), (_FEW, 1, False), (8, 1, True), (_FEW, 16, True)):
            self._seen.clear()
            self._tried = self.marks[:marks]
            found = self._search(matcher, visits, by_length)
            if found is not None:
                return found
        return None

    def _ending(self, matcher: LLMatcher) -> list[int] | None:
        """The first of the endings that fits."""
        for ending in map(list, self.endings):
            after = matcher.deep_copy()
            fits = after.validate_tokens(ending) == len(ending) and after.consume_tokens(ending)
            if fits and after.is_accepting():
                return ending
        return None

    def _search(self, matcher: LLMatcher, visits: int, by_length: bool) -> list[int] | None:
        order = itertools.count(0, -1)  # of equally long ways the latest first: it has come further
        queue: list[tuple[int, int, list[int], LLMatcher]] = [(0, next(order), [], matcher.deep_copy())]
        looked = 0
        for _ in range(self.states):
            if not queue or looked >= self.most:
                break
            _, _, way, state = heapq.heappop(queue)
            if state.is_accepting():
                return way
            ways = self._next(state, visits, len(way) if by_length else 0)
            looked += bool(ways)
            for tokens in ways:
                after = state.deep_copy()
                if after.consume_tokens(tokens):
                    heapq.heappush(queue, (len(way) + len(tokens), next(order), way + tokens, after))
        return None

    def _next(self, state: LLMatcher, visits: int, length: int) -> list[list[int]]:
        """The ways on from `state`; none if as many states like it as `visits` were looked at before."""
        forced = list(state.compute_ff_tokens())
        if forced:
            return [forced]
        packed = state.compute_bitmask()
        mark = hash(packed), length
        self._seen[mark] = self._seen.get(mark, 0) + 1
        if self._seen[mark] > visits:
            return []
        bits = np.frombuffer(packed, np.uint8)
        ways = _among(self._all, bits)
        if not len(ways):
            return [[int(token)] for token in np.flatnonzero(np.unpackbits(bits, bitorder="little"))[:50]]
        if len(ways) < 60:
            return [[int(token)] for token in ways]
        marks = [list(mark) for mark in self._tried if state.validate_tokens(list(mark)) == len(mark)]
        return [*marks, *([int(token)] for token in _among(self._few, bits))]


def _among(ids: Ids, bits: np.ndarray[Any, np.dtype[np.uint8]]) -> Ids:
    """Those of `ids` whose bit is set."""
    among: Ids = ids[(bits[ids >> 3] >> (ids & 7) & 1).astype(bool)]
    return among


def completion_search(
    pattern: str | None, simple: dict[int, str], encode: Callable[[str], Sequence[int]], schema: bool = False
) -> ShortestCompletion:
    """The search for answers that fit `pattern` (None: not known), or a `schema` that says the same."""
    if pattern is None:
        return ShortestCompletion(simple)
    text = shortest_text(pattern)
    endings = [encode(text[at:]) for at in range(len(text) - 1, -1, -1)]
    marks = () if schema else [encode(text) for text in literals(pattern)]
    return ShortestCompletion(simple, marks, endings, states=5000 if schema else _STATES)
