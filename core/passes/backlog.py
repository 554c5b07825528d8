"""Looks through the library for photos that should wait for a language model and do not, and queues them.

It asks nobody: whoever works the queue off keeps quiet hours, budget and privacy, and what a person has said. What it
tells besides is how that is getting on.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.ai.builtin import NAME as BUILTIN
from core.backlog import queue
from core.backlog.missing import add_page, count_versions, undescribed, who_is_asked
from core.backlog.progress import REMEMBERED, STALE_SECONDS, Rate, seconds_left
from core.backlog.states import BacklogState
from core.db.tables import AiAnswer, utc_now
from core.passes import runs
from core.passes.runs import RunState
from core.passes.shape import SLICE_SECONDS, Pass, Progress, Tools

NAME: Final = "backlog"


async def begin(tools: Tools) -> Progress:
    """Counts the versions to look at: none where nobody is asked but the built-in provider."""
    models = await _models(tools)
    async with tools.bench.database.read() as connection:
        total = await count_versions(connection) if models else 0
        since = (await runs.last_times(connection, RunState.DONE)).get(NAME)
    report = {"asked": models or BUILTIN, "queued": 0, "again": 0}
    checkpoint = {"after": "", "since": None if since is None else since.isoformat()}
    # one more to tell how it is going
    return Progress(checkpoint, 0, total + 1, report=report)


async def step(tools: Tools, progress: Progress) -> Progress:
    """Looks at pages for some seconds; in the end tells how the queue is doing."""
    models = await _models(tools)
    after: str | None = progress.checkpoint["after"] if models else None
    if after is None:
        return await _told(tools, progress)
    ends = time.monotonic() + SLICE_SECONDS
    bench, done, report = tools.bench, progress.done, dict(progress.report)
    while after is not None:
        async with bench.database.read() as connection:
            page = await undescribed(connection, after, models, bench.providers.roots)
        if (page.new or page.again) and not tools.is_dry:
            async with bench.database.write() as connection:
                now = utc_now()
                await add_page(connection, page, bench.today(now), now)
        report["queued"] += len(page.new)
        report["again"] += len(page.again)
        done += page.looked_at
        after = page.last
        if time.monotonic() >= ends:
            break
    return Progress(progress.checkpoint | {"after": after}, done, progress.total, report=report)


BACKLOG: Final = Pass(NAME, "Queues what a language model has not described yet", begin, step)


async def _models(tools: Tools) -> str:
    """Who is asked, empty for nobody."""
    return who_is_asked([each for each in await tools.bench.providers.chosen() if each.name != BUILTIN])


async def _told(tools: Tools, progress: Progress) -> Progress:
    since = progress.checkpoint["since"]
    async with tools.bench.database.read() as connection:
        counted = await queue.counts(connection)
        described = await _described(connection, None if since is None else datetime.fromisoformat(since))
        per_hour = await _per_hour(connection)
    left = seconds_left(counted, per_hour)
    waits = (BacklogState.WAITING, BacklogState.RUNNING, BacklogState.DEFERRED)
    report: dict[str, Any] = progress.report | {
        "waiting": sum(counted[state] for state in waits),
        "failed": counted[BacklogState.FAILED],
        "described": described,
        "perHour": None if per_hour is None else round(per_hour, 1),
        "secondsLeft": None if left is None else round(left),
    }
    total = progress.total or 0
    return Progress(progress.checkpoint, total, total, True, report)


async def _described(connection: AsyncConnection, since: datetime | None) -> int:
    """Photos with an answer since the last run that is still there."""
    statement = select(func.count(AiAnswer.version_id.distinct()))
    if since is not None:
        statement = statement.where(AiAnswer.answered_at >= since)
    return (await connection.execute(statement)).scalar_one()


async def _per_hour(connection: AsyncConnection) -> float | None:
    """At which rate the last photos were described, without the pauses."""
    statement = select(AiAnswer.answered_at).order_by(AiAnswer.id.desc()).limit(REMEMBERED)
    rate, last = Rate(), None
    for when in sorted((await connection.execute(statement)).scalars()):
        now = when.timestamp()
        if last is not None and now - last > STALE_SECONDS:
            rate.pause()
        rate.count(now)
        last = now
    return None if last is None else rate.per_hour(last)
