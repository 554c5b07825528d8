"""What happens at intervals or at a time of day, whatever the clock on the wall does.

APScheduler plans by the wall clock: after that was put back a day, nothing would happen for a day. A look every few
seconds at both clocks notices that, and plans anew.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from datetime import time as wall_time
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

log = structlog.get_logger()

#: How often the two clocks are compared, and how far they may part before that counts as a jump. [s]
LOOK_SECONDS = 10.0
JUMP_SECONDS = 30.0

#: Jobs are spread over this share of their interval, so that ten roots are not scanned in one second.
SPREAD = 0.05

Job = Callable[[], Awaitable[None] | None]


class Schedule:
    """Jobs that run by themselves, one run of each at a time, until :meth:`stop`."""

    def __init__(self) -> None:
        # misfire_grace_time: a machine that slept through a job does it late rather than not at all
        self._scheduler = AsyncIOScheduler(
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._again: dict[str, Callable[[], Any]] = {}
        self._watch: asyncio.Task[None] | None = None

    def every(self, name: str, seconds: float, job: Job) -> None:
        """Runs ``job`` every ``seconds`` from now on; a job of this name is replaced."""
        self._add(name, lambda: _trigger(seconds), job)

    def daily(self, name: str, moment: wall_time, zone: str, job: Job) -> None:
        """Runs ``job`` every day at a time of the wall clock in ``zone``, an IANA name; where clocks skip it, later."""
        self._add(name, lambda: CronTrigger(hour=moment.hour, minute=moment.minute, timezone=zone), job)

    def once(self, name: str, seconds: float, job: Job) -> None:
        """Runs ``job`` in so many seconds."""
        trigger = DateTrigger(datetime.now(UTC) + timedelta(seconds=seconds))
        self._scheduler.add_job(job, trigger, id=name, name=name, replace_existing=True)

    def start(self) -> None:
        """Begins."""
        self._scheduler.start()
        self._watch = asyncio.create_task(self._watch_clocks())

    async def stop(self) -> None:
        """Begins no further job."""
        self._scheduler.shutdown(wait=False)
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch

    async def _watch_clocks(self) -> None:
        apart = time.time() - time.monotonic()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now_apart = time.time() - time.monotonic()
            if abs(now_apart - apart) > JUMP_SECONDS:
                log.info("the clock was set; the schedule is made anew", seconds=round(now_apart - apart))
                for name, trigger in self._again.items():
                    self._scheduler.reschedule_job(name, trigger=trigger())
            apart = now_apart

    def _add(self, name: str, trigger: Callable[[], Any], job: Job) -> None:
        self._again[name] = trigger
        self._scheduler.add_job(job, trigger(), id=name, name=name, replace_existing=True)


def _trigger(seconds: float) -> IntervalTrigger:
    return IntervalTrigger(seconds=seconds, jitter=seconds * SPREAD)
