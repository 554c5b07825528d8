"""A provider is told who is known to be in a photo, how old they were and what they are to each other."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import insert

from core.ai.provider import KnownPerson, Relation
from core.db.engine import Database
from core.db.tables import Face, FileVersion, MediaAsset, Person, Relationship
from core.media.facts import Box
from core.people.in_photo import known_people

TAKEN = datetime(2024, 7, 26, 14, 30)


async def family(database: Database) -> None:
    """Anna (39) and her child Ben (under one) in a photo, Ben's twin brother Carl elsewhere, and a stranger's face."""
    async with database.write() as connection:
        await connection.execute(insert(MediaAsset), {"id": "a", "original_filename": "a.jpg"})
        for tier in ("bronze", "silver"):
            columns = {"file_path": f"media/{tier}/a.jpg", "file_hash": "", "file_size": 1, "mime_type": "image/jpeg"}
            await connection.execute(
                insert(FileVersion), {"id": f"a-{tier}", "media_asset_id": "a", "tier": tier, **columns}
            )
        born = {"anna": datetime(1985, 1, 1, tzinfo=UTC), "ben": datetime(2024, 2, 1, tzinfo=UTC), "carl": None}
        for name, day in born.items():
            await connection.execute(insert(Person), {"id": name, "name": name.title(), "birthdate": day})
        for one, other, kind in (("anna", "ben", "parent"), ("ben", "carl", "sibling")):
            await connection.execute(
                insert(Relationship), {"person1_id": one, "person2_id": other, "relationship_type": kind}
            )
        for person, left, ignored in (("ben", 10, False), ("anna", 300, False), (None, 600, False), ("carl", 0, True)):
            row = {"photo_id": "a-silver", "person_id": person, "bounding_box": [left, 20, 30, 40], "confidence": 9}
            await connection.execute(insert(Face), {**row, "ignored": ignored})


async def test_people_are_told_from_left_to_right_with_ages_and_relationships(database: Database) -> None:
    await family(database)
    async with database.read() as connection:
        found = await known_people(connection, "a", TAKEN)
    assert found == (
        KnownPerson("Ben", 0, (Relation("child", "Anna"), Relation("sibling")), Box(10, 20, 30, 40)),
        KnownPerson("Anna", 39, (Relation("parent", "Ben"),), Box(300, 20, 30, 40)),
    )


async def test_nobody_has_an_age_where_nobody_knows_when_it_was(database: Database) -> None:
    await family(database)
    async with database.read() as connection:
        assert [person.age for person in await known_people(connection, "a", None)] == [None, None]
        assert await known_people(connection, "elsewhere", TAKEN) == ()
