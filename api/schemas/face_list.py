"""Long lists of faces, as the database writes them; see :mod:`api.schemas.photo_list`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from api.schemas.face import ListedFace
from api.schemas.photo_list import PHOTO_COLUMNS, photo_text
from core.db.json_sql import json_text, utc_text
from core.db.tables import Face, FileVersion, Person
from core.library.photos import MOST
from core.people.ages import age_in_photo
from core.people.crops import crop_path
from core.people.faces import FaceListing, face_list

_BATCH: Final = 250
"""Faces that are put together before others have their turn: a millisecond."""

_COLUMNS: Final = (
    *PHOTO_COLUMNS,
    Face.id,
    Face.photo_id,
    Face.person_id,
    json_text(Face.bounding_box),
    Face.confidence,
    Face.ignored,
    utc_text(Face.created_at),
)
_WITH_BIRTHDATE: Final = (*_COLUMNS, Person.birthdate, FileVersion.captured_at)
_WITH_NAME: Final = (*_COLUMNS, Person.name)

_LISTS = {
    (listing, of_person, ages): face_list(listing, *(_WITH_BIRTHDATE if ages else _COLUMNS), of_person=of_person)
    for listing in FaceListing
    for of_person in (False, True)
    for ages in (False, True)
}
_GROUPED = face_list(FaceListing.EVERY, *_WITH_NAME)

_PLACES: Final = len(_COLUMNS)

_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode


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
    async for batch in _batches(connection, _LISTS[listing, person_id is not None, ages], page | whose):
        yield _encode([_with_age(row) if ages else listed_face(row) for row in batch])[1:-1]


async def faces_to_group(connection: AsyncConnection) -> AsyncIterator[Sequence[Any]]:
    """All faces, newest first, in small batches of rows for :func:`listed_face`, with the ``name`` of their person."""
    async for batch in _batches(connection, _GROUPED, {"limit": MOST, "offset": 0}):
        yield batch


def listed_face(row: Any) -> ListedFace:
    """A face as lists show it, but for the age of its person."""
    # by place: a name is looked up for longer than all the rest takes
    photo, latitude, longitude, face_id, photo_id, person_id, box_text, confidence, ignored, created_at = row[:_PLACES]
    box = _decode(box_text)
    crop = crop_path(face_id, box)
    shown = msgspec.Raw(photo_text(photo, latitude, longitude).encode())
    return ListedFace(face_id, photo_id, person_id, box, confidence, ignored, created_at, crop, crop, shown)


def _with_age(row: Any) -> ListedFace:
    face = listed_face(row)
    face.age_in_photo = age_in_photo(row.birthdate, row.captured_at)
    return face


async def _batches(connection: AsyncConnection, statement: Any, page: dict[str, Any]) -> AsyncIterator[Sequence[Any]]:
    rows = await connection.stream(statement, page, execution_options={"yield_per": _BATCH})
    async for batch in rows.partitions():
        yield batch
