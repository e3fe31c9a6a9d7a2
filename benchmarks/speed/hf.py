"""``python -m benchmarks.speed.hf``: a model in this process, against plain ``model.generate``, in one run.

The weights are random, the shape is the true Qwen2.5-VL-3B's: what a step costs does not depend on what it says. Both
sides answer the same requests, screenshots of 1920x1080 and 1080x2400 with the real desktop and phone prompts, and
write answers of the same form:

* **ours**: the endpoint that ``--model hf:`` uses: shaped answers, forced tokens read in one pass, the prompt's
  unchanged prefix kept, requests from several threads answered together.
* **plain generate**: the same tensors into ``model.generate``, greedy, for as many tokens as our answer had.

Without a GPU, or with ``--small``, a tiny model takes the large one's place and shows only that all of it runs.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from actions.extras import install_command
from actions.frame import Frame
from agent.models.dialects.dialect import IMAGE
from agent.models.dialects.qwen import QWEN25_VL
from agent.models.dialects.shape import shape_of
from agent.models.endpoints.endpoint import Pixels, Request

Platform = Literal["desktop", "mobile"]
SCREENS: tuple[tuple[Platform, int, int], ...] = (("desktop", 1920, 1080), ("mobile", 1080, 2400))
HISTORY = 'Step {}: {{"name": "computer_use", "arguments": {{"action": "left_click", "coordinate": [{}, {}]}}}}; '
TEXT = {
    "vocab_size": 151936,
    "hidden_size": 2048,
    "intermediate_size": 11008,
    "num_hidden_layers": 36,
    "num_attention_heads": 16,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128000,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]},
}
VISION = {"depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "out_hidden_size": 2048}
VISION_MORE = {"fullatt_block_indexes": [7, 15, 23, 31], "window_size": 112}
SMALL_TEXT = {
    **TEXT,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [2, 3, 3]},
}
SMALL_VISION = {"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 64}
IDS = {
    "image_token_id": 151655,
    "video_token_id": 151656,
    "vision_start_token_id": 151652,
    "vision_end_token_id": 151653,
}
END = "<|im_end|>"
GPUS = {"H200": (989e12, 4.8e12), "H100": (989e12, 3.35e12), "A100": (312e12, 2.0e12), "L4": (121e12, 0.3e12)}
"""Peak dense bf16 arithmetic (operations a second) and memory bandwidth (bytes a second), by the data sheets."""


@dataclass(frozen=True)
class SpeedRow:
    """One measurement: medians over `answers` answers; seconds, tokens, steps a second, bytes."""

    screen: str
    way: str
    batch: int
    answers: int
    prompt_tokens: int
    written_tokens: float
    prefill_seconds: float
    decode_seconds: float
    steps_per_second: float
    peak_bytes: int


def tokenizer_file() -> Path:
    """The real tokenizer, fetched if need be. Exits with one line where it cannot be had."""
    tool, folder = Path(__file__).parents[2] / "tools" / "qwen-tokenizer", Path(sys.prefix) / "share" / "handeye"
    fetch = [sys.executable, str(tool), str(folder), "qwen2.5"]
    done = subprocess.run(fetch, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.strip())
    return Path(done.stdout.strip())


def preparer() -> Any:
    """The `QwenPreparer` of Qwen2.5-VL, with its tokenizer and the limits of its checkpoints."""
    import transformers
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    from agent.models.in_process.inputs import VL_TEMPLATE, QwenPreparer

    words = transformers.Qwen2TokenizerFast(tokenizer_file=str(tokenizer_file()), eos_token=END, unk_token=None)
    images = Qwen2VLImageProcessorPil(min_pixels=3136, max_pixels=12845056)
    return QwenPreparer(words, images, VL_TEMPLATE, IDS["image_token_id"])


def build(small: bool, device: str) -> Any:
    """A `Checkpoint` of random weights, made on `device` without touching a disk."""
    import torch
    import transformers

    from agent.models.in_process.loading import Checkpoint, attention_for

    vision = {**(SMALL_VISION if small else VISION), **(VISION_MORE if not small else {"fullatt_block_indexes": [1]})}
    config = transformers.Qwen2_5_VLConfig(
        text_config=SMALL_TEXT if small else TEXT, vision_config=vision, tie_word_embeddings=True, **IDS
    )
    config._attn_implementation = attention_for(device)
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32 if device == "cpu" else torch.bfloat16)
    try:
        with torch.device(device):
            model = transformers.Qwen2_5_VLForConditionalGeneration(config).eval()
    finally:
        torch.set_default_dtype(before)
    model.generation_config = transformers.GenerationConfig(do_sample=False, eos_token_id=[151645], pad_token_id=151643)
    prepares = preparer()
    name = "tiny random model" if small else "random weights of Qwen2.5-VL-3B's shape"
    ends = (151645, 151643)
    return Checkpoint(name, "qwen2_5_vl", model, prepares.tokenizer, prepares, ends, ends[1], 28, 3136, 12845056)


def requests_for(platform: Platform, width: int, height: int, count: int) -> list[Request]:
    """`count` steps of one task: the same beginning, a history that grows, another screenshot each."""
    frame = Frame(id="0", width=width, height=height)
    shape = shape_of(QWEN25_VL, platform, frame)
    noise, made = np.random.default_rng(0), list[Request]()
    for step in range(count):
        chat = QWEN25_VL.ask_action("Rename the report and send it", frame, (), platform)
        told = "".join(HISTORY.format(n + 1, 100 + n, 200 + n) for n in range(step))
        image = np.full((height, width, 3), 255, np.uint8)
        image[: height // 2] = noise.integers(0, 255, (height // 2, width, 3), np.uint8)
        picture = Pixels(QWEN25_VL.resize.apply(image))
        first, *rest = (part for part in chat.user if isinstance(part, str))
        user = tuple(picture if part == IMAGE else part for part in (first + told, *rest))
        made.append(Request(chat.system, user, shape=shape, max_tokens=96))
    return made


class DeviceMeter:
    """Time and peak memory on the model's device."""

    def __init__(self, device: str) -> None:
        import torch

        self._cuda = torch.cuda if device == "cuda" else None
        self.seconds, self.peak = 0.0, 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measure what happens inside."""
        if self._cuda:
            self._cuda.synchronize()
            self._cuda.reset_peak_memory_stats()
        start = time.perf_counter()
        yield
        if self._cuda:
            self._cuda.synchronize()
            self.peak = int(self._cuda.max_memory_allocated())
        self.seconds = time.perf_counter() - start


def ours(checkpoint: Any, requests: Sequence[Request], batch: int, screen: str) -> SpeedRow:
    """The endpoint, asked from `batch` threads at once."""
    from agent.models.in_process.endpoint import HFEndpoint

    endpoint, meter = HFEndpoint(checkpoint, batch=batch), DeviceMeter(checkpoint.device.type)
    _ask_all(endpoint.complete, requests[:batch])
    waves = [requests[n : n + batch] for n in range(batch if batch < len(requests) else 0, len(requests), batch)]
    with meter.running():
        replies = [reply for wave in waves for reply in _ask_all(endpoint.complete, wave)]
    endpoint.close()
    usages = [reply.usage for reply in replies]
    first = statistics.median(usage.first_token_seconds or 0.0 for usage in usages)
    return SpeedRow(
        screen,
        "ours",
        batch,
        len(replies),
        int(statistics.median(usage.prompt_tokens for usage in usages)),
        statistics.median(usage.completion_tokens for usage in usages),
        first,
        statistics.median(usage.seconds for usage in usages) - first,
        len(replies) / meter.seconds,
        meter.peak,
    )


def _ask_all(ask: Callable[[Request], Any], requests: Sequence[Request]) -> list[Any]:
    found: dict[int, Any] = {}

    def one(number: int) -> None:
        found[number] = ask(requests[number])

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [found[number] for number in sorted(found)]


def plain(checkpoint: Any, requests: Sequence[Request], written: int, screen: str) -> SpeedRow:
    """``model.generate`` for one request after the other, `written` tokens each, preparation included as in ours."""
    import torch

    meter = DeviceMeter(checkpoint.device.type)
    firsts, wholes, length = list[float](), list[float](), 0

    def generate(request: Request, tokens: int) -> float:
        nonlocal length
        start = time.perf_counter()
        prompt = checkpoint.preparer.prompt(request)
        length = len(prompt.ids)
        tensors = checkpoint.preparer.batch([prompt], [prompt.ids], checkpoint.pad)
        tensors = {name: value.to(checkpoint.device) for name, value in tensors.items()}
        with torch.inference_mode():
            checkpoint.model.generate(**tensors, max_new_tokens=tokens, min_new_tokens=tokens)
        if checkpoint.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    generate(requests[0], 2)
    firsts += [generate(request, 1) for request in requests[1:]]
    with meter.running():
        wholes += [generate(request, written) for request in requests[1:]]
    first = statistics.median(firsts)
    decode = statistics.median(wholes) - first
    peak = meter.peak
    return SpeedRow(
        screen, "plain generate", 1, len(wholes), length, written, first, decode, len(wholes) / meter.seconds, peak
    )


def bound(checkpoint: Any, row: SpeedRow, pixels: int, device_name: str) -> dict[str, float] | None:
    """What the hardware allows: seconds to compute the prompt at peak arithmetic, and a token at peak bandwidth."""
    peak = next((figures for name, figures in GPUS.items() if name in device_name), None)
    if peak is None:
        return None
    model = checkpoint.model
    language = sum(p.numel() for p in model.model.language_model.parameters())
    vision = sum(p.numel() for p in model.model.visual.parameters())
    return {
        "prefill_compute_seconds": 2 * (language * row.prompt_tokens + vision * pixels / 14**2) / peak[0],
        "token_bandwidth_seconds": 2 * language / peak[1],
    }


def measure(small: bool, steps: int, batches: Sequence[int], device: str) -> dict[str, Any]:
    """Everything, as one JSON object."""
    import torch

    name = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    checkpoint = build(small, device)
    rows, limits = list[SpeedRow](), dict[str, Any]()
    for platform, width, height in SCREENS:
        screen = f"{width}x{height}"
        requests = requests_for(platform, width, height, steps)
        rows += [ours(checkpoint, requests, batch, screen) for batch in batches if batch <= steps]
        rows.append(plain(checkpoint, requests, round(rows[-1].written_tokens), screen))
        limits[screen] = bound(checkpoint, rows[-1], math.prod(QWEN25_VL.resize.size(width, height)), name)
    parameters = sum(p.numel() for p in checkpoint.model.parameters())
    return {
        "device": name,
        "model": checkpoint.name,
        "parameters": parameters,
        "attention": checkpoint.model.config._attn_implementation,
        "dtype": str(checkpoint.model.dtype).removeprefix("torch."),
        "torch": torch.__version__,
        "rows": [asdict(row) for row in rows],
        "bounds": limits,
    }


def report(found: dict[str, Any]) -> Iterator[str]:
    """The figures as lines for people."""
    yield (
        f"{found['model']} ({found['parameters'] / 1e6:.0f} M parameters, {found['dtype']}, {found['attention']}) "
        f"on {found['device']}, torch {found['torch']}"
    )
    yield (
        f"\n{'screen':<11}{'way':<16}{'batch':>5}{'prompt':>8}{'written':>8}"
        f"{'prefill s':>11}{'decode s':>10}{'steps/s':>9}{'GiB':>7}"
    )
    for row in found["rows"]:
        memory = f"{row['peak_bytes'] / 2**30:.1f}" if row["peak_bytes"] else "-"
        yield (
            f"{row['screen']:<11}{row['way']:<16}{row['batch']:>5}{row['prompt_tokens']:>8}{row['written_tokens']:>8.0f}"
            f"{row['prefill_seconds']:>11.3f}{row['decode_seconds']:>10.3f}{row['steps_per_second']:>9.2f}{memory:>7}"
        )
    yield ""
    for screen in found["bounds"]:
        yield from _comparison(
            screen, [row for row in found["rows"] if row["screen"] == screen], found["bounds"][screen]
        )


def _comparison(screen: str, rows: list[dict[str, Any]], limit: dict[str, float] | None) -> Iterator[str]:
    one, usual = rows[0], rows[-1]
    best = max(rows[:-1], key=lambda row: row["steps_per_second"])
    yield (
        f"{screen}: {one['steps_per_second'] / usual['steps_per_second']:.1f} times plain generate at batch 1, "
        f"{best['steps_per_second'] / usual['steps_per_second']:.1f} times at batch {best['batch']}"
    )
    if limit:
        token = one["decode_seconds"] / max(one["written_tokens"], 1)
        yield (
            f"  bounds: the prompt takes {one['prefill_seconds']:.3f} s, peak arithmetic allows "
            f"{limit['prefill_compute_seconds']:.3f} s; a written token {token * 1000:.1f} ms, peak bandwidth allows "
            f"{limit['token_bandwidth_seconds'] * 1000:.1f} ms (the rest is launching kernels)"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.hf", description=__doc__.split("\n")[0])
    parser.add_argument("--small", action="store_true", help="a tiny model, to see that everything runs")
    parser.add_argument("--steps", type=int, default=None, help="requests per screen (default 17, 5 with --small)")
    parser.add_argument("--batches", default="1,2,4,8,16", help="requests at once (default 1,2,4,8,16)")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout and nothing else there")
    options = parser.parse_args(arguments)
    try:
        import torch
    except ImportError:
        raise SystemExit(f"this needs torch: {install_command('qwen')}") from None
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and not options.small:
        print("no GPU here: this is the small version, whose figures say nothing of a real model", file=sys.stderr)
    small = options.small or device == "cpu"
    steps = options.steps or (5 if small else 17)
    batches = [int(number) for number in options.batches.split(",")]
    found = measure(small, steps, [b for b in batches if b < steps], device)
    print(json.dumps(found)) if options.json else print("\n".join(report(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
