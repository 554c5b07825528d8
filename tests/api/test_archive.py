"""Photos that are put away leave everything that is shown, and nothing of them is destroyed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.db.tables import Collection, CollectionPhoto, Face, FileVersion, Person
from tests.api.conftest import Library

pytestmark = pytest.mark.asyncio


async def add_stored(library: Library, *tiers: str, **columns: Any) -> dict[str, str]:
    """A photo whose versions have files, with a sidecar each above Bronze."""
    photo = await library.add_photo(*tiers, captured_at="2024-07-26T14:30:25", **columns)
    for tier in tiers:
        path = f"media/{tier}/2025/08/{photo[tier]}.jpg"
        library.add_file(path, f"{tier} of {photo['asset']}".encode())
        if tier != "bronze":
            library.add_file(f"{path}.xmp", b"<xmp/>")
    return photo


def files(library: Library) -> set[str]:
    media = library.bench.layout.media
    return {str(path.relative_to(media.parent)) for path in media.rglob("*") if path.is_file()}


async def act(library: Library, photo_id: str, action: str) -> dict[str, Any]:
    answer = await library.http.post(f"/api/photos/{photo_id}/{action}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_an_archived_photo_leaves_every_list_and_count_and_its_file_moves(library: Library) -> None:
    photo = await add_stored(library, "bronze", "silver")
    shown = await add_stored(library, "silver")
    answer = await act(library, photo["silver"], "archive")
    name = f"media/archive/2024/07/{photo['silver']}.jpg"
    assert answer.keys() == {"success", "message", "photo"}
    assert answer["success"] is True
    assert "IMG_1.jpg" in answer["message"]
    assert (answer["photo"]["id"], answer["photo"]["filePath"]) == (photo["silver"], name)
    assert answer["photo"]["mediaAsset"]["displayFilename"] == Path(name).name
    for tier in ("", "silver", "bronze", "unprocessed", "all_versions"):
        listed = await library.ids("/api/photos", tier=tier)
        assert not {photo["silver"], photo["bronze"]} & set(listed)
    stats = (await library.http.get("/api/stats")).json()
    assert stats == {"totalPhotos": 1, "bronzeCount": 0, "silverCount": 1, "goldCount": 0}
    found = (await library.http.post("/api/photos/search", json={})).json()["photos"]
    assert [each["id"] for each in found] == [shown["silver"]]
    assert (await library.http.get(f"/api/photos/{photo['silver']}")).status_code == 404
    newest = (await library.http.get("/api/activity")).json()[0]
    assert (newest["action"], newest["mediaAssetId"]) == ("ARCHIVED", photo["asset"])
    assert name in newest["details"]
    assert (await library.http.get(f"/api/files/{name}")).content == f"silver of {photo['asset']}".encode()
    assert files(library) == {
        name,
        f"{name}.xmp",
        f"media/bronze/2025/08/{photo['bronze']}.jpg",
        f"media/silver/2025/08/{shown['silver']}.jpg",
        f"media/silver/2025/08/{shown['silver']}.jpg.xmp",
    }


async def test_a_photo_comes_back_from_the_archive_as_it_was(library: Library) -> None:
    photo = await add_stored(library, "bronze", "silver", "gold", rating=4)
    before = await library.ids("/api/photos", tier="all_versions")
    await act(library, photo["gold"], "archive")
    answer = await act(library, photo["silver"], "unarchive")
    assert answer["photo"]["filePath"] == f"media/silver/2024/07/{photo['silver']}.jpg"
    assert await library.ids("/api/photos", tier="all_versions") == before
    assert await library.ids("/api/photos") == [photo["gold"]]
    history = (await library.http.get(f"/api/photos/{photo['silver']}")).json()["history"]
    assert [entry["action"] for entry in history] == ["RESTORED", "ARCHIVED"]
    assert len(files(library)) == 5
    assert not any("archive" in name for name in files(library))


async def test_what_is_archived_cannot_be_archived_and_what_is_not_cannot_be_brought_back(library: Library) -> None:
    photo = await add_stored(library, "silver")
    for action, expected in (("unarchive", 400), ("archive", 200), ("archive", 400), ("unarchive", 200)):
        answer = await library.http.post(f"/api/photos/{photo['silver']}/{action}")
        assert answer.status_code == expected
    for action in ("archive", "unarchive"):
        answer = await library.http.post(f"/api/photos/no-such-photo/{action}")
        assert answer.status_code == 404
        assert answer.json()["message"] == answer.json()["error"]


async def test_names_in_the_archive_do_not_collide(library: Library) -> None:
    photo = await add_stored(library, "silver")
    name = f"media/archive/2024/07/{photo['silver']}"
    library.add_file(f"{name}.jpg", b"somebody else's")
    answer = await act(library, photo["silver"], "archive")
    assert answer["photo"]["filePath"] == f"{name}_1.jpg"
    assert library.bench.layout.absolute(f"{name}.jpg").read_bytes() == b"somebody else's"


async def contents(library: Library) -> dict[str, bytes | None]:
    """What is on disk of each version that the database names a file of, by its id; ``None`` where nothing is."""
    async with library.bench.database.read() as connection:
        rows = (await connection.execute(select(FileVersion.id, FileVersion.file_path))).all()
    paths = {row.id: library.bench.layout.absolute(row.file_path) for row in rows}
    return {version_id: path.read_bytes() if path.is_file() else None for version_id, path in paths.items()}


@pytest.mark.parametrize("operation", ["delete", "archive"])
async def test_photos_of_one_name_that_go_at_once_lose_nothing(library: Library, operation: str) -> None:
    """Silver of one photo and Gold of another often have one name, and both are put into one folder."""
    wanted = {}
    for number in range(24):
        tier = ("silver", "gold")[number % 2]
        path = f"media/{tier}/{2000 + number // 2}/07/2024-07-26.jpg"
        photo = await library.add_photo(tier, captured_at="2024-07-26T14:30:25", file_path=path)
        wanted[photo[tier]] = f"{tier} {number}".encode()
        library.add_file(path, wanted[photo[tier]])
        library.add_file(f"{path}.xmp", b"<xmp/>")
    request = {"photoIds": list(wanted)}
    if operation == "delete":
        answer = (await library.http.post("/api/photos/batch", json=request | {"operation": operation})).json()
        assert (answer["processed"], answer["errors"]) == (len(wanted), [])
    else:
        answers = await asyncio.gather(*(library.http.post(f"/api/photos/{each}/archive") for each in wanted))
        assert {answer.status_code for answer in answers} == {200}
    assert await contents(library) == wanted
    assert len(files(library)) == 2 * len(wanted)
    assert all(name.startswith("media/archive/") for name in files(library))


@pytest.mark.parametrize("action", ["archive", "unarchive", "delete"])
async def test_what_two_tabs_do_to_one_photo_at_once_is_done_once(library: Library, action: str) -> None:
    photo = await add_stored(library, "bronze", "silver", "gold")
    before = await contents(library)
    if action == "unarchive":
        await act(library, photo["silver"], "archive")

    def send(version: str) -> Any:
        if action == "delete":
            return library.http.delete(f"/api/photos/{photo['bronze']}")
        return library.http.post(f"/api/photos/{photo[version]}/{action}")

    answers = await asyncio.gather(*(send(version) for version in ("silver", "gold", "silver", "gold")))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] * 4 if action == "delete" else [200, 400, 400, 400]
    assert await contents(library) == before
    assert len(files(library)) == 5


async def test_a_photo_whose_file_is_missing_can_be_archived_all_the_same(library: Library) -> None:
    photo = await library.add_photo("silver")
    assert (await act(library, photo["silver"], "archive"))["success"] is True
    assert await library.ids("/api/photos") == []


async def test_a_deleted_photo_is_gone_for_clients_and_its_bytes_are_kept(library: Library) -> None:
    photo = await add_stored(library, "bronze", "silver")
    person = await library.insert(Person, name="Ada")
    face = await library.add_face(photo["silver"], person_id=person)
    album = await library.insert(Collection, name="Best")
    await library.insert(CollectionPhoto, collection_id=album, photo_id=photo["silver"])
    sha256 = photo["silver"].replace("-", "") * 2
    thumbnail = library.bench.layout.rendered(sha256, "250")
    thumbnail.parent.mkdir(parents=True)
    thumbnail.write_bytes(b"jpeg")
    answer = await library.http.delete(f"/api/photos/{photo['silver']}")
    assert answer.status_code == 200
    assert answer.json()["success"] is True
    assert await library.ids("/api/photos", tier="all_versions") == []
    assert (await library.http.get("/api/stats")).json()["totalPhotos"] == 0
    newest = (await library.http.get("/api/activity")).json()[0]
    assert (newest["action"], newest["mediaAssetId"]) == ("DELETED", photo["asset"])
    async with library.bench.database.read() as connection:
        for table in (Face, CollectionPhoto):
            assert (await connection.execute(select(table.id))).first() is None
    assert face
    assert not thumbnail.exists()
    kept = {library.bench.layout.absolute(name).read_bytes() for name in files(library)}
    assert kept == {f"{tier} of {photo['asset']}".encode() for tier in ("bronze", "silver")} | {b"<xmp/>"}
    for action in ("archive", "unarchive"):
        assert (await library.http.post(f"/api/photos/{photo['silver']}/{action}")).status_code == 404


async def test_deleting_what_is_not_there_is_fine(library: Library) -> None:
    photo = await add_stored(library, "silver")
    for photo_id in ("no-such-photo", photo["silver"], photo["silver"]):
        answer = await library.http.delete(f"/api/photos/{photo_id}")
        assert (answer.status_code, answer.json()["success"]) == (200, True)


async def test_without_its_gold_version_a_photo_is_silver_again(library: Library) -> None:
    photo = await add_stored(library, "bronze", "silver", "gold", processing_state="promoted")
    await library.http.delete(f"/api/photos/{photo['gold']}")
    assert await library.ids("/api/photos") == [photo["silver"]]
    silver = (await library.http.get(f"/api/photos/{photo['silver']}")).json()
    assert silver["processingState"] == "processed"
    await library.http.delete(f"/api/photos/{photo['bronze']}")
    assert await library.ids("/api/photos", tier="all_versions") == []


@pytest.mark.parametrize("gone", ["gold", "silver"])
async def test_faces_and_albums_go_with_the_version_that_stays(library: Library, gone: str) -> None:
    photo = await add_stored(library, "bronze", "silver", "gold")
    left = {"gold": "silver", "silver": "gold"}[gone]
    face = await library.add_face(photo[gone])
    album = await library.insert(Collection, name="Album")
    await library.insert(CollectionPhoto, collection_id=album, photo_id=photo[gone])
    assert (await library.http.delete(f"/api/photos/{photo[gone]}")).status_code == 200
    (shown,) = await library.send("GET", f"/api/collections/{album}/photos")
    assert shown["id"] == photo[left]
    assert [each["id"] for each in shown["detectedFaces"]] == [face]


async def test_an_archived_photo_can_be_deleted(library: Library) -> None:
    photo = await add_stored(library, "bronze", "silver")
    await act(library, photo["silver"], "archive")
    await library.http.delete(f"/api/photos/{photo['silver']}")
    assert (await library.http.post(f"/api/photos/{photo['bronze']}/unarchive")).status_code == 404
    async with library.bench.database.read() as connection:
        assert set((await connection.execute(select(FileVersion.processing_state))).scalars()) == {"deleted"}
