"""What transactions do one after the other, because the second would not see what the first one adds.

With SQLite all that write take turns. PostgreSQL locks rows, and one that is not there yet cannot be locked.
"""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import MediaAsset


class Turn(IntEnum):
    """What there are turns for. The numbers are this program's own; that nothing else takes them is all they mean."""

    GROUPING = 7_163_014
    IMPORTING_HOLIDAYS = 7_163_015


async def take_turn(connection: AsyncConnection, turn: Turn) -> None:
    """Waits until nobody else has this turn, and keeps it until the transaction ends.

    To be called before anything is read that others may be adding to
    (https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS).
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(turn.value)))


async def lock_asset(connection: AsyncConnection, asset_id: str) -> None:
    """Keeps the versions of an asset for this transaction, of which it changes several; it waits for its turn.

    In SQLite, where one transaction writes at a time, this does nothing.
    """
    await connection.execute(select(MediaAsset.id).where(MediaAsset.id == asset_id).with_for_update())
