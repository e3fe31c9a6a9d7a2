"""Handeye's models as agents of the official OSWorld. See ``docs/benchmarks/osworld.md``."""

from benchmarks.harness import HarnessOptions as HarnessOptions
from benchmarks.osworld import OSWorldAgent as OSWorldAgent
