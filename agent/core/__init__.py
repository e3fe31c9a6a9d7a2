"""The loop of a run and the contracts of its parts. No model names, no platforms."""
