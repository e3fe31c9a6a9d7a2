"""Fixed properties of the simulated phone."""

SIZE = (1080, 2400)
"""Device pixels, upright."""
DENSITY = 480
"""Dots per inch."""
ADDRESS = "192.0.2.15"
"""Its Wi-Fi address, one reserved for documentation (RFC 5737)."""
MAC = "02:00:00:00:00:0f"
"""The hardware address of Wi-Fi, a locally administered one."""
DISPLAY = "4619827259835644672"
COVER = "4619827677550801153"
SECOND = "4619827259835644674"
"""The physical ids of the first display, of a phone that folds the outer one, and of a second display."""
SECOND_ID = 2
"""The logical id of a second display."""
SCRCPY_SERVER = "/system/framework/scrcpy-server.jar"
"""Where scrcpy's server is on this phone; on a device it is pushed."""
