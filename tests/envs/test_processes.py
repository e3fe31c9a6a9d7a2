"""Waiting for processes."""

import subprocess
import sys

from envs.processes import alive, kill_all, wait_gone
from tests.waiting import until


def child(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code])


def test_wait_gone_leaves_the_exit_status_of_others_alone():
    other, mine = child("raise SystemExit(3)"), child("import time; time.sleep(60)")
    until(lambda: not alive(other.pid))
    kill_all([mine.pid])
    assert wait_gone([mine.pid], 10)
    assert other.wait(10) == 3
    mine.wait(10)


def test_wait_gone_says_what_is_left():
    mine = child("import time; time.sleep(60)")
    assert not wait_gone([mine.pid], 0.05)
    mine.kill()
    assert wait_gone([mine.pid], 10)
    mine.wait(10)
