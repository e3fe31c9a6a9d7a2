"""Android devices over ADB, and the simulated phone by the same classes."""

from envs.android.env import AndroidEnv
from envs.android.simulated import SimulatedPhoneEnv

__all__ = ["AndroidEnv", "SimulatedPhoneEnv"]
