"""A duplicate in a drop zone that was removed by an attempt which then died is a duplicate, and not missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.errors import DuplicateContent
from core.pipeline import sighted
from core.pipeline.attempt import attempt
from core.pipeline.duplicates import refuse_stored_content
from core.pipeline.read import read
from core.pipeline.recovery import recover
from core.pipeline.roots import Mode
from core.pipeline.states import State
from core.pipeline.workbench import Item, Stopwatch
from daemon.intake.changes import counts_as_gone
from tests.pipeline.conftest import picture

if TYPE_CHECKING:
    from tests.pipeline.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEAD = "99-dead"


async def take(house: House, name: str) -> State:
    await house.see(name)
    (entry,) = await house.claim()
    return (await attempt(house.bench, entry, house.root(Mode.MOVE))).state


async def cut_off_after_removal(house: House) -> None:
    """``twin.jpg`` is gone; the attempt at it died before it could write down why."""
    house.write("a.jpg", picture(1))
    assert await take(house, "a.jpg") is State.DONE
    house.write("twin.jpg", picture(1))
    await house.see("twin.jpg")
    (entry,) = await house.claim(DEAD)
    item = Item(entry, house.root(Mode.MOVE), "twin.jpg", Stopwatch())
    reading = await read(house.bench, item, None)
    with pytest.raises(DuplicateContent):
        await refuse_stored_content(house.bench, item, reading, None)
    assert list(house.inbox.iterdir()) == []
    await recover(house.bench.database, house.bench.layout, house.bench.holder)


async def test_the_next_attempt_knows_why_its_file_is_gone(house: House) -> None:
    await cut_off_after_removal(house)
    async with house.bench.database.read() as connection:
        known = await sighted.known_paths(connection, "inbox", ["twin.jpg"])
    assert not counts_as_gone(Mode.MOVE, known["twin.jpg"]), "the scan of the same start leaves it to the pipeline"
    (entry,) = await house.claim()
    fate = await attempt(house.bench, entry, house.root(Mode.MOVE))
    assert fate.state is State.DUPLICATE
    assert "and was removed" in (fate.reason or "")
    await house.assert_whole()


async def test_another_file_of_that_name_that_vanishes_is_missing(house: House) -> None:
    await cut_off_after_removal(house)
    path = house.write("twin.jpg", picture(2))
    await house.see("twin.jpg")
    path.unlink()
    (entry,) = await house.claim()
    assert (await attempt(house.bench, entry, house.root(Mode.MOVE))).state is State.MISSING
