"""Checkpoints of LLaVA and Gemma 3 with random weights, half a megabyte, whose own processors work without torchvision.

Their image processors are CLIP's and Gemma's, which have Pillow versions; those with a video part (Qwen2.5-VL,
Qwen3-VL, InternVL) are only there with torchvision. ``transformers serve`` can serve them. The tokenizer has one token
for each byte.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

_CONTENT = (
    "{% if m['content'] is string %}{{ m['content'] }}{% else %}{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}IMAGE{% else %}{{ c['text'] }}{% endif %}{% endfor %}{% endif %}"
)
_TEMPLATE = f"{{% for m in messages %}}{{{{ m['role'] }}}}: {_CONTENT}\n{{% endfor %}}assistant: "
_SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


def _tokenizer(**special: str) -> Any:
    """One token for each byte, the usual two, and `special` ones by the names of their attributes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE(vocab={letter: n for n, letter in enumerate(letters)}, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, eos_token="</s>", pad_token="<pad>", extra_special_tokens=special
    )


def _text(tokenizer: Any) -> dict[str, Any]:
    """What both language models have."""
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    return {"vocab_size": len(tokenizer), "num_key_value_heads": 2, "max_position_embeddings": 4096, **ends, **_SMALL}


def save(folder: Path) -> Path:
    """Make a LLaVA in `folder`; the folder."""
    import torch
    import transformers as t

    tokenizer = _tokenizer(image_token="<image>")
    t.LlavaProcessor(
        image_processor=t.CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}),
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=_TEMPLATE.replace("IMAGE", "<image>"),
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = t.LlavaConfig(
        vision_config=t.CLIPVisionConfig(image_size=28, patch_size=14, projection_dim=32, **_SMALL),
        text_config=t.LlamaConfig(**_text(tokenizer)),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    t.LlavaForConditionalGeneration(config).save_pretrained(folder)
    return folder


def save_gemma(folder: Path) -> Path:
    """Make a Gemma 3 in `folder`; the folder."""
    import torch
    import transformers as t

    names = {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>"}
    tokenizer = _tokenizer(**names)
    t.Gemma3Processor(
        t.Gemma3ImageProcessorPil(size={"height": 56, "width": 56}),
        tokenizer,
        chat_template=_TEMPLATE.replace("IMAGE", names["boi_token"]),
        image_seq_length=4,
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = t.Gemma3Config(
        text_config=t.Gemma3TextConfig(**_text(tokenizer), head_dim=16, sliding_window=512),
        vision_config=t.SiglipVisionConfig(image_size=56, patch_size=14, vision_use_head=False, **_SMALL),
        mm_tokens_per_image=4,
        **{f"{name}_index": tokenizer.convert_tokens_to_ids(text) for name, text in names.items()},
    )
    t.Gemma3ForConditionalGeneration(config).save_pretrained(folder)
    return folder
