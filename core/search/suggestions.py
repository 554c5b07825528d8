"""What might a person be about to type? Tags, people and places that have these letters in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Row, case, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.search_sql import FACTS, WORDS, WordKind, different_words
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
        Among.TAGS: [_words(query, WordKind.KEYWORD, "tag"), _words(query, WordKind.TAG, "tag")],
        Among.PEOPLE: [_people(query)],
        Among.LOCATIONS: [_words(query, WordKind.PLACE, "location"), _named_locations(query)],
    }
    wanted = [part for name, parts in sources.items() if among in (Among.ALL, name) for part in parts]
    found = union_all(*wanted).subquery()
    # a word that is a keyword and an AI tag counts as the one that more photos have
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


def _words(query: str, kind: WordKind, name: str) -> Any:
    """Words of photos; only those that fit are counted."""
    words = different_words(kind)
    photos = (
        select(func.count(WORDS.c.id.distinct()))
        .join(FACTS, FACTS.c.id == WORDS.c.id)
        .where(WORDS.c.kind == kind, WORDS.c.word == words.c.word, FACTS.c.is_shown.is_(True))
        .correlate(words)
        .scalar_subquery()
    )
    return select(words.c.word.label("text"), literal(name).label("kind"), photos.label("count")).where(
        words.c.word.icontains(query, autoescape=True)
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


def _named_locations(query: str) -> Any:
    return select(
        Location.name.label("text"),
        literal("location").label("kind"),
        func.coalesce(Location.photo_count, 0).label("count"),
    ).where(Location.name.icontains(query, autoescape=True))
