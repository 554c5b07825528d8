"""Worker processes of this machine, started with the first job and gone soon after the last.

Each worker is an executor of the standard library with a single process. A native crash, a hang or a kill from
outside therefore costs exactly the job it happened in: workers share no queue and no lock that a dying one could
leave held.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from typing import ParamSpec, Protocol, TypeVar

import psutil

from core.compute.worker import prepare_worker
from core.errors import WorkerCrashed, WorkerOutgrown, WorkerTimedOut

P = ParamSpec("P")
T = TypeVar("T")

#: A worker is replaced after this many jobs, so that what native libraries leak does not add up. [jobs]
JOBS_PER_WORKER = 2_000

#: How often the memory of a worker is looked at while it works. [s]
MEMORY_LOOK_SECONDS = 0.5


class Compute(Protocol):
    """Runs a function of ``core.compute.tasks`` somewhere else and awaits its result."""

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Raises what ``function`` raised, or the :class:`core.errors.WorkerLost` that says what became of it."""
        ...

    async def close(self) -> None:
        """Stops every worker at once, also those that are working."""
        ...


@dataclass
class _Worker:
    executor: ProcessPoolExecutor
    pid: int
    jobs: int = 0
    is_discarded: bool = False


class LocalCompute:
    """At most ``workers`` processes.

    A job may take ``time_limit`` seconds and ``memory_limit`` bytes of resident memory; idle workers live
    ``idle_timeout`` seconds more.
    """

    def __init__(self, workers: int, time_limit: float, idle_timeout: float, memory_limit: int | None = None) -> None:
        self.workers = workers
        self._memory_limit = memory_limit
        self._time_limit = time_limit
        self._idle_timeout = idle_timeout
        self._free = asyncio.Semaphore(workers)
        self._idle: list[_Worker] = []
        self._busy: list[_Worker] = []
        self._idle_timer: asyncio.TimerHandle | None = None
        self._is_closed = False
        self._retiring: set[asyncio.Task[None]] = set()

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        async with self._free:
            if self._idle_timer is not None:
                self._idle_timer.cancel()
                self._idle_timer = None
            try:
                worker, job = await self._begin(function, *args, **kwargs)
                try:
                    return await self._finish(worker, job)
                except (WorkerTimedOut, WorkerOutgrown, asyncio.CancelledError):
                    self._discard(worker)
                    raise
                except BrokenProcessPool as error:
                    self._discard(worker)
                    raise WorkerCrashed("crashed the worker process") from error
                finally:
                    self._put_back(worker)
            finally:
                self._rest_when_idle()

    async def close(self) -> None:
        self._is_closed = True
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        for worker in [*self._busy, *self._idle]:
            self._discard(worker)
        await asyncio.gather(*self._retiring)

    async def _begin(
        self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[_Worker, asyncio.Future[T]]:
        while True:
            if self._is_closed:
                raise WorkerCrashed("was not worked on: the worker processes are being stopped")
            worker = self._idle.pop() if self._idle else await self._start_worker()
            self._busy.append(worker)
            try:
                job = asyncio.wrap_future(worker.executor.submit(function, *args, **kwargs))
            except BrokenProcessPool:
                # it died while it was idle; the job was not begun
                self._discard(worker)
            else:
                # when nobody waits for it any more, its end is not to be reported as an error that was forgotten
                job.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
                return worker, job

    async def _start_worker(self) -> _Worker:
        # spawn: this process has threads and open databases, which must not be forked
        context = multiprocessing.get_context("spawn")
        executor = ProcessPoolExecutor(1, mp_context=context, initializer=prepare_worker)
        try:
            # answered once the worker is ready, so that starting up does not count against the first job's time
            return _Worker(executor, await asyncio.wrap_future(executor.submit(os.getpid)))
        except BrokenProcessPool as error:
            raise WorkerCrashed("could not be worked on: no worker process could be started") from error

    async def _finish(self, worker: _Worker, job: asyncio.Future[T]) -> T:
        deadline = time.monotonic() + self._time_limit
        while (left := deadline - time.monotonic()) > 0:
            pause = left if self._memory_limit is None else min(left, MEMORY_LOOK_SECONDS)
            done, _ = await asyncio.wait({job}, timeout=pause)
            if done:
                return job.result()
            self._watch_memory(worker)
        raise WorkerTimedOut(f"took longer than {self._time_limit:g} s and was stopped ([compute] time_limit)")

    def _watch_memory(self, worker: _Worker) -> None:
        if self._memory_limit is None:
            return
        try:
            used = psutil.Process(worker.pid).memory_info().rss
        except psutil.Error:
            # it ended; the job says how
            return
        if used > self._memory_limit:
            limit = self._memory_limit / 2**20
            raise WorkerOutgrown(f"needed more than {limit:,.0f} MiB and was stopped ([compute] memory_limit)")

    def _put_back(self, worker: _Worker) -> None:
        """Makes a worker free again, unless it was discarded meanwhile."""
        if worker not in self._busy:
            return
        worker.jobs += 1
        if worker.jobs >= JOBS_PER_WORKER:
            self._discard(worker)
        else:
            self._busy.remove(worker)
            self._idle.append(worker)

    def _rest_when_idle(self) -> None:
        if self._idle and not self._busy and not self._is_closed and self._idle_timer is None:
            self._idle_timer = asyncio.get_running_loop().call_later(self._idle_timeout, self._send_home)

    def _send_home(self) -> None:
        self._idle_timer = None
        for worker in list(self._idle):
            self._discard(worker)

    def _discard(self, worker: _Worker) -> None:
        if worker.is_discarded:
            # closing was quicker than the job's own end; an executor must be shut down by one thread only
            return
        worker.is_discarded = True
        for workers in (self._busy, self._idle):
            with suppress(ValueError):
                workers.remove(worker)
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)
        task = asyncio.get_running_loop().create_task(asyncio.to_thread(worker.executor.shutdown))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)
