"""The system: health, counts, what happened last."""

from __future__ import annotations

import asyncio
import platform
import shutil
import time
from typing import Annotated, Final

import psutil
import structlog
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from sqlalchemy.exc import SQLAlchemyError

from api.access import SCOPE
from api.context import ApiContext
from api.known_answers import FROM_DATABASE
from api.schemas.history import HistoryEntry, history_entry_of
from api.schemas.system import (
    AiServices,
    Analytics,
    Application,
    Checks,
    Configuration,
    DayCount,
    DiskUsage,
    Features,
    Health,
    Healthy,
    MediaUsage,
    MemoryUsage,
    Providers,
    Stats,
    SystemInfo,
    SystemStatus,
    TagCount,
    TierShare,
    Unhealthy,
)
from api.schemas.timestamp import timestamp
from core import __version__
from core.ai.configured import Choices
from core.db.tables import utc_now
from core.library.analytics import bytes_by_tier, top_tags, uploads_by_day
from core.library.statistics import latest_history, totals
from core.media.formats import FORMATS

log = structlog.get_logger()

ENVIRONMENT: Final = "production"
"""There is no other: what a developer wants to see, the log tells."""

HEALTH_SECONDS: Final = 0.8
"""How long the database may take to answer; container health checks want to know within a second."""


@get(
    "/api/health",
    opt={SCOPE: None},
    tags=["System"],
    responses={503: ResponseSpec(Unhealthy, generate_examples=False, description="The database does not answer")},
)
async def get_health(context: NamedDependency[ApiContext]) -> Response[Healthy | Unhealthy]:
    """Whether the database answers, and which language models are asked at present."""
    now = timestamp(utc_now())
    choices = await _choices(context)
    if isinstance(choices, str):
        return Response(Unhealthy("unhealthy", now, __version__, choices, choices), status_code=503)
    ready = await context.bench.providers.ready(choices)
    return Response(Healthy("healthy", now, __version__, "connected", Providers("ollama" in ready, "openai" in ready)))


async def _choices(context: ApiContext) -> Choices | str:
    """What the database says of language models; a sentence where it does not answer."""
    try:
        async with asyncio.timeout(HEALTH_SECONDS):
            return await context.bench.providers.choices()
    except (SQLAlchemyError, OSError) as error:  # TimeoutError is an OSError
        log.warning("the database does not answer", error=str(error))
        return f"The database does not answer: {str(error).splitlines()[0] if str(error) else 'it took too long'}."


@get(
    "/health",
    opt={SCOPE: None},
    tags=["System"],
    responses={503: ResponseSpec(Health, generate_examples=False, description="The database does not answer")},
)
async def get_checks(context: NamedDependency[ApiContext]) -> Response[Health]:
    """The same for watchers that do not look below ``/api``."""
    found = await _choices(context)
    is_well = not isinstance(found, str)
    choices = context.bench.providers.configured if isinstance(found, str) else found
    services = AiServices(
        ollama_configured=choices.provider in ("ollama", "both"),
        openai_configured=choices.has_openai,
        preferred_provider=choices.provider,
    )
    health = Health(
        status="healthy" if is_well else "unhealthy",
        version=__version__,
        environment=ENVIRONMENT,
        timestamp=timestamp(utc_now()),
        checks=Checks(is_well, services),
    )
    return Response(health, status_code=200 if is_well else 503)


@get("/api/stats", tags=["System"], opt={FROM_DATABASE: True})
async def get_stats(context: NamedDependency[ApiContext]) -> Stats:
    """How many photos there are."""
    async with context.bench.database.read() as connection:
        counted = await totals(connection)
    return Stats(counted.assets, counted.bronze, counted.silver, counted.gold)


@get("/api/activity", tags=["System"], opt={FROM_DATABASE: True})
async def get_activity(
    context: NamedDependency[ApiContext], limit: Annotated[int, QueryParameter(ge=0, le=10_000)] = 10
) -> list[HistoryEntry]:
    """What happened last, newest first."""
    async with context.bench.database.read() as connection:
        return [history_entry_of(row) for row in await latest_history(connection, limit)]


@get("/api/analytics", tags=["System"])
async def get_analytics(context: NamedDependency[ApiContext]) -> Analytics:
    """What came when, in which tiers, and with which tags."""
    async with context.bench.database.read() as connection:
        counted = await totals(connection)
        trends = await uploads_by_day(connection, utc_now())
        used = await top_tags(connection)
    shares = (("Silver", counted.silver), ("Gold", counted.gold))
    return Analytics(
        upload_trends=[DayCount(day.isoformat(), number) for day, number in trends.items()],
        tier_distribution=[
            TierShare(tier, number, round(number * 100 / counted.assets) if counted.assets else 0)  # type: ignore[arg-type]
            for tier, number in shares
        ],
        top_tags=[TagCount(each.tag, each.count) for each in used],
    )


@get("/api/system/status", tags=["System"])
async def get_system_status(context: NamedDependency[ApiContext]) -> SystemStatus:
    """Counts, room on the disk, and how this process is doing."""
    async with context.bench.database.read() as connection:
        counted, sizes = await totals(connection), await bytes_by_tier(connection)
    disk = await asyncio.to_thread(shutil.disk_usage, context.bench.layout.data_dir)
    process = psutil.Process()
    memory = process.memory_info()
    return SystemStatus(
        stats=Stats(counted.assets, counted.bronze, counted.silver, counted.gold),
        disk_usage=DiskUsage(disk.total, disk.used, disk.free, MediaUsage(**sizes)),
        uptime=round(time.time() - process.create_time(), 3),
        node_version=f"Python {platform.python_version()}",
        memory_usage=MemoryUsage(memory.rss, memory.vms, memory.rss, 0),
    )


@get("/api/system/info", tags=["System"])
async def get_system_info(context: NamedDependency[ApiContext]) -> SystemInfo:
    """The program and how it is set up."""
    return SystemInfo(
        application=Application("Pictallion", __version__, ENVIRONMENT, debug=False),
        database=context.bench.database.dialect,
        configuration=Configuration(
            ai_provider=(await context.bench.providers.choices()).provider,
            max_file_size=None,
            allowed_file_types=[known.mime_type for known in FORMATS],
            features=Features(ai_processing=True, face_detection=True, duplicate_detection=True, burst_detection=True),
        ),
    )


ROUTES = [get_health, get_checks, get_stats, get_activity, get_analytics, get_system_status, get_system_info]
