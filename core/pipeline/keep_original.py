"""Bronze: the original, byte for byte, proved by its hash, read-only, recorded before anything else is tried.

An attempt that was cut off is continued, not repeated: what it placed or recorded is found by :func:`open_original`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.compute.tasks import Reading, look_at_file
from core.db.tables import AssetHistory, FileVersion, LedgerEntry, MediaAsset, new_id, utc_now
from core.errors import (
    DuplicateContent,
    IntakeError,
    PlacementFailed,
    SourceChanged,
    Undecodable,
    VerificationFailed,
)
from core.library.archive import DELETED
from core.library.layout import Tier, month_directory, reference_path
from core.library.naming import sanitise_filename
from core.library.placing import discard, hash_file, place_copy
from core.media.capture_time import Zones, capture_time
from core.media.facts import CaptureTime, Exif
from core.media.metadata import value_of
from core.media.source_file import shown
from core.pipeline import placements
from core.pipeline.conflict_copies import conflict_copy
from core.pipeline.in_worker import in_worker
from core.pipeline.ledger import Signature
from core.pipeline.placements import Intent
from core.pipeline.references import clear_path
from core.pipeline.remembered_metadata import remember_metadata
from core.pipeline.rewritten import SUPERSEDED, is_rewrite, is_soon, predecessor, put_away_at, supersede
from core.pipeline.roots import IMPORT, UPLOAD, Mode
from core.pipeline.workbench import Item, Workbench

log = structlog.get_logger()

INGESTED = "INGESTED"
"""The history's action for a photo that came."""


@dataclass(frozen=True)
class Begun:
    """What an earlier attempt left: a recorded asset, or an ``intent`` whose file may be in place; or both.

    ``file_path`` and ``sha256`` are those of the asset, where there is one.
    """

    file_path: str
    sha256: str
    asset_id: str | None = None
    version_id: str | None = None
    ingested_at: datetime | None = None
    is_finished: bool = False
    undecodable: str | None = None
    intent: Intent | None = None


@dataclass(frozen=True)
class Original:
    """A recorded original. ``file_path`` is relative to the data directory; ``is_finished``: nothing is left to do."""

    asset_id: str
    version_id: str
    file_path: str
    sha256: str
    captured: CaptureTime
    ingested_at: datetime
    reading: Reading
    is_finished: bool = False
    undecodable: str | None = None
    #: stored and proved by this very attempt
    is_fresh: bool = False
    #: the asset may have had other content before, of which a person may have said something
    may_replace: bool = False


async def open_original(bench: Workbench, item: Item) -> Begun | None:
    """What an earlier attempt at this entry left, or ``None``."""
    if item.entry.media_asset_id is None and not item.entry.was_begun:
        return None
    async with bench.database.read() as connection:
        recorded = await find_recorded(connection, item.entry.media_asset_id)
        intent = await placements.unfinished_original(connection, item.entry.id) if item.entry.was_begun else None
    if recorded is not None:
        return dataclasses.replace(recorded, intent=intent)
    return None if intent is None else Begun(intent.target, intent.sha256, intent=intent)


async def find_recorded(connection: AsyncConnection, asset_id: str | None) -> Begun | None:
    """The present content of an asset."""
    if asset_id is None:
        return None
    rows = await connection.execute(
        select(
            FileVersion.id,
            FileVersion.tier,
            FileVersion.file_path,
            FileVersion.sha256,
            FileVersion.undecodable,
            FileVersion.processing_state,
            MediaAsset.created_at,
        )
        .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
        .where(FileVersion.media_asset_id == asset_id, FileVersion.processing_state != SUPERSEDED)
    )
    versions = list(rows)
    bronze = next((row for row in versions if row.tier == Tier.BRONZE), None)
    if bronze is None:
        return None
    # of a photo that came back after it was deleted, what was deleted does not count
    is_gone = bronze.processing_state == DELETED
    has_silver = any(row.tier == Tier.SILVER and (is_gone or row.processing_state != DELETED) for row in versions)
    finished = bronze.undecodable is not None or has_silver
    return Begun(bronze.file_path, bronze.sha256, asset_id, bronze.id, bronze.created_at, finished, bronze.undecodable)


async def keep_original(bench: Workbench, item: Item, reading: Reading, begun: Begun | None) -> Original:
    """Stores the bytes as Bronze and records them, or continues where an earlier attempt was cut off."""
    same_content = begun is not None and begun.sha256 == reading.identity.sha256
    if begun is not None and same_content and begun.asset_id is not None:
        return continued(bench, item, reading, begun)
    now = utc_now()
    captured = capture_of(bench, item, reading, now)
    asset_id = begun.asset_id if begun is not None else None
    if asset_id is not None and not await _is_rewrite(bench, item, reading, captured, asset_id, now):
        asset_id = None
    if item.root.mode is Mode.REFERENCE:
        target = reference_path(Tier.BRONZE, item.root.name, item.entry.path)
        return await _record(bench, item, reading, captured, target, None, asset_id, now)
    with item.stages.measure("place"):
        intent = None
        if begun is not None and begun.intent is not None:
            intent = await _adopt(bench, item, begun.intent, reading.identity.sha256)
        if intent is None:
            intent = await _place(bench, item, reading, captured)
        return await _record(bench, item, reading, captured, intent.target, intent, asset_id, now)


