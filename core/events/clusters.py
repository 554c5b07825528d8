"""Which photos belong to which event?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import FileVersion
from core.library.photos import PhotoRow, best_photos
from core.media.clock import clock_of


class Cluster(msgspec.Struct, frozen=True):
    """The photos of an event in the order they were taken. ``start`` and ``end`` are zone-less ISO 8601 times."""

    event_type: str
    event_name: str
    start: str
    end: str
    photos: Sequence[PhotoRow]


async def clusters_of(connection: AsyncConnection, start: str | None, end: str | None) -> list[Cluster]:
    """Photos that have an event, by it; the largest first. One statement."""
    conditions = [FileVersion.event_type.is_not(None), FileVersion.event_type != ""]
    if start is not None:
        conditions.append(FileVersion.captured_at >= start)
    if end is not None:
        conditions.append(FileVersion.captured_at <= end)
    taken = func.coalesce(FileVersion.captured_at, "")
    order = (FileVersion.event_type, func.coalesce(FileVersion.event_name, ""), taken, FileVersion.id)
    rows = (await connection.execute(best_photos(*conditions, order=order))).all()
    clusters = []
    for (event_type, event_name), group in groupby(rows, key=lambda row: (row.event_type, row.event_name or "")):
        photos = list(group)
        times = [row.captured_at for row in photos if clock_of(row.captured_at) is not None]
        clusters.append(Cluster(event_type, event_name, times[0] if times else "", times[-1] if times else "", photos))
    return sorted(clusters, key=lambda cluster: -len(cluster.photos))


async def recent_detections(connection: AsyncConnection, since: datetime) -> int:
    """How many photos that came since then have an event."""
    statement = select(func.count()).where(
        FileVersion.created_at >= since, FileVersion.event_type.is_not(None), FileVersion.event_type != ""
    )
    return (await connection.execute(statement)).scalar_one()
