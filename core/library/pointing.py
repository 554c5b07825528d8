"""What points at a version of a photo, where another version takes its place: faces, collections, covers, conflicts."""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import Collection, CollectionPhoto, Face, UploadConflict


async def point_to(connection: AsyncConnection, old: str, new: str) -> None:
    """Lets everything that points at the version ``old`` point at ``new``, of the same photo."""
    await connection.execute(update(Face).where(Face.photo_id == old).values(photo_id=new))
    both = select(CollectionPhoto.collection_id).where(CollectionPhoto.photo_id == new)
    await connection.execute(
        delete(CollectionPhoto).where(CollectionPhoto.photo_id == old, CollectionPhoto.collection_id.in_(both))
    )
    await connection.execute(update(CollectionPhoto).where(CollectionPhoto.photo_id == old).values(photo_id=new))
    await connection.execute(update(Collection).where(Collection.cover_photo == old).values(cover_photo=new))
    await connection.execute(
        update(UploadConflict).where(UploadConflict.existing_photo_id == old).values(existing_photo_id=new)
    )
