"""A capture time in the database that is none takes nothing down: the photo counts as undated."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from core.config import Settings
from core.db.tables import Collection, FileVersion, MediaAsset, Person
from core.duplicates.stored_shot import SHOT_COLUMNS, shot_of
from core.library.archive import archive_photo
from core.library.gold_name import captured_of
from core.library.photo_facts import facts_of
from core.media.clock import clock_of
from core.passes.bursts import BURSTS
from core.passes.duplicates import DUPLICATES
from core.passes.events import EVENTS
from core.passes.people import PEOPLE
from core.passes.runner import Runner, Wanted
from core.passes.shape import Tools
from core.pipeline.stored_facts import stored_facts
from tests.api.conftest import Library

NO_TIMES = (
    *("tomorrow", "2024-13-45T99:99:99", "", "26.07.2024 12:00", "2024", 'x", "y": "'),
    *("fünfäé", "٢٠٢٤-07-26T12:00:00"),
)

LISTS = (
    *("/api/photos", "/api/photos/recent", "/api/burst/analyze", "/api/photos/burst-analysis"),
    *("/api/photos/similarity", "/api/faces", "/api/faces/suggestions", "/api/faces/grouped", "/api/faces/unassigned"),
    *("/api/events/clusters", "/api/events/statistics", "/api/search?keyword=photo", "/api/search/facets"),
    *("/api/search?dateFrom=2020-01-01", "/api/search/suggestions?q=ph", "/api/analytics", "/api/stats"),
    *("/api/locations/hotspots", "/api/daemon/occasions", "/api/people", "/api/daemon/ai", "/api/photos/by-tag/photo"),
    *("/api/smart-collections/old/photos", "/api/smart-collections/early/photos", "/api/people/ada/photos"),
)


def smart(identifier: str, field: str, operator: str, value: Any) -> dict[str, Any]:
    rules = {"operator": "AND", "rules": [{"field": field, "operator": operator, "value": value}]}
    return {"id": identifier, "name": identifier, "is_smart_collection": True, "smart_rules": rules}


async def fill(library: Library) -> list[str]:
    """A photo with each of the times, and one with a real one; all with a face of somebody, in one minute."""
    await library.insert(Person, id="ada", name="Ada", birthdate=datetime(1990, 5, 6, tzinfo=UTC))
    ids = []
    for number, captured_at in enumerate([*NO_TIMES, "2024-07-26T12:00:00"]):
        columns = {"captured_at": captured_at, "capture_source": "exif-original", "event_type": "birthday"}
        tags = {"ai": {"aiTags": ["photo"], "shortDescription": "A photo"}}
        place = {"gps_latitude": 48.85, "gps_longitude": 2.29, "combined_metadata": tags}
        photo = await library.add_photo("bronze", "silver", minute=number / 60, **columns, **place)
        await library.add_face(photo["silver"], person_id="ada" if number % 2 else None)
        ids.append(photo["silver"])
    await library.insert(Collection, **smart("old", "personAge", "greater_than", 18))
    await library.insert(Collection, **smart("early", "metadata.time", "time_range", "06:00-13:00"))
    return ids


async def test_every_list_and_every_photo_is_answered(library: Library) -> None:
    ids = await fill(library)
    of_photos = [f"/api/faces/photo/{photo_id}" for photo_id in ids]
    for path in ("", "/history", "/filename-preview", "/versions", "/similar"):
        of_photos += [f"/api/photos/{photo_id}{path}" for photo_id in ids]
    answers = {path: (await library.http.get(path)).status_code for path in (*LISTS, *of_photos)}
    assert {path: status for path, status in answers.items() if status != 200} == {}
    photos = await library.send("GET", "/api/photos?tier=silver")
    told = {photo["id"]: photo.get("capturedAt") for photo in photos}
    assert told == dict.fromkeys(ids[:-1]) | {ids[-1]: "2024-07-26T12:00:00"}
    assert "capturedAt" not in await library.send("GET", f"/api/photos/{ids[0]}")
    assert set((await library.send("GET", "/api/search/facets"))["years"]) <= {"2024"}
    detected = await library.send("POST", "/api/events/auto-detect", json={"photoIds": ids, "forceRedetect": True})
    assert detected["processedCount"] == 1


async def test_the_night_goes_on(library: Library) -> None:
    ids = await fill(library)
    settings = Settings(library={"data_dir": library.bench.layout.data_dir}, watch=())  # type: ignore[arg-type]
    runner = Runner(Tools(library.bench, settings), [EVENTS, BURSTS, DUPLICATES, PEOPLE])
    for name in ("events", "bursts", "duplicates", "people"):
        run = await runner.run(Wanted(name))
        assert (run.state, run.reason) == ("done", None)
    for photo_id in ids:
        await archive_photo(library.bench, photo_id)


async def test_what_reads_one_photo_takes_it_for_undated(library: Library) -> None:
    ids = await fill(library)
    statement = select(FileVersion.__table__, MediaAsset.original_filename, MediaAsset.sha256.label("asset_sha256"))
    async with library.bench.database.read() as connection:
        for photo_id in ids[:-1]:
            versions = statement.join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
            found = (await connection.execute(versions.where(FileVersion.id == photo_id))).mappings().one()
            row = {**found, "combined_metadata": found["metadata"]}
            assert (await stored_facts(connection, row)).captured is None
            assert facts_of(row, [], "a.jpg", None).captured is None
            assert captured_of(row) == row["created_at"]
            shots = select(*SHOT_COLUMNS).join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
            assert shot_of((await connection.execute(shots.where(FileVersion.id == photo_id))).one()).captured is None


def test_a_clock_of_a_place_has_no_zone() -> None:
    assert clock_of("2024-07-26T12:00:00.250+02:00") == datetime(2024, 7, 26, 12, 0, 0, 250_000)
    assert [clock_of(text) for text in (None, *NO_TIMES)] == [None] * 9
