"""Lossless PNG bytes of a screenshot, fast: the model request and the episode recorder both wait for this.

Every row carries PNG filter 1 (the difference to the pixel on its left), which numpy computes for the whole image at
once, and the stream is compressed by ISA-L's igzip. Where ISA-L has no wheel, zlib at its fastest level writes the
same format at about six times the time.
"""

from __future__ import annotations

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


def encode_png(image: Image) -> bytes:
    """PNG of `image` (RGB uint8 HxWx3); decodes to exactly the same pixels. Raises ValueError for any other array."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise ValueError(f"a PNG needs RGB uint8 HxWx3, not {image.dtype} {'x'.join(map(str, image.shape))}")
    height, width = image.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 8, _RGB, 0, 0, 0)
    data = _compress(_filtered(image))
    return b"".join((_SIGNATURE, *_chunk(b"IHDR", header), *_chunk(b"IDAT", data), *_chunk(b"IEND", b"")))


def _filtered(image: Image) -> npt.NDArray[np.uint8]:
    height, width = image.shape[:2]
    flat = image.reshape(height, width * 3)
    rows = np.empty((height, width * 3 + 1), np.uint8)
    rows[:, 0] = _SUB
    rows[:, 1:4] = flat[:, :3]
    np.subtract(flat[:, 3:], flat[:, :-3], out=rows[:, 4:])
    return rows


def _compress(rows: npt.NDArray[np.uint8]) -> bytes:
    data = rows.data
    return bytes(isal_zlib.compress(data, 1)) if isal_zlib is not None else zlib.compress(data, 1)


def _chunk(kind: bytes, data: bytes) -> tuple[bytes, ...]:
    return struct.pack(">I", len(data)), kind, data, struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
