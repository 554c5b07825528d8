"""The audit accounts for every file, with and beside a busy daemon, and never cries wolf."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tests.daemon.conftest import start, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.daemon.conftest import Home


def photo(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_noise((96, 64), 20 + number).convert("RGB").save(path)


def audit(home: Home, *arguments: str) -> tuple[int, Any]:
    answer = home.run("audit", "--json", *arguments)
    return answer.returncode, json.loads(answer.stdout)


@pytest.fixture(scope="module")
def taken(make_home: Callable[..., Home]) -> Home:
    """A home with four photos, a duplicate and something that is none, its daemon stopped."""
    home = make_home()
    for number in range(4):
        photo(home.inbox / "trip" / f"{number}.jpg", number)
    shutil.copy(home.inbox / "trip" / "0.jpg", home.inbox / "copy.jpg")
    (home.inbox / "notes.jpg").write_text("no photo")
    daemon = start(home)
    wait_until("all are taken", lambda: home.states() == {"done": 4, "duplicate": 1, "ignored": 1})
    daemon.stop()
    return home


@pytest.fixture
def home_taken(taken: Home, tmp_path: Path) -> Iterator[Home]:
    """A copy of it that a test may harm."""
    data, inbox = taken.data, taken.inbox
    shutil.copytree(data, tmp_path / "data", symlinks=True)
    shutil.copytree(inbox, tmp_path / "inbox", symlinks=True)
    yield taken
    for folder, kept in ((data, tmp_path / "data"), (inbox, tmp_path / "inbox")):
        shutil.rmtree(folder)
        shutil.move(kept, folder)


def test_a_library_in_order_is_explained(taken: Home) -> None:
    code, report = audit(taken, "--verify")
    assert code == 0, report
    assert report["seen"] == sum(report["fates"].values()) == 6
    assert report["verified"] == 8
    for kind in ("unexplained_files", "missing_files", "hash_mismatches", "stray_temporary"):
        assert report[kind] == []
    assert "Everything is explained." in taken.run("audit").stdout


def test_whatever_is_wrong_is_found_and_nothing_is_touched(home_taken: Home) -> None:
    home = home_taken
    bronze = min((home.data / "media" / "bronze").rglob("*.jpg"))
    # of the same photo: both are names of one file, and the other would be damaged as well
    (silver,) = (path for path in (home.data / "media" / "silver").rglob("*.jpg") if path.samefile(bronze))
    bronze.chmod(0o644)
    content = bytearray(bronze.read_bytes())
    content[-3] ^= 1
    bronze.write_bytes(content)
    silver.unlink()
    (home.data / "media" / "gold" / "stranger.jpg").write_bytes(b"?")
    (bronze.parent / ".x.jpg.pictallion-tmp").write_bytes(b"?")
    photo(home.inbox / "new.jpg", 9)
    (home.inbox / "trip" / "1.jpg").unlink()
    code, report = audit(home, "--verify")
    assert code == 1
    assert report["unexplained_files"] == ["inbox:new.jpg", "media/gold/stranger.jpg"]
    relative = lambda path: str(path.relative_to(home.data))  # noqa: E731
    assert report["missing_files"] == ["inbox:trip/1.jpg", relative(silver)]
    assert report["hash_mismatches"] == [relative(bronze)]
    assert report["stray_temporary"] == [relative(bronze.parent / ".x.jpg.pictallion-tmp")]
    assert audit(home, "--verify") == (1, report)
    printed = home.run("audit").stdout
    assert "Files that nothing explains: 2" in printed
    assert "Not everything is explained." in printed


def test_a_root_that_is_not_there_is_said_instead_of_every_file(home_taken: Home) -> None:
    away = home_taken.inbox.rename(home_taken.folder / "away")
    code, report = audit(home_taken)
    away.rename(home_taken.inbox)
    assert code == 1
    assert list(report["unavailable_roots"]) == ["inbox"]
    assert report["missing_files"] == []


def test_reading_back_goes_on_where_the_time_ended_and_forgets_nothing_it_found(home_taken: Home) -> None:
    bronze = sorted((home_taken.data / "media" / "bronze").rglob("*.jpg"))
    for path, spoil in ((bronze[0], lambda p: p.write_bytes(b"?")), (bronze[3], lambda p: p.mkdir())):
        # of its own, so that the other name of the file stays as it is
        path.unlink()
        spoil(path)
    reports = []
    while not reports or not reports[-1]["is_complete"]:
        code, report = audit(home_taken, "--verify", "--time-limit", "0s")
        reports.append(report)
    assert len(reports) == 4, "one photo each"
    found = [set(report["hash_mismatches"]) for report in reports]
    assert all(earlier <= later for earlier, later in pairwise(found))
    relative = {str(path.relative_to(home_taken.data)) for path in (bronze[0], bronze[3])}
    assert found[-1] == relative, "one has other bytes, one cannot be read"
    assert code == 1
    bronze[3].rmdir()
    whole = audit(home_taken, "--verify")[1]
    assert (whole["verified"], whole["is_complete"]) == (7, True)


def test_a_busy_daemon_explains_itself(home: Home) -> None:
    daemon = start(home)
    try:
        for number in range(40):
            photo(home.inbox / f"{number}.jpg", number)
        codes = [audit(home) for _ in range(2)]
        assert [code for code, _ in codes] == [0, 0], codes
        wait_until("all are taken", lambda: home.states() == {"done": 40})
        assert audit(home, "--verify")[0] == 0
    finally:
        daemon.kill()


def test_what_a_crash_left_is_swept_at_the_next_start(home_taken: Home) -> None:
    home = home_taken
    (home.data / "temp" / "0f" / "half").parent.mkdir()
    (home.data / "temp" / "0f" / "half").write_bytes(b"?")
    thumbnails = home.data / "thumbnails" / "ab"
    thumbnails.mkdir(exist_ok=True)
    (thumbnails / ".x.jpeg.999999999.pictallion-tmp").write_bytes(b"?")
    assert len(audit(home)[1]["stray_temporary"]) == 2
    daemon = start(home)
    daemon.stop()
    assert audit(home)[0] == 0
