"""The track, the thumb, the range and the number of a horizontal slider, from pixels and nearby text."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from actions.frame import Box
from agent.perception.elements import Element, PerceivedScreen
from envs.env import Image


def numbers_near(screen: PerceivedScreen, slider: Box) -> list[tuple[float, Element]]:
    """The numbers written on, beside, above or below a slider, nearest first."""
    reach = slider.grown(max(60.0, slider.height * 2))
    found = []
    for element in screen.elements:
        m = re.fullmatch(r"(?:[^\d-]*[:=\s])?(-?\d+(?:\.\d+)?)\s*%?", element.text.strip())
        if m and reach.overlap(element.box) > 0 and element.box.area > 0:
            gap = abs(element.box.center.y - slider.center.y)
            found.append((gap, float(m[1]), element))
    return [(value, element) for _, value, element in sorted(found, key=lambda f: f[0])]


def slider_range(screen: PerceivedScreen, slider: Box) -> tuple[float, float]:
    """The numbers at a slider's two ends where they are written, else 0 to 100."""
    left = [v for v, e in numbers_near(screen, slider) if e.box.center.x < slider.x1 + slider.width * 0.1]
    right = [v for v, e in numbers_near(screen, slider) if e.box.center.x > slider.x2 - slider.width * 0.1]
    return (left[0], right[0]) if left and right and left[0] < right[0] else (0.0, 100.0)


def track_box(image: Image, seen: Box) -> Box:
    """The whole track of a horizontal slider of which `seen` may be a part: as far as its middle rows differ from
    what is above and below it."""
    x1, y1, x2, y2 = (max(0, int(v)) for v in seen)
    middle, half = (y1 + y2) // 2, max(2, (y2 - y1) // 5)
    band = image[max(0, middle - half) : middle + half + 1].astype(np.int16)
    above, below = image[max(0, y1 - 2)].astype(np.int16), image[min(image.shape[0] - 1, y2 + 1)].astype(np.int16)
    ground = np.median(np.stack([above, below])[:, x1:x2].reshape(-1, 3), axis=0)
    drawn = (np.abs(band - ground).max(axis=2) > 6).any(axis=0)
    while x1 > 0 and drawn[x1 - 1]:
        x1 -= 1
    while x2 < drawn.size and drawn[x2]:
        x2 += 1
    return Box(float(x1), seen.y1, float(x2), seen.y2)


def thumb_x(image: Image, slider: Box) -> float | None:
    """The x (frame pixels) of a horizontal slider's thumb, whose columns differ from the track's; None if unclear."""
    x1, y1, x2, y2 = (max(0, int(v)) for v in slider)
    crop = image[y1:y2, x1:x2].astype(np.int16)
    if crop.shape[0] < 3 or crop.shape[1] < 12:
        return None
    ground = np.median(np.concatenate([crop[0], crop[-1]]), axis=0)
    heights = (np.abs(crop - ground).max(axis=2) > 20).sum(axis=0)
    if heights.max() > 1.3 * max(1.0, float(np.median(heights))):
        stands_out = heights > (heights.max() + np.median(heights)) / 2
    else:
        usual = np.median(crop, axis=1)
        stands_out = np.abs(crop.mean(axis=0) - crop.mean(axis=0)[_modal(usual)]).max(axis=1) > 12
    start, end = _longest_run(stands_out)
    return x1 + (start + end) / 2 if 0 < end - start < crop.shape[1] * 0.5 else None


def _modal(columns: npt.NDArray[np.float64]) -> int:
    """The index of a column of the colour that most have."""
    coarse = (columns // 8).astype(np.int64)
    return int(max(range(len(coarse)), key=lambda i: int((coarse == coarse[i]).all(axis=1).sum())))


def _longest_run(mask: npt.NDArray[np.bool_]) -> tuple[int, int]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    runs = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return max(runs, key=lambda run: run[1] - run[0], default=(0, 0))
