"""Android in the Wild as njucckevin/SeeClick ships it: ``aitw_data_test.json`` and a folder of screens.

The file maps each of five subsets to its episodes, lists of steps. Points and elements are shares of the sides: points
as (x, y), elements as a flat list of (y, x, height, width).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from actions.errors import plural
from actions.frame import Box, Point
from benchmarks.suite import SuiteError
from benchmarks.suites.navigation.moves import OPPOSITE, CanonicalAction, Direction, heading
from benchmarks.suites.navigation.recording import (
    RecordedStep,
    Recording,
    count_of,
    read_json,
    require_screens,
    sha256_of,
    size_of,
)
from benchmarks.suites.navigation.rules.aitw import is_tap

SUBSETS = ("general", "single", "webshopping", "install", "googleapps")
SPLITS = ("test", "val", "train")
IMAGES = ("aitw_images", "images", ".")
LONGEST = 255
"""Bytes in a file's name on Linux: a few screens have longer ones and cannot exist there (SeeClick skips them too)."""
_SCROLLS: Mapping[str, Direction] = {
    "scroll down": "down",
    "scroll up": "up",
    "scroll left": "left",
    "scroll right": "right",
}
_BUTTONS = {5: "back", 6: "home", 7: "enter"}
_STOPS = {10: "success", 11: "failure"}


def load(data: Path, split: str | None) -> Recording:
    """Every step of a split (None: test). Raises `SuiteError` for data that are not what they should be."""
    file = _file(data, split or "test")
    subsets = read_json(file)
    if not isinstance(subsets, dict) or not subsets:
        raise SuiteError(f"{file} is not a map from subsets to episodes: download it again")
    images = _images(file.parent, subsets)
    found = list(_episodes(subsets, file))
    rows = [row for _, _, episode in found for row in episode]
    pictures = {id(row): images / f"{row['img_filename']}.png" for row in rows if not _too_long(row)}
    require_screens(list(pictures.values()), "unzip aitw_images.zip beside the file")
    whole = (
        [_step(subset, name, n, row, pictures[id(row)], file) for n, row in enumerate(rows) if id(row) in pictures]
        for subset, name, rows in found
    )
    episodes = [episode for episode in whole if episode]
    if not episodes:
        raise SuiteError(f"{file} has no steps: download it again")
    return Recording(episodes, _protocol(file, split or "test", episodes), _notes(len(rows) - len(pictures), subsets))


def _episodes(subsets: Mapping[str, Any], file: Path) -> Iterator[tuple[str, str, list[Any]]]:
    """(subset, episode's name, steps); the name is ``ep_id``, with the subset where two subsets share it."""
    try:
        found = [(subset, str(e[0]["ep_id"]), e) for subset, episodes in subsets.items() for e in episodes if e]
        for _, _, episode in found:
            for row in episode:
                row["img_filename"]
    except (KeyError, TypeError) as error:
        raise SuiteError(f"{file} is not in SeeClick's form ({error!r}): download it again") from error
    times = Counter(name for _, name, _ in found)
    names = [name if times[name] == 1 else f"{subset}-{name}" for subset, name, _ in found]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SuiteError(f"{file} has episode {twice} more than once: download it again")
    for name, (subset, _, episode) in zip(names, found, strict=True):
        yield subset, name, episode


def _protocol(file: Path, split: str, episodes: Sequence[Sequence[RecordedStep]]) -> dict[str, Any]:
    return {
        **count_of(episodes),
        "complete": {step.groups["subset"][0] for episode in episodes for step in episode} == set(SUBSETS),
        "split": split,
        "data_hash": sha256_of([file]),
        "directions": "of the content",
    }


def _notes(impossible: int, subsets: Mapping[str, Any]) -> tuple[str, ...]:
    notes: tuple[str, ...] = ()
    missing = [name for name in SUBSETS if name not in subsets]
    if missing:
        notes += (f"without {', '.join(missing)}: not comparable with published means of five subsets",)
    if impossible:
        steps = plural(impossible, "step")
        notes += (f"{steps} left out: their screens have names too long for a file, as in SeeClick's code",)
    return notes


def _file(data: Path, split: str) -> Path:
    if data.is_file():
        return data
    if split not in SPLITS:
        raise SuiteError(f"unknown --mode {split!r}: use {', '.join(SPLITS)}")
    file = data / f"aitw_data_{split}.json"
    if not file.is_file():
        raise SuiteError(f"{file} is missing: give the folder that SeeClick's AITW files were downloaded to")
    return file


def _images(folder: Path, subsets: Mapping[str, Any]) -> Path:
    names = [str(row["img_filename"]) for episodes in subsets.values() for episode in episodes for row in episode[:1]]
    for place in IMAGES:
        if any((folder / place / f"{name}.png").is_file() for name in names[:50]):
            return folder / place
    return folder / IMAGES[0]


def _too_long(row: Mapping[str, Any]) -> bool:
    name = Path(f"{row['img_filename']}.png").name
    return len(name.encode()) > LONGEST


def _step(subset: str, name: str, index: int, row: Mapping[str, Any], picture: Path, file: Path) -> RecordedStep:
    size = size_of(picture)
    try:
        truth = truth_of(row, size)
        kind = truth.name if truth.kind in ("button", "stop") else truth.kind
        return RecordedStep(
            episode=name,
            index=index,
            goal=str(row["goal"]),
            instruction="",
            truth=truth,
            size=size,
            boxes=tuple(_boxes(row["annot_position"], size)),
            screen=picture,
            groups={"subset": (subset,), "action": (kind,)},
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        said = f"field {error} is missing" if isinstance(error, KeyError) else str(error)
        raise SuiteError(f"{file}: {subset} episode {name}, step {index}: {said}: download it again") from error


def truth_of(row: Mapping[str, Any], size: tuple[int, int]) -> CanonicalAction:
    """What a step did. Raises ValueError for an unknown action.

    A ``click`` whose lift is further than a tap's from its touch is the drag that it was.
    """
    number = int(row["action_type_id"])
    if number == 3:
        return CanonicalAction("type", text=str(row["type_text"]))
    if number in _BUTTONS:
        return CanonicalAction("button", name=_BUTTONS[number])
    if number in _STOPS:
        return CanonicalAction("stop", name=_STOPS[number])
    if number != 4:
        raise ValueError(f"action type {number} is unknown")
    if row["action_type_text"] != "click":
        return CanonicalAction("scroll", direction=_SCROLLS[row["action_type_text"]])
    touch, lift = (Point(x * size[0], y * size[1]) for x, y in (row["touch"], row["lift"]))
    if is_tap((Point(*row["touch"]), Point(*row["lift"]))):
        return CanonicalAction("click", touch)
    finger = heading(lift.x - touch.x, lift.y - touch.y)
    return CanonicalAction("scroll", touch, lift, OPPOSITE[finger] if finger else None)


def _boxes(flat: Sequence[float], size: tuple[int, int]) -> list[Box]:
    if len(flat) % 4:
        raise ValueError("annot_position is not fours of numbers")
    fours = (flat[n : n + 4] for n in range(0, len(flat), 4))
    return [Box(x * size[0], y * size[1], (x + w) * size[0], (y + h) * size[1]) for y, x, h, w in fours]
