"""By what is every picture of the library found? The stage that makes fingerprints, and the file that has them all.

They are kept with the content, as results of the stage :data:`STAGE`, so that a picture is looked at once. For the
comparing, those of the whole library are written into one file, those that were compared first, so that a worker can
search it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, and_, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.compute.tasks import fingerprint_pictures
from core.db.tables import DuplicateCheck, FileVersion, MediaAsset, StageResult
from core.db.upsert import insert_on_conflict
from core.duplicates.facts import MISSED, VERSION
from core.duplicates.pictures import Picture
from core.duplicates.stored_shot import SHOT_COLUMNS
from core.errors import WorkerLost
from core.groups.neighbourhood import chunks
from core.library.layout import Tier
from core.media.formats import FORMATS
from core.pipeline.look import PREVIEW
from core.pipeline.workbench import Workbench

STAGE, STAGE_VERSION = "fingerprint", "1"
"""The version changes when the meaning of a record does; records of another version are made again."""

RECORD_SIZE = 228
"""Bytes of a fingerprint, see :data:`core.media.fingerprint.RECORD`."""

_ID_SIZE = 40
"""Bytes of an id in the file of ids, filled up with blanks."""

PICTURES_AT_ONCE = 16
"""Pictures, or pairs, that a worker is given together: about half a second of work."""

JOBS_AT_ONCE = 4
"""Jobs that are handed out before the time is looked at."""

_ROWS_AT_ONCE = 256
"""New pictures for which suspects are looked for together."""

_FORMATS = {known.mime_type: known for known in FORMATS}

T = TypeVar("T")
R = TypeVar("R")


class Listing(msgspec.Struct, frozen=True):
    """The file of fingerprints, a record for each picture, and beside it the ids; new ones from row ``first`` on."""

    path: str
    first: int
    rows: int

    @property
    def ids(self) -> Path:
        return Path(f"{self.path}.ids")

    def is_there(self) -> bool:
        """Whether both files are as they were written."""
        try:
            sizes = Path(self.path).stat().st_size, self.ids.stat().st_size
        except FileNotFoundError:
            return False
        return sizes == (self.rows * RECORD_SIZE, self.rows * _ID_SIZE)

    def discard(self) -> None:
        """Removes both files; they are written when they are needed."""
        Path(self.path).unlink(missing_ok=True)
        self.ids.unlink(missing_ok=True)

    def ids_of(self, rows: Sequence[int]) -> dict[int, str]:
        """The ids of the assets in some rows."""
        found = {}
        with self.ids.open("rb") as file:
            for row in rows:
                file.seek(row * _ID_SIZE)
                found[row] = file.read(_ID_SIZE).decode().rstrip()
        return found


_IS_ORIGINAL = and_(
    FileVersion.media_asset_id == MediaAsset.id,
    FileVersion.tier == Tier.BRONZE,
    FileVersion.sha256 == MediaAsset.sha256,
)
_IS_PICTURE: tuple[ColumnElement[bool], ...] = (
    FileVersion.mime_type.startswith("image/"),
    FileVersion.undecodable.is_(None),
    FileVersion.archived_at.is_(None),
)
_HAS_RESULT = and_(
    StageResult.sha256 == MediaAsset.sha256, StageResult.stage == STAGE, StageResult.version == STAGE_VERSION
)
_IS_COMPARED = and_(
    DuplicateCheck.media_asset_id == MediaAsset.id,
    DuplicateCheck.sha256 == MediaAsset.sha256,
    DuplicateCheck.version == VERSION,
)


async def count_new(connection: AsyncConnection) -> tuple[int, int]:
    """How many pictures have no fingerprint yet, and how many were not compared yet."""
    pictures = select(func.count()).select_from(MediaAsset).join(FileVersion, _IS_ORIGINAL).where(*_IS_PICTURE)
    unknown = pictures.outerjoin(StageResult, _HAS_RESULT).where(StageResult.sha256.is_(None))
    uncompared = pictures.outerjoin(DuplicateCheck, _IS_COMPARED).where(DuplicateCheck.sha256.is_(None))
    return (await connection.execute(unknown)).scalar_one(), (await connection.execute(uncompared)).scalar_one()


async def fingerprint_some(bench: Workbench, after: str, ends: float) -> tuple[int, str | None]:
    """Makes missing fingerprints, by the ids of their assets, until ``ends`` (of :func:`time.monotonic`).

    Returns how many were looked at, and after which id it goes on; ``None`` when there are no more. A picture that
    cannot be read any more, or costs its worker, gets an empty one and is like no other.
    """
    at_once = PICTURES_AT_ONCE * JOBS_AT_ONCE
    statement = (
        select(MediaAsset.id, MediaAsset.sha256, FileVersion.file_path, FileVersion.mime_type)
        .join(FileVersion, _IS_ORIGINAL)
        .outerjoin(StageResult, _HAS_RESULT)
        .where(*_IS_PICTURE, StageResult.sha256.is_(None))
        .order_by(MediaAsset.id)
        .limit(at_once)
    )
    cache = str(bench.layout.cache)

    async def work(some: Sequence[Picture]) -> list[bytes]:
        return await bench.compute.run(fingerprint_pictures, some, cache)

    done = 0
    while True:
        async with bench.database.read() as connection:
            rows = (await connection.execute(statement.where(MediaAsset.id > after))).all()
        if rows:
            records = await in_workers(work, [picture_of(bench, row) for row in rows], b"")
            values = [
                {"sha256": row.sha256, "stage": STAGE, "version": STAGE_VERSION, "payload": record}
                for row, record in zip(rows, records, strict=True)
            ]
            async with bench.database.write() as connection:
                await connection.execute(
                    insert_on_conflict(connection.dialect.name, StageResult).on_conflict_do_nothing(), values
                )
            done += len(rows)
            after = rows[-1].id
        if len(rows) < at_once:
            return done, None
        if time.monotonic() >= ends:
            return done, after


async def list_fingerprints(bench: Workbench) -> Listing:
    """Writes the fingerprints of the library, those that were compared first, into the cache.

    What was compared before and is not to be seen now (it is in the archive) misses the new ones, which is noted.
    """
    is_listed = and_(*_IS_PICTURE, StageResult.sha256.is_not(None))
    is_new = case((DuplicateCheck.sha256.is_(None), 1), else_=0)
    statement = (
        select(MediaAsset.id, StageResult.payload, is_listed.label("is_listed"), is_new.label("is_new"))
        .join(FileVersion, _IS_ORIGINAL)
        .outerjoin(StageResult, _HAS_RESULT)
        .outerjoin(DuplicateCheck, _IS_COMPARED)
        .where(or_(is_listed, DuplicateCheck.sha256.is_not(None)))
        .order_by(is_new, MediaAsset.id)
    )
    listing = Listing(str(bench.layout.cache / "fingerprints"), 0, 0)
    compared = rows = 0
    away: list[str] = []
    empty = bytes(RECORD_SIZE)
    records = await asyncio.to_thread(Path(listing.path).open, "wb")
    ids = await asyncio.to_thread(listing.ids.open, "wb")
    with records, ids:
        async with bench.database.read() as connection:
            found = await connection.stream(statement, execution_options={"yield_per": 1_000})
            async for batch in found.partitions():
                away += [row.id for row in batch if not row.is_listed]
                listed = [row for row in batch if row.is_listed]
                known = b"".join(row.payload if len(row.payload) == RECORD_SIZE else empty for row in listed)
                await asyncio.to_thread(records.write, known)
                ids.write(b"".join(row.id.encode().ljust(_ID_SIZE) for row in listed))
                rows += len(listed)
                compared += sum(not row.is_new for row in listed)
    if away and compared < rows:
        async with bench.database.write() as connection:
            await mark_missed(connection, away)
    return Listing(listing.path, compared, rows)


async def mark_missed(connection: AsyncConnection, asset_ids: Sequence[str]) -> None:
    """Notes of pictures that others were not compared with them: they are new when they can be seen again."""
    for chunk in chunks(asset_ids):
        is_theirs = and_(DuplicateCheck.media_asset_id.in_(chunk), DuplicateCheck.version == VERSION)
        await connection.execute(update(DuplicateCheck).where(is_theirs).values(version=MISSED))


async def known_pictures(connection: AsyncConnection, asset_ids: Sequence[str]) -> dict[str, Any]:
    """The pictures that are still there and visible, by the ids of their assets."""
    known: dict[str, Any] = {}
    for chunk in chunks(asset_ids):
        statement = (
            select(MediaAsset.id, MediaAsset.sha256, FileVersion.file_path, FileVersion.mime_type, *SHOT_COLUMNS)
            .join(FileVersion, _IS_ORIGINAL)
            .where(MediaAsset.id.in_(chunk), *_IS_PICTURE)
        )
        known |= {row.id: row for row in await connection.execute(statement)}
    return known


def picture_of(bench: Workbench, row: Any) -> Picture:
    preview = str(bench.layout.rendered(row.sha256, PREVIEW))
    return Picture(preview, str(bench.layout.absolute(row.file_path)), _FORMATS[row.mime_type])


async def in_workers(run: Callable[[Sequence[T]], Awaitable[list[R]]], items: Sequence[T], lost: R) -> list[R]:
    """The results for ``items``, some at a time; ``lost`` for one over which the worker was lost."""

    async def of(some: Sequence[T]) -> list[R]:
        try:
            return await run(some)
        except WorkerLost:
            if len(some) == 1:
                return [lost]
            return [result for one in some for result in await of([one])]

    portions = [items[start : start + PICTURES_AT_ONCE] for start in range(0, len(items), PICTURES_AT_ONCE)]
    return [result for portion in await asyncio.gather(*map(of, portions)) for result in portion]
