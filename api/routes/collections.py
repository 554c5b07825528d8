"""Collections, and the smart ones under all their addresses."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET

from api.context import ApiContext
from api.known_answers import FROM_DATABASE
from api.schemas.collection import (
    Added,
    Collection,
    CollectionChange,
    CollectionStats,
    Done,
    Members,
    NewCollection,
    NewSmartCollection,
    Organized,
    OrganizedCollection,
    Removed,
    SmartCollection,
    Toggle,
    Toggled,
    Told,
    collection_of,
    smart_of,
)
from api.schemas.photo import Photo, photo_of
from api.schemas.timestamp import timestamp
from core.collections.rules import read_rules
from core.collections.smart import (
    change_rules,
    covers_of,
    known_members,
    organize,
    photos_of,
    put_smart,
    set_active,
    smart_view,
    smart_views,
)
from core.collections.statistics import last_added
from core.collections.store import (
    add_collection,
    add_photos,
    change_collection,
    counted_collections,
    find_collection,
    remove_collection,
    remove_photos,
)
from core.db.engine import Database
from core.errors import NotFound

_SMART = ["/api/smart-collections", "/api/collections/smart-collections"]


def _smart_paths(rest: str) -> list[str]:
    return [f"{path}{rest}" for path in _SMART]


def _told(data: msgspec.Struct) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(data).items() if value is not UNSET}


async def _counted(database: Database, only: str | None = None) -> list[Collection]:
    async with database.read() as connection:
        rows = await counted_collections(connection, only)
        smart = await known_members(connection, database.dialect, [row for row in rows if row.is_smart_collection])
        covers = await covers_of(connection, smart)
    return [
        collection_of(row, covers.get(row.id), smart[row.id].number)
        if row.id in smart
        else collection_of(row, row.newest_path, row.photo_count)
        for row in rows
    ]


@get("/api/collections", tags=["Collections"], opt={FROM_DATABASE: True})
async def list_collections(context: NamedDependency[ApiContext]) -> list[Collection]:
    """Collections, newest first; a smart one counts what its rules let in now."""
    return await _counted(context.bench.database)


@post("/api/collections", tags=["Collections"], status_code=200)
async def make_collection(context: NamedDependency[ApiContext], data: JSONBody[NewCollection]) -> Collection:
    """Makes a collection."""
    read_rules(data.smart_rules)
    async with context.bench.database.write() as connection:
        return collection_of(await add_collection(connection, msgspec.structs.asdict(data)))


@post("/api/collections/smart/update", tags=["Collections"], status_code=200)
async def update_smart_collections(context: NamedDependency[ApiContext]) -> Done:
    """The same as organizing them."""
    async with context.bench.database.write() as connection:
        await organize(connection, context.bench.database.dialect)
    return Done(True)


@get(_smart_paths(""), tags=["Collections"], opt={FROM_DATABASE: True})
async def list_smart_collections(context: NamedDependency[ApiContext]) -> list[SmartCollection]:
    """Smart collections, newest first, with their photos counted as they are now."""
    database = context.bench.database
    async with database.read() as connection:
        return [smart_of(view) for view in await smart_views(connection, database.dialect)]


@post(_smart_paths(""), tags=["Collections"], status_code=200)
async def make_smart_collection(
    context: NamedDependency[ApiContext], data: JSONBody[NewSmartCollection]
) -> SmartCollection:
    """Makes a smart collection of weighted or boolean rules; one of the same name is changed instead."""
    database = context.bench.database
    async with database.write() as connection:
        collection_id = await put_smart(connection, database.dialect, _told(data))
        return smart_of(await smart_view(connection, database.dialect, collection_id))


@post(_smart_paths("/organize"), tags=["Collections"], status_code=200)
async def organize_smart_collections(context: NamedDependency[ApiContext]) -> Organized:
    """Looks at all photos for every active smart collection and tells how many are new in each."""
    async with context.bench.database.write() as connection:
        found = await organize(connection, context.bench.database.dialect)
    total = sum(one.photos_added for one in found)
    told = [OrganizedCollection(one.id, one.name, one.photos_added) for one in found]
    photos = "1 photo is" if total == 1 else f"{total} photos are"
    collections = "1 smart collection" if len(found) == 1 else f"{len(found)} smart collections"
    return Organized(f"{photos} new in {collections}.", total, told)


@patch(_smart_paths("/{collection_id:str}/toggle"), tags=["Collections"])
async def toggle_smart_collection(
    context: NamedDependency[ApiContext], collection_id: FromPath[str], data: JSONBody[Toggle]
) -> Toggled:
    """Follows the rules of a smart collection, or lets it be as it is."""
    async with context.bench.database.write() as connection:
        await set_active(connection, context.bench.database.dialect, collection_id, data.is_active)
    return Toggled(True, data.is_active)


@get(
    [*_smart_paths("/{collection_id:str}/photos"), "/api/collections/{collection_id:str}/photos"],
    tags=["Collections"],
    opt={FROM_DATABASE: True},
)
async def get_collection_photos(context: NamedDependency[ApiContext], collection_id: FromPath[str]) -> list[Photo]:
    """The photos of a collection: those added last first, of a smart one the newest first."""
    database = context.bench.database
    async with database.read() as connection:
        return [photo_of(row) for row in await photos_of(connection, database.dialect, collection_id)]


@post("/api/collections/{collection_id:str}/photos", tags=["Collections"], status_code=200)
async def put_in(context: NamedDependency[ApiContext], collection_id: FromPath[str], data: JSONBody[Members]) -> Added:
    """Puts photos into a collection; those that are in it stay."""
    async with context.bench.database.write() as connection:
        return Added(True, await add_photos(connection, collection_id, data.photo_ids))


@delete("/api/collections/{collection_id:str}/photos", tags=["Collections"], status_code=200)
async def take_out(
    context: NamedDependency[ApiContext], collection_id: FromPath[str], data: JSONBody[Members]
) -> Removed:
    """Takes photos out of a collection."""
    async with context.bench.database.write() as connection:
        return Removed(True, await remove_photos(connection, collection_id, data.photo_ids))


@get("/api/collections/{collection_id:str}/stats", tags=["Collections"], opt={FROM_DATABASE: True})
async def get_stats(context: NamedDependency[ApiContext], collection_id: FromPath[str]) -> CollectionStats:
    """What a collection is made of."""
    database = context.bench.database
    async with database.read() as connection:
        await find_collection(connection, collection_id)
        rows = await photos_of(connection, database.dialect, collection_id)
        newest = await last_added(connection, collection_id)
    ratings = [row.rating for row in rows if row.rating]
    tiers = Counter(row.tier for row in rows)
    return CollectionStats(
        total_photos=len(rows),
        last_added=None if newest is None else timestamp(newest),
        file_types=dict(Counter(row.mime_type for row in rows).most_common()),
        tier_distribution={tier: tiers[tier] for tier in ("bronze", "silver", "gold")},
        avg_rating=round(sum(ratings) / len(ratings), 2) if ratings else None,
    )


@get("/api/collections/{collection_id:str}", tags=["Collections"], opt={FROM_DATABASE: True})
async def get_collection(
    context: NamedDependency[ApiContext],
    collection_id: FromPath[str],
    include_photos: Annotated[bool, QueryParameter(name="includePhotos")] = False,
) -> Collection:
    """One collection, counted as in the list, with its photos if they are asked for."""
    database = context.bench.database
    counted = await _counted(database, collection_id)
    if not counted:
        raise NotFound(f"There is no collection {collection_id}.")
    (collection,) = counted
    if include_photos:
        async with database.read() as connection:
            collection.photos = [photo_of(row) for row in await photos_of(connection, database.dialect, collection_id)]
        collection.photo_count = len(collection.photos)
    return collection


@patch("/api/collections/{collection_id:str}", tags=["Collections"])
async def update_collection(
    context: NamedDependency[ApiContext], collection_id: FromPath[str], data: JSONBody[CollectionChange]
) -> Collection:
    """Changes a collection; what is not told stays, also what ``smartRules`` tell beside the rules."""
    values = _told(data)
    change = change_rules if "smart_rules" in values else change_collection
    async with context.bench.database.write() as connection:
        return collection_of(await change(connection, collection_id, values))


@delete("/api/collections/{collection_id:str}", tags=["Collections"], status_code=200)
async def delete_collection(context: NamedDependency[ApiContext], collection_id: FromPath[str]) -> Told:
    """Removes a collection, and none of its photos."""
    async with context.bench.database.write() as connection:
        await remove_collection(connection, collection_id)
    return Told(True, "The collection was removed; its photos are where they were.")


ROUTES = [
    list_collections,
    make_collection,
    update_smart_collections,
    list_smart_collections,
    make_smart_collection,
    organize_smart_collections,
    toggle_smart_collection,
    get_collection_photos,
    put_in,
    take_out,
    get_stats,
    get_collection,
    update_collection,
    delete_collection,
]
