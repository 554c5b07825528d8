"""Which sidecars say who is in a picture? Those of all versions of the assets on which the faces are."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from core.db.tables import Face, FileVersion
from core.library.sidecars import mark_stale


async def names_changed(connection: AsyncConnection, *are_changed: ColumnElement[bool]) -> None:
    """Has the sidecars of the photos with these faces written anew, in the transaction that names them otherwise.

    ``are_changed`` are conditions on :class:`Face` that must hold when this is called.
    """
    found_on = aliased(FileVersion)
    statement = (
        select(FileVersion.id)
        .join(found_on, found_on.media_asset_id == FileVersion.media_asset_id)
        .join(Face, Face.photo_id == found_on.id)
        .where(FileVersion.archived_at.is_(None), *are_changed)
        .distinct()
    )
    await mark_stale(connection, (await connection.execute(statement)).scalars())
