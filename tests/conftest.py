"""For all tests."""

import os
import signal
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from agent.settings import CONFIG, SETTINGS, variable_of
from tests.properties import QUICK

# A shell that starts the tests in the background has them ignore Ctrl-C, and so would every program that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.load_profile(QUICK)

# The defaults that a user has set are none of the tests'.
os.environ[CONFIG] = str(Path(tempfile.gettempdir()) / "handeye-tests-settings")
for _name in SETTINGS:
    os.environ.pop(variable_of(_name), None)

_MANY_PROGRAMS = {"benchmarks", "e2e", "envs"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files whose tests start displays, browsers and phones evenly among the others, file by file: all at
    once, at the end, they wait for each other.
    """
    tests, files = Path(__file__).parent, dict.fromkeys(item.path for item in items)
    heavy = [file for file in files if _MANY_PROGRAMS & set(file.relative_to(tests).parts[:1])]
    light = [file for file in files if file not in heavy]
    place = {file: n / len(group) for group in (heavy, light) for n, file in enumerate(group)}
    items.sort(key=lambda item: place[item.path])
