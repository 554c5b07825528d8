"""Uploads through the whole pipeline, and what becomes of each file."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from api.received_files import storable_name
from core.db.engine import Database
from core.library.layout import Layout
from tests.api.conftest import FIXTURES, Library, open_library

ASTRONAUT = (FIXTURES / "astronaut.jpg").read_bytes()


@pytest.fixture
def ready(library: Library, with_cache: Callable[[Layout], None]) -> Library:
    """A library that can look at pictures, on each kind of database."""
    with_cache(library.bench.layout)
    return library


@pytest.fixture
def sqlite_ready(sqlite_library: Library, with_cache: Callable[[Layout], None]) -> Library:
    with_cache(sqlite_library.bench.layout)
    return sqlite_library


def picture(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").rotate(shade).save(buffer, "JPEG")
    return buffer.getvalue()


async def send(library: Library, *files: tuple[str, bytes]) -> dict[str, Any]:
    answer = await library.http.post("/api/upload", files=[("files", file) for file in files])
    assert answer.status_code == 200, answer.text
    uploaded: dict[str, Any] = answer.json()
    return uploaded


def left_in_temp(library: Library) -> list[Path]:
    return list(library.bench.layout.temp.iterdir())


async def test_an_uploaded_photo_is_in_the_library_when_the_answer_comes(ready: Library) -> None:
    answer = await send(ready, ("Größe & co #1.jpg", ASTRONAUT))
    (result,) = answer["results"]
    assert result["filename"] == "Größe & co #1.jpg"
    assert result["status"] == "success"
    assert (answer["hasConflicts"], answer["totalConflicts"]) == (False, 0)
    photo = (await ready.http.get(f"/api/photos/{result['versionId']}")).json()
    assert photo["tier"] == "silver"
    assert photo["mediaAssetId"] == result["assetId"]
    assert photo["mediaAsset"]["originalFilename"] == "Größe & co #1.jpg"
    assert len(photo["detectedFaces"]) == 1
    assert photo["metadata"]["faceDetection"]["attempted"]
    assert [entry["action"] for entry in photo["history"]] == ["PROMOTED", "INGESTED"]
    assert (await ready.http.get(f"/api/files/{photo['filePath']}")).content == ASTRONAUT
    thumbnail = await ready.http.get(f"/api/files/{photo['filePath']}", params={"quality": "low", "w": 250, "h": 250})
    assert Image.open(io.BytesIO(thumbnail.content)).size == (250, 250)
    assert left_in_temp(ready) == []


async def test_each_file_has_a_result_in_the_order_they_came(sqlite_ready: Library) -> None:
    answer = await send(
        sqlite_ready,
        ("one.jpg", ASTRONAUT),
        ("notes.txt", b"no picture at all"),
        ("again.jpg", ASTRONAUT),
        ("empty.jpg", b""),
        ("two.jpg", picture(20)),
    )
    assert [(result["filename"], result["status"]) for result in answer["results"]] == [
        ("one.jpg", "success"),
        ("notes.txt", "error"),
        ("again.jpg", "skipped"),
        ("empty.jpg", "error"),
        ("two.jpg", "success"),
    ]
    assert all(
        result["message"].startswith(result["filename"])
        for result in answer["results"]
        if result["status"] != "success"
    )
    assert left_in_temp(sqlite_ready) == []
    stats = (await sqlite_ready.http.get("/api/stats")).json()
    assert (stats["totalPhotos"], stats["silverCount"]) == (2, 2)


async def test_a_photo_that_looks_like_another_waits_for_a_decision(sqlite_ready: Library) -> None:
    (first,) = (await send(sqlite_ready, ("20240101_120000.jpg", ASTRONAUT)))["results"]
    buffer = io.BytesIO()
    Image.open(io.BytesIO(ASTRONAUT)).save(buffer, "PNG")
    answer = await send(sqlite_ready, ("20250101_120000_edited.png", buffer.getvalue()))
    assert (answer["hasConflicts"], answer["totalConflicts"]) == (True, 1)
    (result,) = answer["results"]
    assert result["status"] == "conflict"
    (conflict,) = result["conflicts"]
    assert conflict["conflictType"] == "visually_identical"
    assert conflict["similarity"] == 100
    assert conflict["suggestedAction"] == "keep_existing"
    assert conflict["reasoning"]
    existing, new = conflict["existingPhoto"], conflict["newFile"]
    assert existing["id"] == first["versionId"]
    assert existing["mediaAsset"] == {"originalFilename": "20240101_120000.jpg"}
    assert existing["metadata"]["exif"]["dateTaken"].startswith("2024-01-01T12:00:00")
    assert existing.keys() == {
        *("id", "filePath", "tier", "fileHash", "perceptualHash", "metadata", "mediaAsset", "createdAt", "fileSize")
    }
    assert new["originalFilename"] == "20250101_120000_edited.png"
    assert new["fileSize"] == len(buffer.getvalue())
    assert new["perceptualHash"] == existing["perceptualHash"]
    assert (await sqlite_ready.http.get(f"/api/files/{new['tempPath']}")).content == buffer.getvalue()


async def test_a_photo_whose_pixels_cannot_be_read_is_kept_as_bronze(sqlite_ready: Library) -> None:
    (result,) = (await send(sqlite_ready, ("half.jpg", ASTRONAUT[: len(ASTRONAUT) // 2])))["results"]
    assert result["status"] == "success"
    photo = (await sqlite_ready.http.get(f"/api/photos/{result['versionId']}")).json()
    assert photo["tier"] == "bronze"
    assert "kept as metadata only" in result["message"]


async def test_who_uploads_a_deleted_photo_again_has_it_back(ready: Library) -> None:
    (first,) = (await send(ready, ("one.jpg", ASTRONAUT)))["results"]
    for _ in range(2):
        assert (await ready.http.delete(f"/api/photos/{first['versionId']}")).status_code == 200
        assert await ready.ids("/api/photos") == []
        (again,) = (await send(ready, ("one.jpg", ASTRONAUT)))["results"]
        assert (again["status"], again["assetId"]) == ("success", first["assetId"])
        (photo,) = (await ready.http.get("/api/photos")).json()
        assert photo["id"] == again["versionId"] != first["versionId"]
        assert len(photo["detectedFaces"]) == 1
        assert (await ready.http.get(f"/api/files/{photo['filePath']}")).content == ASTRONAUT
        stats = (await ready.http.get("/api/stats")).json()
        assert stats == {"totalPhotos": 1, "bronzeCount": 1, "silverCount": 1, "goldCount": 0}
        first = again
    (third,) = (await send(ready, ("one.jpg", ASTRONAUT)))["results"]
    assert third["status"] == "skipped"


async def test_who_uploads_an_archived_photo_again_is_told_where_it_is(ready: Library) -> None:
    (first,) = (await send(ready, ("one.jpg", ASTRONAUT)))["results"]
    await ready.http.post(f"/api/photos/{first['versionId']}/archive")
    (again,) = (await send(ready, ("one.jpg", ASTRONAUT)))["results"]
    assert (again["status"], "is in the archive" in again["message"]) == ("skipped", True)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [("../../x.jpg", "x.jpg"), ("C:\\photos\\x.jpg", "x.jpg"), ("/etc/x.jpg", "x.jpg"), ('a "b"; c.jpg', None)],
)
async def test_paths_in_names_are_kept_out_of_the_library_and_told_back(
    sqlite_ready: Library, sent: str, stored: str | None
) -> None:
    body = (b'--B\r\nContent-Disposition: form-data; name="files"; filename="%b"\r\n\r\n%b\r\n--B--\r\n') % (
        sent.replace('"', "%22").encode(),
        ASTRONAUT,
    )
    answer = await sqlite_ready.http.post(
        "/api/upload", content=body, headers={"content-type": "multipart/form-data; boundary=B"}
    )
    (result,) = answer.json()["results"]
    assert (result["filename"], result["status"]) == (sent, "success")
    photo = (await sqlite_ready.http.get(f"/api/photos/{result['versionId']}")).json()
    assert photo["mediaAsset"]["originalFilename"] == (stored or sent)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data; boundary=B", b"--B--\r\n"),
        (
            "multipart/form-data; boundary=B",
            b'--B\r\nContent-Disposition: form-data; name="files"\r\n\r\nx\r\n--B--\r\n',
        ),
        ("multipart/form-data; boundary=B", b""),
        ("multipart/form-data", b"--B--"),
        ("application/json", b"{}"),
    ],
)
async def test_an_upload_without_files_is_a_bad_request(
    sqlite_library: Library, content_type: str, body: bytes
) -> None:
    answer = await sqlite_library.http.post("/api/upload", content=body, headers={"content-type": content_type})
    assert answer.status_code == 400
    assert answer.json()["message"] == answer.json()["error"]


async def test_a_sender_who_hangs_up_leaves_nothing_of_the_unfinished_file(sqlite_ready: Library) -> None:
    host, port = sqlite_ready.http.base_url.host, sqlite_ready.http.base_url.port
    _, writer = await asyncio.open_connection(host, port)
    writer.write(
        b"POST /api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n"
        b"Content-Type: multipart/form-data; boundary=B\r\n\r\n--B\r\n"
        b'Content-Disposition: form-data; name="files"; filename="one.jpg"\r\n\r\n' + ASTRONAUT + b"\r\n--B\r\n"
        b'Content-Disposition: form-data; name="files"; filename="two.jpg"\r\n\r\n' + bytes(3 << 20)
    )
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    async with asyncio.timeout(60):
        while await sqlite_ready.ids("/api/photos") == [] or left_in_temp(sqlite_ready):
            pass
    (photo,) = (await sqlite_ready.http.get("/api/photos")).json()
    assert photo["mediaAsset"]["originalFilename"] == "one.jpg"


async def test_a_full_disk_is_an_error_of_the_file(sqlite_database: Database, tmp_path: Path) -> None:
    async with open_library(sqlite_database, tmp_path / "data", min_free=1 << 60) as library:
        (result,) = (await send(library, ("big.jpg", bytes(3 << 20))))["results"]
        assert result["status"] == "error"
        assert "full" in result["message"]
        assert left_in_temp(library) == []


@given(st.text(max_size=300))
def test_a_name_to_store_is_one_component_that_file_systems_take(name: str) -> None:
    stored = storable_name(name)
    assert stored not in ("", ".", "..")
    assert not set(stored) & {"/", "\\", "\0"}
    assert len(stored.encode("utf-8", "surrogateescape")) <= 255


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("IMG_1.jpg", "IMG_1.jpg"),
        (".hidden.jpg", ".hidden.jpg"),
        ("a#b%c?.jpg", "a#b%c?.jpg"),
        ("folder/", "unnamed"),
        ("..", "unnamed"),
        ("ä" * 150 + ".jpeg", "ä" * 97 + ".jpeg"),
        ("x." + "y" * 300, "x." + "y" * 198),
    ],
)
def test_a_name_is_kept_as_far_as_a_file_system_can(sent: str, stored: str) -> None:
    assert storable_name(sent) == stored
