"""Reading frames of untrusted episodes: no file outside the folder, no decompression bomb, no undetected damage."""

from __future__ import annotations

import os
import re
import stat
import struct
import threading
import zlib
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from agent.core.step import Step
from agent.episodes.format import MAX_PIXELS, MAX_SIDE, EpisodeError, reason
from envs.env import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_SLACK = 2**20  # bytes that a file may have beyond its pixels


def open_inside(folder: Path, relative: str | PurePosixPath, where: str) -> int:
    """A descriptor of the regular file `relative` of an episode; `where` begins the messages.

    Raises FileNotFoundError, and `EpisodeError` for a path outside the episode, no regular file or an unreadable one.
    """
    fd = _open_without_links(folder, relative)
    if fd is None:
        fd = _open_resolved(folder, relative, where)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise EpisodeError(f"{where} is not a file")
    return fd


def _open_without_links(folder: Path, relative: str | PurePosixPath) -> int | None:
    """A descriptor of a file below `folder` on whose way there are no links; None for any other, and where the system
    cannot tell. It is many times faster than resolving names.
    """
    if os.open not in os.supports_dir_fd:
        return None
    *folders, name = str(relative).split("/")
    fd = -1
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        for part in (*folders, name):
            if part in ("", ".", ".."):
                return None
            above, flags = fd, os.O_NOFOLLOW | (os.O_NONBLOCK if part is name else os.O_DIRECTORY)
            fd = os.open(part, os.O_RDONLY | flags, dir_fd=above)
            os.close(above)
        found, fd = fd, -1
        return found
    except OSError:
        return None
    finally:
        if fd >= 0:
            os.close(fd)


def _open_resolved(folder: Path, relative: str | PurePosixPath, where: str) -> int:
    path = folder / relative
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise EpisodeError(f"{where} leads out of the episode")
        return os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise
    except (OSError, RuntimeError) as error:  # RuntimeError: symlink loops
        raise EpisodeError(f"{where} cannot be read: {reason(error)}") from error


class FrameChecker:
    """Checks the files of frames in `folder` without decoding them; a file that many steps share is opened once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._right: set[tuple[str, int, int]] = set()  # whole pictures that were checked, with their size

    def check(self, step: Step) -> None:
        """Raises `EpisodeError` for the step's frame, naming the step."""
        size = (step.frame.width, step.frame.height)
        base = step.image if step.patch is None else step.patch.base
        if (base, *size) not in self._right:
            _Png.named(self._folder, step, base).expect(*size)
            self._right.add((base, *size))
        if step.patch is not None:
            _Png.named(self._folder, step, step.image).expect_within(*size, step.patch.at)


def read_frame(folder: Path, step: Step) -> Image:
    """The screen of `step`: RGB uint8 HxWx3, of the frame's size. Raises `EpisodeError`."""
    size = (step.frame.width, step.frame.height)
    if step.patch is None:
        return _whole_pictures.decoded(_Png.named(folder, step, step.image).expect(*size))
    image = _whole_pictures.decoded(_Png.named(folder, step, step.patch.base).expect(*size))
    (x, y), overlay = step.patch.at, _Png.named(folder, step, step.image)
    overlay.expect_within(*size, step.patch.at)
    pixels = overlay.decode(cv2.IMREAD_UNCHANGED)
    if pixels.ndim != 3 or pixels.dtype != np.uint8:
        raise EpisodeError(f"{overlay.where} is not an 8-bit RGB or RGBA picture")
    part = image[y : y + pixels.shape[0], x : x + pixels.shape[1]]
    if pixels.shape[2] == 4:
        cv2.copyTo(cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGB), pixels[:, :, 3], part)
    else:
        part[:] = pixels[:, :, ::-1]
    return image


