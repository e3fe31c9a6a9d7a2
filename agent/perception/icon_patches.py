"""Wordless regions as input of the icon network.

A region becomes an `INPUT` x `INPUT` array of how far each pixel is from its background, so that light on dark, dark on
light and coloured icons look alike.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from actions.frame import Box
from envs.env import Image

INPUT = 48
"""Side of the network's input in pixels."""
FAINT = 14
"""A region whose strongest ink is nearer than this to its background (0 to 255, largest channel) is empty."""
LARGE = 128
"""Patches with a longer side than this many pixels are reduced to it first."""
Floats = NDArray[np.float32]


def contrast_of(patch: Image) -> Floats | None:
    """How far each pixel of an RGB patch is from the patch's border colour, 0 to 1; None where nothing stands out."""
    border = np.concatenate([patch[0], patch[-1], patch[:, 0], patch[:, -1]])
    background = np.median(border, axis=0).astype(np.int16)
    apart = np.abs(patch.astype(np.int16) - background)
    distance = np.maximum(np.maximum(apart[:, :, 0], apart[:, :, 1]), apart[:, :, 2])
    below = np.cumsum(np.bincount(distance.ravel(), minlength=256))
    strongest = int(np.searchsorted(below, 0.995 * distance.size))
    return None if strongest < FAINT else np.minimum(distance.astype(np.float32) / strongest, 1)


def glyph_box(ink: Floats) -> tuple[int, int, int, int]:
    """The bounds (x1, y1, x2, y2) of what is drawn.

    What touches the edge belongs to the surroundings and is left out if enough else is there.
    """
    height, width = ink.shape
    count, _, stats, _ = cv2.connectedComponentsWithStats((ink > 0.3).astype(np.uint8), connectivity=8)
    x1, y1, wide, high = stats[1:count, :4].T
    x2, y2 = x1 + wide, y1 + high
    own = (x1 > 0) & (y1 > 0) & (x2 < width) & (y2 < height)
    if own.any():
        covered_x, covered_y = x2[own].max() - x1[own].min(), y2[own].max() - y1[own].min()
        if max(covered_x / width, covered_y / height) > 0.2 and max(covered_x, covered_y) > 5:
            x1, y1, x2, y2 = x1[own], y1[own], x2[own], y2[own]
    return int(x1.min()), int(y1.min()), int(x2.max()), int(y2.max())


def squared(ink: Floats, box: tuple[int, int, int, int]) -> Floats:
    """The part of `ink` in `box`, its strongest made 1, centred in an `INPUT` x `INPUT` picture with a margin."""
    x1, y1, x2, y2 = box
    part = ink[y1:y2, x1:x2].ravel()
    strongest = float(np.partition(part, -1 - part.size // 100)[-1 - part.size // 100])
    scale = INPUT / (max(x2 - x1, y2 - y1, 4) * 1.16)
    shift = [[scale, 0, INPUT / 2 - scale * (x1 + x2) / 2], [0, scale, INPUT / 2 - scale * (y1 + y2) / 2]]
    if scale < 0.7:
        across = max(1, round(1 / scale))
        ink = cv2.blur(ink, (across, across)).astype(np.float32)
    moved = cv2.warpAffine(ink, np.array(shift, np.float32), (INPUT, INPUT), flags=cv2.INTER_LINEAR)
    scaled: Floats = np.minimum(moved / max(strongest, 0.05), 1).astype(np.float32)
    return scaled


def inner_patch(patch: Image, ink: Floats, box: tuple[int, int, int, int]) -> Image | None:
    """The middle of a filled button whose drawing is as far from the surroundings as its fill; else None."""
    x1, y1, x2, y2 = box
    wide, high = x2 - x1, y2 - y1
    if min(wide, high) < 20 or max(wide, high) > 1.3 * min(wide, high):
        return None
    dx, dy = round(0.17 * wide), round(0.17 * high)
    middle = slice(y1 + dy, y2 - dy), slice(x1 + dx, x2 - dx)
    if float(np.percentile(ink[middle], 2)) < 0.55:
        return None
    inner: Image = patch[middle]
    return inner


def normalise(patch: Image) -> Floats | None:
    """An RGB patch (HxWx3) as the network's input, `INPUT` x `INPUT` in 0 to 1; None where it is empty."""
    if min(patch.shape[:2]) < 4:
        return None
    if (shrink := LARGE / max(patch.shape[:2])) < 1:
        size = (max(4, round(patch.shape[1] * shrink)), max(4, round(patch.shape[0] * shrink)))
        patch = np.asarray(cv2.resize(patch, size, interpolation=cv2.INTER_AREA), np.uint8)
    ink = contrast_of(patch)
    if ink is None:
        return None
    box = glyph_box(ink)
    inner = inner_patch(patch, ink, box)
    inner_ink = None if inner is None else contrast_of(inner)
    if inner_ink is not None:
        return squared(inner_ink, glyph_box(inner_ink))
    return squared(ink, box)


def cropped(image: Image, box: Box, margin: float = 3) -> Image:
    """The part of `image` in `box` and `margin` pixels around it, as far as it lies on the image."""
    height, width = image.shape[:2]
    x1, y1 = max(0, int(box[0] - margin)), max(0, int(box[1] - margin))
    x2, y2 = min(width, int(np.ceil(box[2] + margin))), min(height, int(np.ceil(box[3] + margin)))
    return image[y1 : max(y1, y2), x1 : max(x1, x2)]
