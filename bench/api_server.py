"""The API in a process of its own, and beside it, in the same process, what it is measured against.

python -m bench.api_server FOLDER PORT
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from litestar import get, post
from litestar.params import FromPath
from litestar.response import Stream
from litestar.static_files import create_static_files_router
from sqlalchemy import text, update

from api.app import create_app
from api.context import ApiContext
from api.shared_lists import AT_ONCE
from bench.api_library import database_url
from core.ai.providers import Providers
from core.compute import LocalCompute
from core.config import Settings
from core.db.engine import Database, open_database
from core.db.tables import Setting, utc_now
from core.library.layout import Layout
from core.passes.runner import Runner
from core.passes.shape import Tools
from core.pipeline.workbench import Workbench
from daemon.memory import spare_what_lasts

TICK = 0.002
"""How often the event loop is asked whether it is there. [s]"""

PIECE = 1 << 20
"""Bytes of a floor's answer that are sent at a time. As many floors are in memory at once as lists are read, so that 16
clients at 100,000 photos do not need more than there is."""

_FACES = """(select json_group_array(json_object('id', f.id, 'boundingBox', json(f.bounding_box), 'confidence',
f.confidence, 'personId', f.person_id)) from faces f join file_versions o on o.id = f.photo_id
where o.media_asset_id = v.media_asset_id and not f.ignored)"""
_PHOTO = f"""select v.id, v.media_asset_id as mediaAssetId, v.tier, v.file_path as filePath, v.file_hash as fileHash,
v.file_size as fileSize, v.mime_type as mimeType, v.metadata, v.is_reviewed as isReviewed, v.rating, v.keywords,
v.location, v.event_type as eventType, v.event_name as eventName, v.perceptual_hash as perceptualHash,
v.ai_short_description as aiShortDescription, v.processing_state as processingState, v.created_at as createdAt,
v.captured_at as capturedAt, v.gps_latitude as gpsLatitude, v.gps_longitude as gpsLongitude,
v.is_favorite as isFavorite, a.original_filename as originalFilename, a.created_at as assetCreatedAt,
{_FACES} as detectedFaces
from file_versions v join media_assets a on a.id = v.media_asset_id where v.archived_at is null"""
_NEWEST = "order by v.created_at desc"
_NO_GOLD = """not exists (select 1 from file_versions g where g.media_asset_id = v.media_asset_id and g.tier = 'gold'
and g.archived_at is null)"""

_OF_ASSET = """v.id, v.media_asset_id as mediaAssetId, a.original_filename as originalFilename,
a.created_at as assetCreatedAt, v.file_path as filePath"""
_STANDS_FOR_ASSET = """(select o.id from file_versions o where o.media_asset_id = a.id and o.archived_at is null
and o.mime_type like 'image/%' order by case when o.tier = 'bronze' and o.processing_state is not 'promoted' then 0
when o.tier = 'silver' then 1 when o.tier = 'gold' then 2 else 3 end, o.created_at desc, o.id limit 1)"""

FLOORS = {
    "best": f"{_PHOTO} and (v.tier = 'gold' or (v.tier = 'silver' and {_NO_GOLD})) {_NEWEST}",
    "bronze": f"{_PHOTO} and v.tier = 'bronze' {_NEWEST}",
    "silver": f"{_PHOTO} and v.tier = 'silver' and {_NO_GOLD} {_NEWEST}",
    "gold": f"{_PHOTO} and v.tier = 'gold' {_NEWEST}",
    "all": f"{_PHOTO} {_NEWEST}",
    "recent": f"{_PHOTO} {_NEWEST} limit 6",
    "search": f"{_PHOTO} and v.tier = 'silver' and v.rating >= 4 {_NEWEST} limit 50",
    "unassigned": f"""select f.id as faceId, f.photo_id as photoId, f.bounding_box as boundingBox, f.confidence,
        f.ignored, f.created_at as faceCreatedAt, p.* from faces f join file_versions w on w.id = f.photo_id
        join ({_PHOTO} and (v.tier = 'gold' or (v.tier = 'silver' and {_NO_GOLD}))) p
        on p.mediaAssetId = w.media_asset_id where f.person_id is null and not f.ignored order by f.created_at desc""",
    "hotspots": f"""select {_OF_ASSET}, v.metadata from file_versions v join media_assets a on a.id = v.media_asset_id
        where v.archived_at is null and v.gps_latitude is not null
        and (v.tier = 'gold' or (v.tier = 'silver' and {_NO_GOLD}))""",
    "bursts": f"""select {_OF_ASSET}, v.metadata, v.created_at as createdAt, v.file_size as fileSize,
        v.file_hash as fileHash, v.tier, v.processing_state as processingState
        from media_assets a join file_versions v on v.id = {_STANDS_FOR_ASSET}""",
}
"""SQL of SQLite for the rows that an answer is made of, with the columns that are sent of each."""

_JSON = ("metadata", "keywords", "detectedFaces", "boundingBox")


async def _rows(database: Database, name: str) -> bytes:
    async with database.read() as connection:
        found = await connection.execute(text(FLOORS[name]))
        columns = list(found.keys())
        raw = [index for index, column in enumerate(columns) if column in _JSON]
        made: list[dict[str, Any]] = []
        for row in found:
            values = list(row)
            for index in raw:
                values[index] = msgspec.Raw((values[index] or "null").encode())
            made.append(dict(zip(columns, values, strict=True)))
    return msgspec.json.encode(made)


async def serve(folder: Path, port: int) -> None:
    """Serves until the process is ended."""
    database = open_database(database_url(folder))
    compute = LocalCompute(workers=1, time_limit=60, idle_timeout=60)
    bench = Workbench(database, Layout(folder), compute, Providers(database, compute), "bench", "datetime", None, 1)
    passes = Runner(Tools(bench, Settings(library={"data_dir": folder.absolute()}, watch=())), ())
    app = create_app(ApiContext(bench, lambda _: [], lambda: None, None, 0, lambda: None, list, passes))
    worst = [0.0, 0.0]
    free = asyncio.Semaphore(AT_ONCE)

    async def watch() -> None:
        while True:
            began, worked = time.perf_counter(), time.thread_time()
            await asyncio.sleep(TICK)
            worst[0] = max(worst[0], time.perf_counter() - began - TICK)
            worst[1] = max(worst[1], time.thread_time() - worked)

    @get("/bench/constant")
    async def constant() -> dict[str, int]:
        return {"totalPhotos": 1, "silverCount": 2, "goldCount": 3}

    @get("/bench/rows/{name:str}")
    async def rows_of(name: FromPath[str]) -> Stream:
        async def pieces() -> AsyncIterator[bytes]:
            async with free:
                rows = await _rows(database, name)
                for start in range(0, len(rows), PIECE):
                    yield rows[start : start + PIECE]

        return Stream(pieces(), media_type="application/json")

    @get("/bench/worst")
    async def longest() -> list[float]:
        """Longest time that the loop was held since this was last asked, and most that it worked meanwhile, in seconds.

        The first is the truth where nobody else needs the processors; what others take is not in the second.
        """
        held = list(worst)
        worst[:] = 0.0, 0.0
        return held

    @post("/bench/change")
    async def change() -> None:
        """Commits something, so that no answer from before is sent again."""
        async with database.write() as connection:
            await connection.execute(update(Setting).values(updated_at=utc_now()))

    for route in (constant, rows_of, longest, change):
        app.register(route)
    app.register(create_static_files_router(path="/bench/static", directories=[folder / "static"]))
    spare_what_lasts()
    watching = asyncio.create_task(watch())
    await uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False)).serve()
    watching.cancel()
    await compute.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
