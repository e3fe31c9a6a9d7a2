"""Tiny folders in each grounding suite's official layout, with targets that are known by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from actions.frame import Box, Point
from benchmarks.figures.scoring import Nothing, Polygon, Region, Target

WIDTH, HEIGHT = 200, 100
Row = dict[str, Any]
CORNERS = (Point(10, 10), Point(50, 10), Point(50, 20), Point(20, 20), Point(20, 60), Point(10, 60))
FLAT = [n for corner in CORNERS for n in corner]


def write_image(path: Path, width: int = WIDTH, height: int = HEIGHT) -> None:
    """A picture with noise, so that no two are the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(len(str(path))).integers(0, 255, (height, width, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)


def write_rows(path: Path, rows: list[Row]) -> None:
    """A JSON list, or JSON lines by the file's ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_text(lines if path.suffix == ".jsonl" else json.dumps(rows), encoding="utf-8")


def screenspot(folder: Path, tail: str = "", images: str = "screenspot_imgs") -> list[Target]:
    """Boxes are [x, y, width, height]; the files say no size and no id."""
    for mode, prefix, source in (("mobile", "mobile", "ios"), ("desktop", "pc", "windows"), ("web", "web", "gitlab")):
        rows = [
            {"img_filename": f"{prefix}_1.png", "bbox": [20, 10, 40, 30], "instruction": "one", "data_type": "text"},
            {"img_filename": f"{prefix}_1.png", "bbox": [100, 50, 100, 50], "instruction": "two", "data_type": "icon"},
        ]
        write_rows(folder / f"screenspot_{mode}{tail}.json", [row | {"data_source": source} for row in rows])
        write_image(folder / images / f"{prefix}_1.png")
    return [Region(Box(20, 10, 60, 40)), Region(Box(100, 50, 200, 100))] * 3


def screenspot_v2(folder: Path) -> list[Target]:
    """As version 1, under other names."""
    return screenspot(folder, "_v2", "screenspotv2_image")


def screenspot_pro(folder: Path) -> list[Target]:
    """Boxes are two corners; one file an application, wording in two languages."""
    for app, group, kind in (("word_macos", "Office", "text"), ("blender_windows", "Creative", "icon")):
        row = {
            "id": f"{app}_0",
            "img_filename": f"{app}/shot.png",
            "bbox": [20, 10, 60, 40],
            "img_size": [WIDTH, HEIGHT],
            "instruction": "make it bold",
            "instruction_cn": "加粗",
            "application": app.partition("_")[0],
            "platform": app.partition("_")[2],
            "group": group,
            "ui_type": kind,
        }
        write_rows(folder / "annotations" / f"{app}.json", [row])
        write_image(folder / "images" / app / "shot.png")
    return [Region(Box(20, 10, 60, 40))] * 2


def osworld_g(folder: Path) -> list[Target]:
    """Boxes are [x, y, width, height], polygons flat lists, refusals [-1, -1, -1, -1]."""
    shapes: list[tuple[str, list[float], list[str]]] = [
        ("bbox", [20, 10, 40, 30], ["Icon", "Label"]),
        ("polygon", FLAT, ["Slider"]),
        ("refusal", [-1, -1, -1, -1], ["Button"]),
    ]
    rows = [
        {
            "id": f"A-{number}",
            "image_path": "a.png",
            "image_size": [WIDTH, HEIGHT],
            "instruction": "click it",
            "box_type": kind,
            "box_coordinates": numbers,
            "GUI_types": elements,
        }
        for number, (kind, numbers, elements) in enumerate(shapes)
    ]
    write_rows(folder / "benchmark" / "OSWorld-G.json", rows)
    refined = [row | {"instruction": "click the icon"} for row in rows]
    write_rows(folder / "benchmark" / "OSWorld-G_refined.json", refined)
    write_image(folder / "benchmark" / "images" / "a.png")
    return [Region(Box(20, 10, 60, 40)), Polygon(CORNERS), Nothing()]


def mmbench_gui(folder: Path) -> list[Target]:
    """Boxes are parts of a side; images lie under their platform."""
    rows = []
    for number, (platform, level) in enumerate((("os_web", "basic"), ("os_mac", "advanced"), ("os_mac", "basic"))):
        rows.append(
            {
                "index": number,
                "image_path": f"{number}.png",
                "image_size": [WIDTH, HEIGHT],
                "instruction": "open it",
                "bbox": [0.1, 0.1, 0.3, 0.4],
                "data_type": "icon",
                "platform": platform,
                "app_name": "notes",
                "grounding_type": level,
            }
        )
        write_image(folder / "offline_images" / platform / f"{number}.png")
    write_rows(folder / "L2_annotations.json", rows)
    return [Region(Box(20, 10, 60, 40))] * 3


def ui_vision(folder: Path) -> list[Target]:
    """Boxes are two corners; one file a split."""
    for split in ("basic", "functional", "spatial"):
        row = {
            "image_path": "element_grounding/a.png",
            "image_size": [WIDTH, HEIGHT],
            "prompt_to_evaluate": "zoom out",
            "bbox": [20.0, 10.0, 60.0, 40.0],
            "platform": "GIMP",
            "category": "Button",
            "element_type": "icon",
        }
        write_rows(folder / "annotations" / "element_grounding" / f"element_grounding_{split}.json", [row])
    write_image(folder / "images" / "element_grounding" / "a.png")
    return [Region(Box(20, 10, 60, 40))] * 3


def own(folder: Path) -> list[Target]:
    """Our own lines."""
    row = {"image": "images/a.png", "bbox": [20, 10, 60, 40], "data_type": "text", "platform": "web", "extra": 1}
    write_rows(folder / "samples.jsonl", [row | {"instruction": "one"}, row | {"instruction": "two"}])
    write_image(folder / "images" / "a.png")
    return [Region(Box(20, 10, 60, 40))] * 2


BUILDERS: dict[str, Callable[[Path], list[Target]]] = {
    "screenspot": screenspot,
    "screenspot-v2": screenspot_v2,
    "screenspot-pro": screenspot_pro,
    "osworld-g": osworld_g,
    "mmbench-gui": mmbench_gui,
    "ui-vision": ui_vision,
    "jsonl": own,
}
ANNOTATIONS = {
    "screenspot": "screenspot_mobile.json",
    "screenspot-v2": "screenspot_web_v2.json",
    "screenspot-pro": "annotations/word_macos.json",
    "osworld-g": "benchmark/OSWorld-G.json",
    "mmbench-gui": "L2_annotations.json",
    "ui-vision": "annotations/element_grounding/element_grounding_basic.json",
    "jsonl": "samples.jsonl",
}


def change(file: Path, number: int, **fields: Any) -> None:
    """Put other fields into one record; None takes a field away."""
    text = file.read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()] if file.suffix == ".jsonl" else json.loads(text)
    rows[number] = {key: value for key, value in (rows[number] | fields).items() if value is not None}
    write_rows(file, rows)
