"""The base class of errors whose message is written for the user."""

from __future__ import annotations


class HandeyeError(Exception):
    """A failure that the user can act on. Its message is one line that says what to do next."""
