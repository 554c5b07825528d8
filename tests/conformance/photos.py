"""Photos, search and the tag library."""

from __future__ import annotations

from core.db.tables import Collection, Person
from tests.conformance.asking import NOWHERE, Asker, Page
from tests.conformance.pictures import FACE, noise, upload
from tests.conformance.shape import Value
from tests.conformance.shapes import HISTORY, LISTED_PHOTO, PHOTO, SEARCH_RESULT, SUCCESS, TAG, VERSION

PAGE = Page()
route = PAGE.route

_BATCH_ERRORS = [{"photoId": "string", "error": "string"}]
_TAGGED = {"ai": {"aiTags": ["dog", "beach"], "shortDescription": "A dog on a beach"}}


@route("GET /api/photos/recent")
async def recent(ask: Asker) -> None:
    for minute in range(8):
        await ask.library.add_photo("silver", minute=minute)
    photos = await ask.success(shape=[PHOTO])
    ask.effect(len(photos) == 6, "six photos are recent")
    ask.effect(len(await ask.success(params={"limit": "8"}, shape=[PHOTO])) == 8, "as many as are asked for")
    ask.effect(len(await ask.success(params={"limit": "many"}, shape=[PHOTO])) == 6, "a wrong limit is none")
    times = [photo["createdAt"] for photo in photos]
    ask.effect(times == sorted(times, reverse=True), "the newest comes first")


@route("GET /api/photos")
async def lists(ask: Asker) -> None:
    silver = await ask.library.add_photo("bronze", "silver", minute=1)
    gold = await ask.library.add_photo("silver", "gold", minute=2)
    ids = [photo["id"] for photo in await ask.success(shape=[LISTED_PHOTO])]
    ask.effect(ids == [gold["gold"], silver["silver"]], "one photo for each asset, Gold before Silver")
    plain = await ask.success(params={"tier": "silver"}, shape=[{**PHOTO, "isSuperseded": Value(False)}])
    ask.effect([photo["id"] for photo in plain] == [silver["silver"]], "what Gold supersedes is left out")
    ask.effect(await ask.success(params={"tier": "tin"}, shape=[PHOTO]) == [], "another tier is empty")
    for _ in range(110):
        await ask.library.add_photo("silver")
    ask.effect(len(await ask.get("/api/photos")) == 112, "the list has no cap")


@route("GET /api/photos/{id}")
async def one(ask: Asker) -> None:
    photo = await ask.library.add_photo("silver")
    await ask.library.add_history(photo["asset"], "INGESTED")
    await ask.success(photo["silver"], shape={**PHOTO, "history": [HISTORY]})
    await ask.error(404, NOWHERE)


@route("GET /api/photos/{id}/history")
async def history(ask: Asker) -> None:
    photo = await ask.library.add_photo("silver")
    await ask.library.add_history(photo["asset"], "INGESTED", minute=1)
    await ask.library.add_history(photo["asset"], "PROMOTED", minute=2)
    rows = await ask.success(photo["silver"], shape=[HISTORY])
    ask.effect([row["action"] for row in rows] == ["PROMOTED", "INGESTED"], "the newest comes first")
    await ask.error(404, NOWHERE)


@route("GET /api/photos/{id}/filename-preview")
async def filename_preview(ask: Asker) -> None:
    photo = await upload(ask, "IMG_1.jpg", noise(1, DateTimeOriginal="2024:07:26 14:30:25"))
    body = await ask.success(photo, shape={"filename": "string"})
    ask.effect(body["filename"] == "2024-07-26_14-30-25.jpg", body["filename"])
    await ask.library.http.put("/api/settings/gold_naming_pattern", json={"value": "original"})
    ask.effect((await ask.success(photo, shape={"filename": "string"}))["filename"] == "IMG_1.jpg", "the pattern rules")
    await ask.error(404, NOWHERE)


@route("GET /api/photos/{id}/versions")
async def versions(ask: Asker) -> None:
    photo = await ask.library.add_photo("bronze", "silver", "gold")
    rows = await ask.success(photo["silver"], shape=[PHOTO])
    ask.effect([row["tier"] for row in rows] == ["gold", "silver", "bronze"], "Gold, Silver, then the rest")
    await ask.error(404, NOWHERE)


