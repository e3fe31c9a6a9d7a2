"""How long a server is waited for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds. `total` bounds one `complete` with all its attempts.

    The pause before attempt n is random between half of and all of ``first_pause * 2**(n-1)``, at most `max_pause`;
    a server's Retry-After is honoured up to `max_retry_after`. One that says that it is loading the model is asked
    again every `loading_pause` until `total` is over.
    """

    total: float = 300.0
    connect: float = 10.0
    attempts: int = 4
    first_pause: float = 0.5
    max_pause: float = 8.0
    max_retry_after: float = 30.0
    loading_pause: float = 1.0
