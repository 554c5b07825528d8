"""The ledger: one row per path ever seen. It is the queue, the memory and the proof that nothing was lost.

Every function works in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from os import stat_result
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, bindparam, case, false, func, insert, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from core.db.tables import LedgerEntry, Placement
from core.db.types import escape_path
from core.media.source_file import shown
from core.pipeline.retry import latest_attempt
from core.pipeline.states import State

#: Rows per statement where a list of paths is looked up; SQLite takes 32,766 variables and PostgreSQL 32,767.
_BATCH = 10_000

#: Up to so many folders are asked for by name; for more, everything of the root is read.
_FEW = 50

#: Entries per page of a root that is read as a whole: what runs on the event loop in one go.
_PAGE = 1_000


class Signature(msgspec.Struct, frozen=True):
    """What tells that a file was changed without reading it. ``inode`` is text as it may not fit 63 bits."""

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


class Known(msgspec.Struct, frozen=True):
    """What the ledger knows of a path, as far as a scan needs it."""

    id: int
    state: State
    signature: Signature
    media_asset_id: str | None
    reason: str | None
    #: whether its content was read since it was last seen to change
    has_content: bool = False


class Move(msgspec.Struct, frozen=True):
    """An entry whose file lies at another path now, and the state that it has there."""

    id: int
    old_path: str
    path: str
    signature: Signature
    state: State
    reason: str | None = None


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
    LedgerEntry.reason,
    LedgerEntry.sha256,
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


async def known_below(connection: AsyncConnection, root: str) -> dict[str, Known]:
    """Everything the ledger knows of a root, by path; read in pages, between which others have their turn."""
    known: dict[str, Known] = {}
    last = ""
    while True:
        page = await _known(
            connection,
            and_(LedgerEntry.root == root, LedgerEntry.path > last),
            order_by=LedgerEntry.path,
            limit=_PAGE,
        )
        known |= page
        if len(page) < _PAGE:
            return known
        last = next(reversed(page))


async def known_paths(connection: AsyncConnection, root: str, paths: Sequence[str]) -> dict[str, Known]:
    """What the ledger knows of some paths of a root."""
    known: dict[str, Known] = {}
    for start in range(0, len(paths), _BATCH):
        batch = paths[start : start + _BATCH]
        known |= await _known(connection, and_(LedgerEntry.root == root, LedgerEntry.path.in_(batch)))
    return known


async def known_in_each(connection: AsyncConnection, root: str, folders: Collection[str]) -> dict[str, Known]:
    """What the ledger knows directly in some folders of a root (``""`` is the root itself), not below them."""
    if len(folders) > _FEW:
        known = await known_below(connection, root)
    else:
        known = await known_in_folders(connection, root, [folder for folder in folders if folder])
        if "" in folders:
            at_top = and_(LedgerEntry.root == root, LedgerEntry.path.not_like("%/%"))
            known |= await _known(connection, at_top)
    return {path: entry for path, entry in known.items() if path.rpartition("/")[0] in folders}


async def expected(connection: AsyncConnection, root: str, taken_away: bool, *, with_running: bool = False) -> int:
    """How many files of a root should be there. Where they are ``taken_away``, those of the library are not."""
    away = [State.MISSING] if with_running else [State.MISSING, State.RUNNING]
    if taken_away:
        away += [State.DONE, State.DUPLICATE, State.CONFLICT]
    statement = select(func.count()).where(LedgerEntry.root == root, LedgerEntry.state.not_in(away))
    return (await connection.execute(statement)).scalar_one()


async def missing_by_inode(connection: AsyncConnection, root: str, inodes: Sequence[str]) -> dict[str, Known]:
    """The missing entries of a root whose file had one of these inodes, by path."""
    known: dict[str, Known] = {}
    are_missing = and_(LedgerEntry.root == root, LedgerEntry.state == State.MISSING)
    if (await connection.execute(select(LedgerEntry.id).where(are_missing).limit(1))).first() is None:
        return known
    for start in range(0, len(inodes), _PAGE):
        batch = inodes[start : start + _PAGE]
        known |= await _known(connection, and_(are_missing, LedgerEntry.inode.in_(batch)))
    return known


async def move_paths(connection: AsyncConnection, moves: Sequence[Move], now: datetime) -> None:
    """Gives entries the path that their file has now. A file that may have changed on the way is queued again."""
    if not moves:
        return
    # through names that no file can have: a chain of renames never meets itself
    of_entry = LedgerEntry.id == bindparam("entry")
    aside = update(LedgerEntry).where(of_entry).values(path=bindparam("aside"))
    await connection.execute(aside, [{"entry": move.id, "aside": f"/moving/{move.id}"} for move in moves])
    there = (
        update(LedgerEntry)
        .where(of_entry)
        .values(
            path=bindparam("now_at"),
            state=bindparam("now_in"),
            ctime_ns=bindparam("now_ctime"),
            reason=bindparam("now_reason"),
            next_attempt_at=None,
            updated_at=now,
        )
    )
    await connection.execute(
        there,
        [
            {
                "entry": move.id,
                "now_at": move.path,
                "now_in": move.state,
                "now_ctime": move.signature.ctime_ns,
                "now_reason": move.reason,
            }
            for move in moves
        ],
    )


async def known_in_folders(connection: AsyncConnection, root: str, folders: Sequence[str]) -> dict[str, Known]:
    """What the ledger knows below some folders of a root."""
    prefixes = tuple(f"{folder}/" for folder in folders)
    if not prefixes:
        return {}
    below = or_(*(LedgerEntry.path.startswith(escape_path(prefix), autoescape=True) for prefix in prefixes))
    known = await _known(connection, and_(LedgerEntry.root == root, below))
    # SQLite's LIKE does not tell capitals from small letters
    return {path: entry for path, entry in known.items() if path.startswith(prefixes)}


async def _known(
    connection: AsyncConnection,
    condition: ColumnElement[bool],
    order_by: InstrumentedAttribute[Any] | None = None,
    limit: int | None = None,
) -> dict[str, Known]:
    rows = await connection.execute(select(*_ENTRY_COLUMNS).where(condition).order_by(order_by).limit(limit))
    return {
        row.path: Known(
            row.id,
            State(row.state),
            Signature(row.size, row.mtime_ns, row.ctime_ns, row.inode),
            row.media_asset_id,
            row.reason,
            row.sha256 is not None,
        )
        for row in rows
    }


async def record_sightings(
    connection: AsyncConnection,
    root: str,
    sightings: Iterable[tuple[str, Signature, State, str | None]],
    now: datetime,
    holder: str | None = None,
) -> None:
    """Writes ``(path, signature, state, reason)`` rows: new paths, or known ones whose content may be new.

    A known path starts over: its attempts are forgotten, its asset is not, so that an unchanged content is recognised.
    With a ``holder``, only that process will claim them.
    """
    rows = [
        {
            "root": root,
            "path": path,
            "state": state,
            "size": signature.size,
            "mtime_ns": signature.mtime_ns,
            "ctime_ns": signature.ctime_ns,
            "inode": signature.inode,
            "reason": reason,
            "attempts": 0,
            "worker_losses": 0,
            "sha256": None,
            "next_attempt_at": None,
            "holder": holder,
            "first_seen_at": now,
            "updated_at": now,
        }
        # in one order everywhere: two processes that write the same paths then never wait for each other
        for path, signature, state, reason in sorted(sightings, key=lambda row: row[0])
    ]
    if not rows:
        return
    build = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    statement = build(LedgerEntry)
    # an entry in hand only learns what its file looks like now: never two attempts at one file
    in_hand = LedgerEntry.state == State.RUNNING
    kept_in_hand = {
        name: case((in_hand, getattr(LedgerEntry, name)), else_=statement.excluded[name])
        for name in ("state", "reason", "attempts", "worker_losses", "sha256", "next_attempt_at", "holder")
    }
    always = {name: statement.excluded[name] for name in ("size", "mtime_ns", "ctime_ns", "inode", "updated_at")}
    upsert = statement.on_conflict_do_update(index_elements=["root", "path"], set_=kept_in_hand | always)
    await connection.execute(upsert, rows)


async def move_to(
    connection: AsyncConnection, ids: Sequence[int], state: State, now: datetime, reason: str | None = None
) -> None:
    """Puts entries into a state, except those that are being worked on."""
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        await connection.execute(
            update(LedgerEntry)
            .where(LedgerEntry.id.in_(batch), LedgerEntry.state != State.RUNNING)
            .values(state=state, reason=reason, next_attempt_at=None, holder=None, updated_at=now)
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


async def counts(connection: AsyncConnection) -> dict[State, int]:
    """How many entries are in each state, zeros included."""
    found = dict.fromkeys(State, 0)
    for by_state in (await counts_by_root(connection)).values():
        for state, count in by_state.items():
            found[state] += count
    return found


async def total(connection: AsyncConnection) -> int:
    """How many entries there are, whatever their state."""
    return (await connection.execute(select(func.count()).select_from(LedgerEntry))).scalar_one()


async def counts_by_root(connection: AsyncConnection) -> dict[str, dict[State, int]]:
    """How many entries of each root are in each state; roots and states without any are left out."""
    statement = select(LedgerEntry.root, LedgerEntry.state, func.count()).group_by(LedgerEntry.root, LedgerEntry.state)
    found: dict[str, dict[State, int]] = {}
    for root, state, count in await connection.execute(statement):
        found.setdefault(root, {})[State(state)] = count
    return found


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