@route("PATCH /api/photos/{id}/metadata")
async def metadata(ask: Asker) -> None:
    photo = (await ask.library.add_photo("silver", combined_metadata=_TAGGED))["silver"]
    every = {
        "keywords": ["Oma", "Ostern"],
        "location": "Garten",
        "eventType": "holiday",
        "eventName": "Ostern",
        "rating": 4,
        "isReviewed": True,
        "aiTags": ["egg"],
        "aiDescription": "Grandma hides eggs.",
    }
    await ask.success(photo, json=every, shape=PHOTO)
    now = await ask.get(f"/api/photos/{photo}")
    plain = ("keywords", "location", "eventType", "eventName", "rating", "isReviewed")
    ask.effect({name: now[name] for name in plain} == {name: every[name] for name in plain}, "every field is stored")
    ai = now["metadata"]["ai"]
    ask.effect(ai["aiTags"] == ["egg"] and ai["longDescription"] == "Grandma hides eggs.", "the AI's fields too")
    ask.effect(ai["shortDescription"] == "A dog on a beach", "other AI fields are kept")
    await ask.success(photo, json={"location": "", "aiTags": []}, shape=PHOTO)
    now = await ask.get(f"/api/photos/{photo}")
    ask.effect(now["location"] == "" and now["metadata"]["ai"]["aiTags"] == [], "empty clears")
    ask.effect((await ask.actions(photo)).count("METADATA_EDITED") == 1, "edits in a row are one row of the history")
    bare = (await ask.library.add_photo("silver"))["silver"]
    await ask.success(bare, json={"aiTags": [], "rating": 1}, shape=PHOTO)
    ask.effect("ai" not in ((await ask.get(f"/api/photos/{bare}"))["metadata"] or {}), "no AI data out of nothing")
    await ask.error(404, NOWHERE, json={"rating": 1})
    await ask.error(400, photo, json={"rating": 6})
    await ask.error(400, photo, json={"keywords": "Oma"})
    await ask.error(400, photo)
    await ask.error(400, photo, content=b"{", headers={"Content-Type": "application/json"})


@route("PATCH /api/photos/{id}")
async def patch(ask: Asker) -> None:
    photo = (await ask.library.add_photo("silver", combined_metadata=_TAGGED))["silver"]
    await ask.success(photo, json={"isReviewed": True, "metadata": {"note": "x"}}, shape=PHOTO)
    now = await ask.get(f"/api/photos/{photo}")
    ask.effect(now["isReviewed"] is True and now["metadata"]["ai"] == _TAGGED["ai"], "metadata is merged at the top")
    ask.effect("METADATA_EDITED" in await ask.actions(photo), "it is in the history")
    await ask.error(404, NOWHERE, json={"isReviewed": True})
    await ask.error(400, photo, json={"isReviewed": "yes"})


@route("PUT /api/photos/{id}")
async def put(ask: Asker) -> None:
    photo = (await ask.library.add_photo("silver"))["silver"]
    before = await ask.get(f"/api/photos/{photo}")
    await ask.success(photo, json={"rating": 3, "filePath": "elsewhere.jpg", "tier": "gold"}, shape=PHOTO)
    now = await ask.get(f"/api/photos/{photo}")
    ask.effect(now["rating"] == 3, "what a person may edit is stored")
    ask.effect((now["filePath"], now["tier"]) == (before["filePath"], before["tier"]), "the rest is the server's")
    ask.effect("METADATA_UPDATED" in await ask.actions(photo), "it is in the history")
    await ask.error(404, NOWHERE, json={"rating": 3})


@route("PATCH /api/photos/{id}/rating")
async def rating(ask: Asker) -> None:
    photo = (await ask.library.add_photo("silver"))["silver"]
    await ask.success(photo, json={"rating": 5}, shape=SUCCESS)
    ask.effect((await ask.get(f"/api/photos/{photo}"))["rating"] == 5, "it is stored")
    await ask.success(photo, json={"rating": 0}, shape=SUCCESS)
    ask.effect((await ask.get(f"/api/photos/{photo}"))["rating"] == 0, "0 takes it back")
    for wrong in (-1, 6, "3", 2.5, None):
        await ask.error(400, photo, json={"rating": wrong})
    await ask.error(400, photo, json={})
    await ask.error(404, NOWHERE, json={"rating": 3})


