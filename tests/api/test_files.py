"""Originals, thumbnails and downloads by their path, and nothing beside them."""

from __future__ import annotations

import asyncio
import io
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import ParamSpec, TypeVar
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.exceptions import HTTPException
from PIL import Image
from sqlalchemy import update

from api.content_disposition import attachment
from api.sent_file import sensible_ranges
from api.thumbnails import Size, Thumbnails
from core.compute import Compute
from core.db.tables import FileVersion
from core.library.photos import StoredFile
from core.library.placing import replace_bytes
from tests.api.conftest import FIXTURES, Library

P = ParamSpec("P")
T = TypeVar("T")

pytestmark = pytest.mark.asyncio

PATH = "media/silver/2025/08/Größe & 100 %.jpg"
URL = f"/api/files/{quote(PATH)}"
SHA256 = "ab" * 32
CONTENT = bytes(range(256)) * 400


@pytest.fixture
async def photo(sqlite_library: Library) -> Library:
    """A library with one Silver photo at :data:`PATH`; its file is no picture."""
    asset_id = await sqlite_library.add_asset('IMG "1" ä.jpg')
    await sqlite_library.add_version(asset_id, "silver", file_path=PATH, sha256=SHA256, mime_type="image/jpeg")
    sqlite_library.add_file(PATH, CONTENT)
    return sqlite_library


