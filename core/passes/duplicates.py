"""Finds copies of one picture, and proposes which of them should stay. It removes nothing."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec

from core.duplicates.comparing import compare_some
from core.duplicates.fingerprinting import Listing, count_new, fingerprint_some, list_fingerprints
from core.duplicates.keeping import propose
from core.passes.shape import SLICE_SECONDS, Pass, Progress, Tools


async def begin(tools: Tools) -> Progress:
    """Counts the pictures that are new since the last run."""
    async with tools.bench.database.read() as connection:
        unknown, uncompared = await count_new(connection)
    # a dry run says what there is to do
    report = {"fingerprints": unknown, "compared": uncompared} if tools.is_dry else {"fingerprints": 0, "compared": 0}
    report["copies"] = 0
    # one more for the groups
    return Progress({"phase": "look", "after": ""}, 0, unknown + uncompared + 1, is_over=tools.is_dry, report=report)


async def step(tools: Tools, progress: Progress) -> Progress:
    """Looks at what has no fingerprint, then compares what is new with everything, then forms the groups."""
    phases = {"look": _look, "compare": _compare, "group": _group}
    return await phases[progress.checkpoint["phase"]](tools, progress)


DUPLICATES = Pass("duplicates", "Finds copies of one picture and proposes which should stay", begin, step)


async def _look(tools: Tools, progress: Progress) -> Progress:
    ends = time.monotonic() + SLICE_SECONDS
    done, after = await fingerprint_some(tools.bench, progress.checkpoint["after"], ends)
    checkpoint: dict[str, Any] = {"phase": "look", "after": after}
    if after is None:
        checkpoint = {"phase": "compare"}
    return _further(progress, checkpoint, done, fingerprints=done)


async def _compare(tools: Tools, progress: Progress) -> Progress:
    """The file of fingerprints is written by the first slice, and again where it is not as it was."""
    checkpoint = dict(progress.checkpoint)
    listing = msgspec.convert(checkpoint["listing"], Listing) if "listing" in checkpoint else None
    if listing is None or not listing.is_there():
        listing = await list_fingerprints(tools.bench)
        checkpoint = {"phase": "compare", "listing": msgspec.to_builtins(listing), "at": listing.first}
    at: int = checkpoint["at"]
    if at >= listing.rows:
        await asyncio.to_thread(listing.discard)
        return _further(progress, {"phase": "group"}, 0)
    further, copies = await compare_some(tools.bench, listing, at, time.monotonic() + SLICE_SECONDS)
    return _further(progress, checkpoint | {"at": further}, further - at, compared=further - at, copies=copies)


async def _group(tools: Tools, progress: Progress) -> Progress:
    groups, new = await propose(tools.bench.database)
    report = progress.report | {"groups": groups, "newGroups": new}
    return Progress(progress.checkpoint, progress.total or 0, progress.total, True, report)


def _further(progress: Progress, checkpoint: dict[str, Any], done: int, **counted: int) -> Progress:
    report = progress.report | {name: progress.report[name] + count for name, count in counted.items()}
    return Progress(checkpoint, progress.done + done, progress.total, report=report)
