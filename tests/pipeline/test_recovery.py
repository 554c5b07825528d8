"""However an attempt was cut off, the next start leaves every photo kept once and nothing half done."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias

import pytest
from sqlalchemy import text

from core.library.layout import Layout, Tier
from core.library.placing import place_bytes, place_copy, place_link, temporary_name
from core.pipeline import placements
from core.pipeline.attempt import attempt
from core.pipeline.holders import is_alive
from core.pipeline.keep_original import Original, keep_original, open_original
from core.pipeline.ledger import Entry
from core.pipeline.look import look_at
from core.pipeline.placements import Intent
from core.pipeline.read import read
from core.pipeline.recovery import recover
from core.pipeline.release_source import release_source
from core.pipeline.roots import Mode
from core.pipeline.states import State
from core.pipeline.workbench import Item, Stopwatch, Workbench
from tests.pipeline.conftest import House, picture

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: A process that was killed: no lock file of its name is held.
DEAD = "99-dead"

NAME = "20240726_143025.jpg"
CONTENT = picture(1)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MTIME_NS = 1_700_000_000_123_456_789


@dataclass
class CutOff:
    """An attempt of a process that then died, step by step."""

    house: House
    bench: Workbench
    item: Item

    @property
    def source(self) -> Path:
        return Path(self.item.source)

    async def reserve(self, tier: Tier, name: str) -> tuple[Intent, Path]:
        intent = await placements.reserve(
            self.bench.database,
            self.bench.layout,
            ledger_id=self.item.entry.id,
            tier=tier,
            directory=PurePosixPath("media", tier, "2024", "07"),
            name=name,
            sha256=SHA256,
            holder=DEAD,
        )
        target = self.bench.layout.absolute(intent.target)
        target.parent.mkdir(parents=True, exist_ok=True)
        return intent, target

    async def place_bronze(self) -> Path:
        _, target = await self.reserve(Tier.BRONZE, NAME)
        place_copy(self.item.source, target, SHA256, MTIME_NS)
        return target

    async def record_bronze(self) -> Original:
        begun = await open_original(self.bench, self.item)
        return await keep_original(self.bench, self.item, await read(self.bench, self.item, begun), begun)

    async def link_silver(self) -> Path:
        original = await self.record_bronze()
        await look_at(self.bench, self.item, original)
        _, target = await self.reserve(Tier.SILVER, "2024-07-26_14-30-25.jpg")
        place_link(self.bench.layout.absolute(original.file_path), target, SHA256)
        return target


Step: TypeAlias = Callable[[CutOff], Awaitable[None]]


async def claimed(cut_off: CutOff) -> None:
    """The entry is running, nothing else."""


async def intended(cut_off: CutOff) -> None:
    await cut_off.reserve(Tier.BRONZE, NAME)


async def half_copied(cut_off: CutOff) -> None:
    _, target = await cut_off.reserve(Tier.BRONZE, NAME)
    temporary_name(target).write_bytes(CONTENT[:100])


async def copied(cut_off: CutOff) -> None:
    _, target = await cut_off.reserve(Tier.BRONZE, NAME)
    temporary_name(target).write_bytes(CONTENT)
    temporary_name(target).chmod(0o444)


async def renamed_by_link(cut_off: CutOff) -> None:
    target = await cut_off.place_bronze()
    temporary_name(target).hardlink_to(target)


async def name_taken_before_the_rename(cut_off: CutOff) -> None:
    """Where there are no hard links, the name is claimed by an empty file first."""
    await copied(cut_off)
    (cut_off.bench.layout.media / "bronze/2024/07" / NAME).write_bytes(b"")


async def placed(cut_off: CutOff) -> None:
    await cut_off.place_bronze()


async def placed_and_rotten(cut_off: CutOff) -> None:
    """The disk lost what it had promised to keep."""
    target = await cut_off.place_bronze()
    target.chmod(0o644)
    target.write_bytes(CONTENT[:-7] + b"\0" * 7)


async def recorded(cut_off: CutOff) -> None:
    await cut_off.record_bronze()


async def recorded_and_released(cut_off: CutOff) -> None:
    await release_source(cut_off.bench, cut_off.item, await cut_off.record_bronze())


async def looked_at(cut_off: CutOff) -> None:
    await look_at(cut_off.bench, cut_off.item, await cut_off.record_bronze())


async def silver_intended(cut_off: CutOff) -> None:
    await cut_off.record_bronze()
    await cut_off.reserve(Tier.SILVER, "2024-07-26_14-30-25.jpg")


async def silver_linked(cut_off: CutOff) -> None:
    await cut_off.link_silver()


async def silver_half_copied(cut_off: CutOff) -> None:
    """Where there are no hard links, Silver is a copy."""
    await cut_off.record_bronze()
    _, target = await cut_off.reserve(Tier.SILVER, "2024-07-26_14-30-25.jpg")
    temporary_name(target).write_bytes(CONTENT[:100])


async def sidecar_half_written(cut_off: CutOff) -> None:
    target = await cut_off.link_silver()
    temporary_name(target.with_name(target.name + ".xmp")).write_bytes(b"<x:xmpmeta")


async def sidecar_written(cut_off: CutOff) -> None:
    target = await cut_off.link_silver()
    place_bytes(b"<x:xmpmeta/>", target.with_name(target.name + ".xmp"))


BEFORE_BRONZE: list[Step] = [claimed, intended, half_copied, copied, name_taken_before_the_rename]
WITH_BRONZE: list[Step] = [
    *(renamed_by_link, placed, recorded, recorded_and_released, looked_at),
    *(silver_intended, silver_linked, silver_half_copied, sidecar_half_written, sidecar_written),
]


async def cut_off_after(house: House, mode: Mode, step: Step) -> CutOff:
    """Leaves what an attempt leaves that dies after ``step``."""
    for number in range(5):
        house.write(f"earlier-{number}.jpg", b"")
    await house.see(*(f"earlier-{number}.jpg" for number in range(5)), state=State.IGNORED)
    source = house.write(NAME, CONTENT)
    os.utime(source, ns=(MTIME_NS, MTIME_NS))
    await house.see(NAME)
    (entry,) = await house.claim(DEAD)
    bench = Workbench(
        **{name: getattr(house.bench, name) for name in Workbench.__dataclass_fields__} | {"holder": DEAD}
    )
    cut_off = CutOff(house, bench, Item(entry, house.root(mode), NAME, Stopwatch()))
    await step(cut_off)
    return cut_off


async def start_again(house: House, mode: Mode) -> list[Entry]:
    """What the next start does: it repairs, and works off what is in the queue; what is not as it was is seen anew."""
    await recover(house.bench.database, house.bench.layout, house.bench.holder)
    entries = await house.claim()
    for entry in entries:
        fate = await attempt(house.bench, entry, house.root(mode))
        if fate.state is State.WAITING:
            await house.see(entry.path)
            (again,) = await house.claim()
            await attempt(house.bench, again, house.root(mode))
    return entries


async def assert_kept_once(house: House) -> None:
    await house.assert_whole()
    assert [row.sha256 for row in await house.query("select sha256 from media_assets")] == [SHA256]
    versions = await house.query("select tier, file_path from file_versions order by tier")
    assert [(row.tier, row.file_path) for row in versions] == [
        ("bronze", f"media/bronze/2024/07/{NAME}"),
        ("silver", "media/silver/2024/07/2024-07-26_14-30-25.jpg"),
    ]
    for row in versions:
        path = house.bench.layout.absolute(row.file_path)
        assert path.stat().st_mtime_ns == MTIME_NS
        assert path.stat().st_mode & 0o777 == 0o444
    row = await house.entry(NAME)
    assert (row.state, row.sha256, row.holder) == (State.DONE, SHA256, None)
    assert row.attempts == 1, "being cut off is not failing"


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
@pytest.mark.parametrize("step", [*BEFORE_BRONZE, *WITH_BRONZE])
async def test_an_attempt_that_was_cut_off_is_finished_after_the_next_start(
    house: House, step: Step, mode: Mode
) -> None:
    cut_off = await cut_off_after(house, mode, step)
    await start_again(house, mode)
    await assert_kept_once(house)
    assert cut_off.source.exists() is (mode is Mode.COPY)


@pytest.mark.parametrize("step", WITH_BRONZE)
async def test_a_whole_original_is_taken_in_from_the_library_when_its_source_is_gone(house: House, step: Step) -> None:
    """A drop zone was emptied by hand, or the phone's folder is not there any more: Bronze is all there is."""
    cut_off = await cut_off_after(house, Mode.COPY, step)
    cut_off.source.unlink()
    await start_again(house, Mode.COPY)
    await assert_kept_once(house)


