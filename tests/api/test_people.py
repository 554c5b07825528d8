"""People: what a person says of them is there on the next read."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from core.db.tables import Collection, Event, Sidecar
from tests.api.conftest import NOON, Library

pytestmark = pytest.mark.asyncio

ODD_NAME = "Zoë #1 50% 👩‍👧 ?"
PERSON_KEYS = {
    *("id", "name", "notes", "birthdate", "faceCount", "representativeFace", "selectedThumbnailFaceId", "createdAt"),
    "isLocalOnly",
}


async def add(library: Library, name: str = "Ada", **fields: Any) -> str:
    answer = await library.http.post("/api/people", json={"name": name} | fields)
    assert answer.status_code == 200, answer.text
    identifier: str = answer.json()["id"]
    return identifier


async def people(library: Library) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await library.http.get("/api/people")).json()
    return listed


async def test_a_new_person_is_answered_and_listed(library: Library) -> None:
    body = {"name": f"  {ODD_NAME} ", "notes": "Aunt", "birthdate": "1990-05-06"}
    answer = await library.http.post("/api/people", json=body)
    assert answer.status_code == 200
    person = answer.json()
    assert set(person) == PERSON_KEYS
    assert person | {"id": "", "createdAt": ""} == {
        "id": "",
        "name": ODD_NAME,
        "notes": "Aunt",
        "birthdate": "1990-05-06T00:00:00.000Z",
        "faceCount": 0,
        "representativeFace": None,
        "selectedThumbnailFaceId": None,
        "createdAt": "",
        "isLocalOnly": False,
    }
    assert await people(library) == [person | {"photoCount": 0, "coverPhoto": None}]
    assert (await library.http.get(f"/api/people/{person['id']}")).json() == (await people(library))[0]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "  "},
        {"name": None},
        {"name": 5},
        {"name": "a\0b"},
        {"name": "Ada", "birthdate": "yesterday"},
        {"name": "Ada", "birthdate": "1990-02-30"},
    ],
)
async def test_a_person_without_a_name_or_with_a_birthdate_that_is_none_is_refused(
    library: Library, body: dict[str, Any]
) -> None:
    answer = await library.http.post("/api/people", json=body)
    assert answer.status_code == 400
    assert answer.json()["message"]
    assert await people(library) == []


async def test_empty_texts_count_as_absent(library: Library) -> None:
    await add(library, notes="", birthdate="")
    (person,) = await people(library)
    assert (person["notes"], person["birthdate"]) == (None, None)


async def test_the_day_of_birth_is_the_one_that_is_written_whatever_the_zone(library: Library) -> None:
    await add(library, birthdate="1990-05-06T23:30:00-05:00")
    assert (await people(library))[0]["birthdate"].split("T")[0] == "1990-05-06"


async def test_an_edit_sets_what_it_names_and_null_clears(library: Library) -> None:
    person_id = await add(library, notes="Aunt", birthdate="1990-05-06")
    path = f"/api/people/{person_id}"
    answer = await library.http.put(path, json={"name": "Grace", "notes": ""})
    assert answer.status_code == 200
    assert set(answer.json()) == PERSON_KEYS
    assert (answer.json()["name"], answer.json()["notes"]) == ("Grace", "Aunt")
    assert (await library.http.put(path, json={"notes": None, "birthdate": None})).status_code == 200
    (person,) = await people(library)
    assert (person["name"], person["notes"], person["birthdate"]) == ("Grace", None, None)
    for body in ({"name": None}, {"birthdate": "x"}, {"name": 1}):
        assert (await library.http.put(path, json=body)).status_code == 400
    assert (await library.http.put("/api/people/nobody", json={"name": "x"})).status_code == 404
    assert (await library.http.get("/api/people/nobody")).status_code == 404


async def test_counts_and_cover_are_live_and_follow_the_choice(library: Library) -> None:
    person_id = await add(library)
    first = await library.add_photo("bronze", "silver", "gold")
    second = await library.add_photo("silver", minute=1)
    gone = await library.add_photo("silver", archived_at=NOON)
    one = await library.add_face(first["silver"], person_id=person_id, created_at=NOON, bounding_box=[1, 2, 3, 4])
    two = await library.add_face(first["silver"], person_id=person_id, ignored=True)
    three = await library.add_face(second["silver"], person_id=person_id)
    other = await library.add_face(second["silver"])
    await library.add_face(gone["silver"], person_id=person_id)
    (person,) = await people(library)
    assert (person["faceCount"], person["photoCount"]) == (3, 2)
    assert person["coverPhoto"] == f"temp/face_crop_{one}_1x2x3x4.jpg"

    path = f"/api/people/{person_id}/thumbnail"
    answer = await library.http.put(path, json={"faceId": three})
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "message": "Ada is shown with this face from now on.",
        "coverPhoto": f"temp/face_crop_{three}_10x20x30x40.jpg",
    }
    (person,) = await people(library)
    assert (person["selectedThumbnailFaceId"], person["coverPhoto"]) == (three, answer.json()["coverPhoto"])
    for body in ({}, {"faceId": "none"}, {"faceId": other}):
        assert (await library.http.put(path, json=body)).status_code == 400
    assert (await library.http.put("/api/people/nobody/thumbnail", json={"faceId": one})).status_code == 404

    await library.http.post("/api/faces/assign", json={"faceIds": [three], "personId": None})
    assert (await people(library))[0]["coverPhoto"] == f"temp/face_crop_{one}_1x2x3x4.jpg"
    await library.http.post("/api/faces/assign", json={"faceIds": [one, two], "personId": None})
    (person,) = await people(library)
    assert (person["faceCount"], person["photoCount"], person["coverPhoto"]) == (0, 0, None)


async def test_photos_of_a_person_are_those_the_gallery_shows_latest_capture_first(library: Library) -> None:
    person_id = await add(library)
    old = await library.add_photo("bronze", "silver", "gold", captured_at="2001-01-01T00:00:00")
    new = await library.add_photo("bronze", "silver", captured_at="2020-01-01T00:00:00")
    await library.add_photo("silver")
    await library.add_face(new["silver"], person_id=person_id)
    for _ in range(2):
        await library.add_face(old["silver"], person_id=person_id)
    assert await library.ids(f"/api/people/{person_id}/photos") == [new["silver"], old["gold"]]
    photos = (await library.http.get(f"/api/people/{person_id}/photos")).json()
    assert photos[0]["mediaAsset"]["originalFilename"] == "IMG_1.jpg"
    assert await library.ids("/api/people/nobody/photos") == []


async def test_removing_a_person_leaves_faces_and_events_and_ends_relationships(library: Library) -> None:
    person_id, other = await add(library), await add(library, "Bob")
    photo = await library.add_photo("silver")
    face = await library.add_face(photo["silver"], person_id=person_id)
    event = await library.insert(Event, name="Birthday", type="birthday", date=NOON, person_id=person_id)
    body = {"person1Id": person_id, "person2Id": other, "relationshipType": "friend"}
    assert (await library.http.post("/api/relationships", json=body)).status_code == 200
    answer = await library.http.delete(f"/api/people/{person_id}")
    assert answer.json() == {"success": True, "message": "Ada was removed."}
    assert [person["name"] for person in await people(library)] == ["Bob"]
    (listed,) = (await library.http.get("/api/faces")).json()
    assert (listed["id"], listed["personId"]) == (face, None)
    assert (await library.http.get(f"/api/people/{other}/relationships")).json() == []
    async with library.bench.database.read() as connection:
        assert (await connection.execute(select(Event.person_id).where(Event.id == event))).scalar_one() is None
    assert (await library.http.delete(f"/api/people/{person_id}")).json()["success"] is True


async def test_how_old_somebody_was(library: Library) -> None:
    person_id, ageless = await add(library, birthdate="2000-02-29"), await add(library, "Bob")
    path = f"/api/people/{person_id}/age-in-photo"
    for day, age in (
        ("2018-02-28", 17),
        ("2018-03-01", 18),
        ("2024-02-29T10:00:00", 24),
        ("2000-02-29", 0),
        ("1999-01-01", None),
    ):
        answer = await library.http.post(path, json={"photoDate": day})
        assert answer.status_code == 200
        assert answer.json() == {"age": age, "personName": "Ada"}
    assert (await library.http.post(path, json={})).status_code == 400
    assert (await library.http.post(path, json={"photoDate": "x"})).status_code == 400
    for unknown in (ageless, "nobody"):
        answer = await library.http.post(f"/api/people/{unknown}/age-in-photo", json={"photoDate": "2018-02-28"})
        assert answer.status_code == 404


async def test_two_who_are_one_are_merged(library: Library) -> None:
    source, target = await add(library, "A.", notes="Aunt", birthdate="1990-05-06"), await add(library, "Ada")
    bob, cy = await add(library, "Bob"), await add(library, "Cy")
    photo = await library.add_photo("silver")
    for person_id in (source, source, target):
        await library.add_face(photo["silver"], person_id=person_id)
    event = await library.insert(Event, name="Birthday", type="birthday", date=NOON, person_id=source)
    for one, two, kind in (
        (source, bob, "friend"),
        (target, bob, "sibling"),
        (cy, source, "child"),
        (source, target, "relative"),
    ):
        body = {"person1Id": one, "person2Id": two, "relationshipType": kind}
        assert (await library.http.post("/api/relationships", json=body)).status_code == 200
    body = {"sourcePersonId": source, "targetPersonId": target, "keepSourceData": True}
    answer = await library.http.post("/api/people/merge", json=body)
    assert answer.json() == {
        "success": True,
        "message": "A. was merged into Ada.",
        "targetPersonId": target,
        "mergedFaces": 2,
        "mergedRelationships": 1,
    }
    listed = {person["id"]: person for person in await people(library)}
    assert source not in listed
    assert listed[target]["faceCount"] == 3
    assert (listed[target]["notes"], listed[target]["birthdate"]) == ("Aunt", "1990-05-06T00:00:00.000Z")
    relationships = (await library.http.get(f"/api/people/{target}/relationships")).json()
    found = {(each["person1Id"], each["person2Id"], each["relationshipType"]) for each in relationships}
    assert found == {(target, bob, "sibling"), (cy, target, "child")}
    async with library.bench.database.read() as connection:
        assert (await connection.execute(select(Event.person_id).where(Event.id == event))).scalar_one() == target
    for one, two, status in ((target, target, 400), (source, target, 404), (target, source, 404)):
        body = {"sourcePersonId": one, "targetPersonId": two}
        assert (await library.http.post("/api/people/merge", json=body)).status_code == status
    assert (await library.http.post("/api/people/merge", json={})).status_code == 400


async def test_merging_fills_nothing_in_unless_asked(library: Library) -> None:
    source, target = await add(library, "A.", notes="Aunt"), await add(library, "Ada")
    body = {"sourcePersonId": source, "targetPersonId": target}
    assert (await library.http.post("/api/people/merge", json=body)).status_code == 200
    assert (await people(library))[0]["notes"] is None


async def test_collections_searches_and_the_cover_of_who_is_merged_go_on(library: Library) -> None:
    source, target, bob = await add(library, "A."), await add(library, "Ada"), await add(library, "Bob")
    photo = (await library.add_photo("silver"))["silver"]
    for person_id in (target, bob):
        await library.add_face(photo, person_id=person_id)
    chosen = await library.add_face(photo, person_id=source)
    await library.http.put(f"/api/people/{source}/thumbnail", json={"faceId": chosen})
    named = ([source], [bob, source, target], source, [bob])
    made = []
    for number, ids in enumerate(named[:2]):
        body = {"name": f"Search {number}", "filters": {"peopleIds": ids}}
        made.append((await library.http.post("/api/search/save", json=body)).json()["collectionId"])
    plain = [{"field": "keywords", "operator": "in", "value": [source]}, "no rule"]
    for number, ids in enumerate(named):
        rules = [{"field": "peopleIds", "operator": "in", "value": ids}, *plain]
        for each in (rules, {"rules": rules}, {"rules": {"operator": "OR", "rules": rules}, "icon": source}):
            columns = {"name": str(number), "is_smart_collection": True, "smart_rules": each}
            made.append(await library.insert(Collection, **columns))
    body = {"sourcePersonId": source, "targetPersonId": target}
    assert (await library.http.post("/api/people/merge", json=body)).status_code == 200

    for collection_id in made[:2]:
        assert await library.ids(f"/api/collections/{collection_id}/photos") == [photo]
    searches = (await library.http.get("/api/search/saved")).json()
    assert {search["name"]: search["rules"]["savedSearch"]["filters"]["peopleIds"] for search in searches} == {
        "Search 0": [target],
        "Search 1": [bob, target],
    }
    async with library.bench.database.read() as connection:
        rows = await connection.execute(select(Collection.id, Collection.smart_rules))
        stored = {row.id: row.smart_rules for row in rows}
    expected = iter(([target], [bob, target], target, [bob]))
    for start in range(2, len(made), 3):
        rules = [{"field": "peopleIds", "operator": "in", "value": next(expected)}, *plain]
        wanted = [rules, {"rules": rules}, {"rules": {"operator": "OR", "rules": rules}, "icon": source}]
        assert [stored[collection_id] for collection_id in made[start : start + 3]] == wanted
    (shown,) = (person for person in await people(library) if person["id"] == target)
    assert shown["selectedThumbnailFaceId"] == chosen


async def test_merging_keeps_the_cover_that_was_chosen_for_the_target(library: Library) -> None:
    source, target = await add(library, "A."), await add(library, "Ada")
    photo = (await library.add_photo("silver"))["silver"]
    faces = {person_id: await library.add_face(photo, person_id=person_id) for person_id in (source, target)}
    for person_id, face_id in faces.items():
        await library.http.put(f"/api/people/{person_id}/thumbnail", json={"faceId": face_id})
    await library.http.post("/api/people/merge", json={"sourcePersonId": source, "targetPersonId": target})
    assert (await people(library))[0]["selectedThumbnailFaceId"] == faces[target]


async def test_statistics(library: Library) -> None:
    nothing = {"totalPeople": 0, "peopleWithFaces": 0, "averagePhotosPerPerson": 0.0, "topPeople": []}
    assert (await library.http.get("/api/people/statistics")).json() == nothing
    ada, bob = await add(library), await add(library, "Bob")
    await add(library, "Cy")
    photos = [await library.add_photo("silver", minute=minute) for minute in range(3)]
    for photo in photos:
        await library.add_face(photo["silver"], person_id=ada)
    for _ in range(2):
        await library.add_face(photos[0]["silver"], person_id=bob)
    numbers = (await library.http.get("/api/people/statistics")).json()
    top = numbers.pop("topPeople")
    assert numbers == {"totalPeople": 3, "peopleWithFaces": 2, "averagePhotosPerPerson": 2.0}
    assert top[:2] == [
        {"id": ada, "name": "Ada", "photoCount": 3, "faceCount": 3},
        {"id": bob, "name": "Bob", "photoCount": 1, "faceCount": 2},
    ]


async def test_several_people_are_changed_at_once(library: Library) -> None:
    ada, bob = await add(library), await add(library, "Bob")
    body = {"personIds": [ada, "nobody", bob], "updates": {"notes": "Family"}}
    answer = await library.http.post("/api/people/bulk-update", json=body)
    assert answer.json() == {
        "success": False,
        "updatedCount": 2,
        "errors": ["There is no person nobody."],
        "message": "2 of 3 people were changed.",
    }
    assert {person["notes"] for person in await people(library)} == {"Family"}
    for bad in (
        {},
        {"personIds": [ada]},
        {"personIds": ada, "updates": {}},
        {"personIds": [ada], "updates": {"name": 1}},
    ):
        assert (await library.http.post("/api/people/bulk-update", json=bad)).status_code == 400


async def test_another_name_is_written_into_the_sidecars_of_their_photos(library: Library) -> None:
    person_id = await add(library)
    photo, other = await library.add_photo("bronze", "silver", "gold"), await library.add_photo("silver")
    await library.add_face(photo["silver"], person_id=person_id)
    await library.add_face(other["silver"])
    await library.http.put(f"/api/people/{person_id}", json={"notes": "Aunt"})
    assert await stale(library) == set()
    await library.http.put(f"/api/people/{person_id}", json={"name": "Grace"})
    assert await stale(library) == {photo["silver"], photo["gold"]}


async def stale(library: Library) -> set[str]:
    async with library.bench.database.read() as connection:
        return set((await connection.execute(select(Sidecar.version_id))).scalars())


async def test_relationships_are_told_with_both_people_newest_first(library: Library) -> None:
    ada, bob, cy = await add(library, birthdate="1990-05-06"), await add(library, "Bob"), await add(library, ODD_NAME)
    made = []
    for one, two, kind, notes in ((ada, bob, "parent", "by law"), (cy, ada, "friend", "")):
        body = {"person1Id": one, "person2Id": two, "relationshipType": kind, "notes": notes}
        answer = await library.http.post("/api/relationships", json=body)
        assert answer.status_code == 200
        made.append(answer.json())
        assert set(made[-1]) == {"id", "person1Id", "person2Id", "relationshipType", "notes", "createdAt"}
    listed = (await library.http.get(f"/api/people/{ada}/relationships")).json()
    assert [each["id"] for each in listed] == [made[1]["id"], made[0]["id"]]
    assert [each["notes"] for each in listed] == [None, "by law"]
    assert [(each["person1"]["name"], each["person2"]["name"]) for each in listed] == [
        (ODD_NAME, "Ada"),
        ("Ada", "Bob"),
    ]
    assert set(listed[0]["person1"]) == PERSON_KEYS
    assert listed[1]["person1"]["birthdate"] == "1990-05-06T00:00:00.000Z"
    assert (await library.http.get("/api/people/nobody/relationships")).json() == []

    path = f"/api/relationships/{made[0]['id']}"
    answer = await library.http.put(path, json={"relationshipType": "child", "notes": None})
    assert answer.json() == made[0] | {"relationshipType": "child", "notes": None}
    assert (await library.http.put(path, json={"relationshipType": "boss"})).status_code == 400
    assert (await library.http.put("/api/relationships/none", json={"notes": "x"})).status_code == 404
    for _ in range(2):
        answer = await library.http.delete(path)
        assert answer.status_code == 200
        assert answer.json() == {"success": True, "message": "The relationship was removed."}
    assert len((await library.http.get(f"/api/people/{ada}/relationships")).json()) == 1


async def test_relationships_that_make_no_sense_are_refused(library: Library) -> None:
    ada, bob = await add(library), await add(library, "Bob")
    good = {"person1Id": ada, "person2Id": bob, "relationshipType": "spouse"}
    assert (await library.http.post("/api/relationships", json=good)).status_code == 200
    for bad in (
        good,
        {"person1Id": bob, "person2Id": ada, "relationshipType": "friend"},
        {"person1Id": ada, "person2Id": ada, "relationshipType": "friend"},
        {"person1Id": ada, "person2Id": "nobody", "relationshipType": "friend"},
        good | {"relationshipType": "boss"},
        {"person1Id": ada},
        {},
    ):
        answer = await library.http.post("/api/relationships", json=bad)
        assert answer.status_code == 400, bad
        assert answer.json()["message"]
    assert len((await library.http.get(f"/api/people/{ada}/relationships")).json()) == 1
