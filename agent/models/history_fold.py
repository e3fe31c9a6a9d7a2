"""What is made of a history step by step: of one that goes on only the new steps are looked at."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from agent.core.step import Step

T = TypeVar("T")
_MOST = 8
"""Histories whose results are kept: those of runs at the same time."""


class HistoryFold(Generic[T]):
    """`then` of each step in turn, beginning with `empty`. The results are never changed; may be used by threads."""

    def __init__(self, empty: T, then: Callable[[T, Step], T]) -> None:
        self._empty, self._then = empty, then
        self._kept: dict[int, tuple[tuple[Step, ...], T]] = {}

    def of(self, history: Sequence[Step]) -> T:
        """The result for `history`; the steps are told apart by identity."""
        if not history:
            return self._empty
        key = id(history[0])
        steps, made = self._kept.get(key, ((), self._empty))
        if len(steps) > len(history) or not all(map(operator.is_, steps, history)):
            steps, made = (), self._empty
        for step in history[len(steps) :]:
            made = self._then(made, step)
        while len(self._kept) >= _MOST and key not in self._kept:
            self._kept.pop(next(iter(self._kept)), None)
        self._kept[key] = tuple(history), made
        return made
