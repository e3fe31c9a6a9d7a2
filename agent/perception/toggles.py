"""Check boxes, radio buttons, switches and sliders detected by shape."""

from __future__ import annotations

import cv2
import numpy as np

from actions.frame import Box
from agent.perception.images import ink_mask
from agent.perception.layout import ScreenLayout, beside
from agent.perception.shapes import FlatArea, ring_colour
from envs.env import Image

_TOLD = 28  # levels from which a colour is another


def find_small_boxes(layout: ScreenLayout) -> None:
    """Check boxes and radio buttons: a small empty or ticked frame with words beside it."""
    for patch in layout.outlines + layout.patches:
        box, unit = patch.box, layout.unit
        size = max(box.width, box.height)
        if not (
            0.5 * unit <= min(box.width, box.height) and size <= 2.5 * unit and 0.75 < box.width / box.height < 1.34
        ):
            continue
        if (
            any(box.overlap(e.box) > 0 for e in layout.elements)
            or not beside(layout, box)
            or _is_letter(layout, box)
            or _named_by_button(layout, box)
        ):
            continue
        outer, framed = ring_colour(layout.image, box.grown(2.5)), ring_colour(layout.image, box.grown(0.5))
        contrast = max(np.abs(framed - outer).max(), np.abs(np.array(patch.colour) - outer).max())
        if contrast < 10 or (patch.ink > 0.7 and not _has_empty_twin(layout, patch)) or _mark_is_wide(layout, box):
            continue
        alone = not _has_empty_twin(layout, patch)
        if patch.round and patch.ink > 0.02 and alone and not _dotted(layout.image, box):
            continue
        filled = np.abs(np.array(patch.colour, dtype=float) - outer).max() > 60 and _colourful(patch.colour)
        layout.add(box, "radio" if patch.round else "checkbox", checked=bool(patch.ink > 0.08 or filled), score=0.8)


def _has_empty_twin(layout: ScreenLayout, patch: FlatArea) -> bool:
    """Whether an empty ring of the same size is there too: radio buttons come in groups."""
    return (
        patch.round
        and layout.image.shape[1] > layout.image.shape[0]
        and any(
            p.round
            and p.ink < 0.2
            and abs(p.box.width - patch.box.width) <= max(2, 0.34 * p.box.width)
            and p.box.overlap(patch.box) == 0
            and min(abs(p.box.x1 - patch.box.x1), abs(p.box.center.y - patch.box.center.y)) <= 4
            for p in layout.outlines
        )
    )


def _named_by_button(layout: ScreenLayout, box: Box) -> bool:
    """Whether the words beside the box are those of a button that it is not in."""
    line = beside(layout, box)
    return line is not None and any(
        1.8 * layout.unit <= p.box.height <= 3.5 * layout.unit
        and line.box.x1 - 2 > p.box.x1 > box.x2
        and line.box.x2 + 2 < p.box.x2 < line.box.x2 + 4 * layout.unit
        and p.box.y1 < line.box.y1 < line.box.y2 < p.box.y2
        for p in layout.patches
    )


def _is_letter(layout: ScreenLayout, box: Box) -> bool:
    """Whether a character of a longer text is in the box."""
    return any(
        len(line.text) > 1 and line.box.overlap(box) > 0 and any(box.x1 <= x <= box.x2 for x in line.xs)
        for line in layout.lines
    )


