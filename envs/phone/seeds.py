"""The content of the phone after a reset, by seed: rows of the apps' databases, and files."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta

from envs.phone import sample_text
from envs.phone.clock import Clock
from envs.phone.state import Seeder
from envs.phone.storage import Storage


def people(source: random.Random, count: int) -> list[tuple[str, str, str]]:
    """`count` different people: name, phone number, email address."""
    names = list(zip(source.sample(sample_text.FIRST, count), source.sample(sample_text.LAST, count), strict=True))
    numbers = source.sample(range(1000, 10000), count)
    return [
        (f"{first} {last}", f"+1 555 {number}", f"{first}.{last}@example.com".lower())
        for (first, last), number in zip(names, numbers, strict=True)
    ]


def contacts(seed: int) -> list[tuple[str, str, str]]:
    """The phone's contacts, as `people`."""
    source = random.Random(f"contacts {seed}")
    return people(source, source.randint(10, 14))


def _contacts(db: sqlite3.Connection, seed: int, clock: Clock) -> None:
    db.executemany("insert into contacts (name, phone, email) values (?, ?, ?)", contacts(seed))


def _messages(db: sqlite3.Connection, seed: int, clock: Clock) -> None:
    """Conversations of the last days with some of the contacts and one unknown number."""
    source = random.Random(f"messages {seed}")
    times = sorted(source.sample(range(20, 9000), 16), reverse=True)
    numbers = [number for _, number, _ in source.sample(contacts(seed), 5)] + [f"+1 444 {source.randint(1000, 9999)}"]
    for minutes, body in zip(times, source.sample(sample_text.TEXTS, 16), strict=True):
        time = clock.start - timedelta(minutes=minutes)
        values = (source.choice(numbers), body, source.randint(0, 1), int(time.timestamp() * 1000))
        db.execute("insert into messages (number, body, sent, time) values (?, ?, ?, ?)", values)


def _notes(db: sqlite3.Connection, seed: int, clock: Clock) -> None:
    source = random.Random(f"notes {seed}")
    for n, (title, body) in enumerate(source.sample(sample_text.NOTES, 9)):
        time = clock.start - timedelta(hours=7 * n + source.randint(1, 6))
        values = (title, body, int(n == 2), int(time.timestamp() * 1000))
        db.execute("insert into notes (title, body, pinned, modified) values (?, ?, ?, ?)", values)


def _clock(db: sqlite3.Connection, seed: int, clock: Clock) -> None:
    source = random.Random(f"clock {seed}")
    hours = source.sample(range(5, 23), 4)
    for hour, label in zip(hours, source.sample(sample_text.ALARMS, 4), strict=True):
        days = source.choice(("", "12345", "67", "1234567", "135"))
        values = (hour, source.randrange(0, 60, 5), label, days, source.randint(0, 1))
        db.execute("insert into alarms (hour, minute, label, days, enabled) values (?, ?, ?, ?, ?)", values)


def _calendar(db: sqlite3.Connection, seed: int, clock: Clock) -> None:
    """Events from last week to next month, none at the same time as another."""
    source = random.Random(f"calendar {seed}")
    slots = source.sample([(d, h) for d in range(-6, 26) for h in range(8, 20, 2)], 14)
    for (days, hour), title in zip(sorted(slots), source.sample(sample_text.EVENTS, 14), strict=True):
        date = (clock.start + timedelta(days=days)).date().isoformat()
        time = f"{hour:02}:{source.choice((0, 15, 30)):02}"
        values = (title, date, time, source.choice((30, 45, 60, 90)), source.choice(("", *sample_text.PLACES)))
        db.execute("insert into events (title, date, time, duration, location) values (?, ?, ?, ?, ?)", values)


def _browser(db: sqlite3.Connection, seed: int, clock: Clock) -> None:
    source = random.Random(f"browser {seed}")
    for headline, section, text in source.sample(sample_text.ARTICLES, 8):
        first, last = source.choice(sample_text.FIRST), source.choice(sample_text.LAST)
        facts = {"n": source.randint(12, 480), "m": source.randint(2, 11), "day": source.choice(sample_text.DAYS)}
        values = (headline, section, f"{first} {last}", text.format(**facts))
        db.execute("insert into articles (headline, section, writer, text) values (?, ?, ?, ?)", values)
    for name, kind in source.sample(sample_text.PRODUCTS, 12):
        goods = (name, kind, source.randint(250, 8999), source.randint(3, 60))
        db.execute("insert into products (name, kind, cents, stock) values (?, ?, ?, ?)", goods)


SEEDERS: Mapping[str, Seeder] = {
    "com.android.contacts": _contacts,
    "com.android.messaging": _messages,
    "com.handeye.notes": _notes,
    "com.android.deskclock": _clock,
    "com.android.calendar": _calendar,
    "com.android.browser": _browser,
}
"""Fills the fresh database of an app, by package."""


def seed_files(storage: Storage, seed: int, clock: Clock) -> None:
    """Put text files and two folders under ``/sdcard``."""
    source = random.Random(f"files {seed}")
    for folder in ("Download", "Documents", "Documents/Work"):
        storage.locate(f"/sdcard/{folder}").mkdir(parents=True, exist_ok=True)
    for n, (name, text) in enumerate(source.sample(sample_text.FILES, 9)):
        folder = ("Documents", "Download", "Documents/Work")[n % 3]
        _write(storage, f"/sdcard/{folder}/{name}", text, clock.start - timedelta(hours=9 * n + 2))


def _write(storage: Storage, path: str, text: str, time: datetime) -> None:
    there = storage.locate(path)
    there.write_text(text, encoding="utf-8")
    os.utime(there, (time.timestamp(), time.timestamp()))
