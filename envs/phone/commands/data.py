"""``sqlite3`` on the phone's own databases, and ``content`` for its settings."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any

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
    listing = {".tables": "select name from sqlite_master where type = 'table' order by name",
               ".schema": "select sql || ';' from sqlite_master where sql is not null"}  # fmt: skip
    sql = listing.get(sql.strip(), sql)
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
    """``content query|insert|update|delete --uri URI [--where W] [--sort S] [--projection P] [--bind B]…``.

    Settings can be read and changed, messages and contacts be read; calls, media and others are empty. W is SQL.
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
    if what not in ("query", "insert", "update", "delete"):
        return call.fail(f"[ERROR] Unsupported operation: {what}")
    uri = options.get("--uri", "")
    authority, _, path = uri.removeprefix("content://").partition("/")
    if authority == "settings" and path.partition("/")[0] in ("system", "secure", "global"):
        return _settings(phone, call, what, path, options, bound)
    if authority not in _PROVIDERS:
        return call.fail(f"Could not find provider: {authority or uri}")
    provider = _PROVIDERS[authority]
    if what in ("insert", "update") or (what == "delete" and provider):
        return call.fail(f"Error while accessing provider:{authority}\njava.lang.SecurityException: Permission Denial: "
                         f"writing to {uri} from pid=4242, uid=2000")  # fmt: skip
    if what == "delete":
        return 0  # nothing is there
    rows = phone.state.query(*provider)["rows"] if provider else []
    sent = {"inbox": "2", "sent": "1"}.get(path.strip("/"), "")
    rows = [row for row in rows if str(row.get("type")) != sent]
    return _rows(call, options, authority, rows)


def _rows(call: CommandCall, options: Mapping[str, str], authority: str, rows: list[dict[str, Any]]) -> int:
    """Those for which ``--where`` holds, with the columns of ``--projection``, as ``content query`` writes them."""
    try:
        rows = _where(rows, options.get("--where", "1"), options.get("--sort", ""))
    except sqlite3.Error as error:
        return call.fail(
            f"Error while accessing provider:{authority}\nandroid.database.sqlite.SQLiteException: {error}"
        )
    columns = options["--projection"].split(":") if "--projection" in options else list(rows[0]) if rows else []
    if rows and not set(columns) <= set(rows[0]):
        return call.fail(f"Error while accessing provider:{authority}\nInvalid column {options['--projection']}")
    for n, row in enumerate(rows):
        values = ("NULL" if row[column] is None else row[column] for column in columns)
        call.out(f"Row: {n} {', '.join(f'{column}={value}' for column, value in zip(columns, values, strict=True))}\n")
    call.out("" if rows else "No result found.\n")
    return 0


_CONTACTS = "/data/data/com.android.contacts/databases/contacts.db"
_PROVIDERS: Mapping[str, tuple[str, str] | None] = {
    "sms": (
        "/data/data/com.android.messaging/databases/messages.db",
        "select id as _id, dense_rank() over (order by number) as thread_id, number as address, null as person, "
        "time as date, 0 as date_sent, 1 as read, -1 as status, iif(sent, 2, 1) as type, body from messages "
        "order by time desc",
    ),
    **dict.fromkeys(("contacts", "com.android.contacts"), (
        _CONTACTS, "select id as _id, id as contact_id, name as display_name, phone as number, phone as data1, email, "
        "0 as starred from contacts order by name")),
    **dict.fromkeys(("call_log", "media", "downloads", "com.android.calendar", "mms-sms", "mms", "user_dictionary",
                     "telephony", "icc")),
}  # fmt: skip
"""By authority: the database and the statement that gives its rows; None where nothing is."""


def _settings(
    phone: PhoneDevice, call: CommandCall, what: str, path: str, options: Mapping[str, str], bound: Mapping[str, str]
) -> int:
    namespace, _, only = path.partition("/")
    if what in ("insert", "update"):
        name = bound.get("name", only)
        if not name or not set(bound) <= {"name", "value"} or "value" not in bound:
            return call.fail(f"[ERROR] {what} needs --bind name:s:NAME and --bind value:s:VALUE")
        phone.state.put(namespace, name, bound["value"])
        return 0
    rows = [{"_id": n, "name": name, "value": value} for n, (name, value) in
            enumerate(phone.state.settings(namespace).items(), 1) if only in ("", name)]  # fmt: skip
    if what == "query":
        return _rows(call, {"--projection": "name:value", **options}, "settings", rows)
    try:
        chosen = _where(rows, options.get("--where", "1"))
    except sqlite3.Error as error:
        return call.fail(f"Error while accessing provider:settings\nandroid.database.sqlite.SQLiteException: {error}")
    for row in chosen:
        phone.state.delete(namespace, row["name"])
    return 0


def _where(rows: list[dict[str, Any]], where: str, sort: str = "") -> list[dict[str, Any]]:
    """The rows for which `where` holds, in a database of their own in which nothing else can be done."""
    if not rows:
        return []
    columns = list(rows[0])
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(f"create table rows ({', '.join(columns)})")
        marks = ", ".join("?" * len(columns))
        database.executemany(f"insert into rows values ({marks})", [tuple(row.values()) for row in rows])  # noqa: S608
        allowed = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION)
        database.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY)
        database.set_progress_handler(lambda: 1, 10_000_000)
        order = f"order by {sort}" if sort else ""
        statement = f"select * from rows where ({where}) {order}"  # noqa: S608 - the caller's SQL
        found = database.execute(statement).fetchall()
    return [dict(zip(columns, row, strict=True)) for row in found]
