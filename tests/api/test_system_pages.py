"""Numbers about the library and the machine, and who may ask from elsewhere."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from api.context import AccessRules, ApiContext
from core import __version__
from core.db.engine import Database
from core.db.tables import MediaAsset
from tests.api.conftest import NOON, Library, open_library, runner_of, serve

pytestmark = pytest.mark.asyncio


async def test_analytics_are_counted_and_not_invented(library: Library) -> None:
    now = datetime.now(UTC)
    for back, number in ((0, 2), (3, 1), (40, 1)):
        for _ in range(number):
            asset = await library.insert(MediaAsset, original_filename="a.jpg", created_at=now - timedelta(days=back))
            await library.add_version(
                asset, "silver", keywords=["sea"], combined_metadata={"ai": {"aiTags": ["sea", "dog"]}}
            )
    await library.add_version(asset, "gold", keywords=["sea"])
    answer = (await library.http.get("/api/analytics")).json()
    trends = answer["uploadTrends"]
    assert len(trends) == 30
    assert trends[-1] == {"date": now.date().isoformat(), "count": 2}
    assert trends[-4]["count"] == 1
    assert sum(day["count"] for day in trends) == 3
    assert answer["tierDistribution"] == [
        {"tier": "Silver", "count": 4, "percentage": 100},
        {"tier": "Gold", "count": 1, "percentage": 25},
    ]
    assert answer["topTags"] == [{"tag": "sea", "count": 4}, {"tag": "dog", "count": 3}]


async def test_an_empty_library_has_numbers_too(library: Library) -> None:
    answer = (await library.http.get("/api/analytics")).json()
    assert [day["count"] for day in answer["uploadTrends"]] == [0] * 30
    assert [tier["percentage"] for tier in answer["tierDistribution"]] == [0, 0]
    assert answer["topTags"] == []


async def test_the_status_tells_of_disk_memory_and_time(library: Library) -> None:
    await library.add_photo("bronze", "silver", file_size=100)
    await library.add_photo("silver", file_size=30, archived_at=NOON)
    status = (await library.http.get("/api/system/status")).json()
    assert status["stats"] == {"totalPhotos": 1, "bronzeCount": 1, "silverCount": 1, "goldCount": 0}
    assert status["diskUsage"].pop("media") == {"bronze": 100, "silver": 100, "gold": 0, "archive": 30}
    assert all(value > 0 for value in status["diskUsage"].values())
    assert status["uptime"] > 0
    assert status["nodeVersion"].startswith("Python 3")
    assert status["memoryUsage"]["rss"] > 0
    assert status["memoryUsage"].keys() == {"rss", "heapTotal", "heapUsed", "external"}


async def test_the_program_tells_how_it_is_set_up(library: Library) -> None:
    info = (await library.http.get("/api/system/info")).json()
    assert info["application"] == {
        "name": "Pictallion",
        "version": __version__,
        "environment": "production",
        "debug": False,
    }
    assert info["database"] == library.bench.database.dialect
    configuration = info["configuration"]
    assert configuration["aiProvider"] == "builtin"
    assert {"image/jpeg", "image/heic", "video/mp4"} <= set(configuration["allowedFileTypes"])
    assert set(configuration["features"]) == {
        *("aiProcessing", "faceDetection", "duplicateDetection", "burstDetection")
    }


async def test_health_is_told_outside_of_api_too(library: Library) -> None:
    answer = await library.http.get("/health")
    assert answer.status_code == 200
    health = answer.json()
    assert health.pop("timestamp").endswith("Z")
    assert health == {
        "status": "healthy",
        "version": __version__,
        "environment": "production",
        "checks": {
            "database": True,
            "aiServices": {"ollamaConfigured": False, "openaiConfigured": False, "preferredProvider": "builtin"},
        },
    }


async def test_pages_of_named_origins_may_ask_and_no_others(sqlite_database: Database, tmp_path: Path) -> None:
    origin = "http://localhost:5173"
    async with open_library(sqlite_database, tmp_path / "data") as library:
        rules = AccessRules(origins=frozenset({origin}))
        context = ApiContext(
            library.bench,
            lambda _: [],
            lambda: None,
            None,
            0,
            lambda: None,
            list,
            runner_of(library.bench),
            access=rules,
        )
        assert dataclasses.is_dataclass(context)
        async with serve(context) as address, httpx.AsyncClient(base_url=address) as http:
            answer = await http.get("/api/stats", headers={"origin": origin})
            assert answer.headers["access-control-allow-origin"] == origin
            assert answer.headers["access-control-allow-credentials"] == "true"
            asked = {"origin": origin, "access-control-request-method": "PATCH"}
            preflight = await http.options("/api/photos/x/rating", headers=asked)
            assert preflight.status_code in (200, 204)
            assert preflight.headers["access-control-allow-origin"] == origin
            assert "PATCH" in preflight.headers["access-control-allow-methods"]
            other = await http.get("/api/stats", headers={"origin": "https://elsewhere.example"})
            assert "access-control-allow-origin" not in other.headers
        plain = await library.http.get("/api/stats", headers={"origin": origin})
        assert "access-control-allow-origin" not in plain.headers
