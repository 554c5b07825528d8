"""A photo that is in the library is described, or looked at, once more."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.compute.tasks import look_at_file, read_file
from core.db.tables import AssetHistory, Face, FileVersion, MediaAsset, new_id, utc_now
from core.errors import BadRequest, NotFound, Undecodable
from core.events.assign import assign_events
from core.events.store import calendar
from core.library.layout import Tier
from core.library.sidecars import mark_stale
from core.media.face_boxes import FOUND_AGAIN, match_boxes
from core.media.facts import FaceFinding
from core.media.source_file import shown
from core.pipeline.develop import item_of
from core.pipeline.in_worker import in_worker
from core.pipeline.keep_original import Original, continued, find_recorded
from core.pipeline.keep_silver import combined_metadata
from core.pipeline.kept_file import kept_file
from core.pipeline.know import know, question
from core.pipeline.look import look_at
from core.pipeline.workbench import Workbench


async def describe_photo(bench: Workbench, photo_id: str) -> dict[str, Any]:
    """Asks the provider about a Silver image that has no description yet; returns the new ``metadata.ai``.

    Where nobody has said of what event it is, the one of its day is taken.

    Raises :class:`NotFound`, :class:`BadRequest` for anything else, and the errors of the intake.
    """
    row = await _photo(bench, photo_id)
    name = shown(row.original_filename)
    if row.tier != Tier.SILVER:
        raise BadRequest(f"Only Silver photos are described; {name} is {row.tier.capitalize()}.")
    _refuse_other_than_images(row)
    if ((row.combined_metadata or {}).get("ai") or {}).get("shortDescription"):
        raise BadRequest(f"{name} is described already; process it again to have it described anew.")
    metadata, short, _ = await _looked_at(bench, row, is_afresh=False)
    async with bench.database.write() as connection:
        await _store(connection, row, {"ai": metadata["ai"]}, short)
        await assign_events(connection, await calendar(connection), [row.id], again=False)
        details = f"{name} (Silver) was described by {metadata['ai']['provider']}."
        await _write_history(connection, row.media_asset_id, "AI_PROCESSED", details)
    ai: dict[str, Any] = metadata["ai"]
    return ai


async def reprocess_photo(bench: Workbench, photo_id: str) -> None:
    """Looks at a Silver or Gold image again, describes it anew and finds its faces once more.

    A face that is where one was before keeps its person, and only those that nobody named or ignored may go: what a
    person said of a picture outranks what a detector finds. Raises as :func:`describe_photo` does.
    """
    row = await _photo(bench, photo_id)
    if row.tier == Tier.BRONZE:
        raise BadRequest(f"{shown(row.original_filename)} is Bronze; process it to Silver first.")
    _refuse_other_than_images(row)
    metadata, short, faces = await _looked_at(bench, row, is_afresh=True)
    async with bench.database.write() as connection:
        await _store(connection, row, metadata, short)
        await assign_events(connection, await calendar(connection), [row.id], again=False)
        number = await _match_faces(connection, row, faces)
        found = "1 face" if number == 1 else f"{number} faces"
        details = f"{shown(row.original_filename)} ({row.tier.capitalize()}) was processed again; it has {found}."
        await _write_history(connection, row.media_asset_id, "REPROCESSED", details)


async def analyse_photo(bench: Workbench, photo_id: str) -> dict[str, Any]:
    """What the provider says of an image, in the shape of ``metadata.ai``; nothing is stored.

    Raises :class:`NotFound`, :class:`BadRequest` for what is no image, and the errors of the intake.
    """
    row = await _photo(bench, photo_id)
    _refuse_other_than_images(row)
    ai: dict[str, Any] = (await _looked_at(bench, row, is_afresh=False))[0]["ai"]
    return ai


async def analyse_photo_anew(bench: Workbench, photo_id: str) -> dict[str, Any]:
    """The same, in the place of what was said before; what a person wrote stays. Raises as :func:`analyse_photo`."""
    row = await _photo(bench, photo_id)
    _refuse_other_than_images(row)
    metadata, short, _ = await _looked_at(bench, row, is_afresh=False)
    ai: dict[str, Any] = metadata["ai"]
    name = shown(row.original_filename)
    async with bench.database.write() as connection:
        await _store(connection, row, {"ai": ai}, short)
        details = f"{name} ({row.tier.capitalize()}) was described by {ai['provider']}."
        await _write_history(connection, row.media_asset_id, "AI_PROCESSED", details)
    return ai


async def _photo(bench: Workbench, photo_id: str) -> Row[*tuple[Any, ...]]:
    statement = (
        select(
            FileVersion.id,
            FileVersion.media_asset_id,
            FileVersion.tier,
            FileVersion.mime_type,
            FileVersion.combined_metadata.label("combined_metadata"),
            MediaAsset.original_filename,
        )
        .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
        .where(FileVersion.id == photo_id, FileVersion.archived_at.is_(None))
    )
    async with bench.database.read() as connection:
        row = (await connection.execute(statement)).first()
    if row is None:
        raise NotFound(f"There is no photo {photo_id}.")
    return row


def _refuse_other_than_images(row: Row[*tuple[Any, ...]]) -> None:
    if not row.mime_type.startswith("image/"):
        raise BadRequest(f"{shown(row.original_filename)} is no image, but {row.mime_type}.")


async def _looked_at(
    bench: Workbench, row: Row[*tuple[Any, ...]], *, is_afresh: bool
) -> tuple[dict[str, Any], str, FaceFinding]:
    """The photo's metadata as if it had just come, its description for file names, and its faces."""
    async with bench.database.read() as connection:
        begun = await find_recorded(connection, row.media_asset_id)
    if begun is None:
        raise NotFound(f"The original of {shown(row.original_filename)} is not in the library any more.")
    item = await item_of(bench, row.media_asset_id, begun)
    kept, cache = str(bench.layout.absolute(begun.file_path)), str(bench.layout.cache)
    with kept_file(row.original_filename, begun.file_path):
        reading = await in_worker(bench, item, read_file, kept, item.original_filename, cache)
        media_format = reading.identity.format
        if media_format is None:
            raise BadRequest(f"{item.label} is no photo.")
        original: Original = continued(bench, item, reading, begun)
        try:
            look = await look_at(bench, item, original)
            if is_afresh:
                look = await in_worker(bench, item, look_at_file, kept, media_format, cache)
        except Undecodable as error:
            raise BadRequest(f"{item.label} cannot be looked at: {error}") from error
    asked = await question(bench, original, know(item, reading, look, original))
    description = (await bench.providers.answer(asked)).description
    return combined_metadata(original, look, description), description.file_description, look.faces


