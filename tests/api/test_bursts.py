"""Bursts: which there are, and what a person keeps of them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import update

from core.db.tables import FileVersion
from tests.api.conftest import NOON, Library

pytestmark = pytest.mark.asyncio

PHOTO_KEYS = {
    *("id", "filePath", "metadata", "mediaAsset", "createdAt", "fileSize", "fileHash", "tier", "processingState"),
}


async def shot(library: Library, name: str, second: int, minute: float = 0, **columns: Any) -> str:
    asset = await library.add_asset(name, minute)
    fields = {
        "captured_at": f"2024-07-26T14:30:{second:02d}",
        "file_hash": hashlib.md5(name.encode()).hexdigest(),
        "combined_metadata": {"ai": {"shortDescription": "A shot."}},
    }
    return await library.add_version(asset, "silver", minute, **(fields | columns))


async def analysis(library: Library) -> Any:
    answer = await library.http.get("/api/burst/analyze")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def state(library: Library, photo_id: str) -> str:
    found: str = (await library.http.get(f"/api/photos/{photo_id}")).json()["processingState"]
    return found


async def test_a_burst_has_the_same_id_each_time_and_suggests_the_sharpest(library: Library) -> None:
    assert await analysis(library) == {"groups": [], "totalPhotos": 0, "ungroupedPhotos": []}

    def measured(sharpness: float) -> dict[str, Any]:
        return {"quality": {"sharpness": sharpness, "highlights": 0.0, "shadows": 0.0}}

    first = await shot(library, "IMG_0001 #1 👩.jpg", 0, combined_metadata=measured(10), file_size=1030)
    sharp = await shot(library, "IMG_0001 #2 👩.jpg", 1, combined_metadata=measured(90), minute=5)
    third = await shot(library, "IMG_0001 #3 👩.jpg", 4, combined_metadata=measured(20))
    alone = await shot(library, "IMG_0009.jpg", 40)
    await shot(library, "old.jpg", 2, archived_at=NOON)
    await shot(library, "film.mp4", 3, mime_type="video/mp4")
    found = await analysis(library)
    assert set(found) == {"groups", "totalPhotos", "ungroupedPhotos"}
    assert found["totalPhotos"] == 4
    assert [photo["id"] for photo in found["ungroupedPhotos"]] == [alone]
    (group,) = found["groups"]
    assert set(group) == {"id", "photos", "suggestedBest", "averageSimilarity", "timeSpan", "groupReason", "bestReason"}
    assert [photo["id"] for photo in group["photos"]] == [first, sharp, third]
    assert set(group["photos"][0]) == PHOTO_KEYS
    assert (group["photos"][0]["tier"], group["photos"][0]["processingState"]) == ("silver", "processed")
    assert group["photos"][0]["mediaAsset"]["originalFilename"] == "IMG_0001 #1 👩.jpg"
    assert (group["suggestedBest"], group["timeSpan"]) == (sharp, 4000)
    assert 0.95 <= group["averageSimilarity"] <= 1
    assert await analysis(library) == found


async def test_what_is_not_selected_is_rejected_until_it_is(library: Library) -> None:
    ids = [await shot(library, f"IMG_000{number}.jpg", number) for number in range(3)]
    (group,) = (await analysis(library))["groups"]

    async def process(selected: list[str], **more: Any) -> Any:
        body = {"selections": [{"groupId": group["id"], "selectedPhotoIds": selected}]} | more
        answer = await library.http.post("/api/burst/process", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert await process([]) == {"processed": 1, "promoted": 0, "errors": []}
    assert [await state(library, photo_id) for photo_id in ids] == ["processed"] * 3
    assert await process(ids[:1]) == {"processed": 1, "promoted": 0, "errors": []}
    assert [await state(library, photo_id) for photo_id in ids] == ["processed", "rejected", "rejected"]
    (listed,) = (await analysis(library))["groups"]
    assert listed["id"] == group["id"]
    assert [photo["processingState"] for photo in listed["photos"]] == ["processed", "rejected", "rejected"]
    for photo_id, words in ((ids[0], "was kept of a burst of 3"), (ids[1], "was rejected in a burst of 3")):
        (row,) = (await library.http.get(f"/api/photos/{photo_id}")).json()["history"]
        assert row["action"] == "METADATA_EDITED"
        assert words in row["details"]
    assert await process(ids) == {"processed": 1, "promoted": 0, "errors": []}
    assert [await state(library, photo_id) for photo_id in ids] == ["processed"] * 3
    done = await process(["none"], ungroupedPhotos=[ids[0], "nothing"])
    assert (done["processed"], done["promoted"], len(done["errors"])) == (3, 0, 2)


async def test_a_decision_is_taken_back_and_what_was_changed_since_stays(library: Library) -> None:
    ids = [await shot(library, f"IMG_000{number}.jpg", number, is_reviewed=True) for number in range(3)]
    (group,) = (await analysis(library))["groups"]
    undo = f"/api/daemon/bursts/{group['id']}/undo"
    for selected in (ids[:1], ids[1:2]):
        body = {"selections": [{"groupId": group["id"], "selectedPhotoIds": selected}]}
        assert (await library.http.post("/api/burst/process", json=body)).status_code == 200
    assert [await state(library, photo_id) for photo_id in ids] == ["rejected", "processed", "rejected"]
    assert set((await library.send("POST", undo))["restored"]) == set(ids[:2])
    assert [await state(library, photo_id) for photo_id in ids] == ["processed", "rejected", "rejected"]
    async with library.bench.database.write() as connection:
        approved = update(FileVersion).where(FileVersion.id == ids[1]).values(processing_state="promoted")
        await connection.execute(approved)
    assert set((await library.send("POST", undo))["restored"]) == {ids[0], ids[2]}
    assert [await state(library, photo_id) for photo_id in ids] == ["processed", "promoted", "processed"]
    shown = (await library.http.get(f"/api/photos/{ids[0]}")).json()
    assert shown["isReviewed"]
    assert "was taken back" in shown["history"][0]["details"]
    await library.send("POST", undo, 404)


async def test_the_wrapped_body_of_the_client_is_understood(library: Library) -> None:
    ids = [await shot(library, f"IMG_000{number}.jpg", number) for number in range(2)]
    (group,) = (await analysis(library))["groups"]
    text = json.dumps({"selections": [{"groupId": group["id"], "selectedPhotoIds": ids[1:]}]})
    answer = await library.http.post("/api/burst/process", json={"body": text, "headers": {"a": "b"}})
    assert answer.json() == {"processed": 1, "promoted": 0, "errors": []}
    assert [await state(library, photo_id) for photo_id in ids] == ["rejected", "processed"]
    for bad in ({}, {"selections": "x"}, {"body": "x"}, {"body": "{}"}, {"selections": [{}]}):
        refused = await library.http.post("/api/burst/process", json=bad)
        assert refused.status_code == 400, bad
        assert refused.json()["error"]
    unknown = {"selections": [{"groupId": "burst-x", "selectedPhotoIds": [ids[0]]}]}
    done = (await library.http.post("/api/burst/process", json=unknown)).json()
    assert (done["processed"], len(done["errors"])) == (1, 1)
    assert await state(library, ids[0]) == "rejected"


async def test_the_notice_of_the_review_page_has_whole_photos(library: Library) -> None:
    ids = [await shot(library, f"IMG_000{number}.jpg", number) for number in range(2)]
    alone = await shot(library, "x.jpg", 50, minute=1)
    found = (await library.http.get("/api/photos/burst-analysis")).json()
    assert set(found) == {"groups", "totalPhotos", "ungroupedPhotos"}
    (group,) = found["groups"]
    assert [photo["id"] for photo in group["photos"]] == ids
    assert group["photos"][0]["mediaAsset"]["originalFilename"] == "IMG_0000.jpg"
    assert group["id"] == (await analysis(library))["groups"][0]["id"]
    assert (group["startTime"], group["endTime"]) == ("2024-07-26T14:30:00", "2024-07-26T14:30:01")
    assert (group["count"], found["totalPhotos"]) == (2, 3)
    assert [photo["id"] for photo in found["ungroupedPhotos"]] == [alone]
    few = (await library.http.get("/api/photos/burst-analysis?limit=1")).json()
    assert (few["groups"], few["totalPhotos"]) == ([], 1)
    assert (await library.http.get("/api/photos/burst-analysis?limit=x")).status_code == 400


async def test_photos_that_are_alike_by_name_tags_and_time(library: Library) -> None:
    def tagged(sure: float, *tags: str) -> dict[str, Any]:
        return {"combined_metadata": {"ai": {"aiTags": list(tags), "aiConfidenceScores": {"tags": sure}}}}

    one = await shot(library, "Garden_1.jpg", 0, **tagged(0.5, "rose", "garden"))
    two = await shot(library, "Garden_2.jpg", 0, minute=60, **tagged(0.9, "Rose", "garden"))
    await shot(library, "Garden_3.jpg", 0, minute=120, **tagged(0.9, "car"))
    await shot(library, "other.jpg", 0, minute=120, **tagged(0.9, "dog"))
    answer = await library.http.get("/api/photos/similarity")
    assert answer.status_code == 200
    (group,) = answer.json()
    assert set(group) == {"photos", "similarityScore", "suggested"}
    assert {photo["id"] for photo in group["photos"]} == {one, two}
    assert (group["similarityScore"], group["suggested"]["id"]) == (0.8, two)
    assert (await library.http.get("/api/photos/similarity?tier=gold")).json() == []
    assert (await library.http.get("/api/photos/similarity?threshold=0.85")).json() == []
    assert (await library.http.get("/api/photos/similarity?threshold=2")).status_code == 400
