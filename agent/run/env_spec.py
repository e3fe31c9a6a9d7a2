"""`EnvSpec`: which screen a command names, and opening it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from actions.dryrun import DryRunBackend
from agent.core.errors import UserError
from agent.models.dialects.dialect import Platform
from envs.desktop import DesktopEnv
from envs.env import Env
from envs.isolation import Network
from envs.sandbox import SandboxEnv
from envs.settle import Rules

EnvKind = Literal["desktop", "sandbox", "android", "phone"]


@dataclass(frozen=True)
class EnvSpec:
    """Which screen to open. `apps` are started on the sandbox first, `programs` may be opened on it; `size` and
    `monitors` shape it. Its programs are in namespaces of their own, with the folders to `share` (``DIR`` or
    ``DIR:ro``) and the `network` that is given, unless `isolated` is False.

    ``android`` is the device with `serial` (None: the only one), ``phone`` a simulated one for this run.
    """

    kind: EnvKind = "desktop"
    apps: Sequence[str] = ()
    size: tuple[int, int] = (1280, 800)
    monitors: int = 1
    monitor: int | None = None
    dry_run: bool = False
    serial: str | None = None
    programs: Sequence[str] = ()
    share: Sequence[str] = ()
    network: Network | None = None
    isolated: bool = True

    @property
    def platform(self) -> Platform:
        """Which action schema fits."""
        return "mobile" if self.kind in ("android", "phone") else "desktop"

    @property
    def own(self) -> bool:
        """Whether it is the user's own screen and not one made for the run."""
        return self.kind in ("desktop", "android")


def open_env(spec: EnvSpec, rules: Rules | None = None) -> Env:
    """Open the env; `rules` say when a desktop has settled. Raises `EnvError` with what to do next."""
    if spec.kind == "sandbox":
        return SandboxEnv(
            apps=spec.apps,
            programs=spec.programs,
            size=spec.size,
            monitors=spec.monitors,
            monitor=(spec.monitor or 1) - 1,
            make_backend=(lambda display: DryRunBackend()) if spec.dry_run else None,
            rules=rules,
            isolated=spec.isolated,
            share=spec.share,
            network=spec.network or "none",
        )
    if spec.platform == "mobile":
        from envs.android import AndroidEnv, SimulatedPhoneEnv

        if spec.kind == "phone":
            return SimulatedPhoneEnv(dry_run=spec.dry_run)
        return AndroidEnv(spec.serial, dry_run=spec.dry_run)
    which = None if spec.monitor is None else spec.monitor - 1
    return DesktopEnv(monitor=which, backend=DryRunBackend() if spec.dry_run else None, rules=rules)


def check_env(spec: EnvSpec) -> None:
    """Raise `UserError` for options that do not go together."""
    if spec.kind != "sandbox" and spec.apps:
        raise UserError("--app starts a program on the sandbox: add --env sandbox, or start the program yourself")
    if spec.kind != "sandbox" and (spec.share or spec.network or not spec.isolated):
        raise UserError("--share, --network and --no-isolation are the sandbox's: add --env sandbox")
    if not spec.isolated and (spec.share or spec.network):
        raise UserError("--no-isolation gives programs all your files and network: leave --share and --network out")
    if spec.serial is not None and spec.kind != "android":
        raise UserError("--serial names an Android device: add --env android")
    wanted = spec.monitor or 1
    if spec.kind == "sandbox" and wanted > spec.monitors:
        raise UserError(f"--monitor {wanted}: the sandbox has {spec.monitors}; add --monitors {wanted}")
