"""Which faces are there, with the photos that they are on?

A face hangs on the version that it was found on, and is read with the version of that asset which lists show. Faces of
archived versions are in no list.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from core.db.search_sql import FACTS, is_shown
from core.db.tables import Face, FileVersion, Person
from core.errors import NotFound
from core.library.photos import BATCH, MOST, PhotoRow, every_photo

_found_on = aliased(FileVersion)

_FACE = (
    Face.id.label("face_id"),
    Face.photo_id.label("face_photo_id"),
    Face.person_id.label("face_person_id"),
    Face.bounding_box.label("face_box"),
    Face.confidence.label("face_confidence"),
    Face.ignored.label("face_ignored"),
    Face.created_at.label("face_created_at"),
)
_NEWEST_FIRST = (Face.created_at.desc(), Face.id)

_LISTED = (
    every_photo()
    .add_columns(*_FACE, Person.name.label("person_name"), Person.birthdate.label("person_birthdate"))
    .join(FACTS, FACTS.c.version_id == FileVersion.id)
    .join(_found_on, _found_on.media_asset_id == FileVersion.media_asset_id)
    .join(Face, Face.photo_id == _found_on.id)
    .outerjoin(Person, Person.id == Face.person_id)
    .where(is_shown(), _found_on.archived_at.is_(None))
    .order_by(*_NEWEST_FIRST)
)

_PERSON = tuple(column.label(f"person_{column.name}") for column in Person.__table__.columns)

_asked = aliased(FileVersion)

_OF_PHOTO = (
    select(*_FACE, *_PERSON, _asked.captured_at)
    .join(_found_on, _found_on.id == Face.photo_id)
    .join(_asked, _asked.media_asset_id == _found_on.media_asset_id)
    .outerjoin(Person, Person.id == Face.person_id)
    .where(_found_on.archived_at.is_(None))
    .order_by(Face.created_at, Face.id)
)


class FaceFilter(msgspec.Struct, frozen=True):
    """Which faces are wanted; what is ``None`` does not matter."""

    is_assigned: bool | None = None
    is_ignored: bool | None = None
    person_id: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        wanted: list[ColumnElement[bool]] = []
        if self.is_assigned is not None:
            # not "IS NULL": SQLite would take all faces of nobody from the index, once for each photo
            owner = func.coalesce(Face.person_id, "")
            wanted.append(owner != "" if self.is_assigned else owner == "")
        if self.is_ignored is not None:
            wanted.append(Face.ignored.is_(self.is_ignored))
        if self.person_id is not None:
            wanted.append(Face.person_id == self.person_id)
        return wanted


def listed_faces(wanted: FaceFilter, limit: int | None = None, offset: int = 0) -> Any:
    """The statement of a list of faces, newest first, each with its photo, and its person's name and birthdate."""
    return _LISTED.where(*wanted.conditions()).limit(MOST if limit is None else limit).offset(offset)


async def list_faces(
    connection: AsyncConnection, wanted: FaceFilter, limit: int | None = None, offset: int = 0
) -> AsyncIterator[Sequence[PhotoRow]]:
    """The faces of a list in small batches."""
    rows = await connection.stream(listed_faces(wanted, limit, offset), execution_options={"yield_per": BATCH})
    async for batch in rows.partitions():
        yield batch


async def faces_of_photo(connection: AsyncConnection, photo_id: str) -> Sequence[PhotoRow]:
    """The faces of a photo's asset with their people, whichever version they were found on.

    Raises :class:`NotFound` where there is no such photo.
    """
    rows = (await connection.execute(_OF_PHOTO.where(_asked.id == photo_id, _asked.archived_at.is_(None)))).all()
    if not rows:
        known = select(FileVersion.id).where(FileVersion.id == photo_id, FileVersion.archived_at.is_(None))
        if (await connection.execute(known)).first() is None:
            raise NotFound(f"There is no photo {photo_id}.")
    return rows
