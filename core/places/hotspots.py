"""Where were many photos taken, and no name is yet?"""

from __future__ import annotations

import asyncio
import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

import msgspec
from sqlalchemy import Row, select

from core.db.engine import Database
from core.db.in_batches import all_rows
from core.db.tables import FileVersion, Location
from core.library.photos import best_photos
from core.places.clusters import EARTH_RADIUS, HOTSPOT_RADIUS, Point, clusters_of, distance
from core.places.locations import PLACED, position_of

FEWEST: Final = 2
"""Photos that make a hotspot (contract)."""

_MANY, _SOME = 50, 20
"""Photos from which on a place is called frequent, or a favourite, where nothing tells its name (contract)."""

HotspotRow: TypeAlias = Row[*tuple[Any, ...]]
"""A row with those columns of a photo that hotspots tell, or are named by."""

_EVERYTHING = best_photos(*PLACED, order=(FileVersion.created_at, FileVersion.id))
_COLUMNS: Final = (
    "id",
    "media_asset_id",
    "original_filename",
    "asset_created_at",
    "file_path",
    "event_type",
    "metadata_json",
    "gps_latitude",
    "gps_longitude",
)
# to gather the faces of each photo, too, takes longer than all the rest
_PHOTOS: Final = _EVERYTHING.with_only_columns(
    *(_EVERYTHING.selected_columns[name] for name in _COLUMNS), maintain_column_froms=True
)


class Hotspot(msgspec.Struct, frozen=True):
    """Photos that were taken within 100 metres of each other; the centre in decimal degrees."""

    latitude: float
    longitude: float
    name: str
    photos: Sequence[HotspotRow]


async def hotspots(database: Database) -> list[Hotspot]:
    """Where photos were taken together, the most photos first; places that a location covers are left out."""
    async with database.read() as connection:
        photos = await all_rows(connection, _PHOTOS)
        named = (await connection.execute(select(Location.latitude, Location.longitude, Location.radius))).all()
    return await asyncio.to_thread(_hotspots, photos, named)


def covered(centres: Sequence[Point], places: Iterable[tuple[Point, float]]) -> set[int]:
    """Which centres, by their index, lie within the radius of a place, in metres.

    Only those are measured whose latitude alone does not tell that they are further away.
    """
    order = sorted(range(len(centres)), key=lambda index: centres[index][0])
    latitudes = [centres[index][0] for index in order]
    found: set[int] = set()
    for position, radius in places:
        reach = math.degrees(radius / EARTH_RADIUS) * 1.001
        first = bisect_left(latitudes, position[0] - reach)
        last = bisect_right(latitudes, position[0] + reach)
        found.update(index for index in order[first:last] if distance(centres[index], position) <= radius)
    return found


def _hotspots(photos: Sequence[HotspotRow], named: Sequence[Row[*tuple[Any, ...]]]) -> list[Hotspot]:
    points = [(row.gps_latitude, row.gps_longitude) for row in photos]
    clusters = [cluster for cluster in clusters_of(points) if len(cluster.members) >= FEWEST]
    places = [(position, one.radius or HOTSPOT_RADIUS) for one in named if (position := position_of(one)) is not None]
    has_name = covered([(cluster.latitude, cluster.longitude) for cluster in clusters], places)
    found = []
    for index, cluster in enumerate(clusters):
        if index not in has_name:
            members = [photos[member] for member in cluster.members]
            found.append(Hotspot(cluster.latitude, cluster.longitude, _suggested_name(members), members))
    return found


def _suggested_name(photos: Sequence[HotspotRow]) -> str:
    """The place that most photos name, else what happened there, else a word for how often one was there."""
    places = Counter(place for row in photos if (place := _place_of(row)))
    if places:
        return places.most_common(1)[0][0]
    events = Counter(row.event_type for row in photos if row.event_type)
    if events.total() * 2 > len(photos):
        return f"{events.most_common(1)[0][0].capitalize()} location"
    if len(photos) >= _MANY:
        return "Frequent place"
    return "Favourite place" if len(photos) >= _SOME else "Place"


def _place_of(row: HotspotRow) -> str | None:
    if row.metadata_json is None or "placeName" not in row.metadata_json:
        return None
    metadata = msgspec.json.decode(row.metadata_json)
    ai = metadata.get("ai") if isinstance(metadata, dict) else None
    place = ai.get("placeName") if isinstance(ai, dict) else None
    return place if isinstance(place, str) and place else None
