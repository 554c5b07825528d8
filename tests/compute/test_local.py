"""Heavy work runs elsewhere; what goes wrong there costs one job, and idle workers go home."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator

import psutil
import pytest

from core.compute import LocalCompute
from core.errors import WorkerCrashed, WorkerTimedOut


@pytest.fixture
async def compute() -> AsyncIterator[LocalCompute]:
    started = LocalCompute(workers=1, time_limit=60.0, idle_timeout=60.0)
    yield started
    await started.close()


async def test_a_job_runs_in_another_process_at_lower_priority(compute: LocalCompute) -> None:
    assert await compute.run(os.getpid) != os.getpid()
    assert await compute.run(os.getpriority, os.PRIO_PROCESS, 0) > os.getpriority(os.PRIO_PROCESS, 0)


async def test_an_error_of_the_job_reaches_the_caller(compute: LocalCompute) -> None:
    with pytest.raises(FileNotFoundError):
        await compute.run(os.stat, "/nowhere/at/all")


async def test_a_native_crash_costs_one_job_and_the_next_one_works(compute: LocalCompute) -> None:
    with pytest.raises(WorkerCrashed, match="crashed the worker process"):
        await compute.run(signal.raise_signal, signal.SIGKILL)
    assert await compute.run(os.getpid) != os.getpid()


async def test_a_crash_spares_the_jobs_of_other_workers() -> None:
    compute = LocalCompute(workers=2, time_limit=60.0, idle_timeout=60.0)
    try:
        await asyncio.gather(compute.run(os.getpid), compute.run(os.getpid))
        longer = asyncio.create_task(compute.run(time.sleep, 1.0))
        with pytest.raises(WorkerCrashed):
            await compute.run(signal.raise_signal, signal.SIGABRT)
        await longer
    finally:
        await compute.close()


async def test_a_job_over_the_limit_is_stopped_and_says_which_limit() -> None:
    compute = LocalCompute(workers=1, time_limit=0.5, idle_timeout=60.0)
    try:
        with pytest.raises(WorkerTimedOut, match=r"longer than 0\.5 s.*time_limit"):
            await compute.run(time.sleep, 3600)
        assert await compute.run(os.getpid) != os.getpid()
    finally:
        await compute.close()


async def test_a_worker_that_dies_between_jobs_is_replaced(compute: LocalCompute) -> None:
    worker = await compute.run(os.getpid)
    os.kill(worker, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(worker)] if psutil.pid_exists(worker) else [], timeout=10)
    async with asyncio.timeout(30):
        while True:
            try:
                assert await compute.run(os.getpid) != worker
                break
            except WorkerCrashed:
                continue


async def test_idle_workers_end_and_come_back_when_there_is_work() -> None:
    compute = LocalCompute(workers=1, time_limit=60.0, idle_timeout=0.2)
    try:
        worker = psutil.Process(await compute.run(os.getpid))
        await asyncio.to_thread(psutil.wait_procs, [worker], 30)
        assert not worker.is_running()
        assert await compute.run(os.getpid) != worker.pid
    finally:
        await compute.close()


async def test_closing_ends_a_job_that_would_run_for_an_hour() -> None:
    compute = LocalCompute(workers=1, time_limit=3600.0, idle_timeout=60.0)
    worker = psutil.Process(await compute.run(os.getpid))
    job = asyncio.create_task(compute.run(time.sleep, 3600))
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await compute.close()
        with pytest.raises((asyncio.CancelledError, WorkerCrashed)):
            await job
    assert not worker.is_running()
