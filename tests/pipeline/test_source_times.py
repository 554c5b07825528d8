"""An original has the modification time that its source has in the end, also when that is set last of all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from core.pipeline.attempt import attempt
from core.pipeline.roots import Mode, Root
from core.pipeline.states import State
from tests.pipeline.conftest import picture

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pipeline.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: September 2001. [ns]
OLD = 1_000_000_000_123_456_789


async def bronze(house: House) -> Path:
    (row,) = await house.query("select file_path from file_versions where tier = 'bronze'")
    return house.bench.layout.absolute(row.file_path)


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
async def test_a_file_whose_time_was_set_after_it_was_seen_waits_and_is_taken_with_that_time(
    house: House, mode: Mode
) -> None:
    """As ``cp -p`` does it: the bytes, then the time of the file that was copied."""
    source = house.write("a.jpg", picture(1))
    await house.see("a.jpg")
    os.utime(source, ns=(OLD, OLD))
    (entry,) = await house.claim()
    assert (await attempt(house.bench, entry, house.root(mode))).state is State.WAITING
    assert source.exists()
    await house.assert_whole()
    assert house.files() == {}
    await house.see("a.jpg")
    (entry,) = await house.claim()
    assert (await attempt(house.bench, entry, house.root(mode))).state is State.DONE
    await house.assert_whole()
    assert (await bronze(house)).stat().st_mtime_ns == OLD


async def test_where_nobody_would_wait_it_is_taken_at_once_with_its_time(house: House) -> None:
    source = house.write("a.jpg", picture(1))
    await house.see("a.jpg")
    os.utime(source, ns=(OLD, OLD))
    (entry,) = await house.claim()
    root = Root("inbox", str(house.inbox), Mode.COPY, is_watched=False)
    assert (await attempt(house.bench, entry, root)).state is State.DONE
    assert (await bronze(house)).stat().st_mtime_ns == OLD
