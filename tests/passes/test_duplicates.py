"""The pass that finds copies of one picture, on real pictures, workers and databases."""

from __future__ import annotations

import io
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from sqlalchemy import func, select, update

from core.db.tables import AssetGroup, DuplicateCheck, DuplicateGroup, StageResult
from core.duplicates.comparing import compare_some
from core.duplicates.facts import MISSED
from core.duplicates.fingerprinting import fingerprint_some, list_fingerprints
from core.groups.decisions import dissolve
from core.groups.facts import GroupFacts, Place
from core.groups.keeping import keep_grouped
from core.media.facts import Kind
from core.media.tagger import load_tagger
from core.passes.duplicates import DUPLICATES
from core.passes.runner import Runner, Wanted
from core.passes.runs import RunState
from core.passes.shape import Tools
from core.pipeline.together import archive_together, unarchive_together
from tests.passes.shelf import Shelf, tie

ASTRONAUT = Path(__file__).parent.parent / "fixtures" / "astronaut.jpg"


def astronaut() -> Image.Image:
    return Image.open(ASTRONAUT).convert("RGB")


def scene(seed: int) -> Image.Image:
    """A picture of many shapes, another one for each seed."""
    random = np.random.default_rng(seed)
    image = Image.new("RGB", (640, 480), tuple(random.integers(0, 255, 3)))
    draw = ImageDraw.Draw(image)
    for _ in range(60):
        x, y, width, height = random.integers(0, 640), random.integers(0, 480), *random.integers(20, 160, 2)
        colour = tuple(int(value) for value in random.integers(0, 255, 3))
        shape = draw.ellipse if random.random() < 0.5 else draw.rectangle
        shape((int(x), int(y), int(x + width), int(y + height)), fill=colour)
    return image