async def _is_rewrite(
    bench: Workbench, item: Item, reading: Reading, captured: CaptureTime, asset_id: str, now: datetime
) -> bool:
    """Whether the new content at the entry's path is a new version of the asset that it brought before."""
    async with bench.database.read() as connection:
        old = await predecessor(connection, asset_id)
    if old is None:
        return False
    perceptual_hash = None
    if is_soon(old, now) and old.perceptual_hash is not None:
        media_format = reading.identity.format
        assert media_format is not None
        try:
            look = await in_worker(bench, item, look_at_file, item.source, media_format, str(bench.layout.cache))
            perceptual_hash = look.perceptual_hash
        except Undecodable as error:
            # only half of it may be there yet; what the camera says decides
            log.info("it cannot be looked at yet", path=shown(item.entry.path), reason=str(error))
    return is_rewrite(old, captured, now, perceptual_hash)


def continued(bench: Workbench, item: Item, reading: Reading, begun: Begun) -> Original:
    """The recorded original of an asset, read anew."""
    assert begun.asset_id is not None
    assert begun.version_id is not None
    assert begun.ingested_at is not None
    return Original(
        asset_id=begun.asset_id,
        version_id=begun.version_id,
        file_path=begun.file_path,
        sha256=begun.sha256,
        captured=capture_of(bench, item, reading, begun.ingested_at),
        ingested_at=begun.ingested_at,
        reading=reading,
        is_finished=begun.is_finished,
        undecodable=begun.undecodable,
        may_replace=True,
    )


def capture_of(bench: Workbench, item: Item, reading: Reading, ingested_at: datetime) -> CaptureTime:
    """When the file in hand was taken; ``ingested_at`` is what is left where nothing else tells it."""
    # the time stamp of an upload is that of the upload
    stamp = item.entry.signature.mtime_ns if item.root.name != UPLOAD else None
    return capture_time(
        reading.identity.metadata,
        item.original_filename,
        ingested_at,
        Zones(reading.zone, item.root.time_zone, bench.home_zone),
        None if stamp is None else _moment_of(stamp),
    )


