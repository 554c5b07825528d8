"""A photo is tagged in other programs, beside Silver and beside its original, and everybody's words come together."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import update

from core.db.tables import FileVersion, Sidecar, utc_now
from core.library.edits import Edit, edit_photo
from core.library.sidecar import read_sidecar
from core.library.sidecars import failures, mark_stale
from core.pipeline.attempt import attempt
from core.pipeline.promote import promote
from core.pipeline.roots import Mode
from core.pipeline.sidecar_watch import look_for_edits
from core.pipeline.sidecars import synchronise, write_due
from tests.pipeline.conftest import House, picture
from tests.sidecar.foreign import DARKTABLE, DIGIKAM, LIGHTROOM

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(autouse=True)
def linked(house: House) -> None:
    house.bench.layout.link_references({"inbox": str(house.inbox)})


async def take(house: House, name: str, mode: Mode) -> None:
    await house.see(name)
    (entry,) = await house.claim()
    await attempt(house.bench, entry, house.root(mode))


class Album:
    """A house with one photo, Silver."""

    def __init__(self, house: House, mode: Mode) -> None:
        self.house = house
        self.roots = {"inbox": house.root(mode)}
        self.mode = mode

    async def photo(self) -> dict[str, object]:
        (row,) = await self.house.query("select * from file_versions where tier = 'silver' and archived_at is null")
        found = dict(row._mapping)
        for name in ("metadata", "keywords"):
            if isinstance(found[name], str):
                found[name] = json.loads(found[name])
        return found

    async def sidecar(self) -> Path:
        if self.mode is Mode.REFERENCE:
            return self.house.inbox / "a.jpg.xmp"
        return self.house.bench.layout.data_dir / f"{(await self.photo())['file_path']}.xmp"

    async def scan(self) -> int:
        queued = await look_for_edits(self.house.bench, self.roots)
        await write_due(self.house.bench, self.roots)
        return queued

    async def history(self) -> list[str]:
        rows = await self.house.query(
            "select details from asset_history where action = 'METADATA_EDITED' order by timestamp, id"
        )
        return [row.details for row in rows]

    async def edit(self, edit: Edit) -> None:
        async with self.house.bench.database.write() as connection:
            await edit_photo(connection, str((await self.photo())["id"]), edit)

    async def people(self) -> list[str]:
        rows = await self.house.query(
            "select p.name from faces f join people p on p.id = f.person_id where not f.ignored order by p.name"
        )
        return [row.name for row in rows]


@pytest_asyncio.fixture(params=[Mode.COPY, Mode.REFERENCE], loop_scope="session")
async def album(request: pytest.FixtureRequest, house: House) -> Album:
    album = Album(house, request.param)
    house.write("a.jpg", picture(edge=64))
    await take(house, "a.jpg", request.param)
    return album


async def test_nothing_is_written_while_nothing_changes(album: Album) -> None:
    path = await album.sidecar()
    before = path.stat()
    assert await album.scan() == 0
    async with album.house.bench.database.write() as connection:
        await mark_stale(connection, [str((await album.photo())["id"])])
    assert await write_due(album.house.bench, album.roots) == 1
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_ino == before.st_ino
    assert await album.history() == []


async def test_a_change_in_the_database_is_written(album: Album) -> None:
    await album.edit(Edit(rating=4, keywords=["Zoë"], event_name="Birthday", event_type="birthday", location="home"))
    assert await write_due(album.house.bench, album.roots) == 1
    facts = read_sidecar((await album.sidecar()).read_bytes())
    assert (facts.rating, facts.event_name, facts.event_type, facts.location) == (4, "Birthday", "birthday", "home")
    assert "Zoë" in facts.keywords
    assert "Zoë" not in facts.ai_tags
    assert facts.tier == "silver"
    assert {each.value for each in facts.provenance} >= {"description", "tags"}
    assert await album.scan() == 0


@pytest.mark.parametrize("program", ["Lightroom", "digiKam", "darktable"])
async def test_what_a_program_writes_into_the_sidecar_is_in_the_database_at_the_next_scan(
    album: Album, program: str
) -> None:
    """It has never seen ours and writes the file as a whole; what is not there was not taken away by a person."""
    path = await album.sidecar()
    theirs = {"Lightroom": LIGHTROOM, "digiKam": DIGIKAM, "darktable": DARKTABLE}[program]
    path.write_text(theirs)
    assert await album.scan() == 1
    photo = await album.photo()
    metadata = photo["metadata"]
    assert isinstance(metadata, dict)
    match program:
        case "Lightroom":
            assert (photo["rating"], metadata["title"], metadata["label"]) == (4, "Eiffel Tower", "Red")
            assert metadata["ai"]["longDescription"] == "Seen from <below>"
            assert photo["keywords"] == ["Paris", "travel"]
            assert (photo["gps_latitude"], photo["gps_longitude"]) == (48.8584, 2.2945)
            assert photo["captured_at"] == "2024-07-26T14:30:25.500000"
            assert metadata["keywordPaths"] == [["Places", "France", "Paris"]]
        case "digiKam":
            assert photo["rating"] == 5
            assert photo["keywords"] == ["Ada", "summer"]
            assert await album.people() == ["Ada"]
        case "darktable":
            assert photo["rating"] == 3
            assert photo["keywords"] == ["beach", "darktable|exported"]
            assert photo["captured_at"] == "2024-07-26T14:30:25"
    (told,) = await album.history()
    assert f"with {program} in {path.name}" in told
    assert "rating" in told
    text = path.read_text()
    for foreign in ("darktable:params", "crs:ToneCurve", "Vue d'en bas", "Rex", "ColorLabel"):
        assert (foreign in theirs) == (foreign in text)
    written = path.stat()
    assert await album.scan() == 0
    assert path.stat().st_mtime_ns == written.st_mtime_ns
    await album.edit(Edit(rating=1, keywords=["beach"]))
    await write_due(album.house.bench, album.roots)
    facts = read_sidecar(path.read_bytes())
    assert facts.rating == 1
    assert "beach" in facts.keywords
    assert "travel" not in facts.keywords
    assert len(await album.history()) == 2


async def test_who_gets_another_name_in_a_sidecar_is_not_whom_it_was(album: Album) -> None:
    path = await album.sidecar()
    path.write_text(DIGIKAM)
    await album.scan()
    assert await album.people() == ["Ada"]
    path.write_text(path.read_text().replace("Ada", "Eve"))
    await album.scan()
    assert await album.people() == ["Eve"]
    refused = await album.house.query("select p.name from refused_names r join people p on p.id = r.person_id")
    assert [row.name for row in refused] == ["Ada"]


async def test_a_keyword_that_was_taken_out_of_one_of_its_places_is_taken_out(album: Album) -> None:
    await album.edit(Edit(keywords=["one", "two"]))
    await write_due(album.house.bench, album.roots)
    path = await album.sidecar()
    text = path.read_text()
    where = text.index("<dc:subject>")
    end = text.index("</dc:subject>")
    path.write_text(text[:where] + text[where:end].replace("<rdf:li>two</rdf:li>", "") + text[end:])
    await album.scan()
    assert (await album.photo())["keywords"] == ["one"]
    assert "two" not in path.read_text()


async def test_both_sides_were_changed_and_the_newer_word_counts(album: Album) -> None:
    path = await album.sidecar()
    await album.edit(Edit(rating=2))
    await write_due(album.house.bench, album.roots)
    path.write_text(path.read_text().replace("<xmp:Rating>2", "<xmp:Rating>5"))
    os.utime(path, (1, 1))
    await album.edit(Edit(rating=3))
    await album.scan()
    await write_due(album.house.bench, album.roots)
    assert (await album.photo())["rating"] == 3
    assert read_sidecar(path.read_bytes()).rating == 3
    assert any("rating: “5” or “3”; the library's is newer" in each for each in await album.history())
    await album.edit(Edit(rating=1))
    path.write_text(path.read_text().replace("<xmp:Rating>3", "<xmp:Rating>4"))
    later = utc_now().timestamp() + 60
    os.utime(path, (later, later))
    await album.scan()
    await write_due(album.house.bench, album.roots)
    assert (await album.photo())["rating"] == 4
    assert any("rating: “4” or “1”; the sidecar's is newer" in each for each in await album.history())


async def test_a_persons_words_in_the_sidecar_win_over_a_machines(album: Album) -> None:
    path = await album.sidecar()
    described = read_sidecar(path.read_bytes()).description
    assert described is not None
    path.write_text(path.read_text().replace(described, "Grandmother's garden"))
    os.utime(path, (1, 1))
    async with album.house.bench.database.write() as connection:
        metadata = (await album.photo())["metadata"]
        assert isinstance(metadata, dict)
        metadata["ai"]["longDescription"] = "A machine's newer words"
        await connection.execute(
            update(FileVersion).where(FileVersion.tier == "silver").values(combined_metadata=metadata)
        )
        await mark_stale(connection, [str((await album.photo())["id"])])
    await album.scan()
    await write_due(album.house.bench, album.roots)
    assert read_sidecar(path.read_bytes()).description == "Grandmother's garden"
    after = (await album.photo())["metadata"]
    assert isinstance(after, dict)
    assert after["ai"]["longDescription"] == "Grandmother's garden"


async def test_a_sidecar_that_comes_beside_the_source_is_read_and_left_as_it_is(album: Album) -> None:
    """Lightroom's name has no extension of the photo in it."""
    beside = album.house.inbox / "a.xmp"
    beside.write_text(LIGHTROOM)
    assert await album.scan() == 1
    assert (await album.photo())["rating"] == 4
    assert beside.read_text() == LIGHTROOM
    assert read_sidecar((await album.sidecar()).read_bytes()).title == "Eiffel Tower"
    beside.write_text(LIGHTROOM.replace('xmp:Rating="4"', 'xmp:Rating="1"'))
    assert await album.scan() == 1
    assert (await album.photo())["rating"] == 1
    assert await album.scan() == 0


