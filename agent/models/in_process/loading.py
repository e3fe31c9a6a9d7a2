"""Opening a checkpoint: from a folder or a hub id to a model, its preparer and what it can take."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import transformers
from huggingface_hub.utils import logging as hub_logging
from transformers.utils import logging as transformers_logging

from agent.core.model import ModelError
from agent.models.in_process.constraint import Grammars
from agent.models.in_process.inputs import IMAGE_PAD, VL_TEMPLATE, Preparer, ProcessorPreparer, QwenPreparer

RECURRENT = frozenset({"qwen3_5", "qwen3_5_moe"})
"""The model types with layers whose state sums up all tokens before, so that it cannot be cut back."""
BY_HAND = frozenset({"qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe"}) | RECURRENT
"""The model types that `QwenPreparer` prepares, and whose unchanged prompt prefix is kept between requests."""
_PUT_TEMPLATE = "put its chat_template.jinja into the folder"


@dataclass
class Checkpoint:
    """A model that is ready to answer. `kind` is its model type; areas are pixels, None where it has no such limit.

    `patch` is the side in pixels of what becomes one token.
    """

    name: str
    kind: str
    model: Any
    tokenizer: Any
    preparer: Preparer
    ends: tuple[int, ...]
    pad: int
    patch: int | None = None
    min_pixels: int | None = None
    max_pixels: int | None = None
    context: int | None = None

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return torch.device(self.model.device)

    @cached_property
    def grammars(self) -> Grammars:
        """What holds answers to a shape; made when it is first wanted. Raises `ModelError`."""
        return Grammars(self.tokenizer, int(self.model.config.get_text_config().vocab_size), self.ends)


def read_config(name: str) -> Any:
    """The checkpoint's configuration; says in one line what is wrong with `name`. Raises `ModelError`."""
    folder = Path(name).expanduser()
    local = folder.exists() or name.startswith(("/", "./", "../", "~", "\\")) or name.count("/") > 1
    if local and not folder.is_dir():
        raise ModelError(
            f"no such folder: {name}. Give hf: the folder of a checkpoint, or a hub id such as hf:Qwen/NAME"
        )
    if local and not (folder / "config.json").is_file():
        raise ModelError(f"{name} is not a checkpoint: it has no config.json")
    _quiet()
    try:
        return transformers.AutoConfig.from_pretrained(str(folder) if local else name)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(_why(name, error, local)) from error


def _quiet() -> None:
    """Silence the libraries' progress bars and warnings; a failure is reported in one line."""
    if logging.getLogger().level > logging.DEBUG:
        transformers_logging.set_verbosity_error()
        hub_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()


def _why(name: str, error: Exception, local: bool) -> str:
    said = " ".join(str(error).split())[:200]
    if local:
        return f"{name} is not a checkpoint that transformers {transformers.__version__} can read: {said}"
    return f"no checkpoint {name!r} here or on the Hugging Face hub: {said}. Give the folder it is in, as hf:PATH"


def load(name: str, config: Any, device: str | None = None) -> Checkpoint:
    """Load weights, tokenizer and image processor onto `device` (the first GPU, or the CPU). Raises `ModelError`."""
    path = str(Path(name).expanduser()) if Path(name).expanduser().is_dir() else name
    where = device or ("cuda" if torch.cuda.is_available() else "cpu")
    kind = str(config.model_type)
    tokenizer = _tokenizer(path, name)
    images = _image_processor(path, name) if kind in BY_HAND else None
    preparer: Preparer = (
        QwenPreparer(tokenizer, images, _template(path, name, kind, tokenizer), int(config.image_token_id))
        if images is not None
        else _processor(path, name)
    )
    model = _weights(path, name, config, where)
    ends, pad = _ends(model, tokenizer)
    model.generation_config = transformers.GenerationConfig(do_sample=False, eos_token_id=list(ends), pad_token_id=pad)
    made = Checkpoint(name, kind, model, tokenizer, preparer, ends, pad, context=_context(config))
    if images is not None:
        made.patch = int(images.patch_size * images.merge_size)
        made.min_pixels, made.max_pixels = int(images.size["shortest_edge"]), int(images.size["longest_edge"])
    return made


def _context(config: Any) -> int | None:
    length = getattr(config.get_text_config(), "max_position_embeddings", None)
    return int(length) if length else None


