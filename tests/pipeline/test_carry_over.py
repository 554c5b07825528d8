"""The phone writes a photo anew: what a person said of it stays, in the library and in the files."""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image
from sqlalchemy import delete, insert, update

from core.db.tables import Base, Collection, CollectionPhoto, Face, Person
from core.library.archive import archive_photo, unarchive_photo
from core.library.described import BY_PERSON, TAGS_ADDED, TAGS_REMOVED
from core.library.edits import Edit, edit_photo
from core.library.sidecar import build_sidecar, read_sidecar
from core.library.sidecar_facts import FaceRegion
from core.media.metadata import Metadata, Said
from core.pipeline.attempt import attempt
from core.pipeline.carry_over import carried_columns
from core.pipeline.demote import demote
from core.pipeline.develop import develop
from core.pipeline.roots import Mode
from core.pipeline.sidecar_watch import look_for_edits
from core.pipeline.sidecars import write_due
from core.rebuild.run import rebuild
from tests.conftest import FIXTURES
from tests.pipeline.conftest import House

TAKEN = "2024:07:26 14:30:25"

_AS_OBJECTS = ("metadata", "keywords", "bounding_box")


def shot(*, edge: int | None = None, left: int = 0, quality: int = 90) -> bytes:
    """A photo of one face with the camera's time; ``left`` are pixels that are cut off."""
    exif = Image.Exif()
    exif[0x0132] = TAKEN
    exif.get_ifd(0x8769)[0x9003] = TAKEN
    buffer = io.BytesIO()
    with Image.open(FIXTURES / "astronaut.jpg") as face:
        picture = face.crop((left, 0, face.width, face.height))
        if edge is not None:
            picture = picture.resize((edge, edge * picture.height // picture.width))
        picture.save(buffer, "JPEG", quality=quality, exif=exif)
    return buffer.getvalue()


class Phone:
    """A folder in which one photo is written, and written anew."""

    def __init__(self, house: House, mode: Mode) -> None:
        self.house, self.mode = house, mode
        self.roots = {"inbox": house.root(mode)}
        house.bench.layout.link_references({"inbox": str(house.inbox)})

    async def write(self, content: bytes) -> None:
        self.house.write("a.jpg", content)
        await self.house.see("a.jpg")
        (entry,) = await self.house.claim()
        await attempt(self.house.bench, entry, self.house.root(self.mode))
        await write_due(self.house.bench, self.roots)

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        found = [dict(row._mapping) for row in await self.house.query(sql)]
        for row in found:
            for name in _AS_OBJECTS:
                if isinstance(row.get(name), str):
                    row[name] = json.loads(row[name])
        return found

    async def photo(self) -> dict[str, Any]:
        (row,) = await self.rows("select * from file_versions where tier = 'silver' and archived_at is null")
        return row

    async def faces(self) -> list[dict[str, Any]]:
        return await self.rows(
            "select f.*, p.name from faces f left join people p on p.id = f.person_id"
            " join file_versions v on v.id = f.photo_id where v.archived_at is null order by f.detector"
        )

    async def sidecar(self) -> Path:
        file_path = (await self.photo())["file_path"]
        if self.mode is Mode.REFERENCE:
            return self.house.inbox / "a.jpg.xmp"
        return self.house.bench.layout.data_dir / f"{file_path}.xmp"

    async def edit(self, edit: Edit) -> None:
        photo_id = str((await self.photo())["id"])
        async with self.house.bench.database.write() as connection:
            await edit_photo(connection, photo_id, edit)
        await write_due(self.house.bench, self.roots)

    async def rebuilt(self) -> dict[str, Any]:
        """The photo as the files alone tell of it."""
        file_path = (await self.photo())["file_path"]
        async with self.house.bench.database.write() as connection:
            for table in reversed(Base.metadata.sorted_tables):
                await connection.execute(delete(table))
        report = await rebuild(self.house.bench, list(self.roots.values()), 1, lambda done, of: None)
        assert report.unexplained == []
        (row,) = [row for row in await self.rows("select * from file_versions") if row["file_path"] == file_path]
        return row


SAID = ("rating", "keywords", "location", "event_type", "event_name", "is_favorite", "is_reviewed")
WORDS = ("title", "label", "people", "keywordPaths", "captureTime", "place")


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("mode", [Mode.COPY, Mode.REFERENCE])
async def test_what_a_person_said_outlives_the_phone_s_next_version(house: House, mode: Mode) -> None:
    phone = Phone(house, mode)
    await phone.write(shot())
    first = await phone.photo()
    gone, *kept = first["metadata"]["ai"]["aiTags"]
    await phone.edit(
        Edit(
            keywords=["Oma"],
            location="Am See",
            event_type="birthday",
            event_name="Omas Geburtstag",
            rating=5,
            is_favorite=True,
            ai_tags=[*kept, "Kuchen"],
            ai_description="Oma am See",
            metadata={"note": "from a client"},
        )
    )
    path = await phone.sidecar()
    facts = read_sidecar(path.read_bytes())
    (region,) = facts.faces
    drawn = FaceRegion(0.1, 0.1, 0.05, 0.05, "Opa")
    elsewhere = msgspec.structs.replace(
        facts,
        title="Ferien",
        label="Red",
        keywords=(*facts.keywords, "Nizza"),
        keyword_paths=(*facts.keyword_paths, ("Orte", "Nizza")),
        captured=datetime(2024, 7, 26, 9, 30),
        captured_offset_minutes=120,
        latitude=43.7,
        longitude=7.25,
        city="Nizza",
        faces=(msgspec.structs.replace(region, name="Oma"), drawn),
        people=("Oma", "Opa", "Tom"),
    )
    path.write_bytes(build_sidecar(elsewhere))
    await look_for_edits(house.bench, phone.roots)
    await write_due(house.bench, phone.roots)
    before, faces = await phone.photo(), await phone.faces()
    assert {face["name"] for face in faces} == {"Oma", "Opa"}
    assert before["captured_at"] == "2024-07-26T09:30:00"
    async with house.bench.database.write() as connection:
        album = {"id": "album", "name": "Album", "cover_photo": before["id"]}
        await connection.execute(insert(Collection).values(album))
        await connection.execute(insert(CollectionPhoto).values(collection_id="album", photo_id=before["id"]))
        await connection.execute(
            update(Person).where(Person.name == "Oma").values(selected_thumbnail_face_id=faces[0]["id"])
        )

    await phone.write(shot(edge=first["width"] // 2, quality=70))

    after = await phone.photo()
    assert (after["id"] != before["id"], after["width"]) == (True, before["width"] // 2)
    assert {name: after[name] for name in SAID} == {name: before[name] for name in SAID}
    assert [after["metadata"].get(name) for name in WORDS] == [before["metadata"].get(name) for name in WORDS]
    assert after["metadata"]["note"] == "from a client"
    ai = after["metadata"]["ai"]
    assert (ai["longDescription"], ai[BY_PERSON]) == ("Oma am See", ["longDescription"])
    assert (ai[TAGS_ADDED], ai[TAGS_REMOVED]) == (["Kuchen"], [gone])
    assert "Kuchen" in ai["aiTags"]
    assert gone not in ai["aiTags"]
    assert (after["captured_at"], after["capture_source"]) == ("2024-07-26T09:30:00", "sidecar")
    assert (after["gps_latitude"], after["gps_longitude"]) == (43.7, 7.25)
    moved = await phone.faces()
    assert [(face["id"], face["name"], face["photo_id"]) for face in moved] == [
        (face["id"], face["name"], after["id"]) for face in faces
    ]
    for one, other in zip(faces, moved, strict=True):
        halves = [number / 2 for number in one["bounding_box"]]
        assert other["bounding_box"] == pytest.approx(halves, abs=0.15 * max(halves))
    ((cover, photo),) = await house.query(
        "select c.cover_photo, p.photo_id from collections c join collection_photos p on p.collection_id = c.id"
    )
    assert (cover, photo) == (after["id"], after["id"])

    rebuilt = await phone.rebuilt()
    assert {name: rebuilt[name] for name in SAID} == {name: after[name] for name in SAID}
    assert [rebuilt["metadata"].get(name) for name in WORDS] == [after["metadata"].get(name) for name in WORDS]
    assert rebuilt["captured_at"] == after["captured_at"]
    marks = ("longDescription", BY_PERSON, TAGS_ADDED, TAGS_REMOVED, "aiTags")
    assert {mark: rebuilt["metadata"]["ai"][mark] for mark in marks} == {mark: ai[mark] for mark in marks}
    assert {face["name"] for face in await phone.faces()} >= {"Oma", "Opa"}


@pytest.mark.asyncio(loop_scope="session")
async def test_a_face_is_known_again_in_a_picture_that_was_cropped(house: House) -> None:
    phone = Phone(house, Mode.COPY)
    await phone.write(shot())
    (face,) = await phone.faces()
    photo = await phone.photo()
    async with house.bench.database.write() as connection:
        await connection.execute(insert(Person), [{"id": "oma", "name": "Oma"}, {"id": "opa", "name": "Opa"}])
        await connection.execute(update(Face).where(Face.id == face["id"]).values(person_id="oma"))
        drawn = {"photo_id": photo["id"], "person_id": "opa", "bounding_box": [0, 0, 9, 9], "confidence": 100}
        await connection.execute(insert(Face).values(**drawn, detector="sidecar"))
    cut = face["bounding_box"][0] // 2
    await phone.write(shot(left=cut))
    (again,) = await phone.faces()
    assert (again["id"], again["name"]) == (face["id"], "Oma")
    assert again["bounding_box"][0] == pytest.approx(face["bounding_box"][0] - cut, abs=0.2 * face["bounding_box"][2])
    # nobody knows where the other one is in it
    assert (await phone.photo())["metadata"]["people"] == ["Opa"]


@pytest.mark.asyncio(loop_scope="session")
async def test_a_photo_that_was_put_away_stays_away_and_comes_back_as_its_newest_version(house: House) -> None:
    phone = Phone(house, Mode.COPY)
    await phone.write(shot(edge=64))
    await phone.edit(Edit(rating=4))
    await archive_photo(house.bench, (await phone.photo())["id"])
    await phone.write(shot(edge=64, quality=70))
    assert await phone.rows("select id from file_versions where archived_at is null") == []
    (new,) = await phone.rows("select * from file_versions where tier = 'silver' and processing_state != 'superseded'")
    assert new["rating"] == 4
    await unarchive_photo(house.bench, new["id"])
    await write_due(house.bench, phone.roots)
    assert (await phone.photo())["id"] == new["id"]
    assert read_sidecar((await phone.sidecar()).read_bytes()).rating == 4


@pytest.mark.asyncio(loop_scope="session")
async def test_what_was_confirmed_is_not_described_anew(house: House) -> None:
    phone = Phone(house, Mode.COPY)
    await phone.write(shot(edge=64))
    photo = await phone.photo()
    ai = {**photo["metadata"]["ai"], "longDescription": "A model's words.", "provider": "ollama"}
    await phone.edit(Edit(metadata={"ai": ai}))
    await phone.edit(Edit(is_reviewed=True))
    await phone.write(shot(edge=64, quality=70))
    again = await phone.photo()
    assert again["is_reviewed"]
    assert again["metadata"]["ai"]["longDescription"] == "A model's words."
    assert again["metadata"]["ai"]["provider"] == "ollama"


@pytest.mark.asyncio(loop_scope="session")
async def test_words_survive_a_moment_in_which_the_file_is_half_written(house: House) -> None:
    phone = Phone(house, Mode.COPY)
    await phone.write(shot(edge=64))
    await phone.edit(Edit(rating=4, keywords=["Oma"], is_favorite=True))
    whole = shot(edge=64, quality=70)
    await phone.write(whole[: len(whole) // 2])
    await phone.write(whole)
    photo = await phone.photo()
    assert (photo["rating"], photo["keywords"], bool(photo["is_favorite"])) == (4, ["Oma"], True)


@pytest.mark.asyncio(loop_scope="session")
async def test_what_was_said_of_a_demoted_photo_is_there_when_it_is_silver_again(house: House) -> None:
    phone = Phone(house, Mode.COPY)
    await phone.write(shot(edge=64))
    await phone.edit(Edit(rating=4, keywords=["Oma"], is_favorite=True, location="Am See"))
    bronze_id = await demote(house.bench, (await phone.photo())["id"])
    (bronze,) = await phone.rows("select id, media_asset_id from file_versions")
    assert bronze["id"] == bronze_id
    await develop(house.bench, bronze["media_asset_id"])
    photo = await phone.photo()
    assert (photo["rating"], photo["keywords"], bool(photo["is_favorite"])) == (4, ["Oma"], True)
    assert photo["location"] == "Am See"


ROW: dict[str, Any] = {
    **dict.fromkeys(("is_reviewed", "location", "event_type", "event_name", "is_favorite", "ai_short_description")),
    **dict.fromkeys(("gps_latitude", "gps_longitude", "captured_at", "capture_source", "combined_metadata")),
    "tier": "silver",
    "rating": 0,
    "keywords": [],
}


def test_what_the_phone_itself_has_written_into_the_new_file_counts_where_no_person_said_otherwise() -> None:
    own = Metadata(rating=Said(2, "xmp:xmp:Rating"), keywords=Said(("sea", "dog"), "xmp:dc:subject"))
    new = ROW | {"rating": 3, "keywords": ["sea", "dog", "starred"]}
    untouched = carried_columns(ROW | {"rating": 2, "keywords": ["sea", "dog"]}, own, new)
    assert (untouched["rating"], untouched["keywords"]) == (3, ["sea", "dog", "starred"])
    edited = carried_columns(ROW | {"rating": 5, "keywords": ["sea", "Oma"]}, own, new)
    assert (edited["rating"], edited["keywords"]) == (5, ["sea", "Oma", "starred"])
    # a program that keeps no metadata takes none away
    bare = carried_columns(ROW | {"rating": 2, "keywords": ["sea", "dog"]}, own, ROW)
    assert (bare["rating"], bare["keywords"]) == (2, ["sea", "dog"])
