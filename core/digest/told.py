"""Until when has who been told what happened?

Everybody is told what happened since they were told last: the log, and each way that the owner named, for itself. One
that was down gets two nights on one page, and nobody hears of a night twice because another way was down. A digest that
a person asks for is one more; whoever is told in the morning is told of that time all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from core.config.schema import Digest as DigestSettings
from core.passes import runs

#: Who was never told of anything is told of so much time. [s]
_FIRST = 86400.0


def ways(settings: DigestSettings) -> list[str]:
    """The ways that the owner named, in the order in which they are gone."""
    return [*(["webhook"] if settings.webhook else []), *(["mail"] if settings.mail_to else [])]


async def told_until(connection: AsyncConnection, named: Sequence[str], now: datetime) -> dict[str, datetime]:
    """Until when each way was told, in the caller's transaction; where none is named, until when the log was."""
    never = now - timedelta(seconds=_FIRST)
    past = [run for run in await runs.history(connection, "digest", runs.KEPT) if not run.is_dry and not run.is_asked]
    reports = [(until, run.progress.report) for run in past if (until := _until(run.progress.report)) is not None]
    # where the clock was put back, what was told may be in the future
    told = [(until, report["sent"]) for until, report in reports if until <= now]
    if not named:
        return {"log": max((until for until, _ in told), default=never)}
    return {way: max((until for until, sent in told if way in sent), default=never) for way in named}


def _until(report: dict[str, Any]) -> datetime | None:
    digest = report.get("digest")
    return None if digest is None else msgspec.convert(digest["until"], datetime)
