"""Reading text off a screen.

The PP-OCR models are run directly: interface text is axis-aligned, small, and laid out in rows of separate words, so
this reader needs no angle classifier, splits rows at wide gaps, and keeps the place of each character.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from actions.frame import Box
from agent.perception.elements import TextLine
from agent.perception.images import Cache, fingerprint, pixel_bounds
from agent.perception.onnx import in_parallel
from agent.perception.text_detection import content_regions, detection_scale, word_groups
from agent.perception.text_recognition import read_boxes, recognition_crop
from envs.env import Image

_SURE = 0.5  # mean probability below which a reading is dropped
_SURE_SHORT = 0.7  # the same for up to three characters, which drawings are often mistaken for


def _snug(line: TextLine) -> TextLine:
    """The line without drawings before its first or after its last character (check boxes, arrows, icons)."""
    box, xs, reach = line.box, line.xs, line.box.height
    if len(line.text) < 2:
        return line
    x1 = xs[0] - 0.6 * reach if xs[0] - box.x1 > 1.1 * reach else box.x1
    x2 = xs[-1] + 0.5 * reach if box.x2 - xs[-1] > 1.1 * reach else box.x2
    return TextLine(box._replace(x1=x1, x2=x2), line.text, line.score, xs)


class TextReader:
    """Reads the text of an image.

    The result does not depend on earlier images: regions and word groups are cached by their pixels, so a screen of
    which little has changed is read quickly and exactly as without a cache.
    """

    def __init__(self) -> None:
        self._regions: Cache[list[Box]] = Cache()
        self._readings: Cache[TextLine] = Cache()

    def read(self, image: Image) -> list[TextLine]:
        """All text found wherever the image is not flat, top to bottom."""
        lines = self._read_boxes(image, self.find(image))
        return [
            _snug(line) for line in lines if line.text and line.score >= (_SURE if len(line.text) > 3 else _SURE_SHORT)
        ]

    def find(self, image: Image) -> list[Box]:
        """Boxes around word groups, unread."""
        scale = detection_scale(image.shape[1], image.shape[0])
        regions = [pixel_bounds(region, image) for region in content_regions(image, scale)]
        parts = [np.ascontiguousarray(image[y1:y2, x1:x2]) for x1, y1, x2, y2 in regions]
        keys = [fingerprint(part) for part in parts]
        new = {key: part for key, part in zip(keys, parts, strict=True) if key not in self._regions}
        largest = sorted(new, key=lambda key: -new[key].size)
        groups = in_parallel(lambda key: word_groups(new[key], scale), largest)
        for key, boxes in zip(largest, groups, strict=True):
            self._regions.put(key, boxes)
        found = [
            _moved(box, x, y) for key, (x, y, _, _) in zip(keys, regions, strict=True) for box in self._regions[key]
        ]
        return sorted(found, key=lambda box: (box.y1, box.x1))

    def _read_boxes(self, image: Image, boxes: Sequence[Box]) -> list[TextLine]:
        """`read_boxes`, each reading remembered by the pixels read, its places relative to the box."""
        keys = [fingerprint(recognition_crop(image, box)[0]) for box in boxes]
        new = {key: box for key, box in zip(keys, boxes, strict=True) if key not in self._readings}
        for (key, box), line in zip(new.items(), read_boxes(image, list(new.values())), strict=True):
            self._readings.put(key, replace(line, xs=tuple(x - box.x1 for x in line.xs)))
        return [_placed(self._readings[key], box) for key, box in zip(keys, boxes, strict=True)]


def _moved(box: Box, dx: float, dy: float) -> Box:
    return Box(box.x1 + dx, box.y1 + dy, box.x2 + dx, box.y2 + dy)


def _placed(line: TextLine, box: Box) -> TextLine:
    return replace(line, box=box, xs=tuple(box.x1 + x for x in line.xs))
