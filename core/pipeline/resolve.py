"""A person has decided what becomes of an upload that looks like a photo in the library.

The upload has waited as Bronze, and its conflict in the database; nothing that a client says of files is believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import Row, Update, case, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import AssetHistory, Face, FileVersion, LedgerEntry, MediaAsset, UploadConflict, utc_now
from core.errors import BadRequest, IntakeError, NotFound, RequestError
from core.library.archive import DELETED, archive_photo
from core.library.layout import Tier
from core.library.sidecars import mark_stale
from core.media.face_boxes import FOUND_AGAIN, match_boxes
from core.media.source_file import shown
from core.pipeline.develop import develop
from core.pipeline.keep_original import INGESTED
from core.pipeline.states import State
from core.pipeline.workbench import Workbench

log = structlog.get_logger()

EXPIRES_AFTER = timedelta(hours=24)
"""So long a conflict waits; then both photos are kept, which is the one answer that loses nothing."""


class Decision(StrEnum):
    """What may be decided."""

    KEEP_EXISTING = "keep_existing"
    REPLACE = "replace_with_new"
    KEEP_BOTH = "keep_both"


_OF_THE_FILE = (
    *("file_path", "file_hash", "file_size", "mime_type", "combined_metadata", "perceptual_hash"),
    *("ai_short_description", "sha256", "width", "height", "duration", "captured_at", "capture_source"),
    *("capture_offset_source", "capture_confidence"),
    *("capture_offset_minutes", "time_zone", "gps_latitude", "gps_longitude", "undecodable"),
)
"""Columns of a version that tell of its file, and go with it; the others are what a person said of the photo."""


async def resolve(bench: Workbench, conflict_id: str, decision: Decision) -> str:
    """Does what was decided; returns the asset that is in the library then.

    Raises :class:`NotFound` where nothing waits under that id any more, and :class:`BadRequest` where the decision is
    not possible; the conflict then waits on. Raises the errors of the intake where the upload cannot be developed: it
    is a photo of its own then, and stays Bronze.
    """
    async with bench.database.read() as connection:
        asset_id = (await _conflict(connection, conflict_id)).media_asset_id
    # one decision at a time for an upload; the second finds no conflict any more
    async with bench.claims.hold(f"conflict of {asset_id}"):
        async with bench.database.read() as connection:
            conflict = await _conflict(connection, conflict_id)
        match decision:
            case Decision.KEEP_EXISTING:
                return await _keep_existing(bench, conflict)
            case Decision.REPLACE:
                return await _replace(bench, conflict)
            case Decision.KEEP_BOTH:
                await _accept(bench, asset_id)
                return str(asset_id)


async def settle_expired(bench: Workbench, now: datetime | None = None) -> int:
    """Keeps both photos of every conflict that has waited too long; returns how many uploads that were."""
    before = (now or utc_now()) - EXPIRES_AFTER
    statement = select(UploadConflict.id, UploadConflict.media_asset_id).where(UploadConflict.created_at < before)
    async with bench.database.read() as connection:
        expired = {row.media_asset_id: row.id for row in await connection.execute(statement)}
    settled = 0
    for conflict_id in expired.values():
        try:
            await resolve(bench, conflict_id, Decision.KEEP_BOTH)
            settled += 1
        except (RequestError, IntakeError) as error:
            log.warning("a conflict that nobody decided waits on", conflict=conflict_id, reason=str(error))
    return settled


async def _conflict(connection: AsyncConnection, conflict_id: str) -> Row[*tuple[Any, ...]]:
    statement = (
        select(
            UploadConflict.media_asset_id,
            UploadConflict.existing_photo_id,
            FileVersion.media_asset_id.label("existing_asset_id"),
            FileVersion.tier,
            FileVersion.archived_at,
            MediaAsset.original_filename,
        )
        .join(FileVersion, FileVersion.id == UploadConflict.existing_photo_id)
        .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
        .where(UploadConflict.id == conflict_id)
    )
    row = (await connection.execute(statement)).first()
    if row is None:
        raise NotFound("This conflict was decided before, or has expired; nothing was changed.")
    return row


async def _forget(connection: AsyncConnection, asset_id: str) -> None:
    await connection.execute(delete(UploadConflict).where(UploadConflict.media_asset_id == asset_id))


def _original(asset_id: str) -> Update:
    """The upload's original, which waits as Bronze."""
    return update(FileVersion).where(
        FileVersion.media_asset_id == asset_id,
        FileVersion.tier == Tier.BRONZE,
        FileVersion.processing_state != DELETED,
    )


async def _accept(bench: Workbench, asset_id: str) -> str:
    """Makes the upload a photo of its own, beside every other; returns its Silver version."""
    async with bench.database.write() as connection:
        waiting = _original(asset_id).values(archived_at=None, processing_state="processed")
        if not (await connection.execute(waiting)).rowcount:
            raise NotFound("The upload was deleted meanwhile; nothing was changed.")
        await _forget(connection, asset_id)
        names = select(MediaAsset.original_filename).where(MediaAsset.id == asset_id)
        name = shown((await connection.execute(names)).scalar_one())
        details = f"{name} arrived by upload and was stored as Bronze; it looks like another photo, and was wanted."
        history = {"media_asset_id": asset_id, "action": INGESTED, "details": details, "timestamp": utc_now()}
        await connection.execute(insert(AssetHistory), history)
    return await develop(bench, asset_id)


