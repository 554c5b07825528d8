"""How long does a search take? At 100,000 photos, through HTTP, with the words of a family's library.

python -m bench.search [--photos 100000] [--database postgresql+asyncpg://…] [--turns 20]
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from sqlalchemy import insert

from api.app import create_app
from api.context import ApiContext
from core.ai.providers import Providers
from core.compute import LocalCompute
from core.config import Settings
from core.db.engine import Database, open_database
from core.db.migrate import migrate
from core.db.tables import Face, FileVersion, MediaAsset, Person, new_id
from core.library.layout import Layout
from core.passes.runner import Runner
from core.passes.shape import Tools
from core.pipeline.workbench import Workbench

SYLLABLES = (
    "ba",
    "da",
    "fi",
    "go",
    "ka",
    "le",
    "mi",
    "no",
    "pa",
    "ri",
    "so",
    "tu",
    "ve",
    "wa",
    "xi",
    "zu",
    "lan",
    "tor",
)
CAMERAS = ("NIKON Z 6", "Apple iPhone 13", "Google Pixel 7", "Canon EOS R5", "SONY ILCE-7M3", "")
PLACES = ("Nice", "Lyon", "Berlin", "Bologna", "Porto", "Gdańsk", "Oslo", "Cork", "")
EVENTS = ("birthday", "holiday", "vacation", "party", None, None, None, None)

SEARCHES: dict[str, dict[str, Any]] = {
    "everything": {},
    "a word in 1 of 9 photos": {"query": "beach"},
    "a word in every photo": {"query": "photo"},
    "two letters": {"query": "be"},
    "words of different texts": {"query": "beach nice ada"},
    "a quoted phrase": {"query": '"at the beach"'},
    "a file name": {"query": "IMG_04242"},
    "rating 4 and up": {"rating": {"min": 4}},
    "rated beach photos of 2024": {
        "query": "beach",
        "rating": {"min": 3},
        "dateRange": {"start": "2024-01-01", "end": "2024-12-31"},
    },
    "keyword, camera, place": {"keywords": ["fam"], "camera": "nikon", "location": "nice"},
    "a person": {"peopleIds": ["person-1"]},
    "not reviewed Silver": {"tier": "silver", "isReviewed": False},
}
SORTED = ("createdAt", "rating", "fileSize", "confidence", "eventName", "relevance")


def rows(count: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Assets and their Silver versions."""
    chance = random.Random(1)
    words = ["".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))) for _ in range(3000)]
    tags = words[:300] + ["beach"] * 6
    keywords = ["family", "work", "garden", "best", *words[:60]]
    began = datetime(2015, 1, 1, tzinfo=UTC)
    for number in range(count):
        captured = began + timedelta(minutes=number * 50)
        place, camera = chance.choice(PLACES), chance.choice(CAMERAS)
        own_tags = chance.sample(tags, 6)
        long = " ".join(chance.choices(words, k=25)) + (" at the beach" if "beach" in own_tags else "")
        asset_id = new_id()
        yield (
            {
                "id": asset_id,
                "original_filename": f"IMG_{number:05}.jpg",
                "created_at": captured,
                "sha256": f"{number:064}",
            },
            {
                "id": new_id(),
                "media_asset_id": asset_id,
                "tier": "silver",
                "file_path": f"media/silver/{captured:%Y/%m}/{captured:%Y-%m-%d_%H-%M-%S}.jpg",
                "file_hash": f"{number:032}",
                "file_size": chance.randint(500_000, 12_000_000),
                "mime_type": chance.choice(("image/jpeg", "image/jpeg", "image/heic", "video/mp4")),
                "rating": chance.choice((0, 0, 0, 1, 2, 3, 4, 5)),
                "keywords": chance.sample(keywords, chance.choice((0, 0, 0, 1, 2))),
                "location": place or None,
                "event_type": (event := chance.choice(EVENTS)),
                "event_name": event and f"{event} {captured:%Y}",
                "perceptual_hash": f"{chance.getrandbits(64):064b}",
                "captured_at": f"{captured:%Y-%m-%dT%H:%M:%S}",
                "created_at": captured,
                "is_reviewed": chance.random() < 0.3,
                "metadata": {
                    "exif": {"camera": camera, "iso": "100", "aperture": "f/2.8", "dateTimeOriginal": str(captured)},
                    "ai": {
                        "aiTags": own_tags,
                        "shortDescription": f"Photo of {own_tags[0]} in {place}",
                        "longDescription": long,
                        "placeName": place,
                        "aiConfidenceScores": {"tags": chance.random(), "description": 0.3},
                    },
                },
            },
        )


