"""Prompts of the owners of model families: where they stand, how they are taken from there, where they are kept.

No text of theirs is in this package.
"""
