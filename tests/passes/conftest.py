"""A library without photos, and passes that are as simple as a pass can be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.ai.providers import Providers
from core.compute import LocalCompute
from core.config import Settings
from core.db.engine import Database
from core.library.layout import Layout
from core.passes.shape import Pass, Progress, Tools
from core.pipeline.holders import become_holder
from core.pipeline.workbench import Workbench


def settings_of(data_dir: Path, **sections: object) -> Settings:
    return Settings(library={"data_dir": data_dir}, watch=(), **sections)  # type: ignore[arg-type]


@asynccontextmanager
async def opened_tools(database: Database, tmp_path: Path) -> AsyncIterator[Tools]:
    layout = Layout(tmp_path / "data")
    layout.create()
    compute = LocalCompute(workers=1, time_limit=60, idle_timeout=60)
    with become_holder(layout.locks) as holder:
        bench = Workbench(
            database, layout, compute, Providers(database, compute), holder, "datetime", "Europe/Berlin", 3
        )
        yield Tools(bench, settings_of(layout.data_dir))
    await compute.close()


@pytest.fixture
async def both_tools(database: Database, tmp_path: Path) -> AsyncIterator[Tools]:
    """What passes work with, on each kind of database."""
    async with opened_tools(database, tmp_path) as opened:
        yield opened


@pytest.fixture
async def tools(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Tools]:
    """The same on SQLite, for what does not depend on the kind of database."""
    async with opened_tools(sqlite_database, tmp_path) as opened:
        yield opened


def counting(upto: int, on_step: Callable[[int], Awaitable[None]] | None = None) -> Pass:
    """A pass that counts, one number a slice; ``on_step`` hears each number."""

    async def begin(tools: Tools) -> Progress:
        return Progress({"next": 0}, 0, upto)

    async def step(tools: Tools, progress: Progress) -> Progress:
        number: int = progress.checkpoint["next"]
        if on_step is not None:
            await on_step(number)
        return Progress({"next": number + 1}, number + 1, upto, number + 1 == upto, {"counted": number + 1})

    return Pass("counting", "Counts", begin, step)
