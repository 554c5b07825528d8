"""Settings and events."""

from __future__ import annotations

from typing import Any

from core.db.tables import Person
from tests.api.conftest import NOON
from tests.conformance.asking import NOWHERE, Asker, Page
from tests.conformance.shape import Value
from tests.conformance.shapes import EVENT, EVENT_MATCH, PHOTO, SETTING, SUCCESS

PAGE = Page()
route = PAGE.route
_TOLD = {**SUCCESS, "message": "string"}


@route("GET /api/settings")
async def settings(ask: Asker) -> None:
    await ask.library.http.put("/api/settings/zebra", json={"value": "z"})
    rows = await ask.success(shape=[SETTING])
    order = [(row["category"], row["key"]) for row in rows]
    ask.effect(order == sorted(order) and ("general", "zebra") in order, "by category, then key")


@route("GET /api/settings/{key}")
async def setting(ask: Asker) -> None:
    body = await ask.success("enabled_holidays", shape=SETTING)
    ask.effect((body["value"], body["category"]) == ('["US"]', "events"), "the default is there from the start")
    await ask.error(404, "nothing")


@route("POST /api/settings")
async def create(ask: Asker) -> None:
    body = await ask.success(json={"key": "a", "value": "1", "category": "naming"}, shape=SETTING)
    ask.effect(body["category"] == "naming", "it is stored")
    again = await ask.success(json={"key": "a", "value": "2"}, status=200, shape=SETTING)
    ask.effect((again["id"], again["value"]) == (body["id"], "2"), "an existing key is updated")
    for wrong in ({"value": "1"}, {"key": "b"}, {"key": "b", "value": 5}):
        await ask.error(400, json=wrong)


@route("PUT /api/settings/{key}")
async def update(ask: Asker) -> None:
    body = await ask.success("enabled_holidays", json={"value": '["US","UK"]'}, shape=SETTING)
    ask.effect(body["category"] == "events", "it is one of the events")
    ask.effect((await ask.get("/api/settings/enabled_holidays"))["value"] == '["US","UK"]', "it is stored")
    named = await ask.success("custom_naming_pattern", json={"value": "{year}"}, shape=SETTING)
    ask.effect(named["category"] == "naming", "naming keys have their category")
    ask.effect((await ask.success("x y", json={"value": ""}, shape=SETTING))["category"] == "general", "or general")
    await ask.error(400, "x", json={"value": 5})


@route("DELETE /api/settings/{key}")
async def delete(ask: Asker) -> None:
    await ask.library.http.put("/api/settings/zebra", json={"value": "z"})
    await ask.success("zebra", shape={"message": "string", "success?": Value(True)})
    await ask.success("zebra", shape={"message": "string", "success?": Value(True)})
    ask.effect((await ask.library.http.get("/api/settings/zebra")).status_code == 404, "it is gone")


@route("GET /api/settings/naming/patterns")
async def patterns(ask: Asker) -> None:
    shape = dict.fromkeys(("id", "name", "description", "pattern", "example"), "string")
    rows = await ask.success(shape=[shape])
    expected = ["original", "datetime", "datetime_camera", "ai_descriptive", "ai_detailed"]
    ask.effect([row["id"] for row in rows] == expected, "the five of the contract")


_PARTY: dict[str, Any] = {"name": "Party", "type": "custom", "date": "2024-05-04"}


