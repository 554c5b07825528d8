"""Puts recalled photos into the new database."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.engine import Database
from core.db.tables import (
    AssetGroup,
    AssetHistory,
    Face,
    FileVersion,
    LedgerEntry,
    MediaAsset,
    Person,
    new_id,
    utc_now,
)
from core.groups.keeping import keep_grouped
from core.library.layout import Tier
from core.pipeline.look import remember
from core.pipeline.remembered_metadata import remember_metadata
from core.rebuild.photo import Recalled, Unexplained
from core.rebuild.report import Report


class People:
    """The people that were named so far, and how often each of them was seen."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}
        self.faces: Counter[str] = Counter()

    @classmethod
    async def of(cls, database: Database) -> People:
        """Those that a database knows; of several with one name the one that was there first."""
        people = cls()
        columns = (Person.name, Person.id, Person.face_count)
        async with database.read() as connection:
            for name, person_id, faces in await connection.execute(select(*columns).order_by(Person.created_at)):
                if name not in people.ids:
                    people.ids[name] = person_id
                    people.faces[name] = faces or 0
        return people


async def write(database: Database, recalled: Recalled, people: People) -> None:
    """One transaction: a photo with all that belongs to it. Raises :class:`Unexplained` where it is there already."""
    try:
        async with database.write() as connection:
            await connection.execute(insert(MediaAsset), recalled.asset)
            for version in recalled.versions:
                await connection.execute(insert(FileVersion), version)
            new = await _introduce(connection, recalled, people)
            for face in recalled.faces:
                name = face.pop("name")
                person_id = None if name is None else new.get(name) or people.ids[name]
                await connection.execute(insert(Face), face | {"person_id": person_id})
                if name is not None:
                    people.faces[name] += 1
            await connection.execute(insert(AssetHistory), recalled.history)
            if recalled.ledger is not None:
                await connection.execute(insert(LedgerEntry), recalled.ledger)
            sha256 = recalled.versions[0]["sha256"]
            await remember_metadata(connection, sha256, recalled.metadata)
            if recalled.look is not None:
                await remember(connection, sha256, recalled.look)
            await keep_grouped(connection, recalled.grouped, is_new=True)
    except IntegrityError as error:
        names = ", ".join(version["file_path"] for version in recalled.versions)
        raise Unexplained(f"{names} has the same bytes as another photo of the library.") from error
    people.ids |= new


async def _introduce(connection: AsyncConnection, recalled: Recalled, people: People) -> dict[str, str]:
    """Rows for those who are named for the first time; their ids by name."""
    named = dict.fromkeys(face["name"] for face in recalled.faces if face["name"])
    new = {name: new_id() for name in named if name not in people.ids}
    for name, person_id in new.items():
        await connection.execute(insert(Person), {"id": person_id, "name": name, "created_at": utc_now()})
    return new


async def finish(database: Database, people: People, report: Report) -> None:
    """Counts, once everything is written."""
    async with database.write() as connection:
        for name, count in people.faces.items():
            await connection.execute(update(Person).where(Person.id == people.ids[name]).values(face_count=count))
    async with database.read() as connection:
        report.groups = (await connection.execute(select(func.count()).select_from(AssetGroup))).scalar_one()
    report.people = len(people.ids)
    report.named_faces = people.faces.total()


def count(report: Report, recalled: Recalled) -> None:
    """Adds a photo that was written to the report."""
    tiers = Counter(version["tier"] for version in recalled.versions)
    report.photos += 1
    report.bronze += tiers[Tier.BRONZE]
    report.silver += tiers[Tier.SILVER]
    report.gold += tiers[Tier.GOLD]
    report.archived += sum(version.get("archived_at") is not None for version in recalled.versions)
    report.sidecars += recalled.sidecars
    report.warnings += recalled.warnings
