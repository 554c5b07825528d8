"""The way back: a version is given up, and the one below it is the photo again.

What a person has said since goes down with it; faces and collections follow. A file in a watched folder is somebody
else's and stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import (
    AssetHistory,
    FileVersion,
    MediaAsset,
    utc_now,
)
from core.db.turns import lock_asset
from core.errors import BadRequest, NotFound
from core.library.layout import Tier, is_reference
from core.library.pointing import point_to
from core.library.sidecars import mark_stale
from core.media.source_file import shown
from core.pipeline import placements
from core.pipeline.gold_files import remove_gold, remove_rendered
from core.pipeline.placements import Intent
from core.pipeline.rewritten import SUPERSEDED
from core.pipeline.workbench import Workbench

log = structlog.get_logger()

#: What a person may have said of a version.
_SAID = (
    "is_reviewed",
    "rating",
    "keywords",
    "location",
    "event_type",
    "event_name",
    "is_favorite",
    "combined_metadata",
)

_BELOW = {Tier.GOLD: Tier.SILVER, Tier.SILVER: Tier.BRONZE}


async def demote(bench: Workbench, photo_id: str) -> str:
    """Gives up a Gold or Silver version with its file; returns the id of the version that is left.

    Raises :class:`NotFound`, and :class:`BadRequest` where there is nothing below or something above it.
    """
    async with bench.database.read() as connection:
        asset_id = (await _version(connection, photo_id))["media_asset_id"]
    async with bench.claims.hold(f"gold of {asset_id}"):
        async with bench.database.write() as connection:
            await lock_asset(connection, asset_id)
            row = await _version(connection, photo_id)
            below = await _below(connection, row)
            intent = await _give_up(connection, bench, row, below)
            is_shared = await _has_content(connection, row["sha256"])
        await _remove(bench, intent, row["sha256"] if not is_shared else None)
    return str(below["id"])


async def _remove(bench: Workbench, intent: Intent | None, sha256: str | None) -> None:
    """Removes the file that is announced, and what was rendered of a content that is gone.

    What the system refuses now, the announcement lets the next start remove.
    """
    try:
        if intent is not None:
            await asyncio.to_thread(remove_gold, bench.layout, intent.target)
            async with bench.database.write() as connection:
                await placements.finish(connection, intent)
        if sha256:
            await asyncio.to_thread(remove_rendered, bench.layout, sha256)
    except OSError as error:
        log.warning("a file that was given up is still there; it goes at the next start", reason=str(error))


async def _version(connection: AsyncConnection, photo_id: str) -> Mapping[str, Any]:
    columns = (FileVersion.id, FileVersion.media_asset_id, FileVersion.tier, FileVersion.file_path, FileVersion.sha256)
    said = (getattr(FileVersion, name).label(name) for name in _SAID)
    statement = (
        select(*columns, *said, MediaAsset.original_filename)
        .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
        .where(FileVersion.id == photo_id, FileVersion.archived_at.is_(None))
    )
    row = (await connection.execute(statement)).mappings().first()
    if row is None:
        raise NotFound(f"There is no photo {photo_id}.")
    return dict(row)


async def _below(connection: AsyncConnection, row: Mapping[str, Any]) -> Mapping[str, Any]:
    name, tier = shown(row["original_filename"]), Tier(row["tier"])
    if tier not in _BELOW:
        raise BadRequest(f"{name} is Bronze, the original; there is nothing below it.")
    statement = select(FileVersion.id, FileVersion.tier).where(
        FileVersion.media_asset_id == row["media_asset_id"],
        or_(FileVersion.processing_state.is_(None), FileVersion.processing_state != SUPERSEDED),
        FileVersion.archived_at.is_(None),
    )
    newest_first = statement.order_by(FileVersion.created_at.desc())
    others = [dict(other) for other in (await connection.execute(newest_first)).mappings()]
    if tier is Tier.SILVER and any(other["tier"] == Tier.GOLD for other in others):
        raise BadRequest(f"{name} has a Gold version, which was made of the Silver one; demote that first.")
    below = next((other for other in others if other["tier"] == _BELOW[tier]), None)
    if below is None:
        raise BadRequest(
            f"{name} has no {_BELOW[tier].capitalize()} version that it could go back to; nothing was changed."
        )
    return below


async def _give_up(
    connection: AsyncConnection, bench: Workbench, row: Mapping[str, Any], below: Mapping[str, Any]
) -> Intent | None:
    """Removes the row and points everything at the one below; returns what announces the removal of the file."""
    old, new = row["id"], below["id"]
    said = {name: row[name] for name in _SAID}
    if below["tier"] == Tier.BRONZE:
        # an original has no more than the camera says; the words come back when it is developed again
        del said["combined_metadata"]
    await connection.execute(
        update(FileVersion).where(FileVersion.id == new).values(said | {"processing_state": "processed"})
    )
    await point_to(connection, old, new)
    await connection.execute(delete(FileVersion).where(FileVersion.id == old))
    await mark_stale(connection, [new])
    upper, lower = str(row["tier"]).capitalize(), str(below["tier"]).capitalize()
    fate = "its file stays in its folder" if is_reference(row["file_path"]) else f"its {upper} file was removed"
    details = f"{shown(row['original_filename'])} was demoted from {upper} to {lower}; {fate}."
    history = {
        "media_asset_id": row["media_asset_id"],
        "action": "DEMOTED",
        "details": details,
        "timestamp": utc_now(),
    }
    await connection.execute(insert(AssetHistory), history)
    if is_reference(row["file_path"]):
        return None
    return await placements.announce(connection, row["file_path"], row["sha256"] or "", bench.holder, is_recorded=False)


async def _has_content(connection: AsyncConnection, sha256: str | None) -> bool:
    """Whether a version is left that has these bytes: rendered pictures are named by them."""
    statement = select(MediaAsset.id).where(MediaAsset.sha256 == sha256).limit(1)
    if (await connection.execute(statement)).first() is not None:
        return True
    versions = select(FileVersion.id).where(FileVersion.sha256 == sha256).limit(1)
    return (await connection.execute(versions)).first() is not None
