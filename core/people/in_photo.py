"""Who is known to be in a photo, as a provider of descriptions is told?"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.ai.provider import KnownPerson, Relation
from core.db.tables import Face, FileVersion, Person, Relationship
from core.media.facts import Box
from core.people.ages import age_on
from core.people.relationships import RelationshipType

_SEEN_FROM_THE_OTHER = {
    RelationshipType.PARENT: RelationshipType.CHILD,
    RelationshipType.CHILD: RelationshipType.PARENT,
}


async def known_people(connection: AsyncConnection, asset_id: str, taken: datetime | None) -> tuple[KnownPerson, ...]:
    """Those whose faces in an asset have a name and are not ignored, from left to right, each once.

    ``taken`` is the wall clock when the picture was taken, ``None`` where nobody knows. Of relationships to people who
    are not in the picture only the kind is told.
    """
    statement = (
        select(Person.id, Person.name, Person.birthdate, Face.bounding_box)
        .join(Face, Face.person_id == Person.id)
        .join(FileVersion, FileVersion.id == Face.photo_id)
        .where(FileVersion.media_asset_id == asset_id, Face.ignored.is_(False))
        .order_by(Person.name, Person.id)
    )
    rows = (await connection.execute(statement)).all()
    found = {row.id: row for row in sorted(rows, key=lambda row: row.bounding_box[0], reverse=True)}
    relations = await _relations(connection, {person_id: row.name for person_id, row in found.items()})
    return tuple(
        KnownPerson(
            name=row.name,
            age=age_on(row.birthdate.date(), taken.date()) if row.birthdate and taken else None,
            relations=tuple(relations[row.id]),
            box=Box(*row.bounding_box),
        )
        for row in reversed(found.values())
    )


async def _relations(connection: AsyncConnection, names: dict[str, str]) -> dict[str, list[Relation]]:
    """By person, what they are to whom; ``names`` are those in the picture."""
    statement = select(Relationship.person1_id, Relationship.person2_id, Relationship.relationship_type).where(
        or_(Relationship.person1_id.in_(names), Relationship.person2_id.in_(names))
    )
    found: dict[str, list[Relation]] = defaultdict(list)
    for row in await connection.execute(statement.order_by(Relationship.created_at, Relationship.id)):
        kind = RelationshipType(row.relationship_type)
        for one, other, seen in (
            (row.person1_id, row.person2_id, kind),
            (row.person2_id, row.person1_id, _SEEN_FROM_THE_OTHER.get(kind, kind)),
        ):
            relation = Relation(seen, names.get(other))
            if one in names and relation not in found[one]:
                found[one].append(relation)
    return found
