"""Gives photos the event that their day is: only where nobody has said another, or where it is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.in_batches import all_rows
from core.db.tables import FileVersion
from core.events.detect import Calendar, Match, best, detect
from core.groups.neighbourhood import chunks
from core.library.layout import Tier
from core.library.sidecars import mark_stale
from core.media.clock import day_of


async def assign_events(
    connection: AsyncConnection, calendar: Calendar, photo_ids: Sequence[str] | None, *, again: bool
) -> tuple[int, int]:
    """Looks at photos, or at all that are not Bronze; returns how many had a date, and how many were given an event.

    With ``again`` also photos that have an event; what no day explains is never cleared.
    """
    statement = select(FileVersion.id, FileVersion.captured_at).where(
        FileVersion.archived_at.is_(None), FileVersion.captured_at.is_not(None)
    )
    if not again:
        statement = statement.where(or_(FileVersion.event_type.is_(None), func.trim(FileVersion.event_type) == ""))
    if photo_ids is None:
        rows = await all_rows(connection, statement.where(FileVersion.tier != Tier.BRONZE))
    else:
        rows = []
        for chunk in chunks(dict.fromkeys(photo_ids)):
            rows += (await connection.execute(statement.where(FileVersion.id.in_(chunk)))).all()
    by_day: dict[str, list[str]] = {}
    dated = 0
    for row in rows:
        if (day := day_of(row.captured_at)) is not None:
            by_day.setdefault(day.isoformat(), []).append(row.id)
            dated += 1
    given = 0
    for text, match in (await asyncio.to_thread(_matches, list(by_day), calendar)).items():
        ids = by_day[text]
        values = {"event_type": match.event_type, "event_name": match.event_name}
        for chunk in chunks(ids):
            await connection.execute(update(FileVersion).where(FileVersion.id.in_(chunk)).values(**values))
            await mark_stale(connection, chunk)
        given += len(ids)
    return dated, given


def _matches(days: Sequence[str], calendar: Calendar) -> dict[str, Match]:
    matches = ((text, best(detect(date.fromisoformat(text), calendar))) for text in days)
    return {text: match for text, match in matches if match is not None}
