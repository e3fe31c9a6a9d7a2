"""The package file of an app of the simulated phone: a ZIP with the app's label in ``resources.arsc``."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence

LABEL = 0x7F010000
"""The number of the one resource: a string, the app's label."""
_STRING = 3


def apk(labels: Mapping[str, str]) -> bytes:
    """An APK whose label is ``labels[""]``, and another by language (``de``)."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("resources.arsc", (2026, 3, 16, 9, 30, 0)), _table(labels))
    return packed.getvalue()


def _table(labels: Mapping[str, str]) -> bytes:
    package = struct.pack("<I256s5I", LABEL >> 24, "app".encode("utf-16-le"), 288, 0, 0, 0, 0)
    body = _pool(["string"]) + _pool(["app_name"]) + _chunk(0x0202, struct.pack("<BxxxI", 1, 1), bytes(4))
    body += b"".join(_type(language, n) for n, language in enumerate(labels))
    return _chunk(2, struct.pack("<I", 1), _pool(list(labels.values())) + _chunk(0x0200, package, body))


def _type(language: str, text: int) -> bytes:
    config = struct.pack("<I4x2s", 64, language.encode()).ljust(64, b"\0")
    entry = struct.pack("<HHIHBBI", 8, 0, 0, 8, 0, _STRING, text)
    return _chunk(0x0201, struct.pack("<BxxxII", 1, 1, 88) + config, struct.pack("<I", 0) + entry)


def _pool(texts: Sequence[str]) -> bytes:
    data, offsets = b"", []
    for text in texts:
        offsets.append(len(data))
        data += struct.pack("<H", len(text)) + text.encode("utf-16-le") + b"\0\0"
    places, data = struct.pack(f"<{len(texts)}I", *offsets), data + bytes(-len(data) % 4)
    return _chunk(1, struct.pack("<5I", len(texts), 0, 0, 28 + len(places), 0), places + data)


def _chunk(kind: int, header: bytes, body: bytes) -> bytes:
    return struct.pack("<HHI", kind, 8 + len(header), 8 + len(header) + len(body)) + header + body
