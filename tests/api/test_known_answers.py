"""What has not changed is not read again, and what has is never answered from memory."""

from __future__ import annotations

import asyncio
import secrets
import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert, update

from api.context import AccessRules
from core.db.engine import Database, open_database
from core.db.tables import FileVersion, Setting
from tests.api.conftest import Library, open_library

READ = ("/api/stats", "/api/photos", "/api/photos/recent", "/api/activity", "/api/people", "/api/faces/unassigned")
PATIENCE = 30.0
GOOD = {"operator": "AND", "rules": [{"field": "rating", "operator": "equals", "value": 4}]}


async def _tag(library: Library, path: str) -> str:
    answer = await library.http.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-cache"
    return str(answer.headers["etag"])


async def _known(library: Library, path: str) -> str:
    """The tag of an answer which a client that has it is told of.

    A mark of PostgreSQL ends with a commit in any database of its server, also one of another test: there it is asked
    again.
    """
    give_up_at = time.monotonic() + PATIENCE
    while True:
        tag = await _tag(library, path)
        answer = await library.http.get(path, headers={"If-None-Match": f'"other", {tag}'})
        if answer.status_code == 304:
            assert (answer.content, answer.headers["etag"]) == (b"", tag)
            return tag
        assert library.bench.database.dialect == "postgresql", path
        assert time.monotonic() < give_up_at, path


@pytest.mark.parametrize("path", READ)
async def test_a_client_that_has_an_answer_is_told_so_until_something_changes(library: Library, path: str) -> None:
    await library.add_photo("silver")
    tag = await _known(library, path)
    await library.add_photo("silver", minute=1)
    assert (await library.http.get(path, headers={"If-None-Match": tag})).status_code == 200


NOUNS = ("/api/collections", "/api/smart-collections", "/api/search/saved", "/api/collections/{album}/photos")
NOUNS += ("/api/collections/{album}", "/api/collections/{album}/stats", "/api/collections/{smart}/photos")


async def test_collections_are_known_until_something_changes(library: Library) -> None:
    for minute in (0, 1):
        await library.add_photo("silver", minute=minute, rating=4)
    forms = {
        "album": ("/api/collections", {"name": "Album"}),
        "smart": ("/api/smart-collections", {"name": "Good", "rules": GOOD}),
    }
    ids = {name: (await library.http.post(path, json=form)).json()["id"] for name, (path, form) in forms.items()}
    tags = {path: await _known(library, path) for path in (noun.format(**ids) for noun in NOUNS)}
    third = (await library.add_photo("silver", minute=2, rating=4))["silver"]
    await library.http.post(f"/api/collections/{ids['album']}/photos", json={"photoIds": [third]})
    for path, tag in tags.items():
        assert (await library.http.get(path, headers={"If-None-Match": tag})).status_code == 200, path
    counts = {row["id"]: row["photoCount"] for row in (await library.http.get("/api/collections")).json()}
    assert counts == {ids["album"]: 1, ids["smart"]: 3}


async def test_places_are_known_until_something_changes(library: Library) -> None:
    at = {"gps_latitude": 52.5, "gps_longitude": 13.4}
    photos = [(await library.add_photo("silver", minute=minute, **at))["silver"] for minute in (0, 1)]
    form = {"name": "Home", "latitude": "48", "longitude": "11", "placeName": "Munich"}
    home = (await library.http.post("/api/locations", json=form)).json()["id"]
    paths = ("/api/locations", "/api/locations/hotspots", "/api/locations/stats", f"/api/locations/{home}")
    tags = {path: await _known(library, path) for path in paths}
    photos.append((await library.add_photo("silver", minute=2, **at))["silver"])
    for path, tag in tags.items():
        assert (await library.http.get(path, headers={"If-None-Match": tag})).status_code == 200, path
    (hotspot,) = (await library.http.get("/api/locations/hotspots")).json()
    assert [photo["id"] for photo in hotspot["photos"]] == photos
    assert (await library.http.get("/api/locations/stats")).json()["hotspots"] == [hotspot]


