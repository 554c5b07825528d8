"""Photos that a language model is to describe, on the wire."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct
from sqlalchemy import Row

from api.schemas.tag import TagName
from api.schemas.timestamp import Timestamp, timestamp
from core.ai.budget import Spent
from core.backlog.choosing import Where


class Budget(Struct, rename="camel"):
    """What paid providers were asked on a day of the owner's calendar, and the limits; 0 for no limit."""

    day: str
    requests: int
    tokens: int
    requests_limit: int
    tokens_limit: int


class BacklogTrouble(Struct, rename="camel"):
    """A photo that failed, or is asked about again later."""

    photo_id: str
    name: str
    state: str
    reason: str
    attempts: int
    next_attempt_at: Timestamp | None


class BacklogStatus(Struct, rename="camel"):
    """``photos`` counts by state: ``waiting``, ``running``, ``done``, ``deferred`` (nobody was there to ask, which is
    no fault of theirs), ``failed``.

    ``provider`` and ``model`` are asked first. ``paused`` says why nothing is asked at present, ``pausedUntil`` until
    when. ``perHour`` is the rate of late, ``secondsLeft`` how long the rest takes; ``null`` where nobody can tell.
    """

    provider: str | None
    model: str | None
    photos: dict[str, int]
    paused: str | None
    paused_until: Timestamp | None
    per_hour: float | None
    seconds_left: float | None
    budget: Budget
    troubles: list[BacklogTrouble]


class Run(Struct, rename="camel"):
    """Answers of one model to one request. ``photos`` still say what it answered, or have been answered anew since."""

    id: int
    request: str
    provider: str
    model: str
    prompt_version: str
    photos: int
    started_at: Timestamp
    last_at: Timestamp | None
    undone_at: Timestamp | None


class RedoWanted(Struct, rename="camel"):
    """Which photos to describe once more; with ``dryRun`` they are counted only."""

    where: Where
    dry_run: bool = False


class UndoWanted(Struct):
    """Which run to take back."""

    run: Annotated[int, Meta(ge=1, le=2**63 - 1)]


class RetryWanted(Struct, rename="camel"):
    """Which photos to try again at once; all that failed or wait without ids."""

    photo_ids: list[TagName] | None = None


class Retried(Struct):
    """How many photos are tried again."""

    photos: int


def budget_of(spent: Spent) -> Budget:
    """What was spent as it goes over the wire."""
    return Budget(spent.day, spent.requests, spent.tokens, spent.limits.requests, spent.limits.tokens)


def trouble_of(row: Row[*tuple[Any, ...]]) -> BacklogTrouble:
    """A row of :func:`core.backlog.queue.troubles`."""
    due = row.next_attempt_at
    return BacklogTrouble(
        photo_id=row.version_id,
        name=row.original_filename,
        state=row.state,
        reason=row.reason,
        attempts=row.attempts,
        next_attempt_at=None if due is None else timestamp(due),
    )


def run_of(row: Row[*tuple[Any, ...]]) -> Run:
    """A row of :func:`core.backlog.runs.list_runs`."""
    return Run(
        id=row.id,
        request=row.request,
        provider=row.provider,
        model=row.model,
        prompt_version=row.prompt_version,
        photos=row.photos,
        started_at=timestamp(row.started_at),
        last_at=None if row.last_at is None else timestamp(row.last_at),
        undone_at=None if row.undone_at is None else timestamp(row.undone_at),
    )
