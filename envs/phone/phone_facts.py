"""What is fixed about the phone's body."""

SIZE = (1080, 2400)
"""Device pixels, upright."""
DENSITY = 480
"""Dots per inch."""
