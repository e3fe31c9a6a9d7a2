"""The protocol, the command and the whole manifest of a run."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agent.views.markup import Markup, element, join
from benchmarks.page.formatting import clip, foreign, label
from benchmarks.page.loading import PageRun

_LONG = 160
_LONGEST = 200_000


def protocol(runs: Sequence[PageRun]) -> Markup:
    """The protocol of the runs; rows with differences are marked."""
    columns = [dict(_settings(run)) for run in runs]
    names = dict.fromkeys(name for column in columns for name in column)
    head = [element("th", "Setting", scope="col")]
    titles = [f"{run.letter}: {run.model}" if len(runs) > 1 else "Value" for run in runs]
    head += [element("th", foreign(title, 120), scope="col") for title in titles]
    rows = (_row(name, [column.get(name) for column in columns]) for name in names)
    caption = element("caption", "Protocol", class_="hidden")
    table = element(
        "table", caption, element("thead", element("tr", *head)), element("tbody", *rows), class_="plain settings"
    )
    return element("div", table, class_="scroll", role="group", tabindex=0, aria_label="Protocol")


def _row(name: str, values: Sequence[Any]) -> Markup:
    differ = any(value != values[0] for value in values)
    heading = element("th", label(name), element("strong", " (differs)") if differ else None, scope="row")
    cells = [element("td", _value(value)) for value in values]
    return element("tr", heading, *cells, class_="differs" if differ else None)


def _value(value: Any) -> Markup:
    if value is None:
        return element("span", "–", class_="soft")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) <= _LONG:
        return element("bdi", text)
    whole = element("pre", clip(text), tabindex=0, dir="auto")
    return element("details", element("summary", f"{len(text):,} characters"), whole)


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


def reproduce(run: PageRun) -> Markup:
    """The commands, and the manifest in full."""
    manifest = run.manifest
    command = manifest.get("command")
    ran = shlex.join(map(str, command)) if isinstance(command, list) else ""
    file = run.path / "result.json" if run.path.is_dir() else run.path
    again = "" if "plan" not in manifest else shlex.join(["handeye", "bench", "reproduce", str(file)])
    whole = clip(json.dumps(manifest, ensure_ascii=False, indent=2), _LONGEST)
    return join(
        _command("It was made with", ran),
        _command("To run it again and compare verdict by verdict", again),
        element("dl", *_facts(run), class_="pairs"),
        element("details", element("summary", "The manifest in full"), element("pre", whole, tabindex=0, dir="auto")),
    )


def _command(title: str, words: str) -> Markup | None:
    return join(element("h3", title), element("pre", clip(words), tabindex=0)) if words else None


def _facts(run: PageRun) -> Iterator[Markup]:
    manifest = run.manifest
    ours, machine = _mapping(manifest.get("handeye")), _mapping(manifest.get("environment"))
    commit = f", commit {str(ours['commit'])[:12]}" if ours.get("commit") else ""
    changed = " and changes to it" if ours.get("dirty") else ""
    told = {
        "Finished": run.result.run.get("finished"),
        "Handeye": f"{ours.get('version')}{commit}{changed}" if ours else None,
        "Python": machine.get("python"),
        "System": machine.get("os"),
        "Processor": _processor(machine) if machine else None,
        "GPU": (machine.get("gpu") or "none") if machine else None,
        "Server": json.dumps(manifest["server"]) if manifest.get("server") else None,
        "Digest of the verdicts": run.result.digest,
    }
    for name, value in told.items():
        if value:
            yield join(element("dt", name), element("dd", clip(str(value), 600), dir="auto"))


def _processor(machine: Mapping[str, Any]) -> str:
    return f"{machine.get('cpu')}, {machine.get('cores')} cores, {machine.get('memory_gb')} GB"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
