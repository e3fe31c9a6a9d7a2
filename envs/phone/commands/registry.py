"""Android's own commands on the simulated phone, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from envs.env import EnvError
from envs.phone.automation import app_process
from envs.phone.commands import (
    activities,
    data,
    display,
    getevent,
    identity,
    info,
    inputs,
    logs,
    processes,
    ui,
)
from envs.phone.commands.screenrecord import screenrecord
from envs.phone.commands.system import SYSTEM_PROGRAMS
from envs.phone.device import PhoneDevice
from envs.phone.sh import Command, CommandCall
from envs.phone.sh.archives import ARCHIVE_COMMANDS
from envs.phone.sh.awk import AWK
from envs.phone.sh.files import FILE_COMMANDS
from envs.phone.sh.text import TEXT_COMMANDS

_OWN: Mapping[str, Callable[[PhoneDevice, CommandCall], int]] = {
    "input": inputs.input_, "getevent": getevent.getevent, "ime": inputs.ime, "screencap": display.screencap,
    "wm": display.wm, "svc": display.svc, "am": activities.am, "pm": activities.pm, "cmd": activities.cmd,
    "monkey": activities.monkey, "dumpsys": info.dumpsys, "date": identity.date, "id": identity.id_,
    "whoami": identity.whoami, "service": identity.service, "getprop": info.getprop, "setprop": info.setprop,
    "settings": info.settings, "ps": processes.ps, "pidof": processes.pidof, "pgrep": processes.pgrep,
    "pkill": processes.pgrep, "killall": processes.pgrep, "kill": processes.kill, "df": info.df, "logcat": logs.logcat,
    "log": logs.log, "screenrecord": screenrecord, "ifconfig": info.ifconfig, "ip": info.ip, "reboot": info.reboot,
    "uiautomator": ui.uiautomator, "app_process": app_process, "sqlite3": data.sqlite3_, "content": data.content,
    "top": processes.top, "uptime": processes.uptime, "free": processes.free,
    **SYSTEM_PROGRAMS,
}  # fmt: skip


def commands_of(phone: PhoneDevice) -> Mapping[str, Command]:
    """Every command of `phone`'s shell."""
    own: dict[str, Command] = {name: partial(command, phone) for name, command in _OWN.items()}
    return {
        name: _faulty(phone, command)
        for name, command in {**FILE_COMMANDS, **TEXT_COMMANDS, **ARCHIVE_COMMANDS, **AWK, **own}.items()
    }


def _faulty(phone: PhoneDevice, command: Command) -> Command:
    def run(call: CommandCall) -> int:
        phone.faults.before(call.argv)
        try:
            return command(call)
        except EnvError as error:
            restarted = "; the phone's browser was restarted" if phone.revive() else ""
            return call.fail(f"{error}{restarted}")

    return run
