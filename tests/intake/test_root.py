"""A root's scan is the truth, its hints are reasons to look, and nothing is lost because it is absent."""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text
from structlog.testing import capture_logs

import daemon.intake.root as root_module
from core.db.tables import utc_now
from core.pipeline import ledger
from core.pipeline.ledger import Fate
from core.pipeline.roots import IMPORT
from core.pipeline.states import State
from daemon.intake.scanner import Unreadable

if TYPE_CHECKING:
    from tests.intake.conftest import Inbox

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2  # <linux/capability.h>
_CAPABILITY_VERSION_3 = 0x20080522


@pytest.fixture
def without_rights_over_permissions() -> Iterator[None]:
    """root may read everything; a daemon normally may not. For this thread and those it starts."""
    if os.geteuid() != 0 or sys.platform != "linux":
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    had, less = (ctypes.c_uint32 * 6)(), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, had) == 0
    ctypes.memmove(less, had, ctypes.sizeof(had))
    less[0] &= ~(1 << _DAC_OVERRIDE | 1 << _DAC_READ_SEARCH)
    assert libc.capset(header, less) == 0
    yield
    assert libc.capset(header, had) == 0


async def test_new_files_are_queued_once_they_rest(inbox: Inbox) -> None:
    inbox.write("a.jpg")
    inbox.write("2024/07/b.jpg")
    scanned = await inbox.scan()
    assert (scanned.seen, scanned.new, scanned.gone) == (2, 2, 0)
    assert await inbox.states() == {"a.jpg": State.QUEUED, "2024/07/b.jpg": State.QUEUED}
    assert inbox.wakes


async def test_a_file_is_not_taken_while_it_is_written_to(inbox: Inbox) -> None:
    inbox.settle_seconds = 3600.0
    inbox.intake = inbox.begin()
    inbox.write("a.jpg")
    await inbox.scan()
    await inbox.scan()
    assert await inbox.states() == {"a.jpg": State.WAITING}
    assert not inbox.wakes
    assert not inbox.intake.is_settled