class _Png:
    """A PNG file inside an episode, with the size that its header claims, within the limits.

    `key` identifies the file and its state.
    """

    def __init__(self, folder: Path, relative: PurePosixPath, where: str) -> None:
        self.where, self._folder, self._relative = where, folder, relative
        try:
            fd = open_inside(folder, relative, where)
        except FileNotFoundError as error:
            raise EpisodeError(f"{where} is missing") from error
        with os.fdopen(fd, "rb") as file:
            found = os.fstat(fd)
            self.bytes, self.key = found.st_size, (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
            head = file.read(33)
        if len(head) < 33 or not head.startswith(_SIGNATURE) or head[12:16] != b"IHDR":
            raise EpisodeError(f"{where} is not a PNG file")
        self.width, self.height = struct.unpack(">II", head[16:24])
        self._check_size()

    @classmethod
    def named(cls, folder: Path, step: Step, name: str) -> _Png:
        """The file `name` of `step`."""
        where, relative = f"step {step.index + 1}: its frame {name[:200]!r}", PurePosixPath(name)
        bad = relative.is_absolute() or ".." in relative.parts or re.search(r"[\\:\x00-\x1f\ud800-\udfff]", name)
        if bad or relative.suffix != ".png":
            raise EpisodeError(f"{where} is not a PNG file inside the episode")
        return cls(folder, relative, where)

    def _check_size(self) -> None:
        pixels = self.width * self.height
        if pixels > MAX_PIXELS or max(self.width, self.height) > MAX_SIDE:
            raise EpisodeError(
                f"{self.where} claims {self.width}x{self.height} pixels, above {MAX_PIXELS} or {MAX_SIDE} a side"
            )
        if self.bytes > 8 * pixels + _SLACK:
            raise EpisodeError(f"{self.where} has {self.bytes} bytes, too many for {self.width}x{self.height} pixels")

    def expect(self, width: int, height: int) -> _Png:
        """Itself. Raises `EpisodeError` for another size."""
        if (self.width, self.height) != (width, height):
            raise EpisodeError(f"{self.where} is {self.width}x{self.height}, not {width}x{height}")
        return self

    def expect_within(self, width: int, height: int, at: tuple[int, int]) -> None:
        """Raises `EpisodeError` for a patch that does not lie within its frame."""
        if not (at[0] + self.width <= width and at[1] + self.height <= height and min(at) >= 0):
            raise EpisodeError(
                f"{self.where} is {self.width}x{self.height} and sticks out of its {width}x{height} frame"
            )

    def decode(self, how: int) -> Image:
        """The pixels in OpenCV's order. Raises `EpisodeError` for any damage."""
        fd = open_inside(self._folder, self._relative, self.where)
        with os.fdopen(fd, "rb") as file:
            data = file.read(8 * self.width * self.height + _SLACK)
        try:
            image = cv2.imdecode(np.frombuffer(_clean(data), np.uint8), how)
        except (ValueError, cv2.error) as error:
            raise EpisodeError(f"{self.where} is damaged: {reason(error)}") from error
        if image is None or image.shape[:2] != (self.height, self.width):
            raise EpisodeError(f"{self.where} is damaged")
        return np.asarray(image)


class _LastDecoded:
    """The last two decoded whole pictures: many patches share one, and threads read ahead. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._images: dict[object, Image] = {}

    def decoded(self, png: _Png) -> Image:
        """The pixels of `png`: RGB, a copy."""
        with self._lock:
            image = self._images.get(png.key)
            if image is None:
                pixels = png.decode(cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
                image = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
                self._images = dict([*self._images.items(), (png.key, image)][-2:])
        return image.copy()


_whole_pictures = _LastDecoded()


def _clean(data: bytes) -> bytes:
    """The file without the chunks that hold no pixels (texts, profiles, animations).

    Raises ValueError for a truncated file or a wrong checksum.
    """
    kept, at = [_SIGNATURE], len(_SIGNATURE)
    while True:
        if at + 12 > len(data):
            raise ValueError("it is cut off")
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise ValueError("it is cut off")
        if struct.unpack_from(">I", data, end - 4)[0] != zlib.crc32(data[at + 4 : end - 4]):
            raise ValueError("a checksum is wrong")
        if kind in _NEEDED:
            kept.append(data[at:end])
        if kind == b"IEND":
            return b"".join(kept)
        at = end
