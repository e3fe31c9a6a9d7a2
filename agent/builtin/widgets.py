"""Finding widgets by their shape: flat areas with a frame, marks in them, small drawings without words.

No template of any program. Everything is measured in text heights, so that a phone at three times the pixels looks
the same as a desktop. Boxes are frame pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from actions.frame import Box
from agent.builtin import ocr
from agent.builtin.ocr import Image, Line
from agent.builtin.screen import Element, Role

_STEP = 5  # colour difference between neighbouring pixels that ends a flat area
_DRAWN = 16  # the same for something drawn

MENU_WORDS = frozenset(
    [
        "file",
        "edit",
        "view",
        "help",
        "tools",
        "window",
        "search",
        "document",
        "format",
        "insert",
        "options",
        "settings",
        "go",
        "bookmarks",
        "history",
        "terminal",
        "tabs",
        "image",
        "layer",
        "select",
        "colors",
        "filters",
        "windows",
        "project",
        "run",
        "data",
        "table",
        "game",
        "calculator",
        "player",
        "media",
        "playback",
        "audio",
        "video",
        "datei",
        "bearbeiten",
        "ansicht",
        "hilfe",
        "fenster",
        "suchen",
        "extras",
        "fichier",
        "édition",
        "affichage",
        "aide",
        "outils",
        "archivo",
        "editar",
        "ver",
        "ayuda",
        "arquivo",
        "exibir",
        "ajuda",
        "modifica",
        "visualizza",
        "文件",
        "编辑",
        "查看",
        "帮助",
        "工具",
        "窗口",
        "视图",
        "ファイル",
        "編集",
        "表示",
        "ヘルプ",
        "файл",
        "правка",
        "вид",
        "справка",
    ]
)


@dataclass(frozen=True)
class Patch:
    """A flat area: its box, whether it is round, and how much of it (0 to 1) is drawn over."""

    box: Box
    round: bool
    ink: float
    colour: tuple[int, int, int]


def text_unit(lines: Sequence[Line], image: Image) -> float:
    """The height of ordinary text on this screen in pixels, the unit of all other sizes."""
    heights = [line.box.height for line in lines if len(line.text) > 2]
    if len(heights) >= 3:
        return float(np.clip(np.median(heights), 7, image.shape[0] / 12))
    return 11.0 if image.shape[1] > image.shape[0] else max(11.0, image.shape[1] / 33)


def _steps(image: Image) -> npt.NDArray[np.uint8]:
    """For each pixel the largest colour difference to the one right of it and below it."""
    out = np.zeros(image.shape[:2], dtype=np.uint8)
    across = cv2.absdiff(image[:, 1:], image[:, :-1]).max(axis=2)
    down = cv2.absdiff(image[1:], image[:-1]).max(axis=2)
    out[:, :-1] = across
    np.maximum(out[:-1], down, out=out[:-1])
    return out


def flat_patches(image: Image, unit: float) -> list[Patch]:
    """Flat areas that fill a rectangle or a disc: buttons, fields, boxes, panels. From small to large."""
    flat = (_steps(image) <= _STEP).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(flat, connectivity=4)
    small = max(4, int(0.35 * unit))
    boxes = stats[1:count, :4]
    sized = (boxes[:, 2] >= small) & (boxes[:, 3] >= max(3, small // 2)) & (stats[1:count, 4] >= small * small // 2)
    found = [_patch(image, labels, int(index) + 1, boxes[index]) for index in np.flatnonzero(sized)]
    return sorted((patch for patch in found if patch is not None), key=lambda patch: patch.box.area)


def _patch(image: Image, labels: npt.NDArray[Any], label: int, box: npt.NDArray[Any]) -> Patch | None:
    x, y, w, h = (int(v) for v in box)
    step = max(1, min(w, h) // 400)
    mine = labels[y : y + h : step, x : x + w : step] == label
    if not _sides(mine):
        return None
    any_row = mine.any(axis=1)
    first, last = mine.argmax(axis=1), mine.shape[1] - mine[:, ::-1].argmax(axis=1)
    solid = float(((last - first) * any_row).sum()) / mine.size
    if solid < 0.72:
        return None
    spot = np.argwhere(mine)[mine.sum() // 2]
    colour = image[y + spot[0] * step, x + spot[1] * step]
    rim = max(1, round(0.15 * mine.shape[0]))
    narrow = float((last - first)[[rim, -1 - rim]].mean()) / mine.shape[1] if mine.shape[0] > 2 * rim else 1.0
    disc = 0.8 < w / h < 1.25 and narrow < 0.86
    part = 4 if disc else 8
    middle = mine[
        mine.shape[0] // part : -(mine.shape[0] // part) or None,
        mine.shape[1] // part : -(mine.shape[1] // part) or None,
    ]
    ink = 1 - float(middle.mean()) if middle.size else 0.0
    return Patch(Box(x, y, x + w + 1, y + h + 1), disc, ink, (int(colour[0]), int(colour[1]), int(colour[2])))


def _sides(mine: npt.NDArray[np.bool_]) -> bool:
    """Whether the area reaches the middle of all four sides of its box."""
    h, w = mine.shape
    rows = slice(int(h * 0.4), int(h * 0.6) + 1)
    columns = slice(int(w * 0.4), int(w * 0.6) + 1)
    sides = (
        mine[:2, columns].any(axis=0),
        mine[-2:, columns].any(axis=0),
        mine[rows, :2].any(axis=1),
        mine[rows, -2:].any(axis=1),
    )
    return all(float(side.mean()) >= 0.75 for side in sides)


def drawings(image: Image, texts: Sequence[Box], patches: Sequence[Patch], unit: float) -> list[Box]:
    """Small things drawn that are neither text nor frames."""
    drawn = (_steps(image) > _DRAWN).astype(np.uint8)
    for box in texts:
        drawn[max(0, int(box.y1) - 2) : int(box.y2) + 2, max(0, int(box.x1) - 2) : int(box.x2) + 2] = 0
    for length in ((1, int(5 * unit)), (int(5 * unit), 1)):
        lines = cv2.morphologyEx(drawn, cv2.MORPH_OPEN, np.ones(length, np.uint8))
        drawn[cv2.dilate(lines, np.ones((3, 3), np.uint8)) > 0] = 0
    for patch in patches:
        if 1.2 * unit < min(patch.box.width, patch.box.height) < 12 * unit:
            _erase_frame(drawn, patch.box)
    reach = max(2, int(0.3 * unit))
    joined = cv2.dilate(drawn, np.ones((reach, reach), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    ink = np.bincount(labels.ravel(), weights=drawn.ravel(), minlength=count)
    half = reach / 2
    boxes = [Box(x + half, y + half, x + w - half + 1, y + h - half + 1) for x, y, w, h, _ in stats[1:].astype(float)]
    return [box for box, amount in zip(boxes, ink[1:], strict=True) if amount >= 6 and box.width > 2 and box.height > 2]


def _erase_frame(drawn: npt.NDArray[np.uint8], box: Box) -> None:
    x1, y1, x2, y2 = (int(v) for v in box)
    ring = 3
    left, top = max(0, x1 - ring), max(0, y1 - ring)
    drawn[top : y1 + 1, left : x2 + ring] = 0
    drawn[max(0, y2 - 2) : y2 + ring, left : x2 + ring] = 0
    drawn[top : y2 + ring, left : x1 + 1] = 0
    drawn[top : y2 + ring, max(0, x2 - 2) : x2 + ring] = 0


def inside(inner: Box, outer: Box) -> bool:
    """Whether the middle of `inner` lies in `outer`."""
    return outer.holds(inner.center)


@dataclass
class Scene:
    """What the finders work on: the image, its unit, the text, flat patches and drawings, and what is decided."""

    image: Image
    unit: float
    lines: list[Line]
    patches: list[Patch]
    marks: list[Box]
    elements: list[Element]

    def texts_in(self, box: Box) -> list[Line]:
        """Lines whose middle lies in `box`, left to right within a row."""
        return [line for line in self.lines if inside(line.box, box)]

    def marks_in(self, box: Box) -> list[Box]:
        """Drawings whose middle lies in `box`."""
        return [mark for mark in self.marks if inside(mark, box)]

    def taken(self, box: Box) -> bool:
        """Whether an element already covers about the same place."""
        return any(_same(box, element.box) for element in self.elements)

    def add(
        self, box: Box, role: Role, lines: Iterable[Line] = (), checked: bool | None = None, score: float = 0.9
    ) -> None:
        """Record an element; its text is that of `lines`."""
        text = " ".join(line.text for row in rows_of(list(lines)) for line in row)
        self.elements.append(Element(box, role, text, checked=checked, score=score))


def _same(a: Box, b: Box) -> bool:
    shared = a.overlap(b)
    return shared > 0.6 * max(a.area, b.area)


def look_at(image: Image, lines: Sequence[Line]) -> tuple[Scene, float]:
    """Patches and drawings of the image, and every widget found from them."""
    unit = text_unit(lines, image)
    patches = flat_patches(image, unit)
    marks = drawings(image, [line.box for line in lines if len(line.text) > 1 or line.score > 0.95], patches, unit)
    scene = Scene(image, unit, list(lines), patches, marks, [])
    for finder in (_small_boxes, _switches, _sliders, _drawn_sliders, _menus, _framed, _areas):
        finder(scene)
    return scene, unit


def outlined(image: Image, unit: float) -> list[Patch]:
    """Small squares and rings with a drawn outline, whatever is drawn inside them. From small to large."""
    drawn = (_steps(image) > _DRAWN).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(drawn, connectivity=8)
    w, h = stats[:, 2] / unit, stats[:, 3] / unit
    fit = (np.minimum(w, h) > 0.65) & (np.maximum(w, h) < 2.5) & (np.abs(w - h) < 0.2 * np.maximum(w, h))
    found = []
    for index in np.flatnonzero(fit):
        x, y, bw, bh, _ = (int(v) for v in stats[index])
        mine = labels[y : y + bh, x : x + bw] == index
        square = all(float(side.mean()) > 0.75 for side in _outline_sides(mine)) and _has_corners(mine)
        if index and (square or _is_ring(mine)):
            box = Box(x, y, x + bw + 1, y + bh + 1)
            found.append(Patch(box, not square, _inner_ink(image, box), _middle_colour(image, box)))
    return sorted(found, key=lambda patch: patch.box.area)


def _outline_sides(mine: npt.NDArray[np.bool_]) -> list[Any]:
    rows, columns = (
        slice(mine.shape[0] // 6, -(mine.shape[0] // 6) or None),
        slice(mine.shape[1] // 6, -(mine.shape[1] // 6) or None),
    )
    return [
        mine[:2, columns].any(axis=0),
        mine[-2:, columns].any(axis=0),
        mine[rows, :2].any(axis=1),
        mine[rows, -2:].any(axis=1),
    ]


def _has_corners(mine: npt.NDArray[np.bool_]) -> bool:
    size = max(2, int(0.12 * min(mine.shape)))
    corners = (mine[:size, :size], mine[:size, -size:], mine[-size:, :size], mine[-size:, -size:])
    return sum(bool(corner.any()) for corner in corners) >= 3


def _is_ring(mine: npt.NDArray[np.bool_]) -> bool:
    thick = np.pad(cv2.dilate(mine.astype(np.uint8), np.ones((3, 3), np.uint8)), 2)
    h, w = mine.shape
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ys = np.round(2 + (h - 1) / 2 * (1 + 0.96 * np.sin(angles))).astype(int)
    xs = np.round(2 + (w - 1) / 2 * (1 + 0.96 * np.cos(angles))).astype(int)
    return bool(thick[ys, xs].mean() > 0.93)


def _inner(image: Image, box: Box) -> Image:
    dx, dy = box.width * 0.27, box.height * 0.27
    return np.ascontiguousarray(image[int(box.y1 + dy) : int(box.y2 - dy) + 1, int(box.x1 + dx) : int(box.x2 - dx) + 1])


def _inner_ink(image: Image, box: Box) -> float:
    """How much of the inside differs from the colour at its own rim."""
    core = _inner(image, box).astype(np.float32)
    rim = np.median(np.concatenate([core[0], core[-1], core[:, 0], core[:, -1]]), axis=0)
    return float((np.abs(core - rim).max(axis=2) > 40).mean())


def _middle_colour(image: Image, box: Box) -> tuple[int, int, int]:
    red, green, blue = np.median(_inner(image, box).reshape(-1, 3), axis=0)
    return int(red), int(green), int(blue)


def _small_boxes(scene: Scene) -> None:
    """Check boxes and radio buttons: a small empty or ticked frame with words beside it."""
    for patch in outlined(scene.image, scene.unit) + scene.patches:
        box, unit = patch.box, scene.unit
        size = max(box.width, box.height)
        if not (
            0.5 * unit <= min(box.width, box.height) and size <= 2.5 * unit and 0.75 < box.width / box.height < 1.34
        ):
            continue
        if any(box.overlap(e.box) > 0 for e in scene.elements) or not beside(scene, box) or _is_letter(scene, box):
            continue
        outer, framed = _ring_colour(scene.image, box.grown(2.5)), _ring_colour(scene.image, box.grown(0.5))
        contrast = max(np.abs(framed - outer).max(), np.abs(np.array(patch.colour) - outer).max())
        if contrast < 10 or patch.ink > 0.7 or _mark_is_wide(scene, box):
            continue
        if patch.round and patch.ink > 0.02 and not _dotted(scene.image, box):
            continue
        filled = np.abs(np.array(patch.colour, dtype=float) - outer).max() > 60 and _colourful(patch.colour)
        scene.add(box, "radio" if patch.round else "checkbox", checked=bool(patch.ink > 0.08 or filled), score=0.8)


def _is_letter(scene: Scene, box: Box) -> bool:
    """Whether a character of a longer text stands in the box."""
    return any(
        len(line.text) > 1 and line.box.overlap(box) > 0 and any(box.x1 <= x <= box.x2 for x in line.xs)
        for line in scene.lines
    )


def _dotted(image: Image, box: Box) -> bool:
    """Whether what is drawn inside a ring is a dot (or tick) in its middle and not a letter or a cross."""
    x1, y1, x2, y2 = (int(v) for v in box)
    ink = ocr.ink_of(np.ascontiguousarray(image[y1:y2, x1:x2]))
    if ink is None:
        return False
    h, w = ink.shape
    core = ink[int(h * 0.4) : int(np.ceil(h * 0.6)), int(w * 0.4) : int(np.ceil(w * 0.6))]
    return bool(
        core.size and core.mean() > 0.85 and ink[h // 5 : -h // 5 or None, w // 5 : -w // 5 or None].mean() > 0.08
    )


def _mark_is_wide(scene: Scene, box: Box) -> bool:
    return any(mark.overlap(box) > 0 and mark.width > 1.6 * box.width for mark in scene.marks)


def _colourful(colour: tuple[int, int, int]) -> bool:
    return max(colour) - min(colour) > 60


def _ring_colour(image: Image, box: Box) -> npt.NDArray[np.float64]:
    """Median colour along the outline of the box."""
    height, width = image.shape[:2]
    x1, y1 = int(np.clip(box.x1, 0, width - 1)), int(np.clip(box.y1, 0, height - 1))
    x2, y2 = int(np.clip(box.x2, 0, width - 1)), int(np.clip(box.y2, 0, height - 1))
    parts = [image[y1, x1 : x2 + 1], image[y2, x1 : x2 + 1], image[y1 : y2 + 1, x1], image[y1 : y2 + 1, x2]]
    return np.asarray(np.median(np.concatenate(parts), axis=0), dtype=np.float64)


def beside(scene: Scene, box: Box) -> Line | None:
    """The nearest words right of the box on its row, or else left of it anywhere on the row."""
    row = [line for line in scene.lines if len(line.text) > 1 and line.box.y1 - 2 <= box.center.y <= line.box.y2 + 2]
    right = [
        line for line in row if -0.3 * scene.unit <= line.box.x1 - box.x2 <= 3 * scene.unit or _starts_under(line, box)
    ]
    if right:
        return min(right, key=lambda line: abs(line.box.x1 - box.x2))
    close = [
        line for line in scene.lines if len(line.text) > 1 and abs(line.box.center.y - box.center.y) < 2 * scene.unit
    ]
    left = [line for line in close if line.box.x2 <= box.x1 and box.x1 > 0.6 * scene.image.shape[1]]
    left = left if scene.image.shape[0] > scene.image.shape[1] else []
    return max(
        left, key=lambda line: (line.box.x2 - line.box.x1 > 0, -abs(line.box.center.y - box.center.y)), default=None
    )


def _starts_under(line: Line, box: Box) -> bool:
    return abs(line.box.x1 - box.x1) < 0.7 * box.width and line.box.x2 > box.x2 + 2 * box.width


def _switches(scene: Scene) -> None:
    """Switches: a pill twice as wide as high with a round thumb at one end."""
    for patch in scene.patches:
        box, unit = patch.box, scene.unit
        if not (0.6 * unit <= box.height <= 2.6 * unit and 1.45 < box.width / box.height < 2.8) or patch.round:
            continue
        thumbs = [p.box for p in scene.patches if p.round and p.box is not box and _thumb(p.box, box)]
        if thumbs and not scene.texts_in(box) and not scene.taken(box):
            whole = box.union(thumbs[0])
            scene.add(whole, "switch", checked=thumbs[0].center.x > whole.center.x, score=0.8)


def _thumb(thumb: Box, track: Box) -> bool:
    level = abs(thumb.center.y - track.center.y) < 0.2 * track.height
    size = 0.55 < thumb.height / track.height < 1.8
    at_end = min(abs(thumb.x1 - track.x1), abs(thumb.x2 - track.x2)) < 0.45 * track.height
    near = track.x1 - thumb.width <= thumb.x1 and thumb.x2 <= track.x2 + thumb.width
    return level and size and at_end and near


def _sliders(scene: Scene) -> None:
    """Sliders: a long thin track and a knob on it."""
    unit = scene.unit
    thin = [
        p.box
        for p in scene.patches
        if p.box.height <= 1.5 * unit and p.box.width >= 2 * p.box.height and p.box.width > 1.5 * unit
    ]
    knobs = [
        p.box
        for p in scene.patches
        if 0.5 * unit < p.box.height < 2.4 * unit and p.box.width < 3 * unit and p.box.width < 2.6 * p.box.height
    ]
    for knob in knobs:
        tracks = [box for box in thin if _on_track(knob, box, unit)]
        if not tracks:
            continue
        whole = knob
        for box in tracks:
            whole = whole.union(box)
        thumb_only = whole.width < 5 * unit or whole.height > 2.6 * unit or scene.texts_in(whole)
        if not thumb_only and not any(whole.overlap(e.box) > 0 for e in scene.elements):
            scene.add(whole, "slider", score=0.7)


def _drawn_sliders(scene: Scene) -> None:
    """Sliders whose knob and track are drawn in one colour: a long drawing that is thin but for one bump."""
    for mark in list(scene.marks):
        if mark.width < 5 * scene.unit or not 0.6 * scene.unit < mark.height < 2.6 * scene.unit:
            continue
        x1, y1, x2, y2 = (max(0, int(v)) for v in mark.grown(2))
        around = _ring_colour(scene.image, mark.grown(2))
        ink = np.abs(scene.image[y1:y2, x1:x2] - around).max(axis=2) > 12
        heights = ink.sum(axis=0)
        thin = float(np.median(heights))
        bump = np.flatnonzero(heights > max(1.6 * thin, thin + 3))
        steady = float((heights > 0).mean()) > 0.85 and 0 < thin < 0.65 * mark.height
        knob = len(bump) > 0 and bump[-1] - bump[0] < 3 * scene.unit and not scene.texts_in(mark)
        if steady and knob and not any(mark.overlap(e.box) > 0 for e in scene.elements):
            scene.add(mark, "slider", score=0.7)


def _on_track(knob: Box, track: Box, unit: float) -> bool:
    level = abs(knob.center.y - track.center.y) <= 2 + 0.1 * unit
    touching = track.x1 - 0.4 * unit <= knob.center.x <= track.x2 + knob.width
    thinner = track.height <= 0.75 * knob.height or (track.height <= 1.3 * knob.height and track.width > 5 * knob.width)
    return level and touching and thinner and track.width > 1.2 * knob.width


def _menus(scene: Scene) -> None:
    """Menu bars (a row of short words, two of them menu words) and the entries of open menus."""
    for row in rows_of(scene.lines):
        known = [line for line in row if line.text.strip("_").lower() in MENU_WORDS]
        if len(known) >= 2 and all(len(line.text) <= 16 for line in row):
            near = [
                line
                for line in row
                if min(abs(line.box.x1 - other.box.x2) for other in row) < 4 * scene.unit or line in known
            ]
            for line in near:
                scene.add(line.box.grown(0.4 * scene.unit), "menu", [line], score=line.score)
    for popup in _popups(scene):
        _menu_items(scene, popup)


def rows_of(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines grouped into rows by their middles, each row left to right."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda item: item.box.center.y):
        if rows and abs(rows[-1][-1].box.center.y - line.box.center.y) <= 0.35 * line.box.height:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda item: item.box.x1) for row in rows]


def _popups(scene: Scene) -> list[Box]:
    """Stacks of patches that share both sides and hold left-aligned short lines."""
    unit, width = scene.unit, scene.image.shape[1]
    columns: list[Box] = []
    wide = [
        p.box
        for p in scene.patches
        if 6 * unit < p.box.width < min(45 * unit, 0.8 * width) and p.box.height > 1.6 * unit
    ]
    for box in sorted(wide, key=lambda item: item.y1):
        for index, column in enumerate(columns):
            if abs(column.x1 - box.x1) <= 3 and abs(column.x2 - box.x2) <= 3 and -2 <= box.y1 - column.y2 <= 0.5 * unit:
                columns[index] = column.union(box)
                break
        else:
            columns.append(box)
    return [column for column in columns if _menu_like(scene, column)]


def _menu_like(scene: Scene, box: Box) -> bool:
    rows = rows_of(scene.texts_in(box))
    if not 2 <= len(rows) <= 30 or box.height > (len(rows) + 2.5) * 3.2 * scene.unit:
        return False
    lefts = [row[0].box.x1 for row in rows]
    aligned = max(lefts) - min(lefts) < 1.2 * scene.unit and min(lefts) - box.x1 < 4.5 * scene.unit
    pitch = np.diff([row[0].box.center.y for row in rows])
    even = float(pitch.min()) > 1.5 * scene.unit and float(pitch.max()) < 2.2 * float(pitch.min())
    busy = any(e.role in ("field", "checkbox", "slider", "menu") and inside(e.box, box) for e in scene.elements)
    return aligned and even and not busy and all(len(row) <= 2 and len(row[0].text) < 40 for row in rows)


def _menu_items(scene: Scene, popup: Box) -> None:
    rows = rows_of(scene.texts_in(popup))
    pitch = float(min(np.diff([row[0].box.center.y for row in rows]).min(), 3 * scene.unit))
    for row in rows + _highlighted(scene, rows, pitch):
        y = row[0].box.center.y
        scene.add(Box(popup.x1, y - pitch / 2, popup.x2, y + pitch / 2), "menuitem", row[:1], score=row[0].score)


def _highlighted(scene: Scene, rows: list[list[Line]], pitch: float) -> list[list[Line]]:
    """Entries in line with a menu's others, right above or below them, that stand on a colour of their own."""
    left = rows[0][0].box.x1
    ends = rows[0][0].box.center.y - pitch, rows[-1][0].box.center.y + pitch
    return [
        [line]
        for line in scene.lines
        if abs(line.box.x1 - left) < 4 and any(abs(line.box.center.y - y) < 0.35 * pitch for y in ends)
    ]


