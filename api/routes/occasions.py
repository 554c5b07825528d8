"""Trips, outings and parties: what the daemon proposes, and what a person says of it."""

from __future__ import annotations

from typing import Annotated

from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.context import ApiContext
from api.schemas.occasion import Occasion, OccasionAccepted, OccasionName, Occasions, occasion_of
from api.schemas.photo import Photo, photo_of
from core.db.in_batches import all_rows
from core.library.photos import MOST
from core.occasions.matching import OccasionState
from core.occasions.store import accept, dismiss, find_occasion, list_occasions, photos_of, rename, undo

PAGE = 100
"""Occasions of a list when nobody says how many."""


@get("/api/daemon/occasions", tags=["Occasions"])
async def get_occasions(
    context: NamedDependency[ApiContext],
    only: Annotated[OccasionState | None, QueryParameter(name="state")] = None,
    limit: Annotated[int, QueryParameter(ge=0, le=1000)] = PAGE,
    offset: Annotated[int, QueryParameter(ge=0, le=MOST)] = 0,
) -> Occasions:
    """Occasions with how many photos they have and the first of them, the latest first; all, or those in a state."""
    async with context.bench.database.read() as connection:
        rows, total = await list_occasions(connection, only, limit=limit, offset=offset)
    return Occasions([occasion_of(row) for row in rows], total)


@get("/api/daemon/occasions/{occasion_id:str}", tags=["Occasions"])
async def get_occasion(context: NamedDependency[ApiContext], occasion_id: FromPath[str]) -> Occasion:
    """One occasion."""
    async with context.bench.database.read() as connection:
        return occasion_of(await find_occasion(connection, occasion_id))


@get("/api/daemon/occasions/{occasion_id:str}/photos", tags=["Occasions"])
async def get_occasion_photos(context: NamedDependency[ApiContext], occasion_id: FromPath[str]) -> list[Photo]:
    """The photos of an occasion in the order they were taken."""
    async with context.bench.database.read() as connection:
        await find_occasion(connection, occasion_id)
        return [photo_of(row) for row in await all_rows(connection, photos_of(occasion_id))]


@post("/api/daemon/occasions/{occasion_id:str}/accept", tags=["Occasions"], status_code=200)
async def accept_occasion(
    context: NamedDependency[ApiContext], occasion_id: FromPath[str], data: JSONBody[OccasionAccepted]
) -> Occasion:
    """Gives its photos the event, where they have none; of an accepted one, those that have come since."""
    async with context.bench.database.write() as connection:
        await accept(connection, occasion_id, data.name)
        occasion = occasion_of(await find_occasion(connection, occasion_id))
    return _told(context, occasion)


@put("/api/daemon/occasions/{occasion_id:str}/name", tags=["Occasions"])
async def rename_occasion(
    context: NamedDependency[ApiContext], occasion_id: FromPath[str], data: JSONBody[OccasionName]
) -> Occasion:
    """Calls an occasion something else, and the event that it gave its photos."""
    async with context.bench.database.write() as connection:
        await rename(connection, occasion_id, data.name)
        occasion = occasion_of(await find_occasion(connection, occasion_id))
    return _told(context, occasion)


@post("/api/daemon/occasions/{occasion_id:str}/dismiss", tags=["Occasions"], status_code=200)
async def dismiss_occasion(context: NamedDependency[ApiContext], occasion_id: FromPath[str]) -> Occasion:
    """Says that it is none; it is not proposed again."""
    async with context.bench.database.write() as connection:
        await dismiss(connection, occasion_id)
        occasion = occasion_of(await find_occasion(connection, occasion_id))
    return _told(context, occasion)


@post("/api/daemon/occasions/{occasion_id:str}/undo", tags=["Occasions"], status_code=200)
async def undo_occasion(context: NamedDependency[ApiContext], occasion_id: FromPath[str]) -> Occasion:
    """Takes back that it was accepted or dismissed, and from its photos the event that it gave them."""
    async with context.bench.database.write() as connection:
        await undo(connection, occasion_id)
        occasion = occasion_of(await find_occasion(connection, occasion_id))
    return _told(context, occasion)


def _told(context: ApiContext, occasion: Occasion) -> Occasion:
    name = occasion.name or occasion.title
    context.feed.announce("occasion", id=occasion.id, state=occasion.state.value, name=name)
    return occasion


ROUTES = (
    get_occasions,
    get_occasion,
    get_occasion_photos,
    accept_occasion,
    rename_occasion,
    dismiss_occasion,
    undo_occasion,
)
