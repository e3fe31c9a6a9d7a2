"""The apps of the simulated phone: each a folder of web files with a manifest and a database schema."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

WEB = Path(__file__).parent / "web"
"""The web files of the phone."""
HOME = "com.handeye.launcher"


@dataclass(frozen=True)
class PhoneApp:
    """An installed app. `folder` holds ``index.html`` and its files, `schema` is the SQL of its database, if any.

    `actions` are the intents that it answers, e.g. ``android.settings.SETTINGS``, each with a page of its own or "".
    `labels` are those of other languages than English.
    """

    package: str
    label: str
    activity: str
    folder: Path
    actions: dict[str, str]
    schema: str = ""
    in_launcher: bool = True
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def component(self) -> str:
        """``package/.Activity``."""
        return f"{self.package}/{self.activity}"

    @property
    def file(self) -> str:
        """The path on the phone of its APK."""
        return f"/system/app/{self.package}/base.apk"

    @property
    def database(self) -> str:
        """The path on the phone of the app's database."""
        return f"/data/data/{self.package}/databases/{self.folder.name}.db"


def entries(locale: str, *, in_launcher: bool = False) -> list[dict[str, str]]:
    """The apps for the phone's pages, with their labels in the language of `locale` (``de-DE``)."""
    language = locale.partition("-")[0]
    return [
        {"package": a.package, "label": a.labels.get(language, a.label), "folder": a.folder.name}
        for a in apps().values()
        if a.in_launcher or not in_launcher
    ]


@cache
def apps() -> dict[str, PhoneApp]:
    """All installed apps by package, the launcher among them. Raises ValueError for a manifest that is not one."""
    found = [_app(manifest) for manifest in sorted((WEB / "apps").glob("*/manifest.json"))]
    return {app.package: app for app in found}


def _app(manifest: Path) -> PhoneApp:
    try:
        said = json.loads(manifest.read_text(encoding="utf-8"))
        schema = manifest.with_name("schema.sql")
        return PhoneApp(
            package=said["package"],
            label=said["label"],
            activity=said.get("activity", ".Main"),
            folder=manifest.parent,
            actions=dict(said.get("actions", {})),
            schema=schema.read_text(encoding="utf-8") if schema.exists() else "",
            in_launcher=said.get("launcher", True),
            labels=dict(said.get("labels", {})),
        )
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{manifest} is not an app's manifest: {error}") from error
