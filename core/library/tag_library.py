"""The tags that photos were given, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Row, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import LibraryTag
from core.db.upsert import insert_on_conflict


async def all_tags(connection: AsyncConnection) -> Sequence[Row[str, int, datetime]]:
    """``tag``, ``usage_count`` and ``created_at``, most used first."""
    statement = select(LibraryTag.tag, LibraryTag.usage_count, LibraryTag.created_at)
    return (await connection.execute(statement.order_by(LibraryTag.usage_count.desc(), LibraryTag.tag))).all()


async def count_tags(connection: AsyncConnection, tags: Iterable[str]) -> None:
    """Adds one use of each of the tags, as often as it is named; empty ones are left out."""
    counted = Counter(stripped for tag in tags if (stripped := tag.strip()))
    statement = insert_on_conflict(connection.dialect.name, LibraryTag)
    upsert = statement.on_conflict_do_update(
        index_elements=["tag"], set_={"usage_count": LibraryTag.usage_count + statement.excluded.usage_count}
    )
    # in one order, so that two writers on PostgreSQL cannot wait for each other's rows
    rows = [{"tag": tag, "usage_count": count} for tag, count in sorted(counted.items())]
    if rows:
        await connection.execute(upsert, rows)


async def forget_tag(connection: AsyncConnection, tag: str) -> None:
    """Removes a tag from the library; photos that carry it keep it."""
    await connection.execute(delete(LibraryTag).where(LibraryTag.tag == tag))
