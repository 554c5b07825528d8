"""A photo on its whole way: taken in, looked at, promoted; and what comes back of it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import piexif
import pytest

from core.library.sidecar import read_sidecar
from core.pipeline.attempt import attempt
from core.pipeline.promote import promote
from core.pipeline.states import State
from tests.pipeline.conftest import picture

if TYPE_CHECKING:
    from pathlib import Path

    from core.pipeline.ledger import Fate
    from tests.pipeline.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def take(house: House, name: str) -> Fate:
    await house.see(name)
    (entry,) = await house.claim()
    return await attempt(house.bench, entry, house.root())


async def gold_of(house: House, name: str) -> Path:
    house.write(name, picture())
    assert (await take(house, name)).state is State.DONE
    (silver,) = await house.query("select id from file_versions where tier = 'silver'")
    promoted = await promote(house.bench, silver.id)
    (row,) = await house.query("select file_path from file_versions where id = :id", id=promoted.gold_id)
    return house.bench.layout.absolute(row.file_path)


async def test_what_was_found_out_is_in_the_gold_file(house: House) -> None:
    gold = await gold_of(house, "20240726_143025.jpg")
    assert gold.name == "2024-07-26_14-30-25.jpg"
    (silver,) = await house.query("select metadata, perceptual_hash from file_versions where tier = 'silver'")
    exif = piexif.load(gold.read_bytes())
    assert silver.perceptual_hash.encode() in exif["Exif"][piexif.ExifIFD.UserComment]
    sidecar = read_sidecar(gold.with_name(gold.name + ".xmp").read_bytes())
    assert sidecar.sha256 == hashlib.sha256(picture()).hexdigest(), "it tells which original it was made of"
    assert gold.stat().st_mtime_ns == (house.inbox / "20240726_143025.jpg").stat().st_mtime_ns
    layout = house.bench.layout
    sha256 = hashlib.sha256(gold.read_bytes()).hexdigest()
    assert layout.rendered(sha256, "250").exists(), "its pixels are those of the Silver file, and so is its thumbnail"


async def test_a_gold_file_that_is_taken_in_again_is_a_duplicate_of_its_photo(house: House) -> None:
    gold = await gold_of(house, "20240726_143025.jpg")
    house.write("from a friend.jpg", gold.read_bytes())
    fate = await take(house, "from a friend.jpg")
    assert fate.state is State.DUPLICATE
    assert fate.reason is not None
    assert "20240726_143025.jpg" in fate.reason
