"""A folder of photos that gets another name: one scan, and nothing is read or computed again."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from bench.rescan import make_tree
from core.db.engine import Database, open_database
from core.db.migrate import migrate
from core.db.tables import FileVersion, LedgerEntry, MediaAsset, new_id
from core.library.layout import Tier, reference_path
from core.pipeline.roots import Mode, Root
from core.pipeline.states import State
from daemon.intake.root import RootIntake

Report = Callable[[str, str, str], None]


async def moving(folder: Path, files: int, report: Report) -> None:
    """Renames a year of ``files`` photos in mode ``reference``, which a scan finds, and back, which hints tell."""
    root = folder / "album"
    make_tree(root / "2024", files)
    database = open_database(f"sqlite+aiosqlite:///{folder / 'moving.db'}")
    await migrate(database)
    queued: list[None] = []
    intake = RootIntake(Root("album", str(root), Mode.REFERENCE), database, 0.0, lambda: queued.append(None))
    intake.request_scan()
    while not intake.is_settled:
        await intake.turn()
    await _take(database)
    intake.request_scan()
    await intake.turn()
    queued.clear()

    (root / "2024").rename(root / "Year 2024")
    began = time.perf_counter()
    intake.request_scan()
    scanned = await intake.turn()
    seconds = time.perf_counter() - began
    assert scanned is not None
    await _check(database, files, "Year 2024", queued)
    report(f"a folder of {files:,} photos renamed: one scan", f"{seconds:.2f} s, {scanned.moved:,} moved, 0 queued", "")

    (root / "Year 2024").rename(root / "2024")
    began = time.perf_counter()
    for path in ("Year 2024", "2024"):
        intake.hint(path)
    while not intake.is_settled:
        await intake.turn()
    seconds = time.perf_counter() - began
    await _check(database, files, "2024", queued)
    report("the same, renamed back, by its hints", f"{seconds:.2f} s, 0 queued", "")
    await database.close()


async def _take(database: Database) -> None:
    """Gives every entry the asset and the versions that the pipeline would have made."""
    async with database.write() as connection:
        entries = list(await connection.execute(select(LedgerEntry.id, LedgerEntry.path)))
        assets = {entry.id: new_id() for entry in entries}
        await connection.execute(
            insert(MediaAsset), [{"id": assets[entry.id], "original_filename": entry.path} for entry in entries]
        )
        versions: list[dict[str, Any]] = [
            {
                "id": new_id(),
                "media_asset_id": assets[entry.id],
                "tier": tier,
                "file_path": reference_path(tier, "album", entry.path),
                "file_hash": "",
                "file_size": 1,
                "mime_type": "image/jpeg",
            }
            for entry in entries
            for tier in (Tier.BRONZE, Tier.SILVER)
        ]
        await connection.execute(insert(FileVersion), versions)
        for entry in entries:
            await connection.execute(
                update(LedgerEntry)
                .where(LedgerEntry.id == entry.id)
                .values(state=State.DONE, media_asset_id=assets[entry.id])
            )


async def _check(database: Database, files: int, folder: str, queued: list[None]) -> None:
    """Every entry and every version lies in ``folder`` now, and nothing is to be done."""
    async with database.read() as connection:
        rows = list(await connection.execute(select(LedgerEntry.path, LedgerEntry.state)))
        paths = list((await connection.execute(select(FileVersion.file_path))).scalars())
    assert len(rows) == files
    assert all(row.state == State.DONE and row.path.startswith(f"{folder}/") for row in rows)
    assert len(paths) == 2 * files
    assert all(path.split("/", 4)[4].startswith(f"{folder}/") for path in paths)
    assert not queued
