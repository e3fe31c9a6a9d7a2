"""Handeye as an agent of the official AndroidWorld, and a command that runs its suite.

The package ``android_world`` (https://github.com/google-research/android_world) is not on PyPI; it is looked for only
when it is needed. See ``docs/android-world.md``.
"""
