"""Where were many photos taken, and no name is yet?"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Row, Select, select

from core.db.engine import Database
from core.db.in_batches import BATCH
from core.db.json_sql import json_text, utc_text
from core.db.search_sql import FACTS
from core.db.tables import FileVersion, Location, MediaAsset
from core.library.layout import Tier
from core.places.around import Sphere
from core.places.clusters import HOTSPOT_RADIUS, Point, clusters_of
from core.places.locations import PLACED, position_of

FEWEST: Final = 2
"""Photos that make a hotspot (contract)."""

_MANY, _SOME = 50, 20
"""Photos from which on a place is called frequent, or a favourite, where nothing tells its name (contract)."""


class HotspotPhoto(msgspec.Struct, frozen=True, gc=False):
    """A photo at a hotspot, its metadata as JSON text; ``asset_came`` is ISO 8601 in UTC with milliseconds and ``Z``.

    Not a row of the database: of tens of thousands of those, the garbage collector would let nobody else have a turn.
    """

    latitude: float
    longitude: float
    id: str
    media_asset_id: str
    filename: str
    asset_came: str
    file_path: str
    metadata_json: str | None
    event_type: str | None


class Hotspot(msgspec.Struct, frozen=True):
    """Photos that were taken within 100 metres of each other, oldest first; the centre in decimal degrees."""

    latitude: float
    longitude: float
    name: str
    photos: Sequence[HotspotPhoto]


class _Described(msgspec.Struct, rename="camel"):
    place_name: str | None = None


class _Metadata(msgspec.Struct):
    ai: _Described | None = None


_decode: Final = msgspec.json.Decoder(_Metadata).decode


async def hotspots(database: Database) -> list[Hotspot]:
    """Where photos were taken together, the most photos first; places that a location covers are left out."""
    columns = (
        FileVersion.gps_latitude,
        FileVersion.gps_longitude,
        FileVersion.id,
        FileVersion.media_asset_id,
        MediaAsset.original_filename,
        utc_text(MediaAsset.created_at),
        FileVersion.file_path,
        json_text(FileVersion.combined_metadata),
        FileVersion.event_type,
    )
    # what is best of an asset is read from the search index, which has it in the order that is wanted
    statement: Select[*tuple[Any, ...]] = (
        select(*columns)
        .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
        .join(FACTS, FACTS.c.version_id == FileVersion.id)
        .where(FACTS.c.is_shown.is_(True), FACTS.c.has_gps.is_(True), FileVersion.tier != Tier.BRONZE, *PLACED)
        .order_by(FACTS.c.created_at, FACTS.c.version_id)
    )
    photos: list[HotspotPhoto] = []
    async with database.read() as connection:
        rows = await connection.stream(statement, execution_options={"yield_per": BATCH})
        async for batch in rows.partitions():
            photos += [HotspotPhoto(*row) for row in batch]
        named = (await connection.execute(select(Location.latitude, Location.longitude, Location.radius))).all()
    return await asyncio.to_thread(_hotspots, photos, named)


def covered(centres: Sequence[Point], places: Iterable[tuple[Point, float]]) -> set[int]:
    """Which centres, by their index, lie within the radius of a place, in metres."""
    around = Sphere(centres)
    return {index for position, radius in places for index in around.within(position, radius)}


def _hotspots(photos: Sequence[HotspotPhoto], named: Sequence[Row[*tuple[Any, ...]]]) -> list[Hotspot]:
    points = [(photo.latitude, photo.longitude) for photo in photos]
    clusters = [cluster for cluster in clusters_of(points) if len(cluster.members) >= FEWEST]
    places = [(position, one.radius or HOTSPOT_RADIUS) for one in named if (position := position_of(one)) is not None]
    has_name = covered([(cluster.latitude, cluster.longitude) for cluster in clusters], places)
    found = []
    for index, cluster in enumerate(clusters):
        if index not in has_name:
            members = [photos[member] for member in cluster.members]
            found.append(Hotspot(cluster.latitude, cluster.longitude, _suggested_name(members), members))
    return found


def _suggested_name(photos: Sequence[HotspotPhoto]) -> str:
    """The place that most photos name, else what happened there, else a word for how often one was there."""
    places = Counter(name for photo in photos if (name := _place_name(photo.metadata_json)))
    if places:
        return places.most_common(1)[0][0]
    events = Counter(photo.event_type for photo in photos if photo.event_type)
    if events.total() * 2 > len(photos):
        return f"{events.most_common(1)[0][0].capitalize()} location"
    if len(photos) >= _MANY:
        return "Frequent place"
    return "Favourite place" if len(photos) >= _SOME else "Place"


def _place_name(metadata_json: str | None) -> str | None:
    try:
        described = _decode(metadata_json).ai if metadata_json and '"placeName"' in metadata_json else None
    except msgspec.ValidationError:
        # a person may have written anything into it
        return None
    return described.place_name if described is not None else None
