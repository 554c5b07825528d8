"""The search index row by row, for who keeps it at hand; and which rows have changed since.

``search_changes`` says of each row of the facts when it last changed: on SQLite, whose writers take turns, by a number
that only grows; on PostgreSQL by the transaction, as those with a lower number may be committed later. There, whatever
was not yet visible is asked for again (https://www.postgresql.org/docs/current/functions-info.html).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, MetaData, Row, Select, Table, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.in_batches import all_rows
from core.db.search_sql import FACETS, FACTS, KEYWORDS, TEXTS_TABLE

CHANGES = Table(
    "search_changes",
    MetaData(),
    Column("id", BigInteger, primary_key=True),
    Column("changed", BigInteger),
)

ROWS: Select[Any] = (
    select(
        *(FACTS.c[name] for name in ("id", "version_id", "is_shown", "is_reviewed", "is_favorite", "has_gps")),
        *(FACTS.c[name] for name in ("created_at", "file_size", "confidence", "captured_at", "event_name")),
        *(FACETS.c[name] for name in ("tier", "rating", "event_type", "mime_type", "camera", "lens")),
        KEYWORDS.c.words,
        *(TEXTS_TABLE.c[name] for name in ("names", "tags", "places", "people", "description")),
    )
    .join(FACETS, FACETS.c.id == FACTS.c.facet_id)
    .join(KEYWORDS, KEYWORDS.c.id == FACTS.c.keywords_id)
    .join(TEXTS_TABLE, TEXTS_TABLE.c.id == FACTS.c.id)
    .order_by(FACTS.c.id)
)
"""Every row, ascending by its id."""

_CHANGED = {
    "sqlite": text(
        "SELECT coalesce(max(changed), :since), json_group_array(id) FROM search_changes WHERE changed > :since"
    ),
    # what is stamped with more than any transaction that has begun comes from another server, and is older than all
    "postgresql": text(
        "SELECT CAST(CAST(pg_snapshot_xmin(now) AS text) AS bigint), coalesce((SELECT CAST(json_agg(id) AS text) "
        "FROM search_changes WHERE changed >= CAST(:since AS bigint) "
        "AND changed < CAST(CAST(pg_snapshot_xmax(now) AS text) AS bigint)), '[]') FROM pg_current_snapshot() now"
    ),
}

_NOW = {
    "sqlite": text("SELECT coalesce(max(changed), 0) FROM search_changes"),
    "postgresql": text("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)"),
}


async def now(connection: AsyncConnection, dialect: str) -> int:
    """A mark; what is read after it is at least as new."""
    mark: int = (await connection.execute(_NOW[dialect])).scalar_one()
    return mark


async def changed_since(connection: AsyncConnection, dialect: str, mark: int) -> tuple[int, list[int]]:
    """The next mark, and the ids of rows that were added, changed or removed since a mark."""
    row = (await connection.execute(_CHANGED[dialect], {"since": mark})).one()
    return row[0], msgspec.json.decode(row[1], type=list[int])


async def rows_after(connection: AsyncConnection, last: int, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """The next rows by id."""
    return await all_rows(connection, ROWS.where(FACTS.c.id > last).limit(limit))


async def rows_with(connection: AsyncConnection, ids: Sequence[int]) -> Sequence[Row[*tuple[Any, ...]]]:
    """The rows with these ids, of which there may be some thousands; those that are gone are missing."""
    return await all_rows(connection, ROWS.where(FACTS.c.id.in_(ids)))
