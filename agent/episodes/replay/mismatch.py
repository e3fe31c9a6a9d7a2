"""The picture of expected and found, where a replay stopped."""

from __future__ import annotations

import base64
import io
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from actions.frame import Box, Point
from agent.episodes.replay.replayer import Halt
from agent.views.drawing import Disc, Mark, draw, unit
from agent.views.drawing import Polyline as Outline
from envs.env import Image

EXPECTED, FOUND, PAGE = "expected.png", "found.png", "stopped.html"


def write_halt(folder: Path, halt: Halt, action: str) -> tuple[Path, Path, Path]:
    """Write ``expected.png``, ``found.png`` and ``stopped.html`` in `folder`; their paths.

    On the expected screen a ring shows where `action` was done then; on the one found, frames show what came closest.
    Raises OSError.
    """
    expected = draw(halt.expected, _ring(halt.point, halt.expected) if halt.point else ())
    found = draw(halt.found, tuple(_frame(box) for box in halt.near))
    paths = folder / EXPECTED, folder / FOUND, folder / PAGE
    pictures = _png(expected), _png(found)
    for path, data in zip(paths, pictures, strict=False):
        path.write_bytes(data)
    paths[2].write_text(_page(halt, action, pictures), encoding="utf-8")
    return paths


def _ring(point: Point, image: Image) -> tuple[Mark, ...]:
    u = unit(image.shape[1], image.shape[0])
    return Disc(point, 22 * u), Disc(point, 3 * u, filled=True)


def _frame(box: Box) -> Mark:
    b = box.grown(3)
    return Outline((Point(b.x1, b.y1), Point(b.x2, b.y1), Point(b.x2, b.y2), Point(b.x1, b.y2), Point(b.x1, b.y1)))


def _png(image: Image) -> bytes:
    data = io.BytesIO()
    Pillow.fromarray(np.ascontiguousarray(image)).save(data, "PNG")
    return data.getvalue()


def _page(halt: Halt, action: str, pictures: tuple[bytes, bytes]) -> str:
    """One page without scripts and without network; whatever a screen or a record said is text."""
    sources = [f"data:image/png;base64,{base64.b64encode(data).decode()}" for data in pictures]
    figures = "".join(
        f'<figure><img src="{source}" alt="{title}"><figcaption>{title}</figcaption></figure>'
        for source, title in zip(sources, ("Expected, as on record", "Found"), strict=True)
    )
    return _HTML.format(step=halt.step, action=escape(action), why=escape(halt.why), figures=figures)


_HTML = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>Replay stopped at step {step}</title>
<style>:root{{color-scheme:light dark}}body{{font:16px/1.5 system-ui,sans-serif;margin:2rem}}
main{{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:1rem}}
figure{{margin:0}}img{{max-width:100%;border:1px solid}}</style></head>
<body><h1>Replay stopped at step {step}</h1><p>{action}</p><p><strong>{why}</strong></p>
<main>{figures}</main></body></html>
"""