async def test_a_sidecar_that_lies_there_when_the_photo_comes_is_read(house: House) -> None:
    for mode in (Mode.COPY, Mode.REFERENCE):
        name = f"{mode}.jpg"
        house.write(f"{name}.xmp", DIGIKAM.encode())
        house.write(name, picture(seed=len(mode), edge=64))
        await take(house, name, mode)
        await write_due(house.bench, {"inbox": house.root(mode)})
    rows = await house.query("select rating, keywords from file_versions where tier = 'silver'")
    assert [row.rating for row in rows] == [5, 5]
    assert (house.inbox / "copy.jpg.xmp").read_text() == DIGIKAM
    shared = (house.inbox / "reference.jpg.xmp").read_text()
    assert "digiKam:PickLabel" in shared
    assert "pictallion:SHA256" in shared


async def test_a_sidecar_that_was_removed_is_written_again(album: Album) -> None:
    path = await album.sidecar()
    before = path.read_bytes()
    path.unlink()
    assert await album.scan() == 1
    assert read_sidecar(path.read_bytes()) == read_sidecar(before)
    assert await album.history() == []


async def test_what_cannot_be_understood_is_left_alone_and_told(album: Album) -> None:
    path = await album.sidecar()
    path.write_text("<x:xmpmeta half of it")
    await album.scan()
    assert path.read_text() == "<x:xmpmeta half of it"
    async with album.house.bench.database.read() as connection:
        count, (row,) = await failures(connection, 10)
    assert count == 1
    assert "well-formed" in row.reason
    assert row.next_attempt_at > utc_now()
    path.write_text(LIGHTROOM)
    assert await album.scan() == 1
    assert (await album.photo())["rating"] == 4


