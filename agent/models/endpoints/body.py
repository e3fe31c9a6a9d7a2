"""The body of a request: JSON with pictures in it, which are coded in base64 only while it is sent."""

from __future__ import annotations

import json
import secrets
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_PIECE = 3 * 2**16
"""Bytes of a picture that are coded at once; a multiple of 3, so that only the last has padding."""
_DIGITS = 6


@dataclass
class Pictures:
    """The pictures of one body. In its JSON a mark stands for each, which nobody else can write."""

    data: list[bytes] = field(default_factory=list)
    mark: str = field(default_factory=lambda: secrets.token_hex(16))

    def url(self, picture: bytes) -> str:
        """The ``data:`` URL of a PNG, with a mark for its base64."""
        self.data.append(picture)
        return f"data:image/png;base64,{self.mark}{len(self.data) - 1:0{_DIGITS}}"

    def body(self, value: Mapping[str, Any]) -> tuple[int, Iterator[bytes]]:
        """The length of `value` as JSON (UTF-8), and its pieces; each picture is let go once it is read."""
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        first, *rest = text.split(self.mark.encode())
        parts = [(self.data[int(one[:_DIGITS])], one[_DIGITS:]) for one in rest]
        self.data.clear()
        length = len(first) + sum(len(text) + -(-len(data) // 3) * 4 for data, text in parts)
        return length, _pieces(first, parts)


def _pieces(first: bytes, parts: list[tuple[bytes, bytes]]) -> Iterator[bytes]:
    yield first
    while parts:
        data, text = parts.pop(0)
        for at in range(0, len(data), _PIECE):
            yield b64encode(data[at : at + _PIECE])
        del data
        yield text
