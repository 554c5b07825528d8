"""Silver.

The same bytes under their library name, with all that is known of them, and the sidecar that says so on disk.
"""

from __future__ import annotations

import asyncio
import errno
import os
from typing import Any, NamedTuple

import msgspec
import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.ai.provider import Answered, Description, Usage
from core.ai.vocabulary import Vocabulary
from core.backlog.queue import add_new
from core.db.tables import AssetHistory, Face, FileVersion, new_id, utc_now
from core.db.turns import lock_asset
from core.errors import IntakeError, PlacementFailed
from core.groups.keeping import keep_grouped
from core.library.archive import DELETED
from core.library.described import answer_of
from core.library.layout import Tier, month_directory, reference_path, sidecar_of
from core.library.naming import NameFacts, render_name
from core.library.photo_facts import NamedFace, facts_of
from core.library.placing import discard, place_bytes, place_link, replace_sidecar
from core.library.sidecar_facts import SidecarFacts
from core.library.sidecar_look import sidecars_beside, signature_of
from core.library.sidecars import mark_stale, remember_written
from core.media.facts import CaptureTime, FaceFinding, Look
from core.media.source_file import shown
from core.pipeline import ledger, placements
from core.pipeline.carry_over import SAID, carry_over
from core.pipeline.conflict_copies import conflict_copy
from core.pipeline.grouping import group_facts
from core.pipeline.keep_original import Original, version_columns
from core.pipeline.know import complete_exif, duration_of
from core.pipeline.ledger import Fate
from core.pipeline.look import remember
from core.pipeline.placements import Intent
from core.pipeline.references import sidecar_place
from core.pipeline.roots import Mode
from core.pipeline.states import State
from core.pipeline.wishes import Wishes
from core.pipeline.workbench import Item, Workbench

log = structlog.get_logger()


class _Written(NamedTuple):
    """A packet, where it lies, and what ``stat`` says of it; ``None`` where it has yet to be merged."""

    packet: bytes
    path: str
    signature: str | None


async def keep_silver(
    bench: Workbench, item: Item, original: Original, look: Look, description: Description, wished: Wishes
) -> Fate:
    """Names, links, writes the sidecar and records everything in one transaction."""
    with item.stages.measure("keep"):
        columns = silver_columns(item, original, look, description, new_id(), bench.vocabulary)
        if (event := wished.event) is not None:
            columns |= {"event_type": event.event_type, "event_name": event.event_name}
        sidecar = _sidecar_facts(item, original, look, columns)
        if item.root.mode is Mode.REFERENCE:
            intent, target = None, reference_path(Tier.SILVER, item.root.name, item.entry.path)
            written = await asyncio.to_thread(_write_beside, bench, item, target, sidecar)
        else:
            intent, written = await _place(bench, item, original, description, sidecar, wished)
            target = intent.target
        fate = Fate(State.DONE, media_asset_id=original.asset_id, sha256=original.sha256)
        async with bench.database.write() as connection:
            version_id = await _record(connection, item, original, look, columns | {"file_path": target})
            await remember_written(connection, version_id, *written)
            if original.may_replace:
                await carry_over(connection, original.asset_id, version_id)
                await mark_stale(connection, [version_id])
            if wished.is_for_model and columns["mime_type"].startswith("image/"):
                now = utc_now()
                await add_new(connection, version_id, columns["captured_at"], bench.today(now), now)
            await remember(connection, original.sha256, look)
            if intent is not None:
                await placements.finish(connection, intent)
            fate = await ledger.settle_fate(connection, item.entry, fate, utc_now())
            await keep_grouped(connection, group_facts(item, original), is_new=not original.may_replace)
            return fate


async def confirm_kept(bench: Workbench, item: Item, original: Original) -> Fate:
    """Ends the way of a file that an earlier attempt had kept completely: it was touched, or it came back."""
    fate = Fate(State.DONE, original.undecodable, media_asset_id=original.asset_id, sha256=original.sha256)
    async with bench.database.write() as connection:
        return await ledger.settle_fate(connection, item.entry, fate, utc_now())


async def keep_as_metadata_only(bench: Workbench, item: Item, original: Original, reason: str) -> Fate:
    """Ends the way of a file whose pixels cannot be read: the original stays, with the reason."""
    sentence = f"{item.label} is kept as metadata only: {reason}"
    fate = Fate(State.DONE, sentence, media_asset_id=original.asset_id, sha256=original.sha256)
    async with bench.database.write() as connection:
        await connection.execute(
            update(FileVersion).where(FileVersion.id == original.version_id).values(undecodable=reason)
        )
        if original.may_replace:
            await carry_over(connection, original.asset_id, original.version_id)
        fate = await ledger.settle_fate(connection, item.entry, fate, utc_now())
        await keep_grouped(connection, group_facts(item, original), is_new=not original.may_replace)
        return fate


