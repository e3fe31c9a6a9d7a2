"""Programs about the system itself: locks, operations of apps, flags, the network; most change little here."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace

from envs.phone.apps import apps
from envs.phone.commands.answers import ANSWERS, fixed_answer
from envs.phone.device import PhoneDevice
from envs.phone.sh import CommandCall, take_option

Program = Callable[[PhoneDevice, CommandCall], int]
_LOCK_HELP = """lockSettings service commands:

NOTE: when lock screen is set, all commands require the --old <CREDENTIAL> argument.

  help
    Prints this help text.

  get-disabled [--user USER_ID]
    Checks whether lock screen is disabled.

  set-disabled [--user USER_ID] <true|false>
    When true, disables lock screen.

  set-pattern|set-pin|set-password [--old <CREDENTIAL>] [--user USER_ID] <NEW>
    Sets the lock screen credential.

  clear [--old <CREDENTIAL>] [--user USER_ID]
    Clears the lock credentials.

  verify [--old <CREDENTIAL>] [--user USER_ID]
    Verifies the lock credentials.

"""
_CREDENTIAL = ("secure", "lockscreen.handeye_credential")


def locksettings(phone: PhoneDevice, call: CommandCall) -> int:
    """``locksettings get-disabled|set-disabled|set-pin|clear|verify``; the lock screen asks for no credential."""
    words, state = list(call.argv[1:]), phone.state
    old = take_option(words, "--old") or ""
    take_option(words, "--user")
    name, rest = (words[0], words[1:]) if words else ("help", [])
    held = state.get(*_CREDENTIAL) or ""
    if name == "help":
        call.out(_LOCK_HELP)
    elif name == "get-disabled":
        call.out(f"{str(state.get('secure', 'lockscreen.disabled') == '1').lower()}\n")
    elif name == "set-disabled" and rest:
        state.put("secure", "lockscreen.disabled", "1" if rest[0] == "true" else "0")
        call.out(f"Lock screen disabled set to {rest[0]}\n")
    elif name not in ("set-pin", "set-password", "set-pattern", "clear", "verify"):
        call.write_error(f"Unknown command: {name}\n".encode())
        return 255
    elif held != old:
        call.out(f"Old password '{old}' didn't match\n" if old else "Old password provided but user has no password\n")
    elif name == "verify":
        call.out("Lock credential verified successfully\n")
    else:
        state.put(*_CREDENTIAL, rest[0] if rest else "")
        kind = name.removeprefix("set-").capitalize()
        call.out(f"{kind} set to '{rest[0] if rest else ''}'\n" if name != "clear" else "Lock credential cleared\n")
    return 0


_MODES = frozenset({"allow", "ignore", "deny", "default", "foreground"})


def appops(phone: PhoneDevice, call: CommandCall) -> int:
    """``appops set PACKAGE OPERATION MODE | get PACKAGE [OPERATION] | reset | query-op OPERATION [MODE]``."""
    words = [word for word in call.argv[1:] if word not in ("--uid",)]
    take_option(words, "--user")
    name, rest = (words[0], words[1:]) if words else ("", [])
    if name == "reset":
        phone.state.operations.clear()
        call.out("Reset all modes to default\n" if not rest else "")
        return 0
    if name not in ("set", "get", "query-op") or not rest:
        call.write_error(f"Unknown command: {name}\n".encode() if name else b"AppOps service (appops) commands:\n")
        return 255
    known, asked = phone.state.operations, [_operation(word) for word in rest[1:2]]
    if name == "query-op":
        call.out("".join(f"{package}\n" for (package, op), mode in known.items()
                         if op == _operation(rest[0]) and rest[1:] in ([], [mode])) or "No operations.\n")  # fmt: skip
        return 0
    if rest[0] not in apps():
        call.write_error(f"Error: No UID for {rest[0]} in user 0\n".encode())
        return 255
    if name == "get":
        found = [(op, mode) for (package, op), mode in known.items() if package == rest[0] and asked in ([], [op])]
        call.out("".join(f"{op}: {mode}\n" for op, mode in found) or "No operations.\n")
        return 0
    if len(rest) != 3 or rest[2] not in _MODES:
        call.write_error(f"Error: Mode {rest[2] if len(rest) > 2 else ''} is not valid\n".encode())
        return 255
    known[rest[0], asked[0]] = rest[2]
    return 0


def _operation(name: str) -> str:
    return name.removeprefix("android:").upper()


def device_config(phone: PhoneDevice, call: CommandCall) -> int:
    """``device_config get|put|delete NAMESPACE NAME [VALUE] | list [NAMESPACE]``."""
    words, flags = list(call.argv[1:]), phone.state.flags
    name, rest = (words[0], words[1:]) if words else ("", [])
    if name == "get" and len(rest) == 2:
        call.out(f"{flags.get((rest[0], rest[1]), 'null')}\n")
    elif name == "put" and len(rest) in (3, 4):
        flags[rest[0], rest[1]] = rest[2]
    elif name == "delete" and len(rest) == 2:
        there = flags.pop((rest[0], rest[1]), None) is not None
        call.out(
            f"Successfully deleted {rest[1]} from {rest[0]}\n"
            if there
            else f"Failed to delete {rest[1]} from {rest[0]}\n"
        )
    elif name == "list":
        found = ((space, f"{key}={value}\n") for (space, key), value in sorted(flags.items()) if rest in ([], [space]))
        call.out("".join(text if rest else f"{space}/{text}" for space, text in found))
    elif name in ("set_sync_disabled_for_tests", "get_sync_disabled_for_tests", "reset"):
        call.out("none\n" if name.startswith("get") else "")
    else:
        call.write_error(b"Bad arguments\n")
        return 255
    return 0


def run_as(phone: PhoneDevice, call: CommandCall) -> int:
    """``run-as PACKAGE COMMAND``: as on a device no app of which can be debugged."""
    package = call.argv[1] if len(call.argv) > 1 else ""
    if not package:
        call.write_error(b"run-as: usage: run-as <package-name> [--user <uid>] <command> [<args>]\n")
        return 1
    return call.fail(f"package not debuggable: {package}" if package in apps() else f"unknown package: {package}")


def ping(phone: PhoneDevice, call: CommandCall) -> int:
    """``ping HOST``: only the phone itself answers; there is no network."""
    words = list(call.argv[1:])
    count, _, _, _ = (take_option(words, option) for option in ("-c", "-W", "-w", "-i"))
    host = next((word for word in words if not word.startswith("-")), "")
    if not host:
        return call.fail("usage: ping [-c count] [-W timeout] destination", 2)
    if host not in ("127.0.0.1", "localhost"):
        numbers = re.fullmatch(r"[\d.]+", host)
        call.write_error(b"connect: Network is unreachable\n" if numbers else f"ping: unknown host {host}\n".encode())
        return 2
    most = min(int(count), 10) if count and count.isdecimal() else 1
    call.out(f"PING {host} (127.0.0.1) 56(84) bytes of data.\n" + "".join(
        f"64 bytes from 127.0.0.1: icmp_seq={n} ttl=64 time=0.040 ms\n" for n in range(1, most + 1)))  # fmt: skip
    call.out(f"\n--- {host} ping statistics ---\n{most} packets transmitted, {most} received, 0% packet loss, "
             "time 0ms\nrtt min/avg/max/mdev = 0.040/0.040/0.040/0.000 ms\n")  # fmt: skip
    return 0


def netstat(phone: PhoneDevice, call: CommandCall) -> int:
    """``netstat [-atunlp]``: the ports that programs of the phone listen on."""
    call.out("Active Internet connections (only servers)\n" if "l" in "".join(call.argv[1:]) else
             "Active Internet connections (w/o servers)\n")  # fmt: skip
    call.out("Proto Recv-Q Send-Q Local Address           Foreign Address         State\n")
    call.out(
        "".join(
            f"tcp        0      0 {name.replace('tcp', '127.0.0.1'):<23} {'0.0.0.0:*':<23} LISTEN\n"
            for name in phone.listeners
            if name.startswith("tcp:")
        )
    )
    return 0


def _root_only(phone: PhoneDevice, call: CommandCall) -> int:
    """``start`` and ``stop``: for root; nothing else of the phone is stopped."""
    if not phone.root:
        return call.fail("must be root")
    return 0


_MOUNTS = """/dev/simulated on / type ext4 (ro,seclabel,nodev,noatime)
tmpfs on /dev type tmpfs (rw,seclabel,nosuid,relatime,mode=755)
proc on /proc type proc (rw,relatime,gid=3009,hidepid=invisible)
sysfs on /sys type sysfs (rw,seclabel,relatime)
/dev/simulated on /data type ext4 (rw,seclabel,nosuid,nodev,noatime)
/dev/fuse on /storage/emulated type fuse (rw,nosuid,nodev,noexec,noatime)
"""


def mount(phone: PhoneDevice, call: CommandCall) -> int:
    """``mount``: what is mounted; nothing can be mounted anew."""
    if len(call.argv) > 1:
        return call.fail(f"'{call.argv[-1]}': Permission denied")
    call.out(_MOUNTS)
    return 0


def _answer(phone: PhoneDevice, call: CommandCall) -> int:
    """A program that always says the same."""
    status = fixed_answer(call)
    return call.fail(f"Unknown argument: {shlex.join(call.argv[1:])}") if status is None else status


def su(phone: PhoneDevice, call: CommandCall) -> int:
    """``su [0|root] [-c] COMMAND`` where adbd runs as root; elsewhere it is not there, as on production devices."""
    if not phone.root:
        call.write_error(b"/system/bin/sh: su: inaccessible or not found\n")
        return 127
    words = [word for n, word in enumerate(call.argv[1:]) if not (n == 0 and word in ("0", "root"))]
    line = " ".join(words[1:]) if words[:1] == ["-c"] else shlex.join(words)
    return call.shell.run(line, replace(call))


SYSTEM_PROGRAMS: Mapping[str, Program] = {
    "locksettings": locksettings, "appops": appops, "device_config": device_config, "run-as": run_as, "ping": ping,
    "netstat": netstat, "start": _root_only, "stop": _root_only, "mount": mount, "su": su,
    **dict.fromkeys(set(ANSWERS) - {"am", "pm", "cmd"}, _answer),
}  # fmt: skip
"""By name."""
