"""Collections and smart collections over HTTP, on each kind of database."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, event, update

from core.db.tables import Collection, CollectionPhoto, FileVersion, Person
from tests.api.conftest import NOWHERE, Library

pytestmark = pytest.mark.asyncio


async def make(library: Library, name: str, **fields: Any) -> str:
    return str((await library.send("POST", "/api/collections", json={"name": name, **fields}))["id"])


def rule(field: str, operator: str, value: str, weight: int = 1) -> dict[str, Any]:
    return {"id": "1", "field": field, "operator": operator, "value": value, "weight": weight}


def joined(operator: str, *rules: tuple[str, str, Any]) -> dict[str, Any]:
    return {"operator": operator, "rules": [{"field": f, "operator": o, "value": v} for f, o, v in rules]}


async def smart(library: Library, rules: Any, name: str = "Smart") -> set[str]:
    """The photos of a smart collection with these rules, whose count is the same everywhere."""
    body = await library.send("POST", "/api/smart-collections", json={"name": name, "rules": rules})
    photos = await library.send("GET", f"/api/smart-collections/{body['id']}/photos")
    listed = {row["id"]: row for row in await library.send("GET", "/api/collections")}
    assert body["photoCount"] == len(photos) == listed[body["id"]]["photoCount"]
    return {photo["id"] for photo in photos}


async def test_photos_are_put_in_once_and_taken_out(library: Library) -> None:
    one, other = [(await library.add_photo("silver", minute=minute))["silver"] for minute in (0, 1)]
    album = await make(library, "Été 🏖 #1 50% a/b?")
    path = f"/api/collections/{album}/photos"
    assert await library.send("POST", path, json={"photoIds": [one, one]}) == {"success": True, "added": 1}
    assert await library.send("POST", path, json={"photoIds": [one, other]}) == {"success": True, "added": 1}
    (row,) = await library.send("GET", "/api/collections")
    cover = (await library.send("GET", f"/api/photos/{other}"))["filePath"]
    assert (row["name"], row["photoCount"], row["coverPhoto"]) == ("Été 🏖 #1 50% a/b?", 2, cover)
    await library.send("POST", path, 404, json={"photoIds": [NOWHERE]})
    many = [f"{number:08}-0000-4000-8000-000000000000" for number in range(40_000)]
    assert await library.send("DELETE", path, json={"photoIds": [*many, other]}) == {"success": True, "removed": 1}
    assert [photo["id"] for photo in await library.send("GET", path)] == [one]


async def test_an_archived_photo_is_neither_counted_nor_a_cover(library: Library) -> None:
    kept, archived = [(await library.add_photo("silver", minute=minute))["silver"] for minute in (0, 1)]
    album = await make(library, "Album")
    for photo in (kept, archived):
        await library.send("POST", f"/api/collections/{album}/photos", json={"photoIds": [photo]})
    async with library.bench.database.write() as connection:
        gone = update(FileVersion).where(FileVersion.id == archived)
        await connection.execute(gone.values(archived_at=datetime(2025, 8, 2, tzinfo=UTC)))
    (row,) = await library.send("GET", "/api/collections")
    assert row["photoCount"] == 1
    assert row["coverPhoto"] == (await library.send("GET", f"/api/photos/{kept}"))["filePath"]


async def test_a_photo_is_in_it_once_as_its_best_version_whichever_was_put_in(library: Library) -> None:
    photo, other = await library.add_photo("bronze", "silver"), await library.add_photo("silver", minute=1)
    album, both = await make(library, "Album"), await make(library, "Both")
    path = f"/api/collections/{album}/photos"
    await library.send("POST", path, json={"photoIds": [other["silver"], photo["silver"]]})
    gold = await library.add_version(photo["asset"], "gold", 2, rating=4)
    # as it was possible once
    for version in (photo["silver"], gold):
        await library.insert(CollectionPhoto, collection_id=both, photo_id=version)

    assert await library.ids(path) == [gold, other["silver"]]
    added = await library.send("POST", path, json={"photoIds": [gold, photo["bronze"], other["silver"]]})
    assert added == {"success": True, "added": 0}
    batch = {"photoIds": [gold], "operation": "addToCollection", "params": {"collectionId": album}}
    assert (await library.send("POST", "/api/photos/batch", json=batch))["processed"] == 0
    cover = (await library.send("GET", f"/api/photos/{gold}"))["filePath"]
    for row in await library.send("GET", "/api/collections"):
        expected = {album: (2, cover), both: (1, cover)}[row["id"]]
        detail = await library.send("GET", f"/api/collections/{row['id']}")
        full = await library.send("GET", f"/api/collections/{row['id']}?includePhotos=true")
        for shown in (row, detail, full):
            assert (shown["photoCount"], shown["coverPhoto"]) == expected
    stats = await library.send("GET", f"/api/collections/{album}/stats")
    assert (stats["totalPhotos"], stats["tierDistribution"]) == (2, {"bronze": 0, "silver": 1, "gold": 1})

    # what was said of the Silver version takes the Gold one away as well, and the other way round
    assert await library.send("DELETE", path, json={"photoIds": [photo["silver"], gold]}) == {
        "success": True,
        "removed": 1,
    }
    assert await library.ids(path) == [other["silver"]]
    assert (await library.send("DELETE", f"/api/collections/{both}/photos", json={"photoIds": [gold]}))["removed"] == 1
    assert await library.ids(f"/api/collections/{both}/photos") == []
    assert await library.send("POST", path, json={"photoIds": [gold, photo["silver"]]}) == {"success": True, "added": 1}
    assert await library.ids(path) == [gold, other["silver"]]
    async with library.bench.database.write() as connection:
        of_asset = update(FileVersion).where(FileVersion.media_asset_id == photo["asset"])
        await connection.execute(of_asset.values(archived_at=datetime(2025, 8, 2, tzinfo=UTC)))
    assert await library.ids(path) == [other["silver"]]
    assert [row["photoCount"] for row in await library.send("GET", "/api/collections")] == [0, 1]


async def test_an_original_that_nothing_was_made_of_can_be_in_a_collection(library: Library) -> None:
    bronze = (await library.add_photo("bronze"))["bronze"]
    album = await make(library, "Album")
    await library.send("POST", f"/api/collections/{album}/photos", json={"photoIds": [bronze]})
    assert await library.ids(f"/api/collections/{album}/photos") == [bronze]
    assert (await library.send("GET", "/api/collections"))[0]["photoCount"] == 1


async def test_a_photo_that_was_promoted_is_not_new_in_a_smart_collection(library: Library) -> None:
    photo = await library.add_photo("silver", event_type="party")
    rules = {"name": "Parties", "rules": [rule("eventType", "equals", "party")]}
    made = await library.send("POST", "/api/smart-collections", json=rules)
    gold = await library.add_version(photo["asset"], "gold", 1, event_type="party")
    assert (await library.send("POST", "/api/smart-collections/organize"))["organized"] == 0
    await library.send("PATCH", f"/api/smart-collections/{made['id']}/toggle", json={"isActive": False})
    (row,) = await library.send("GET", "/api/smart-collections")
    (listed,) = await library.send("GET", "/api/collections")
    assert row["photoCount"] == listed["photoCount"] == 1
    assert listed["coverPhoto"] == (await library.send("GET", f"/api/photos/{gold}"))["filePath"]
    assert await library.ids(f"/api/smart-collections/{made['id']}/photos") == [gold]


async def test_the_photos_of_a_collection_are_found_by_indexes(sqlite_library: Library) -> None:
    asked: list[str] = []
    async with sqlite_library.bench.database.read() as connection:
        event.listen(connection.engine.sync_engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    album = await make(sqlite_library, "Album")
    for path in ("", f"/{album}", f"/{album}/photos", f"/{album}/stats"):
        await sqlite_library.send("GET", f"/api/collections{path}")
    about_members = [statement for statement in asked if "collection_photos" in statement]
    assert len(about_members) == 5
    async with sqlite_library.bench.database.read() as connection:
        for statement in about_members:
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ("x",) * statement.count("?"))
            steps = [row[3] for row in plan]
            whole = ("SCAN file_versions", "SCAN media_assets", "SCAN search_facts", "SCAN collection_photos")
            assert not [step for step in steps if step.startswith(whole)], steps


async def test_a_smart_collection_shows_what_is_in_it_now(library: Library) -> None:
    body = {"name": "Dogs", "rules": [rule("aiTags", "contains", "dog")]}
    made = await library.send("POST", "/api/smart-collections", json=body)
    assert (made["photoCount"], made["coverPhoto"]) == (0, None)
    dog = (await library.add_photo("silver", combined_metadata={"ai": {"aiTags": ["hot dog"]}}))["silver"]
    newest = (await library.add_photo("silver", minute=5, combined_metadata={"ai": {"aiTags": ["Dog"]}}))["silver"]
    (row,) = await library.send("GET", "/api/collections")
    assert row["photoCount"] == 2
    assert row["coverPhoto"] == (await library.send("GET", f"/api/photos/{newest}"))["filePath"]
    organized = await library.send("POST", "/api/smart-collections/organize")
    assert organized["organized"] == 2
    assert organized["collections"] == [{"id": made["id"], "name": "Dogs", "photosAdded": 2}]
    await library.send("PATCH", f"/api/smart-collections/{made['id']}/toggle", json={"isActive": False})
    await library.send("PATCH", f"/api/photos/{dog}/tags", json={"tags": ["cat"], "action": "set"})
    (row,) = await library.send("GET", "/api/smart-collections")
    assert (row["photoCount"], row["isActive"]) == (2, False)
    await library.send("PATCH", f"/api/smart-collections/{made['id']}/toggle", json={"isActive": True})
    (row,) = await library.send("GET", "/api/smart-collections")
    assert row["photoCount"] == 1


async def test_the_newest_photo_that_its_facets_let_in_is_the_cover(library: Library) -> None:
    path = {}
    for minute, rating in enumerate((4, 5, 4, 1)):
        photo = (await library.add_photo("bronze", "silver", minute=minute, rating=rating))["silver"]
        path[minute] = (await library.send("GET", f"/api/photos/{photo}"))["filePath"]
    await library.add_photo("bronze", minute=9, rating=4)
    for name, rules in (
        ("four", joined("AND", ("rating", "equals", 4), ("tier", "equals", "silver"))),
        ("five or one", joined("OR", ("rating", "greater_than", 4), ("rating", "less_than", 2))),
        ("none", joined("AND", ("rating", "equals", 4), ("mimeType", "equals", "video/mp4"))),
    ):
        await library.send("POST", "/api/smart-collections", json={"name": name, "rules": rules})
    rows = await library.send("GET", "/api/collections")
    assert {row["name"]: (row["photoCount"], row["coverPhoto"]) for row in rows} == {
        "four": (2, path[2]),
        "five or one": (2, path[3]),
        "none": (0, None),
    }


async def test_the_better_version_stands_for_the_photo(library: Library) -> None:
    photo = await library.add_photo("bronze", "silver", event_type="party")
    face = await library.add_face(photo["silver"])
    assert await smart(library, [rule("faceCount", ">=", "1")]) == {photo["silver"]}
    gold = await library.add_version(photo["asset"], "gold", 1, event_type="party")
    assert await smart(library, [rule("faceCount", ">=", "1")]) == {gold}
    assert await smart(library, [rule("faceCount", "equals", "0")]) == set()
    await library.send("POST", f"/api/faces/{face}/ignore")
    assert await smart(library, [rule("faceCount", "equals", "0")]) == {gold}
    assert await smart(library, joined("AND", ("tier", "equals", "gold"), ("eventType", "in", ["Party"]))) == {gold}


async def test_letters_with_accents_have_a_case_too(library: Library) -> None:
    metadata = {"ai": {"aiTags": ["Élan", "Öl"]}}
    photo = await library.add_photo("silver", combined_metadata=metadata, location="École d'Été", event_type="Fête")
    await library.add_photo("silver", location="Garten")
    expected = {photo["silver"]}
    for field, operator, value in (
        ("location", "equals", "École d'Été"),
        ("location", "equals", "ÉCOLE D'ÉTÉ"),
        ("location", "contains", "éCOLE"),
        ("aiTags", "equals", "élan"),
        ("aiTags", "equals", "E\N{COMBINING ACUTE ACCENT}lan"),
        ("aiTags", "contains", "öl"),
        ("eventType", "equals", "FÊTE"),
    ):
        assert await smart(library, [rule(field, operator, value)]) == expected, (field, operator, value)
    assert await smart(
        library, joined("AND", ("keywords", "in", ["ÖL"]), ("location", "in", ["x", "école d'été"]))
    ) == (expected)


async def test_a_location_that_is_empty_can_be_asked_for(library: Library) -> None:
    nowhere = (await library.add_photo("silver", combined_metadata={"ai": {"placeName": "Nice"}}))["silver"]
    somewhere = (await library.add_photo("silver", location="Nice"))["silver"]
    assert await smart(library, [rule("location", "equals", "")]) == {nowhere}
    assert await smart(library, [rule("location", "contains", "")]) == {nowhere, somewhere}
    assert await smart(library, [rule("location", "equals", "nice")]) == {somewhere}


async def test_ages_are_those_of_the_people_in_the_photo(library: Library) -> None:
    born = {"Kid": datetime(2015, 6, 1, tzinfo=UTC), "Oma": datetime(1950, 1, 1, tzinfo=UTC), "Unknown": None}
    people = {name: await library.insert(Person, name=name, birthdate=birthdate) for name, birthdate in born.items()}

    async def photo(day: str, *names: str) -> str:
        made = (await library.add_photo("silver", captured_at=f"{day}T12:00:00"))["silver"]
        for name in names:
            await library.add_face(made, person_id=people[name])
        return made

    before, on_the_day = await photo("2025-05-31", "Kid"), await photo("2025-06-01", "Kid", "Kid", "Unknown")
    both, too_early = await photo("2025-05-31", "Kid", "Oma"), await photo("2014-01-01", "Kid")
    await photo("2025-05-31", "Unknown")
    assert await smart(library, [rule("personAge", "<=", "9")]) == {before}
    assert await smart(library, [rule("personAge", "equals", "10.0")]) == {on_the_day}
    assert await smart(library, [rule("personAge", ">=", "42")]) == {both}
    assert too_early not in await smart(library, [rule("personAge", "<=", "120")])


async def test_flags_are_true_or_false(library: Library) -> None:
    placed = (await library.add_photo("silver", gps_latitude=1.0, gps_longitude=2.0))["silver"]
    other = (await library.add_photo("silver", is_favorite=True))["silver"]
    assert await smart(library, joined("AND", ("hasGPS", "equals", True))) == {placed}
    assert await smart(library, joined("AND", ("hasGPS", "equals", False))) == {other}
    assert await smart(library, joined("AND", ("hasGPS", "equals", "perhaps"))) == set()
    assert await smart(library, joined("AND", ("isFavorite", "equals", "true"))) == {other}


async def test_rules_without_end_are_refused_and_numbers_without_end_meet_nothing(library: Library) -> None:
    await library.add_photo("silver")
    words = [f"Wört {number}" for number in range(201)]
    endless = joined("OR", ("keywords", "contains", words))
    await library.send("POST", "/api/smart-collections", 400, json={"name": "x", "rules": endless})
    await library.send("POST", "/api/collections", 400, json={"name": "x", "smartRules": endless})
    search = {"name": "x", "filters": {"keywords": words}}
    await library.send("POST", "/api/search/save", 400, json=search)
    await smart(library, joined("OR", ("keywords", "contains", words[:200])), "Long")
    weighted = [rule("location", "contains", word) for word in words[:30]]
    await smart(library, weighted, "Long too")
    for number in ("1e400", "nan", "-inf", "1_0", "x"):
        assert await smart(library, [rule("faceCount", "<=", number)]) == set()
    assert await smart(library, joined("AND", ("rating", "less_than", 10**400))) == set()


async def test_one_collection_that_cannot_be_read_keeps_no_other_from_being_shown(library: Library) -> None:
    photo = (await library.add_photo("silver"))["silver"]
    await library.insert(Collection, name="Spoilt", is_smart_collection=True, smart_rules={"rules": "all"})
    assert await smart(library, [rule("faceCount", "equals", "0")]) == {photo}
    assert {row["name"]: row["photoCount"] for row in await library.send("GET", "/api/smart-collections")} == {
        "Spoilt": 0,
        "Smart": 1,
    }
    assert [one["name"] for one in (await library.send("POST", "/api/smart-collections/organize"))["collections"]] == [
        "Smart"
    ]
    await library.send("POST", "/api/collections/smart/update")


async def test_hundreds_of_smart_collections_are_counted(library: Library) -> None:
    await library.add_photo("silver", rating=3)
    for number in range(501):
        rules = joined("AND", ("rating", "equals", number % 2 + 2))
        await library.insert(Collection, name=f"{number}", is_smart_collection=True, smart_rules=rules)
    counts = [row["photoCount"] for row in await library.send("GET", "/api/smart-collections")]
    assert sum(counts) == 250


LOOKS = {"icon": "Heart", "color": "blue", "type": "manual"}


async def looks_of(library: Library) -> tuple[Any, ...]:
    (row,) = await library.send("GET", "/api/smart-collections")
    return tuple(row[name] for name in ("icon", "color", "type", "isActive"))


@pytest.mark.parametrize(
    "rules", [[rule("aiTags", "contains", "cat")], joined("AND", ("aiTags", "in", ["cat"])), {"rules": []}]
)
async def test_new_rules_leave_the_looks_of_a_collection_as_they_are(library: Library, rules: Any) -> None:
    cat = (await library.add_photo("silver", combined_metadata={"ai": {"aiTags": ["cat"]}}))["silver"]
    form = {"name": "Dogs", "rules": joined("OR", ("aiTags", "in", ["dog"])), **LOOKS}
    made = await library.send("POST", "/api/smart-collections", json=form)
    await library.send("PATCH", f"/api/smart-collections/{made['id']}/toggle", json={"isActive": False})
    await library.send("PATCH", f"/api/collections/{made['id']}", json={"smartRules": rules})
    assert await looks_of(library) == ("Heart", "blue", "manual", False)
    await library.send("PATCH", f"/api/smart-collections/{made['id']}/toggle", json={"isActive": True})
    photos = await library.send("GET", f"/api/collections/{made['id']}/photos")
    assert [photo["id"] for photo in photos] == ([cat] if rules != {"rules": []} else [])
    told = joined("AND", ("rating", "equals", 1)) | {"icon": "Star", "isActive": True}
    await library.send("PATCH", f"/api/collections/{made['id']}", json={"smartRules": told})
    assert await looks_of(library) == ("Star", "blue", "manual", True)


async def test_one_that_is_switched_off_stays_so_when_it_is_sent_again(library: Library) -> None:
    form = {"name": "Dogs", "rules": [rule("aiTags", "contains", "dog")], **LOOKS}
    made = await library.send("POST", "/api/smart-collections", json=form)
    await library.send("PATCH", f"/api/smart-collections/{made['id']}/toggle", json={"isActive": False})
    await library.add_photo("silver", combined_metadata={"ai": {"aiTags": ["dog"]}})
    again = await library.send("POST", "/api/smart-collections", json=form | {"color": "pink"})
    assert (again["id"], again["isActive"], again["color"], again["photoCount"]) == (made["id"], False, "pink", 0)
    await library.send("PATCH", f"/api/smart-collections/{made['id']}/toggle", json={"isActive": True})
    assert (await library.send("POST", "/api/smart-collections", json=form))["photoCount"] == 1


async def test_what_is_not_sent_again_stays(library: Library) -> None:
    form = {"name": "Dogs", "description": "All of them", "rules": [rule("aiTags", "contains", "dog")], **LOOKS}
    made = await library.send("POST", "/api/smart-collections", json=form)
    again = {"name": "Dogs", "rules": [rule("aiTags", "contains", "cat")]}
    changed = await library.send("POST", "/api/smart-collections", json=again)
    assert (changed["id"], changed["description"], changed["rules"]) == (made["id"], "All of them", again["rules"])
    assert {name: changed[name] for name in LOOKS} == LOOKS
    emptied = await library.send("POST", "/api/smart-collections", json=again | {"description": None, "icon": None})
    assert (emptied["description"], emptied["icon"], emptied["color"]) == (None, None, LOOKS["color"])


async def test_every_time_of_a_smart_collection_is_written_in_one_way(library: Library) -> None:
    await library.send("POST", "/api/smart-collections", json={"name": "Dogs", "rules": []})
    told = {"rules": [], "lastUpdated": "2025-08-01T14:00:00.123456+02:00"}
    for last in ("soon", 5):
        await make(library, "Odd", isSmartCollection=True, smartRules={"rules": [], "lastUpdated": last})
    await make(library, "Other", isSmartCollection=True, smartRules=told)
    for path in ("/api/collections", "/api/smart-collections"):
        rows = {row["name"]: row for row in await library.send("GET", path)}
        assert re.fullmatch(r"[0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z", rows["Dogs"]["smartRules"]["lastUpdated"])
        assert rows["Other"]["smartRules"]["lastUpdated"] == "2025-08-01T12:00:00.123Z"
    assert rows["Other"]["lastUpdated"] == "2025-08-01T12:00:00.123Z"
    assert rows["Dogs"]["lastUpdated"] == rows["Dogs"]["smartRules"]["lastUpdated"]
    assert rows["Odd"]["lastUpdated"] == rows["Odd"]["updatedAt"]


async def test_how_many_are_new_is_told_in_words(library: Library) -> None:
    told = []
    for name in ("One", "Two"):
        await library.send("POST", "/api/smart-collections", json={"name": name, "rules": [rule("aiTags", "in", "x")]})
        told.append((await library.send("POST", "/api/smart-collections/organize"))["message"])
    assert told == ["0 photos are new in 1 smart collection.", "0 photos are new in 2 smart collections."]
    await library.add_photo("silver", combined_metadata={"ai": {"aiTags": ["x"]}})
    async with library.bench.database.write() as connection:
        await connection.execute(delete(Collection).where(Collection.name == "Two"))
    organized = await library.send("POST", "/api/smart-collections/organize")
    assert organized["message"] == "1 photo is new in 1 smart collection."


async def test_blanks_are_no_name(library: Library) -> None:
    album = await make(library, "Album")
    for name in ("", "  ", "\t\n", "\u2003"):
        await library.send("POST", "/api/collections", 400, json={"name": name})
        await library.send("PATCH", f"/api/collections/{album}", 400, json={"name": name})
        await library.send("POST", "/api/smart-collections", 400, json={"name": name, "rules": []})
    assert await make(library, " a\n")


async def test_what_is_no_collection(library: Library) -> None:
    album = await make(library, "Album")
    assert await library.send("GET", f"/api/collections/{NOWHERE}/photos") == []
    await library.send("GET", f"/api/collections/{NOWHERE}", 404)
    await library.send("GET", f"/api/collections/{NOWHERE}/stats", 404)
    await library.send("PATCH", f"/api/collections/{NOWHERE}", 404, json={"name": "x"})
    await library.send("PATCH", f"/api/collections/{album}", 400, content=b"{")
    await library.send("POST", f"/api/collections/{NOWHERE}/photos", 404, json={"photoIds": []})
    await library.send("DELETE", f"/api/collections/{NOWHERE}/photos", 404, json={"photoIds": []})
    await library.send("PATCH", f"/api/smart-collections/{album}/toggle", 404, json={"isActive": True})
    for _ in range(2):
        assert (await library.send("DELETE", f"/api/collections/{album}"))["success"] is True
