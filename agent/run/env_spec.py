"""`EnvSpec`: which screen a command names, and opening it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args

from actions.dryrun import DryRunBackend
from actions.errors import did_you_mean
from agent.core.errors import UserError
from agent.models.dialects.dialect import Platform
from agent.plugins import PlugIn, find, installed
from envs.accessibility import Accessibility, desktop_address
from envs.desktop import DesktopEnv
from envs.env import Env
from envs.isolation import Network
from envs.sandbox import SandboxEnv
from envs.settle import Rules

EnvKind = Literal["desktop", "sandbox", "browser", "android", "phone"]
KINDS: tuple[EnvKind, ...] = get_args(EnvKind)
SANDBOXES: tuple[EnvKind, ...] = ("sandbox", "browser")
"""The kinds that are a private display."""


@dataclass(frozen=True)
class EnvSpec:
    """Which screen to open. `apps` are started on the sandbox first, `programs` may be opened on it; `size` and
    `monitors` shape it. Its programs are in namespaces of their own, with the folders to `share` (``DIR`` or
    ``DIR:ro``) and the `network` that is given, unless `isolated` is False; `hosts` are those of the network ``hosts``,
    and `denied_hosts` not. With `accessibility` they tell their elements, which takes them time (`envs.accessibility`).

    `kind` is one of `KINDS`, the name of an installed plug-in, or ``module:object``. ``android`` is the device with
    `serial` (None: the only one), on the `display` with this logical id (None: the first), ``browser`` a sandbox with
    Chromium (or the browser in `apps`), where an `open` goes through its address bar, ``phone`` a simulated one for
    this run. `size` is 1280x800 and there is one monitor where nothing is said.
    """

    kind: str = "desktop"
    apps: Sequence[str] = ()
    size: tuple[int, int] | None = None
    monitors: int | None = None
    monitor: int | None = None
    dry_run: bool = False
    serial: str | None = None
    display: int | None = None
    programs: Sequence[str] = ()
    share: Sequence[str] = ()
    network: Network | None = None
    isolated: bool = True
    hosts: Sequence[str] = ()
    denied_hosts: Sequence[str] = ()
    accessibility: bool = False

    @property
    def platform(self) -> Platform:
        """Which action schema fits."""
        return "mobile" if self.kind in ("android", "phone") else "desktop"

    @property
    def exposed(self) -> bool:
        """Whether files, programs or a network of the user's can be reached from it."""
        made = self.kind in (*SANDBOXES, "phone")
        return not made or bool(self.share) or self.network not in (None, "none") or not self.isolated


def open_env(spec: EnvSpec | str, rules: Rules | None = None) -> Env:
    """Open the env; `rules` say when a desktop has settled.

    Raises `EnvError` with what to do next, and `UserError` for an unknown kind and options that do not go together.
    """
    spec = EnvSpec(spec) if isinstance(spec, str) else spec
    check_env(spec)
    if plugin := env_plugin(spec):
        return cast(Env, plugin.instance(Env))
    if spec.kind in SANDBOXES:
        return SandboxEnv(
            apps=spec.apps or (("chromium",) if spec.kind == "browser" else ()),
            programs=spec.programs,
            size=spec.size or (1280, 800),
            monitors=spec.monitors or 1,
            monitor=(spec.monitor or 1) - 1,
            make_backend=(lambda display: DryRunBackend()) if spec.dry_run else None,
            rules=rules,
            isolated=spec.isolated,
            share=spec.share,
            network=spec.network or "none",
            hosts=spec.hosts,
            denied_hosts=spec.denied_hosts,
            address_bar=spec.kind == "browser",
            accessibility=spec.accessibility,
        )
    if spec.platform == "mobile":
        from envs.android import AndroidEnv, SimulatedPhoneEnv

        if spec.kind == "phone":
            return SimulatedPhoneEnv(dry_run=spec.dry_run)
        return AndroidEnv(spec.serial, display=spec.display or 0, dry_run=spec.dry_run)
    which = None if spec.monitor is None else spec.monitor - 1
    tells = Accessibility(desktop_address) if sys.platform.startswith("linux") else None
    backend = DryRunBackend() if spec.dry_run else None
    return DesktopEnv(monitor=which, backend=backend, rules=rules, accessibility=tells)


def env_plugin(spec: EnvSpec) -> PlugIn | None:
    """The env from outside that `spec` names; None for one of `KINDS`. Raises `UserError` for an unknown name."""
    if spec.kind in KINDS:
        return None
    plugin = find("envs", spec.kind)
    if plugin is None:
        known = [*KINDS, *installed("envs")]
        meant = did_you_mean(spec.kind, known)
        raise UserError(f"unknown env {spec.kind!r}.{meant} --env takes {', '.join(known)}, or module:object")
    return plugin


def check_env(spec: EnvSpec) -> None:
    """Raise `UserError` for options that do not go together."""
    private = spec.kind in SANDBOXES
    if not private and spec.apps:
        raise UserError("--app starts a program on the sandbox: add --env sandbox, or start the program yourself")
    if not private and (spec.share or spec.network or not spec.isolated):
        raise UserError("--share, --network and --no-isolation are the sandbox's: add --env sandbox")
    if not private and spec.accessibility:
        raise UserError("accessibility is the sandbox's: leave it out")
    if not spec.isolated and (spec.share or spec.network):
        raise UserError("--no-isolation gives programs all your files and network: leave --share and --network out")
    if spec.network == "hosts" and not spec.hosts:
        raise UserError("--network hosts reaches what --allow-hosts names: run with --allow-hosts HOST, or without it")
    if not private and (spec.size or spec.monitors):
        option = "--size" if spec.size else "--monitors"
        raise UserError(f"{option} shapes the sandbox: add --env sandbox, or leave it out")
    if spec.monitor is not None and spec.kind not in ("desktop", *SANDBOXES):
        raise UserError(f"--monitor has no effect with --env {spec.kind}: leave it out")
    if spec.serial is not None and spec.kind != "android":
        raise UserError("--serial names an Android device: add --env android")
    if spec.display is not None and spec.kind != "android":
        raise UserError("--display chooses a display of an Android device: add --env android")
    if spec.dry_run and spec.kind not in KINDS:
        raise UserError(f"--dry-run has no effect with --env {spec.kind}: leave it out")
    wanted, there = spec.monitor or 1, spec.monitors or 1
    if private and wanted > there:
        raise UserError(f"--monitor {wanted}: the sandbox has {there}; add --monitors {wanted}")
