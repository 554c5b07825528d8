"""Which photos are in a collection by a person's choice?"""

from __future__ import annotations

from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import Collection, CollectionPhoto, FileVersion, new_id, utc_now
from core.db.upsert import insert_on_conflict
from core.errors import NotFound


async def require_collection(connection: AsyncConnection, collection_id: str) -> None:
    """Raises :class:`NotFound` where there is no such collection."""
    statement = select(literal(1)).where(Collection.id == collection_id)
    if (await connection.execute(statement)).first() is None:
        raise NotFound(f"There is no collection {collection_id}.")


async def add_to_collection(connection: AsyncConnection, collection_id: str, photo_id: str) -> bool:
    """Adds a photo; ``False`` where it is in the collection already. Raises :class:`NotFound`."""
    photo = select(literal(1)).where(FileVersion.id == photo_id, FileVersion.archived_at.is_(None))
    if (await connection.execute(photo)).first() is None:
        raise NotFound(f"There is no photo {photo_id}.")
    row = {"id": new_id(), "collection_id": collection_id, "photo_id": photo_id, "added_at": utc_now()}
    added = await connection.execute(
        insert_on_conflict(connection.dialect.name, CollectionPhoto)
        .values(row)
        .on_conflict_do_nothing()
        .returning(CollectionPhoto.id)
    )
    return added.first() is not None
