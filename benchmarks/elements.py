"""What the list of elements has of the screens of a data set.

``python -m benchmarks.elements --data DIR``: each folder in DIR with ``samples.jsonl`` (targets: `image`,
`instruction`, `bbox`, `data_type`) and ``elements.jsonl`` (screens: `image`, `elements`) is listed from its pixels and,
where its elements are an Android accessibility tree, from that and from both. A target has its own row if the centre of
a numbered row, which is what is clicked, is in it, and that row holds no other target's centre; targets within one
control of the tree, such as the texts of a list's row, are not others to each other. Of the rest are counted those
within a row that holds no other one, those whose words a row beside or around them has (the label of a check box),
those that share a row, those that are only read, and those that nothing is on.
"""

from __future__ import annotations

import argparse
import functools
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import track

from actions.frame import Box, Frame
from agent.perception.elements import PerceivedScreen
from agent.perception.listing.lister import ElementLister
from agent.perception.listing.rows import TOKEN_BYTES, ElementList
from agent.perception.perceive import Perceiver
from benchmarks.figures.statistics import wilson
from benchmarks.locate import LocateSample, read_samples
from benchmarks.suites.decoding import decoded
from envs.env import Observation, UiElement

OWN, WITHIN, NAMED, SHARED, READ, NONE = "own", "within", "named", "shared", "read", "none"


@dataclass(frozen=True)
class TreeOfFile:
    """The accessibility tree of a stored screen, as a device tells it."""

    elements: tuple[UiElement, ...]

    def tree(self, frame: Frame) -> tuple[UiElement, ...]:
        """The tree; boxes in pixels of the screen."""
        return self.elements

    def app_names(self) -> tuple[str, ...]:
        """None are known."""
        return ()


@dataclass(frozen=True)
class ListTarget:
    """A sample that is on its screen, and its box (pixels)."""

    sample: LocateSample
    box: Box


@dataclass(frozen=True)
class ListedScreen:
    """A screen, one way of listing it, and what each of its targets has."""

    way: str
    listed: ElementList
    found: tuple[tuple[ListTarget, str], ...]

    @property
    def tokens(self) -> float:
        """Of the whole list."""
        return len(self.listed.text(sys.maxsize).encode()) / TOKEN_BYTES


def android_tree(nodes: Sequence[Mapping[str, Any]]) -> tuple[UiElement, ...]:
    """The displayed elements of one line of ``elements.jsonl``, in their order."""
    depths, found = dict[int, int](), list[UiElement]()
    for node in nodes:
        depths[node["idx"]] = depths.get(node["parent"], -1) + 1
        if node["displayed"]:
            about, program = node["content_desc"], node["resource_id"].partition(":")[0]
            role, text = node["cls"].rpartition(".")[2], node["text"] or about
            box = Box(*(float(value) for value in node["bbox"]))
            found.append(
                UiElement(
                    box, role, text, about, clickable=node["clickable"], depth=depths[node["idx"]], program=program
                )
            )
    return tuple(found)


def control_of(target: Box, tree: Sequence[UiElement]) -> Box:
    """What is clicked where the target of a tree is: the smallest clickable element around it, or itself (pixels)."""
    around = [node.box for node in tree if node.clickable and _within(target, node.box)]
    return min(around, key=lambda box: box.area, default=target)


def what_it_has(target: ListTarget, listed: ElementList, targets: Sequence[Box], tree: Sequence[UiElement]) -> str:
    """What a target has of a list; `targets` are all of its screen (pixels), whose `tree` may be empty."""
    place, control = target.box, control_of(target.box, tree)
    apart = [
        box.center
        for box in targets
        if not box.holds(place.center) and not place.holds(box.center) and control_of(box, tree) != control
    ]
    on = [row for row in listed.rows if place.holds(row.box.center) or row.box.holds(place.center)]
    acting = [row.box for row in on if row.number]
    alone = [box for box in acting if not any(map(box.holds, apart))]
    if any(place.holds(box.center) for box in alone):
        return OWN
    if alone:
        return WITHIN
    words = re.search('"(.+)"', target.sample.instruction)
    beside = [row.name.lower() for row in listed.rows if row.number and row.box.y1 < place.y2 and row.box.y2 > place.y1]
    if words and any(words[1].lower() in name for name in beside):
        return NAMED
    return SHARED if acting else READ if on else NONE


def _within(inner: Box, outer: Box) -> bool:
    return outer.x1 <= inner.x1 and outer.y1 <= inner.y1 and inner.x2 <= outer.x2 and inner.y2 <= outer.y2


