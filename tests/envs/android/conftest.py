"""One simulated phone and one stock adb server for each file of tests; the phone is fresh for every test."""

from collections.abc import Iterator

import pytest

from actions.adb import AdbServer
from envs.android import AndroidEnv
from envs.android.simulated import PrivateAdbServer
from envs.phone.phone import Phone
from tests.agent.browser import INSTALLED

collect_ignore_glob = [] if INSTALLED else ["test_*.py"]


@pytest.fixture(scope="module")
def server() -> Iterator[PrivateAdbServer]:
    private = PrivateAdbServer()
    yield private
    private.stop()


@pytest.fixture(scope="module")
def running(server: PrivateAdbServer) -> Iterator[Phone]:
    with Phone(keys=[server.key]) as phone:
        yield phone


@pytest.fixture
def phone(running: Phone) -> Phone:
    running.reset()
    return running


@pytest.fixture
def env(phone: Phone, server: AdbServer) -> Iterator[AndroidEnv]:
    with AndroidEnv(phone.serial, server, capture="png") as android:
        yield android