async def _event(ask: Asker, **fields: Any) -> str:
    answer = await ask.library.http.post("/api/events", json=_PARTY | fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@route("GET /api/events")
async def events(ask: Asker) -> None:
    late, early = await _event(ask), await _event(ask, name="Early", date="2020-01-01", isEnabled=False)
    ask.effect([row["id"] for row in await ask.success(shape=[EVENT])] == [early, late], "by date")
    enabled = await ask.success(params={"enabledOnly": "true"}, shape=[EVENT])
    ask.effect([row["id"] for row in enabled] == [late], "or only the enabled ones")


@route("POST /api/events")
async def create_event(ask: Asker) -> None:
    body = await ask.success(json=_PARTY, shape=EVENT)
    ask.effect(body["date"].startswith("2024-05-04T") and body["isEnabled"] is True, "it is that day")
    plain = await ask.success(json={"name": "P", "date": "2024-05-04T12:00:00Z"}, shape=EVENT)
    ask.effect(plain["type"] == "custom", "the type has a default")
    for wrong in ({}, _PARTY | {"date": "soon"}, _PARTY | {"type": "party"}, {"date": "2024-05-04"}):
        await ask.error(400, json=wrong)


@route("GET /api/events/holiday-sets")
async def holiday_sets(ask: Asker) -> None:
    rows = await ask.success(shape=[{"code": "string", "name": "string", "count": "int"}])
    ask.effect(
        [(row["code"], row["count"]) for row in rows][:2] == [("US", 18), ("UK", 8)], "both sets of the contract"
    )


@route("POST /api/events/detect")
async def detect(ask: Asker) -> None:
    async def found(day: str) -> list[tuple[str, int]]:
        rows = await ask.success(json={"photoDate": day}, shape=[EVENT_MATCH])
        return [(row["eventName"], row["confidence"]) for row in rows]

    ask.effect(
        sorted(await found("2024-12-25")) == [("Christmas Day", 100), ("Christmas Eve", 80)],
        "the day and its neighbour",
    )
    ask.effect(("Easter", 100) in await found("2024-03-31"), "Easter is where it was in that year")
    ask.effect(("Thanksgiving", 100) in await found("2019-11-28"), "and Thanksgiving")
    ask.effect(await found("2024-08-08") == [], "no day is nothing")
    await ask.library.insert(Person, name="Ada", birthdate=NOON.replace(year=2015, month=8, day=9))
    (birthday,) = await ask.success(json={"photoDate": "2024-08-09"}, shape=[EVENT_MATCH])
    ask.effect(
        (birthday["eventName"], birthday["age"], birthday["confidence"]) == ("Ada's Birthday", 9, 100), "birthday"
    )
    await _event(ask, name="Wedding", isRecurring=True, recurringType="yearly", date="2010-10-20")
    ask.effect(await found("2024-10-20") == [("Wedding", 100)], "stored events recur")
    await ask.error(400, json={})
    await ask.error(400, json={"photoDate": "soon"})


@route("GET /api/events/{id}")
async def event(ask: Asker) -> None:
    party = await _event(ask)
    ask.effect((await ask.success(party, shape=EVENT))["name"] == "Party", "it is that one")
    await ask.error(404, NOWHERE)


@route("PUT /api/events/{id}")
async def change_event(ask: Asker) -> None:
    party = await _event(ask)
    body = await ask.success(party, json={"name": "Ball", "date": "2024-06-01"}, shape=EVENT)
    ask.effect(body["name"] == "Ball" and body["date"].startswith("2024-06-01"), "it is changed")
    await ask.error(404, NOWHERE, json={"name": "x"})
    await ask.error(400, party, json={"date": "soon"})


@route("DELETE /api/events/{id}")
async def delete_event(ask: Asker) -> None:
    party = await _event(ask)
    await ask.success(party, shape=_TOLD)
    ask.effect(await ask.get("/api/events") == [], "it is gone")
    await ask.error(404, party)


@route("GET /api/events/by-type/{type}")
async def by_type(ask: Asker) -> None:
    party = await _event(ask)
    await _event(ask, type="holiday")
    ask.effect([row["id"] for row in await ask.success("custom", shape=[EVENT])] == [party], "only those")


@route("GET /api/events/statistics")
async def statistics(ask: Asker) -> None:
    await _event(ask)
    upcoming = {"id": "string", "name": "string", "date": "any", "type": "string", "daysUntil": "int"}
    shape = {
        "totalEvents": "int",
        "eventsByType": {"*": "int"},
        "upcomingEvents": [upcoming],
        "recentDetections": "any",
    }
    body = await ask.success(shape=shape)
    ask.effect((body["totalEvents"], body["eventsByType"]) == (1, {"custom": 1}), "events are counted")


@route("POST /api/events/bulk-toggle")
async def bulk_toggle(ask: Asker) -> None:
    party = await _event(ask)
    shape = {"success": "bool", "updatedCount": "int", "errors": ["any"], "message": "string"}
    body = await ask.success(json={"eventIds": [party, NOWHERE], "enabled": False}, shape=shape)
    ask.effect((body["updatedCount"], len(body["errors"])) == (1, 1), "one is unknown")
    ask.effect((await ask.get(f"/api/events/{party}"))["isEnabled"] is False, "it is off")
    await ask.error(400, json={"eventIds": "all", "enabled": True})


@route("GET /api/events/clusters")
async def clusters(ask: Asker) -> None:
    for number in range(3):
        party = {"event_type": "party", "event_name": "Fest", "captured_at": f"2024-05-0{number + 1}T10:00:00"}
        await ask.library.add_photo("silver", **party)
    await ask.library.add_photo("silver", event_type="holiday", event_name="Xmas", captured_at="2024-12-25T10:00:00")
    shape = {
        "eventType": "string",
        "eventName": "string",
        "photoCount": "int",
        "dateRange": {"start": "any", "end": "any"},
        "photos": [PHOTO],
    }
    rows = await ask.success(shape=[shape])
    ask.effect([(row["eventName"], row["photoCount"]) for row in rows] == [("Fest", 3), ("Xmas", 1)], "largest first")
    may = await ask.success(params={"startDate": "2024-05-02", "endDate": "2024-05-31"}, shape=[shape])
    ask.effect([row["photoCount"] for row in may] == [2], "of some days")


@route("POST /api/events/auto-detect")
async def auto_detect(ask: Asker) -> None:
    photo = (await ask.library.add_photo("silver", captured_at="2024-12-25T10:00:00"))["silver"]
    shape = {
        "success": "bool",
        "processedCount": "int",
        "detectedCount": "int",
        "errors": ["any"],
        "message": "string",
    }
    body = await ask.success(json={"photoIds": [photo]}, shape=shape)
    ask.effect((body["processedCount"], body["detectedCount"]) == (1, 1), "it is Christmas")
    ask.effect((await ask.get(f"/api/photos/{photo}"))["eventName"] == "Christmas Day", "it is stored")
    await ask.error(400, json={"photoIds": "all"})


@route("POST /api/events/import-holidays")
async def import_holidays(ask: Asker) -> None:
    shape = {
        "success": "bool",
        "importedCount": "int",
        "skippedCount": "int",
        "errors": ["any"],
        "message": "string",
    }
    wanted = {"countryCodes": ["US"], "year": 2024}
    body = await ask.success(json=wanted, shape=shape)
    ask.effect(body["importedCount"] == 18, "all of the set")
    names = {row["name"] for row in await ask.get("/api/events")}
    ask.effect("Christmas Day (2024)" in names, "they carry the year")
    ask.effect((await ask.success(json=wanted, shape=shape))["skippedCount"] == 18, "once is enough")
    await ask.error(400, json={"countryCodes": "US", "year": 2024})
