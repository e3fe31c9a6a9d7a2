"""A function that exchanges values with its caller while it runs: a coroutine whose body is ordinary code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

Given = TypeVar("Given")
Reply = TypeVar("Reply")
Found = TypeVar("Found")


@dataclass(frozen=True)
class _Raised:
    error: BaseException


@dataclass(frozen=True)
class Returned(Generic[Found]):
    """What the function returned."""

    value: Found


class Handover(Generic[Given, Reply, Found]):
    """`function(exchange)` in a thread of its own: ``exchange(given)`` waits for the caller's reply.

    Never do both sides run at once. An exception of the function is raised in the caller.
    """

    def __init__(self, function: Callable[[Callable[[Given], Reply]], Found], name: str = "handover") -> None:
        self._function = function
        self._given: SimpleQueue[Given | Returned[Found] | _Raised] = SimpleQueue()
        self._replies: SimpleQueue[Reply] = SimpleQueue()
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self.over = False

    def start(self) -> Given | Returned[Found]:
        """The first value that the function gives, or what it returned. Raises what it raised."""
        self._thread.start()
        return self._next()

    def reply(self, reply: Reply) -> Given | Returned[Found]:
        """Let the function go on with `reply` until it gives the next value. Raises what it raised."""
        if self.over:
            raise RuntimeError("the function has returned")
        self._replies.put(reply)
        return self._next()

    def _next(self) -> Given | Returned[Found]:
        given = self._given.get()
        self.over = isinstance(given, Returned | _Raised)
        if isinstance(given, _Raised):
            raise given.error
        return given

    def _run(self) -> None:
        try:
            self._given.put(Returned(self._function(self._exchange)))
        except BaseException as error:  # noqa: BLE001 - raised in the caller
            self._given.put(_Raised(error))

    def _exchange(self, given: Given) -> Reply:
        self._given.put(given)
        return self._replies.get()
