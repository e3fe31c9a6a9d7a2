"""The loop of a run and the contracts of its parts: model, policy, memory, task, ending. No model names, no platforms."""
