"""Promotion to Gold and back, over HTTP, on real files."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import piexif
import pytest
from PIL import Image
from sqlalchemy import event, select, update

from core.db.tables import (
    AssetHistory,
    Collection,
    CollectionPhoto,
    Face,
    FileVersion,
    LibraryTag,
    MediaAsset,
    Person,
    Placement,
    utc_now,
)
from core.library.sidecar import read_sidecar
from core.media.identify import identify
from tests.api.conftest import Library

MTIME_NS = 1_234_567_890_123_456_789
AI = {
    "aiTags": ["beach", "family"],
    "shortDescription": "Two children at the sea",
    "longDescription": "Two children build a castle at the sea.",
    "provider": "builtin",
}


def jpeg(software: str = "Camera 1.0", edge: int = 48) -> bytes:
    noise = hashlib.shake_256(software.encode()).digest(edge * edge * 3)
    exif = piexif.dump(
        {
            "0th": {piexif.ImageIFD.Make: "Maker", piexif.ImageIFD.Model: "X1", piexif.ImageIFD.Software: software},
            "Exif": {piexif.ExifIFD.DateTimeOriginal: "2023:05:06 07:08:09"},
        }
    )
    buffer = io.BytesIO()
    Image.frombytes("RGB", (edge, edge), noise).save(buffer, "JPEG", quality=90, exif=exif)
    return buffer.getvalue()


async def add_silver(library: Library, content: bytes | None = None, name: str = "IMG_1.jpg", **columns: Any) -> str:
    """A Silver photo with its file, as the pipeline leaves it; answers its id."""
    content = jpeg() if content is None else content
    asset_id = await library.add_asset(name)
    file_path = f"media/silver/2023/05/{asset_id}{Path(name).suffix}"
    os.utime(library.add_file(file_path, content), ns=(MTIME_NS, MTIME_NS))
    defaults = {
        "file_path": file_path,
        "file_hash": hashlib.md5(content).hexdigest(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "file_size": len(content),
        "captured_at": "2023-05-06T07:08:09",
        "capture_source": "exif-original",
        "combined_metadata": {"exif": {"camera": "Maker X1"}, "ai": AI},
        "width": 48,
        "height": 48,
        "rating": 4,
        "keywords": ["holiday"],
    }
    return await library.add_version(asset_id, "silver", **(defaults | columns))


async def rows(library: Library, statement: Any) -> list[Any]:
    async with library.bench.database.read() as connection:
        return list((await connection.execute(statement)).mappings())


def gold_files(library: Library) -> list[str]:
    gold = library.bench.layout.media / "gold"
    return sorted(str(path.relative_to(gold)) for path in gold.rglob("*") if path.is_file())


async def test_a_gold_file_has_the_metadata_inside_and_everything_of_the_silver_one(library: Library) -> None:
    silver_id = await add_silver(library, event_type="holiday", event_name="Summer", location="Nice", is_favorite=True)
    answer = await library.http.post(f"/api/photos/{silver_id}/promote")
    assert answer.status_code == 200, answer.text
    gold = answer.json()
    assert gold["tier"] == "gold"
    assert gold["isReviewed"] is True
    assert gold["filePath"] == "media/gold/2023/05/2023-05-06_07-08-09.jpg"
    for field, value in {
        "rating": 4,
        "keywords": ["holiday"],
        "eventType": "holiday",
        "eventName": "Summer",
        "location": "Nice",
        "isFavorite": True,
        "processingState": "processed",
    }.items():
        assert gold[field] == value, field
    assert gold["metadata"]["ai"]["aiTags"] == AI["aiTags"]

    path = library.bench.layout.absolute(gold["filePath"])
    content = path.read_bytes()
    assert gold["fileHash"] == hashlib.md5(content).hexdigest()
    assert gold["fileSize"] == len(content)
    (row,) = await rows(library, select(FileVersion.sha256).where(FileVersion.id == gold["id"]))
    assert row["sha256"] == hashlib.sha256(content).hexdigest()
    assert path.stat().st_mode & 0o777 == 0o444
    assert path.stat().st_mtime_ns == MTIME_NS

    (silver,) = await rows(library, select(FileVersion).where(FileVersion.id == silver_id))
    assert silver["processing_state"] == "promoted"
    assert (
        hashlib.md5(library.bench.layout.absolute(silver["file_path"]).read_bytes()).hexdigest() == silver["file_hash"]
    )

    exif = piexif.load(content)
    assert exif["0th"][piexif.ImageIFD.Software] == b"Camera 1.0"
    assert exif["0th"][piexif.ImageIFD.Rating] == 4
    assert exif["0th"][piexif.ImageIFD.ImageDescription].decode() == AI["longDescription"]
    assert bytes(exif["0th"][piexif.ImageIFD.XPKeywords]).decode("utf-16-le").rstrip("\0") == "holiday;beach;family"
    comment = exif["Exif"][piexif.ExifIFD.UserComment]
    assert comment.startswith(b"ASCII\0\0\0")
    assert json.loads(comment[8:])["eventName"] == "Summer"
    assert identify(str(path), path.name).exif.date_time_original == "2023-05-06T07:08:09"
    sidecar = read_sidecar(path.with_name(path.name + ".xmp").read_bytes())
    assert (sidecar.rating, sidecar.description) == (4, AI["longDescription"])
    assert set(sidecar.keywords) == {"holiday", "beach", "family"}
    with Image.open(path) as after, Image.open(library.bench.layout.absolute(silver["file_path"])) as before:
        assert after.tobytes() == before.tobytes()

    history = await rows(library, select(AssetHistory))
    assert [entry["action"] for entry in history] == ["PROMOTED"]
    assert history[0]["details"] == (
        "IMG_1.jpg was promoted from Silver to Gold as 2023-05-06_07-08-09.jpg; "
        "its metadata is in the file as EXIF and XMP."
    )
    tags = await rows(library, select(LibraryTag.tag, LibraryTag.usage_count))
    assert {tag["tag"]: tag["usage_count"] for tag in tags} == {"beach": 1, "family": 1}
    assert await rows(library, select(Placement)) == []


async def test_promoting_again_changes_nothing_until_something_is_edited(library: Library) -> None:
    silver_id = await add_silver(library)
    first = (await library.http.post(f"/api/photos/{silver_id}/embed-metadata")).json()
    assert first["success"] is True
    gold = first["goldVersion"]
    path = library.bench.layout.absolute(gold["filePath"])
    before = path.stat()

    again = (await library.http.post(f"/api/photos/{silver_id}/promote")).json()
    assert again["id"] == gold["id"]
    assert path.stat() == before
    assert [entry["action"] for entry in await rows(library, select(AssetHistory))] == ["EMBEDDED"]

    async with library.bench.database.write() as connection:
        edited = {"rating": 2, "keywords": ["winter"]}
        await connection.execute(update(FileVersion).where(FileVersion.id == gold["id"]).values(edited))
    renewed = (await library.http.post(f"/api/photos/{silver_id}/embed-metadata")).json()["goldVersion"]
    content = path.read_bytes()
    assert renewed["id"] == gold["id"]
    assert renewed["filePath"] == gold["filePath"]
    assert renewed["fileHash"] == hashlib.md5(content).hexdigest() != gold["fileHash"]
    assert piexif.load(content)["0th"][piexif.ImageIFD.Rating] == 2
    sidecar = read_sidecar(path.with_name(path.name + ".xmp").read_bytes())
    assert set(sidecar.keywords) == {"winter", "beach", "family"}
    assert path.stat().st_mtime_ns == MTIME_NS
    assert path.stat().st_mode & 0o777 == 0o444
    assert gold_files(library) == ["2023/05/2023-05-06_07-08-09.jpg", "2023/05/2023-05-06_07-08-09.jpg.xmp"]
    (latest, *_) = sorted(await rows(library, select(AssetHistory)), key=lambda entry: entry["timestamp"], reverse=True)
    assert "written anew" in latest["details"]


async def test_two_requests_at_once_make_one_gold_version(sqlite_library: Library) -> None:
    silver_id = await add_silver(sqlite_library)
    answers = await asyncio.gather(*(sqlite_library.http.post(f"/api/photos/{silver_id}/promote") for _ in range(4)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(gold_files(sqlite_library)) == 2


async def test_the_name_follows_the_setting_and_never_takes_another_photos(sqlite_library: Library) -> None:
    for key, value in (("gold_naming_pattern", "custom"), ("custom_naming_pattern", "{year}_{camera}")):
        await sqlite_library.http.put(f"/api/settings/{key}", json={"value": value})
    names = []
    for number in range(3):
        silver_id = await add_silver(sqlite_library, jpeg(f"Camera {number}"))
        answer = (await sqlite_library.http.post(f"/api/photos/{silver_id}/promote")).json()
        names.append(answer["mediaAsset"]["displayFilename"])
    assert names == ["2023_MakerX1.jpg", "2023_MakerX1_1.jpg", "2023_MakerX1_2.jpg"]


async def test_people_are_named_in_the_file(sqlite_library: Library) -> None:
    silver_id = await add_silver(sqlite_library)
    person = await sqlite_library.insert(Person, name="Ada Lovelace")
    await sqlite_library.add_face(silver_id, person_id=person, bounding_box=[0, 0, 24, 24])
    await sqlite_library.add_face(silver_id, bounding_box=[24, 24, 10, 10])
    await sqlite_library.add_face(silver_id, bounding_box=[30, 30, 10, 10], ignored=True)
    gold = (await sqlite_library.http.post(f"/api/photos/{silver_id}/promote")).json()
    path = sqlite_library.bench.layout.absolute(gold["filePath"])
    assert piexif.load(path.read_bytes())["0th"][piexif.ImageIFD.Artist] == b"Ada Lovelace"
    sidecar = read_sidecar(path.with_name(path.name + ".xmp").read_bytes())
    assert sidecar.people == ("Ada Lovelace",)
    assert [face.name for face in sidecar.faces] == ["Ada Lovelace", None]
    assert len(gold["detectedFaces"]) == 2


async def test_a_video_is_copied_and_gets_sidecars(sqlite_library: Library) -> None:
    content = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + os.urandom(3_000_000)
    silver_id = await add_silver(sqlite_library, content, "VID_1.mp4", mime_type="video/mp4")
    gold = (await sqlite_library.http.post(f"/api/photos/{silver_id}/promote")).json()
    path = sqlite_library.bench.layout.absolute(gold["filePath"])
    assert path.read_bytes() == content
    assert gold_files(sqlite_library) == [f"2023/05/2023-05-06_07-08-09.mp4{end}" for end in ("", ".json", ".xmp")]
    said = json.loads(path.with_name(path.name + ".json").read_bytes())
    assert (said["rating"], said["keywords"], said["metadata"]["ai"]["aiTags"]) == (4, ["holiday"], AI["aiTags"])
    (entry,) = await rows(sqlite_library, select(AssetHistory))
    assert entry["details"].endswith(
        "its metadata is in the sidecar only, because it is a video, which is never written into."
    )


async def test_a_damaged_silver_file_becomes_no_gold_one(sqlite_library: Library) -> None:
    silver_id = await add_silver(sqlite_library)
    (silver,) = await rows(sqlite_library, select(FileVersion).where(FileVersion.id == silver_id))
    path = sqlite_library.bench.layout.absolute(silver["file_path"])
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    answer = await sqlite_library.http.post(f"/api/photos/{silver_id}/promote")
    assert answer.status_code == 500
    assert "has other bytes than when it was taken in" in answer.json()["message"]
    assert gold_files(sqlite_library) == []
    assert await rows(sqlite_library, select(Placement)) == []


async def test_only_silver_photos_are_promoted(sqlite_library: Library) -> None:
    silver_id = await add_silver(sqlite_library)
    gold = (await sqlite_library.http.post(f"/api/photos/{silver_id}/promote")).json()
    for route in ("promote", "embed-metadata"):
        answer = await sqlite_library.http.post(f"/api/photos/{gold['id']}/{route}")
        assert (answer.status_code, "only Silver" in answer.json()["message"]) == (400, True)
        answer = await sqlite_library.http.post(f"/api/photos/nobody/{route}")
        assert (answer.status_code, answer.json()["message"]) == (404, "There is no photo nobody.")


async def test_a_batch_promotes_what_is_silver_and_says_what_failed(sqlite_library: Library) -> None:
    good = [await add_silver(sqlite_library, jpeg(f"Camera {number}")) for number in range(3)]
    gone = await add_silver(sqlite_library, jpeg("Camera 9"))
    (silver,) = await rows(sqlite_library, select(FileVersion).where(FileVersion.id == gone))
    damaged = sqlite_library.bench.layout.absolute(silver["file_path"])
    damaged.unlink()
    bronze = await sqlite_library.add_version(await sqlite_library.add_asset(), "bronze")
    answer = await sqlite_library.http.post(
        "/api/photos/batch-promote", json={"photoIds": [*good, good[0], gone, bronze, "nobody"]}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["promoted"] == 3
    assert [fault["photoId"] for fault in answer.json()["errors"]] == [gone]
    assert "is not there any more" in answer.json()["errors"][0]["error"]
    assert (await sqlite_library.http.post("/api/photos/batch-promote", json={"photoIds": good})).json() == {
        "promoted": 0,
        "errors": [],
    }


async def test_a_batch_asks_once_which_of_its_photos_are_silver(sqlite_library: Library) -> None:
    gold = (await sqlite_library.add_photo("gold"))["gold"]
    archived = (await sqlite_library.add_photo("silver", archived_at=utc_now()))["silver"]
    strangers = [f"{number:08}-0000-4000-8000-000000000000" for number in range(12_000)]
    asked: list[str] = []
    async with sqlite_library.bench.database.read() as connection:
        event.listen(connection.engine.sync_engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    answer = await sqlite_library.send(
        "POST", "/api/photos/batch-promote", json={"photoIds": [*strangers, gold, archived]}
    )
    assert answer == {"promoted": 0, "errors": []}
    assert len([statement for statement in asked if "file_versions" in statement]) == 2


@pytest.mark.parametrize("body", [{}, {"photoIds": []}, {"photoIds": "x"}, {"photoIds": [1]}])
async def test_a_batch_needs_ids(sqlite_library: Library, body: dict[str, object]) -> None:
    answer = await sqlite_library.http.post("/api/photos/batch-promote", json=body)
    assert answer.status_code == 400
    assert answer.json()["message"]


async def test_demotion_gives_the_silver_version_what_was_said_since(library: Library) -> None:
    silver_id = await add_silver(library)
    face_id = await library.add_face(silver_id)
    gold = (await library.http.post(f"/api/photos/{silver_id}/promote")).json()
    late_face = await library.add_face(gold["id"])
    collection = await library.insert(Collection, name="Best", cover_photo=gold["id"])
    other = await library.insert(Collection, name="Both")
    for photo_id, of in ((gold["id"], collection), (gold["id"], other), (silver_id, other)):
        await library.insert(CollectionPhoto, collection_id=of, photo_id=photo_id)
    async with library.bench.database.write() as connection:
        said = {"rating": 1, "keywords": ["late"]}
        await connection.execute(update(FileVersion).where(FileVersion.id == gold["id"]).values(said))

    answer = await library.http.post(f"/api/photos/{gold['id']}/demote")
    assert answer.status_code == 200, answer.text
    active = answer.json()["activeVersion"]
    assert (answer.json()["success"], active["id"], active["tier"]) == (True, silver_id, "silver")
    assert active["mediaAsset"]["displayFilename"]
    assert (active["rating"], active["keywords"], active["processingState"]) == (1, ["late"], "processed")
    assert gold_files(library) == []
    assert {row["photo_id"] for row in await rows(library, select(Face).where(Face.id.in_([face_id, late_face])))} == {
        silver_id
    }
    entries = await rows(library, select(CollectionPhoto.collection_id, CollectionPhoto.photo_id))
    assert sorted(entry["collection_id"] for entry in entries) == sorted([collection, other])
    assert {entry["photo_id"] for entry in entries} == {silver_id}
    (best,) = await rows(library, select(Collection).where(Collection.id == collection))
    assert best["cover_photo"] == silver_id
    assert await rows(library, select(Placement)) == []
    actions = sorted(entry["action"] for entry in await rows(library, select(AssetHistory)))
    assert actions == ["DEMOTED", "PROMOTED"]
    assert (await library.http.get(f"/api/photos/{gold['id']}")).status_code == 404

    again = await library.http.post(f"/api/photos/{silver_id}/promote")
    assert again.json()["filePath"] == gold["filePath"]


async def test_what_has_nothing_below_or_something_above_is_not_demoted(sqlite_library: Library) -> None:
    silver_id = await add_silver(sqlite_library)
    (silver,) = await rows(sqlite_library, select(FileVersion).where(FileVersion.id == silver_id))
    answer = await sqlite_library.http.post(f"/api/photos/{silver_id}/demote")
    assert (answer.status_code, "no Bronze version" in answer.json()["message"]) == (400, True)
    bronze_id = await sqlite_library.add_version(
        silver["media_asset_id"], "bronze", sha256=silver["sha256"], processing_state="promoted"
    )
    answer = await sqlite_library.http.post(f"/api/photos/{bronze_id}/demote")
    assert (answer.status_code, "nothing below" in answer.json()["message"]) == (400, True)
    gold = (await sqlite_library.http.post(f"/api/photos/{silver_id}/promote")).json()
    answer = await sqlite_library.http.post(f"/api/photos/{silver_id}/demote")
    assert (answer.status_code, "demote that first" in answer.json()["message"]) == (400, True)
    assert (await sqlite_library.http.post("/api/photos/nobody/demote")).status_code == 404

    assert (await sqlite_library.http.post(f"/api/photos/{gold['id']}/demote")).status_code == 200
    answer = await sqlite_library.http.post(f"/api/photos/{silver_id}/demote")
    assert (answer.status_code, answer.json()["activeVersion"]["id"]) == (200, bronze_id)
    assert not sqlite_library.bench.layout.absolute(silver["file_path"]).exists()
    (asset,) = await rows(sqlite_library, select(MediaAsset))
    assert asset["id"] == silver["media_asset_id"]


async def test_a_caption_gives_way_to_a_persons_words_and_not_to_a_machines(
    sqlite_library: Library,
) -> None:
    exif = piexif.dump({"0th": {piexif.ImageIFD.ImageDescription: "Oma's garden"}})
    buffer = io.BytesIO()
    Image.new("RGB", (20, 20), "green").save(buffer, "JPEG", exif=exif)
    silver_id = await add_silver(sqlite_library, buffer.getvalue())

    async def caption() -> bytes:
        gold = (await sqlite_library.http.post(f"/api/photos/{silver_id}/promote")).json()
        content = sqlite_library.bench.layout.absolute(gold["filePath"]).read_bytes()
        found: bytes = piexif.load(content)["0th"][piexif.ImageIFD.ImageDescription]
        return found

    assert await caption() == b"Oma's garden"
    (gold,) = await rows(sqlite_library, select(FileVersion.id).where(FileVersion.tier == "gold"))
    edit = {"aiDescription": "Grandmother in her garden"}
    answer = await sqlite_library.http.patch(f"/api/photos/{gold['id']}/metadata", json=edit)
    assert answer.status_code == 200, answer.text
    assert await caption() == b"Grandmother in her garden"


async def test_what_is_said_while_gold_is_made_is_said_of_gold(library: Library) -> None:
    """The words are sent to the Silver version, while or after its Gold one comes to be."""
    for number in range(3):
        silver = await add_silver(library, jpeg(f"Camera {number}"))
        said = {"rating": 5, "keywords": ["castle"], "eventName": "Said"}
        promoted, edited, favored = await asyncio.gather(
            library.http.post(f"/api/photos/{silver}/promote", json={}),
            library.http.patch(f"/api/photos/{silver}/metadata", json=said),
            library.http.patch(f"/api/photos/{silver}/favorite", json={"isFavorite": True}),
        )
        assert [answer.status_code for answer in (promoted, edited, favored)] == [200] * 3
        gold = (await library.http.get(f"/api/photos/{promoted.json()['id']}")).json()
        assert (gold["tier"], gold["rating"], gold["keywords"]) == ("gold", 5, ["castle"])
        assert (gold["eventName"], gold["isFavorite"]) == ("Said", True)
        written = library.bench.layout.absolute(gold["filePath"]).read_bytes()
        assert b"castle" in written


async def test_an_edit_of_a_silver_photo_is_one_of_the_gold_photo_that_is_shown_for_it(library: Library) -> None:
    """A second person has had its page open all the time."""
    silver = await add_silver(library)
    gold = (await library.http.post(f"/api/photos/{silver}/promote", json={})).json()["id"]
    edited = await library.send("PATCH", f"/api/photos/{silver}/metadata", json={"rating": 3, "keywords": ["Oma"]})
    await library.send("PATCH", f"/api/photos/{silver}/tags", json={"tags": ["cake"], "action": "add"})
    assert (edited["id"], edited["rating"]) == (silver, 3)
    (shown,) = await library.send("GET", "/api/photos")
    assert (shown["id"], shown["rating"], shown["keywords"]) == (gold, 3, ["Oma"])
    assert "cake" in shown["metadata"]["ai"]["aiTags"]
    await library.send("POST", f"/api/photos/{gold}/demote")
    (shown,) = await library.send("GET", "/api/photos")
    assert (shown["id"], shown["rating"], shown["keywords"]) == (silver, 3, ["Oma"])
    assert "cake" in shown["metadata"]["ai"]["aiTags"]


async def test_a_photo_that_is_deleted_while_it_is_promoted_is_gone(library: Library) -> None:
    for number in range(3):
        silver = await add_silver(library, jpeg(f"Camera {number}"))
        await asyncio.gather(
            library.http.post(f"/api/photos/{silver}/promote", json={}),
            library.http.delete(f"/api/photos/{silver}"),
        )
    assert await library.ids("/api/photos", tier="all_versions") == []
    async with library.bench.database.read() as connection:
        assert (await connection.execute(select(Placement.id))).all() == []


async def test_a_gold_file_that_is_another_one_is_kept_when_it_is_written_anew(library: Library) -> None:
    """Damaged, or put there by somebody else: nobody knows whether it is there a second time."""
    silver = await add_silver(library)
    gold = await library.send("POST", f"/api/photos/{silver}/promote", json={})
    path = library.bench.layout.absolute(gold["filePath"])
    path.unlink()
    path.write_bytes(b"somebody else's")
    await library.send("PATCH", f"/api/photos/{gold['id']}/metadata", json={"rating": 2})
    await library.send("POST", f"/api/photos/{silver}/promote", json={})
    kept = [each.read_bytes() for each in (library.bench.layout.media / "archive").rglob("*.jpg")]
    assert kept == [b"somebody else's"]
    assert path.read_bytes() != kept[0]
