"""A file whose content changed: a new version of its photo, or another photo under a name that was used before?

Nothing is ever deleted: what a new version replaces stays in the library, archived and marked as superseded.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import AssetHistory, FileVersion
from core.library.layout import Tier
from core.media.facts import HASH_BITS, CaptureSource, CaptureTime

#: The ``processing_state`` of a version in whose place a newer one is.
SUPERSEDED = "superseded"

#: A file that is written again within this time, and looks the same, is the same photo whatever its metadata.
SOON = timedelta(minutes=10)

#: Bits of 64 in which two perceptual hashes of one picture may differ after an edit or another encoding.
ALIKE_BITS = 8

_FROM_THE_CAMERA = frozenset(
    {
        CaptureSource.EXIF_ORIGINAL,
        CaptureSource.EXIF_CREATED,
        CaptureSource.EXIF_CHANGED,
        CaptureSource.CONTAINER,
    }
)

_TO_THE_SECOND = len("2024-07-26T14:30:25")


class Predecessor(msgspec.Struct, frozen=True):
    """What was taken from the path before. ``captured_at`` is a zone-less ISO 8601 time."""

    captured_at: str | None
    capture_source: str | None
    taken_in_at: datetime
    was_undecodable: bool
    perceptual_hash: str | None


def is_rewrite(old: Predecessor, captured: CaptureTime, now: datetime, perceptual_hash: str | None) -> bool:
    """Whether new content at a path is the old photo written anew.

    It is when the old one could not be decoded, so was only half written; when the camera says the same moment in both;
    or when it comes within ten minutes and looks the same. Otherwise a camera has used a name again, and the old photo
    stays what it is. ``perceptual_hash`` is that of the new content; it is only asked for within the ten minutes.
    """
    if old.was_undecodable:
        return True
    if captured.source in _FROM_THE_CAMERA and old.capture_source in _FROM_THE_CAMERA:
        return captured.local.isoformat(timespec="seconds") == (old.captured_at or "")[:_TO_THE_SECOND]
    if not is_soon(old, now) or perceptual_hash is None or old.perceptual_hash is None:
        return False
    return _distance(old.perceptual_hash, perceptual_hash) <= ALIKE_BITS


def is_soon(old: Predecessor, now: datetime) -> bool:
    """Whether the old content was taken in so shortly ago that looks decide."""
    return now - old.taken_in_at < SOON


def _distance(one: str, other: str) -> int:
    if len(one) != len(other):
        return HASH_BITS
    return sum(left != right for left, right in zip(one, other, strict=True))


async def predecessor(connection: AsyncConnection, asset_id: str) -> Predecessor | None:
    """What is to be known of an asset's present content; ``None`` where it has none."""
    rows = await connection.execute(
        select(
            FileVersion.tier,
            FileVersion.captured_at,
            FileVersion.capture_source,
            FileVersion.created_at,
            FileVersion.undecodable,
            FileVersion.perceptual_hash,
        ).where(FileVersion.media_asset_id == asset_id, FileVersion.processing_state != SUPERSEDED)
    )
    versions = {row.tier: row for row in rows}
    bronze, silver = versions.get(Tier.BRONZE), versions.get(Tier.SILVER)
    if bronze is None:
        return None
    return Predecessor(
        bronze.captured_at,
        bronze.capture_source,
        bronze.created_at,
        bronze.undecodable is not None,
        silver.perceptual_hash if silver is not None else None,
    )


async def put_away_at(connection: AsyncConnection, asset_id: str) -> datetime | None:
    """When a person archived or deleted the photo; ``None`` for one that is shown."""
    statement = select(FileVersion.archived_at).where(
        FileVersion.media_asset_id == asset_id,
        FileVersion.tier == Tier.BRONZE,
        FileVersion.processing_state != SUPERSEDED,
    )
    return (await connection.execute(statement.limit(1))).scalar_one_or_none()


async def supersede(connection: AsyncConnection, asset_id: str, filename: str, now: datetime, *, vacate: bool) -> None:
    """Archives the Bronze and Silver versions of an asset, in the transaction that records what takes their place.

    A Gold version is a person's work and stays. With ``vacate`` the old versions give up their path, whose bytes they
    no longer are (mode ``reference``).
    """
    current = (
        FileVersion.media_asset_id == asset_id,
        FileVersion.tier != Tier.GOLD,
        FileVersion.processing_state != SUPERSEDED,
    )
    values: dict[str, Any] = {"archived_at": now, "processing_state": SUPERSEDED}
    if vacate:
        values["file_path"] = FileVersion.file_path + "~" + FileVersion.id
    await connection.execute(update(FileVersion).where(*current).values(values))
    gold = select(FileVersion.id).where(FileVersion.media_asset_id == asset_id, FileVersion.tier == Tier.GOLD)
    has_gold = (await connection.execute(gold.limit(1))).first() is not None
    kept = "nothing of it is left on disk" if vacate else "the old file is kept"
    details = f"{filename} was written anew; {kept}." + (" The Gold version is still the old one." if has_gold else "")
    await connection.execute(
        insert(AssetHistory),
        {"media_asset_id": asset_id, "action": "REPLACED", "details": details, "timestamp": now},
    )
