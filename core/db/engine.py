"""Connections: many readers, one writer.

SQLite runs in WAL mode, where readers never wait; writers take turns on a single connection, so that ``database is
locked`` cannot come from within the process. PostgreSQL needs no such turn.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from core.db.collision import ChangedMeanwhile, is_collision
from core.db.revision import SqliteRevision, postgresql_revision

#: How long another process (the command line beside the daemon) may hold the write lock before we give up. [ms]
SQLITE_BUSY_TIMEOUT = 30_000

_READERS = 4


@dataclass(frozen=True)
class Database:
    """The open database. ``dialect`` is ``sqlite`` or ``postgresql``."""

    url: URL
    _reader: AsyncEngine
    _writer: AsyncEngine
    _sqlite: SqliteRevision | None

    @property
    def dialect(self) -> str:
        return self._writer.dialect.name

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees one consistent state and changes nothing."""
        async with self._reader.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises :class:`ChangedMeanwhile` where another transaction was in its way, or had removed what it points at.
        """
        try:
            async with self._writer.begin() as connection:
                yield connection
        except DBAPIError as error:
            if not is_collision(error):
                raise
            raise ChangedMeanwhile(
                "Somebody else changed or removed the same thing in the same moment, so that nothing was changed here. "
                "Look again, and repeat what is still wanted."
            ) from error

    async def revision(self) -> str | None:
        """A mark that changes with every commit, also those of other programs; ``None`` where it cannot be told.

        What is read after it was asked for is at least as new as it.
        """
        return await (postgresql_revision(self._reader) if self._sqlite is None else self._sqlite.now())

    async def close(self) -> None:
        """Closes every connection; SQLite then folds its write-ahead log into the database file."""
        if self._sqlite is not None:
            self._sqlite.close()
        await self._reader.dispose()
        await self._writer.dispose()


def open_database(url: str) -> Database:
    """Opens ``url`` (``sqlite+aiosqlite:///…`` or ``postgresql+asyncpg://…``); nothing is connected yet."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = create_async_engine(parsed, pool_pre_ping=True)
        return Database(parsed, engine, engine, None)
    reader = create_async_engine(parsed, poolclass=AsyncAdaptedQueuePool, pool_size=_READERS)
    writer = create_async_engine(parsed, poolclass=AsyncAdaptedQueuePool, pool_size=1, max_overflow=0, pool_timeout=600)
    _prepare_sqlite(reader, begin="BEGIN", read_only=True)
    _prepare_sqlite(writer, begin="BEGIN IMMEDIATE", read_only=False)
    return Database(parsed, reader, writer, SqliteRevision(parsed))


def _prepare_sqlite(engine: AsyncEngine, *, begin: str, read_only: bool) -> None:
    """Sets the pragmas of each new connection and takes transaction control from the driver.

    ``synchronous=FULL``: in ``move`` mode a source is removed after the commit that recorded its copy, so a commit
    that was reported must survive a power cut; ``NORMAL`` may lose the last ones in WAL mode
    (https://sqlite.org/pragma.html).
    """

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_TIMEOUT}")
        if not read_only:
            cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA query_only={'ON' if read_only else 'OFF'}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)


def copy_sqlite(source: str, target: str) -> None:
    """Copies a SQLite database with its online-backup API, whoever else has it open."""
    with sqlite3.connect(source) as original, sqlite3.connect(target) as copy:
        original.backup(copy)
    original.close()
    copy.close()
