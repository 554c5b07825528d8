"""Photos are described in the background: each once, none lost, and nobody is kept waiting."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, select, update

from core.ai.budget import DayLimits
from core.ai.provider import Description, Question, Usage
from core.ai.vocabulary import vocabulary
from core.backlog import queue
from core.backlog.paused import pause, resume
from core.backlog.states import BacklogState
from core.db.tables import AiBacklogEntry, AiSpending, AssetHistory, Face, FileVersion, Sidecar, utc_now
from core.errors import AnswerUnusable, PhotoProtected, ProviderMisconfigured, ProviderUnavailable
from core.library.edits import Edit, TagChange, change_tags, edit_photo
from core.window import Window
from tests.backlog.conftest import MEASURED, Model, Shelf, said_of, until


async def test_what_the_builtin_provider_described_is_described_by_the_model(shelf: Shelf) -> None:
    (photo,) = await shelf.add("IMG_1.jpg")
    model = Model()
    shelf.chosen.append(model)
    async with shelf.described() as describer:
        counted = await shelf.until_settled(describer)
    assert counted[BacklogState.DONE] == 1
    ai = await shelf.ai(photo)
    assert ai["shortDescription"] == "A girl with a kite in IMG_1.jpg"
    assert (ai["provider"], ai["model"], ai["promptVersion"]) == ("ollama", "llava", "p1")
    assert datetime.fromisoformat(ai["describedAt"]) <= utc_now()
    assert ai["aiConfidenceScores"]["tags"] == 0.9
    entry = await shelf.entry(photo)
    assert (entry.provider, entry.model, entry.prompt_version) == ("ollama", "llava", "p1")
    async with shelf.bench.database.read() as connection:
        version = (await connection.execute(select(FileVersion.__table__).where(FileVersion.id == photo))).one()
        told = (await connection.execute(select(AssetHistory.action, AssetHistory.details))).one()
        sidecar = (await connection.execute(select(Sidecar.state))).scalar_one()
    assert version.ai_short_description == "GirlWithKite"
    assert tuple(told) == ("AI_PROCESSED", "IMG_1.jpg (Silver) was described by ollama.")
    assert sidecar == "stale"


async def test_the_day_gives_an_event_where_nobody_said_one(shelf: Shelf) -> None:
    (christmas,) = await shelf.add("IMG_1.jpg", captured_at="2024-12-25T18:00:00")
    (named,) = await shelf.add(
        "IMG_2.jpg", captured_at="2024-12-25T18:00:00", event_type="custom", event_name="At home"
    )
    shelf.chosen.append(Model())
    async with shelf.described() as describer:
        await shelf.until_settled(describer)
    async with shelf.bench.database.read() as connection:
        rows = await connection.execute(select(FileVersion.id, FileVersion.event_name))
        found = {row.id: row.event_name for row in rows}
    assert found == {christmas: "Christmas Day", named: "At home"}


async def test_what_a_person_wants_goes_first_then_the_newest(shelf: Shelf) -> None:
    (old,) = await shelf.add("old.jpg", captured_at="2001-01-01T00:00:00")
    await shelf.add("new.jpg", captured_at="2025-01-01T00:00:00")
    await shelf.add("nobody knows.jpg", captured_at=None)
    (wanted,) = await shelf.add("wanted.jpg", captured_at="1999-01-01T00:00:00")
    async with shelf.bench.database.write() as connection:
        row = queue.row_asked_for(wanted, "1999-01-01T00:00:00", "redo", utc_now())
        await connection.execute(AiBacklogEntry.__table__.insert(), row)  # type: ignore[attr-defined]
    model = Model()
    shelf.chosen.append(model)
    async with shelf.described() as describer:
        await shelf.until_settled(describer)
    assert model.asked == ["wanted.jpg", "new.jpg", "old.jpg", "nobody knows.jpg"]
    assert old


async def test_only_what_may_be_described_is_asked_about(shelf: Shelf) -> None:
    await shelf.add("video.mp4", mime_type="video/mp4")
    await shelf.add("reviewed.jpg", is_reviewed=True)
    await shelf.add("archived.jpg", archived_at=utc_now())
    await shelf.add("broken.jpg", undecodable="It is not whole.")
    await shelf.add("by a model.jpg", ai={"provider": "openai", "version": "gpt-4o"})
    (golden,) = await shelf.add("golden.jpg")
    async with shelf.bench.database.read() as connection:
        asset = (
            await connection.execute(select(FileVersion.media_asset_id).where(FileVersion.id == golden))
        ).scalar_one()
    (gold,) = await shelf.add("golden.jpg", tier="gold", file_path="media/gold/2025/07/x.jpg")
    async with shelf.bench.database.write() as connection:
        await connection.execute(update(FileVersion).where(FileVersion.id == gold).values(media_asset_id=asset))
    await shelf.add("plain.jpg")
    model = Model()
    shelf.chosen.append(model)
    async with shelf.described() as describer:
        assert (await shelf.until_settled(describer))[BacklogState.DONE] == 1
    assert model.asked == ["plain.jpg"]


async def test_without_a_model_nothing_is_asked_and_nothing_queued(shelf: Shelf) -> None:
    await shelf.add("IMG_1.jpg")
    async with shelf.described() as describer:

        async def looked() -> bool:
            return describer.doing.paused is not None

        await until("it has looked", looked)
    assert not any((await shelf.counts()).values())


async def test_a_model_that_is_chosen_while_the_daemon_lives_describes_what_is_there(shelf: Shelf) -> None:
    (photo,) = await shelf.add("IMG_1.jpg")
    async with shelf.described() as describer:
        shelf.chosen.append(Model())
        describer.changed()
        await shelf.until_settled(describer)
        assert (await shelf.ai(photo))["provider"] == "ollama"
        # another model is no reason to describe everything once more
        other = Model("openai", "gpt-4o")
        shelf.chosen[:] = [other]
        await shelf.add("IMG_2.jpg")
        describer.changed()

        async def asked() -> bool:
            return bool(other.asked)

        await until("the new one is asked about", asked)
        await shelf.until_settled(describer)
    assert other.asked == ["IMG_2.jpg"]


async def test_what_a_person_wrote_is_never_overwritten(shelf: Shelf) -> None:
    (photo,) = await shelf.add("IMG_1.jpg")
    async with shelf.bench.database.write() as connection:
        await edit_photo(connection, photo, Edit(ai_description="Our Emma.", keywords=["family"], location="Sylt"))
        await change_tags(connection, photo, ["Emma"], TagChange.ADD)
        await change_tags(connection, photo, ["summer"], TagChange.REMOVE)

    async def says(question: Question) -> Description:
        return said_of("x", ["Summer", "kite", "sea"])

    shelf.chosen.append(Model(says=says))
    async with shelf.described() as describer:
        await shelf.until_settled(describer)
    ai = await shelf.ai(photo)
    assert ai["longDescription"] == "Our Emma."
    assert ai["shortDescription"] == "A girl with a kite in x"
    assert ai["aiTags"] == ["kite", "sea", "Emma"]
    assert (ai["givenByPerson"], ai["tagsAddedByPerson"]) == (["longDescription"], ["Emma"])
    async with shelf.bench.database.read() as connection:
        row = (await connection.execute(select(FileVersion.keywords, FileVersion.location))).one()
    assert tuple(row) == (["family"], "Sylt")


async def test_what_a_person_says_while_the_model_thinks_outranks_its_answer(shelf: Shelf) -> None:
    edited, confirmed = await shelf.add("IMG_1.jpg", "IMG_2.jpg")

    async def says(question: Question) -> Description:
        async with shelf.bench.database.write() as connection:
            if question.facts.original_filename == "IMG_1.jpg":
                await edit_photo(connection, edited, Edit(ai_description="Our Emma."))
            else:
                await edit_photo(connection, confirmed, Edit(is_reviewed=True))
        return said_of("x")

    shelf.chosen.append(Model(says=says))
    async with shelf.described() as describer:
        await shelf.until_settled(describer)
    assert (await shelf.ai(edited))["longDescription"] == "Our Emma."
    assert (await shelf.ai(edited))["shortDescription"] == "A girl with a kite in x"
    assert await shelf.ai(confirmed) == MEASURED
    assert "confirmed" in (await shelf.entry(confirmed)).reason


async def test_tags_are_in_the_words_of_the_vocabulary(shelf: Shelf) -> None:
    (photo,) = await shelf.add("IMG_1.jpg")
    shelf.chosen.append(Model())
    words = vocabulary(["child: girl, boy"], never=["kite"])
    async with shelf.described(shelf.describer(bench=replace(shelf.bench, vocabulary=words))) as describer:
        await shelf.until_settled(describer)
    assert (await shelf.ai(photo))["aiTags"] == ["child"]


async def test_answers_without_use_are_counted_and_end_with_a_reason(shelf: Shelf) -> None:
    (photo,) = await shelf.add("IMG_1.jpg")

    async def says(question: Question) -> Description:
        raise AnswerUnusable("llava answered with nothing that can be understood.")

    model = Model(says=says)
    shelf.chosen.append(model)
    async with shelf.described(shelf.describer(most_attempts=2)) as describer:

        async def tried_once() -> Any:
            entry = await shelf.entry(photo)
            return entry if entry is not None and entry.attempts == 1 else None

        entry = await until("it was tried once", tried_once)
        assert entry.state == BacklogState.WAITING
        assert entry.next_attempt_at > utc_now()
        await _make_due(shelf)
        describer.wake()
        counted = await shelf.until_settled(describer)
        assert counted[BacklogState.FAILED] == 1
        entry = await shelf.entry(photo)
        assert entry.reason.startswith("llava answered with nothing that can be understood. (tried 2 times")
        assert await shelf.ai(photo) == MEASURED
        model.says = None
        async with shelf.bench.database.write() as connection:
            assert await queue.retry(connection, None, utc_now()) == 1
        describer.wake()
        await shelf.until_settled(describer)
    assert (await shelf.entry(photo)).state == BacklogState.DONE
    assert (await shelf.ai(photo))["provider"] == "ollama"


async def test_who_is_not_there_costs_a_photo_no_attempt(shelf: Shelf) -> None:
    (photo,) = await shelf.add("IMG_1.jpg")
    is_up = asyncio.Event()

    async def says(question: Question) -> Description:
        if not is_up.is_set():
            raise ProviderUnavailable("Ollama does not answer.", retry_after=3600)
        return said_of("x")

    shelf.chosen.append(Model(says=says))
    async with shelf.described() as describer:

        async def deferred() -> Any:
            entry = await shelf.entry(photo)
            return entry if entry is not None and entry.state == BacklogState.DEFERRED else None

        entry = await until("it is put off", deferred)
        assert (entry.attempts, entry.reason) == (0, "Ollama does not answer.")
        assert entry.next_attempt_at > utc_now() + timedelta(minutes=59)

        async def rests() -> bool:
            return describer.doing.paused == "Ollama does not answer."

        await until("everybody rests", rests)
    # a restart does not forget, and does not begin anew
    async with shelf.described() as describer:
        is_up.set()
        await shelf.until_settled(describer)
    assert (await shelf.ai(photo))["provider"] == "ollama"


async def test_a_provider_that_only_a_person_can_put_right_waits_for_the_change(shelf: Shelf) -> None:
    photos = await shelf.add("IMG_1.jpg", "IMG_2.jpg")

    async def says(question: Question) -> Description:
        raise ProviderMisconfigured("OpenAI refuses the key.")

    model = Model(says=says)
    shelf.chosen.append(model)
    async with shelf.described() as describer:

        async def rests() -> bool:
            return describer.doing.paused == "OpenAI refuses the key."

        await until("everybody rests", rests)
        assert len(model.asked) == 1
        model.says = None
        describer.changed()
        await shelf.until_settled(describer)
    assert all([(await shelf.entry(photo)).attempts == 0 for photo in photos])


async def test_a_photo_that_must_stay_here_keeps_what_was_measured(shelf: Shelf) -> None:
    (photo,) = await shelf.add("IMG_1.jpg")

    async def says(question: Question) -> Description:
        raise PhotoProtected("Photos of Emma stay on this machine.")

    shelf.chosen.append(Model("openai", says=says))
    async with shelf.described() as describer:
        await shelf.until_settled(describer)
    entry = await shelf.entry(photo)
    assert (entry.state, entry.provider) == (BacklogState.DONE, "builtin")
    assert entry.reason == "Photos of Emma stay on this machine."
    assert await shelf.ai(photo) == MEASURED


async def test_the_second_is_asked_where_the_first_does_not_answer(shelf: Shelf) -> None:
    (photo,) = await shelf.add("IMG_1.jpg")

    async def says(question: Question) -> Description:
        raise ProviderUnavailable("Ollama does not answer.")

    shelf.chosen += [Model(says=says), Model("openai", "gpt-4o")]
    async with shelf.described() as describer:
        await shelf.until_settled(describer)
    assert (await shelf.ai(photo))["provider"] == "openai"


async def test_quiet_hours_are_kept_and_told(shelf: Shelf) -> None:
    await shelf.add("IMG_1.jpg")
    model = Model()
    shelf.chosen.append(model)
    here = utc_now().astimezone(shelf.bench.zone)
    quiet = Window((here - timedelta(hours=2)).time(), (here + timedelta(hours=2)).time())
    async with shelf.described(shelf.describer(quiet=quiet)) as describer:

        async def told() -> bool:
            return "quiet hours" in (describer.doing.paused or "")

        await until("it is told", told)
        until_when = describer.doing.paused_until
        assert until_when is not None
        assert until_when > utc_now() + timedelta(minutes=110)
    assert model.asked == []
    awake = Window((here + timedelta(hours=2)).time(), (here + timedelta(hours=3)).time())
    async with shelf.described(shelf.describer(quiet=awake)) as describer:
        await shelf.until_settled(describer)


async def test_what_a_person_paused_stays_so_over_a_restart(shelf: Shelf) -> None:
    await shelf.add("IMG_1.jpg")
    model = Model()
    shelf.chosen.append(model)
    async with shelf.bench.database.write() as connection:
        await pause(connection, utc_now())
    for _ in range(2):
        async with shelf.described() as describer:

            async def paused(describer: Any = describer) -> bool:
                return "A person has paused it" in (describer.doing.paused or "")

            await until("it is paused", paused)
    assert model.asked == []
    async with shelf.described() as describer:
        async with shelf.bench.database.write() as connection:
            await resume(connection)
        describer.changed()
        await shelf.until_settled(describer)


async def test_files_that_are_taken_in_go_first(shelf: Shelf) -> None:
    await shelf.add("IMG_1.jpg")
    model = Model()
    shelf.chosen.append(model)
    shelf.busy = True
    async with shelf.described() as describer:

        async def told() -> bool:
            return "go first" in (describer.doing.paused or "")

        await until("it gives way", told)
        assert model.asked == []
        shelf.busy = False
        await shelf.until_settled(describer)


async def test_the_budget_of_a_day_is_kept_over_restarts_and_said(shelf: Shelf) -> None:
    await shelf.add("IMG_1.jpg", "IMG_2.jpg", "IMG_3.jpg")
    model = Model("openai", "gpt-4o")
    shelf.chosen.append(model)
    bench = shelf.with_limits(DayLimits(requests=2))
    for _ in range(2):
        async with shelf.described(shelf.describer(bench=bench)) as describer:

            async def spent(describer: Any = describer) -> bool:
                return "budget for today is spent: 2 of 2 requests" in (describer.doing.paused or "")

            await until("the budget is spent", spent)
            assert describer.doing.paused_until is not None
            midnight = describer.doing.paused_until.astimezone(bench.zone)
            assert (midnight + timedelta(seconds=1)).time() < time(0, 0, 5)
        assert len(model.asked) == 2
        counted = await shelf.counts()
        assert (counted[BacklogState.DONE], counted[BacklogState.DEFERRED]) == (2, 1)
    today = await bench.providers.budget.spent(utc_now())
    assert (today.requests, today.tokens) == (2, 240)
    tomorrow = await bench.providers.budget.spent(utc_now() + timedelta(days=1))
    assert (tomorrow.requests, tomorrow.tokens) == (0, 0)
    # as if it had been spent the day before
    async with shelf.bench.database.write() as connection:
        await connection.execute(update(AiSpending).values(day="2025-01-01"))
    async with shelf.described(shelf.describer(bench=bench)) as describer:
        await shelf.until_settled(describer)
    assert len(model.asked) == 3


async def test_what_was_never_sent_costs_nothing_of_the_budget(shelf: Shelf) -> None:
    await shelf.add("IMG_1.jpg")
    is_closed = asyncio.Event()

    async def says(question: Question) -> Description:
        if not is_closed.is_set():
            raise ProviderUnavailable("OpenAI is left alone for a while.", retry_after=3600, usage=Usage())
        return said_of("x")

    shelf.chosen.append(Model("openai", "gpt-4o", says=says))
    bench = shelf.with_limits(DayLimits(requests=1))
    async with shelf.described(shelf.describer(bench=bench)) as describer:

        async def rests() -> bool:
            return describer.doing.paused == "OpenAI is left alone for a while."

        await until("everybody rests", rests)
        assert (await bench.providers.budget.spent(utc_now())).requests == 0
        is_closed.set()
        describer.changed()
        await shelf.until_settled(describer)
    assert (await bench.providers.budget.spent(utc_now())).requests == 1


async def test_tokens_have_a_budget_of_their_own(shelf: Shelf) -> None:
    await shelf.add("IMG_1.jpg", "IMG_2.jpg")
    model = Model("openai", "gpt-4o")
    shelf.chosen.append(model)
    async with shelf.described(shelf.describer(bench=shelf.with_limits(DayLimits(tokens=100)))) as describer:

        async def spent() -> bool:
            return "120 of 100 tokens" in (describer.doing.paused or "")

        await until("the budget is spent", spent)
    assert len(model.asked) == 1


async def test_a_preview_that_was_cleared_away_is_made_again(shelf: Shelf) -> None:
    (photo,) = await shelf.add("IMG_1.jpg")
    async with shelf.bench.database.read() as connection:
        row = (await connection.execute(select(FileVersion.sha256, FileVersion.file_path))).one()
    preview = shelf.bench.layout.rendered(str(row.sha256), "preview")
    original = shelf.bench.layout.absolute(row.file_path)
    original.parent.mkdir(parents=True, exist_ok=True)
    preview.rename(original)
    seen = []

    async def says(question: Question) -> Description:
        seen.append(question.preview.read_bytes()[:2])
        return said_of("x")

    shelf.chosen.append(Model(says=says))
    async with shelf.described() as describer:
        await shelf.until_settled(describer)
    assert seen == [b"\xff\xd8"]
    assert (await shelf.ai(photo))["provider"] == "ollama"


async def test_who_asks_is_told_what_is_known_of_the_photo(shelf: Shelf) -> None:
    metadata = {
        "ai": MEASURED,
        "exif": {"camera": "Canon EOS R6"},
        "place": {"name": "Nice", "region": "PACA", "country": "France", "countryCode": "FR"},
    }
    (photo,) = await shelf.add(
        "IMG_1.jpg",
        combined_metadata=metadata,
        gps_latitude=43.7,
        gps_longitude=7.26,
        event_type="holiday",
        event_name="Bastille Day",
    )
    async with shelf.bench.database.write() as connection:
        faces = [
            {"photo_id": photo, "bounding_box": [1, 2, 50, 60], "confidence": confidence, "ignored": ignored}
            for confidence, ignored in ((90, False), (40, False), (95, True))
        ]
        await connection.execute(insert(Face), faces)
    seen = []

    async def says(question: Question) -> Description:
        seen.append(question)
        return said_of("x")

    shelf.chosen.append(Model(says=says))
    async with shelf.described() as describer:
        await shelf.until_settled(describer)
    facts = seen[0].facts
    assert facts.captured is not None
    assert facts.place is not None
    assert (facts.camera, facts.width, facts.height, facts.place.label) == ("Canon EOS R6", 400, 300, "Nice, France")
    assert (facts.captured.local, facts.latitude) == (datetime(2025, 7, 16, 12), 43.7)
    assert msgspec.to_builtins(facts)["kind"] == "photo"
    assert (facts.face_count, facts.largest_face) == (1, 0.2)
    assert facts.event is not None
    assert facts.event.event_name == "Bastille Day"


@pytest.mark.parametrize("state", [BacklogState.RUNNING, BacklogState.WAITING])
async def test_what_a_dead_daemon_was_asking_about_is_asked_about_again(shelf: Shelf, state: BacklogState) -> None:
    (photo,) = await shelf.add("IMG_1.jpg")
    async with shelf.bench.database.write() as connection:
        await queue.add_new(connection, photo, None, utc_now().date(), utc_now())
        values = {"state": state, "holder": "dead"}
        await connection.execute(update(AiBacklogEntry).values(**values))
    shelf.chosen.append(Model())
    async with shelf.described() as describer:
        await shelf.until_settled(describer)
    assert (await shelf.entry(photo)).attempts == 0


async def _make_due(shelf: Shelf) -> None:
    async with shelf.bench.database.write() as connection:
        await connection.execute(update(AiBacklogEntry).values(next_attempt_at=utc_now()))
