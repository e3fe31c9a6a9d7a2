"""Pictures that are like screenshots, for measuring: windows, text, icons and a photograph; the same every time."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from envs.env import Image as Image_

SIZES = ((1920, 1080), (2560, 1440))
_WORDS = tuple("File Edit View Insert Format Tools Table Window Help Save Open Print Account Search".split())  # noqa: SIM905


def screenshot(number: int, size: tuple[int, int]) -> Image.Image:
    """Picture `number` in `size` (width, height)."""
    rng, (width, height) = np.random.default_rng(number), size
    image = Image.fromarray(_soft(rng, width, height))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(16)
    for _ in range(4):
        left, top = int(rng.integers(0, width // 2)), int(rng.integers(0, height // 2))
        right, bottom = left + width // 2, top + height // 2
        draw.rectangle((left, top, right, bottom), fill=(246, 246, 248), outline=(120, 120, 130))
        draw.rectangle((left, top, right, top + 32), fill=_colour(rng))
        for row in range(top + 44, bottom - 24, 26):
            words = " ".join(_WORDS[int(n)] for n in rng.integers(0, len(_WORDS), 9))
            draw.text((left + 16, row), words, fill=(30, 30, 36), font=font)
        for at in range(left + 12, right - 40, 48):
            draw.ellipse((at, top + 6, at + 20, top + 26), fill=_colour(rng))
    photograph = _soft(rng, width // 4, height // 4, grain=4)
    image.paste(Image.fromarray(photograph), (int(rng.integers(0, width // 2)), int(rng.integers(0, height // 2))))
    return image


def _colour(rng: np.random.Generator) -> tuple[int, ...]:
    return tuple(int(v) for v in rng.integers(20, 230, 3))


def _soft(rng: np.random.Generator, width: int, height: int, grain: int = 0) -> Image_:
    """Soft colours, as of a wallpaper; with a camera's `grain`, as of a photograph."""
    coarse = rng.integers(0, 256, (5, 8, 3), dtype=np.uint8)
    soft = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    noise = rng.integers(-grain, grain + 1, (height, width, 1), dtype=np.int16)
    return np.asarray(np.clip(soft + noise, 0, 255), np.uint8)


def write_suite(folder: Path, images: int, drawn: int) -> Path:
    """A `jsonl` suite in `folder`: a sample on each of `images` pictures of both sizes in turn.

    Only the first `drawn` are drawn: the others are the same files under other names.
    """
    (folder / "images").mkdir(parents=True, exist_ok=True)
    with (folder / "samples.jsonl").open("w", encoding="utf-8") as lines:
        for number in range(images):
            name = f"images/{number:03}.png"
            if number < drawn:
                screenshot(number, SIZES[number % len(SIZES)]).save(folder / name)
            else:
                (folder / name).hardlink_to(folder / f"images/{number % drawn:03}.png")
            sample = {"image": name, "instruction": f'click "{_WORDS[0]}"', "bbox": [600, 380, 680, 420]}
            lines.write(json.dumps(sample | {"data_type": "text", "platform": "desktop"}) + "\n")
    return folder
