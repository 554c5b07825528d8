"""People, relationships, faces."""

from __future__ import annotations

from typing import Any

from core.db.tables import Person
from tests.conformance.asking import NOWHERE, Asker, Page
from tests.conformance.pictures import FACE, upload
from tests.conformance.shape import Value, one_of
from tests.conformance.shapes import (
    FACE as FACE_ROW,
)
from tests.conformance.shapes import (
    FACE_OF_PHOTO,
    LISTED_FACE,
    LISTED_PERSON,
    PERSON,
    PHOTO,
    RELATIONSHIP,
    SUCCESS,
)

PAGE = Page()
route = PAGE.route
_TOLD = {**SUCCESS, "message": "string"}


async def _person(ask: Asker, name: str = "Ada", **columns: Any) -> str:
    body = {"name": name, **columns}
    answer = await ask.library.http.post("/api/people", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def _face(ask: Asker, number: float = 0.0, person: str | None = None, **columns: Any) -> tuple[str, str]:
    """A photo with one face; ``number`` tells faces apart, ``columns`` are the photo's."""
    photo = (await ask.library.add_photo("silver", **columns))["silver"]
    embedding = [number] + [0.0] * 127
    return photo, await ask.library.add_face(photo, embedding=embedding, person_id=person)


@route("GET /api/people")
async def people(ask: Asker) -> None:
    ada = await _person(ask, birthdate="1815-12-10")
    await _face(ask, person=ada)
    bob = await _person(ask, "Bob")
    rows = await ask.success(shape=[LISTED_PERSON])
    ask.effect([row["id"] for row in rows] == [bob, ada], "the newest comes first")
    ask.effect((rows[1]["faceCount"], rows[1]["photoCount"]) == (1, 1), "faces and photos are counted")
    ask.effect(rows[1]["birthdate"].startswith("1815-12-10T"), "the birthdate is a full timestamp")
    ask.effect(rows[1]["coverPhoto"].startswith("temp/") and rows[0]["coverPhoto"] is None, "a cover is a crop")


@route("POST /api/people")
async def create(ask: Asker) -> None:
    body = await ask.success(json={"name": " Zoë ", "birthdate": "2001-02-03", "notes": ""}, shape=PERSON)
    ask.effect((body["name"], body["notes"]) == ("Zoë", None), "empty counts as absent")
    ask.effect([row["id"] for row in await ask.get("/api/people")] == [body["id"]], "it is in the list")
    for wrong in ({}, {"name": ""}, {"name": "x", "birthdate": "soon"}):
        await ask.error(400, json=wrong)


@route("PUT /api/people/{id}")
async def update(ask: Asker) -> None:
    ada = await _person(ask, notes="n", birthdate="1815-12-10")
    await ask.success(ada, json={"name": "Ada L."}, shape=PERSON)
    body = await ask.success(ada, json={"notes": None, "birthdate": None}, shape=PERSON)
    ask.effect((body["name"], body["notes"], body["birthdate"]) == ("Ada L.", None, None), "null clears")
    await ask.error(404, NOWHERE, json={"name": "x"})
    await ask.error(400, ada, json={"birthdate": "soon"})


@route("DELETE /api/people/{id}")
async def delete(ask: Asker) -> None:
    ada, bob = await _person(ask), await _person(ask, "Bob")
    pair = {"person1Id": ada, "person2Id": bob, "relationshipType": "friend"}
    await ask.library.http.post("/api/relationships", json=pair)
    photo, _ = await _face(ask, person=ada)
    await ask.success(ada, shape=_TOLD)
    ask.effect([row["id"] for row in await ask.get("/api/people")] == [bob], "the person is gone")
    ask.effect((await ask.get(f"/api/faces/photo/{photo}"))[0]["personId"] is None, "the face is unassigned")
    ask.effect(await ask.get(f"/api/people/{bob}/relationships") == [], "the relationship is gone")
    await ask.success(NOWHERE, shape=_TOLD)


@route("PUT /api/people/{id}/thumbnail")
async def thumbnail(ask: Asker) -> None:
    ada = await _person(ask)
    _, face = await _face(ask, person=ada)
    _, foreign = await _face(ask)
    body = await ask.success(ada, json={"faceId": face}, shape={**_TOLD, "coverPhoto": "string?"})
    ask.effect((await ask.get("/api/people"))[0]["coverPhoto"] == body["coverPhoto"], "it is the cover")
    for wrong in ({}, {"faceId": foreign}, {"faceId": NOWHERE}):
        await ask.error(400, ada, json=wrong)
    await ask.error(404, NOWHERE, json={"faceId": face})


@route("GET /api/people/{id}/photos")
async def photos(ask: Asker) -> None:
    ada = await _person(ask)
    older = await ask.library.add_photo("silver", "gold", captured_at="2020-01-01T00:00:00")
    await ask.library.add_face(older["silver"], person_id=ada)
    newer, _ = await _face(ask, person=ada, captured_at="2021-01-01T00:00:00")
    rows = await ask.success(ada, shape=[PHOTO])
    ask.effect([row["id"] for row in rows] == [newer, older["gold"]], "the highest tier, newest first")
    ask.effect(await ask.success(NOWHERE, shape=[PHOTO]) == [], "nobody has no photos")


@route("GET /api/people/{id}/relationships")
async def relationships(ask: Asker) -> None:
    ada, bob = await _person(ask), await _person(ask, "Bob")
    pair = {"person1Id": ada, "person2Id": bob, "relationshipType": "parent"}
    await ask.library.http.post("/api/relationships", json=pair)
    for person in (ada, bob):
        (row,) = await ask.success(person, shape=[{**RELATIONSHIP, "person1": PERSON, "person2": PERSON}])
        ask.effect((row["person1"]["name"], row["person2"]["name"]) == ("Ada", "Bob"), "from either side")
    ask.effect(await ask.success(NOWHERE, shape=[RELATIONSHIP]) == [], "nobody has none")


@route("POST /api/relationships")
async def relate(ask: Asker) -> None:
    ada, bob = await _person(ask), await _person(ask, "Bob")
    pair = {"person1Id": ada, "person2Id": bob, "relationshipType": "sibling", "notes": "twins"}
    body = await ask.success(json=pair, shape=RELATIONSHIP)
    ask.effect((await ask.get(f"/api/people/{bob}/relationships"))[0]["id"] == body["id"], "it is there")
    for wrong in (
        pair | {"relationshipType": "rival"},
        pair | {"person2Id": ada},
        pair | {"person2Id": NOWHERE},
        pair,
        {"person1Id": bob, "person2Id": ada, "relationshipType": "friend"},
        {},
    ):
        await ask.error(400, json=wrong)


async def _pair(ask: Asker) -> str:
    ada, bob = await _person(ask), await _person(ask, "Bob")
    pair = {"person1Id": ada, "person2Id": bob, "relationshipType": "friend"}
    return str((await ask.library.http.post("/api/relationships", json=pair)).json()["id"])


@route("PUT /api/relationships/{id}")
async def change_relationship(ask: Asker) -> None:
    body = await ask.success(await _pair(ask), json={"relationshipType": "spouse", "notes": "1999"}, shape=RELATIONSHIP)
    ask.effect((body["relationshipType"], body["notes"]) == ("spouse", "1999"), "it is changed")
    await ask.error(404, NOWHERE, json={"notes": "x"})
    await ask.error(400, body["id"], json={"relationshipType": "rival"})


@route("DELETE /api/relationships/{id}")
async def end_relationship(ask: Asker) -> None:
    pair = await _pair(ask)
    await ask.success(pair, shape=_TOLD)
    await ask.success(pair, shape=_TOLD)
    ada = (await ask.get("/api/people"))[1]["id"]
    ask.effect(await ask.get(f"/api/people/{ada}/relationships") == [], "it is gone")


@route("POST /api/people/{id}/age-in-photo")
async def age(ask: Asker) -> None:
    ada = await _person(ask, birthdate="2000-06-15")
    shape = {"age": "int?", "personName": "string"}
    for day, years in (("2010-06-14", 9), ("2010-06-15", 10), ("1999-01-01", None)):
        ask.effect((await ask.success(ada, json={"photoDate": day}, shape=shape))["age"] == years, f"{years} on {day}")
    await ask.error(400, ada, json={})
    await ask.error(404, NOWHERE, json={"photoDate": "2010-01-01"})
    await ask.error(404, await _person(ask, "Bob"), json={"photoDate": "2010-01-01"})


@route("GET /api/faces/photo/{id}")
async def faces_of_photo(ask: Asker) -> None:
    ada = await _person(ask, birthdate="2000-06-15")
    photo = await ask.library.add_photo("silver", "gold", captured_at="2010-06-16T10:00:00")
    await ask.library.add_face(photo["silver"], person_id=ada)
    for version in ("silver", "gold"):
        (row,) = await ask.success(photo[version], shape=[FACE_OF_PHOTO])
        ask.effect((row["person"]["name"], row["ageInPhoto"]) == ("Ada", 10), f"{version} tells person and age")
    await ask.error(404, NOWHERE)


@route("GET /api/faces")
async def faces(ask: Asker) -> None:
    ada = await _person(ask)
    await _face(ask, person=ada)
    photo = (await ask.library.add_photo("silver"))["silver"]
    await ask.library.add_face(photo, ignored=True)
    ask.effect(len(await ask.success(shape=[LISTED_FACE])) == 2, "all faces, ignored ones too")
    only = await ask.success(params={"personId": ada}, shape=[LISTED_FACE])
    ask.effect([row["personId"] for row in only] == [ada], "or those of one person")


@route("GET /api/faces/unassigned")
async def unassigned(ask: Asker) -> None:
    await _face(ask, person=await _person(ask))
    _, free = await _face(ask)
    rows = await ask.success(shape=[LISTED_FACE])
    ask.effect([row["id"] for row in rows] == [free], "only those without a person")


@route("GET /api/faces/ignored")
async def ignored(ask: Asker) -> None:
    _, face = await _face(ask)
    await ask.library.http.post(f"/api/faces/{face}/ignore")
    ask.effect([row["id"] for row in await ask.success(shape=[LISTED_FACE])] == [face], "the ignored one")


@route("GET /api/faces/grouped")
async def grouped(ask: Asker) -> None:
    ada = await _person(ask)
    await _face(ask, 9.0, person=ada)
    alike = {(await _face(ask, number))[1] for number in (0.0, 0.05, 0.1)}
    _, single = await _face(ask, 5.0)
    shape = {
        "assignedGroups": [
            {"type": Value("person"), "personId": "uuid", "personName": "string", "faces": [LISTED_FACE]}
        ],
        "unassignedGroups": [
            {
                "type": one_of("similarity", "single"),
                "groupId": "string",
                "groupName": "string",
                "faces": [LISTED_FACE],
                "avgConfidence": "int",
            }
        ],
        "totalFaces": "int",
        "assignedCount": "int",
        "unassignedCount": "int",
    }
    body = await ask.success(shape=shape)
    groups = {frozenset(face["id"] for face in group["faces"]) for group in body["unassignedGroups"]}
    ask.effect(groups == {frozenset(alike), frozenset({single})}, "who looks alike stands together")
    counts = (body["totalFaces"], body["assignedCount"], body["unassignedCount"])
    ask.effect(counts == (5, 1, 4), f"faces are counted: {counts}")


async def _known_and_new(ask: Asker) -> tuple[str, str]:
    """A person with three faces, and a face that looks like them."""
    ada = await _person(ask)
    for number in (0.0, 0.02, 0.04):
        await _face(ask, number, person=ada)
    return ada, (await _face(ask, 0.01))[1]


@route("GET /api/faces/suggestions")
async def suggestions(ask: Asker) -> None:
    ask.effect(await ask.success(shape=["any"]) == [], "without people there are none")
    ada, face = await _known_and_new(ask)
    suggestion = {"personId": "uuid", "personName": "string", "confidence": "int", "representativeFace": "string"}
    (row,) = await ask.success(shape=[{"faceId": "uuid", "suggestions": [suggestion]}])
    ask.effect((row["faceId"], row["suggestions"][0]["personId"]) == (face, ada), "the face may be Ada")


@route("POST /api/faces/assign")
async def assign(ask: Asker) -> None:
    ada = await _person(ask)
    photo, face = await _face(ask)
    await ask.library.http.post(f"/api/faces/{face}/ignore")
    shape = {**SUCCESS, "assigned": "int"}
    body = await ask.success(json={"faceIds": [face], "personId": ada}, shape=shape)
    (row,) = await ask.get(f"/api/faces/photo/{photo}")
    ask.effect((body["assigned"], row["personId"], row["ignored"]) == (1, ada, False), "it is Ada's and not ignored")
    again = await ask.success(json={"faceIds": [face], "personId": ada}, shape=shape)
    ask.effect(again["assigned"] == 0, "only what changed is counted")
    await ask.success(json={"faceIds": [face], "personId": None}, shape=shape)
    ask.effect((await ask.get(f"/api/faces/photo/{photo}"))[0]["personId"] is None, "null takes it back")
    await ask.error(404, json={"faceIds": [face], "personId": NOWHERE})
    await ask.error(400, json={"personId": ada})


@route("POST /api/face-assignments")
async def assign_one(ask: Asker) -> None:
    ada = await _person(ask)
    photo, face = await _face(ask)
    shape = {**SUCCESS, "faceId": Value(face), "personId": Value(ada)}
    await ask.success(json={"faceId": face, "personId": ada}, shape=shape)
    ask.effect((await ask.get(f"/api/faces/photo/{photo}"))[0]["personId"] == ada, "it is Ada's")
    await ask.error(404, json={"faceId": NOWHERE, "personId": ada})
    await ask.error(404, json={"faceId": face, "personId": NOWHERE})


@route("POST /api/faces/batch-assign")
async def batch_assign(ask: Asker) -> None:
    ada = await _person(ask)
    photo, face = await _face(ask)
    assignments = [{"faceId": face, "personId": ada}, {"faceId": NOWHERE, "personId": ada}]
    body = await ask.success(json={"assignments": assignments}, shape={"success": "int", "failed": "int"})
    ask.effect((body["success"], body["failed"]) == (1, 1), "each is counted")
    ask.effect((await ask.get(f"/api/faces/photo/{photo}"))[0]["personId"] == ada, "it is Ada's")
    await ask.error(400, json={"assignments": "all"})


@route("POST /api/faces/reprocess")
async def reprocess(ask: Asker) -> None:
    ada, face = await _known_and_new(ask)
    suggestion = {
        "suggestedPersonId": "uuid",
        "suggestedPersonName": "string",
        "confidence": "int",
        "faceIds": ["uuid"],
    }
    body = await ask.success(shape={"message": "string", "suggestions": "int", "data": [suggestion]})
    ask.effect(body["data"][0]["suggestedPersonId"] == ada and body["data"][0]["faceIds"] == [face], "Ada is suggested")
    ask.effect(body["data"][0]["confidence"] <= 95, "never quite sure")
    ask.effect(len(await ask.get("/api/faces/unassigned")) == 1, "nothing is assigned")


@route("POST /api/faces/{id}/ignore")
async def ignore(ask: Asker) -> None:
    _, face = await _face(ask)
    await ask.success(face, shape=SUCCESS)
    ask.effect(await ask.get("/api/faces/unassigned") == [], "it is not asked about any more")
    await ask.error(404, NOWHERE)


@route("POST /api/faces/{id}/unignore")
async def unignore(ask: Asker) -> None:
    _, face = await _face(ask)
    await ask.library.http.post(f"/api/faces/{face}/ignore")
    await ask.success(face, shape=SUCCESS)
    ask.effect(await ask.get("/api/faces/ignored") == [], "it is back")
    await ask.error(404, NOWHERE)


@route("POST /api/faces/bulk-ignore")
async def bulk_ignore(ask: Asker) -> None:
    _, face = await _face(ask)
    await ask.success(json={"faceIds": [face]}, shape={**SUCCESS, "ignored": Value(1)})
    ask.effect(len(await ask.get("/api/faces/ignored")) == 1, "it is ignored")
    await ask.error(400, json={})


@route("POST /api/faces/bulk-unignore")
async def bulk_unignore(ask: Asker) -> None:
    _, face = await _face(ask)
    await ask.library.http.post(f"/api/faces/{face}/ignore")
    await ask.success(json={"faceIds": [face]}, shape={**SUCCESS, "unignored": Value(1)})
    ask.effect(await ask.get("/api/faces/ignored") == [], "it is back")
    await ask.error(400, json={})


@route("GET /api/faces/{id}/crop")
async def crop(ask: Asker) -> None:
    photo = await upload(ask, "face.jpg", FACE)
    (face,) = await ask.get(f"/api/faces/photo/{photo}")
    body = await ask.success(face["id"], shape={"cropUrl": "string"})
    picture = await ask.library.http.get(f"/api/files/{body['cropUrl']}")
    ask.effect(picture.headers["content-type"] == "image/jpeg", "it is a picture")
    await ask.error(404, NOWHERE)


@route("POST /api/photos/{id}/detect-faces")
async def detect(ask: Asker) -> None:
    photo = await upload(ask, "face.jpg", FACE)
    shape = {"photo": Value("face.jpg"), "facesDetected": "int", "faces": [FACE_ROW]}
    body = await ask.success(photo, shape=shape)
    ask.effect(body["facesDetected"] == 1 and len(await ask.get("/api/faces")) == 1, "no face is there twice")
    await ask.error(404, NOWHERE)


@route("GET /api/people/{id}")
async def person(ask: Asker) -> None:
    ada = await _person(ask)
    await ask.success(ada, shape={**LISTED_PERSON, "*": "any"})
    await ask.error(404, NOWHERE)


@route("POST /api/people/merge")
async def merge(ask: Asker) -> None:
    ada, double = await _person(ask), await _person(ask, "Ada?", birthdate="1815-12-10")
    photo, _ = await _face(ask, person=double)
    shape = {**_TOLD, "targetPersonId": Value(ada), "mergedFaces": "int", "mergedRelationships": "int"}
    both = {"sourcePersonId": double, "targetPersonId": ada, "keepSourceData": True}
    body = await ask.success(json=both, shape=shape)
    ask.effect(body["mergedFaces"] == 1, "the face moves")
    ask.effect((await ask.get(f"/api/faces/photo/{photo}"))[0]["personId"] == ada, "it is Ada's")
    (row,) = await ask.get("/api/people")
    ask.effect(row["birthdate"].startswith("1815-12-10"), "what was missing is filled in")
    await ask.error(400, json={"sourcePersonId": ada, "targetPersonId": ada})
    await ask.error(404, json={"sourcePersonId": NOWHERE, "targetPersonId": ada})


@route("GET /api/people/statistics")
async def statistics(ask: Asker) -> None:
    await _face(ask, person=await _person(ask))
    await ask.library.insert(Person, name="Bob")
    top = {"id": "uuid", "name": "string", "photoCount": "int", "faceCount": "int"}
    shape = {
        "totalPeople": "int",
        "peopleWithFaces": "int",
        "averagePhotosPerPerson": "number",
        "topPeople": [top],
    }
    body = await ask.success(shape=shape)
    ask.effect((body["totalPeople"], body["peopleWithFaces"]) == (2, 1), "people are counted")


@route("POST /api/people/bulk-update")
async def bulk_update(ask: Asker) -> None:
    ada = await _person(ask)
    shape = {"success": "bool", "updatedCount": "int", "errors": ["any"], "message": "string"}
    body = await ask.success(json={"personIds": [ada, NOWHERE], "updates": {"notes": "n"}}, shape=shape)
    ask.effect((body["updatedCount"], len(body["errors"])) == (1, 1), "one is unknown")
    ask.effect((await ask.get("/api/people"))[0]["notes"] == "n", "it is stored")
    await ask.error(400, json={"personIds": "all"})
