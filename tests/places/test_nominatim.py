"""A geocoding server is asked slowly, once for each place, and is not needed."""

from __future__ import annotations

import asyncio
import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from core.config.schema import Places
from core.db.engine import Database
from core.db.tables import Face, FileVersion, LedgerEntry, MediaAsset, Person, WatchRoot
from core.places import nominatim
from core.places.nominatim import Geocoder, NamedPlace, named_place

EIFFEL = {
    "display_name": "Tour Eiffel, 5, Avenue Anatole France, Paris, France",
    "address": {"tourism": "Tour Eiffel", "house_number": "5", "road": "Avenue Anatole France", "city": "Paris"},
}


@dataclass
class Server:
    """A server on this machine, and what it was asked."""

    url: str = ""
    answer: bytes = json.dumps(EIFFEL).encode()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, list[str]], dict[str, str]]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    silent: threading.Event | None = None


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no slow server."""
    monkeypatch.setattr(nominatim, "PATIENCE_SECONDS", 60.0)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as running:
        yield running


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            server.at.append(time.monotonic())
            server.asked.append((parts.path, parse_qs(parts.query), {k.lower(): v for k, v in self.headers.items()}))
            if server.silent is not None:
                server.silent.wait(30)
                return
            self.send_response(server.status)
            for name, value in server.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(server.answer)

        def log_message(self, *_: Any) -> None:
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{running.server_address[1]}"
    try:
        yield server
    finally:
        if server.silent is not None:
            server.silent.set()
        running.shutdown()
        running.server_close()
        thread.join()


async def test_a_place_is_asked_for_once_with_a_name_of_our_own(database: Database, server: Server) -> None:
    geocoder = Geocoder(database, f"{server.url}/", "de, en", {})
    tower = NamedPlace("Tour Eiffel", "attraction")
    assert await geocoder.name_of(48.8584001, 2.2945) == tower
    ((path, query, headers),) = server.asked
    assert (path, query["lat"], query["lon"], query["zoom"]) == ("/reverse", ["48.85840"], ["2.29450"], ["18"])
    assert (headers["accept-language"], headers["user-agent"].partition("/")[0]) == ("de, en", "Pictallion")
    # also after a restart, and when the server is gone
    server.status = 500
    assert await Geocoder(database, server.url, "de, en", {}).name_of(48.8584, 2.2945) == tower
    assert len(server.asked) == 1
    # another language is another question
    assert await Geocoder(database, server.url, "fr", {}).name_of(48.8584, 2.2945) is None
    assert len(server.asked) == 2


async def test_many_questions_are_asked_one_a_second(sqlite_database: Database, server: Server) -> None:
    geocoder = Geocoder(sqlite_database, server.url, "en", {})
    found = await asyncio.gather(*(geocoder.name_of(48.0 + number % 3, 2.0) for number in range(6)))
    assert set(found) == {NamedPlace("Tour Eiffel", "attraction")}
    assert len(server.at) == 3
    assert all(after - before >= 0.99 for before, after in zip(server.at, server.at[1:], strict=False))


async def test_nothing_there_is_an_answer_and_is_kept(sqlite_database: Database, server: Server) -> None:
    server.answer = b'{"error": "Unable to geocode"}'
    for _ in range(2):
        assert await Geocoder(sqlite_database, server.url, "en", {}).name_of(0.0, 0.0) is None
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "answer"),
    [(500, b"{}"), (429, b"{}"), (302, b""), (200, b"<html>"), (200, b"[]"), (200, b'{"address": 5}'), (200, b"{" * 9)],
)
async def test_a_failure_is_no_name_is_not_kept_and_leaves_the_server_alone_for_a_while(
    sqlite_database: Database, server: Server, status: int, answer: bytes
) -> None:
    now = [1_000.0]
    server.status, server.answer = status, answer
    server.headers = {"Location": f"{server.url}/elsewhere"}
    geocoder = Geocoder(sqlite_database, server.url, "en", {}, clock=lambda: now[0])
    assert await geocoder.name_of(48.8584, 2.2945) is None
    assert [path for path, _, _ in server.asked] == ["/reverse"]
    server.status, server.answer = 200, json.dumps(EIFFEL).encode()
    assert await geocoder.name_of(48.8584, 2.2945) is None
    now[0] += nominatim.PAUSE_SECONDS
    assert await geocoder.name_of(48.8584, 2.2945) == NamedPlace("Tour Eiffel", "attraction")
    assert len(server.asked) == 2


async def test_a_server_that_says_nothing_keeps_nobody_waiting(
    sqlite_database: Database, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nominatim, "PATIENCE_SECONDS", 0.2)
    server.silent = threading.Event()
    assert await asyncio.wait_for(Geocoder(sqlite_database, server.url, "en", {}).name_of(1.0, 1.0), 10) is None
    assert len(server.asked) == 1


@pytest.mark.parametrize("url", ["http://169.254.169.254", "http://[fe80::1]", "ftp://example.org", "http://a:b@c"])
async def test_addresses_that_keep_secrets_are_not_asked(sqlite_database: Database, url: str) -> None:
    assert await Geocoder(sqlite_database, url, "en", {}).name_of(1.0, 1.0) is None
    with pytest.raises(ValueError, match="url"):
        Places(url=url)


@pytest.mark.parametrize(
    ("address", "name", "kind"),
    [
        ({"amenity": "Café", "road": "Rue", "city": "Paris"}, "Café", "business"),
        ({"shop": "Bakery", "tourism": "x"}, "Bakery", "retail"),
        ({"leisure": "Park", "building": "yes"}, "Park", "recreation"),
        ({"building": "Town hall"}, "Town hall", "building"),
        ({"road": "Main Street", "house_number": "5"}, "5 Main Street", "address"),
        ({"road": "Main Street", "suburb": "x"}, "Main Street", "address"),
        ({"suburb": "Kreuzberg", "city": "Berlin"}, "Kreuzberg", "residential"),
        ({"village": "Hallstatt", "county": "x"}, "Hallstatt", "municipal"),
        ({"county": "Kerry"}, "Kerry", "location"),
        ({"amenity": " \u0000 ", "city": "Two\nlines"}, "Two lines", "municipal"),
        ({"country": "France"}, "All of it", "location"),
    ],
)
def test_the_name_is_the_first_part_that_there_is(address: dict[str, str], name: str, kind: str) -> None:
    answer = json.dumps({"display_name": "All of it", "address": address}).encode()
    assert named_place(answer) == NamedPlace(name, kind)


@given(st.dictionaries(st.sampled_from(["amenity", "road", "city", "house_number"]), st.text()), st.text())
def test_whatever_is_answered_can_be_stored(address: dict[str, str], display_name: str) -> None:
    found = named_place(json.dumps({"display_name": display_name, "address": address}).encode())
    assert found is None or (found.name.isprintable() and 0 < len(found.name) <= 500)


def test_nobody_is_asked_unless_the_owner_says_so() -> None:
    assert not Places().enabled


@pytest.mark.parametrize("protects", ["root", "forgotten root", "person"])
async def test_where_photos_that_stay_here_were_taken_is_told_to_nobody(
    database: Database, server: Server, protects: str
) -> None:
    async with database.write() as connection:
        await connection.execute(insert(MediaAsset).values(id="a", original_filename="a.jpg"))
        photo = {"id": "v", "media_asset_id": "a", "tier": "silver", "file_path": "a.jpg", "file_hash": "0"}
        photo |= {"file_size": 1, "mime_type": "image/jpeg", "gps_latitude": 48.8585, "gps_longitude": 2.2946}
        await connection.execute(insert(FileVersion).values(photo))
        entry = {"root": "phone", "path": "a.jpg", "state": "done", "size": 1, "mtime_ns": 1, "ctime_ns": 1}
        await connection.execute(insert(LedgerEntry).values(**entry, inode="1", media_asset_id="a"))
        root = {"name": "phone", "path": "/phone", "mount_point": "/", "is_local_only": protects == "forgotten root"}
        await connection.execute(insert(WatchRoot).values(root))
        person = {"id": "p", "name": "Ada", "is_local_only": protects == "person"}
        await connection.execute(insert(Person).values(person))
        face = {"id": "f", "photo_id": "v", "person_id": "p", "bounding_box": [1, 2, 3, 4], "confidence": 90}
        await connection.execute(insert(Face).values(face))
    roots = {} if protects == "forgotten root" else {"phone": protects == "root"}
    geocoder = Geocoder(database, server.url, "en", roots)
    assert await geocoder.name_of(48.8584, 2.2945) is None
    assert server.asked == []
    # a kilometre away, none of them was taken
    assert await geocoder.name_of(48.87, 2.2945) is not None