async def test_what_one_address_answered_is_not_the_answer_of_another(library: Library) -> None:
    await library.add_photo("silver")
    tag = await _tag(library, "/api/photos/recent?limit=1")
    for other in ("/api/photos/recent?limit=2", "/api/photos", "/api/stats"):
        assert (await library.http.get(other, headers={"If-None-Match": tag})).status_code == 200
    unknown = await library.http.get("/api/photos/nobody", headers={"If-None-Match": tag})
    assert (unknown.status_code, "etag" in unknown.headers) == (404, False)


async def test_each_change_is_in_the_next_answer(library: Library) -> None:
    photo = (await library.add_photo("bronze", "silver"))["silver"]
    for rating in (1, 2, 3, 4, 5, 0):
        changed = await library.http.patch(f"/api/photos/{photo}/rating", json={"rating": rating})
        assert changed.status_code == 200, changed.text
        assert (await library.http.get(f"/api/photos/{photo}")).json()["rating"] == rating
        assert (await library.http.get("/api/photos")).json()[0]["rating"] == rating
        search = {"filters": {"rating": {"min": rating, "max": rating}}}
        assert (await library.http.post("/api/photos/search", json=search)).json()["totalCount"] == 1
        other = {"filters": {"rating": {"min": 1, "max": 5}}, "limit": 0}
        assert (await library.http.post("/api/photos/search", json=other)).json()["totalCount"] == (rating > 0)


async def test_what_another_program_changes_is_in_the_next_answer(library: Library, database_url: str) -> None:
    photo = (await library.add_photo("silver"))["silver"]
    others = open_database(database_url)
    for rating in (1, 2, 3):
        async with others.write() as connection:
            await connection.execute(update(FileVersion).values(rating=rating))
            before = (await library.http.get(f"/api/photos/{photo}")).json()["rating"]
        after = (await library.http.get(f"/api/photos/{photo}")).json()["rating"]
        assert (before, after) == (rating - 1, rating)
    await others.close()


async def test_sixteen_who_ask_while_one_writes_see_no_answer_older_than_what_was_written(library: Library) -> None:
    written = 0

    async def ask() -> None:
        while written < 20:
            least = written
            assert (await library.http.get("/api/stats")).json()["totalPhotos"] >= least

    async with asyncio.TaskGroup() as group:
        for _ in range(16):
            group.create_task(ask())
        for minute in range(20):
            await library.add_asset(minute=minute)
            written += 1


async def test_a_stranger_gets_no_known_answer(database: Database, tmp_path: Path) -> None:
    own = secrets.token_urlsafe()
    async with open_library(database, tmp_path, access=AccessRules(needs_token=True, own_secret=own)) as library:
        known = await library.http.get("/api/stats", headers={"Authorization": f"Bearer {own}"})
        assert known.status_code == 200
        tags = {"If-None-Match": known.headers["etag"]}
        assert (await library.http.get("/api/stats", headers=tags)).status_code == 401


async def test_a_server_that_starts_again_takes_no_mark_of_before_for_its_own(
    database: Database, tmp_path: Path
) -> None:
    async def ask(headers: dict[str, str]) -> httpx.Response:
        async with open_library(database, tmp_path) as library:
            return await library.http.get("/api/stats", headers=headers)

    first = await ask({})
    assert (await ask({"If-None-Match": first.headers["etag"]})).status_code == 200


async def test_the_mark_of_the_database_stays_and_changes_with_every_commit(database: Database) -> None:
    marks = [await database.revision()]
    assert marks[0] is not None
    give_up_at = time.monotonic() + PATIENCE
    while (mark := await database.revision()) != marks[-1]:
        assert database.dialect == "postgresql"
        assert time.monotonic() < give_up_at
        marks.append(mark)
    for number in range(3):
        async with database.write() as connection:
            await connection.execute(insert(Setting).values(key=str(number), value="x"))
            marks.append(await database.revision())
        assert await database.revision() not in marks
        marks.append(await database.revision())
