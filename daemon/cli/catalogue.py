"""The database of a library, for commands that need no daemon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from core.config import Settings
from core.db.engine import Database, open_database
from core.db.migrate import require_current

T = TypeVar("T")


@asynccontextmanager
async def open_catalogue(settings: Settings) -> AsyncIterator[Database]:
    """The database while the block runs; nothing is migrated.

    Raises :class:`SchemaMissing` or :class:`SchemaTooNew` where the schema is not ours.
    """
    database = open_database(settings.database_url.render_as_string(hide_password=False))
    try:
        await require_current(database)
        yield database
    finally:
        await database.close()


def with_catalogue(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """What ``work`` gives on the database. Raises as :func:`open_catalogue`."""

    async def run() -> T:
        async with open_catalogue(settings) as database:
            return await work(database)

    return asyncio.run(run())
