"""Photos: lists, one photo, its history and versions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from api.context import ApiContext
from api.json_array import json_array
from api.known_answers import FROM_DATABASE, question_of
from api.schemas.history import HistoryEntry, history_entry_of
from api.schemas.photo import FilenamePreview, Photo, photo_of
from api.schemas.photo_list import encoded_photos
from api.shared_lists import SharedLists
from core.library.gold_name import gold_name_of
from core.library.photos import MOST, Listing, find_photo, history_of, recent_photos, versions_of

RECENT = 6
"""Photos of ``GET /api/photos/recent`` when nobody says how many."""


@get(
    "/api/photos",
    tags=["Photos"],
    opt={FROM_DATABASE: True},
    responses={200: ResponseSpec(list[Photo], generate_examples=False, description="Photos, newest first")},
)
async def get_photos(
    request: Request[Any, Any, Any],
    context: NamedDependency[ApiContext],
    lists: NamedDependency[SharedLists],
    tier: Annotated[
        str,
        QueryParameter(
            description="bronze, silver, gold, unprocessed or all_versions; without it, one photo per asset"
        ),
    ] = "",
    show_all_versions: Annotated[str, QueryParameter(name="showAllVersions")] = "",
    limit: Annotated[int | None, QueryParameter(ge=0, le=MOST, description="how many; all of them without it")] = None,
    offset: Annotated[int, QueryParameter(ge=0, le=MOST, description="how many to leave out before that")] = 0,
) -> Stream:
    """The photos of a tier, or the best version of each."""
    if tier not in set(Listing):
        return json_array([])

    # All is read before the first byte is sent: a slow client then holds no connection to the database, and what fails
    # can still be told with a status. Between batches other requests have their turn.
    async def read() -> AsyncIterator[bytes]:
        async with context.bench.database.read() as connection:
            async for chunk in encoded_photos(connection, Listing(tier), show_all_versions == "true", limit, offset):
                yield chunk

    return json_array(await lists.read(question_of(request), read))


@get("/api/photos/recent", tags=["Photos"], opt={FROM_DATABASE: True})
async def get_recent_photos(
    context: NamedDependency[ApiContext],
    limit: Annotated[str, QueryParameter(description=f"how many; {RECENT} without it")] = "",
) -> list[Photo]:
    """The newest versions of all tiers."""
    wanted = int(limit) if limit.isdecimal() and limit.isascii() else 0
    async with context.bench.database.read() as connection:
        return [photo_of(row) for row in await recent_photos(connection, min(wanted, MOST) or RECENT)]


@get("/api/photos/{photo_id:str}", tags=["Photos"], opt={FROM_DATABASE: True})
async def get_photo(context: NamedDependency[ApiContext], photo_id: FromPath[str]) -> Photo:
    """One photo with its history."""
    async with context.bench.database.read() as connection:
        photo = photo_of(await find_photo(connection, photo_id))
        photo.history = [history_entry_of(row) for row in await history_of(connection, photo_id)]
    return photo


@get("/api/photos/{photo_id:str}/history", tags=["Photos"], opt={FROM_DATABASE: True})
async def get_photo_history(context: NamedDependency[ApiContext], photo_id: FromPath[str]) -> list[HistoryEntry]:
    """What happened to the photo's asset, newest first."""
    async with context.bench.database.read() as connection:
        return [history_entry_of(row) for row in await history_of(connection, photo_id)]


@get("/api/photos/{photo_id:str}/versions", tags=["Photos"], opt={FROM_DATABASE: True})
async def get_photo_versions(context: NamedDependency[ApiContext], photo_id: FromPath[str]) -> list[Photo]:
    """All versions of the photo's asset: Gold, Silver, then the rest."""
    async with context.bench.database.read() as connection:
        return [photo_of(row) for row in await versions_of(connection, photo_id)]


@get("/api/photos/{photo_id:str}/filename-preview", tags=["Photos"])
async def preview_filename(context: NamedDependency[ApiContext], photo_id: FromPath[str]) -> FilenamePreview:
    """Its name as Gold, by the setting ``gold_naming_pattern``; where that is taken, a number is added."""
    async with context.bench.database.read() as connection:
        return FilenamePreview(await gold_name_of(connection, photo_id))


ROUTES = [get_photos, get_recent_photos, get_photo, get_photo_history, get_photo_versions, preview_filename]