async def test_a_failed_write_is_told_and_tried_again(album: Album) -> None:
    path = await album.sidecar()
    await album.edit(Edit(rating=5))
    path.unlink()
    path.mkdir()
    await write_due(album.house.bench, album.roots)
    version_id = str((await album.photo())["id"])
    for attempts in (1, 2):
        async with album.house.bench.database.read() as connection:
            _, (row,) = await failures(connection, 10)
        assert row.attempts == attempts
        await synchronise(album.house.bench, album.roots, version_id)
    path.rmdir()
    async with album.house.bench.database.write() as connection:
        await connection.execute(update(Sidecar).values(next_attempt_at=utc_now()))
    await write_due(album.house.bench, album.roots)
    assert read_sidecar(path.read_bytes()).rating == 5
    async with album.house.bench.database.read() as connection:
        assert (await failures(connection, 10))[0] == 0


async def test_a_photo_whose_folder_is_away_gets_its_sidecar_when_it_is_back(house: House) -> None:
    album = Album(house, Mode.REFERENCE)
    house.write("a.jpg", picture(edge=64))
    await take(house, "a.jpg", Mode.REFERENCE)
    away = house.inbox.with_name("away")
    house.inbox.rename(away)
    await album.edit(Edit(rating=4))
    await album.scan()
    assert not house.inbox.exists()
    assert not (house.bench.layout.media / "sidecars").exists()
    away.rename(house.inbox)
    async with house.bench.database.write() as connection:
        await connection.execute(update(Sidecar).values(next_attempt_at=utc_now()))
    await album.scan()
    assert read_sidecar((house.inbox / "a.jpg.xmp").read_bytes()).rating == 4


