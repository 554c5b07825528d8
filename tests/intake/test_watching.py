"""Roots are watched by hints where these can be trusted, and it is noticed when that changes."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

import daemon.intake.canary as canary_module
import daemon.intake.watching as watching_module
from core.library.filesystems import Filesystem, filesystem_of, mount_of, mounted, mounts_below
from core.pipeline.states import State
from daemon.intake.mounts import Mounts
from daemon.intake.watching import Watching
from daemon.schedule import Schedule
from tests.conftest import migrated_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.intake.conftest import Inbox

#: Only ever reached when something is broken. [s]
PATIENCE = 30.0


@pytest.fixture
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """Which database it is does not matter here."""
    async with migrated_database("sqlite", request, tmp_path) as url:
        yield url


@asynccontextmanager
async def watched(*inboxes: Inbox, rescan_interval: float = 3600.0) -> AsyncIterator[Watching]:
    """Lets the intakes of these roots run, and watches them."""
    schedule = Schedule()
    watching = Watching({inbox.name: inbox.intake for inbox in inboxes}, rescan_interval, schedule)
    await watching.start()
    schedule.start()
    running = [asyncio.create_task(inbox.intake.run()) for inbox in inboxes]
    try:
        yield watching
    finally:
        await schedule.stop()
        await watching.stop()
        for inbox in inboxes:
            inbox.intake.stop()
        await asyncio.gather(*running)


@pytest_asyncio.fixture
async def watch(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watching]:
    """The inbox, watched; looks come quickly."""
    monkeypatch.setattr(watching_module, "LOOK_SECONDS", 0.1)
    async with watched(inbox) as watching:
        yield watching


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is waited for happens outside
            await asyncio.sleep(0.02)


async def until_state(inbox: Inbox, path: str, state: State) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await inbox.states()).get(path) is not state:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)


async def test_hints_are_measured_and_nothing_of_that_is_left(inbox: Inbox, watch: Watching) -> None:
    await until(lambda: watch.state("inbox").hint_seconds is not None)
    state = watch.state("inbox")
    assert (state.method, state.reason, state.overflows) == ("hints", None, 0)
    assert state.hint_seconds is not None
    assert state.hint_seconds < canary_module.PATIENCE
    assert state.filesystem
    await until(lambda: [path.name for path in (inbox.folder / ".pictallion").iterdir()] == ["root"])
    assert await inbox.states() == {}


async def test_nothing_is_written_into_a_folder_that_may_not_be_the_right_one(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As into the empty mount point of a disk that is not there."""
    inbox.write("a.jpg")
    await inbox.scan()
    shutil.rmtree(inbox.folder)
    inbox.folder.mkdir()
    inbox.intake = inbox.begin()
    monkeypatch.setattr(watching_module, "LOOK_SECONDS", 0.1)
    async with watched(inbox, rescan_interval=0.2) as watch:
        await until(lambda: inbox.intake.frozen_reason is not None)
        scans = {inbox.intake.last_scan}
        while len(scans) < 4:
            scans.add(inbox.intake.last_scan)
            await asyncio.sleep(0.02)
        assert watch.state("inbox").hint_seconds is None
        assert list(inbox.folder.iterdir()) == []


