"""The pass that finds copies of one picture, on real pictures, workers and databases."""

from __future__ import annotations

import hashlib
import io
import shutil
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from sqlalchemy import func, insert, select, update

from api.schemas.duplicate import duplicate_group_of
from core.db.tables import (
    DuplicateCheck,
    DuplicateGroup,
    DuplicatePair,
    FileVersion,
    MediaAsset,
    StageResult,
    utc_now,
)
from core.db.upsert import insert_on_conflict
from core.duplicates.deciding import decide, take_back
from core.duplicates.facts import Decision
from core.duplicates.keeping import propose
from core.duplicates.listing import find_duplicates, list_duplicates
from core.errors import BadRequest, NotFound
from core.groups.facts import GroupFacts, Place
from core.groups.keeping import keep_grouped
from core.media.facts import Kind
from core.media.tagger import load_tagger
from core.passes.duplicates import DUPLICATES
from core.passes.runner import Runner, Wanted
from core.passes.runs import RunState
from core.passes.shape import Tools

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


class Shelf:
    """A library to put pictures into, and the pass."""

    def __init__(self, tools: Tools, network: Path) -> None:
        shutil.copytree(network, tools.bench.layout.cache, dirs_exist_ok=True)
        self.tools = tools
        self.database = tools.bench.database

    async def put(self, name: str, content: bytes, **columns: Any) -> None:
        """An asset whose id is ``name``, with a Bronze and a Silver version."""
        sha256 = hashlib.sha256(content).hexdigest()
        async with self.database.write() as connection:
            await connection.execute(insert(MediaAsset).values(id=name, original_filename=name, sha256=sha256))
            for tier in ("bronze", "silver"):
                path = self.tools.bench.layout.absolute(f"media/{tier}/{name}")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                values = {
                    "id": f"{tier}-{name}",
                    "media_asset_id": name,
                    "tier": tier,
                    "file_path": f"media/{tier}/{name}",
                    "file_hash": hashlib.md5(content).hexdigest(),
                    "file_size": len(content),
                    "sha256": sha256,
                    "mime_type": "image/jpeg",
                    "width": 640,
                    "height": 480,
                }
                await connection.execute(insert(FileVersion).values(values | columns))

    async def run(self) -> dict[str, Any]:
        run = await Runner(self.tools, [DUPLICATES]).run(Wanted("duplicates"))
        assert run.state is RunState.DONE, run.reason
        assert run.progress.done == run.progress.total
        return run.progress.report

    async def groups(self, **wanted: Any) -> list[dict[str, Any]]:
        """The groups: their keepers, and of what kind the copies are."""
        async with self.database.read() as connection:
            rows, total = await list_duplicates(connection, limit=100, **wanted)
        assert len(rows) == total
        return [dict(row._mapping) for row in rows]

    async def kinds(self) -> dict[str, tuple[str, dict[str, str | None]]]:
        """Keeper → kind of the group, and of each copy."""
        async with self.database.read() as connection:
            rows, _ = await list_duplicates(connection, limit=100)
        groups = [duplicate_group_of(row) for row in rows]
        return {
            group.keeper_id: (group.kind, {one.asset_id: one.kind for one in group.members[1:]}) for group in groups
        }

    async def only_group(self) -> str:
        (group,) = await self.groups()
        return str(group["id"])


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The classifier, converted once for all tests."""
    folder = tmp_path_factory.mktemp("cache")
    load_tagger(folder)
    return folder


@pytest.fixture
def shelf(both_tools: Tools, network: Path) -> Shelf:
    return Shelf(both_tools, network)


@pytest.fixture
def sqlite_shelf(tools: Tools, network: Path) -> Shelf:
    return Shelf(tools, network)


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


# --- proposals and decisions: what was found is written down by hand ---


async def filled(shelf: Shelf, *names: str) -> str:
    """Pictures all of which are copies of each other, the larger the earlier; answers the id of their group."""
    for number, name in enumerate(names):
        await shelf.put(name, b"%d %s" % (number, name.encode()), width=1000 - 100 * number, height=800)
    await tie(shelf, *names)
    assert await propose(shelf.database) == (1, 1)
    return await shelf.only_group()


async def tie(shelf: Shelf, *names: str) -> None:
    pairs = [
        {"one_id": one, "other_id": other, "kind": "same", "similarity": 97, "reason": f"{one} and {other} are alike."}
        for one, other in combinations(sorted(names), 2)
    ]
    async with shelf.database.write() as connection:
        await connection.execute(
            insert_on_conflict(connection.dialect.name, DuplicatePair).on_conflict_do_nothing(), pairs
        )


async def test_what_was_decided_is_never_proposed_again(shelf: Shelf) -> None:
    group_id = await filled(shelf, "a.jpg", "b.jpg")
    bench = shelf.tools.bench
    await decide(bench, group_id, Decision.NOT_DUPLICATES)
    await decide(bench, group_id, Decision.NOT_DUPLICATES)
    with pytest.raises(BadRequest, match="decided before"):
        await decide(bench, group_id, Decision.ARCHIVE)
    assert await propose(shelf.database) == (0, 0)
    # a third copy is new to both of them
    await shelf.put("c.jpg", b"c")
    await tie(shelf, "a.jpg", "b.jpg", "c.jpg")
    assert await propose(shelf.database) == (1, 1)
    assert await shelf.kinds() == {"a.jpg": ("same", {"c.jpg": "same"})}
    assert [group["id"] for group in await shelf.groups(decision=Decision.NOT_DUPLICATES)] == [group_id]


async def test_archived_copies_leave_and_come_back_when_it_is_taken_back(shelf: Shelf) -> None:
    group_id = await filled(shelf, "a.jpg", "b.jpg", "c.jpg")
    bench = shelf.tools.bench
    await decide(bench, group_id, Decision.ARCHIVE, ["a.jpg", "c.jpg"])
    assert await visible(shelf) == ["a.jpg", "c.jpg"]
    assert (await shelf.groups(), await propose(shelf.database)) == ([], (0, 0))
    await take_back(bench, group_id)
    await take_back(bench, group_id)
    assert await visible(shelf) == ["a.jpg", "b.jpg", "c.jpg"]
    assert await shelf.only_group() == group_id
    with pytest.raises(BadRequest, match="has to stay"):
        await decide(bench, group_id, Decision.ARCHIVE, [])
    with pytest.raises(BadRequest, match="no members"):
        await decide(bench, group_id, Decision.ARCHIVE, ["x"])
    with pytest.raises(NotFound):
        await decide(bench, "x", Decision.KEEP)


async def visible(shelf: Shelf) -> list[str]:
    statement = select(FileVersion.media_asset_id).where(
        FileVersion.tier == "silver", FileVersion.archived_at.is_(None)
    )
    async with shelf.database.read() as connection:
        return sorted((await connection.execute(statement)).scalars())


async def test_what_would_take_the_kept_picture_along_is_not_archived(sqlite_shelf: Shelf) -> None:
    group_id = await filled(sqlite_shelf, "a.jpg", "b.jpg")
    # found only afterwards to belong together
    for name, kind in (("a.jpg", Kind.RAW), ("b.jpg", Kind.PHOTO)):
        async with sqlite_shelf.database.write() as connection:
            place = Place("card", "DSC1.NEF" if kind is Kind.RAW else "DSC1.JPG")
            await keep_grouped(connection, GroupFacts(name, kind, (place,)))
    with pytest.raises(BadRequest, match="would go with it"):
        await decide(sqlite_shelf.tools.bench, group_id, Decision.ARCHIVE)
    assert await visible(sqlite_shelf) == ["a.jpg", "b.jpg"]
    assert await propose(sqlite_shelf.database) == (0, 0)


async def test_a_group_whose_copies_were_archived_elsewhere_is_not_shown(sqlite_shelf: Shelf) -> None:
    group_id = await filled(sqlite_shelf, "a.jpg", "b.jpg")
    async with sqlite_shelf.database.write() as connection:
        gone = update(FileVersion).where(FileVersion.media_asset_id == "b.jpg")
        await connection.execute(gone.values(archived_at=utc_now()))
    assert await sqlite_shelf.groups() == []
    async with sqlite_shelf.database.read() as connection:
        assert (await find_duplicates(connection, group_id)).decision is None
    assert await propose(sqlite_shelf.database) == (0, 0)
    with pytest.raises(NotFound):
        async with sqlite_shelf.database.read() as connection:
            await find_duplicates(connection, group_id)


async def test_the_proposed_picture_changes_when_people_say_more_of_another(sqlite_shelf: Shelf) -> None:
    group_id = await filled(sqlite_shelf, "a.jpg", "b.jpg")
    assert list(await sqlite_shelf.kinds()) == ["a.jpg"]
    async with sqlite_shelf.database.write() as connection:
        await connection.execute(update(FileVersion).where(FileVersion.id == "silver-b.jpg").values(rating=5))
    assert await propose(sqlite_shelf.database) == (1, 0)
    (group,) = await sqlite_shelf.groups()
    assert (group["id"], group["keeper_id"]) == (group_id, "b.jpg")
    assert group["keeper_reason"] == "b.jpg should stay: people have said more about it."
