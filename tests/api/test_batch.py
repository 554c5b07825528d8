"""One operation on many photos: what is counted is what really changed."""

from __future__ import annotations

import io
import tarfile
import zipfile
from typing import Any

import pytest
from sqlalchemy import select

from core.db.tables import Collection, CollectionPhoto
from tests.api.conftest import Library

pytestmark = pytest.mark.asyncio


async def run(library: Library, operation: str, photo_ids: list[str], **params: Any) -> dict[str, Any]:
    body = {"operation": operation, "photoIds": photo_ids, "params": params}
    answer = await library.http.post("/api/photos/batch", json=body)
    assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    assert done["success"] is True
    return done


async def test_tags_are_added_where_they_are_missing(library: Library) -> None:
    has = (await library.add_photo("silver", combined_metadata={"ai": {"aiTags": ["dog"]}}))["silver"]
    has_not = (await library.add_photo("silver"))["silver"]
    done = await run(library, "addTags", [has, has_not, has_not, "no-such-photo"], tags=["dog"])
    assert done["processed"] == 1
    assert [each["photoId"] for each in done["errors"]] == ["no-such-photo"]
    metadata = (await library.http.get(f"/api/photos/{has_not}")).json()["metadata"]
    assert metadata == {"ai": {"aiTags": ["dog"], "tagsAddedByPerson": ["dog"]}}
    assert [row["usage_count"] for row in (await library.http.get("/api/tags/library")).json()] == [1]


async def test_photos_are_deleted(library: Library) -> None:
    one, two = (await library.add_photo("silver"))["silver"], (await library.add_photo("silver"))["silver"]
    done = await run(library, "delete", [one, "no-such-photo"])
    assert (done["processed"], done["errors"]) == (1, [])
    assert await library.ids("/api/photos") == [two]


async def test_photos_are_added_to_a_collection_once(library: Library) -> None:
    album = await library.insert(Collection, name="Best")
    one, two = (await library.add_photo("silver"))["silver"], (await library.add_photo("silver"))["silver"]
    await library.insert(CollectionPhoto, collection_id=album, photo_id=one)
    done = await run(library, "addToCollection", [one, two, "no-such-photo"], collectionId=album)
    assert done["processed"] == 1
    assert [each["photoId"] for each in done["errors"]] == ["no-such-photo"]
    async with library.bench.database.read() as connection:
        assert set((await connection.execute(select(CollectionPhoto.photo_id))).scalars()) == {one, two}
    body = {"operation": "addToCollection", "photoIds": [one], "params": {"collectionId": "none"}}
    assert (await library.http.post("/api/photos/batch", json=body)).status_code == 404


@pytest.mark.parametrize("packing", ["zip", "tar"])
async def test_photos_are_exported_under_their_own_names(library: Library, packing: str) -> None:
    ids = []
    for content in (b"one", b"two"):
        asset = await library.add_asset("Größe.jpg")
        ids.append(await library.add_version(asset, "silver"))
        library.add_file(f"media/silver/2025/08/{ids[-1]}.jpg", content)
    lost = (await library.add_photo("silver"))["silver"]
    done = await run(library, "export", [*ids, "no-such-photo", lost], format=packing, quality="original")
    assert done["processed"] == 2
    assert {each["photoId"] for each in done["errors"]} == {"no-such-photo", lost}
    answer = await library.http.get(done["downloadUrl"])
    assert answer.headers["content-disposition"].startswith("attachment")
    if packing == "zip":
        with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
            found = {name: file.read(name) for name in file.namelist()}
    else:
        with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
            found = {entry.name: archive.extractfile(entry).read() for entry in archive}  # type: ignore[union-attr]
    assert found == {"Größe.jpg": b"one", "Größe_1.jpg": b"two"}


NONSENSE: list[Any] = [
    {"operation": "explode", "photoIds": []},
    {"operation": "addTags"},
    {"operation": "addTags", "photoIds": ["x"]},
    {"operation": "addTags", "photoIds": ["x"], "params": {"tags": "dog"}},
    {"operation": "delete", "photoIds": "x"},
    {"operation": "promote", "photoIds": ["x"]},
    {"operation": "promote", "photoIds": ["x"], "params": {"tier": "bronze"}},
    {"operation": "addToCollection", "photoIds": ["x"]},
    {"operation": "export", "photoIds": ["x"], "params": {"format": "rar"}},
    [],
]


async def test_nonsense_is_refused(library: Library) -> None:
    for body in NONSENSE:
        answer = await library.http.post("/api/photos/batch", json=body)
        assert answer.status_code == 400, (body, answer.text)
    for path in ("batch-ai-process", "batch-process"):
        for body in ({}, {"photoIds": []}, {"photoIds": "x"}, {"photoIds": [1]}, []):
            answer = await library.http.post(f"/api/photos/{path}", json=body)
            assert answer.status_code == 400, (path, body, answer.text)
            assert answer.json()["message"] == answer.json()["error"]
        assert (await library.http.post(f"/api/photos/{path}")).status_code == 400
