"""Values of a screen in the shape of a JSON schema: label and value pairs, lists and tables; no language model."""

from agent.builtin.extraction.filling import extract_values

__all__ = ["extract_values"]
