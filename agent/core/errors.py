"""The error for input that the user has to correct."""

from __future__ import annotations

from actions.errors import HandeyeError


class UserError(HandeyeError):
    """Bad input; one line that says what to do next."""
