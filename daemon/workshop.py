"""From settings to tools: opens what the pipeline works with, for the daemon and for commands that do its work once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

import structlog
from tzlocal import get_localzone_name

from core.ai.budget import DayLimits
from core.ai.configured import Choices, Limits, Ollama, OpenAi
from core.ai.providers import Providers
from core.compute import Compute, LocalCompute
from core.config import Settings
from core.db.engine import Database, open_database
from core.db.migrate import migrate
from core.errors import DatabaseOnShare
from core.library.filesystems import filesystem_of, mounted
from core.library.layout import Layout
from core.pipeline.holders import become_holder
from core.pipeline.roots import Mode, Root
from core.pipeline.workbench import Workbench

log = structlog.get_logger()

#: Files in hand per worker, and beside that: while bytes are copied and synced and rows are written, every worker must
#: find another file to compute for. With fewer hands the workers of a two-core machine waited a tenth of the time.
HANDS_PER_WORKER = 2
HANDS_BESIDE = 2


def layout_of(settings: Settings) -> Layout:
    """Where the library of these settings lies."""
    return Layout(settings.library.data_dir)


def roots_of(settings: Settings) -> list[Root]:
    """The watched roots."""
    return [
        Root(
            watch.name,
            str(watch.path),
            Mode(watch.mode),
            include=watch.include,
            exclude=watch.exclude,
            time_zone=watch.time_zone,
            is_local_only=watch.privacy == "local_only",
        )
        for watch in settings.watch
    ]


def home_zone_of(settings: Settings) -> str:
    """The time zone that the library is at home in, an IANA name."""
    return settings.library.time_zone or get_localzone_name()


def providers_of(settings: Settings, database: Database, compute: Compute, zone: ZoneInfo) -> Providers:
    """Who describes photos, as it is configured; ``zone`` is whose midnight begins a day."""
    ai = settings.ai
    key = ai.openai.api_key
    return Providers(
        database,
        compute,
        Choices(
            provider=ai.provider,
            ollama=Ollama(ai.ollama.base_url, ai.ollama.vision_model, ai.ollama.text_model),
            openai=OpenAi(ai.openai.base_url, ai.openai.model),
            openai_key=None if key is None else key.get_secret_value(),
        ),
        Limits(ai.time_limit, ai.picture_side),
        {root.name: root.is_local_only for root in roots_of(settings)},
        DayLimits(ai.budget.requests, ai.budget.tokens),
        zone,
    )


def in_hand(settings: Settings) -> int:
    """How many files are worked on at a time."""
    return HANDS_PER_WORKER * settings.compute.workers + HANDS_BESIDE


def _refuse_share(settings: Settings) -> None:
    """Raises :class:`DatabaseOnShare` where SQLite would lie on a network file system."""
    url = settings.database_url
    if url.get_backend_name() != "sqlite" or settings.database.allow_network:
        return
    path = str(url.database)
    filesystem = filesystem_of(path, mounted())
    if filesystem.is_network:
        raise DatabaseOnShare(
            f"The database {path} would lie on {filesystem.mount_point}, a network file system ({filesystem.type}), "
            "where SQLite's locks cannot be trusted and a database is easily damaged. Keep it on a disk of this "
            "machine ([database] url), use PostgreSQL, or set [database] allow_network = true if you know better."
        )


@asynccontextmanager
async def open_bench(settings: Settings) -> AsyncIterator[Workbench]:
    """The tools of the pipeline, on a migrated database; closed in order when the block ends."""
    layout = layout_of(settings)
    layout.create()
    layout.link_references({root.name: root.path for root in roots_of(settings) if root.mode is Mode.REFERENCE})
    _refuse_share(settings)
    database = open_database(settings.database_url.render_as_string(hide_password=False))
    limits = settings.compute
    compute = LocalCompute(limits.workers, limits.time_limit, limits.idle_timeout, limits.memory_limit)
    home_zone = home_zone_of(settings)
    try:
        migrated = await migrate(database)
        if migrated.backup is not None:
            log.info("migrated the database", before=migrated.before, after=migrated.after, backup=migrated.backup)
        with become_holder(layout.locks) as holder:
            yield Workbench(
                database=database,
                layout=layout,
                compute=compute,
                providers=providers_of(settings, database, compute, ZoneInfo(home_zone)),
                holder=holder,
                naming=settings.library.silver_naming,
                home_zone=home_zone,
                max_attempts=settings.intake.max_attempts,
                vocabulary=settings.ai.vocabulary.read(),
            )
    finally:
        await compute.close()
        await database.close()
