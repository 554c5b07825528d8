"""Describing photos, and processing them anew."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import piexif
import pytest
from PIL import Image
from sqlalchemy import delete, select, update

from core.db.tables import AssetHistory, Face, FileVersion, Person
from core.library.layout import Layout
from tests.api.conftest import FIXTURES, Library

pytestmark = pytest.mark.asyncio

ASTRONAUT = (FIXTURES / "astronaut.jpg").read_bytes()


@pytest.fixture
async def ready(library: Library, with_cache: Callable[[Layout], None]) -> tuple[Library, str]:
    """A library with an uploaded portrait, and the id of its Silver version."""
    with_cache(library.bench.layout)
    answer = (await library.http.post("/api/upload", files=[("files", ("portrait.jpg", ASTRONAUT))])).json()
    return library, answer["results"][0]["versionId"]


async def forget_description(library: Library) -> None:
    async with library.bench.database.write() as connection:
        metadata = {"exif": {"camera": "Z6"}}
        values = {"combined_metadata": metadata, "is_reviewed": True, "captured_at": "2024-12-25T10:00:00"}
        await connection.execute(update(FileVersion).values(**values))


async def photo_of(library: Library, photo_id: str) -> dict[str, Any]:
    photo: dict[str, Any] = (await library.http.get(f"/api/photos/{photo_id}")).json()
    return photo


async def test_a_photo_without_a_description_is_described_once(ready: tuple[Library, str]) -> None:
    library, photo_id = ready
    await forget_description(library)
    answer = await library.http.post(f"/api/photos/{photo_id}/process-ai")
    assert answer.status_code == 200, answer.text
    photo = await photo_of(library, photo_id)
    assert answer.json() == {
        "success": True,
        "message": "The photo was described.",
        "aiMetadata": photo["metadata"]["ai"],
    }
    assert photo["metadata"]["ai"]["shortDescription"]
    assert photo["metadata"]["exif"] == {"camera": "Z6"}
    assert photo["aiShortDescription"]
    assert (photo["eventType"], photo["eventName"]) == ("holiday", "Christmas Day")
    assert photo["isReviewed"] is False
    assert photo["history"][0]["action"] == "AI_PROCESSED"
    again = await library.http.post(f"/api/photos/{photo_id}/process-ai")
    assert again.status_code == 400
    await forget_description(library)
    other = (await library.add_photo("gold"))["gold"]
    done = await library.http.post("/api/photos/batch-ai-process", json={"photoIds": [photo_id, other, "nothing"]})
    assert done.json() == {"processed": 1, "errors": []}


async def test_processing_again_keeps_the_names_of_faces(ready: tuple[Library, str]) -> None:
    library, photo_id = ready
    (face,) = (await photo_of(library, photo_id))["detectedFaces"]
    person = await library.insert(Person, name="Eileen")
    x, y, width, height = face["boundingBox"]
    moved = [x + 3, y + 3, width, height]
    async with library.bench.database.write() as connection:
        await connection.execute(update(Face).values(person_id=person, bounding_box=moved, confidence=1))
        await connection.execute(update(FileVersion).values(is_reviewed=True))
    stray = await library.add_face(photo_id, bounding_box=[0, 0, 5, 5])
    named = await library.add_face(photo_id, bounding_box=[0, 0, 6, 6], person_id=person)
    answer = await library.http.post(f"/api/photos/{photo_id}/reprocess")
    assert answer.status_code == 200, answer.text
    photo = await photo_of(library, photo_id)
    history = photo.pop("history")
    assert answer.json()["updatedPhoto"] == photo
    assert answer.json()["success"] is True
    faces = {each["id"]: each for each in photo["detectedFaces"]}
    assert faces.keys() == {face["id"], named}
    assert stray not in faces
    assert faces[face["id"]] == face | {"personId": person}
    assert photo["isReviewed"] is False
    assert history[0]["action"] == "REPROCESSED"


async def test_holidays_are_in_the_words_from_the_start_and_people_once_they_are_named(
    library: Library, with_cache: Callable[[Layout], None]
) -> None:
    with_cache(library.bench.layout)
    portrait = io.BytesIO()
    date = piexif.dump({"Exif": {piexif.ExifIFD.DateTimeOriginal: b"2024:12:25 16:00:00"}})
    Image.open(io.BytesIO(ASTRONAUT)).save(portrait, "JPEG", exif=date)
    answer = await library.http.post("/api/upload", files=[("files", ("portrait.jpg", portrait.getvalue()))])
    photo_id = answer.json()["results"][0]["versionId"]
    photo = await photo_of(library, photo_id)
    ai = photo["metadata"]["ai"]
    assert ai["shortDescription"].endswith(", December 2024 (Christmas Day)")
    assert [event["eventName"] for event in ai["detectedEvents"]] == [photo["eventName"]] == ["Christmas Day"]
    person = await library.insert(Person, name="Eileen")
    async with library.bench.database.write() as connection:
        await connection.execute(update(Face).values(person_id=person))
        await connection.execute(update(FileVersion).values(event_type="birthday", event_name="Eileen's birthday"))
    assert (await library.http.post(f"/api/photos/{photo_id}/reprocess")).status_code == 200
    ai = (await photo_of(library, photo_id))["metadata"]["ai"]
    assert "Eileen" in ai["shortDescription"].partition(",")[0]
    assert ai["shortDescription"].endswith(", December 2024 (Eileen's birthday)")


async def test_a_bronze_photo_is_processed_to_silver(ready: tuple[Library, str]) -> None:
    library, silver = ready
    asset = (await photo_of(library, silver))["mediaAssetId"]
    async with library.bench.database.write() as connection:
        await connection.execute(delete(Face))
        await connection.execute(delete(AssetHistory))
        path = (await connection.execute(select(FileVersion.file_path).where(FileVersion.id == silver))).scalar_one()
        await connection.execute(delete(FileVersion).where(FileVersion.id == silver))
    for name in (path, f"{path}.xmp"):
        library.bench.layout.absolute(name).unlink()
    (bronze,) = await library.ids("/api/photos", tier="bronze")
    answer = await library.http.post(f"/api/photos/{bronze}/process")
    assert answer.status_code == 200, answer.text
    photo = await photo_of(library, answer.json()["id"])
    assert (photo["tier"], photo["mediaAssetId"], len(photo["detectedFaces"])) == ("silver", asset, 1)
    assert photo["history"][0]["action"] == "PROMOTED"
    assert library.bench.layout.absolute(photo["filePath"]).read_bytes() == ASTRONAUT
    assert (await library.http.post(f"/api/photos/{bronze}/process")).status_code == 400
    done = await library.http.post("/api/photos/batch-process", json={"photoIds": [bronze, photo["id"]]})
    assert done.json() == {"processed": 0, "errors": []}
    await forget_description(library)
    done = await library.http.post("/api/photos/batch-process", json={"photoIds": [bronze, photo["id"]]})
    assert done.json() == {"processed": 1, "errors": []}


async def test_what_cannot_be_processed_is_refused(library: Library) -> None:
    bronze = (await library.add_photo("bronze"))["bronze"]
    gold = (await library.add_photo("gold"))["gold"]
    film = await library.add_photo("bronze", "silver", "gold", mime_type="video/mp4")
    for photo_id, action in (
        (bronze, "process-ai"),
        (bronze, "reprocess"),
        (gold, "process"),
        (gold, "process-ai"),
        (film["bronze"], "process"),
        (film["silver"], "process"),
        (film["silver"], "process-ai"),
        (film["gold"], "reprocess"),
    ):
        answer = await library.http.post(f"/api/photos/{photo_id}/{action}")
        assert answer.status_code == 400, (action, answer.text)
        assert answer.json()["message"] == answer.json()["error"]
    for action in ("process", "process-ai", "reprocess"):
        assert (await library.http.post(f"/api/photos/no-such-photo/{action}")).status_code == 404
