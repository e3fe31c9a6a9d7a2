"""What is written in boxes of an image, read by the PP-OCR recogniser, with the place of each character."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import cv2
import numpy as np
import numpy.typing as npt

from actions.frame import Box
from agent.perception.elements import TextLine
from agent.perception.images import pixel_bounds
from agent.perception.ocr_models import alphabet, run
from agent.perception.onnx import in_parallel
from envs.env import Image

_HEIGHT = 48  # the recogniser's input height
_WIDEST = 2400  # widest recogniser input
_BATCH_WIDTH = 800  # widths read together add up to at most this
_BUCKET = 32  # inputs whose widths are the same in these steps are read together, so that none depends on another


def read_boxes(image: Image, boxes: Sequence[Box]) -> list[TextLine]:
    """What is written in each box, in the order given; `text` is empty and `score` 0 where nothing was read."""
    crops = [recognition_crop(image, box) for box in boxes]
    order = sorted(range(len(crops)), key=lambda i: _input_width(crops[i][0]))
    groups = [*_batches(order, [_input_width(crop) for crop, _ in crops])][::-1]

    def read(group: list[int]) -> list[TextLine]:
        probabilities = run("rec", _stack([crops[i][0] for i in group]))
        return [_decode(row, crops[i], boxes[i]) for i, row in zip(group, probabilities, strict=True)]

    lines = dict(zip(chain(*groups), chain(*in_parallel(read, groups)), strict=True))
    return [lines[i] for i in range(len(boxes))]


def _input_width(crop: Image) -> int:
    return int(np.clip(np.ceil(crop.shape[1] * _HEIGHT / crop.shape[0]), 16, _WIDEST))


def _batches(order: list[int], widths: list[int]) -> Iterator[list[int]]:
    group: list[int] = []
    for index in order:
        if group and (
            _padded(widths[index]) != _padded(widths[group[0]]) or _padded(widths[index]) * len(group) > _BATCH_WIDTH
        ):
            yield group
            group = []
        group.append(index)
    if group:
        yield group


def _padded(width: int) -> int:
    return max(48, -(-width // _BUCKET) * _BUCKET)


def _stack(crops: list[Image]) -> npt.NDArray[np.float32]:
    width = max(_padded(_input_width(crop)) for crop in crops)
    batch = np.zeros((len(crops), 3, _HEIGHT, width), dtype=np.float32)
    for row, crop in zip(batch, crops, strict=True):
        small = cv2.resize(crop, (_input_width(crop), _HEIGHT), interpolation=cv2.INTER_LINEAR)
        row[:, :, : small.shape[1]] = (small[:, :, ::-1].astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)
    return batch


def recognition_crop(image: Image, box: Box) -> tuple[Image, float]:
    """The box with the margin the recogniser was trained on, and the frame x of its left edge."""
    margin = max(1.0, 0.12 * box.height)
    x1, y1, x2, y2 = pixel_bounds(
        Box(box.x1 - 2 * margin, box.y1 - margin, box.x2 + 2 * margin, box.y2 + margin), image
    )
    return image[y1:y2, x1:x2], float(x1)


def _decode(row: npt.NDArray[np.float32], crop: tuple[Image, float], box: Box) -> TextLine:
    """Greedy CTC: the best class of each step, repeats and blanks dropped; a step's place gives the character's."""
    best = row.argmax(axis=1)
    keep = (best != 0) & np.r_[True, best[1:] != best[:-1]]
    steps = np.flatnonzero(keep)
    letters = [alphabet()[best[i]] for i in steps]
    pixels = crop[0].shape[0] / _HEIGHT * 8  # the recogniser takes one step every eight input pixels
    xs = [float(np.clip(crop[1] + (i + 0.5) * pixels, box.x1, box.x2)) for i in steps]
    while letters and letters[0].isspace():
        letters, xs, steps = letters[1:], xs[1:], steps[1:]
    while letters and letters[-1].isspace():
        letters, xs, steps = letters[:-1], xs[:-1], steps[:-1]
    score = float(row[steps, best[steps]].mean()) if len(steps) else 0.0
    return TextLine(box, "".join(letters), score, tuple(xs))
