"""Episodes: the recorded runs, as folders that stay readable up to the last finished step when the writer is killed.

``episode.json`` has the task, the model and, at the end, the ending; ``steps.jsonl`` has one `agent.core.step.Step` a
line and is only appended to; ``frames/NNNN.png`` are the screens, whole or as patches. ``docs/episode-format.md``
describes the format for other programs.

Inside: `format`, `reader` and `writer`; `recording` (a person's input to steps), `replay`, `query` (questions about an
episode) and `export`. Pages and films of an episode are in `agent.views`.
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