async def fill(database: Database, count: int) -> float:
    """Writes the library; answers the seconds it took, search index included."""
    began = time.perf_counter()
    made = rows(count)
    async with database.write() as connection:
        for number in range(200):
            await connection.execute(insert(Person).values(id=f"person-{number}", name=f"Ada {number}"))
    while batch := list(itertools.islice(made, 1000)):
        faces = [
            {
                "photo_id": version["id"],
                "person_id": f"person-{index % 200}",
                "bounding_box": [1, 2, 3, 4],
                "confidence": 90,
            }
            for index, (_, version) in enumerate(batch)
            if index % 3 == 0
        ]
        async with database.write() as connection:
            await connection.execute(insert(MediaAsset), [asset for asset, _ in batch])
            await connection.execute(insert(FileVersion), [version for _, version in batch])
            await connection.execute(insert(Face), faces)
    return time.perf_counter() - began


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(database: Database, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The API on a free port."""
    compute = LocalCompute(workers=1, time_limit=60, idle_timeout=60)
    bench = Workbench(database, Layout(folder), compute, Providers(database), "bench", "datetime", None, 1)
    passes = Runner(Tools(bench, Settings(library={"data_dir": folder.absolute()}, watch=())), ())
    context = ApiContext(bench, lambda _: [], lambda: None, None, 0, lambda: None, list, passes)
    server = _Server(uvicorn.Config(create_app(context), port=0, log_config=None, access_log=False))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has a flag and no event
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        yield client
    server.should_exit = True
    await task
    await compute.close()


async def measure(client: httpx.AsyncClient, turns: int, method: str, path: str, **request: Any) -> str:
    """Median and worst milliseconds until the whole answer is there, and the size of the answer.

    Each search asks for one photo more than the last, as an answer that is known would be measured otherwise.
    """
    taken = []
    for turn in range(turns + 1):
        if "json" in request:
            request["json"] = request["json"] | {"limit": 50 + turn}
        began = time.perf_counter()
        answer = await client.request(method, path, **request)
        taken.append((time.perf_counter() - began) * 1000)
        answer.raise_for_status()
    body = answer.json()
    found = body.get("totalCount", "") if isinstance(body, dict) else len(body)
    return f"p50 {statistics.median(taken[1:]):6.1f} ms, worst {max(taken[1:]):6.1f} ms, {found} found"


async def main() -> None:
    """Fills a database, unless it is full already, and searches."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--database", help="by default a new SQLite file; one that is kept is used again")
    parser.add_argument("--turns", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(options.database or f"sqlite+aiosqlite:///{folder}/bench.db")
        await migrate(database)
        async with serving(database, Path(folder)) as client:
            if (await client.get("/api/stats")).json()["totalPhotos"] == 0:
                print(f"filled with {options.photos} photos in {await fill(database, options.photos):.0f} s")
            for name, filters in SEARCHES.items():
                body: dict[str, Any] = {"filters": filters}
                result = await measure(client, options.turns, "POST", "/api/photos/search", json=body)
                print(f"{name:32} {result}")
            for field in SORTED:
                body = {"filters": {"query": "beach"}, "sort": {"field": field}}
                result = await measure(client, options.turns, "POST", "/api/photos/search", json=body)
                print(f"beach by {field:23} {result}")
                body = {"sort": {"field": field}}
                result = await measure(client, options.turns, "POST", "/api/photos/search", json=body)
                print(f"all by {field:25} {result}")
            photo = (await client.get("/api/photos/recent")).json()[0]["id"]
            for path in (
                "/api/search?q=beach",
                "/api/search/suggestions?q=be",
                "/api/tags/search?q=be",
                f"/api/photos/{photo}/similar?threshold=70",
            ):
                print(f"{path[:60]:60} {await measure(client, options.turns, 'GET', path)}")
            print(json.dumps((await client.get("/api/search/facets")).json()["ratings"]))
        await database.close()


if __name__ == "__main__":
    asyncio.run(main())
