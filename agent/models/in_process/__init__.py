"""A checkpoint run in this process by transformers: ``--model hf:PATH_OR_ID``. Needs the extra ``handeye[qwen]``."""

from agent.models.in_process.endpoint import HFEndpoint, open_checkpoint

__all__ = ["HFEndpoint", "open_checkpoint"]
