"""`write_halt`: the expected and the found screen of a replay that stopped, as pictures and a page."""

from __future__ import annotations

from html import escape
from pathlib import Path

from actions.frame import Box, Point
from agent.episodes.replay.replayer import Halt
from agent.views.drawing import Disc, Mark, Polyline, draw, unit
from envs.env import Image
from envs.png import data_url, encode_png

EXPECTED, FOUND, PAGE = "expected.png", "found.png", "stopped.html"


def write_halt(folder: Path, halt: Halt, action: str) -> tuple[Path, Path, Path]:
    """Write ``expected.png``, ``found.png`` and ``stopped.html`` in `folder`; their paths.

    A ring on the expected screen marks the recorded place of `action`; boxes on the found one mark the closest
    candidates. Raises OSError.
    """
    expected = draw(halt.expected, _ring(halt.point, halt.expected) if halt.point else ())
    found = draw(halt.found, tuple(_frame(box) for box in halt.near))
    paths = folder / EXPECTED, folder / FOUND, folder / PAGE
    pictures = encode_png(expected), encode_png(found)
    for path, data in zip(paths, pictures, strict=False):
        path.write_bytes(data)
    paths[2].write_text(_page(halt, action, pictures), encoding="utf-8")
    return paths


def _ring(point: Point, image: Image) -> tuple[Mark, ...]:
    u = unit(image.shape[1], image.shape[0])
    return Disc(point, 22 * u), Disc(point, 3 * u, filled=True)


def _frame(box: Box) -> Mark:
    b = box.grown(3)
    return Polyline((Point(b.x1, b.y1), Point(b.x2, b.y1), Point(b.x2, b.y2), Point(b.x1, b.y2), Point(b.x1, b.y1)))


def _page(halt: Halt, action: str, pictures: tuple[bytes, bytes]) -> str:
    """A page without scripts and network access; texts of screens and episodes are escaped."""
    figures = "".join(
        f'<figure><img src="{data_url(data)}" alt="{title}"><figcaption>{title}</figcaption></figure>'
        for data, title in zip(pictures, ("Expected, as recorded", "Found"), strict=True)
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
