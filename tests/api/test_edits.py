"""What a person says of a photo is there on the next read, and in the history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core.db.tables import AssetHistory, utc_now
from tests.api.conftest import Library

pytestmark = pytest.mark.asyncio

EVERYTHING: dict[str, Any] = {
    "keywords": ["sea", "été"],
    "location": "Nice",
    "eventType": "vacation",
    "eventName": "Summer",
    "rating": 4,
    "isReviewed": True,
    "isFavorite": True,
}
AI = {"aiTags": ["beach"], "shortDescription": "A beach.", "longDescription": "A beach in Nice."}


async def photo_of(library: Library, photo_id: str) -> dict[str, Any]:
    photo: dict[str, Any] = (await library.http.get(f"/api/photos/{photo_id}")).json()
    return photo


async def tags_of_library(library: Library) -> dict[str, int]:
    return {row["tag"]: row["usage_count"] for row in (await library.http.get("/api/tags/library")).json()}


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/metadata"), ("PATCH", ""), ("PUT", "")])
async def test_every_field_is_set_and_the_whole_photo_is_answered(library: Library, method: str, path: str) -> None:
    photo_id = (await library.add_photo("silver", combined_metadata={"exif": {"camera": "Z6"}, "ai": AI}))["silver"]
    body = EVERYTHING | {"aiTags": [" sea ", "sea", ""], "aiDescription": "Waves.", "filePath": "/etc/passwd"}
    answer = await library.http.request(method, f"/api/photos/{photo_id}{path}", json=body)
    assert answer.status_code == 200, answer.text
    read = await photo_of(library, photo_id)
    history = read.pop("history")
    assert answer.json() == read
    assert {key: read[key] for key in EVERYTHING} == EVERYTHING
    assert read["filePath"].startswith("media/silver/")
    said = {"aiTags": ["sea"], "longDescription": "Waves."}
    marks = {"givenByPerson": ["longDescription"], "tagsAddedByPerson": ["sea"], "tagsRemovedByPerson": ["beach"]}
    assert read["metadata"] == {"exif": {"camera": "Z6"}, "ai": AI | said | marks}
    assert read["mediaAsset"]["originalFilename"] == "IMG_1.jpg"
    assert [entry["action"] for entry in history] == ["METADATA_UPDATED" if method == "PUT" else "METADATA_EDITED"]
    for word in ("IMG_1.jpg", "keywords", "rating", "location"):
        assert word in history[0]["details"]


async def test_what_is_not_named_stays(library: Library) -> None:
    photo_id = (await library.add_photo("silver", rating=3, location="Rome", combined_metadata={"ai": AI}))["silver"]
    answer = await library.http.patch(f"/api/photos/{photo_id}/metadata", json={"location": ""})
    assert answer.json()["location"] == ""
    assert answer.json()["rating"] == 3
    assert answer.json()["metadata"] == {"ai": AI}
    assert (await photo_of(library, photo_id))["location"] == ""


async def test_saving_a_photo_without_ai_data_does_not_make_it_look_described(library: Library) -> None:
    photo_id = (await library.add_photo("silver"))["silver"]
    body = {"aiTags": [], "aiDescription": "", "rating": 1}
    assert (await library.http.patch(f"/api/photos/{photo_id}/metadata", json=body)).json()["metadata"] is None
    body = {"aiTags": ["dog"]}
    answer = (await library.http.patch(f"/api/photos/{photo_id}/metadata", json=body)).json()
    assert answer["metadata"] == {"ai": {"aiTags": ["dog"], "tagsAddedByPerson": ["dog"]}}


async def test_an_empty_list_of_tags_clears_them_and_leaves_the_rest(library: Library) -> None:
    photo_id = (await library.add_photo("silver", combined_metadata={"ai": AI}))["silver"]
    answer = (await library.http.patch(f"/api/photos/{photo_id}/metadata", json={"aiTags": []})).json()
    assert answer["metadata"]["ai"] == AI | {"aiTags": [], "tagsRemovedByPerson": ["beach"]}


async def test_metadata_is_merged_at_its_top_level(library: Library) -> None:
    before = {"exif": {"camera": "Z6"}, "ai": AI, "warnings": ["odd"]}
    photo_id = (await library.add_photo("silver", combined_metadata=before))["silver"]
    body = {"metadata": {"exif": {"lens": "50mm"}, "warnings": None}, "isReviewed": True}
    answer = (await library.http.patch(f"/api/photos/{photo_id}", json=body)).json()
    assert answer["metadata"] == {"exif": {"lens": "50mm"}, "ai": AI}
    assert answer["isReviewed"] is True


@pytest.mark.parametrize("latitude", [1e308, 91, -90.1])
async def test_a_place_that_is_nowhere_on_earth_is_left_out(library: Library, latitude: float) -> None:
    photo_id = (await library.add_photo("silver"))["silver"]
    exif = {"camera": "Z6", "gpsLatitude": latitude, "gpsLongitude": 7.2}
    metadata = {"exif": exif, "ai": AI | {"gpsCoordinates": {"latitude": latitude, "longitude": 7.2}}}
    answer = await library.http.patch(f"/api/photos/{photo_id}/metadata", json={"metadata": metadata})
    assert answer.status_code == 200, answer.text
    assert answer.json()["metadata"]["exif"] == {"camera": "Z6"}
    assert "gpsCoordinates" not in answer.json()["metadata"]["ai"]
    null_island = {"exif": {"gpsLatitude": 0, "gpsLongitude": 0.0}}
    answer = await library.http.patch(f"/api/photos/{photo_id}/metadata", json={"metadata": null_island})
    assert answer.json()["metadata"]["exif"] == {}
    alone = {"exif": {"gpsLatitude": latitude}}
    answer = await library.http.patch(f"/api/photos/{photo_id}/metadata", json={"metadata": alone})
    assert answer.json()["metadata"]["exif"] == {}
    place = {
        "exif": {"gpsLatitude": 0, "gpsLongitude": 7.2},
        "ai": {"gpsCoordinates": {"latitude": 0, "longitude": 7.2}},
    }
    answer = await library.http.patch(f"/api/photos/{photo_id}/metadata", json={"metadata": place})
    assert answer.json()["metadata"]["exif"] == place["exif"]
    assert answer.json()["metadata"]["ai"]["gpsCoordinates"] == {"latitude": 0, "longitude": 7.2}


async def test_edits_that_follow_each_other_are_one_row_of_the_history(library: Library) -> None:
    photo = await library.add_photo("silver")
    for body in ({"location": "N"}, {"location": "Ni"}, {"keywords": ["a"]}, {"location": "Ni"}):
        await library.http.patch(f"/api/photos/{photo['silver']}/metadata", json=body)
    await library.http.patch(f"/api/photos/{photo['silver']}/rating", json={"rating": 5})
    (row,) = (await photo_of(library, photo["silver"]))["history"]
    assert row["details"] == "IMG_1.jpg (Silver) was edited: location, keywords, rating."
    async with library.bench.database.write() as connection:
        await connection.execute(update(AssetHistory).values(timestamp=utc_now() - timedelta(minutes=3)))
    await library.http.patch(f"/api/photos/{photo['silver']}/metadata", json={"location": "Nice"})
    assert len((await photo_of(library, photo["silver"]))["history"]) == 2


async def test_an_edit_that_changes_nothing_leaves_no_trace(library: Library) -> None:
    photo_id = (await library.add_photo("silver", rating=2))["silver"]
    assert (await library.http.patch(f"/api/photos/{photo_id}/rating", json={"rating": 2})).json() == {"success": True}
    assert (await photo_of(library, photo_id))["history"] == []


async def test_a_rating_is_set_and_taken_away(library: Library) -> None:
    photo_id = (await library.add_photo("silver"))["silver"]
    for rating in (5, 0):
        answer = await library.http.patch(f"/api/photos/{photo_id}/rating", json={"rating": rating})
        assert answer.json() == {"success": True}
        assert (await photo_of(library, photo_id))["rating"] == rating


async def test_a_favourite_is_one_until_it_is_not(library: Library) -> None:
    photo_id = (await library.add_photo("silver"))["silver"]
    for wanted in (True, False):
        answer = await library.http.patch(f"/api/photos/{photo_id}/favorite", json={"isFavorite": wanted})
        assert answer.json() == {"success": True, "isFavorite": wanted}
        assert (await photo_of(library, photo_id))["isFavorite"] is wanted


async def test_tags_are_added_removed_and_replaced_and_the_library_counts_new_ones(library: Library) -> None:
    photo_id = (await library.add_photo("silver", combined_metadata={"ai": AI}))["silver"]
    for action, tags, expected, added in (
        ("add", ["dog", "beach"], ["beach", "dog"], ["dog"]),
        ("remove", ["beach", "cat"], ["dog"], ["dog"]),
        ("replace", ["x", "y", "x"], ["x", "y"], ["x", "y"]),
        ("whatever", ["beach"], ["beach"], ["beach"]),
    ):
        answer = await library.http.patch(f"/api/photos/{photo_id}/tags", json={"tags": tags, "action": action})
        assert answer.json() == {"success": True, "tags": expected}
        ai = (await photo_of(library, photo_id))["metadata"]["ai"]
        assert (ai["aiTags"], ai["tagsAddedByPerson"]) == (expected, added)
        assert {name: ai[name] for name in ("shortDescription", "longDescription")} == {
            name: AI[name] for name in ("shortDescription", "longDescription")
        }
    assert await tags_of_library(library) == {"dog": 1, "x": 1, "y": 1, "beach": 1}


NONSENSE: list[tuple[str, str, Any]] = [
    ("PATCH", "/metadata", {"rating": 6}),
    ("PATCH", "/metadata", {"rating": "3"}),
    ("PATCH", "/metadata", {"keywords": "sea"}),
    ("PATCH", "/metadata", {"keywords": [1]}),
    ("PATCH", "/metadata", {"aiTags": {"a": 1}}),
    ("PATCH", "/metadata", {"location": "a\0b"}),
    ("PATCH", "/metadata", {"metadata": {"exif": 5}}),
    *(("PATCH", "/metadata", {"metadata": {key: 5}}) for key in ("title", "label", "embeddedDescription", "people")),
    ("PATCH", "/metadata", {"metadata": {"place": "x"}}),
    ("PATCH", "/metadata", {"metadata": {"place": {"country": {"a": 1}}}}),
    ("PATCH", "/metadata", {"metadata": {"keywordPaths": ["sea"]}}),
    ("PATCH", "/metadata", {"metadata": {"isRejected": {}}}),
    ("PATCH", "/metadata", {"metadata": {"note": "a\0b"}}),
    ("PATCH", "/metadata", {}),
    ("PATCH", "/metadata", {"tier": "gold"}),
    ("PATCH", "/metadata", None),
    ("PATCH", "", {}),
    ("PUT", "", {"id": "x"}),
    ("PATCH", "/rating", {"rating": -1}),
    ("PATCH", "/rating", {"rating": 2.5}),
    ("PATCH", "/rating", {}),
    ("PATCH", "/favorite", {"isFavorite": 1}),
    ("PATCH", "/tags", {"tags": "a"}),
    ("PATCH", "/tags", {"action": "add"}),
]


async def test_nonsense_is_refused_and_changes_nothing(library: Library) -> None:
    photo_id = (await library.add_photo("silver"))["silver"]
    before = await photo_of(library, photo_id)
    for method, path, body in NONSENSE:
        address = f"/api/photos/{photo_id}{path}"
        answer = await library.http.request(method, address, json=body)
        assert answer.status_code == 400, (method, path, body, answer.text)
        assert answer.json()["message"] == answer.json()["error"]
        for content in (b"", b"{"):
            headers = {"content-type": "application/json"}
            answer = await library.http.request(method, address, content=content, headers=headers)
            assert answer.status_code == 400, (method, path, content, answer.text)
    assert await photo_of(library, photo_id) == before


async def test_an_unknown_or_archived_photo_cannot_be_edited(library: Library) -> None:
    archived = (await library.add_photo("silver", archived_at=utc_now()))["silver"]
    for photo_id in ("no-such-photo", archived):
        for method, path, body in (
            ("PATCH", "/metadata", {"rating": 1}),
            ("PATCH", "", {"isReviewed": True}),
            ("PUT", "", {"rating": 1}),
            ("PATCH", "/rating", {"rating": 1}),
            ("PATCH", "/favorite", {"isFavorite": True}),
            ("PATCH", "/tags", {"tags": ["a"], "action": "add"}),
        ):
            answer = await library.http.request(method, f"/api/photos/{photo_id}{path}", json=body)
            assert answer.status_code == 404, (method, path)
            assert answer.json()["message"] == answer.json()["error"]


async def test_empty_fields_of_a_form_say_nothing_of_an_event_that_was_not_there(library: Library) -> None:
    """The day of the photo may still give it one; who takes an event away says something."""
    form = {"eventType": "", "eventName": "", "rating": 3}
    photo_id = (await library.add_photo("silver"))["silver"]
    await library.send("PATCH", f"/api/photos/{photo_id}/metadata", json=form)
    photo = await photo_of(library, photo_id)
    assert (photo["eventType"], photo["eventName"], photo["rating"]) == (None, None, 3)
    named = (await library.add_photo("silver", event_type="party", event_name="Ada"))["silver"]
    await library.send("PATCH", f"/api/photos/{named}/metadata", json=form)
    photo = await photo_of(library, named)
    assert (photo["eventType"], photo["eventName"]) == ("", "")