def _tokenizer(path: str, name: str) -> Any:
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(path)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ModelError(f"{name} has no tokenizer that can be read: {' '.join(str(error).split())[:200]}") from error
    if not getattr(tokenizer, "is_fast", False):
        raise ModelError(f"{name} has only a slow tokenizer: save it with tokenizer.json")
    return tokenizer


def _weights(path: str, name: str, config: Any, where: str) -> Any:
    try:
        model = transformers.AutoModelForImageTextToText.from_pretrained(
            path,
            config=config,
            dtype=_dtype(path, where),
            attn_implementation=attention_for(where),
            device_map="auto" if where == "cuda" and torch.cuda.device_count() > 1 else where,
        )
    except torch.OutOfMemoryError as error:
        raise ModelError(f"{name} does not fit this GPU's memory: use a smaller or quantised checkpoint") from error
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        said = " ".join(str(error).split())[:200]
        raise ModelError(f"{name} cannot be loaded as a vision-language model: {said}") from error
    return model.eval()


def _dtype(path: str, where: str) -> torch.dtype:
    """16 bits on a GPU. On a CPU 32, which are faster there, unless they would not fit into its memory."""
    if where.startswith("cuda"):
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    size = sum(file.stat().st_size for file in Path(path).glob("*.safetensors")) if Path(path).is_dir() else 0
    return torch.float32 if 2 * size < 0.7 * _free_memory() else torch.bfloat16


def _free_memory() -> float:
    """Bytes; infinite where the system does not say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES"))
    except (ValueError, OSError, AttributeError):
        return float("inf")


def attention_for(where: str) -> str:
    """Flash attention where it is installed: the vision tower's windows are then one call, not hundreds."""
    if where.startswith("cuda") and transformers.utils.is_flash_attn_2_available():
        return "flash_attention_2"
    return "sdpa"


def _image_processor(path: str, name: str) -> Any:
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    try:
        return Qwen2VLImageProcessorPil.from_pretrained(path)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{name} has no preprocessor_config.json that can be read") from error


def _processor(path: str, name: str) -> ProcessorPreparer:
    try:
        processor = transformers.AutoProcessor.from_pretrained(path)
    except (OSError, ValueError, KeyError, ImportError) as error:
        said = " ".join(str(error).split())[:200]
        raise ModelError(f"{name} has no processor that works here: {said}") from error
    if not getattr(processor, "chat_template", None):
        raise ModelError(f"{name} has no chat template: {_PUT_TEMPLATE}")
    return ProcessorPreparer(processor)


def _template(path: str, name: str, kind: str, tokenizer: Any) -> str:
    """The checkpoint's own chat template if it has a place for pictures; Qwen2-VL's and Qwen2.5-VL's are known.

    Raises `ModelError` for another family's without one: Qwen3's add no system text, Qwen3.5's begin a thought.
    """
    for template in (tokenizer.chat_template, _template_file(path)):
        if isinstance(template, str) and IMAGE_PAD in template:
            return template
    if kind not in ("qwen2_vl", "qwen2_5_vl"):
        raise ModelError(f"{name} has no chat template with a place for pictures: {_PUT_TEMPLATE}")
    return VL_TEMPLATE


def _template_file(path: str) -> str | None:
    """``chat_template.json``, where older checkpoints have it."""
    try:
        file = transformers.utils.cached_file(path, "chat_template.json", _raise_exceptions_for_missing_entries=False)
        return str(json.loads(Path(file).read_text())["chat_template"]) if file else None
    except (OSError, ValueError, KeyError):
        return None


def _ends(model: Any, tokenizer: Any) -> tuple[tuple[int, ...], int]:
    """The ids that end an answer, and the one to pad with."""
    configured = model.generation_config.eos_token_id
    ends = [configured] if isinstance(configured, int) else list(configured or [])
    ends += [tokenizer.eos_token_id] if tokenizer.eos_token_id is not None else []
    end_of_turn = tokenizer.convert_tokens_to_ids("<|im_end|>")
    ends += [end_of_turn] if isinstance(end_of_turn, int) and end_of_turn != tokenizer.unk_token_id else []
    if not ends:
        raise ModelError("the checkpoint does not say which token ends an answer (eos_token_id)")
    pad = tokenizer.pad_token_id
    return tuple(dict.fromkeys(ends)), ends[0] if pad is None else int(pad)
