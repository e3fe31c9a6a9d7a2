"""For all tests."""

import signal

from hypothesis import HealthCheck, settings

# A shell that starts the tests in the background has them ignore Ctrl-C, and so would every program that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes depends on what else the machine does.
settings.register_profile("handeye", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("handeye")
