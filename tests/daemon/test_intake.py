"""New files only need to appear."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from core.library.sidecar import read_sidecar
from tests.daemon.conftest import FIXTURES, Daemon, Home, start, wait_until

ASTRONAUT = FIXTURES / "astronaut.jpg"


def noise(path: Path, seed: int) -> Path:
    """A small picture whose bytes depend on ``seed``; written under another name and renamed, as sync programs do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.frombytes("RGB", (32, 32), hashlib.shake_256(str(seed).encode()).digest(32 * 32 * 3))
    temporary = path.with_name(f".{path.name}.part")
    image.save(temporary, "JPEG", quality=95)
    temporary.rename(path)
    return path


def fingerprint(folder: Path) -> dict[str, tuple[str, int]]:
    """Hash and mtime of every file below a folder, but for those in the directory that is the daemon's own."""
    return {
        str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and ".pictallion" not in path.parts
    }


def all_done(home: Home, count: int) -> None:
    wait_until(f"{count} files are done", lambda: home.states() == {"done": count})


def assert_library_is_whole(home: Home) -> None:
    """Every version's file is there with its bytes, nothing else is, and nothing is under way."""
    rows = home.query("select file_path, sha256, tier from file_versions")
    expected = set()
    for row in rows:
        path = home.data / row["file_path"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == row["sha256"]
        expected.add(row["file_path"])
        if row["tier"] == "silver":
            expected.add(f"{row['file_path']}.xmp")
    on_disk = {str(path.relative_to(home.data)) for path in (home.data / "media").rglob("*") if path.is_file()}
    assert on_disk == expected
    assert home.query("select * from placements") == []
    assert not [path for path in (home.data / "temp").rglob("*") if path.is_file()]
    assert home.query("pragma integrity_check")[0][0] == "ok"


def test_a_photo_becomes_bronze_and_silver_with_all_that_is_known_of_it(daemon: Daemon) -> None:
    home = daemon.home
    shutil.copy2(ASTRONAUT, home.inbox / "20230506_070809.jpg")
    home.wait_for_state("20230506_070809.jpg", "done")

    bronze = home.data / "media/bronze/2023/05/20230506_070809.jpg"
    silver = home.data / "media/silver/2023/05/2023-05-06_07-08-09.jpg"
    assert bronze.read_bytes() == silver.read_bytes() == ASTRONAUT.read_bytes()
    assert bronze.stat().st_ino == silver.stat().st_ino
    assert bronze.stat().st_mtime_ns == ASTRONAUT.stat().st_mtime_ns

    (photo,) = daemon.get("/api/photos").json()
    assert photo["tier"] == "silver"
    assert photo["fileHash"] == hashlib.md5(ASTRONAUT.read_bytes()).hexdigest()
    assert photo["capturedAt"] == "2023-05-06T07:08:09"
    assert set(photo["perceptualHash"]) == {"0", "1"}
    assert photo["metadata"]["exif"]["imageWidth"] == 512
    assert photo["metadata"]["ai"]["provider"] == "builtin"
    assert "person" in photo["metadata"]["ai"]["aiTags"]
    (face,) = photo["detectedFaces"]
    x, y, width, height = face["boundingBox"]
    assert x < 224 < x + width, "the astronaut's nose"
    assert y < 120 < y + height

    (embedding,) = home.query("select embedding from faces")[0]
    assert embedding.count(",") == 127
    facts = read_sidecar(silver.with_name(silver.name + ".xmp").read_bytes())
    assert "person" in facts.keywords
    assert len(facts.faces) == 1
    assert facts.sha256 == hashlib.sha256(ASTRONAUT.read_bytes()).hexdigest()

    thumbnail = daemon.get(f"/api/files/{photo['filePath']}", w=250, h=250, quality="low")
    assert thumbnail.headers["content-type"] == "image/jpeg"
    actions = [entry["action"] for entry in daemon.get(f"/api/photos/{photo['id']}/history").json()]
    assert sorted(actions) == ["INGESTED", "PROMOTED"]


def test_files_that_lay_there_before_the_start_are_taken(home: Home) -> None:
    noise(home.inbox / "2019" / "summer" / "a.jpg", 1)
    daemon = start(home)
    try:
        all_done(home, 1)
    finally:
        daemon.kill()


def test_files_moved_copied_and_renamed_in_at_any_depth_are_taken(daemon: Daemon) -> None:
    home = daemon.home
    outside = home.folder / "phone"
    for number in range(3):
        noise(outside / "Camera" / f"{number}.jpg", number)
    shutil.move(outside / "Camera", home.inbox / "deep" / "er" / "Camera")
    shutil.copytree(home.inbox / "deep", home.inbox / "copy of deep")
    noise(outside / "4.jpg", 4).rename(home.inbox / "4.jpg")
    wait_until("all are taken", lambda: home.states() == {"done": 4, "duplicate": 3})
    before = fingerprint(home.inbox)
    assert_library_is_whole(home)
    assert fingerprint(home.inbox) == before


def test_a_burst_into_new_folders_is_taken_completely(daemon: Daemon) -> None:
    home = daemon.home
    for number in range(60):
        noise(home.inbox / f"{number % 7}" / f"{number % 3}" / f"{number}.jpg", number)
    all_done(home, 60)
    assert len(daemon.get("/api/photos").json()) == 60
    assert_library_is_whole(home)


def test_move_mode_empties_the_folder_only_of_what_is_safe(make_home: Callable[..., Home]) -> None:
    home = make_home(roots={"drop": "move", "inbox": "copy"})
    drop = home.folder / "drop"
    daemon = start(home)
    try:
        first = noise(drop / "a.jpg", 1).read_bytes()
        home.wait_for_state("a.jpg", "done")
        wait_until("the source is gone", lambda: not (drop / "a.jpg").exists())
        noise(drop / "b.jpg", 1)
        home.wait_for_state("b.jpg", "duplicate")
        (drop / "notes.txt").write_text("not a photo")
        home.wait_for_state("notes.txt", "ignored")
        assert set(fingerprint(drop)) == {"notes.txt"}
        (bronze,) = (home.data / "media" / "bronze").rglob("*.jpg")
        assert bronze.read_bytes() == first
        home.run("scan", "drop")
        assert home.ledger("a.jpg")["state"] == "done", "taken is not missing"
        assert_library_is_whole(home)
    finally:
        daemon.kill()


def test_a_damaged_original_keeps_the_duplicate_in_the_drop_zone(make_home: Callable[..., Home]) -> None:
    home = make_home(roots={"drop": "move"})
    drop = home.folder / "drop"
    daemon = start(home)
    try:
        noise(drop / "a.jpg", 1)
        home.wait_for_state("a.jpg", "done")
        (bronze,) = (home.data / "media" / "bronze").rglob("*.jpg")
        bronze.chmod(0o644)
        bronze.write_bytes(b"rot")
        noise(drop / "b.jpg", 1)
        row = home.wait_for_state("b.jpg", "failed")
        assert "damaged" in row["reason"]
        assert (drop / "b.jpg").exists()
    finally:
        daemon.kill()


def test_a_file_that_is_gone_is_missing_and_its_photo_stays(daemon: Daemon) -> None:
    home = daemon.home
    noise(home.inbox / "a.jpg", 1)
    all_done(home, 1)
    (home.inbox / "a.jpg").unlink()
    home.wait_for_state("a.jpg", "missing")
    assert len(daemon.get("/api/photos").json()) == 1
    noise(home.inbox / "a.jpg", 1)
    home.wait_for_state("a.jpg", "done")
    assert_library_is_whole(home)


def test_a_root_that_vanishes_changes_nothing_and_the_daemon_lives_on(daemon: Daemon) -> None:
    home = daemon.home
    noise(home.inbox / "a.jpg", 1)
    all_done(home, 1)
    home.inbox.rename(home.folder / "unmounted")
    assert home.run("scan").returncode == 0
    wait_until("it is told", lambda: [e for e in daemon.events() if "root cannot be read" in e["event"]])
    assert len(daemon.get("/api/photos").json()) == 1
    (home.folder / "unmounted").rename(home.inbox)
    noise(home.inbox / "b.jpg", 2)
    home.run("scan")
    home.wait_for_state("b.jpg", "done")


@pytest.mark.parametrize("mode", ["copy", "move"])
def test_a_killed_daemon_loses_nothing_and_makes_nothing_twice(make_home: Callable[..., Home], mode: str) -> None:
    """Killed again and again at whatever moment it has reached, while 40 files arrive."""
    home = make_home(roots={"inbox": mode})
    expected = set()
    for number in range(40):
        expected.add(hashlib.sha256(noise(home.inbox / f"{number}.jpg", number).read_bytes()).hexdigest())
    for milestone in (1, 6, 14, 27):
        daemon = start(home)
        wait_until(
            "some progress",
            lambda reached=milestone: home.query("select count(*) from file_versions")[0][0] >= reached,
        )
        daemon.kill()
    daemon = start(home)
    try:
        all_done(home, 40)
        assert {row[0] for row in home.query("select sha256 from media_assets")} == expected
        assert home.query("select count(*) from media_assets")[0][0] == 40
        assert home.query("select count(*) from file_versions where tier = 'silver'")[0][0] == 40
        assert home.query("select count(*) from asset_history where action = 'INGESTED'")[0][0] == 40
        wait_until(
            "sources are as the mode says", lambda: len(fingerprint(home.inbox)) == (40 if mode == "copy" else 0)
        )
        assert_library_is_whole(home)
    finally:
        daemon.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_finishes_what_is_in_hand_within_ten_seconds(home: Home, number: signal.Signals) -> None:
    for count in range(30):
        noise(home.inbox / f"{count}.jpg", count)
    daemon = start(home)
    wait_until("work has begun", lambda: home.states().get("running"))
    daemon.process.send_signal(number)
    assert daemon.process.wait(timeout=10) == 0
    states = home.states()
    assert set(states) <= {"done", "queued", "waiting"}
    assert_library_is_whole(home)
    daemon = start(home)
    try:
        all_done(home, 30)
    finally:
        daemon.kill()


def test_a_file_that_cannot_be_finished_in_time_is_taken_up_again(home: Home) -> None:
    daemon = start(home)
    noise(home.inbox / "a.jpg", 1)
    all_done(home, 1)
    workers = daemon.worker_pids()
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    noise(home.inbox / "b.jpg", 2)
    home.wait_for_state("b.jpg", "running")
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(timeout=15) == 0
    daemon = start(home)
    try:
        all_done(home, 2)
        assert_library_is_whole(home)
    finally:
        daemon.kill()


def test_a_file_that_vanishes_before_it_is_read_is_missing(daemon: Daemon) -> None:
    home = daemon.home
    noise(home.inbox / "a.jpg", 1)
    all_done(home, 1)
    workers = daemon.worker_pids()
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    noise(home.inbox / "b.jpg", 2)
    home.wait_for_state("b.jpg", "running")
    (home.inbox / "b.jpg").unlink()
    for pid in workers:
        os.kill(pid, signal.SIGCONT)
    row = home.wait_for_state("b.jpg", "missing")
    assert "b.jpg was gone" in row["reason"]


def test_a_second_daemon_on_the_same_library_refuses(daemon: Daemon) -> None:
    refused = daemon.home.run("run")
    assert refused.returncode == 4
    assert "Another pictallion daemon is running" in refused.stderr


def test_after_the_last_job_no_worker_stays(make_home: Callable[..., Home]) -> None:
    home = make_home(settings={"compute": {"idle_timeout": "1s", "workers": 2}})
    daemon = start(home)
    try:
        noise(home.inbox / "a.jpg", 1)
        all_done(home, 1)
        wait_until("the workers have gone home", lambda: not daemon.worker_pids())
    finally:
        daemon.kill()
