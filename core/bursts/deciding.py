"""What a person keeps of a burst: the rest is marked as rejected, stays where it is, and can be chosen later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import structlog
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.bursts.forming import Burst
from core.bursts.reading import Representative, analyze
from core.db.engine import Database
from core.db.tables import AssetHistory, DecidedBurst, FileVersion, MediaAsset, utc_now
from core.errors import IntakeError, NotFound, RequestError, Undecodable
from core.events.assign import assign_events
from core.events.store import calendar
from core.library.edits import EDITED
from core.library.layout import Tier
from core.library.photos import find_photo
from core.library.sidecars import mark_stale
from core.media.source_file import shown
from core.pipeline.again import describe_photo
from core.pipeline.develop import bronze_of, develop
from core.pipeline.workbench import Workbench

log = structlog.get_logger()

PROCESSED, REJECTED, PROMOTED = "processed", "rejected", "promoted"
"""Values of ``processing_state``. A version that was promoted has been approved, and is not rejected by this."""


class Selection(msgspec.Struct, frozen=True, rename="camel"):
    """The photos of one burst to keep; with none of them nothing is decided yet."""

    group_id: str
    selected_photo_ids: list[str]


class Processed(msgspec.Struct, frozen=True):
    """``processed``: selections and ungrouped photos; ``promoted``: Bronze that became Silver; a sentence each."""

    processed: int
    promoted: int
    errors: list[str]


class Outlook(msgspec.Struct, frozen=True):
    """How many bursts there are, how many pictures are in them, and of how many bursts nobody has chosen any yet."""

    bursts: int
    pictures: int
    waiting: int


async def outlook(database: Database) -> Outlook:
    """What is there to choose from. A burst of which one was approved as Gold does not wait any more."""
    analysis = await analyze(database)
    async with database.read() as connection:
        decided = set((await connection.execute(select(DecidedBurst.burst_id))).scalars())
    waiting = 0
    for burst in analysis.bursts:
        members = [analysis.members[frame.id] for frame in burst.frames]
        is_open = all(one.tier != Tier.GOLD and one.processing_state not in (REJECTED, PROMOTED) for one in members)
        waiting += burst.id not in decided and is_open
    return Outlook(len(analysis.bursts), sum(len(burst.frames) for burst in analysis.bursts), waiting)


async def process_bursts(bench: Workbench, selections: Sequence[Selection], ungrouped: Sequence[str]) -> Processed:
    """Keeps what was selected, rejects the rest of those bursts, and makes Silver and described what is to be kept.

    What does not work out for one photo is told and keeps no other from it.
    """
    analysis = await analyze(bench.database)
    bursts = {burst.id: burst for burst in analysis.bursts}
    errors: list[str] = []
    for selection in selections:
        burst = bursts.get(selection.group_id)
        if burst is None:
            errors.append(f"There is no burst {selection.group_id} any more; nothing of it is rejected.")
        elif selection.selected_photo_ids:
            async with bench.database.write() as connection:
                await _decide(connection, burst, set(selection.selected_photo_ids), analysis.members)
    promoted = 0
    wanted = [photo_id for selection in selections for photo_id in selection.selected_photo_ids]
    for photo_id in dict.fromkeys([*wanted, *ungrouped]):
        try:
            promoted += await _complete(bench, photo_id)
        except (RequestError, IntakeError, Undecodable) as error:
            log.warning("a photo of a burst was not processed", photo=photo_id, error=str(error))
            errors.append(str(error))
    return Processed(len(selections) + len(ungrouped), promoted, errors)


async def _decide(
    connection: AsyncConnection, burst: Burst, selected: set[str], pictures: Mapping[str, Representative]
) -> None:
    """Writes states and history of one burst in one transaction; says nothing twice."""
    members = [pictures[frame.id] for frame in burst.frames]
    if not any(row.id in selected for row in members):
        return
    changed: dict[str, dict[str, Any]] = {}
    history: list[dict[str, Any]] = []
    now = utc_now()
    for row in members:
        is_kept = row.id in selected
        if row.tier == Tier.GOLD or row.processing_state == PROMOTED:
            continue
        state = PROCESSED if is_kept else REJECTED
        if row.processing_state == state and not is_kept:
            continue
        values: dict[str, Any] = {"processing_state": state} | ({"is_reviewed": False} if is_kept else {})
        await connection.execute(update(FileVersion).where(FileVersion.id == row.id).values(**values))
        changed[row.id] = {"before": row.processing_state, "wasReviewed": row.is_reviewed, "after": state}
        done = "was kept of" if is_kept else "was rejected in"
        details = f"{shown(row.filename)} ({row.tier.capitalize()}) {done} a burst of {len(members)}."
        history.append({"media_asset_id": row.media_asset_id, "action": EDITED, "details": details, "timestamp": now})
    if history:
        await connection.execute(insert(AssetHistory), history)
        await mark_stale(connection, list(changed))
        decision = {"burst_id": burst.id, "changed": changed, "decided_at": now}
        await connection.execute(insert(DecidedBurst), decision)


async def undo_decision(connection: AsyncConnection, burst_id: str) -> list[str]:
    """Takes back what was last decided of a burst; returns the photos that are again what they were before.

    What has become of a photo since stays. After it, the decision before that can be taken back, and so on. A photo
    that was made Silver stays so. Raises :class:`NotFound` where nothing was decided, or all of it was taken back.
    """
    statement = select(DecidedBurst).where(DecidedBurst.burst_id == burst_id).order_by(DecidedBurst.id.desc()).limit(1)
    decision = (await connection.execute(statement)).first()
    if decision is None:
        raise NotFound(f"Nothing is decided of the burst {burst_id}, or all of it was taken back.")
    columns = (FileVersion.id, FileVersion.media_asset_id, FileVersion.processing_state, MediaAsset.original_filename)
    found = (
        select(*columns)
        .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
        .where(FileVersion.id.in_(decision.changed))
    )
    restored: list[str] = []
    history: list[dict[str, Any]] = []
    now = utc_now()
    for row in (await connection.execute(found)).all():
        change = decision.changed[row.id]
        if row.processing_state != change["after"]:
            continue
        values = {"processing_state": change["before"], "is_reviewed": change["wasReviewed"]}
        await connection.execute(update(FileVersion).where(FileVersion.id == row.id).values(**values))
        restored.append(row.id)
        details = f"The decision on a burst with {shown(row.original_filename)} was taken back."
        history.append({"media_asset_id": row.media_asset_id, "action": EDITED, "details": details, "timestamp": now})
    if history:
        await connection.execute(insert(AssetHistory), history)
        await mark_stale(connection, restored)
    await connection.execute(delete(DecidedBurst).where(DecidedBurst.id == decision.id))
    return restored


async def _complete(bench: Workbench, photo_id: str) -> bool:
    """Whether a photo became Silver; a Silver one gets its description and event, others are passed over."""
    async with bench.database.read() as connection:
        row = await find_photo(connection, photo_id)
    if not row.mime_type.startswith("image/") or row.tier == Tier.GOLD:
        return False
    if row.tier == Tier.BRONZE:
        await develop(bench, await bronze_of(bench, photo_id))
        return True
    metadata = msgspec.json.decode(row.metadata_json) if row.metadata_json else {}
    if not ((metadata or {}).get("ai") or {}).get("shortDescription"):
        await describe_photo(bench, photo_id)
    else:
        async with bench.database.write() as connection:
            await assign_events(connection, await calendar(connection), [photo_id], again=False)
    return False
