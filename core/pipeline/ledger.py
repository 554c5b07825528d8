"""The ledger: one row per path ever seen. It is the queue, the memory and the proof that nothing was lost.

Here is the queue: how an entry is made, taken, ended and put back. What scans know and write of paths is in
:mod:`core.pipeline.sighted`, what people are told of them in :mod:`core.pipeline.tally`. Every function works in the
caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from os import stat_result
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, false, func, insert, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from core.db.tables import LedgerEntry, Placement
from core.media.source_file import shown
from core.pipeline.retry import latest_attempt
from core.pipeline.states import State


class Signature(msgspec.Struct, frozen=True, gc=False):
    """What tells that a file was changed without reading it. ``inode`` is text as it may not fit 63 bits.

    Like what scans make of it, nothing for the garbage collector, which would stop everything to look at 100,000.
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: str

    @classmethod
    def of(cls, stat: stat_result) -> Signature:
        """The signature in a ``stat`` result."""
        return cls(stat.st_size, _storable(stat.st_mtime_ns), _storable(stat.st_ctime_ns), str(stat.st_ino))


def _storable(nanoseconds: int) -> int:
    # a file may claim to be from the year 2400; a database counts nanoseconds to 2262
    return max(-(2**63), min(nanoseconds, 2**63 - 1))


class Entry(msgspec.Struct, frozen=True):
    """A ledger row as the pipeline needs it. ``path`` is relative to the root ``root``, as ``os.fsdecode`` gives it."""

    id: int
    root: str
    path: str
    state: State
    signature: Signature
    media_asset_id: str | None = None
    attempts: int = 0
    #: Whether an earlier attempt left a placement, so that there is something to look for.
    was_begun: bool = False
    worker_losses: int = 0


class Fate(msgspec.Struct, frozen=True):
    """Where an attempt left a file. ``next_attempt_at`` only for ``failed``; ``reason`` is a sentence for a person."""

    state: State
    reason: str | None = None
    media_asset_id: str | None = None
    sha256: str | None = None
    next_attempt_at: datetime | None = None
    #: ``False`` for what was not the file's fault: the attempt is given back.
    is_attempt: bool = True
    #: Whether a worker process died, or was stopped, over the file.
    has_cost_worker: bool = False


_ENTRY_COLUMNS = (
    LedgerEntry.id,
    LedgerEntry.root,
    LedgerEntry.path,
    LedgerEntry.state,
    LedgerEntry.size,
    LedgerEntry.mtime_ns,
    LedgerEntry.ctime_ns,
    LedgerEntry.inode,
    LedgerEntry.media_asset_id,
    LedgerEntry.attempts,
    LedgerEntry.worker_losses,
)


def _entry(row: Any) -> Entry:
    signature = Signature(row.size, row.mtime_ns, row.ctime_ns, row.inode)
    return Entry(
        row.id,
        row.root,
        row.path,
        State(row.state),
        signature,
        row.media_asset_id,
        row.attempts,
        worker_losses=row.worker_losses,
    )


async def open_entry(
    connection: AsyncConnection, root: str, path: str, signature: Signature, holder: str, now: datetime
) -> Entry:
    """A new entry that its creator works on at once (an upload): it is ``running`` from the start."""
    result = await connection.execute(
        insert(LedgerEntry)
        .values(
            root=root,
            path=path,
            state=State.RUNNING,
            size=signature.size,
            mtime_ns=signature.mtime_ns,
            ctime_ns=signature.ctime_ns,
            inode=signature.inode,
            holder=holder,
            attempts=1,
            first_seen_at=now,
            updated_at=now,
        )
        .returning(LedgerEntry.id)
    )
    return Entry(result.scalar_one(), root, path, State.RUNNING, signature, None, 1)


async def claim(
    connection: AsyncConnection,
    roots: Sequence[str],
    limit: int,
    holder: str,
    now: datetime,
    *,
    only_held: bool = False,
) -> list[Entry]:
    """Takes up to ``limit`` entries that are due and marks them as running for ``holder``: retries first, then by age.

    Entries that were queued for another process are left to it; with ``only_held``, those queued for nobody too.
    Two processes never get the same entry: SQLite has one writer, PostgreSQL skips rows that another has locked.
    """
    retries = _due_first(roots, holder, only_held, LedgerEntry.next_attempt_at).where(
        LedgerEntry.state == State.FAILED,
        # a time that lies further away than any pause was set before the clock was put back
        or_(LedgerEntry.next_attempt_at <= now, LedgerEntry.next_attempt_at > latest_attempt(now)),
    )
    queued = _due_first(roots, holder, only_held, LedgerEntry.id).where(LedgerEntry.state == State.QUEUED)
    due: list[int] = []
    for statement in (retries, queued):
        if len(due) < limit:
            due += (await connection.execute(statement.limit(limit - len(due)))).scalars().all()
    if not due:
        return []
    rows = await connection.execute(
        update(LedgerEntry)
        .where(LedgerEntry.id.in_(due))
        .values(state=State.RUNNING, holder=holder, attempts=LedgerEntry.attempts + 1, updated_at=now)
        .returning(*_ENTRY_COLUMNS)
    )
    claimed = sorted((_entry(row) for row in rows), key=lambda entry: due.index(entry.id))
    placed = select(Placement.ledger_id).where(Placement.ledger_id.in_(due))
    begun = set((await connection.execute(placed)).scalars())
    return [msgspec.structs.replace(entry, was_begun=entry.id in begun) for entry in claimed]


