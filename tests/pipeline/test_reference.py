"""Mode ``reference``: nothing is copied, and a photo follows its file."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from core.library.sidecar import read_sidecar
from core.pipeline.attempt import attempt
from core.pipeline.references import move_references
from core.pipeline.roots import Mode
from core.pipeline.states import State
from tests.pipeline.conftest import picture

if TYPE_CHECKING:
    from pathlib import Path

    from core.pipeline.ledger import Fate
    from tests.pipeline.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(autouse=True)
def linked(house: House) -> None:
    house.bench.layout.link_references({"inbox": str(house.inbox)})


async def take(house: House, name: str) -> Fate:
    await house.see(name)
    (entry,) = await house.claim()
    return await attempt(house.bench, entry, house.root(Mode.REFERENCE))


async def paths(house: House) -> list[str]:
    rows = await house.query("select file_path from file_versions where archived_at is null order by file_path")
    return [row.file_path for row in rows]


def stored(house: House) -> list[Path]:
    """The files that were copied into the library."""
    media = house.bench.layout.media
    return [path for path in media.rglob("*") if path.is_file() and not path.is_symlink()]


async def test_a_file_stays_where_it_is_untouched(house: House) -> None:
    path = house.write("a.jpg", picture())
    before = (path.stat().st_mtime_ns, path.stat().st_mode, path.read_bytes())
    fate = await take(house, "a.jpg")
    assert fate.state is State.DONE
    assert (path.stat().st_mtime_ns, path.stat().st_mode, path.read_bytes()) == before
    assert stored(house) == []
    assert await paths(house) == ["media/bronze/reference/inbox/a.jpg", "media/silver/reference/inbox/a.jpg"]
    layout = house.bench.layout
    for file_path in await paths(house):
        assert hashlib.sha256(layout.absolute(file_path).read_bytes()).hexdigest() == fate.sha256
    assert read_sidecar((house.inbox / "a.jpg.xmp").read_bytes()).sha256 == fate.sha256


async def test_a_sidecar_of_another_program_is_left_alone(house: House) -> None:
    house.write("a.jpg", picture())
    house.write("a.jpg.xmp", b"<x:xmpmeta>digiKam's</x:xmpmeta>")
    await take(house, "a.jpg")
    assert (house.inbox / "a.jpg.xmp").read_bytes() == b"<x:xmpmeta>digiKam's</x:xmpmeta>"
    assert [path.name for path in stored(house)] == ["a.jpg.xmp"]
    assert (house.bench.layout.media / "sidecars" / "reference" / "inbox" / "a.jpg.xmp").is_file()


@pytest.mark.parametrize("length", [236, 255])
async def test_a_name_that_leaves_no_room_for_a_sidecar_is_no_hindrance(house: House, length: int) -> None:
    """File systems allow 255 bytes."""
    name = "a" * (length - 4) + ".jpg"
    house.write(name, picture())
    assert (await take(house, name)).state is State.DONE
    assert [path.name for path in house.inbox.iterdir()] == [name]


async def test_a_file_that_was_moved_where_the_scan_could_not_tell_keeps_its_asset(house: House) -> None:
    first = await take(house, house.write("a.jpg", picture()).name)
    os.rename(house.inbox / "a.jpg", house.inbox / "b.jpg")  # noqa: PTH104 - as a person does it
    second = await take(house, "b.jpg")
    assert (second.state, second.media_asset_id) == (State.DONE, first.media_asset_id)
    assert await paths(house) == ["media/bronze/reference/inbox/b.jpg", "media/silver/reference/inbox/b.jpg"]
    old = await house.entry("a.jpg")
    assert (old.state, old.reason) == ("missing", "It lies at b.jpg now.")
    (history,) = await house.query("select details from asset_history where action = 'MOVED'")
    assert history.details == "a.jpg was moved to b.jpg."


async def test_a_copy_beside_it_is_a_duplicate(house: House) -> None:
    await take(house, house.write("a.jpg", picture()).name)
    assert (await take(house, house.write("b.jpg", picture()).name)).state is State.DUPLICATE


async def test_another_photo_in_its_place_is_an_asset_of_its_own_and_the_old_one_is_kept(house: House) -> None:
    first = await take(house, house.write("a.jpg", picture(1)).name)
    second = await take(house, house.write("a.jpg", picture(2)).name)
    assert second.state is State.DONE
    assert second.media_asset_id != first.media_asset_id
    assert len(await house.query("select id from media_assets")) == 2
    assert len(await paths(house)) == 4


async def test_paths_follow_files_that_change_places(house: House) -> None:
    names = [f"{number}.jpg" for number in range(3)]
    for number, name in enumerate(names):
        await take(house, house.write(name, picture(number)).name)
    async with house.bench.database.write() as connection:
        # files that change places
        await move_references(connection, "inbox", [("0.jpg", "1.jpg"), ("1.jpg", "0.jpg"), ("2.jpg", "x/2.jpg")])
    assert await paths(house) == [
        f"media/{tier}/reference/inbox/{name}"
        for tier in ("bronze", "silver")
        for name in ("0.jpg", "1.jpg", "x/2.jpg")
    ]


async def test_names_of_any_bytes_find_their_file(house: House) -> None:
    name = os.fsdecode(b"caf\xe9 \\x41.jpg")
    fate = await take(house, house.write(name, picture()).name)
    assert fate.state is State.DONE
    for file_path in await paths(house):
        assert house.bench.layout.absolute(file_path).read_bytes() == picture()
