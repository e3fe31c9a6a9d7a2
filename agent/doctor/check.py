"""One check of this machine, and an examination: checks one after another within a time limit."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from actions.errors import HandeyeError, one_line
from envs.capture import Deadline


class CheckState(StrEnum):
    """What a check found."""

    ok = "ok"
    missing = "missing"
    not_needed = "not needed"


@dataclass(frozen=True)
class Finding:
    """What a check saw, in one line, and what to do next; empty where there is nothing to do."""

    state: CheckState
    detail: str
    next: str = ""


@dataclass(frozen=True)
class CheckResult(Finding):
    """One check. `needed` is whether Handeye is of no use without it."""

    group: str = ""
    name: str = ""
    needed: bool = False

    @property
    def ok(self) -> bool:
        """Whether all is well."""
        return self.state is CheckState.ok

    @property
    def fails(self) -> bool:
        """Whether something is missing without which Handeye is of no use."""
        return self.needed and self.state is CheckState.missing

    def line(self) -> str:
        """For people, with ``ok``, ``FAIL``, ``note`` for what some use of Handeye needs, or ``-``."""
        marks = {CheckState.ok: "ok", CheckState.missing: "FAIL" if self.needed else "note"}
        return f"{marks.get(self.state, '-'):<4}  {self.told}"

    @property
    def told(self) -> str:
        """The name, what was seen and what to do, on one line."""
        return one_line(f"{self.name}: {self.detail}" + (f": {self.next}" if self.next else ""), 400)

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def found(detail: str) -> Finding:
    """All is well."""
    return Finding(CheckState.ok, detail)


def missing(detail: str, to_do: str) -> Finding:
    """Something is not there or does not work."""
    return Finding(CheckState.missing, detail, to_do)


def not_needed(detail: str, to_do: str = "") -> Finding:
    """Nothing here needs it."""
    return Finding(CheckState.not_needed, detail, to_do)


@dataclass(frozen=True)
class MachineCheck:
    """What looks at one thing, for at most `seconds`. `look` returns the detail of what is well, or a `Finding`."""

    group: str
    name: str
    look: Callable[[], str | Finding]
    needed: bool = False
    seconds: float = 20.0


class Examination:
    """Checks one after another, all within `seconds`: one that hangs is left behind and the next one done."""

    def __init__(self, seconds: float) -> None:
        self._deadline = Deadline(seconds)

    def all(self, checks: Iterable[MachineCheck]) -> list[CheckResult]:
        """The results in the order of `checks`."""
        return [self.look(check) for check in checks]

    def look(self, check: MachineCheck) -> CheckResult:
        """The result of one."""
        seconds = min(check.seconds, self._deadline.left)
        seen = _within(check.look, seconds) if seconds > 0 else _LATE
        return CheckResult(seen.state, seen.detail, seen.next, check.group, check.name, check.needed)


_LATE = missing("not looked at, the time was over", "run handeye doctor again")


def _within(look: Callable[[], str | Finding], seconds: float) -> Finding:
    """What `look` finds in a thread that may be left behind. Only errors for people, of imports and of the system are
    findings.
    """
    answers = queue.SimpleQueue[Finding | BaseException]()

    def run() -> None:
        try:
            seen = look()
            answers.put(found(seen) if isinstance(seen, str) else seen)
        except BaseException as error:  # noqa: BLE001 - raised below
            answers.put(error)

    threading.Thread(target=run, daemon=True, name="check").start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        return missing(f"no answer within {seconds:.0f} s", "see whether it hangs, and run handeye doctor again")
    if isinstance(answer, (HandeyeError, ImportError, OSError)):
        what, _, to_do = str(answer).partition(": ")  # so are messages written: what it is, what to do
        return missing(what, to_do)
    if isinstance(answer, BaseException):
        raise answer
    return answer
