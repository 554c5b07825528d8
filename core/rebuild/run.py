"""A rebuild from beginning to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec

from core.compute.tasks import read_sidecars
from core.errors import IntakeError, RequestError
from core.library.layout import Tier
from core.library.placing import hash_file
from core.library.sidecar_facts import SidecarFacts
from core.pipeline.develop import develop
from core.pipeline.roots import Root
from core.pipeline.workbench import Workbench
from core.rebuild.inventory import Filed, Inventory, Unit, adopt, pair, take_inventory
from core.rebuild.photo import Unexplained, recall
from core.rebuild.report import Report
from core.rebuild.writing import People, count, finish, write

#: Sidecars that a worker reads in one go.
_AT_ONCE = 50

Progress = Callable[[int, int], None]
"""Told how many photos are done, and of how many."""


async def rebuild(bench: Workbench, roots: Sequence[Root], in_hand: int, progress: Progress) -> Report:
    """Fills the empty database of ``bench`` from the files of its library, ``in_hand`` photos at a time.

    Files below ``media`` and in ``roots`` are only read; rendered pictures are made anew. What could not become a photo
    is in the report, and does not stop the others.
    """
    inventory = await asyncio.to_thread(take_inventory, bench.layout, roots)
    return await write_all(bench, inventory, roots, People(), in_hand, progress)


async def write_all(
    bench: Workbench, inventory: Inventory, roots: Sequence[Root], people: People, in_hand: int, progress: Progress
) -> Report:
    """Makes photos of files that no row knows; of those that have an original alone, Silver as well."""
    report = Report(unexplained=inventory.unexplained)
    units = await _units(bench, inventory.files)
    named = {root.name: root for root in roots}
    pen = asyncio.Lock()
    undeveloped: list[str] = []
    left = iter(units)
    done = 0

    async def bring_back() -> None:
        nonlocal done
        for unit in left:
            try:
                recalled = await recall(bench, unit, named)
                async with pen:
                    await write(bench.database, recalled, people)
            except Unexplained as reason:
                report.unexplained.append(str(reason))
            else:
                count(report, recalled)
                if recalled.is_undeveloped:
                    undeveloped.append(recalled.asset["id"])
            done += 1
            progress(done, len(units))

    progress(0, len(units))
    await asyncio.gather(*(bring_back() for _ in range(in_hand)))
    await finish(bench.database, people, report)
    for asset_id in undeveloped:
        try:
            await develop(bench, asset_id)
        except (RequestError, IntakeError) as error:
            report.warnings.append(f"A photo that was cut off before it was Silver stays Bronze: {error}")
        else:
            report.silver += 1
    report.unexplained.sort()
    report.warnings.sort()
    return report


async def _units(bench: Workbench, files: Sequence[Filed]) -> list[Unit]:
    """The photos that the files make."""
    told = await _told(bench, [file for file in files if file.sidecar is not None])
    files = [_tiered(file, told) for file in files]
    claims = {name: facts.sha256 for name, facts in told.items()}
    units, alone = await asyncio.to_thread(pair, bench.layout, files, claims)
    for unit in units:
        if unit.sha256 is None and unit.bronze is None and unit.silver is not None:
            unit.sha256 = await asyncio.to_thread(hash_file, bench.layout.absolute(unit.silver.file_path))
    by_content = {}
    for file in alone:
        by_content[await asyncio.to_thread(hash_file, bench.layout.absolute(file.file_path))] = file
    return adopt(units, by_content)


class _Told(msgspec.Struct, frozen=True):
    """What a sidecar says of the file beside it: the SHA-256 of the original, and the tier."""

    sha256: str | None
    tier: str | None


async def _told(bench: Workbench, files: Sequence[Filed]) -> dict[str, _Told]:
    """What the sidecars say, by ``file_path``."""
    batches = [files[start : start + _AT_ONCE] for start in range(0, len(files), _AT_ONCE)]
    found: dict[str, _Told] = {}
    for batch in batches:
        paths = [str(bench.layout.data_dir / str(file.sidecar)) for file in batch]
        for file, facts in zip(batch, await bench.compute.run(read_sidecars, paths), strict=True):
            if isinstance(facts, SidecarFacts):
                found[file.file_path] = _Told(facts.sha256, facts.tier)
    return found


def _tiered(file: Filed, told: Mapping[str, _Told]) -> Filed:
    """The file with its tier: in the archive lie those of all, and their sidecars tell."""
    is_gold = file.is_archived and file.file_path in told and told[file.file_path].tier == Tier.GOLD
    return msgspec.structs.replace(file, tier=Tier.GOLD) if is_gold else file