async def test_a_file_that_grew_between_two_looks_waits_anew(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    path = inbox.write("a.jpg")
    look = root_module._look_at_files

    def look_late(root: str, paths: Any) -> Any:
        path.write_bytes(b"x" * 1000)
        monkeypatch.undo()
        return look(root, paths)

    inbox.intake.request_scan()
    monkeypatch.setattr(root_module, "_look_at_files", look_late)
    await inbox.intake.turn()
    assert await inbox.states() == {"a.jpg": State.WAITING}
    await inbox.hint("a.jpg")
    assert await inbox.states() == {"a.jpg": State.QUEUED}
    assert (await inbox.row("a.jpg")).size == 1000


async def test_an_unchanged_tree_writes_nothing_and_wakes_nobody(inbox: Inbox) -> None:
    for number in range(5):
        inbox.write(f"{number}/a.jpg")
    (inbox.folder / "link.jpg").symlink_to("0/a.jpg")
    await inbox.scan()
    await inbox.take()
    inbox.wakes.clear()
    inbox.intake = inbox.begin()
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    async with inbox.database.write() as connection:
        engine = connection.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    scanned = await inbox.scan()
    await inbox.hint("0/a.jpg", "1")
    event.remove(engine, "before_cursor_execute", note)
    assert (scanned.new, scanned.gone) == (0, 0)
    assert statements == []
    assert not inbox.wakes
    assert inbox.intake.is_settled


async def test_a_changed_file_is_taken_again(inbox: Inbox) -> None:
    inbox.write("a.jpg")
    await inbox.scan()
    await inbox.take()
    inbox.write("a.jpg", b"another content")
    scanned = await inbox.scan()
    assert scanned.new == 1
    assert await inbox.states() == {"a.jpg": State.QUEUED}
    assert (await inbox.row("a.jpg")).media_asset_id == "asset of a.jpg"


async def test_a_file_that_was_only_touched_is_looked_at_again(inbox: Inbox) -> None:
    path = inbox.write("a.jpg")
    await inbox.scan()
    await inbox.take()
    os.utime(path, ns=(1, 1))
    await inbox.scan()
    assert await inbox.states() == {"a.jpg": State.QUEUED}


async def test_a_file_that_is_gone_is_missing_and_done_again_when_it_is_back(inbox: Inbox) -> None:
    path = inbox.write("a.jpg")
    await inbox.scan()
    await inbox.take()
    elsewhere = path.rename(inbox.folder.parent / "a.jpg")
    assert (await inbox.scan()).gone == 1
    assert await inbox.states() == {"a.jpg": State.MISSING}
    assert (await inbox.row("a.jpg")).reason
    assert (await inbox.scan()).gone == 0, "it was told once"

    elsewhere.rename(path)
    await inbox.scan()
    assert (await inbox.states())["a.jpg"] in (State.DONE, State.QUEUED)
    await inbox.take()
    assert await inbox.states() == {"a.jpg": State.DONE}
    assert (await inbox.row("a.jpg")).reason is None


async def test_a_file_that_was_gone_before_it_was_taken_is_taken_when_it_is_back(inbox: Inbox) -> None:
    path = inbox.write("a.jpg")
    await inbox.scan()
    elsewhere = path.rename(inbox.folder.parent / "a.jpg")
    await inbox.scan()
    assert await inbox.states() == {"a.jpg": State.MISSING}
    elsewhere.rename(path)
    await inbox.scan()
    assert await inbox.states() == {"a.jpg": State.QUEUED}


@pytest.mark.parametrize("state", [State.FAILED, State.QUARANTINED, State.IGNORED, State.DUPLICATE, State.CONFLICT])
async def test_an_unchanged_file_keeps_its_state(inbox: Inbox, state: State) -> None:
    inbox.write("a.jpg")
    await inbox.scan()
    await inbox.take(state)
    await inbox.scan()
    await inbox.hint("a.jpg")
    assert await inbox.states() == {"a.jpg": state}


async def test_a_file_in_hand_is_not_missing(inbox: Inbox) -> None:
    """In a drop zone the pipeline itself removes it."""
    path = inbox.write("a.jpg")
    await inbox.scan()
    await inbox.claim()
    path.unlink()
    await inbox.scan()
    await inbox.hint("a.jpg")
    assert await inbox.states() == {"a.jpg": State.RUNNING}


@pytest.mark.parametrize("state", [State.DONE, State.DUPLICATE, State.CONFLICT])
async def test_what_was_taken_from_a_drop_zone_is_not_missing(drop: Inbox, state: State) -> None:
    path = drop.write("a.jpg")
    await drop.scan()
    await drop.take(state)
    path.unlink()
    await drop.scan()
    await drop.hint("a.jpg")
    assert await drop.states() == {"a.jpg": state}


async def test_what_was_not_taken_from_a_drop_zone_is_missing_when_it_is_gone(drop: Inbox) -> None:
    path = drop.write("a.jpg")
    await drop.scan()
    await drop.take(State.FAILED)
    path.unlink()
    await drop.scan()
    assert await drop.states() == {"a.jpg": State.MISSING}


async def test_a_new_file_under_the_name_of_one_that_was_taken_from_a_drop_zone_is_taken(drop: Inbox) -> None:
    drop.write("IMG_1.jpg").unlink()
    drop.write("IMG_1.jpg", b"first")
    await drop.scan()
    await drop.take()
    (drop.folder / "IMG_1.jpg").unlink()
    await drop.scan()
    drop.write("IMG_1.jpg", b"second")
    await drop.scan()
    assert await drop.states() == {"IMG_1.jpg": State.QUEUED}


async def test_a_folder_that_was_moved_in_is_taken_with_everything_below(inbox: Inbox) -> None:
    outside = inbox.folder.parent / "Camera"
    for name in ("a.jpg", "deep/er/b.jpg", ".stversions/old.jpg", "c.jpg.part"):
        (outside / name).parent.mkdir(parents=True, exist_ok=True)
        (outside / name).write_bytes(b"x")
    outside.rename(inbox.folder / "Camera")
    await inbox.hint("Camera")
    assert await inbox.states() == {"Camera/a.jpg": State.QUEUED, "Camera/deep/er/b.jpg": State.QUEUED}


async def test_a_file_that_was_renamed_is_the_same_entry_and_read_once_more(inbox: Inbox) -> None:
    path = inbox.write("a.jpg")
    await inbox.scan()
    await inbox.take()
    before = await inbox.row("a.jpg")
    path.rename(inbox.folder / "b.jpg")
    await inbox.hint("a.jpg", "b.jpg")
    assert await inbox.states() == {"b.jpg": State.QUEUED}
    after = await inbox.row("b.jpg")
    assert (after.id, after.media_asset_id) == (before.id, before.media_asset_id)


async def test_a_deleted_file_is_missing_after_its_hint(inbox: Inbox) -> None:
    path = inbox.write("a.jpg")
    await inbox.scan()
    await inbox.take()
    path.unlink()
    await inbox.hint("a.jpg")
    assert await inbox.states() == {"a.jpg": State.MISSING}


async def test_what_lay_in_a_folder_that_is_gone_is_missing_after_the_folder_s_hint(inbox: Inbox) -> None:
    """A folder moved out of the root gives a single event, for the folder."""
    inbox.write("trip/a.jpg")
    inbox.write("trip/day 2/b.jpg")
    inbox.write("trip 2/c.jpg")
    await inbox.scan()
    await inbox.take()
    (inbox.folder / "trip").rename(inbox.folder.parent / "trip")
    await inbox.hint("trip")
    assert await inbox.states() == {
        "trip/a.jpg": State.MISSING,
        "trip/day 2/b.jpg": State.MISSING,
        "trip 2/c.jpg": State.DONE,
    }


async def test_a_hint_about_the_root_itself_finds_files_under_their_names(inbox: Inbox) -> None:
    """What the watcher gives for the root's own path."""
    inbox.write("a.jpg")
    await inbox.hint(".")
    assert set(await inbox.states()) <= {"a.jpg"}


async def test_odd_things_are_told_once_and_left_alone(inbox: Inbox) -> None:
    inbox.write("a.jpg")
    (inbox.folder / "link.jpg").symlink_to("a.jpg")
    assert (await inbox.scan()).new == 2
    assert (await inbox.states())["link.jpg"] is State.IGNORED
    assert "symbolic link" in (await inbox.row("link.jpg")).reason
    assert (await inbox.scan()).new == 0


async def test_a_root_that_is_gone_changes_nothing(inbox: Inbox) -> None:
    inbox.write("a.jpg")
    inbox.write("b/c.jpg")
    await inbox.scan()
    await inbox.take()
    away = inbox.folder.rename(inbox.folder.parent / "unmounted")
    scanned = await inbox.scan()
    assert scanned.refused
    assert (scanned.seen, scanned.gone) == (0, 0)
    assert set((await inbox.states()).values()) == {State.DONE}
    away.rename(inbox.folder)
    scanned = await inbox.scan()
    assert (scanned.seen, scanned.new, scanned.refused) == (2, 0, None)


async def test_a_late_hint_about_a_root_that_is_gone_changes_nothing(inbox: Inbox) -> None:
    inbox.write("a.jpg")
    await inbox.scan()
    await inbox.take()
    inbox.folder.rename(inbox.folder.parent / "unmounted")
    await inbox.hint("a.jpg")
    assert await inbox.states() == {"a.jpg": State.DONE}


@pytest.mark.usefixtures("without_rights_over_permissions")
async def test_what_lies_in_a_folder_that_cannot_be_read_is_not_gone(inbox: Inbox) -> None:
    inbox.write("private/deep/a.jpg")
    inbox.write("b.jpg")
    await inbox.scan()
    await inbox.take()
    private = inbox.folder / "private"
    private.chmod(0)
    try:
        scanned = await inbox.scan()
    finally:
        private.chmod(0o755)
    assert (scanned.seen, scanned.gone) == (1, 0)
    assert await inbox.states() == {"private/deep/a.jpg": State.DONE, "b.jpg": State.DONE}


@pytest.mark.usefixtures("without_rights_over_permissions")
async def test_a_hint_into_a_folder_that_cannot_be_read_hinders_no_other(inbox: Inbox) -> None:
    inbox.write("private/a.jpg")
    await inbox.scan()
    await inbox.take()
    private = inbox.folder / "private"
    inbox.write("b.jpg")
    private.chmod(0)
    try:
        await inbox.hint("private/a.jpg", "b.jpg")
    finally:
        private.chmod(0o755)
    assert await inbox.states() == {"private/a.jpg": State.DONE, "b.jpg": State.QUEUED}


async def test_a_folder_that_is_deleted_while_it_is_read_hinders_nothing(inbox: Inbox) -> None:
    inbox.write("trip/a.jpg")
    inbox.write("b.jpg")
    shutil.rmtree(inbox.folder / "trip")
    await inbox.hint("trip", "trip/a.jpg", "b.jpg", "never/there.jpg")
    assert await inbox.states() == {"b.jpg": State.QUEUED}


async def test_a_file_whose_content_changed_while_in_hand_is_taken_again(inbox: Inbox) -> None:
    inbox.write("a.jpg")
    await inbox.scan()
    (entry,) = await inbox.claim()
    inbox.write("a.jpg", b"a second version, written while the first is copied")
    await inbox.hint("a.jpg")
    assert await inbox.claim() == [], "never two attempts at one file"
    async with inbox.database.write() as connection:
        await ledger.settle_fate(connection, entry, Fate(State.DONE, sha256="of the first"), utc_now())
    await inbox.hint("a.jpg")
    assert await inbox.states() == {"a.jpg": State.QUEUED}


async def test_names_of_any_bytes_find_their_way(inbox: Inbox) -> None:
    name = os.fsdecode(b"caf\xe9\n\\x41.jpg")
    inbox.write(name)
    await inbox.hint(name)
    assert await inbox.states() == {name: State.QUEUED}
    await inbox.take(State.IGNORED)
    assert (await inbox.scan()).new == 0


async def test_asking_takes_exactly_what_lies_at_and_below_the_paths(inbox: Inbox) -> None:
    for name in ("a.jpg", "trip/b.jpg", "trip/day 2/c.jpg", "other/d.jpg"):
        inbox.write(name)
    found = await inbox.ask("a.jpg", "trip")
    assert set(found) == set(await inbox.states()) == {"a.jpg", "trip/b.jpg", "trip/day 2/c.jpg"}
    assert set((await inbox.states()).values()) == {State.QUEUED}


async def test_asking_for_the_root_takes_all_of_it(inbox: Inbox) -> None:
    inbox.write("a.jpg")
    inbox.write("trip/b.jpg")
    assert set(await inbox.ask(".")) == {"a.jpg", "trip/b.jpg"}
    assert set(await inbox.states()) == {"a.jpg", "trip/b.jpg"}


async def test_asking_waits_for_what_may_still_be_written(inbox: Inbox) -> None:
    inbox.settle_seconds = 3600.0
    inbox.intake = inbox.begin()
    inbox.write("a.jpg")
    await inbox.ask("a.jpg")
    assert await inbox.states() == {"a.jpg": State.WAITING}, "its ctime, which nobody can set, is of just now"


@pytest.mark.parametrize("state", [State.FAILED, State.QUARANTINED])
async def test_asking_tries_again_what_had_failed(inbox: Inbox, state: State) -> None:
    inbox.write("a.jpg")
    await inbox.scan()
    await inbox.take(state)
    await inbox.ask("a.jpg")
    row = await inbox.row("a.jpg")
    assert (row.state, row.attempts, row.reason) == (State.QUEUED, 0, None)


@pytest.mark.parametrize("state", [State.DONE, State.DUPLICATE, State.IGNORED])
async def test_asking_leaves_what_is_known_as_it_is(inbox: Inbox, state: State) -> None:
    inbox.write("a.jpg")
    await inbox.scan()
    await inbox.take(state)
    assert await inbox.ask("a.jpg") == ["a.jpg"]
    assert await inbox.states() == {"a.jpg": state}


async def test_asking_takes_over_what_lies_in_the_queue_for_nobody(inbox: Inbox) -> None:
    """The daemon was stopped with a full queue, or an import was interrupted: the next import has to do it."""
    inbox.write("a.jpg")
    await inbox.scan()
    inbox.intake = inbox.begin(holder="import")
    await inbox.ask("a.jpg")
    async with inbox.database.write() as connection:
        claimed = await ledger.claim(connection, ["inbox"], 10, "import", utc_now(), only_held=True)
    assert [entry.path for entry in claimed] == ["a.jpg"]


async def test_trouble_during_an_import_does_not_take_in_what_nobody_asked_for(
    make_inbox: Callable[..., Inbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The root of imports is the whole file system: it is never to be scanned, whatever goes wrong."""
    monkeypatch.setattr(root_module, "TROUBLE_PAUSE", 0.01)
    monkeypatch.setattr(root_module, "GATHER_SECONDS", 0.0)
    everything = make_inbox("everything", name=IMPORT)
    everything.write("asked/for.jpg")
    everything.write("private/diary.jpg")
    await everything.intake.ask_for(["asked"], Unreadable())
    with capture_logs() as events:
        async with everything.database.write() as connection:
            await connection.execute(text("ALTER TABLE ledger RENAME TO away"))
        running = asyncio.create_task(everything.intake.run())
        while not [event for event in events if event["log_level"] == "error"]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        async with everything.database.write() as connection:
            await connection.execute(text("ALTER TABLE away RENAME TO ledger"))
    async with asyncio.timeout(20):
        while (await everything.states()).get("asked/for.jpg") is not State.QUEUED:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert set(await everything.states()) == {"asked/for.jpg"}
