"""Roots against ledger: files that no entry explains, and entries whose file should be there and is not."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, select

from core.db.engine import Database
from core.db.tables import LedgerEntry, Sidecar
from core.groups.neighbourhood import chunks
from core.library.layout import Layout, Tier, reference_path
from core.pipeline import sighted
from core.pipeline.roots import Mode, Root
from core.pipeline.sighted import Known

#: Entries and files per look: what is held in memory at a time.
PAGE = 2_000


@dataclass(frozen=True)
class Listed:
    """Paths below a root: files of interest, and temporary files of our own."""

    files: Sequence[str]
    temporary: Sequence[str] = ()


@dataclass(frozen=True)
class Source:
    """A root as the audit needs it.

    ``files`` lists what lies below it, folder by folder; ``None`` where files may lie that nobody was asked to take.
    ``needs_file`` says whether an entry's file should be there. ``trouble`` says why the root cannot be compared at
    present.
    """

    root: Root
    files: Callable[[], Iterable[Listed]] | None
    needs_file: Callable[[Known], bool]
    trouble: str | None = None


async def unexplained(database: Database, layout: Layout, source: Source) -> tuple[list[str], list[str]]:
    """The files of a root that no row explains, and the temporary files in it."""
    if source.files is None:
        return [], []
    suspects: list[str] = []
    temporary: list[str] = []
    folders = iter(source.files())
    while (batch := await asyncio.to_thread(_some, folders)) is not None:
        suspects += await without_row(database, layout, source.root, batch.files)
        temporary += batch.temporary
    return suspects, temporary


def _some(folders: Iterator[Listed]) -> Listed | None:
    files: list[str] = []
    temporary: list[str] = []
    is_at_end = True
    for folder in folders:
        is_at_end = False
        files += folder.files
        temporary += folder.temporary
        if len(files) >= PAGE:
            break
    return None if is_at_end else Listed(files, temporary)


async def still_temporary(source: Source, paths: Sequence[str]) -> list[str]:
    """Those of ``paths`` that are still there."""
    return await asyncio.to_thread(lambda: [path for path in paths if is_there(source.root, path)])


async def without_row(database: Database, layout: Layout, root: Root, paths: Sequence[str]) -> list[str]:
    """Those of ``paths`` that neither the ledger knows, nor whoever wrote the sidecars beside photos that stay there.

    A sidecar of ours gets its entry with the next scan only, and whoever asks before that is to hear that all is well.
    """
    async with database.read() as connection:
        known = await sighted.known_paths(connection, root.name, paths)
        left = [path for path in paths if path not in known]
        if root.mode is not Mode.REFERENCE:
            return left
        places = {str(layout.absolute(reference_path(Tier.SILVER, root.name, path))): path for path in left}
        for chunk in chunks(places):
            written = select(Sidecar.path).where(Sidecar.path.in_(chunk))
            for place in (await connection.execute(written)).scalars():
                places.pop(place or "", None)
    return list(places.values())


async def absent(database: Database, source: Source) -> list[str]:
    """The paths whose file should be there and is not."""
    suspects: list[str] = []
    last = ""
    while True:
        statement = (
            select(LedgerEntry.path)
            .where(and_(LedgerEntry.root == source.root.name, LedgerEntry.path > last))
            .order_by(LedgerEntry.path)
            .limit(PAGE)
        )
        async with database.read() as connection:
            paths = list((await connection.execute(statement)).scalars())
        suspects += await still_absent(database, source, paths)
        if len(paths) < PAGE:
            return suspects
        last = paths[-1]


async def still_absent(database: Database, source: Source, paths: Sequence[str]) -> list[str]:
    """Those of ``paths`` whose entry needs a file that is not there."""
    gone = await asyncio.to_thread(lambda: [path for path in paths if not is_there(source.root, path)])
    if not gone:
        return []
    async with database.read() as connection:
        known = await sighted.known_paths(connection, source.root.name, gone)
    return [path for path in gone if path in known and source.needs_file(known[path])]


def is_there(root: Root, path: str) -> bool:
    """Whether something lies at a path of a root."""
    return os.path.lexists(root.absolute(path))
