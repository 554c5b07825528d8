"""When is a pass due?

A pass that ran at three this night, as its turn had come then, is due at two the next: what is missing to its whole
interval is no reason to wait for another day. Outside of the time for passes one only runs when it is late: the machine
may be off at night.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from core.config.schema import Night
from core.errors import ConfigError
from core.passes import runs
from core.passes.runner import Wanted
from core.passes.runs import RunState
from core.passes.shape import Pass

#: So much earlier than its interval says a pass may run, and so much later it is late; never more than half of it.
SLACK = timedelta(hours=12)

#: One that failed or was cancelled is tried again so much later at the earliest, the next night; by day when there was
#: no night for as long as makes it late.
AFTER_TROUBLE = timedelta(hours=12)


def check_names(night: Night, passes: Sequence[Pass]) -> None:
    """Raises :class:`ConfigError` where ``[night]`` names a pass that there is none of."""
    names = [each.name for each in passes]
    if unknown := sorted({*night.off, *night.every} - set(names)):
        raise ConfigError(f"night: there is no pass called {', '.join(unknown)}; there are {', '.join(names)}")


async def due(
    connection: AsyncConnection, passes: Sequence[Pass], night: Night, now: datetime, *, is_open: bool
) -> list[Wanted]:
    """The passes that should run now, in their order. ``is_open``: it is the time for passes.

    What a person asked for and was interrupted goes on whatever the time. What another process is at is left to it.
    """
    unfinished = {run.name: run for run in await runs.unfinished(connection) if not run.is_dry}
    extra = [each.name for each in passes if each.asked_is_extra]
    good = await runs.last_times(connection, RunState.DONE, extra=extra)
    bad: dict[str, datetime] = {}
    for state in (RunState.FAILED, RunState.CANCELLED):
        for name, when in (await runs.last_times(connection, state, extra=extra)).items():
            bad[name] = max(when, bad.get(name, when))
    wanted = []
    for each in passes:
        run = unfinished.get(each.name)
        if run is not None and run.state is RunState.RUNNING:
            continue
        if run is not None and run.is_asked:
            wanted.append(Wanted(each.name, is_asked=True))
            continue
        if each.name in night.off or not _is_older(bad, each.name, now, AFTER_TROUBLE):
            continue
        every = timedelta(seconds=night.every.get(each.name, each.every))
        slack = min(SLACK, every / 2)
        is_late = _is_older(good, each.name, now, every + slack)
        is_due = run is not None or _is_older(good, each.name, now, every - slack)
        # what fails every night is not tried by day as well
        is_overdue = is_late and _is_older(bad, each.name, now, every + slack)
        if is_overdue or (is_open and is_due):
            wanted.append(Wanted(each.name, is_late=is_late))
    return wanted


def _is_older(times: Mapping[str, datetime], name: str, now: datetime, age: timedelta) -> bool:
    # where the clock was put back, what was done is in the future; that must not keep a pass from running for years
    return name not in times or not timedelta(0) <= now - times[name] < age
