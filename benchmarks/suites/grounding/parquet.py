"""Copies of a suite as Hugging Face has them, rows with the bytes of their image: parquet, and saved by `datasets`."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from actions.extras import install_command
from benchmarks.suite import SuiteError

SUFFIXES = frozenset({".parquet", ".arrow"})
"""Parquet, and the Arrow files of ``save_to_disk``."""
_LISTS = ("bbox", "img_size", "image_size", "polygon", "box_coordinates", "GUI_types")
"""Columns that some copies have as text, in JSON."""


def parquet_rows(file: Path) -> list[dict[str, Any]]:
    """The rows of `file`; ``img_filename`` names the image, which is stored in `image_cache`. Raises `SuiteError`."""
    try:
        import pyarrow
    except ImportError as error:
        raise SuiteError(f"{file} is a parquet copy, which needs pyarrow: {install_command('hub')}") from error
    folder = image_cache(file)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [_stored(row, folder) for batch in _batches(file) for row in batch.to_pylist()]
    except (OSError, pyarrow.ArrowException) as error:
        raise SuiteError(f"{file} cannot be read as {file.suffix[1:]}: {str(error).splitlines()[0]}") from error


def _batches(file: Path) -> Iterator[Any]:
    """A few rows at a time: an image each."""
    if file.suffix == ".arrow":
        from pyarrow import ipc

        with file.open("rb") as stream, ipc.open_stream(stream) as reader:
            for batch in reader:
                for start in range(0, batch.num_rows, 64):
                    yield batch.slice(start, 64)
        return
    from pyarrow import parquet

    yield from parquet.ParquetFile(file).iter_batches(batch_size=64)


def image_cache(file: Path) -> Path:
    """The folder of the images of the parquet copy `file`, as it is now."""
    there = file.stat()
    key = hashlib.sha256(f"{file.resolve()} {there.st_size} {there.st_mtime_ns}".encode()).hexdigest()[:16]
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "handeye" / "parquet" / key


def _stored(row: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """`row` with the name of its image instead of its bytes; one file for equal images."""
    plain = {key: _listed(value) if key in _LISTS else value for key, value in row.items()}
    found = next(((key, image) for key, value in row.items() if (image := _image(value)) is not None), None)
    if found is None:
        return plain
    column, (data, name) = found
    path = folder / f"{hashlib.sha256(data).hexdigest()[:24]}.png"
    if not (path.is_file() and path.stat().st_size == len(data)):
        path.write_bytes(data)
    del plain[column]
    return {"file_name": name, **plain, "img_filename": path.name}


def _image(value: Any) -> tuple[bytes, str | None] | None:
    """The bytes and name of an image: as `datasets` keeps one, or bytes alone."""
    if isinstance(value, dict) and value.get("bytes"):
        return value["bytes"], value.get("path")
    return (value, None) if isinstance(value, bytes) and value else None


def _listed(value: Any) -> Any:
    """A list that is written as text; everything else as it is."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        with suppress(ValueError):
            return json.loads(value)
    return value
