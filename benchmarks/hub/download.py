"""Fetches a dataset repository of the Hugging Face hub: resumed, checked, unpacked, and put in place as a whole.

Files go to a folder beside the target, ``.NAME.download``. A file counts as there once its checksum is right, what was
fetched of one that was interrupted is kept, and the target appears when everything is there.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from actions.extras import install_command
from agent.core.errors import UserError
from benchmarks.hub.sources import HubData

RECORD = ".handeye-download.json"
"""A file in the data set's folder: repository, revision, licence and the checksums of what was fetched."""
_WORKERS = 8
_SLACK = 64 * 2**20
"""Bytes of disk that must be left over."""


@dataclass(frozen=True)
class HubFile:
    """A file of a repository. `digest` is ``sha256:…`` of a large file, ``git:…`` (a blob's id) of a small one."""

    path: str
    size: int
    digest: str


@dataclass(frozen=True)
class Listing:
    """What a repository has at one revision, as far as a suite reads it. `licence` is "" where its card has none."""

    repo: str
    revision: str
    licence: str
    files: tuple[HubFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


class _Stopped(Exception):  # noqa: N818 - no error: the person stopped it
    pass


def list_files(data: HubData, revision: str | None = None) -> Listing:
    """What is to be fetched. Raises `UserError`: no such repository, terms to be accepted, no network."""
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise UserError(f"downloading needs huggingface_hub: {install_command('hub')}") from error
    with _hub_errors(data.repo):
        info = HfApi(endpoint=_endpoint()).dataset_info(data.repo, revision=revision, files_metadata=True)
    files = []
    for one in info.siblings or ():
        if not any(fnmatch(one.rfilename, pattern) for pattern in data.files) or one.rfilename.startswith(".git"):
            continue
        digest = f"sha256:{one.lfs.sha256}" if one.lfs else f"git:{one.blob_id}"
        files.append(HubFile(_checked_name(one.rfilename), one.size or 0, digest))
    if not files:
        raise UserError(f"{data.repo} has none of {', '.join(data.files)}: its layout has changed; name a --revision")
    licence = (info.card_data.get("license") if info.card_data else None) or ""
    return Listing(
        data.repo, info.sha or "main", licence if isinstance(licence, str) else ", ".join(licence), tuple(files)
    )


def _checked_name(name: str) -> str:
    """`name`, a path within a folder. Raises `UserError`."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise UserError(f"the repository has a file with the name {name!r}: not fetched")
    return name


class Download:
    """One listing on its way to the folder `to`. `fetched` is called with the number of bytes that came."""

    def __init__(self, listing: Listing, to: Path, archives: Sequence[str], fetched: Callable[[int], None]) -> None:
        self._listing, self._to, self._archives, self._fetched = listing, to, archives, fetched
        self._stage = to.with_name(f".{to.name}.download")
        self._files, self._parts = self._stage / "files", self._stage / "parts"
        self._stop = threading.Event()

    def there(self) -> int:
        """Bytes that an earlier try left."""
        return sum(self._bytes_of(file) for file in self._listing.files)

    def _bytes_of(self, file: HubFile) -> int:
        if (self._files / file.path).is_file():
            return file.size
        part = self._part(file)
        return part.stat().st_size if part.is_file() else 0

    def _part(self, file: HubFile) -> Path:
        return self._parts / file.digest.partition(":")[2]

    def check(self) -> None:
        """Raise `UserError` where the folder is taken by something else, or the disk too full."""
        if self._to.exists() and (not self._to.is_dir() or any(self._to.iterdir())):
            raise UserError(f"{self._to} is there and holds something else: choose another folder with --to")
        unpacked = sum(file.size for file in self._listing.files if self._is_archive(file.path))
        needed = self._listing.size - self.there() + unpacked + _SLACK
        free = shutil.disk_usage(_existing(self._to.parent)).free
        if free < needed:
            raise UserError(
                f"the disk of {self._to.parent} has {free / 1e9:.1f} GB free, {needed / 1e9:.1f} GB are needed: "
                "choose another folder with --to"
            )

    def run(self) -> None:
        """Fetch, check, unpack, put in place. Raises `UserError`; what was fetched is kept for the next try."""
        try:
            self._parts.mkdir(parents=True, exist_ok=True)
            self._files.mkdir(exist_ok=True)
            with _alone(self._stage):
                self._fetch_all()
                self._unpack()
                record = {**asdict(self._listing), "size": self._listing.size}
                (self._files / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
                if self._to.exists():
                    self._to.rmdir()
                self._files.rename(self._to)
            shutil.rmtree(self._stage)
        except OSError as error:
            raise UserError(f"cannot write to {self._stage}: {error.strerror or error}") from error

    def _fetch_all(self) -> None:
        from huggingface_hub.utils import disable_progress_bars, logging

        disable_progress_bars()
        logging.set_verbosity_error()  # it tells of each retry; what fails in the end is our own line
        with ThreadPoolExecutor(_WORKERS) as pool:
            running = [pool.submit(self._fetch, file) for file in self._listing.files]
            try:
                wait(running, return_when="FIRST_EXCEPTION")
            finally:
                self._stop.set()
                for one in running:
                    one.cancel()
        _raise_first(running)

    def _fetch(self, file: HubFile) -> None:
        """One file: the rest of what is there, then its checksum, then its place."""
        from huggingface_hub import hf_hub_url
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils import build_hf_headers

        target, part = self._files / file.path, self._part(file)
        if target.is_file():
            return
        listing = self._listing
        url = hf_hub_url(listing.repo, file.path, repo_type="dataset", revision=listing.revision, endpoint=_endpoint())
        with part.open("ab") as stream, _hub_errors(self._listing.repo):
            if stream.tell() > file.size:
                stream.truncate(0)
            counted = _PartialFile(stream, self._fetched, self._stop)
            http_get(
                url,
                counted,
                resume_size=stream.tell(),
                headers=build_hf_headers(library_name="handeye"),
                expected_size=file.size,
            )
        if _digest(part, file) != file.digest:
            part.unlink()
            raise UserError(f"{file.path} of {self._listing.repo} has not the checksum that the hub gives: try again")
        target.parent.mkdir(parents=True, exist_ok=True)
        part.rename(target)

    def _is_archive(self, path: str) -> bool:
        return any(fnmatch(path, pattern) for pattern in self._archives)

    def _unpack(self) -> None:
        """Zip archives where they lie. One stays until all are unpacked, so that an interrupted try starts anew."""
        archives = [self._files / file.path for file in self._listing.files if self._is_archive(file.path)]
        for archive in archives:
            try:
                with zipfile.ZipFile(archive) as packed:
                    inside = [_checked_name(name) for name in packed.namelist() if not name.startswith("__MACOSX/")]
                    packed.extractall(archive.parent, inside)
            except zipfile.BadZipFile as error:
                raise UserError(f"{archive.name} of {self._listing.repo} cannot be unpacked: {error}") from error
        for archive in archives:
            archive.unlink()


class _PartialFile:
    """The end of a partial file, for ``http_get``: reports what is written, and ends when the download is stopped."""

    def __init__(self, stream: BinaryIO, fetched: Callable[[int], None], stop: threading.Event) -> None:
        self._stream, self._fetched, self._stop = stream, fetched, stop

    def write(self, data: bytes) -> int:
        if self._stop.is_set():
            raise _Stopped
        self._fetched(len(data))
        return self._stream.write(data)

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, place: int) -> int:
        return self._stream.seek(place)

    def truncate(self) -> int:
        """Called where the server sends a file anew from its first byte."""
        end = self._stream.seek(0, 2)
        self._fetched(-end)
        return self._stream.truncate(0)


def recorded(to: Path) -> Listing | None:
    """What an earlier download put in the folder `to`; None where it was none."""
    try:
        found = json.loads((to / RECORD).read_text(encoding="utf-8"))
        files = tuple(HubFile(**one) for one in found["files"])
        return Listing(found["repo"], found["revision"], found["licence"], files)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT") or None


def _digest(path: Path, file: HubFile) -> str:
    kind = file.digest.partition(":")[0]
    with path.open("rb") as stream:
        if kind == "sha256":
            return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
        blob = hashlib.sha1(f"blob {file.size}\0".encode(), usedforsecurity=False)
        while block := stream.read(2**20):
            blob.update(block)
    return f"git:{blob.hexdigest()}"


def _raise_first(running: Sequence[Future[None]]) -> None:
    """The error that stopped the others, if there was one."""
    errors = [error for one in running if not one.cancelled() and (error := one.exception()) is not None]
    for error in sorted(errors, key=lambda error: isinstance(error, _Stopped)):
        raise error


def _existing(folder: Path) -> Path:
    """`folder`, or the nearest above it that is there."""
    while not folder.exists():
        folder = folder.parent
    return folder


@contextmanager
def _alone(stage: Path) -> Iterator[None]:
    """Hold the lock of `stage`. Raises `UserError` where another download has it."""
    with (stage / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserError(f"another download is writing to {stage}: wait for it, or choose another --to") from error
        yield


@contextmanager
def _hub_errors(repo: str) -> Iterator[None]:
    """What the hub's client raises, as one line with what to do next."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    again = "; the same command goes on where it stopped"
    try:
        yield
    except (_Stopped, UserError):
        raise
    except GatedRepoError as error:
        raise UserError(f"{repo} wants its terms accepted: do so on its page, then set HF_TOKEN") from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise UserError(f"the hub has no dataset repository {repo}, or it is not yours to read (HF_TOKEN)") from error
    except RevisionNotFoundError as error:
        raise UserError(f"{repo} has no such revision") from error
    except OfflineModeIsEnabled as error:
        raise UserError("HF_HUB_OFFLINE is set: unset it to download") from error
    except HfHubHTTPError as error:
        raise UserError(f"the hub answers {_line(error)}{again}") from error
    except Exception as error:  # the HTTP library of huggingface_hub differs by its version
        raise UserError(f"the hub cannot be reached: {_line(error)}{again}") from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
