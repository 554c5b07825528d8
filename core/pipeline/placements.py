"""The intent log of placing: a row for each file on its way into the library, written before its first byte.

The row reserves the name, so that two photos of one second never fight for it, and tells the next start what to repair.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import PurePosixPath

import msgspec
from sqlalchemy import bindparam, delete, exists, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert

from core.db.engine import Database
from core.db.tables import FileVersion, Placement, utc_now
from core.db.types import folded
from core.db.upsert import insert_on_conflict
from core.library.layout import Layout, Tier, json_sidecar_of, sidecar_of
from core.library.naming import numbered

#: How many names are asked for at once when a free one is looked for.
SEARCH_WIDTH = 8


class Intent(msgspec.Struct, frozen=True):
    """A placement that was begun. ``target`` is relative to the data directory."""

    id: int
    ledger_id: int | None
    tier: Tier
    target: str
    sha256: str
    holder: str


_COLUMNS = (Placement.id, Placement.ledger_id, Placement.tier, Placement.target, Placement.sha256, Placement.holder)

_INTENDED = ("ledger_id", "tier", "target", "target_key", "sha256", "holder", "created_at")


async def reserve(
    database: Database,
    layout: Layout,
    *,
    ledger_id: int | None,
    tier: Tier,
    directory: PurePosixPath,
    name: str,
    sha256: str,
    holder: str,
) -> Intent:
    """Begins a placement under ``name``, or under one of ``name_1``, ``name_2``, … that nothing uses: the first one,
    where the numbers have no gaps.

    A name is free when no version, no other placement and no file on disk has it, with or without a sidecar. Names that
    differ only in case count as one: on some file systems they are.
    """
    async with database.write() as connection:
        target = str(directory / name)
        while True:
            if not await asyncio.to_thread(_exists, layout, target):
                found = await _intend(connection, ledger_id, tier, target, sha256, holder)
                if found is not None:
                    return found
            target = await _free_target(connection, layout, directory, name)


async def _free_target(connection: AsyncConnection, layout: Layout, directory: PurePosixPath, name: str) -> str:
    """A numbered name that is free, found with a number of questions that grows with the logarithm of those taken:
    a folder of scans has thousands of photos of one second.
    """

    async def first_free(numbers: Sequence[int]) -> int | None:
        """The place in ``numbers`` of the first that is free."""
        targets = [str(directory / numbered(name, number)) for number in numbers]
        taken = await _taken(connection, targets)
        for place, target in enumerate(targets):
            if folded(target) not in taken and not await asyncio.to_thread(_exists, layout, target):
                return place
        return None

    low, steps = 0, [1, 2, 4, 8]
    while (place := await first_free(steps)) is None:
        low, steps = steps[-1], [step * 16 for step in steps]
    low, high = steps[place - 1] if place else low, steps[place]
    while high - low > 1:
        width = max((high - low) // SEARCH_WIDTH, 1)
        between = range(low + width, high, width)
        place = await first_free(between)
        if place is None:
            low = between[-1]
        else:
            low, high = between[place - 1] if place else low, between[place]
    return str(directory / numbered(name, high))


async def _taken(connection: AsyncConnection, targets: list[str]) -> set[str]:
    stored = await recorded(connection, targets)
    keys = [folded(target) for target in targets]
    rows = await connection.execute(select(Placement.target_key).where(Placement.target_key.in_(keys)))
    return {folded(target) for target in stored} | {row.target_key for row in rows}


async def _intend(
    connection: AsyncConnection,
    ledger_id: int | None,
    tier: Tier,
    target: str,
    sha256: str,
    holder: str,
    *,
    is_recorded: bool = False,
) -> Intent | None:
    """Writes the intent; ``None`` when a version or another placement has this name."""
    columns = {
        "ledger_id": ledger_id,
        "tier": tier,
        "target": target,
        "target_key": folded(target),
        "sha256": sha256,
        "holder": holder,
        "created_at": utc_now(),
    }
    rows = await connection.execute(_intention(connection.dialect.name, is_recorded=is_recorded), columns)
    row = rows.first()
    return None if row is None else Intent(row.id, ledger_id, tier, target, sha256, holder)


@cache
def _intention(dialect: str, *, is_recorded: bool) -> ReturningInsert[tuple[int]]:
    """The statement of :func:`_intend`: two for each photo, and dear to build."""
    row = select(*(bindparam(key, type_=Placement.__table__.c[key].type) for key in _INTENDED))
    if not is_recorded:
        target = bindparam("target", type_=Placement.__table__.c.target.type)
        row = row.where(~exists().where(FileVersion.file_path == target))
    else:
        # SQLite takes "ON CONFLICT" behind a SELECT for a join unless the SELECT has a condition
        row = row.where(true())
    return (
        insert_on_conflict(dialect, Placement)
        .from_select(_INTENDED, row)
        .on_conflict_do_nothing(index_elements=["target_key"])
        .returning(Placement.id)
    )


async def announce(
    connection: AsyncConnection, target: str, sha256: str, holder: str, *, is_recorded: bool
) -> Intent | None:
    """Begins to replace or to remove the Gold file ``target``, whose bytes are or will be those of ``sha256``.

    With ``is_recorded`` a version has that name, and keeps it. ``None`` when something else is under way there.
    """
    return await _intend(connection, None, Tier.GOLD, target, sha256, holder, is_recorded=is_recorded)


def _exists(layout: Layout, target: str) -> bool:
    return any(os.path.lexists(layout.absolute(path)) for path in (target, sidecar_of(target), json_sidecar_of(target)))


async def finish(connection: AsyncConnection, intent: Intent) -> None:
    """Ends a placement, in the transaction that records (or gives up) its file."""
    await connection.execute(delete(Placement).where(Placement.id == intent.id))


async def unfinished(connection: AsyncConnection) -> list[Intent]:
    """Every placement that was begun and not ended, oldest first."""
    rows = await connection.execute(select(*_COLUMNS).order_by(Placement.id))
    return [msgspec.convert(row._asdict(), Intent) for row in rows]


async def unfinished_original(connection: AsyncConnection, ledger_id: int) -> Intent | None:
    """The original of an entry that a crash left placed but not recorded."""
    found = await unfinished_of(connection, ledger_id, Tier.BRONZE)
    return found[0] if found else None


async def unfinished_of(connection: AsyncConnection, ledger_id: int, tier: Tier) -> list[Intent]:
    """The placements of an entry that were begun for a tier and not ended."""
    rows = await connection.execute(
        select(*_COLUMNS).where(Placement.ledger_id == ledger_id, Placement.tier == tier).order_by(Placement.id)
    )
    return [msgspec.convert(row._asdict(), Intent) for row in rows]


async def hand_over(connection: AsyncConnection, intents: Iterable[Intent], holder: str) -> None:
    """Gives placements of a dead process to ``holder``."""
    ids = [intent.id for intent in intents]
    await connection.execute(update(Placement).where(Placement.id.in_(ids)).values(holder=holder))


async def recorded(connection: AsyncConnection, targets: Iterable[str]) -> set[str]:
    """Which of these targets a version names."""
    rows = await connection.execute(select(FileVersion.file_path).where(FileVersion.file_path.in_(list(targets))))
    return {row.file_path for row in rows}
