"""The ledger in numbers, and the entries that trouble somebody: what people are told of it.

Every function works in the caller's transaction.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import LedgerEntry
from core.media.source_file import shown
from core.pipeline.states import State


async def counts(connection: AsyncConnection) -> dict[State, int]:
    """How many entries are in each state, zeros included."""
    found = dict.fromkeys(State, 0)
    for by_state in (await counts_by_root(connection)).values():
        for state, count in by_state.items():
            found[state] += count
    return found


async def counts_by_root(connection: AsyncConnection) -> dict[str, dict[State, int]]:
    """How many entries of each root are in each state; roots and states without any are left out."""
    statement = select(LedgerEntry.root, LedgerEntry.state, func.count()).group_by(LedgerEntry.root, LedgerEntry.state)
    found: dict[str, dict[State, int]] = {}
    for root, state, count in await connection.execute(statement):
        found.setdefault(root, {})[State(state)] = count
    return found


async def total(connection: AsyncConnection) -> int:
    """How many entries there are, whatever their state."""
    return (await connection.execute(select(func.count()).select_from(LedgerEntry))).scalar_one()


async def troubles(connection: AsyncConnection, limit: int) -> list[dict[str, str | None]]:
    """The newest entries that failed or are quarantined, each with its reason."""
    rows = await connection.execute(
        select(LedgerEntry.state, LedgerEntry.root, LedgerEntry.path, LedgerEntry.reason)
        .where(LedgerEntry.state.in_((State.FAILED, State.QUARANTINED)))
        .order_by(LedgerEntry.id.desc())
        .limit(limit)
    )
    return [{"state": row.state, "root": row.root, "path": shown(row.path), "reason": row.reason} for row in rows]


async def quarantined(connection: AsyncConnection) -> list[dict[str, Any]]:
    """Every entry in quarantine: root, path, attempts, reason, and since when."""
    rows = await connection.execute(
        select(LedgerEntry.root, LedgerEntry.path, LedgerEntry.attempts, LedgerEntry.reason, LedgerEntry.updated_at)
        .where(LedgerEntry.state == State.QUARANTINED)
        .order_by(LedgerEntry.id)
    )
    return [
        {"root": row.root, "path": row.path, "attempts": row.attempts, "reason": row.reason, "since": row.updated_at}
        for row in rows
    ]
