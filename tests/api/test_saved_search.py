"""A search that is kept goes on finding what it found, and what it would find now."""

from __future__ import annotations

from typing import Any

import pytest

from core.db.tables import Collection, Person
from tests.api.conftest import Library

pytestmark = pytest.mark.asyncio


async def send(library: Library, path: str, body: dict[str, Any], status: int = 200) -> Any:
    answer = await library.http.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def fill(library: Library) -> dict[str, str]:
    """Photos that differ in what filters ask about; the ids that filters name."""
    exif = {"exif": {"camera": "NIKON Z 6", "lens": "Z 24-70"}}
    dog = {"ai": {"aiTags": ["Hot Dog"], "placeName": "Nice", "aiConfidenceScores": {"dog": 0.5}}}
    person = await library.insert(Person, name="Ada")
    album = await library.insert(Collection, name="Album")
    places = {"gps_latitude": 52.5, "gps_longitude": 13.4}
    one = await library.add_photo("bronze", "silver", "gold", rating=4, combined_metadata=exif, **places)
    await library.add_face(one["silver"], person_id=person)
    await library.add_photo("silver", minute=1, rating=1, combined_metadata=dog, captured_at="2025-01-31T23:00:00")
    party = {"event_type": "party", "event_name": "Garden Party"}
    await library.add_photo("silver", minute=2, keywords=["dogs"], location="Berlin Mitte", is_reviewed=True, **party)
    await library.add_photo("silver", minute=3, event_type="Party", location="berlin", is_favorite=True)
    await library.add_photo("bronze", minute=4, keywords=["Öl"], mime_type="video/mp4", location="Straße")
    await library.http.post(f"/api/collections/{album}/photos", json={"photoIds": [one["gold"]]})
    return {"person": person, "album": album}


FILTERS: list[dict[str, Any]] = [
    {},
    {"query": "dog"},
    {"query": '"hot dog" nice'},
    {"keywords": ["do"]},
    {"keywords": ["hot", "öl"]},
    {"keywords": [""]},
    {"camera": "nik"},
    {"lens": "70"},
    {"location": "Berl"},
    {"location": "nic"},
    {"rating": {"min": 2}},
    {"rating": {"max": 3}},
    {"rating": {}},
    {"tier": "bronze"},
    {"tier": "silver"},
    {"tier": "Gold"},
    {"eventType": ["party"]},
    {"eventType": ["party", "Party"]},
    {"eventType": [""]},
    {"eventName": "part"},
    {"mimeType": ["image/jpeg"]},
    {"isReviewed": True},
    {"isReviewed": False, "isFavorite": False},
    {"hasGPS": True},
    {"hasGPS": False},
    {"minConfidence": 50},
    {"minConfidence": 0, "keywords": ["dog"]},
    {"dateRange": {"start": "2025-02-01"}},
    {"dateRange": {"end": "2025-01-31"}},
    {"dateRange": {"start": "2025-01-01", "end": "2025-12-31"}},
    {"peopleIds": ["Ada"]},
    {"collections": ["{album}"], "peopleIds": ["{person}"]},
    {"tier": "silver", "camera": "z 6", "rating": {"min": 4}, "peopleIds": ["{person}"]},
]


async def test_the_same_words_find_the_same_photos(library: Library) -> None:
    ids = await fill(library)
    saved, found = {}, {}
    for number, filters in enumerate(FILTERS):
        named = {
            key: [one.format(**ids) for one in value] if key in ("peopleIds", "collections") else value
            for key, value in filters.items()
        }
        search = {"name": f"{number} {filters}", "filters": named}
        made = await send(library, "/api/search/save", search)
        saved[made["collectionId"]] = str(filters)
        photos = await send(library, "/api/photos/search", {"filters": named})
        found[str(filters)] = {photo["id"] for photo in photos["photos"]}
    assert len(found["{}"]) == 5
    assert {len(each) for each in found.values()} > {1, 2, 3}
    for path in ("/api/collections", "/api/smart-collections"):
        listed = (await library.http.get(path)).json()
        counts = {saved[row["id"]]: row["photoCount"] for row in listed if row["id"] in saved}
        assert counts == {filters: len(photos) for filters, photos in found.items()}
    for collection, filters in saved.items():
        assert set(await library.ids(f"/api/collections/{collection}/photos")) == found[filters], filters
    organized = (await library.http.post("/api/smart-collections/organize")).json()
    assert organized["organized"] == sum(len(each) for each in found.values())


async def test_rules_that_a_person_writes_into_it_are_rules(library: Library) -> None:
    await library.add_photo("silver", keywords=["dogs"])
    exact = (await library.add_photo("silver", keywords=["Dog"]))["silver"]
    made = await send(library, "/api/search/save", {"name": "Dogs", "filters": {"keywords": ["dog"]}})
    path = f"/api/collections/{made['collectionId']}"
    assert len(await library.ids(f"{path}/photos")) == 2
    rules = {"operator": "AND", "rules": [{"field": "keywords", "operator": "in", "value": ["dog"]}]}
    await library.http.patch(path, json={"smartRules": rules})
    assert await library.ids(f"{path}/photos") == [exact]
    assert (await library.http.get("/api/search/saved")).json() == []


async def test_likeness_to_a_picture_cannot_be_kept(library: Library) -> None:
    filters = {"keywords": ["dog"], "perceptualHashSimilarity": {"hash": "01" * 32, "threshold": 90}}
    body = await send(library, "/api/search/save", {"name": "Alike", "filters": filters}, 400)
    assert "look" in body["message"]
    assert (await library.http.get("/api/search/saved")).json() == []
