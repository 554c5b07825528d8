"""Which faces are there, with the photos that they are on?

A face hangs on the version that it was found on, and is read with the version of that asset which lists show. Faces of
archived versions are in no list.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Integer, SQLColumnExpression, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from core.db.search_sql import FACTS, is_shown
from core.db.tables import Face, FileVersion, Person
from core.errors import NotFound
from core.library.photos import PhotoRow, every_photo

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

_LISTED = (
    every_photo()
    .join(FACTS, FACTS.c.version_id == FileVersion.id)
    .join(_found_on, _found_on.media_asset_id == FileVersion.media_asset_id)
    .join(Face, Face.photo_id == _found_on.id)
    .outerjoin(Person, Person.id == Face.person_id)
    .where(is_shown(), _found_on.archived_at.is_(None))
    .order_by(Face.created_at.desc(), Face.id)
    .limit(bindparam("limit", type_=Integer()))
    .offset(bindparam("offset", type_=Integer()))
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


class FaceListing(StrEnum):
    """Which faces a list has."""

    EVERY = "every"
    NOT_IGNORED = "not_ignored"
    UNASSIGNED = "unassigned"
    IGNORED = "ignored"


_CONDITIONS: dict[FaceListing, tuple[ColumnElement[bool], ...]] = {
    FaceListing.EVERY: (),
    FaceListing.NOT_IGNORED: (Face.ignored.is_(False),),
    FaceListing.UNASSIGNED: (Face.person_id.is_(None), Face.ignored.is_(False)),
    FaceListing.IGNORED: (Face.ignored.is_(True),),
}


def face_list(listing: FaceListing, *columns: SQLColumnExpression[Any], of_person: bool = False) -> Any:
    """The statement of a list of faces, newest first, with columns of each, of its person and of the photo to show.

    Its parameters are ``limit`` and ``offset``, and ``person_id`` with ``of_person``.
    """
    whose = (Face.person_id == bindparam("person_id"),) if of_person else ()
    chosen = _LISTED.where(*_CONDITIONS[listing], *whose)
    return chosen.with_only_columns(*columns, maintain_column_froms=True)


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
