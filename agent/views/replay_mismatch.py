"""`write_halt`: the expected and the found screen of a replay that stopped, as pictures and a page."""

from __future__ import annotations

from pathlib import Path

from actions.frame import Box, Point
from agent.episodes.replay.replayer import Halt
from agent.views.drawing import Disc, Mark, draw, outline, unit
from agent.views.kit.pages import SinglePage
from envs.env import Image
from envs.png import data_url, encode_png

EXPECTED, FOUND, PAGE = "expected.png", "found.png", "stopped.html"
_PAGE = SinglePage("agent/views/replay_mismatch.html")


def write_halt(folder: Path, halt: Halt, action: str, target: Box | None = None) -> tuple[Path, Path, Path]:
    """Write ``expected.png``, ``found.png`` and ``stopped.html`` in `folder`; their paths.

    On the expected screen a ring is around the box of the `target`, else around the recorded place of `action`; on the
    found one boxes mark the closest candidates. Raises OSError.
    """
    expected = draw(halt.expected, _ring(halt.point, target, halt.expected) if halt.point else ())
    size = halt.found.shape[1], halt.found.shape[0]
    found = draw(halt.found, tuple(outline(box.grown(3), size) for box in halt.near))
    paths = folder / EXPECTED, folder / FOUND, folder / PAGE
    pictures = encode_png(expected), encode_png(found)
    for path, data in zip(paths, pictures, strict=False):
        path.write_bytes(data)
    page = _PAGE.html(
        f"Replay stopped at step {halt.step}",
        brand="Handeye replay",
        why=halt.why,
        action=action[:1].upper() + action[1:],
        pictures=[*zip(("Expected, as recorded", "Found"), map(data_url, pictures), strict=True)],
    )
    paths[2].write_text(page, encoding="utf-8")
    return paths


def _ring(point: Point, target: Box | None, image: Image) -> tuple[Mark, ...]:
    size = image.shape[1], image.shape[0]
    return (Disc(point, 22 * unit(*size)) if target is None else outline(target.grown(5 * unit(*size)), size),)
