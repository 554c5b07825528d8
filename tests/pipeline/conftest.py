"""A house to work in: a real database, a real library and one real worker process, without a daemon around them."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image
from sqlalchemy import delete, text

from core.ai.providers import Providers
from core.compute import Compute, LocalCompute
from core.compute.tasks import prepare_cache
from core.db.engine import Database, open_database
from core.db.tables import Base, utc_now
from core.library.layout import Layout
from core.pipeline import ledger, sighted
from core.pipeline.ledger import Entry, Signature
from core.pipeline.roots import Mode, Root
from core.pipeline.states import State
from core.pipeline.workbench import Workbench
from tests.conftest import migrated_database


def picture(seed: int = 0, edge: int = 32) -> bytes:
    """A small JPEG whose bytes depend on ``seed``."""
    noise = hashlib.shake_256(str(seed).encode()).digest(edge * edge * 3)
    buffer = io.BytesIO()
    Image.frombytes("RGB", (edge, edge), noise).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


@dataclass
class House:
    """A workbench and one root to take files from."""

    bench: Workbench
    inbox: Path

    def root(self, mode: Mode = Mode.COPY) -> Root:
        return Root("inbox", str(self.inbox), mode)

    def write(self, name: str, content: bytes) -> Path:
        path = self.inbox / name
        path.write_bytes(content)
        return path

    async def see(self, *names: str, state: State = State.QUEUED, holder: str | None = None) -> None:
        """Enters files of the inbox into the ledger."""
        rows = [(name, Signature.of(os.lstat(self.inbox / name)), state, None) for name in names]
        async with self.bench.database.write() as connection:
            await sighted.record_sightings(connection, "inbox", rows, utc_now(), holder)

    async def claim(self, holder: str | None = None, limit: int = 100) -> list[Entry]:
        """What a process called ``holder`` (we, by default) would take now."""
        async with self.bench.database.write() as connection:
            return await ledger.claim(connection, ["inbox"], limit, holder or self.bench.holder, utc_now())

    async def query(self, sql: str, **parameters: object) -> Sequence[Any]:
        async with self.bench.database.read() as connection:
            return (await connection.execute(text(sql), parameters)).all()

    async def entry(self, path: str) -> Any:
        (row,) = await self.query("select * from ledger where path = :path", path=path)
        return row

    def files(self) -> dict[str, str]:
        """The SHA-256 of every file in the library, by its path below the data directory."""
        return hashes(self.bench.layout)

    async def assert_whole(self) -> None:
        """Every file is explained by a row, every row has its bytes, and nothing is under way."""
        expected = {}
        for row in await self.query("select file_path, sha256, tier from file_versions"):
            expected[row.file_path] = row.sha256
        found = self.files()
        silver = await self.query("select file_path from file_versions where tier = 'silver'")
        sidecars = {f"{row.file_path}.xmp" for row in silver}
        assert {path: sha256 for path, sha256 in found.items() if path not in sidecars} == expected
        assert sidecars <= found.keys()
        assert await self.query("select target from placements") == []
        assert await self.query("select path from ledger where state = 'running'") == []
        assert not list(self.bench.layout.data_dir.rglob("*.pictallion-tmp"))
        done = await self.query(
            "select media_asset_id, action from asset_history where action in ('INGESTED', 'PROMOTED')"
        )
        assert len(done) == len(set(done)), "nothing is done twice"


def hashes(layout: Layout) -> dict[str, str]:
    """The SHA-256 of every file below ``media``, temporary ones included."""
    return {
        str(path.relative_to(layout.data_dir)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in layout.media.rglob("*")
        if path.is_file()
    }


def furnish(database: Database, layout: Layout, compute: Compute, holder: str) -> Workbench:
    """A workbench of these tools."""
    return Workbench(
        database=database,
        layout=layout,
        compute=compute,
        providers=Providers(database, compute),
        holder=holder,
        naming="datetime",
        home_zone="Europe/Berlin",
        max_attempts=3,
    )


@pytest.fixture(scope="session")
def prepared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    prepare_cache(str(folder))
    return folder


@pytest.fixture
def layout(tmp_path: Path, prepared_cache: Path) -> Layout:
    made = Layout(tmp_path / "data")
    shutil.copytree(prepared_cache, made.cache, copy_function=os.link)
    made.create()
    return made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def compute() -> AsyncIterator[Compute]:
    """One worker process for all tests of a session, who therefore share an event loop."""
    local = LocalCompute(workers=1, time_limit=120, idle_timeout=600)
    yield local
    await local.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=["sqlite", "postgresql"])
async def shared_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Database]:
    """A migrated database, once of each kind; who uses it empties it."""
    async with migrated_database(request.param, request, tmp_path_factory.mktemp("database")) as url:
        database = open_database(url)
        yield database
        await database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def house(shared_database: Database, layout: Layout, compute: Compute, tmp_path: Path) -> AsyncIterator[House]:
    (tmp_path / "inbox").mkdir()
    yield House(furnish(shared_database, layout, compute, "1-living"), tmp_path / "inbox")
    async with shared_database.write() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            await connection.execute(delete(table))
