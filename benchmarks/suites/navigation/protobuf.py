"""Reading AndroidControl's official files: GZIP TFRecords of ``tf.train.Example``, and accessibility forests.

Only what these files use, so that nobody needs TensorFlow for it. Formats: the TFRecord page of the TensorFlow docs,
``tensorflow/core/example/feature.proto``, protobuf's encoding page, and google-deepmind/android_env
``proto/a11y/*.proto``. The data's checksum is left to GZIP, which has its own.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from actions.frame import Box
from benchmarks.suite import SuiteError

Fields = dict[int, list[int | bytes]]
"""A protobuf message: for each field number its values, varints as unsigned numbers and the rest as bytes."""

MOST = 1 << 30
"""Bytes in one record; a longer one is a sign of damage."""


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class ProtobufError(ValueError):
    """Bytes that are not what they should be."""


def records(file: Path) -> Iterator[bytes]:
    """The records of a GZIP TFRecord file, one episode each. Raises `SuiteError` for a damaged file."""
    try:
        with gzip.open(file) as stream:
            yield from _records(stream)
    except (ProtobufError, EOFError, OSError, zlib.error) as error:
        raise SuiteError(f"{file} is damaged or not a GZIP TFRecord ({error}): download it again") from error


def _records(stream: _Readable) -> Iterator[bytes]:
    while head := stream.read(12):
        if len(head) < 12:
            raise ProtobufError("it ends inside a record")
        length, check = struct.unpack("<QI", head)
        if length > MOST or _masked(crc32c(head[:8])) != check:
            raise ProtobufError("a record's length fails its checksum")
        data = stream.read(length + 4)
        if len(data) < length + 4:
            raise ProtobufError("it ends inside a record")
        yield data[:-4]


def _table() -> tuple[int, ...]:
    found = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        found.append(value)
    return tuple(found)


_CRC = _table()


def crc32c(data: bytes) -> int:
    """The Castagnoli checksum (RFC 3720, appendix B.4)."""
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ _CRC[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


def _masked(check: int) -> int:
    return ((check >> 15 | check << 17) + 0xA282EAD8) & 0xFFFFFFFF


def fields(data: bytes) -> Fields:
    """The fields of a protobuf message. Raises `ProtobufError`."""
    found: Fields = {}
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        value: int | bytes
        match key & 7:
            case 0:
                value, at = varint(data, at)
            case 1 | 2 | 5 as wire:
                length, at = varint(data, at) if wire == 2 else ({1: 8, 5: 4}[wire], at)
                value, at = data[at : at + length], at + length
                if at > len(data):
                    raise ProtobufError("a field is cut off")
            case wire:
                raise ProtobufError(f"wire type {wire} is unknown")
        found.setdefault(key >> 3, []).append(value)
    return found


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins at `at`, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise ProtobufError("a number is cut off")
        byte, at = data[at], at + 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (1 << 64) - 1, at
    raise ProtobufError("a number is too long")


def example(data: bytes) -> dict[str, list[bytes] | list[int]]:
    """A ``tf.train.Example`` as lists of bytes or of signed numbers by feature name. Raises `ProtobufError`."""
    found: dict[str, list[bytes] | list[int]] = {}
    for features in messages(fields(data), 1):
        for entry in messages(features, 1):
            feature = next(messages(entry, 2), {})
            if 1 in feature:
                values = [v for part in messages(feature, 1) for v in part.get(1, [])]
                found[text(entry, 1)] = [v for v in values if isinstance(v, bytes)]
            else:
                found[text(entry, 1)] = [v for part in messages(feature, 3) for v in _numbers(part)]
    return found


def _numbers(part: Fields) -> Iterator[int]:
    """Int64List's values, packed or not."""
    for value in part.get(1, []):
        if isinstance(value, int):
            yield signed(value)
            continue
        at = 0
        while at < len(value):
            number, at = varint(value, at)
            yield signed(number)


def signed(value: int) -> int:
    """A 64-bit varint as the signed number it stands for."""
    return value - (1 << 64) if value >> 63 else value


def messages(parent: Fields, number: int) -> Iterator[Fields]:
    """The sub-messages of a field."""
    return (fields(value) for value in parent.get(number, []) if isinstance(value, bytes))


def text(parent: Fields, number: int) -> str:
    """A string field; empty when it is not there."""
    value = parent.get(number, [b""])[-1]
    if not isinstance(value, bytes):
        raise ProtobufError(f"field {number} is not a text")
    return value.decode("utf-8", errors="replace")


def number(parent: Fields, field: int) -> int:
    """A whole number or truth field; 0 when it is not there."""
    value = parent.get(field, [0])[-1]
    if not isinstance(value, int):
        raise ProtobufError(f"field {field} is not a number")
    return signed(value)


@dataclass(frozen=True)
class ForestNode:
    """An accessibility node. `touchable`: it (probably) answers to a touch. `leaf`: it has no children."""

    box: Box
    text: str
    description: str
    visible: bool
    touchable: bool
    scrollable: bool
    leaf: bool


def forest(data: bytes) -> list[ForestNode]:
    """The nodes of an ``AndroidAccessibilityForest``, all windows. Raises `ProtobufError`."""
    return [
        _node(node)
        for window in messages(fields(data), 1)
        for tree in messages(window, 11)
        for node in messages(tree, 1)
    ]


def _node(node: Fields) -> ForestNode:
    rect = next(messages(node, 2), {})
    return ForestNode(
        box=Box(*(float(number(rect, side)) for side in (1, 2, 3, 4))),
        text=text(node, 7),
        description=text(node, 4),
        visible=bool(number(node, 23)),
        touchable=any(number(node, field) for field in (12, 14, 15, 19)),
        scrollable=bool(number(node, 21)),
        leaf=not node.get(25),
    )
