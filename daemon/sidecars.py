"""Sidecars while the daemon lives: what is stale is written, what somebody else wrote is read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import structlog

from core.pipeline.roots import Root
from core.pipeline.sidecar_watch import look_for_edits
from core.pipeline.sidecars import write_due
from core.pipeline.workbench import Workbench

log = structlog.get_logger()

#: How often it is asked what is to be written. [s]
WRITE_SECONDS = 3.0

#: Sidecars in the library are in no watched folder; so often it is looked whether somebody wrote into one. [s]
LOOK_SECONDS = 300.0

#: Looks at all sidecars are at least so far apart, and take no more than this share of the time. [s]
LEAST_PAUSE = 2.0
SHARE = 0.05

#: How long a sidecar that is being written may take after we were asked to stop. [s]
GRACE_SECONDS = 5.0


class SidecarKeeper:
    """Writes and reads sidecars until :meth:`stop`, one at a time."""

    def __init__(self, bench: Workbench, roots: Mapping[str, Root]) -> None:
        self._bench = bench
        self._roots = roots
        self._is_stopping = False
        self._look_wanted = True
        self._next_look = 0.0
        self._wake = asyncio.Event()

    def request_look(self) -> None:
        """Asks for a look at every sidecar, soon."""
        self._look_wanted = True

    def stop(self) -> None:
        """Lets :meth:`run` return after the sidecar in hand."""
        self._is_stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Works until :meth:`stop`."""
        while not self._is_stopping:
            try:
                await self._turn()
            except Exception:
                # whatever it was, it must not end the keeping; what is stale stays so
                log.exception("sidecars could not be looked after; it is tried again soon")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), WRITE_SECONDS)

    async def _turn(self) -> None:
        began = time.monotonic()
        if self._look_wanted and began >= self._next_look:
            self._look_wanted = False
            queued = await look_for_edits(self._bench, self._roots)
            taken = time.monotonic() - began
            self._next_look = began + max(LEAST_PAUSE, taken / SHARE)
            if queued:
                log.info("sidecars to be read or written", count=queued, ms=round(taken * 1000))
        await write_due(self._bench, self._roots, lambda: self._is_stopping)


@asynccontextmanager
async def keeping_sidecars(keeper: SidecarKeeper) -> AsyncIterator[None]:
    """Lets the keeper work while the block runs."""
    task = asyncio.create_task(keeper.run())
    try:
        yield
    finally:
        keeper.stop()
        # not cancelled: that could leave a transaction open
        await asyncio.wait({task}, timeout=GRACE_SECONDS)
