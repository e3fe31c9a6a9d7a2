"""For all tests."""

import signal

from hypothesis import settings

from tests.properties import QUICK

# A shell that starts the tests in the background has them ignore Ctrl-C, and so would every program that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.load_profile(QUICK)
