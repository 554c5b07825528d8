"""Collections in the database. Every function works in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, case, delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from core.db.search_sql import FACTS, is_shown
from core.db.tables import Collection, CollectionPhoto, FileVersion, new_id, utc_now
from core.errors import BadRequest, NotFound
from core.groups.neighbourhood import chunks
from core.library.membership import add_to_collection, remove_from_collection, require_collection
from core.library.photos import PhotoRow, member_photos

CollectionRow = Row[*tuple[Any, ...]]

COLUMNS = tuple(column.name for column in Collection.__table__.columns)


async def find_collection(connection: AsyncConnection, collection_id: str) -> CollectionRow:
    """One collection; raises :class:`NotFound`."""
    row = (await connection.execute(select(Collection.__table__).where(Collection.id == collection_id))).first()
    if row is None:
        raise NotFound(f"There is no collection {collection_id}.")
    return row


async def add_collection(connection: AsyncConnection, values: Mapping[str, Any]) -> CollectionRow:
    """Stores a collection."""
    collection_id, now = new_id(), utc_now()
    await connection.execute(insert(Collection).values(id=collection_id, created_at=now, updated_at=now, **values))
    return await find_collection(connection, collection_id)


async def change_collection(
    connection: AsyncConnection, collection_id: str, values: Mapping[str, Any]
) -> CollectionRow:
    """Changes some columns; raises :class:`NotFound`."""
    await require_collection(connection, collection_id)
    changed = update(Collection).where(Collection.id == collection_id).values(updated_at=utc_now(), **values)
    await connection.execute(changed)
    return await find_collection(connection, collection_id)


async def remove_collection(connection: AsyncConnection, collection_id: str) -> None:
    """Removes a collection, and none of its photos; nothing happens where there is none."""
    await connection.execute(delete(CollectionPhoto).where(CollectionPhoto.collection_id == collection_id))
    await connection.execute(delete(Collection).where(Collection.id == collection_id))


async def counted_collections(connection: AsyncConnection, only: str | None = None) -> Sequence[CollectionRow]:
    """Collections, newest first, with ``photo_count`` and ``newest_path``, the file of the photo added last.

    Of smart ones both are ``None``: their photos follow from their rules. ``only`` is the id of the one that is asked
    for.
    """
    is_plain = Collection.is_smart_collection.is_not(True)
    version, live, best = aliased(FileVersion), aliased(FileVersion), aliased(FileVersion)
    # few are archived, so they are left out rather than all others looked up
    is_live = exists().where(live.media_asset_id == FileVersion.media_asset_id, live.archived_at.is_(None))
    hidden = select(FileVersion.media_asset_id).where(FileVersion.archived_at.is_not(None), ~is_live)
    number = (
        select(func.count(version.media_asset_id.distinct()))
        .join(CollectionPhoto, CollectionPhoto.photo_id == version.id)
        .where(CollectionPhoto.collection_id == Collection.id, is_plain, version.media_asset_id.not_in(hidden))
        .correlate(Collection)
    )
    newest = (
        select(best.file_path)
        .select_from(CollectionPhoto)
        .join(version, version.id == CollectionPhoto.photo_id)
        .join(best, best.media_asset_id == version.media_asset_id)
        .join(FACTS, FACTS.c.version_id == best.id)
        .where(CollectionPhoto.collection_id == Collection.id, is_plain, is_shown())
        .order_by(CollectionPhoto.added_at.desc(), CollectionPhoto.id.desc())
        .limit(1)
        .correlate(Collection)
    )
    statement = select(
        Collection.__table__,
        case((is_plain, number.scalar_subquery())).label("photo_count"),
        newest.scalar_subquery().label("newest_path"),
    ).order_by(Collection.created_at.desc(), Collection.id.desc())
    chosen = statement if only is None else statement.where(Collection.id == only)
    return (await connection.execute(chosen)).all()


async def photos_in(connection: AsyncConnection, collection_id: str) -> Sequence[PhotoRow]:
    """The photos that were put into a collection, the last first; none where there is no such collection."""
    rows: Sequence[PhotoRow] = (await connection.execute(member_photos(collection_id))).all()
    return rows


async def add_photos(connection: AsyncConnection, collection_id: str, photo_ids: Sequence[str]) -> int:
    """Adds photos and returns how many were not there before, by any of their versions.

    Raises :class:`NotFound`, and :class:`BadRequest` for a smart collection, whose photos follow from its rules.
    """
    row = await find_collection(connection, collection_id)
    if row.is_smart_collection:
        raise BadRequest(f"{row.name} is a smart collection; change its rules to have other photos in it.")
    added = [await add_to_collection(connection, collection_id, chunk) for chunk in chunks(dict.fromkeys(photo_ids))]
    return sum(added)


async def remove_photos(connection: AsyncConnection, collection_id: str, photo_ids: Sequence[str]) -> int:
    """Takes photos out of a collection, by any of their versions, and returns how many were in it.

    Raises :class:`NotFound`.
    """
    await require_collection(connection, collection_id)
    different = chunks(dict.fromkeys(photo_ids))
    return sum([await remove_from_collection(connection, collection_id, chunk) for chunk in different])
