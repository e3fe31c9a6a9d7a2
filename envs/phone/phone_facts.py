"""What is fixed about the phone's body."""

SIZE = (1080, 2400)
"""Device pixels, upright."""
DENSITY = 480
"""Dots per inch."""
ADDRESS = "192.0.2.15"
"""Its Wi-Fi address: one that leads nowhere."""
DISPLAY = "4619827259835644672"
"""The id of its screen, as SurfaceFlinger numbers them."""
