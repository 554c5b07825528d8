"""The schema is created, upgraded with a copy made first, and never touched when it is newer than the program."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, insert, inspect, select, text

from core.db.engine import Database, open_database
from core.db.migrate import MIGRATIONS, migrate, require_current
from core.db.tables import Base, Setting
from core.errors import SchemaMissing, SchemaTooNew
from tests.conftest import empty_database

NEWEST = max(path.name for path in MIGRATIONS.glob("versions/*.py")).partition("_")[0]

NEXT_REVISION = f"""
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "{NEWEST}", None, None


def upgrade():
    op.add_column("settings", sa.Column("extra", sa.Text()))


def downgrade():
    op.drop_column("settings", "extra")
"""


_COLOUR = select(Setting.value).where(Setting.key == "colour")


@pytest.fixture
def newer_program(tmp_path: Path) -> Path:
    """The migrations of a program that is one revision ahead of this one."""
    folder = tmp_path / "newer"
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9999_next.py").write_text(NEXT_REVISION)
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database without a schema, once of each kind."""
    async with empty_database(request.param, request, tmp_path) as url:
        yield url


async def tables_of(database: Database) -> set[str]:
    async with database.read() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def test_a_new_database_gets_every_table_and_needs_no_backup(empty_url: str) -> None:
    database = open_database(empty_url)
    migrated = await migrate(database)
    assert migrated.before is None
    assert migrated.backup is None
    assert set(Base.metadata.tables) <= await tables_of(database)
    await database.close()


async def test_the_migrations_lead_to_exactly_the_tables_that_the_code_declares(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        # the search index is made by its migration alone: neither database's kind is what tables can say
        no_search = {"include_name": lambda name, kind, _: not (kind == "table" and name.startswith("search_"))}
        context = MigrationContext.configure(connection, opts={"compare_type": True, **no_search})
        return list(compare_metadata(context, Base.metadata))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_again_changes_nothing(database: Database) -> None:
    assert (await migrate(database)).backup is None
    await require_current(database)


async def test_a_database_with_content_is_copied_before_it_is_changed(database: Database, newer_program: Path) -> None:
    async with database.write() as connection:
        await connection.execute(insert(Setting).values(key="colour", value="blue"))
    migrated = await migrate(database, newer_program)
    assert (migrated.before, migrated.after) == (NEWEST, "9999")
    assert migrated.backup is not None
    if database.dialect == "sqlite":
        copy = open_database(f"sqlite+aiosqlite:///{migrated.backup}")
        async with copy.read() as connection:
            assert (await connection.execute(_COLOUR)).scalar_one() == "blue"
            assert (await connection.execute(text("select version_num from alembic_version"))).scalar_one() == NEWEST
        await copy.close()
    else:
        async with database.read() as connection:
            found = await connection.execute(
                text(f"select value from \"{migrated.backup}\".settings where key = 'colour'")
            )
            assert found.scalar_one() == "blue"


async def test_a_newer_database_is_refused_and_left_as_it_is(database: Database, newer_program: Path) -> None:
    await migrate(database, newer_program)
    for refused in (migrate(database), require_current(database)):
        with pytest.raises(SchemaTooNew, match=r"9999.*newer one wrote it.*Nothing was changed"):
            await refused
    async with database.read() as connection:
        assert (await connection.execute(text("select version_num from alembic_version"))).scalar_one() == "9999"


async def test_a_command_that_only_reads_does_not_create_a_schema(empty_url: str) -> None:
    database = open_database(empty_url)
    with pytest.raises(SchemaMissing, match="pictallion run"):
        await require_current(database)
    assert await tables_of(database) == set()
    await database.close()
