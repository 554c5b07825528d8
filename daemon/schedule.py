"""What happens at intervals, whatever the clock on the wall does.

APScheduler plans by the wall clock: after that was put back a day, nothing would happen for a day. A look every few
seconds at both clocks notices that, and plans anew.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

log = structlog.get_logger()

#: How often the two clocks are compared, and how far they may part before that counts as a jump. [s]
LOOK_SECONDS = 10.0
JUMP_SECONDS = 30.0

#: Jobs are spread over this share of their interval, so that ten roots are not scanned in one second.
SPREAD = 0.05

Job = Callable[[], Awaitable[None] | None]


class Schedule:
    """Jobs that run every so many seconds, one run of each at a time, until :meth:`stop`."""

    def __init__(self) -> None:
        # misfire_grace_time: a machine that slept through a job does it late rather than not at all
        self._scheduler = AsyncIOScheduler(
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._intervals: dict[str, float] = {}
        self._watch: asyncio.Task[None] | None = None

    def every(self, name: str, seconds: float, job: Job) -> None:
        """Runs ``job`` every ``seconds`` from now on; a job of this name is replaced."""
        self._intervals[name] = seconds
        self._scheduler.add_job(job, _trigger(seconds), id=name, name=name, replace_existing=True)

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
                for name, seconds in self._intervals.items():
                    self._scheduler.reschedule_job(name, trigger=_trigger(seconds))
            apart = now_apart


def _trigger(seconds: float) -> IntervalTrigger:
    return IntervalTrigger(seconds=seconds, jitter=seconds * SPREAD)
