"""Looking for the faces of a photo anew, without losing who was named.

A face that was found before keeps its row: its person, whether it is ignored, its id. Others are added; none is taken
away, as a person may have named it and the detector be another one by now.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from core.compute.tasks import look_at_file
from core.db.tables import Face, FileVersion, MediaAsset, new_id, utc_now
from core.errors import IntakeError, NotFound, RequestFailed, Undecodable
from core.library.layout import Tier
from core.library.sidecars import mark_stale
from core.media.face_boxes import FOUND_AGAIN, match_boxes
from core.media.facts import FaceFinding
from core.media.formats import FORMATS
from core.media.source_file import shown
from core.pipeline.kept_file import kept_file
from core.pipeline.workbench import Workbench


class Detected(msgspec.Struct, frozen=True):
    """The photo's name, and the ids of the faces that were found, new ones and known ones, surest first."""

    original_filename: str
    face_ids: tuple[str, ...]


async def detect_faces(bench: Workbench, photo_id: str) -> Detected:
    """Looks at a photo in a worker and keeps what is new.

    Raises :class:`NotFound`, what :func:`kept_file` does, and :class:`RequestFailed` where the picture cannot be looked
    at or the networks for it are missing.
    """
    statement = (
        select(FileVersion.file_path, FileVersion.mime_type, MediaAsset.original_filename)
        .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
        .where(FileVersion.id == photo_id, FileVersion.archived_at.is_(None))
    )
    async with bench.database.read() as connection:
        row = (await connection.execute(statement)).first()
    if row is None:
        raise NotFound(f"There is no photo {photo_id}.")
    media_format = next((known for known in FORMATS if known.mime_type == row.mime_type), None)
    if media_format is None:
        raise RequestFailed(f"{shown(row.original_filename)} is of a type that cannot be looked at: {row.mime_type}.")
    path = str(bench.layout.absolute(row.file_path))
    try:
        with kept_file(row.original_filename, row.file_path):
            look = await bench.compute.run(look_at_file, path, media_format, str(bench.layout.cache))
    except (Undecodable, IntakeError) as error:
        sentence = f"Faces could not be looked for in {shown(row.original_filename)}: {error}"
        raise RequestFailed(sentence) from error
    async with bench.database.write() as connection:
        face_ids = await keep_faces(connection, photo_id, look.faces)
    if look.faces.error is not None:
        raise RequestFailed(look.faces.error)
    return Detected(row.original_filename, tuple(face_ids))


async def keep_faces(connection: AsyncConnection, photo_id: str, finding: FaceFinding) -> list[str]:
    """Merges what was found on a version with the faces of its asset; returns the ids of those that were found.

    New ones hang on the asset's Silver version, where it has one. The metadata says that and how was looked.
    """
    version_id = await _where_faces_hang(connection, photo_id)
    known = await _faces_of_asset(connection, version_id)
    boxes = [[face.box.x, face.box.y, face.box.width, face.box.height] for face in finding.faces]
    matches = match_boxes(boxes, [row.bounding_box for row in known], FOUND_AGAIN)
    new = [
        {
            "id": new_id(),
            "photo_id": version_id,
            "bounding_box": box,
            "confidence": round(face.confidence * 100),
            "embedding": list(face.embedding),
            "detector": finding.detector,
            "created_at": utc_now(),
        }
        for box, face, match in zip(boxes, finding.faces, matches, strict=True)
        if match is None
    ]
    if new:
        await connection.execute(insert(Face), new)
        await mark_stale(connection, [version_id])
    await _tell(connection, version_id, finding)
    added = iter(new)
    return [known[match].id if match is not None else str(next(added)["id"]) for match in matches]


async def _where_faces_hang(connection: AsyncConnection, photo_id: str) -> str:
    version = aliased(FileVersion)
    statement = (
        select(FileVersion.id)
        .join(version, version.media_asset_id == FileVersion.media_asset_id)
        .where(version.id == photo_id, FileVersion.archived_at.is_(None))
        .order_by(FileVersion.tier != Tier.SILVER, FileVersion.id != photo_id, FileVersion.created_at.desc())
        .limit(1)
        # of two that look at one photo, the second finds the first's faces
        .with_for_update(of=FileVersion)
    )
    version_id = (await connection.execute(statement)).scalar_one_or_none()
    if version_id is None:
        raise NotFound(f"The photo {photo_id} is gone by now.")
    return str(version_id)


async def _faces_of_asset(connection: AsyncConnection, version_id: str) -> Sequence[Any]:
    version = aliased(FileVersion)
    statement = (
        select(Face.id, Face.bounding_box)
        .join(FileVersion, FileVersion.id == Face.photo_id)
        .join(version, version.media_asset_id == FileVersion.media_asset_id)
        .where(version.id == version_id, FileVersion.archived_at.is_(None))
        .order_by(Face.created_at, Face.id)
    )
    return (await connection.execute(statement)).all()


async def _tell(connection: AsyncConnection, version_id: str, finding: FaceFinding) -> None:
    statement = select(FileVersion.combined_metadata).where(FileVersion.id == version_id)
    metadata = dict((await connection.execute(statement)).scalar_one() or {})
    metadata["faceDetection"] = {
        "attempted": True,
        "timestamp": utc_now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "method": finding.detector,
        "failed": finding.error is not None,
    } | ({"error": finding.error} if finding.error is not None else {})
    metadata.pop("faceDetectionErrors", None)
    if finding.error is not None:
        metadata["faceDetectionErrors"] = [finding.error]
    await connection.execute(update(FileVersion).where(FileVersion.id == version_id).values(combined_metadata=metadata))