async def _store(connection: AsyncConnection, row: Row[*tuple[Any, ...]], metadata: dict[str, Any], short: str) -> None:
    """Puts parts of the metadata in the place of those of the same name; what came meanwhile beside them stays."""
    present = select(FileVersion.combined_metadata).where(FileVersion.id == row.id).with_for_update()
    merged = {**((await connection.execute(present)).scalar_one_or_none() or {}), **metadata}
    values = {"combined_metadata": merged, "ai_short_description": short, "is_reviewed": False}
    await connection.execute(update(FileVersion).where(FileVersion.id == row.id).values(values))
    await mark_stale(connection, [row.id])


async def _match_faces(connection: AsyncConnection, row: Row[*tuple[Any, ...]], finding: FaceFinding) -> int:
    """Brings the faces of the asset in line with what was found; returns how many there are."""
    if finding.error is not None:
        return await _count(connection, row.media_asset_id)
    versions = select(FileVersion.id).where(FileVersion.media_asset_id == row.media_asset_id)
    statement = select(Face.id, Face.bounding_box, Face.person_id, Face.ignored).where(Face.photo_id.in_(versions))
    known = list(await connection.execute(statement))
    boxes = [[face.box.x, face.box.y, face.box.width, face.box.height] for face in finding.faces]
    matches = match_boxes(boxes, [old.bounding_box for old in known], FOUND_AGAIN)
    for face, box, match in zip(finding.faces, boxes, matches, strict=True):
        values = {
            "bounding_box": box,
            "confidence": round(face.confidence * 100),
            "embedding": list(face.embedding),
            "detector": finding.detector,
        }
        if match is not None:
            await connection.execute(update(Face).where(Face.id == known[match].id).values(values))
        else:
            await connection.execute(insert(Face).values(id=new_id(), photo_id=row.id, **values))
    left = (old for place, old in enumerate(known) if place not in matches)
    gone = [old.id for old in left if old.person_id is None and not old.ignored]
    await connection.execute(delete(Face).where(Face.id.in_(gone)))
    return await _count(connection, row.media_asset_id)


async def _count(connection: AsyncConnection, asset_id: str) -> int:
    versions = select(FileVersion.id).where(FileVersion.media_asset_id == asset_id)
    statement = select(Face.id).where(Face.photo_id.in_(versions), Face.ignored.is_(False))
    return len((await connection.execute(statement)).all())


async def _write_history(connection: AsyncConnection, asset_id: str, action: str, details: str) -> None:
    row = {"media_asset_id": asset_id, "action": action, "details": details, "timestamp": utc_now()}
    await connection.execute(insert(AssetHistory), row)
