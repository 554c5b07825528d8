"""Is the database file itself whole?"""

from __future__ import annotations

from core.db.engine import Database

#: Faults that are told.
_MOST = 20


async def faults(database: Database) -> list[str]:
    """What ``PRAGMA quick_check`` of SQLite (https://sqlite.org/pragma.html#pragma_quick_check) finds wrong.

    Nothing on PostgreSQL, whose server checks its own pages.
    """
    if database.dialect != "sqlite":
        return []
    async with database.read() as connection:
        found = list((await connection.exec_driver_sql(f"PRAGMA quick_check({_MOST})")).scalars())
    return [] if found == ["ok"] else [str(fault) for fault in found]
