"""Where is the picture of a face? Its name tells face and box: it never goes stale, and can be made when asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import Face, FileVersion
from core.errors import NotFound
from core.library.layout import FACE_CROP_PREFIX
from core.media.facts import Box

_NAME = re.compile(rf"temp/{FACE_CROP_PREFIX}(?P<id>[0-9A-Za-z-]+)_(?P<box>-?\d+(?:x-?\d+){{3}})\.jpg", re.ASCII)


class FaceSource(msgspec.Struct, frozen=True):
    """What a crop is cut out of: a file, its type, and the box in pixels of the full-size upright picture."""

    file_path: str
    mime_type: str
    box: Box


def crop_path(face_id: str, box: Sequence[int]) -> str:
    """The path below ``/api/files/`` of a face's picture, whether it has been made or not."""
    return f"temp/{FACE_CROP_PREFIX}{face_id}_{'x'.join(map(str, map(round, box)))}.jpg"


def face_of_crop(file_path: str) -> str | None:
    """The id of the face that a path of :func:`crop_path` shows; ``None`` for other paths."""
    found = _NAME.fullmatch(file_path)
    return found["id"] if found is not None else None


async def face_source(connection: AsyncConnection, file_path: str) -> FaceSource:
    """What the crop at this path is to be cut out of.

    Raises :class:`NotFound` where there is no such face, or another box is known of it by now.
    """
    statement = (
        select(Face.id, Face.bounding_box, FileVersion.file_path, FileVersion.mime_type)
        .join(FileVersion, FileVersion.id == Face.photo_id)
        .where(Face.id == face_of_crop(file_path))
    )
    row = (await connection.execute(statement)).first()
    if row is None or crop_path(row.id, row.bounding_box) != file_path:
        raise NotFound(f"There is no face {file_path} in the library.")
    return FaceSource(row.file_path, row.mime_type, Box(*(round(number) for number in row.bounding_box)))


async def find_crop_path(connection: AsyncConnection, face_id: str) -> str:
    """The path of a face's picture by the face's id; raises :class:`NotFound`."""
    box = (await connection.execute(select(Face.bounding_box).where(Face.id == face_id))).scalar_one_or_none()
    if box is None:
        raise NotFound(f"There is no face {face_id}.")
    return crop_path(face_id, box)