def give_preview(library: Library, width: int = 640, height: int = 480) -> None:
    """What looking at the photo leaves: a preview, red on the left and blue on the right."""
    picture = Image.new("RGB", (width, height), "red")
    picture.paste("blue", (width // 2, 0, width, height))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    replace_bytes(buffer.getvalue(), library.bench.layout.rendered(SHA256, "preview"))


async def test_an_original_is_sent_byte_for_byte(photo: Library) -> None:
    answer = await photo.http.get(URL)
    assert answer.status_code == 200
    assert answer.content == CONTENT
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "public, max-age=86400"
    assert answer.headers["accept-ranges"] == "bytes"
    assert "content-disposition" not in answer.headers


async def test_head_tells_the_same_without_the_bytes(photo: Library) -> None:
    whole, head = await photo.http.get(URL), await photo.http.head(URL)
    assert head.status_code == 200
    assert head.content == b""
    for name in ("content-length", "content-type", "etag", "last-modified", "cache-control"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize(
    ("asked", "part"),
    [("bytes=0-9", CONTENT[:10]), ("bytes=1000-", CONTENT[1000:]), ("bytes=-5", CONTENT[-5:])],
)
async def test_a_part_of_a_file_can_be_asked_for(photo: Library, asked: str, part: bytes) -> None:
    answer = await photo.http.get(URL, headers={"range": asked})
    assert answer.status_code == 206
    assert answer.content == part
    assert answer.headers["content-range"].endswith(f"/{len(CONTENT)}")


async def test_a_part_beyond_the_end_cannot_be_had(photo: Library) -> None:
    for asked in (f"bytes={len(CONTENT)}-", "bytes=9999999-99999999,-0"):
        answer = await photo.http.get(URL, headers={"range": asked})
        assert answer.status_code == 416
        assert answer.headers["content-range"] == f"bytes */{len(CONTENT)}"
        assert answer.json()["message"] == answer.json()["error"]
    # for who has an older file it is not told of the newer one
    older = await photo.http.get(URL, headers={"range": f"bytes={len(CONTENT)}-", "if-range": '"another"'})
    assert (older.status_code, older.content) == (200, CONTENT)


@pytest.mark.parametrize(
    "asked", ["bytes=abc", "bytes=100-50", "lines=0-1", "bytes", "bytes=", "bytes=-", "bytes=0-1,x"]
)
async def test_a_range_that_makes_no_sense_is_none(photo: Library, asked: str) -> None:
    answer = await photo.http.get(URL, headers={"range": asked})
    assert (answer.status_code, answer.content) == (200, CONTENT)


async def test_of_several_parts_those_are_sent_that_there_are(photo: Library) -> None:
    one = await photo.http.get(URL, headers={"range": f"bytes=0-9, {len(CONTENT)}-, 9-3"})
    assert one.status_code == 200
    one = await photo.http.get(URL, headers={"range": f"Bytes=5-9, {len(CONTENT)}-"})
    assert (one.status_code, one.content) == (206, CONTENT[5:10])
    two = await photo.http.get(URL, headers={"range": "bytes=0-1,-2"})
    assert two.status_code == 206
    assert two.headers["content-type"].startswith("multipart/byteranges")
    assert two.content.count(b"content-range: bytes") + two.content.count(b"Content-Range: bytes") == 2


@given(st.text("bytes=0123456789-, ", max_size=30), st.integers(1, 2000))
async def test_whatever_is_asked_for_is_in_the_file(asked: str, size: int) -> None:
    for text in (asked, f"bytes={asked}"):
        found = None
        with suppress(HTTPException):
            found = sensible_ranges(text, size)
        for one in found.removeprefix("bytes=").split(",") if found is not None else ():
            start, end = map(int, one.split("-"))
            assert 0 <= start <= end < size


async def test_a_part_of_an_older_file_is_answered_with_the_whole_new_one(photo: Library) -> None:
    answer = await photo.http.get(URL, headers={"range": "bytes=0-9", "if-range": '"another"'})
    assert answer.status_code == 200
    assert answer.content == CONTENT


@pytest.mark.parametrize("shape", ["{}", "W/{}", '"other", {}', "*"])
async def test_who_has_the_file_already_gets_no_bytes(photo: Library, shape: str) -> None:
    etag = (await photo.http.get(URL)).headers["etag"]
    answer = await photo.http.get(URL, headers={"if-none-match": shape.format(etag)})
    assert answer.status_code == 304
    assert answer.headers["etag"] == etag
    assert (await photo.http.get(URL, headers={"if-none-match": '"other"'})).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_who_has_the_file_of_that_date_gets_no_bytes(photo: Library, method: str) -> None:
    whole = await photo.http.get(URL)
    modified = whole.headers["last-modified"]
    same = await photo.http.request(method, URL, headers={"if-modified-since": modified})
    assert (same.status_code, same.content) == (304, b"")
    assert (same.headers["etag"], same.headers["last-modified"]) == (whole.headers["etag"], modified)
    for older in ("Sat, 29 Oct 1994 19:43:31 GMT", "yesterday", ""):
        assert (await photo.http.request(method, URL, headers={"if-modified-since": older})).status_code == 200
    other = {"if-modified-since": modified, "if-none-match": '"other"'}
    assert (await photo.http.request(method, URL, headers=other)).status_code == 200


async def test_a_download_is_the_original_under_the_name_its_sender_gave(photo: Library) -> None:
    give_preview(photo)
    answer = await photo.http.get(URL, params={"download": "true", "w": 100})
    assert answer.content == CONTENT
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"IMG _1_ _.jpg\"; filename*=UTF-8''IMG%20%221%22%20%C3%A4.jpg"
    )


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("a#b?.jpg", "a#b?.jpg"),
        ("hundert%20.jpg", "hundert%20.jpg"),
        ("<img src=x>.jpg", "<img src=x>.jpg"),
        ("../..\\evil\r\nX: y.jpg", "....evilX: y.jpg"),
        ("smile 😀", "smile 😀.jpg"),
        ("12.03", "12.03.jpg"),
        ("\u202egpj.exe", "gpj.exe"),
        ("...", "unnamed.jpg"),
        ("", "unnamed.jpg"),
    ],
)
async def test_it_is_saved_as_it_was_called(name: str, saved: str) -> None:
    assert unquote(attachment(name, ".jpg").partition("filename*=UTF-8''")[2]) == saved


@given(st.text(max_size=300))
async def test_no_name_ends_the_header_it_stands_in(name: str) -> None:
    header = attachment(name, ".jpg")
    assert header.isascii()
    assert header.isprintable()
    assert re.fullmatch(
        r"""attachment; filename="[^"\\%/;=]+"; filename\*=UTF-8''(?:[\w.~-]|%[0-9A-F]{2})+""", header, re.ASCII
    )
    saved = unquote(header.partition("''")[2], errors="strict")
    assert saved.strip(". ")
    assert not set(saved) & {"/", "\\", "\r", "\n", "\0"}
    assert len(saved.encode()) <= 255 + len(".jpg")


async def test_a_thumbnail_is_a_square_from_the_middle(photo: Library) -> None:
    give_preview(photo)
    answer = await photo.http.get(URL, params={"w": 100, "h": 70})
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "public, max-age=604800"
    picture = Image.open(io.BytesIO(answer.content)).convert("RGB")
    assert picture.size == (100, 100)
    red, blue = picture.getpixel((20, 50)), picture.getpixel((80, 50))
    assert isinstance(red, tuple)
    assert isinstance(blue, tuple)
    assert red[0] > 200 > 60 > red[2]
    assert blue[2] > 200 > 60 > blue[0]


