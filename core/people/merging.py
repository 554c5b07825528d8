"""Two people who turn out to be one."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.collections.people_in_rules import replace_person
from core.db.tables import Event, Face, Person, Relationship
from core.errors import BadRequest
from core.people.people import person_row
from core.people.refused import merge_refused
from core.people.shown_names import names_changed


class Merged(msgspec.Struct, frozen=True):
    """What went from one person to the other."""

    source_name: str
    target_name: str
    faces: int
    relationships: int


async def merge_people(connection: AsyncConnection, source_id: str, target_id: str, *, fill_in: bool) -> Merged:
    """Gives everything of the source to the target and removes the source.

    Rules and kept searches that name the source name the target from now on, who is shown with the face that was chosen
    for the source where none was for them.
    A relationship to somebody whom the target knows already is dropped. With ``fill_in`` the target gets birthdate and
    notes of the source where it has none. Photos that had to stay on this machine
    have to go on. Raises :class:`BadRequest` for one and the same person, :class:`NotFound`.
    """
    if source_id == target_id:
        raise BadRequest("A person cannot be merged with themselves; name two different people.")
    # in one order, so that two merges cannot wait for each other
    rows = {
        person_id: await person_row(connection, person_id, locked=True) for person_id in sorted((source_id, target_id))
    }
    source, target = rows[source_id], rows[target_id]
    await names_changed(connection, Face.person_id == source_id)
    moved = await connection.execute(update(Face).where(Face.person_id == source_id).values(person_id=target_id))
    await merge_refused(connection, source_id, target_id)
    await connection.execute(update(Event).where(Event.person_id == source_id).values(person_id=target_id))
    await replace_person(connection, source_id, target_id)
    relationships = await _move_relationships(connection, source_id, target_id)
    values: dict[str, Any] = {
        name: getattr(source, name)
        for name in ("birthdate", "notes")
        if fill_in and getattr(target, name) is None and getattr(source, name) is not None
    }
    if target.selected_thumbnail_face_id is None and source.selected_thumbnail_face_id is not None:
        values["selected_thumbnail_face_id"] = source.selected_thumbnail_face_id
    if source.is_local_only:
        values["is_local_only"] = True
    if values:
        await connection.execute(update(Person).where(Person.id == target_id).values(**values))
    await connection.execute(delete(Person).where(Person.id == source_id))
    return Merged(source.name, target.name, moved.rowcount, relationships)


async def _move_relationships(connection: AsyncConnection, source_id: str, target_id: str) -> int:
    """Returns how many went over."""
    either = or_(
        Relationship.person1_id.in_((source_id, target_id)), Relationship.person2_id.in_((source_id, target_id))
    )
    rows = (
        await connection.execute(
            select(Relationship.id, Relationship.person1_id, Relationship.person2_id)
            .where(either)
            .order_by(Relationship.created_at, Relationship.id)
        )
    ).all()
    known = {target_id}
    for row in rows:
        if target_id in (row.person1_id, row.person2_id):
            known |= {row.person1_id, row.person2_id}
    known.add(source_id)
    moved = 0
    for row in rows:
        if source_id not in (row.person1_id, row.person2_id):
            continue
        other = row.person2_id if row.person1_id == source_id else row.person1_id
        if other in known:
            await connection.execute(delete(Relationship).where(Relationship.id == row.id))
            continue
        known.add(other)
        side = "person1_id" if row.person1_id == source_id else "person2_id"
        await connection.execute(update(Relationship).where(Relationship.id == row.id).values(**{side: target_id}))
        moved += 1
    return moved
