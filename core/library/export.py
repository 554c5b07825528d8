"""Photos to take away: one archive with a file for each, made in ``temp`` and removed after a day."""

from __future__ import annotations

import asyncio
import errno
import io
import stat
import tarfile
import time
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row, select

from core.compute import Compute
from core.compute.tasks import render_reduced
from core.db.engine import Database
from core.db.tables import FileVersion, MediaAsset
from core.errors import Undecodable, WorkerLost
from core.library.layout import EXPORT_PREFIX, Layout
from core.library.naming import numbered, sanitise_filename

KEPT_SECONDS: Final = 24 * 3600
"""How long an archive can be fetched."""

_BATCH: Final = 5_000

_PREVIEW: Final = "preview"


class Packing(StrEnum):
    """The format of the archive. Neither compresses: photos are compressed already."""

    ZIP = "zip"
    TAR = "tar"


class Copies(StrEnum):
    """``original`` bytes, or JPEGs whose longest side has 1440 (``high``) or 720 (``medium``) pixels."""

    ORIGINAL = "original"
    HIGH = "high"
    MEDIUM = "medium"


_REDUCED: Final = {Copies.HIGH: (1440, 90), Copies.MEDIUM: (720, 80)}
"""Longest side in pixels, and JPEG quality 0–100."""


async def export(
    database: Database, layout: Layout, compute: Compute, photo_ids: Sequence[str], packing: Packing, copies: Copies
) -> tuple[str, dict[str, str]]:
    """Makes the archive; returns its path below the data directory, and why photos are not in it, by id.

    What has no smaller picture (a video, an unreadable file) is in it as it is.
    """
    photos = await _photos(database, photo_ids)
    errors = {photo_id: f"There is no photo {photo_id}." for photo_id in photo_ids if photo_id not in photos}
    name = f"{EXPORT_PREFIX}{uuid.uuid4().hex}.{packing}"
    target = layout.temp / name
    taken: set[str] = set()
    with _Archive(target, packing) as archive:
        for photo_id, photo in photos.items():
            path = layout.absolute(photo.file_path)
            reduced = None if copies is Copies.ORIGINAL else await _reduced(layout, compute, photo, copies)
            file_name = _free(sanitise_filename(photo.original_filename, path.suffix), reduced is not None, taken)
            try:
                await asyncio.to_thread(archive.add, file_name, path if reduced is None else reduced)
            except OSError as error:
                errors[photo_id] = f"{photo.file_path} cannot be read: {error.strerror or error}."
    return f"temp/{name}", errors


def remove_old_exports(layout: Layout, now: float | None = None) -> int:
    """Removes archives that were made longer than a day ago; returns how many. ``now`` is in seconds since 1970."""
    moment, removed = time.time() if now is None else now, 0
    for path in layout.temp.glob(f"{EXPORT_PREFIX}*"):
        if moment - path.stat().st_mtime > KEPT_SECONDS:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


async def _photos(database: Database, photo_ids: Sequence[str]) -> Mapping[str, Row[*tuple[Any, ...]]]:
    columns = (FileVersion.id, FileVersion.file_path, FileVersion.sha256, MediaAsset.original_filename)
    statement = select(*columns).join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
    found: dict[str, Row[*tuple[Any, ...]]] = {}
    async with database.read() as connection:
        for start in range(0, len(photo_ids), _BATCH):
            ids = FileVersion.id.in_(photo_ids[start : start + _BATCH])
            rows = await connection.execute(statement.where(ids, FileVersion.archived_at.is_(None)))
            found.update((row.id, row) for row in rows)
    return {photo_id: found[photo_id] for photo_id in dict.fromkeys(photo_ids) if photo_id in found}


async def _reduced(layout: Layout, compute: Compute, photo: Row[*tuple[Any, ...]], copies: Copies) -> bytes | None:
    preview = layout.rendered(photo.sha256 or "", _PREVIEW)
    if not await asyncio.to_thread(preview.is_file):
        return None
    try:
        return await compute.run(render_reduced, str(preview), *_REDUCED[copies])
    except (Undecodable, WorkerLost, OSError):
        return None


def _free(name: str, is_jpeg: bool, taken: set[str]) -> str:
    """A name that the archive does not have yet; names that differ only in case are one on some systems."""
    wanted = str(Path(name).with_suffix(".jpg")) if is_jpeg else name
    number, candidate = 0, wanted
    while candidate.casefold() in taken:
        number += 1
        candidate = numbered(wanted, number)
    taken.add(candidate.casefold())
    return candidate


class _Archive:
    """A ZIP or TAR file being written; it is gone again if that ends in an error."""

    def __init__(self, target: Path, packing: Packing) -> None:
        self._target, self._packing = target, packing
        self._zip: zipfile.ZipFile | None = None
        self._tar: tarfile.TarFile | None = None

    def __enter__(self) -> _Archive:
        if self._packing is Packing.ZIP:
            # a camera without a clock writes 1970, which a ZIP cannot say
            self._zip = zipfile.ZipFile(self._target, "x", strict_timestamps=False)
        else:
            self._tar = tarfile.open(self._target, "x")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for file in (self._zip, self._tar):
            if file is not None:
                file.close()
        if kind is not None:
            self._target.unlink(missing_ok=True)

    def add(self, name: str, content: Path | bytes) -> None:
        """Adds a file of the disk, or bytes; blocks."""
        if isinstance(content, Path) and not stat.S_ISREG(content.stat().st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(content))
        if self._zip is not None:
            if isinstance(content, bytes):
                self._zip.writestr(name, content)
            else:
                self._zip.write(content, name)
        elif self._tar is not None:
            if isinstance(content, bytes):
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                self._tar.addfile(entry, io.BytesIO(content))
            else:
                self._tar.add(content.resolve(), name, recursive=False)
