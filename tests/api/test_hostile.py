"""What people try who mean harm: paths, names, bodies and files that are made for it."""

from __future__ import annotations

import asyncio
import itertools
import json
import struct
import tarfile
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
import pytest

from api.app import MAX_BODY
from core.library.layout import Layout
from tests.api.conftest import Library

SECRET: Final = b"xyzzy"
_CLIMBING: Final = (
    "../secret.txt",
    "media/../../secret.txt",
    "..%2fsecret.txt",
    "%2e%2e%2f%2e%2e%2fsecret.txt",
    "%252e%252e%252fsecret.txt",
    "%25252e%25252e%25252fsecret.txt",
    "..%5c..%5csecret.txt",
    "..%c0%afsecret.txt",
    "%uff0e%uff0e/secret.txt",
    "....//....//secret.txt",
    "media/silver/..;/..;/secret.txt",
    "media/silver/%00/../../../secret.txt",
    "secret.txt%00.jpg",
    "file:///{outside}",
    "{outside}",
    "//{outside}",
    "media/silver/link.jpg",
    "silver/link.jpg",
    "media/linked/secret.txt",
    "linked/secret.txt",
    "media/silver/chain.jpg",
    "../pictallion.db",
    "../../pictallion.db",
    "..%2f..%2fpictallion.db",
)
_ROUTES: Final = (
    "/api/files/",
    "/api/files/download/",
    "/api/files/stream/",
    "/api/files/info/",
    "/api/files/thumbnails/",
    "/",
    "/assets/",
)