@route("PATCH /api/photos/{id}/favorite")
async def favorite(ask: Asker) -> None:
    photo = (await ask.library.add_photo("silver"))["silver"]
    await ask.success(photo, json={"isFavorite": True}, shape={**SUCCESS, "isFavorite": Value(True)})
    ask.effect((await ask.get(f"/api/photos/{photo}"))["isFavorite"] is True, "it is stored")
    found = await ask.library.http.post("/api/photos/search", json={"filters": {"isFavorite": True}})
    ask.effect([one["id"] for one in found.json()["photos"]] == [photo], "it is found")
    await ask.error(404, NOWHERE, json={"isFavorite": True})
    await ask.error(400, photo, json={"isFavorite": "yes"})


@route("PATCH /api/photos/{id}/tags")
async def photo_tags(ask: Asker) -> None:
    photo = (await ask.library.add_photo("silver", combined_metadata=_TAGGED))["silver"]
    shape = {**SUCCESS, "tags": ["string"]}
    for action, tags, result in (
        ("add", ["sea", "dog"], ["dog", "beach", "sea"]),
        ("remove", ["beach"], ["dog", "sea"]),
        ("set", ["cat"], ["cat"]),
    ):
        body = await ask.success(photo, json={"tags": tags, "action": action}, shape=shape)
        ask.effect(body["tags"] == result, f"{action} gives {body['tags']}")
    ask.effect((await ask.get(f"/api/photos/{photo}"))["metadata"]["ai"]["aiTags"] == ["cat"], "they are stored")
    await ask.error(404, NOWHERE, json={"tags": [], "action": "add"})
    await ask.error(400, photo, json={"tags": "cat", "action": "add"})


async def _promoted(ask: Asker, photo: str, gold: str) -> None:
    now = await ask.get(f"/api/photos/{gold}")
    ask.effect((now["tier"], now["rating"], now["keywords"]) == ("gold", 4, ["Oma"]), "Gold knows what Silver knew")
    ask.effect(now["filePath"].startswith("media/gold/2024/07/"), now["filePath"])
    served = await ask.library.http.get(f"/api/files/{now['filePath']}")
    ask.effect(served.status_code == 200 and len(served.content) == now["fileSize"], "its file is served")
    ask.effect((await ask.get(f"/api/photos/{photo}"))["processingState"] == "promoted", "Silver is promoted")
    ask.effect([one["id"] for one in await ask.get("/api/photos")] == [gold], "Gold takes its place")


async def _ready_to_promote(ask: Asker, seed: int = 7) -> str:
    photo = await upload(ask, f"IMG_{seed}.jpg", noise(seed, DateTimeOriginal="2024:07:26 14:30:25"))
    await ask.library.http.patch(f"/api/photos/{photo}/metadata", json={"rating": 4, "keywords": ["Oma"]})
    return photo


@route("POST /api/photos/{id}/promote")
async def promote(ask: Asker) -> None:
    photo = await _ready_to_promote(ask)
    gold = await ask.success(photo, shape={**VERSION, "mediaAsset?": "any"})
    await _promoted(ask, photo, gold["id"])
    ask.effect((await ask.actions(photo)).count("PROMOTED") >= 1, "it is in the history")
    again = await ask.send(photo)
    ask.effect(again.status_code in (200, 400), "a second time makes no second Gold version")
    ask.effect(len(await ask.get("/api/photos", tier="gold")) == 1, "there is one Gold version")
    await ask.error(404, NOWHERE)
    await ask.error(400, gold["id"])


@route("POST /api/photos/{id}/embed-metadata")
async def embed_metadata(ask: Asker) -> None:
    photo = await _ready_to_promote(ask)
    body = await ask.success(photo, shape={**SUCCESS, "goldVersion": {**VERSION, "mediaAsset?": "any"}})
    await _promoted(ask, photo, body["goldVersion"]["id"])
    ask.effect("EMBEDDED" in await ask.actions(photo), "it is in the history")
    await ask.error(404, NOWHERE)
    await ask.error(400, body["goldVersion"]["id"])


