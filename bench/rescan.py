"""A rescan of an unchanged tree against a bare walk of the same tree, in turn."""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy import update

from core.db.engine import open_database
from core.db.migrate import migrate
from core.db.tables import LedgerEntry
from core.pipeline.roots import Mode, Root
from core.pipeline.states import State
from daemon.intake.root import RootIntake
from daemon.memory import spare_what_lasts

FILES_PER_FOLDER = 200

Report = Callable[[str, str, str], None]


def make_tree(folder: Path, files: int) -> None:
    """Writes ``files`` files of a few bytes, 200 to a folder, last changed long ago as far as anyone can tell."""
    for start in range(0, files, FILES_PER_FOLDER):
        below = folder / f"{start // 10_000:03d}" / f"{start // FILES_PER_FOLDER:05d}"
        below.mkdir(parents=True)
        for number in range(start, min(start + FILES_PER_FOLDER, files)):
            (below / f"IMG_{number:06d}.jpg").write_bytes(b"photo %d" % number)


def bare_walk(folder: str) -> int:
    """The floor: every folder listed, every file's ``stat``, nothing kept."""
    count, pending = 0, [folder]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)
                    count += 1
    return count


async def rescan(folder: Path, files: int, report: Report) -> None:
    """Measures the first scan, then rescans and bare walks in turn."""
    root = folder / "tree"
    make_tree(root, files)
    database = open_database(f"sqlite+aiosqlite:///{folder / 'rescan.db'}")
    await migrate(database)
    intake = RootIntake(Root("tree", str(root), Mode.COPY), database, 0.0, lambda: None)

    async def scan() -> float:
        began = time.perf_counter()
        intake.request_scan()
        await intake.turn()
        return time.perf_counter() - began

    spare_what_lasts()
    first, longest = await _with_longest_block(scan())
    report(f"first scan of {files:,} files", f"{first:.2f} s", "")
    report("longest time the event loop was kept by it", f"{longest * 1000:.0f} ms", "≤ 50 ms")
    while not intake.is_settled:
        await intake.turn()
    async with database.write() as connection:
        await connection.execute(update(LedgerEntry).values(state=State.DONE))
    await scan()
    walks, scans, used = [], [], []
    for _ in range(7):
        began = time.perf_counter()
        assert bare_walk(str(root)) == files + 1
        walks.append(time.perf_counter() - began)
        before = resource.getrusage(resource.RUSAGE_SELF)
        scans.append(await scan())
        after = resource.getrusage(resource.RUSAGE_SELF)
        used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    walk, again = statistics.median(walks), statistics.median(scans)
    report("bare walk of the same tree", f"{walk * 1000:.0f} ms", "")
    report("rescan, nothing changed", f"{again * 1000:.0f} ms = {again / walk:.2f} × the walk", "≤ 1.5 ×")
    report("CPU of an idle root per hour, scanned hourly", f"{statistics.median(used):.2f} s", "")
    (root / "000" / "00000" / "new.jpg").write_bytes(b"new")
    written = time.perf_counter()
    await scan()
    while not intake.is_settled:
        await intake.turn()
    report("last byte written → queued, by a scan that begins then", f"{time.perf_counter() - written:.2f} s", "")
    await database.close()


async def _with_longest_block(work: Awaitable[float]) -> tuple[float, float]:
    """Runs ``work``; returns its result and the longest time for which nothing else could run. [s]"""
    longest, is_done = 0.0, False

    async def tick() -> None:
        nonlocal longest
        while not is_done:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - began - 0.001)

    ticking = asyncio.create_task(tick())
    result = await work
    is_done = True
    await ticking
    return result, longest
