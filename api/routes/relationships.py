"""What people are to each other."""

from __future__ import annotations

from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.context import ApiContext
from api.schemas.person import (
    NewRelationship,
    Relationship,
    RelationshipEdit,
    Told,
    relationship_of,
    relationship_values,
)
from core.people.relationships import add_relationship, change_relationship, relationships_of, remove_relationship


@get("/api/people/{person_id:str}/relationships", tags=["People"])
async def get_relationships(context: NamedDependency[ApiContext], person_id: FromPath[str]) -> list[Relationship]:
    """Those with the person on either side, newest first."""
    async with context.bench.database.read() as connection:
        return [relationship_of(row, people=True) for row in await relationships_of(connection, person_id)]


@post("/api/relationships", tags=["People"], status_code=200)
async def create_relationship(context: NamedDependency[ApiContext], data: JSONBody[NewRelationship]) -> Relationship:
    """Two people have one relationship at most, whichever way round."""
    async with context.bench.database.write() as connection:
        row = await add_relationship(
            connection, data.person1_id, data.person2_id, data.relationship_type, data.notes or None
        )
    return relationship_of(row)


@put("/api/relationships/{relationship_id:str}", tags=["People"])
async def edit_relationship(
    context: NamedDependency[ApiContext], relationship_id: FromPath[str], data: JSONBody[RelationshipEdit]
) -> Relationship:
    """Sets type or notes."""
    async with context.bench.database.write() as connection:
        return relationship_of(await change_relationship(connection, relationship_id, relationship_values(data)))


@delete("/api/relationships/{relationship_id:str}", tags=["People"], status_code=200)
async def delete_relationship(context: NamedDependency[ApiContext], relationship_id: FromPath[str]) -> Told:
    """Removes it, if it is there."""
    async with context.bench.database.write() as connection:
        await remove_relationship(connection, relationship_id)
    return Told(True, "The relationship was removed.")


ROUTES = [get_relationships, create_relationship, edit_relationship, delete_relationship]
