"""A library of Silver photos that were described by what was measured only, and whoever is to describe them better."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from core.ai.budget import DayLimits
from core.ai.provider import Answered, Confidences, Description, Provider, Question, Usage
from core.ai.providers import Providers
from core.backlog import queue
from core.backlog.queue import Waiting
from core.backlog.states import BacklogState
from core.compute import LocalCompute
from core.db.engine import Database
from core.db.tables import AiBacklogEntry, FileVersion, MediaAsset, new_id
from core.library.layout import Layout
from core.pipeline.asking import Outcome
from core.pipeline.look import PREVIEW
from core.pipeline.workbench import Workbench
from core.window import Window
from daemon.describing import Describer, describing

#: How long anything may take; only reached when something is broken. [s]
PATIENCE = 60.0

MEASURED: dict[str, Any] = {
    "aiTags": ["photo", "summer"],
    "shortDescription": "Photo, July 2025",
    "longDescription": "A photo, in July 2025.",
    "fileDescription": "UnknownImage",
    "detectedObjects": [],
    "detectedEvents": [],
    "provider": "builtin",
    "version": "1",
}


def said_of(name: str, tags: Sequence[str] = ("girl", "kite")) -> Description:
    return Description(
        ai_tags=tuple(tags),
        short_description=f"A girl with a kite in {name}",
        long_description=f"A girl flies a red kite; the picture is called {name}.",
        file_description="GirlWithKite",
        detected_objects=(),
        detected_events=(),
        ai_confidence_scores=Confidences(tags=0.9, description=0.8),
        provider="ollama",
        version="llava",
    )


@dataclass
class Model:
    """A model on a machine of its own: what it answers, or raises, is decided by the test for each question."""

    name: str = "ollama"
    model: str = "llava"
    prompt_version: str = "p1"
    says: Callable[[Question], Awaitable[Description]] | None = None
    asked: list[str] = field(default_factory=list)

    async def describe(self, question: Question) -> Answered:
        self.asked.append(question.facts.original_filename)
        if self.says is not None:
            description = await self.says(question)
        else:
            description = said_of(question.facts.original_filename)
        description = _by(description, self.name, self.model)
        return Answered(description, self.model, self.prompt_version, Usage(1, 100, 20))


def _by(description: Description, name: str, model: str) -> Description:
    import msgspec

    return msgspec.structs.replace(description, provider=name, version=model)


@dataclass(frozen=True)
class Chosen(Providers):
    """Providers that the test has chosen."""

    asked: list[Provider] = field(default_factory=list)

    async def chosen(self) -> Sequence[Provider]:
        return self.within_budget(self.asked) if self.asked else await super().chosen()


@dataclass
class Shelf:
    """The library. ``chosen`` are who is asked; photos are called by their names."""

    bench: Workbench
    chosen: list[Provider]
    outcomes: list[tuple[Waiting, Outcome]] = field(default_factory=list)
    busy: bool = False

    async def add(
        self,
        *names: str,
        captured_at: str | None = "2025-07-16T12:00:00",
        ai: dict[str, Any] | None = None,
        **columns: Any,
    ) -> list[str]:
        """Silver photos, each with a small preview; returns their ids."""
        assets, versions, now = [], [], datetime.now(UTC)
        for name in names:
            asset_id, version_id = new_id(), new_id()
            sha256 = version_id.replace("-", "") * 2
            assets.append({"id": asset_id, "original_filename": name, "sha256": sha256, "created_at": now})
            version = {
                "id": version_id,
                "media_asset_id": asset_id,
                "tier": "silver",
                "file_path": f"media/silver/2025/07/{version_id}.jpg",
                "file_hash": "0" * 32,
                "file_size": 1000,
                "mime_type": "image/jpeg",
                "sha256": sha256,
                "captured_at": captured_at,
                "capture_source": "exif-original",
                "width": 400,
                "height": 300,
                "combined_metadata": {"ai": {**MEASURED, **(ai or {})}},
                "ai_short_description": "UnknownImage",
                "keywords": [],
                "created_at": now,
            }
            versions.append(version | columns)
            preview = self.bench.layout.rendered(sha256, PREVIEW)
            preview.parent.mkdir(parents=True, exist_ok=True)
            preview.write_bytes(PICTURE)
        async with self.bench.database.write() as connection:
            await connection.execute(insert(MediaAsset), assets)
            # the column is called metadata, the attribute is not
            for version in versions:
                await connection.execute(insert(FileVersion).values(**version))
        return [str(version["id"]) for version in versions]

    async def ai(self, version_id: str) -> dict[str, Any]:
        """``metadata.ai`` of a photo."""
        statement = select(FileVersion.combined_metadata).where(FileVersion.id == version_id)
        async with self.bench.database.read() as connection:
            metadata = (await connection.execute(statement)).scalar_one()
        found: dict[str, Any] = (metadata or {}).get("ai") or {}
        return found

    async def entry(self, version_id: str) -> Any:
        """The row of a photo in the backlog."""
        statement = select(AiBacklogEntry.__table__).where(AiBacklogEntry.version_id == version_id)
        async with self.bench.database.read() as connection:
            return (await connection.execute(statement)).first()

    async def counts(self) -> dict[BacklogState, int]:
        async with self.bench.database.read() as connection:
            return await queue.counts(connection)

    def describer(
        self, hands: int = 1, most_attempts: int = 3, quiet: Window | None = None, bench: Workbench | None = None
    ) -> Describer:
        return Describer(
            bench or self.bench,
            hands=lambda _: hands,
            most_attempts=most_attempts,
            quiet=quiet,
            is_busy=lambda: self.busy,
            on_outcome=lambda waiting, outcome: self.outcomes.append((waiting, outcome)),
        )

    @asynccontextmanager
    async def described(self, describer: Describer | None = None) -> AsyncIterator[Describer]:
        """Lets the backlog be worked off while the block runs."""
        describer = describer or self.describer()
        async with describing(describer):
            yield describer

    async def until_settled(self, describer: Describer) -> dict[BacklogState, int]:
        """Waits until nobody waits any more."""

        async def settled() -> dict[BacklogState, int] | None:
            counted = await self.counts()
            to_do = (BacklogState.WAITING, BacklogState.RUNNING, BacklogState.DEFERRED)
            return counted if not any(counted[state] for state in to_do) and any(counted.values()) else None

        return await until("all are described", settled)

    def with_limits(self, limits: DayLimits) -> Workbench:
        """The same tools with a budget."""
        return replace(
            self.bench,
            providers=Chosen(
                self.bench.database, self.bench.compute, day=limits, zone=self.bench.zone, asked=self.chosen
            ),
        )


async def until(what: str, look: Callable[[], Awaitable[Any]], patience: float = PATIENCE) -> Any:
    """The first true answer of ``look``."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if answer := await look():
            return answer
        await asyncio.sleep(0.01)
    raise AssertionError(f"{what}: not within {patience:g} s")


def picture() -> bytes:
    """A small JPEG."""
    from io import BytesIO

    from PIL import Image

    written = BytesIO()
    Image.new("RGB", (16, 12), (200, 120, 40)).save(written, "JPEG")
    return written.getvalue()


PICTURE = picture()


def open_shelf(database: Database, data_dir: Path) -> Shelf:
    """A library on a migrated database; its workers are started when a picture is to be rendered."""
    layout = Layout(data_dir)
    layout.create()
    chosen: list[Provider] = []
    compute = LocalCompute(workers=1, time_limit=60, idle_timeout=60)
    providers = Chosen(database, compute, asked=chosen)
    return Shelf(Workbench(database, layout, compute, providers, "test", "datetime", "Europe/Berlin", 3), chosen)


@pytest.fixture
async def shelf(database: Database, tmp_path: Path) -> AsyncIterator[Shelf]:
    """An empty library, on each kind of database."""
    opened = open_shelf(database, tmp_path / "data")
    yield opened
    await opened.bench.compute.close()
