"""Loads a suite's folder or file: records and targets, with checks of images, sizes, counts and hashes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image as PilImage
from PIL import UnidentifiedImageError

from actions.errors import plural
from benchmarks.figures.scoring import Target
from benchmarks.suite import SuiteError, SuiteOptions
from benchmarks.suites.grounding.layouts import Layout
from benchmarks.suites.grounding.parquet import SUFFIXES, image_cache
from benchmarks.suites.grounding.records import AnnotationRow, Record, Size, read_rows, target_of

_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".7z", ".rar", ".zip.001", ".z01", ".tar.xz")
SUMS = "SHA256SUMS"
"""A file beside the data with the hashes (``sha256sum`` format) that the files in it must have."""


@dataclass(frozen=True)
class GroundingQuestion:
    """A record with its target in pixels; `image` is None where images were not asked for."""

    record: Record
    size: Size
    target: Target
    image: Path | None = None


@dataclass(frozen=True)
class LoadedSuite:
    """A suite's questions, their files, and warnings about the data (one line each)."""

    questions: tuple[GroundingQuestion, ...]
    variant: str
    data_hash: str
    warnings: tuple[str, ...]


class DataWarnings:
    """Counts tolerated faults of the data by kind, with the place of the first.

    Paths are relative to `base`, so that the lines do not depend on the place of the data.
    """

    def __init__(self, base: Path) -> None:
        self._base = base
        self._first: dict[str, str] = {}
        self._count: Counter[str] = Counter()

    def __call__(self, kind: str, where: str) -> None:
        """One more of `kind`."""
        self._first.setdefault(kind, where.removeprefix(f"{self._base}/"))
        self._count[kind] += 1

    def lines(self) -> tuple[str, ...]:
        """One line a kind."""
        return tuple(f"{kind}: {n} (first: {self._first[kind]})" for kind, n in self._count.items())


def read_data(name: str, layout: Layout, data: Path, options: SuiteOptions, images: bool = True) -> LoadedSuite:
    """The questions of suite `name` at `data`, a folder in the official layout or an annotation file.

    Without `images` they are looked for only where a record does not say its image's size. Raises `SuiteError`, one
    line with the file and record, for data that are not the suite's.
    """
    if not data.exists():
        raise SuiteError(f"{data} is not there: give the folder that {layout.title} was downloaded to")
    files, variant = _files(name, layout, data, options.mode)
    records = _kept(layout, list(_records(layout, files, options)), variant, files)
    _check_unique(records)
    odd = DataWarnings(data if data.is_dir() else data.parent)
    folders: tuple[Path, ...] = ()
    if images or any(record.size is None for record in records):
        folders = _image_folders(layout, files, data)
        _check_sums(data if data.is_dir() else data.parent)
    if images and not folders:
        raise SuiteError(
            f"{data} has no folder {layout.images[0]!r} with the images of {layout.title}"
            f"{_instead(data if data.is_dir() else data.parent)}"
        )
    questions = tuple(_questions(layout, records, folders, odd, data if data.is_dir() else data.parent))
    lines = [*odd.lines(), *_count_line(layout, variant, len(records)), *_md5_lines(layout, files)]
    return LoadedSuite(questions, variant, _hash(files), tuple(lines))


# Which files --------------------------------------------------------------------------------------------------------


def _files(name: str, layout: Layout, data: Path, mode: str | None) -> tuple[list[Path], str]:
    """The annotation files, and the variant of the suite that they are."""
    if mode is not None and mode not in layout.modes:
        known = f": use {', '.join(layout.modes)}" if layout.modes else " at all"
        raise SuiteError(f"{name} has no mode {mode!r}{known}")
    alternatives = bool(layout.modes) and not layout.mode_over
    if data.is_file():
        return [data], _variant_of_file(layout, data, mode) if alternatives else mode or ""
    variant = mode or (layout.modes[0] if alternatives else "")
    wanted = {key: patterns for key, patterns in layout.files.items() if not variant or key in ("", variant)}
    found = {key: _find(layout, data, patterns) for key, patterns in wanted.items()}
    missing = [layout.files[key][0] for key, files in found.items() if not files]
    if missing and (copy := _find(layout, data, layout.copies)):
        if alternatives and variant != layout.modes[0]:
            raise SuiteError(
                f"{copy[0]} is the {layout.modes[0]} form; {variant} is in {missing[0]}, which is not there"
            )
        return copy, variant
    if missing:
        raise SuiteError(
            f"{data} has no {missing[0]}: give the folder that {layout.title} was downloaded to{_instead(data)}"
        )
    return [file for files in found.values() for file in files], variant


def _find(layout: Layout, data: Path, patterns: Sequence[str]) -> list[Path]:
    for root in layout.roots:
        for pattern in patterns:
            files = sorted((data / root).glob(pattern))
            if files:
                return files
    return []


def _instead(data: Path) -> str:
    """What is in the folder instead: archives that are to be unpacked, or the first names."""
    archives = [str(file.relative_to(data)) for file in sorted(data.glob("*")) + sorted(data.glob("*/*"))
                if file.name.lower().endswith(_ARCHIVES)]  # fmt: skip
    if archives:
        more = f" and {len(archives) - 1} more" if len(archives) > 1 else ""
        return f" (unzip {archives[0]}{more} there first)"
    names = sorted(path.name for path in data.glob("*"))
    return f" (it has {', '.join(names[:4])}{', …' if len(names) > 4 else ''})" if names else " (it is empty)"


