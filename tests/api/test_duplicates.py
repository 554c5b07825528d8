"""Copies of one picture over HTTP."""

from __future__ import annotations

from core.db.tables import DuplicatePair
from core.duplicates.keeping import propose
from core.pipeline.together import archive_together
from tests.api.conftest import Library


async def group_of_two(library: Library) -> tuple[str, dict[str, str], dict[str, str]]:
    """The path of a proposal, and the ids of the picture to keep and of its copy."""
    large = await library.add_photo("bronze", "silver", width=4000, height=3000)
    small = await library.add_photo("bronze", "silver", minute=1, width=400, height=300)
    one, other = sorted((large["asset"], small["asset"]))
    async with library.bench.database.write() as connection:
        await connection.execute(
            DuplicatePair.__table__.insert().values(
                one_id=one, other_id=other, kind="same", similarity=97, reason="They are one picture."
            )
        )
    assert await propose(library.bench.database) == (1, 1)
    (group,) = (await library.send("GET", "/api/daemon/duplicates"))["groups"]
    return f"/api/daemon/duplicates/{group['id']}", large, small


async def test_a_proposal_says_what_should_stay_and_why(library: Library) -> None:
    path, large, small = await group_of_two(library)
    answer = await library.send("GET", "/api/daemon/duplicates")
    assert answer["total"] == 1
    (group,) = answer["groups"]
    assert group == await library.send("GET", path)
    assert (group["kind"], group["similarity"], group["keeperId"]) == ("same", 97, large["asset"])
    assert group["keeperReason"] == "IMG_1.jpg should stay: it has the most pixels (4000 × 3000)."
    first, second = group["members"]
    assert (first["photoId"], first["kind"], first["reason"]) == (large["silver"], None, None)
    assert (second["photoId"], second["kind"], second["reason"]) == (small["silver"], "same", "They are one picture.")
    assert (await library.send("GET", "/api/daemon/duplicates?kind=cut"))["groups"] == []
    assert await library.send("GET", "/api/daemon/duplicates?limit=1&offset=1") == {"groups": [], "total": 1}


async def test_copies_are_archived_and_brought_back(library: Library) -> None:
    path, large, small = await group_of_two(library)
    decided = await library.send("POST", f"{path}/decide", json={"decision": "archive"})
    assert (decided["decision"], [one["isArchived"] for one in decided["members"]]) == ("archive", [False, True])
    assert await library.ids("/api/photos") == [large["silver"]]
    assert (await library.send("GET", "/api/daemon/duplicates"))["total"] == 0
    assert (await library.send("GET", "/api/daemon/duplicates?decision=archive"))["total"] == 1
    reopened = await library.send("POST", f"{path}/undo")
    assert (reopened["decision"], [one["isArchived"] for one in reopened["members"]]) == (None, [False, False])
    assert sorted(await library.ids("/api/photos")) == sorted([large["silver"], small["silver"]])


async def test_the_digest_counts_what_the_list_shows(library: Library) -> None:
    _, _, small = await group_of_two(library)
    assert await open_and_told(library) == (1, 1)
    # put away by hand: there is nothing left to decide
    await archive_together(library.bench, small["silver"])
    assert await open_and_told(library) == (0, 0)


async def open_and_told(library: Library) -> tuple[int, int]:
    listed = await library.send("GET", "/api/daemon/duplicates")
    digest = await library.send("GET", "/api/daemon/digest")
    return listed["total"], digest["waiting"]["duplicates"]


async def test_what_makes_no_sense_is_refused(library: Library) -> None:
    path, _, _ = await group_of_two(library)
    assert (
        "has to stay"
        in (await library.send("POST", f"{path}/decide", 400, json={"decision": "archive", "keep": []}))["message"]
    )
    await library.send("POST", f"{path}/decide", 400, json={"decision": "burn"})
    await library.send("POST", "/api/daemon/duplicates/nothing/decide", 404, json={"decision": "keep"})
    await library.send("POST", f"{path}/decide", json={"decision": "keep"})
    assert (
        "decided before" in (await library.send("POST", f"{path}/decide", 400, json={"decision": "archive"}))["message"]
    )
