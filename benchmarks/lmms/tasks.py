"""Which task of lmms-eval is which row of the model card of Qwen2.5-VL-3B, and how many samples the whole of it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class CardRow:
    """A row of the card; `samples` is the size of the split that the task runs over."""

    benchmark: str
    samples: int


CARD: Mapping[str, CardRow] = {
    "mmmu_val": CardRow("MMMU", 900),
    "docvqa_val": CardRow("DocVQA", 5349),
    "infovqa_val": CardRow("InfoVQA", 2801),
    "mathvista_testmini_format": CardRow("MathVista", 1000),
    "mathvision_test": CardRow("MathVision", 3040),
    "mlvu_dev": CardRow("MLVU", 2174),
    "videomme": CardRow("VideoMME", 2700),
    "videomme_w_subtitle": CardRow("VideoMME with subtitles", 2700),
    "mvbench": CardRow("MVBench", 4000),
    "egoschema_subset": CardRow("EgoSchema", 500),
    "perceptiontest_val_mc": CardRow("PerceptionTest", 19140),
}
"""By task. Any other task of lmms-eval runs too, without a figure of the card beside it."""