MISSHAPEN = {
    "title": 5,
    "label": ["Red"],
    "embeddedDescription": 5,
    "people": "Ada",
    "keywordPaths": 5,
    "isRejected": {},
    "place": {"country": {"a": 1}, "name": "Nice"},
    "ai": {"aiTags": 5, "longDescription": "By the sea", "aiConfidenceScores": "sure", "gpsCoordinates": [1, 2]},
    "exif": {"orientation": "²"},
    "faceDetection": {"timestamp": "yesterday", "method": 5},
    "note": "from a client",
}


@pytest.mark.parametrize("metadata", [MISSHAPEN, {"place": "x", "faceDetection": "no"}])
async def test_what_clients_have_left_in_the_metadata_stops_neither_sidecar_nor_gold(
    album: Album, metadata: dict[str, object]
) -> None:
    version_id = str((await album.photo())["id"])
    async with album.house.bench.database.write() as connection:
        await connection.execute(update(FileVersion).values(combined_metadata=metadata, rating=3))
        await mark_stale(connection, [version_id])
    await album.scan()
    path = await album.sidecar()
    said = read_sidecar(path.read_bytes())
    assert (said.rating, said.title, said.people, said.country) == (3, None, (), None)
    if metadata is MISSHAPEN:
        assert (said.description, said.city) == ("By the sea", "Nice")
    path.write_text(LIGHTROOM)
    await album.scan()
    photo = await album.photo()
    assert isinstance(photo["metadata"], dict)
    assert (photo["rating"], photo["metadata"]["title"]) == (4, "Eiffel Tower")
    assert photo["metadata"].get("note") == metadata.get("note")
    async with album.house.bench.database.read() as connection:
        assert (await failures(connection, 10))[0] == 0
    await promote(album.house.bench, version_id)


async def test_one_photo_that_cannot_be_looked_after_holds_up_no_other(album: Album) -> None:
    broken = str((await album.photo())["id"])
    album.house.write("b.jpg", picture(seed=1, edge=64))
    await take(album.house, "b.jpg", album.mode)
    async with album.house.bench.database.write() as connection:
        await connection.execute(update(FileVersion).values(rating=5))
        await connection.execute(update(Sidecar).where(Sidecar.version_id == broken).values(base=b"no packet"))
        rows = await album.house.query("select version_id from sidecars")
        await mark_stale(connection, [row.version_id for row in rows])
    assert await write_due(album.house.bench, album.roots) == 2
    states = await album.house.query("select version_id, state, reason from sidecars")
    assert {row.state for row in states if row.version_id != broken} == {"written"}
    (row,) = (row for row in states if row.version_id == broken)
    assert row.state == "failed"
    assert "unforeseen" in row.reason
