"""The system: health, counts, what happened last."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

import structlog
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from sqlalchemy import literal, select
from sqlalchemy.exc import SQLAlchemyError

from api.access import SCOPE
from api.context import ApiContext
from api.schemas.history import HistoryEntry, history_entry_of
from api.schemas.system import Healthy, Providers, Stats, Unhealthy
from api.schemas.timestamp import timestamp
from core import __version__
from core.db.tables import utc_now
from core.library.statistics import latest_history, totals

log = structlog.get_logger()

HEALTH_SECONDS: Final = 0.8
"""How long the database may take to answer; container health checks want to know within a second."""


@get(
    "/api/health",
    opt={SCOPE: None},
    tags=["System"],
    responses={503: ResponseSpec(Unhealthy, generate_examples=False, description="The database does not answer")},
)
async def get_health(context: NamedDependency[ApiContext]) -> Response[Healthy | Unhealthy]:
    """Whether the database answers."""
    now = timestamp(utc_now())
    try:
        async with asyncio.timeout(HEALTH_SECONDS), context.bench.database.read() as connection:
            await connection.execute(select(literal(1)))
    except (SQLAlchemyError, OSError) as error:  # TimeoutError is an OSError
        log.warning("the database does not answer", error=str(error))
        reason = f"The database does not answer: {str(error).splitlines()[0] if str(error) else 'it took too long'}."
        return Response(Unhealthy("unhealthy", now, __version__, reason, reason), status_code=503)
    return Response(Healthy("healthy", now, __version__, "connected", Providers(ollama=False, openai=False)))


@get("/api/stats", tags=["System"])
async def get_stats(context: NamedDependency[ApiContext]) -> Stats:
    """How many photos there are."""
    async with context.bench.database.read() as connection:
        counted = await totals(connection)
    return Stats(counted.assets, counted.bronze, counted.silver, counted.gold)


@get("/api/activity", tags=["System"])
async def get_activity(
    context: NamedDependency[ApiContext], limit: Annotated[int, QueryParameter(ge=0, le=10_000)] = 10
) -> list[HistoryEntry]:
    """What happened last, newest first."""
    async with context.bench.database.read() as connection:
        return [history_entry_of(row) for row in await latest_history(connection, limit)]
