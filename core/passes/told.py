"""Passes and their runs, as the API and the command line tell of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from core.passes.runs import Run


class PassRun(Struct, rename="camel"):
    """A run of a pass.

    ``state`` is ``running``, ``interrupted`` (it goes on later), ``done``, ``failed`` or ``cancelled``, and ``reason``
    says why so. ``done`` of ``total`` units are done; ``total`` is ``null`` where nobody knows. It has worked
    ``seconds`` so far, ``perSecond`` units in each of them, and ``secondsLeft`` are left at that pace; ``timeLimit`` is
    how many seconds it may work, ``null`` where it goes to its end. ``report`` is what it did, in the words of its
    pass.
    """

    id: int
    name: str
    state: str
    asked: bool
    dry_run: bool
    done: int
    total: int | None
    seconds: float
    per_second: float | None
    seconds_left: float | None
    time_limit: float | None
    reason: str | None
    report: dict[str, Any]
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None


def pass_run_of(run: Run) -> PassRun:
    """A run, as it is told of."""
    return PassRun(
        id=run.id,
        name=run.name,
        state=run.state,
        asked=run.is_asked,
        dry_run=run.is_dry,
        done=run.progress.done,
        total=run.progress.total,
        seconds=run.seconds,
        per_second=run.per_second,
        seconds_left=run.seconds_left,
        time_limit=run.time_limit,
        reason=run.reason,
        report=run.progress.report,
        started_at=run.started_at,
        updated_at=run.updated_at,
        ended_at=run.ended_at,
    )


class KnownPass(Struct, rename="camel"):
    """A pass. ``every`` is how often it runs by itself, in seconds; ``null`` if it does not.

    ``waiting``: it runs when those before it are over. ``lastRun`` is the run that goes on, or else the last one.
    """

    name: str
    title: str
    every: float | None
    waiting: bool
    last_success: datetime | None
    last_run: PassRun | None