def _variant_of_file(layout: Layout, file: Path, mode: str | None) -> str:
    """Which of the alternatives a single file is; told by its name, or by the source its first record names."""
    first = read_rows(file)[0]
    named = f"{file.name} {first.get('source') or ''} {first.get('benchmark') or ''}".lower()
    told = next((variant for variant in layout.modes if variant[:6] in named), layout.modes[0])
    if mode is not None and mode != told:
        raise SuiteError(f"{file} is the {told} form, not the {mode} one")
    return told


# Records ------------------------------------------------------------------------------------------------------------


def _records(layout: Layout, files: Sequence[Path], options: SuiteOptions) -> Iterator[Record]:
    for file in files:
        for number, row in enumerate(read_rows(file, layout.container)):
            yield layout.read(_in_language(row, options.language), f"{file.stem}_{number}")


def _in_language(row: AnnotationRow, language: str | None) -> AnnotationRow:
    if language in (None, "en"):
        return row
    return AnnotationRow({**row.data, "instruction": row.text(f"instruction_{language}")}, row.where)


def _kept(layout: Layout, records: list[Record], variant: str, files: Sequence[Path]) -> list[Record]:
    if not (layout.mode_over and variant):
        return records
    kept = [record for record in records if variant in record.groups.get(layout.mode_over, ())]
    if not kept:
        raise SuiteError(f"{files[0]} has no {variant} sample")
    return kept


def _check_unique(records: Sequence[Record]) -> None:
    seen: dict[str, str] = {}
    for record in records:
        if record.id in seen:
            raise record.error(f"the id {record.id!r} is also that of {seen[record.id]}")
        seen[record.id] = record.where


# Images -------------------------------------------------------------------------------------------------------------


def _image_folders(layout: Layout, files: Sequence[Path], data: Path) -> tuple[Path, ...]:
    base = data if data.is_dir() else data.parent
    roots = [base / root for root in layout.roots] + [files[0].parent, files[0].parent.parent]
    if files[0].suffix in SUFFIXES:
        return tuple(image_cache(file) for file in files)
    return tuple(dict.fromkeys(root / images for root in roots for images in layout.images if (root / images).is_dir()))


def _questions(
    layout: Layout, records: Sequence[Record], folders: Sequence[Path], odd: DataWarnings, base: Path
) -> Iterator[GroundingQuestion]:
    places = {record.image: _place(layout, record, folders) for record in records} if folders else {}
    missing = [record for record in records if folders and places[record.image] is None]
    if missing:
        lost = len({record.image for record in missing})
        where = " or ".join(str(folder) for folder in folders[:2])
        packed = _instead(base) if lost == len(places) else ""
        raise missing[0].error(
            f"the image {missing[0].image} is not in {where} ({plural(lost, 'image')} missing){packed}"
        )
    sizes = {image: _image_size(path) for image, path in places.items() if path is not None}
    for record in records:
        size = _size(record, sizes.get(record.image))
        if not record.instruction.strip():
            odd("records with an empty instruction", record.where)
        yield GroundingQuestion(record, size, target_of(record, size, odd), places.get(record.image))


def _place(layout: Layout, record: Record, folders: Sequence[Path]) -> Path | None:
    """Where the image is; MMBench-GUI names images without the folder of their platform."""
    names = [record.image, *(f"os_{label}/{record.image}" for label in record.groups.get("platform", ()))]
    return next((path for folder in folders for name in names if (path := folder / name).is_file()), None)


def _image_size(path: Path) -> Size:
    """From the file's header."""
    try:
        with PilImage.open(path) as image:
            return image.width, image.height
    except (UnidentifiedImageError, PilImage.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise SuiteError(f"{path} cannot be read as an image: {error}") from error


def _size(record: Record, real: Size | None) -> Size:
    if real is None:
        if record.size is None:
            raise record.error("no img_size, and the images are not there to be measured")
        return record.size
    if record.size is not None and record.size != real:
        told, is_ = "x".join(map(str, record.size)), "x".join(map(str, real))
        raise record.error(f"{record.image} is {is_}, but the annotation says {told}")
    return real


# Hashes and counts --------------------------------------------------------------------------------------------------


def _count_line(layout: Layout, variant: str, count: int) -> list[str]:
    expected = layout.counts.get(variant)
    if expected in (None, count):
        return []
    return [
        f"{plural(count, 'sample')} where {layout.title} has {expected}: not comparable with figures on the whole set"
    ]


def _md5_lines(layout: Layout, files: Sequence[Path]) -> list[str]:
    wrong = [file for file in files if file.name in layout.md5 and _digest(file, "md5") != layout.md5[file.name]]
    return [f"{file.name} is not the file that {layout.source} publishes (its md5 differs)" for file in wrong]


def _hash(files: Sequence[Path]) -> str:
    """sha256 over the annotation files in order, first 16 hex digits."""
    together = hashlib.sha256()
    for file in files:
        together.update(file.read_bytes())
    return together.hexdigest()[:16]


def _check_sums(folder: Path) -> None:
    sums = folder / SUMS
    if sums.is_file():
        for number, line in enumerate(sums.read_text(encoding="utf-8").splitlines(), 1):
            wanted, _, name = line.strip().partition(" ")
            file = folder / name.lstrip(" *")
            if not name or not file.is_file():
                raise SuiteError(f"{sums}:{number}: no such file: {name.strip() or line!r}")
            if _digest(file, "sha256") != wanted.lower():
                raise SuiteError(f"{file} has not the hash that {sums} gives: download it again")


def _digest(file: Path, algorithm: str) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()