def jpeg(image: Image.Image, quality: int = 92, comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, comment=comment)
    return out.getvalue()


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The classifier, converted once for all tests."""
    folder = tmp_path_factory.mktemp("cache")
    load_tagger(folder)
    return folder


@pytest.fixture
def shelf(both_tools: Tools, network: Path) -> Shelf:
    return _with_network(both_tools, network)


@pytest.fixture
def sqlite_shelf(tools: Tools, network: Path) -> Shelf:
    return _with_network(tools, network)


def _with_network(tools: Tools, network: Path) -> Shelf:
    shutil.copytree(network, tools.bench.layout.cache, dirs_exist_ok=True)
    return Shelf(tools)


async def test_copies_are_found_however_they_were_made_and_the_best_is_proposed(shelf: Shelf) -> None:
    original = astronaut()
    width, height = original.size
    await shelf.put("original.jpg", jpeg(original), combined_metadata={"exif": {"camera": "Acme One"}})
    await shelf.put("told.jpg", jpeg(original, comment=b"other metadata, same pixels"))
    await shelf.put("small.jpg", jpeg(original.resize((width // 2, height // 2)), 60))
    await shelf.put("mirrored.jpg", jpeg(original.transpose(Image.Transpose.FLIP_LEFT_RIGHT)))
    await shelf.put("quarter.jpg", jpeg(original.transpose(Image.Transpose.ROTATE_90)))
    await shelf.put("cut.jpg", jpeg(original.crop((width // 8, height // 10, width * 7 // 8, height * 9 // 10))))
    await shelf.put("turned.jpg", jpeg(original.rotate(25)))
    await shelf.put("other1.jpg", jpeg(scene(1)))
    await shelf.put("other2.jpg", jpeg(scene(2)))
    report = await shelf.run()
    assert (report["fingerprints"], report["compared"], report["groups"]) == (9, 9, 1)
    ((keeper, (kind, copies)),) = (await shelf.kinds()).items()
    assert (keeper, kind) == ("original.jpg", "turned")
    assert copies == {
        "told.jpg": "pixels",
        "small.jpg": "same",
        "cut.jpg": "cut",
        "mirrored.jpg": "turned",
        "quarter.jpg": "turned",
        "turned.jpg": "turned",
    }
    (group,) = await shelf.groups()
    assert group["keeper_reason"] == "original.jpg should stay: it tells more about how it was taken."


async def test_only_what_is_new_is_compared_and_what_cannot_be_read_keeps_nobody_from_it(sqlite_shelf: Shelf) -> None:
    await sqlite_shelf.put("a.jpg", jpeg(scene(1)))
    await sqlite_shelf.put("b.jpg", jpeg(scene(2)))
    await sqlite_shelf.put("broken.jpg", jpeg(scene(3)))
    sqlite_shelf.tools.bench.layout.absolute("media/bronze/broken.jpg").write_bytes(b"\xff\xd8 no picture")
    first = await sqlite_shelf.run()
    assert (first["fingerprints"], first["compared"], first["copies"]) == (3, 3, 0)
    again = await sqlite_shelf.run()
    assert (again["fingerprints"], again["compared"], again["groups"]) == (0, 0, 0)
    await sqlite_shelf.put("0-later.jpg", jpeg(scene(2), 70))
    later = await sqlite_shelf.run()
    assert (later["fingerprints"], later["compared"], later["copies"], later["newGroups"]) == (1, 1, 1, 1)
    assert (await sqlite_shelf.kinds()) == {"b.jpg": ("same", {"0-later.jpg": "same"})}
    # compared by another version, everything is compared again, and the group stays the one that it was
    group_id = await sqlite_shelf.only_group()
    async with sqlite_shelf.database.write() as connection:
        await connection.execute(update(DuplicateCheck).values(version="0"))
    assert (await sqlite_shelf.run())["compared"] == 4
    assert await sqlite_shelf.only_group() == group_id


async def test_a_copy_is_found_though_the_picture_was_in_the_archive_when_it_came(shelf: Shelf) -> None:
    bench = shelf.tools.bench
    await shelf.put("a.jpg", jpeg(scene(1)), width=4000, height=3000)
    await shelf.put("other.jpg", jpeg(scene(2)))
    await shelf.run()
    await archive_together(bench, "silver-a.jpg")
    await unarchive_together(bench, "silver-a.jpg")
    # it has missed nothing
    assert (await shelf.run())["compared"] == 0
    await tie(shelf, "a.jpg", "other.jpg")
    await archive_together(bench, "silver-a.jpg")
    await shelf.put("b.jpg", jpeg(scene(1), 70))
    away = await shelf.run()
    assert (away["compared"], away["copies"]) == (1, 0)
    await unarchive_together(bench, "silver-a.jpg")
    back = await shelf.run()
    assert (back["fingerprints"], back["compared"], back["copies"]) == (0, 1, 1)
    # what was found before is not forgotten
    assert await shelf.kinds() == {"a.jpg": ("same", {"b.jpg": "same", "other.jpg": "same"})}
    assert (await shelf.run())["compared"] == 0


async def test_a_copy_is_found_though_the_picture_was_put_away_while_it_was_compared(sqlite_shelf: Shelf) -> None:
    bench = sqlite_shelf.tools.bench
    await sqlite_shelf.put("a.jpg", jpeg(scene(1)))
    await sqlite_shelf.run()
    await sqlite_shelf.put("b.jpg", jpeg(scene(1), 70))
    soon = time.monotonic() + 60
    assert await fingerprint_some(bench, "", soon) == (1, None)
    listing = await list_fingerprints(bench)
    await archive_together(bench, "silver-a.jpg")
    assert await compare_some(bench, listing, listing.first, soon) == (2, 0)
    await unarchive_together(bench, "silver-a.jpg")
    back = await sqlite_shelf.run()
    assert (back["compared"], back["copies"]) == (1, 1)
    assert await sqlite_shelf.kinds() == {"a.jpg": ("same", {"b.jpg": "same"})}


async def test_what_was_found_of_content_that_was_replaced_is_forgotten(sqlite_shelf: Shelf) -> None:
    await sqlite_shelf.put("a.jpg", jpeg(scene(1)))
    await sqlite_shelf.put("b.jpg", jpeg(scene(1), 70))
    assert (await sqlite_shelf.run())["groups"] == 1
    await sqlite_shelf.replace("a.jpg", jpeg(scene(2)))
    # while it was away, others came
    async with sqlite_shelf.database.write() as connection:
        await connection.execute(update(DuplicateCheck).values(version=MISSED))
    assert (await sqlite_shelf.run())["groups"] == 0


async def test_what_a_person_has_found_not_to_belong_together_may_be_copies(shelf: Shelf) -> None:
    await shelf.put("DSC1.NEF", jpeg(scene(1)), width=4000, height=3000)
    await shelf.put("DSC1.JPG", jpeg(scene(1), 90))
    for name, kind in (("DSC1.NEF", Kind.RAW), ("DSC1.JPG", Kind.PHOTO)):
        async with shelf.database.write() as connection:
            await keep_grouped(connection, GroupFacts(name, kind, (Place("card", name),)))
    together = await shelf.run()
    assert (together["compared"], together["copies"], together["groups"]) == (2, 0, 0)
    async with shelf.database.write() as connection:
        (group_id,) = (await connection.execute(select(AssetGroup.id))).scalars()
        await dissolve(connection, group_id)
    apart = await shelf.run()
    assert (apart["compared"], apart["groups"]) == (0, 1)
    assert await shelf.kinds() == {"DSC1.NEF": ("same", {"DSC1.JPG": "same"})}


async def test_bursts_and_what_belongs_together_are_no_duplicates(sqlite_shelf: Shelf) -> None:
    frame = {
        "combined_metadata": {"exif": {"camera": "Acme One"}},
        "capture_source": "exif-original",
    }
    # two frames of a burst, a second apart
    await sqlite_shelf.put("IMG_1.jpg", jpeg(scene(1)), captured_at="2024-03-01T09:00:00", **frame)
    await sqlite_shelf.put("IMG_2.jpg", jpeg(scene(1), 90), captured_at="2024-03-01T09:00:01", **frame)
    # an export of the first that kept its metadata
    await sqlite_shelf.put("export.jpg", jpeg(scene(1), 60), captured_at="2024-03-01T09:00:00", **frame)
    # RAW and JPEG of one shot
    await sqlite_shelf.put("DSC1.NEF", jpeg(scene(2)))
    await sqlite_shelf.put("DSC1.JPG", jpeg(scene(2), 90))
    for name, kind in (("DSC1.NEF", Kind.RAW), ("DSC1.JPG", Kind.PHOTO)):
        async with sqlite_shelf.database.write() as connection:
            await keep_grouped(connection, GroupFacts(name, kind, (Place("card", name),)))
    await sqlite_shelf.run()
    assert await sqlite_shelf.kinds() == {"IMG_1.jpg": ("same", {"export.jpg": "same"})}


async def test_a_dry_run_only_counts(sqlite_shelf: Shelf) -> None:
    await sqlite_shelf.put("a.jpg", jpeg(scene(1)))
    run = await Runner(sqlite_shelf.tools, [DUPLICATES]).run(Wanted("duplicates", is_dry=True))
    assert (run.state, run.progress.report["compared"]) == (RunState.DONE, 1)
    async with sqlite_shelf.database.read() as connection:
        for table in (StageResult, DuplicateCheck, DuplicateGroup):
            assert (await connection.execute(select(func.count()).select_from(table))).scalar() == 0
