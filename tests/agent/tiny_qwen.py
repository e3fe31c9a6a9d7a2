"""Tiny checkpoints of random weights with the real Qwen tokenizers, saved as a user would have a real one."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = Path(sys.prefix) / "share" / "handeye"
IDS = {
    "image_token_id": 151655,
    "video_token_id": 151656,
    "vision_start_token_id": 151652,
    "vision_end_token_id": 151653,
}
TEXT: dict[str, Any] = {
    "vocab_size": 151936,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32768,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [2, 3, 3]},
}
SERVED: dict[str, Any] = {
    "hidden_size": 128,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [4, 6, 6]},
}
"""Heads of 32, the smallest that vLLM has attention for. llama.cpp needs a third block in the vision part."""


@functools.cache
def tokenizer_file(name: str = "qwen2.5") -> Path:
    """A real tokenizer, ``qwen2.5`` or ``qwen3``; the test is skipped where it cannot be had."""
    tool = [sys.executable, str(ROOT / "tools" / "qwen-tokenizer"), str(FOLDER), name]
    done = subprocess.run(tool, capture_output=True, text=True, timeout=170, check=False)
    if done.returncode:
        pytest.skip(done.stderr.strip())
    return Path(done.stdout.strip())


def tokenizer(name: str = "qwen2.5") -> Any:
    """A real tokenizer, as transformers wants it."""
    transformers = pytest.importorskip("transformers", reason="needs pip install 'handeye[qwen]'")
    return transformers.Qwen2TokenizerFast(
        tokenizer_file=str(tokenizer_file(name)),
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        unk_token=None,
        model_max_length=131072,
    )


def build(kind: str, seed: int = 0, *, served: bool = False) -> Any:
    """A random model of the type `kind`, one of those below; of a shape that servers take if `served`."""
    torch = pytest.importorskip("torch", reason="needs pip install 'handeye[qwen]'")
    transformers = pytest.importorskip("transformers", reason="needs pip install 'handeye[qwen]'")
    torch.manual_seed(seed)
    config, model = {
        "qwen2_5_vl": (_qwen25, transformers.Qwen2_5_VLForConditionalGeneration),
        "qwen2_vl": (_qwen2, transformers.Qwen2VLForConditionalGeneration),
        "qwen3_vl": (_qwen3, transformers.Qwen3VLForConditionalGeneration),
        "qwen3_5": (_qwen35, transformers.Qwen3_5ForConditionalGeneration),
    }[kind]
    text = TEXT | SERVED if served else TEXT
    made = model(config(transformers, text, 3 if served else 2)).eval()
    _stir(torch, made)
    return made


def _stir(torch: Any, model: Any) -> None:
    """Weights of a size at which an answer depends on every token before it, pictures too; by default it does not."""
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.dim() > 1:
                weights.normal_(0, 1 if "embed_tokens" in name else 2 / weights[0].numel() ** 0.5)
            elif name.endswith("A_log"):
                weights.fill_(-7)  # a recurrent state that keeps what was long ago


def _qwen25(transformers: Any, text: dict[str, Any], depth: int) -> Any:
    vision = {"depth": depth, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2}
    vision |= {"fullatt_block_indexes": [depth - 1], "window_size": 112, "out_hidden_size": text["hidden_size"]}
    return transformers.Qwen2_5_VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=False, **IDS)


def _qwen2(transformers: Any, text: dict[str, Any], depth: int) -> Any:
    vision = {"depth": depth, "embed_dim": 32, "mlp_ratio": 2, "num_heads": 2, "hidden_size": text["hidden_size"]}
    return transformers.Qwen2VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=False, **IDS)


def _qwen3(transformers: Any, text: dict[str, Any], depth: int) -> Any:
    vision = {"depth": depth, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2}
    vision |= {
        "out_hidden_size": text["hidden_size"],
        "deepstack_visual_indexes": [0],
        "patch_size": 16,
        "num_position_embeddings": 2304,
    }
    return transformers.Qwen3VLConfig(
        text_config={**text, "head_dim": text["hidden_size"] // text["num_attention_heads"]},
        vision_config=vision,
        tie_word_embeddings=False,
        **IDS,
    )


def _qwen35(transformers: Any, text: dict[str, Any], depth: int) -> Any:
    vision = {"depth": depth, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "patch_size": 16}
    vision |= {"out_hidden_size": text["hidden_size"], "num_position_embeddings": 2304}
    size = text["hidden_size"] // text["num_attention_heads"]
    linear = {f"linear_{name}_head_dim": size for name in ("key", "value")}
    linear |= {"linear_num_key_heads": 2, "linear_num_value_heads": 4}
    linear |= {"layer_types": ["linear_attention", "full_attention"], "head_dim": size}
    rope = text["rope_parameters"] | {"partial_rotary_factor": 1.0}
    return transformers.Qwen3_5Config(
        text_config={**text, **linear, "rope_parameters": rope}, vision_config=vision, tie_word_embeddings=False, **IDS
    )


def save(
    folder: Path,
    kind: str = "qwen2_5_vl",
    *,
    seed: int = 0,
    max_pixels: int = 12845056,
    template: bool = True,
    served: bool = False,
) -> Path:
    """Build and save a whole checkpoint in `folder`; without its chat template if `template` is False."""
    model = build(kind, seed, served=served)
    model.save_pretrained(folder)
    words = tokenizer("qwen3" if served and kind.startswith("qwen3") else "qwen2.5")
    words.save_pretrained(folder)
    patch = 16 if kind.startswith("qwen3") else 14
    processor = {
        "image_processor_type": "Qwen2VLImageProcessor",
        "min_pixels": 4 * (2 * patch) ** 2,
        "max_pixels": max_pixels,
        "patch_size": patch,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    (folder / "generation_config.json").write_text(
        json.dumps(
            {"do_sample": True, "temperature": 0.1, "repetition_penalty": 1.05, "eos_token_id": [151645, 151643]}
        )
    )
    if template:
        (folder / "chat_template.jinja").write_text(
            TEMPLATES["qwen3-vl"] if served and kind == "qwen3_vl" else TEMPLATE
        )
    return folder


_DEFAULT_SYSTEM = (
    "{% if loop.first and message['role'] != 'system' %}<|im_start|>system\n"
    "You are a helpful assistant.<|im_end|>\n{% endif %}"
)
_MESSAGE = (
    "<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}<|im_end|>\n"
    "{% else %}{% for content in message['content'] %}"
    "{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}"
    "<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endif %}"
)
_NEXT = "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n"
TEMPLATE = f"{{% for message in messages %}}{_DEFAULT_SYSTEM}{_MESSAGE}{_NEXT}{{% endif %}}"
"""What the chat template of Qwen2.5-VL's checkpoints makes of text and pictures."""
TEMPLATES = {
    "qwen2.5-vl": TEMPLATE,
    "qwen3-vl": f"{{% for message in messages %}}{_MESSAGE}{_NEXT}{{% endif %}}",
    "qwen3.5": (
        "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
        "{% set text %}{% for part in message['content'] %}"
        "{{ '<|vision_start|><|image_pad|><|vision_end|>' if part['type'] == 'image' else part['text'] }}"
        "{% endfor %}{% endset %}{{ (text.split('</think>')|last if message['role'] == 'assistant' else text)|trim }}"
        f"<|im_end|>\n{_NEXT}<think>\n"
        "{% if enable_thinking is defined and not enable_thinking %}\n</think>\n\n{% endif %}{% endif %}"
    ),
}
"""The same of each family: Qwen3's add no system text; Qwen3.5's trim every message, forget earlier thoughts and begin
the next. `make test-servers` has Qwen3.5's own.
"""
