"""The protocol, the command and the whole manifest of a run."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.page.loading import PageRun


@dataclass(frozen=True)
class ProtocolRow:
    """A setting of the protocol: its value in each run as text, None where it has none."""

    name: str
    texts: Sequence[str | None]
    differs: bool


@dataclass(frozen=True)
class Provenance:
    """How a run was made: commands with what each is for, facts, and the manifest as JSON."""

    run: PageRun
    commands: Sequence[tuple[str, str]]
    facts: Mapping[str, object]
    manifest: str


def protocol(runs: Sequence[PageRun]) -> list[ProtocolRow]:
    """The protocol of the runs."""
    columns = [dict(_settings(run)) for run in runs]
    names = dict.fromkeys(name for column in columns for name in column)
    rows = {name: [column.get(name) for column in columns] for name in names}
    return [
        ProtocolRow(name, [*map(_text, values)], any(value != values[0] for value in values))
        for name, values in rows.items()
    ]


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _settings(run: PageRun) -> Iterator[tuple[str, Any]]:
    manifest = run.manifest
    for name, value in manifest["protocol"].items():
        if value not in (None, [], {}):
            yield name, value
    for name, value in manifest.get("options", {}).items():
        if name not in manifest["protocol"] and value not in (None, False, [], ()):
            yield f"option {name}", value
    yield "limit", run.limit
    for name, value in manifest["model"].items():
        yield ("model" if name == "name" else f"model {name}"), value


def reproduce(run: PageRun) -> Provenance:
    """How `run` was made, and how to make it again."""
    manifest = run.manifest
    command = manifest.get("command")
    file = run.path / "result.json" if run.path.is_dir() else run.path
    again = shlex.join(["handeye", "bench", "reproduce", str(file)]) if "plan" in manifest else ""
    return Provenance(
        run,
        (
            ("It was made with", shlex.join(map(str, command)) if isinstance(command, list) else ""),
            ("To run it again and compare verdict by verdict", again),
        ),
        _facts(run),
        json.dumps(manifest, ensure_ascii=False, indent=2),
    )


def _facts(run: PageRun) -> dict[str, object]:
    manifest = run.manifest
    ours, machine = _mapping(manifest.get("handeye")), _mapping(manifest.get("environment"))
    commit = f", commit {str(ours['commit'])[:12]}" if ours.get("commit") else ""
    changed = " and changes to it" if ours.get("dirty") else ""
    return {
        "Finished": run.result.run.get("finished"),
        "Handeye": f"{ours.get('version')}{commit}{changed}" if ours else None,
        "Python": machine.get("python"),
        "System": machine.get("os"),
        "Processor": _processor(machine) if machine else None,
        "GPU": (machine.get("gpu") or "none") if machine else None,
        "Server": json.dumps(manifest["server"]) if manifest.get("server") else None,
        "Digest of the verdicts": run.result.digest,
    }


def _processor(machine: Mapping[str, Any]) -> str:
    return f"{machine.get('cpu')}, {machine.get('cores')} cores, {machine.get('memory_gb')} GB"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
