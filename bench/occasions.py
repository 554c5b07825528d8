"""How long does it take to look through a library for trips, outings and parties?

The life is made up: sixteen years in two towns, a photo or two on most days, journeys, outings and parties in between.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import insert

from core.ai.providers import Providers
from core.compute import LocalCompute
from core.db.engine import open_database
from core.db.migrate import migrate
from core.db.tables import Face, FileVersion, MediaAsset, new_id
from core.library.layout import Layout
from core.occasions.proposing import propose_occasions
from core.occasions.segments import segments
from core.occasions.shots import Shot
from core.pipeline.workbench import Workbench

HOMES = ((53.55, 9.99), (52.52, 13.40))
AWAY = ((41.90, 12.49), (48.86, 2.35), (38.72, -9.14), (59.33, 18.07), (35.68, 139.69), (40.71, -74.0))
NEAR = ((53.87, 10.69), (54.32, 10.13), (51.05, 13.74))
BEGIN, DAYS = datetime(2010, 1, 1), 16 * 365


def life(photos: int) -> Iterator[Shot]:
    """So many photos in the order of their times; the same each time."""
    chance = random.Random(20101)
    per_day = photos / DAYS
    made, day = 0, 0
    while made < photos:
        home = HOMES[day * 2 // DAYS % 2]
        kind = chance.choices(("home", "trip", "outing", "party"), (90, 1, 5, 2))[0]
        place = {"trip": chance.choice(AWAY), "outing": chance.choice(NEAR)}.get(kind, home)
        for _ in range(7 if kind == "trip" else 1):
            number = (
                round(per_day * chance.uniform(0.3, 1) * {"home": 0.6, "trip": 4, "outing": 3, "party": 6}[kind]) + 1
            )
            when = BEGIN + timedelta(days=day % DAYS, hours=chance.uniform(9, 18))
            for _ in range(min(number, photos - made)):
                when += timedelta(minutes=chance.expovariate(1 / 4))
                point = (place[0] + chance.gauss(0, 0.02), place[1] + chance.gauss(0, 0.02))
                lies = chance.random() < 0.7
                yield Shot(
                    asset_id=f"{made:08}-0000-4000-8000-000000000000",
                    taken=(when - datetime(1970, 1, 1)).total_seconds(),
                    latitude=point[0] if lies else float("nan"),
                    longitude=point[1] if lies else float("nan"),
                    camera=chance.choice(("Apple iPhone 13", "Google Pixel 7", "NIKON Z 6")),
                    faces=chance.randrange(6) if kind == "party" else chance.randrange(2),
                    has_event=False,
                )
                made += 1
            day += 1


def occasions(folder: Path, cache: Path, photos: int, report: Callable[..., None]) -> None:
    """Segmentation alone, then all of it on a database: the first time, and again without a change."""
    seconds = {}
    for size in (photos // 10, photos):
        shots = sorted(life(size), key=lambda shot: (shot.taken, shot.asset_id))
        began = time.process_time()
        found = segments(shots)
        seconds[size] = time.process_time() - began
        report(f"{size:,} photos parted into {len(found):,} occasions", f"{seconds[size] * 1000:.0f} ms CPU")
    report("cost per photo, all ÷ a tenth of them", f"{seconds[photos] / seconds[photos // 10] / 10:.2f}", "≤ 1.3")
    asyncio.run(_on_database(folder, cache, photos, report))


async def _on_database(folder: Path, cache: Path, photos: int, report: Callable[..., None]) -> None:
    layout = Layout(folder)
    layout.create()
    layout.cache.rmdir()
    layout.cache.symlink_to(cache)
    database = open_database(f"sqlite+aiosqlite:///{folder}/pictallion.db")
    await migrate(database)
    shots = life(photos)
    while batch := list(itertools.islice(shots, 1_000)):
        async with database.write() as connection:
            await connection.execute(insert(MediaAsset), [_asset(shot) for shot in batch])
            await connection.execute(insert(FileVersion), [_version(shot) for shot in batch])
            await connection.execute(insert(Face), [face for shot in batch for face in _faces(shot)])
    compute = LocalCompute(workers=1, time_limit=60, idle_timeout=60)
    bench = Workbench(
        database=database,
        layout=layout,
        compute=compute,
        providers=Providers(database, compute),
        holder="bench",
        naming="datetime",
        home_zone=None,
        max_attempts=3,
    )
    before = psutil.Process().memory_info().rss
    for turn in ("the first time", "again, nothing has changed"):
        lags: list[tuple[float, float]] = []
        watch = asyncio.create_task(_watch(lags))
        began = time.perf_counter()
        made = await propose_occasions(bench)
        taken = time.perf_counter() - began
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch
        report(f"{photos:,} photos looked through, {turn}", f"{taken:.2f} s: {made.new} new, {made.changed} changed")
        waits, busy = (max(column) * 1000 for column in zip(*lags, strict=True))
        report("longest wait of the event loop", f"{waits:.0f} ms, {busy:.0f} ms CPU of its own")
    grown = (psutil.Process().memory_info().rss - before) / 2**20
    report("memory that it took", f"{grown:.0f} MiB")
    await bench.compute.close()
    await database.close()


async def _watch(lags: list[tuple[float, float]]) -> None:
    """Notes how late each turn came, and how long the loop's own thread worked in between, in seconds."""
    while True:
        began, worked = time.perf_counter(), time.thread_time()
        await asyncio.sleep(0.005)
        lags.append((time.perf_counter() - began - 0.005, time.thread_time() - worked))


def _asset(shot: Shot) -> dict[str, Any]:
    return {"id": shot.asset_id, "original_filename": f"IMG_{shot.asset_id[:8]}.jpg"}


def _version(shot: Shot) -> dict[str, Any]:
    point = shot.point
    return {
        "id": f"v{shot.asset_id}",
        "media_asset_id": shot.asset_id,
        "tier": "silver",
        "file_path": f"media/silver/{shot.asset_id}.jpg",
        "file_hash": shot.asset_id,
        "file_size": 1_000,
        "mime_type": "image/jpeg",
        "captured_at": (datetime(1970, 1, 1) + timedelta(seconds=shot.taken)).isoformat(),
        "capture_source": "exif-original",
        "gps_latitude": None if point is None else point[0],
        "gps_longitude": None if point is None else point[1],
        "metadata": {"exif": {"camera": shot.camera}, "ai": {"aiTags": ["beach", "sky"]}},
    }


def _faces(shot: Shot) -> list[dict[str, Any]]:
    box = {"photo_id": f"v{shot.asset_id}", "bounding_box": [1, 2, 3, 4], "confidence": 90}
    return [{"id": new_id(), **box} for _ in range(shot.faces)]
