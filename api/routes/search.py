"""Search: by filters, by words, what to look for, and searches that are kept."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.access import SCOPE
from api.context import ApiContext
from api.known_answers import FROM_DATABASE
from api.schemas.photo import photo_of
from api.schemas.search import (
    DEFAULT_LIMIT,
    AllFacetCounts,
    Filters,
    FoundTags,
    NewSavedSearch,
    SavedSearch,
    Search,
    SearchForgotten,
    SearchResult,
    SearchSaved,
    SimilarPhoto,
    SimpleResult,
    Sort,
    SuggestedText,
    Suggestions,
    TaggedPhotos,
    all_facets_as_json,
    filter_of,
    result_of,
)
from api.schemas.tag import LibraryTag
from api.schemas.timestamp import timestamp
from core.access import Scope
from core.errors import BadRequest
from core.library.photos import MOST
from core.search.filters import Filter
from core.search.find import facets_of, find, page_of
from core.search.loaded_index import LoadedIndex
from core.search.order import Order
from core.search.saved import forget_search, save_search, saved_searches
from core.search.similar import similar_hashes, similar_photos
from core.search.suggestions import Among, library_tags_with, suggestions

Offset = Annotated[int, QueryParameter(ge=0, le=MOST, description="how many to leave out before that")]


async def _complete(context: ApiContext, filters: Filters | None) -> Filter:
    """The filter, with the hashes that are like the one that was asked for."""
    wanted = filter_of(filters)
    similarity = filters.perceptual_hash_similarity if filters is not None else None
    if similarity is None:
        return wanted
    hashes = await similar_hashes(context.bench.database, similarity.hash, similarity.threshold)
    return msgspec.structs.replace(wanted, hashes=list(hashes))


@post("/api/photos/search", tags=["Search"], status_code=200, opt={SCOPE: Scope.READ, FROM_DATABASE: True})
async def search_photos(
    context: NamedDependency[ApiContext], search_index: NamedDependency[LoadedIndex], data: JSONBody[Search]
) -> SearchResult:
    """Photos that fit every filter: of each asset its best version, unless a tier is asked for.

    A photo fits a ``query`` that has all its words and quoted phrases, whatever their case and wherever in its names,
    tags, keywords, people, places, event or descriptions they stand, also within words.
    """
    sort = data.sort or Sort()
    found = await find(
        context.bench.database,
        search_index,
        await _complete(context, data.filters),
        order=sort.field,
        ascending=sort.direction == "asc",
        limit=data.limit,
        offset=data.offset,
    )
    return result_of(found)


@get("/api/search", tags=["Search"], opt={FROM_DATABASE: True})
async def search(
    context: NamedDependency[ApiContext],
    search_index: NamedDependency[LoadedIndex],
    q: Annotated[str, QueryParameter(max_length=1000, description="words and quoted phrases")] = "",
    tier: Annotated[str, QueryParameter(description="one version for each asset without it")] = "",
    tags: Annotated[str, QueryParameter(description="any of these, separated by commas")] = "",
    people: Annotated[str, QueryParameter(description="any of these names or ids, separated by commas")] = "",
    rating_min: Annotated[int | None, QueryParameter(name="ratingMin", ge=0, le=5)] = None,
    rating_max: Annotated[int | None, QueryParameter(name="ratingMax", ge=0, le=5)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = DEFAULT_LIMIT,
    offset: Offset = 0,
) -> SimpleResult:
    """The most relevant photos first; without words, the newest.

    The Python branch's variant answers in snake_case; as everywhere, the client's camelCase is what is sent.
    """
    _refuse_zero_bytes(q, tier, tags, people)
    wanted = Filter(
        query=q or None,
        tier=tier or None,
        keywords=_listed(tags),
        people=_listed(people),
        min_rating=rating_min,
        max_rating=rating_max,
    )
    rows, total = await page_of(
        context.bench.database, search_index, wanted, limit=limit, offset=offset, order=Order.RELEVANCE
    )
    given: dict[str, Any] = {
        "tier": tier,
        "tags": _listed(tags),
        "people": _listed(people),
        "ratingMin": rating_min,
        "ratingMax": rating_max,
    }
    applied = {name: value for name, value in given.items() if value not in ("", [], None)}
    return SimpleResult([photo_of(row) for row in rows], total, q, applied)


@get("/api/search/suggestions", tags=["Search"], opt={FROM_DATABASE: True})
async def suggest(
    context: NamedDependency[ApiContext],
    q: Annotated[str, QueryParameter(min_length=1, max_length=200)],
    kind: Annotated[Among, QueryParameter(name="type")] = Among.ALL,
    limit: Annotated[int, QueryParameter(ge=1, le=50)] = 10,
) -> Suggestions:
    """Tags, people and places that have these letters in them; those that begin with them first."""
    _refuse_zero_bytes(q)
    async with context.bench.database.read() as connection:
        found = await suggestions(connection, q, kind, limit)
    return Suggestions(q, [SuggestedText(each.text, each.kind, each.count) for each in found], kind)


@get("/api/search/facets", tags=["Search"], opt={FROM_DATABASE: True})
async def get_facets(
    context: NamedDependency[ApiContext],
    search_index: NamedDependency[LoadedIndex],
    filters: Annotated[str, QueryParameter(description="filters as of a search, as JSON text")] = "",
) -> AllFacetCounts:
    """What the photos that fit the filters are made of."""
    try:
        wanted = msgspec.json.decode(filters, type=Filters | None) if filters else None
    except msgspec.DecodeError as error:
        raise BadRequest(f"filters cannot be read: {error}.") from error
    complete = await _complete(context, wanted)
    return all_facets_as_json(*await facets_of(context.bench.database, search_index, complete))


@post("/api/search/save", tags=["Search"], status_code=200)
async def keep_search(context: NamedDependency[ApiContext], data: JSONBody[NewSavedSearch]) -> SearchSaved:
    """Keeps a search as a smart collection."""
    filter_of(data.filters)
    filters = {name: value for name, value in msgspec.to_builtins(data.filters).items() if value is not None}
    sort = None if data.sort is None else msgspec.to_builtins(data.sort)
    async with context.bench.database.write() as connection:
        collection_id = await save_search(connection, data.name, data.description, filters, sort)
    return SearchSaved(success=True, collection_id=collection_id, message=f"The search {data.name} was saved.")


@get("/api/search/saved", tags=["Search"], opt={FROM_DATABASE: True})
async def list_saved(context: NamedDependency[ApiContext]) -> list[SavedSearch]:
    """The searches that are kept, newest first."""
    async with context.bench.database.read() as connection:
        rows = await saved_searches(connection)
    return [
        SavedSearch(
            id=row.id,
            name=row.name,
            description=row.description,
            rules=row.smart_rules,
            is_active=True,
            created_at=timestamp(row.created_at),
            updated_at=timestamp(row.updated_at),
        )
        for row in rows
    ]


@delete("/api/search/saved/{search_id:str}", tags=["Search"], status_code=200)
async def remove_saved(context: NamedDependency[ApiContext], search_id: FromPath[str]) -> SearchForgotten:
    """Removes a search that was kept."""
    async with context.bench.database.write() as connection:
        name = await forget_search(connection, search_id)
    return SearchForgotten(success=True, message=f"The search {name} was removed.")


@get("/api/tags/search", tags=["Tags"], opt={FROM_DATABASE: True})
async def find_tags(
    context: NamedDependency[ApiContext],
    q: Annotated[str, QueryParameter(min_length=1, max_length=200)],
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
) -> FoundTags:
    """Rows of the tag library that have these letters in them, most used first."""
    _refuse_zero_bytes(q)
    async with context.bench.database.read() as connection:
        rows, total = await library_tags_with(connection, q, limit)
    return FoundTags(q, [LibraryTag(row.tag, row.usage_count, timestamp(row.created_at)) for row in rows], total)


@get("/api/photos/by-tag/{tag:path}", tags=["Tags"])
async def photos_by_tag(
    context: NamedDependency[ApiContext],
    search_index: NamedDependency[LoadedIndex],
    tag: FromPath[str],
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    offset: Offset = 0,
) -> TaggedPhotos:
    """Photos with this keyword or AI tag, whatever its case, newest first."""
    tag = tag.removeprefix("/")
    rows, total = await page_of(context.bench.database, search_index, Filter(tag=tag), limit=limit, offset=offset)
    return TaggedPhotos(tag, [photo_of(row) for row in rows], total, limit, offset)


@get("/api/photos/{photo_id:str}/similar", tags=["Photos"])
async def get_similar(
    context: NamedDependency[ApiContext],
    photo_id: FromPath[str],
    threshold: Annotated[float, QueryParameter(ge=0, le=100, description="per cent")] = 85,
    limit: Annotated[int, QueryParameter(ge=0, le=1000)] = 20,
) -> list[SimilarPhoto]:
    """Photos that look like this one, most alike first; none where it is unknown or has no perceptual hash."""
    found = await similar_photos(context.bench.database, photo_id, threshold, limit)
    return [SimilarPhoto(**msgspec.structs.asdict(photo)) for photo in found]


def _listed(text: str) -> list[str]:
    return [part for each in text.split(",") if (part := each.strip())]


def _refuse_zero_bytes(*texts: str) -> None:
    if any("\0" in text for text in texts):
        raise BadRequest("The query has a zero byte in it, which no text has.")


ROUTES = [
    *(search_photos, search, suggest, get_facets, keep_search, list_saved, remove_saved),
    *(find_tags, photos_by_tag, get_similar),
]
