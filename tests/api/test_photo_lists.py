"""What is in each list, in what order, and what a photo looks like in it."""

from __future__ import annotations

import re

import pytest

from core.db.tables import Person
from tests.api.conftest import NOON, Library

pytestmark = pytest.mark.asyncio


async def test_the_default_list_has_one_photo_for_each_asset_and_gold_before_silver(library: Library) -> None:
    only_silver = await library.add_photo("bronze", "silver", minute=1)
    with_gold = await library.add_photo("bronze", "silver", "gold", minute=2)
    await library.add_photo("bronze", minute=3)
    assert await library.ids("/api/photos") == [with_gold["gold"], only_silver["silver"]]


async def test_of_several_versions_of_one_tier_the_newest_counts(library: Library) -> None:
    asset_id = await library.add_asset()
    await library.add_version(asset_id, "silver", minute=1)
    newer = await library.add_version(asset_id, "silver", minute=2)
    assert await library.ids("/api/photos") == [newer]
    assert await library.ids("/api/photos", tier="unprocessed") == [newer]
    assert await library.ids("/api/photos", tier="silver") == [newer]


async def test_the_silver_list_leaves_out_what_gold_has_replaced_unless_all_are_asked_for(library: Library) -> None:
    plain = await library.add_photo("silver", minute=1)
    promoted = await library.add_photo("silver", "gold", minute=2)
    assert await library.ids("/api/photos", tier="silver") == [plain["silver"]]
    both = [promoted["silver"], plain["silver"]]
    assert await library.ids("/api/photos", tier="silver", showAllVersions="true") == both
    assert await library.ids("/api/photos", tier="silver", showAllVersions="1") == [plain["silver"]]


async def test_unprocessed_photos_are_ordered_by_when_their_asset_came(library: Library) -> None:
    late, early = await library.add_asset(minute=9), await library.add_asset(minute=1)
    first = await library.add_version(late, "silver", minute=10)
    second = await library.add_version(early, "silver", minute=20)
    await library.add_photo("silver", "gold", minute=30)
    await library.add_photo("bronze", minute=40)
    assert await library.ids("/api/photos", tier="unprocessed") == [first, second]


async def test_every_other_tier_is_a_plain_filter_newest_first(library: Library) -> None:
    one = await library.add_photo("bronze", "silver", minute=1)
    two = await library.add_photo("bronze", "silver", "gold", minute=2)
    assert await library.ids("/api/photos", tier="bronze") == [two["bronze"], one["bronze"]]
    assert await library.ids("/api/photos", tier="gold") == [two["gold"]]
    every = await library.ids("/api/photos", tier="all_versions")
    assert set(every) == {one["bronze"], one["silver"], two["bronze"], two["silver"], two["gold"]}
    assert set(every[:3]) == {two["bronze"], two["silver"], two["gold"]}
    assert await library.ids("/api/photos", tier="platinum") == []


async def test_archived_versions_are_in_no_list_and_no_count(library: Library) -> None:
    archived = await library.add_photo("bronze", "silver", archived_at=NOON)
    shown = await library.add_photo("silver", minute=1)
    for tier in ("", "bronze", "silver", "unprocessed", "all_versions"):
        assert archived["silver"] not in await library.ids("/api/photos", tier=tier)
        assert archived["bronze"] not in await library.ids("/api/photos", tier=tier)
    assert await library.ids("/api/photos/recent") == [shown["silver"]]
    assert (await library.http.get(f"/api/photos/{archived['silver']}")).status_code == 404
    stats = (await library.http.get("/api/stats")).json()
    assert stats == {"totalPhotos": 1, "bronzeCount": 0, "silverCount": 1, "goldCount": 0}


async def test_an_archived_gold_version_does_not_hide_the_silver_one(library: Library) -> None:
    asset_id = await library.add_asset()
    silver = await library.add_version(asset_id, "silver")
    await library.add_version(asset_id, "gold", minute=1, archived_at=NOON)
    assert await library.ids("/api/photos") == [silver]
    stats = (await library.http.get("/api/stats")).json()
    assert stats == {"totalPhotos": 1, "bronzeCount": 0, "silverCount": 1, "goldCount": 0}


