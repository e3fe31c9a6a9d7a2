"""The state of a phone: settings, properties and the databases of its apps, all in files of its storage."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any

from envs.phone.apk import apk
from envs.phone.apps import PhoneApp, apps
from envs.phone.clock import Clock
from envs.phone.storage import Storage

Seeder = Callable[[sqlite3.Connection, int, Clock], None]
"""Fills a fresh database of an app, for a seed."""
FileSeeder = Callable[[Storage, int, Clock], None]
"""Puts files on an empty phone, for a seed."""

PROPERTIES = {
    "ro.product.name": "handeye_simulated_phone",
    "ro.product.model": "Handeye simulated phone",
    "ro.product.device": "handeye_simulated_phone",
    "ro.product.brand": "handeye",
    "ro.product.manufacturer": "Handeye",
    "ro.build.version.release": "13",
    "ro.build.version.sdk": "33",
    "ro.build.fingerprint": "handeye/simulated_phone/simulated_phone:13/SIM/0:user/test-keys",
    "ro.build.type": "user",
    "ro.serialno": "HANDEYESIM",
    "ro.product.cpu.abi": "x86_64",
    "ro.product.cpu.abilist": "x86_64",
    "ro.product.board": "simulated",
    "ro.hardware": "simulated",
    "ro.build.id": "SIM",
    "ro.build.display.id": "simulated_phone-user 13 SIM 0 test-keys",
    "ro.build.version.incremental": "0",
    "ro.build.version.security_patch": "2023-03-05",
    "ro.build.version.codename": "REL",
    "ro.build.date.utc": "1773653400",
    "ro.build.characteristics": "default",
    "ro.build.tags": "test-keys",
    "ro.debuggable": "0",
    "ro.secure": "1",
    "ro.sf.lcd_density": "480",
    "ro.boot.serialno": "HANDEYESIM",
    "ro.zygote": "zygote64",
    "ro.crypto.state": "encrypted",
    "gsm.sim.state": "ABSENT",
    "gsm.operator.alpha": "",
    "init.svc.bootanim": "stopped",
    "init.svc.adbd": "running",
    "dev.bootcomplete": "1",
    "service.bootanim.exit": "1",
    "dalvik.vm.heapsize": "512m",
    "dalvik.vm.heapgrowthlimit": "192m",
    "wifi.interface": "wlan0",
    "ro.handeye.simulated": "1",
    "persist.sys.locale": "en-US",
    "persist.sys.timezone": "UTC",
    "sys.boot_completed": "1",
}
SETTINGS = {
    ("global", "airplane_mode_on"): "0",
    ("global", "wifi_on"): "1",
    ("global", "bluetooth_on"): "1",
    ("global", "mobile_data"): "1",
    ("global", "auto_time"): "1",
    ("global", "stay_on_while_plugged_in"): "0",
    ("global", "device_name"): "Handeye simulated phone",
    ("system", "screen_brightness"): "128",
    ("system", "screen_brightness_mode"): "0",
    ("system", "screen_off_timeout"): "600000",
    ("system", "accelerometer_rotation"): "0",
    ("system", "user_rotation"): "0",
    ("system", "font_scale"): "1.0",
    ("system", "volume_music"): "7",
    ("system", "volume_ring"): "5",
    ("system", "volume_alarm"): "6",
    ("system", "time_12_24"): "24",
    ("system", "vibrate_when_ringing"): "1",
    ("secure", "location_mode"): "3",
    ("secure", "ui_night_mode"): "1",
    ("secure", "default_input_method"): "com.handeye.keyboard/.Keyboard",
    ("secure", "enabled_input_methods"): "com.handeye.keyboard/.Keyboard",
    ("secure", "lockscreen.disabled"): "1",
    ("secure", "night_display_activated"): "0",
}
BATTERY = {
    "ac": "0", "usb": "1", "wireless": "0", "dock": "0", "status": "2", "health": "2", "present": "1", "level": "82",
    "temp": "250", "counter": "4000000", "invalid": "0",
}  # fmt: skip
"""What ``dumpsys battery set`` can change."""
_SETTINGS_DB = "/data/system/settings.db"


class State:
    """The state that a reset restores. All methods may be called from any thread."""

    def __init__(
        self,
        storage: Storage,
        seeders: Mapping[str, Seeder],
        clock: Clock | None = None,
        files: FileSeeder | None = None,
    ) -> None:
        self.storage, self.clock = storage, clock or Clock()
        self._seeders, self._files = seeders, files
        self._lock = threading.RLock()
        self.properties = dict(PROPERTIES)
        self.always_awake: set[str] = set()
        self.operations: dict[tuple[str, str], str] = {}
        self.flags: dict[tuple[str, str], str] = {}
        self.reset_battery()

    def reset_battery(self) -> None:
        """What ``dumpsys battery`` says at first."""
        self.battery = dict(BATTERY)

    def reset(self, seed: int) -> None:
        """Replace the state by that of `seed`."""
        with self._lock:
            self.storage.clear()
            self.clock.set(self.clock.start)
            self.properties = dict(PROPERTIES)
            self.always_awake.clear()
            self.operations.clear()
            self.flags.clear()
            self.reset_battery()
            with closing(self.open(_SETTINGS_DB)) as db, db:
                db.execute("create table settings (namespace, name, value, primary key (namespace, name))")
                db.executemany("insert into settings values (?, ?, ?)", [(*k, v) for k, v in SETTINGS.items()])
            for app in apps().values():
                there = self.storage.locate(app.file)
                there.parent.mkdir(parents=True)
                there.write_bytes(apk({"": app.label, **app.labels}))
                self.fill(app, seed)
            if self._files:
                self._files(self.storage, seed, self.clock)

    def fill(self, app: PhoneApp, seed: int) -> None:
        """The app's database as it is after a reset with `seed`."""
        if not app.schema:
            return
        with self._lock:
            self.storage.locate(app.database).unlink(missing_ok=True)
            with closing(self.open(app.database)) as db, db:
                db.executescript(app.schema)
                seeder = self._seeders.get(app.package)
                if seeder:
                    seeder(db, seed, self.clock)

    def open(self, path: str) -> sqlite3.Connection:
        """A connection to the SQLite file at `path` of the phone; the caller closes it. Raises OSError."""
        there = self.storage.locate(path)
        there.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(there, timeout=10, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute("pragma synchronous = off")  # no power cut to survive
        return connection

    def query(self, path: str, sql: str, values: Sequence[Any] = ()) -> dict[str, Any]:
        """One statement on the database at `path`: its ``rows`` as objects and the ``id`` of a row inserted.

        Raises sqlite3.Error, and OSError where the storage is full and the statement writes.
        """
        if self.storage.full and not sql.lstrip()[:6].lower() == "select":
            raise OSError(28, "No space left on device", path)
        with self._lock, closing(self.open(path)) as db, db:
            found = db.execute(sql, tuple(values))
            return {"rows": [dict(row) for row in found.fetchall()], "id": found.lastrowid}

    def get(self, namespace: str, name: str) -> str | None:
        """A setting, or None."""
        rows = self.query(
            _SETTINGS_DB, "select value from settings where namespace = ? and name = ?", (namespace, name)
        )["rows"]
        return str(rows[0]["value"]) if rows else None

    def put(self, namespace: str, name: str, value: str) -> None:
        """Set a setting."""
        self.query(_SETTINGS_DB, "insert or replace into settings values (?, ?, ?)", (namespace, name, value))

    def delete(self, namespace: str, name: str) -> bool:
        """Delete a setting; whether it existed."""
        there = self.get(namespace, name) is not None
        self.query(_SETTINGS_DB, "delete from settings where namespace = ? and name = ?", (namespace, name))
        return there

    def settings(self, namespace: str) -> dict[str, str]:
        """All settings of a namespace, in the order of their names."""
        rows = self.query(
            _SETTINGS_DB, "select name, value from settings where namespace = ? order by name", (namespace,)
        )["rows"]
        return {row["name"]: row["value"] for row in rows}
