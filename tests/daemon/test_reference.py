"""Mode ``reference`` with a real daemon: photos follow their files, and nothing is copied."""

from __future__ import annotations

import json
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

from tests.daemon.conftest import FIXTURES, start, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.daemon.conftest import Daemon, Home


def photo(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_noise((96, 64), 20 + number).convert("RGB").save(path)


@pytest.fixture
def home(make_home: Callable[..., Home]) -> Home:
    return make_home(roots={"album": "reference"})


def photos(daemon: Daemon) -> list[Any]:
    found: list[Any] = daemon.get("/api/photos").json()
    return found


def until_done(home: Home, count: int) -> None:
    wait_until("all are done", lambda: home.states().get("done") == count)


def test_a_moved_folder_costs_nothing_and_a_renamed_file_keeps_its_photo(home: Home) -> None:
    album = home.folder / "album"
    for number in range(5):
        photo(album / "trip" / f"{number}.jpg", number)
    daemon = start(home)
    try:
        until_done(home, 5)
        before = {each["fileHash"]: each["mediaAssetId"] for each in photos(daemon)}
        assert not [path for path in (home.data / "media").rglob("*.jpg") if not path.is_symlink()]
        # while it runs, and while it does not
        (album / "trip").rename(album / "Trip to the sea")
        wait_until("they are followed", lambda: home.ledger("Trip to the sea/3.jpg"))
        until_done(home, 5)
        daemon.stop()
        (album / "Trip to the sea").rename(album / "sea")
        (album / "sea" / "0.jpg").rename(album / "first.jpg")
        daemon = start(home)
        wait_until("they are followed again", lambda: home.ledger("first.jpg") and home.ledger("sea/4.jpg"))
        until_done(home, 5)
        after = photos(daemon)
        assert {each["fileHash"]: each["mediaAssetId"] for each in after} == before
        for each in after:
            assert daemon.get(f"/api/files/{each['filePath']}").status_code == 200
        reads = [event for event in daemon.events() if "read" in event.get("stages", {}) and "look" in event["stages"]]
        assert len(reads) == 5, "pixels are looked at once"
        assert daemon.home.run("audit").returncode == 0, daemon.home.run("audit").stdout
    finally:
        daemon.kill()


def test_what_a_person_did_with_a_photo_follows_its_file_wherever_it_goes(home: Home) -> None:
    """Moved, renamed and replaced by a copy of itself, while nobody looks and while somebody does."""
    album = home.folder / "album"
    shutil.copy(FIXTURES / "astronaut.jpg", album / "a.jpg")
    photo(album / "b.jpg", 1)
    daemon = start(home)
    try:
        until_done(home, 2)
        (before,) = (each for each in photos(daemon) if each["mediaAsset"]["originalFilename"] == "a.jpg")
        faces = home.query("select id, person_id from faces where photo_id = ?", before["id"])
        assert len(faces) == 1, "the portrait has a face"
        with sqlite3.connect(home.data / "pictallion.db", timeout=30) as connection:
            connection.execute("insert into people (id, name, created_at) values ('p', 'Eileen', current_timestamp)")
            connection.execute("update faces set person_id = 'p'")
        url = f"{daemon.url}/api/photos/{before['id']}"
        assert httpx.patch(f"{url}/rating", json={"rating": 4}).status_code == 200
        assert httpx.patch(f"{url}/tags", json={"tags": ["space"]}).status_code == 200
        assert httpx.post(f"{url}/promote", json={}, timeout=60).status_code == 200

        def remains(path: str) -> None:
            home.wait_for_state(path, "done")
            until_done(home, 2)
            versions = {each["tier"]: each for each in daemon.get(f"/api/photos/{before['id']}/versions").json()}
            assert {each["mediaAssetId"] for each in versions.values()} == {before["mediaAssetId"]}
            assert set(versions) == {"bronze", "silver", "gold"}
            silver = versions["silver"]
            assert (silver["id"], silver["rating"]) == (before["id"], 4)
            assert "space" in silver["metadata"]["ai"]["aiTags"]
            assert silver["filePath"].endswith(path)
            assert daemon.get(f"/api/files/{silver['filePath']}").status_code == 200
            assert home.query("select person_id from faces where photo_id = ?", before["id"])[0][0] == "p"
            assert home.run("audit").returncode == 0, home.run("audit").stdout

        (album / "sea").mkdir()
        (album / "a.jpg").rename(album / "sea" / "a.jpg")
        remains("sea/a.jpg")
        # to another disk and back: the same bytes in another inode, under another name
        shutil.copy(album / "sea" / "a.jpg", home.folder / "elsewhere.jpg")
        (album / "sea" / "a.jpg").unlink()
        home.wait_for_state("sea/a.jpg", "missing")
        shutil.copy(home.folder / "elsewhere.jpg", album / "c.jpg")
        remains("c.jpg")
        # replaced by a copy of itself, while nobody looks
        daemon.stop()
        shutil.copy(album / "c.jpg", album / "d.jpg.part")
        (album / "d.jpg.part").rename(album / "c.jpg")
        (album / "c.jpg").rename(album / "d.jpg")
        daemon = start(home)
        remains("d.jpg")
    finally:
        daemon.kill()


def test_a_file_that_is_gone_leaves_its_photo_and_comes_back(home: Home) -> None:
    album = home.folder / "album"
    photo(album / "a.jpg", 1)
    daemon = start(home)
    try:
        until_done(home, 1)
        (album / "a.jpg").rename(home.folder / "away.jpg")
        home.wait_for_state("a.jpg", "missing")
        (shown,) = photos(daemon)
        assert daemon.get(f"/api/files/{shown['filePath']}").status_code == 404
        shutil.move(home.folder / "away.jpg", album / "a.jpg")
        home.wait_for_state("a.jpg", "done")
        assert daemon.get(f"/api/files/{shown['filePath']}").status_code == 200
    finally:
        daemon.kill()


def test_half_written_sidecars_of_our_photos_are_told_and_swept_and_nobody_elses(home: Home) -> None:
    """As a kill leaves them; the folder was renamed before the next start."""
    album = home.folder / "album"
    photo(album / "trip" / "a.jpg", 1)
    daemon = start(home)
    until_done(home, 1)
    daemon.stop()
    (album / "trip").rename(album / "sea")
    ours = album / "sea" / ".a.jpg.xmp.pictallion-tmp"
    theirs = album / "sea" / ".b.jpg.xmp.pictallion-tmp"
    for path in (ours, theirs):
        path.write_text("<x:xmpmeta")
    report = json.loads(home.run("audit", "--json").stdout)
    assert sorted(report["stray_temporary"]) == [f"album:sea/{path.name}" for path in (ours, theirs)]
    daemon = start(home)
    try:
        wait_until("ours is swept", lambda: not ours.exists())
        until_done(home, 1)
        assert theirs.exists()
        assert (album / "sea" / "a.jpg.xmp").exists()
    finally:
        daemon.kill()


def test_nothing_outside_the_root_is_served_through_its_link(home: Home) -> None:
    album = home.folder / "album"
    photo(album / "a.jpg", 1)
    photo(home.folder / "secret.jpg", 2)
    daemon = start(home)
    try:
        until_done(home, 1)
        (album / "link.jpg").symlink_to(home.folder / "secret.jpg")
        for path in ("link.jpg", "../secret.jpg", "%2e%2e/secret.jpg"):
            assert daemon.get(f"/api/files/media/silver/reference/album/{path}").status_code in (403, 404)
    finally:
        daemon.kill()


def test_explain_says_what_becomes_of_a_path_and_why(make_home: Callable[..., Home]) -> None:
    home = make_home()
    photo(home.inbox / "a.jpg", 1)
    (home.inbox / ".pictallionignore").write_text("*.png\n")
    photo(home.inbox / "b.png", 2)
    (home.inbox / "notes.jpg").write_text("no photo")

    def explain(*names: str) -> tuple[int, list[str]]:
        answer = home.run("explain", "--json", *(str(home.inbox / name) for name in names))
        return answer.returncode, [" ".join(each["sentences"]) for each in json.loads(answer.stdout)]

    assert explain("a.jpg") == (
        0,
        ["It lies in inbox, which is watched in mode copy. It is copied into the library if it is a photo or video."],
    )
    daemon = start(home)
    try:
        home.wait_for_state("a.jpg", "done")
        home.wait_for_state("notes.jpg", "ignored")
        code, (of_photo, of_png, of_notes, of_nothing) = explain("a.jpg", "b.png", "notes.jpg", "c.jpg")
        assert code == 1
        assert "It is done. It is in the library." in of_photo
        assert "It is passed over: it is ignored by the line '*.png' of .pictallionignore." in of_png
        assert "It is ignored. notes.jpg is no photo or video" in of_notes
        assert "It cannot be looked at: No such file or directory." in of_nothing
        assert "It lies in no watched folder" in home.run("explain", "/etc/hostname").stdout
    finally:
        daemon.kill()
