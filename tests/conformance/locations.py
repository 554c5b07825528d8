"""Named locations and hotspots."""

from __future__ import annotations

from typing import Any

from tests.conformance.asking import NOWHERE, Asker, Page
from tests.conformance.shape import Value
from tests.conformance.shapes import ERROR, HOTSPOT, LOCATION

PAGE = Page()
route = PAGE.route

_PARIS: dict[str, Any] = {"name": "Tower", "latitude": "48.858400", "longitude": "2.294500"}
_INVALID = {**ERROR, "errors": ["any"]}


async def _photos(ask: Asker, count: int, latitude: float, longitude: float) -> None:
    for number in range(count):
        await ask.library.add_photo(
            "silver", "gold", gps_latitude=latitude + number * 1e-5, gps_longitude=longitude, minute=number
        )


async def _location(ask: Asker, **fields: Any) -> str:
    answer = await ask.library.http.post("/api/locations", json=_PARIS | fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@route("GET /api/locations")
async def locations(ask: Asker) -> None:
    await _photos(ask, 2, 48.8584, 2.2945)
    empty, tower = await _location(ask, name="Sea", latitude="0.5", longitude="0.5"), await _location(ask)
    rows = await ask.success(shape=[LOCATION])
    found = [(row["id"], row["photoCount"]) for row in rows]
    ask.effect(found == [(tower, 2), (empty, 0)], "photos are counted; most photos come first")


@route("GET /api/locations/stats")
async def stats(ask: Asker) -> None:
    await _photos(ask, 3, 48.8584, 2.2945)
    shape = {
        "totalLocations": "int",
        "totalPhotosWithLocation": "int",
        "topLocations": [LOCATION],
        "recentLocations": [LOCATION],
        "hotspots": [HOTSPOT],
    }
    body = await ask.success(shape=shape)
    ask.effect((body["totalPhotosWithLocation"], body["hotspots"][0]["photoCount"]) == (3, 3), "one for each asset")
    await _location(ask)
    body = await ask.success(shape=shape)
    ask.effect((body["totalLocations"], body["hotspots"]) == (1, []), "what has a name is no hotspot any more")


@route("GET /api/locations/hotspots")
async def hotspots(ask: Asker) -> None:
    await _photos(ask, 2, 48.8584, 2.2945)
    await _photos(ask, 1, 10.0, 10.0)
    (row,) = await ask.success(shape=[HOTSPOT])
    ask.effect(row["photoCount"] == 2 and len(row["photos"]) == 2, "two photos make one")


@route("GET /api/locations/{id}")
async def one(ask: Asker) -> None:
    tower = await _location(ask)
    ask.effect((await ask.success(tower, shape=LOCATION))["name"] == "Tower", "it is that one")
    await ask.error(404, NOWHERE)


@route("POST /api/locations")
async def create(ask: Asker) -> None:
    named = _PARIS | {"description": "", "isUserDefined": True, "photoCount": 7, "colour": "red"}
    body = await ask.success(json=named, shape=LOCATION)
    ask.effect(
        (body["latitude"], body["longitude"], body["isUserDefined"]) == ("48.858400", "2.294500", True), "stored"
    )
    numbers = await ask.success(json={"name": "N", "latitude": 1.5, "longitude": -2}, shape=LOCATION)
    ask.effect(float(numbers["latitude"]) == 1.5, "numbers are taken and stored as text")
    ask.effect(len(await ask.get("/api/locations")) == 2, "both are listed")
    for wrong in ({}, _PARIS | {"latitude": "north"}, _PARIS | {"longitude": "200"}, _PARIS | {"name": ""}):
        await ask.error(400, json=wrong, shape=_INVALID)


@route("PATCH /api/locations/{id}")
async def change(ask: Asker) -> None:
    tower = await _location(ask)
    body = await ask.success(tower, json={"name": "Eiffel", "description": "d"}, shape=LOCATION)
    ask.effect((body["name"], body["description"], body["latitude"]) == ("Eiffel", "d", "48.858400"), "it is changed")
    await ask.error(404, NOWHERE, json={"name": "x"})
    await ask.error(400, tower, json={"latitude": "91"}, shape=_INVALID)


@route("DELETE /api/locations/{id}")
async def delete(ask: Asker) -> None:
    tower = await _location(ask)
    await ask.success(tower, shape={"message": "string", "success?": Value(True)})
    ask.effect(await ask.get("/api/locations") == [], "it is gone")
    await ask.error(404, tower)


@route("POST /api/locations/from-coordinates")
async def from_coordinates(ask: Asker) -> None:
    body = await ask.success(json={"latitude": "48.8584", "longitude": 2.2945}, shape=LOCATION)
    ask.effect((body["isUserDefined"], body["name"]) == (True, "Paris"), "it has the name of the place")
    zero = await ask.success(json={"latitude": 0, "longitude": 12.5, "name": "Equator"}, shape=LOCATION)
    ask.effect(zero["name"] == "Equator", "zero is a coordinate")
    await ask.error(400, json={"latitude": 1})
    await ask.error(400, json={"latitude": 1, "longitude": "east"})
