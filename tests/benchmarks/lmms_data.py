"""A small stand-in of three data sets that lmms-eval reads, in their official layout: two of images, one of videos.

Used with `tests.benchmarks.hub_stand_in`; the tasks themselves are lmms-eval's own, unchanged.
"""

from __future__ import annotations

import io
import json
import zipfile

import av
import numpy as np
import pyarrow as pa
from PIL import Image, ImageDraw
from pyarrow import parquet

TASKS = ("docvqa_val", "mmmu_val", "mvbench_action_antonym")


def picture(text: str) -> bytes:
    """A PNG with `text` on it."""
    image = Image.new("RGB", (320, 160), "white")
    ImageDraw.Draw(image).text((20, 60), text, "black")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def table(rows: list[dict[str, object]], images: tuple[str, ...]) -> bytes:
    """Parquet as `datasets` writes it: columns of images are structs of bytes and path, and named in the metadata."""
    made = pa.Table.from_pylist(rows)
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    features: dict[str, object] = {}
    for name in made.column_names:
        if name in images:
            made = made.set_column(made.column_names.index(name), name, made[name].cast(kind))
            features[name] = {"_type": "Image"}
        elif pa.types.is_list(made[name].type):
            features[name] = {"feature": {"dtype": "string", "_type": "Value"}, "_type": "List"}
        else:
            features[name] = {"dtype": "string", "_type": "Value"}
    meta = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    out = io.BytesIO()
    parquet.write_table(made.replace_schema_metadata(meta), out)
    return out.getvalue()


def docvqa() -> dict[str, bytes]:
    """``lmms-lab-encoder/DocVQA``: four questions."""
    rows: list[dict[str, object]] = [
        {
            "questionId": str(n),
            "question": f"What is the number on page {n}?",
            "image": {"bytes": picture(f"No. {n}"), "path": f"{n}.png"},
            "docId": str(n),
            "answers": [str(n)],
        }
        for n in range(4)
    ]
    card = (
        "---\nconfigs:\n- config_name: DocVQA\n  data_files:\n  - split: validation\n"
        "    path: DocVQA/validation-*\n---\n"
    )
    return {"README.md": card.encode(), "DocVQA/validation-00000-of-00001.parquet": table(rows, ("image",))}


def mmmu() -> dict[str, bytes]:
    """``lmms-lab-encoder/MMMU``: four questions of two subjects, of which the second choice is right."""
    rows: list[dict[str, object]] = []
    for n in range(4):
        subject = "Art" if n < 2 else "Math"
        row: dict[str, object] = {
            "id": f"validation_{subject}_{n}",
            "question": f"<image 1> Which number is it, {n}?",
            "options": f"['one', 'number {n}', 'none']",
            "explanation": "",
            "topic_difficulty": "Easy",
            "question_type": "multiple-choice",
            "subfield": subject,
            "img_type": "['Tables']",
            "answer": "B",
        }
        for place in range(1, 8):
            row[f"image_{place}"] = {"bytes": picture(f"number {n}"), "path": "x.png"} if place == 1 else None
        rows.append(row)
    card = (
        "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: validation\n"
        "    path: data/validation-*\n---\n"
    )
    names = tuple(f"image_{place}" for place in range(1, 8))
    return {"README.md": card.encode(), "data/validation-00000-of-00001.parquet": table(rows, names)}


def mvbench() -> dict[str, bytes]:
    """``OpenGVLab/MVBench``: two questions about a video of a moving square, its archive as the authors pack it."""
    rows = [
        {"video": "1.mp4", "question": "Where does it go?", "candidates": ["left", "right"], "answer": "right"},
        {"video": "1.mp4", "question": "Is it gone?", "candidates": ["yes", "no"], "answer": "no"},
    ]
    card = (
        "---\nconfigs:\n- config_name: action_antonym\n  data_files:\n  - split: train\n"
        "    path: json/action_antonym.json\n---\n"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("ssv2_video_mp4/1.mp4", film())
    return {
        "README.md": card.encode(),
        "json/action_antonym.json": json.dumps(rows).encode(),
        "video/ssv2_video_mp4.zip": packed.getvalue(),
    }


def film() -> bytes:
    """A second of MP4."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=8)
        stream.width, stream.height = 160, 112
        for n in range(8):
            image = np.zeros((112, 160, 3), np.uint8)
            image[40:60, 10 * n : 10 * n + 20] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return out.getvalue()


def repositories() -> dict[str, dict[str, bytes]]:
    """All three, by the names that lmms-eval asks for."""
    return {"lmms-lab-encoder/DocVQA": docvqa(), "lmms-lab-encoder/MMMU": mmmu(), "OpenGVLab/MVBench": mvbench()}
