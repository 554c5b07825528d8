"""What was answered can be asked for again, and taken back."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select, update

from core.backlog.choosing import Where, parse_where, redo
from core.backlog.queue import backlog_request
from core.backlog.runs import list_runs, undo_run
from core.backlog.states import BacklogState
from core.db.tables import (
    AiAnswer,
    AiBacklogEntry,
    Collection,
    CollectionPhoto,
    Face,
    FileVersion,
    Person,
    Sidecar,
    new_id,
    utc_now,
)
from core.errors import BadRequest, NotFound
from core.library.edits import Edit, TagChange, change_tags, edit_photo
from tests.backlog.conftest import MEASURED, Model, Shelf


async def describe_all(shelf: Shelf, model: Model) -> None:
    shelf.chosen[:] = [model]
    async with shelf.described() as describer:
        await shelf.until_settled(describer)


async def runs(shelf: Shelf) -> list[tuple[int, str, str, str, int]]:
    async with shelf.bench.database.read() as connection:
        return [(row.id, row.request, row.provider, row.model, row.photos) for row in await list_runs(connection, 10)]


async def short_of(shelf: Shelf, photo: str) -> str | None:
    async with shelf.bench.database.read() as connection:
        statement = select(FileVersion.ai_short_description).where(FileVersion.id == photo)
        return (await connection.execute(statement)).scalar_one()


async def test_the_answers_of_a_day_are_one_run_and_can_be_taken_back(shelf: Shelf) -> None:
    photos = await shelf.add("IMG_1.jpg", "IMG_2.jpg")
    await describe_all(shelf, Model())
    ((run, request, *rest),) = await runs(shelf)
    assert request == backlog_request(shelf.bench.today(utc_now()))
    assert rest == ["ollama", "llava", 2]
    async with shelf.bench.database.write() as connection:
        await connection.execute(update(Sidecar).values(state="written"))
    undone = await undo_run(shelf.bench.database, run, utc_now())
    assert (undone.restored, undone.kept) == (2, 0)
    for photo in photos:
        assert await shelf.ai(photo) == MEASURED
        assert await short_of(shelf, photo) == "UnknownImage"
    async with shelf.bench.database.read() as connection:
        assert set((await connection.execute(select(Sidecar.state))).scalars()) == {"stale"}
        assert (await connection.execute(select(AiAnswer.id))).first() is None
    with pytest.raises(BadRequest, match="was taken back on"):
        await undo_run(shelf.bench.database, run, utc_now())
    with pytest.raises(NotFound):
        await undo_run(shelf.bench.database, run + 1, utc_now())


async def test_what_was_taken_back_is_not_asked_about_again_by_itself(shelf: Shelf) -> None:
    (photo,) = await shelf.add("IMG_1.jpg")
    await describe_all(shelf, Model())
    await undo_run(shelf.bench.database, 1, utc_now())
    again = Model()
    await describe_all(shelf, again)
    assert again.asked == []
    assert "pictallion ai redo" in (await shelf.entry(photo)).reason
    done = await redo(shelf.bench.database, Where(provider="builtin"), utc_now())
    assert done.photos == 1
    await describe_all(shelf, again)
    assert again.asked == ["IMG_1.jpg"]


async def test_what_a_person_said_since_stays_when_a_run_is_taken_back(shelf: Shelf) -> None:
    (photo,) = await shelf.add("IMG_1.jpg")
    await describe_all(shelf, Model())
    async with shelf.bench.database.write() as connection:
        await edit_photo(connection, photo, Edit(ai_description="Our Emma."))
        await change_tags(connection, photo, ["Emma"], TagChange.ADD)
        await change_tags(connection, photo, ["kite"], TagChange.REMOVE)
    assert (await undo_run(shelf.bench.database, 1, utc_now())).restored == 1
    ai = await shelf.ai(photo)
    assert ai["longDescription"] == "Our Emma."
    assert ai["aiTags"] == ["photo", "summer", "Emma"]
    assert ai["shortDescription"] == MEASURED["shortDescription"]
    assert "model" not in ai


async def test_runs_are_taken_back_in_any_order(shelf: Shelf) -> None:
    (photo,) = await shelf.add("IMG_1.jpg")
    await describe_all(shelf, Model())
    await redo(shelf.bench.database, Where(model="llava"), utc_now())
    await describe_all(shelf, Model(model="qwen"))
    first, second = (await shelf.ai(photo)).get("model"), await runs(shelf)
    assert (first, [(run[3], run[4]) for run in second]) == ("qwen", [("qwen", 1), ("llava", 1)])
    # the earlier one first: the photo goes on saying what the later one answered
    undone = await undo_run(shelf.bench.database, 1, utc_now())
    assert (undone.restored, undone.kept) == (0, 1)
    assert (await shelf.ai(photo))["model"] == "qwen"
    assert (await undo_run(shelf.bench.database, 2, utc_now())).restored == 1
    assert await shelf.ai(photo) == MEASURED
    assert await short_of(shelf, photo) == "UnknownImage"


async def test_confirmed_photos_are_left_as_they_are(shelf: Shelf) -> None:
    plain, confirmed = await shelf.add("IMG_1.jpg", "IMG_2.jpg")
    await describe_all(shelf, Model())
    async with shelf.bench.database.write() as connection:
        await edit_photo(connection, confirmed, Edit(is_reviewed=True))
    counted = await redo(shelf.bench.database, Where(provider="ollama"), utc_now(), is_dry=True)
    assert (counted.photos, counted.confirmed) == (1, 1)
    assert (await shelf.entry(plain)).state == BacklogState.DONE
    done = await redo(shelf.bench.database, Where(provider="ollama"), utc_now())
    assert (done.photos, done.confirmed) == (1, 1)
    entry = await shelf.entry(plain)
    assert (entry.state, entry.priority, entry.request) == (BacklogState.WAITING, 1, done.request)
    assert done.request.endswith("UTC where provider=ollama")


async def test_without_a_model_the_builtin_provider_describes_what_a_person_wants(shelf: Shelf) -> None:
    (photo,) = await shelf.add("IMG_1.jpg", ai={"shortDescription": "Old wording"})
    await shelf.add("IMG_2.jpg")
    await redo(shelf.bench.database, Where(name="img_1"), utc_now())
    async with shelf.described() as describer:
        await shelf.until_settled(describer)
    ai = await shelf.ai(photo)
    assert ai["provider"] == "builtin"
    assert ai["shortDescription"] == "Photo, July 2025"
    assert (await shelf.counts())[BacklogState.DONE] == 1


async def test_photos_are_chosen_by_what_is_said_of_them(shelf: Shelf) -> None:
    (tagged,) = await shelf.add("IMG_1.jpg", keywords=["Beach"])
    (event,) = await shelf.add("IMG_2.jpg", event_type="holiday", event_name="Christmas Day")
    (member, portrait) = await shelf.add("IMG_3.jpg", "IMG_4.jpg")
    (old,) = await shelf.add(
        "DSC_5.jpg", ai={"provider": "openai", "model": "gpt-4o", "describedAt": "2025-01-31T12:00:00.000Z"}
    )
    (new,) = await shelf.add("DSC_6.jpg", ai={"provider": "ollama", "describedAt": "2026-01-31T12:00:00.000Z"})
    (placed,) = await shelf.add("a.jpg", file_path="media/silver/1999/01/100%.jpg")
    everything = {tagged, event, member, portrait, old, new, placed}
    collection, person = new_id(), new_id()
    async with shelf.bench.database.write() as connection:
        asset = select(FileVersion.media_asset_id).where(FileVersion.id == portrait)
        bronze = await connection.execute(asset)
        version = {
            "id": new_id(), "media_asset_id": bronze.scalar_one(), "tier": "bronze", "file_path": "media/bronze/x.jpg",
            "file_hash": "0", "file_size": 1, "mime_type": "image/jpeg",
        }  # fmt: skip
        await connection.execute(insert(FileVersion).values(**version))
        await connection.execute(insert(Collection).values(id=collection, name="Best of"))
        await connection.execute(insert(CollectionPhoto).values(collection_id=collection, photo_id=member))
        await connection.execute(insert(Person).values(id=person, name="Emma"))
        # a face of another version of the same photo
        face = {"photo_id": version["id"], "person_id": person, "bounding_box": [1, 2, 3, 4], "confidence": 90}
        await connection.execute(insert(Face).values(**face))
    for text, wanted in {
        "tier=silver": everything,
        "provider=openai": {old},
        "model=gpt-4o": {old},
        "before=2025-06-01": everything - {new},
        "tag=beach": {tagged},
        "event=holiday": {event},
        "event=christmas": {event},
        "collection=Best of": {member},
        f"collection={collection}": {member},
        "person=Emma": {portrait},
        f"person={person}": {portrait},
        "name=dsc_": {old, new},
        "path=1999/": {placed},
        "path=0%": {placed},
        "tier=gold": set(),
    }.items():
        done = await redo(shelf.bench.database, parse_where([text]), utc_now())
        async with shelf.bench.database.read() as connection:
            statement = select(AiBacklogEntry.version_id).where(AiBacklogEntry.request == done.request)
            found = set((await connection.execute(statement)).scalars())
        assert (found, done.photos) == (wanted, len(wanted)), text
    both = await redo(shelf.bench.database, parse_where(["name=dsc_", "provider=ollama"]), utc_now(), is_dry=True)
    assert both.photos == 1


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["modle=llava"], "did you mean model?"),
        (["zzz=1"], "there are tier, provider,"),
        (["llava"], "write key=value"),
        (["tag=a", "tag=b"], "tag is given twice"),
        (["before=yesterday"], "yesterday is no day"),
        (["tier=bronze"], "are not described"),
        ([], "Say which photos"),
    ],
)
async def test_what_chooses_nothing_is_refused_in_words(shelf: Shelf, texts: list[str], message: str) -> None:
    with pytest.raises(BadRequest, match=message.replace("?", r"\?")):
        await redo(shelf.bench.database, parse_where(texts), utc_now())
