"""Lossless PNG bytes of a screenshot, fast: the model request and the episode recorder both wait for this.

Every row carries PNG filter 1 (the difference to the pixel on its left), which numpy computes for the whole image at
once, and the stream is compressed by ISA-L's igzip. Where ISA-L has no wheel, zlib at its fastest level writes the
same format at about six times the time.
"""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import numpy.typing as npt

from envs.env import Image

try:
    from isal import isal_zlib
except ImportError:  # no wheel for this platform
    isal_zlib = None  # type: ignore[assignment]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SUB = 1
_RGB = 2
_RGBA = 6


def data_url(data: bytes, kind: str = "png") -> str:
    """The bytes of a picture file as a ``data:image/KIND`` URL."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def encode_png(image: Image) -> bytes:
    """PNG of `image` (RGB uint8 HxWx3); decodes to exactly the same pixels. Raises ValueError for any other array."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise ValueError(f"a PNG needs RGB uint8 HxWx3, not {image.dtype} {'x'.join(map(str, image.shape))}")
    return _encode(image, _RGB)


def encode_overlay(image: Image) -> bytes:
    """PNG of `image` (RGBA uint8 HxWx4, alpha 0 or 255), like `encode_png`. Raises ValueError for any other array."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 4 or not image.size:
        raise ValueError(f"an overlay needs RGBA uint8 HxWx4, not {image.dtype} {'x'.join(map(str, image.shape))}")
    return _encode(image, _RGBA)


def _encode(image: Image, colour: int) -> bytes:
    height, width = image.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    data = _compress(_filtered(image))
    return b"".join((_SIGNATURE, *_chunk(b"IHDR", header), *_chunk(b"IDAT", data), *_chunk(b"IEND", b"")))


def _filtered(image: Image) -> npt.NDArray[np.uint8]:
    height, width, depth = image.shape
    flat = image.reshape(height, width * depth)
    rows = np.empty((height, width * depth + 1), np.uint8)
    rows[:, 0] = _SUB
    rows[:, 1 : depth + 1] = flat[:, :depth]
    np.subtract(flat[:, depth:], flat[:, :-depth], out=rows[:, depth + 1 :])
    return rows


def _compress(rows: npt.NDArray[np.uint8]) -> bytes:
    data = rows.data
    return bytes(isal_zlib.compress(data, 1)) if isal_zlib is not None else zlib.compress(data, 1)


def _chunk(kind: bytes, data: bytes) -> tuple[bytes, ...]:
    return struct.pack(">I", len(data)), kind, data, struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
