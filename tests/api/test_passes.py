"""Passes over HTTP: which there are, running one, cancelling one, and how they went."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from tests.api.conftest import Library


async def test_passes_are_listed_run_and_told_of(library: Library) -> None:
    listed = await library.send("GET", "/api/daemon/passes")
    assert {each["name"]: each["lastRun"] for each in listed}["thumbnails"] is None
    assert await library.send("POST", "/api/daemon/passes/thumbnails/run", 202) == {
        "name": "thumbnails",
        "isNew": True,
    }
    assert (await library.send("POST", "/api/daemon/passes/thumbnails/run", 202))["isNew"] is False
    waiting = {each["name"]: each["waiting"] for each in await library.send("GET", "/api/daemon/passes")}
    assert waiting["thumbnails"] is True
    working = asyncio.create_task(library.passes.work())
    async with asyncio.timeout(60), aclosing(library.feed.follow()) as announcements:
        async for announcement in announcements:
            if announcement.facts["state"] == "done":
                break
    library.passes.stop()
    await working
    history = await library.send("GET", "/api/daemon/passes/history?name=thumbnails&limit=5")
    (run,) = history
    assert (run["state"], run["asked"], run["dryRun"]) == ("done", True, False)
    assert run["report"]["made"] == 0
    assert (run["perSecond"], run["secondsLeft"], run["timeLimit"]) == (
        round(run["done"] / run["seconds"], 3),
        None,
        None,
    )
    (thumbnails,) = (each for each in await library.send("GET", "/api/daemon/passes") if each["name"] == "thumbnails")
    assert thumbnails["lastSuccess"] == run["endedAt"]
    assert thumbnails["lastRun"] == run


async def test_a_pass_that_waits_is_cancelled(sqlite_library: Library) -> None:
    await sqlite_library.send("POST", "/api/daemon/passes/thumbnails/run", 202, json={"dryRun": True})
    await sqlite_library.send("POST", "/api/daemon/passes/thumbnails/run", 202)
    assert await sqlite_library.send("GET", "/api/daemon/passes/queue") == [
        {"name": "thumbnails", "dryRun": is_dry, "asked": True, "state": "waiting"} for is_dry in (False, True)
    ]
    assert await sqlite_library.send("POST", "/api/daemon/passes/thumbnails/cancel", 202) == {"name": "thumbnails"}
    refused = await sqlite_library.send("POST", "/api/daemon/passes/thumbnails/cancel", 400)
    assert refused["message"] == "thumbnails is neither running nor waiting, and was not interrupted."


async def test_a_limit_of_time_is_for_passes_that_heed_it(sqlite_library: Library) -> None:
    ask = {"timeLimit": 600}
    assert (await sqlite_library.send("POST", "/api/daemon/passes/verify/run", 202, json=ask))["isNew"] is True
    refused = await sqlite_library.send("POST", "/api/daemon/passes/thumbnails/run", 400, json=ask)
    assert "thumbnails always goes to its end" in refused["message"]
    await sqlite_library.send("POST", "/api/daemon/passes/verify/run", 400, json={"timeLimit": -1})


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "nothing/run"), ("POST", "nothing/cancel"), ("GET", "history?name=nothing")],
)
async def test_what_is_no_pass_is_told(sqlite_library: Library, method: str, path: str) -> None:
    answer = await sqlite_library.send(method, f"/api/daemon/passes/{path}", 404)
    assert "no pass called nothing" in answer["message"]
