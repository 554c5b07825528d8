"""Locations that a person named, and hotspots."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import structlog
from litestar import Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from litestar.response import Stream
from msgspec import UNSET

from api.context import ApiContext
from api.json_array import made_in_thread, sent
from api.known_answers import FROM_DATABASE, question_of
from api.schemas.location import (
    Coordinates,
    Hotspot,
    Location,
    LocationChange,
    LocationRemoved,
    LocationStats,
    NewLocation,
    encoded_hotspots,
    location_of,
    stored_degrees,
)
from api.shared_lists import SharedLists
from core.compute.tasks import find_place
from core.db.engine import Database
from core.errors import WorkerLost
from core.places import Place
from core.places.hotspots import hotspots
from core.places.locations import (
    add_location,
    all_locations,
    change_location,
    counted_location,
    photos_with_place,
    remove_location,
)

log = structlog.get_logger()

MOST = 5
"""Locations of each list in the statistics."""

_STATS = {200: ResponseSpec(LocationStats, generate_examples=False, description="In numbers")}
_HOTSPOTS = {200: ResponseSpec(list[Hotspot], generate_examples=False, description="Hotspots, most photos first")}

MUNICIPAL = "municipal"
"""The contract's word for what a village, town or city is; the offline gazetteer knows no smaller places."""


@get("/api/locations", tags=["Locations"], opt={FROM_DATABASE: True})
async def list_locations(context: NamedDependency[ApiContext]) -> list[Location]:
    """Locations, those with most photos first."""
    return [location_of(one) for one in await all_locations(context.bench.database)]


@get("/api/locations/stats", tags=["Locations"], opt={FROM_DATABASE: True}, responses=_STATS)
async def get_stats(
    request: Request[Any, Any, Any], context: NamedDependency[ApiContext], lists: NamedDependency[SharedLists]
) -> Stream:
    """Locations and hotspots in numbers."""
    database = context.bench.database

    async def read() -> AsyncIterator[bytes]:
        known = await all_locations(database)
        async with database.read() as connection:
            placed = await photos_with_place(connection)
        newest = sorted(known, key=lambda one: one.row.created_at, reverse=True)
        stats = LocationStats(
            total_locations=len(known),
            total_photos_with_location=placed,
            top_locations=[location_of(one) for one in known[:MOST]],
            recent_locations=[location_of(one) for one in newest[:MOST]],
            hotspots=[],
        )
        # the hotspots come last, and may be many megabytes: they are not put into a text once more
        yield msgspec.json.encode(stats).removesuffix(b"[]}")
        async for chunk in _hotspots(database):
            yield chunk
        yield b"}"

    return sent(await lists.read(question_of(request), read))


@get("/api/locations/hotspots", tags=["Locations"], opt={FROM_DATABASE: True}, responses=_HOTSPOTS)
async def list_hotspots(
    request: Request[Any, Any, Any], context: NamedDependency[ApiContext], lists: NamedDependency[SharedLists]
) -> Stream:
    """Where photos were taken together and no location is named, most photos first."""
    return sent(await lists.read(question_of(request), lambda: _hotspots(context.bench.database)))


@get("/api/locations/{location_id:str}", tags=["Locations"], opt={FROM_DATABASE: True})
async def get_location(context: NamedDependency[ApiContext], location_id: FromPath[str]) -> Location:
    """One location."""
    return location_of(await counted_location(context.bench.database, location_id))


@post("/api/locations", tags=["Locations"])
async def make_location(context: NamedDependency[ApiContext], data: JSONBody[NewLocation]) -> Location:
    """Names a place; what is there is looked up where nobody says."""
    values = _checked(msgspec.structs.asdict(data))
    if data.place_name is None:
        values |= (await _looked_up(context, values["latitude"], values["longitude"]))[1]
    return await _store(context, values)


@post("/api/locations/from-coordinates", tags=["Locations"])
async def make_from_coordinates(context: NamedDependency[ApiContext], data: JSONBody[Coordinates]) -> Location:
    """Makes a location of a position; without a name it is called as what is there."""
    values = _checked(msgspec.structs.asdict(data))
    name, named = await _looked_up(context, values["latitude"], values["longitude"])
    values["name"] = data.name or name
    return await _store(context, values | named | {"is_user_defined": True})


@patch("/api/locations/{location_id:str}", tags=["Locations"])
async def update_location(
    context: NamedDependency[ApiContext], location_id: FromPath[str], data: JSONBody[LocationChange]
) -> Location:
    """Changes a location; what is not told stays."""
    told = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not UNSET}
    async with context.bench.database.write() as connection:
        await change_location(connection, location_id, _checked(told))
    return location_of(await counted_location(context.bench.database, location_id))


@delete("/api/locations/{location_id:str}", tags=["Locations"], status_code=200)
async def delete_location(context: NamedDependency[ApiContext], location_id: FromPath[str]) -> LocationRemoved:
    """Takes a name away; photos stay as they are."""
    async with context.bench.database.write() as connection:
        name = await remove_location(connection, location_id)
    return LocationRemoved(f"The location {name} was removed.")


async def _hotspots(database: Database) -> AsyncIterator[bytes]:
    """All hotspots as one JSON array, in chunks."""
    async for chunk in made_in_thread(encoded_hotspots(await hotspots(database))):
        yield chunk


async def _store(context: ApiContext, values: dict[str, Any]) -> Location:
    async with context.bench.database.write() as connection:
        location_id = await add_location(connection, values)
    return location_of(await counted_location(context.bench.database, location_id))


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    limits = {"latitude": 90, "longitude": 180}
    stored = {key: stored_degrees(values[key], key, limit) for key, limit in limits.items() if key in values}
    return values | stored


async def _place(context: ApiContext, latitude: str, longitude: str) -> Place | None:
    cache = str(context.bench.layout.cache)
    try:
        return await context.bench.compute.run(find_place, float(latitude), float(longitude), cache)
    except WorkerLost as error:
        log.warning("the town of a location could not be looked up", reason=str(error))
        return None


async def _looked_up(context: ApiContext, latitude: str, longitude: str) -> tuple[str, dict[str, str]]:
    """A name for a position, and what is there: as the owner's server says, else the town, which nobody is asked."""
    if context.geocoder is not None:
        found = await context.geocoder.name_of(float(latitude), float(longitude))
        if found is not None:
            return found.name, {"place_name": found.name, "place_type": found.type}
    place = await _place(context, latitude, longitude)
    if place is None:
        return "Unknown place", {}
    return place.name, {"place_name": place.label, "place_type": MUNICIPAL}


ROUTES = [
    list_locations,
    get_stats,
    list_hotspots,
    get_location,
    make_location,
    make_from_coordinates,
    update_location,
    delete_location,
]