@route("POST /api/photos/{id}/demote")
async def demote(ask: Asker) -> None:
    photo = await _ready_to_promote(ask)
    promoted = await ask.library.http.post(f"/api/photos/{photo}/promote")
    gold = promoted.json()
    shape = {**SUCCESS, "message": "string", "activeVersion": PHOTO}
    body = await ask.success(gold["id"], shape=shape)
    ask.effect(body["activeVersion"]["id"] == photo, "Silver is what is shown")
    ask.effect(body["activeVersion"]["processingState"] == "processed", "and is as before")
    ask.effect((await ask.library.http.get(f"/api/files/{gold['filePath']}")).status_code == 404, "the file is gone")
    ask.effect("DEMOTED" in await ask.actions(photo), "it is in the history")
    bronze = (await ask.library.add_photo("bronze"))["bronze"]
    await ask.error(400, bronze)
    await ask.error(404, NOWHERE)


@route("POST /api/photos/{id}/archive")
async def archive(ask: Asker) -> None:
    photo = await _ready_to_promote(ask)
    before = await ask.get(f"/api/photos/{photo}")
    body = await ask.success(photo, shape={**SUCCESS, "message": "string", "photo": PHOTO})
    ask.effect(body["photo"]["filePath"].startswith("media/archive/2024/07/"), "its file is in the archive")
    ask.effect(await ask.get("/api/photos") == [], "it is in no list")
    ask.effect((await ask.get("/api/stats"))["silverCount"] == 0, "it is not counted")
    gone = await ask.library.http.get(f"/api/files/{before['filePath']}")
    ask.effect(gone.status_code == 404, "it is not where it was")
    await ask.error(400, photo)
    await ask.error(404, NOWHERE)


@route("POST /api/photos/{id}/process")
async def process(ask: Asker) -> None:
    silver = (await ask.library.add_photo("silver", combined_metadata=_TAGGED))["silver"]
    await ask.error(400, silver)
    await ask.error(404, NOWHERE)
    photo = await upload(ask, "IMG_3.jpg", noise(3))
    versions_ = await ask.get(f"/api/photos/{photo}/versions")
    bronze = next(one["id"] for one in versions_ if one["tier"] == "bronze")
    await ask.error(400, bronze)
    await ask.library.http.post(f"/api/photos/{photo}/demote")
    body = await ask.success(bronze, shape={**VERSION, "mediaAsset?": "any"})
    ask.effect(body["tier"] == "silver", "there is a Silver version")
    ask.effect(len(await ask.get("/api/photos", tier="silver")) == 2, "it is listed, beside the other")


@route("POST /api/photos/{id}/process-ai")
async def process_ai(ask: Asker) -> None:
    photo = await _without_ai(ask, await upload(ask, "IMG_4.jpg", FACE))
    body = await ask.success(photo, shape={**SUCCESS, "message": "string", "aiMetadata": {"*": "any"}})
    ask.effect(bool(body["aiMetadata"]["shortDescription"]), "there is a description")
    now = await ask.get(f"/api/photos/{photo}")
    ask.effect(now["metadata"]["ai"]["shortDescription"] == body["aiMetadata"]["shortDescription"], "it is stored")
    ask.effect(now["isReviewed"] is False, "it is to be reviewed")
    ask.effect("AI_PROCESSED" in await ask.actions(photo), "it is in the history")
    await ask.error(400, photo)
    await ask.error(400, (await ask.library.add_photo("bronze"))["bronze"])
    await ask.error(404, NOWHERE)


async def _without_ai(ask: Asker, photo: str) -> str:
    from sqlalchemy import update

    from core.db.tables import FileVersion

    now = await ask.get(f"/api/photos/{photo}")
    metadata_ = {key: value for key, value in now["metadata"].items() if key != "ai"}
    async with ask.library.bench.database.write() as connection:
        await connection.execute(update(FileVersion).where(FileVersion.id == photo).values(combined_metadata=metadata_))
    return photo


