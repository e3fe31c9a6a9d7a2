"""``sqlite3`` on the phone's own databases, and ``content`` for its settings."""

from __future__ import annotations

import sqlite3

from envs.phone.device import PhoneDevice
from envs.phone.sh import CommandCall


def sqlite3_(phone: PhoneDevice, call: CommandCall) -> int:
    """``sqlite3 [-header] [-csv] DATABASE SQL``; columns are parted by ``|``."""
    words = [word for word in call.argv[1:] if not word.startswith("-")]
    sign = "," if "-csv" in call.argv else "|"
    if not words:
        return call.fail("usage: sqlite3 DATABASE SQL")
    path = call.path(words[0])
    if not phone.locate(path).is_file():
        return call.fail(f'unable to open database "{path}": unable to open database file')
    sql = " ".join(words[1:]) or call.stdin.read().decode("utf-8", "replace")
    try:
        rows = phone.state.query(path, sql)["rows"]
    except (sqlite3.Error, OSError) as error:
        return call.fail(f"Error: {error}")
    if rows and "-header" in call.argv:
        call.out(sign.join(rows[0]) + "\n")
    for row in rows:
        call.out(sign.join("" if value is None else str(value) for value in row.values()) + "\n")
    return 0


def content(phone: PhoneDevice, call: CommandCall) -> int:
    """``content query --uri content://settings/NAMESPACE``."""
    words = call.argv[1:]
    uri = words[words.index("--uri") + 1] if "--uri" in words[:-1] else ""
    namespace = uri.removeprefix("content://settings/")
    if words[:1] != ("query",) or namespace not in ("system", "secure", "global"):
        return call.fail(f"Could not find provider: {uri.removeprefix('content://').partition('/')[0] or uri}")
    for n, (name, value) in enumerate(phone.state.settings(namespace).items()):
        call.out(f"Row: {n} name={name}, value={value}\n")
    return 0