async def _place(
    bench: Workbench,
    item: Item,
    original: Original,
    description: Description,
    sidecar: SidecarFacts,
    wished: Wishes,
) -> tuple[Intent, _Written]:
    identity = original.reading.identity
    assert identity.format is not None
    name_facts = NameFacts(
        original_filename=item.original_filename,
        extension=identity.format.extension,
        captured=original.captured.local,
        camera=identity.exif.camera,
        lens=identity.exif.lens,
        description=description.file_description,
    )
    if item.entry.was_begun:
        await _clear_unfinished(bench, item)
    intent = await placements.reserve(
        bench.database,
        bench.layout,
        ledger_id=item.entry.id,
        tier=Tier.SILVER,
        directory=month_directory(Tier.SILVER, original.captured.local),
        name=render_name(wished.naming, wished.custom_naming, name_facts),
        sha256=original.sha256,
        holder=bench.holder,
    )
    try:
        written = await asyncio.to_thread(_write, bench, item, original, intent, sidecar)
    except IntakeError:
        async with bench.database.write() as connection:
            await placements.finish(connection, intent)
        raise
    return intent, written


async def _clear_unfinished(bench: Workbench, item: Item) -> None:
    """Removes what an earlier attempt placed as Silver and could not record; it is made again."""
    async with bench.database.read() as connection:
        left = await placements.unfinished_of(connection, item.entry.id, Tier.SILVER)
    for intent in left:
        for name in (intent.target, sidecar_of(intent.target)):
            await asyncio.to_thread(discard, bench.layout.absolute(name))
        async with bench.database.write() as connection:
            await placements.finish(connection, intent)


def _write(bench: Workbench, item: Item, original: Original, intent: Intent, sidecar: SidecarFacts) -> _Written:
    from core.library.sidecar import build_sidecar

    silver = bench.layout.absolute(intent.target)
    bronze = bench.layout.absolute(original.file_path)
    place_link(bronze, silver, original.sha256, durable=False)
    packet, beside = build_sidecar(sidecar), bench.layout.absolute(sidecar_of(intent.target))
    try:
        place_bytes(packet, beside)
    except IntakeError:
        discard(silver)
        raise
    # what lies beside the source is read, and merged, as soon as there is time
    is_alone = not any(os.path.lexists(name) for name in sidecars_beside(item.source))
    return _Written(packet, str(beside), signature_of(str(beside)) if is_alone else None)


def _write_beside(bench: Workbench, item: Item, target: str, sidecar: SidecarFacts) -> _Written:
    """Writes the sidecar of a file that stays where it is. One of our own from before may have been edited, and is
    merged like one of somebody else.
    """
    from core.library.sidecar import build_sidecar

    packet, place = build_sidecar(sidecar), sidecar_place(bench.layout, item.source, target)
    beside = str(bench.layout.absolute(target)) + ".xmp"
    if str(place) == f"{item.source}.xmp" and os.path.lexists(place):
        return _Written(packet, beside, None)
    try:
        replace_sidecar(packet, place)
    except PlacementFailed as error:
        if not (isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.ENAMETOOLONG):
            raise
        # no reason to do without the photo: what the sidecar says is in the catalogue
        log.warning("the file's name is too long for a sidecar; there is none", path=shown(item.entry.path))
        return _Written(packet, beside, None)
    is_alone = not any(os.path.lexists(name) for name in sidecars_beside(item.source) if name != str(place))
    is_beside = str(place) == f"{item.source}.xmp"
    return _Written(packet, beside if is_beside else str(place), signature_of(str(place)) if is_alone else None)


async def _record(
    connection: AsyncConnection, item: Item, original: Original, look: Look, columns: dict[str, Any]
) -> str:
    """Writes the Silver version and what belongs to it; returns its id.

    Where a person has put the original away meanwhile, what was made of it is put away with it.
    """
    version_id, now = str(columns["id"]), utc_now()
    await lock_asset(connection, original.asset_id)
    bronze = select(FileVersion.archived_at, FileVersion.processing_state).where(FileVersion.id == original.version_id)
    archived_at, state = (await connection.execute(bronze)).one()
    is_deleted = state == DELETED
    fate = {"archived_at": archived_at} | ({"processing_state": DELETED} if is_deleted else {})
    await connection.execute(insert(FileVersion), columns | {"created_at": now} | fate)
    if not is_deleted:
        await connection.execute(
            update(FileVersion).where(FileVersion.id == original.version_id).values(processing_state="promoted")
        )
    if look.faces.faces and not is_deleted:
        await connection.execute(insert(Face), face_rows(look.faces, version_id))
    name = columns["file_path"].rpartition("/")[2]
    details = f"{shown(item.original_filename)} was promoted from Bronze to Silver as {name}."
    await connection.execute(
        insert(AssetHistory),
        {"media_asset_id": original.asset_id, "action": "PROMOTED", "details": details, "timestamp": now},
    )
    return version_id


