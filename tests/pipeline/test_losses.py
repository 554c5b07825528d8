"""Attempts that count, attempts that do not, and files that are not tried any more."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

import core.pipeline.read as read_module
from core.db.tables import LedgerEntry, utc_now
from core.errors import NoSpace
from core.library.free_space import MOST, bytes_to_leave
from core.pipeline import ledger
from core.pipeline.attempt import LOSSES_BEFORE_QUARANTINE, attempt
from core.pipeline.ledger import Fate
from core.pipeline.retry import latest_attempt, next_attempt
from core.pipeline.states import State
from tests.pipeline.conftest import picture

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pipeline.conftest import House


pytestmark = pytest.mark.asyncio(loop_scope="session")


def die(*_arguments: object) -> None:
    """What a file does to a worker that meets a defect of a native library."""
    os.kill(os.getpid(), signal.SIGKILL)


async def again(house: House) -> Fate:
    async with house.bench.database.write() as connection:
        await connection.execute(update(LedgerEntry).values(next_attempt_at=utc_now()))
    (entry,) = await house.claim()
    return await attempt(house.bench, entry, house.root())


async def test_a_file_that_cost_three_workers_is_quarantined_whatever_the_configuration_says(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_module, "read_file", die)
    house.write("a.jpg", picture())
    await house.see("a.jpg")
    states = [(await again(house)).state for _ in range(LOSSES_BEFORE_QUARANTINE)]
    assert states == [State.FAILED, State.FAILED, State.QUARANTINED]
    entry = await house.entry("a.jpg")
    assert entry.worker_losses == 3
    assert "it cost 3 worker processes" in entry.reason
    # other content is another chance
    monkeypatch.undo()
    house.write("a.jpg", picture(1))
    await house.see("a.jpg")
    assert (await house.entry("a.jpg")).worker_losses == 0
    assert (await again(house)).state is State.DONE


@pytest.mark.parametrize(
    "error",
    [
        NoSpace("a.jpg could not be placed: No space left on device."),
        OperationalError("INSERT", {}, Exception("database or disk is full")),
    ],
)
async def test_a_full_disk_is_not_the_file_s_fault(
    house: House, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def fail(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr("core.pipeline.photo.keep_original", fail)
    house.write("a.jpg", picture())
    await house.see("a.jpg")
    for _ in range(9):
        assert (await again(house)).state is State.QUEUED
    assert (await house.entry("a.jpg")).attempts == 0
    monkeypatch.undo()
    assert (await again(house)).state is State.DONE
    await house.assert_whole()


async def test_a_pause_that_was_set_by_a_clock_far_ahead_is_over(house: House) -> None:
    house.write("a.jpg", picture())
    await house.see("a.jpg")
    (entry,) = await house.claim()
    now = utc_now()
    for ahead, is_due in ((next_attempt(1, now), False), (next_attempt(1, latest_attempt(now)), True)):
        async with house.bench.database.write() as connection:
            await ledger.settle_fate(connection, entry, Fate(State.FAILED, "?", next_attempt_at=ahead), now)
        assert bool(await house.claim()) is is_due


async def test_a_hundredth_of_the_disk_is_left_but_no_more_than_two_gibibytes(tmp_path: Path) -> None:
    assert bytes_to_leave(tmp_path, 7) == 7
    assert bytes_to_leave(tmp_path, 0) == 0
    assert 0 < bytes_to_leave(tmp_path, None) <= MOST
