"""``sqlite3`` on the phone's own databases, and ``content`` for its settings."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing

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
    """``content query|insert|delete --uri content://settings/NAMESPACE [--where W] [--projection P] [--bind B]…``.

    W is SQL on the columns ``name`` and ``value``.
    """
    what = call.argv[1] if len(call.argv) > 1 else ""
    words, options, bound = list(call.argv[2:]), dict[str, str](), dict[str, str]()
    while words:
        option = words.pop(0)
        if option not in ("--uri", "--where", "--projection", "--bind", "--user", "--sort") or not words:
            return call.fail(f"[ERROR] Unsupported argument: {option}")
        if option == "--bind":
            column, _, value = words.pop(0).partition(":")
            bound[column] = value.partition(":")[2]
        else:
            options[option] = words.pop(0)
    uri = options.get("--uri", "")
    namespace = uri.removeprefix("content://settings/")
    if namespace not in ("system", "secure", "global"):
        return call.fail(f"Could not find provider: {uri.removeprefix('content://').partition('/')[0] or uri}")
    if what == "insert":
        if set(bound) != {"name", "value"}:
            return call.fail("[ERROR] insert needs --bind name:s:NAME and --bind value:s:VALUE")
        phone.state.put(namespace, bound["name"], bound["value"])
        return 0
    if what not in ("query", "delete"):
        return call.fail(f"[ERROR] Unsupported operation: {what}")
    try:
        rows = _settings_where(phone.state.settings(namespace), options.get("--where", "1"))
    except sqlite3.Error as error:
        return call.fail(f"Error while accessing provider:settings\nandroid.database.sqlite.SQLiteException: {error}")
    if what == "delete":
        for name, _ in rows:
            phone.state.delete(namespace, name)
        return 0
    columns = options.get("--projection", "name:value").split(":")
    if not set(columns) <= {"name", "value"}:
        return call.fail(f"Error while accessing provider:settings\nInvalid column {options['--projection']}")
    for n, (name, value) in enumerate(rows):
        row = {"name": name, "value": value}
        call.out(f"Row: {n} {', '.join(f'{column}={row[column]}' for column in columns)}\n")
    call.out("" if rows else "No result found.\n")
    return 0


def _settings_where(settings: Mapping[str, str], where: str) -> list[tuple[str, str]]:
    """The settings for which `where` holds, in a database of their own in which nothing else can be done."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("create table settings (name text, value text)")
        database.executemany("insert into settings values (?, ?)", settings.items())
        allowed = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION)
        database.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY)
        database.set_progress_handler(lambda: 1, 10_000_000)
        return database.execute(f"select name, value from settings where ({where})").fetchall()  # noqa: S608 - the caller's SQL
