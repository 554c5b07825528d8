"""Collections and smart collections."""

from __future__ import annotations

from typing import Any

from tests.conformance.asking import NOWHERE, Asker, Page
from tests.conformance.shape import OneOf, Value
from tests.conformance.shapes import COLLECTION, LISTED_COLLECTION, PHOTO, SMART_COLLECTION, SUCCESS

PAGE = Page()
route = PAGE.route
_TOLD = {**SUCCESS, "message": "string"}
_MADE = {**COLLECTION, "photoCount?": "int"}


async def _collection(ask: Asker, name: str = "Garden", **fields: Any) -> str:
    answer = await ask.library.http.post("/api/collections", json={"name": name, **fields})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def _filled(ask: Asker) -> tuple[str, list[str]]:
    collection = await _collection(ask)
    photos = [(await ask.library.add_photo("silver"))["silver"] for _ in range(2)]
    for photo in photos:
        await ask.library.http.post(f"/api/collections/{collection}/photos", json={"photoIds": [photo]})
    return collection, photos


@route("GET /api/collections")
async def collections(ask: Asker) -> None:
    filled, photos = await _filled(ask)
    empty = await _collection(ask, "Empty")
    rows = await ask.success(shape=[LISTED_COLLECTION])
    ask.effect([row["id"] for row in rows] == [empty, filled], "the newest comes first")
    cover = (await ask.get(f"/api/photos/{photos[1]}"))["filePath"]
    ask.effect((rows[1]["photoCount"], rows[1]["coverPhoto"]) == (2, cover), "the cover was added last")
    ask.effect((rows[0]["photoCount"], rows[0]["coverPhoto"]) == (0, None), "an empty one has none")


@route("POST /api/collections")
async def create(ask: Asker) -> None:
    body = await ask.success(json={"name": "Oma & Opa #1", "description": "d", "isPublic": True}, shape=_MADE)
    ask.effect((body["isPublic"], body["isSmartCollection"]) == (True, False), "it is as was asked")
    ask.effect((await ask.get("/api/collections"))[0]["id"] == body["id"], "it is in the list")
    for wrong in ({}, {"name": ""}, {"name": 5}):
        await ask.error(400, json=wrong)


@route("GET /api/collections/{id}/photos")
async def photos_of(ask: Asker) -> None:
    filled, photos = await _filled(ask)
    rows = await ask.success(filled, shape=[PHOTO])
    ask.effect([row["id"] for row in rows] == photos[::-1], "added last, listed first")
    ask.effect(await ask.success(NOWHERE, shape=[PHOTO]) == [], "an unknown one is empty")


@route("POST /api/collections/{id}/photos")
async def add(ask: Asker) -> None:
    filled, photos = await _filled(ask)
    more = (await ask.library.add_photo("silver"))["silver"]
    body = await ask.success(filled, json={"photoIds": [*photos, more]}, shape={**SUCCESS, "added": "int"})
    ask.effect(body["added"] == 1, "only real additions count")
    asset = (await ask.get(f"/api/photos/{more}"))["mediaAssetId"]
    gold = await ask.library.add_version(asset, "gold", 1)
    again = await ask.success(filled, json={"photoIds": [gold]}, shape={**SUCCESS, "added": "int"})
    ask.effect(again["added"] == 0, "another version of it is the same photo")
    rows = await ask.get(f"/api/collections/{filled}/photos")
    ask.effect([row["id"] for row in rows] == [gold, *photos[::-1]], "it is there, as the best that there is")
    await ask.error(404, NOWHERE, json={"photoIds": [more]})
    smart = await _collection(ask, "S", isSmartCollection=True)
    await ask.error(400, smart, json={"photoIds": [more]})
    await ask.error(400, filled, json={"photoIds": "all"})


@route("DELETE /api/collections/{id}/photos")
async def remove(ask: Asker) -> None:
    filled, photos = await _filled(ask)
    body = await ask.success(filled, json={"photoIds": [photos[0], NOWHERE]}, shape={**SUCCESS, "removed": "int"})
    ask.effect(body["removed"] == 1, "one was there")
    left = await ask.get(f"/api/collections/{filled}/photos")
    ask.effect([row["id"] for row in left] == [photos[1]], "the other stays")


@route("PATCH /api/collections/{id}")
async def change(ask: Asker) -> None:
    collection = await _collection(ask)
    body = await ask.success(collection, json={"name": "Yard"}, shape=_MADE)
    ask.effect(body["name"] == "Yard" and body["updatedAt"] >= body["createdAt"], "it is changed")
    await ask.error(404, NOWHERE, json={"name": "x"})
    await ask.error(400, collection, json={"name": ""})


@route("DELETE /api/collections/{id}")
async def delete(ask: Asker) -> None:
    filled, photos = await _filled(ask)
    await ask.success(filled, shape=_TOLD)
    await ask.success(filled, shape=_TOLD)
    ask.effect(await ask.get("/api/collections") == [], "it is gone")
    ask.effect(len(await ask.get("/api/photos")) == len(photos), "its photos are not")


_WEIGHTED = [
    {"id": "1", "field": "aiTags", "operator": "contains", "value": "dog", "weight": 3},
    {"id": "2", "field": "eventType", "operator": "equals", "value": "Party", "weight": 1},
]
_BOOLEAN = {"rules": [{"field": "rating", "operator": "greater_than", "value": 3}], "operator": "AND"}
_FORM = {"name": "Dogs", "description": "d", "type": "auto", "icon": "Heart", "color": "blue", "rules": _WEIGHTED}


