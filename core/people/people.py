"""People: who there is, and what is known of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    and_,
    bindparam,
    cast,
    delete,
    distinct,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from core.db.search_sql import FACTS, is_shown
from core.db.tables import Event, Face, FileVersion, Person, Relationship, new_id, utc_now
from core.errors import BadRequest, NotFound
from core.library.photos import BATCH, PhotoRow, every_photo
from core.people.shown_names import names_changed

PersonRow = PhotoRow
"""The columns of a person; in lists also ``live_face_count``, ``photo_count``, ``cover_face_id`` and ``cover_box``."""

_PERSON = Person.__table__


def _people(whose: ColumnElement[str] | None = None) -> Any:
    version, chooser, cover = aliased(FileVersion), aliased(Person), aliased(Face)
    theirs = Face.person_id.is_not(None) if whose is None else Face.person_id == whose
    # the versions are looked up once, for the counts and for the face to show; all of a person's faces are sorted
    # without their boxes
    live = (
        select(Face.id, Face.person_id, Face.ignored, Face.created_at, version.media_asset_id)
        .join(version, version.id == Face.photo_id)
        .where(version.archived_at.is_(None), theirs)
        .cte("live_faces")
        .prefix_with("MATERIALIZED")
    )
    counts = (
        select(
            live.c.person_id,
            func.count().label("live_face_count"),
            func.count(distinct(live.c.media_asset_id)).label("photo_count"),
        )
        .group_by(live.c.person_id)
        .subquery()
    )
    is_chosen = cast(live.c.id == func.coalesce(chooser.selected_thumbnail_face_id, ""), Integer)
    best_first = (is_chosen.desc(), live.c.ignored, live.c.created_at, live.c.id)
    shown = (
        select(
            live.c.id,
            live.c.person_id,
            func.row_number().over(partition_by=live.c.person_id, order_by=best_first).label("place"),
        )
        .join(chooser, chooser.id == live.c.person_id)
        .subquery()
    )
    return (
        select(
            *_PERSON.c,
            func.coalesce(counts.c.live_face_count, 0).label("live_face_count"),
            func.coalesce(counts.c.photo_count, 0).label("photo_count"),
            cover.id.label("cover_face_id"),
            cover.bounding_box.label("cover_box"),
        )
        .outerjoin(counts, counts.c.person_id == Person.id)
        .outerjoin(shown, and_(shown.c.person_id == Person.id, shown.c.place == 1))
        .outerjoin(cover, cover.id == shown.c.id)
        .where(true() if whose is None else Person.id == whose)
        .order_by(Person.created_at.desc(), Person.id)
    )


_EVERYBODY = _people()
_SOMEBODY = _people(bindparam("person_id"))


async def list_people(connection: AsyncConnection) -> Sequence[PersonRow]:
    """Everybody, newest first, with live counts and the face to show, in one statement."""
    rows: Sequence[PersonRow] = (await connection.execute(_EVERYBODY)).all()
    return rows


async def find_person(connection: AsyncConnection, person_id: str) -> PersonRow:
    """One person as in :func:`list_people`; raises :class:`NotFound`."""
    row: PersonRow | None = (await connection.execute(_SOMEBODY, {"person_id": person_id})).first()
    if row is None:
        raise _unknown(person_id)
    return row


async def person_row(connection: AsyncConnection, person_id: str, *, locked: bool = False) -> PersonRow:
    """The columns of one person, with ``locked`` kept from other writers; raises :class:`NotFound`."""
    statement = select(_PERSON).where(Person.id == person_id)
    row = (await connection.execute(statement.with_for_update() if locked else statement)).first()
    if row is None:
        raise _unknown(person_id)
    return row


async def photos_of_person(connection: AsyncConnection, person_id: str) -> AsyncIterator[Sequence[PhotoRow]]:
    """Of each asset with a face of the person the version that lists show, latest capture first, in small batches."""
    version = aliased(FileVersion)
    theirs = (
        select(version.media_asset_id)
        .join(Face, Face.photo_id == version.id)
        .where(Face.person_id == person_id, version.archived_at.is_(None))
    )
    statement = (
        every_photo()
        .join(FACTS, FACTS.c.version_id == FileVersion.id)
        .where(is_shown(), FileVersion.media_asset_id.in_(theirs))
        .order_by(FACTS.c.captured_at.desc(), FileVersion.id)
    )
    rows = await connection.stream(statement, execution_options={"yield_per": BATCH})
    async for batch in rows.partitions():
        yield batch


async def add_person(
    connection: AsyncConnection,
    name: str,
    notes: str | None = None,
    birthdate: datetime | None = None,
    *,
    is_local_only: bool = False,
) -> PersonRow:
    """A new person; nobody is kept from having the name of another."""
    person_id = new_id()
    said = {"name": name, "notes": notes, "birthdate": birthdate, "is_local_only": is_local_only}
    columns = {"id": person_id, **said, "created_at": utc_now()}
    await connection.execute(insert(Person), columns)
    return await person_row(connection, person_id)


async def change_people(connection: AsyncConnection, person_ids: Sequence[str], values: Mapping[str, Any]) -> list[str]:
    """Sets columns of people; returns the ids of those that there are. Sidecars with another name follow."""
    known = list((await connection.execute(select(Person.id).where(Person.id.in_(person_ids)))).scalars())
    if known and values:
        await connection.execute(update(Person).where(Person.id.in_(known)).values(**values))
        if "name" in values:
            await names_changed(connection, Face.person_id.in_(known))
    return known


async def change_person(connection: AsyncConnection, person_id: str, values: Mapping[str, Any]) -> PersonRow:
    """Sets columns of one person; raises :class:`NotFound`."""
    await change_people(connection, [person_id], values)
    return await person_row(connection, person_id)


async def choose_cover(connection: AsyncConnection, person_id: str, face_id: str) -> PersonRow:
    """Shows this face for the person.

    Raises :class:`NotFound`, and :class:`BadRequest` for a face that is not theirs.
    """
    await person_row(connection, person_id, locked=True)
    owner = (await connection.execute(select(Face.person_id).where(Face.id == face_id))).first()
    if owner is None:
        raise BadRequest(f"There is no face {face_id}.")
    if owner.person_id != person_id:
        raise BadRequest("This face is not one of this person's; assign it first.")
    chosen = update(Person).where(Person.id == person_id).values(selected_thumbnail_face_id=face_id)
    await connection.execute(chosen)
    return await find_person(connection, person_id)


async def remove_person(connection: AsyncConnection, person_id: str) -> str | None:
    """Removes a person, their relationships, and their name from faces and events; answers the name that they had.

    ``None`` where there is no such person.
    """
    row = (await connection.execute(select(Person.name).where(Person.id == person_id).with_for_update())).first()
    if row is None:
        return None
    await names_changed(connection, Face.person_id == person_id)
    await connection.execute(update(Face).where(Face.person_id == person_id).values(person_id=None))
    await connection.execute(update(Event).where(Event.person_id == person_id).values(person_id=None))
    either = or_(Relationship.person1_id == person_id, Relationship.person2_id == person_id)
    await connection.execute(delete(Relationship).where(either))
    await connection.execute(delete(Person).where(Person.id == person_id))
    name: str = row.name
    return name


def _unknown(person_id: str) -> NotFound:
    return NotFound(f"There is no person {person_id}.")
