"""The API on a real port, on a library that tests fill row by row."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from litestar import Litestar
from sqlalchemy import insert

from api.app import create_app, furnish
from api.context import AccessRules, ApiContext
from api.patience import Patience
from core.ai.providers import Providers
from core.compute import LocalCompute
from core.config import Settings
from core.db.engine import Database
from core.db.tables import AssetHistory, Base, Face, FileVersion, MediaAsset, new_id
from core.feed import Feed
from core.library.layout import Layout
from core.passes.all import PASSES
from core.passes.runner import Runner
from core.passes.shape import Tools
from core.pipeline.workbench import Workbench
from core.places.nominatim import Geocoder
from daemon.announcing import announce_run

FIXTURES = Path(__file__).parent.parent / "fixtures"

#: The id of nothing.
NOWHERE = "00000000-0000-4000-8000-000000000000"

#: The moment that all times of a test library are counted from.
NOON = datetime(2025, 8, 1, 12, 0, 0, 789_000, tzinfo=UTC)


@dataclass
class Library:
    """A library to put rows and files into, and its API. Times are given in minutes after :data:`NOON`."""

    bench: Workbench
    http: httpx.AsyncClient
    passes: Runner
    scans: list[str | None] = field(default_factory=list)
    feed: Feed = field(default_factory=Feed)

    async def insert(self, table: type[Base], **columns: Any) -> str:
        identifier = str(columns.setdefault("id", new_id()))
        async with self.bench.database.write() as connection:
            await connection.execute(insert(table).values(**columns))
        return identifier

    async def add_asset(self, name: str = "IMG_1.jpg", minute: float = 0) -> str:
        return await self.insert(MediaAsset, original_filename=name, created_at=NOON + timedelta(minutes=minute))

    async def add_version(self, asset_id: str, tier: str, minute: float = 0, **columns: Any) -> str:
        identifier = new_id()
        defaults: dict[str, Any] = {
            "file_path": f"media/{tier}/2025/08/{identifier}.jpg",
            "file_hash": "0" * 32,
            "file_size": 1000,
            "mime_type": "image/jpeg",
            "sha256": identifier.replace("-", "") * 2,
        }
        created = NOON + timedelta(minutes=minute)
        return await self.insert(
            FileVersion,
            **(
                defaults | {"id": identifier, "media_asset_id": asset_id, "tier": tier, "created_at": created} | columns
            ),
        )

    async def add_photo(self, *tiers: str, minute: float = 0, **columns: Any) -> dict[str, str]:
        """An asset with a version of each tier; answers their ids by tier."""
        asset_id = await self.add_asset(minute=minute)
        return {"asset": asset_id} | {tier: await self.add_version(asset_id, tier, minute, **columns) for tier in tiers}

    async def add_face(self, photo_id: str, **columns: Any) -> str:
        defaults = {"photo_id": photo_id, "bounding_box": [10, 20, 30, 40], "confidence": 93, "embedding": [0.5] * 128}
        return await self.insert(Face, **(defaults | columns))

    async def add_history(self, asset_id: str, action: str, minute: float = 0) -> str:
        when = NOON + timedelta(minutes=minute)
        return await self.insert(
            AssetHistory, media_asset_id=asset_id, action=action, details=f"It was {action}.", timestamp=when
        )

    def add_file(self, file_path: str, content: bytes) -> Path:
        path = self.bench.layout.absolute(file_path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    async def send(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        """What is answered, with the status that is expected; faults have the contract's shape."""
        answer = await self.http.request(method, path, **options)
        assert answer.status_code == status, answer.text
        if status >= 400:
            assert set(answer.json()) >= {"message", "error"}
        return answer.json()

    async def ids(self, path: str, **parameters: str | int) -> list[str]:
        """The ids of a list, in its order."""
        answer = await self.http.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return [photo["id"] for photo in answer.json()]


