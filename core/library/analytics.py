"""What is in the library, in numbers a person may like to see: uploads by day, most used tags, room on the disk."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec
from sqlalchemy import func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.search_sql import FACETS, FACTS, WORDS, WordKind
from core.db.tables import FileVersion, MediaAsset
from core.library.layout import ARCHIVE

TREND_DAYS = 30
TOP_TAGS = 10


class Used(msgspec.Struct, frozen=True):
    """A keyword or AI tag, and how many photos have it."""

    tag: str
    count: int


async def uploads_by_day(connection: AsyncConnection, now: datetime) -> dict[date, int]:
    """How many assets came on each of the last :data:`TREND_DAYS` days (UTC), today last; days without any, too."""
    days = [now.date() - timedelta(days=back) for back in range(TREND_DAYS - 1, -1, -1)]
    day = func.date(MediaAsset.created_at)
    since = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=TREND_DAYS - 1)
    statement = select(day, func.count()).where(MediaAsset.created_at >= since).group_by(day)
    counted = {str(found): number for found, number in await connection.execute(statement)}
    return {each: counted.get(each.isoformat(), 0) for each in days}


async def top_tags(connection: AsyncConnection) -> list[Used]:
    """The :data:`TOP_TAGS` most used keywords and AI tags; a photo that has one as both counts once."""
    statement = (
        select(WORDS.c.word, func.count(WORDS.c.id.distinct()).label("number"))
        .join(FACTS, FACTS.c.id == WORDS.c.id)
        .where(WORDS.c.kind != WordKind.PLACE, FACTS.c.is_shown.is_(True))
        .group_by(WORDS.c.word)
        .order_by(func.count(WORDS.c.id.distinct()).desc(), WORDS.c.word)
        .limit(TOP_TAGS)
    )
    return [Used(row.word, row.number) for row in await connection.execute(statement)]


async def bytes_by_tier(connection: AsyncConnection) -> dict[str, int]:
    """Bytes of the files of each tier, and of what is archived; Bronze and Silver may share theirs on the disk."""
    shown = (
        select(FACETS.c.tier, func.sum(FACTS.c.file_size))
        .join(FACETS, FACETS.c.id == FACTS.c.facet_id)
        .group_by(FACETS.c.tier)
    )
    archived = select(literal(ARCHIVE), func.coalesce(func.sum(FileVersion.file_size), 0)).where(
        FileVersion.archived_at.is_not(None)
    )
    sizes = dict.fromkeys(("bronze", "silver", "gold", ARCHIVE), 0)
    return sizes | {tier: int(size) for tier, size in await connection.execute(union_all(shown, archived))}
