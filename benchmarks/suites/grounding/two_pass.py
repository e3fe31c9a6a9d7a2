"""Asks a model to locate a target: once, or twice with a zoomed crop around the first answer."""

from __future__ import annotations

import math
import time
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from actions.frame import Frame, Point
from agent.core.model import Grounding, Model, ParseError, Usage
from benchmarks.suite import Prediction, SuiteError
from envs.env import Image, Observation

ZOOM = 2
"""Enlargement of the crop, which shows 1 / ZOOM of each side of the screen."""
CLOSER = "\n--- closer look ---\n"
"""Separates the two answers in ``Prediction.raw``; the second is in pixels of the crop."""


@lru_cache(maxsize=4)
def read_image(path: Path) -> Image:
    """RGB uint8 HxWx3, read-only; the last few are kept, since neighbouring samples share images.

    Decoding releases the GIL. Raises `SuiteError` for a file that is no image.
    """
    coded = np.fromfile(path, dtype=np.uint8)
    image = cv2.imdecode(coded, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION) if coded.size else None
    if image is None:
        raise SuiteError(f"{path} cannot be read as an image: download it again")
    rgb = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)
    rgb.setflags(write=False)
    return rgb


def look(model: Model, path: Path, sample: str, instruction: str, zoom: bool) -> Prediction:
    """One answer of `model`, its point and box in pixels of the image at `path`."""
    start = time.perf_counter()
    image = read_image(path)
    loaded = time.perf_counter() - start
    frame = Frame(id=sample, width=image.shape[1], height=image.shape[0])
    answer = _ask(model, Observation(image, frame), instruction)
    if zoom and answer.status == "answered":
        answer = _closer(model, image, frame, instruction, answer)
    return answer.model_copy(update={"timings": {"image": loaded, **answer.timings}})


def _ask(model: Model, observation: Observation, instruction: str) -> Prediction:
    """The answer in pixels of the image that `observation` is a part of (see `part_of`)."""
    start = time.perf_counter()
    try:
        found = model.locate(observation, instruction)
    except ParseError as error:
        timings = {**error.timings, "locate": time.perf_counter() - start}
        return Prediction(status="unreadable", raw=error.raw, notes=(str(error),), usage=error.usage, timings=timings)
    timings = {"locate": time.perf_counter() - start}
    notes = (found.reason,) if found.reason else ()
    if found.point is None:
        return Prediction(status="refused", raw=found.raw, notes=notes, usage=found.usage, timings=timings)
    value = _value(observation.frame, found)
    return Prediction(status="answered", value=value, raw=found.raw, notes=notes, usage=found.usage, timings=timings)


def _value(frame: Frame, found: Grounding) -> dict[str, list[float] | None]:
    assert found.point is not None
    corners = [Point(*found.box[:2]), Point(*found.box[2:])] if found.box else []
    box = [side for corner in corners for side in frame.to_exact_input(corner)] or None
    return {"point": list(frame.to_exact_input(found.point)), "box": box}


def part_of(image: Image, frame: Frame, around: Point) -> Observation:
    """The surroundings of a point, enlarged `ZOOM` times to about the size of the whole image.

    The crop's frame has its `origin` in the whole image and the enlargement as its `scale`.
    """
    width, height = math.ceil(frame.width / ZOOM), math.ceil(frame.height / ZOOM)
    x = min(max(math.floor(around.x) - width // 2, 0), frame.width - width)
    y = min(max(math.floor(around.y) - height // 2, 0), frame.height - height)
    closer = frame.enlarged_part(x, y, width, height, ZOOM)
    size = closer.width, closer.height
    part = cv2.resize(image[y : y + height, x : x + width], size, interpolation=cv2.INTER_CUBIC)
    return Observation(np.asarray(part, dtype=np.uint8), closer)


def _closer(model: Model, image: Image, frame: Frame, instruction: str, first: Prediction) -> Prediction:
    """The answer on the crop, or the first one where that is a refusal or unreadable."""
    x, y = first.value["point"]
    second = _ask(model, part_of(image, frame, Point(x, y)), instruction)
    raw = f"{first.raw}{CLOSER}{second.raw}"
    kept = second if second.status == "answered" else first
    told = "closer look" if second.status == "answered" else f"the closer look was {second.status}: the first holds"
    timings = {"locate": sum(a.timings["locate"] for a in (first, second)), "zoom": second.timings["locate"]}
    return kept.model_copy(
        update={
            "raw": raw,
            "notes": (*first.notes, *second.notes, told),
            "usage": added(first, second),
            "timings": timings,
        }
    )


def added(first: Prediction, second: Prediction) -> Usage:
    """What two answers cost together."""
    return first.usage + second.usage
