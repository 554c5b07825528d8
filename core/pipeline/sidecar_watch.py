"""Which sidecars has somebody written since we last looked?

One ``stat`` per place where a sidecar may lie, page by page, off the event loop; nothing is opened. What looks
different is queued, and read by :mod:`core.pipeline.sidecars`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import Row, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import FileVersion, LedgerEntry, Sidecar
from core.library.layout import Layout, Tier
from core.library.sidecar_look import signature_of
from core.library.sidecars import SidecarState, mark_changed_on_disk, mark_stale
from core.pipeline.roots import Root
from core.pipeline.sidecars import is_within_reach, others_of, place_of
from core.pipeline.workbench import Workbench

log = structlog.get_logger()

PAGE = 1_000


async def look_for_edits(bench: Workbench, roots: Mapping[str, Root]) -> int:
    """Queues every sidecar that looks different from when it was last written or read, and those of versions that have
    none in the records yet; returns how many.
    """
    queued, last = 0, ""
    while True:
        async with bench.database.read() as connection:
            rows = await _page(connection, last)
        unknown = [row.id for row in rows if row.version_id is None]
        known = [row for row in rows if row.version_id is not None]
        changed = await asyncio.to_thread(_changed, bench.layout, roots, known)
        if unknown or changed:
            async with bench.database.write() as connection:
                await mark_stale(connection, unknown)
                await mark_changed_on_disk(connection, changed)
            queued += len(unknown) + len(changed)
        if len(rows) < PAGE:
            return queued
        last = rows[-1].id


async def _page(connection: AsyncConnection, last: str) -> Sequence[Row[*tuple[Any, ...]]]:
    first = (
        select(func.min(LedgerEntry.id))
        .where(LedgerEntry.media_asset_id == FileVersion.media_asset_id)
        .correlate(FileVersion)
        .scalar_subquery()
    )
    statement = (
        select(
            FileVersion.id,
            FileVersion.file_path,
            FileVersion.tier,
            Sidecar.version_id,
            Sidecar.path,
            Sidecar.signature,
            Sidecar.other_path,
            Sidecar.other_signature,
            LedgerEntry.root,
            LedgerEntry.path.label("source"),
        )
        .outerjoin(Sidecar, Sidecar.version_id == FileVersion.id)
        .outerjoin(LedgerEntry, and_(LedgerEntry.media_asset_id == FileVersion.media_asset_id, LedgerEntry.id == first))
        .where(FileVersion.id > last, FileVersion.tier != Tier.BRONZE, FileVersion.archived_at.is_(None))
        .where((Sidecar.version_id.is_(None)) | (Sidecar.state != SidecarState.STALE))
        .order_by(FileVersion.id)
        .limit(PAGE)
    )
    return (await connection.execute(statement)).all()


def _changed(layout: Layout, roots: Mapping[str, Root], rows: Sequence[Any]) -> list[str]:
    changed = []
    for row in rows:
        try:
            if _is_changed(layout, roots, row):
                changed.append(row.id)
        except OSError as error:
            # what the system cannot tell now it may tell at the next look
            log.warning("a sidecar cannot be looked at", version=row.id, reason=error.strerror)
    return changed


def _is_changed(layout: Layout, roots: Mapping[str, Root], row: Any) -> bool:
    if not is_within_reach(layout, row.file_path):
        return False
    path = str(place_of(layout, row.file_path))
    if path != row.path or signature_of(path) != row.signature:
        return True
    source = (row.root, row.source) if row.root is not None else None
    for name in others_of(layout, roots, row.file_path, row.tier, source):
        found = signature_of(name)
        if found is not None:
            return (name, found) != (row.other_path, row.other_signature)
    return False
