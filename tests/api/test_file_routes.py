"""Downloads, streams, facts and thumbnails by name; the name that a photo gets as Gold."""

from __future__ import annotations

import os

import pytest

from tests.api.conftest import Library

pytestmark = pytest.mark.asyncio

CONTENT = bytes(range(256)) * 8
PATH = "media/silver/2024/07/Größe 50%_(1).jpg"
BELOW = "silver/2024/07/Gr%C3%B6%C3%9Fe%2050%25_(1).jpg"


@pytest.fixture
async def stored(library: Library) -> Library:
    """A library with one photo of awkward names."""
    asset = await library.add_asset("Meine #1? 😀.jpg")
    await library.add_version(asset, "silver", file_path=PATH, mime_type="image/png")
    os.utime(library.add_file(PATH, CONTENT), (1_700_000_000.5, 1_700_000_000.5))
    return library


async def test_a_download_has_the_name_that_the_photo_came_with(stored: Library) -> None:
    for path in (BELOW, f"media/{BELOW}"):
        answer = await stored.http.get(f"/api/files/download/{path}")
        assert (answer.status_code, answer.content) == (200, CONTENT)
        assert answer.headers["content-disposition"] == (
            "attachment; filename=\"Meine _1_ _.jpg\"; filename*=UTF-8''Meine%20%231%3F%20%F0%9F%98%80.jpg"
        )


async def test_a_stream_sends_what_is_asked_for(stored: Library) -> None:
    whole = await stored.http.get(f"/api/files/stream/{BELOW}")
    assert (whole.status_code, whole.content) == (200, CONTENT)
    assert whole.headers["accept-ranges"] == "bytes"
    part = await stored.http.get(f"/api/files/stream/{BELOW}", headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, CONTENT[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(CONTENT)}"
    beyond = await stored.http.get(f"/api/files/stream/{BELOW}", headers={"range": "bytes=9999-"})
    assert beyond.status_code == 416
    again = await stored.http.get(f"/api/files/stream/{BELOW}", headers={"if-none-match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_what_is_known_of_a_file_is_told(stored: Library) -> None:
    assert (await stored.http.get(f"/api/files/info/{BELOW}")).json() == {
        "filename": "Größe 50%_(1).jpg",
        "size": len(CONTENT),
        "mimeType": "image/png",
        "modified": "2023-11-14T22:13:20.500Z",
        "tier": "silver",
        "date": "2024/07",
        "path": PATH,
    }


@pytest.mark.parametrize("route", ["download", "info", "stream"])
async def test_head_tells_the_same_without_the_bytes(stored: Library, route: str) -> None:
    path = f"/api/files/{route}/{BELOW}"
    whole, head = await stored.http.get(path), await stored.http.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers.items() ^ whole.headers.items() <= {("date", head.headers["date"]), *whole.headers.items()}
    assert head.headers["content-length"] == str(len(whole.content))
    part = await stored.http.head(path, headers={"range": "bytes=0-4"})
    assert (part.status_code, part.headers["content-length"]) == (200, str(len(whole.content)))
    assert (await stored.http.head(f"/api/files/{route}/silver/nothing.jpg")).status_code == 404


@pytest.mark.parametrize("route", ["download", "info", "stream"])
async def test_only_files_of_the_library_are_served(stored: Library, route: str) -> None:
    stored.add_file("pictallion.toml", b"secret")
    for path, status in (
        ("silver/2024/07/nothing.jpg", 404),
        ("silver/2024/07", 404),
        ("..%2Fpictallion.toml", 403),
        ("media/..%2F..%2Fpictallion.toml", 403),
        ("silver/.hidden", 404),
    ):
        answer = await stored.http.get(f"/api/files/{route}/{path}")
        assert answer.status_code == status, path
        assert answer.json()["message"] == answer.json()["error"]


async def test_a_thumbnail_is_served_by_its_name(library: Library) -> None:
    name = f"{'ab' * 32}-250.jpeg"
    library.add_file(f"thumbnails/ab/{name}", b"jpeg")
    library.add_file("thumbnails/ab/other.jpeg", b"other")
    answer = await library.http.get(f"/api/files/thumbnails/{name}")
    assert (answer.content, answer.headers["content-type"]) == (b"jpeg", "image/jpeg")
    assert answer.headers["cache-control"] == "public, max-age=2592000"
    for wrong in ("other.jpeg", f"{'cd' * 32}-250.jpeg", "..%2F..%2Fpictallion.db"):
        assert (await library.http.get(f"/api/files/thumbnails/{wrong}")).status_code in (403, 404)


async def test_the_name_as_gold_is_told_before(library: Library) -> None:
    columns = {"captured_at": "2024-07-26T14:30:25", "ai_short_description": "BeachInNice"}
    photo_id = (await library.add_photo("silver", combined_metadata={"exif": {"camera": "NIKON Z 6"}}, **columns))[
        "silver"
    ]
    path = f"/api/photos/{photo_id}/filename-preview"
    assert (await library.http.get(path)).json() == {"filename": "2024-07-26_14-30-25.jpg"}
    await library.http.put("/api/settings/gold_naming_pattern", json={"value": "ai_descriptive"})
    assert (await library.http.get(path)).json() == {"filename": "2024-07-26_BeachInNice.jpg"}
    assert (await library.http.get("/api/photos/no-such-photo/filename-preview")).status_code == 404


async def test_uploads_may_go_to_either_address(library: Library) -> None:
    answer = await library.http.post("/api/photos/upload", files=[("files", ("notes.txt", b"no picture"))])
    assert answer.status_code == 200
    assert [result["status"] for result in answer.json()["results"]] == ["error"]
    assert (await library.http.post("/api/photos/upload")).status_code == 400