def silver_columns(
    item: Item, original: Original, look: Look, description: Description, version_id: str, vocabulary: Vocabulary
) -> dict[str, Any]:
    """The columns of a Silver version that follow from its bytes; not where it lies and when it became Silver."""
    answered = Answered(description, description.version, "", Usage())
    return version_columns(original, Tier.SILVER, version_id) | {
        "metadata": {"ai": answer_of(answered, vocabulary, utc_now())}
        | measured_metadata(original, look)
        | _marks(item),
        "perceptual_hash": look.perceptual_hash,
        "ai_short_description": description.file_description,
        "width": look.width,
        "height": look.height,
        "duration": duration_of(original.reading, look),
    }


def face_rows(finding: FaceFinding, version_id: str) -> list[dict[str, Any]]:
    """The rows of the faces that were found on a version."""
    return [
        {
            "id": new_id(),
            "photo_id": version_id,
            "bounding_box": [face.box.x, face.box.y, face.box.width, face.box.height],
            "confidence": round(face.confidence * 100),
            "embedding": list(face.embedding),
            "detector": finding.detector,
        }
        for face in finding.faces
    ]


def _marks(item: Item) -> dict[str, Any]:
    """What the file's name alone says."""
    copy = conflict_copy(shown(item.original_filename))
    return {} if copy is None else {"conflictCopy": msgspec.to_builtins(copy)}


def measured_metadata(original: Original, look: Look) -> dict[str, Any]:
    """The contract's ``metadata`` but for ``ai``.

    ``exif`` and ``faceDetection``; ours beside them: ``quality``, ``captureTime``.
    """
    identity, captured = original.reading.identity, original.captured
    metadata: dict[str, Any] = {
        "exif": msgspec.to_builtins(complete_exif(identity.exif, look)),
        "faceDetection": {
            "attempted": True,
            "timestamp": utc_now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "method": look.faces.detector,
            "failed": look.faces.error is not None,
        },
        "quality": msgspec.to_builtins(look.quality),
        "captureTime": capture_details(captured),
    }
    said = identity.metadata
    for key, text in (("title", said.title), ("label", said.label), ("embeddedDescription", said.description)):
        if text is not None:
            metadata[key] = text.value
    if original.reading.place is not None:
        place = original.reading.place
        metadata["place"] = {
            "name": place.name,
            "region": place.region,
            "country": place.country,
            "countryCode": place.country_code,
        }
    if look.faces.error is not None:
        metadata["faceDetection"]["error"] = look.faces.error
        metadata["faceDetectionErrors"] = [look.faces.error]
    if warnings := (*identity.warnings, *look.warnings):
        metadata["warnings"] = list(warnings)
    return metadata


def capture_details(captured: CaptureTime) -> dict[str, Any]:
    """When the picture was taken, what said so and how sure it is; what was said and not believed."""
    details: dict[str, Any] = {
        "local": captured.local.isoformat(timespec="seconds"),
        "source": captured.source,
        "offsetMinutes": captured.offset_minutes,
        "zone": captured.zone,
        "offsetSource": captured.offset_source,
        "confidence": captured.confidence,
    }
    if captured.local.microsecond:
        details["subseconds"] = captured.local.microsecond / 1e6
    if captured.origin is not None:
        details["origin"] = captured.origin
    if captured.refused:
        details["refused"] = list(captured.refused)
    return details


def _sidecar_facts(item: Item, original: Original, look: Look, columns: dict[str, Any]) -> SidecarFacts:
    """What the sidecar of a new Silver photo says: what its row will say."""
    row = {**dict.fromkeys(SAID), **columns, "combined_metadata": columns["metadata"]}
    faces = [NamedFace((each.box.x, each.box.y, each.box.width, each.box.height), None) for each in look.faces.faces]
    return facts_of(row, faces, shown(item.original_filename), original.sha256, ingested_at=original.ingested_at)
