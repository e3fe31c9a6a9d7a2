"""The picture files of a suite as models take them: made when they are sent, by few threads, and hardly kept."""

from __future__ import annotations

import zlib
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache, partial
from pathlib import Path

import cv2
import numpy as np

from agent.models.dialects.resize import Resize
from agent.models.endpoints.endpoint import LaterPicture
from benchmarks.concurrency import PICTURES
from benchmarks.suite import SuiteError
from benchmarks.suites.grounding.records import Size
from envs.env import Image
from envs.png import encode_png

_MAKERS = ThreadPoolExecutor(PICTURES, "pictures")
_PLAIN = frozenset((b"IHDR", b"sRGB", b"gAMA", b"cHRM", b"iCCP", b"sBIT", b"pHYs", b"tIME", b"tEXt", b"IDAT", b"IEND"))
"""Chunks of a PNG that change neither its pixels nor which way up it is."""


def decoded_file(path: Path, data: bytes | None = None) -> Image:
    """RGB uint8 HxWx3 of the file at `path`, as it is stored. Raises `SuiteError` for a file that is no image.

    Decoding releases the GIL.
    """
    coded = np.fromfile(path, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    how = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imdecode(coded, how) if coded.size else None
    if image is None:
        raise SuiteError(f"{path} cannot be read as an image: download it again")
    return np.asarray(image, dtype=np.uint8)


@lru_cache(maxsize=4)
def read_image(path: Path) -> Image:
    """As `decoded_file`, read-only; the last few are kept, since neighbouring samples share images."""
    image = decoded_file(path)
    image.setflags(write=False)
    return image


def later_picture(path: Path, size: Size, resize: Resize) -> LaterPicture:
    """The file at `path`, an image of `size`, in the size of `resize`. Making it raises `SuiteError`."""
    return LaterPicture(partial(_shared_png, path, size, resize), lambda: resize.apply(_sized(path, size)))


def _shared_png(path: Path, size: Size, resize: Resize) -> bytes:
    """As `_png`, for all who ask at the same time or shortly after each other."""
    try:
        return _making(path, size, resize).result()
    except BaseException:
        _making.cache_clear()
        raise


@lru_cache(maxsize=PICTURES)
def _making(path: Path, size: Size, resize: Resize) -> Future[bytes]:
    return _MAKERS.submit(_png, path, size, resize)


def _png(path: Path, size: Size, resize: Resize) -> bytes:
    """The file's own bytes where these are a plain PNG of the size that is sent."""
    data = path.read_bytes()
    if resize.size(*size) == size and _is_plain(data, size):
        return data
    return encode_png(resize.apply(_sized(path, size, data)))


def _sized(path: Path, size: Size, data: bytes | None = None) -> Image:
    image = decoded_file(path, data)
    if image.shape[:2] != size[::-1]:
        raise SuiteError(f"{path} is no longer {size[0]}x{size[1]} pixels: it was changed during the run")
    return image


def _is_plain(data: bytes, size: Size) -> bool:
    """Whether `data` is a whole PNG of `size`, 8 bits and RGB, with nothing in it that readers take differently, and
    every chunk has its checksum.
    """
    header = b"".join(side.to_bytes(4, "big") for side in size) + b"\x08\x02"
    at, kind, plain = 8, b"", data[:8] == b"\x89PNG\r\n\x1a\n" and data[16:26] == header
    while plain and kind != b"IEND":
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        checksum = zlib.crc32(memoryview(data)[at + 4 : end]).to_bytes(4, "big")
        plain = kind in _PLAIN and checksum == data[end : end + 4]
        at = end + 4
    return plain and len(data) == at
