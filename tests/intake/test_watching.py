"""Roots are watched by hints where these can be trusted, and it is noticed when that changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

import daemon.intake.canary as canary_module
import daemon.intake.watching as watching_module
from core.library.filesystems import Filesystem, filesystem_of, mounted, mounted_below
from core.pipeline.states import State
from daemon.intake.canary import Canary
from daemon.intake.watching import Watching
from daemon.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.intake.conftest import Inbox

#: Only ever reached when something is broken. [s]
PATIENCE = 30.0


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """Which database it is does not matter here."""
    return f"sqlite+aiosqlite:///{tmp_path}/pictallion.db"


@pytest_asyncio.fixture
async def watch(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watching]:
    """The inbox, watched; looks come quickly."""
    monkeypatch.setattr(watching_module, "LOOK_SECONDS", 0.1)
    schedule = Schedule()
    watching = Watching({"inbox": inbox.intake}, 3600.0, schedule)
    await watching.start()
    schedule.start()
    running = asyncio.create_task(inbox.intake.run())
    yield watching
    await schedule.stop()
    await watching.stop()
    inbox.intake.stop()
    await running


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is waited for happens outside
            await asyncio.sleep(0.02)


async def until_state(inbox: Inbox, path: str, state: State) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await inbox.states()).get(path) is not state:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)


async def test_hints_are_measured_and_nothing_of_that_is_left(inbox: Inbox, watch: Watching) -> None:
    await until(lambda: watch.state("inbox").is_measured)
    state = watch.state("inbox")
    assert state.method == "hints"
    assert state.hint_seconds is not None
    assert state.hint_seconds < canary_module.PATIENCE
    assert state.filesystem
    await until(lambda: [path.name for path in (inbox.folder / ".pictallion").iterdir()] == ["root"])
    assert await inbox.states() == {}


async def test_a_root_whose_hints_do_not_arrive_is_scanned_until_they_do(
    inbox: Inbox, watch: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    await until(lambda: watch.state("inbox").is_measured)
    monkeypatch.setattr(canary_module, "PATIENCE", 0.2)
    # an observer that hears nothing, as on a share that takes a watch and never says a word
    watch._watcher.unwatch(inbox.intake.root)
    await watch._measure("inbox")
    assert (watch.state("inbox").method, watch.state("inbox").reason) == ("scans", "hints do not arrive")
    monkeypatch.setattr(canary_module, "PATIENCE", PATIENCE)
    await watch._rescan("inbox")
    assert (watch.state("inbox").method, watch.state("inbox").reason) == ("hints", None)


async def test_a_root_that_was_replaced_is_watched_anew(inbox: Inbox, watch: Watching) -> None:
    inbox.write("a.jpg")
    await until_state(inbox, "a.jpg", State.QUEUED)
    away = inbox.folder.rename(inbox.folder.parent / "away")
    await until(lambda: watch._roots["inbox"].identity is None)
    away.rename(inbox.folder)
    await until(lambda: watch._roots["inbox"].identity is not None)
    inbox.write("b.jpg")
    await until_state(inbox, "b.jpg", State.QUEUED)


async def test_the_canary_takes_the_hints_of_our_own_directory_and_no_others(tmp_path: Path) -> None:
    canary = Canary(str(tmp_path))
    assert canary.takes(".pictallion")
    assert canary.takes(".pictallion/root")
    assert not canary.takes("a.jpg")
    assert not canary.takes(".pictallion.jpg")


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
    found = filesystem_of(path, TABLE)
    assert (found.type, found.is_network) == (type_, is_network)


def test_what_is_mounted_below_a_root_is_known() -> None:
    assert [mount.type for mount in mounted_below("/home/me/photos", TABLE)] == ["fuse.sshfs", "vfat"]
    assert mounted_below("/mnt/nas", TABLE) == []


@pytest.mark.parametrize(
    ("type_", "is_network"),
    [
        *((name, True) for name in ("nfs", "cifs", "smb3", "9p", "virtiofs", "fuse.rclone", "fuse", "davfs")),
        *((name, False) for name in ("ext4", "btrfs", "zfs", "xfs", "apfs", "overlay", "tmpfs", "fuseblk", "")),
    ],
)
def test_shares_are_told_from_disks(type_: str, is_network: bool) -> None:
    assert Filesystem("/x", type_).is_network is is_network


def test_this_machine_s_mount_table_can_be_read(tmp_path: Path) -> None:
    assert filesystem_of(str(tmp_path), mounted()).type
