"""What people are to each other: person 1 is the *type* of person 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from core.db.tables import Person, Relationship, new_id, utc_now
from core.errors import BadRequest, NotFound
from core.library.photos import PhotoRow


class RelationshipType(StrEnum):
    """The types of the contract."""

    SPOUSE = "spouse"
    PARTNER = "partner"
    SIBLING = "sibling"
    PARENT = "parent"
    CHILD = "child"
    FRIEND = "friend"
    RELATIVE = "relative"


_ROW = Relationship.__table__


async def relationships_of(connection: AsyncConnection, person_id: str) -> Sequence[PhotoRow]:
    """Those with the person on either side, newest first; ``person1_…`` and ``person2_…`` are the columns of both.

    The two ids are ``person1_id`` and ``person2_id``, as in the table itself.
    """
    sides = {"person1": aliased(Person), "person2": aliased(Person)}
    columns = [
        getattr(person, column.name).label(f"{side}_{column.name}")
        for side, person in sides.items()
        for column in Person.__table__.columns
        if column.name != "id"
    ]
    statement = (
        select(*_ROW.c, *columns)
        .join(sides["person1"], sides["person1"].id == Relationship.person1_id)
        .join(sides["person2"], sides["person2"].id == Relationship.person2_id)
        .where(or_(Relationship.person1_id == person_id, Relationship.person2_id == person_id))
        .order_by(Relationship.created_at.desc(), Relationship.id)
    )
    return (await connection.execute(statement)).all()


async def add_relationship(
    connection: AsyncConnection, person1_id: str, person2_id: str, kind: RelationshipType, notes: str | None
) -> PhotoRow:
    """Raises :class:`BadRequest` for one person twice, somebody unknown, or two who have a relationship already."""
    if person1_id == person2_id:
        raise BadRequest("A relationship is one of two different people.")
    both = (person1_id, person2_id)
    # locked, in one order, so that of two requests for one pair the second finds the first's row
    people = select(Person.id).where(Person.id.in_(both)).order_by(Person.id).with_for_update()
    unknown = set(both) - set((await connection.execute(people)).scalars())
    if unknown:
        raise BadRequest(f"There is no person {min(unknown)}.")
    pair = or_(
        and_(Relationship.person1_id == person1_id, Relationship.person2_id == person2_id),
        and_(Relationship.person1_id == person2_id, Relationship.person2_id == person1_id),
    )
    if (await connection.execute(select(Relationship.id).where(pair))).first() is not None:
        raise BadRequest("These two have a relationship already; change or remove that one.")
    columns = {
        "id": new_id(),
        "person1_id": person1_id,
        "person2_id": person2_id,
        "relationship_type": kind,
        "notes": notes,
        "created_at": utc_now(),
    }
    await connection.execute(insert(Relationship), columns)
    return await _find(connection, columns["id"])


async def change_relationship(connection: AsyncConnection, relationship_id: str, values: Mapping[str, Any]) -> PhotoRow:
    """Sets type or notes; raises :class:`NotFound`."""
    if values:
        await connection.execute(update(Relationship).where(Relationship.id == relationship_id).values(**values))
    return await _find(connection, relationship_id)


async def remove_relationship(connection: AsyncConnection, relationship_id: str) -> None:
    """Removes it, if it is there."""
    await connection.execute(delete(Relationship).where(Relationship.id == relationship_id))


async def _find(connection: AsyncConnection, relationship_id: Any) -> PhotoRow:
    row = (await connection.execute(select(_ROW).where(_ROW.c.id == relationship_id))).first()
    if row is None:
        raise NotFound(f"There is no relationship {relationship_id}.")
    return row
