"""What a person decides about an upload that looks like a photo in the library."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select, update

from core.db.tables import Face, LedgerEntry, Person, UploadConflict, utc_now
from core.library.layout import Layout
from core.pipeline.resolve import settle_expired
from tests.api.conftest import FIXTURES, Library

pytestmark = pytest.mark.asyncio

OLD = (FIXTURES / "astronaut.jpg").read_bytes()


def _as_png() -> bytes:
    buffer = io.BytesIO()
    Image.open(io.BytesIO(OLD)).save(buffer, "PNG")
    return buffer.getvalue()


NEW = _as_png()


class Waiting:
    """A library with a photo and an upload that looks like it."""

    def __init__(self, library: Library, existing: dict[str, Any], conflict: dict[str, Any]) -> None:
        self.library, self.http = library, library.http
        self.existing, self.conflict = existing, conflict

    async def decide(self, action: str, **changed: Any) -> dict[str, Any]:
        body = {"conflictId": self.conflict["id"], "action": action, "conflict": self.conflict} | changed
        answer = await self.http.post("/api/upload/resolve-conflicts", json={"resolutions": [body]})
        assert answer.status_code == 200, answer.text
        decided: dict[str, Any] = answer.json()
        assert decided.keys() == {"success", "message", "results"}
        assert decided["success"] is decided["results"][0]["success"]
        result: dict[str, Any] = decided["results"][0]
        assert result["conflictId"] == body["conflictId"]
        return result

    async def listed(self) -> list[dict[str, Any]]:
        photos: list[dict[str, Any]] = (await self.http.get("/api/photos")).json()
        return photos

    async def conflicts(self) -> list[str]:
        async with self.library.bench.database.read() as connection:
            return list((await connection.execute(select(UploadConflict.id))).scalars())

    async def ledger(self) -> list[str]:
        async with self.library.bench.database.read() as connection:
            return list((await connection.execute(select(LedgerEntry.state).order_by(LedgerEntry.id))).scalars())

    @property
    def conflict_content(self) -> str:
        """What is held while the upload is developed."""
        return hashlib.sha256(NEW).hexdigest()

    async def is_accepted(self) -> bool:
        """Whether the upload is a photo, and no conflict any more."""
        return not await self.conflicts()

    def stored(self, photo: dict[str, Any]) -> bytes:
        return self.library.bench.layout.absolute(photo["filePath"]).read_bytes()


@pytest.fixture
async def waiting(library: Library, with_cache: Callable[[Layout], None]) -> Waiting:
    with_cache(library.bench.layout)
    results = []
    for name, content in (("20240101_120000.jpg", OLD), ("20250101_120000.png", NEW)):
        answer = await library.http.post("/api/upload", files=[("files", (name, content))])
        results.append(answer.json()["results"][0])
    assert [result["status"] for result in results] == ["success", "conflict"]
    existing = (await library.http.get(f"/api/photos/{results[0]['versionId']}")).json()
    return Waiting(library, existing, results[1]["conflicts"][0])


async def test_the_existing_photo_is_kept_and_the_upload_is_not_shown(waiting: Waiting) -> None:
    result = await waiting.decide("keep_existing")
    assert (result["success"], result["assetId"]) == (True, waiting.existing["mediaAssetId"])
    (photo,) = await waiting.listed()
    assert photo["id"] == waiting.existing["id"]
    assert (await waiting.http.get("/api/stats")).json()["totalPhotos"] == 1
    assert await waiting.conflicts() == []
    assert await waiting.ledger() == ["done", "duplicate"]
    again = await waiting.decide("keep_both")
    assert again["success"] is False
    assert "assetId" not in again
    assert len(await waiting.listed()) == 1


async def test_both_photos_are_kept(waiting: Waiting) -> None:
    result = await waiting.decide("keep_both")
    assert result["success"] is True
    photos = await waiting.listed()
    assert {photo["mediaAssetId"] for photo in photos} == {waiting.existing["mediaAssetId"], result["assetId"]}
    new = next(photo for photo in photos if photo["mediaAssetId"] == result["assetId"])
    assert waiting.stored(new) == NEW
    assert new["perceptualHash"] == waiting.conflict["newFile"]["perceptualHash"]
    assert len(new["detectedFaces"]) == 1
    history = (await waiting.http.get(f"/api/photos/{new['id']}/history")).json()
    assert [entry["action"] for entry in history] == ["PROMOTED", "INGESTED"]
    assert await waiting.conflicts() == []
    assert await waiting.ledger() == ["done", "done"]


async def test_the_new_file_takes_the_place_of_the_old_one(waiting: Waiting) -> None:
    photo_id, asset_id = waiting.existing["id"], waiting.existing["mediaAssetId"]
    person = await waiting.library.insert(Person, name="Eileen")
    async with waiting.library.bench.database.write() as connection:
        await connection.execute(update(Face).values(person_id=person))
    await waiting.http.patch(f"/api/photos/{photo_id}/metadata", json={"rating": 4, "keywords": ["nasa"]})
    result = await waiting.decide("replace_with_new")
    assert (result["success"], result["assetId"]) == (True, asset_id)
    (photo,) = await waiting.listed()
    assert (photo["id"], photo["mediaAssetId"]) == (photo_id, asset_id)
    assert photo["mediaAsset"]["originalFilename"] == "20250101_120000.png"
    assert (photo["fileSize"], photo["mimeType"]) == (len(NEW), "image/png")
    assert photo["fileHash"] == waiting.conflict["newFile"]["fileHash"]
    assert photo["capturedAt"] == "2025-01-01T12:00:00"
    assert (photo["rating"], photo["keywords"]) == (4, ["nasa"])
    assert [face["personId"] for face in photo["detectedFaces"]] == [person]
    assert waiting.stored(photo) == NEW
    history = (await waiting.http.get(f"/api/photos/{photo_id}/history")).json()
    assert history[0]["action"] == "REPLACED"
    (bronze,) = (await waiting.http.get("/api/photos", params={"tier": "bronze"})).json()
    assert (bronze["mediaAssetId"], bronze["fileSize"]) == (asset_id, len(NEW))
    assert (await waiting.http.get("/api/stats")).json()["totalPhotos"] == 1
    archive = waiting.library.bench.layout.media / "archive"
    assert [path.read_bytes() for path in archive.rglob("*.jpg")] == [OLD]
    thumbnail = await waiting.http.get(f"/api/files/{photo['filePath']}", params={"w": 250, "quality": "low"})
    assert thumbnail.headers["content-type"] == "image/jpeg"
    for name, content in (("again.jpg", OLD), ("again.png", NEW)):
        answer = await waiting.http.post("/api/upload", files=[("files", (name, content))])
        assert answer.json()["results"][0]["status"] == "skipped"


async def test_only_silver_photos_are_replaced(waiting: Waiting) -> None:
    await waiting.http.post(f"/api/photos/{waiting.existing['id']}/archive")
    for action in ("replace_with_new", "keep_existing"):
        assert (await waiting.decide(action))["success"] is False
    assert await waiting.conflicts() == [waiting.conflict["id"]]
    assert (await waiting.decide("keep_both"))["success"] is True


async def test_an_upload_is_no_photo_until_it_is_decided(waiting: Waiting) -> None:
    http, listed = waiting.http, [waiting.existing["id"]]
    assert (await http.get("/api/stats")).json()["totalPhotos"] == 1
    assert {photo["mediaAssetId"] for photo in (await http.get("/api/photos/recent")).json()} == {
        waiting.existing["mediaAssetId"]
    }
    for tier in ("bronze", "all_versions", "unprocessed"):
        photos = (await http.get("/api/photos", params={"tier": tier})).json()
        assert {photo["mediaAssetId"] for photo in photos} <= {waiting.existing["mediaAssetId"]}
    assert [photo["id"] for photo in (await http.post("/api/photos/search", json={})).json()["photos"]] == listed
    assert (await http.get("/api/burst/analyze")).json()["totalPhotos"] == 1
    assert [entry["action"] for entry in (await http.get("/api/activity")).json()] == ["PROMOTED", "INGESTED"]
    again = await http.post("/api/upload", files=[("files", ("again.png", NEW))])
    assert again.json()["results"][0]["status"] == "skipped"
    assert "waits for a decision" in again.json()["results"][0]["message"]
    await waiting.decide("keep_existing")
    assert [entry["action"] for entry in (await http.get("/api/activity")).json()] == ["PROMOTED", "INGESTED"]
    # who sends it once more is asked once more
    again = await http.post("/api/upload", files=[("files", ("20250101_120000.png", NEW))])
    assert again.json()["results"][0]["status"] == "conflict"


async def test_what_is_put_away_meanwhile_is_not_replaced_and_both_stay(waiting: Waiting) -> None:
    """The person deletes in another tab what is about to be replaced."""
    bench, existing = waiting.library.bench, waiting.existing
    held = asyncio.Event()

    async def put_away() -> None:
        async with bench.claims.hold(waiting.conflict_content):
            held.set()
            async with asyncio.timeout(60):
                while not await waiting.is_accepted():
                    pass
            await waiting.http.delete(f"/api/photos/{existing['id']}")

    putting = asyncio.create_task(put_away())
    await held.wait()
    result = await waiting.decide("replace_with_new")
    await putting
    assert result["success"] is False
    assert "put away just now" in result["message"]
    (photo,) = await waiting.listed()
    assert waiting.stored(photo) == NEW
    assert await waiting.conflicts() == []


async def test_nothing_that_a_client_says_of_files_is_believed(waiting: Waiting) -> None:
    elsewhere = waiting.library.bench.layout.data_dir / "precious.txt"
    elsewhere.write_bytes(b"precious")
    forged = waiting.conflict | {"newFile": waiting.conflict["newFile"] | {"tempPath": str(elsewhere)}}
    assert (await waiting.decide("keep_existing", conflict=forged, conflictId="no-such-conflict"))["success"] is False
    assert (await waiting.decide("keep_existing", conflict=forged))["success"] is True
    assert elsewhere.read_bytes() == b"precious"
    assert (await waiting.decide("explode"))["success"] is False


async def test_a_conflict_that_nobody_decides_ends_with_both_photos(waiting: Waiting) -> None:
    bench = waiting.library.bench
    assert await settle_expired(bench) == 0
    assert await settle_expired(bench, utc_now() + timedelta(hours=25)) == 1
    assert len(await waiting.listed()) == 2
    assert await waiting.conflicts() == []
    assert await settle_expired(bench, utc_now() + timedelta(hours=25)) == 0


async def test_decisions_are_a_list(library: Library) -> None:
    for body in ({}, {"resolutions": {}}, {"resolutions": [{}]}, {"resolutions": [{"conflictId": 1}]}, []):
        answer = await library.http.post("/api/upload/resolve-conflicts", json=body)
        assert answer.status_code == 400, body
        assert answer.json()["error"]
    answer = await library.http.post("/api/upload/resolve-conflicts", json={"resolutions": []})
    assert answer.json() == {"success": True, "message": "0 of 0 conflicts were resolved.", "results": []}
