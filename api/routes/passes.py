"""The passes of the night: which there are, how they went, running one now and cancelling it."""

from __future__ import annotations

from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.access import SCOPE
from api.context import ApiContext
from api.schemas.passes import PassAccepted, PassCancelled, PassRequest, QueuedPass
from core.access import Scope
from core.errors import BadRequest, EndlessPass, NotFound, UnknownPass
from core.passes import runs
from core.passes.runner import Wanted
from core.passes.runs import RunState
from core.passes.told import KnownPass, PassRun, pass_run_of


@get("/api/daemon/passes", tags=["Daemon"])
async def list_passes(context: NamedDependency[ApiContext]) -> list[KnownPass]:
    """Every pass, in the order of a night, with its last run."""
    runner, locks = context.passes, context.bench.layout.locks
    async with context.bench.database.read() as connection:
        latest = await runs.latest(connection)
        good = await runs.last_times(connection, RunState.DONE)
    waiting, intervals = {each.name for each in runner.waiting()}, runner.intervals()
    return [
        KnownPass(
            name=name,
            title=each.title,
            every=intervals[name],
            waiting=name in waiting,
            last_success=good.get(name),
            last_run=pass_run_of(runs.as_it_is(latest[name], locks)) if name in latest else None,
        )
        for name, each in runner.passes.items()
    ]


@get("/api/daemon/passes/history", tags=["Daemon"])
async def list_pass_runs(
    context: NamedDependency[ApiContext],
    name: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 50,
) -> list[PassRun]:
    """The last runs of a pass, or of all, newest first, with what each of them did."""
    if name is not None and name not in context.passes.passes:
        raise NotFound(f"There is no pass called {name}.")
    async with context.bench.database.read() as connection:
        locks = context.bench.layout.locks
        return [pass_run_of(runs.as_it_is(run, locks)) for run in await runs.history(connection, name, limit)]


@get("/api/daemon/passes/queue", tags=["Daemon"])
async def list_queued_passes(context: NamedDependency[ApiContext]) -> list[QueuedPass]:
    """What runs now, if anything does, and what waits for its turn, in this order."""
    running, waiting = context.passes.running, context.passes.waiting()
    return [
        *([] if running is None else [_queued(running, "running")]),
        *(_queued(each, "waiting") for each in waiting),
    ]


@post("/api/daemon/passes/{name:str}/run", tags=["Daemon"], status_code=202, opt={SCOPE: Scope.ADMIN})
async def run_pass(
    context: NamedDependency[ApiContext], name: FromPath[str], data: JSONBody[PassRequest | None] = None
) -> PassAccepted:
    """Runs a pass as soon as the one that runs is over, whatever the time. Answers at once."""
    asked = data or PassRequest()
    try:
        is_new = context.passes.request(Wanted(name, is_asked=True, is_dry=asked.dry_run, time_limit=asked.time_limit))
    except UnknownPass as error:
        raise NotFound(str(error)) from error
    except EndlessPass as error:
        raise BadRequest(str(error)) from error
    return PassAccepted(name, is_new)


@post("/api/daemon/passes/{name:str}/cancel", tags=["Daemon"], status_code=202, opt={SCOPE: Scope.ADMIN})
async def cancel_pass(context: NamedDependency[ApiContext], name: FromPath[str]) -> PassCancelled:
    """Ends a pass after the slice in hand, or one that was interrupted; what it did stays done."""
    try:
        was_there = await context.passes.cancel(name)
    except UnknownPass as error:
        raise NotFound(str(error)) from error
    if not was_there:
        raise BadRequest(f"{name} is neither running nor waiting, and was not interrupted.")
    return PassCancelled(name)


ROUTES = (list_passes, list_pass_runs, list_queued_passes, run_pass, cancel_pass)


def _queued(wanted: Wanted, state: str) -> QueuedPass:
    return QueuedPass(wanted.name, wanted.is_dry, wanted.is_asked, state)
