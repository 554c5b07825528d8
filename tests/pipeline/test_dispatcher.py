"""The dispatcher takes what is due, waits for what is not, and begins nothing where there is no room."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from core.db.tables import LedgerEntry, utc_now
from core.pipeline.dispatcher import Dispatcher
from core.pipeline.ledger import Entry, Fate
from core.pipeline.states import State
from tests.pipeline.conftest import House, picture

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: Nothing in these tests takes this long unless it is broken. [s]
PATIENCE = 20.0


@dataclass
class Fates:
    """What became of the entries, and a way to wait for it."""

    by_path: dict[str, list[State]] = field(default_factory=dict)
    _told: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, entry: Entry, fate: Fate) -> None:
        self.by_path.setdefault(entry.path, []).append(fate.state)
        self._told.set()

    async def until(self, reached: Callable[[Fates], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not reached(self):
                self._told.clear()
                await self._told.wait()


@asynccontextmanager
async def running(
    house: House, fates: Fates, *, min_free: int = 0, in_hand: int = 2, only_held: bool = False
) -> AsyncIterator[Dispatcher]:
    """A dispatcher at work; stopped at the end, and then nothing may be in hand any more."""
    root = house.root()
    dispatcher = Dispatcher(house.bench, {root.name: root}, in_hand, min_free, fates, only_held=only_held)
    task = asyncio.create_task(dispatcher.run())
    try:
        yield dispatcher
    finally:
        dispatcher.stop()
        await asyncio.wait_for(task, PATIENCE)


async def until(what: Callable[[], bool]) -> None:
    """Lets others run until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not what():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


async def put(house: House, *names: str, holder: str | None = None) -> None:
    for name in names:
        house.write(name, picture(hash(name)))
    await house.see(*names, holder=holder)


async def test_everything_in_the_queue_is_taken_and_then_it_is_idle(house: House) -> None:
    fates = Fates()
    await put(house, *(f"{number}.jpg" for number in range(7)))
    async with running(house, fates) as dispatcher:
        assert not dispatcher.is_idle
        await fates.until(lambda fates: len(fates.by_path) == 7)
        await until(lambda: dispatcher.is_idle)
        assert await house.query("select path from ledger where state != 'done'") == []
    await house.assert_whole()


@pytest.mark.parametrize("in_hand", [1, 2, 4])
async def test_a_single_late_file_is_taken_however_many_hands_there_are(house: House, in_hand: int) -> None:
    fates = Fates()
    async with running(house, fates, in_hand=in_hand) as dispatcher:
        await until(lambda: dispatcher.is_idle)
        await put(house, "late.jpg")
        dispatcher.wake()
        assert not dispatcher.is_idle
        await fates.until(lambda fates: fates.by_path == {"late.jpg": [State.DONE]})


async def test_it_is_never_idle_while_something_is_queued(house: House) -> None:
    """Who waits for the end of an import must not be told too early."""
    fates = Fates()
    left_when_idle: list[int] = []
    async with running(house, fates) as dispatcher:
        await until(lambda: dispatcher.is_idle)
        await put(house, *(f"{number}.jpg" for number in range(9)))
        dispatcher.wake()
        while len(fates.by_path) < 9:
            if dispatcher.is_idle:
                left_when_idle.append(9 - len(fates.by_path))
            await asyncio.sleep(0)
    assert left_when_idle == []


async def put_unreadable(house: House) -> Path:
    """The file ``trip/a.jpg``, in whose folder's place a file lies since it was seen; gives the folder."""
    folder = house.inbox / "trip"
    folder.mkdir()
    await put(house, "trip/a.jpg")
    folder.rename(house.inbox / "away")
    folder.write_bytes(b"no folder any more")
    return folder


async def make_due(house: House, when: datetime) -> None:
    async with house.bench.database.write() as connection:
        await connection.execute(update(LedgerEntry).values(next_attempt_at=when))


async def test_a_failed_file_is_tried_again_when_its_time_has_come(house: House) -> None:
    fates = Fates()
    folder = await put_unreadable(house)
    async with running(house, fates) as dispatcher:
        await fates.until(lambda fates: fates.by_path == {"trip/a.jpg": [State.FAILED]})
        await until(lambda: dispatcher.is_idle)
        assert (await house.entry("trip/a.jpg")).next_attempt_at is not None

        folder.unlink()
        (house.inbox / "away").rename(folder)
        due = utc_now() + timedelta(seconds=0.3)
        await make_due(house, due)
        dispatcher.wake()
        await fates.until(lambda fates: fates.by_path == {"trip/a.jpg": [State.FAILED, State.DONE]})
        assert utc_now() >= due
    await house.assert_whole()


