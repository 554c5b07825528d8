"""A root that is not itself is frozen: nothing is marked missing, nothing of another disk is taken in."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from core.pipeline.states import State
from core.pipeline.watch_roots import Remembered
from daemon.intake.brake import Findings, reason_to_freeze
from daemon.intake.marker import mount_point_of, read_marker, write_marker

if TYPE_CHECKING:
    from pathlib import Path

    from tests.intake.conftest import Inbox

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def known(**changes: object) -> Remembered:
    facts: dict[str, object] = {
        "name": "nas",
        "path": "/mnt/nas/photos",
        "marker": "one",
        "mount_point": "/mnt/nas",
        "frozen_reason": None,
        "frozen_at": None,
        "is_accepted": False,
    }
    return Remembered(**(facts | changes))  # type: ignore[arg-type]


def found(**changes: object) -> Findings:
    facts: dict[str, object] = {
        "path": "/mnt/nas/photos",
        "marker": "one",
        "mount_point": "/mnt/nas",
        "expected": 1000,
        "gone": 0,
        "seen": 1000,
    }
    return Findings(**(facts | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("remembered", "findings", "words"),
    [
        (known(), found(), None),
        (None, found(marker=None), None),
        (known(), found(marker="two"), "another folder"),
        (known(), found(marker=None, mount_point="/", seen=0), "what was mounted at /mnt/nas is not there"),
        (known(marker=None), found(marker=None, mount_point="/"), "what was mounted at /mnt/nas is not there"),
        (known(), found(marker=None, seen=0, gone=1000), "it is empty, where 1000 files should be"),
        # a sync program that deletes what it does not know takes the marker with it
        (known(), found(marker=None, gone=3, seen=997), None),
        (known(), found(gone=200, seen=800), None),
        (known(), found(gone=201, seen=799), "201 of its 1000 files are missing at once"),
        (known(), found(expected=60, gone=50, seen=10), None),
        (known(), found(expected=60, gone=51, seen=9), "51 of its 60 files"),
        (known(), found(expected=3, gone=3, seen=0), None),
        (known(is_accepted=True), found(marker="two", gone=1000, seen=0), None),
        (known(path="/old"), found(marker=None, mount_point="/"), None),
        (known(path="/old"), found(gone=900, seen=100), "900 of its 1000"),
    ],
)
def test_what_is_believed(remembered: Remembered | None, findings: Findings, words: str | None) -> None:
    reason = reason_to_freeze(remembered, findings)
    assert (reason is None) if words is None else (reason is not None and words in reason)


def test_a_marker_tells_one_root_from_another(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    assert read_marker(str(one)) is None
    marker = write_marker(str(one))
    assert marker
    assert read_marker(str(one)) == marker
    assert write_marker(str(other)) not in (None, marker)
    assert [path.name for path in (one / ".pictallion").iterdir()] == ["root"]


def test_a_folder_of_syncthing_needs_no_marker_of_ours(tmp_path: Path) -> None:
    (tmp_path / ".stfolder").mkdir()
    assert read_marker(str(tmp_path)) == "stfolder"


def test_the_mount_point_is_the_nearest_one_above(tmp_path: Path) -> None:
    mount_point = mount_point_of(str(tmp_path))
    assert os.path.ismount(mount_point)
    assert str(tmp_path).startswith(mount_point)


async def fill(inbox: Inbox, count: int) -> None:
    for number in range(count):
        inbox.write(f"{number % 7}/{number}.jpg")
    await inbox.scan()
    await inbox.take()


@sqlite_only
async def test_a_root_that_lost_most_of_its_files_is_frozen_until_they_are_back(inbox: Inbox) -> None:
    await fill(inbox, 100)
    away = inbox.folder.parent / "away"
    away.mkdir()
    for number in range(6):
        (inbox.folder / str(number)).rename(away / str(number))
    inbox.write("new.jpg")
    scanned = await inbox.scan()
    assert scanned.refused is not None
    assert "missing at once" in scanned.refused
    assert "pictallion roots accept inbox" in scanned.refused
    assert set((await inbox.states()).values()) == {State.DONE}
    assert (await inbox.remembered()).frozen_reason == scanned.refused
    # neither after a restart nor by a hint is anything believed
    inbox.intake = inbox.begin()
    assert (await inbox.scan()).refused
    for number in range(6):
        (away / str(number)).rename(inbox.folder / str(number))
    assert (await inbox.scan()).refused is None
    assert (await inbox.remembered()).frozen_reason is None
    states = await inbox.states()
    assert len(states) == 101
    assert State.MISSING not in states.values()


@sqlite_only
async def test_a_person_can_accept_that_the_files_are_gone(inbox: Inbox) -> None:
    await fill(inbox, 100)
    for number in range(6):
        shutil.rmtree(inbox.folder / str(number))
    assert (await inbox.scan()).refused
    await inbox.accept()
    assert (await inbox.scan()).refused is None
    states = list((await inbox.states()).values())
    assert (states.count(State.MISSING), states.count(State.DONE)) == (86, 14)
    # once only
    inbox.folder.rename(inbox.folder.parent / "gone")
    inbox.folder.mkdir()
    assert (await inbox.scan()).refused


@sqlite_only
async def test_hints_about_a_mass_of_missing_files_are_left_to_the_scan(inbox: Inbox) -> None:
    await fill(inbox, 100)
    names = [path.relative_to(inbox.folder) for path in inbox.folder.rglob("*.jpg")]
    for name in names:
        (inbox.folder / name).unlink()
    await inbox.hint(*map(str, names))
    assert set((await inbox.states()).values()) == {State.DONE}
    await inbox.intake.turn()
    assert inbox.intake.frozen_reason


@sqlite_only
async def test_an_empty_mount_point_changes_nothing_however_few_files_there_were(inbox: Inbox) -> None:
    await fill(inbox, 3)
    inbox.folder.rename(inbox.folder.parent / "disk")
    inbox.folder.mkdir()
    assert "it is empty" in ((await inbox.scan()).refused or "")
    await inbox.hint("0/0.jpg", "0")
    assert set((await inbox.states()).values()) == {State.DONE}


@sqlite_only
async def test_another_disk_in_the_old_place_is_not_taken_in(inbox: Inbox) -> None:
    await fill(inbox, 3)
    inbox.folder.rename(inbox.folder.parent / "disk")
    inbox.write("holiday.jpg")
    write_marker(str(inbox.folder))
    scanned = await inbox.scan()
    assert "another folder lies in its place" in (scanned.refused or "")
    await inbox.intake.turn()
    assert set(await inbox.states()) == {"0/0.jpg", "1/1.jpg", "2/2.jpg"}


@sqlite_only
async def test_clearing_out_a_small_folder_is_believed(inbox: Inbox) -> None:
    await fill(inbox, 5)
    for number in range(5):
        shutil.rmtree(inbox.folder / str(number))
    assert (await inbox.scan()).refused is None
    assert set((await inbox.states()).values()) == {State.MISSING}
