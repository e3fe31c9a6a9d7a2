"""The namespaces of a sandbox's programs: bubblewrap's command line, shared folders, network.

Programs get own user, mount, pid, ipc, uts and network namespaces, no capability, a new ``/proc`` and ``/tmp``, the
system's programs read-only, the parts of ``/etc`` that programs read, the sandbox's home, the socket of the private
display, and the folders that are shared. Everything else of the machine does not exist for them.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from envs.env import EnvError

Network = Literal["none", "loopback", "hosts", "full"]
"""``none``: programs reach each other. ``loopback``: also the TCP ports that this user's programs listen on at
127.0.0.1 of this machine. ``hosts``: also the hosts of a list, through a proxy (`envs.host_proxy`). ``full``: this
machine's network, its abstract sockets included."""

USER = ("user", 1000)
"""The name and number that programs run as, whoever runs the sandbox."""
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"

_ETC = ("X11", "alternatives", "bash.bashrc", "ca-certificates", "chromium", "chromium.d", "dconf", "debian_version",
        "dictionaries-common", "fonts", "ghostscript", "glvnd", "gtk-2.0", "gtk-3.0", "host.conf", "inputrc",
        "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "libreoffice", "locale.alias", "localtime", "magic", "magic.mime",
        "mime.types", "nsswitch.conf", "os-release", "papersize", "profile", "profile.d", "protocols", "python3",
        f"python3.{sys.version_info.minor}", "services", "ssl/certs", "ssl/openssl.cnf", "terminfo", "timezone", "vim",
        "xdg")  # fmt: skip
_SYSTEM = ("/usr", "/etc", "/proc", "/dev", "/sys", "/run", "/bin", "/lib", "/lib64", "/sbin")
_ETC_FULL = ("gai.conf", "hosts", "resolv.conf")
_STARTER = Path(__file__).with_name("sandbox_programs.py")
_INSIDE = "/run/handeye/sandbox_programs.py"


@dataclass(frozen=True)
class SharedFolder:
    """A folder or file of this machine that programs see at its own path."""

    path: Path
    writable: bool = True

    @property
    def arguments(self) -> list[str]:
        """bubblewrap's."""
        return ["--bind" if self.writable else "--ro-bind", str(self.path), str(self.path)]


def read_share(text: str) -> SharedFolder:
    """``DIR`` or ``DIR:ro``. Raises `EnvError` for what does not exist or would replace a part of the system."""
    name, read_only = (text[:-3], True) if text.endswith(":ro") else (text, False)
    path = Path(name).expanduser().resolve()
    if not path.exists():
        raise EnvError(f"no folder {path}: share one that exists")
    if path in (Path("/"), Path("/tmp")) or any(path.is_relative_to(part) for part in _SYSTEM):  # noqa: S108
        raise EnvError(f"{path} is a part of the system: share a folder of your own")
    return SharedFolder(path, not read_only)


def check_available() -> str:
    """The path of bubblewrap. Raises `EnvError`."""
    found = shutil.which("bwrap")
    if found is None:
        raise EnvError("bubblewrap is missing: install it with: sudo apt install bubblewrap; "
                       "--no-isolation runs the programs as you, with your files and network")  # fmt: skip
    return found


def isolated_command(home: Path, display: str, shares: Sequence[SharedFolder], network: Network) -> list[str]:
    """The command line that starts `envs.sandbox_programs` in the namespaces.

    `home` is the supervisor's folder, in which ``home`` is the programs' own, and `display` the private one (``:99``).
    """
    socket = f"/tmp/.X11-unix/X{display[1:]}"  # noqa: S108
    name, number = USER
    return [
        check_available(), "--unshare-all", *(["--share-net"] if network == "full" else []), "--die-with-parent",
        "--new-session", "--cap-drop", "ALL", "--uid", str(number), "--gid", str(number), "--hostname", "sandbox",
        "--proc", "/proc", "--dev", "/dev", "--size", str(1 << 30), "--tmpfs", "/tmp",  # noqa: S108
        *_system(), *_etc(network), "--ro-bind", str(_passwd(home, name, number)), "/etc/passwd",
        "--ro-bind", str(home / "group"), "/etc/group", "--ro-bind", socket, socket,
        "--ro-bind", str(_STARTER), _INSIDE, "--bind", str(home / "home"), str(home / "home"),
        *(argument for share in shares for argument in share.arguments), "--chdir", "/", "--clearenv",
        "--", _python(), "-I", "-S", _INSIDE,
    ]  # fmt: skip


def _system() -> list[str]:
    """Programs and libraries, read-only, and the caches without which they start slowly."""
    arguments = ["--ro-bind", "/usr", "/usr"]
    for folder in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/", folder)
        if path.is_symlink():
            arguments += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            arguments += ["--ro-bind", str(path), str(path)]
    base = Path(_python())
    if not base.is_relative_to("/usr"):
        arguments += ["--ro-bind", sys.base_prefix, sys.base_prefix]
    for cache in ("/opt", "/var/cache/fontconfig", "/var/lib/aspell", "/var/lib/dictionaries-common"):
        arguments += ["--ro-bind-try", cache, cache]
    return arguments


def _etc(network: Network) -> list[str]:
    names = (*_ETC, *(_ETC_FULL if network == "full" else ()))
    return [part for name in names for part in ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")]


def _passwd(home: Path, name: str, number: int) -> Path:
    """A user list of one, beside a group list."""
    (home / "group").write_text(f"{name}:x:{number}:\n")
    passwd = home / "passwd"
    passwd.write_text(f"{name}:x:{number}:{number}:{name}:{home / 'home'}:/bin/bash\n")
    return passwd


def _python() -> str:
    """The system's interpreter, which is in ``/usr``, else this process's."""
    system = Path("/usr/bin/python3")
    return str(system if system.exists() else Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}"))


def listening_ports() -> list[int]:
    """The TCP ports that programs of this user listen on at this machine's IPv4 loopback."""
    ports = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, *_, owner = line.split()[:8]
        address, port = local.split(":")
        if state == "0A" and int(owner) == os.getuid() and address in ("0100007F", "00000000"):
            ports.append(int(port, 16))
    return sorted(set(ports))
