"""Meaning: which element of a screen a description in words refers to."""
