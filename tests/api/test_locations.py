"""Locations and hotspots over HTTP, on each kind of database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.db.engine import Database
from core.db.tables import Location
from core.library.layout import Layout
from core.places import nominatim
from core.places.nominatim import Geocoder
from tests.api.conftest import NOWHERE, Library, open_library
from tests.places.test_nominatim import Server, serving

pytestmark = pytest.mark.asyncio


def place(latitude: Any, longitude: Any, **fields: Any) -> dict[str, Any]:
    # with a placeName nobody needs to look the town up
    return {"name": "Home 🏠 #1 50%", "placeName": "Berlin", "latitude": latitude, "longitude": longitude} | fields


@pytest.mark.parametrize(
    "sent, stored",
    [("48.10", "48.10"), (" -5 ", "-5"), (48.25, "48.25"), (0, "0"), (1e-5, "0.00001"), (-90, "-90"), ("+.5", "+.5")],
)
async def test_degrees_are_stored_as_text_that_every_client_reads(
    sqlite_library: Library, sent: Any, stored: str
) -> None:
    made = await sqlite_library.send("POST", "/api/locations", 201, json=place(sent, 13))
    assert (made["latitude"], made["longitude"]) == (stored, "13")


@pytest.mark.parametrize("sent", ["", "nan", "inf", "1_0", "1e1", "٤", "48,1", "90.001", True, None, [1]])
async def test_what_are_no_degrees(sqlite_library: Library, sent: Any) -> None:
    body = await sqlite_library.send("POST", "/api/locations", 400, json=place(sent, 13))
    assert body["errors"]


async def test_a_hotspot_goes_when_it_is_named_and_comes_back(library: Library) -> None:
    for number in range(3):
        where = {"gps_latitude": 52.5 + number / 10_000, "gps_longitude": 13.4}
        await library.add_photo("bronze", "silver", "gold", minute=number, **where)
    await library.add_photo("silver", gps_latitude=10.0, gps_longitude=10.0)
    await library.add_photo("silver", gps_latitude=0.0, gps_longitude=0.0)
    (hotspot,) = await library.send("GET", "/api/locations/hotspots")
    assert (hotspot["photoCount"], len(hotspot["photos"])) == (3, 3)
    assert hotspot["latitude"] == pytest.approx(52.5001, abs=1e-6)
    assert {photo["mediaAsset"]["originalFilename"] for photo in hotspot["photos"]} == {"IMG_1.jpg"}
    sent = place(f"{hotspot['latitude']}", f"{hotspot['longitude']}", photoCount=99, isUserDefined=True)
    made = await library.send("POST", "/api/locations", 201, json=sent)
    assert made["photoCount"] == 3
    stats = await library.send("GET", "/api/locations/stats")
    assert (stats["totalLocations"], stats["totalPhotosWithLocation"], stats["hotspots"]) == (1, 4, [])
    assert [one["id"] for one in stats["topLocations"]] == [made["id"]]
    changed = await library.send("PATCH", f"/api/locations/{made['id']}", json={"latitude": 53, "description": "d"})
    assert (changed["latitude"], changed["photoCount"], changed["name"]) == ("53", 0, "Home 🏠 #1 50%")
    assert len(await library.send("GET", "/api/locations/hotspots")) == 1
    await library.send("DELETE", f"/api/locations/{made['id']}")
    assert await library.send("GET", "/api/locations") == []


async def test_a_hotspot_of_hundreds_tells_each_photo_once(sqlite_library: Library) -> None:
    stored = [
        (await sqlite_library.add_photo("silver", minute=number, gps_latitude=-48.1, gps_longitude=13.0))["silver"]
        for number in range(260)
    ]
    (hotspot,) = await sqlite_library.send("GET", "/api/locations/hotspots")
    assert hotspot["photoCount"] == 260
    assert sorted(photo["id"] for photo in hotspot["photos"]) == sorted(stored)
    whole = await sqlite_library.send("GET", f"/api/photos/{stored[0]}")
    told = next(photo for photo in hotspot["photos"] if photo["id"] == stored[0])
    assert told == {key: whole[key] for key in ("id", "mediaAsset", "metadata")}
    stats = await sqlite_library.send("GET", "/api/locations/stats")
    assert (stats["totalPhotosWithLocation"], stats["hotspots"]) == (260, [hotspot])


@pytest.mark.parametrize("latitude, longitude", [("north", "13"), ("", ""), ("nan", "0"), ("48.1", "inf"), ("91", "0")])
async def test_a_location_that_lies_nowhere_is_listed_and_covers_nothing(
    library: Library, latitude: str, longitude: str
) -> None:
    for number in range(2):
        await library.add_photo("silver", minute=number, gps_latitude=48.1, gps_longitude=13.0)
    spoilt = await library.insert(Location, name="Spoilt", latitude=latitude, longitude=longitude)
    await library.send("POST", "/api/locations", 201, json=place("50", "13"))
    found = {one["name"]: (one["latitude"], one["photoCount"]) for one in await library.send("GET", "/api/locations")}
    assert found == {"Spoilt": (latitude, 0), "Home 🏠 #1 50%": ("50", 0)}
    assert (await library.send("GET", f"/api/locations/{spoilt}"))["photoCount"] == 0
    assert [one["photoCount"] for one in await library.send("GET", "/api/locations/hotspots")] == [2]
    assert (await library.send("GET", "/api/locations/stats"))["totalLocations"] == 2
    mended = await library.send("PATCH", f"/api/locations/{spoilt}", json={"latitude": "48.1", "longitude": "13"})
    assert mended["photoCount"] == 2


async def test_what_is_no_location(library: Library) -> None:
    await library.send("GET", f"/api/locations/{NOWHERE}", 404)
    await library.send("PATCH", f"/api/locations/{NOWHERE}", 404, json={"name": "x"})
    await library.send("DELETE", f"/api/locations/{NOWHERE}", 404)
    await library.send("POST", "/api/locations", 400, content=b"{")
    await library.send("POST", "/api/locations/from-coordinates", 400, json={"latitude": 1})


async def test_a_location_is_called_as_the_server_of_the_owner_says_else_as_the_town(
    sqlite_database: Database, tmp_path: Path, with_cache: Callable[[Layout], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nominatim, "PATIENCE_SECONDS", 60.0)
    with serving(Server()) as server:
        geocoder = Geocoder(sqlite_database, server.url, "en", {})
        async with open_library(sqlite_database, tmp_path / "data", geocoder=geocoder) as library:
            with_cache(library.bench.layout)
            tower = {"latitude": "48.8584", "longitude": "2.2945"}
            made = await library.send("POST", "/api/locations/from-coordinates", 201, json=tower)
            assert (made["name"], made["placeName"], made["placeType"]) == ("Tour Eiffel", "Tour Eiffel", "attraction")
            server.status = 500
            elsewhere = {"name": "Trip", "latitude": "41.8902", "longitude": "12.4922"}
            made = await library.send("POST", "/api/locations", 201, json=elsewhere)
            assert (made["name"], made["placeName"], made["placeType"]) == ("Trip", "Rome, Italy", "municipal")
            # what a person says is not asked about
            await library.send("POST", "/api/locations", 201, json=place("1", "2"))
        assert len(server.asked) == 2
