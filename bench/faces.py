"""How long does it take to put the faces of a library together, and to find whose they may be?

The faces are made up: everybody has a look of their own, and faces differ from it as much as measured ones do.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from sqlalchemy import insert

from core.ai.providers import Providers
from core.compute import LocalCompute
from core.config import Settings
from core.db.engine import Database, open_database
from core.db.migrate import migrate
from core.db.tables import Face, FileVersion, MediaAsset, Person, new_id
from core.library.layout import Layout
from core.passes.people import PEOPLE
from core.passes.runner import Runner, Wanted
from core.passes.shape import Tools
from core.people.embeddings import Embeddings
from core.people.unnamed import suggestions_for_unnamed
from core.pipeline.holders import become_holder
from core.pipeline.workbench import Workbench
from daemon.memory import spare_what_lasts

KNOWN = 50
"""People with a name; a fifth of all faces have it, two fifths are theirs without, the rest are of strangers."""

_APART, _WITHIN = 0.5, 0.39
"""How far looks are from the middle, and the median distance of two faces of one person."""

_AT_ONCE = 1_000


@dataclass
class Watched:
    """The longest waits of the event loop and its longest work, in seconds; the most memory, in bytes."""

    waits: float = 0.0
    busy: float = 0.0
    own: int = 0
    workers: int = 0


def faces(folder: Path, sizes: list[int], report: Callable[..., None]) -> None:
    """For each number of faces: the pass for the first time, again, and what comparing all at once takes."""
    for size in sizes:
        asyncio.run(_measure(folder / str(size), size, report))


async def _measure(folder: Path, size: int, report: Callable[..., None]) -> None:
    layout = Layout(folder)
    layout.create()
    database = open_database(f"sqlite+aiosqlite:///{folder}/pictallion.db")
    await migrate(database)
    await _fill(database, size)
    spare_what_lasts()
    compute = LocalCompute(workers=2, time_limit=300, idle_timeout=60)
    with become_holder(layout.locks) as holder:
        bench = Workbench(database, layout, compute, Providers(database, compute), holder, "datetime", None, 3)
        settings = Settings(library={"data_dir": folder}, watch=())  # type: ignore[arg-type]
        runner = Runner(Tools(bench, settings), [PEOPLE])
        for turn in ("the first time", "again, nothing has changed"):
            async with _watching() as watched:
                began = time.perf_counter()
                run = await runner.run(Wanted("people", is_asked=True))
                taken = time.perf_counter() - began
            told = run.progress.report
            found = f"{told['suggested']:,} suggested, {told['grouped']:,} in {told['groups']:,} groups"
            report(f"{size:,} faces, {turn}", f"{taken:.1f} s, {run.state}: {found}")
            _tell(watched, report)
    async with _watching() as watched:
        began = time.perf_counter()
        await suggestions_for_unnamed(database, Embeddings(database))
        report(f"{size:,} faces, suggestions compared at once", f"{time.perf_counter() - began:.1f} s")
    _tell(watched, report)
    await compute.close()
    await database.close()


def _tell(watched: Watched, report: Callable[..., None]) -> None:
    waits, busy = watched.waits * 1000, watched.busy * 1000
    report("  longest wait of the event loop", f"{waits:.0f} ms, {busy:.0f} ms CPU of its own", "≤ 50 ms")
    own, workers = watched.own / 2**20, watched.workers / 2**20
    report("  most memory", f"{own:.0f} MiB, {workers:.0f} MiB in workers")


@asynccontextmanager
async def _watching() -> AsyncIterator[Watched]:
    watched = Watched()
    tasks = [asyncio.create_task(_wait(watched)), asyncio.create_task(_weigh(watched))]
    try:
        yield watched
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _wait(watched: Watched) -> None:
    """Notes how late each turn came, and how long the loop's own thread worked in between."""
    while True:
        began, worked = time.perf_counter(), time.thread_time()
        await asyncio.sleep(0.005)
        watched.waits = max(watched.waits, time.perf_counter() - began - 0.005)
        watched.busy = max(watched.busy, time.thread_time() - worked)


async def _weigh(watched: Watched) -> None:
    process = psutil.Process()
    while True:
        watched.own = max(watched.own, process.memory_info().rss)
        watched.workers = max(watched.workers, await asyncio.to_thread(_of_children, process))
        await asyncio.sleep(0.2)


def _of_children(process: psutil.Process) -> int:
    total = 0
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            total += child.memory_info().rss
    return total


async def _fill(database: Database, size: int) -> None:
    people = [{"id": f"person-{number}", "name": f"Ada {number}"} for number in range(KNOWN)]
    async with database.write() as connection:
        await connection.execute(insert(Person), people)
    made = _faces(size)
    while some := list(itertools.islice(made, _AT_ONCE)):
        photos = [face["photo_id"] for face in some]
        async with database.write() as connection:
            await connection.execute(
                insert(MediaAsset), [{"id": photo, "original_filename": f"{photo}.jpg"} for photo in photos]
            )
            await connection.execute(insert(FileVersion), [_version(photo) for photo in photos])
            await connection.execute(insert(Face), some)


def _faces(size: int) -> Iterator[dict[str, Any]]:
    """One on each photo; the same each time."""
    chance, generator = random.Random(10), np.random.default_rng(10)
    # some strangers are seen often, most once or twice
    strangers = max(size // 20, 1)
    looks = generator.normal(size=(KNOWN + strangers, 128))
    looks *= _APART / np.linalg.norm(looks, axis=1, keepdims=True)
    for number in range(size):
        who = chance.randrange(KNOWN) if chance.random() < 0.6 else KNOWN + int(strangers * chance.random() ** 3)
        is_named = who < KNOWN and chance.random() < 1 / 3
        numbers = looks[who] + generator.normal(size=128) * (_WITHIN / np.sqrt(2 * 128))
        yield {
            "id": new_id(),
            "photo_id": f"{number:08}-0000-4000-8000-000000000000",
            "person_id": f"person-{who}" if is_named else None,
            "bounding_box": [1, 2, 30, 40],
            "confidence": chance.randrange(50, 100),
            "embedding": [float(each) for each in numbers],
        }


def _version(photo: str) -> dict[str, Any]:
    return {
        "id": photo,
        "media_asset_id": photo,
        "tier": "silver",
        "file_path": f"media/silver/{photo}.jpg",
        "file_hash": photo,
        "file_size": 1_000,
        "mime_type": "image/jpeg",
        "captured_at": "2020-05-01T12:00:00",
    }
