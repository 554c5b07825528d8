"""Searching: what is asked, and what is found."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct, field
from msgspec.structs import asdict

from api.schemas.photo import Photo, photo_of
from api.schemas.tag import LibraryTag
from api.schemas.timestamp import Timestamp
from core.errors import BadRequest
from core.library.photos import MOST
from core.search.dates import first_moment, last_moment
from core.search.facets import Facets, MoreFacets
from core.search.filters import Filter
from core.search.find import Found
from core.search.order import Order
from core.search.similar import is_hash

Text: TypeAlias = Annotated[str, Meta(pattern=r"^[^\0]*$", max_length=1_000)]
Texts: TypeAlias = Annotated[list[Text], Meta(max_length=1_000)]
Percent: TypeAlias = Annotated[float, Meta(ge=0, le=100)]
Page: TypeAlias = Annotated[int, Meta(ge=0, le=MOST)]

DEFAULT_LIMIT = 50


class RatingRange(Struct):
    """Inclusive; no rating counts as 0."""

    min: int | None = None
    max: int | None = None


class DateRange(Struct):
    """ISO 8601; inclusive, and a day as ``end`` covers all of it."""

    start: Text | None = None
    end: Text | None = None


class HashSimilarity(Struct):
    """A perceptual hash (64 characters of 0 and 1) and how similar another one has to be, in per cent."""

    hash: Annotated[str, Meta(pattern=r"^[01]{64}$")]
    threshold: Percent = 85


class Filters(Struct, rename="camel"):
    """All have to hold; what is left out, ``null`` or empty does not matter, and neither does ``hasGPS: false``."""

    query: Text | None = None
    tier: Text | None = None
    rating: RatingRange | None = None
    date_range: DateRange | None = None
    keywords: Texts | None = None
    event_type: Texts | None = None
    event_name: Text | None = None
    location: Text | None = None
    mime_type: Texts | None = None
    camera: Text | None = None
    lens: Text | None = None
    min_confidence: Percent | None = None
    people_ids: Texts | None = None
    has_gps: bool | None = field(default=None, name="hasGPS")
    collections: Texts | None = None
    is_reviewed: bool | None = None
    is_favorite: bool | None = None
    perceptual_hash_similarity: HashSimilarity | None = None


class Sort(Struct):
    """``relevance`` is for searches with a query; photos that are equal otherwise are sorted by id."""

    field: Order = Order.CREATED_AT
    direction: Literal["asc", "desc"] = "desc"


class Search(Struct):
    """A search; everything is optional."""

    filters: Filters | None = None
    sort: Sort | None = None
    limit: Page = DEFAULT_LIMIT
    offset: Page = 0


class FacetCounts(Struct, rename="camel"):
    """How many of the photos that were found have each value; values that none has are left out."""

    tiers: dict[str, int]
    ratings: dict[str, int]
    event_types: dict[str, int]
    mime_types: dict[str, int]
    cameras: dict[str, int]
    keywords: dict[str, int]


class AllFacetCounts(FacetCounts, rename="camel"):
    """The same with the people in the photos by name, the AI tags, and the years the photos are of."""

    people: dict[str, int]
    tags: dict[str, int]
    years: dict[str, int]


class SearchResult(Struct, rename="camel"):
    """A page of photos; ``totalCount`` is how many there are on all pages."""

    photos: list[Photo]
    total_count: int
    facets: FacetCounts


class SimpleResult(Struct, rename="camel"):
    """A page of photos, what was looked for, and the filters that were applied."""

    photos: list[Photo]
    total_count: int
    query: str
    filters_applied: dict[str, str | int | list[str]]


class TaggedPhotos(Struct, rename="camel"):
    """A page of the photos with a tag."""

    tag: str
    photos: list[Photo]
    total_count: int
    limit: int
    offset: int


class SuggestedText(Struct):
    """Something to look for: ``kind`` is ``tag``, ``person`` or ``location``, ``count`` the photos that have it."""

    text: str
    kind: str
    count: int


class Suggestions(Struct):
    """What one may be about to type."""

    query: str
    suggestions: list[SuggestedText]
    type: str


class FoundTags(Struct, rename="camel"):
    """Rows of the tag library; ``totalFound`` counts those beyond the limit, too."""

    query: str
    tags: list[LibraryTag]
    total_found: int


class SimilarPhoto(Struct, rename="camel"):
    """A photo that looks like another one; ``similarity`` is in per cent."""

    id: str
    file_path: str
    perceptual_hash: str
    tier: str
    original_filename: str
    similarity: int


def filter_of(filters: Filters | None) -> Filter:
    """What the search is told, but for ``perceptualHashSimilarity``. Raises :class:`BadRequest` for what is no date."""
    if filters is None:
        return Filter()
    rating, dates = filters.rating or RatingRange(), filters.date_range or DateRange()
    similarity = filters.perceptual_hash_similarity
    if similarity is not None and not is_hash(similarity.hash):
        raise BadRequest("A perceptual hash is 64 characters of 0 and 1.")
    return Filter(
        query=filters.query or None,
        tier=filters.tier or None,
        min_rating=rating.min,
        max_rating=rating.max,
        start=first_moment(dates.start) if dates.start else None,
        end=last_moment(dates.end) if dates.end else None,
        keywords=[word for word in filters.keywords or () if word],
        event_types=filters.event_type or (),
        event_name=filters.event_name or None,
        location=filters.location or None,
        mime_types=filters.mime_type or (),
        camera=filters.camera or None,
        lens=filters.lens or None,
        min_confidence=filters.min_confidence,
        people=filters.people_ids or (),
        has_gps=filters.has_gps or None,
        collections=filters.collections or (),
        is_reviewed=filters.is_reviewed,
        is_favorite=filters.is_favorite,
    )


def facets_as_json(facets: Facets) -> FacetCounts:
    """The facets, most frequent values first."""
    return FacetCounts(**{name: dict(getattr(facets, name).most_common()) for name in FacetCounts.__struct_fields__})


def all_facets_as_json(facets: Facets, more: MoreFacets) -> AllFacetCounts:
    """All facets, most frequent values first."""
    counted = asdict(facets_as_json(facets))
    others = {name: dict(getattr(more, name).most_common()) for name in ("people", "tags", "years")}
    return AllFacetCounts(**counted, **others)


def result_of(found: Found) -> SearchResult:
    """What was found as it goes over the wire."""
    return SearchResult([photo_of(row) for row in found.photos], found.total, facets_as_json(found.facets))


class NewSavedSearch(Struct):
    """A search to keep."""

    name: Annotated[Text, Meta(min_length=1)]
    filters: Filters
    description: Text | None = None
    sort: Sort | None = None


class SearchSaved(Struct, rename="camel"):
    """It is kept, as a smart collection."""

    success: bool
    collection_id: str
    message: str


class SavedSearch(Struct, rename="camel"):
    """A kept search: its boolean rules, and under ``savedSearch`` in them the filters and the order as they came."""

    id: str
    name: str
    description: str | None
    rules: dict[str, Any]
    is_active: bool
    created_at: Timestamp
    updated_at: Timestamp


class SearchForgotten(Struct):
    """It is removed."""

    success: bool
    message: str
