"""The stage, on real databases."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from sqlalchemy import RowMapping, insert, select, update

from core.ai.providers import Providers
from core.compute import LocalCompute
from core.compute.tasks import Reading
from core.db.engine import Database
from core.db.tables import FileVersion, MediaAsset, StageResult, UploadConflict
from core.errors import LooksAlike
from core.groups.facts import GroupFacts, Place
from core.groups.keeping import keep_grouped
from core.library.layout import Layout, Tier
from core.media import formats
from core.media.facts import CaptureSource, CaptureTime, Exif, FaceFinding, Format, Identity, Kind, Look, Quality
from core.media.perceptual_hash import perceptual_hash
from core.media.quality import measure_quality
from core.media.resize import Pixels
from core.pipeline.keep_original import Original
from core.pipeline.ledger import Entry, Signature
from core.pipeline.lookalikes import refuse_lookalike_upload
from core.pipeline.roots import UPLOAD, Mode, Root
from core.pipeline.states import State
from core.pipeline.workbench import Item, Stopwatch, Workbench

ASTRONAUT = Path(__file__).parent.parent / "fixtures" / "astronaut.jpg"
NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
LAST_YEAR = NOW - timedelta(days=365)
BEACH = "01" * 32
CLEAR = Quality(sharpness=50, brightness=0.5, contrast=0.25, highlights=0, shadows=0)
NO_EXIF = Exif()
WHEN_UPLOADED = CaptureTime(NOW.replace(tzinfo=None), CaptureSource.INGESTED, 0)

#: Columns of a photo of which ``taken(0)`` to ``taken(10)`` with the same camera are a burst.
_BURST: dict[str, Any] = {
    "combined_metadata": {"exif": {"camera": "Acme One", "focalLength": "24mm", "imageWidth": 640, "imageHeight": 480}},
    "captured_at": "2024-03-01T09:00:00",
    "capture_source": "exif-original",
}


def workbench(database: Database, data_dir: Path) -> Workbench:
    compute = LocalCompute(workers=1, time_limit=60, idle_timeout=1)
    return Workbench(database, Layout(data_dir), compute, Providers(database, compute), "test", "datetime", None, 3)


@pytest.fixture
def bench(sqlite_database: Database, tmp_path: Path) -> Workbench:
    """On SQLite, whose databases are made in no time."""
    return workbench(sqlite_database, tmp_path)


def seen(perceptual_hash: str = BEACH, quality: Quality = CLEAR) -> Look:
    return Look(640, 480, perceptual_hash, quality, FaceFinding((), "hog-640"), None, b"", b"")


def item(name: str = "upload.jpg", root: str = UPLOAD) -> Item:
    entry = Entry(1, root, f"abc/{name}", State.RUNNING, Signature(9, 0, 0, "1"))
    return Item(entry, Root(root, "/nowhere", Mode.COPY), name, Stopwatch())


async def store_asset(bench: Workbench, asset_id: str, filename: str, created_at: datetime) -> None:
    async with bench.database.write() as connection:
        row = {"id": asset_id, "original_filename": filename, "sha256": f"sha of {asset_id}", "created_at": created_at}
        await connection.execute(insert(MediaAsset).values(row))


async def store_version(bench: Workbench, asset_id: str, tier: Tier, **columns: Any) -> None:
    row = {
        "id": f"{asset_id}-{tier}",
        "media_asset_id": asset_id,
        "tier": tier,
        "file_path": f"media/{tier}/2024/03/{asset_id}.jpg",
        "file_hash": f"md5 of {asset_id}",
        "file_size": 9,
        "mime_type": "image/jpeg",
        "perceptual_hash": None if tier is Tier.BRONZE else BEACH,
    }
    async with bench.database.write() as connection:
        await connection.execute(insert(FileVersion).values(row | columns))


async def existing(
    bench: Workbench,
    asset_id: str = "beach",
    *,
    filename: str = "IMG_0042.jpg",
    created_at: datetime = LAST_YEAR,
    **columns: Any,
) -> None:
    """A photo in the library: its Bronze, and a Silver version with these columns."""
    await store_asset(bench, asset_id, filename, created_at)
    await store_version(bench, asset_id, Tier.BRONZE)
    await store_version(bench, asset_id, Tier.SILVER, **columns)


async def uploaded(
    bench: Workbench,
    media_format: Format = formats.JPEG,
    exif: Exif = NO_EXIF,
    captured: CaptureTime = WHEN_UPLOADED,
) -> Original:
    """An upload whose Bronze is recorded."""
    await store_asset(bench, "new", "upload.jpg", NOW)
    await store_version(bench, "new", Tier.BRONZE, mime_type=media_format.mime_type)
    reading = Reading(Identity(9, "md5", "sha of new", media_format, exif), None, None)
    return Original("new", "new-bronze", "media/bronze/2025/03/new.jpg", "sha of new", captured, NOW, reading)


async def conflicts(bench: Workbench) -> list[RowMapping]:
    async with bench.database.read() as connection:
        return list((await connection.execute(select(*UploadConflict.__table__.columns))).mappings())


async def test_an_upload_that_looks_like_a_photo_waits_for_a_decision(database: Database, tmp_path: Path) -> None:
    bench = workbench(database, tmp_path)
    await existing(bench)
    original = await uploaded(bench)

    with pytest.raises(LooksAlike) as refused:
        await refuse_lookalike_upload(bench, item("beach copy.jpg"), original, seen())

    assert refused.value.asset_id == "new"
    assert "beach copy.jpg looks exactly like IMG_0042.jpg" in str(refused.value)
    assert "media/silver/2024/03/beach.jpg" in str(refused.value)
    [conflict] = await conflicts(bench)
    assert conflict["media_asset_id"] == "new"
    assert conflict["existing_photo_id"] == "beach-silver"
    assert conflict["conflict_type"] == "visually_identical"
    assert conflict["similarity"] == 100
    assert conflict["suggested_action"] == "keep_existing"
    assert "“copy”" in conflict["reasoning"]
    assert conflict["perceptual_hash"] == BEACH


async def test_an_attempt_that_is_repeated_asks_once(bench: Workbench) -> None:
    await existing(bench)
    original = await uploaded(bench)
    sentences = []
    for _ in range(2):
        with pytest.raises(LooksAlike) as refused:
            await refuse_lookalike_upload(bench, item(), original, seen())
        sentences.append(str(refused.value))
    assert len(await conflicts(bench)) == 1
    assert sentences[0] == sentences[1]


async def test_a_question_stands_until_it_is_answered(bench: Workbench) -> None:
    await existing(bench)
    original = await uploaded(bench)
    with pytest.raises(LooksAlike):
        await refuse_lookalike_upload(bench, item(), original, seen())
    async with bench.database.write() as connection:
        await connection.execute(update(FileVersion).values(archived_at=NOW))
    with pytest.raises(LooksAlike):
        await refuse_lookalike_upload(bench, item(), original, seen())


async def test_what_was_seen_is_kept_for_the_decision(bench: Workbench) -> None:
    await existing(bench)
    original = await uploaded(bench)
    with pytest.raises(LooksAlike):
        await refuse_lookalike_upload(bench, item(), original, seen())
    async with bench.database.read() as connection:
        assert (await connection.execute(select(StageResult.sha256))).scalars().all() == ["sha of new"]


async def test_one_differing_bit_is_another_picture(bench: Workbench) -> None:
    await existing(bench)
    await refuse_lookalike_upload(bench, item(), await uploaded(bench), seen("1" + BEACH[1:]))
    assert await conflicts(bench) == []


async def test_only_uploads_are_stopped(bench: Workbench) -> None:
    await existing(bench)
    await refuse_lookalike_upload(bench, item(root="phone"), await uploaded(bench), seen())
    assert await conflicts(bench) == []


@pytest.mark.parametrize("media_format", [formats.MP4, formats.NEF])
async def test_only_photos_are_stopped(bench: Workbench, media_format: Format) -> None:
    await existing(bench)
    await refuse_lookalike_upload(bench, item(), await uploaded(bench, media_format), seen())
    assert await conflicts(bench) == []


async def test_archived_photos_are_not_compared(bench: Workbench) -> None:
    await existing(bench, archived_at=NOW)
    await refuse_lookalike_upload(bench, item(), await uploaded(bench), seen())
    assert await conflicts(bench) == []


async def test_posters_of_videos_are_not_compared(bench: Workbench) -> None:
    await existing(bench, mime_type="video/mp4")
    await refuse_lookalike_upload(bench, item(), await uploaded(bench), seen())
    assert await conflicts(bench) == []


async def test_an_upload_that_itself_waits_for_a_decision_stops_no_other(bench: Workbench) -> None:
    await store_asset(bench, "waiting", "waiting.jpg", LAST_YEAR)
    await store_version(bench, "waiting", Tier.BRONZE, perceptual_hash=BEACH)
    await refuse_lookalike_upload(bench, item(), await uploaded(bench), seen())
    assert await conflicts(bench) == []


async def test_a_photo_never_conflicts_with_itself(bench: Workbench) -> None:
    original = await uploaded(bench, exif=Exif(camera="Acme One"))
    await store_version(bench, "new", Tier.SILVER, **_BURST)
    await refuse_lookalike_upload(bench, item(), original, seen())
    assert await conflicts(bench) == []


async def test_a_photo_with_a_gold_version_is_asked_about_once_and_as_gold(bench: Workbench) -> None:
    await existing(bench)
    await store_version(bench, "beach", Tier.GOLD)
    original = await uploaded(bench)
    with pytest.raises(LooksAlike):
        await refuse_lookalike_upload(bench, item(), original, seen())
    assert [row["existing_photo_id"] for row in await conflicts(bench)] == ["beach-gold"]


async def test_of_several_lookalikes_the_oldest_is_asked_about(bench: Workbench) -> None:
    await existing(bench, "a younger one", created_at=NOW - timedelta(days=1))
    await existing(bench, "the oldest", created_at=LAST_YEAR)
    await existing(bench, "another younger one", created_at=NOW - timedelta(days=2))
    original = await uploaded(bench)
    with pytest.raises(LooksAlike):
        await refuse_lookalike_upload(bench, item(), original, seen())
    assert [row["existing_photo_id"] for row in await conflicts(bench)] == ["the oldest-silver"]


def taken(seconds: int) -> CaptureTime:
    return CaptureTime(datetime(2024, 3, 1, 9) + timedelta(seconds=seconds), CaptureSource.EXIF_ORIGINAL)


async def existing_burst(bench: Workbench, asset_id: str = "beach") -> None:
    await existing(bench, asset_id, **_BURST)


async def test_frames_of_a_burst_are_kept(bench: Workbench) -> None:
    await existing_burst(bench)
    exif = Exif(camera="Acme One", focal_length="24mm")
    await refuse_lookalike_upload(bench, item(), await uploaded(bench, exif=exif, captured=taken(10)), seen())
    assert await conflicts(bench) == []


async def test_the_version_of_the_highest_tier_alone_tells_whether_it_is_a_burst(bench: Workbench) -> None:
    await existing(bench)
    await store_version(bench, "beach", Tier.GOLD, **_BURST)
    exif = Exif(camera="Acme One", focal_length="24mm")
    await refuse_lookalike_upload(bench, item(), await uploaded(bench, exif=exif, captured=taken(10)), seen())
    assert await conflicts(bench) == []


async def test_a_picture_taken_a_minute_later_is_no_frame_of_the_burst(bench: Workbench) -> None:
    await existing_burst(bench)
    exif = Exif(camera="Acme One", focal_length="24mm")
    original = await uploaded(bench, exif=exif, captured=taken(60))
    with pytest.raises(LooksAlike):
        await refuse_lookalike_upload(bench, item(), original, seen())


async def test_a_burst_with_one_photo_does_not_hide_a_duplicate_of_another(bench: Workbench) -> None:
    await existing_burst(bench)
    await existing(bench, "stripped", created_at=NOW - timedelta(days=1))
    exif = Exif(camera="Acme One", focal_length="24mm")
    original = await uploaded(bench, exif=exif, captured=taken(10))
    with pytest.raises(LooksAlike):
        await refuse_lookalike_upload(bench, item(), original, seen())
    assert [row["existing_photo_id"] for row in await conflicts(bench)] == ["stripped-silver"]


async def test_a_copy_that_lost_its_metadata_is_found(bench: Workbench) -> None:
    await existing_burst(bench)
    original = await uploaded(bench)
    with pytest.raises(LooksAlike):
        await refuse_lookalike_upload(bench, item(), original, seen())


async def test_stored_metadata_of_another_shape_refuses_no_upload(bench: Workbench) -> None:
    await existing(bench, combined_metadata={"exif": {"camera": 7}})
    original = await uploaded(bench)
    with pytest.raises(LooksAlike):
        await refuse_lookalike_upload(bench, item(), original, seen())


def _pixels(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("RGB"))


def _almost_blank_page() -> Image.Image:
    page = Image.new("L", (620, 877), "white")
    ImageDraw.Draw(page).text((300, 840), "page 7", fill="black")
    return page


@pytest.mark.parametrize("picture", [Image.new("L", (640, 480)), _almost_blank_page()], ids=["black", "blank"])
async def test_black_frames_and_blank_pages_are_never_taken_for_duplicates(
    bench: Workbench, picture: Image.Image
) -> None:
    look = seen(perceptual_hash(_pixels(picture)), measure_quality(_pixels(picture)))
    await existing(bench, perceptual_hash=look.perceptual_hash)
    await refuse_lookalike_upload(bench, item(), await uploaded(bench), look)
    assert await conflicts(bench) == []


async def test_a_photo_encoded_again_is_found_by_its_real_hash(bench: Workbench) -> None:
    encoded_again = io.BytesIO()
    with Image.open(ASTRONAUT) as photo:
        await existing(bench, perceptual_hash=perceptual_hash(_pixels(photo)))
        photo.save(encoded_again, "JPEG", quality=60)
    with Image.open(encoded_again) as copy:
        look = seen(perceptual_hash(_pixels(copy)), measure_quality(_pixels(copy)))
    original = await uploaded(bench)
    with pytest.raises(LooksAlike):
        await refuse_lookalike_upload(bench, item(), original, look)


@pytest.mark.parametrize(
    ("name", "is_asked_about"), [("DSC1.JPG", False), ("DSC2.JPG", True), ("DSC1-edited.JPG", True)]
)
async def test_a_jpeg_is_no_duplicate_of_its_raw(bench: Workbench, name: str, is_asked_about: bool) -> None:
    """An edit is asked about, as the contract wants it, and belongs to its original if both are kept."""
    await existing(bench, filename="DSC1.NEF", mime_type="image/x-nikon-nef")
    place = Place(f"{UPLOAD}/", "DSC1.NEF")
    async with bench.database.write() as connection:
        await keep_grouped(connection, GroupFacts("beach", Kind.RAW, (place,)))
    original = await uploaded(bench)
    if is_asked_about:
        with pytest.raises(LooksAlike):
            await refuse_lookalike_upload(bench, item(name), original, seen())
    else:
        await refuse_lookalike_upload(bench, item(name), original, seen())
    assert len(await conflicts(bench)) == is_asked_about