async def raw(library: Library, head: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    """Sends a request as it is written, which a client would tidy up; status, headers in small letters, body."""
    host, port = library.http.base_url.host, library.http.base_url.port
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1") + body)
    answer = await reader.read()
    writer.close()
    top, _, content = answer.partition(b"\r\n\r\n")
    first, *lines = top.decode("latin-1").split("\r\n")
    return int(first.split()[1]), {line.split(":")[0].lower(): line.split(": ", 1)[1] for line in lines}, content


@pytest.mark.parametrize("route", _ROUTES)
async def test_no_path_leads_out_of_the_library(sqlite_library: Library, tmp_path: Path, route: str) -> None:
    outside, media = tmp_path / "secret.txt", sqlite_library.bench.layout.media
    outside.write_bytes(SECRET)
    (media / "silver/link.jpg").symlink_to(outside)
    (media / "silver/chain.jpg").symlink_to(media / "silver/link.jpg")
    (media / "linked").symlink_to(tmp_path)
    for path in _CLIMBING:
        target = route + path.format(outside=str(outside).lstrip("/"))
        status, _, body = await raw(sqlite_library, f"GET {target} HTTP/1.1")
        assert SECRET not in body, target
        assert b"SQLite format" not in body, target
        assert status < 500, target
        assert status in (400, 403, 404) or route in ("/", "/assets/"), target


NAMES: Final = (
    'a"; filename="evil.exe',
    "a\r\nSet-Cookie: stolen=1\r\n\r\n<script>alert(1)</script>.jpg",
    "a\nX-Evil: 1.jpg",
    "a\u2028\u0085b.jpg",
    "Ünïcödé 😀 \u202egpj.exe",
    "<img src=x onerror=alert(1)>.jpg",
    "../../../etc/passwd",
    "C:\\Windows\\win.ini",
    "a;b,c=d%0d%0aX-Evil:1.jpg",
)


@pytest.mark.parametrize("name", NAMES)
async def test_a_name_puts_nothing_into_the_headers(sqlite_library: Library, name: str) -> None:
    asset = await sqlite_library.add_asset(name)
    await sqlite_library.add_version(asset, "silver", file_path="media/silver/2025/08/a.jpg")
    sqlite_library.add_file("media/silver/2025/08/a.jpg", b"content")
    for target in ("/api/files/download/silver/2025/08/a.jpg", "/api/files/media/silver/2025/08/a.jpg?download=true"):
        status, headers, body = await raw(sqlite_library, f"GET {target} HTTP/1.1")
        assert (status, body) == (200, b"content")
        assert not {"set-cookie", "x-evil"} & set(headers)
        disposition = headers["content-disposition"]
        assert disposition.startswith('attachment; filename="')
        assert (disposition.count(";"), disposition.count("="), disposition.count('"')) == (2, 2, 2)
        assert disposition.isascii()


@pytest.mark.parametrize("format_", ["zip", "tar"])
async def test_an_export_has_no_paths_in_it(sqlite_library: Library, format_: str) -> None:
    photos = []
    for number, name in enumerate(NAMES):
        asset = await sqlite_library.add_asset(name)
        path = f"media/silver/2025/08/{number}.jpg"
        photos.append(await sqlite_library.add_version(asset, "silver", file_path=path))
        sqlite_library.add_file(path, b"content")
    body = {"operation": "export", "photoIds": photos, "params": {"format": format_}}
    assert (await sqlite_library.http.post("/api/photos/batch", json=body)).status_code == 200
    (archive,) = sqlite_library.bench.layout.temp.glob("export_*")
    if format_ == "zip":
        names = zipfile.ZipFile(archive).namelist()
    else:
        with tarfile.open(archive) as opened:
            names = opened.getnames()
    assert len(names) == len(NAMES)
    for name in names:
        assert not set(name) & set('/\\\r\n"<>'), name
        assert name not in ("", ".", "..")


async def test_what_is_said_in_names_and_tags_is_data_and_never_a_page(sqlite_library: Library) -> None:
    script = "<script>alert(1)</script>"
    photo = await sqlite_library.add_photo("silver", keywords=[script])
    http = sqlite_library.http
    await http.post("/api/tags/library", json={"tags": [script]})
    person = (await http.post("/api/people", json={"name": script, "notes": script})).json()
    await http.post("/api/collections", json={"name": script})
    await http.post("/api/events", json={"name": script, "date": "2024-01-01"})
    await http.patch(f"/api/photos/{photo['silver']}/metadata", json={"description": script})
    for path in (
        "/api/photos",
        f"/api/photos/{photo['silver']}",
        "/api/tags/library",
        "/api/people",
        f"/api/people/{person['id']}",
        "/api/collections",
        "/api/events",
        f"/api/search?q={script}",
        f"/api/photos/by-tag/{script}",
        f"/api/people/{script}",
        f"/api/{script}",
        f"/api/files/{script}",
        f"/api/settings/{script}",
        f"/api/photos?limit={script}",
    ):
        answer = await http.get(path, headers={"accept": "text/html"})
        assert answer.headers["content-type"].startswith("application/json"), path
        assert answer.headers["x-content-type-options"] == "nosniff", path
    assert script in (await http.get("/api/tags/library")).text


@pytest.mark.parametrize("path", ["/", "/login", "/schema/swagger", "/any/page/of/the/client"])
async def test_pages_may_not_be_framed_by_strangers(sqlite_library: Library, path: str) -> None:
    answer = await sqlite_library.http.get(path)
    assert answer.headers["content-type"].startswith("text/html")
    assert "frame-ancestors" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "name", ["a.svg", "a.html", "a.htm", "a.xhtml", "a.xml", "a.js", "a.mjs", "a.svgz", "a.pdf", "a.jpg.xmp", "a"]
)
async def test_a_file_that_could_run_in_a_browser_is_only_bytes(sqlite_library: Library, name: str) -> None:
    asset = await sqlite_library.add_asset(name)
    sqlite_library.add_file(f"media/silver/2025/08/{name}", b"<svg onload='alert(1)'/>")
    await sqlite_library.add_version(
        asset, "silver", file_path=f"media/silver/2025/08/known-{name}", mime_type="image/svg+xml"
    )
    sqlite_library.add_file(f"media/silver/2025/08/known-{name}", b"<svg onload='alert(1)'/>")
    for route, prefix in itertools.product(("media/", "stream/", "download/"), ("", "known-")):
        answer = await sqlite_library.http.get(f"/api/files/{route}silver/2025/08/{prefix}{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["x-content-type-options"] == "nosniff"


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(width: int, height: int, *more: bytes, pixels: bytes = b"") -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    end = _chunk(b"IDAT", pixels or zlib.compress(bytes(1_000))) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + end


def _bomb(size: int) -> bytes:
    """Zeros, compressed about a thousand times."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()


def _tiff(width: int, height: int) -> bytes:
    entries = ((256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (279, 4, 9))
    body = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + bytes(4)


BOMBS: Final[dict[str, Callable[[], bytes]]] = {
    "pixels.png": lambda: _png(30_000, 30_000, pixels=_bomb(512 << 20)),
    "largest.png": lambda: _png(2**31 - 1, 2**31 - 1),
    "text.png": lambda: _png(8, 8, _chunk(b"zTXt", b"Comment\0\0" + _bomb(256 << 20))),
    "profile.png": lambda: _png(8, 8, _chunk(b"iCCP", b"sRGB\0\0" + _bomb(256 << 20))),
    "screen.gif": lambda: b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0x80, 0, 0) + bytes(6) + b"\x3b",
    "huge.tif": lambda: _tiff(2**31, 2**31),
    "frame.jpg": lambda: (
        b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00"
        + bytes(500)
        + b"\xff\xd9"
    ),
    "page.svg": lambda: b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "page.jpg": lambda: b"<html><script>alert(1)</script></html>",
}

MEMORY: Final = 512 << 20
"""Bytes that this process and its worker may grow by while they look at a bomb; unpacked, each is larger."""


@pytest.fixture
def ready(sqlite_library: Library, with_cache: Callable[[Layout], None]) -> Library:
    with_cache(sqlite_library.bench.layout)
    return sqlite_library


def _memory() -> int:
    own = psutil.Process()
    total = 0
    for process in (own, *own.children(recursive=True)):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


async def test_bombs_take_no_memory_and_show_no_picture(ready: Library) -> None:
    async def send(name: str, content: bytes) -> dict[str, Any]:
        answer = await ready.http.post("/api/upload", files=[("files", (name, content))], timeout=120)
        assert answer.status_code == 200, name
        (result,) = answer.json()["results"]
        return dict(result)

    await send("warm.png", _png(1, 1, pixels=zlib.compress(bytes(4))))
    before, peak = _memory(), 0

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, _memory())
            await asyncio.sleep(0.01)

    watching = asyncio.create_task(watch())
    try:
        for name, make in BOMBS.items():
            content, peak = make(), 0
            result = await send(name, content)
            assert peak - before < MEMORY, (name, peak - before)
            if result["status"] == "success":
                photo = (await ready.http.get(f"/api/photos/{result['versionId']}")).json()
                assert photo["tier"] == "bronze" or name in ("text.png", "profile.png"), name
            assert (await ready.http.get("/api/stats")).status_code == 200
    finally:
        watching.cancel()
    assert [path for path in ready.bench.layout.temp.rglob("*") if path.is_file()] == []


async def test_a_body_that_is_too_large_is_refused_unread(sqlite_library: Library) -> None:
    head = f"POST /api/photos/search HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {MAX_BODY + 1}"
    status, _, body = await raw(sqlite_library, head)
    assert status == 413
    assert json.loads(body)["message"] == json.loads(body)["error"]


def _highest_memory() -> int:
    """The most bytes that this process had resident since it was asked to forget."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) << 10


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the highest memory")
@pytest.mark.parametrize("value", [b"[],", b"{},", b'"",', b"1e9,"])
@pytest.mark.parametrize(
    "path, begin", [("/api/smart-collections", b'{"name":"x","rules":{"a":['), ("/api/photos/search", b'{"unknown":[')]
)
async def test_a_body_of_many_small_values_is_not_unpacked(
    sqlite_library: Library, path: str, begin: bytes, value: bytes
) -> None:
    end = b"0]}}" if b"rules" in begin else b"0]}"
    body = begin + value * ((MAX_BODY - len(begin) - len(end)) // len(value)) + end
    Path("/proc/self/clear_refs").write_text("5")
    before = _highest_memory()
    answer = await sqlite_library.http.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["message"] == answer.json()["error"]
    assert _highest_memory() - before < 6 * MAX_BODY


async def test_a_body_may_name_every_photo_of_a_large_library(sqlite_library: Library) -> None:
    body = {"operation": "nonsense", "photoIds": [f"{number:036}" for number in range(400_000)]}
    answer = await sqlite_library.http.post("/api/photos/batch", json=body)
    assert answer.status_code == 400
    assert "nonsense" in answer.text


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=B"])
async def test_a_login_is_short(sqlite_library: Library, kind: str) -> None:
    answer = await sqlite_library.http.post("/login", content=b"a=&" * 100_000, headers={"content-type": kind})
    assert answer.status_code == 413


async def test_a_body_of_no_told_length_ends_at_the_limit(sqlite_library: Library) -> None:
    process, grown = psutil.Process(), [0]

    async def endless() -> AsyncIterator[bytes]:
        before = process.memory_info().rss
        for _ in range(6 * MAX_BODY >> 20):
            yield b" " * (1 << 20)
            grown.append(process.memory_info().rss - before)

    try:
        answer = await sqlite_library.http.post("/api/photos/search", content=endless())
    except httpx.TransportError:
        pass  # the server hung up while more was sent
    else:
        assert answer.status_code == 413
    assert max(grown) < 3 * MAX_BODY
    assert (await sqlite_library.http.get("/api/stats")).status_code == 200
