"""A search: a page of photos, and what all that was found is made of.

The page is one statement, the counts are two; they run at the same time.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, select

from core.db.engine import Database
from core.db.search_sql import FACETS, FACTS, WORDS, ordered_by_relevance
from core.library.photos import PhotoRow, photos_in_order
from core.search.filters import Filter, conditions
from core.search.terms import terms_of


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
    where = conditions(wanted, database.dialect)
    photos, (total, facets), keywords = await asyncio.gather(
        _page(database, wanted, where, order, ascending, limit, offset),
        _counts(database, where),
        _keywords(database, where),
    )
    facets.keywords.update(keywords)
    return Found(photos, total, facets)


async def facets_of(database: Database, wanted: Filter) -> Facets:
    """The facets alone."""
    where = conditions(wanted, database.dialect)
    (_, facets), keywords = await asyncio.gather(_counts(database, where), _keywords(database, where))
    facets.keywords.update(keywords)
    return facets


async def page_of(
    database: Database, wanted: Filter, *, limit: int, offset: int, order: Order = Order.CREATED_AT
) -> tuple[Sequence[PhotoRow], int]:
    """The photos alone, and how many there are in all."""
    where = conditions(wanted, database.dialect)
    photos, (total, _) = await asyncio.gather(
        _page(database, wanted, where, order, False, limit, offset), _counts(database, where)
    )
    return photos, total


async def _page(
    database: Database,
    wanted: Filter,
    where: Sequence[ColumnElement[bool]],
    order: Order,
    ascending: bool,
    limit: int,
    offset: int,
) -> Sequence[PhotoRow]:
    if limit == 0:
        return []
    statement = select(FACTS.c.version_id).where(*where)
    terms = terms_of(wanted.query or "")
    if order is Order.RELEVANCE and terms:
        ranked = ordered_by_relevance(database.dialect, terms).subquery()
        statement = statement.join(ranked, ranked.c[0] == FACTS.c.id)
        key: ColumnElement[Any] = ranked.c.relevance
    else:
        key = _COLUMNS.get(order, FACTS.c.created_at)
    # ids in the direction of the rest, so that an index that ends with them gives the whole order
    ordering = (key.asc(), FACTS.c.version_id.asc()) if ascending else (key.desc(), FACTS.c.version_id.desc())
    page = statement.add_columns(key.label("place")).order_by(*ordering).limit(limit).offset(offset).subquery()
    async with database.read() as connection:
        photos: Sequence[PhotoRow] = (await connection.execute(photos_in_order(page, ascending=ascending))).all()
    return photos


async def _counts(database: Database, where: Sequence[ColumnElement[bool]]) -> tuple[int, Facets]:
    counted = select(FACTS.c.facet_id, func.count().label("number")).where(*where).group_by(FACTS.c.facet_id).subquery()
    statement = select(
        FACETS.c.tier, FACETS.c.rating, FACETS.c.event_type, FACETS.c.mime_type, FACETS.c.camera, counted.c.number
    ).join(counted, counted.c.facet_id == FACETS.c.id)
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


async def _keywords(database: Database, where: Sequence[ColumnElement[bool]]) -> dict[str, int]:
    statement = (
        select(WORDS.c.word, func.count().label("number"))
        .join(FACTS, FACTS.c.id == WORDS.c.id)
        .where(WORDS.c.is_tag.is_(False), *where)
        .group_by(WORDS.c.word)
    )
    async with database.read() as connection:
        return {row.word: row.number for row in await connection.execute(statement)}