def listed_screens(folder: Path, limit: int | None = None) -> Iterator[ListedScreen]:
    """The screens of `folder` that have targets, each in every way. Raises OSError and ValueError for a faulty file."""
    targets = defaultdict[Path, list[ListTarget]](list)
    for sample in read_samples(folder / "samples.jsonl"):
        if sample.box is not None:
            targets[sample.image].append(ListTarget(sample, sample.box))
    lines = decoded((folder / "elements.jsonl").read_bytes()).splitlines()
    trees = {folder / row["image"]: row["elements"] for row in map(json.loads, lines)}
    perceiver = Perceiver()
    shown = Console(stderr=True)
    for path, there in track(list(targets.items())[:limit], description=folder.name, transient=True, console=shown):
        pixels = np.asarray(Image.open(path).convert("RGB"))
        nodes = trees.get(path, [])
        tree = android_tree(nodes) if nodes and "cls" in nodes[0] else ()
        frame = Frame(id="0", width=pixels.shape[1], height=pixels.shape[0])
        seen = Observation(pixels, frame, details=TreeOfFile(tree) if tree else None)
        perceive = functools.partial(_same, perceiver.perceive(pixels))
        ways = {"pixels": ElementLister(tree=False, perceive=perceive)}
        if tree:
            ways |= {"tree": ElementLister(pixels=False), "both": ElementLister(fused=True, perceive=perceive)}
        for way, lister in ways.items():
            listed = lister.listed(seen, phone=frame.height > frame.width)
            boxes = [target.box for target in there]
            found = ((target, what_it_has(target, listed, boxes, tree)) for target in there)
            yield ListedScreen(way, listed, tuple(found))


def _same(screen: PerceivedScreen, image: np.ndarray) -> PerceivedScreen:
    return screen


def report(name: str, screens: Sequence[ListedScreen]) -> str:
    """The figures of one folder as text: a line a way and kind of target, then rows and tokens a screen."""
    lines = []
    for way in dict.fromkeys(screen.way for screen in screens):
        of = [screen for screen in screens if screen.way == way]
        found = [one for screen in of for one in screen.found]
        for kind in ["", *sorted({target.sample.kind for target, _ in found})]:
            lines.append(
                f"{name} {way:7s} {kind or 'all':8s} " + _share([w for t, w in found if kind in ("", t.sample.kind)])
            )
        numbers = [sum(bool(row.number) for row in screen.listed.rows) for screen in of]
        said = [
            f"{about} {np.median(values):.0f} (90 %: {np.percentile(values, 90):.0f})"
            for about, values in (("rows", numbers), ("tokens", [screen.tokens for screen in of]))
        ]
        lines.append(f"{name} {way:7s} {len(of)} screens, numbered {', '.join(said)}")
    return "\n".join(lines)


def _share(has: Sequence[str]) -> str:
    count = Counter(has)
    low, high = wilson(count[OWN], len(has)) or (0.0, 1.0)
    rest = ", ".join(f"{what} {count[what]}" for what in (WITHIN, NAMED, SHARED, READ, NONE))
    return f"{count[OWN]:4d}/{len(has):<4d} {count[OWN] / len(has):6.1%} [{low:.1%}, {high:.1%}]  {rest}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.elements", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with the folders of screens")
    parser.add_argument("--limit", type=int, help="only the first N screens of each")
    parser.add_argument("--missed", type=Path, help="write the targets without a row of their own into this file")
    options = parser.parse_args(argv)
    folders = [folder.parent for folder in sorted(options.data.glob("*/elements.jsonl"))]
    if not folders:
        print(f"error: no folder with elements.jsonl in {options.data}", file=sys.stderr)
        return 2
    missed = list[str]()
    for folder in folders:
        try:
            screens = list(listed_screens(folder, options.limit))
        except (OSError, ValueError, KeyError) as error:
            print(f"error: {folder}: {error}", file=sys.stderr)
            return 2
        print(report(folder.name, screens), flush=True)
        missed += [
            json.dumps(
                {"way": screen.way, "has": has, "image": str(target.sample.image), "bbox": list(target.box)}
                | {"instruction": target.sample.instruction, "kind": target.sample.kind},
                ensure_ascii=False,
            )
            for screen in screens
            for target, has in screen.found
            if has != OWN
        ]
    if options.missed:
        options.missed.write_text("\n".join([*missed, ""]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
