"""Faces: whose they are, whose they may be, and what a person says of them."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import delete, select

from core.db.tables import Person, Sidecar
from core.library.layout import Layout
from tests.api.conftest import FIXTURES, NOON, Library

pytestmark = pytest.mark.asyncio

FACE_KEYS = {
    "id",
    "photoId",
    "personId",
    "boundingBox",
    "confidence",
    "ignored",
    "createdAt",
    "faceCropUrl",
    "faceCrop",
}


def looks(person: int, distance: float = 0.0) -> list[float]:
    """An embedding: people are 2 apart, and faces of one so far from their person."""
    numbers = [0.0] * 128
    numbers[person], numbers[127] = math.sqrt(2), distance
    return numbers


async def read(library: Library, path: str, **query: Any) -> Any:
    answer = await library.http.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def post(library: Library, path: str, body: Any = None, status: int = 200) -> Any:
    answer = await library.http.post(path, json=body) if body is not None else await library.http.post(path)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert answer.json()["message"] == answer.json()["error"]
    return answer.json()


async def test_lists_of_faces_have_the_photo_that_is_shown_and_no_embedding(library: Library) -> None:
    ada = await library.insert(Person, name="Ada", birthdate=NOON.replace(year=2000))
    photo = await library.add_photo("bronze", "silver", "gold", captured_at="2020-08-01T10:00:00")
    named = await library.add_face(photo["silver"], person_id=ada, created_at=NOON)
    unnamed, ignored = await library.add_face(photo["silver"]), await library.add_face(photo["silver"], ignored=True)
    gone = await library.add_photo("silver", archived_at=NOON)
    await library.add_face(gone["silver"])
    faces = {face["id"]: face for face in await read(library, "/api/faces")}
    assert set(faces) == {named, unnamed, ignored}
    assert set(faces[named]) == FACE_KEYS | {"photo", "ageInPhoto"}
    face = dict(faces[named])
    assert face.pop("photo")["id"] == photo["gold"]
    assert face == {
        "id": named,
        "photoId": photo["silver"],
        "personId": ada,
        "boundingBox": [10, 20, 30, 40],
        "confidence": 93,
        "ignored": False,
        "createdAt": "2025-08-01T12:00:00.789Z",
        "faceCropUrl": f"temp/face_crop_{named}_10x20x30x40.jpg",
        "faceCrop": f"temp/face_crop_{named}_10x20x30x40.jpg",
        "ageInPhoto": 20,
    }
    assert faces[unnamed]["ageInPhoto"] is None
    assert faces[unnamed]["photo"]["mediaAsset"]["originalFilename"] == "IMG_1.jpg"
    assert await library.ids("/api/faces/unassigned") == [unnamed]
    assert await library.ids("/api/faces/ignored") == [ignored]
    assert await library.ids("/api/faces", personId=ada) == [named]
    assert ignored not in await library.ids("/api/faces", includeIgnored="false")
    everything = await library.ids("/api/faces")
    assert await library.ids("/api/faces", limit=1, offset=1) == everything[1:2]


async def test_faces_of_a_photo_are_those_of_its_asset(library: Library) -> None:
    ada = await library.insert(Person, name="Ada", birthdate=NOON.replace(year=2000))
    photo = await library.add_photo("silver", "gold", captured_at="2020-08-01T10:00:00")
    named = await library.add_face(photo["silver"], person_id=ada, created_at=NOON)
    await library.add_face(photo["silver"])
    for version in ("silver", "gold"):
        first, second = await read(library, f"/api/faces/photo/{photo[version]}")
        assert set(first) == FACE_KEYS | {"person", "ageInPhoto"}
        assert (first["id"], first["person"]["name"], first["ageInPhoto"]) == (named, "Ada", 20)
        assert set(second) == FACE_KEYS
    assert (await library.http.get("/api/faces/photo/nothing")).status_code == 404


async def test_assigning_changes_all_or_nothing_and_can_be_taken_back(library: Library) -> None:
    ada = await library.insert(Person, name="Ada")
    photo = await library.add_photo("silver")
    one, two = await library.add_face(photo["silver"]), await library.add_face(photo["silver"], ignored=True)
    both = {"faceIds": [one, two], "personId": ada}
    assert await post(library, "/api/faces/assign", both) == {"success": True, "assigned": 2}
    assert await library.ids("/api/faces/ignored") == []
    assert set(await library.ids("/api/faces", personId=ada)) == {one, two}
    assert await post(library, "/api/faces/assign", both) == {"success": True, "assigned": 0}
    await post(library, "/api/faces/assign", {"faceIds": [one, "none"], "personId": None}, 404)
    await post(library, "/api/faces/assign", {"faceIds": [one], "personId": "nobody"}, 404)
    for bad in ({}, {"faceIds": one, "personId": ada}, {"faceIds": [one]}, {"personId": ada}):
        await post(library, "/api/faces/assign", bad, 400)
    assert set(await library.ids("/api/faces", personId=ada)) == {one, two}
    taken_back = {"faceIds": [one], "personId": None}
    assert await post(library, "/api/faces/assign", taken_back) == {"success": True, "assigned": 1}
    assert await library.ids("/api/faces/unassigned") == [one]

    single = {"faceId": one, "personId": ada}
    assert await post(library, "/api/face-assignments", single) == {"success": True} | single
    await post(library, "/api/face-assignments", single | {"faceId": "none"}, 404)
    await post(library, "/api/face-assignments", single | {"personId": "nobody"}, 404)
    await post(library, "/api/face-assignments", {}, 400)
    pairs = [{"faceId": one, "personId": None}, {"faceId": two, "personId": "nobody"}, {"faceId": "x", "personId": ada}]
    assert await post(library, "/api/faces/batch-assign", {"assignments": pairs}) == {"success": 1, "failed": 2}
    assert await library.ids("/api/faces/unassigned") == [one]
    await post(library, "/api/faces/batch-assign", {}, 400)


async def test_many_who_name_the_same_faces_at_once_take_turns(library: Library) -> None:
    people = [await library.insert(Person, name=name) for name in ("Ada", "Bob", "Cy")]
    photos = [(await library.add_photo("silver"))["silver"] for _ in range(4)]
    faces = [await library.add_face(photo) for photo in photos for _ in range(4)]

    def assignments(number: int, some: list[str]) -> list[dict[str, str]]:
        mixed = random.Random(number).sample(some, len(some))
        return [{"faceId": one, "personId": people[(place + number) % 3]} for place, one in enumerate(mixed)]

    # of the same faces, and of others on the same photos
    wanted = [assignments(number, faces if number % 2 else faces[number // 2 % 4 :: 4]) for number in range(10)]
    requests = [library.http.post("/api/faces/batch-assign", json={"assignments": each}) for each in wanted]
    answers = await asyncio.gather(*requests)
    assert [answer.json() for answer in answers] == [{"success": len(each), "failed": 0} for each in wanted]


async def test_ignoring_is_seen_at_once_and_taken_back(library: Library) -> None:
    photo = await library.add_photo("silver")
    one, two = [await library.add_face(photo["silver"]) for _ in range(2)]
    assert await post(library, f"/api/faces/{one}/ignore") == {"success": True}
    assert await library.ids("/api/faces/unassigned") == [two]
    assert await post(library, f"/api/faces/{one}/unignore") == {"success": True}
    for verb in ("ignore", "unignore"):
        await post(library, f"/api/faces/none/{verb}", status=404)
        await post(library, f"/api/faces/bulk-{verb}", {}, 400)
    ids = {"faceIds": [one, two, "none"]}
    assert await post(library, "/api/faces/bulk-ignore", ids) == {"success": True, "ignored": 2}
    assert await library.ids("/api/faces/unassigned") == []
    assert await post(library, "/api/faces/bulk-unignore", ids) == {"success": True, "unignored": 2}
    assert await library.ids("/api/faces/ignored") == []


async def test_ignoring_and_taking_it_back_is_written_into_the_sidecars(library: Library) -> None:
    photo, other = await library.add_photo("bronze", "silver", "gold"), await library.add_photo("silver")
    face, ignored = await library.add_face(photo["silver"]), await library.add_face(other["silver"], ignored=True)
    for verb, written in (
        ("ignore", {photo["silver"], photo["gold"]}),
        ("ignore", set()),
        ("unignore", {photo["silver"], photo["gold"], other["silver"]}),
    ):
        await post(library, f"/api/faces/bulk-{verb}", {"faceIds": [face, ignored]})
        async with library.bench.database.write() as connection:
            assert set((await connection.execute(select(Sidecar.version_id))).scalars()) == written
            await connection.execute(delete(Sidecar))


async def test_faces_are_grouped_by_person_and_by_likeness(library: Library) -> None:
    nothing = await read(library, "/api/faces/grouped")
    assert nothing == {
        "assignedGroups": [],
        "unassignedGroups": [],
        "totalFaces": 0,
        "assignedCount": 0,
        "unassignedCount": 0,
    }
    ada = await library.insert(Person, name="Ada")
    photo = await library.add_photo("silver")

    async def face(**columns: Any) -> str:
        return await library.add_face(photo["silver"], **columns)

    named = await face(person_id=ada)
    first = await face(embedding=looks(1), confidence=99)
    three = {first, await face(embedding=looks(1, 0.1)), await face(embedding=looks(1, 0.2))}
    pair = {await face(embedding=looks(2)), await face(embedding=looks(2, 0.1))}
    apart = {await face(embedding=looks(3)), await face(embedding=looks(3, 0.48))}
    without = await face(embedding=None)
    await face(ignored=True)
    grouped = await read(library, "/api/faces/grouped")
    assert (grouped["totalFaces"], grouped["assignedCount"], grouped["unassignedCount"]) == (10, 1, 8)
    (group,) = grouped["assignedGroups"]
    assert (group["type"], group["personId"], group["personName"]) == ("person", ada, "Ada")
    assert set(group["faces"][0]) == FACE_KEYS | {"photo"}
    assert group["faces"][0]["id"] == named
    found = [({face["id"] for face in each["faces"]}, each["type"]) for each in grouped["unassignedGroups"]]
    assert found[:2] == [(three, "similarity"), (pair, "similarity")]
    assert {next(iter(ids)) for ids, kind in found[2:] if kind == "single"} == apart | {without}
    large = grouped["unassignedGroups"][0]
    assert large["groupId"] == f"similar_{first}" == f"similar_{large['faces'][0]['id']}"
    assert 97 <= large["avgConfidence"] <= 100
    assert set(large) == {"type", "groupId", "groupName", "faces", "avgConfidence"}
    assert all(each["avgConfidence"] == 0 for each in grouped["unassignedGroups"][2:])
    assert await read(library, "/api/faces/grouped") == grouped
    fewer = await read(library, "/api/faces/grouped", minGroupSize=3)
    assert [len(each["faces"]) for each in fewer["unassignedGroups"]] == [3, 1, 1, 1, 1, 1]
    assert (await library.http.get("/api/faces/grouped?minGroupSize=1")).status_code == 400


async def test_suggestions_and_looking_again(library: Library) -> None:
    assert await read(library, "/api/faces/suggestions") == []
    ada, child = (
        await library.insert(Person, name="Ada"),
        await library.insert(Person, name="Bo", birthdate=NOON.replace(year=2018)),
    )
    photo = await library.add_photo("silver", captured_at="2020-08-01T10:00:00")

    async def face(**columns: Any) -> str:
        return await library.add_face(photo["silver"], **columns)

    cover = await face(person_id=ada, embedding=looks(1), created_at=NOON)
    await face(person_id=child, embedding=looks(2))
    near = await face(embedding=looks(1, 0.1))
    perhaps = await face(embedding=looks(1, 0.56))
    await face(embedding=looks(1, 0.1), ignored=True)
    await face(embedding=looks(2, 0.56))  # for a child that is too far
    small = await face(embedding=looks(2, 0.3))
    await face(embedding=looks(5))
    found = {each["faceId"]: each["suggestions"] for each in await read(library, "/api/faces/suggestions")}
    assert set(found) == {near, perhaps, small}
    (suggested,) = found[perhaps]
    assert suggested == {
        "personId": ada,
        "personName": "Ada",
        "confidence": suggested["confidence"],
        "representativeFace": f"/api/faces/{cover}/crop",
    }
    assert 75 <= suggested["confidence"] < 90
    assert len(await read(library, "/api/faces/suggestions", limit=1)) == 1
    sure = await read(library, "/api/faces/suggestions", confidenceThreshold=0.9)
    assert {each["faceId"] for each in sure} == {near, small}
    assert (await library.http.get("/api/faces/suggestions?limit=0")).json()["error"]
    again = await post(library, "/api/faces/reprocess")
    assert set(again) == {"message", "suggestions", "data"}
    assert again["suggestions"] == 2
    assert {(each["suggestedPersonId"], each["suggestedPersonName"], *each["faceIds"]) for each in again["data"]} == {
        (ada, "Ada", near),
        (child, "Bo", small),
    }
    assert all(each["confidence"] <= 95 for each in again["data"])
    assert near in await library.ids("/api/faces/unassigned")


async def test_the_crop_of_a_face_is_made_when_it_is_asked_for(library: Library) -> None:
    picture = BytesIO()
    Image.new("RGB", (300, 200), "orange").save(picture, "JPEG")
    photo = await library.add_photo("silver", file_path="media/silver/2025/08/a #1.jpg")
    library.add_file("media/silver/2025/08/a #1.jpg", picture.getvalue())
    face = await library.add_face(photo["silver"])
    answer = await read(library, f"/api/faces/{face}/crop")
    assert answer == {"cropUrl": f"temp/face_crop_{face}_10x20x30x40.jpg"}
    kept = library.bench.layout.absolute(answer["cropUrl"])
    assert not kept.exists()
    crop = await library.http.get(f"/api/files/{answer['cropUrl']}")
    assert crop.status_code == 200, crop.text
    assert Image.open(BytesIO(crop.content)).size == (200, 200)
    assert kept.read_bytes() == crop.content
    assert (await library.http.get("/api/faces/none/crop")).status_code == 404
    for name in (f"{face}_1x1x1x1", "none_10x20x30x40"):
        assert (await library.http.get(f"/api/files/temp/face_crop_{name}.jpg")).status_code == 404


async def test_looking_for_faces_again_keeps_who_was_named(
    library: Library, with_cache: Callable[[Layout], None]
) -> None:
    with_cache(library.bench.layout)
    ada = await library.insert(Person, name="Ada")
    path = "media/silver/2025/08/astronaut.jpg"
    photo = await library.add_photo("silver", file_path=path)
    library.add_file(path, (FIXTURES / "astronaut.jpg").read_bytes())
    first = await post(library, f"/api/photos/{photo['silver']}/detect-faces")
    assert set(first) == {"photo", "facesDetected", "faces"}
    assert (first["photo"], first["facesDetected"]) == ("IMG_1.jpg", 1)
    (face,) = first["faces"]
    assert set(face) == FACE_KEYS
    await post(library, "/api/faces/assign", {"faceIds": [face["id"]], "personId": ada})
    again = await post(library, f"/api/photos/{photo['silver']}/detect-faces")
    assert again["facesDetected"] == 1
    assert (again["faces"][0]["id"], again["faces"][0]["person"]["name"]) == (face["id"], "Ada")
    assert await library.ids("/api/faces") == [face["id"]]
    detection = (await read(library, f"/api/photos/{photo['silver']}"))["metadata"]["faceDetection"]
    assert (detection["attempted"], detection["failed"]) == (True, False)
    await post(library, "/api/photos/nothing/detect-faces", status=404)


async def test_a_picture_that_cannot_be_looked_at_is_told(library: Library) -> None:
    photo = await library.add_photo("silver")
    library.add_file(f"media/silver/2025/08/{photo['silver']}.jpg", b"no picture")
    await post(library, f"/api/photos/{photo['silver']}/detect-faces", status=500)
