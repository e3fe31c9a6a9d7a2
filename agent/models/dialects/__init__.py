"""Dialects: how each family of models is prompted and how its answers are parsed. Knows families, never servers."""
