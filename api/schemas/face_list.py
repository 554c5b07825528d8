"""Long lists of faces, as the database writes them; see :mod:`api.schemas.photo_list`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Text, cast
from sqlalchemy.ext.asyncio import AsyncConnection

from api.schemas.photo_list import PHOTO_COLUMNS, photo_text
from core.db.json_sql import json_object, json_text, json_value, utc_text
from core.db.tables import Face, FileVersion, Person
from core.library.photos import MOST
from core.people.ages import age_in_photo
from core.people.crops import crop_path
from core.people.faces import FaceListing, face_list

_BATCH: Final = 250
"""Faces that are put together before others have their turn: a millisecond."""

_TOLD: Final = json_object(
    id=Face.id,
    photoId=Face.photo_id,
    personId=Face.person_id,
    boundingBox=json_value(Face.bounding_box),
    confidence=Face.confidence,
    createdAt=utc_text(Face.created_at),
)

_COLUMNS: Final = (
    *PHOTO_COLUMNS,
    cast(_TOLD, Text()).label("told"),
    Face.id.label("face_id"),
    json_text(Face.bounding_box).label("box"),
    Face.ignored,
    Face.person_id,
)
_WITH_BIRTHDATE: Final = (*_COLUMNS, Person.birthdate, FileVersion.captured_at)
_WITH_NAME: Final = (*_COLUMNS, Face.confidence, Person.name)

_LISTS = {
    (listing, of_person): face_list(listing, *_WITH_BIRTHDATE, of_person=of_person)
    for listing in FaceListing
    for of_person in (False, True)
}
_GROUPED = face_list(FaceListing.EVERY, *_WITH_NAME)

_decode = msgspec.json.Decoder().decode


async def encoded_faces(
    connection: AsyncConnection,
    listing: FaceListing,
    person_id: str | None = None,
    limit: int | None = None,
    offset: int = 0,
    *,
    ages: bool = False,
) -> AsyncIterator[bytes]:
    """The faces of a list, :class:`api.schemas.face.ListedFace`, in chunks: the insides of JSON arrays, none empty.

    ``person_id`` leaves those of one person; ``ages`` tells how old theirs is on each photo.
    """
    page = {"limit": MOST if limit is None else limit, "offset": offset}
    whose = {} if person_id is None else {"person_id": person_id}
    async for batch in _batches(connection, _LISTS[listing, person_id is not None], page | whose):
        yield ",".join([face_text(row, _age(row) if ages else "}") for row in batch]).encode()


async def faces_to_group(connection: AsyncConnection) -> AsyncIterator[Sequence[Any]]:
    """All faces, newest first, in small batches of rows for :func:`face_text`.

    Each has ``face_id``, ``person_id`` and ``name`` of its person, ``confidence``, ``ignored``, and for
    :func:`box_of` its ``box``.
    """
    async for batch in _batches(connection, _GROUPED, {"limit": MOST, "offset": 0}):
        yield batch


def face_text(row: Any, end: str = "}") -> str:
    """The JSON of a :class:`api.schemas.face.ListedFace`; ``end`` may hold one more member before the brace."""
    crop = msgspec.json.encode(crop_path(row.face_id, box_of(row))).decode()
    photo = photo_text(row.photo, row.gps_latitude, row.gps_longitude)
    ignored = "true" if row.ignored else "false"
    return f'{row.told[:-1]},"ignored":{ignored},"faceCropUrl":{crop},"faceCrop":{crop},"photo":{photo}{end}'


def box_of(row: Any) -> list[int]:
    """x, y, width and height in pixels of the upright full-size picture."""
    box: list[int] = _decode(row.box)
    return box


def _age(row: Any) -> str:
    age = age_in_photo(row.birthdate, row.captured_at)
    return f',"ageInPhoto":{"null" if age is None else age}}}'


async def _batches(connection: AsyncConnection, statement: Any, page: dict[str, Any]) -> AsyncIterator[Sequence[Any]]:
    rows = await connection.stream(statement, page, execution_options={"yield_per": _BATCH})
    async for batch in rows.partitions():
        yield batch
