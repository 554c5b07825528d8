"""Brings the database to the schema of this program, or refuses.

A database written by a newer program is never touched. Before a database with content is changed it is copied: SQLite
to a file beside it, PostgreSQL into a schema of its own.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.engine import Database, copy_sqlite, open_database
from core.db.tables import utc_now
from core.errors import DatabaseUnreachable, SchemaMissing, SchemaTooNew

MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class Migrated:
    """What happened.

    Revisions before and after (``before`` is ``None`` for a new database), and where the copy went.
    """

    before: str | None
    after: str
    backup: str | None


async def migrate(database: Database, migrations: Path = MIGRATIONS) -> Migrated:
    """Creates or upgrades the schema. Raises :class:`SchemaTooNew` without touching a newer one."""
    script = _script(migrations)
    head = script.get_current_head() or ""
    current, has_tables = await _look(database)
    if current == head:
        return Migrated(current, head, None)
    _refuse_newer(script, current, f"The database {_name(database)}")
    backup = await _back_up(database, current or "unversioned") if has_tables else None
    async with database.write() as connection:
        await connection.run_sync(_upgrade, migrations)
    return Migrated(current, head, backup)


async def require_current(database: Database, migrations: Path = MIGRATIONS) -> None:
    """For commands that only read.

    Raises :class:`SchemaMissing` or :class:`SchemaTooNew` where the schema is not ours.
    """
    script = _script(migrations)
    current, _ = await _look(database)
    if current == script.get_current_head():
        return
    _refuse_newer(script, current, f"The database {_name(database)}")
    raise SchemaMissing(
        f"The database {_name(database)} is not at this program's schema yet; "
        "start the daemon once (`pictallion run`), it creates and migrates it."
    )


async def revision_of(url: URL) -> str | None:
    """The revision of the schema in the database at ``url``; ``None`` where it has none."""
    database = open_database(url.render_as_string(hide_password=False))
    try:
        return (await _look(database))[0]
    finally:
        await database.close()


def require_known(revision: str, name: str, migrations: Path = MIGRATIONS) -> None:
    """Raises :class:`SchemaTooNew` where ``name``, a database or a backup, has a schema of a newer program."""
    _refuse_newer(_script(migrations), revision or None, name)


async def _look(database: Database) -> tuple[str | None, bool]:
    """The revision of the schema, and whether there are any tables; the first thing that is asked of a database."""
    try:
        async with database.read() as connection:
            return await connection.run_sync(_current_revision), await connection.run_sync(_has_tables)
    except (OSError, SQLAlchemyError) as error:
        cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        raise DatabaseUnreachable(
            f"The database {_name(database)} cannot be used: {cause}. Check that its server runs and that "
            "[database] url is right; nothing was changed."
        ) from error


def _script(migrations: Path) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(migrations))


def _config(migrations: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: Connection, migrations: Path) -> None:
    config = _config(migrations)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _current_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _has_tables(connection: Connection) -> bool:
    return bool(inspect(connection).get_table_names())


def _refuse_newer(script: ScriptDirectory, current: str | None, name: str) -> None:
    if current is None:
        return
    try:
        script.get_revision(current)
    except CommandError as error:
        raise SchemaTooNew(
            f"{name} has schema {current}, which this Pictallion does not know: "
            "a newer one wrote it. Nothing was changed. Install that version again, or point [database] url or "
            "[library] data_dir elsewhere."
        ) from error


def _name(database: Database) -> str:
    return database.url.render_as_string(hide_password=True)


async def _back_up(database: Database, revision: str) -> str:
    stamp = utc_now().strftime("%Y%m%dT%H%M%S")
    if database.dialect == "sqlite":
        source = str(database.url.database)
        target = f"{source}.{revision}.{stamp}.backup"
        await asyncio.to_thread(copy_sqlite, source, target)
        return target
    schema = f"backup_{revision}_{stamp}".lower()
    async with database.write() as connection:
        await _copy_schema(connection, schema)
    return schema


async def _copy_schema(connection: AsyncConnection, schema: str) -> None:
    tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    await connection.execute(text(f'CREATE SCHEMA "{schema}"'))
    for table in tables:
        await connection.execute(text(f'CREATE TABLE "{schema}"."{table}" AS TABLE "{table}"'))
