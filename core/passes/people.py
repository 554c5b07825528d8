"""Regroups the faces without a name, and proposes whose they may be. It names nobody: a name is what a person says.

What a person assigned is where the comparison starts from; what they ignored, refused or dismissed is not proposed.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import msgspec

from core.compute.tasks import found_unnamed, group_unnamed, suggest_names
from core.passes.shape import SLICE_SECONDS, Pass, Progress, Tools
from core.people.comparing import SURELY
from core.people.face_file import FaceFile, count_faces, write_faces
from core.people.proposing import drop_suggestions_of_others, keep_groups, keep_suggestions

_ROWS_AT_ONCE: Final = 1_024
"""Faces whose names are looked for by one call of a worker."""


async def begin(tools: Tools) -> Progress:
    """Every face without a name is compared twice: with those that have one, and with the others."""
    unnamed, named = await count_faces(tools.bench.database)
    report = {"unnamed": unnamed, "named": named, "suggested": 0, "sure": 0, "groups": 0, "newGroups": 0, "grouped": 0}
    return Progress({"phase": "list"}, 0, 2 * unnamed + 1, report=report)


async def step(tools: Tools, progress: Progress) -> Progress:
    """Writes the faces into a file, looks whose they may be, and puts together which are one person's."""
    checkpoint = progress.checkpoint
    file = msgspec.convert(checkpoint["file"], FaceFile) if "file" in checkpoint else None
    if file is None or not await asyncio.to_thread(file.is_there):
        return await _list(tools, progress)
    phases = {"suggest": _suggest, "group": _group, "settle": _settle}
    return await phases[checkpoint["phase"]](tools, progress, file)


PEOPLE: Final = Pass("people", "Puts faces without a name together, and proposes whose they may be", begin, step)


async def _list(tools: Tools, progress: Progress) -> Progress:
    # a dry run may come while another is interrupted
    name = "faces-dry" if tools.is_dry else "faces"
    file = await write_faces(tools.bench.database, tools.bench.layout.cache / name)
    report = progress.report | {"suggested": 0, "sure": 0}
    return Progress(_at("suggest", file, 0), 0, 2 * file.unnamed + 1, report=report)


async def _suggest(tools: Tools, progress: Progress, file: FaceFile) -> Progress:
    ends = time.monotonic() + SLICE_SECONDS
    at, report = progress.checkpoint["at"], dict(progress.report)
    while at < file.unnamed:
        upto = min(at + _ROWS_AT_ONCE, file.unnamed)
        found = await tools.bench.compute.run(suggest_names, file, at, upto)
        if not tools.is_dry:
            await keep_suggestions(tools.bench.database, found)
        report["suggested"] += sum(bool(names.people) for names in found)
        report["sure"] += sum(bool(names.people) and names.people[0][1] >= SURELY for names in found)
        at = upto
        if time.monotonic() >= ends:
            break
    if at < file.unnamed:
        return Progress(_at("suggest", file, at), at, progress.total, report=report)
    return Progress(_at("group", file, 0), at, progress.total, report=report)


async def _group(tools: Tools, progress: Progress, file: FaceFile) -> Progress:
    at = await tools.bench.compute.run(group_unnamed, file, progress.checkpoint["at"], SLICE_SECONDS)
    phase = "group" if at < file.unnamed else "settle"
    return Progress(_at(phase, file, at), file.unnamed + at, progress.total, report=progress.report)


async def _settle(tools: Tools, progress: Progress, file: FaceFile) -> Progress:
    found = await tools.bench.compute.run(found_unnamed, file)
    report = progress.report | {"groups": len(found), "grouped": sum(len(group.face_ids) for group in found)}
    if not tools.is_dry:
        await drop_suggestions_of_others(tools.bench.database)
        _, report["newGroups"] = await keep_groups(tools.bench.database, found)
    await asyncio.to_thread(file.discard)
    total = progress.total or 0
    return Progress(_at("settle", file, file.unnamed), total, total, True, report)


def _at(phase: str, file: FaceFile, row: int) -> dict[str, Any]:
    return {"phase": phase, "file": msgspec.to_builtins(file), "at": row}
