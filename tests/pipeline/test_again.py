"""A photo of the library is looked at once more, and what that told is kept."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import pytest
from sqlalchemy import insert, select, update

from core.compute import Compute
from core.compute.tasks import look_at_file
from core.db.tables import Face, Person, StageResult
from core.media.facts import LOOK_VERSION
from core.pipeline.again import Wish, analyse_photo, reprocess_photo
from core.pipeline.attempt import attempt
from core.pipeline.look import STAGE
from tests.conftest import until_blocked
from tests.pipeline.conftest import House, picture

pytestmark = pytest.mark.asyncio(loop_scope="session")

P = ParamSpec("P")
T = TypeVar("T")


class Counted:
    """A real worker, and how often it looked at pixels."""

    def __init__(self, compute: Compute) -> None:
        self._compute, self.looks = compute, 0

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self.looks += function is look_at_file
        return await self._compute.run(function, *args, **kwargs)

    async def close(self) -> None:
        """The worker belongs to all tests."""


async def looked(house: House) -> tuple[House, Counted, str]:
    """A house with one photo that a version of old has looked at; its id."""
    house.write("a.jpg", picture(edge=64))
    await house.see("a.jpg")
    (entry,) = await house.claim()
    await attempt(house.bench, entry, house.root())
    async with house.bench.database.write() as connection:
        await connection.execute(update(StageResult).where(StageResult.stage == STAGE).values(version="1"))
    counted = Counted(house.bench.compute)
    (row,) = await house.query("select id from file_versions where tier = 'silver'")
    return House(dataclasses.replace(house.bench, compute=counted), house.inbox), counted, row.id


async def kept(house: House) -> list[Any]:
    """Version and time of what is kept of looks."""
    statement = select(StageResult.version, StageResult.payload, StageResult.created_at)
    async with house.bench.database.read() as connection:
        return list(await connection.execute(statement.where(StageResult.stage == STAGE)))


async def test_a_photo_that_an_older_version_looked_at_is_looked_at_once(house: House) -> None:
    house, counted, photo_id = await looked(house)
    for _ in range(2):
        await analyse_photo(house.bench, photo_id, Wish())
    assert counted.looks == 1
    (row,) = await kept(house)
    assert row.version == LOOK_VERSION
    assert len(row.payload) < 100_000, "without the rendered pictures"


async def test_what_is_processed_again_is_looked_at_once_and_kept(house: House) -> None:
    house, counted, photo_id = await looked(house)
    await reprocess_photo(house.bench, photo_id)
    assert counted.looks == 1
    (first,) = await kept(house)
    async with house.bench.database.write() as connection:
        await connection.execute(update(StageResult).where(StageResult.stage == STAGE).values(payload=b"nonsense"))
    await reprocess_photo(house.bench, photo_id)
    assert counted.looks == 2
    (again,) = await kept(house)
    assert (again.version, again.payload) == (LOOK_VERSION, first.payload)
    await analyse_photo(house.bench, photo_id, Wish())
    assert counted.looks == 2


async def test_a_face_that_is_named_while_its_photo_is_looked_at_stays(house: House) -> None:
    house, _, photo_id = await looked(house)
    box = {"photo_id": photo_id, "bounding_box": [0, 0, 5, 5], "confidence": 90}
    async with house.bench.database.write() as connection:
        await connection.execute(insert(Person), {"id": "ada", "name": "Ada"})
        await connection.execute(insert(Face), [box | {"id": name} for name in ("named", "ignored", "nobody")])
    async with house.bench.database.write() as connection:
        await connection.execute(update(Face).where(Face.id == "named").values(person_id="ada"))
        await connection.execute(update(Face).where(Face.id == "ignored").values(ignored=True))
        processing = asyncio.create_task(reprocess_photo(house.bench, photo_id))
        await until_blocked(house.bench.database)
    await processing
    assert {row.id for row in await house.query("select id from faces")} == {"named", "ignored"}
