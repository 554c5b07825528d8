"""Photos that a language model is to describe: how it goes, asking again, and taking back what was answered."""

from __future__ import annotations

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.access import SCOPE
from api.context import ApiContext
from api.schemas.backlog import (
    BacklogStatus,
    RedoWanted,
    Retried,
    RetryWanted,
    Run,
    UndoWanted,
    budget_of,
    run_of,
    trouble_of,
)
from api.schemas.timestamp import timestamp
from core.access import Scope
from core.backlog import queue
from core.backlog.choosing import Redone, redo
from core.backlog.paused import BY_PERSON, is_paused, pause, resume
from core.backlog.progress import seconds_left
from core.backlog.runs import Undone, list_runs, undo_run
from core.db.tables import utc_now

_ADMIN = {SCOPE: Scope.ADMIN}

MOST_TROUBLES = 20
MOST_RUNS = 200
"""The newest, in one answer."""


@get("/api/daemon/ai", tags=["Daemon"])
async def get_backlog(context: NamedDependency[ApiContext]) -> BacklogStatus:
    """How many photos are described, wait or failed, who is asked, at what rate, and why nothing is asked, if so."""
    return await _status(context)


@get("/api/daemon/ai/runs", tags=["Daemon"])
async def get_runs(context: NamedDependency[ApiContext]) -> list[Run]:
    """The newest runs: answers that can be taken back together."""
    async with context.bench.database.read() as connection:
        return [run_of(row) for row in await list_runs(connection, MOST_RUNS)]


@post("/api/daemon/ai/redo", tags=["Daemon"], status_code=202, opt=_ADMIN)
async def redo_photos(context: NamedDependency[ApiContext], data: JSONBody[RedoWanted]) -> Redone:
    """Has photos described once more that all of a filter's conditions are true of, before those that merely came.

    What a person said of them stays, and those that a person has confirmed are left as they are.
    """
    done = await redo(context.bench.database, data.where, utc_now(), is_dry=data.dry_run)
    if not data.dry_run:
        context.describing.wake()
    return done


@post("/api/daemon/ai/undo", tags=["Daemon"], status_code=200, opt=_ADMIN)
async def undo_answers(context: NamedDependency[ApiContext], data: JSONBody[UndoWanted]) -> Undone:
    """Takes a run back: its photos say again what they said before, but for what a person or a later run said since."""
    return await undo_run(context.bench.database, data.run, utc_now())


@post("/api/daemon/ai/retry", tags=["Daemon"], status_code=202, opt=_ADMIN)
async def retry_photos(context: NamedDependency[ApiContext], data: JSONBody[RetryWanted | None] = None) -> Retried:
    """Tries at once what has failed or is to be tried later."""
    ids = data.photo_ids if data is not None else None
    async with context.bench.database.write() as connection:
        count = await queue.retry(connection, ids, utc_now())
    context.bench.providers.try_again()
    context.describing.changed()
    return Retried(count)


@post("/api/daemon/ai/pause", tags=["Daemon"], status_code=200, opt=_ADMIN)
async def pause_describing(context: NamedDependency[ApiContext]) -> BacklogStatus:
    """Asks nobody from now on, also after a restart; what is asked already is answered still."""
    async with context.bench.database.write() as connection:
        await pause(connection, utc_now())
    context.describing.wake()
    return await _status(context)


@post("/api/daemon/ai/resume", tags=["Daemon"], status_code=200, opt=_ADMIN)
async def resume_describing(context: NamedDependency[ApiContext]) -> BacklogStatus:
    """Asks again, at once."""
    async with context.bench.database.write() as connection:
        await resume(connection)
    context.bench.providers.try_again()
    context.describing.changed()
    return await _status(context)


async def _status(context: ApiContext) -> BacklogStatus:
    bench, doing = context.bench, context.describing.doing()
    async with bench.database.read() as connection:
        counted = await queue.counts(connection)
        first = await queue.troubles(connection, MOST_TROUBLES)
        reason = BY_PERSON if await is_paused(connection) else doing.paused
    until = doing.paused_until
    return BacklogStatus(
        provider=doing.provider,
        model=doing.model,
        photos={state.value: number for state, number in counted.items()},
        paused=reason,
        paused_until=None if until is None else timestamp(until),
        per_hour=doing.per_hour,
        seconds_left=seconds_left(counted, doing.per_hour),
        budget=budget_of(await bench.providers.budget.spent(utc_now())),
        troubles=[trouble_of(row) for row in first],
    )


ROUTES = [
    get_backlog,
    get_runs,
    redo_photos,
    undo_answers,
    retry_photos,
    pause_describing,
    resume_describing,
]
