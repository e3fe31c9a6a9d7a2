"""How many examples a property test tries."""

from hypothesis import HealthCheck, settings

QUICK, THOROUGH = "quick", "thorough"

# How long an example takes depends on what else the machine does. `make test` tries the same examples each time, so
# that a failure is of the change that was made; `make test-slow` looks for new ones.
_COMMON = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
settings.register_profile(QUICK, _COMMON, derandomize=True, database=None)
settings.register_profile(THOROUGH, _COMMON, max_examples=1000)


def examples(count: int) -> settings:
    """`count` examples, or ten times as many where the profile is `THOROUGH`."""
    return settings(max_examples=count * (10 if settings.get_current_profile_name() == THOROUGH else 1))
