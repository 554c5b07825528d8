"""What a daemon costs that watches 100,000 files to which nothing happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import update

from bench.house import House, house
from bench.rescan import make_tree
from core.db.engine import open_database
from core.db.migrate import migrate
from core.db.tables import LedgerEntry
from core.pipeline.roots import Mode, Root
from core.pipeline.states import State
from daemon.intake.root import RootIntake

Report = Callable[[str, str, str], None]

#: How long the daemon is watched at rest. [s]
REST_SECONDS = 120.0


def idle(folder: Path, cache: Path, files: int, report: Report) -> None:
    """Measures the whole daemon at rest, and one of the rescans that come every hour."""
    make_tree(folder / "inbox", files)
    asyncio.run(_know_all(folder, files))
    with house(folder, cache) as running:
        first = _wait_for_scan(running, None)
        before = running.cpu_seconds()
        time.sleep(REST_SECONDS)
        at_rest = (running.cpu_seconds() - before) * 3600 / REST_SECONDS
        before = running.cpu_seconds()
        running.post("/api/daemon/scan")
        _wait_for_scan(running, first)
        rescan = running.cpu_seconds() - before
    report(f"idle daemon with {files:,} files, per hour", f"{at_rest:.1f} s CPU, and {rescan:.2f} s for the rescan", "")


async def _know_all(folder: Path, files: int) -> None:
    """Leaves the ledger as if every file had been looked at and was no photo."""
    data = folder / "data"
    data.mkdir()
    database = open_database(f"sqlite+aiosqlite:///{data / 'pictallion.db'}")
    await migrate(database)
    intake = RootIntake(Root("inbox", str(folder / "inbox"), Mode.COPY), database, 0.0, lambda: None)
    intake.request_scan()
    while not intake.is_settled:
        await intake.turn()
    async with database.write() as connection:
        result = await connection.execute(update(LedgerEntry).values(state=State.IGNORED))
    assert result.rowcount == files
    await database.close()


def _wait_for_scan(running: House, after: str | None) -> str:
    """The time of the first scan that is not the one at ``after``, once the work that follows it has ended."""
    while True:
        (root,) = running.get("/api/daemon/roots")
        if root["lastScan"] is not None and root["lastScan"]["at"] != after:
            time.sleep(3)
            return str(root["lastScan"]["at"])
        time.sleep(0.1)
