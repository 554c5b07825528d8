"""What is remembered of runs of passes.

Every function works in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Select, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import PassRun
from core.passes.shape import Progress
from core.pipeline.holders import is_alive

#: So many runs of each pass are remembered: a year of nights.
KEPT = 366


class RunState(StrEnum):
    """How a run is doing."""

    RUNNING = "running"
    #: It goes on later where it stopped: the night or the process was over.
    INTERRUPTED = "interrupted"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


#: The run is not over.
UNFINISHED = (RunState.RUNNING, RunState.INTERRUPTED)

#: Why a run has ended that a person has ended.
CANCELLED = "It was cancelled."


@dataclass(frozen=True)
class Run:
    """One run of a pass.

    ``seconds`` is how long it has worked, pauses not counted, and ``time_limit`` how many of them it may. ``is_asked``
    says that a person wanted it now, ``holder`` which process runs it, or ran it last.
    """

    id: int
    name: str
    state: RunState
    is_asked: bool
    is_dry: bool
    holder: str
    progress: Progress
    seconds: float
    reason: str | None
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    time_limit: float | None = None

    @property
    def per_second(self) -> float | None:
        """The pace so far, in units done a second of work; ``None`` while nobody can tell."""
        return round(self.progress.done / self.seconds, 3) if self.progress.done and self.seconds else None

    @property
    def seconds_left(self) -> float | None:
        """How long it will still take at the pace so far, no longer than its limit; ``None`` while nobody can tell."""
        done, total = self.progress.done, self.progress.total
        if self.state not in UNFINISHED or total is None or not done or not self.seconds:
            return None
        left = max(total - done, 0) * self.seconds / done
        return round(left if self.time_limit is None else min(left, max(self.time_limit - self.seconds, 0)), 1)


def is_forsaken(run: Run, locks: Path) -> bool:
    """Whether the process that ran it has died and could not say so."""
    return run.state is RunState.RUNNING and not is_alive(locks, run.holder)


def left_behind(run: Run) -> Run:
    """A run whose process is gone, as it is to be told of: it goes on another time, or is over where it only looked."""
    reason = "The process that ran it was killed, or the power failed"
    if run.is_dry:
        return replace(run, state=RunState.CANCELLED, reason=f"{reason}.", ended_at=run.updated_at)
    return replace(run, state=RunState.INTERRUPTED, reason=f"{reason}; it goes on where it stopped.")


def as_it_is(run: Run, locks: Path) -> Run:
    """A run that was read, without what a process that has died says of it."""
    return left_behind(run) if is_forsaken(run, locks) else run


async def cancel_interrupted(connection: AsyncConnection, name: str, locks: Path, now: datetime) -> bool:
    """Ends the runs of a pass that nobody is at; ``False`` where there are none."""
    found = [as_it_is(run, locks) for run in await unfinished(connection, name)]
    interrupted = [run for run in found if run.state is not RunState.RUNNING]
    for run in interrupted:
        cancelled = replace(run, state=RunState.CANCELLED, reason=CANCELLED, updated_at=now, ended_at=now)
        await save(connection, cancelled)
    return bool(interrupted)


async def open_run(
    connection: AsyncConnection,
    name: str,
    holder: str,
    progress: Progress,
    now: datetime,
    *,
    is_asked: bool,
    is_dry: bool,
) -> Run:
    """Writes down that a run begins."""
    values = {
        "name": name,
        "state": RunState.RUNNING,
        "is_asked": is_asked,
        "is_dry": is_dry,
        "holder": holder,
        "started_at": now,
        "updated_at": now,
        **_columns(progress),
    }
    statement = insert(PassRun).values(values).returning(PassRun.id)
    identifier = (await connection.execute(statement)).scalar_one()
    return Run(identifier, name, RunState.RUNNING, is_asked, is_dry, holder, progress, 0.0, None, now, now, None)


async def save(connection: AsyncConnection, run: Run) -> None:
    """Writes down how far a run is, and how it is doing."""
    await connection.execute(
        update(PassRun)
        .where(PassRun.id == run.id)
        .values(
            state=run.state,
            is_asked=run.is_asked,
            holder=run.holder,
            seconds=run.seconds,
            time_limit=run.time_limit,
            reason=run.reason,
            updated_at=run.updated_at,
            ended_at=run.ended_at,
            **_columns(run.progress),
        )
    )
    if run.ended_at is not None:
        oldest = select(PassRun.id).where(PassRun.name == run.name).order_by(PassRun.id.desc()).offset(KEPT).limit(1)
        await connection.execute(
            delete(PassRun).where(PassRun.name == run.name, PassRun.id <= oldest.scalar_subquery())
        )


async def unfinished(connection: AsyncConnection, name: str | None = None) -> list[Run]:
    """Runs that are not over, of one pass or of all, oldest first."""
    statement = select(PassRun).where(PassRun.state.in_(UNFINISHED)).order_by(PassRun.id)
    return await _read(connection, statement if name is None else statement.where(PassRun.name == name))


async def latest(connection: AsyncConnection) -> dict[str, Run]:
    """The last run of each pass that changed something, by name."""
    newest = select(func.max(PassRun.id)).where(PassRun.is_dry.is_(False)).group_by(PassRun.name)
    return {run.name: run for run in await _read(connection, select(PassRun).where(PassRun.id.in_(newest)))}


async def last_times(
    connection: AsyncConnection, state: RunState, *, extra: Collection[str] = ()
) -> dict[str, datetime]:
    """When each pass last ended in this state, by name; of those in ``extra`` without runs that people asked for."""
    counts = or_(PassRun.is_asked.is_(False), PassRun.name.not_in(extra))
    statement = select(PassRun.name, func.max(PassRun.ended_at)).where(PassRun.is_dry.is_(False), counts)
    rows = await connection.execute(statement.where(PassRun.state == state).group_by(PassRun.name))
    return {name: when for name, when in rows if when is not None}


async def history(connection: AsyncConnection, name: str | None, limit: int) -> list[Run]:
    """The last runs of a pass, or of all, newest first."""
    statement = select(PassRun).order_by(PassRun.id.desc()).limit(limit)
    return await _read(connection, statement if name is None else statement.where(PassRun.name == name))


async def _read(connection: AsyncConnection, statement: Select[Any]) -> list[Run]:
    return [_run(row) for row in await connection.execute(statement)]


def _run(row: Any) -> Run:
    return Run(
        id=row.id,
        name=row.name,
        state=RunState(row.state),
        is_asked=row.is_asked,
        is_dry=row.is_dry,
        holder=row.holder,
        progress=Progress(row.checkpoint, row.done, row.total, row.state == RunState.DONE, row.report),
        seconds=row.seconds,
        reason=row.reason,
        started_at=row.started_at,
        updated_at=row.updated_at,
        ended_at=row.ended_at,
        time_limit=row.time_limit,
    )


def _columns(progress: Progress) -> dict[str, Any]:
    return {
        "checkpoint": progress.checkpoint,
        "done": progress.done,
        "total": progress.total,
        "report": progress.report,
    }
