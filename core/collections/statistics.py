"""When did a collection last get a photo?"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import CollectionPhoto


async def last_added(connection: AsyncConnection, collection_id: str) -> datetime | None:
    """The moment; ``None`` for an empty collection."""
    of_it = CollectionPhoto.collection_id == collection_id
    newest = select(CollectionPhoto.added_at).where(of_it).order_by(CollectionPhoto.added_at.desc()).limit(1)
    return (await connection.execute(newest)).scalar_one_or_none()
