"""What has happened, what waits for a person, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import distinct, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import damage
from core.db.tables import AssetHistory, Face, MediaAsset, Occasion, UploadConflict, WatchRoot
from core.duplicates.listing import count_open
from core.library.sidecars import failures
from core.media.source_file import shown
from core.occasions.matching import OccasionState
from core.passes import runs
from core.passes.runs import Run, RunState
from core.people.proposed import count_groups, count_suggested
from core.pipeline import tally
from core.pipeline.states import State

#: Sentences of each kind of trouble; the counts are of all.
TOLD = 10


class Trouble(msgspec.Struct, frozen=True):
    """Something that a person should look at: what kind it is, and one sentence about it."""

    kind: str
    sentence: str


class PassTold(msgspec.Struct, frozen=True, rename="camel"):
    """How the last run of a pass went; ``reason`` says why it is not done."""

    name: str
    state: str
    seconds: float
    reason: str | None
    report: dict[str, Any]


class Digest(msgspec.Struct, frozen=True, rename="camel"):
    """What happened from ``since`` to ``until``.

    ``taken_in`` are new photos, ``described`` those that a language model described, ``changed`` those that people or
    other programs changed. ``waiting`` counts what waits for a person, by kind; bursts as the last pass has counted
    them. ``troubles`` are the first :data:`TOLD` of each kind.
    """

    since: datetime
    until: datetime
    taken_in: int
    described: int
    changed: int
    waiting: dict[str, int]
    troubles: list[Trouble]
    passes: list[PassTold]


async def gather(connection: AsyncConnection, locks: Path, since: datetime, until: datetime) -> Digest:
    """Reads it all, in the caller's transaction; ``locks`` is where it is known which processes live."""
    last = {name: runs.as_it_is(run, locks) for name, run in (await runs.latest(connection)).items()}
    taken = select(func.count()).where(MediaAsset.created_at >= since, MediaAsset.created_at < until)
    acted = (
        select(AssetHistory.action, func.count(distinct(AssetHistory.media_asset_id)).label("photos"))
        .where(AssetHistory.timestamp >= since, AssetHistory.timestamp < until)
        .group_by(AssetHistory.action)
    )
    taken_in = (await connection.execute(taken)).scalar_one()
    actions = {row.action: row.photos for row in await connection.execute(acted)}
    return Digest(
        since=since,
        until=until,
        taken_in=taken_in,
        described=actions.get("AI_PROCESSED", 0),
        changed=actions.get("METADATA_EDITED", 0),
        waiting=await _waiting(connection, last.get("bursts")),
        troubles=await _troubles(connection, last),
        passes=[
            PassTold(run.name, run.state, run.seconds, run.reason, _brief(run.progress.report))
            for run in last.values()
            if run.updated_at >= since and run.name != "digest"
        ],
    )


async def _waiting(connection: AsyncConnection, counted: Run | None) -> dict[str, int]:
    bursts = {"bursts": int(counted.progress.report.get("waiting", 0))} if counted is not None else {}
    counts = {
        "uploadConflicts": select(func.count()).select_from(UploadConflict),
        "unnamedFaces": select(func.count()).where(Face.person_id.is_(None), Face.ignored.is_(False)),
        "duplicates": count_open(),
        "occasions": select(func.count()).where(Occasion.state == OccasionState.PROPOSED),
    }
    faces = {"suggestedFaces": await count_suggested(connection), "faceGroups": await count_groups(connection)}
    found = {name: (await connection.execute(statement)).scalar_one() for name, statement in counts.items()}
    return found | faces | bursts


async def _troubles(connection: AsyncConnection, last: Mapping[str, Run]) -> list[Trouble]:
    found = []
    frozen = select(WatchRoot.name, WatchRoot.frozen_reason).where(WatchRoot.frozen_reason.is_not(None))
    for name, reason in await connection.execute(frozen):
        found.append(Trouble("root", f"{name} is frozen: {reason}"))
    for damaged in await damage.damages(connection, limit=TOLD):
        offer = "a good copy is offered" if damaged.good_copy else "no good copy is known"
        found.append(Trouble("damage", f"{shown(damaged.file_path)} is damaged ({damaged.kind}); {offer}."))
    if (verified := last.get("verify")) is not None:
        advice = "`pictallion backup list` shows what there is to go back to"
        faults: list[str] = verified.progress.report.get("database", [])
        found += [Trouble("database", f"The database is damaged: {fault} {advice}.") for fault in faults[:TOLD]]
    states = await tally.counts(connection)
    if quarantined := states[State.QUARANTINED]:
        are = "file is" if quarantined == 1 else "files are"
        found.append(Trouble("quarantine", f"{quarantined} {are} in quarantine."))
    found += [
        Trouble("file", f"{each['root']}:{each['path']}: {each['reason'] or each['state']}")
        for each in await tally.troubles(connection, TOLD)
    ]
    _, unwritten = await failures(connection, TOLD)
    sidecars = [f"{row.path}: {row.reason}" for row in unwritten]
    if verified is not None:
        sidecars += verified.progress.report.get("sidecarTroubles", [])
    found += [Trouble("sidecar", sentence) for sentence in sidecars[:TOLD]]
    # what is told now is a run itself; whoever it reaches hears whom the last one did not reach
    of_digest = [run for run in await runs.history(connection, "digest", TOLD) if run.ended_at and not run.is_dry]
    ended = [*(run for run in last.values() if run.name != "digest"), *of_digest[:1]]
    found += [Trouble("pass", f"{run.name} failed: {run.reason}") for run in ended if run.state is RunState.FAILED]
    return found


def _brief(report: Mapping[str, Any]) -> dict[str, Any]:
    """A report in numbers and words: of lists the lengths."""
    return {key: len(value) if isinstance(value, list | dict) else value for key, value in report.items()}
