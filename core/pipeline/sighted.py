"""What the ledger knows of the files that scans see, and what they write into it.

Every function works in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, bindparam, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from core.db.tables import LedgerEntry
from core.db.types import escape_path
from core.db.upsert import insert_on_conflict
from core.pipeline.ledger import Signature
from core.pipeline.states import State

#: Rows per statement where a list of paths is looked up; SQLite takes 32,766 variables and PostgreSQL 32,767.
_BATCH = 10_000

#: Up to so many folders are asked for by name; for more, everything of the root is read.
_FEW = 50

#: Entries per page of a root that is read as a whole: what runs on the event loop in one go.
_PAGE = 1_000

_KNOWN_COLUMNS = (
    LedgerEntry.id,
    LedgerEntry.path,
    LedgerEntry.state,
    LedgerEntry.size,
    LedgerEntry.mtime_ns,
    LedgerEntry.ctime_ns,
    LedgerEntry.inode,
    LedgerEntry.media_asset_id,
    LedgerEntry.reason,
    LedgerEntry.sha256,
)


class Known(msgspec.Struct, frozen=True, gc=False):
    """What the ledger knows of a path, as far as a scan needs it."""

    id: int
    state: State
    signature: Signature
    media_asset_id: str | None
    reason: str | None
    #: whether its content was read since it was last seen to change
    has_content: bool = False


class Move(msgspec.Struct, frozen=True, gc=False):
    """An entry whose file lies at another path now, and the state that it has there."""

    id: int
    old_path: str
    path: str
    signature: Signature
    state: State
    reason: str | None = None


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
    rows = await connection.execute(select(*_KNOWN_COLUMNS).where(condition).order_by(order_by).limit(limit))
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
    statement = insert_on_conflict(connection.dialect.name, LedgerEntry)
    # an entry in hand only learns what its file looks like now: never two attempts at one file
    in_hand = LedgerEntry.state == State.RUNNING
    kept_in_hand = {
        name: case((in_hand, getattr(LedgerEntry, name)), else_=statement.excluded[name])
        for name in ("state", "reason", "attempts", "worker_losses", "sha256", "next_attempt_at", "holder")
    }
    always = {name: statement.excluded[name] for name in ("size", "mtime_ns", "ctime_ns", "inode", "updated_at")}
    upsert = statement.on_conflict_do_update(index_elements=["root", "path"], set_=kept_in_hand | always)
    await connection.execute(upsert, rows)


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
