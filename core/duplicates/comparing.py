"""Compares what is new in the library with everything that was compared before."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.compute.tasks import confirm_copies, suspect_copies
from core.db.tables import AssetGroupMember, DuplicateCheck, DuplicatePair
from core.db.upsert import insert_on_conflict
from core.duplicates.facts import MISSED, VERSION, Found, Kind
from core.duplicates.fingerprinting import (
    JOBS_AT_ONCE,
    PICTURES_AT_ONCE,
    Listing,
    in_workers,
    known_pictures,
    mark_missed,
    picture_of,
)
from core.duplicates.pictures import Confirmed, Pair
from core.duplicates.same_moment import are_two_shots
from core.duplicates.stored_shot import shot_of
from core.duplicates.suspect import Suspect
from core.groups.neighbourhood import chunks
from core.media.source_file import shown
from core.pipeline.workbench import Workbench

_ROWS_AT_ONCE = 256
"""New pictures for which suspects are looked for together."""

_ROUNDS = 4
"""How far copies of copies are followed."""

_MOST_FURTHER = 12
"""Copies of a copy that are looked at: with thousands of one picture it is enough to be tied to some."""


async def compare_some(bench: Workbench, listing: Listing, at: int, ends: float) -> tuple[int, int]:
    """Compares the pictures from row ``at`` on with all before them, until ``ends``, and keeps what is found.

    What belongs together is compared as well, and may be found to be a copy: it is not proposed as long as it does.
    Returns the row at which it goes on, and how many pairs of copies there were that do not belong together.
    """
    end = min(at + _ROWS_AT_ONCE, listing.rows)
    by_row: defaultdict[int, list[Suspect]] = defaultdict(list)
    for suspect in await bench.compute.run(suspect_copies, listing.path, at, end):
        by_row[suspect.new].append(suspect)
    copies = 0
    while at < end:
        upto = at
        pairs: list[Suspect] = []
        while upto < end and len(pairs) < PICTURES_AT_ONCE * JOBS_AT_ONCE:
            pairs += by_row[upto]
            upto += 1
        copies += await _compare(bench, listing, range(at, upto), pairs)
        at = upto
        if time.monotonic() >= ends:
            break
    return at, copies


async def _compare(bench: Workbench, listing: Listing, rows: range, suspects: Sequence[Suspect]) -> int:
    """Confirms some suspicions; returns how many were right of those that do not belong together.

    Who is a copy of one picture may be a copy of its copies, too: that is asked as well, so that a group has a picture
    that all others are copies of.
    """
    ids = await asyncio.to_thread(listing.ids_of, sorted({*rows, *(suspect.other for suspect in suspects)}))
    turns = {(ids[suspect.new], ids[suspect.other]): suspect.orientation for suspect in suspects}
    asked: set[frozenset[str]] = set()
    found: dict[frozenset[str], Found] = {}
    known: dict[str, Any] = {}
    for _ in range(_ROUNDS):
        unknown = sorted({*(one for pair in turns for one in pair), *(ids[row] for row in rows)} - known.keys())
        async with bench.database.read() as connection:
            known |= await known_pictures(connection, unknown)
        copies = await _confirm(bench, known, turns)
        asked |= {frozenset(pair) for pair in turns}
        confirmed = {frozenset((copy.one, copy.other)): copy for copy in copies}
        found |= confirmed
        tied = [pair for pair in turns if frozenset(pair) in confirmed]
        turns = await _further(bench, tied, found.values(), asked)
        if not turns:
            break
    new = {ids[row]: known[ids[row]].sha256 for row in rows if ids[row] in known}
    missed = {one for pair in asked for one in pair} - known.keys()
    await _keep(bench, new, missed, list(found.values()))
    async with bench.database.read() as connection:
        together = await _together(connection, sorted({one for pair in found for one in pair}))
    return sum(not frozenset.intersection(*(together.get(one, frozenset()) for one in pair)) for pair in found)


async def _confirm(
    bench: Workbench,
    known: Mapping[str, Any],
    turns: Mapping[tuple[str, str], int | None],
) -> list[Found]:
    pairs = [
        (known[one], known[other], turn) for (one, other), turn in turns.items() if one in known and other in known
    ]
    questions = [Pair(picture_of(bench, one), picture_of(bench, other), turn) for one, other, turn in pairs]

    async def work(some: Sequence[Pair]) -> list[Confirmed | None]:
        return await bench.compute.run(confirm_copies, some)

    answers: list[Confirmed | None] = await in_workers(work, questions, None)
    found = []
    for (one, other, _), answer in zip(pairs, answers, strict=True):
        if answer is not None and (copy := _found(one, other, answer)) is not None:
            found.append(copy)
    return found


async def _further(
    bench: Workbench, tied: Iterable[tuple[str, str]], found: Iterable[Found], asked: Set[frozenset[str]]
) -> dict[tuple[str, str], int | None]:
    """What the copies in ``tied`` (new, other) may be copies of besides: the copies of the other."""
    ties: defaultdict[str, set[str]] = defaultdict(set)
    for copy in found:
        ties[copy.one].add(copy.other)
        ties[copy.other].add(copy.one)
    others = sorted({other for _, other in tied})
    async with bench.database.read() as connection:
        for chunk in chunks(others):
            is_of_these = or_(DuplicatePair.one_id.in_(chunk), DuplicatePair.other_id.in_(chunk))
            for one, other in await connection.execute(
                select(DuplicatePair.one_id, DuplicatePair.other_id).where(is_of_these)
            ):
                ties[one].add(other)
                ties[other].add(one)
    further: dict[tuple[str, str], int | None] = {}
    for new, other in sorted(tied):
        for copy_of_copy in sorted(ties[other] - {new})[:_MOST_FURTHER]:
            pair = frozenset((new, copy_of_copy))
            if pair not in asked and (copy_of_copy, new) not in further:
                further[new, copy_of_copy] = None
    return further


async def _keep(bench: Workbench, new: Mapping[str, str], missed: Set[str], found: Sequence[Found]) -> None:
    """Writes what was found of the pictures in ``new`` (asset → content), and that they were compared.

    Those in ``missed`` should have been looked at with them, and were gone.
    """
    checks = [{"media_asset_id": one, "sha256": sha256, "version": VERSION} for one, sha256 in new.items()]
    were_away = select(DuplicateCheck.media_asset_id, DuplicateCheck.sha256).where(
        DuplicateCheck.media_asset_id.in_(new), DuplicateCheck.version == MISSED
    )
    async with bench.database.write() as connection:
        unchanged = {one for one, sha256 in await connection.execute(were_away) if new[one] == sha256}
        # of content that was replaced since it was compared
        replaced = new.keys() - unchanged
        old = or_(DuplicatePair.one_id.in_(replaced), DuplicatePair.other_id.in_(replaced))
        await connection.execute(delete(DuplicatePair).where(old))
        if found:
            await connection.execute(
                insert_on_conflict(connection.dialect.name, DuplicatePair).on_conflict_do_nothing(),
                [_row(copy) for copy in found],
            )
        if checks:
            await connection.execute(_upsert_check(connection), checks)
        await mark_missed(connection, sorted(missed))


def _found(one: Any, other: Any, answer: Confirmed) -> Found | None:
    """What is kept of a pair; nothing of two shots, unless they are the same to the pixel, which no two shots are."""
    if not answer.is_same_pixels and are_two_shots(shot_of(one), shot_of(other)):
        return None
    kind = Kind.PIXELS if answer.is_same_pixels else Kind(answer.copy.how)
    one, other = sorted((one, other), key=lambda row: str(row.id))
    names = f"{shown(one.original_filename)} and {shown(other.original_filename)}"
    percent = 100 if answer.is_same_pixels else min(99, round(100 * answer.copy.similarity))
    reason = {
        Kind.PIXELS: f"{names} are the same in every pixel; only what is told about them, or how, differs.",
        Kind.SAME: f"{names} are one picture, {percent} % alike; compressed, sized or edited in different ways.",
        Kind.CUT: f"Of {names}, one shows a part of the other; there they are {percent} % alike.",
        Kind.TURNED: f"{names} are one picture, turned or mirrored, and {percent} % alike.",
    }[kind]
    if answer.copy.is_recoloured:
        reason += " Their colours differ."
    return Found(one.id, other.id, kind, percent, reason)


def _row(copy: Found) -> dict[str, Any]:
    return {
        "one_id": copy.one,
        "other_id": copy.other,
        "kind": copy.kind,
        "similarity": copy.similarity,
        "reason": copy.reason,
    }


async def _together(connection: AsyncConnection, asset_ids: Sequence[str]) -> dict[str, frozenset[str]]:
    """The groups that assets are in, see :mod:`core.groups`."""
    found: dict[str, frozenset[str]] = {}
    for chunk in chunks(asset_ids):
        statement = select(AssetGroupMember.media_asset_id, AssetGroupMember.group_id).where(
            AssetGroupMember.media_asset_id.in_(chunk), AssetGroupMember.is_together
        )
        for asset_id, group_id in await connection.execute(statement):
            found[asset_id] = found.get(asset_id, frozenset()) | {group_id}
    return found


def _upsert_check(connection: AsyncConnection) -> Any:
    statement = insert_on_conflict(connection.dialect.name, DuplicateCheck)
    changed = {name: statement.excluded[name] for name in ("sha256", "version")}
    return statement.on_conflict_do_update(index_elements=["media_asset_id"], set_=changed)
