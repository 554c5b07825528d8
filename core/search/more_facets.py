"""What else are the photos that were found made of? Counted only where it is asked for."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import Select, distinct, func, select
from sqlalchemy.orm import aliased

from core.db.engine import Database
from core.db.search_sql import FACTS, WORDS, WordKind
from core.db.tables import Face, FileVersion, Person
from core.search.filters import Filter, conditions


@dataclass(frozen=True)
class MoreFacets:
    """What costs more to count: people by name, AI tags, the years that photos are of."""

    people: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    years: Counter[str] = field(default_factory=Counter)


async def more_facets_of(database: Database, wanted: Filter) -> MoreFacets:
    """The facets that only ``GET /api/search/facets`` tells."""
    where = conditions(wanted, database.dialect)
    year = func.substr(FACTS.c.captured_at, 1, 4)
    years = select(year, func.count()).where(*where, FACTS.c.captured_at != "").group_by(year)
    tags = (
        select(WORDS.c.word, func.count())
        .join(FACTS, FACTS.c.id == WORDS.c.id)
        .where(WORDS.c.kind == WordKind.TAG, *where)
        .group_by(WORDS.c.word)
    )
    shown, seen = aliased(FileVersion), aliased(FileVersion)
    people = (
        select(Person.name, func.count(distinct(FACTS.c.version_id)))
        .join(Face, Face.person_id == Person.id)
        .join(seen, seen.id == Face.photo_id)
        .join(shown, shown.media_asset_id == seen.media_asset_id)
        .join(FACTS, FACTS.c.version_id == shown.id)
        .where(Face.ignored.is_(False), *where)
        .group_by(Person.name)
    )

    async def count(statement: Select[str, int]) -> Counter[str]:
        counted: Counter[str] = Counter()
        async with database.read() as connection:
            for value, number in await connection.execute(statement):
                counted[value] = number
        return counted

    return MoreFacets(*await asyncio.gather(count(people), count(tags), count(years)))
