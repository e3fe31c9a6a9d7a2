"""The databases, settings and files of a phone, through ADB."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from actions.adb.lines import Line, command
from actions.adb.link import AdbLink
from actions.backend import BackendError
from envs.env import EnvError

DATABASES = {
    "contacts": "/data/data/com.android.contacts/databases/contacts.db",
    "messages": "/data/data/com.android.messaging/databases/messages.db",
    "notes": "/data/data/com.handeye.notes/databases/notes.db",
    "clock": "/data/data/com.android.deskclock/databases/clock.db",
    "calendar": "/data/data/com.android.calendar/databases/calendar.db",
    "browser": "/data/data/com.android.browser/databases/browser.db",
}
"""Where the apps of the simulated phone keep what they know."""
Value = str | int
Row = tuple[Value, ...]


class RemotePhone:
    """The phone behind `link`. All methods raise `EnvError` when it cannot be reached or refuses."""

    def __init__(self, link: AdbLink) -> None:
        self.link = link

    def shell(self, line: Line) -> str:
        """The output of a command line that must succeed."""
        try:
            done = self.link.ask(line)
        except BackendError as error:
            raise EnvError(str(error)) from error
        if done.status:
            raise EnvError(f"the phone says: {done.said}")
        return done.out

    def rows(self, app: str, table: str, columns: Sequence[str], where: str = "1") -> list[Row]:
        """The rows of an app's table, by its key."""
        sql = f"select json_array({', '.join(columns)}) from {table} where {where} order by rowid"  # noqa: S608 - our own
        lines = self.shell(command("sqlite3", DATABASES[app], sql)).splitlines()
        return [tuple(json.loads(line)) for line in lines]

    def insert(self, app: str, table: str, **values: Value) -> None:
        """One more row."""
        literals = ", ".join(_literal(value) for value in values.values())
        sql = f"insert into {table} ({', '.join(values)}) values ({literals})"  # noqa: S608 - literals are quoted
        self.shell(command("sqlite3", DATABASES[app], sql))

    def run_sql(self, app: str, sql: str) -> None:
        """Run one statement."""
        self.shell(command("sqlite3", DATABASES[app], sql))

    def setting(self, namespace: str, name: str) -> str:
        """``settings get``."""
        return self.shell(command("settings", "get", namespace, name)).rstrip("\n")

    def put(self, namespace: str, name: str, value: str) -> None:
        """``settings put``."""
        self.shell(command("settings", "put", namespace, name, value))

    def files(self, folder: str = "/sdcard") -> Counter[tuple[str, str]]:
        """Every path under `folder`, below it, with its text; a folder is a path that ends in ``/``."""
        found: Counter[tuple[str, str]] = Counter()
        for line in self.shell(command("ls", "-lA", folder)).splitlines():
            fields = line.split(None, 7)
            if len(fields) < 8:  # Android begins with the total
                continue
            path = f"{folder}/{fields[7]}"
            if fields[0].startswith("d"):
                found[f"{path}/", ""] += 1
                found += self.files(path)
            else:
                found[path, self.shell(command("cat", path))] += 1
        return found

    def write(self, path: str, text: str) -> None:
        """A text file, its folder included."""
        parent = path.rpartition("/")[0]
        self.shell(command("mkdir", "-p", parent))
        self.shell(Line(f"{command('echo', '-n', text)} > {command(path)}"))


def _literal(value: Value) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"
