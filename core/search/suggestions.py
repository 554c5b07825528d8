"""What might a person be about to type? Tags, people and places that have these letters in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Row, case, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.search_sql import FACTS, WORDS
from core.db.tables import Face, FileVersion, LibraryTag, Location, Person


class Among(StrEnum):
    """Where suggestions come from."""

    ALL = "all"
    TAGS = "tags"
    PEOPLE = "people"
    LOCATIONS = "locations"


class Suggestion(msgspec.Struct, frozen=True):
    """``kind`` is ``tag``, ``person`` or ``location``; ``count`` the photos that have it."""

    text: str
    kind: str
    count: int


async def suggestions(connection: AsyncConnection, query: str, among: Among, limit: int) -> list[Suggestion]:
    """At most ``limit`` suggestions, those that begin with the query first, then the most used."""
    sources = {
        Among.TAGS: [_tags(query)],
        Among.PEOPLE: [_people(query)],
        Among.LOCATIONS: [_locations(query), _named_locations(query)],
    }
    wanted = [part for name, parts in sources.items() if among in (Among.ALL, name) for part in parts]
    found = union_all(*wanted).subquery()
    text, count = found.c.text, func.max(found.c.count)
    begins = case((func.lower(text).startswith(query.lower(), autoescape=True), 0), else_=1)
    statement = (
        select(text, found.c.kind, count)
        .group_by(text, found.c.kind)
        .order_by(begins, count.desc(), text, found.c.kind)
        .limit(limit)
    )
    return [Suggestion(*row) for row in await connection.execute(statement)]


async def library_tags_with(
    connection: AsyncConnection, query: str, limit: int
) -> tuple[Sequence[Row[str, int, datetime]], int]:
    """Rows of the tag library that have the query in them, most used first, and how many there are in all."""
    has_it = LibraryTag.tag.icontains(query, autoescape=True)
    total = (await connection.execute(select(func.count()).select_from(LibraryTag).where(has_it))).scalar_one()
    rows = (
        select(LibraryTag.tag, LibraryTag.usage_count, LibraryTag.created_at)
        .where(has_it)
        .order_by(LibraryTag.usage_count.desc(), LibraryTag.tag)
        .limit(limit)
    )
    return (await connection.execute(rows)).all(), total


def _tags(query: str) -> Any:
    """Keywords and AI tags of photos; the index by word counts them."""
    word = WORDS.c.word
    return (
        select(word.label("text"), literal("tag").label("kind"), func.count(WORDS.c.id.distinct()).label("count"))
        .join(FACTS, FACTS.c.id == WORDS.c.id)
        .where(word.icontains(query, autoescape=True), FACTS.c.is_shown.is_(True))
        .group_by(word)
    )


def _people(query: str) -> Any:
    photos = (
        select(func.count(FileVersion.media_asset_id.distinct()))
        .join(Face, Face.photo_id == FileVersion.id)
        .where(Face.person_id == Person.id, FileVersion.archived_at.is_(None))
        .correlate(Person)
        .scalar_subquery()
    )
    return select(Person.name.label("text"), literal("person").label("kind"), photos.label("count")).where(
        Person.name.icontains(query, autoescape=True)
    )


def _locations(query: str) -> Any:
    place = func.coalesce(
        func.nullif(FileVersion.location, ""), FileVersion.combined_metadata[("ai", "placeName")].as_string()
    )
    return (
        select(place.label("text"), literal("location").label("kind"), func.count().label("count"))
        .join(FACTS, FACTS.c.version_id == FileVersion.id)
        .where(place.icontains(query, autoescape=True), FACTS.c.is_shown.is_(True))
        .group_by(place)
    )


def _named_locations(query: str) -> Any:
    return select(
        Location.name.label("text"),
        literal("location").label("kind"),
        func.coalesce(Location.photo_count, 0).label("count"),
    ).where(Location.name.icontains(query, autoescape=True))
