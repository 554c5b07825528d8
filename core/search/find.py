"""A search: a page of photos, and what all that was found is made of.

What fits, in which order, and how many is asked of the photos at hand (:mod:`core.search.loaded_index`); members of
collections, assigned faces and hashes of the database, which has lists of them. The page itself is one statement.

What computes is imported by who searches first: numpy stays out of a daemon in which nobody does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from core.db.engine import Database
from core.db.search_sql import FACTS
from core.library.photos import PhotoRow, photos_by_id
from core.search.facets import Facets, MoreFacets
from core.search.filters import Filter, lists_of_photos
from core.search.loaded_index import LoadedIndex
from core.search.order import Order

if TYPE_CHECKING:
    from core.search.matches import Matches


@dataclass(frozen=True)
class Found:
    """A page of photos, how many there are in all, and their facets."""

    photos: Sequence[PhotoRow]
    total: int
    facets: Facets


async def find(
    database: Database,
    search_index: LoadedIndex,
    wanted: Filter,
    *,
    order: Order = Order.CREATED_AT,
    ascending: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> Found:
    """Searches. Photos with the same sort value are in the order of their ids; without a query, relevance is age."""
    from core.search import counting, ordering
    from core.search.matches import matches, terms_in

    snapshot, among = await search_index.current(), await _lists(database, wanted)

    def look() -> tuple[list[str], int, Facets]:
        found = matches(snapshot, wanted, among)
        versions = ordering.page(snapshot, found, terms_in(wanted), order, ascending, limit, offset)
        return versions, _number(found), counting.facets_of(snapshot, found)

    versions, total, facets = await asyncio.to_thread(look)
    return Found(await _photos(database, versions), total, facets)


async def page_of(
    database: Database,
    search_index: LoadedIndex,
    wanted: Filter,
    *,
    limit: int,
    offset: int,
    order: Order = Order.CREATED_AT,
) -> tuple[Sequence[PhotoRow], int]:
    """The photos alone, and how many there are in all."""
    from core.search import ordering
    from core.search.matches import matches, terms_in

    snapshot, among = await search_index.current(), await _lists(database, wanted)

    def look() -> tuple[list[str], int]:
        found = matches(snapshot, wanted, among)
        return ordering.page(snapshot, found, terms_in(wanted), order, False, limit, offset), _number(found)

    versions, total = await asyncio.to_thread(look)
    return await _photos(database, versions), total


async def facets_of(database: Database, search_index: LoadedIndex, wanted: Filter) -> tuple[Facets, MoreFacets]:
    """All facets, and no photos."""
    from core.search import counting
    from core.search.matches import matches

    snapshot, among = await search_index.current(), await _lists(database, wanted)

    def look() -> tuple[Facets, MoreFacets]:
        found = matches(snapshot, wanted, among)
        return counting.facets_of(snapshot, found), counting.more_facets_of(snapshot, found)

    return await asyncio.to_thread(look)


def _number(found: Sequence[Matches]) -> int:
    return sum(len(match.places) for match in found)


async def _lists(database: Database, wanted: Filter) -> list[list[int]]:
    """For each condition that the database keeps lists for, the ids of facts that fulfil it."""
    lists = []
    for condition in lists_of_photos(wanted):
        async with database.read() as connection:
            lists.append(list((await connection.execute(select(FACTS.c.id).where(condition))).scalars()))
    return lists


async def _photos(database: Database, versions: Sequence[str]) -> Sequence[PhotoRow]:
    """The photos in this order, without those that have gone in the meantime."""
    if not versions:
        return []
    async with database.read() as connection:
        by_id = {row.id: row for row in await photos_by_id(connection, versions)}
    return [by_id[version] for version in versions if version in by_id]