def _framed(scene: Scene) -> None:
    """Buttons, one-line fields and drop-downs: a frame one or two rows high."""
    unit, width = scene.unit, scene.image.shape[1]
    for patch in scene.patches:
        box = patch.box
        if not (1.1 * unit <= box.height <= 7.5 * unit and 1.2 * unit <= box.width < 0.97 * width):
            continue
        if any(_within_text(box, line) for line in scene.lines):
            continue
        if scene.taken(box) or any(
            inside(box, e.box) and e.role in ("menuitem", "slider", "switch") for e in scene.elements
        ):
            continue
        if any(
            e.role in ("menu", "checkbox", "radio", "switch", "slider", "field", "select", "button")
            and inside(e.box, box)
            for e in scene.elements
        ):
            continue
        lines, marks = scene.texts_in(box), scene.marks_in(box)
        role = _framed_role(patch, lines, marks, unit)
        if role == "field" and not lines and box.width < 2.6 * box.height:
            role = "button" if patch.ink > 0.001 else None
        if role == "field":
            role, box = _with_neighbours(scene, patch)
        if role is not None:
            scene.add(box, role, lines, score=0.85 if lines else 0.7)


def _within_text(box: Box, line: Line) -> bool:
    """Whether a patch is the inside of a letter."""
    return box.overlap(line.box) > 0.8 * box.area and (len(line.text) == 1 or box.width < 0.6 * line.box.width)


