"""What is known of each photo that tells which occasion it belongs to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.in_batches import BATCH
from core.db.search_sql import FACETS, FACTS
from core.db.tables import Face, FileVersion
from core.library.layout import Tier
from core.media.clock import clock_of
from core.media.facts import CaptureSource
from core.places.clusters import Point

_EPOCH: Final = datetime(1970, 1, 1)


class Shot(msgspec.Struct, frozen=True, gc=False):
    """A photo as occasions see it.

    ``taken`` are seconds of the wall clock where it was taken since 1970, ``faces`` how many are on it; ``latitude``
    and ``longitude`` in decimal degrees are not a number where it is not known. ``camera`` is empty for what no camera
    took, or does not say. ``has_event``: it has an event already.
    """

    asset_id: str
    taken: float
    latitude: float
    longitude: float
    camera: str
    faces: int
    has_event: bool

    @property
    def point(self) -> Point | None:
        """Where it was taken, if that is known."""
        return (self.latitude, self.longitude) if self.latitude == self.latitude else None


def moment(taken: float) -> datetime:
    """The wall clock of a shot, without a zone."""
    return _EPOCH + timedelta(seconds=taken)


async def all_shots(connection: AsyncConnection) -> list[Shot]:
    """Every photo with a date that means something, in the order of their times. Two statements."""
    faces: dict[str, int] = {}
    rows = await connection.stream(_FACES, execution_options={"yield_per": BATCH})
    async for batch in rows.partitions():
        faces.update((row[0], row[1]) for row in batch)
    shots: list[Shot] = []
    rows = await connection.stream(_SHOTS, execution_options={"yield_per": BATCH})
    async for batch in rows.partitions():
        shots += [shot for row in batch if (shot := _shot(row, faces)) is not None]
    return shots


_FACES: Final = (
    select(FileVersion.media_asset_id, func.count())
    .select_from(Face)
    .join(FileVersion, FileVersion.id == Face.photo_id)
    .where(Face.ignored.is_(False))
    .group_by(FileVersion.media_asset_id)
)
_SHOTS: Final[Select[*tuple[Any, ...]]] = (
    select(
        FileVersion.media_asset_id,
        FileVersion.captured_at,
        FileVersion.gps_latitude,
        FileVersion.gps_longitude,
        FACETS.c.camera,
        FileVersion.event_type,
        FileVersion.event_name,
    )
    .join(FACTS, FACTS.c.version_id == FileVersion.id)
    .join(FACETS, FACETS.c.id == FACTS.c.facet_id)
    .where(
        FACTS.c.is_shown.is_(True),
        FileVersion.tier != Tier.BRONZE,
        FileVersion.captured_at.is_not(None),
        # the day on which a file came says nothing of the day on which it was made
        or_(FileVersion.capture_source.is_(None), FileVersion.capture_source != CaptureSource.INGESTED),
    )
    .order_by(FileVersion.captured_at, FileVersion.media_asset_id)
)


def _shot(row: Any, faces: dict[str, int]) -> Shot | None:
    """``None`` where the time is none."""
    asset_id, captured, latitude, longitude, camera, event_type, event_name = row
    taken = clock_of(captured)
    if taken is None:
        return None
    # the pair (0, 0) is what receivers without a fix write
    lies = latitude is not None and longitude is not None and (latitude or longitude)
    return Shot(
        asset_id=asset_id,
        taken=(taken - _EPOCH).total_seconds(),
        latitude=latitude if lies else _UNKNOWN,
        longitude=longitude if lies else _UNKNOWN,
        camera=camera or "",
        faces=faces.get(asset_id, 0),
        has_event=bool((event_type or "").strip() or (event_name or "").strip()),
    )


_UNKNOWN: Final = float("nan")