def _dotted(image: Image, box: Box) -> bool:
    """Whether what is drawn inside a ring is a dot (or tick) in its middle and not a letter or a cross."""
    x1, y1, x2, y2 = (int(v) for v in box)
    ink = ink_mask(np.ascontiguousarray(image[y1:y2, x1:x2]))
    if ink is None:
        return False
    h, w = ink.shape
    core = ink[int(h * 0.4) : int(np.ceil(h * 0.6)), int(w * 0.4) : int(np.ceil(w * 0.6))]
    return bool(
        core.size and core.mean() > 0.85 and ink[h // 5 : -h // 5 or None, w // 5 : -w // 5 or None].mean() > 0.08
    )


def _mark_is_wide(layout: ScreenLayout, box: Box) -> bool:
    return any(mark.overlap(box) > 0 and mark.width > 1.6 * box.width for mark in layout.marks)


def _colourful(colour: tuple[int, int, int]) -> bool:
    return max(colour) - min(colour) > 40


def find_switches(layout: ScreenLayout) -> None:
    """Switches: a pill twice as wide as high with a round thumb at one end."""
    for patch in layout.patches:
        box, unit = patch.box, layout.unit
        if not (0.6 * unit <= box.height <= 2.6 * unit and 1.45 < box.width / box.height < 2.8) or patch.round:
            continue
        thumbs = [p.box for p in layout.patches if p.round and p.box is not box and _thumb(p.box, box)]
        if thumbs and not layout.texts_in(box) and not layout.taken(box):
            whole = box.union(thumbs[0])
            layout.add(whole, "switch", checked=thumbs[0].center.x > whole.center.x, score=0.8)


def find_pill_switches(layout: ScreenLayout) -> None:
    """Switches drawn as a pill in one colour with a disc inside it at one end."""
    for patch in layout.patches:
        thumb, unit = patch.box, layout.unit
        square = 0.6 * unit <= thumb.height <= 2.4 * unit and 0.85 < thumb.width / thumb.height < 1.18
        if not square or layout.texts_in(thumb) or layout.taken(thumb):
            continue
        pill = _pill_around(layout.image, thumb)
        if pill is not None and not layout.taken(pill):
            layout.add(pill, "switch", checked=thumb.center.x > pill.center.x, score=0.8)


def _pill_around(image: Image, thumb: Box) -> Box | None:
    """The pill that a disc lies in; None where what is around it is no pill, or the disc is at neither end."""
    size = thumb.height
    x1, y1 = max(0, int(thumb.x1 - 2.4 * size)), max(0, int(thumb.y1 - 0.6 * size))
    part = image[y1 : int(thumb.y2 + 0.6 * size) + 1, x1 : int(thumb.x2 + 2.4 * size) + 1].astype(np.int16)
    left, right, top, bottom = (int(v) for v in (thumb.x1 - x1, thumb.x2 - x1, thumb.y1 - y1, thumb.y2 - y1))
    middle = (top + bottom) // 2
    for next_to in {max(0, left - 3), min(part.shape[1] - 1, right + 2)}:
        same = (np.abs(part - part[middle, next_to]).max(axis=2) <= _TOLD).astype(np.uint8)
        if same[middle, (left + right) // 2]:
            continue
        same[top:bottom, left:right] = 1
        _, labels, stats, _ = cv2.connectedComponentsWithStats(same, connectivity=4)
        x, y, w, h, area = (int(n) for n in stats[labels[middle, (left + right) // 2]])
        inside = x > 0 and y > 0 and x + w < part.shape[1] and y + h < part.shape[0]
        pill = 1.45 < w / h < 2.8 and size < h <= 1.9 * size and area > 0.75 * w * h
        rounded = not same[y, x] and not same[y + h - 1, x] and not same[y, x + w - 1]
        if inside and pill and rounded and min(left - x, x + w - right) < 0.35 * h and abs(y + h / 2 - middle) <= 2:
            return Box(x1 + x, y1 + y, x1 + x + w, y1 + y + h)
    return None


def _thumb(thumb: Box, track: Box) -> bool:
    level = abs(thumb.center.y - track.center.y) < 0.2 * track.height
    size = 0.55 < thumb.height / track.height < 1.8
    at_end = min(abs(thumb.x1 - track.x1), abs(thumb.x2 - track.x2)) < 0.45 * track.height
    near = track.x1 - thumb.width <= thumb.x1 and thumb.x2 <= track.x2 + thumb.width
    return level and size and at_end and near


def find_sliders(layout: ScreenLayout) -> None:
    """Sliders: a long thin track and a knob on it."""
    unit = layout.unit
    thin = [
        p.box
        for p in layout.patches
        if p.box.height <= 1.5 * unit and p.box.width >= 2 * p.box.height and p.box.width > 1.5 * unit
    ]
    knobs = [
        p.box
        for p in layout.patches
        if 0.5 * unit < p.box.height < 2.4 * unit and p.box.width < 3 * unit and p.box.width < 2.6 * p.box.height
    ]
    for knob in knobs:
        tracks = [box for box in thin if _on_track(knob, box, unit)]
        if not tracks:
            continue
        whole = knob
        for box in tracks:
            whole = whole.union(box)
        for part in layout.patches:
            level = abs(part.box.y1 - tracks[0].y1) <= 2 and abs(part.box.y2 - tracks[0].y2) <= 2
            if level and -6 <= whole.x1 - part.box.x2 <= 6 and part.colour == _fill_of(layout, tracks[0]):
                whole = whole.union(part.box)
        thumb_only = whole.width < 5 * unit or whole.height > 2.6 * unit or layout.texts_in(whole)
        if not thumb_only and not any(whole.overlap(e.box) > 0 for e in layout.elements):
            layout.add(whole, "slider", score=0.7)


def _fill_of(layout: ScreenLayout, box: Box) -> tuple[int, int, int] | None:
    return next((p.colour for p in layout.patches if p.box == box), None)


def find_drawn_sliders(layout: ScreenLayout) -> None:
    """Sliders whose knob and track are drawn in one colour: a long drawing that is thin but for one bump."""
    for mark in list(layout.marks):
        if mark.width < 5 * layout.unit or not 0.6 * layout.unit < mark.height < 2.6 * layout.unit:
            continue
        x1, y1, x2, y2 = (max(0, int(v)) for v in mark.grown(2))
        around = ring_colour(layout.image, mark.grown(2))
        ink = np.abs(layout.image[y1:y2, x1:x2] - around).max(axis=2) > 12
        heights = ink.sum(axis=0)
        thin = float(np.median(heights))
        bump = np.flatnonzero(heights > max(1.6 * thin, thin + 3))
        steady = float((heights > 0).mean()) > 0.85 and 0 < thin < 0.65 * mark.height
        knob = len(bump) > 0 and bump[-1] - bump[0] < 3 * layout.unit and not layout.texts_in(mark)
        if steady and knob and not any(mark.overlap(e.box) > 0 for e in layout.elements):
            layout.add(mark, "slider", score=0.7)


def find_filled_sliders(layout: ScreenLayout) -> None:
    """Sliders whose knob is drawn and whose track has one colour before it and another behind it."""
    unit = layout.unit
    for knob in list(layout.marks):
        if not (0.9 * unit < knob.height < 2.4 * unit and 0.75 < knob.width / knob.height < 1.3):
            continue
        left, right = _run(layout, knob, -1), _run(layout, knob, 1)
        whole = Box(knob.x1 - left, knob.y1, knob.x2 + right, knob.y2)
        both = min(left, right) > 1.5 * unit and left + right > 5 * unit
        if both and not layout.texts_in(whole) and not any(whole.overlap(e.box) > 0 for e in layout.elements):
            layout.add(whole, "slider", score=0.7)


def _run(layout: ScreenLayout, knob: Box, step: int) -> int:
    """Pixels of one colour, other than that above and below it, from the side of `knob` outwards; 0 for a thick one."""
    height, width = layout.image.shape[:2]
    row = min(height - 1, max(0, int(knob.center.y)))
    start = int(knob.x2 + 2) if step > 0 else int(knob.x1 - 3)
    if not 0 <= start < width:
        return 0
    line = layout.image[row, start:] if step > 0 else layout.image[row, start::-1]
    same = np.abs(line.astype(int) - line[0].astype(int)).max(axis=1) <= 6
    length = int(np.argmin(same)) if not same.all() else len(same)
    middle = min(width - 1, max(0, start + step * (length // 2)))
    column = layout.image[max(0, int(knob.y1)) : int(knob.y2) + 1, middle].astype(int)
    thick = int((np.abs(column - line[0].astype(int)).max(axis=1) <= 6).sum())
    return length if 2 <= thick < 0.75 * knob.height else 0


def _on_track(knob: Box, track: Box, unit: float) -> bool:
    level = abs(knob.center.y - track.center.y) <= 2 + 0.1 * unit
    touching = track.x1 - 0.4 * unit <= knob.center.x <= track.x2 + knob.width
    thinner = track.height <= 0.75 * knob.height or (track.height <= 1.3 * knob.height and track.width > 5 * knob.width)
    return level and touching and thinner and track.width > 1.2 * knob.width
