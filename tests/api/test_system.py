"""Health, tags, the daemon, errors, the description of it all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import structlog

from api.app import create_app
from api.context import ApiContext
from core import __version__
from core.db.engine import open_database
from core.db.tables import LedgerEntry
from tests.api.conftest import Library, open_library, runner_of

pytestmark = pytest.mark.asyncio


async def test_a_healthy_library_says_so(library: Library) -> None:
    answer = await library.http.get("/api/health")
    assert answer.status_code == 200
    health = answer.json()
    assert health.pop("timestamp").endswith("Z")
    assert health == {
        "status": "healthy",
        "version": __version__,
        "database": "connected",
        "ai": {"ollama": False, "openai": False},
    }


async def test_a_database_that_does_not_answer_is_reported(tmp_path: Path) -> None:
    database = open_database(f"sqlite+aiosqlite:///{tmp_path}/absent/pictallion.db")
    async with open_library(database, tmp_path / "data") as library:
        answer = await library.http.get("/api/health")
    assert answer.status_code == 503
    assert answer.json()["status"] == "unhealthy"
    assert "unable to open database file" in answer.json()["error"]


async def test_what_goes_wrong_unexpectedly_is_logged_and_answered_with_a_sentence(tmp_path: Path) -> None:
    database = open_database(f"sqlite+aiosqlite:///{tmp_path}/empty.db")
    async with open_library(database, tmp_path / "data") as library:
        with structlog.testing.capture_logs() as logged:
            answer = await library.http.get("/api/stats")
    await database.close()
    assert answer.status_code == 500
    assert answer.json()["message"] == answer.json()["error"]
    assert "no such table" not in answer.text
    # what is read ahead for searches has logged as well that there is no table
    (entry,) = [one for one in logged if one.get("path") == "/api/stats"]
    assert "no such table" in str(entry["exc_info"])


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/api", "/api/nothing", "/api/photos/a/b/c", "/api/tags"])
async def test_an_unknown_path_below_api_is_json_and_not_found(sqlite_library: Library, method: str, path: str) -> None:
    answer = await sqlite_library.http.request(method, path)
    assert answer.status_code == 404
    assert answer.json()["message"] == answer.json()["error"]


async def test_a_method_that_a_path_does_not_know_is_named(sqlite_library: Library) -> None:
    answer = await sqlite_library.http.delete("/api/stats")
    assert answer.status_code == 405
    assert "DELETE" in answer.json()["message"]
    assert "GET" in answer.headers["allow"]


async def test_tags_are_counted_and_listed_by_use_then_name(library: Library) -> None:
    await library.http.post("/api/tags/library", json={"tags": ["sea", "beach", "sea"]})
    await library.http.post("/api/tags/library", json={"tags": ["beach", "alp", " "]})
    answer = await library.http.post("/api/tags/library", json={"tags": "alp/üb"})
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "message": "1 tag was added to the library.", "added": "alp/üb"}
    rows = (await library.http.get("/api/tags/library")).json()
    assert [(row["tag"], row["usage_count"]) for row in rows] == [("beach", 2), ("sea", 2), ("alp", 1), ("alp/üb", 1)]
    assert all(row["created_at"].endswith("Z") for row in rows)


@pytest.mark.parametrize(("tag", "path"), [("sea", "sea"), ("a/b", "a%2Fb"), ("100 % ü?", "100%20%25%20%C3%BC%3F")])
async def test_a_tag_is_deleted_by_its_exact_name_once_or_twice(library: Library, tag: str, path: str) -> None:
    await library.http.post("/api/tags/library", json={"tags": [tag, "SEA"]})
    for _ in range(2):
        answer = await library.http.delete(f"/api/tags/library/{path}")
        assert answer.status_code == 200
        assert answer.json() == {"success": True}
    assert [row["tag"] for row in (await library.http.get("/api/tags/library")).json()] == ["SEA"]


@pytest.mark.parametrize("body", [b"{", b"", b"[]", b'{"tags": 5}', b'{"tags": [1]}', b'{"other": []}', b"\xff"])
async def test_a_body_that_makes_no_sense_is_a_bad_request(sqlite_library: Library, body: bytes) -> None:
    answer = await sqlite_library.http.post(
        "/api/tags/library", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["message"] == answer.json()["error"]


@pytest.mark.parametrize("path", ["photos/%00", "photos/%00/history", "files/media/%00.jpg", "tags/library/%00"])
async def test_a_zero_byte_is_no_name_of_anything(library: Library, path: str) -> None:
    method = "DELETE" if path.startswith("tags") else "GET"
    assert (await library.http.request(method, f"/api/{path}")).status_code == 404
    assert (await library.http.post("/api/tags/library", json={"tags": ["\0"]})).status_code == 400


async def test_a_scan_is_asked_for_and_names_its_roots(sqlite_library: Library) -> None:
    for body in (b"", b"{}", b'{"root": null}'):
        answer = await sqlite_library.http.post("/api/daemon/scan", content=body)
        assert answer.status_code == 202
        assert answer.json() == {"roots": ["inbox"]}
    assert (await sqlite_library.http.post("/api/daemon/scan", json={"root": "inbox"})).json() == {"roots": ["inbox"]}
    assert sqlite_library.scans == [None, None, None, "inbox"]


async def test_a_scan_of_an_unknown_root_is_not_found(sqlite_library: Library) -> None:
    answer = await sqlite_library.http.post("/api/daemon/scan", json={"root": "attic"})
    assert answer.status_code == 404
    assert "attic" in answer.json()["message"]


async def test_the_status_counts_files_by_state_and_photos_by_tier(library: Library) -> None:
    await library.add_photo("bronze", "silver")
    common = {"root": "inbox", "size": 1, "mtime_ns": 1, "ctime_ns": 1, "inode": "1"}
    async with library.bench.database.write() as connection:
        for number, state in enumerate(("done", "failed", "failed")):
            await connection.execute(
                LedgerEntry.__table__.insert().values(**common, path=f"{number}.jpg", state=state)  # type: ignore[attr-defined]
            )
    status = (await library.http.get("/api/daemon/status")).json()
    assert status["photos"] == 1
    assert status["tiers"] == {"bronze": 1, "silver": 1, "gold": 0}
    assert {state: number for state, number in status["ledger"].items() if number} == {"done": 1, "failed": 2}
    assert status["ledger"]["quarantined"] == 0


async def test_every_route_is_described(sqlite_library: Library) -> None:
    described = (await sqlite_library.http.get("/schema/openapi.json")).json()
    context = ApiContext(
        sqlite_library.bench, lambda _: [], lambda: None, None, 0, lambda: None, list, runner_of(sqlite_library.bench)
    )
    routes = {re.sub(r":\w+}", "}", route.path) for route in create_app(context).routes}
    assert set(described["paths"]) == {path for path in routes if path.startswith("/api/") or path == "/health"} - {
        "/api"
    }
    photo = described["components"]["schemas"]["Photo"]["properties"]
    assert {"mediaAsset", "metadata", "detectedFaces", "capturedAt", "gpsLatitude"} <= photo.keys()
    assert "exif" in described["components"]["schemas"]["CombinedMetadata"]["properties"]
    body = described["paths"]["/api/upload"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert body["properties"]["files"]["items"]["format"] == "binary"
