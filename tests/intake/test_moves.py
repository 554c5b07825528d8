"""A file that was moved keeps its entry, its asset and its state."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from core.pipeline.states import State

if TYPE_CHECKING:
    from tests.intake.conftest import Inbox

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def fill(inbox: Inbox, *names: str) -> None:
    for name in names:
        inbox.write(name, name.encode())
    await inbox.scan()
    await inbox.take()


async def assets(inbox: Inbox) -> dict[str, str]:
    return {path: (await inbox.row(path)).media_asset_id for path in await inbox.states()}


async def test_moving_a_folder_costs_one_scan_and_nothing_else(inbox: Inbox) -> None:
    await fill(inbox, *(f"2024/{number:03d}.jpg" for number in range(100)))
    before = await assets(inbox)
    (inbox.folder / "2024").rename(inbox.folder / "Year 2024")
    scanned = await inbox.scan()
    assert (scanned.moved, scanned.new, scanned.gone, scanned.refused) == (100, 0, 0, None)
    assert set((await inbox.states()).values()) == {State.DONE}
    assert await assets(inbox) == {path.replace("2024", "Year 2024", 1): asset for path, asset in before.items()}


async def test_a_folder_that_was_moved_while_nobody_looked_is_recognised_after_a_start(inbox: Inbox) -> None:
    await fill(inbox, "a/1.jpg", "a/2.jpg")
    (inbox.folder / "a").rename(inbox.folder / "b")
    inbox.intake = inbox.begin()
    await inbox.scan()
    assert await inbox.states() == {"b/1.jpg": State.DONE, "b/2.jpg": State.DONE}


async def test_files_that_were_missing_come_back_elsewhere(inbox: Inbox) -> None:
    await fill(inbox, "a/1.jpg")
    before = await assets(inbox)
    outside = inbox.folder.parent / "outside"
    (inbox.folder / "a").rename(outside)
    await inbox.scan()
    assert await inbox.states() == {"a/1.jpg": State.MISSING}
    outside.rename(inbox.folder / "b")
    await inbox.scan()
    assert await inbox.states() == {"b/1.jpg": State.DONE}
    assert list((await assets(inbox)).values()) == list(before.values())


async def test_names_that_change_places_are_not_taken_for_one_another(inbox: Inbox) -> None:
    await fill(inbox, "a.jpg", "b.jpg")
    (inbox.folder / "a.jpg").rename(inbox.folder / "c")
    (inbox.folder / "b.jpg").rename(inbox.folder / "a.jpg")
    (inbox.folder / "c").rename(inbox.folder / "b.jpg")
    await inbox.scan()
    assert await inbox.states() == {"a.jpg": State.QUEUED, "b.jpg": State.QUEUED}


async def test_after_a_chain_of_renamed_folders_every_file_is_read_again(inbox: Inbox) -> None:
    """Which entry followed which file cannot be told from paths that were all used before: the bytes tell."""
    await fill(inbox, "1/x.jpg", "2/x.jpg", "3/x.jpg")
    for number in (3, 2, 1):
        (inbox.folder / str(number)).rename(inbox.folder / str(number + 1))
    await inbox.scan()
    queued = State.QUEUED
    assert await inbox.states() == {"1/x.jpg": State.MISSING, "2/x.jpg": queued, "3/x.jpg": queued, "4/x.jpg": queued}


async def test_a_copy_is_a_file_of_its_own(inbox: Inbox) -> None:
    await fill(inbox, "a.jpg")
    shutil.copy2(inbox.folder / "a.jpg", inbox.folder / "b.jpg")
    (inbox.folder / "a.jpg").unlink()
    await inbox.scan()
    assert await inbox.states() == {"a.jpg": State.MISSING, "b.jpg": State.QUEUED}


async def test_a_new_file_that_got_the_inode_of_a_deleted_one_is_taken(inbox: Inbox) -> None:
    await fill(inbox, "a.jpg")
    old = (inbox.folder / "a.jpg").stat()
    (inbox.folder / "a.jpg").unlink()
    inbox.write("b.jpg", b"other")
    os.utime(inbox.folder / "b.jpg", ns=(old.st_mtime_ns, old.st_mtime_ns))
    await inbox.scan()
    # whatever the file system gave it, its bytes are read
    assert (await inbox.states())["b.jpg"] is State.QUEUED


async def test_a_file_that_failed_is_tried_again_under_its_new_name(inbox: Inbox) -> None:
    inbox.write("a.jpg")
    await inbox.scan()
    await inbox.take(State.FAILED)
    (inbox.folder / "a.jpg").rename(inbox.folder / "b.jpg")
    await inbox.scan()
    assert await inbox.states() == {"b.jpg": State.QUEUED}
