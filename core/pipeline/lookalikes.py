"""Visual duplicates: an upload that looks like a photo in the library waits for a person's decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, case, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import AssetHistory, FileVersion, MediaAsset, UploadConflict, new_id, utc_now
from core.duplicates import Shot, is_burst, suggest
from core.duplicates.stored_shot import SHOT_COLUMNS, shot_of
from core.errors import LooksAlike
from core.groups.facts import GroupFacts, GroupType
from core.groups.links import links_of
from core.groups.neighbourhood import facts_of
from core.library.layout import Tier
from core.library.upload_conflicts import PENDING
from core.media.facts import Kind, Look
from core.media.source_file import shown
from core.pipeline.grouping import group_facts
from core.pipeline.keep_original import INGESTED, Original
from core.pipeline.look import remember
from core.pipeline.roots import UPLOAD
from core.pipeline.workbench import Item, Workbench

CONFLICT_TYPE = "visually_identical"

IDENTICAL = 100
"""Similarity in per cent from which there is a conflict. One differing bit of 64 is 98 already, so the hashes are equal
and an index finds them."""

MIN_CONTRAST = 0.1
"""Pictures with less contrast (0–1, as in ``Quality``) never conflict: equal hashes do not mean equal pictures there.

The hash keeps the signs of 64 low frequencies. A black frame has none, and pages with a few lines of text share theirs.
Measured on pictures of different content in one layout, pairs with equal hashes: uniform colours all; pages with only
a number 86 % (contrast 0.01); screenshots that differ in one line 42 % (0.03); pages of text 1 % to 78 % below this
contrast, 2 % and less above. Of 199 real pictures 16 lie below it, 6 of them of one colour. A duplicate that is kept
costs some disk; a conflict that is none hides a photo.
"""

_EXISTING = (
    FileVersion.id,
    FileVersion.media_asset_id,
    FileVersion.file_path,
    *SHOT_COLUMNS,
)


@dataclass(frozen=True)
class _Existing:
    """A photo in the library: its version of the highest tier."""

    version_id: str
    asset_id: str
    file_path: str
    shot: Shot


async def refuse_lookalike_upload(bench: Workbench, item: Item, original: Original, look: Look) -> None:
    """Raises :class:`LooksAlike` when an uploaded photo looks exactly like one in the library and is no burst of it.

    The original stays as Bronze, and one conflict is recorded: contract/behaviour.md, section 7, wants one for each
    distinct hash, and equal hashes are one. A repeated attempt finds the conflict and raises the same again.
    """
    if item.root.name != UPLOAD or not _can_be_compared(original, look):
        return
    with item.stages.measure("compare"):
        new = Shot(
            shown(item.original_filename), original.ingested_at, original.captured, original.reading.identity.exif
        )
        async with bench.database.read() as connection:
            asked = await _asked_before(connection, original)
            existing = asked or await _first_lookalike(connection, item, original, look, new)
        if existing is None:
            return
        if asked is None:
            await _record(bench, original, look, new, existing)
    raise LooksAlike(
        f"{new.filename} looks exactly like {existing.shot.filename}, which is in the library as {existing.file_path}. "
        "It is kept as Bronze until you decide which of them stays.",
        original.asset_id,
    )


def _can_be_compared(original: Original, look: Look) -> bool:
    media_format = original.reading.identity.format
    assert media_format is not None
    return media_format.kind is Kind.PHOTO and look.quality.contrast >= MIN_CONTRAST


async def _asked_before(connection: AsyncConnection, original: Original) -> _Existing | None:
    """The photo of the conflict that an earlier, cut-off attempt recorded."""
    statement = (
        select(*_EXISTING)
        .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
        .join(UploadConflict, UploadConflict.existing_photo_id == FileVersion.id)
        .where(UploadConflict.media_asset_id == original.asset_id)
    )
    row = (await connection.execute(statement)).first()
    return None if row is None else _existing(row)


async def _first_lookalike(
    connection: AsyncConnection, item: Item, original: Original, look: Look, new: Shot
) -> _Existing | None:
    """The photo to ask about: Gold before Silver, then the one longest in the library.

    Bursts are passed over, and what the upload belongs to: the RAW of a JPEG looks like it on purpose.
    """
    statement = (
        select(*_EXISTING)
        .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
        .where(
            FileVersion.perceptual_hash == look.perceptual_hash,
            FileVersion.tier.in_((Tier.SILVER, Tier.GOLD)),
            FileVersion.archived_at.is_(None),
            FileVersion.mime_type.startswith("image/"),
            FileVersion.media_asset_id != original.asset_id,
        )
        .order_by(case((FileVersion.tier == Tier.GOLD, 0), else_=1), MediaAsset.created_at, FileVersion.id)
    )
    alike = [_existing(row) for row in await connection.execute(statement)]
    grouped = await facts_of(connection, {existing.asset_id for existing in alike})
    mine = group_facts(item, original)
    compared: set[str] = set()
    for existing in alike:
        theirs = grouped.get(existing.asset_id)
        is_on_purpose = is_burst(new, existing.shot) or (theirs is not None and _belong_together(mine, theirs))
        if existing.asset_id not in compared and not is_on_purpose:
            return existing
        compared.add(existing.asset_id)
    return None


def _belong_together(new: GroupFacts, existing: GroupFacts) -> bool:
    """An edited copy does not count: contract/behaviour.md, section 7, asks a person about it."""
    return any(link.type is not GroupType.EDITED for link in links_of([new, existing]))


def _existing(row: Row[Any]) -> _Existing:
    return _Existing(row.id, row.media_asset_id, row.file_path, shot_of(row))


async def _record(bench: Workbench, original: Original, look: Look, new: Shot, existing: _Existing) -> None:
    """One transaction: the conflict, and the look, which need not be repeated should the person keep both.

    Until then it is no photo: nothing shows or counts it, and that it came is told when it is decided.
    """
    suggestion = suggest(new.filename, existing.shot.filename, existing.shot.exif)
    async with bench.database.write() as connection:
        await connection.execute(
            insert(UploadConflict).values(
                id=new_id(),
                media_asset_id=original.asset_id,
                existing_photo_id=existing.version_id,
                conflict_type=CONFLICT_TYPE,
                similarity=IDENTICAL,
                suggested_action=suggestion.action,
                reasoning=suggestion.reasoning,
                perceptual_hash=look.perceptual_hash,
                created_at=utc_now(),
            )
        )
        await connection.execute(
            update(FileVersion)
            .where(FileVersion.id == original.version_id)
            .values(archived_at=utc_now(), processing_state=PENDING)
        )
        await connection.execute(
            delete(AssetHistory).where(
                AssetHistory.media_asset_id == original.asset_id, AssetHistory.action == INGESTED
            )
        )
        await remember(connection, original.sha256, look)
