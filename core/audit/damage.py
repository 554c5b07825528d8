"""Which stored files are damaged, and where a good copy of them is.

Every function works in the caller's transaction, but those that look for files.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit.read_back import Outcome
from core.db.engine import Database
from core.db.tables import DamagedFile, FileVersion, LedgerEntry
from core.db.upsert import insert_on_conflict
from core.library.layout import Layout
from core.library.placing import hash_file


@dataclass(frozen=True)
class Damage:
    """A version whose file is not what was stored.

    ``good_copy`` is a file with the right bytes, absolute; ``None`` where there is none that we know of.
    """

    version_id: str
    file_path: str
    kind: Outcome
    good_copy: str | None
    found_at: datetime


async def note(
    connection: AsyncConnection, version_id: str, kind: Outcome, good_copy: str | None, now: datetime
) -> None:
    """Remembers that a version is damaged, since when it was first found so."""
    told = {"kind": kind, "good_copy": good_copy}
    statement = insert_on_conflict(connection.dialect.name, DamagedFile).values(
        version_id=version_id, found_at=now, **told
    )
    await connection.execute(statement.on_conflict_do_update(index_elements=[DamagedFile.version_id], set_=told))


async def clear(connection: AsyncConnection, version_ids: Sequence[str]) -> None:
    """These versions are whole."""
    await connection.execute(delete(DamagedFile).where(DamagedFile.version_id.in_(version_ids)))


async def damages(connection: AsyncConnection, version_id: str | None = None, limit: int = 1000) -> list[Damage]:
    """What is damaged, first found first; or the damage of one version."""
    statement = (
        select(DamagedFile, FileVersion.file_path)
        .join(FileVersion, FileVersion.id == DamagedFile.version_id)
        .order_by(DamagedFile.found_at, DamagedFile.version_id)
        .limit(limit)
    )
    if version_id is not None:
        statement = statement.where(DamagedFile.version_id == version_id)
    return [
        Damage(row.version_id, row.file_path, Outcome(row.kind), row.good_copy, row.found_at)
        for row in await connection.execute(statement)
    ]


async def count(connection: AsyncConnection) -> int:
    """How many versions are damaged."""
    return (await connection.execute(select(func.count()).select_from(DamagedFile))).scalar_one()


async def find_good_copy(
    database: Database, layout: Layout, asset_id: str, sha256: str, roots: Mapping[str, str]
) -> str | None:
    """A file with these bytes: another version of the asset, or the source that it was taken from.

    ``roots`` are the folders of watched roots by name. Every candidate is read to its end.
    """
    versions = select(FileVersion.file_path).where(FileVersion.media_asset_id == asset_id, FileVersion.sha256 == sha256)
    sources = select(LedgerEntry.root, LedgerEntry.path).where(LedgerEntry.media_asset_id == asset_id)
    async with database.read() as connection:
        candidates = [str(layout.absolute(path)) for path in (await connection.execute(versions)).scalars()]
        for root, path in await connection.execute(sources):
            if root in roots:
                candidates.append(os.path.join(roots[root], path))  # noqa: PTH118 - text with surrogates
    return await asyncio.to_thread(_first_with, candidates, sha256)


def _first_with(candidates: Iterable[str], sha256: str) -> str | None:
    seen: set[tuple[int, int]] = set()
    for path in candidates:
        try:
            status = Path(path).stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            if hash_file(path) == sha256:
                return path
        except OSError:
            # what cannot be read is no good copy
            continue
    return None
