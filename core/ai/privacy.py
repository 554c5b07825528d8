"""May a photo leave this machine?

The owner says of watched folders and of people that their photos stay here. This is the one place that decides it, and
it is asked right before anything is sent: a face that got its name a moment ago counts.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import Face, FileVersion, LedgerEntry, Person, WatchRoot


async def why_it_stays(connection: AsyncConnection, asset_id: str, roots: Mapping[str, bool]) -> str | None:
    """Why an asset is shown to nobody beyond this machine, as a sentence; ``None`` where it may be.

    ``roots`` tells of the configured roots whether their photos stay here. Of those that are configured no more, what
    was last said holds on.
    """
    remembered = select(WatchRoot.name).where(WatchRoot.is_local_only == true(), WatchRoot.name.not_in(list(roots)))
    kept = [name for name, is_local_only in roots.items() if is_local_only]
    statement = select(LedgerEntry.root).where(
        LedgerEntry.media_asset_id == asset_id,
        or_(LedgerEntry.root.in_(kept), LedgerEntry.root.in_(remembered)),
    )
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
