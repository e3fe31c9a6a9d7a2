"""The interactive suites as Gymnasium environments.

``suite_env`` has the environment, ``spaces`` what is observed and how an action is written. `handeye.gym` registers
them. See ``docs/benchmarks/gymnasium.md``.
"""

from __future__ import annotations

SUITES = ("miniwob", "mobile-miniwob", "phone-tasks", "desktop", "injection")
VERSION = 1
"""Of the environments' spaces and rewards; a suite's own version is in its manifest."""


def register() -> None:
    """Register ``handeye/SUITE-v1`` for each suite."""
    from gymnasium.envs.registration import register as register_env

    for suite in SUITES:
        register_env(
            id=f"handeye/{suite}-v{VERSION}",
            entry_point="benchmarks.gym.suite_env:SuiteEnv",
            nondeterministic=True,
            kwargs={"suite": suite},
        )