async def test_a_file_that_fails_again_and_again_ends_in_quarantine_with_the_reason(house: House) -> None:
    fates = Fates()
    await put_unreadable(house)
    async with running(house, fates) as dispatcher:
        for attempts in range(1, house.bench.max_attempts):
            expected = [State.FAILED] * attempts
            await fates.until(lambda fates, expected=expected: fates.by_path.get("trip/a.jpg") == expected)  # type: ignore[misc]
            await make_due(house, utc_now())
            dispatcher.wake()
        await fates.until(lambda fates: fates.by_path["trip/a.jpg"][-1] is State.QUARANTINED)
    row = await house.entry("trip/a.jpg")
    assert f"tried {house.bench.max_attempts} times" in row.reason
    assert row.next_attempt_at is None
    await house.assert_whole()


async def test_a_library_that_cannot_be_written_is_told_and_nothing_is_left_behind(house: House) -> None:
    fates = Fates()
    await put(house, "a.jpg")
    blocked = house.bench.layout.media / "bronze"
    blocked.rmdir()
    blocked.write_text("a file where a folder should be")
    async with running(house, fates):
        await fates.until(lambda fates: fates.by_path == {"a.jpg": [State.FAILED]})
    assert "a.jpg could not be placed in" in (await house.entry("a.jpg")).reason
    assert await house.query("select target from placements") == []


async def test_without_room_nothing_is_begun_and_stopping_works(house: House) -> None:
    fates = Fates()
    await put(house, "a.jpg")
    more_than_the_disk = shutil.disk_usage(house.bench.layout.data_dir).total + 1
    async with running(house, fates, min_free=more_than_the_disk) as dispatcher:
        for _ in range(3):
            dispatcher.wake()
            await asyncio.sleep(0.02)
        assert not dispatcher.is_idle, "there is something to do"
    assert (await house.entry("a.jpg")).state == State.QUEUED
    assert house.files() == {}


async def test_a_stopped_one_begins_nothing_new(house: House) -> None:
    fates = Fates()
    await put(house, *(f"{number}.jpg" for number in range(6)))
    async with running(house, fates) as dispatcher:
        await fates.until(lambda fates: len(fates.by_path) >= 1)
        dispatcher.stop()
    assert len(fates.by_path) < 6
    await house.assert_whole()
    assert len(await house.claim()) == 6 - len(fates.by_path)


async def test_what_was_queued_for_others_is_left_to_them(house: House) -> None:
    fates = Fates()
    await put(house, "mine.jpg", holder=house.bench.holder)
    await put(house, "anybody.jpg")
    await put(house, "other.jpg", holder="2-other")
    async with running(house, fates, only_held=True) as dispatcher:
        await fates.until(lambda fates: fates.by_path == {"mine.jpg": [State.DONE]})
        await until(lambda: dispatcher.is_idle)
    assert (await house.entry("anybody.jpg")).state == State.QUEUED
    assert (await house.entry("other.jpg")).holder == "2-other"


async def test_two_files_with_the_same_bytes_at_once_are_kept_once(house: House) -> None:
    fates = Fates()
    for number in range(4):
        house.write(f"{number}.jpg", picture(1))
    await house.see(*(f"{number}.jpg" for number in range(4)))
    async with running(house, fates, in_hand=4):
        await fates.until(lambda fates: len(fates.by_path) == 4)
    assert sorted(state for states in fates.by_path.values() for state in states) == ["done", *["duplicate"] * 3]
    await house.assert_whole()


async def test_photos_of_one_second_are_all_kept(house: House) -> None:
    """A burst: every file wants the same name in the library at the same time."""
    fates = Fates()
    for number in range(8):
        (house.inbox / str(number)).mkdir()
        house.write(f"{number}/20240726_143025.jpg", picture(number))
    await house.see(*(f"{number}/20240726_143025.jpg" for number in range(8)))
    async with running(house, fates, in_hand=8):
        await fates.until(lambda fates: len(fates.by_path) == 8)
    assert [states for states in fates.by_path.values() if states != [State.DONE]] == []
    await house.assert_whole()


async def test_a_file_that_is_given_up_is_taken_after_the_next_start(house: House) -> None:
    from core.pipeline.recovery import recover

    fates = Fates()
    await put(house, "a.jpg")
    root = house.root()
    dispatcher = Dispatcher(house.bench, {root.name: root}, 2, 0, fates)
    task = asyncio.create_task(dispatcher.run())
    while not await house.query("select id from ledger where state = 'running'"):  # noqa: ASYNC110
        await asyncio.sleep(0)
    await dispatcher.give_up()
    dispatcher.stop()
    await asyncio.wait_for(task, PATIENCE)
    assert fates.by_path == {}
    await recover(house.bench.database, house.bench.layout, house.bench.holder)
    async with running(house, fates):
        await fates.until(lambda fates: fates.by_path == {"a.jpg": [State.DONE]})
    await house.assert_whole()
