"""The PP-OCR models that the rapidocr wheel carries, run on the CPU by onnxruntime."""

from __future__ import annotations

import importlib.util
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from agent.cores import cores
from agent.perception.onnx import load_network


class MissingModelError(RuntimeError):
    """The OCR models are not where the rapidocr wheel puts them."""


def _model_path(kind: str) -> Path:
    spec = importlib.util.find_spec("rapidocr")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    found = sorted(path for folder in folders for path in Path(folder, "models").glob(f"PP-OCR*_{kind}_*.onnx"))
    if not found:
        raise MissingModelError(f"no PP-OCR {kind} model in the rapidocr package: pip install 'rapidocr>=3.8,<4'")
    return found[-1]


_loading = {"det": Lock(), "rec": Lock()}


def _session(kind: str) -> ort.InferenceSession:
    with _loading[kind]:  # threads that begin together load one
        return _load(kind)


@lru_cache(maxsize=2)
def _load(kind: str) -> ort.InferenceSession:
    return load_network(_model_path(kind), threads=cores() if kind == "det" else 1)  # one region may be all there is


def load_ahead() -> None:
    """Begin to load both models in threads of their own: who needs one waits for it."""
    for kind in ("rec", "det"):
        Thread(target=_try_to_load, args=(kind,), name=f"load-{kind}", daemon=True).start()


def _try_to_load(kind: str) -> None:
    with suppress(Exception):  # who needs it is told
        _session(kind)


@lru_cache(maxsize=1)
def alphabet() -> list[str]:
    """The characters of the recogniser's classes; class 0 is the CTC blank."""
    listed = _session("rec").get_modelmeta().custom_metadata_map["character"].splitlines()
    return ["", *listed, " "]


def run(kind: str, batch: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The first output of the "det" or "rec" model for a batch of N x 3 x height x width."""
    session = _session(kind)
    output: Any = session.run(None, {session.get_inputs()[0].name: batch})[0]
    return np.asarray(output, dtype=np.float32)
