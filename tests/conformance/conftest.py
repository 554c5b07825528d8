"""A library whose pictures can be looked at, on each kind of database, and the table at the end."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from core.compute import LocalCompute
from core.compute.tasks import prepare_cache
from core.db.engine import open_database
from core.library.layout import Layout
from tests.api.conftest import Library, open_library
from tests.conftest import migrated_database


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where every library lies in its turn: a worker process keeps the networks it has loaded by their place."""
    folder = tmp_path_factory.mktemp("conformance") / "data"
    prepare_cache(str(Layout(folder).cache))
    return folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def compute() -> AsyncIterator[LocalCompute]:
    """The worker of all libraries: to start one for each of them takes longer than to ask most of the routes."""
    workers = LocalCompute(workers=1, time_limit=60, idle_timeout=60)
    yield workers
    await workers.close()


@pytest_asyncio.fixture(loop_scope="session", params=["sqlite", "postgresql"])
async def library_with_models(
    request: pytest.FixtureRequest, place: Path, compute: LocalCompute, tmp_path: Path
) -> AsyncIterator[Library]:
    """An empty library with its API and prepared networks."""
    async with migrated_database(request.param, request, tmp_path) as url:
        database = open_database(url)
        async with open_library(database, place, compute=compute) as opened:
            yield opened
        await database.close()
    for left in place.iterdir():
        if left != Layout(place).cache:
            shutil.rmtree(left)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints each route with how often it was asked for success, errors and effects."""
    rows = [
        value
        for report in terminalreporter.getreports("passed")
        if report.when == "call"
        for name, value in report.user_properties
        if name == "conformance"
    ]
    if not rows:
        return
    terminalreporter.section("conformance")
    if terminalreporter.config.option.verbose > 0:
        for row in rows:
            counts = f"shape {row['shapes']}  errors {row['errors']}  side effects {row['effects']}"
            terminalreporter.line(f"{row['database']:<11} {row['route']:<72} {counts}")
    for database in sorted({row["database"] for row in rows}):
        own = [row for row in rows if row["database"] == database]
        terminalreporter.line(
            f"{database}: {len(own)} routes answer as the contract says: {sum(row['shapes'] for row in own)} answers "
            f"compared, {sum(row['errors'] for row in own)} errors, {sum(row['effects'] for row in own)} side effects"
        )