def _moment_of(mtime_ns: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(mtime_ns // 1_000_000_000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


async def _adopt(bench: Workbench, item: Item, intent: Intent, sha256: str) -> Intent | None:
    """The intent of a cut-off attempt when its file is whole and the content in hand; otherwise it is cleared away."""
    target = bench.layout.absolute(intent.target)
    is_ours = await asyncio.to_thread(is_whole, target, intent.sha256)
    if is_ours and intent.sha256 == sha256 and await asyncio.to_thread(_has_its_time, target, item):
        return intent
    if is_ours:
        await asyncio.to_thread(discard, target)
    await _give_up(bench, intent)
    return None


async def drop_placed(bench: Workbench, intent: Intent) -> None:
    """Clears away an original that was placed and is not needed: its bytes are in the library another time."""
    target = bench.layout.absolute(intent.target)
    if await asyncio.to_thread(is_whole, target, intent.sha256):
        await asyncio.to_thread(discard, target)
    await _give_up(bench, intent)


def is_whole(target: Path, sha256: str) -> bool:
    """Whether ``target`` is there and has these bytes."""
    return target.is_file() and hash_file(target) == sha256


async def _place(bench: Workbench, item: Item, reading: Reading, captured: CaptureTime) -> Intent:
    identity = reading.identity
    assert identity.format is not None
    intent = await placements.reserve(
        bench.database,
        bench.layout,
        ledger_id=item.entry.id,
        tier=Tier.BRONZE,
        directory=month_directory(Tier.BRONZE, captured.local),
        name=sanitise_filename(item.original_filename, identity.format.extension),
        sha256=identity.sha256,
        holder=bench.holder,
    )
    target = bench.layout.absolute(intent.target)
    changed = f"{item.label} was written to while it was copied; it is taken when it stands still again."
    try:
        mtime_ns = await asyncio.to_thread(_mtime_ns, item)
        await asyncio.to_thread(place_copy, item.source, target, identity.sha256, mtime_ns)
    except VerificationFailed as error:
        await _give_up(bench, intent)
        if await asyncio.to_thread(_was_changed, item):
            raise SourceChanged(changed) from error
        raise
    except IntakeError:
        await _give_up(bench, intent)
        raise
    if item.root.is_watched and await asyncio.to_thread(_is_another, item):
        # its bytes may be whole by now; its time is what a program sets last (cp -p)
        await asyncio.to_thread(discard, target)
        await _give_up(bench, intent)
        raise SourceChanged(changed)
    return intent


async def _give_up(bench: Workbench, intent: Intent) -> None:
    async with bench.database.write() as connection:
        await placements.finish(connection, intent)


def _mtime_ns(item: Item) -> int:
    try:
        return os.lstat(item.source).st_mtime_ns
    except OSError:
        # copying tells what is wrong with it
        return item.entry.signature.mtime_ns


def _has_its_time(target: Path, item: Item) -> bool:
    """Whether a placed original has its source's modification time; it has when there is no source any more."""
    try:
        return target.stat().st_mtime_ns == os.lstat(item.source).st_mtime_ns
    except FileNotFoundError:
        return True


def _was_changed(item: Item) -> bool:
    return _is_another(item) or not os.path.lexists(item.source)


def _is_another(item: Item) -> bool:
    """Whether a file lies at the source that does not look as it did when the entry was made."""
    try:
        return Signature.of(os.lstat(item.source)) != item.entry.signature
    except OSError:
        return False


async def _record(
    bench: Workbench,
    item: Item,
    reading: Reading,
    captured: CaptureTime,
    target: str,
    intent: Intent | None,
    rewritten: str | None,
    now: datetime,
) -> Original:
    """One transaction: the asset, its Bronze version, the ledger's link to it, history, the end of the intent.

    ``rewritten`` is the asset whose new content this is; without one, it is an asset of its own.
    """
    identity = reading.identity
    asset_id, version_id = rewritten or new_id(), new_id()
    original = Original(
        asset_id,
        version_id,
        target,
        identity.sha256,
        captured,
        now,
        reading,
        is_fresh=True,
        may_replace=rewritten is not None,
    )
    filename, is_referenced = shown(item.original_filename), intent is None
    try:
        async with bench.database.write() as connection:
            columns = version_columns(original, Tier.BRONZE, version_id)
            if rewritten is not None:
                columns["archived_at"] = await put_away_at(connection, rewritten)
                await supersede(connection, rewritten, filename, now, vacate=is_referenced)
                await connection.execute(
                    update(MediaAsset).where(MediaAsset.id == rewritten).values(sha256=identity.sha256)
                )
            else:
                await connection.execute(
                    insert(MediaAsset),
                    {"id": asset_id, "original_filename": filename, "sha256": identity.sha256, "created_at": now},
                )
            if is_referenced:
                await clear_path(connection, item.root, item.entry.path)
            await connection.execute(insert(FileVersion), columns)
            await remember_metadata(connection, identity.sha256, reading.own)
            await connection.execute(
                update(LedgerEntry)
                .where(LedgerEntry.id == item.entry.id)
                .values(media_asset_id=asset_id, sha256=identity.sha256, updated_at=now)
            )
            where = "stays where it is, as Bronze" if is_referenced else "was stored as Bronze"
            details = f"{filename} arrived {_way(item)} and {where}."
            if (copy := conflict_copy(filename)) is not None:
                details += f" {copy.program} made it as a copy of {copy.of}, which was changed in two places."
            await connection.execute(
                insert(AssetHistory),
                {"media_asset_id": asset_id, "action": INGESTED, "details": details, "timestamp": now},
            )
            if intent is not None:
                await placements.finish(connection, intent)
    except IntegrityError as error:
        # another process stored the same content between our look and our commit
        if intent is not None:
            await asyncio.to_thread(discard, bench.layout.absolute(intent.target))
            await _give_up(bench, intent)
        async with bench.database.read() as connection:
            statement = select(MediaAsset.id).where(MediaAsset.sha256 == identity.sha256)
            other = (await connection.execute(statement)).scalar_one_or_none()
        if other is None:
            raise PlacementFailed(f"{filename} could not be recorded: {error.orig}. It will be tried again.") from error
        sentence = f"{filename} has the same bytes as a file that was stored just now."
        raise DuplicateContent(sentence, identity.sha256) from error
    return original


def _way(item: Item) -> str:
    return {UPLOAD: "by upload", IMPORT: "by import"}.get(item.root.name, f"from {item.root.name}")


def version_columns(original: Original, tier: Tier, version_id: str) -> dict[str, object]:
    """The columns of a version that follow from the original alone."""
    identity = original.reading.identity
    assert identity.format is not None
    metadata = {"exif": contract_exif(identity.exif)} if identity.exif != Exif() else None
    return {
        "id": version_id,
        "media_asset_id": original.asset_id,
        "tier": tier,
        "file_path": original.file_path,
        "file_hash": identity.md5,
        "file_size": identity.size,
        "mime_type": identity.format.mime_type,
        "metadata": metadata,
        "sha256": identity.sha256,
        "duration": value_of(identity.metadata.duration),
        "rating": max(value_of(identity.metadata.rating) or 0, 0),
        "keywords": list(value_of(identity.metadata.keywords) or ()),
        "location": value_of(identity.metadata.location),
        "captured_at": original.captured.local.isoformat(),
        "capture_source": original.captured.source,
        "capture_offset_minutes": original.captured.offset_minutes,
        "capture_offset_source": original.captured.offset_source,
        "capture_confidence": original.captured.confidence,
        "time_zone": original.captured.zone,
        "gps_latitude": identity.exif.gps_latitude,
        "gps_longitude": identity.exif.gps_longitude,
        "created_at": original.ingested_at,
    }


def contract_exif(exif: Exif) -> dict[str, object]:
    """EXIF in the contract's keys; what is not known is left out."""
    fields: dict[str, object] = msgspec.to_builtins(exif)
    return fields
