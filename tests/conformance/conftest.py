"""A library whose pictures can be looked at, and the table at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from core.db.engine import Database
from core.library.layout import Layout
from tests.api.conftest import Library, open_library, prepared_cache, sqlite_database, with_cache

__all__ = ["prepared_cache", "sqlite_database", "with_cache"]


@pytest.fixture
async def library_with_models(
    sqlite_database: Database, tmp_path: Path, with_cache: Callable[[Layout], None]
) -> AsyncIterator[Library]:
    """An empty library with its API and prepared networks."""
    async with open_library(sqlite_database, tmp_path / "data") as opened:
        with_cache(opened.bench.layout)
        yield opened


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
            terminalreporter.line(f"{row['route']:<72} {counts}")
    terminalreporter.line(
        f"{len(rows)} routes answer as the contract says: {sum(row['shapes'] for row in rows)} answers compared, "
        f"{sum(row['errors'] for row in rows)} errors, {sum(row['effects'] for row in rows)} side effects"
    )
