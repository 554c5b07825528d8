"""Which photos are in a collection by a person's choice?

An entry names a version, and stands for its asset: the photo is in once, whichever of its versions were put in, and
lists show the best there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from core.db.tables import Collection, CollectionPhoto, FileVersion, new_id, utc_now
from core.db.upsert import insert_on_conflict
from core.errors import NotFound


async def require_collection(connection: AsyncConnection, collection_id: str) -> None:
    """Raises :class:`NotFound` where there is no such collection."""
    statement = select(literal(1)).where(Collection.id == collection_id)
    if (await connection.execute(statement)).first() is None:
        raise NotFound(f"There is no collection {collection_id}.")


def assets_in(collection_id: str | ColumnElement[str]) -> Select[str]:
    """The ``media_asset_id`` of each entry of a collection."""
    version = aliased(FileVersion)
    return (
        select(version.media_asset_id)
        .join(CollectionPhoto, CollectionPhoto.photo_id == version.id)
        .where(CollectionPhoto.collection_id == collection_id)
    )


async def add_to_collection(connection: AsyncConnection, collection_id: str, photo_ids: Sequence[str]) -> int:
    """Adds at most some ten thousand photos, the last as the newest; returns how many were not in by any version.

    Raises :class:`NotFound` for a photo that is not there.
    """
    versions = select(FileVersion.id, FileVersion.media_asset_id).where(
        FileVersion.id.in_(photo_ids), FileVersion.archived_at.is_(None)
    )
    asset_of = {row.id: row.media_asset_id for row in await connection.execute(versions)}
    for photo_id in photo_ids:
        if photo_id not in asset_of:
            raise NotFound(f"There is no photo {photo_id}.")
    beside = aliased(FileVersion)
    present = select(beside.media_asset_id).join(CollectionPhoto, CollectionPhoto.photo_id == beside.id)
    of_these = (CollectionPhoto.collection_id == collection_id, beside.media_asset_id.in_(set(asset_of.values())))
    known = set((await connection.execute(present.where(*of_these))).scalars())
    new = {asset_of[photo_id]: photo_id for photo_id in reversed(photo_ids) if asset_of[photo_id] not in known}
    if not new:
        return 0
    now = utc_now()
    rows: list[dict[str, Any]] = [
        {"id": new_id(), "collection_id": collection_id, "photo_id": photo_id, "added_at": now + _tick(place)}
        for place, photo_id in enumerate(reversed(new.values()))
    ]
    statement = insert_on_conflict(connection.dialect.name, CollectionPhoto).on_conflict_do_nothing()
    return len((await connection.execute(statement.returning(CollectionPhoto.id), rows)).all())


async def remove_from_collection(connection: AsyncConnection, collection_id: str, photo_ids: Sequence[str]) -> int:
    """Takes at most some ten thousand photos out, by any of their versions; returns how many were in it."""
    chosen = select(FileVersion.media_asset_id).where(FileVersion.id.in_(photo_ids))
    beside = aliased(FileVersion)
    entries = (
        select(CollectionPhoto.id, beside.media_asset_id)
        .join(beside, beside.id == CollectionPhoto.photo_id)
        .where(CollectionPhoto.collection_id == collection_id, beside.media_asset_id.in_(chosen))
    )
    found = entries.subquery()
    number: int = (await connection.execute(select(func.count(found.c.media_asset_id.distinct())))).scalar_one()
    await connection.execute(delete(CollectionPhoto).where(CollectionPhoto.id.in_(select(found.c.id))))
    return number


def _tick(place: int) -> timedelta:
    """So that photos that came together are in the order in which they were told."""
    return timedelta(microseconds=place)
