"""May a photo leave this machine?

The owner says of watched folders and of people that their photos stay here. This is the one place that decides it, and
it is asked right before anything is sent: a face that got its name a moment ago counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import Face, FileVersion, LedgerEntry, Person, WatchRoot


async def why_it_stays(connection: AsyncConnection, asset_id: str, roots: Mapping[str, bool]) -> str | None:
    """Why an asset is shown to nobody beyond this machine, as a sentence; ``None`` where it may be.

    ``roots`` tells of the configured roots whether their photos stay here. Of those that are configured no more, what
    was last said holds on.
    """
    statement = select(LedgerEntry.root).where(LedgerEntry.media_asset_id == asset_id, _is_kept_here(roots))
    root = (await connection.execute(statement.limit(1))).scalar()
    if root is not None:
        return f'The photo came from "{root}", whose photos stay on this machine.'
    in_it = (
        select(Person.name)
        .join(Face, Face.person_id == Person.id)
        .join(FileVersion, FileVersion.id == Face.photo_id)
        .where(FileVersion.media_asset_id == asset_id, Person.is_local_only == true())
    )
    person = (await connection.execute(in_it.limit(1))).scalar()
    return None if person is None else f"{person} is in the photo, and photos of {person} stay on this machine."


async def some_stay(connection: AsyncConnection, assets: Select[*tuple[Any, ...]], roots: Mapping[str, bool]) -> bool:
    """Whether one of these assets is shown to nobody beyond this machine. ``assets`` selects their ids."""
    from_roots = select(LedgerEntry.media_asset_id).where(LedgerEntry.media_asset_id.in_(assets), _is_kept_here(roots))
    if (await connection.execute(from_roots.limit(1))).first() is not None:
        return True
    with_people = (
        select(FileVersion.media_asset_id)
        .join(Face, Face.photo_id == FileVersion.id)
        .join(Person, Person.id == Face.person_id)
        .where(FileVersion.media_asset_id.in_(assets), Person.is_local_only == true())
    )
    return (await connection.execute(with_people.limit(1))).first() is not None


async def those_that_stay(
    connection: AsyncConnection, asset_ids: Sequence[str], roots: Mapping[str, bool]
) -> frozenset[str]:
    """Those of these assets that are shown to nobody beyond this machine."""
    if not asset_ids:
        return frozenset()
    from_roots = select(LedgerEntry.media_asset_id).where(
        LedgerEntry.media_asset_id.in_(asset_ids), _is_kept_here(roots)
    )
    with_people = (
        select(FileVersion.media_asset_id)
        .join(Face, Face.photo_id == FileVersion.id)
        .join(Person, Person.id == Face.person_id)
        .where(FileVersion.media_asset_id.in_(asset_ids), Person.is_local_only == true())
    )
    found = [(await connection.execute(statement)).scalars().all() for statement in (from_roots, with_people)]
    return frozenset(asset_id for some in found for asset_id in some if asset_id is not None)


def _is_kept_here(roots: Mapping[str, bool]) -> ColumnElement[bool]:
    """That an entry of the ledger is of a root whose photos stay here."""
    remembered = select(WatchRoot.name).where(WatchRoot.is_local_only == true(), WatchRoot.name.not_in(list(roots)))
    kept = [name for name, is_local_only in roots.items() if is_local_only]
    return or_(LedgerEntry.root.in_(kept), LedgerEntry.root.in_(remembered))
