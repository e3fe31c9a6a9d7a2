"""The suites by name, and those from outside. A module is imported only when its suite is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from actions.errors import did_you_mean
from agent.plugins import find, installed, lacking, require
from benchmarks.hub.sources import DATA_SETS, HubData
from benchmarks.suite import Kind, Suite, SuiteError, SuiteOptions

Opener = Callable[[str, Path | None, SuiteOptions], Suite]
"""Given the suite's name, the folder of its data (None: not given) and options; raises `SuiteError`."""


@dataclass(frozen=True)
class Entry:
    """One suite: `opener` is ``module:function``, `needs_data` whether ``--data`` must name a folder."""

    kind: Kind
    about: str
    opener: str
    needs_data: bool = True


_GROUNDING = "benchmarks.suites.grounding:open_suite"
_NAVIGATION = "benchmarks.suites.navigation:open_suite"

SUITES: dict[str, Entry] = {
    "screenspot": Entry("grounding", "ScreenSpot: mobile, desktop and web targets", _GROUNDING),
    "screenspot-v2": Entry("grounding", "ScreenSpot-v2: the corrected annotations", _GROUNDING),
    "screenspot-pro": Entry("grounding", "ScreenSpot-Pro: small targets in professional programs", _GROUNDING),
    "osworld-g": Entry("grounding", "OSWorld-G: boxes, polygons and refusals", _GROUNDING),
    "mmbench-gui": Entry("grounding", "MMBench-GUI L2: six platforms, basic and advanced wording", _GROUNDING),
    "ui-vision": Entry("grounding", "UI-Vision: element grounding in desktop programs", _GROUNDING),
    "jsonl": Entry("grounding", "your own screens: samples.jsonl", _GROUNDING),
    "android-control": Entry("navigation", "AndroidControl steps, high or low", _NAVIGATION),
    "aitz": Entry("navigation", "Android in the Zoo", _NAVIGATION),
    "aitw": Entry("navigation", "Android in the Wild", _NAVIGATION),
    "decisions": Entry(
        "navigation", "the next action on recorded screens of our own tasks", "benchmarks.suites.decisions:open_suite"
    ),
    "miniwob": Entry(
        "interactive", "MiniWoB++ in Chromium, by mouse and keyboard", "benchmarks.suites.miniwob:open_suite", False
    ),
    "desktop": Entry("interactive", "tasks in real Debian programs", "benchmarks.suites.desktop:open_suite", False),
    "phone-tasks": Entry(
        "interactive", "tasks in the apps of the simulated phone", "benchmarks.suites.phone_tasks:open_suite", False
    ),
    "mobile-miniwob": Entry(
        "interactive", "MiniWoB++ on the simulated phone", "benchmarks.suites.mobile_miniwob:open_suite", False
    ),
    "injection": Entry(
        "interactive", "tasks on screens that give other orders", "benchmarks.suites.injection:open_suite", False
    ),
    "safety": Entry(
        "policy", "risky and harmless actions: which are asked about", "benchmarks.suites.safety:open_suite", False
    ),
}


_ALIASES = {
    "screenspot": ("screenspot-v1",),
    "screenspot-v2": ("screenspotv2", "ss-v2", "ssv2"),
    "screenspot-pro": ("screenspotpro", "ss-pro", "sspro"),
    "osworld-g": ("osworldg", "os-world-g"),
    "mmbench-gui": ("mmbench-gui-l2", "mmbench-l2", "mmbench"),
    "ui-vision": ("uivision",),
    "android-control": ("androidcontrol",),
    "aitz": ("android-in-the-zoo",),
    "aitw": ("android-in-the-wild",),
    "miniwob": ("miniwob++", "miniwob-plusplus"),
}
"""Other usual names of the suites."""


def suite_name(name: str) -> str:
    """The name in `SUITES` of a suite called by that or another usual name, in any case; else `name` itself."""
    plain = name.lower().replace("_", "-").replace(" ", "-")
    known = {alias: suite for suite, aliases in _ALIASES.items() for alias in aliases}
    return plain if plain in SUITES else known.get(plain, name)


def open_suite(name: str, data: Path | None = None, options: SuiteOptions = SuiteOptions()) -> Suite:  # noqa: B008 - frozen
    """The suite called `name`: one of `SUITES`, an installed plug-in, or ``module:object``.

    Raises `SuiteError` for an unknown name, missing data or a foreign option, and `agent.plugins.PlugInError` for a
    plug-in that cannot be used.
    """
    name = suite_name(name)
    entry = SUITES.get(name)
    if entry is None:
        return _open_outside(name, data, options)
    if entry.needs_data and data is None:
        fetch = f" (handeye bench download {name} fetches it)" if isinstance(DATA_SETS.get(name), HubData) else ""
        raise SuiteError(f"{name} needs its data: give the folder it was downloaded to with --data{fetch}")
    module, _, function = entry.opener.partition(":")
    opener: Opener = getattr(import_module(module), function)
    return opener(name, data, options)


def _open_outside(name: str, data: Path | None, options: SuiteOptions) -> Suite:
    """A plug-in: an `Opener`, which is given the name, the data and the options, or a `Suite`, which takes neither."""
    plugin = find("suites", name)
    if plugin is None:
        known = [*SUITES, *installed("suites")]
        meant = did_you_mean(name, known)
        raise SuiteError(f"unknown suite {name!r}.{meant} Known: {', '.join(known)}; or module:object")
    suite = plugin.value
    if isinstance(suite, type) or (callable(suite) and lacking(suite, Suite)):
        suite = plugin.call(suite, name, data, options)
    elif data is not None or options != SuiteOptions(seed=options.seed):
        raise SuiteError(f"{name} is a suite with its data: leave --data and its options out, or make it a function")
    require(suite, Suite, plugin.where)
    return cast(Suite, suite)
