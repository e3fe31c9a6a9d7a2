"""Texts of an app's ``resources.arsc`` in a language. The format is AOSP's ``ResourceTypes.h``."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Locale = tuple[str, str]
"""Language and region, ``("de", "AT")``; "" for none."""
_POOL, _PACKAGE, _TYPE = 0x0001, 0x0200, 0x0201
_REFERENCES, _STRING = (0x01, 0x07), 0x03
_UTF8 = 1 << 8
_SPARSE, _SHORT_OFFSETS = 1, 2
_COMPLEX, _COMPACT = 1, 8
_NONE = 0xFFFFFFFF
_DEEPEST = 10
_RENAMED = {"iw": "he", "in": "id", "ji": "yi", "tl": "fil"}
"""The languages whose old codes Java and older apps write."""


@dataclass(frozen=True)
class _Value:
    locale: Locale
    qualifiers: int  # non-zero bytes of the configuration besides the locale: a density, a night mode
    kind: int
    data: int
    text: str


def read_locales(said: str) -> tuple[Locale, ...]:
    """The languages of ``de-AT,zh-Hant-TW``, the preferred first."""
    found = []
    for tag in said.replace("_", "-").split(","):
        language, *rest = tag.strip().split("-")
        region = next((part.upper() for part in rest if len(part) == 2 or (len(part) == 3 and part.isdecimal())), "")
        if language.isalpha():
            found.append((_RENAMED.get(language.lower(), language.lower()), region))
    return tuple(found)


def resource_text(tables: Sequence[bytes], number: int, locales: Sequence[Locale]) -> str | None:
    """The text of the resource `number` (``0x7f110029``) in the first of `locales` that it is in, else the default.

    `tables` are the ``resources.arsc`` of an app and of its splits; one that is damaged counts as empty. None where
    it is not there.
    """
    for _ in range(_DEEPEST):
        values = [value for table in tables for value in _read(table, number)]
        best = min(values, key=lambda value: (_distance(value.locale, locales), value.qualifiers), default=None)
        if best is None or best.kind not in _REFERENCES:
            return best.text if best and best.kind == _STRING else None
        number = best.data
    return None


def _read(table: bytes, number: int) -> list[_Value]:
    try:
        return list(_values(table, number))
    except (struct.error, IndexError, ValueError):
        return []


def _distance(found: Locale, wanted: Sequence[Locale]) -> float:
    """How far a text's locale is from the one that Android would take; the default after all wanted languages."""
    for n, (language, region) in enumerate(wanted):
        if found[0] == language:
            return n + (0.0 if found[1] == region else 0.25 if not found[1] else 0.5)
    return len(wanted) if found == ("", "") else len(wanted) + 1


def _chunks(table: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Kind, start, start of the body and end of each chunk."""
    while start + 8 <= end:
        kind, header, size = struct.unpack_from("<HHI", table, start)
        if size < 8:
            return
        yield kind, start, start + header, start + size
        start += size


def _values(table: bytes, number: int) -> Iterator[_Value]:
    pool = 0
    for kind, start, body, end in _chunks(table, struct.unpack_from("<H", table, 2)[0], len(table)):
        if kind == _POOL:
            pool = start
        elif kind == _PACKAGE and struct.unpack_from("<I", table, start + 8)[0] == number >> 24:
            for inner, at, entries, _ in _chunks(table, body, end):
                if inner == _TYPE and table[at + 8] == number >> 16 & 0xFF:
                    yield from _entry(table, pool, at, entries, number & 0xFFFF)


def _entry(table: bytes, pool: int, start: int, offsets: int, index: int) -> Iterator[_Value]:
    """The entry `index` of a type chunk, if this configuration has it."""
    flags, count, entries = table[start + 9], *struct.unpack_from("<II", table, start + 12)
    offset = _NONE
    if flags & _SPARSE:
        pairs = (struct.unpack_from("<HH", table, offsets + 4 * n) for n in range(count))
        offset = next((place * 4 for there, place in pairs if there == index), _NONE)
    elif index < count and flags & _SHORT_OFFSETS:
        short = struct.unpack_from("<H", table, offsets + 2 * index)[0]
        offset = _NONE if short == 0xFFFF else short * 4
    elif index < count:
        offset = struct.unpack_from("<I", table, offsets + 4 * index)[0]
    if offset == _NONE:
        return
    at = start + entries + offset
    size, marks = struct.unpack_from("<HH", table, at)
    if marks & _COMPACT:
        kind, data = marks >> 8, struct.unpack_from("<I", table, at + 4)[0]
    elif marks & _COMPLEX:
        return
    else:
        kind, data = struct.unpack_from("<3xBI", table, at + size)
    locale, qualifiers = _configuration(table[start + 20 : offsets])
    yield _Value(locale, qualifiers, kind, data, _string(table, pool, data) if kind == _STRING else "")


def _configuration(config: bytes) -> tuple[Locale, int]:
    """The locale of a ``ResTable_config``, and how many of its other bytes say something."""
    config = config[: struct.unpack_from("<I", config)[0]]
    language, region = _letters(config[8:10], "a"), _letters(config[10:12], "0")
    rest = config[4:8] + config[12:36]  # from 36 on: the locale's script and variant, and the round screen
    return (_RENAMED.get(language, language), region), sum(byte != 0 for byte in rest)


def _letters(packed: bytes, base: str) -> str:
    """Two letters as they are, or three of five bits each."""
    first, second = packed
    if not first & 0x80:
        return packed.decode("ascii").rstrip("\0")
    parts = second & 0x1F, (second & 0xE0) >> 5 | (first & 0x03) << 3, (first & 0x7C) >> 2
    return "".join(chr(ord(base) + part) for part in parts)


def _string(table: bytes, pool: int, index: int) -> str:
    header = struct.unpack_from("<H", table, pool + 2)[0]
    flags, start = struct.unpack_from("<II", table, pool + 16)
    at = pool + start + struct.unpack_from("<I", table, pool + header + 4 * index)[0]
    if flags & _UTF8:
        at += 2 if table[at] & 0x80 else 1  # the length in UTF-16 units
        long = table[at] & 0x80
        size = (table[at] & 0x7F) << 8 | table[at + 1] if long else table[at]
        at += 2 if long else 1
        return table[at : at + size].decode("utf-8")
    size = struct.unpack_from("<H", table, at)[0]
    if size & 0x8000:
        size = (size & 0x7FFF) << 16 | struct.unpack_from("<H", table, at + 2)[0]
        at += 2
    return table[at + 2 : at + 2 + 2 * size].decode("utf-16-le")
