"""How much memory models take and how much is free: whether two of them fit together. Estimates, said as such."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.core.errors import UserError

GB = 10**9
_BYTES = {r"q[23]_|iq[23]_": 0.45, r"q4|iq4|awq|gptq|int4|4bit|nvfp4": 0.62, r"q5": 0.72, r"q6": 0.83,
          r"q8|fp8|int8|8bit": 1.07}  # fmt: skip
"""Bytes of a weight by what a name says of it; 2 otherwise (bfloat16)."""
BYTES_OF_WEIGHT, BYTES_OF_GGUF = 2.0, 0.62
_ROOM, _MORE = 1.15, GB // 2
"""Beside the weights: a share for context and activations, and what an engine takes itself."""


@dataclass(frozen=True)
class SmallPlanner:
    """A small language model as a text planner: its size (4 bits, GB) and licence, and what was measured.

    `speed` is tokens a second of the prompt and of the answer with llama.cpp on two cores; None: not measured.
    """

    name: str
    licence: str
    gigabytes: float
    speed: tuple[int, int] | None = None


SMALL_PLANNERS = (
    SmallPlanner("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "Apache-2.0", 1.1, (80, 23)),
    SmallPlanner("unsloth/Qwen3-1.7B-GGUF", "Apache-2.0", 1.1),
    SmallPlanner("unsloth/Qwen3-4B-Instruct-2507-GGUF", "Apache-2.0", 2.5),
    SmallPlanner("ggml-org/gemma-3-4b-it-GGUF", "Gemma", 2.5),
    SmallPlanner("unsloth/Qwen3.5-4B-GGUF", "Apache-2.0", 2.7),
    SmallPlanner("Qwen/Qwen2.5-7B-Instruct-GGUF", "Apache-2.0", 4.7),
    SmallPlanner("unsloth/Qwen3-8B-GGUF", "Apache-2.0", 5.0),
)
"""Sizes of the Q4_K_M files, licences by the model cards."""


def needed_bytes(model: str, extra: Sequence[Path] = ()) -> int | None:
    """About what serving `model` (a folder, a file or a hub id) takes, with further files; None where nothing says."""
    path = Path(model)
    files = [path] if path.is_file() else [*path.glob("*.safetensors"), *path.glob("*.gguf")] if path.is_dir() else []
    weights = sum(file.stat().st_size for file in (*files, *extra)) if files else _by_name(model)
    return None if weights is None else with_room(weights)


def with_room(weights: float) -> int:
    """About what serving weights of so many bytes takes."""
    return int(weights * _ROOM) + _MORE


def largest(free: int, bytes_of_weight: float) -> float:
    """Weights of the largest model that fits into `free` bytes, in billions (`with_room` the other way round)."""
    return max(0.0, (free - _MORE) / _ROOM / bytes_of_weight / GB)


def _by_name(model: str) -> int | None:
    """``7B`` and ``Q4_K_M`` in a name, or in the tag of a hub id; a GGUF is taken for one of 4 bits."""
    name = model.lower().rpartition("/")[2]
    sizes = [float(size) for size in re.findall(r"(?<![\w.])(\d+(?:\.\d+)?)b(?![a-z])", name.replace("_", "-"))]
    if not sizes:
        return None
    usual = BYTES_OF_GGUF if "gguf" in name else BYTES_OF_WEIGHT
    each = next((size for said, size in _BYTES.items() if re.search(said, name)), usual)
    return int(max(sizes) * GB * each)


def free_bytes(gpu: bool) -> int | None:
    """Memory that is free: of all GPUs, or of the machine; None where that is not known."""
    if gpu:
        return _gpu_bytes()
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    found = next((line for line in lines if line.startswith("MemAvailable:")), None)
    return int(found.split()[1]) * 1024 if found else None


def _gpu_bytes() -> int | None:
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    command = [program, "--query-gpu=memory.free", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
        return sum(int(line) for line in done.stdout.split()) * 1024 * 1024
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def check_room(wanted: Sequence[tuple[str, int | None]], free: int | None) -> None:
    """Raise `UserError` where `wanted` (what it is, bytes) do not fit into `free` together; unknown sizes count 0."""
    total = sum(size or 0 for _, size in wanted)
    if free is None or total <= free:
        return
    each = " and ".join(f"the {what} about {(size or 0) / GB:.1f} GB" for what, size in wanted)
    raise UserError(
        f"{each}, and {free / GB:.1f} GB are free: serve one of them on another machine, or take a smaller one "
        "(handeye serve --planners lists small planners)"
    )
