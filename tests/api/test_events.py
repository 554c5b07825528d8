"""Settings and events over HTTP, on each kind of database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from sqlalchemy import update

from core.db.tables import FileVersion, Person
from tests.api.conftest import NOWHERE, Library
from tests.conftest import until_blocked

pytestmark = pytest.mark.asyncio


async def detected(library: Library, day: str) -> dict[str, int]:
    found = await library.send("POST", "/api/events/detect", json={"photoDate": day})
    return {match["eventName"]: match["confidence"] for match in found}


async def event(library: Library, name: str, day: str, recurring: str | None = None) -> str:
    body = {"name": name, "date": day, "isRecurring": recurring is not None, "recurringType": recurring}
    return str((await library.send("POST", "/api/events", 201, json=body))["id"])


async def test_a_change_to_settings_people_and_events_is_seen_by_the_next_question(library: Library) -> None:
    assert await detected(library, "2024-12-26") == {"Christmas Eve": 80, "Christmas Day": 80}
    await library.send("PUT", "/api/settings/enabled_holidays", json={"value": '["UK"]'})
    assert await detected(library, "2024-12-26") == {"Christmas Day": 80, "Boxing Day": 100}
    await library.insert(Person, name="Zoë 🎂", birthdate=datetime(2020, 12, 26, tzinfo=UTC))
    stored = await event(library, "Garten", "2019-12-25", "yearly")
    matches = await library.send("POST", "/api/events/detect", json={"photoDate": "2024-12-26T23:59:59-11:00"})
    assert [(match["eventType"], match["confidence"]) for match in matches] == [
        ("holiday", 100),
        ("holiday", 80),
        ("birthday", 100),
        ("custom", 85),
    ]
    assert (matches[2]["age"], matches[2]["personName"]) == (4, "Zoë 🎂")
    await library.send("POST", "/api/events/bulk-toggle", json={"eventIds": [stored], "enabled": False})
    assert "Garten" not in await detected(library, "2024-12-26")


@pytest.mark.parametrize("day", ["0001-01-01", "0001-12-31", "9999-01-01", "9999-12-31"])
async def test_the_first_and_the_last_year_are_years(library: Library, day: str) -> None:
    await library.insert(Person, name="Ada", birthdate=datetime(2000, 1, 1, tzinfo=UTC))
    for number, recurring in enumerate(("yearly", "monthly", "weekly", None)):
        await event(library, f"{recurring}", f"2024-01-0{number + 1}", recurring)
    assert await detected(library, day)


async def test_what_comes_next_is_what_would_be_detected(library: Library) -> None:
    today = datetime.now(UTC).date()
    await event(library, "Monthly", "2024-01-31", "monthly")
    await event(library, "Leap", "2024-02-29", "yearly")
    await event(library, "Weekly", f"{today - timedelta(days=700)}", "weekly")
    await event(library, "Once", f"{today + timedelta(days=30)}")
    await event(library, "Over", f"{today - timedelta(days=1)}")
    upcoming = (await library.send("GET", "/api/events/statistics"))["upcomingEvents"]
    found = {one["name"]: one for one in upcoming}
    # from any day on, the last day of its month is at most 30 days away
    assert found.keys() - {"Leap"} == {"Monthly", "Weekly", "Once"}
    assert (found["Weekly"]["daysUntil"], found["Once"]["daysUntil"]) == (0, 30)
    for one in upcoming:
        assert (await detected(library, one["date"]))[one["name"]] == 100
        assert one["date"] == f"{today + timedelta(days=one['daysUntil'])}"


async def test_photos_get_the_event_of_their_day_and_keep_what_a_person_said(library: Library) -> None:
    christmas = (await library.add_photo("silver", captured_at="2024-12-25T10:00:00"))["silver"]
    said = (await library.add_photo("silver", captured_at="2024-12-25T10:00:00", event_type="party"))["silver"]
    plain = (await library.add_photo("silver", captured_at="2024-08-08T10:00:00"))["silver"]
    many = [f"{number:08}-0000-4000-8000-000000000000" for number in range(40_000)]
    body = await library.send("POST", "/api/events/auto-detect", json={"photoIds": [*many, christmas, said, plain]})
    assert (body["processedCount"], body["detectedCount"]) == (2, 1)
    names = {photo["id"]: photo["eventName"] for photo in await library.send("GET", "/api/photos")}
    assert names == {christmas: "Christmas Day", said: None, plain: None}
    (cluster,) = [
        one for one in await library.send("GET", "/api/events/clusters") if one["eventName"] == "Christmas Day"
    ]
    assert (cluster["photoCount"], cluster["photos"][0]["id"]) == (1, christmas)
    await library.send("POST", "/api/events/auto-detect", json={"forceRedetect": True})
    assert (await library.send("GET", f"/api/photos/{said}"))["eventName"] == "Christmas Day"


async def test_no_event_and_a_name_alone_are_what_a_person_said(library: Library) -> None:
    day = {"captured_at": "2024-12-25T10:00:00"}
    named, cleared, back, other = [(await library.add_photo("silver", **day))["silver"] for _ in range(4)]
    words = {
        named: {"eventType": "", "eventName": "Omas Fest"},
        cleared: {"eventType": "", "eventName": ""},
        back: {"eventType": None, "eventName": None},
    }
    await library.send("POST", "/api/events/auto-detect", json={"photoIds": [named, cleared, back]})
    for photo, said in words.items():
        await library.send("PATCH", f"/api/photos/{photo}/metadata", json=said)
    body = await library.send("POST", "/api/events/auto-detect", json={})
    assert (body["processedCount"], body["detectedCount"]) == (2, 2)
    found = await library.send("GET", "/api/photos")
    assert {photo["id"]: (photo["eventType"], photo["eventName"]) for photo in found} == {
        named: ("", "Omas Fest"),
        cleared: ("", ""),
        # whoever takes their word back has said nothing
        back: ("holiday", "Christmas Day"),
        other: ("holiday", "Christmas Day"),
    }


async def test_what_somebody_says_while_days_are_looked_at_stays(library: Library) -> None:
    day = {"captured_at": "2024-12-25T10:00:00"}
    photo = (await library.add_photo("silver", **day))["silver"]
    other = (await library.add_photo("silver", **day))["silver"]
    async with library.bench.database.write() as connection:
        said = update(FileVersion).where(FileVersion.id == photo).values(event_type="", event_name="Omas Fest")
        await connection.execute(said)
        looking = asyncio.create_task(library.send("POST", "/api/events/auto-detect", json={}))
        await until_blocked(library.bench.database)
    assert (await looking)["detectedCount"] == 1
    names = {photo["id"]: photo["eventName"] for photo in await library.send("GET", "/api/photos")}
    assert names == {photo: "Omas Fest", other: "Christmas Day"}


async def test_many_events_are_switched_at_once(library: Library) -> None:
    stored = await event(library, "Garten", "2019-12-25")
    many = [f"{number:08}-0000-4000-8000-000000000000" for number in range(40_000)]
    body = await library.send("POST", "/api/events/bulk-toggle", json={"eventIds": [*many, stored], "enabled": False})
    assert (body["success"], body["updatedCount"], len(body["errors"])) == (False, 1, 40_000)
    assert body["message"] == "1 event was switched off."
    body = await library.send("POST", "/api/events/bulk-toggle", json={"eventIds": [], "enabled": True})
    assert body["message"] == "0 events were switched on."
    assert (await library.send("GET", f"/api/events/{stored}"))["isEnabled"] is False


async def test_what_is_no_event(library: Library) -> None:
    stored = await event(library, "Garten", "2019-12-25")
    for wrong in (
        {"name": "x"},
        {"name": "", "date": "2024-01-01"},
        {"name": "x", "date": "2024-02-30"},
        {"name": "x", "date": "2024-01-01", "recurringType": "daily"},
        {"name": "x", "date": "2024-01-01", "personId": NOWHERE},
    ):
        await library.send("POST", "/api/events", 400, json=wrong)
    await library.send("PUT", f"/api/events/{stored}", 400, json={"date": "soon"})
    await library.send("PUT", f"/api/events/{NOWHERE}", 404, json={"name": "x"})
    await library.send("GET", f"/api/events/{NOWHERE}", 404)
    await library.send("DELETE", f"/api/events/{NOWHERE}", 404)
    for wrong_day in ({}, {"photoDate": ""}, {"photoDate": "2024:12:25"}):
        await library.send("POST", "/api/events/detect", 400, json=wrong_day)
    body = {"countryCodes": ["XX"], "year": 2024}
    await library.send("POST", "/api/events/import-holidays", 400, json=body)


async def test_settings_by_odd_names(library: Library) -> None:
    for key in ("#1", "50%", "a b", "🏠", "a?b"):
        body = {"key": key, "value": "1", "category": "general"}
        await library.send("POST", "/api/settings", 201, json=body)
        await library.send("POST", "/api/settings", 200, json=body | {"value": "2"})
        path = f"/api/settings/{quote(key, safe='')}"
        assert (await library.send("PUT", path, json={"value": "3"}))["value"] == "3"
        assert (await library.send("GET", path))["value"] == "3"
        for _ in range(2):
            await library.send("DELETE", path)
        await library.send("GET", path, 404)
    for wrong in ({"value": "x"}, {"key": "k"}, {"key": "k", "value": 5}):
        await library.send("POST", "/api/settings", 400, json=wrong)
    await library.send("PUT", "/api/settings/k", 400, content=b"{")


async def test_a_setting_that_many_make_at_once_is_made_once(library: Library) -> None:
    body = {"key": "k", "category": "mine", "description": "d"}
    wanted = [library.http.post("/api/settings", json=body | {"value": str(number)}) for number in range(10)]
    answers = await asyncio.gather(*wanted)
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    kept = await library.send("PUT", "/api/settings/k", json={"value": "last"})
    assert (kept["value"], kept["category"], kept["description"]) == ("last", "mine", "d")


async def test_holidays_that_many_import_at_once_are_there_once(library: Library) -> None:
    body = {"countryCodes": ["US"], "year": 2022}
    imports = [library.send("POST", "/api/events/import-holidays", json=body) for _ in range(5)]
    answers = await asyncio.gather(*imports)
    names = [stored["name"] for stored in await library.send("GET", "/api/events")]
    assert len(names) == len(set(names)) == sum(answer["importedCount"] for answer in answers)
    assert sum(answer["skippedCount"] for answer in answers) == 4 * len(names)
