"""The files that Android makes itself, for reading: ``/proc``, ``/sys`` and ``/system``.

They are written when a path below one of these folders is looked up. Figures of memory and processors are fixed, and
times are the phone's own.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from envs.phone.phone_facts import MAC
from envs.phone.running import ListedProcess
from envs.phone.state import State

ROOTS = ("proc", "sys", "system")
MEMORY = {"MemTotal": 4_030_928, "MemFree": 1_214_800, "MemAvailable": 2_511_396, "Buffers": 8_264, "Cached": 1_402_256,
          "SwapCached": 0, "Active": 912_640, "Inactive": 1_102_336, "SwapTotal": 0, "SwapFree": 0, "Dirty": 96,
          "AnonPages": 604_420, "Mapped": 512_088, "Shmem": 12_404, "Slab": 161_296}  # fmt: skip
"""Of ``/proc/meminfo``, in KiB."""
CORES = 4
TICKS = 100
"""The parts of a second in which the kernel counts times."""
_SOCKETS = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
_SOCKETS6 = _SOCKETS.replace("rem_address   ", "rem_address   ").replace(
    "local_address rem_address", "local_address                         remote_address                       "
)
VERSION = "Linux version 5.15.0-handeye-simulated (handeye@simulated) #1 SMP PREEMPT Mon Mar 16 09:30:00 UTC 2026"


def seconds_up(state: State) -> float:
    """Since the phone's time began, and a minute more."""
    return 60 + (state.clock.now() - state.clock.start).total_seconds()


class SystemFiles:
    """Writes the files of a `state`'s storage; `processes` are those that run, `programs` the names of commands."""

    def __init__(self, state: State, processes: Callable[[], Iterable[ListedProcess]], programs: Iterable[str]) -> None:
        self._state, self._processes, self._programs = state, processes, tuple(programs)
        self._written: dict[str, str] = {}

    def write(self, root: Path, path: str) -> None:
        """Make those of the top folder of `path`, a path relative to the phone's `root`; links are never followed."""
        top = path.partition("/")[0]
        made = {"proc": self._proc, "sys": self._sys, "system": self._system}[top]()
        for name, text in made.items():
            there = root / top / name
            if self._written.get(str(there)) != text or not there.is_file() or there.is_symlink():
                there.parent.mkdir(parents=True, exist_ok=True)
                if os.path.realpath(there.parent) == str(there.parent):
                    self._written[str(there)] = text
                    _replace(there, text)
        if top == "proc":
            self._remove_ended(root / top)

    def _remove_ended(self, folder: Path) -> None:
        alive = {str(one.pid) for one in self._processes()}
        for entry in [entry for entry in folder.iterdir() if entry.name.isdecimal() and entry.name not in alive]:
            entry.unlink() if entry.is_symlink() else shutil.rmtree(entry, ignore_errors=True)

    def _proc(self) -> Mapping[str, str]:
        up = seconds_up(self._state)
        idle = int(up * TICKS)
        cpu = "{} 0 {} {} 12 0 3 0 0 0\n"
        busy = idle // 20
        found = {
            "version": VERSION + "\n",
            "uptime": f"{up:.2f} {up * CORES * 0.9:.2f}\n",
            "loadavg": "0.12 0.08 0.05 1/312 4242\n",
            "cmdline": "androidboot.hardware=simulated androidboot.serialno=HANDEYESIM\n",
            "filesystems": "nodev\tproc\nnodev\ttmpfs\n\text4\n",
            "mounts": "/dev/simulated /data ext4 rw,seclabel,nosuid,nodev,noatime 0 0\nproc /proc proc rw 0 0\n",
            "meminfo": "".join(f"{name + ':':<15} {value:>8} kB\n" for name, value in MEMORY.items()),
            "cpuinfo": "".join(_processor(n) for n in range(CORES)),
            "stat": f"cpu  {cpu.format(busy * CORES, busy * CORES, idle * CORES)}"
            + "".join(f"cpu{n} {cpu.format(busy, busy, idle)}" for n in range(CORES))
            + f"intr 0\nctxt {idle * 40}\nbtime 1773653340\nprocesses 4300\nprocs_running 1\nprocs_blocked 0\n",
            "net/tcp": _SOCKETS,
            "net/tcp6": _SOCKETS6,
            "net/unix": "Num       RefCount Protocol Flags    Type St Inode Path\n",
            "net/arp": "IP address       HW type     Flags       HW address            Mask     Device\n",
            "net/dev": "Inter-|   Receive                                                |  Transmit\n"
            " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo "
            "colls carrier compressed\n" + "".join(f"{name:>6}:" + "       0" * 16 + "\n" for name in ("lo", "wlan0")),
            "net/route": "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n",
        }
        for one in self._processes():
            found |= {f"{one.pid}/{name}": text for name, text in _of_process(one).items()}
        return found

    def _sys(self) -> Mapping[str, str]:
        kinds = ("scaling_cur_freq", "cpuinfo_max_freq", "cpuinfo_min_freq", "scaling_max_freq", "scaling_min_freq")
        cpu = {f"devices/system/cpu/cpu{n}/cpufreq/{kind}": "1800000\n" for n in range(CORES) for kind in kinds}
        battery = self._state.battery
        return cpu | {
            "devices/system/cpu/online": f"0-{CORES - 1}\n", "devices/system/cpu/possible": f"0-{CORES - 1}\n",
            "devices/system/cpu/present": f"0-{CORES - 1}\n",
            "class/net/wlan0/address": MAC + "\n", "class/net/wlan0/operstate": "up\n",
            "class/power_supply/battery/capacity": f"{battery['level']}\n",
            "class/power_supply/battery/temp": f"{battery['temp']}\n",
            "class/power_supply/battery/status": "Charging\n" if battery["status"] == "2" else "Discharging\n",
            "class/thermal/thermal_zone0/temp": "31000\n", "class/thermal/thermal_zone0/type": "cpu\n",
        }  # fmt: skip

    def _system(self) -> Mapping[str, str]:
        known = self._state.properties
        props = "".join(f"{name}={value}\n" for name, value in sorted(known.items()) if name.startswith("ro."))
        return {"build.prop": props} | {f"bin/{name}": "" for name in self._programs}


