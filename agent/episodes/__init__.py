"""The memory: an episode is a folder that is whole up to its last finished step, whenever the writer is killed.

``episode.json`` says what was asked of whom and, at the end, how it ended; ``steps.jsonl`` has one
`agent.core.step.Step` a line, only ever appended to; ``frames/NNNN.png`` are the screens, and what changed on them.
``docs/episode-format.md`` is the format for other programs to write and read.
"""

from agent.episodes.format import (
    FORMAT,
    MAX_LINE,
    MAX_PIXELS,
    MAX_SIDE,
    VERSION,
    EpisodeError,
    EpisodeHeader,
    Totals,
    json_schema,
    software_versions,
)
from agent.episodes.reader import Episode, read_episode
from agent.episodes.writer import MIN_FREE, EpisodeWriter

__all__ = [
    "FORMAT",
    "MAX_LINE",
    "MAX_PIXELS",
    "MAX_SIDE",
    "MIN_FREE",
    "VERSION",
    "Episode",
    "EpisodeError",
    "EpisodeHeader",
    "EpisodeWriter",
    "Totals",
    "json_schema",
    "read_episode",
    "software_versions",
]