def _due_first(roots: Sequence[str], holder: str, only_held: bool, order: InstrumentedAttribute[Any]) -> Select[Any]:
    # an expression instead of the column: the unique index on root must not be chosen over the one by state and age
    of_roots = func.coalesce(LedgerEntry.root, "").in_(roots)
    return (
        select(LedgerEntry.id)
        .where(of_roots, _may_take(holder, only_held))
        .order_by(order)
        .with_for_update(skip_locked=True)
    )


async def next_due(
    connection: AsyncConnection, roots: Sequence[str], holder: str, *, only_held: bool = False
) -> datetime | None:
    """When the earliest failed entry that :func:`claim` would give may be tried again."""
    statement = select(func.min(LedgerEntry.next_attempt_at)).where(
        LedgerEntry.state == State.FAILED, LedgerEntry.root.in_(roots), _may_take(holder, only_held)
    )
    return (await connection.execute(statement)).scalar_one_or_none()


def _may_take(holder: str, only_held: bool) -> ColumnElement[bool]:
    mine = LedgerEntry.holder == holder
    return mine if only_held else or_(mine, LedgerEntry.holder.is_(None))


async def settle_fate(connection: AsyncConnection, entry: Entry, fate: Fate, now: datetime) -> Fate:
    """Ends an attempt and returns the fate that was written. An entry's asset is only ever replaced, never forgotten.

    When the file was seen to change meanwhile, what the attempt learned is written all the same, and the entry waits
    for its new content.
    """
    unchanged = and_(
        LedgerEntry.size == entry.signature.size,
        LedgerEntry.mtime_ns == entry.signature.mtime_ns,
        LedgerEntry.ctime_ns == entry.signature.ctime_ns,
    )
    condition = true() if fate.state is State.MISSING else unchanged
    if await _write_fate(connection, entry, fate, now, condition):
        return fate
    sentence = (
        f"{shown(entry.path)} was written to while it was taken in; its new content is taken when it stands still."
    )
    written = Fate(State.WAITING, sentence, fate.media_asset_id, fate.sha256)
    await _write_fate(connection, entry, written, now, true())
    return written


async def _write_fate(
    connection: AsyncConnection, entry: Entry, fate: Fate, now: datetime, condition: ColumnElement[bool]
) -> bool:
    values: dict[str, Any] = {
        "state": fate.state,
        "reason": fate.reason,
        "next_attempt_at": fate.next_attempt_at,
        "holder": None,
        "updated_at": now,
    }
    if not fate.is_attempt:
        values["attempts"] = LedgerEntry.attempts - 1
    if fate.has_cost_worker:
        values["worker_losses"] = LedgerEntry.worker_losses + 1
    if fate.sha256 is not None:
        values["sha256"] = fate.sha256
    if fate.media_asset_id is not None:
        values["media_asset_id"] = fate.media_asset_id
    result = await connection.execute(update(LedgerEntry).where(LedgerEntry.id == entry.id, condition).values(values))
    return result.rowcount == 1


async def release(connection: AsyncConnection, holder: str, now: datetime) -> None:
    """Leaves to others what a process had queued for itself and did not get to."""
    await connection.execute(
        update(LedgerEntry)
        .where(LedgerEntry.holder == holder, LedgerEntry.state.in_((State.WAITING, State.QUEUED)))
        .values(state=State.QUEUED, holder=None, updated_at=now)
    )


async def entry_of_asset(connection: AsyncConnection, asset_id: str) -> Entry | None:
    """The newest entry that brought an asset."""
    statement = select(*_ENTRY_COLUMNS).where(LedgerEntry.media_asset_id == asset_id).order_by(LedgerEntry.id.desc())
    row = (await connection.execute(statement.limit(1))).first()
    return None if row is None else _entry(row)


async def held_entries(connection: AsyncConnection) -> dict[str, list[Entry]]:
    """The entries that a process works on or has queued for itself, by holder."""
    rows = await connection.execute(
        select(*_ENTRY_COLUMNS, LedgerEntry.holder).where(
            LedgerEntry.state.in_((State.WAITING, State.QUEUED, State.RUNNING)), LedgerEntry.holder.is_not(None)
        )
    )
    held: dict[str, list[Entry]] = {}
    for row in rows:
        held.setdefault(row.holder or "", []).append(_entry(row))
    return held


async def requeue(
    connection: AsyncConnection, named: Sequence[tuple[str, str]] | None, states: Sequence[State], now: datetime
) -> int:
    """Puts entries that are in ``states`` back into the queue as if they were new; returns how many.

    ``named`` are roots and paths below them; ``None`` means all.
    """
    conditions: list[ColumnElement[bool]] = [LedgerEntry.state.in_(states)]
    if named is not None:
        each = [and_(LedgerEntry.root == root, LedgerEntry.path == path) for root, path in named]
        conditions.append(or_(false(), *each))
    result = await connection.execute(
        update(LedgerEntry)
        .where(*conditions)
        .values(
            state=State.QUEUED,
            reason=None,
            attempts=0,
            worker_losses=0,
            next_attempt_at=None,
            holder=None,
            updated_at=now,
        )
    )
    return result.rowcount
