"""Which sidecars have to be written, and which could not be?

Whoever changes what a sidecar says calls :func:`mark_stale` in the same transaction; the daemon writes what is stale.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import FileVersion, Sidecar, utc_now
from core.db.upsert import insert_on_conflict
from core.library.layout import Tier

#: Ids per statement; SQLite takes 32,766 variables and PostgreSQL 32,767.
_BATCH = 10_000


class SidecarState(StrEnum):
    """``STALE``: to be written or read; ``WRITTEN``: up to date; ``FAILED``: tried again later, see its reason."""

    STALE = "stale"
    WRITTEN = "written"
    FAILED = "failed"


async def mark_stale(connection: AsyncConnection, version_ids: Iterable[str], now: datetime | None = None) -> None:
    """Queues the sidecars of these versions, in the transaction that changes what they say (rating, keywords, people,
    description, event, place, date). Bronze versions have none and are passed over; so are ids that are unknown.
    """
    wanted, moment = list(dict.fromkeys(version_ids)), now or utc_now()
    for start in range(0, len(wanted), _BATCH):
        has_sidecar = select(FileVersion.id).where(
            FileVersion.id.in_(wanted[start : start + _BATCH]), FileVersion.tier != Tier.BRONZE
        )
        rows = [
            {"version_id": version_id, "state": SidecarState.STALE, "changed_at": moment, "updated_at": moment}
            for version_id in (await connection.execute(has_sidecar)).scalars()
        ]
        if rows:
            again = {
                "state": SidecarState.STALE,
                "changed_at": moment,
                "attempts": 0,
                "next_attempt_at": None,
                "updated_at": moment,
            }
            statement = insert_on_conflict(connection.dialect.name, Sidecar).on_conflict_do_update(
                index_elements=[Sidecar.version_id], set_=again
            )
            await connection.execute(statement, rows)


async def mark_changed_on_disk(connection: AsyncConnection, version_ids: Sequence[str]) -> None:
    """Queues sidecars that somebody else has written, or that are gone."""
    for start in range(0, len(version_ids), _BATCH):
        await connection.execute(
            update(Sidecar)
            .where(Sidecar.version_id.in_(version_ids[start : start + _BATCH]))
            .values(state=SidecarState.STALE, attempts=0, next_attempt_at=None)
        )


async def due(connection: AsyncConnection, now: datetime, limit: int) -> list[str]:
    """The versions whose sidecar is to be written or read now, at most ``limit``."""
    is_due = or_(
        Sidecar.state == SidecarState.STALE,
        (Sidecar.state == SidecarState.FAILED) & (Sidecar.next_attempt_at <= now),
    )
    statement = select(Sidecar.version_id).where(is_due).order_by(Sidecar.state.desc(), Sidecar.next_attempt_at)
    return list((await connection.execute(statement.limit(limit))).scalars())


async def failures(connection: AsyncConnection, limit: int) -> tuple[int, Sequence[Row[*tuple[Any, ...]]]]:
    """How many sidecars could not be written, and the first of them: version, path, reason, attempts, next attempt."""
    is_failed = Sidecar.state == SidecarState.FAILED
    count = (await connection.execute(select(func.count()).select_from(Sidecar).where(is_failed))).scalar_one()
    columns = (Sidecar.version_id, Sidecar.path, Sidecar.reason, Sidecar.attempts, Sidecar.next_attempt_at)
    statement = select(*columns).where(is_failed).order_by(Sidecar.next_attempt_at).limit(limit)
    return count, (await connection.execute(statement)).all()


async def remember_written(
    connection: AsyncConnection, version_id: str, packet: bytes, path: str, signature: str | None
) -> None:
    """Records the sidecar of a new version, as it was written; without ``signature`` it has yet to be merged with what
    lies there. What was last written for the version that it takes the place of is the base then.
    """
    row = {
        "version_id": version_id,
        "state": SidecarState.STALE if signature is None else SidecarState.WRITTEN,
        "path": path,
        "base": packed(packet) if signature is not None else await _base_at(connection, path),
        "signature": signature,
    }
    await connection.execute(insert(Sidecar), row)


async def _base_at(connection: AsyncConnection, path: str) -> bytes | None:
    """What was last written to ``path``, for whichever version."""
    statement = select(Sidecar.base).where(Sidecar.path == path, Sidecar.base.is_not(None))
    return (await connection.execute(statement.order_by(Sidecar.updated_at.desc()).limit(1))).scalar_one_or_none()


def packed(data: bytes | None) -> bytes | None:
    """A packet as it is stored: a third of its size."""
    return None if data is None else zlib.compress(data)


def unpacked(data: bytes | None) -> bytes | None:
    """The packet that was stored as ``data``."""
    return None if data is None else zlib.decompress(data)
