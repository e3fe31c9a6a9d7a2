"""AndroidControl's official TFRecords, unpacked once: a line of JSON for each episode, a file for each screen.

The folder ``unpacked`` beside the TFRecords gets ``steps.jsonl``, in the form of X-PLUG/MobileAgent's
``android_control_evaluation_std.jsonl`` with three fields more (``width``, ``height`` and, where UGround's rule needs
them, ``elements``), and ``images/EPISODE_STEP.png``.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from actions.frame import Box, Point
from benchmarks.suite import SuiteError
from benchmarks.suites.navigation.protobuf import ForestNode, ProtobufError, example, forest, records
from benchmarks.suites.navigation.recording import read_json

FOLDER = "unpacked"
STEPS = "steps.jsonl"
IMAGES = "images"
SPLITS = "splits.json"
_BUTTONS = {"navigate_back": "Back", "navigate_home": "Home"}
_log = logging.getLogger(__name__)


def tfrecords(folder: Path) -> list[Path]:
    """The TFRecord files of `folder`, in order; they are called ``android_control-00000-of-00020`` and so on."""
    return sorted(f for f in folder.glob("android_control*-of-*") if f.is_file() and not f.name.endswith(".json"))


def unpacked(folder: Path, split: str = "test") -> Path:
    """``steps.jsonl`` of the episodes of `split`, unpacked on the first call. Raises `SuiteError`.

    The result appears at once when it is whole, so that a run that is stopped, or two at a time, do no harm.
    """
    done = folder / FOLDER / split
    if (done / STEPS).is_file():
        return done / STEPS
    wanted = _episodes_of(folder, split)
    making = folder / FOLDER / f"{split}.{os.getpid()}"
    try:
        (making / IMAGES).mkdir(parents=True)
        _unpack(tfrecords(folder), wanted, making)
        making.rename(done)
    except OSError as error:
        if not (done / STEPS).is_file():  # another process was quicker
            raise SuiteError(f"{folder} cannot be unpacked ({error}): it has to be writable, with room") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return done / STEPS


def _episodes_of(folder: Path, split: str) -> frozenset[int]:
    if not (folder / SPLITS).is_file():
        raise SuiteError(f"{folder / SPLITS} is missing: download it too, it says which episodes are the {split} set")
    splits = read_json(folder / SPLITS)
    if not isinstance(splits, dict) or not isinstance(splits.get(split), list):
        raise SuiteError(f"{folder / SPLITS} has no list called {split!r}: download it again")
    return frozenset(int(episode) for episode in splits[split])


def _unpack(files: Sequence[Path], wanted: frozenset[int], into: Path) -> None:
    _log.warning("unpacking %d TFRecord files into %s, once; this can take long", len(files), into.parent)
    with (into / STEPS).open("w", encoding="utf-8") as lines:
        for file in files:
            for record in records(file):
                try:
                    line = episode_of(record, wanted, into / IMAGES)
                except (ProtobufError, KeyError, ValueError, IndexError) as error:
                    raise SuiteError(f"{file} has an episode that cannot be read ({error!r})") from error
                if line is not None:
                    lines.write(json.dumps(line, ensure_ascii=False) + "\n")


def episode_of(record: bytes, wanted: frozenset[int], images: Path) -> dict[str, Any] | None:
    """One record as a line of ``steps.jsonl``, its screens written to `images`; None for an episode not `wanted`."""
    found = example(record)
    episode = int(found["episode_id"][0])
    if episode not in wanted:
        return None
    actions = [json.loads(_text(action)) for action in found["actions"]]
    said = [_text(words) for words in found["step_instructions"]]
    if not len(actions) == len(said) <= len(found["screenshots"]):
        raise ProtobufError(f"episode {episode} has {len(actions)} actions and {len(said)} instructions")
    steps = []
    for index, (action, words) in enumerate(zip(actions, said, strict=True)):
        name, picture = f"{episode}_{index}.png", found["screenshots"][index]
        assert isinstance(picture, bytes)
        (images / name).write_bytes(picture)
        size = int(found["screenshot_widths"][index]), int(found["screenshot_heights"][index])
        nodes = forest(_bytes(found["accessibility_trees"][index]))
        steps.append(step_of(action, words, nodes, size) | {"screenshot": name})
    return {"goal": _text(found["goal"][0]), "episode_id": episode, "steps": steps}


def _bytes(value: bytes | int) -> bytes:
    if not isinstance(value, bytes):
        raise ProtobufError("a feature is not of bytes")
    return value


def _text(value: bytes | int) -> str:
    return _bytes(value).decode("utf-8", errors="replace")


def step_of(
    action: Mapping[str, Any], words: str, nodes: Sequence[ForestNode], size: tuple[int, int]
) -> dict[str, Any]:
    """An official action with its screen's nodes as a step of ``steps.jsonl``.

    ``candidate_bbox`` has the visible nodes around the recorded point that answer to a touch, and for an app that is
    opened those with just its name, the smallest first: how the original file chose its boxes is not published.
    ``elements`` are UGround's: visible nodes with a label that are leaves, described or scrollable.
    """
    done = content_of(action)
    check = dict(done)
    if "coordinate" in done:
        x, y = done["coordinate"]
        check["candidate_bbox"] = _boxes(n for n in nodes if n.touchable and n.box.holds(Point(x, y)))
    elif done["action"] == "open":
        name = done["text"].strip().lower()
        icons = _boxes(n for n in nodes if name in (n.text.strip().lower(), n.description.strip().lower()))
        check |= {"candidate_bbox": icons} if icons else {}
    wide = {"width": size[0], "height": size[1]}
    elements = [[*map(round, n.box), f"{n.text}\n{n.description}".strip()] for n in nodes if _labelled(n, size)]
    return {"action_content": done, "check_options": check, "step_instruction": words, **wide, "elements": elements}


def _boxes(nodes: Iterator[ForestNode]) -> list[list[int]]:
    visible = (n.box for n in nodes if n.visible and n.box.width > 0 and n.box.height > 0)
    return [[round(side) for side in box] for box in sorted(dict.fromkeys(visible), key=lambda box: box.area)]


def _labelled(node: ForestNode, size: tuple[int, int]) -> bool:
    """UGround's choice: android_env's `forest_to_ui_elements`, then its own filter (``extract_raw.py``)."""
    there = node.box.overlap(Box(0, 0, *size)) > 0
    told = bool(node.text or node.description)
    return node.visible and told and there and (node.leaf or bool(node.description) or node.scrollable)


def content_of(action: Mapping[str, Any]) -> dict[str, Any]:
    """An official action in the words of ``steps.jsonl``. Raises `ProtobufError` for an unknown one."""
    kind = action.get("action_type")
    match kind:
        case "click" | "long_press":
            return {"action": kind, "coordinate": [action["x"], action["y"]]}
        case "scroll":
            return {"action": "swipe", "direction": action["direction"]}
        case "input_text" | "type":
            return {"action": "type", "text": action["text"]}
        case "open_app":
            return {"action": "open", "text": action["app_name"]}
        case "navigate_back" | "navigate_home":
            return {"action": "system_button", "button": _BUTTONS[kind]}
        case "wait":
            return {"action": "wait", "time": 2}
    raise ProtobufError(f"the action {kind!r} is unknown")
