"""What is in the apps' databases after a reset, by package."""

from __future__ import annotations

from collections.abc import Mapping

from envs.phone.state import Seeder

SEEDERS: Mapping[str, Seeder] = {}
"""Filled in by the apps' own modules."""
