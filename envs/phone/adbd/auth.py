"""ADB's RSA authentication, the device's side.

The device sends a random token; the adb server signs it with each of its keys in turn, and shows its public key when
none was accepted. Source: ``protocol.txt`` and ``android_pubkey.cpp`` (libcrypto_utils) of AOSP.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TOKEN, SIGNATURE, PUBLIC_KEY = 1, 2, 3
"""Kinds of an AUTH message."""
TOKEN_SIZE: Final = 20
_SIZE: Final = 256
_HEAD, _EXPONENT = struct.Struct("<II"), struct.Struct("<I")
_ENCODED: Final = _HEAD.size + 2 * _SIZE + _EXPONENT.size
_SHA1_INFO = bytes.fromhex("3021300906052b0e03021a05000414")


@dataclass(frozen=True)
class PublicKey:
    """An RSA key of 2048 bits."""

    modulus: int
    exponent: int

    def verifies(self, token: bytes, signature: bytes) -> bool:
        """Whether `signature` is this key's of `token`, which stands for a SHA-1 digest (PKCS #1 v1.5)."""
        if len(signature) != _SIZE:
            return False
        opened = pow(int.from_bytes(signature, "big"), self.exponent, self.modulus).to_bytes(_SIZE, "big")
        wanted = _SHA1_INFO + token
        padding = b"\xff" * (_SIZE - len(wanted) - 3)
        return hmac.compare_digest(opened, b"\0\x01" + padding + b"\0" + wanted)


def read_keys(path: Path) -> list[PublicKey]:
    """The keys of a file such as ``~/.android/adbkey.pub``, one a line. Raises OSError, and ValueError for others."""
    lines = [line for line in path.read_text(encoding="ascii", errors="replace").splitlines() if line.strip()]
    if not lines:
        raise ValueError("it is empty")
    return [_key(line.split()[0]) for line in lines]


def _key(text: str) -> PublicKey:
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not a public key of adb") from error
    if len(data) != _ENCODED or _HEAD.unpack_from(data)[0] * 4 != _SIZE:
        raise ValueError("not a public key of adb")
    modulus = int.from_bytes(data[_HEAD.size : _HEAD.size + _SIZE], "little")
    return PublicKey(modulus, _EXPONENT.unpack_from(data, _ENCODED - _EXPONENT.size)[0])


class KeyFiles:
    """The keys in `files`, read anew at each use: adb makes the user's when its server first starts."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._files = tuple(files)

    def accept(self, token: bytes, signature: bytes) -> bool:
        """Whether one of the keys made `signature` of `token`. Files that cannot be read have no keys."""
        for path in self._files:
            with suppress(OSError, ValueError):
                if any(key.verifies(token, signature) for key in read_keys(path)):
                    return True
        return False


def user_key() -> Path:
    """Where adb keeps the public key of this user."""
    return Path.home() / ".android/adbkey.pub"
