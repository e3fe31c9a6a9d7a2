"""The catalogue of the phone tasks."""

from __future__ import annotations

from benchmarks.suites.phone_tasks.world import PhoneScene
from benchmarks.suites.tasks.catalogue import TaskCatalogue

CATALOGUE: TaskCatalogue[PhoneScene] = TaskCatalogue("phone-tasks", easy=12, medium=24)
TASKS = CATALOGUE.tasks
task = CATALOGUE.task
