"""Library against database: versions whose file is not there, and files that no version explains."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import select

from core.db.engine import Database
from core.db.tables import FileVersion, LedgerEntry, Placement
from core.library.layout import EXPORT_PREFIX, FACE_CROP_PREFIX, Layout, Tier, is_reference, sidecar_of
from core.library.placing import is_temporary
from core.pipeline.roots import UPLOAD

PAGE = 2_000

_SIDECARS = (".xmp", ".json")

#: What clients are given from ``temp``.
_MADE = (f"temp/{FACE_CROP_PREFIX}", f"temp/{EXPORT_PREFIX}")


async def missing(database: Database, layout: Layout) -> list[str]:
    """What versions name and the disk does not have: their files, and the sidecars of those above Bronze."""
    suspects: list[str] = []
    last = ""
    while True:
        statement = (
            select(FileVersion.id, FileVersion.file_path, FileVersion.tier)
            .where(FileVersion.id > last)
            .order_by(FileVersion.id)
            .limit(PAGE)
        )
        async with database.read() as connection:
            rows = list(await connection.execute(statement))
        # whether a file that stays in its folder is there, its entry in the ledger says
        rows_here = [row for row in rows if not is_reference(row.file_path)]
        names = [row.file_path for row in rows_here]
        names += [sidecar_of(row.file_path) for row in rows_here if row.tier != Tier.BRONZE]
        suspects += await asyncio.to_thread(_not_on_disk, layout, names)
        if len(rows) < PAGE:
            return suspects
        last = rows[-1].id


async def still_missing(database: Database, layout: Layout, names: Sequence[str]) -> list[str]:
    """Those of ``names`` that a version still needs and that are still not there."""
    gone = await asyncio.to_thread(_not_on_disk, layout, names)
    named = await _named(database, [_file_of(name) for name in gone])
    return [name for name in gone if _file_of(name) in named]


async def unexplained(database: Database, layout: Layout) -> tuple[list[str], list[str]]:
    """Files below ``media`` that nothing explains, and temporary files of every kind."""
    files: list[str] = []
    temporary: list[str] = []
    walk = _walk(layout, "media")
    while batch := await asyncio.to_thread(_some, walk):
        temporary += [name for name in batch if is_temporary(name)]
        files += await still_unexplained(database, layout, [name for name in batch if not is_temporary(name)])
    walk = _walk(layout, "thumbnails")
    while batch := await asyncio.to_thread(_some, walk):
        temporary += [name for name in batch if is_temporary(name)]
    temporary += await _unclaimed_uploads(database, await asyncio.to_thread(lambda: list(_walk(layout, "temp"))))
    return files, temporary


async def still_unexplained(database: Database, layout: Layout, names: Sequence[str]) -> list[str]:
    """Those of ``names`` that are there and are neither a version, nor its sidecar, nor on their way to be one."""
    explained = await _named(database, [*names, *(_file_of(name) for name in names)])
    left = [name for name in names if name not in explained and _file_of(name) not in explained]
    gone = set(await asyncio.to_thread(_not_on_disk, layout, left))
    return [name for name in left if name not in gone]


async def still_temporary(database: Database, layout: Layout, names: Sequence[str]) -> list[str]:
    """Those of ``names`` that are still there."""
    gone = set(await asyncio.to_thread(_not_on_disk, layout, names))
    return [name for name in names if name not in gone]


def _file_of(name: str) -> str:
    name = next((name.removesuffix(each) for each in _SIDECARS if name.endswith(each)), name)
    return name.replace("media/sidecars/", "media/silver/", 1)


async def _named(database: Database, names: Sequence[str]) -> set[str]:
    """Which of these names a version has, or a placement has reserved."""
    found: set[str] = set()
    async with database.read() as connection:
        for start in range(0, len(names), PAGE):
            batch = names[start : start + PAGE]
            for column in (FileVersion.file_path, Placement.target):
                found.update((await connection.execute(select(column).where(column.in_(batch)))).scalars())
    return found


async def _unclaimed_uploads(database: Database, names: Sequence[str]) -> list[str]:
    """What lies in ``temp`` and belongs to no upload that waits for the pipeline. Face crops are a cache."""
    received = [name for name in names if not name.startswith(_MADE)]
    paths = [name.removeprefix("temp/") for name in received]
    statement = select(LedgerEntry.path).where(LedgerEntry.root == UPLOAD, LedgerEntry.path.in_(paths))
    async with database.read() as connection:
        known = set((await connection.execute(statement)).scalars())
    return [name for name, path in zip(received, paths, strict=True) if path not in known]


def _not_on_disk(layout: Layout, names: Iterable[str]) -> list[str]:
    return [name for name in names if not os.path.lexists(layout.absolute(name))]


def _walk(layout: Layout, start: str) -> Iterator[str]:
    """The files below ``start``, relative to the data directory; links to roots of mode ``reference`` are none."""
    pending = [start]
    while pending:
        folder = pending.pop()
        with os.scandir(layout.absolute(folder)) as entries:
            for entry in entries:
                name = f"{folder}/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    pending.append(name)
                elif not (entry.is_symlink() and folder.endswith("/reference")):
                    yield name


def _some(names: Iterator[str]) -> list[str]:
    batch = []
    for name in names:
        batch.append(name)
        if len(batch) == PAGE:
            break
    return batch
