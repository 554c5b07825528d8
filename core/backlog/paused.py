"""Has a person said that nothing is to be asked? Kept in the database, so that it outlives a restart."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import Setting, new_id
from core.settings.keys import AI

BY_PERSON: Final = "A person has paused it; `pictallion ai resume` goes on."

_PAUSED: Final = "ai_paused"


async def is_paused(connection: AsyncConnection) -> bool:
    """Whether somebody has."""
    return (await connection.execute(select(Setting.id).where(Setting.key == _PAUSED))).first() is not None


async def pause(connection: AsyncConnection, now: datetime) -> None:
    """Nothing is asked from now on; what is asked already is answered still."""
    if not await is_paused(connection):
        row = {"id": new_id(), "key": _PAUSED, "value": "true", "category": AI, "created_at": now, "updated_at": now}
        await connection.execute(insert(Setting).values(**row))


async def resume(connection: AsyncConnection) -> None:
    """Whatever waits is asked about again."""
    await connection.execute(delete(Setting).where(Setting.key == _PAUSED))
