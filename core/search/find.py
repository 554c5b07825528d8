"""A search: a page of photos, and what all that was found is made of.

The page is one statement, the counts are two; they run at the same time. Photos with the same facets, and with the same
keywords, are counted together, of which there are far fewer than photos. A word that is in very many photos does not
tell which of them is meant: beyond :data:`MOST_RANKED` relevance is age, as ranking would take longer than finding.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Subquery, func, select

from core.db.engine import Database
from core.db.search_sql import (
    FACETS,
    FACTS,
    KEYWORDS,
    containing,
    facts_containing,
    facts_scanned,
    is_scanned,
    ordered_by_relevance,
)
from core.library.photos import PhotoRow, photos_in_order
from core.search.filters import Filter, conditions, has_facets, names_photos
from core.search.terms import terms_of

MOST_RANKED = 20_000
"""Of more photos with the words than these, the newest come first. bm25 takes about 2 µs for each."""


class Order(StrEnum):
    """What photos may be sorted by; :attr:`RELEVANCE` is ours, and needs a query."""

    CREATED_AT = "createdAt"
    RATING = "rating"
    FILE_SIZE = "fileSize"
    CONFIDENCE = "confidence"
    EVENT_NAME = "eventName"
    RELEVANCE = "relevance"


@dataclass(frozen=True)
class Facets:
    """How many of what was found have each value; values that nothing has are left out, and ratings of 0."""

    tiers: Counter[str] = field(default_factory=Counter)
    ratings: Counter[str] = field(default_factory=Counter)
    event_types: Counter[str] = field(default_factory=Counter)
    mime_types: Counter[str] = field(default_factory=Counter)
    cameras: Counter[str] = field(default_factory=Counter)
    keywords: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Found:
    """A page of photos, how many there are in all, and their facets."""

    photos: Sequence[PhotoRow]
    total: int
    facets: Facets


_COLUMNS = {
    Order.CREATED_AT: FACTS.c.created_at,
    Order.RATING: FACTS.c.rating,
    Order.FILE_SIZE: FACTS.c.file_size,
    Order.CONFIDENCE: FACTS.c.confidence,
    Order.EVENT_NAME: FACTS.c.event_name,
}


async def find(
    database: Database,
    wanted: Filter,
    *,
    order: Order = Order.CREATED_AT,
    ascending: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> Found:
    """Searches. Photos with the same sort value are in the order of their ids; without a query, relevance is age."""
    photos, (total, facets) = await asyncio.gather(
        _page(database, wanted, order, ascending, limit, offset), _facets(database, wanted)
    )
    return Found(photos, total, facets)


async def facets_of(database: Database, wanted: Filter) -> Facets:
    """The facets alone."""
    _, facets = await _facets(database, wanted)
    return facets


async def page_of(
    database: Database, wanted: Filter, *, limit: int, offset: int, order: Order = Order.CREATED_AT
) -> tuple[Sequence[PhotoRow], int]:
    """The photos alone, and how many there are in all."""
    photos, (total, _) = await asyncio.gather(
        _page(database, wanted, order, False, limit, offset), _counts(database, wanted)
    )
    return photos, total


async def _page(
    database: Database, wanted: Filter, order: Order, ascending: bool, limit: int, offset: int
) -> Sequence[PhotoRow]:
    if limit == 0:
        return []
    terms = terms_of(wanted.query or "")
    if order is Order.RELEVANCE and await _tells_ranks(database, terms):
        # first all that match, then the filters: the other way round the index of texts would be asked photo by photo
        ranked = ordered_by_relevance(database.dialect, terms).cte("ranked").prefix_with("MATERIALIZED")
        rest = conditions(msgspec.structs.replace(wanted, query=None), database.dialect)
        statement = select(FACTS.c.version_id).join(ranked, ranked.c[0] == FACTS.c.id).where(*rest)
        key: ColumnElement[Any] = ranked.c.relevance
    elif terms and is_scanned(database.dialect, terms):
        statement = facts_scanned(terms).where(*conditions(wanted, database.dialect, with_query=False))
        key = _COLUMNS.get(order, FACTS.c.created_at)
    else:
        statement = select(FACTS.c.version_id).where(*conditions(wanted, database.dialect))
        key = _COLUMNS.get(order, FACTS.c.created_at)
    # ids in the direction of the rest, so that an index that ends with them gives the whole order
    ordering = (key.asc(), FACTS.c.version_id.asc()) if ascending else (key.desc(), FACTS.c.version_id.desc())
    page = statement.add_columns(key.label("place")).order_by(*ordering).limit(limit).offset(offset).subquery()
    async with database.read() as connection:
        photos: Sequence[PhotoRow] = (await connection.execute(photos_in_order(page, ascending=ascending))).all()
    return photos


async def _tells_ranks(database: Database, terms: Sequence[str]) -> bool:
    if not terms or is_scanned(database.dialect, terms):
        return False
    some = containing(database.dialect, terms).limit(MOST_RANKED + 1).subquery()
    async with database.read() as connection:
        number: int = (await connection.execute(select(func.count()).select_from(some))).scalar_one()
    return number <= MOST_RANKED


async def _facets(database: Database, wanted: Filter) -> tuple[int, Facets]:
    (total, facets), keywords = await asyncio.gather(_counts(database, wanted), _keywords(database, wanted))
    facets.keywords.update(keywords)
    return total, facets


def _grouped(wanted: Filter, dialect: str, column: ColumnElement[int]) -> Subquery:
    """``number`` of what is found by the values (``value``) of a column of the facts."""
    # where a filter has a list or an index of its own to begin with; else the index by the column has groups in order
    is_filter_first = names_photos(wanted) or (has_facets(wanted) and column is not FACTS.c.facet_id)
    value = column + 0 if is_filter_first else column
    counted = select(value.label("value"), func.count().label("number")).where(
        *conditions(wanted, dialect, is_counting=True, with_query=False)
    )
    if terms := terms_of(wanted.query or ""):
        counted = counted.select_from(facts_containing(dialect, terms))
    return counted.group_by(value).subquery()


async def _counts(database: Database, wanted: Filter) -> tuple[int, Facets]:
    counted = _grouped(wanted, database.dialect, FACTS.c.facet_id)
    statement = select(
        FACETS.c.tier, FACETS.c.rating, FACETS.c.event_type, FACETS.c.mime_type, FACETS.c.camera, counted.c.number
    ).join(counted, counted.c.value == FACETS.c.id)
    async with database.read() as connection:
        rows = (await connection.execute(statement)).all()
    total, facets = 0, Facets()
    for tier, rating, event_type, mime_type, camera, number in rows:
        total += number
        facets.tiers[tier] += number
        facets.mime_types[mime_type] += number
        if rating:
            facets.ratings[str(rating)] += number
        if event_type:
            facets.event_types[event_type] += number
        if camera:
            facets.cameras[camera] += number
    return total, facets


async def _keywords(database: Database, wanted: Filter) -> Counter[str]:
    counted = _grouped(wanted, database.dialect, FACTS.c.keywords_id)
    statement = select(KEYWORDS.c.words, counted.c.number).join(counted, counted.c.value == KEYWORDS.c.id)
    async with database.read() as connection:
        rows = (await connection.execute(statement)).all()
    return await asyncio.to_thread(_added_up, rows)


def _added_up(rows: Sequence[Row[str, int]]) -> Counter[str]:
    keywords: Counter[str] = Counter()
    for words, number in rows:
        for word in dict.fromkeys(msgspec.json.decode(words)):
            keywords[word] += number
    return keywords