@route("POST /api/photos/{id}/reprocess")
async def reprocess(ask: Asker) -> None:
    photo = await upload(ask, "IMG_5.jpg", FACE)
    (face,) = await ask.get(f"/api/faces/photo/{photo}")
    person = await ask.library.insert(Person, name="Eileen")
    await ask.library.http.post("/api/faces/assign", json={"faceIds": [face["id"]], "personId": person})
    updated = {**VERSION, "mediaAsset?": "any"}
    await ask.success(photo, shape={**SUCCESS, "message": "string", "updatedPhoto": updated})
    (now,) = await ask.get(f"/api/faces/photo/{photo}")
    ask.effect((now["id"], now["personId"]) == (face["id"], person), "a face keeps its person")
    ask.effect("REPROCESSED" in await ask.actions(photo), "it is in the history")
    await ask.error(400, (await ask.library.add_photo("bronze"))["bronze"])
    await ask.error(404, NOWHERE)


@route("POST /api/photos/batch-ai-process")
async def batch_ai_process(ask: Asker) -> None:
    photo = await _without_ai(ask, await upload(ask, "IMG_6.jpg", noise(6)))
    shape = {"processed": "int", "errors": _BATCH_ERRORS}
    body = await ask.success(json={"photoIds": [photo, NOWHERE]}, shape=shape)
    ask.effect(body["processed"] == 1, "one was processed, the unknown one skipped")
    ask.effect("AI_PROCESSED" in await ask.actions(photo), "it is in the history")
    ask.effect((await ask.success(json={"photoIds": [photo]}, shape=shape))["processed"] == 0, "once is enough")
    for wrong in ({}, {"photoIds": []}, {"photoIds": "x"}):
        await ask.error(400, json=wrong)


@route("POST /api/photos/batch-process")
async def batch_process(ask: Asker) -> None:
    photo = await _without_ai(ask, await upload(ask, "IMG_8.jpg", noise(8)))
    shape = {"processed": "int", "errors": _BATCH_ERRORS}
    ask.effect((await ask.success(json={"photoIds": [photo]}, shape=shape))["processed"] == 1, "it is processed")
    ask.effect(bool((await ask.get(f"/api/photos/{photo}"))["metadata"]["ai"]["shortDescription"]), "it is described")
    for wrong in ({}, {"photoIds": []}):
        await ask.error(400, json=wrong)


@route("POST /api/photos/batch-promote")
async def batch_promote(ask: Asker) -> None:
    photo = await _ready_to_promote(ask)
    shape = {"promoted": "int", "errors": _BATCH_ERRORS}
    body = await ask.success(json={"photoIds": [photo, NOWHERE]}, shape=shape)
    ask.effect(body["promoted"] == 1, "one was promoted")
    (gold,) = await ask.get("/api/photos", tier="gold")
    await _promoted(ask, photo, gold["id"])
    for wrong in ({}, {"photoIds": []}):
        await ask.error(400, json=wrong)


@route("POST /api/photos/batch")
async def batch(ask: Asker) -> None:
    shape = {**SUCCESS, "processed": "int", "errors": _BATCH_ERRORS, "downloadUrl?": "string"}
    photo = await _ready_to_promote(ask)
    body = {"operation": "addTags", "photoIds": [photo], "params": {"tags": ["zebra"]}}
    ask.effect((await ask.success(json=body, shape=shape))["processed"] == 1, "one photo is tagged")
    ask.effect("zebra" in (await ask.get(f"/api/photos/{photo}"))["metadata"]["ai"]["aiTags"], "the tag is there")
    collection = await ask.library.insert(Collection, name="C")
    body = {"operation": "addToCollection", "photoIds": [photo], "params": {"collectionId": collection}}
    await ask.success(json=body, shape=shape)
    ask.effect(len(await ask.get(f"/api/collections/{collection}/photos")) == 1, "it is in the collection")
    ask.effect((await ask.success(json=body, shape=shape))["processed"] == 0, "only what changed is counted")
    exported = {"operation": "export", "photoIds": [photo], "params": {"format": "zip", "quality": "original"}}
    link = await ask.success(json=exported, shape={**shape, "downloadUrl": "string"})
    archive_ = await ask.library.http.get(link["downloadUrl"])
    ask.effect(archive_.status_code == 200 and archive_.content[:2] == b"PK", "the archive can be fetched")
    await ask.success(json={"operation": "promote", "photoIds": [photo], "params": {"tier": "gold"}}, shape=shape)
    ask.effect(len(await ask.get("/api/photos", tier="gold")) == 1, "it is Gold")
    await ask.success(json={"operation": "delete", "photoIds": [photo], "params": {}}, shape=shape)
    gone = await ask.library.http.get(f"/api/photos/{photo}")
    ask.effect(gone.status_code == 404, "it is deleted")
    await ask.error(400, json={"operation": "paint", "photoIds": [photo], "params": {}})
    missing = {"operation": "addToCollection", "photoIds": [photo], "params": {"collectionId": NOWHERE}}
    await ask.error(404, json=missing)


