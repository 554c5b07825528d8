"""Over the API: how describing goes, asking again, taking back, pausing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.ai.provider import Answered, Confidences, Description, Usage
from core.backlog import queue
from core.backlog.answers import store_answer
from core.backlog.queue import Waiting
from core.backlog.states import BacklogState
from core.db.tables import utc_now
from tests.api.conftest import NOWHERE, Library

SAID = Description(
    ai_tags=("kite",),
    short_description="A girl with a kite",
    long_description="A girl flies a kite.",
    file_description="Kite",
    detected_objects=(),
    detected_events=(),
    ai_confidence_scores=Confidences(tags=0.9),
    provider="ollama",
    version="llava",
)


async def describe(library: Library, photo_id: str) -> None:
    """As the daemon does it."""
    now = utc_now()
    async with library.bench.database.write() as connection:
        answered = Answered(SAID, "llava", "p1", Usage(1))
        await store_answer(connection, photo_id, answered, "backlog of 2026-01-31", library.bench.vocabulary, now)


async def test_the_status_tells_what_waits_what_failed_and_why(library: Library) -> None:
    waiting, failed = [(await library.add_photo("silver"))["silver"] for _ in range(2)]
    now = utc_now()
    async with library.bench.database.write() as connection:
        for photo_id in (waiting, failed):
            await queue.add_new(connection, photo_id, None, now.date(), now)
        (taken,) = await queue.claim(connection, 1, "test", now)
        await queue.fail(connection, taken, "Nonsense was answered.", 1, now, "ollama llava")
    status = await library.send("GET", "/api/daemon/ai")
    assert status["photos"] == {"waiting": 1, "running": 0, "done": 0, "deferred": 0, "failed": 1}
    assert (status["perHour"], status["secondsLeft"], status["paused"]) == (None, None, None)
    (trouble,) = status["troubles"]
    assert trouble["photoId"] == taken.version_id
    assert trouble["reason"].startswith("Nonsense was answered. (tried 1 times")
    assert status["budget"]["requests"] == 0
    assert (await library.send("GET", "/api/daemon/status"))["descriptions"] == status["photos"]
    assert await library.send("POST", "/api/daemon/ai/retry", 202) == {"photos": 1}
    assert (await library.send("GET", "/api/daemon/ai"))["photos"]["waiting"] == 2
    assert await library.send("POST", "/api/daemon/ai/retry", 202, json={"photoIds": [NOWHERE]}) == {"photos": 0}


async def test_photos_are_asked_for_again_and_answers_taken_back(library: Library) -> None:
    before = {"ai": {"aiTags": ["photo"], "shortDescription": "Photo", "provider": "builtin", "version": "1"}}
    photo_id = (await library.add_photo("silver", combined_metadata=before))["silver"]
    await describe(library, photo_id)
    photo = await library.send("GET", f"/api/photos/{photo_id}")
    assert (photo["metadata"]["ai"]["model"], photo["aiShortDescription"]) == ("llava", "Kite")
    (run,) = await library.send("GET", "/api/daemon/ai/runs")
    assert (run["provider"], run["model"], run["promptVersion"], run["photos"]) == ("ollama", "llava", "p1", 1)
    body = {"where": {"provider": "ollama"}, "dryRun": True}
    counted = await library.send("POST", "/api/daemon/ai/redo", 202, json=body)
    assert (counted["photos"], counted["confirmed"]) == (1, 0)
    assert (await library.send("GET", "/api/daemon/ai"))["photos"]["waiting"] == 0
    await library.send("POST", "/api/daemon/ai/redo", 202, json=body | {"dryRun": False})
    assert (await library.send("GET", "/api/daemon/ai"))["photos"]["waiting"] == 1
    undone = await library.send("POST", "/api/daemon/ai/undo", json={"run": run["id"]})
    assert undone == {"run": run["id"], "restored": 1, "kept": 0}
    assert (await library.send("GET", f"/api/photos/{photo_id}"))["metadata"] == before
    assert (await library.send("GET", "/api/daemon/ai/runs"))[0]["undoneAt"] is not None
    await library.send("POST", "/api/daemon/ai/undo", 400, json={"run": run["id"]})
    await library.send("POST", "/api/daemon/ai/undo", 404, json={"run": run["id"] + 1})


@pytest.mark.parametrize("where", [{}, {"before": "soon"}, {"tier": "bronze"}, {"modle": "llava"}])
async def test_a_filter_that_makes_no_sense_is_refused(sqlite_library: Library, where: dict[str, str]) -> None:
    await sqlite_library.send("POST", "/api/daemon/ai/redo", 400, json={"where": where})


async def test_pausing_is_told_until_it_is_over(sqlite_library: Library) -> None:
    paused = await sqlite_library.send("POST", "/api/daemon/ai/pause")
    assert paused["paused"].startswith("A person has paused it")
    assert (await sqlite_library.send("GET", "/api/daemon/ai"))["paused"] == paused["paused"]
    assert (await sqlite_library.send("POST", "/api/daemon/ai/resume"))["paused"] is None


async def test_what_is_deferred_is_due_when_its_time_has_come_whatever_the_clock_did(library: Library) -> None:
    photo_id = (await library.add_photo("silver"))["silver"]
    now = utc_now()
    async with library.bench.database.write() as connection:
        await queue.add_new(connection, photo_id, None, now.date(), now)
        assert [each.version_id for each in await queue.claim(connection, 9, "test", now)] == [photo_id]
        await queue.defer(connection, photo_id, "Ollama does not answer.", now + timedelta(hours=1), now)
        assert not await queue.is_due(connection, now)
        assert await queue.next_due(connection) == now + timedelta(hours=1)
        assert await queue.is_due(connection, now + timedelta(hours=1))
        # the clock was a month fast, and has been put right
        assert await queue.is_due(connection, now - timedelta(days=30))
        assert await queue.claim(connection, 9, "test", now) == []
        (waiting,) = await queue.claim(connection, 9, "test", now + timedelta(hours=2))
        assert waiting == Waiting(photo_id, f"backlog of {now.date()}", 0)
        assert (await queue.counts(connection))[BacklogState.RUNNING] == 1
