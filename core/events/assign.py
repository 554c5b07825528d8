"""Gives photos the event that their day is: only where nobody has said another, or where it is asked for.

An empty type or name is a person's word, too: there is none (contract, photos). Only where neither says anything, as
before anybody spoke and after somebody took their word back with ``null``, is the day asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.in_batches import all_rows
from core.db.tables import FileVersion
from core.events.detect import Calendar, Match, best, detect
from core.groups.neighbourhood import chunks
from core.library.layout import Tier
from core.library.sidecars import mark_stale
from core.media.clock import day_of

_NOTHING_SAID: Final = (FileVersion.event_type.is_(None), FileVersion.event_name.is_(None))


async def assign_events(
    connection: AsyncConnection, calendar: Calendar, photo_ids: Sequence[str] | None, *, again: bool
) -> tuple[int, int]:
    """Looks at photos, or at all that are not Bronze; returns how many had a date, and how many were given an event.

    With ``again`` also photos of which somebody has said something; what no day explains is never cleared.
    """
    is_asked = () if again else _NOTHING_SAID
    statement = select(FileVersion.id, FileVersion.captured_at).where(
        FileVersion.archived_at.is_(None), FileVersion.captured_at.is_not(None), *is_asked
    )
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
        values = {"event_type": match.event_type, "event_name": match.event_name}
        for chunk in chunks(by_day[text]):
            # somebody may have said something since these were read
            to_give = update(FileVersion).where(FileVersion.id.in_(chunk), *is_asked).values(**values)
            ids = (await connection.execute(to_give.returning(FileVersion.id))).scalars().all()
            await mark_stale(connection, ids)
            given += len(ids)
    return dated, given


def _matches(days: Sequence[str], calendar: Calendar) -> dict[str, Match]:
    matches = ((text, best(detect(date.fromisoformat(text), calendar))) for text in days)
    return {text: match for text, match in matches if match is not None}