@route("POST /api/photos/search")
async def search(ask: Asker) -> None:
    dog = await ask.library.add_photo("silver", combined_metadata=_TAGGED, rating=4, keywords=["Rex"])
    await ask.library.add_photo("silver", minute=1, location="Berlin", event_name="Fest", event_type="party")
    both = await ask.success(json={}, shape=SEARCH_RESULT)
    ask.effect(both["totalCount"] == 2, "everything without a filter")
    ask.effect(both["facets"]["tiers"] == {"silver": 2}, "tiers are counted")
    ask.effect(both["facets"]["ratings"] == {"4": 1}, "ratings are counted, without 0")
    for filters in (
        {"query": "BEACH"},
        {"rating": {"min": 3}},
        {"keywords": ["re"]},
        {"tier": "silver", "rating": {"max": 5, "min": 4}},
    ):
        found = await ask.success(json={"filters": filters}, shape=SEARCH_RESULT)
        ask.effect([one["id"] for one in found["photos"]] == [dog["silver"]], f"{filters} finds the dog")
    for filters in ({"location": "berl"}, {"eventType": ["party", "sports"]}, {"eventName": "fes"}):
        found = await ask.success(json={"filters": filters}, shape=SEARCH_RESULT)
        ask.effect(found["totalCount"] == 1 and found["photos"][0]["id"] != dog["silver"], f"{filters} finds the party")
    page = await ask.success(
        json={"limit": 1, "offset": 1, "sort": {"field": "rating", "direction": "desc"}}, shape=SEARCH_RESULT
    )
    ask.effect(page["totalCount"] == 2 and len(page["photos"]) == 1, "the count is before paging")
    await ask.error(400, json={"filters": {"rating": "high"}})


@route("GET /api/photos/{id}/similar")
async def similar(ask: Asker) -> None:
    one_ = (await ask.library.add_photo("silver", perceptual_hash="0" * 64))["silver"]
    near = (await ask.library.add_photo("silver", perceptual_hash="0" * 60 + "1" * 4))["silver"]
    await ask.library.add_photo("silver", perceptual_hash="1" * 64)
    shape = {
        "id": "uuid",
        "filePath": "string",
        "perceptualHash": "bits",
        "tier": "string",
        "originalFilename": "string",
        "similarity": "number",
    }
    found = await ask.success(one_, shape=[shape])
    ask.effect([(row["id"], row["similarity"]) for row in found] == [(near, 94)], "what looks alike")
    ask.effect(await ask.success(one_, params={"threshold": "99"}, shape=[shape]) == [], "the threshold counts")
    ask.effect(await ask.success(NOWHERE, shape=[shape]) == [], "nothing is like nothing")


@route("GET /api/tags/library")
async def tag_library(ask: Asker) -> None:
    await ask.library.http.post("/api/tags/library", json={"tags": ["a", "b"]})
    await ask.library.http.post("/api/tags/library", json={"tags": ["b"]})
    rows = await ask.success(shape=[TAG])
    ask.effect([(row["tag"], row["usage_count"]) for row in rows] == [("b", 2), ("a", 1)], "most used first")


@route("POST /api/tags/library")
async def add_tags(ask: Asker) -> None:
    shape = {"message": "string", "success": Value(True), "added": "any"}
    await ask.success(json={"tags": ["x"]}, shape=shape)
    await ask.success(json={"tags": "x"}, shape=shape)
    (row,) = await ask.get("/api/tags/library")
    ask.effect((row["tag"], row["usage_count"]) == ("x", 2), "it is counted")
    await ask.error(400, json={"tags": 5})


