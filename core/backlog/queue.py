"""The queue of photos to describe. Every function works in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Row, and_, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from core.backlog.states import BacklogState
from core.db.tables import AiBacklogEntry, FileVersion, MediaAsset
from core.groups.neighbourhood import chunks
from core.library.layout import Tier
from core.pipeline.retry import latest_attempt, next_attempt

CAME: Final = 0
ASKED: Final = 1
"""Priorities: of what merely came into the library, and of what a person asked for."""

PAGE: Final = 500
"""Versions that are looked at, or queued, in one transaction: some 20 ms of the one writer that SQLite has."""


_LONGEST_DAY: Final = timedelta(hours=26)
"""With clocks put back; a budget that is spent is there again after it."""


class Waiting(msgspec.Struct, frozen=True):
    """A photo whose turn it is. ``request`` is what it is asked for, ``attempts`` counts answers without use."""

    version_id: str
    request: str
    attempts: int


def backlog_request(day: date) -> str:
    """What the backlog of a day of the owner's calendar is called: the answers of one day can be taken back."""
    return f"backlog of {day.isoformat()}"


def describable() -> list[ColumnElement[bool]]:
    """Conditions on ``file_versions``: images that a machine may describe, as no person has confirmed what they say."""
    gold = aliased(FileVersion)
    is_gold = exists().where(
        gold.media_asset_id == FileVersion.media_asset_id, gold.tier == Tier.GOLD, gold.archived_at.is_(None)
    )
    return [
        FileVersion.tier == Tier.SILVER,
        FileVersion.mime_type.like("image/%"),
        FileVersion.archived_at.is_(None),
        FileVersion.undecodable.is_(None),
        FileVersion.is_reviewed.is_not(True),
        ~is_gold,
    ]


async def add_new(
    connection: AsyncConnection, version_id: str, captured_at: str | None, day: date, now: datetime
) -> None:
    """Queues a photo in the transaction that makes it Silver."""
    row = waiting_row(version_id, captured_at, backlog_request(day), CAME, now)
    await connection.execute(insert(AiBacklogEntry), row)


