"""Recorded navigation: AndroidControl, AITZ and AITW, step by step with the recorded history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from actions.errors import plural
from benchmarks.suite import SuiteError, SuiteOptions, refuse_options
from benchmarks.suites.navigation.recording import Recording, Rule
from benchmarks.suites.navigation.suite import NavigationSuite

__all__ = ["NavigationSuite", "open_suite"]

MODES = ("high", "low")


def open_suite(name: str, data: Path | None, options: SuiteOptions) -> NavigationSuite:
    """``android-control``, ``aitz`` or ``aitw`` over the files in `data`.

    `mode` is ``high`` (the goal only, the default) or ``low`` (the step's instruction too) for AndroidControl, and
    the split for the others. `rule` is one of the suite's named rules. `tasks` picks episodes by their id. Raises
    `SuiteError` for other options and for data that are not what they should be.
    """
    refuse_options(name, options, "language", "seeds", "zoom", "official_timer", "max_steps")
    if data is None or not data.exists():
        raise SuiteError(f"{name} needs its data: {data or '--data'} is no folder or file")
    opened = {"android-control": _android_control, "aitz": _aitz, "aitw": _aitw}[name](data, options)
    return replace(opened, recording=_picked(opened.recording, options.tasks)) if options.tasks else opened


def _android_control(data: Path, options: SuiteOptions) -> NavigationSuite:
    from benchmarks.suites.navigation import android_control
    from benchmarks.suites.navigation.rules import android_control as rules

    mode = options.mode or "high"
    if mode not in MODES:
        raise SuiteError(f"unknown --mode {mode!r}: use {' or '.join(MODES)}")
    rule, score = _rule(options.rule, rules.RULES, rules.DEFAULT)
    recording = android_control.load(data)
    said = rules.remarks(rule, (step for episode in recording.episodes for step in episode))
    recording = replace(recording, notes=(*recording.notes, *said))
    return NavigationSuite("android-control", recording, rule, score, {"mode": mode}, low=mode == "low")


def _aitz(data: Path, options: SuiteOptions) -> NavigationSuite:
    from benchmarks.suites.navigation import aitz
    from benchmarks.suites.navigation.rules import aitz as rules

    rule, score = _rule(options.rule, rules.RULES, rules.DEFAULT)
    recording = aitz.load(data, options.mode)
    return NavigationSuite("aitz", recording, rule, score, {"mode": options.mode}, macro_over="subset")


def _aitw(data: Path, options: SuiteOptions) -> NavigationSuite:
    from benchmarks.suites.navigation import aitw
    from benchmarks.suites.navigation.rules import aitw as rules

    rule, score = _rule(options.rule, rules.RULES, rules.DEFAULT)
    recording = aitw.load(data, options.mode)
    return NavigationSuite(
        "aitw", recording, rule, score, {"mode": options.mode}, headline="macro", macro_over="subset"
    )


def _rule(asked: str | None, rules: Mapping[str, Rule], default: str) -> tuple[str, Rule]:
    name = asked or default
    if name not in rules:
        raise SuiteError(f"unknown --rule {name!r}: use {', '.join(rules)}")
    return name, rules[name]


def _picked(recording: Recording, tasks: tuple[str, ...]) -> Recording:
    known = {episode[0].episode: episode for episode in recording.episodes}
    missing = [task for task in tasks if task not in known]
    if missing:
        raise SuiteError(f"there is no episode {missing[0]!r}: give ids as in the data")
    picked = [known[task] for task in dict.fromkeys(tasks)]
    steps = sum(map(len, picked))
    protocol = {**recording.protocol, "episodes": len(picked), "steps": steps, "complete": False, "tasks": list(tasks)}
    return Recording(picked, protocol, (*recording.notes, f"{plural(len(picked), 'episode')} picked by --tasks"))
