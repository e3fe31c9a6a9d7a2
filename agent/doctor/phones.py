"""Checks of adb, its server and each device. Nothing is started: a server that does not run is no fault."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from functools import partial

from adbutils import adb_path

from actions.adb.ime import INSTALL, InputMethod
from actions.adb.lines import command
from actions.adb.link import AdbLink
from actions.adb.server import AdbServer, next_step
from actions.backend import BackendError
from actions.errors import plural
from actions.extras import install_command
from agent.doctor.check import CheckResult, CheckState, Examination, Finding, MachineCheck, missing, not_needed
from envs.android.scrcpy import decodes, find_server
from envs.android.state import QUERY, parse_state

GROUP = "phones"
_PROGRAM, _SERVER, _DEVICE = 5.0, 5.0, 8.0
"""Seconds for the adb program, its server and a device."""


def phone_checks(examination: Examination) -> Iterator[CheckResult]:
    """adb, its server, and each device that the server knows."""
    try:
        server = AdbServer()
    except BackendError as error:  # a port that is no number
        told = str(error).partition(": ")
        yield CheckResult(CheckState.missing, told[0], told[2], GROUP, "adb server")
        return
    yield examination.look(MachineCheck(GROUP, "adb", _program, seconds=_PROGRAM))
    states: dict[str, str] = {}
    yield examination.look(MachineCheck(GROUP, "adb server", partial(_server, server, states), seconds=_SERVER))
    for serial, state in sorted(states.items()):
        if state != "device":
            yield CheckResult(CheckState.missing, *next_step(state), GROUP, serial)
            continue
        yield examination.look(MachineCheck(GROUP, serial, partial(_device, server, serial), seconds=_DEVICE))
        yield examination.look(
            MachineCheck(GROUP, f"text on {serial}", partial(_text, server, serial), seconds=_DEVICE)
        )
    yield examination.look(MachineCheck(GROUP, "scrcpy", _scrcpy))


def _adb(*arguments: str) -> str:
    """What the program says. Raises `OSError`, also where it does not answer."""
    try:
        done = subprocess.run(
            [adb_path(), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PROGRAM
        )
    except subprocess.TimeoutExpired as error:
        raise OSError(f"{adb_path()} does not answer: end it, and run it by hand") from error
    return done.stdout


def _program() -> str | Finding:
    from adbutils.errors import AdbError

    try:
        said = _adb("version")
    except AdbError:
        return missing("no adb program", "sudo apt install adb, or set ADBUTILS_ADB_PATH")
    version = re.search(r"^Version (\S+)", said, re.MULTILINE) or re.search(r"version (\S+)", said)
    if version is None:
        return missing(f"{adb_path()} does not say its version", "sudo apt install adb, or set ADBUTILS_ADB_PATH")
    return f"{version[1]}, {adb_path()}"


def _server(server: AdbServer, states: dict[str, str]) -> str | Finding:
    """Fill `states` with the devices' by serial."""
    if not server.runs():
        at = f"{server.host}:{server.port}"
        return not_needed(f"none runs at {at}", "adb devices starts one and lists devices; a run starts it by itself")
    version = server.version()
    states |= server.devices()
    own = re.search(r"version 1\.0\.(\d+)", _adb("version"))
    if own and int(own[1]) != version:
        return missing(
            f"it is of version {version} and the adb program of {own[1]}, which ends it when used",
            "adb kill-server && adb start-server",
        )
    return f"version {version} at {server.host}:{server.port}, {plural(len(states), 'device')}"


def _device(server: AdbServer, serial: str) -> str | Finding:
    link = AdbLink(serial, server, patience=2.0)
    asked = {name: link.ask(command("getprop", key), _DEVICE).out.strip() for name, key in _PROPERTIES.items()}
    state = parse_state(link.ask(QUERY, _DEVICE).out)
    screen = {True: "screen on", False: "asleep, a run wakes it", None: "does not say whether its screen is on"}
    told = f"{asked['model'] or 'unknown model'}, Android {asked['android'] or '?'}, {screen[state.awake]}"
    if state.locked:
        return missing(f"{told}, locked", "unlock it; a run does it by itself only where no PIN is asked")
    return told


_PROPERTIES = {"model": "ro.product.model", "android": "ro.build.version.release"}


def _text(server: AdbServer, serial: str) -> str | Finding:
    """Whether any text can be typed, or only what a US keyboard has."""
    method = InputMethod(AdbLink(serial, server, patience=2.0)).installed()
    return f"any, through {method}" if method else missing("only the characters of a US keyboard", INSTALL)


def _scrcpy() -> str | Finding:
    server = find_server()
    if server is None:
        return not_needed("changes are found by pictures", "sudo apt install scrcpy to be told of them by the device")
    if not decodes():
        return not_needed(f"{server}, but its stream cannot be decoded", install_command("film"))
    return f"{server} tells when the screen changes"
