"""How much is prepared at once, however many workers wait for a model server."""

from agent.cores import cores

PICTURES = cores() + 2
"""Pictures that are decoded at once: more would only wait for a core, each with its tens of megabytes."""
