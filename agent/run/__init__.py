"""A run put together from its parts, and the one-shot verbs `locate` and `extract` on an image."""
