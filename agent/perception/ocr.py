"""Reading text off a screen with the PP-OCR models that the rapidocr wheel carries, run on the CPU by onnxruntime.

The models are run directly: interface text is axis-aligned, small, and laid out in rows of separate words, so this
reader needs no angle classifier, splits a found row where its gaps are wide, and keeps where each character stands.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from actions.frame import Box

T = TypeVar("T")

Image = npt.NDArray[np.uint8]
"""An RGB image, uint8, height x width x 3."""

_INK = 0.3  # probability above which the detector calls a pixel text
_BOX = 0.45  # mean probability a found row must have
_GROW = 0.35, 0.5  # the detector's rows end at the ink: grown by this share of their height, sideways and upwards
_SURE = 0.5  # mean probability below which a reading is dropped
_SURE_SHORT = 0.7  # the same for up to three characters, which drawings are often mistaken for
_HEIGHT = 48  # the recogniser's input height
_WIDEST = 2400  # widest recogniser input
_BATCH_WIDTH = 1600  # widths read together add up to at most this
_FRAME = 90  # a straight line of so many pixels is a frame
_BUCKET = 32  # inputs whose widths are the same in these steps are read together, so that none depends on another
_KEPT = 4000  # readings and regions remembered
_WIDE_GAP = 0.95  # a gap wider than this many ink heights ends a word group


class MissingModelError(RuntimeError):
    """The OCR models are not where the rapidocr wheel puts them."""


@dataclass(frozen=True)
class TextLine:
    """One run of text. `box` is frame pixels around the ink; `xs` are the centres of its characters (frame x)."""

    box: Box
    text: str
    score: float
    xs: tuple[float, ...] = ()


def _model_path(kind: str) -> Path:
    spec = importlib.util.find_spec("rapidocr")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    found = sorted(path for folder in folders for path in Path(folder, "models").glob(f"PP-OCR*_{kind}_*.onnx"))
    if not found:
        raise MissingModelError(f"no PP-OCR {kind} model in the rapidocr package: pip install 'rapidocr>=3.8,<4'")
    return found[-1]


@lru_cache(maxsize=2)
def _session(kind: str) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 2
    return ort.InferenceSession(str(_model_path(kind)), options, providers=["CPUExecutionProvider"])


@lru_cache(maxsize=1)
def _alphabet() -> list[str]:
    listed = _session("rec").get_modelmeta().custom_metadata_map["character"].splitlines()
    return ["", *listed, " "]


def _run(kind: str, batch: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    session = _session(kind)
    output: Any = session.run(None, {session.get_inputs()[0].name: batch})[0]
    return np.asarray(output, dtype=np.float32)


def content_regions(image: Image, gap: int = 40) -> list[Box]:
    """The parts of the image where something is drawn, cut apart where `gap` or more empty pixels lie between.

    Long straight lines are the frames of windows and panels and count as empty.
    """
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    edges = (cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)) > 16).astype(np.uint8)
    for side in ((1, _FRAME), (_FRAME, 1)):
        edges[cv2.morphologyEx(edges, cv2.MORPH_OPEN, np.ones(side, np.uint8)) > 0] = 0
    return [box.grown(min(16, gap // 2)) for box in _cut(edges > 0, 0, 0, gap, 8)]


def _cut(ink: npt.NDArray[np.bool_], left: int, top: int, gap: int, depth: int) -> Iterator[Box]:
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return
    for first, last in _runs(rows, gap):
        band = ink[first : last + 1]
        for start, end in _runs(np.flatnonzero(band.any(axis=0)), gap):
            whole = (last - first + 1, end - start + 1) == (rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1)
            if whole or depth == 0:
                yield Box(left + start, top + first, left + end + 1, top + last + 1)
            else:
                yield from _cut(band[:, start : end + 1], left + start, top + first, gap, depth - 1)


def _runs(places: npt.NDArray[np.intp], gap: int) -> list[tuple[int, int]]:
    if not len(places):
        return []
    breaks = np.flatnonzero(np.diff(places) > gap)
    starts, ends = np.r_[places[0], places[breaks + 1]], np.r_[places[breaks], places[-1]]
    return [(int(a), int(b)) for a, b in zip(starts, ends, strict=True)]


def detection_scale(width: int, height: int) -> float:
    """How much to shrink an image before looking for rows: phones draw their text at two to three times the size."""
    return min(1.0, 640 / width) if height > 1.3 * width and width >= 700 else 1.0


def find_rows(image: Image, scale: float = 1.0) -> list[Box]:
    """Boxes (pixels of `image`) around rows of text."""
    height, width = image.shape[:2]
    size = [max(32, round(side * scale / 32 + 0.49) * 32) for side in (width, height)]
    resized = cv2.resize(image, (size[0], size[1]), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    batch = (resized[:, :, ::-1].astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None]
    heat = _run("det", np.ascontiguousarray(batch))[0, 0]
    return [
        Box(
            max(0, b.x1 * width / size[0]),
            max(0, b.y1 * height / size[1]),
            min(width, b.x2 * width / size[0]),
            min(height, b.y2 * height / size[1]),
        )
        for b in _blobs(heat)
    ]


def _blobs(heat: npt.NDArray[np.float32]) -> Iterator[Box]:
    mask = cv2.dilate((heat > _INK).astype(np.uint8), np.ones((2, 2), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    sums = np.bincount(labels.ravel(), weights=heat.ravel(), minlength=count)
    for index in range(1, count):
        x, y, w, h, area = (int(v) for v in stats[index])
        if min(w, h) >= 3 and sums[index] / area >= _BOX:
            across, along = max(3.0, _GROW[0] * h), max(2.0, _GROW[1] * h)
            yield Box(x - across, y - along, x + w + across, y + h + along)


def split_row(image: Image, row: Box) -> list[Box]:
    """The row's ink, cut where gaps are wide: the entries of a menu bar are one row but several word groups.

    A row on an uneven background is returned whole.
    """
    x1, y1, x2, y2 = _whole(row, image)
    ink = ink_of(image[y1:y2, x1:x2])
    if ink is None or not ink.any():
        return [Box(x1, y1, x2, y2)]
    ink, walls = _without_frames(ink)
    walls |= _steps_of_back(image[y1:y2, x1:x2])
    tall = max(6, int(ink.any(axis=1).sum()))
    parts = [part for a, b in _between(walls) for part in _spans(ink[:, a:b], a, max(6, int(_WIDE_GAP * tall)))]
    return [box for a, b in parts if (box := _tight(ink, x1, y1, a, b)).height >= 2 and box.width >= 2]


def _steps_of_back(crop: Image) -> npt.NDArray[np.bool_]:
    """Columns where the background above and below the text changes for good: a field begins or ends."""
    margin = max(1, crop.shape[0] // 6)
    rows = np.concatenate([crop[:margin], crop[-margin:]]).astype(np.float32).mean(axis=2)
    back = np.median(rows, axis=0)
    steps = np.zeros(len(back), dtype=bool)
    for x in np.flatnonzero(np.abs(np.diff(back)) > 12):
        left, right = back[max(0, x - 12) : max(1, x - 1)], back[x + 3 : x + 15]
        if len(right) and np.ptp(left) < 3 and np.ptp(right) < 3 and abs(float(left.mean() - right.mean())) > 12:
            steps[x] = True
    return steps


def _without_frames(ink: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Ink less what runs out of the row above or below (frames, neighbouring rows), and where frames divide it."""
    height, width = ink.shape
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    top, bottom = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    top[labels[0]] = bottom[labels[-1]] = True
    out = ((top | bottom) & (stats[:, 3] < 0.25 * height)) | (top & bottom) | (stats[:, 2] > max(24, 3 * height))
    hollow = (stats[:, 2] > 1.2 * height) & (stats[:, 3] > 0.55 * height)
    out |= hollow & (stats[:, 4] < 0.4 * stats[:, 2] * stats[:, 3])
    thin = max(2, int(0.1 * height))
    level = (stats[:, 3] <= thin) & (stats[:, 2] > 1.2 * height)
    upright = (stats[:, 2] <= thin) & (stats[:, 3] > 0.6 * height)
    corners = np.r_[stats[level, 0], stats[level, 0] + stats[level, 2]]
    out |= level
    out |= upright & (np.abs(stats[:, :1] - corners[None, :]) <= 5).any(axis=1)
    out[0] = False
    rest = ink & ~out[labels]
    walls = np.zeros(width, dtype=bool)
    if rest.sum() < 0.4 * ink[height // 4 : -height // 4 or None].sum():
        return ink, walls
    tall = out & (stats[:, 3] > 0.55 * height)
    walls[(tall[labels] & (_upright(ink, height))).any(axis=0)] = True
    return rest, walls


def _upright(ink: npt.NDArray[np.bool_], height: int) -> npt.NDArray[np.bool_]:
    kernel = np.ones((max(3, int(0.55 * height)), 1), np.uint8)
    return np.asarray(cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0, dtype=bool)


def _between(walls: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    return [(a, b + 1) for a, b in _runs(np.flatnonzero(~walls), 1)]


def _spans(ink: npt.NDArray[np.bool_], left: int, gap: int) -> list[tuple[int, int]]:
    return [(left + a, left + b) for a, b in _runs(np.flatnonzero(ink.any(axis=0)), gap)]


def _tight(ink: npt.NDArray[np.bool_], left: int, top: int, start: int, end: int) -> Box:
    rows = np.flatnonzero(ink[:, start : end + 1].any(axis=1))
    return Box(left + start, top + int(rows[0]), left + end + 1, top + int(rows[-1]) + 1)


def ink_of(crop: Image) -> npt.NDArray[np.bool_] | None:
    """Where something is drawn on the crop's flat background; None where there is no flat background."""
    if crop.size == 0:
        return None
    flat = crop.reshape(-1, 3)
    coarse = (flat >> 4).astype(np.int32)
    keys = coarse[:, 0] * 256 + coarse[:, 1] * 16 + coarse[:, 2]
    common = int(np.bincount(keys).argmax())
    back = flat[keys == common].mean(axis=0)
    far = np.abs(crop.astype(np.float32) - back).max(axis=2)
    if (far < 28).mean() < 0.45:
        return None
    return np.asarray(far > max(28.0, 0.35 * float(far.max())), dtype=bool)


def _whole(box: Box, image: Image) -> tuple[int, int, int, int]:
    height, width = image.shape[:2]
    x1, y1 = max(0, int(box.x1)), max(0, int(box.y1))
    return x1, y1, min(width, max(x1 + 1, int(np.ceil(box.x2)))), min(height, max(y1 + 1, int(np.ceil(box.y2))))


def _crop(image: Image, box: Box) -> tuple[Image, float]:
    """The box with the margin the recogniser was trained on, and the frame x of its left edge."""
    margin = max(1.0, 0.12 * box.height)
    x1, y1, x2, y2 = _whole(Box(box.x1 - 2 * margin, box.y1 - margin, box.x2 + 2 * margin, box.y2 + margin), image)
    return image[y1:y2, x1:x2], float(x1)


def read_boxes(image: Image, boxes: Sequence[Box]) -> list[TextLine]:
    """What is written in each box, in the order given; `text` is empty and `score` 0 where nothing was read."""
    crops = [_crop(image, box) for box in boxes]
    order = sorted(range(len(crops)), key=lambda i: _input_width(crops[i][0]))
    lines: dict[int, TextLine] = {}
    for group in _batches(order, [_input_width(crop) for crop, _ in crops]):
        probabilities = _run("rec", _stack([crops[i][0] for i in group]))
        for index, row in zip(group, probabilities, strict=True):
            lines[index] = _decode(row, crops[index], boxes[index])
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


def _decode(row: npt.NDArray[np.float32], crop: tuple[Image, float], box: Box) -> TextLine:
    """Greedy CTC: the best class of each step, repeats and blanks dropped; a step's place gives the character's."""
    best, sure = row.argmax(axis=1), row.max(axis=1)
    keep = (best != 0) & np.r_[True, best[1:] != best[:-1]]
    steps = np.flatnonzero(keep)
    letters = [_alphabet()[best[i]] for i in steps]
    pixels = crop[0].shape[0] / _HEIGHT * 8  # the recogniser takes one step every eight input pixels
    xs = [float(np.clip(crop[1] + (i + 0.5) * pixels, box.x1, box.x2)) for i in steps]
    while letters and letters[0].isspace():
        letters, xs, steps = letters[1:], xs[1:], steps[1:]
    while letters and letters[-1].isspace():
        letters, xs, steps = letters[:-1], xs[:-1], steps[:-1]
    score = float(sure[steps].mean()) if len(steps) else 0.0
    return TextLine(box, "".join(letters), score, tuple(xs))


def _snug(line: TextLine) -> TextLine:
    """The line less drawings that stand before its first or after its last character (check boxes, arrows, icons)."""
    box, xs, reach = line.box, line.xs, line.box.height
    if len(line.text) < 2:
        return line
    x1 = xs[0] - 0.6 * reach if xs[0] - box.x1 > 1.1 * reach else box.x1
    x2 = xs[-1] + 0.5 * reach if box.x2 - xs[-1] > 1.1 * reach else box.x2
    return TextLine(box._replace(x1=x1, x2=x2), line.text, line.score, xs)


class TextReader:
    """Reads the text of an image.

    What an image says does not depend on the images before it: regions and word groups are remembered by their pixels,
    so that a screen of which little has changed is read quickly and yet exactly as it would be at first sight.
    """

    def __init__(self) -> None:
        self._regions: _Memory[list[Box]] = _Memory()
        self._readings: _Memory[TextLine] = _Memory()

    def read(self, image: Image) -> list[TextLine]:
        """All text found wherever the image is not flat, top to bottom."""
        lines = self._read_boxes(image, self.find(image))
        return [
            _snug(line) for line in lines if line.text and line.score >= (_SURE if len(line.text) > 3 else _SURE_SHORT)
        ]

    def find(self, image: Image) -> list[Box]:
        """Boxes around word groups, unread."""
        scale = detection_scale(image.shape[1], image.shape[0])
        found: list[Box] = []
        for region in content_regions(image):
            x1, y1, x2, y2 = _whole(region, image)
            part = np.ascontiguousarray(image[y1:y2, x1:x2])
            boxes = self._regions.get(_print_of(part), partial(_word_groups, part, scale))
            found += [_moved(box, x1, y1) for box in boxes]
        return sorted(found, key=lambda box: (box.y1, box.x1))

    def _read_boxes(self, image: Image, boxes: Sequence[Box]) -> list[TextLine]:
        """`read_boxes`, each reading remembered by the pixels read, its places relative to the box."""
        keys = [_print_of(_crop(image, box)[0]) for box in boxes]
        new = {key: box for key, box in zip(keys, boxes, strict=True) if key not in self._readings}
        for (key, box), line in zip(new.items(), read_boxes(image, list(new.values())), strict=True):
            self._readings.put(key, replace(line, xs=tuple(x - box.x1 for x in line.xs)))
        return [_placed(self._readings[key], box) for key, box in zip(keys, boxes, strict=True)]


class _Memory(Generic[T]):
    """What was found for pictures seen lately."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, T] = OrderedDict()

    def __contains__(self, key: bytes) -> bool:
        return key in self._kept

    def __getitem__(self, key: bytes) -> T:
        self._kept.move_to_end(key)
        return self._kept[key]

    def put(self, key: bytes, value: T) -> None:
        """Remember; what was used longest ago is forgotten."""
        self._kept[key] = value
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def get(self, key: bytes, make: Callable[[], T]) -> T:
        """The value kept, or else a new one made and kept."""
        if key not in self._kept:
            self.put(key, make())
        return self[key]


def _print_of(part: Image) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(part).tobytes() + repr(part.shape).encode(), digest_size=16).digest()


def _word_groups(part: Image, scale: float) -> list[Box]:
    return [box for row in find_rows(part, scale) for box in split_row(part, row)]


def _moved(box: Box, dx: float, dy: float) -> Box:
    return Box(box.x1 + dx, box.y1 + dy, box.x2 + dx, box.y2 + dy)


def _placed(line: TextLine, box: Box) -> TextLine:
    return replace(line, box=box, xs=tuple(box.x1 + x for x in line.xs))
