"""AndroidControl: the official TFRecords, or the ready file of steps without screens.

``--data`` names a folder with ``android_control-*-of-*`` and ``splits.json`` (unpacked once, see `unpack`), or with
``steps.jsonl`` (also under its original name ``android_control_evaluation_std.jsonl``) and perhaps ``images/``, or
that file itself. With ``test_subsplits.json`` beside it, figures are broken down by split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from actions.frame import Box, Point
from benchmarks.suite import SuiteError
from benchmarks.suites.navigation.moves import OPPOSITE, CanonicalAction, Direction, heading
from benchmarks.suites.navigation.recording import (
    LabelledElement,
    RecordedStep,
    Recording,
    count_of,
    is_whole,
    partial,
    read_json,
    read_lines,
    require_screens,
    sha256_of,
    size_of,
)
from benchmarks.suites.navigation.unpack import IMAGES, STEPS, tfrecords, unpacked

NAMES = (STEPS, "android_control_evaluation_std.jsonl")
SUBSPLITS = ("test_subsplits.json", "android_control_test_subsplits.json")
WHOLE = (1543, 8444)
"""Episodes and steps of the official test split."""
SCREENS = ((1080, 2400), (1440, 3120))
"""The sizes of the screens whose size the ready file tells; every other episode fits one of them."""
_DIRECTIONS: Mapping[str, Direction] = {"up": "up", "down": "down", "left": "left", "right": "right"}
_BUTTONS = {"back": "back", "home": "home", "enter": "enter", "menu": "menu", "recent": "recents", "recents": "recents"}


def load(data: Path) -> Recording:
    """Every step of the test set. Raises `SuiteError`, one line, for data that are not what they should be."""
    file = _steps_file(data)
    lines = read_lines(file)
    if not lines:
        raise SuiteError(f"{file} has no episodes: download it again")
    splits = _subsplits(data if data.is_dir() else data.parent)
    images = _images(file.parent)
    episodes = [_episode(line, f"{file}, episode {n}", images, splits) for n, line in enumerate(lines, 1)]
    _check(episodes, file)
    guessed = sum(_told_size(line, images) is None for line in lines)
    protocol = {
        **count_of(episodes),
        "complete": is_whole(episodes, WHOLE),
        "data_hash": sha256_of([file]),
        "screens": images is not None,
        "screen_sizes_inferred": guessed,
        "directions": "of the content",
    }
    notes = partial(episodes, WHOLE, "AndroidControl")
    if images is None:
        notes += ("no screens here: stored responses can be scored, but no model can be asked",)
    return Recording(episodes, protocol, notes)


def _steps_file(data: Path) -> Path:
    if data.is_file():
        return data
    found = next((data / name for name in NAMES if (data / name).is_file()), None)
    if found is None and tfrecords(data):
        return unpacked(data)
    if found is None:
        raise SuiteError(
            f"{data} has neither {STEPS} nor TFRecords (android_control-00000-of-00020 …): give the folder that "
            "AndroidControl was downloaded to"
        )
    return found


def _images(folder: Path) -> Path | None:
    """Where the screens are; None when there is not one."""
    for place in (folder / IMAGES, folder):
        if any(place.glob("*.png")):
            return place
    return None


def _subsplits(folder: Path) -> dict[str, tuple[str, ...]]:
    """The splits of each episode, by its id; empty without the file that says them."""
    file = next((folder / name for name in SUBSPLITS if (folder / name).is_file()), None)
    found: dict[str, tuple[str, ...]] = {}
    if file is None:
        return found
    for name, episodes in read_json(file).items():
        for episode in episodes:
            found[str(episode)] = (*found.get(str(episode), ()), name)
    return found


def _check(episodes: Sequence[Sequence[RecordedStep]], file: Path) -> None:
    names = [episode[0].episode for episode in episodes]
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice is not None:
        raise SuiteError(f"{file} has episode {twice} more than once: download it again")
    screens = [step.screen for episode in episodes for step in episode if step.screen is not None]
    require_screens(screens, "download them again, or remove the pictures to score stored responses only")


def _episode(line: Any, where: str, images: Path | None, splits: Mapping[str, tuple[str, ...]]) -> list[RecordedStep]:
    try:
        name, goal, steps = str(line["episode_id"]), str(line["goal"]), line["steps"]
        told = _told_size(line, images)
        size = told or _fitting(steps)
        if not steps:
            raise ValueError("it has no steps")
        own = splits.get(name)
        return [_step(step, n, name, goal, size, images, own) for n, step in enumerate(steps)]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        said = f"field {error} is missing" if isinstance(error, KeyError) else str(error)
        raise SuiteError(f"{where} cannot be read ({said}): download the file again") from error


def _step(
    step: Mapping[str, Any],
    index: int,
    episode: str,
    goal: str,
    size: tuple[int, int],
    images: Path | None,
    splits: tuple[str, ...] | None,
) -> RecordedStep:
    check = step.get("check_options") or step["action_content"]
    truth = truth_of(step["action_content"], check)
    elements = step.get("elements")
    screen = None if images is None else images / step["screenshot"]
    if "width" in step:
        size = int(step["width"]), int(step["height"])
    elif screen is not None and screen.is_file():
        size = size_of(screen)
    groups: dict[str, tuple[str, ...]] = {"action": (truth.name if truth.kind == "button" else truth.kind,)}
    return RecordedStep(
        episode=episode,
        index=index,
        goal=goal,
        instruction=str(step["step_instruction"]),
        truth=truth,
        size=size,
        boxes=tuple(_box(box) for box in check.get("candidate_bbox") or ()),
        elements=None if elements is None else tuple(LabelledElement(_box(e[:4]), str(e[4])) for e in elements),
        screen=screen,
        groups=groups | ({"split": splits} if splits else {}),
    )


def _box(sides: Sequence[Any]) -> Box:
    x1, y1, x2, y2 = (float(side) for side in sides)
    return Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))


def truth_of(done: Mapping[str, Any], check: Mapping[str, Any]) -> CanonicalAction:
    """What a recorded step did. Raises ValueError for an unknown action.

    A swipe's direction is that of the ``check`` options, which is the official one. The path in ``done`` was made up
    from it, and goes the wrong way for left and right (a finger to the right shows what is at the left).
    """
    kind = done["action"]
    match kind:
        case "click" | "long_press":
            x, y = done["coordinate"]
            return CanonicalAction(kind, Point(float(x), float(y)))
        case "swipe" | "scroll":
            return CanonicalAction("scroll", direction=_direction(done, check))
        case "type" | "open":
            return CanonicalAction(kind, text=str(done["text"]))
        case "system_button":
            return CanonicalAction("button", name=_BUTTONS[str(done["button"]).strip().lower()])
        case "wait":
            return CanonicalAction("wait")
        case "terminate":
            return CanonicalAction(
                "stop", name={"success": "success", "failure": "failure", "fail": "failure"}[done["status"]]
            )
    raise ValueError(f"the action {kind!r} is unknown")


def _direction(done: Mapping[str, Any], check: Mapping[str, Any]) -> Direction:
    told = check.get("direction", done.get("direction"))
    if told is not None:
        return _DIRECTIONS[str(told).strip().lower()]
    (x, y), (to_x, to_y) = done["coordinate"], done["coordinate2"]
    finger = heading(to_x - x, to_y - y)
    if finger is None:
        raise ValueError("a swipe goes nowhere")
    return OPPOSITE[finger]


def _told_size(line: Mapping[str, Any], images: Path | None) -> tuple[int, int] | None:
    """The screen's size where the data tell it: in a field, by a picture, or by a made-up swipe.

    Those swipes go along the middle of the screen between a quarter and three quarters of its other side.
    """
    for step in line["steps"]:
        if "width" in step:
            return int(step["width"]), int(step["height"])
        if images is not None and (file := images / step["screenshot"]).is_file():
            return size_of(file)
    for step in line["steps"]:
        done = step["action_content"]
        if "coordinate2" in done:
            (x, y), (to_x, to_y) = done["coordinate"], done["coordinate2"]
            return (round(2 * x), round(y + to_y)) if x == to_x else (round(x + to_x), round(2 * y))
    return None


def _fitting(steps: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """The first of `SCREENS` that every recorded point is on. Raises ValueError where it is none."""
    done = [step["action_content"] for step in steps]
    points = [action["coordinate"] for action in done if "coordinate" in action]
    for width, height in SCREENS:
        if all(0 <= x < width and 0 <= y < height for x, y in points):
            return width, height
    raise ValueError("its points fit no known screen, and it has no width and height")
