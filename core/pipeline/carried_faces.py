"""The faces of a photo that was written anew: each keeps its row, and with it whose it is and whether it is ignored."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import Face, FileVersion, Person
from core.library.sidecar_edits import SIDECAR
from core.media.face_boxes import SAME_FACE, match_boxes
from core.people.likeness import SAME

_SAME_SHAPE: Final = 0.01
"""Two pictures whose ratio of width to height differs by less are one at two sizes; else something was cut off, or
they lie turned."""

_COLUMNS = (Face.id, Face.photo_id, Face.bounding_box, Face.embedding, Face.detector, Face.person_id, Face.ignored)


async def carry_faces(connection: AsyncConnection, old_ids: Sequence[str], version_id: str) -> list[str]:
    """Hangs the faces of the versions before, newest first, on the new one.

    A face is found again where it was, or else by its likeness. What a person said of one that was not found stays at
    its place, unless the picture has another shape: then the names of these people are returned, who are in the photo
    but nobody knows where.
    """
    known = await _known(connection, old_ids)
    if not known:
        return []
    found = (await connection.execute(select(*_COLUMNS).where(Face.photo_id == version_id))).all()
    size = select(FileVersion.width, FileVersion.height)
    old = (await connection.execute(size.where(FileVersion.id == known[0].photo_id))).one()
    new = (await connection.execute(size.where(FileVersion.id == version_id))).one()
    scale = _scale((old.width, old.height), (new.width, new.height))
    moved = [[round(number * scale) for number in face.bounding_box] for face in known] if scale else None
    matches: list[int | None] = [None] * len(found)
    if moved is not None:
        matches = match_boxes([face.bounding_box for face in found], moved, SAME_FACE)
    _match_alike(found, known, matches)
    for face, match in zip(found, matches, strict=True):
        if match is not None:
            values = {
                "photo_id": version_id,
                "bounding_box": face.bounding_box,
                "embedding": face.embedding,
                "detector": face.detector,
            }
            await connection.execute(update(Face).where(Face.id == known[match].id).values(values))
    again = [face.id for face, match in zip(found, matches, strict=True) if match is not None]
    await connection.execute(delete(Face).where(Face.id.in_(again)))
    homeless = []
    for place, face in enumerate(known):
        if place in matches or not (face.person_id or face.ignored or face.detector == SIDECAR):
            continue
        if moved is not None:
            values = {"photo_id": version_id, "bounding_box": moved[place]}
            await connection.execute(update(Face).where(Face.id == face.id).values(values))
        elif face.person_name and not face.ignored:
            homeless.append(face.person_name)
    return homeless


async def _known(connection: AsyncConnection, old_ids: Sequence[str]) -> Sequence[Any]:
    """The faces of the newest of these versions that has any."""
    statement = (
        select(*_COLUMNS, Person.name.label("person_name"))
        .outerjoin(Person, Person.id == Face.person_id)
        .where(Face.photo_id.in_(old_ids))
        .order_by(Face.created_at, Face.id)
    )
    rows = (await connection.execute(statement)).all()
    newest = min((old_ids.index(row.photo_id) for row in rows), default=0)
    return [row for row in rows if row.photo_id == old_ids[newest]]


def _scale(old: tuple[int | None, int | None], new: tuple[int | None, int | None]) -> float | None:
    """How many pixels of the new picture one of the old is; ``None`` where they have not the same shape."""
    if not (old[0] and old[1] and new[0] and new[1]):
        return None
    across, down = new[0] / old[0], new[1] / old[1]
    return across if abs(across / down - 1) < _SAME_SHAPE else None


def _match_alike(found: Sequence[Any], known: Sequence[Any], matches: list[int | None]) -> None:
    """Completes ``matches`` by what the faces look like, most alike first."""
    pairs = sorted(
        (distance, place, other)
        for place, face in enumerate(found)
        for other, before in enumerate(known)
        if face.embedding
        and before.embedding
        and face.detector == before.detector
        and (distance := math.dist(face.embedding, before.embedding)) <= SAME
    )
    for _, place, other in pairs:
        if matches[place] is None and other not in matches:
            matches[place] = other
