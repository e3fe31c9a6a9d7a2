"""Any device behind adb as AndroidWorld's environment, for phones that are no emulator.

AndroidWorld reaches its emulator by gRPC for pictures and by adb for all else. Here the picture is ``screencap``'s, the
elements are ``uiautomator``'s, and adb is ``android_env``'s own ``AdbCallParser``. Figures made this way are not
AndroidWorld's.
"""

from __future__ import annotations

import socket
from typing import Any

import numpy as np

from actions.adb.link import AdbLink
from actions.adb.server import AdbServer
from benchmarks.android_world.package import AndroidWorld
from envs.android.capture import ScreencapCapture
from envs.android.state import QUERY, parse_state


def device_env(world: AndroidWorld, serial: str | None, server: AdbServer, adb_path: str) -> Any:
    """An ``interface.AsyncAndroidEnv`` on the device `serial`. Raises `actions.backend.BackendError`."""
    controllers = world["env.android_world_controller"]
    raw = _raw_env(world)(world, AdbLink(serial, server), adb_path)
    controller = controllers.AndroidWorldController(raw, a11y_method=controllers.A11yMethod.UIAUTOMATOR)
    return world["env.interface"].AsyncAndroidEnv(controller)


def _raw_env(world: AndroidWorld) -> Any:
    dm_env, interface = world["dm_env"], world["android_env.env_interface"]

    class DeviceEnv(interface.AndroidEnvInterface):  # type: ignore[misc, name-defined]
        """Pictures and adb calls of one device; it has no episodes and no rewards."""

        def __init__(self, world: AndroidWorld, link: AdbLink, adb_path: str) -> None:
            self._link = link
            self._capture = ScreencapCapture(link)
            self._calls = world["android_env.components.adb_call_parser"].AdbCallParser(_adb(world, link, adb_path))

        def action_spec(self) -> dict[str, Any]:
            """None: actions go by adb."""
            return {}

        def observation_spec(self) -> dict[str, Any]:
            """The picture's shape is known when there is one."""
            return {}

        def reset(self) -> Any:
            """The first look."""
            return dm_env.restart(self._look())

        def step(self, action: dict[str, Any]) -> Any:
            """Another look; AndroidWorld only ever sends an action that does nothing."""
            del action
            return dm_env.transition(reward=0.0, observation=self._look())

        def execute_adb_call(self, call: Any) -> Any:
            """What ``android_env`` makes of it."""
            return self._calls.parse(call)

        def close(self) -> None:
            """Nothing is held."""
            self._capture.close()

        def _look(self) -> dict[str, Any]:
            quarter = parse_state(self._link.ask(QUERY).out).rotation // 90
            pixels = self._capture.grab()[..., :3]
            return {"pixels": np.ascontiguousarray(np.rot90(pixels, -quarter))}  # as an emulator's: held upright

    return DeviceEnv


def _adb(world: AndroidWorld, link: AdbLink, adb_path: str) -> Any:
    controllers = world["android_env.components.adb_controller"]
    config = world["android_env.components.config_classes"].AdbControllerConfig(
        adb_path=adb_path, adb_server_port=link.server.port, device_name=link.serial
    )

    class Adb(controllers.AdbController):  # type: ignore[misc, name-defined]
        """Never ends the adb server, which is not its own, when a command fails."""

        def _restart_server(self, timeout: float | None = None) -> None:
            del timeout
            link.recover()

    return Adb(config)


def console_answers(port: int) -> bool:
    """Whether an emulator listens at its console port on this machine."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=3):
            return True
    except OSError:
        return False
