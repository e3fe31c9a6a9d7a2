"""A simulated grounding model behind real HTTP: it decodes the picture, resizes it, finds the red disc, and answers.

What it does to the picture and how it says places are its own; nothing of the code under test is in it.

    with SimulatedGrounder(Quirks(resize="tokens", space="own", noise=2)) as server: …
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from tests.agent.scripted_server import Fault, ScriptedServer, Seen

Hidden = Literal["none", "tokens", "megapixel", "round28", "longest1568", "llama"]
Counts = Literal["own", "sent", "1000", "999", "1"]


@dataclass(frozen=True)
class Quirks:
    """How one model and its server behave. `noise` is the standard deviation in pixels of the model's own picture,
    `wild` the part of answers that point anywhere, `mute` that say nothing of use. `limits` are those of ``llama``.
    """

    resize: Hidden = "none"
    space: Counts = "own"
    order: Literal["xy", "yx"] = "xy"
    box: bool = False
    noise: float = 2.0
    wild: float = 0.0
    mute: float = 0.0
    form: Literal["call", "pair", "list", "json"] = "call"
    name: str = "simulated-qwen2.5-vl"
    floor: bool = False
    always: str = ""
    refuses_above: int | None = None
    limits: tuple[int, int] = (8, 4096)


def llama_size(width: int, height: int, least: int, most: int) -> tuple[int, int]:
    """llama.cpp's own rule (``calc_size_preserved_ratio`` in ``tools/mtmd``) with its limits in patches of 28x28."""

    def patches(side: float, whole: Callable[[float], float]) -> int:
        return max(28, int(whole(side / 28)) * 28)

    def half_up(value: float) -> float:
        return math.floor(value + 0.5)

    w, h, area = patches(width, half_up), patches(height, half_up), width * height
    if w * h > most * 784:
        beta = math.sqrt(area / (most * 784))
        return patches(width / beta, math.floor), patches(height / beta, math.floor)
    if w * h < least * 784:
        beta = math.sqrt(least * 784 / area)
        return patches(width * beta, math.ceil), patches(height * beta, math.ceil)
    return w, h


def hidden_size(width: int, height: int, how: Hidden, limits: tuple[int, int] = (8, 4096)) -> tuple[int, int]:
    """(width, height) of what the model sees, written from the published rules."""
    if how == "none":
        return width, height
    if how == "llama":
        return llama_size(width, height, *limits)
    if how == "megapixel":
        scale = min(1.0, math.sqrt(1_000_000 / (width * height)))
        return max(1, round(width * scale)), max(1, round(height * scale))
    if how == "longest1568":
        scale = min(1.0, 1568 / max(width, height))
        return round(width * scale), round(height * scale)
    w, h = round(width / 28) * 28, round(height / 28) * 28
    if how == "tokens" and w * h > 1280 * 28 * 28:
        beta = math.sqrt(width * height / (1280 * 28 * 28))
        w, h = math.floor(width / beta / 28) * 28, math.floor(height / beta / 28) * 28
    return w, h


def middle_of_red(image: np.ndarray) -> tuple[float, float]:
    """The centre of the red pixels, in pixels; raises when there are none."""
    mask = cv2.inRange(image, (200, 0, 0), (255, 110, 110))
    ys, xs = np.nonzero(mask)
    if not len(xs):
        raise AssertionError("nothing red in the picture")
    return float(xs.mean()) + 0.5, float(ys.mean()) + 0.5


class SimulatedGrounder(ScriptedServer):
    """The server; `quirks` may be changed while it runs."""

    def __init__(self, quirks: Quirks, seed: int = 1) -> None:
        super().__init__([self._answer], names=(quirks.name,))
        self.quirks, self.seed = quirks, seed
        self.sent: list[tuple[int, int]] = []

    def count(self, text: str, image: np.ndarray | None) -> int:
        """The tokens of a prompt: some for the text, one for each patch of what the model sees, and two around it."""
        if image is None:
            return 11 + len(text) // 4
        q = self.quirks
        width, height = hidden_size(image.shape[1], image.shape[0], q.resize, q.limits)
        return 11 + len(text) // 4 + round(width * height / 784) + 2

    def take(self, seen: Seen) -> str | Fault:
        return self._answer(seen)

    def _answer(self, seen: Seen) -> str | Fault:
        q, image = self.quirks, seen.image
        if q.always:
            return q.always
        assert image is not None
        height, width = image.shape[:2]
        self.sent.append((width, height))
        if q.refuses_above is not None and width * height > q.refuses_above:
            return Fault(status=400, body="the prompt is longer than the maximum model length of 4096 tokens")
        own = hidden_size(width, height, q.resize, q.limits)
        shown = image if own == (width, height) else cv2.resize(image, own, interpolation=cv2.INTER_AREA)
        x, y = middle_of_red(shown)
        luck = random.Random(f"{self.seed} {width} {height} {x:.1f} {y:.1f}")  # the same however requests overlap
        if luck.random() < q.mute:
            return "I can see a red circle on a grey background."
        if luck.random() < q.wild:
            x, y = luck.uniform(0, own[0]), luck.uniform(0, own[1])
        x, y = x + luck.gauss(0, q.noise), y + luck.gauss(0, q.noise)
        half = 6 * own[0] / width
        spots = [(x - half, y - half), (x + half, y + half)] if q.box else [(x, y)]
        return self._say([number for spot in spots for number in self._numbers(spot, own, (width, height))])

    def _numbers(self, spot: tuple[float, float], own: tuple[int, int], sent: tuple[int, int]) -> list[float]:
        q = self.quirks
        inside = [min(max(v, 0), side) for v, side in zip(spot, own, strict=True)]
        whole: Callable[[float], float] = math.floor if q.floor else round
        sides = {"own": own, "sent": sent, "1000": (1000, 1000), "999": (999, 999), "1": (1, 1)}[q.space]
        said = [v / side * full for v, side, full in zip(inside, own, sides, strict=True)]
        said = [round(v, 4) if q.space == "1" else whole(v) for v in said]
        return said[::-1] if q.order == "yx" else said

    def _say(self, numbers: list[float]) -> str:
        listed = ", ".join(f"{n:g}" for n in numbers)
        match self.quirks.form:
            case "pair":
                return f"({listed})"
            case "list":
                return f"[{listed}]"
            case "json":
                key = "bbox_2d" if len(numbers) == 4 else "point_2d"
                return f'```json\n[{{"{key}": [{listed}], "label": "circle"}}]\n```'
        call = {"name": "computer_use", "arguments": {"action": "left_click", "coordinate": numbers}}
        return f"<tool_call>\n{json.dumps(call)}\n</tool_call>"
