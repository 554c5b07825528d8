"""A photo of a family, whom to ask about it, and what is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import insert

from core.ai.configured import Choices, Limits, Ollama, OpenAi
from core.ai.prompts import seed_prompts
from core.ai.provider import KnownPerson, PhotoFacts, Question, Relation
from core.ai.providers import Providers
from core.db.engine import Database
from core.db.tables import FileVersion, LedgerEntry, MediaAsset
from core.media.facts import Box, Kind
from tests.ai.model_server import KEY, ModelServer, model_server
from tests.conftest import FIXTURES

T = TypeVar("T")

PATIENT = Limits(60.0, 256)
HURRIED = Limits(0.3, 256)
"""For models that answer, and for those that never do."""


class InThread:
    """Workers are threads here: what they compute is not what is tested."""

    async def run(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return await asyncio.to_thread(function, *args, **kwargs)

    async def close(self) -> None:
        """Nothing to end."""


@dataclass
class Album:
    """A database with one photo, and a server of models."""

    database: Database
    server: ModelServer
    preview: Path
    roots: dict[str, bool] = field(default_factory=lambda: {"phone": False})

    def question(self, *people: KnownPerson) -> Question:
        facts = PhotoFacts(Kind.PHOTO, "image/jpeg", 512, 512, "IMG_1.jpg", face_count=len(people))
        return Question("photo", facts, self.preview, people)

    def providers(self, provider: str = "both", **changes: Any) -> Providers:
        """Those of the server; ``limits``, ``ollama``, ``openai`` and ``openai_key`` may be others."""
        limits = changes.pop("limits", PATIENT)
        known = {
            "ollama": Ollama(self.server.url),
            "openai": OpenAi(self.server.openai_url),
            "openai_key": KEY,
            **changes,
        }
        return Providers(self.database, InThread(), Choices(provider, **known), limits, self.roots)


ANNA = KnownPerson("Anna", 39, (Relation("parent", "Ben"),), Box(300, 20, 30, 40))
BEN = KnownPerson("Ben", 0, (Relation("child", "Anna"),), Box(10, 20, 30, 40))


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as running:
        yield running


async def _album(database: Database, server: ModelServer) -> Album:
    async with database.write() as connection:
        await seed_prompts(connection)
        await connection.execute(insert(MediaAsset), {"id": "photo", "original_filename": "IMG_1.jpg"})
        columns = {"file_path": "media/silver/a.jpg", "file_hash": "", "file_size": 1, "mime_type": "image/jpeg"}
        await connection.execute(
            insert(FileVersion), {"id": "silver", "media_asset_id": "photo", "tier": "silver", **columns}
        )
        came = {"size": 1, "mtime_ns": 1, "ctime_ns": 1, "inode": "1", "state": "done", "media_asset_id": "photo"}
        await connection.execute(insert(LedgerEntry), {"root": "phone", "path": "IMG_1.jpg", **came})
    return Album(database, server, FIXTURES / "astronaut.jpg")


@pytest.fixture
async def album(sqlite_database: Database, server: ModelServer) -> Album:
    return await _album(sqlite_database, server)


@pytest.fixture
async def album_on_each(database: Database, server: ModelServer) -> Album:
    """The same on each kind of database."""
    return await _album(database, server)
