"""What no language model has described is queued, once, and nothing that somebody has decided."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from core.backlog.answers import CONFIRMED
from core.backlog.queue import ASKED, row_asked_for
from core.backlog.runs import list_runs, undo_run
from core.backlog.states import BacklogState
from core.db.engine import Database
from core.db.tables import AiAnswer, AiBacklogEntry, Face, FileVersion, Person, utc_now
from core.passes import runs
from core.passes.backlog import BACKLOG
from core.passes.runner import Runner, Wanted
from core.passes.runs import Run, RunState
from core.passes.shape import Tools
from tests.backlog.conftest import Model, Shelf, open_shelf
from tests.passes.conftest import settings_of


@pytest.fixture
async def shelf(database: Database, tmp_path: Path) -> AsyncIterator[Shelf]:
    opened = open_shelf(database, tmp_path / "data")
    yield opened
    await opened.bench.compute.close()


def tools_of(shelf: Shelf) -> Tools:
    return Tools(shelf.bench, settings_of(shelf.bench.layout.data_dir))


async def ran(shelf: Shelf, *, is_dry: bool = False) -> Run:
    run = await Runner(tools_of(shelf), [BACKLOG]).run(Wanted("backlog", is_dry=is_dry))
    assert run.state is RunState.DONE, run.reason
    return run


async def in_queue(shelf: Shelf, version_id: str, state: BacklogState, **columns: object) -> None:
    async with shelf.bench.database.write() as connection:
        row = row_asked_for(version_id, None, "redo", utc_now()) | {"state": state, **columns}
        await connection.execute(insert(AiBacklogEntry), row)


async def states_of(shelf: Shelf) -> dict[str, str]:
    async with shelf.bench.database.read() as connection:
        rows = await connection.execute(select(AiBacklogEntry.version_id, AiBacklogEntry.state))
        return {row.version_id: row.state for row in rows}


async def test_what_was_never_described_or_asked_of_others_waits_again_and_nothing_else(shelf: Shelf) -> None:
    names = ["never", "by builtin", "confirmed once", "of another model", "of this model", "redone in vain"]
    never, by_builtin, unconfirmed, other, same, redone = await shelf.add(*names)
    (described,) = await shelf.add("described", ai={"provider": "openai"})
    (reviewed,) = await shelf.add("reviewed", is_reviewed=True)
    waiting, deferred, running = await shelf.add("waiting", "deferred", "running")
    done = {"provider": "builtin"}
    await in_queue(shelf, by_builtin, BacklogState.DONE, **done)
    await in_queue(shelf, unconfirmed, BacklogState.DONE, reason=CONFIRMED, **done)
    await in_queue(shelf, other, BacklogState.FAILED, attempts=3, asked_of="ollama llama")
    await in_queue(shelf, same, BacklogState.FAILED, attempts=3, asked_of="ollama llava")
    await in_queue(shelf, waiting, BacklogState.WAITING, attempts=1)
    await in_queue(shelf, deferred, BacklogState.DEFERRED, next_attempt_at=utc_now() + timedelta(hours=1))
    await in_queue(shelf, running, BacklogState.RUNNING, holder="somebody")
    await in_queue(shelf, described, BacklogState.DONE, provider="openai")
    await in_queue(shelf, redone, BacklogState.DONE, provider="openai")
    shelf.chosen.append(Model())
    dry = await ran(shelf, is_dry=True)
    assert never not in await states_of(shelf)
    run = await ran(shelf)
    for each in (dry, run):
        assert (each.progress.report["queued"], each.progress.report["again"]) == (1, 4)
    assert await states_of(shelf) == {
        **dict.fromkeys((never, by_builtin, unconfirmed, other, redone, waiting), "waiting"),
        same: "failed",
        described: "done",
        deferred: "deferred",
        running: "running",
    }
    assert (await shelf.entry(waiting)).priority == ASKED
    assert (await shelf.entry(waiting)).attempts == 1
    assert (await shelf.entry(other)).attempts == 0
    assert run.progress.report["asked"] == "ollama llava"
    assert (run.progress.report["waiting"], run.progress.report["failed"]) == (8, 1)
    assert run.progress.done == run.progress.total
    second = await ran(shelf)
    assert (second.progress.report["queued"], second.progress.report["again"]) == (0, 0)
    assert reviewed not in await states_of(shelf)


async def test_an_answer_that_a_person_took_back_is_not_asked_for_again(shelf: Shelf) -> None:
    (photo,) = await shelf.add("IMG_1.jpg")
    shelf.chosen.append(Model())
    await ran(shelf)
    async with shelf.described() as describer:
        await shelf.until_settled(describer)
    async with shelf.bench.database.read() as connection:
        ((answers, *_),) = await list_runs(connection, 10)
    await undo_run(shelf.bench.database, answers, utc_now())
    shelf.chosen[:] = [Model("openai", "gpt-4o")]
    run = await ran(shelf)
    assert run.progress.report["again"] == 0
    assert (await shelf.entry(photo)).state == "done"


async def test_what_had_to_stay_here_is_asked_about_once_nobody_says_so_any_more(shelf: Shelf) -> None:
    (photo,) = await shelf.add("IMG_1.jpg")
    await in_queue(shelf, photo, BacklogState.DONE, provider="builtin", asked_of="ollama llava")
    async with shelf.bench.database.write() as connection:
        await connection.execute(insert(Person).values(id="emma", name="Emma", is_local_only=True))
        face = {"photo_id": photo, "person_id": "emma", "bounding_box": [0, 0, 1, 1], "confidence": 90}
        await connection.execute(insert(Face).values(**face))
    shelf.chosen.append(Model())
    assert (await ran(shelf)).progress.report["again"] == 0
    async with shelf.bench.database.write() as connection:
        await connection.execute(update(Person).values(is_local_only=False))
    assert (await ran(shelf)).progress.report["again"] == 1


async def test_it_tells_what_was_described_since_and_how_long_the_rest_takes(shelf: Shelf) -> None:
    photos = await shelf.add("IMG_1.jpg", "IMG_2.jpg")
    model = Model()
    shelf.chosen.append(model)
    assert (await ran(shelf)).progress.report["described"] == 0
    async with shelf.described() as describer:
        await shelf.until_settled(describer)
    now = utc_now()
    async with shelf.bench.database.write() as connection:
        for minute, photo in enumerate(photos):
            at = now + timedelta(minutes=minute)
            await connection.execute(update(AiAnswer).where(AiAnswer.version_id == photo).values(answered_at=at))
    later = await shelf.add("IMG_3.jpg")
    await in_queue(shelf, later[0], BacklogState.WAITING)
    report = (await ran(shelf)).progress.report
    assert (report["described"], report["waiting"]) == (2, 1)
    assert (report["perHour"], report["secondsLeft"]) == (60.0, 60)
    assert sorted(model.asked) == ["IMG_1.jpg", "IMG_2.jpg"]


async def test_without_a_model_nothing_is_queued(shelf: Shelf) -> None:
    await shelf.add("IMG_1.jpg")
    run = await ran(shelf)
    assert run.progress.report["asked"] == "builtin"
    assert await states_of(shelf) == {}


async def test_after_a_kill_between_slices_it_goes_on_where_it_was(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.backlog.missing.PAGE", 2)
    monkeypatch.setattr("core.passes.backlog.SLICE_SECONDS", 0)
    photos = await shelf.add(*(f"IMG_{number}.jpg" for number in range(5)))
    shelf.chosen.append(Model())

    def kill(run: Run) -> None:
        if run.progress.done == 2:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await Runner(tools_of(shelf), [BACKLOG], tell=kill).run(Wanted("backlog"))
    async with shelf.bench.database.read() as connection:
        (cut,) = await runs.history(connection, "backlog", 10)
    assert (cut.state, cut.progress.done, cut.progress.report["queued"]) == (RunState.RUNNING, 2, 2)
    taken = min(photos)
    async with shelf.bench.database.write() as connection:
        # described meanwhile
        told = {"ai": {"provider": "ollama"}}
        await connection.execute(update(FileVersion).where(FileVersion.id == taken).values(combined_metadata=told))
        done = {"state": BacklogState.DONE, "provider": "ollama"}
        await connection.execute(update(AiBacklogEntry).where(AiBacklogEntry.version_id == taken).values(**done))
    run = await ran(shelf)
    assert (run.id, run.progress.report["queued"], run.progress.report["again"]) == (cut.id, 5, 0)
    assert await states_of(shelf) == {**dict.fromkeys(photos, "waiting"), taken: "done"}
