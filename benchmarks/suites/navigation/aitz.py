"""Android in the Zoo: a JSON file for each episode, its screens beside it (IMNearth/CoAT, ``data-example``).

``--data`` names the folder that was downloaded (with ``test/`` and ``train/``) or any folder below it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from actions.frame import Box, Point
from benchmarks.suite import SuiteError
from benchmarks.suites.navigation.moves import OPPOSITE, CanonicalAction, Direction, heading
from benchmarks.suites.navigation.recording import (
    RecordedStep,
    Recording,
    count_of,
    is_whole,
    partial,
    read_json,
    require_screens,
    sha256_of,
    size_of,
)

WHOLE = (506, 4724)
"""Episodes and screens of the test set, by the README of IMNearth/CoAT."""
_FINGERS: Mapping[str, Direction] = {"up": "up", "down": "down", "left": "left", "right": "right"}
_TYPES = {3: "type", 5: "back", 6: "home", 7: "enter", 10: "success", 11: "failure"}
_GESTURE = 4


def load(data: Path, split: str | None) -> Recording:
    """Every step of a split (None: ``test`` where there are several). Raises `SuiteError` for bad data."""
    folder, split = _split(data, split)
    files = sorted(folder.rglob("*.json"))
    rows = [(file, row) for file in files for row in _rows(file)]
    if not rows:
        raise SuiteError(f"{folder} has no AITZ episodes (EPISODE/EPISODE.json): give the folder it was downloaded to")
    pictures = [_picture(file, row, data) for file, row in rows]
    require_screens(pictures, "download the data again")
    steps = [_step(row, file, picture) for (file, row), picture in zip(rows, pictures, strict=True)]
    episodes = [_in_order(list(group)) for _, group in groupby(steps, key=lambda step: step.episode)]
    _check(episodes, dict.fromkeys(file for file, _ in rows))
    protocol = {
        **count_of(episodes),
        "complete": split == "test" and is_whole(episodes, WHOLE),
        "split": split,
        "data_hash": sha256_of(list(dict.fromkeys(file for file, _ in rows))),
        "directions": "of the content (AITZ's own are the finger's)",
    }
    return Recording(episodes, protocol, partial(episodes, WHOLE, "AITZ") if split in ("test", "") else ())


def _split(data: Path, split: str | None) -> tuple[Path, str]:
    if not data.is_dir():
        raise SuiteError(f"{data} is no folder: give the folder that AITZ was downloaded to")
    there = [name for name in ("test", "train") if (data / name).is_dir()]
    if split is None:
        return (data / there[0], there[0]) if there else (data, "")
    if split not in there:
        raise SuiteError(f"{data} has no folder {split!r}: leave --mode out, or give the folder above")
    return data / split, split


def _rows(file: Path) -> list[Any]:
    """The steps in `file`; none in a JSON file that is something else."""
    rows = read_json(file)
    first = rows[0] if isinstance(rows, list) and rows else None
    return rows if isinstance(first, dict) and "coat_action_desc" in first else []


def _picture(file: Path, row: Mapping[str, Any], data: Path) -> Path:
    """The screen of a step: beside its file, or where its ``image_path`` leads from the data's folder."""
    try:
        named = Path(str(row["image_path"]))
    except KeyError as error:
        raise SuiteError(f"{file}: a step has no image_path: download it again") from error
    beside = file.parent / named.name
    return next((place for place in (beside, data / named) if place.is_file()), beside)


def _step(row: Mapping[str, Any], file: Path, picture: Path) -> RecordedStep:
    size = size_of(picture)
    try:
        truth = truth_of(row, size)
        subset = Path(row["image_path"]).parts[0]
        return RecordedStep(
            episode=str(row["episode_id"]),
            index=int(row["step_id"]),
            goal=str(row["instruction"]),
            instruction=str(row["coat_action_desc"]),
            truth=truth,
            size=size,
            boxes=tuple(_box(sides) for sides in _parsed(row["ui_positions"])),
            screen=picture,
            groups={
                "subset": (subset,),
                "action": ("press" if truth.kind == "button" else truth.kind,),
            },
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        said = f"field {error} is missing" if isinstance(error, KeyError) else str(error)
        raise SuiteError(f"{file}, step {row.get('step_id')}: {said}: download it again") from error


def truth_of(row: Mapping[str, Any], size: tuple[int, int]) -> CanonicalAction:
    """What a step did, by its description as in CoAT's evaluator. Raises ValueError.

    The description's first word is the type and, of a scroll, the second the way of the finger; a description that
    begins otherwise is read by the action's number and points.
    """
    words = str(row["coat_action_desc"]).lower().split()
    first = words[0] if words else ""
    if "scroll" in first and len(words) > 1 and (finger := _FINGERS.get(words[1].strip(".,"))):
        return CanonicalAction("scroll", direction=OPPOSITE[finger])
    if "press" in first and (button := next((b for b in ("enter", "back", "home") if b in words), None)):
        return CanonicalAction("button", name=button)
    if "type" in first or first == "input":
        return CanonicalAction("type", text=str(row["result_action_text"]))
    if "stop" in first:
        return CanonicalAction("stop", name="failure" if int(row["result_action_type"]) == 11 else "success")
    return _by_number(row, size, tap="click" in first)


def _by_number(row: Mapping[str, Any], size: tuple[int, int], tap: bool) -> CanonicalAction:
    number = int(row["result_action_type"])
    if number != _GESTURE:
        name = _TYPES[number]
        if name == "type":
            return CanonicalAction("type", text=str(row["result_action_text"]))
        return CanonicalAction("stop" if name in ("success", "failure") else "button", name=name)
    (y, x), (lift_y, lift_x) = _parsed(row["result_touch_yx"]), _parsed(row["result_lift_yx"])
    finger = heading(lift_x - x, lift_y - y)
    if tap or finger is None or (lift_x - x) ** 2 + (lift_y - y) ** 2 <= 0.04**2:
        return CanonicalAction("click", Point(x * size[0], y * size[1]))
    return CanonicalAction("scroll", direction=OPPOSITE[finger])


def _parsed(value: Any) -> Any:
    """A list, which the data have as text or as it is."""
    return json.loads(value) if isinstance(value, str) else value


def _box(sides: Sequence[float]) -> Box:
    top, left, height, width = sides
    return Box(left, top, left + width, top + height)


def _in_order(steps: list[RecordedStep]) -> list[RecordedStep]:
    return sorted(steps, key=lambda step: step.index)


def _check(episodes: Sequence[Sequence[RecordedStep]], files: Mapping[Path, None]) -> None:
    names = [episode[0].episode for episode in episodes]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SuiteError(f"episode {twice} is in two files: give a folder that has each episode once")
    for episode in episodes:
        if [step.index for step in episode] != list(range(len(episode))):
            raise SuiteError(f"episode {episode[0].episode} lacks some of its steps: download it again")
