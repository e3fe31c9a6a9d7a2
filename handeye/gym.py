"""Importing this module registers the interactive suites with Gymnasium.

``gymnasium.make("handeye.gym:handeye/desktop-v1", task="editor-replace")`` imports it by itself. Gymnasium 1.0 has no
plug-ins, so that nothing can be registered before. See ``docs/benchmarks/gymnasium.md``.
"""

from benchmarks.gym import register

register()
