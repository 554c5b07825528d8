"""Whose faces without a name may be, over HTTP: proposed at night, decided by a person, remembered."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

from core.db.tables import Person
from core.passes.runner import Wanted
from tests.api.conftest import NOWHERE, Library
from tests.api.test_faces import looks

SUGGESTIONS, GROUPS = "/api/daemon/faces/suggestions", "/api/daemon/faces/groups"


async def look(library: Library) -> None:
    run = await library.passes.run(Wanted("people", is_asked=True))
    assert run.state == "done", run.reason


async def decide(library: Library, what: str, *pairs: tuple[str, str]) -> Any:
    body = {"suggestions": [{"faceId": face, "personId": person} for face, person in pairs]}
    return await library.send("POST", f"{SUGGESTIONS}/{what}", json=body)


async def test_suggestions_are_accepted_dismissed_and_taken_back(library: Library) -> None:
    ada = await library.insert(Person, name="Ada")
    photo = (await library.add_photo("silver"))["silver"]
    await library.add_face(photo, person_id=ada, embedding=looks(1))
    sure, likely = [await library.add_face(photo, embedding=looks(1, apart)) for apart in (0.2, 0.5)]
    await look(library)
    found = await library.send("GET", SUGGESTIONS)
    assert found["total"] == 2
    first, second = found["suggestions"]
    assert (first["faceId"], first["photoId"], first["personId"], first["personName"]) == (sure, photo, ada, "Ada")
    assert first["faceCropUrl"] == f"temp/face_crop_{sure}_10x20x30x40.jpg"
    assert first["confidence"] > second["confidence"] >= 75
    assert (await library.send("GET", f"{SUGGESTIONS}?limit=1&offset=1"))["suggestions"] == [second]
    assert (await library.send("GET", f"{SUGGESTIONS}?personId={NOWHERE}"))["total"] == 0
    assert (await library.send("GET", "/api/daemon/digest"))["waiting"]["suggestedFaces"] == 2

    async with aclosing(library.feed.follow()) as announcements:
        told = asyncio.ensure_future(anext(announcements))
        await library.feed.until_followed()
        assert await decide(library, "dismiss", (likely, ada)) == {"changed": 1}
        announced = await told
        assert (announced.kind, announced.facts) == ("faces", {"faces": 1, "state": "dismissed"})
    assert await decide(library, "accept", (sure, ada)) == {"changed": 1}
    assert await library.send("GET", SUGGESTIONS) == {"suggestions": [], "total": 0}
    (dismissed,) = (await library.send("GET", f"{SUGGESTIONS}?dismissed=true"))["suggestions"]
    assert (dismissed["faceId"], dismissed["personId"], dismissed["confidence"]) == (likely, ada, None)
    await look(library)
    assert (await library.send("GET", SUGGESTIONS))["total"] == 0
    assert await library.send("GET", "/api/faces/suggestions") == []
    assert await decide(library, "undo", (likely, ada)) == {"changed": 1}
    await look(library)
    assert [one["faceId"] for one in (await library.send("GET", SUGGESTIONS))["suggestions"]] == [likely]


async def test_a_face_that_has_a_name_by_now_keeps_it(library: Library) -> None:
    ada, eve = await library.insert(Person, name="Ada"), await library.insert(Person, name="Eve")
    photo = (await library.add_photo("silver"))["silver"]
    await library.add_face(photo, person_id=ada, embedding=looks(1))
    face = await library.add_face(photo, embedding=looks(1, 0.2))
    await look(library)
    await library.send("POST", "/api/face-assignments", json={"faceId": face, "personId": eve})
    assert await decide(library, "accept", (face, ada)) == {"changed": 0}
    assert [one["id"] for one in await library.send("GET", f"/api/faces?personId={eve}")] == [face]


async def test_a_group_gets_a_name_or_is_dismissed(library: Library) -> None:
    photo = (await library.add_photo("silver"))["silver"]
    faces = [
        await library.add_face(photo, embedding=looks(2, apart), confidence=90 - n)
        for n, apart in enumerate((0, 0.1, 0.2))
    ]
    await look(library)
    found = await library.send("GET", GROUPS)
    (group,) = found["groups"]
    path = f"{GROUPS}/{group['id']}"
    assert (found["total"], [face["faceId"] for face in group["faces"]]) == (1, faces)
    assert group == await library.send("GET", path)
    assert (await library.send("GET", "/api/daemon/digest"))["waiting"]["faceGroups"] == 1
    assert (await library.send("GET", f"{GROUPS}?dismissed=true"))["groups"] == []

    dismissed = await library.send("POST", f"{path}/dismiss")
    assert dismissed["dismissedAt"] is not None
    await library.send("POST", f"{path}/accept", 400, json={"name": "Eve"})
    await look(library)
    assert await library.send("GET", GROUPS) == {"groups": [], "total": 0}
    assert [one["id"] for one in (await library.send("GET", f"{GROUPS}?dismissed=true"))["groups"]] == [group["id"]]
    # nor are they together where everything is compared at once
    at_once = await library.send("GET", "/api/faces/grouped")
    assert [len(one["faces"]) for one in at_once["unassignedGroups"]] == [1, 1, 1]
    assert (await library.send("POST", f"{path}/undo"))["dismissedAt"] is None

    for body in ({}, {"name": "Eve", "personId": NOWHERE}, {"name": "Eve", "faceIds": [NOWHERE]}):
        await library.send("POST", f"{path}/accept", 400, json=body)
    await library.send("POST", f"{path}/accept", 404, json={"personId": NOWHERE})
    assert await library.send("GET", "/api/people") == []
    named = await library.send("POST", f"{path}/accept", json={"name": "Eve", "faceIds": faces[:1]})
    assert named["changed"] == 1
    left = (await library.send("GET", path))["faces"]
    assert [face["faceId"] for face in left] == faces[1:]
    assert await library.send("POST", f"{path}/accept", json={"personId": named["personId"]}) == {
        "personId": named["personId"],
        "changed": 2,
    }
    assert (await library.send("GET", GROUPS))["total"] == 0
    await library.send("GET", f"{GROUPS}/nothing", 404)
    await library.send("POST", f"{GROUPS}/nothing/dismiss", 404)