@pytest.mark.parametrize("step", BEFORE_BRONZE)
async def test_without_source_and_without_a_whole_copy_the_file_is_missing_and_nothing_is_left(
    house: House, step: Step
) -> None:
    cut_off = await cut_off_after(house, Mode.COPY, step)
    cut_off.source.unlink()
    await start_again(house, Mode.COPY)
    await house.assert_whole()
    assert house.files() == {}
    assert (await house.entry(NAME)).state == State.MISSING


async def test_a_file_with_other_bytes_under_the_intended_name_is_left_alone(house: House) -> None:
    """Nothing that this program placed has other bytes, so it is somebody's; the photo gets the next name."""
    cut_off = await cut_off_after(house, Mode.COPY, placed_and_rotten)
    somebody_s = house.bench.layout.absolute(f"media/bronze/2024/07/{NAME}").read_bytes()
    await start_again(house, Mode.COPY)
    assert house.bench.layout.absolute(f"media/bronze/2024/07/{NAME}").read_bytes() == somebody_s
    (bronze,) = await house.query("select file_path from file_versions where tier = 'bronze'")
    assert bronze.file_path != f"media/bronze/2024/07/{NAME}"
    assert house.bench.layout.absolute(bronze.file_path).read_bytes() == cut_off.source.read_bytes() == CONTENT
    assert await house.query("select * from placements") == []