async def test_a_list_is_complete_without_a_limit_and_pages_do_not_overlap(library: Library) -> None:
    for minute in range(150):
        await library.add_photo("silver", minute=minute // 3)
    everything = await library.ids("/api/photos")
    assert len(everything) == 150
    pages = [await library.ids("/api/photos", limit=40, offset=offset) for offset in (0, 40, 80, 120)]
    assert [photo_id for page in pages for photo_id in page] == everything
    assert await library.ids("/api/photos", limit=0) == []


@pytest.mark.parametrize("parameters", [{"limit": "-1"}, {"offset": "-1"}, {"limit": "many"}, {"offset": str(2**70)}])
async def test_a_page_that_makes_no_sense_is_refused(sqlite_library: Library, parameters: dict[str, str]) -> None:
    answer = await sqlite_library.http.get("/api/photos", params=parameters)
    assert answer.status_code == 400
    assert next(iter(parameters)) in answer.text


async def test_recent_photos_are_six_unless_another_number_is_asked_for(library: Library) -> None:
    silver = [(await library.add_photo("silver", minute=minute))["silver"] for minute in range(8)][::-1]
    assert await library.ids("/api/photos/recent") == silver[:6]
    assert await library.ids("/api/photos/recent", limit="7") == silver[:7]
    for nonsense in ("0", "some", "-3"):
        assert await library.ids("/api/photos/recent", limit=nonsense) == silver[:6]


async def test_a_photo_has_every_field_of_the_contract(library: Library) -> None:
    asset_id = await library.add_asset("Größe #1.jpg")
    metadata = {"exif": {"camera": "Nikon Z6", "gpsLatitude": 48.858_222}, "ai": {"aiTags": ["été"]}}
    photo_id = await library.add_version(
        asset_id,
        "silver",
        file_path="media/silver/2025/08/name.jpg",
        combined_metadata=metadata,
        keywords=["a", "ü"],
        captured_at="2024-07-26T14:30:25",
        gps_latitude=48.858_222,
        gps_longitude=-0.000_01,
    )
    person_id = await library.insert(Person, name="Ada")
    face_id = await library.add_face(photo_id, person_id=person_id)
    (photo,) = (await library.http.get("/api/photos", params={"tier": "silver"})).json()
    assert photo.pop("mediaAsset") == {
        "id": asset_id,
        "originalFilename": "Größe #1.jpg",
        "createdAt": "2025-08-01T12:00:00.789Z",
        "displayFilename": "name.jpg",
        "filePath": "media/silver/2025/08/name.jpg",
    }
    assert photo.pop("detectedFaces") == [
        {"id": face_id, "boundingBox": [10, 20, 30, 40], "confidence": 93, "personId": person_id}
    ]
    assert photo == {
        "id": photo_id,
        "mediaAssetId": asset_id,
        "tier": "silver",
        "filePath": "media/silver/2025/08/name.jpg",
        "fileHash": "0" * 32,
        "fileSize": 1000,
        "mimeType": "image/jpeg",
        "metadata": metadata,
        "isReviewed": False,
        "rating": 0,
        "keywords": ["a", "ü"],
        "location": None,
        "eventType": None,
        "eventName": None,
        "perceptualHash": None,
        "aiShortDescription": None,
        "processingState": "processed",
        "createdAt": "2025-08-01T12:00:00.789Z",
        "isFavorite": False,
        "isSuperseded": False,
        "capturedAt": "2024-07-26T14:30:25",
        "gpsLatitude": "48.858222",
        "gpsLongitude": "-0.000010",
    }


@pytest.mark.parametrize("name", ['a "filePath":"b\\/c.jpg', "no folder", 'Größe\n"}}, 👩.jpg', "", '"filePath"'])
async def test_a_photo_is_called_as_its_file_is_in_every_list(library: Library, name: str) -> None:
    path = name if name == "no folder" else f"media/silver/{name}"
    metadata = {"filePath": "metadata/of/another.jpg"}
    photo = await library.add_photo(
        "silver", file_path=path, combined_metadata=metadata, gps_latitude=1.0, gps_longitude=2.0
    )
    await library.add_photo("silver", minute=60, gps_latitude=1.0, gps_longitude=2.0)
    await library.add_face(photo["silver"])
    (one,) = [each for each in (await library.send("GET", "/api/photos")) if each["id"] == photo["silver"]]
    (face,) = await library.send("GET", "/api/faces/unassigned")
    (hotspot,) = await library.send("GET", "/api/locations/hotspots")
    apart = (await library.send("GET", "/api/burst/analyze"))["ungroupedPhotos"]
    lists = [[one], [face["photo"]], hotspot["photos"], apart]
    for found in lists:
        (listed,) = [each for each in found if each["id"] == photo["silver"]]
        assert listed["metadata"] == metadata
        asset = listed["mediaAsset"]
        assert (asset["filePath"], asset["displayFilename"]) == (path, path.rpartition("/")[2])


async def test_what_is_not_known_is_null_or_left_out(library: Library) -> None:
    await library.add_photo("silver")
    (photo,) = (await library.http.get("/api/photos")).json()
    assert photo["metadata"] is None
    assert photo["keywords"] == []
    assert photo["detectedFaces"] == []
    assert not {"capturedAt", "gpsLatitude", "gpsLongitude", "isSuperseded", "history"} & photo.keys()


async def test_faces_are_those_of_the_asset_and_ignored_ones_are_left_out(library: Library) -> None:
    photo = await library.add_photo("silver", "gold")
    face_id = await library.add_face(photo["silver"])
    await library.add_face(photo["silver"], ignored=True)
    await library.add_face((await library.add_photo("silver", minute=-1))["silver"])
    (gold,) = (await library.http.get("/api/photos", params={"tier": "gold"})).json()
    assert [face["id"] for face in gold["detectedFaces"]] == [face_id]


async def test_one_photo_comes_with_its_history_newest_first(library: Library) -> None:
    photo = await library.add_photo("bronze", "silver")
    await library.add_history(photo["asset"], "INGESTED", minute=1)
    await library.add_history(photo["asset"], "PROMOTED", minute=2)
    answer = (await library.http.get(f"/api/photos/{photo['silver']}")).json()
    assert answer["id"] == photo["silver"]
    assert answer["mediaAsset"]["displayFilename"] == f"{photo['silver']}.jpg"
    assert [entry["action"] for entry in answer["history"]] == ["PROMOTED", "INGESTED"]
    assert answer["history"] == (await library.http.get(f"/api/photos/{photo['bronze']}/history")).json()
    assert answer["history"][0].keys() == {"id", "mediaAssetId", "action", "details", "timestamp"}
    assert re.fullmatch(r"2025-08-01T12:02:00\.789Z", answer["history"][0]["timestamp"])


async def test_versions_are_ordered_gold_silver_bronze(library: Library) -> None:
    photo = await library.add_photo("bronze", "silver", "gold")
    for tier in ("bronze", "silver", "gold"):
        ids = await library.ids(f"/api/photos/{photo[tier]}/versions")
        assert ids == [photo["gold"], photo["silver"], photo["bronze"]]


@pytest.mark.parametrize("path", ["", "/history", "/versions"])
async def test_an_unknown_photo_is_not_found(library: Library, path: str) -> None:
    answer = await library.http.get(f"/api/photos/no-such-photo{path}")
    assert answer.status_code == 404
    assert answer.json()["message"] == answer.json()["error"]


async def test_a_photo_without_history_has_an_empty_one(library: Library) -> None:
    photo = await library.add_photo("silver")
    assert (await library.http.get(f"/api/photos/{photo['silver']}/history")).json() == []


async def test_the_latest_activity_is_that_of_all_photos(library: Library) -> None:
    one, two = await library.add_photo("silver"), await library.add_photo("silver")
    for minute in range(12):
        await library.add_history((one, two)[minute % 2]["asset"], f"ACTION_{minute}", minute)
    newest = [entry["action"] for entry in (await library.http.get("/api/activity")).json()]
    assert newest == [f"ACTION_{minute}" for minute in range(11, 1, -1)]
    assert len((await library.http.get("/api/activity", params={"limit": 3})).json()) == 3


async def test_a_photo_is_the_same_in_every_list_as_by_itself(library: Library) -> None:
    asset_id = await library.add_asset('"quoted" \\ back/slash \u0001 😀 é.jpg')
    odd = await library.add_version(
        asset_id,
        "silver",
        file_path='media/silver/media/silver/%:x/a\'b "c" ünï.jpg',
        combined_metadata={"exif": {"camera": 'C\n"1"', "n": 1.5}, "ai": {"aiTags": ["ä", "'"]}},
        keywords=["it's", 'a "b"', "\n"],
        location="line\nbreak\ttab",
        event_type="",
        event_name="ev:ent %s",
        ai_short_description=":colon",
        is_reviewed=None,
        rating=None,
        captured_at="2024-07-26T14:30:25.123456",
        gps_latitude=-43.4848355,
        gps_longitude=0.00000049,
        is_favorite=True,
    )
    await library.add_face(odd)
    bare = await library.add_version(await library.add_asset(), "silver", minute=1, file_path="bare", keywords=None)
    gold = (await library.add_photo("bronze", "gold", minute=2, captured_at="1999-12-31T23:59:59"))["gold"]
    for tier in ("", "silver", "gold", "bronze", "all_versions", "unprocessed"):
        listed = (await library.http.get("/api/photos", params={"tier": tier})).json()
        for photo in listed:
            alone = (await library.http.get(f"/api/photos/{photo['id']}")).json()
            assert photo.pop("isSuperseded", False) is False
            assert photo == {name: value for name, value in alone.items() if name != "history"}
        if not tier:
            assert [photo["id"] for photo in listed] == [gold, bare, odd]