def _replace(there: Path, text: str) -> None:
    """Put a file at `there`, whole at once, in the place of a file or a link."""
    handle, name = tempfile.mkstemp(dir=there.parent)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    os.chmod(name, 0o755 if there.parent.name == "bin" else 0o444)
    os.replace(name, there)


def _processor(number: int) -> str:
    return (
        f"processor\t: {number}\nvendor_id\t: Handeye\nmodel name\t: simulated\ncpu MHz\t\t: 1800.000\n"
        f"cache size\t: 4096 KB\nphysical id\t: 0\nsiblings\t: {CORES}\ncore id\t\t: {number}\ncpu cores\t: {CORES}\n"
        "bogomips\t: 3600.00\nHardware\t: simulated\n\n"
    )


def _of_process(one: ListedProcess) -> Mapping[str, str]:
    """``stat``, ``status``, ``cmdline`` and others; sizes are those of `ListedProcess`."""
    name, pages = one.name[-15:], one.resident // 4
    zeros = " ".join(["0"] * 28)
    return {
        "stat": f"{one.pid} ({name}) S {one.parent} {one.pid} 0 0 -1 4194560 900 0 0 0 12 6 0 0 20 0 4 0 6000 "
        f"{one.virtual * 1024} {pages} 18446744073709551615 {zeros}\n",
        "statm": f"{one.virtual // 4} {pages} {pages // 2} 8 0 {pages} 0\n",
        "status": f"Name:\t{name}\nUmask:\t0077\nState:\tS (sleeping)\nTgid:\t{one.pid}\nPid:\t{one.pid}\n"
        f"PPid:\t{one.parent}\n"
        f"Uid:\t{one.uid}\t{one.uid}\t{one.uid}\t{one.uid}\nGid:\t{one.uid}\t{one.uid}\t{one.uid}\t{one.uid}\n"
        f"VmSize:\t{one.virtual:>8} kB\nVmRSS:\t{one.resident:>8} kB\nThreads:\t4\n",
        "cmdline": one.name + "\0",
        "comm": name + "\n",
        "oom_score_adj": "0\n",
    }
