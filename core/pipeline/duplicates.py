"""Exact duplicates: the same bytes are kept once."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from sqlalchemy import Row, case, insert, select, update

from core.compute.tasks import Reading
from core.db.tables import AssetHistory, FileVersion, LedgerEntry, MediaAsset, utc_now
from core.errors import DuplicateContent
from core.groups.keeping import is_known_place, keep_found_again
from core.library.archive import DELETED
from core.library.layout import Tier
from core.library.upload_conflicts import PENDING
from core.pipeline.grouping import place_of
from core.pipeline.keep_original import INGESTED, Begun, drop_placed, find_recorded
from core.pipeline.references import referenced, relink
from core.pipeline.release_source import prove_stored, remove_source
from core.pipeline.rewritten import SUPERSEDED
from core.pipeline.roots import UPLOAD, Mode
from core.pipeline.taken_away import note_content
from core.pipeline.workbench import Item, Workbench


async def refuse_stored_content(bench: Workbench, item: Item, reading: Reading, begun: Begun | None) -> Begun | None:
    """Raises :class:`DuplicateContent` when another entry's asset has these bytes.

    Who uploads what was deleted wants it back: then it is returned what is recorded of it, and it is taken in again.
    From folders, where sync programs bring again what was deleted, it stays deleted.

    In a drop zone (mode ``move``) the source is removed then, but only after the stored original was read back and is
    whole. So is an original that a cut-off attempt at this entry had placed: its twin was quicker to be recorded.
    """
    statement = (
        select(
            MediaAsset.id,
            MediaAsset.original_filename,
            FileVersion.file_path,
            FileVersion.tier,
            FileVersion.archived_at,
            FileVersion.processing_state,
        )
        .join(FileVersion, FileVersion.media_asset_id == MediaAsset.id)
        .where(
            # older content of a photo counts too; the index is by the MD5
            FileVersion.file_hash == reading.identity.md5,
            FileVersion.sha256 == reading.identity.sha256,
            # a Gold file that comes back is the photo that it was made of
            FileVersion.tier.in_((Tier.BRONZE, Tier.GOLD)),
        )
        .order_by(case((MediaAsset.id == item.entry.media_asset_id, 0), else_=1), FileVersion.tier)
    )
    async with bench.database.read() as connection:
        stored = (await connection.execute(statement)).first()
    if stored is None or stored.id == item.entry.media_asset_id:
        return None
    if item.root.name == UPLOAD and stored.tier == Tier.BRONZE and stored.processing_state == DELETED:
        return await _bring_back(bench, item, stored.id, reading.identity.sha256)
    if begun is not None and begun.intent is not None and begun.intent.sha256 == reading.identity.sha256:
        await prove_stored(bench, item, stored.file_path, reading.identity.sha256)
        await drop_placed(bench, begun.intent)
    if item.root.mode is Mode.MOVE:
        await prove_stored(bench, item, stored.file_path, reading.identity.sha256)
        await note_content(bench, item, reading.identity.sha256)
        await remove_source(item)
    await _remember_place(bench, item, stored.id)
    sentence = f"{item.label} has the same bytes as {stored.original_filename}, which {_where(stored)}."
    raise DuplicateContent(sentence, reading.identity.sha256)


def _where(stored: Row[*tuple[Any, ...]]) -> str:
    if stored.processing_state == DELETED:
        return "was deleted from the library; upload it to have it back"
    if stored.processing_state == PENDING:
        return "waits for a decision"
    if stored.archived_at is not None and stored.processing_state != SUPERSEDED:
        return "is in the archive, from where it can be brought back"
    return f"is in the library as {stored.file_path}"


async def _bring_back(bench: Workbench, item: Item, asset_id: str, sha256: str) -> Begun | None:
    """Makes the original of a deleted photo one that was just kept; what was deleted above it stays in the archive."""
    async with bench.database.write() as connection:
        await connection.execute(
            update(FileVersion)
            .where(
                FileVersion.media_asset_id == asset_id,
                FileVersion.tier == Tier.BRONZE,
                FileVersion.processing_state == DELETED,
            )
            .values(archived_at=None, processing_state="processed")
        )
        now = utc_now()
        await connection.execute(
            update(LedgerEntry)
            .where(LedgerEntry.id == item.entry.id)
            .values(media_asset_id=asset_id, sha256=sha256, updated_at=now)
        )
        details = f"{item.label} arrived by upload after it had been deleted; its original was still there."
        history = {"media_asset_id": asset_id, "action": INGESTED, "details": details, "timestamp": now}
        await connection.execute(insert(AssetHistory), history)
        return await find_recorded(connection, asset_id)


async def _remember_place(bench: Workbench, item: Item, asset_id: str) -> None:
    """What lies beside the duplicate belongs to the photo that has its bytes: a RAW must not lose its JPEG by it."""
    place = place_of(item)
    async with bench.database.read() as connection:
        if await is_known_place(connection, asset_id, place):
            return
    async with bench.database.write() as connection:
        await keep_found_again(connection, asset_id, place)


async def follow(bench: Workbench, item: Item, reading: Reading) -> Begun | None:
    """In mode ``reference``, gives the asset with these bytes this file, where its own is gone: it was moved.

    Returns what is recorded of it then; ``None`` where nothing was moved.
    """
    if item.root.mode is not Mode.REFERENCE:
        return None
    async with bench.database.read() as connection:
        found = await referenced(connection, reading.identity.sha256)
    if found is None or found[0] == item.entry.media_asset_id:
        return None
    asset_id, file_path = found
    if await asyncio.to_thread(os.path.lexists, bench.layout.absolute(file_path)):
        return None
    async with bench.database.write() as connection:
        await relink(connection, item.root, asset_id, item.entry.id, item.entry.path, utc_now())
        await keep_found_again(connection, asset_id, place_of(item))
        return await find_recorded(connection, asset_id)