@pytest.mark.parametrize(
    ("parameters", "edge"),
    [({"h": 70}, 70), ({"quality": "low"}, 300), ({"w": 1}, 16), ({"w": 100_000}, 1440), ({"w": 0, "h": 90}, 90)],
)
async def test_the_edge_follows_the_parameters_within_limits(
    photo: Library, parameters: dict[str, str | int], edge: int
) -> None:
    give_preview(photo)
    answer = await photo.http.get(URL, params=parameters)
    assert Image.open(io.BytesIO(answer.content)).size == (edge, edge)


async def test_a_better_quality_has_more_bytes(photo: Library) -> None:
    source = Image.open(FIXTURES / "astronaut.jpg")
    buffer = io.BytesIO()
    source.save(buffer, "JPEG", quality=95)
    replace_bytes(buffer.getvalue(), photo.bench.layout.rendered(SHA256, "preview"))
    sizes = [
        len((await photo.http.get(URL, params={"w": 200, "quality": quality})).content)
        for quality in ("low", "medium", "high")
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[1] < sizes[2]


async def test_the_grids_thumbnail_is_the_stored_one(photo: Library) -> None:
    replace_bytes(b"stored", photo.bench.layout.rendered(SHA256, "250"))
    answer = await photo.http.get(URL, params={"quality": "low", "w": 250, "h": 250})
    assert answer.content == b"stored"


async def test_a_rendered_thumbnail_is_kept(photo: Library) -> None:
    give_preview(photo)
    answer = await photo.http.get(URL, params={"w": 120})
    kept = photo.bench.layout.rendered(SHA256, "120-80")
    assert kept.read_bytes() == answer.content
    kept.write_bytes(b"as kept")
    assert (await photo.http.get(URL, params={"w": 120})).content == b"as kept"


class CountingCompute:
    """Does what another one does, and counts."""

    def __init__(self, compute: Compute) -> None:
        self.compute = compute
        self.jobs = 0

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self.jobs += 1
        return await self.compute.run(function, *args, **kwargs)

    async def close(self) -> None:
        await self.compute.close()


async def test_a_thumbnail_that_several_ask_for_at_once_is_rendered_once(photo: Library) -> None:
    give_preview(photo)
    counting = CountingCompute(photo.bench.compute)
    thumbnails = Thumbnails(replace(photo.bench, compute=counting))
    stored, path = StoredFile(SHA256, "image/jpeg", "IMG_1.jpg", True), photo.bench.layout.absolute(PATH)
    pictures = await asyncio.gather(*(thumbnails.get(stored, Size(120, 80), path) for _ in range(8)))
    assert pictures[0] is not None
    assert len(set(pictures)) == 1
    assert counting.jobs == 1


async def test_a_file_that_was_replaced_is_known_anew(photo: Library) -> None:
    give_preview(photo)
    before = await photo.http.get(URL, params={"w": 100})
    async with photo.bench.database.write() as connection:
        await connection.execute(update(FileVersion).values(sha256="cd" * 32))
    photo.bench.layout.absolute(PATH).unlink()
    assert (await photo.http.get(URL, params={"w": 100})).status_code == 404
    photo.add_file(PATH, (FIXTURES / "astronaut.jpg").read_bytes())
    after = await photo.http.get(URL, params={"w": 100})
    assert after.headers["etag"] != before.headers["etag"]
    assert after.content != before.content


async def test_who_has_the_thumbnail_already_gets_no_bytes(photo: Library) -> None:
    give_preview(photo)
    first = await photo.http.get(URL, params={"w": 100})
    again = await photo.http.get(URL, params={"w": 100}, headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    other_size = await photo.http.get(URL, params={"w": 110}, headers={"if-none-match": first.headers["etag"]})
    assert other_size.status_code == 200


async def test_without_a_preview_the_thumbnail_comes_from_the_photo_itself(photo: Library) -> None:
    photo.add_file(PATH, (FIXTURES / "astronaut.jpg").read_bytes())
    answer = await photo.http.get(URL, params={"w": 64})
    assert Image.open(io.BytesIO(answer.content)).size == (64, 64)


async def test_a_picture_that_cannot_be_rendered_is_sent_as_it_is(photo: Library) -> None:
    answer = await photo.http.get(URL, params={"w": 64})
    assert answer.status_code == 200
    assert answer.content == CONTENT


async def test_a_face_is_cut_out_with_some_surroundings(photo: Library) -> None:
    picture = Image.new("RGB", (1000, 800), "white")
    picture.paste((255, 0, 0), (300, 300, 400, 400))
    photo.add_file(PATH, b"")
    picture.save(photo.bench.layout.absolute(PATH), "JPEG", quality=95)
    answer = await photo.http.get(URL, params={"crop": "300,300,100,100", "face": "true"})
    crop = Image.open(io.BytesIO(answer.content)).convert("RGB")
    assert crop.size == (200, 200)
    centre, corner = crop.getpixel((100, 100)), crop.getpixel((3, 3))
    assert isinstance(centre, tuple)
    assert isinstance(corner, tuple)
    assert centre[1] < 60  # red
    assert corner[1] > 200  # white


@pytest.mark.parametrize("box", ["1,2,3", "a,b,c,d", "-1,0,5,5", "nan,0,1,1", "1e99,0,1,1"])
async def test_a_box_that_is_none_is_refused(photo: Library, box: str) -> None:
    answer = await photo.http.get(URL, params={"crop": box, "face": "true"})
    assert answer.status_code == 400
    assert box in answer.json()["error"]


async def get_raw(library: Library, path: str) -> int:
    """The status of a path that no client would send as it is; httpx would tidy it up."""

    def ask() -> int:
        host, port = library.http.base_url.host, library.http.base_url.port
        with socket.create_connection((host, port or 80)) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1"))
            return int(connection.makefile("rb").readline().split()[1])

    return await asyncio.to_thread(ask)


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "media/../../secret.txt",
        "media/../pictallion.db",
        "media%2f..%2f..%2fsecret.txt",
        "%2e%2e/secret.txt",
        "%2e%2e%2fsecret.txt",
        "media/silver/%2e%2e/%2e%2e/%2e%2e/secret.txt",
        "..%5csecret.txt",
        "%252e%252e%252fsecret.txt",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "media/silver/link.jpg",
        "media/linked/secret.txt",
        "media/silver/.hidden.jpg",
        "media/.hidden/x.jpg",
        "media/silver",
        "media/",
        "media",
        "",
        "media/silver/%00.jpg",
        "media/silver/" + "x" * 300,
        "undefined",
        "pictallion.db",
        "thumbnails/ab/abc-250.jpeg",
        "cache/x",
        "temp/upload/x.jpg",
        "temp/x.jpg",
        "temp/face_crop_x/../x.jpg",
    ],
)
async def test_nothing_outside_the_media_is_ever_served(sqlite_library: Library, path: str) -> None:
    layout = sqlite_library.bench.layout
    outside = layout.data_dir.parent / "secret.txt"
    outside.write_text("secret")
    for hidden in ("media/silver/.hidden.jpg", "media/.hidden/x.jpg", "temp/upload/x.jpg", "temp/x.jpg", "cache/x"):
        sqlite_library.add_file(hidden, b"hidden")
    sqlite_library.add_file("thumbnails/ab/abc-250.jpeg", b"hidden")
    (layout.media / "silver/link.jpg").symlink_to(outside)
    (layout.media / "linked").symlink_to(layout.data_dir.parent)
    assert await get_raw(sqlite_library, f"/api/files/{path}") in (403, 404)


async def test_a_path_that_climbs_is_forbidden_and_an_absent_file_not_found(sqlite_library: Library) -> None:
    assert await get_raw(sqlite_library, "/api/files/media/%2e%2e/%2e%2e/secret.txt") == 403
    answer = await sqlite_library.http.get("/api/files/media/silver/2025/08/absent.jpg", params={"w": 100})
    assert answer.status_code == 404
    assert answer.json()["message"] == answer.json()["error"]


async def test_a_media_file_without_a_row_and_a_face_crop_are_served(sqlite_library: Library) -> None:
    sqlite_library.add_file("media/silver/2025/08/a.jpg.xmp", b"<x/>")
    sqlite_library.add_file("temp/face_crop_1.jpg", b"face")
    sidecar = await sqlite_library.http.get("/api/files/media/silver/2025/08/a.jpg.xmp")
    assert sidecar.content == b"<x/>"
    assert sidecar.headers["x-content-type-options"] == "nosniff"
    crop = await sqlite_library.http.get("/api/files/temp/face_crop_1.jpg")
    assert crop.content == b"face"
    assert crop.headers["content-type"] == "image/jpeg"