@route("DELETE /api/tags/library/{tag}")
async def remove_tag(ask: Asker) -> None:
    await ask.library.http.post("/api/tags/library", json={"tags": ["a/b #1?"]})
    await ask.success("a%2Fb #1?".replace("%2F", "/"), shape=SUCCESS)
    ask.effect(await ask.get("/api/tags/library") == [], "it is gone")
    await ask.success("nothing", shape=SUCCESS)


@route("GET /api/search")
async def plain_search(ask: Asker) -> None:
    dog = (await ask.library.add_photo("silver", combined_metadata=_TAGGED, rating=4))["silver"]
    await ask.library.add_photo("silver")
    shape = {"photos": [PHOTO], "totalCount": "int", "query": "string", "filtersApplied": "any"}
    found = await ask.success(params={"q": "dog", "ratingMin": "3"}, shape=shape)
    ask.effect([one["id"] for one in found["photos"]] == [dog], "the dog is found")
    await ask.error(400, params={"q": "dog", "limit": "999"})


@route("GET /api/search/suggestions")
async def suggestions(ask: Asker) -> None:
    await ask.library.add_photo("silver", combined_metadata=_TAGGED)
    await ask.library.insert(Person, name="Dora")
    shape = {"query": "string", "suggestions": ["any"], "type": "string"}
    body = await ask.success(params={"q": "do"}, shape=shape)
    ask.effect(len(body["suggestions"]) == 2, "the dog and Dora")
    await ask.error(400)


@route("GET /api/search/facets")
async def facets(ask: Asker) -> None:
    await ask.library.add_photo("silver", combined_metadata=_TAGGED)
    body = await ask.success(params={"filters": "{}"}, shape={"*": {"*": "int"}})
    ask.effect(body["tiers"] == {"silver": 1} and body["tags"].get("dog") == 1, "tiers and tags are counted")
    await ask.error(400, params={"filters": "{"})


_SAVED = {
    "id": "uuid",
    "name": "string",
    "description": "string?",
    "rules": "any",
    "isActive": "bool",
    "createdAt": "timestamp",
    "updatedAt": "timestamp",
}


@route("POST /api/search/save")
async def save_search(ask: Asker) -> None:
    await ask.library.add_photo("silver", rating=5)
    shape = {**SUCCESS, "collectionId": "uuid", "message": "string"}
    body = await ask.success(json={"name": "Best", "filters": {"rating": {"min": 4, "max": 5}}}, shape=shape)
    found = await ask.get(f"/api/collections/{body['collectionId']}/photos")
    ask.effect(len(found) == 1, "it is a smart collection with its photos")
    await ask.error(400, json={"filters": {}})


@route("GET /api/search/saved")
async def saved_searches(ask: Asker) -> None:
    await ask.library.http.post("/api/search/save", json={"name": "Best", "filters": {"rating": {"min": 4}}})
    (row,) = await ask.success(shape=[_SAVED])
    ask.effect(row["name"] == "Best", "it is listed")


@route("DELETE /api/search/saved/{id}")
async def delete_search(ask: Asker) -> None:
    made = await ask.library.http.post("/api/search/save", json={"name": "Best", "filters": {"rating": {"min": 4}}})
    await ask.success(made.json()["collectionId"], shape={**SUCCESS, "message": "string"})
    ask.effect(await ask.get("/api/search/saved") == [], "it is gone")
    await ask.error(404, NOWHERE)
    await ask.error(400, await ask.library.insert(Collection, name="no search"))


@route("GET /api/tags/search")
async def search_tags(ask: Asker) -> None:
    await ask.library.http.post("/api/tags/library", json={"tags": ["dog", "hot dog", "cat"]})
    body = await ask.success(params={"q": "dog"}, shape={"query": "string", "tags": ["any"], "totalFound": "int"})
    ask.effect(body["totalFound"] == 2, "two tags are found")
    await ask.error(400)


@route("GET /api/photos/by-tag/{tag}")
async def by_tag(ask: Asker) -> None:
    dog = (await ask.library.add_photo("silver", combined_metadata=_TAGGED))["silver"]
    await ask.library.add_photo("silver")
    shape = {"tag": "string", "photos": [PHOTO], "totalCount": "int", "limit": "int", "offset": "int"}
    body = await ask.success("dog", shape=shape)
    ask.effect([one["id"] for one in body["photos"]] == [dog], "the dog is found")
    await ask.error(400, "dog", params={"limit": "501"})