async def claim(
    connection: AsyncConnection, limit: int, holder: str, now: datetime, least: int = CAME
) -> list[Waiting]:
    """Takes up to ``limit`` photos whose turn it is and marks them as running for ``holder``: those that a person asked
    for first, then the newest. None of a priority below ``least``.
    """
    found: list[Row[*tuple[Any, ...]]] = []
    for state in (BacklogState.WAITING, BacklogState.DEFERRED):
        statement = (
            select(AiBacklogEntry.version_id, AiBacklogEntry.priority, AiBacklogEntry.captured_at)
            .where(AiBacklogEntry.state == state, AiBacklogEntry.priority >= least, _is_due(now))
            .order_by(AiBacklogEntry.priority.desc(), AiBacklogEntry.captured_at.desc())
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        found += (await connection.execute(statement)).all()
    first = sorted(found, key=lambda row: (row.priority, row.captured_at), reverse=True)[:limit]
    ids = [row.version_id for row in first]
    if not ids:
        return []
    rows = await connection.execute(
        update(AiBacklogEntry)
        .where(AiBacklogEntry.version_id.in_(ids))
        .values(state=BacklogState.RUNNING, holder=holder, updated_at=now)
        .returning(AiBacklogEntry.version_id, AiBacklogEntry.request, AiBacklogEntry.attempts)
    )
    taken = [Waiting(row.version_id, row.request, row.attempts) for row in rows]
    return sorted(taken, key=lambda each: ids.index(each.version_id))


async def is_due(connection: AsyncConnection, now: datetime, least: int = CAME) -> bool:
    """Whether :func:`claim` would find any."""
    for state in (BacklogState.WAITING, BacklogState.DEFERRED):
        statement = select(AiBacklogEntry.version_id).where(
            AiBacklogEntry.state == state, AiBacklogEntry.priority >= least, _is_due(now)
        )
        if (await connection.execute(statement.limit(1))).first() is not None:
            return True
    return False


async def next_due(connection: AsyncConnection, least: int = CAME) -> datetime | None:
    """When the next photo that has to wait for a time may be asked about."""
    statement = select(func.min(AiBacklogEntry.next_attempt_at)).where(
        AiBacklogEntry.state.in_((BacklogState.WAITING, BacklogState.DEFERRED)), AiBacklogEntry.priority >= least
    )
    return (await connection.execute(statement)).scalar_one_or_none()


async def is_running(connection: AsyncConnection, version_id: str) -> bool:
    """Whether a photo is asked about still; it stays so until the transaction ends."""
    statement = select(AiBacklogEntry.state).where(AiBacklogEntry.version_id == version_id).with_for_update()
    return (await connection.execute(statement)).scalar_one_or_none() == BacklogState.RUNNING


async def settle_done(
    connection: AsyncConnection,
    version_id: str,
    provider: str,
    now: datetime,
    *,
    model: str | None = None,
    prompt_version: str | None = None,
    reason: str | None = None,
    asked_of: str | None = None,
) -> None:
    """Ends the waiting of a photo, in the transaction that stores the answer; ``reason`` where there is none, and
    ``asked_of`` who was asked in vain.
    """
    values = {
        "state": BacklogState.DONE,
        "provider": provider,
        "model": model,
        "prompt_version": prompt_version,
        "reason": reason,
        "asked_of": asked_of,
        "is_taken_back": False,
        "next_attempt_at": None,
        "holder": None,
        "updated_at": now,
    }
    await connection.execute(update(AiBacklogEntry).where(AiBacklogEntry.version_id == version_id).values(values))


async def defer(connection: AsyncConnection, version_id: str, reason: str, until: datetime, now: datetime) -> None:
    """Puts a photo back because whoever is asked is not there; it has cost the photo no attempt."""
    values = {"state": BacklogState.DEFERRED, "reason": reason, "next_attempt_at": until, "holder": None}
    mine = (AiBacklogEntry.version_id == version_id, AiBacklogEntry.state == BacklogState.RUNNING)
    await connection.execute(update(AiBacklogEntry).where(*mine).values(**values, updated_at=now))


async def fail(
    connection: AsyncConnection, waiting: Waiting, reason: str, most_attempts: int, now: datetime, asked_of: str
) -> BacklogState:
    """Counts an answer without use; after ``most_attempts`` the photo waits for a person, or for somebody else to be
    asked than ``asked_of``. Returns its state.
    """
    attempts = waiting.attempts + 1
    is_over = attempts >= most_attempts
    sentence = f"{reason} (tried {attempts} times, not again by itself)" if is_over else reason
    state = BacklogState.FAILED if is_over else BacklogState.WAITING
    values = {
        "state": state,
        "attempts": attempts,
        "reason": sentence,
        "asked_of": asked_of,
        "next_attempt_at": None if is_over else next_attempt(attempts, now),
        "holder": None,
        "updated_at": now,
    }
    mine = (AiBacklogEntry.version_id == waiting.version_id, AiBacklogEntry.state == BacklogState.RUNNING)
    await connection.execute(update(AiBacklogEntry).where(*mine).values(values))
    return state


async def recover(connection: AsyncConnection, now: datetime) -> int:
    """What a daemon that died was asking about waits again; returns how many. Only for the one daemon, at its start."""
    changed = await connection.execute(
        update(AiBacklogEntry)
        .where(AiBacklogEntry.state == BacklogState.RUNNING)
        .values(state=BacklogState.WAITING, holder=None, updated_at=now)
    )
    return changed.rowcount


async def release_deferred(connection: AsyncConnection, now: datetime) -> int:
    """Nothing is deferred any more: who is asked, or where, has changed. Returns how many were."""
    changed = await connection.execute(
        update(AiBacklogEntry)
        .where(AiBacklogEntry.state == BacklogState.DEFERRED)
        .values(state=BacklogState.WAITING, next_attempt_at=None, reason=None, updated_at=now)
    )
    return changed.rowcount


async def retry(connection: AsyncConnection, version_ids: Sequence[str] | None, now: datetime) -> int:
    """Tries again what has failed, or is to be tried later: these photos, or all. Returns how many."""
    is_stuck = or_(
        AiBacklogEntry.state.in_((BacklogState.FAILED, BacklogState.DEFERRED)),
        and_(AiBacklogEntry.state == BacklogState.WAITING, AiBacklogEntry.next_attempt_at.is_not(None)),
    )
    values = {"state": BacklogState.WAITING, "attempts": 0, "next_attempt_at": None, "reason": None, "updated_at": now}
    statement = update(AiBacklogEntry).where(is_stuck).values(values)
    if version_ids is None:
        return (await connection.execute(statement)).rowcount
    of_these = (statement.where(AiBacklogEntry.version_id.in_(chunk)) for chunk in chunks(version_ids))
    return sum([(await connection.execute(each)).rowcount for each in of_these])


async def counts(connection: AsyncConnection) -> dict[BacklogState, int]:
    """How many photos are in each state."""
    statement = select(AiBacklogEntry.state, func.count()).group_by(AiBacklogEntry.state)
    found = dict.fromkeys(BacklogState, 0)
    return found | {BacklogState(row[0]): row[1] for row in await connection.execute(statement)}


async def troubles(connection: AsyncConnection, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Those that failed, then those that are tried again: version, name, state, reason, attempts, next attempt."""
    found: list[Row[*tuple[Any, ...]]] = []
    for state in (BacklogState.FAILED, BacklogState.DEFERRED, BacklogState.WAITING):
        statement = (
            select(
                AiBacklogEntry.version_id,
                MediaAsset.original_filename,
                AiBacklogEntry.state,
                AiBacklogEntry.reason,
                AiBacklogEntry.attempts,
                AiBacklogEntry.next_attempt_at,
            )
            .join(FileVersion, FileVersion.id == AiBacklogEntry.version_id)
            .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
            .where(AiBacklogEntry.state == state)
            .order_by(AiBacklogEntry.next_attempt_at, AiBacklogEntry.version_id)
        )
        if state is BacklogState.WAITING:
            # by far the most wait for nothing but their turn
            statement = statement.where(AiBacklogEntry.next_attempt_at.is_not(None))
        if len(found) < limit:
            found += (await connection.execute(statement.limit(limit - len(found)))).all()
    return found


def afresh(request: str, now: datetime) -> dict[str, Any]:
    """The columns of a photo that a person wants to be asked about once more."""
    return waiting_afresh(request, ASKED, now)


def row_asked_for(version_id: str, captured_at: str | None, request: str, now: datetime) -> dict[str, Any]:
    """The row of a photo that a person wants to be asked about."""
    return waiting_row(version_id, captured_at, request, ASKED, now)


def waiting_row(version_id: str, captured_at: str | None, request: str, priority: int, now: datetime) -> dict[str, Any]:
    """The row of a photo that begins to wait."""
    named = {"version_id": version_id, "captured_at": captured_at or ""}
    return named | waiting_afresh(request, priority, now)


def waiting_afresh(request: str, priority: int, now: datetime) -> dict[str, Any]:
    """The columns of a photo that waits as if it had never been asked about."""
    return {
        "state": BacklogState.WAITING,
        "priority": priority,
        "request": request,
        "attempts": 0,
        "next_attempt_at": None,
        "reason": None,
        "asked_of": None,
        "is_taken_back": False,
        "holder": None,
        "updated_at": now,
    }


def _is_due(now: datetime) -> ColumnElement[bool]:
    return or_(
        AiBacklogEntry.next_attempt_at.is_(None),
        AiBacklogEntry.next_attempt_at <= now,
        # a time that lies further away than any pause was set before the clock was put back
        AiBacklogEntry.next_attempt_at > _latest_wait(now),
    )


def _latest_wait(now: datetime) -> datetime:
    """The latest time until which a photo may have to wait: over midnight, or over the longest pause."""
    return latest_attempt(now + _LONGEST_DAY)
