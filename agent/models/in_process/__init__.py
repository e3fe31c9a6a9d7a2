"""A checkpoint run in this process by transformers: ``--model hf:PATH_OR_ID``. Needs the extra ``qwen``.

`checkpoint` reads a checkpoint's config and can be imported without torch; `endpoint` is the `HFEndpoint`. This package
imports neither, so that naming a model costs no import of torch.
"""
