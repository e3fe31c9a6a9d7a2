"""The catalogue of the desktop tasks."""

from __future__ import annotations

from benchmarks.suites.desktop.world import DesktopScene
from benchmarks.suites.tasks.catalogue import TaskCatalogue

CATALOGUE: TaskCatalogue[DesktopScene] = TaskCatalogue("desktop", easy=15, medium=25)
TASKS = CATALOGUE.tasks
task = CATALOGUE.task