@pytest.mark.parametrize("step", [intended, copied, placed])
async def test_a_source_that_changed_before_the_next_start_is_taken_as_it_is_now(house: House, step: Step) -> None:
    cut_off = await cut_off_after(house, Mode.COPY, step)
    cut_off.source.write_bytes(picture(2))
    await start_again(house, Mode.COPY)
    await house.assert_whole()
    (asset,) = await house.query("select sha256 from media_assets")
    assert asset.sha256 == hashlib.sha256(picture(2)).hexdigest()


async def test_an_original_that_was_recorded_stays_when_its_source_has_changed_since(house: House) -> None:
    cut_off = await cut_off_after(house, Mode.COPY, sidecar_written)
    cut_off.source.write_bytes(picture(2))
    await start_again(house, Mode.COPY)
    await house.assert_whole()
    stored = {row.sha256 for row in await house.query("select sha256 from media_assets")}
    assert stored == {SHA256, hashlib.sha256(picture(2)).hexdigest()}


@pytest.mark.parametrize("step", [half_copied, placed, silver_linked])
async def test_recovery_that_is_cut_off_itself_is_done_by_the_next(house: House, step: Step) -> None:
    await cut_off_after(house, Mode.MOVE, step)
    await recover(house.bench.database, house.bench.layout, "98-dead-as-well")
    await start_again(house, Mode.MOVE)
    await assert_kept_once(house)


async def test_without_anything_left_recovery_changes_nothing(house: House) -> None:
    house.write("a.jpg", picture(3))
    await house.see("a.jpg")
    await start_again(house, Mode.COPY)
    before = house.files()
    assert await recover(house.bench.database, house.bench.layout, house.bench.holder) == 0
    assert house.files() == before
    await house.assert_whole()


async def test_the_queue_of_a_dead_import_is_everybody_s(house: House) -> None:
    for number in range(3):
        house.write(f"{number}.jpg", picture(number))
    await house.see("0.jpg", "1.jpg", "2.jpg", holder=DEAD)
    assert await house.claim() == []
    assert await recover(house.bench.database, house.bench.layout, house.bench.holder) == 3
    assert len(await house.claim()) == 3


async def test_a_queue_longer_than_a_statement_may_be_is_recovered(house: House) -> None:
    """A killed import of a large library must not keep the daemon from starting."""
    many = """
        INSERT INTO ledger (root, path, state, size, mtime_ns, ctime_ns, inode, holder, first_seen_at, updated_at)
        WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 33000)
        SELECT 'import', i || '.jpg', 'queued', 1, 2, 3, '4', '99-dead', '2025-08-01', '2025-08-01' FROM numbers
    """
    async with house.bench.database.write() as connection:
        await connection.execute(text(many))
    assert await recover(house.bench.database, house.bench.layout, house.bench.holder) == 33_000
    ((still_held,),) = await house.query("select count(*) from ledger where holder is not null")
    assert still_held == 0


@contextlib.contextmanager
def living_process(layout: Layout) -> Iterator[str]:
    """Another process that holds the library, and its name."""
    program = (
        "import pathlib, sys; from core.pipeline.holders import become_holder\n"
        "with become_holder(pathlib.Path(sys.argv[1])) as name: print(name, flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, layout.locks], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


async def test_what_a_living_process_works_on_is_left_alone_until_it_dies(house: House) -> None:
    house.write(NAME, CONTENT)
    house.write("queued.jpg", picture(5))
    with living_process(house.bench.layout) as holder:
        await house.see(NAME)
        (entry,) = await house.claim(holder)
        await house.see("queued.jpg", holder=holder)
        intent = await placements.reserve(
            house.bench.database,
            house.bench.layout,
            ledger_id=entry.id,
            tier=Tier.BRONZE,
            directory=PurePosixPath("media/bronze/2024/07"),
            name=NAME,
            sha256=SHA256,
            holder=holder,
        )
        half = temporary_name(house.bench.layout.absolute(intent.target))
        half.parent.mkdir(parents=True)
        half.write_bytes(CONTENT[:100])

        assert await recover(house.bench.database, house.bench.layout, house.bench.holder) == 0
        assert half.exists()
        assert (await house.entry(NAME)).holder == holder
        assert await house.claim() == []
        assert len(await house.query("select * from placements where holder = :holder", holder=holder)) == 1

    assert await recover(house.bench.database, house.bench.layout, house.bench.holder) == 2
    assert not half.exists()
    assert not is_alive(house.bench.layout.locks, holder)
    assert not (house.bench.layout.locks / f"{holder}.lock").exists()
    await start_again(house, Mode.COPY)
    await house.assert_whole()
    assert (await house.entry("queued.jpg")).state == State.DONE