def _with_neighbours(scene: Scene, patch: Patch) -> tuple[Role, Box]:
    """A field with an arrow button at its right is a drop-down; a dark trough with a narrow knob at a side a slider."""
    box, unit = patch.box, scene.unit
    sides = [
        p.box
        for p in scene.patches
        if p.box.width < 2.2 * unit and abs(p.box.center.y - box.center.y) < 4 and 0.6 < p.box.height / box.height < 1.3
    ]
    after = [side for side in sides if -3 <= side.x1 - box.x2 <= 6]
    trough = float(np.mean(patch.colour)) < float(np.mean(_ring_colour(scene.image, box.grown(5)))) - 8
    if trough:
        before = [side for side in sides if -3 <= box.x1 - side.x2 <= 2 * unit]
        if after or before:
            for side in (*after, *before):
                box = box.union(side)
            return "slider", box
    arrows = [
        m
        for m in scene.marks
        if -3 <= m.x1 - box.x2 < 2 * unit and abs(m.center.y - box.center.y) < 0.5 * box.height and m.width < 2 * unit
    ]
    if after and arrows:
        return "select", box.union(after[0])
    return "field", box


def _framed_role(patch: Patch, lines: Sequence[Line], marks: Sequence[Box], unit: float) -> Role | None:
    box = patch.box
    if len(rows_of(lines)) > 2 or len(lines) > 4:
        return None
    if not lines:
        return _wordless_role(box, marks, unit)
    ink = lines[0].box
    for line in lines[1:]:
        ink = ink.union(line.box)
    left, right = ink.x1 - box.x1, box.x2 - ink.x2
    ending = [mark for mark in marks if mark.center.x > ink.x2 and box.x2 - mark.x2 < 2.5 * unit]
    if any(chevron(mark, unit) for mark in ending):
        return "select"
    if len(rows_of(lines)) > 1:
        return None
    starting = any(mark.x2 <= ink.x1 for mark in marks)
    if abs(left - right) <= max(unit, 0.2 * (left + right)) or (starting and left + right < 8 * unit):
        return "button"
    if left < 4 * unit and box.width > 5 * unit and right > left:
        return "field"
    return "button" if box.width < 12 * unit else None


