"""A calibration as one picture: every disc, and where the answers point as they were and as they are read now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as PilImage

from agent.calibration.calibrate import Calibration
from agent.calibration.questions import CalibrationAnswer
from agent.core.errors import UserError
from envs.env import Image

_WIDTH, _GAP, _COLUMNS = 480, 12, 3
_INK, _WAS, _NOW = (40, 40, 40), (214, 120, 0), (0, 120, 60)


def draw_sheet(found: Calibration) -> Image:
    """One panel for each size of picture, RGB uint8: discs in red, clicks of the unchanged dialect as orange crosses,
    those through the profile (where it was tried) as green ones.
    """
    sizes = list(dict.fromkeys(one.target.size for one in found.asked))
    panels = [_panel(size, found) for size in sizes]
    rows = [panels[n : n + _COLUMNS] for n in range(0, len(panels), _COLUMNS)]
    return np.concatenate([_row(row) for row in rows])


def save_sheet(found: Calibration, path: Path) -> None:
    """Write `draw_sheet` to `path`. Raises `UserError`."""
    try:
        PilImage.fromarray(draw_sheet(found)).save(path)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot write {path}: {error}") from error


def _row(panels: Sequence[Image]) -> Image:
    height = max(panel.shape[0] for panel in panels)
    blank = np.full((height, (_WIDTH + _GAP) * _COLUMNS, 3), 255, np.uint8)
    for n, panel in enumerate(panels):
        left = n * (_WIDTH + _GAP)
        blank[: panel.shape[0], left : left + panel.shape[1]] = panel
    return blank


def _panel(size: tuple[int, int], found: Calibration) -> Image:
    scale = _WIDTH / max(size)
    width, height = (round(side * scale) for side in size)
    panel = np.full((height + 28, _WIDTH, 3), 255, np.uint8)
    panel[28 : 28 + height, :width] = 224
    words = f"{size[0]}x{size[1]}"
    cv2.putText(panel, words, (2, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, _INK, 1, cv2.LINE_AA)
    for one, colour in [(one, _WAS) for one in found.asked] + [(one, _NOW) for one in found.tried]:
        if one.target.size == size:
            _mark(panel, one, colour, scale)
    return panel


def _mark(panel: Image, one: CalibrationAnswer, colour: tuple[int, int, int], scale: float) -> None:
    def place(x: float, y: float) -> tuple[int, int]:
        return round(x * scale), round(y * scale) + 28

    cv2.circle(panel, place(*one.target.at), max(3, round(one.target.radius * scale)), (255, 0, 0), -1, cv2.LINE_AA)
    if one.click is not None:
        cv2.line(panel, place(*one.target.at), place(*one.click), colour, 1, cv2.LINE_AA)
        cv2.drawMarker(panel, place(*one.click), colour, cv2.MARKER_CROSS, 9, 2)
