"""Has anything changed since? A mark that is another one after every commit, whichever program made it.

Two equal marks mean that whoever reads between them sees the same rows. Nothing is written for it: SQLite counts
commits of others for each connection (``PRAGMA data_version``, https://sqlite.org/pragma.html), and a connection that
never writes has only others; PostgreSQL tells which transactions are visible (``pg_current_snapshot()``), and no two
snapshots with one name show different rows. PostgreSQL's mark is that of the whole server: what others do in other
databases of it ends it too, which costs a reading and no truth.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress

from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

_SNAPSHOT = text("SELECT CAST(pg_current_snapshot() AS text)")


class SqliteRevision:
    """The mark of an SQLite file. Asking takes some ten microseconds of shared memory, so it is done where one is."""

    def __init__(self, url: URL) -> None:
        self._path = url.database
        self._connection: sqlite3.Connection | None = None
        self._opened = 0

    async def now(self) -> str | None:
        """``None`` where the database does not answer at once, or is one that nobody else could see."""
        if not self._path or self._path == ":memory:":
            return None
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(self._path, timeout=0, isolation_level=None)
                self._connection.execute("PRAGMA query_only=ON")
                self._opened += 1
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:
            self.close()
            return None
        return f"{self._opened}-{version}"  # each connection counts for itself

    def close(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


async def postgresql_revision(engine: AsyncEngine) -> str | None:
    """The mark of a PostgreSQL database; ``None`` where its server does not answer."""
    # without a transaction around it, which would be two more ways to the server
    at_once = engine.execution_options(isolation_level="AUTOCOMMIT")
    try:
        async with at_once.connect() as connection:
            return str((await connection.execute(_SNAPSHOT)).scalar_one())
    except (SQLAlchemyError, OSError):
        return None
