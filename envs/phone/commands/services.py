"""What ``dumpsys`` says of memory, frames, processors, the battery, Doze, and of services in which nothing happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from string import Template

from envs.phone.apps import apps
from envs.phone.commands.answers import DUMPS
from envs.phone.device import PhoneDevice
from envs.phone.phone_facts import ADDRESS, MAC
from envs.phone.running import FIRST_APP, ListedProcess, running
from envs.phone.system_files import MEMORY, seconds_up

Dump = Callable[[PhoneDevice, tuple[str, ...]], str]


def quiet(name: str) -> Dump:
    """The dump of a service in which nothing happens."""
    return lambda phone, words: Template(DUMPS[name]).substitute(_Facts(phone))


class _Facts(dict[str, object]):
    """The places of the dumps, each looked up when it is wanted."""

    def __init__(self, phone: PhoneDevice) -> None:
        super().__init__()
        self._phone = phone

    def __missing__(self, name: str) -> object:
        return _FACTS[name](self._phone)


def _setting(phone: PhoneDevice, namespace: str, name: str) -> str:
    return phone.state.get(namespace, name) or "0"


def _wifi(phone: PhoneDevice) -> bool:
    return _setting(phone, "global", "wifi_on") == "1"


def _bluetooth(phone: PhoneDevice) -> bool:
    return _setting(phone, "global", "bluetooth_on") == "1"


_NIGHTS = {"0": "auto", "1": "no", "2": "yes"}
_FACTS: Mapping[str, Callable[[PhoneDevice], object]] = {
    "now": lambda phone: int(phone.state.clock.now().timestamp() * 1000),
    "up": lambda phone: int(seconds_up(phone.state)),
    "ring": lambda phone: _setting(phone, "system", "volume_ring"),
    "music": lambda phone: _setting(phone, "system", "volume_music"),
    "alarm": lambda phone: _setting(phone, "system", "volume_alarm"),
    "bluetooth": lambda phone: str(_bluetooth(phone)).lower(),
    "bluetooth_state": lambda phone: "ON" if _bluetooth(phone) else "OFF",
    "name": lambda phone: _setting(phone, "global", "device_name"),
    "wifi": lambda phone: str(_wifi(phone)).lower(),
    "wifi_word": lambda phone: "enabled" if _wifi(phone) else "disabled",
    "ssid": lambda phone: '"simulated"' if _wifi(phone) else "<unknown ssid>",
    "mac": lambda phone: MAC,
    "address": lambda phone: ADDRESS,
    "supplicant": lambda phone: "COMPLETED" if _wifi(phone) else "DISCONNECTED",
    "network": lambda phone: 100 if _wifi(phone) else "none",
    "networks": lambda phone: "  NetworkAgentInfo{network{100} ni{WIFI CONNECTED} Score(60)}\n" if _wifi(phone) else "",
    "size": lambda phone: phone.storage.capacity // 1024,
    "free": lambda phone: phone.free() // 1024,
    "percent": lambda phone: 100 * phone.free() // phone.storage.capacity,
    "located": lambda phone: str(_setting(phone, "secure", "location_mode") != "0").lower(),
    "locked": lambda phone: int(bool(phone.look()["locked"])),
    "night": lambda phone: _setting(phone, "secure", "ui_night_mode"),
    "is_night": lambda phone: str(_setting(phone, "secure", "ui_night_mode") == "2").lower(),
    "night_word": lambda phone: _NIGHTS.get(_setting(phone, "secure", "ui_night_mode"), "unknown"),
}


def _memory_of(one: ListedProcess) -> str:
    """The table of one app; its parts are fixed shares of its resident memory."""
    total = one.resident
    parts = {"Native Heap": total // 4, "Dalvik Heap": total // 10, "Stack": total // 100, ".so mmap": total // 5,
             ".apk mmap": total // 50, ".dex mmap": total // 10, "Unknown": total // 20}  # fmt: skip
    parts["Other dev"] = total - sum(parts.values())
    rows = "".join(f"{name:>16} {size:>8} {size:>8} {0:>8} {0:>8} {size:>8}\n" for name, size in parts.items())
    return (
        f"\n** MEMINFO in pid {one.pid} [{one.name}] **\n"
        "                   Pss  Private  Private  SwapPss      Rss     Heap     Heap     Heap\n"
        "                 Total    Dirty    Clean    Dirty    Total     Size    Alloc     Free\n"
        "                ------   ------   ------   ------   ------   ------   ------   ------\n"
        f"{rows}           TOTAL {total:>8} {total:>8} {0:>8} {0:>8} {total:>8}\n \n App Summary\n"
        "                       Pss(KB)                        Rss(KB)\n"
        "                        ------                         ------\n"
        + "".join(f"{name:>21}: {size:>8}                       {size:>8}\n" for name, size in (
            ("Java Heap", total // 10), ("Native Heap", total // 4), ("Code", total // 3), ("Stack", total // 100),
            ("Graphics", 0), ("Private Other", total // 20), ("System", total // 4)))
        + f" \n           TOTAL PSS: {total:>8}            TOTAL RSS: {total:>8}      TOTAL SWAP PSS: {0:>8}\n"
    )  # fmt: skip


def _header(phone: PhoneDevice, title: str) -> str:
    up = int(seconds_up(phone.state) * 1000)
    return f"Applications {title} (in Kilobytes):\nUptime: {up} Realtime: {up}\n"


def meminfo(phone: PhoneDevice, words: tuple[str, ...]) -> str:
    """Of one app, or of all and the whole."""
    found = running(phone.look()["tasks"], ())
    asked = next((word for word in words if not word.startswith("-")), "")
    if asked:
        named = [one for one in found if asked in (one.name, str(one.pid))]
        return _header(phone, "Memory Usage") + _memory_of(named[0]) if named else f"No process found for: {asked}\n"
    total, free, by_size = MEMORY["MemTotal"], MEMORY["MemFree"], sorted(found, key=lambda one: -one.resident)
    return (
        _header(phone, "Memory Usage") + "\nTotal PSS by process:\n"
        + "".join(f"{one.resident:>11,}K: {one.name} (pid {one.pid})\n" for one in by_size)
        + f"\nTotal RAM: {total:>9,}K (status normal)\n Free RAM: {free:>9,}K\n Used RAM: {total - free:>9,}K\n"
        f" Lost RAM: {0:>9,}K\n"
    )  # fmt: skip


def gfxinfo(phone: PhoneDevice, words: tuple[str, ...]) -> str:
    """Frames of one app, of which none is counted."""
    up = int(seconds_up(phone.state) * 1000)
    told = f"Applications Graphics Acceleration Info:\nUptime: {up} Realtime: {up}\n"
    tasks = phone.look()["tasks"]
    if not words or words[0] not in tasks:
        return told if not words else f"No process found for: {words[0]}\n"
    return (
        f"{told}\n** Graphics info for pid {FIRST_APP + tasks.index(words[0])} [{words[0]}] **\n\nStats since: 0ns\n"
        "Total frames rendered: 0\nJanky frames: 0 (0.00%)\n50th percentile: 0ms\n90th percentile: 0ms\n"
        "95th percentile: 0ms\n99th percentile: 0ms\nNumber Missed Vsync: 0\n"
        "Number High input latency: 0\nNumber Slow UI thread: 0\n"
    )


def cpuinfo(phone: PhoneDevice, words: tuple[str, ...]) -> str:
    """A quiet phone."""
    found = running(phone.look()["tasks"], ())
    lines = "".join(f"  0% {one.pid}/{one.name}: 0% user + 0% kernel\n" for one in found if one.user != "root")
    whole = "0.7% TOTAL: 0.4% user + 0.3% kernel"
    return f"Load: 0.12 / 0.08 / 0.05\nCPU usage from 60000ms to 0ms ago:\n{lines}{whole}\n"


def deviceidle(phone: PhoneDevice, words: tuple[str, ...]) -> str:
    """``whitelist [+|-PACKAGE]`` and other commands of Doze, in which the phone never is."""
    allowed = phone.state.always_awake
    if words[:1] == ("whitelist",) and len(words) == 2:
        package = words[1][1:]
        if package not in apps():
            return f"Unknown package: {package}\n"
        (allowed.add if words[1][0] == "+" else allowed.discard)(package)
        return f"{'Added' if words[1][0] == '+' else 'Removed'}: {package}\n"
    if words[:1] == ("whitelist",):
        uids = {name: 10_000 + n for n, name in enumerate(apps())}
        return "system-excidle,com.android.shell,2000\n" + "".join(f"user,{p},{uids[p]}\n" for p in sorted(allowed))
    said = {"get": "ACTIVE\n", "force-idle": "Unable to go deep idle; stopped at ACTIVE\n", "enabled": "1\n",
            "unforce": "Light state: ACTIVE, deep state: ACTIVE\n", "step": "Stepped to deep: ACTIVE\n"}  # fmt: skip
    usual = (
        "  Settings:\n    light_after_inactive_to=+4m0s0ms\n  mLightEnabled=true  mDeepEnabled=true\n"
        "  mForceIdle=false\n  mScreenOn=true\n  mState=ACTIVE mLightState=ACTIVE\n"
    )
    return said.get(words[0] if words else "", usual)


def battery(phone: PhoneDevice, words: tuple[str, ...]) -> str:
    """``[set NAME VALUE | unplug | reset]``."""
    from_start, now = words[:1], phone.state.battery
    if from_start == ("set",) and len(words) >= 3 and words[1] in now and words[2].lstrip("-").isdecimal():
        now[words[1]] = words[2]
        return ""
    if from_start == ("unplug",):
        now.update(ac="0", usb="0", wireless="0", dock="0", status="3")
        return ""
    if from_start == ("reset",):
        phone.state.reset_battery()
        return ""
    if from_start == ("get",) and len(words) == 2 and words[1] in now:
        return f"{now[words[1]]}\n"
    if words and words[0] not in ("-a",):
        return f"Unknown set option: {words[1]}\n" if len(words) > 1 else f"Unknown command: {words[0]}\n"
    flags = {name: "true" if now[name] != "0" else "false" for name in ("ac", "usb", "wireless", "dock", "present")}
    return (
        f"Current Battery Service state:\n  AC powered: {flags['ac']}\n  USB powered: {flags['usb']}\n"
        f"  Wireless powered: {flags['wireless']}\n  Dock powered: {flags['dock']}\n"
        "  Max charging current: 0\n  Max charging voltage: 0\n"
        f"  Charge counter: {now['counter']}\n  status: {now['status']}\n  health: {now['health']}\n"
        f"  present: {flags['present']}\n  level: {now['level']}\n  scale: 100\n"
        f"  voltage: 4200\n  temperature: {now['temp']}\n  technology: simulated\n"
    )


QUIET: Mapping[str, Dump] = {
    **{name: quiet(name) for name in DUMPS}, "meminfo": meminfo, "gfxinfo": gfxinfo, "cpuinfo": cpuinfo,
    "deviceidle": deviceidle, "battery": battery,
}  # fmt: skip
"""By name."""
