"""A cache of what was made of objects that have no hash."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class IdentityCache(Generic[T]):
    """What was made of an object, of the `most` made last. The object is kept too, so that no other has its id."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: dict[tuple[int, Hashable], tuple[Any, T]] = {}

    def get(self, owner: object, how: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives for `owner`, made `how`; made once while it is kept."""
        key = (id(owner), how)
        if key not in self._made:
            while len(self._made) >= self._most:
                del self._made[next(iter(self._made))]
            self._made[key] = owner, make()
        return self._made[key][1]
