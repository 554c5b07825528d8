"""What is remembered of each watched root between scans and starts.

Every function works in the caller's transaction.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import WatchRoot
from core.db.upsert import insert_on_conflict


class Remembered(msgspec.Struct, frozen=True):
    """A root as the last believed scan left it. ``marker`` is ``None`` where the root cannot be written to.

    ``is_local_only``: its photos stay on this machine.
    """

    name: str
    path: str
    marker: str | None
    mount_point: str
    frozen_reason: str | None
    frozen_at: datetime | None
    is_accepted: bool
    is_local_only: bool = False


_COLUMNS = [getattr(WatchRoot, name) for name in Remembered.__struct_fields__]


async def remembered(connection: AsyncConnection, name: str) -> Remembered | None:
    """What is known of a root; ``None`` for one that was never scanned."""
    row = (await connection.execute(select(*_COLUMNS).where(WatchRoot.name == name))).first()
    return None if row is None else Remembered(**row._asdict())


async def all_remembered(connection: AsyncConnection) -> dict[str, Remembered]:
    """Every root that was ever scanned, by name."""
    return {row.name: Remembered(**row._asdict()) for row in await connection.execute(select(*_COLUMNS))}


async def remember(connection: AsyncConnection, root: Remembered, now: datetime) -> None:
    """Writes down how a root looks whose scan is believed: that of a root that is not frozen and waits for nothing."""
    values = {**msgspec.structs.asdict(root), "updated_at": now}
    await connection.execute(
        insert_on_conflict(connection.dialect.name, WatchRoot)
        .values(**values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )


async def freeze(connection: AsyncConnection, name: str, reason: str, now: datetime) -> None:
    """Notes why a root's scan is not believed. ``reason`` is a sentence for a person."""
    await connection.execute(
        update(WatchRoot).where(WatchRoot.name == name).values(frozen_reason=reason, frozen_at=now, updated_at=now)
    )


async def accept(connection: AsyncConnection, name: str, now: datetime) -> bool:
    """A person says that the next scan of a root is to be believed; ``False`` when no such root is known."""
    result = await connection.execute(
        update(WatchRoot).where(WatchRoot.name == name).values(is_accepted=True, updated_at=now)
    )
    return result.rowcount == 1
