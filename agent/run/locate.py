"""``handeye locate``: one image file, one target."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PilImage
from PIL import UnidentifiedImageError

from actions.frame import Frame, Grid, Point
from agent.core.errors import UserError
from agent.core.model import Grounding
from agent.models.spec import ModelSpec
from agent.perception.ocr_models import load_ahead
from envs.env import Image, Observation

MAX_PIXELS = 100_000_000
"""Larger images are refused before they are decoded."""


def locate_on_image(path: Path, instruction: str, model: ModelSpec, draw: Path | None = None) -> dict[str, Any]:
    """Find `instruction` on the image at `path`; `grounding_json` in pixels of the image."""
    if not instruction.strip():
        raise UserError('the instruction is empty: say what to find, e.g. "the Save button"')
    builtin = model == ModelSpec()
    if builtin:
        load_ahead()
    image = read_image(path)
    frame = Frame(id="image", width=image.shape[1], height=image.shape[0])
    found = _builtin(image, instruction) if builtin else _found(Observation(image, frame), instruction, model)
    if draw is not None:
        from agent.views.drawing import draw_grounding

        _save(draw_grounding(image, found), draw)
    return grounding_json(found, frame, Grid(frame.width, frame.height))


def grounding_json(found: Grounding, frame: Frame, picture: Grid) -> dict[str, Any]:
    """The object that ``handeye locate --json`` prints and the MCP tool ``locate`` returns.

    `point` is [x, y] and `bbox` is [x1, y1, x2, y2] in pixels of the picture of `frame` that was given or sent, whose
    size is `image_size`, to two decimals; both None when `refused`.
    """

    def sent(*corners: tuple[float, float]) -> list[float]:
        return [round(float(n), 2) for x, y in corners for n in frame.to_grid(picture, Point(x, y))]

    box = found.box
    return {
        "point": sent(found.point) if found.point else None,
        "bbox": sent((box.x1, box.y1), (box.x2, box.y2)) if box else None,
        "score": None if found.score is None else round(found.score, 4),
        "refused": found.refused,
        "reason": found.reason,
        "image_size": [int(picture.width), int(picture.height)],
    }


def _builtin(image: Image, instruction: str) -> Grounding:
    """What the built-in model finds, without the parts of it that act: these take longer to import than to look."""
    from agent.perception.meaning.locate import locate
    from agent.perception.perceive import Perceiver

    return locate(Perceiver().perceive(image), instruction)


def _found(seen: Observation, instruction: str, model: ModelSpec) -> Grounding:
    from agent.models.opening import open_model

    return open_model(model, ability="locate").locate(seen, instruction)


def read_image(path: Path) -> Image:
    """An image file as RGB uint8 HxWx3. Raises `UserError`."""
    return image_of(lambda: PilImage.open(path), str(path))


def image_of(source: Callable[[], PilImage.Image], name: str) -> Image:
    """What `source` opens as RGB uint8 HxWx3; `name` is for errors. Raises `UserError`."""
    try:
        with source() as image:
            if image.width * image.height > MAX_PIXELS:
                raise UserError(f"{name} is {image.width}x{image.height}: more than {MAX_PIXELS:,} pixels")
            return np.asarray(image.convert("RGB"))
    except FileNotFoundError as error:
        raise UserError(f"no such image: {name}") from error
    except (UnidentifiedImageError, PilImage.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise UserError(f"cannot read {name} as an image: {error}") from error


def _save(image: Image, path: Path) -> None:
    try:
        PilImage.fromarray(image).save(path)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot write {path}: {error}") from error
