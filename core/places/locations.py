"""Locations that a person has named, and how many photos lie there."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final

import msgspec
from sqlalchemy import Row, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.engine import Database
from core.db.in_batches import BATCH
from core.db.tables import FileVersion, Location, new_id, utc_now
from core.errors import NotFound
from core.library.photos import best_photos
from core.places.around import Sphere
from core.places.clusters import HOTSPOT_RADIUS, Point

LocationRow = Row[*tuple[Any, ...]]


class Counted(msgspec.Struct, frozen=True):
    """A location and how many photos lie within its radius."""

    row: LocationRow
    photo_count: int


async def all_locations(database: Database) -> list[Counted]:
    """Every location, those with most photos first, then by name. Two statements."""
    async with database.read() as connection:
        rows = (await connection.execute(select(Location.__table__))).all()
        coordinates = await _coordinates(connection) if rows else array("d")
    counts = await asyncio.to_thread(_count, rows, coordinates)
    counted = [Counted(row, count) for row, count in zip(rows, counts, strict=True)]
    return sorted(counted, key=lambda one: (-one.photo_count, one.row.name, one.row.id))


async def counted_location(database: Database, location_id: str) -> Counted:
    """One location; raises :class:`NotFound`."""
    async with database.read() as connection:
        row = await find_location(connection, location_id)
        lies = position_of(row) is not None
        coordinates = await _coordinates(connection, around=row) if lies else array("d")
    (count,) = await asyncio.to_thread(_count, [row], coordinates)
    return Counted(row, count)


async def find_location(connection: AsyncConnection, location_id: str) -> LocationRow:
    """One location; raises :class:`NotFound`."""
    row = (await connection.execute(select(Location.__table__).where(Location.id == location_id))).first()
    if row is None:
        raise NotFound(f"There is no location {location_id}.")
    return row


async def add_location(connection: AsyncConnection, values: Mapping[str, Any]) -> str:
    """Stores a location; returns its id."""
    location_id, now = new_id(), utc_now()
    await connection.execute(insert(Location).values(id=location_id, created_at=now, updated_at=now, **values))
    return location_id


async def change_location(connection: AsyncConnection, location_id: str, values: Mapping[str, Any]) -> None:
    """Changes some columns; raises :class:`NotFound`."""
    await find_location(connection, location_id)
    changed = update(Location).where(Location.id == location_id).values(updated_at=utc_now(), **values)
    await connection.execute(changed)


async def remove_location(connection: AsyncConnection, location_id: str) -> str:
    """Removes a location and returns its name; photos stay as they are. Raises :class:`NotFound`."""
    row = await find_location(connection, location_id)
    await connection.execute(delete(Location).where(Location.id == location_id))
    name: str = row.name
    return name


async def photos_with_place(connection: AsyncConnection) -> int:
    """How many photos have coordinates; one for each asset."""
    counted = best_photos(*PLACED).order_by(None).subquery()
    return (await connection.execute(select(func.count()).select_from(counted))).scalar_one()


PLACED: Final = (
    FileVersion.gps_latitude.is_not(None),
    FileVersion.gps_longitude.is_not(None),
    # the pair (0, 0) is what receivers without a fix write
    or_(FileVersion.gps_latitude != 0, FileVersion.gps_longitude != 0),
)
"""That a photo has coordinates."""


async def _coordinates(connection: AsyncConnection, around: LocationRow | None = None) -> array[float]:
    """Latitude and longitude in turn, of one photo after the other.

    As plain numbers: of so many pairs, the garbage collector would let nobody else have a turn.
    """
    conditions = list(PLACED)
    if around is not None:
        # a degree of latitude is 111 km everywhere; longitudes are measured
        reach = (around.radius or HOTSPOT_RADIUS) / 110_000
        latitude = float(around.latitude)
        conditions.append(FileVersion.gps_latitude.between(latitude - reach, latitude + reach))
    columns = (FileVersion.gps_latitude, FileVersion.gps_longitude)
    found = best_photos(*conditions).order_by(None).with_only_columns(*columns, maintain_column_froms=True)
    rows = await connection.stream(found, execution_options={"yield_per": BATCH})
    coordinates = array("d")
    async for batch in rows.partitions():
        coordinates.extend(chain.from_iterable(batch))
    return coordinates


def _count(rows: Sequence[LocationRow], coordinates: array[float]) -> list[int]:
    import numpy as np

    around = Sphere(np.array(coordinates).reshape(-1, 2))
    places = [(position_of(row), row.radius or HOTSPOT_RADIUS) for row in rows]
    return [0 if place is None else len(around.within(place, radius)) for place, radius in places]


def position_of(row: LocationRow) -> Point | None:
    """Where a location lies; ``None`` where what is stored as text are no degrees: such a location covers nothing."""
    try:
        latitude, longitude = float(row.latitude), float(row.longitude)
    except ValueError:
        return None
    # also not, where one is no number or has no end
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None
