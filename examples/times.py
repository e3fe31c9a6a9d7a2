"""A table of episodes: how each ended, and what its steps were waiting for.

python times.py FOLDER...
"""

import sys
from collections import Counter
from pathlib import Path

from agent.episodes import read_episode

for folder in map(Path, sys.argv[1:]):
    episode = read_episode(folder)
    phases = Counter()
    for step in episode.steps:
        phases.update(step.timings)
    spent = ", ".join(f"{phase} {seconds:.1f} s" for phase, seconds in phases.most_common(3))
    sys.stdout.write(f"{folder.name}: {episode.ending} in {len(episode.steps)} steps: {spent}\n")