async def _dogs(ask: Asker) -> tuple[str, str]:
    dog = (await ask.library.add_photo("silver", combined_metadata={"ai": {"aiTags": ["dog"]}}, rating=5))["silver"]
    await ask.library.add_photo("silver")
    answer = await ask.library.http.post("/api/smart-collections", json=_FORM)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"]), dog


@route("POST /api/collections/smart/update")
async def update_smart(ask: Asker) -> None:
    collection = await _collection(ask, "Best", isSmartCollection=True, smartRules=_BOOLEAN)
    _, dog = await _dogs(ask)
    await ask.success(shape=SUCCESS)
    rows = await ask.get(f"/api/collections/{collection}/photos")
    ask.effect([row["id"] for row in rows] == [dog], "more than 3 is not 3, and boolean rules are understood")


async def _views(ask: Asker) -> None:
    _, dog = await _dogs(ask)
    (row,) = await ask.success(shape=[SMART_COLLECTION])
    ask.effect((row["icon"], row["color"], row["type"], row["isActive"]) == ("Heart", "blue", "auto", True), "as made")
    ask.effect(row["photoCount"] == 1, "its photos are counted")
    await ask.library.http.patch(f"/api/photos/{dog}/tags", json={"tags": ["cat"], "action": "set"})
    (row,) = await ask.success(shape=[SMART_COLLECTION])
    ask.effect(row["photoCount"] == 0, "the count is right after any change")


async def _make(ask: Asker) -> None:
    await ask.library.add_photo("silver", combined_metadata={"ai": {"aiTags": ["Dogs"]}})
    body = await ask.success(json=_FORM, shape=SMART_COLLECTION)
    ask.effect(body["photoCount"] == 1, "it is evaluated at once")
    again = await ask.success(json=_FORM | {"color": "pink"}, shape=SMART_COLLECTION)
    ask.effect((again["id"], again["color"]) == (body["id"], "pink"), "the same name is the same collection")
    await ask.success(json={"name": "Best", "rules": _BOOLEAN}, shape=SMART_COLLECTION)
    ask.effect(len(await ask.get("/api/smart-collections")) == 2, "both are listed")
    for wrong in ({"rules": _WEIGHTED}, {"name": "x", "rules": "all"}):
        await ask.error(400, json=wrong)


async def _toggle(ask: Asker) -> None:
    smart, _ = await _dogs(ask)
    await ask.success(smart, json={"isActive": False}, shape={**SUCCESS, "isActive": Value(False)})
    ask.effect((await ask.get("/api/smart-collections"))[0]["isActive"] is False, "it is stored")
    await ask.error(404, NOWHERE, json={"isActive": True})
    await ask.error(400, smart, json={"isActive": "no"})


async def _organize(ask: Asker) -> None:
    smart, _ = await _dogs(ask)
    await ask.library.add_photo("silver", combined_metadata={"ai": {"aiTags": ["hot dog"]}})
    added = {"id": "uuid", "name": "string", "photosAdded": "int"}
    await ask.success(shape={"message": "string", "organized": "int", "collections": [added]})
    ask.effect((await ask.get("/api/smart-collections"))[0]["photoCount"] == 2, "what is new is in it")
    ask.effect(len(await ask.get(f"/api/smart-collections/{smart}/photos")) == 2, "and is listed")


async def _photos(ask: Asker) -> None:
    smart, dog = await _dogs(ask)
    rows = await ask.success(smart, shape=[PHOTO])
    ask.effect([row["id"] for row in rows] == [dog], "only the dog")


for prefix in ("/api/smart-collections", "/api/collections/smart-collections"):
    route(f"GET {prefix}")(_views)
    route(f"POST {prefix}")(_make)
    route(f"PATCH {prefix}/{{id}}/toggle")(_toggle)
    route(f"POST {prefix}/organize")(_organize)
    route(f"GET {prefix}/{{id}}/photos")(_photos)


@route("GET /api/collections/{id}")
async def one(ask: Asker) -> None:
    filled, _ = await _filled(ask)
    listed = await ask.get("/api/collections")
    ask.effect(await ask.success(filled, shape=LISTED_COLLECTION) == listed[0], "it is as in the list")
    body = await ask.success(
        filled, params={"includePhotos": "true"}, shape={**COLLECTION, "photoCount": "int", "photos": [PHOTO]}
    )
    ask.effect((body["photoCount"], len(body["photos"])) == (2, 2), "with its photos")
    await ask.error(404, NOWHERE)


@route("GET /api/collections/{id}/stats")
async def stats(ask: Asker) -> None:
    filled, photos = await _filled(ask)
    await ask.library.http.patch(f"/api/photos/{photos[0]}/rating", json={"rating": 4})
    shape = {
        "totalPhotos": "int",
        "lastAdded": "timestamp?",
        "fileTypes": {"*": "int"},
        "tierDistribution": {"bronze": "int", "silver": "int", "gold": "int"},
        "avgRating": OneOf((Value(None), "number")),
    }
    body = await ask.success(filled, shape=shape)
    ask.effect((body["totalPhotos"], body["tierDistribution"]["silver"], body["avgRating"]) == (2, 2, 4), "as it is")
    await ask.error(404, NOWHERE)
