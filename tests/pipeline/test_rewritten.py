"""A path whose content changed: the same photo written anew, or a name that was used again."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import insert, update

from core.db.tables import Collection, CollectionPhoto, FileVersion
from core.media.face_boxes import shared_area
from core.media.facts import CaptureSource, CaptureTime
from core.pipeline.attempt import attempt
from core.pipeline.ledger import Fate
from core.pipeline.rewritten import Predecessor, is_rewrite
from core.pipeline.roots import Mode
from core.pipeline.states import State
from tests.pipeline.conftest import picture

if TYPE_CHECKING:
    from tests.pipeline.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOON = datetime(2024, 7, 26, 12, 0, 0)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=30)
JUST_NOW = NOW - timedelta(minutes=9, seconds=59)
HASH, ALIKE, OTHER = "01" * 32, "1" * 8 + ("01" * 32)[8:], "10" * 32


def old(**changes: Any) -> Predecessor:
    facts: dict[str, Any] = {
        "captured_at": NOON.isoformat(),
        "capture_source": "exif-original",
        "taken_in_at": LONG_AGO,
        "was_undecodable": False,
        "perceptual_hash": HASH,
    }
    return Predecessor(**(facts | changes))


def captured(source: CaptureSource = CaptureSource.EXIF_ORIGINAL, seconds: int = 0) -> CaptureTime:
    return CaptureTime(NOON + timedelta(seconds=seconds), source)


NAMED = CaptureSource.FILENAME


@pytest.mark.parametrize(
    ("before", "time", "perceptual_hash", "expected"),
    [
        (old(), captured(), None, True),
        (old(capture_source="exif-created"), captured(), None, True),
        (old(), captured(seconds=1), None, False),
        # a camera that says different moments is believed, however soon and alike
        (old(taken_in_at=JUST_NOW), captured(seconds=1), HASH, False),
        # the name is the same because the path is: it says nothing
        (old(capture_source="filename"), captured(NAMED), None, False),
        (old(capture_source="filename", taken_in_at=JUST_NOW), captured(NAMED), ALIKE, True),
        (old(capture_source="filename", taken_in_at=JUST_NOW), captured(NAMED), OTHER, False),
        (old(capture_source="filename", taken_in_at=LONG_AGO), captured(NAMED), HASH, False),
        (old(capture_source="filename", taken_in_at=NOW - timedelta(minutes=10)), captured(NAMED), HASH, False),
        # it was half written when it was taken
        (old(was_undecodable=True, perceptual_hash=None, capture_source="ingested"), captured(seconds=9), None, True),
    ],
)
async def test_the_rule(before: Predecessor, time: CaptureTime, perceptual_hash: str | None, expected: bool) -> None:
    assert is_rewrite(before, time, NOW, perceptual_hash) is expected


@given(st.lists(st.integers(0, 500), min_size=4, max_size=4), st.lists(st.integers(0, 500), min_size=4, max_size=4))
async def test_shared_area_is_a_share_and_symmetric(one: list[int], other: list[int]) -> None:
    share = shared_area(one, other)
    assert 0 <= share <= 1
    assert share == shared_area(other, one)
    if one[2] and one[3]:
        assert shared_area(one, one) == 1


def shot(seed: int, taken: str, quality: int = 90) -> bytes:
    """A small photo with the camera's time."""
    exif = Image.Exif()
    exif[0x0132] = taken
    exif.get_ifd(0x8769)[0x9003] = taken
    buffer = io.BytesIO()
    Image.open(io.BytesIO(picture(seed))).save(buffer, "JPEG", quality=quality, exif=exif)
    return buffer.getvalue()


async def take(house: House, name: str, content: bytes, mode: Mode = Mode.COPY) -> Fate:
    house.write(name, content)
    await house.see(name)
    (entry,) = await house.claim()
    return await attempt(house.bench, entry, house.root(mode))


async def test_a_photo_that_is_written_anew_keeps_its_asset_and_what_was_said_of_it(house: House) -> None:
    first = await take(house, "a.jpg", shot(1, "2024:07:26 12:00:00"))
    (silver,) = await house.query("select id from file_versions where tier = 'silver'")
    async with house.bench.database.write() as connection:
        said = (
            update(FileVersion).where(FileVersion.id == silver.id).values(rating=5, keywords=["Oma"], is_favorite=True)
        )
        await connection.execute(said)
        await connection.execute(insert(Collection).values(id="album", name="Album"))
        await connection.execute(insert(CollectionPhoto).values(collection_id="album", photo_id=silver.id))
    second = await take(house, "a.jpg", shot(1, "2024:07:26 12:00:00", quality=70))
    assert second.state is State.DONE
    assert second.media_asset_id == first.media_asset_id
    assert len(await house.query("select id from media_assets")) == 1
    (shown,) = await house.query(
        "select id, rating, keywords, is_favorite from file_versions where tier = 'silver' and archived_at is null"
    )
    assert (shown.rating, bool(shown.is_favorite)) == (5, True)
    assert "Oma" in str(shown.keywords)
    assert (await house.query("select photo_id from collection_photos"))[0].photo_id == shown.id
    # nothing is gone
    assert len(house.files()) == 6
    old = await house.query("select tier from file_versions where processing_state = 'superseded' order by tier")
    assert [row.tier for row in old] == ["bronze", "silver"]
    (history,) = await house.query("select details from asset_history where action = 'REPLACED'")
    assert history.details == "a.jpg was written anew; the old file is kept."


async def test_a_name_that_a_camera_uses_again_is_another_photo(house: House) -> None:
    first = await take(house, "IMG_0001.jpg", shot(1, "2024:07:26 12:00:00"))
    second = await take(house, "IMG_0001.jpg", shot(2, "2025:07:26 12:00:00"))
    assert first.media_asset_id != second.media_asset_id
    assert len(await house.query("select id from file_versions where archived_at is null")) == 4


async def test_content_that_a_photo_had_before_is_a_duplicate_elsewhere(house: House) -> None:
    before = shot(1, "2024:07:26 12:00:00")
    await take(house, "a.jpg", before)
    await take(house, "a.jpg", shot(1, "2024:07:26 12:00:00", quality=70))
    assert (await take(house, "b.jpg", before)).state is State.DUPLICATE


async def test_a_file_that_was_taken_half_written_is_one_photo_in_the_end(house: House) -> None:
    whole = shot(1, "2024:07:26 12:00:00")
    first = await take(house, "a.jpg", whole[: len(whole) // 2])
    second = await take(house, "a.jpg", whole)
    assert first.media_asset_id == second.media_asset_id
    (row,) = await house.query("select undecodable from file_versions where tier = 'bronze' and archived_at is null")
    assert row.undecodable is None
