"""A root with its intake, and the ledger behind it, without a daemon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from core.db.engine import Database
from core.db.tables import LedgerEntry, MediaAsset, WatchRoot, utc_now
from core.pipeline import ledger, sighted, watch_roots
from core.pipeline.ledger import Fate
from core.pipeline.roots import Mode, Root
from core.pipeline.states import State
from daemon.intake.reconciler import Scanned
from daemon.intake.root import RootIntake
from daemon.intake.scanner import Unreadable


@dataclass
class Inbox:
    """A folder, its intake, and the ledger behind it. Files count as settled when they are seen a second time."""

    folder: Path
    database: Database
    mode: Mode = Mode.COPY
    name: str = "inbox"
    settle_seconds: float = 0.0
    wakes: list[None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.intake = self.begin()

    def begin(self, holder: str | None = None) -> RootIntake:
        """An intake that knows nothing but the ledger, as after a start."""
        root = Root(self.name, str(self.folder), self.mode)
        return RootIntake(root, self.database, self.settle_seconds, lambda: self.wakes.append(None), holder=holder)

    def write(self, name: str, content: bytes = b"x") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    async def scan(self) -> Scanned:
        self.intake.request_scan()
        scanned = await self.intake.turn()
        assert scanned is not None
        return scanned

    async def hint(self, *paths: str) -> None:
        for path in paths:
            self.intake.hint(path)
        await self.intake.turn()

    async def ask(self, *paths: str) -> list[str]:
        """Asks for files and folders as an import does; gives the files that were found."""
        found = await self.intake.ask_for(paths, Unreadable())
        await self.intake.turn()
        return found

    async def states(self) -> dict[str, State]:
        async with self.database.read() as connection:
            rows = await connection.execute(select(LedgerEntry.path, LedgerEntry.state))
            return {row.path: State(row.state) for row in rows}

    async def row(self, path: str) -> Any:
        async with self.database.read() as connection:
            return (await connection.execute(select(LedgerEntry.__table__).where(LedgerEntry.path == path))).one()

    async def remembered(self) -> Any:
        async with self.database.read() as connection:
            return (await connection.execute(select(WatchRoot.__table__))).one()

    async def accept(self) -> None:
        async with self.database.write() as connection:
            assert await watch_roots.accept(connection, self.name, utc_now())

    async def set_state(self, entry_id: int, state: State) -> None:
        async with self.database.write() as connection:
            await sighted.move_to(connection, [entry_id], state, utc_now())

    async def claim(self) -> list[ledger.Entry]:
        async with self.database.write() as connection:
            return await ledger.claim(connection, [self.name], 100, "me", utc_now())

    async def take(self, state: State = State.DONE) -> None:
        """What the pipeline does with everything in the queue."""
        for entry in await self.claim():
            async with self.database.write() as connection:
                asset_id = entry.media_asset_id
                if state is State.DONE and asset_id is None:
                    asset_id = f"asset of {entry.path}"
                    await connection.execute(insert(MediaAsset).values(id=asset_id, original_filename=entry.path))
                await ledger.settle_fate(connection, entry, Fate(state, media_asset_id=asset_id), utc_now())


@pytest.fixture
def inbox(database: Database, tmp_path: Path) -> Inbox:
    return Inbox(tmp_path / "inbox", database)


@pytest.fixture
def drop(database: Database, tmp_path: Path) -> Inbox:
    return Inbox(tmp_path / "drop", database, mode=Mode.MOVE)


@pytest.fixture
def make_inbox(database: Database, tmp_path: Path) -> Callable[..., Inbox]:
    """Makes roots on one database; takes a folder's name and the arguments of :class:`Inbox`."""
    return lambda folder, **arguments: Inbox(tmp_path / folder, database, **arguments)
