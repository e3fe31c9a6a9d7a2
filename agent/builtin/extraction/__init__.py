"""Values from a screen in the shape of a JSON schema: label and value pairs, lists and tables, no model."""

from agent.builtin.extraction.filling import extract_values

__all__ = ["extract_values"]
