"""Grounding suites: ScreenSpot (v1, v2, Pro), OSWorld-G, MMBench-GUI L2, UI-Vision and your own screens."""

from benchmarks.suites.grounding.suite import GroundingSuite, open_annotations, open_suite

__all__ = ["GroundingSuite", "open_annotations", "open_suite"]
