"""Looks through all photos for occasions, and writes down what is new, what has changed and what is not there any more.

What a person has decided stays: an accepted or a dismissed occasion only gets what comes to it, and loses no photo,
whatever divides them now. Of photos that it had lost, the same would be asked again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import case, delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.compute.tasks import find_places
from core.db.in_batches import BATCH
from core.db.tables import Occasion, OccasionPhoto, utc_now
from core.db.upsert import insert_on_conflict
from core.errors import WorkerLost
from core.events.detect import Calendar
from core.events.store import calendar
from core.groups.neighbourhood import chunks
from core.occasions.details import Details, details_of
from core.occasions.matching import Known, OccasionState, matched
from core.occasions.segments import Segment, segments
from core.occasions.shots import Shot, all_shots, moment
from core.occasions.titles import Known as KnownOf
from core.occasions.titles import title_of
from core.pipeline.workbench import Workbench
from core.places.clusters import Point
from core.places.place import Place

log = structlog.get_logger()

_POINTS_AT_MOST: Final = 12
"""Positions of an occasion whose places are looked up, spread over its time."""

_MEMBERS_AT_ONCE: Final = 5_000
"""Photos of one transaction; others may write in between."""


class Proposals(msgspec.Struct, frozen=True):
    """How many photos were looked at, and how many occasions are new, have changed, and are gone."""

    photos: int
    new: int
    changed: int
    gone: int


class _Found(msgspec.Struct, frozen=True):
    id: str
    is_new: bool
    segment: Segment


async def propose_occasions(bench: Workbench, *, is_dry: bool = False) -> Proposals:
    """Proposes what the photos of the library tell; with ``is_dry`` nothing is written.

    Reads all photos, a second for 100,000, and writes only what is different. May be run as often as one likes: without
    a change to the photos, nothing changes.
    """
    async with bench.database.read() as connection:
        shots = await all_shots(connection)
        known = await _known(connection)
    found, gone = await asyncio.to_thread(_changes, shots, known)
    proposals = Proposals(len(shots), sum(one.is_new for one in found), sum(not one.is_new for one in found), len(gone))
    if is_dry or not (found or gone):
        return proposals
    rows = await _described(bench, found)
    place = 0
    while place < len(found):
        end, number = place, 0
        while end < len(found) and (number == 0 or number + len(found[end].segment.shots) <= _MEMBERS_AT_ONCE):
            number += len(found[end].segment.shots)
            end += 1
        async with bench.database.write() as connection:
            for one, row in zip(found[place:end], rows[place:end], strict=True):
                await _write(connection, one, row)
        place = end
    async with bench.database.write() as connection:
        for chunk in chunks(gone):
            # a person may have decided meanwhile
            is_gone = Occasion.id.in_(chunk) & (Occasion.state == OccasionState.PROPOSED)
            await connection.execute(
                delete(OccasionPhoto).where(OccasionPhoto.occasion_id.in_(select(Occasion.id).where(is_gone)))
            )
            await connection.execute(delete(Occasion).where(is_gone))
    return proposals


async def _known(connection: AsyncConnection) -> list[Known]:
    states = {row.id: row.state for row in await connection.execute(select(Occasion.id, Occasion.state))}
    members: dict[str, list[str]] = {occasion_id: [] for occasion_id in states}
    rows = await connection.stream(
        select(OccasionPhoto.occasion_id, OccasionPhoto.media_asset_id), execution_options={"yield_per": BATCH}
    )
    async for batch in rows.partitions():
        for occasion_id, asset_id in batch:
            members[occasion_id].append(asset_id)
    return [Known(one, OccasionState(state), frozenset(members[one])) for one, state in states.items()]


def _changes(shots: Sequence[Shot], known: Sequence[Known]) -> tuple[list[_Found], list[str]]:
    before = {one.id: one for one in known}
    now = matched(segments(shots), known)
    found = []
    for occasion_id, segment in now.found.items():
        one = before.get(occasion_id)
        members = {shot.asset_id for shot in segment.shots}
        # of a decided one, photos stay although nothing puts them there any more
        is_proposed = one is not None and one.state is OccasionState.PROPOSED
        if one is None or (one.members != members if is_proposed else not one.members >= members):
            found.append(_Found(occasion_id, one is None, segment))
    return found, list(now.gone)


async def _described(bench: Workbench, found: Sequence[_Found]) -> list[dict[str, Any]]:
    points, occasion_of = await asyncio.to_thread(_looked_through, found)
    try:
        places = await bench.compute.run(find_places, points, str(bench.layout.cache))
    except WorkerLost as error:
        log.warning("the places of occasions could not be looked up; their titles are without", reason=str(error))
        places = [[] for _ in found]
    async with bench.database.read() as connection:
        details = await details_of(connection, occasion_of, len(found))
        days = await calendar(connection)
    return await asyncio.to_thread(
        lambda: [_row(one, where, what, days) for one, where, what in zip(found, places, details, strict=True)]
    )


def _looked_through(found: Sequence[_Found]) -> tuple[list[list[Point]], dict[str, int]]:
    """Positions of each occasion, and to which of them each asset belongs."""
    points = [_points(one.segment) for one in found]
    return points, {shot.asset_id: number for number, one in enumerate(found) for shot in one.segment.shots}


def _points(segment: Segment) -> list[Point]:
    points = [point for shot in segment.shots if (point := shot.point) is not None]
    step = max(1, -(-len(points) // _POINTS_AT_MOST))
    return points[::step]


def _row(one: _Found, places: Sequence[Place], details: Details, days: Calendar) -> dict[str, Any]:
    shots = one.segment.shots
    first, last = moment(shots[0].taken), moment(shots[-1].taken)
    known = KnownOf(places, _by_frequency(details.people), _by_frequency(details.tags))
    title, place = title_of(one.segment.kind, len(shots), first.date(), last.date(), known, days)
    return {
        "kind": one.segment.kind,
        "title": title,
        "place": place,
        "starts_at": first.isoformat(timespec="seconds"),
        "ends_at": last.isoformat(timespec="seconds"),
        "updated_at": utc_now(),
    }


def _by_frequency(counted: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))


async def _write(connection: AsyncConnection, one: _Found, row: Mapping[str, Any]) -> None:
    # the photos of an accepted one were given its kind as the type of their event
    kind = case((Occasion.state == OccasionState.ACCEPTED, Occasion.kind), else_=row["kind"])
    changed = update(Occasion).where(Occasion.id == one.id).values({**row, "kind": kind})
    if not (await connection.execute(changed)).rowcount:
        proposed = {"id": one.id, "state": OccasionState.PROPOSED, "created_at": row["updated_at"]}
        await connection.execute(insert(Occasion).values(**proposed, **row))
    # a person may have decided meanwhile
    is_proposed = exists().where(Occasion.id == one.id, Occasion.state == OccasionState.PROPOSED)
    await connection.execute(delete(OccasionPhoto).where(OccasionPhoto.occasion_id == one.id, is_proposed))
    added = insert_on_conflict(connection.dialect.name, OccasionPhoto)
    keeping = added.on_conflict_do_update(
        index_elements=[OccasionPhoto.occasion_id, OccasionPhoto.media_asset_id],
        set_={"position": added.excluded.position},
    )
    members = [
        {"occasion_id": one.id, "media_asset_id": shot.asset_id, "position": place, "is_written": False}
        for place, shot in enumerate(one.segment.shots)
    ]
    for start in range(0, len(members), BATCH):
        await connection.execute(keeping, members[start : start + BATCH])
