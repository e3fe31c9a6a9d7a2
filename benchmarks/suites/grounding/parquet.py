"""Parquet copies of a suite, as Hugging Face has them: rows with the bytes of their image."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.suite import SuiteError


def parquet_rows(file: Path) -> list[dict[str, Any]]:
    """The rows of `file`; ``img_filename`` names the image, which is stored in `image_cache`. Raises `SuiteError`."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise SuiteError(f"{file} is a parquet copy, which needs pyarrow: pip install 'handeye[bench]'") from error
    folder = image_cache(file)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        batches = parquet.ParquetFile(file).iter_batches(batch_size=64)
        return [_stored(row, folder) for batch in batches for row in batch.to_pylist()]
    except (OSError, pyarrow.ArrowException) as error:
        raise SuiteError(f"{file} cannot be read as parquet: {str(error).splitlines()[0]}") from error


def image_cache(file: Path) -> Path:
    """The folder of the images of the parquet copy `file`, as it is now."""
    there = file.stat()
    key = hashlib.sha256(f"{file.resolve()} {there.st_size} {there.st_mtime_ns}".encode()).hexdigest()[:16]
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "handeye" / "parquet" / key


def _stored(row: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """`row` with the name of its image instead of its bytes; one file for equal images."""
    image = next((value for value in row.values() if isinstance(value, dict) and value.get("bytes")), None)
    if image is None:
        return dict(row)
    data: bytes = image["bytes"]
    path = folder / f"{hashlib.sha256(data).hexdigest()[:24]}.png"
    if not (path.is_file() and path.stat().st_size == len(data)):
        path.write_bytes(data)
    plain = {key: value for key, value in row.items() if value is not image}
    return {"file_name": image.get("path"), **plain, "img_filename": path.name}