async def test_a_root_whose_hints_do_not_arrive_is_scanned_until_they_do(
    inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The directory of our own lies where nobody watches; so the canary is not heard."""
    monkeypatch.setattr(watching_module, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(canary_module, "PATIENCE", 0.5)
    own = inbox.folder / ".pictallion"
    (tmp_path / "elsewhere").mkdir()
    own.symlink_to(tmp_path / "elsewhere")
    async with watched(inbox, rescan_interval=0.3) as watch:
        await until(lambda: "did not arrive" in (watch.state("inbox").reason or ""))
        assert (watch.state("inbox").method, watch.state("inbox").hint_seconds) == ("scans", None)
        inbox.write("a.jpg")
        await until_state(inbox, "a.jpg", State.QUEUED)
        own.unlink()
        (tmp_path / "elsewhere").rename(own)
        await until(lambda: watch.state("inbox").method == "hints")
        assert watch.state("inbox").hint_seconds is not None


def rename_away_and_make_anew(folder: Path) -> None:
    folder.rename(folder.parent / "away")
    folder.mkdir()


def delete_and_make_anew(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def put_another_in_its_place(folder: Path) -> None:
    other = folder.parent / "other"
    (other / "2024").mkdir(parents=True)
    folder.rename(folder.parent / "away")
    other.rename(folder)


@pytest.mark.parametrize("replace", [rename_away_and_make_anew, delete_and_make_anew, put_another_in_its_place])
async def test_a_root_that_was_replaced_is_watched_anew(
    inbox: Inbox, watch: Watching, replace: Callable[[Path], None]
) -> None:
    await until(lambda: inbox.intake.last_scan is not None)
    scan = inbox.intake.last_scan
    replace(inbox.folder)
    await until(lambda: inbox.intake.last_scan is not scan)
    await until_hinted(inbox, watch)


async def test_a_root_that_was_away_is_watched_when_it_is_back(inbox: Inbox, watch: Watching) -> None:
    inbox.write("a.jpg")
    await until_state(inbox, "a.jpg", State.QUEUED)
    away = inbox.folder.rename(inbox.folder.parent / "away")
    await until(lambda: watch.state("inbox").reason == "No such file or directory")
    (away / "b.jpg").write_bytes(b"x")
    away.rename(inbox.folder)
    await until_state(inbox, "b.jpg", State.QUEUED)
    await until_hinted(inbox, watch)
    assert (await inbox.states())["a.jpg"] is State.QUEUED


async def test_a_link_that_leads_elsewhere_now_is_followed(
    make_inbox: Callable[..., Inbox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching_module, "LOOK_SECONDS", 0.1)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    link = tmp_path / "link"
    link.symlink_to("one")
    inbox = make_inbox("link", name="linked")
    async with watched(inbox) as watch:
        await until_hinted(inbox, watch)
        (tmp_path / "new link").symlink_to("two")
        (tmp_path / "new link").rename(link)
        (tmp_path / "two" / "b.jpg").write_bytes(b"x")
        await until_state(inbox, "b.jpg", State.QUEUED)
        await until_hinted(inbox, watch)


async def until_hinted(inbox: Inbox, watch: Watching) -> None:
    """Waits until a new file is found without any scan, in a new folder as well."""
    await until(lambda: watch.state(inbox.name).hint_seconds is not None)
    await until(lambda: inbox.intake.is_settled)
    scan = inbox.intake.last_scan
    for name in ("hinted.jpg", "hinted/hinted.jpg"):
        inbox.write(name)
        await until_state(inbox, name, State.QUEUED)
    assert inbox.intake.last_scan is scan


TABLE = [
    Filesystem("/", "ext4"),
    Filesystem("/proc", "proc"),
    Filesystem("/mnt/nas", "ext4"),
    Filesystem("/mnt/nas", "nfs4"),
    Filesystem("/home/me/photos/phone", "fuse.sshfs"),
    Filesystem("/home/me/photos/card", "vfat"),
]


@pytest.mark.parametrize(
    ("path", "type_", "is_network"),
    [
        ("/home/me/photos", "ext4", False),
        ("/mnt/nas/photos", "nfs4", True),
        ("/mnt/nasty", "ext4", False),
        ("/home/me/photos/phone/DCIM", "fuse.sshfs", True),
        ("/home/me/photos/card", "vfat", False),
    ],
)
def test_the_deepest_and_latest_mount_counts(path: str, type_: str, is_network: bool) -> None:
    found = mount_of(path, TABLE)
    assert (found.type, found.is_network) == (type_, is_network)


def test_what_is_mounted_below_a_root_is_known() -> None:
    assert [mount.type for mount in mounts_below("/home/me/photos", TABLE)] == ["fuse.sshfs", "vfat"]
    assert mounts_below("/mnt/nas", TABLE) == []


@pytest.mark.parametrize(
    ("type_", "is_network"),
    [
        *(
            (name, True)
            for name in ("nfs", "cifs", "smb3", "9p", "virtiofs", "fuse.rclone", "fuse", "davfs", "fakeowner")
        ),
        *((name, False) for name in ("ext4", "btrfs", "zfs", "xfs", "apfs", "overlay", "tmpfs", "fuseblk", "")),
    ],
)
def test_shares_are_told_from_disks(type_: str, is_network: bool) -> None:
    assert Filesystem("/x", type_).is_network is is_network


def test_this_machine_s_mount_table_can_be_read(tmp_path: Path) -> None:
    assert filesystem_of(str(tmp_path), mounted()).type


def test_shares_below_a_root_are_told_from_disks_below_it() -> None:
    below = tuple(mounts_below("/home/me/photos", TABLE))
    assert Mounts(TABLE[0], below).shares == ("/home/me/photos/phone",)
