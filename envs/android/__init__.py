"""Android devices over ADB, and the simulated phone through the very same way."""

from envs.android.env import AndroidEnv
from envs.android.simulated import SimulatedPhoneEnv

__all__ = ["AndroidEnv", "SimulatedPhoneEnv"]
