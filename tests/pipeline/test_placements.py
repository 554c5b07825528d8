"""A name in the library is given to one file only, whoever asks and whatever lies there already."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath

import pytest
import pytest_asyncio
from sqlalchemy import insert

from core.db.engine import Database
from core.db.tables import FileVersion, MediaAsset, utc_now
from core.library.layout import Layout, Tier
from core.pipeline import ledger, placements
from core.pipeline.ledger import Signature
from core.pipeline.placements import Intent

MONTH = PurePosixPath("media/silver/2024/07")


class Shelf:
    """A library into which placements are begun for one ledger entry."""

    def __init__(self, database: Database, layout: Layout, ledger_id: int) -> None:
        self.database = database
        self.layout = layout
        self.ledger_id = ledger_id

    async def reserve(self, name: str = "a.jpg", sha256: str = "ab", tier: Tier = Tier.SILVER) -> Intent:
        return await placements.reserve(
            self.database,
            self.layout,
            ledger_id=self.ledger_id,
            tier=tier,
            directory=MONTH,
            name=name,
            sha256=sha256,
            holder="me",
        )

    def put(self, name: str) -> None:
        path = self.layout.absolute(str(MONTH / name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"here already")


@pytest_asyncio.fixture
async def shelf(database: Database, tmp_path: Path) -> AsyncIterator[Shelf]:
    layout = Layout(tmp_path / "data")
    layout.create()
    async with database.write() as connection:
        entry = await ledger.open_entry(connection, "inbox", "a.jpg", Signature(1, 2, 3, "4"), "me", utc_now())
    yield Shelf(database, layout, entry.id)


async def test_the_first_gets_the_name_and_the_next_ones_get_numbers(shelf: Shelf) -> None:
    targets = [(await shelf.reserve()).target for _ in range(3)]
    assert targets == [f"{MONTH}/a.jpg", f"{MONTH}/a_1.jpg", f"{MONTH}/a_2.jpg"]


async def test_thirty_at_once_get_thirty_names(shelf: Shelf) -> None:
    """A burst, or two phones of one family: many photos of one second."""
    intents = await asyncio.gather(*(shelf.reserve() for _ in range(30)))
    assert len({intent.target for intent in intents}) == 30


@pytest.mark.parametrize("taken", [1, 2, 3, 8, 9, 17, 130, 700])
async def test_of_any_number_of_photos_of_one_second_the_next_gets_the_next_number(shelf: Shelf, taken: int) -> None:
    for number in range(taken):
        shelf.put(f"a_{number}.jpg" if number else "a.jpg")
    assert (await shelf.reserve()).target == f"{MONTH}/a_{taken}.jpg"


@pytest.mark.parametrize("taken", [(1, 3, 4, 5), (2, 4, 8, 16), (1, 2, 4, 8, 9, 10, 11, 16, 20)])
async def test_where_numbers_have_gaps_a_free_one_is_given(shelf: Shelf, taken: tuple[int, ...]) -> None:
    for number in (0, *taken):
        shelf.put(f"a_{number}.jpg" if number else "a.jpg")
    given = (await shelf.reserve()).target
    assert given not in {f"{MONTH}/a_{number}.jpg" for number in taken}
    assert int(given.removeprefix(f"{MONTH}/a_").removesuffix(".jpg")) <= max(taken) + 1


@pytest.mark.parametrize("taken", ["a.jpg", "a.jpg.xmp"])
async def test_a_name_that_lies_on_the_disk_is_not_given_away(shelf: Shelf, taken: str) -> None:
    """A file that somebody put there, or a sidecar that would be taken for the new photo's."""
    shelf.put(taken)
    assert (await shelf.reserve()).target == f"{MONTH}/a_1.jpg"


async def test_a_broken_link_occupies_its_name_too(shelf: Shelf) -> None:
    shelf.put("other.jpg")
    shelf.layout.absolute(str(MONTH / "a.jpg")).symlink_to("nowhere")
    assert (await shelf.reserve()).target == f"{MONTH}/a_1.jpg"


async def test_the_name_of_a_recorded_photo_is_not_given_away_even_when_its_file_is_lost(shelf: Shelf) -> None:
    async with shelf.database.write() as connection:
        await connection.execute(insert(MediaAsset).values(id="asset", original_filename="a.jpg"))
        version = {
            "media_asset_id": "asset",
            "tier": "silver",
            "file_hash": "0",
            "file_size": 1,
            "mime_type": "image/jpeg",
        }
        await connection.execute(insert(FileVersion).values(id="version", file_path=f"{MONTH}/a.jpg", **version))
    assert (await shelf.reserve()).target == f"{MONTH}/a_1.jpg"


async def test_a_placement_that_ended_gives_its_name_back(shelf: Shelf) -> None:
    intent = await shelf.reserve()
    async with shelf.database.write() as connection:
        await placements.finish(connection, intent)
    assert (await shelf.reserve()).target == intent.target


async def test_names_with_several_dots_are_numbered_before_the_extension(shelf: Shelf) -> None:
    await shelf.reserve("my.holiday.2024.jpg")
    assert (await shelf.reserve("my.holiday.2024.jpg")).target == f"{MONTH}/my.holiday.2024_1.jpg"


async def test_what_was_begun_is_found_until_it_is_ended(shelf: Shelf) -> None:
    bronze, silver = await shelf.reserve(tier=Tier.BRONZE), await shelf.reserve(tier=Tier.SILVER)
    async with shelf.database.read() as connection:
        assert await placements.unfinished(connection) == [bronze, silver]
        assert await placements.unfinished_original(connection, shelf.ledger_id) == bronze
        assert await placements.unfinished_original(connection, shelf.ledger_id + 1) is None
    async with shelf.database.write() as connection:
        await placements.hand_over(connection, [bronze], "heir")
        await placements.finish(connection, silver)
    async with shelf.database.read() as connection:
        (left,) = await placements.unfinished(connection)
    assert (left.id, left.holder) == (bronze.id, "heir")
