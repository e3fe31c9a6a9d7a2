"""Asks a model to locate a target: once, or twice with a zoomed crop around the first answer."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from actions.frame import Frame, Point
from agent.core.model import Grounding, Model, ParseError, Usage
from agent.models.chat import ChatModel
from benchmarks.suite import Prediction
from benchmarks.suites.grounding.pictures import later_picture, read_image
from benchmarks.suites.grounding.records import Size
from envs.env import Image, Observation

ZOOM = 2
"""Enlargement of the crop, which shows 1 / ZOOM of each side of the screen."""
CLOSER = "\n--- closer look ---\n"
"""Separates the two answers in ``Prediction.raw``; the second is in pixels of the crop."""


def look(model: Model, path: Path, size: Size, sample: str, instruction: str, zoom: bool) -> Prediction:
    """One answer of `model`, its point and box in pixels of the image of `size` (width, height) at `path`."""
    frame = Frame(id=sample, width=size[0], height=size[1])
    if isinstance(model, ChatModel) and model.grounder is None:
        answer = _ask(frame, lambda: model.locate_later(frame, partial(later_picture, path, size), instruction))
    else:
        start = time.perf_counter()
        seen = Observation(read_image(path), frame)
        loaded = {"image": time.perf_counter() - start}
        answer = _ask(frame, lambda: model.locate(seen, instruction), loaded)
    return _closer(model, path, frame, instruction, answer) if zoom and answer.status == "answered" else answer


def _ask(frame: Frame, locate: Callable[[], Grounding], timings: Mapping[str, float] | None = None) -> Prediction:
    """The answer in pixels of the image that `frame` is a part of (see `part_of`)."""
    start = time.perf_counter()
    took = {**(timings or {})}
    try:
        found = locate()
    except ParseError as error:
        took |= {**error.timings, "locate": time.perf_counter() - start}
        return Prediction(status="unreadable", raw=error.raw, notes=(str(error),), usage=error.usage, timings=took)
    took["locate"] = time.perf_counter() - start
    notes = (found.reason,) if found.reason else ()
    if found.point is None:
        return Prediction(status="refused", raw=found.raw, notes=notes, usage=found.usage, timings=took)
    value = _value(frame, found)
    return Prediction(status="answered", value=value, raw=found.raw, notes=notes, usage=found.usage, timings=took)


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


def _closer(model: Model, path: Path, frame: Frame, instruction: str, first: Prediction) -> Prediction:
    """The answer on the crop, or the first one where that is a refusal or unreadable."""
    x, y = first.value["point"]
    closer = part_of(read_image(path), frame, Point(x, y))
    second = _ask(closer.frame, lambda: model.locate(closer, instruction))
    raw = f"{first.raw}{CLOSER}{second.raw}"
    kept = second if second.status == "answered" else first
    told = "closer look" if second.status == "answered" else f"the closer look was {second.status}: the first holds"
    timings = {
        **first.timings,
        "locate": sum(a.timings["locate"] for a in (first, second)),
        "zoom": second.timings["locate"],
    }
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
