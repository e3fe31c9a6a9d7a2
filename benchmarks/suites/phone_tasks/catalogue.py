"""All tasks of the suite: importing this module defines them, in the order in which they are reported."""

from __future__ import annotations

from benchmarks.suites.phone_tasks import notebook, people, settings, several, times, web

MODULES = (settings, people, notebook, times, web, several)

_FEW = "it has few variants, and its steps do not depend on what is shown"
FLAGGED: dict[str, str] = {
    f"blind-replay:{name}": _FEW
    for name in (
        "settings-airplane-mode", "settings-bluetooth", "settings-location", "settings-dark-theme", "settings-evening",
        "settings-font-size", "settings-screen-timeout", "clock-stopwatch", "browser-bookmark",
    )
}  # fmt: skip
"""What an audit finds that is so on purpose, ``CHECK:task`` to the reason."""