class _Server(uvicorn.Server):
    """uvicorn without signal handlers, which is not asked ten times a second whether it should end."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.end = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.end.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await asyncio.sleep(0.001)  # clients that have just gone are noticed
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)
            return
        for server in self.servers:
            server.close()
        await self.lifespan.shutdown()


def runner_of(bench: Workbench, feed: Feed | None = None) -> Runner:
    """Runs the passes of a library, as soon as a test lets it work."""
    settings = Settings(library={"data_dir": bench.layout.data_dir}, watch=())  # type: ignore[arg-type]
    announced = feed or Feed()
    return Runner(Tools(bench, settings), PASSES, tell=lambda run: announce_run(announced, run))


@cache
def _apps() -> list[Litestar]:
    """Apps that nobody uses: to make one takes as long as most tests."""
    return []


@contextmanager
def app_on(context: ApiContext) -> Iterator[Litestar]:
    """An app that works on ``context``: one of those that were used before, where it does not matter which."""
    if context.access.origins:
        yield create_app(context)
        return
    app = _apps().pop() if _apps() else create_app(context)
    furnish(app, context)
    yield app
    _apps().append(app)


@asynccontextmanager
async def serve(context: ApiContext) -> AsyncIterator[str]:
    """The API on a free port; yields its address."""
    with app_on(context) as app:
        server = _Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))
        task = asyncio.create_task(server.serve())
        while not server.started:
            assert not task.done(), "the server did not start"
            await asyncio.sleep(0)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.end.set()
            await task


@asynccontextmanager
async def open_library(
    database: Database,
    data_dir: Path,
    frontend_dir: Path | None = None,
    min_free: int = 0,
    access: AccessRules | None = None,
    patience: Patience | None = None,
    compute: LocalCompute | None = None,
    geocoder: Geocoder | None = None,
    providers: Providers | None = None,
) -> AsyncIterator[Library]:
    """A library on ``database`` with its API; one watched root, ``inbox``. Its own workers unless some are given."""
    layout = Layout(data_dir)
    layout.create()
    workers = compute or LocalCompute(workers=1, time_limit=60, idle_timeout=60)
    bench = Workbench(
        database=database,
        layout=layout,
        compute=workers,
        providers=providers or Providers(database, workers),
        holder="test",
        naming="datetime",
        home_zone="Europe/Berlin",
        max_attempts=3,
    )
    scans: list[str | None] = []

    def request_scan(root: str | None) -> list[str]:
        scans.append(root)
        return ["inbox"] if root in (None, "inbox") else []

    feed = Feed()
    context = ApiContext(
        bench,
        request_scan,
        lambda: None,
        frontend_dir,
        min_free,
        lambda: None,
        list,
        runner_of(bench, feed),
        feed=feed,
        access=access or AccessRules(),
        patience=patience or Patience(),
        geocoder=geocoder,
    )
    try:
        async with (
            serve(context) as address,
            httpx.AsyncClient(base_url=address, timeout=60) as http,
        ):
            yield Library(bench, http, context.passes, scans, context.feed)
    finally:
        if compute is None:
            await bench.compute.close()


@pytest.fixture
async def library(database: Database, tmp_path: Path) -> AsyncIterator[Library]:
    """An empty library with its API, on each kind of database."""
    async with open_library(database, tmp_path / "data") as opened:
        yield opened


@pytest.fixture
async def sqlite_library(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Library]:
    """An empty library with its API, on SQLite."""
    async with open_library(sqlite_database, tmp_path / "data") as opened:
        yield opened


@pytest.fixture(scope="session")
def prepared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Networks and gazetteer, prepared once for all libraries that look at pictures."""
    from core.compute.tasks import prepare_cache

    folder = tmp_path_factory.mktemp("cache")
    prepare_cache(str(folder))
    return folder


@pytest.fixture
def with_cache(prepared_cache: Path) -> Callable[[Layout], None]:
    """Gives a library the prepared networks and gazetteer."""

    def give(layout: Layout) -> None:
        shutil.copytree(prepared_cache, layout.cache, dirs_exist_ok=True)

    return give
