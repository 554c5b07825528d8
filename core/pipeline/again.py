"""A photo that is in the library is described, or looked at, once more."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.ai.provider import Answered, DetectedEvent
from core.backlog.answers import store_answer
from core.compute.tasks import read_file
from core.db.tables import Face, FileVersion, MediaAsset, new_id, utc_now
from core.errors import BadRequest, NotFound, Undecodable
from core.library.described import answer_of
from core.library.layout import Tier
from core.media.face_boxes import FOUND_AGAIN, match_boxes
from core.media.facts import FaceFinding, Look
from core.media.source_file import shown
from core.pipeline.develop import item_of
from core.pipeline.in_worker import in_worker
from core.pipeline.keep_original import Original, continued, find_recorded
from core.pipeline.keep_silver import measured_metadata
from core.pipeline.kept_file import kept_file
from core.pipeline.know import know, question
from core.pipeline.look import look_again
from core.pipeline.wishes import wishes
from core.pipeline.workbench import Workbench


class Wish(NamedTuple):
    """Who is to be asked, in the place of whom the owner chose, and whether they are told who is in the photo."""

    provider: str | None = None
    with_people: bool = True


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
    *_, answered = await _looked_at(bench, row, is_afresh=False, wish=Wish())
    return await _stored(bench, row, answered)


async def reprocess_photo(bench: Workbench, photo_id: str) -> None:
    """Looks at a Silver or Gold image again, describes it anew and finds its faces once more.

    A face that is where one was before keeps its person, and only those that nobody named or ignored may go: what a
    person said of a picture outranks what a detector finds. Raises as :func:`describe_photo` does.
    """
    row = await _photo(bench, photo_id)
    if row.tier == Tier.BRONZE:
        raise BadRequest(f"{shown(row.original_filename)} is Bronze; process it to Silver first.")
    _refuse_other_than_images(row)
    original, look, answered = await _looked_at(bench, row, is_afresh=True, wish=Wish())
    now = utc_now()
    async with bench.database.write() as connection:
        number = await _match_faces(connection, row, look.faces)
        found = "1 face" if number == 1 else f"{number} faces"
        await store_answer(
            connection,
            row.id,
            answered,
            _request(bench, now),
            bench.vocabulary,
            now,
            is_asked_by_person=True,
            beside=measured_metadata(original, look),
            action="REPROCESSED",
            details=f"{shown(row.original_filename)} ({row.tier.capitalize()}) was processed again; it has {found}.",
        )


async def analyse_photo(bench: Workbench, photo_id: str, wish: Wish) -> dict[str, Any]:
    """What the provider says of an image, in the shape of ``metadata.ai``; nothing is stored.

    Raises :class:`NotFound`, :class:`BadRequest` for what is no image, and the errors of the intake.
    """
    row = await _photo(bench, photo_id)
    _refuse_other_than_images(row)
    *_, answered = await _looked_at(bench, row, is_afresh=False, wish=wish)
    return answer_of(answered, bench.vocabulary, utc_now())


async def analyse_photo_anew(bench: Workbench, photo_id: str, wish: Wish) -> dict[str, Any]:
    """The same, in the place of what was said before; what a person wrote stays. Raises as :func:`analyse_photo`."""
    row = await _photo(bench, photo_id)
    _refuse_other_than_images(row)
    *_, answered = await _looked_at(bench, row, is_afresh=False, wish=wish)
    return await _stored(bench, row, answered)


async def _photo(bench: Workbench, photo_id: str) -> Row[*tuple[Any, ...]]:
    statement = (
        select(
            FileVersion.id,
            FileVersion.media_asset_id,
            FileVersion.tier,
            FileVersion.mime_type,
            FileVersion.combined_metadata.label("combined_metadata"),
            FileVersion.event_type,
            FileVersion.event_name,
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
    bench: Workbench, row: Row[*tuple[Any, ...]], *, is_afresh: bool, wish: Wish
) -> tuple[Original, Look, Answered]:
    """The photo as if it had just come, what its pixels tell, and what is answered about it."""
    async with bench.database.read() as connection:
        begun = await find_recorded(connection, row.media_asset_id)
    if begun is None:
        raise NotFound(f"The original of {shown(row.original_filename)} is not in the library any more.")
    item = await item_of(bench, row.media_asset_id, begun)
    kept, cache = str(bench.layout.absolute(begun.file_path)), str(bench.layout.cache)
    with kept_file(row.original_filename, begun.file_path):
        reading = await in_worker(bench, item, read_file, kept, item.original_filename, cache)
        if reading.identity.format is None:
            raise BadRequest(f"{item.label} is no photo.")
        original: Original = continued(bench, item, reading, begun)
        try:
            look = await look_again(bench, item, original, is_afresh=is_afresh)
        except Undecodable as error:
            raise BadRequest(f"{item.label} cannot be looked at: {error}") from error
    facts = know(item.original_filename, reading, look, original.captured, await _event(bench, row, original))
    asked = await question(bench, original, facts)
    if not wish.with_people:
        asked = msgspec.structs.replace(asked, people=())
    return original, look, await bench.providers.answer(asked, wish.provider)


async def _event(bench: Workbench, row: Row[*tuple[Any, ...]], original: Original) -> DetectedEvent | None:
    """The photo's event; where nobody has said of what event it is, or that it is of none, what its day is."""
    if row.event_type is None and row.event_name is None:
        return (await wishes(bench, original.captured)).occasion
    is_event = row.event_type and row.event_name
    return DetectedEvent(row.event_type, row.event_name, 1.0) if is_event else None


async def _stored(bench: Workbench, row: Row[*tuple[Any, ...]], answered: Answered) -> dict[str, Any]:
    """Stores what was answered about this photo because a person asked; returns the new ``metadata.ai``."""
    now = utc_now()
    async with bench.database.write() as connection:
        ai = await store_answer(
            connection, row.id, answered, _request(bench, now), bench.vocabulary, now, is_asked_by_person=True
        )
    if ai is None:
        raise NotFound(f"{shown(row.original_filename)} is not in the library any more.")
    return ai


def _request(bench: Workbench, now: datetime) -> str:
    """What the answers of a day to questions about single photos are gathered by."""
    return f"single photos of {bench.today(now)}"


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
    # somebody may have named or ignored one since these were read
    is_nobody = (Face.person_id.is_(None), Face.ignored.is_(False))
    await connection.execute(delete(Face).where(Face.id.in_(gone), *is_nobody))
    return await _count(connection, row.media_asset_id)


async def _count(connection: AsyncConnection, asset_id: str) -> int:
    versions = select(FileVersion.id).where(FileVersion.media_asset_id == asset_id)
    statement = select(Face.id).where(Face.photo_id.in_(versions), Face.ignored.is_(False))
    return len((await connection.execute(statement)).all())