async def _keep_existing(bench: Workbench, conflict: Row[*tuple[Any, ...]]) -> str:
    name = shown(conflict.original_filename)
    if conflict.archived_at is not None:
        raise BadRequest(f"{name} is not in the library any more; decide for the new file, or keep both.")
    reason = f"A person has decided for {name}, which looks the same."
    async with bench.database.write() as connection:
        await _forget(connection, conflict.media_asset_id)
        # its bytes stay, and are known when they come again; that it was there, no list has ever told
        hidden_since = func.coalesce(FileVersion.archived_at, utc_now())
        await connection.execute(
            _original(conflict.media_asset_id).values(archived_at=hidden_since, processing_state=DELETED)
        )
        await connection.execute(
            update(LedgerEntry)
            .where(LedgerEntry.media_asset_id == conflict.media_asset_id, LedgerEntry.state == State.CONFLICT)
            .values(state=State.DUPLICATE, reason=reason, updated_at=utc_now())
        )
    return str(conflict.existing_asset_id)


async def _replace(bench: Workbench, conflict: Row[*tuple[Any, ...]]) -> str:
    """The existing photo gets the new file and stays the photo that it is; the old file goes into the archive.

    The two assets exchange their files: the upload's own asset ends as the archived photo, from where it can be
    brought back.
    """
    if conflict.tier != Tier.SILVER or conflict.archived_at is not None:
        raise BadRequest(f"{shown(conflict.original_filename)} is no Silver photo; only those can be replaced.")
    new_silver = await _accept(bench, conflict.media_asset_id)
    async with bench.database.write() as connection:
        await _exchange(connection, conflict, new_silver)
    await archive_photo(bench, new_silver)
    return str(conflict.existing_asset_id)


async def _exchange(connection: AsyncConnection, conflict: Row[*tuple[Any, ...]], new_silver: str) -> None:
    old_silver, old_asset, new_asset = conflict.existing_photo_id, conflict.existing_asset_id, conflict.media_asset_id
    columns = [getattr(FileVersion, name).label(name) for name in _OF_THE_FILE]
    statement = select(FileVersion.id, *columns).where(
        FileVersion.id.in_((old_silver, new_silver)), FileVersion.archived_at.is_(None)
    )
    rows = {row["id"]: row for row in (await connection.execute(statement.with_for_update())).mappings()}
    if len(rows) < 2:
        raise BadRequest(
            f"{shown(conflict.original_filename)} or the new file was put away just now, so that nothing was replaced."
        )
    # no two rows may have one path, not even for a moment
    aside = FileVersion.file_path + "~" + FileVersion.id
    await connection.execute(update(FileVersion).where(FileVersion.id == new_silver).values(file_path=aside))
    for version_id, other in ((old_silver, new_silver), (new_silver, old_silver)):
        await connection.execute(update(FileVersion).where(FileVersion.id == version_id).values(_values(rows[other])))
    await _exchange_assets(connection, old_asset, new_asset)
    await _exchange_faces(connection, old_silver, new_silver)
    await mark_stale(connection, [old_silver, new_silver])
    names = select(MediaAsset.original_filename).where(MediaAsset.id == old_asset)
    new_name = (await connection.execute(names)).scalar_one()
    details = f"{shown(conflict.original_filename)} was replaced by {shown(new_name)}; the old file is in the archive."
    row = {"media_asset_id": old_asset, "action": "REPLACED", "details": details, "timestamp": utc_now()}
    await connection.execute(insert(AssetHistory), row)


def _values(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _OF_THE_FILE}


async def _exchange_assets(connection: AsyncConnection, old_asset: str, new_asset: str) -> None:
    """Each asset gets the other's original, its name and hash, and the entries of the ledger that brought it."""
    both = (old_asset, new_asset)
    columns = select(MediaAsset.id, MediaAsset.original_filename, MediaAsset.sha256).where(MediaAsset.id.in_(both))
    assets = {row.id: row for row in await connection.execute(columns)}
    await connection.execute(update(MediaAsset).where(MediaAsset.id.in_(both)).values(sha256=None))
    for asset_id, other in ((old_asset, new_asset), (new_asset, old_asset)):
        values = {"original_filename": assets[other].original_filename, "sha256": assets[other].sha256}
        await connection.execute(update(MediaAsset).where(MediaAsset.id == asset_id).values(values))
    for column, among in (
        (FileVersion.media_asset_id, FileVersion.tier == Tier.BRONZE),
        (LedgerEntry.media_asset_id, LedgerEntry.id.is_not(None)),
    ):
        exchanged = case((column == old_asset, new_asset), else_=old_asset)
        table = column.class_
        await connection.execute(update(table).where(column.in_(both), among).values(media_asset_id=exchanged))


async def _exchange_faces(connection: AsyncConnection, old_silver: str, new_silver: str) -> None:
    """Faces go with their picture; who was named in the old one is known where the new one has a face, too."""
    statement = select(Face.id, Face.photo_id, Face.bounding_box, Face.person_id)
    faces = list(await connection.execute(statement.where(Face.photo_id.in_((old_silver, new_silver)))))
    other = case((Face.photo_id == old_silver, new_silver), else_=old_silver)
    await connection.execute(update(Face).where(Face.photo_id.in_((old_silver, new_silver))).values(photo_id=other))
    named = [face for face in faces if face.photo_id == old_silver and face.person_id is not None]
    found = [face for face in faces if face.photo_id == new_silver]
    matches = match_boxes([face.bounding_box for face in found], [face.bounding_box for face in named], FOUND_AGAIN)
    for face, match in zip(found, matches, strict=True):
        if match is not None:
            await connection.execute(update(Face).where(Face.id == face.id).values(person_id=named[match].person_id))
