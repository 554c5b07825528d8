"""Files that belong together, on their way through the pipeline."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from core.compute.tasks import Reading
from core.groups import members_of
from core.groups.facts import GroupFacts, Place
from core.media import formats
from core.media.facts import CaptureSource, CaptureTime, Exif, Identity, Kind
from core.media.metadata import EmbeddedVideo, Metadata, Said
from core.pipeline.attempt import attempt
from core.pipeline.grouping import follow_moves, group_facts
from core.pipeline.keep_original import Original
from core.pipeline.ledger import Entry, Fate, Signature
from core.pipeline.roots import Mode, Root
from core.pipeline.sighted import Move
from core.pipeline.states import State
from core.pipeline.workbench import Item, Stopwatch
from tests.pipeline.conftest import picture

if TYPE_CHECKING:
    from tests.pipeline.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

_DNG_VERSION = 50706
_EXPOSURE_TIME, _DATE_TIME_ORIGINAL, _EXPOSURE_MODE = 0x829A, 0x9003, 0xA402


def shot(seed: int, taken: str = "2024:07:26 12:00:00", bracketed: bool = False, exposure: float = 0.01) -> bytes:
    exif = Image.Exif()
    exif[0x0110] = "Camera One"
    exif.get_ifd(0x8769).update(
        {_DATE_TIME_ORIGINAL: taken, _EXPOSURE_MODE: 2 if bracketed else 0, _EXPOSURE_TIME: exposure}
    )
    buffer = io.BytesIO()
    Image.open(io.BytesIO(picture(seed))).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def raw() -> bytes:
    """A DNG without a preview: a RAW that is kept as metadata only."""
    tags = ImageFileDirectory_v2()
    tags[_DNG_VERSION] = b"\1\4\0\0"
    buffer = io.BytesIO()
    Image.new("I;16", (8, 8)).save(buffer, "TIFF", tiffinfo=tags)
    return buffer.getvalue()


async def take(house: House, name: str, content: bytes) -> Fate:
    (house.inbox / name).parent.mkdir(exist_ok=True)
    house.write(name, content)
    await house.see(name)
    (entry,) = await house.claim()
    return await attempt(house.bench, entry, house.root())


async def together(house: House, fate: Fate) -> list[str]:
    """The names of the files that belong to this one."""
    assert fate.media_asset_id is not None
    async with house.bench.database.read() as connection:
        ids = await members_of(connection, [fate.media_asset_id])
    names = {
        row.id: row.original_filename for row in await house.query("select id, original_filename from media_assets")
    }
    return sorted(names[one] for one in ids)


async def test_a_photo_and_its_edit_are_one_group_once_both_are_there(house: House) -> None:
    edit = await take(house, "IMG_1-bearbeitet.jpg", shot(1))
    assert await together(house, edit) == ["IMG_1-bearbeitet.jpg"]
    await take(house, "IMG_1.jpg", shot(2))
    assert await together(house, edit) == ["IMG_1-bearbeitet.jpg", "IMG_1.jpg"]
    (group,) = await house.query("select type, reason, primary_asset_id from asset_groups")
    assert (group.type, group.primary_asset_id) == ("edited", edit.media_asset_id)
    assert group.reason == "IMG_1-bearbeitet.jpg is by its name an edited copy of IMG_1.jpg in the same folder."


async def test_a_raw_that_cannot_be_decoded_has_its_jpeg(house: House) -> None:
    kept = await take(house, "DSC1.dng", raw())
    assert kept.state is State.DONE
    assert "metadata only" in str(kept.reason)
    await take(house, "DSC1.JPG", shot(1))
    assert await together(house, kept) == ["DSC1.JPG", "DSC1.dng"]


@pytest.mark.parametrize("raw_first", [True, False])
async def test_a_jpeg_that_is_a_duplicate_of_an_older_one_still_belongs_to_its_raw(
    house: House, raw_first: bool
) -> None:
    mailed = await take(house, "mail/holiday.jpg", shot(1))
    if raw_first:
        await take(house, "card/DSC1.dng", raw())
    assert (await take(house, "card/DSC1.JPG", shot(1))).state is State.DUPLICATE
    if not raw_first:
        await take(house, "card/DSC1.dng", raw())
    assert await together(house, mailed) == ["DSC1.dng", "holiday.jpg"]


async def test_the_frames_of_a_bracket_are_one_group(house: House) -> None:
    fates = [
        await take(house, f"DSC{second}.jpg", shot(second, f"2024:07:26 12:00:0{second}", True, 0.01 * 2**second))
        for second in (2, 0, 1)
    ]
    assert await together(house, fates[0]) == ["DSC0.jpg", "DSC1.jpg", "DSC2.jpg"]
    (group,) = await house.query("select type from asset_groups")
    assert group.type == "bracket"


async def test_a_photo_that_is_written_anew_stays_in_its_group(house: House) -> None:
    photo = await take(house, "IMG_1.jpg", shot(1))
    await take(house, "IMG_1-edited.jpg", shot(2))
    again = await take(house, "IMG_1.jpg", shot(1) + b"\0")
    assert again.media_asset_id == photo.media_asset_id
    assert await together(house, again) == ["IMG_1-edited.jpg", "IMG_1.jpg"]


async def test_a_raw_that_comes_beside_a_photo_that_was_moved_is_its_raw(house: House) -> None:
    photo = await take(house, "card/DSC1.JPG", shot(1))
    (entry,) = await house.query("select id from ledger")
    signature = Signature.of(os.lstat(house.inbox / "card" / "DSC1.JPG"))
    move = Move(entry.id, "card/DSC1.JPG", "sorted/DSC1.JPG", signature, State.DONE)
    async with house.bench.database.write() as connection:
        await follow_moves(connection, house.root(), [move])
    await take(house, "sorted/DSC1.dng", raw())
    assert await together(house, photo) == ["DSC1.JPG", "DSC1.dng"]


async def test_what_a_file_says_of_itself_reaches_the_rules() -> None:
    said = Metadata(
        content_identifier=Said("A1", "makernote:ContentIdentifier"),
        burst_identifier=Said("B1", "makernote:BurstUUID"),
        is_burst_cover=Said(True, "xmp:GCamera:BurstPrimary"),
        sequence_number=Said(2, "makernote:SequenceNumber"),
        exposure_bias=Said(-2.0, "exif:ExposureBiasValue"),
        embedded_video=Said(EmbeddedVideo(2000, 1990), "xmp:GCamera:MicroVideoOffset"),
    )
    identity = Identity(9, "md5", "sha", formats.JPEG, Exif(camera="X", exposure_mode="2", shutter="1/60s"), said)
    captured = CaptureTime(datetime(2024, 7, 26, 12, 0, 0, 250_000), CaptureSource.EXIF_ORIGINAL, 120)
    now = datetime(2025, 1, 1, tzinfo=UTC)
    original = Original("asset", "version", "a.jpg", "sha", captured, now, Reading(identity, None, None))
    entry = Entry(1, "phone", "DCIM/a.jpg", State.RUNNING, Signature(9, 0, 0, "1"))
    item = Item(entry, Root("phone", "/phone", Mode.COPY), "a.jpg", Stopwatch())
    assert group_facts(item, original) == GroupFacts(
        asset_id="asset",
        kind=Kind.PHOTO,
        places=(Place("phone/DCIM", "a.jpg"),),
        taken=datetime(2024, 7, 26, 12, 0, 0, 250_000),
        offset_minutes=120,
        camera="X",
        content_identifier="A1",
        burst_identifier="B1",
        is_burst_cover=True,
        is_bracketed=True,
        exposure="1/60s ? ?",
        exposure_bias=-2.0,
        sequence_number=2,
        film_from_end=2000,
        film_length=1990,
    )