def chevron(mark: Box, unit: float) -> bool:
    """Whether a drawing has the size of a drop-down's arrow: small and wider than high."""
    return mark.width <= 1.6 * unit and mark.height <= 0.95 * unit and mark.width >= 1.15 * mark.height


def _wordless_role(box: Box, marks: Sequence[Box], unit: float) -> Role | None:
    if not marks:
        return "field" if box.width > 4.5 * unit and box.height < 5 * unit else None
    ends = [mark for mark in marks if box.x2 - mark.x2 < 2.5 * unit and mark.x1 > box.center.x]
    if box.width > 5 * box.height and len(ends) == len(marks):
        return "select" if any(chevron(mark, unit) for mark in ends) else "field"
    return "button" if box.width < 2.6 * box.height and len(marks) <= 3 else None


def _areas(scene: Scene) -> None:
    """Text areas: a large light frame with nothing but text in its upper left."""
    unit = scene.unit
    total = scene.image.shape[0] * scene.image.shape[1]
    for patch in scene.patches:
        box = patch.box
        if box.height <= 3.5 * unit or box.width < 9 * unit or box.area > 0.85 * total or min(patch.colour) < 200:
            continue
        held = [e for e in scene.elements if inside(e.box, box) and e.box != box]
        if held or scene.taken(box) or patch.ink > 0.3 or len(scene.marks_in(box)) > 2:
            continue
        lines = scene.texts_in(box)
        if all(line.box.x1 - box.x1 < 3 * unit for line in lines) and len(lines) <= 40:
            scene.add(box, "field", lines[:20], score=0.6)
