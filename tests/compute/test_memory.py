"""A job that eats memory costs one worker, not the machine."""

from __future__ import annotations

import os
import time

import pytest

from core.compute import LocalCompute
from core.errors import WorkerOutgrown

MIB = 2**20


def eat(mebibytes: int, seconds: float) -> int:
    """Holds so much memory, really used, for so long; returns the process that did."""
    held = bytearray(os.urandom(MIB)) * mebibytes
    time.sleep(seconds)
    return os.getpid() if held else 0


async def test_a_job_over_the_memory_limit_is_stopped_and_says_which_limit() -> None:
    compute = LocalCompute(workers=1, time_limit=60.0, idle_timeout=60.0, memory_limit=400 * MIB)
    try:
        worker = await compute.run(eat, 10, 0.0)
        with pytest.raises(WorkerOutgrown, match=r"more than 400 MiB.*\[compute\] memory_limit"):
            await compute.run(eat, 600, 3600.0)
        assert await compute.run(eat, 10, 0.0) != worker
    finally:
        await compute.close()


async def test_a_job_within_the_limit_takes_its_time() -> None:
    compute = LocalCompute(workers=1, time_limit=60.0, idle_timeout=60.0, memory_limit=2048 * MIB)
    try:
        assert await compute.run(eat, 100, 1.2) > 0
    finally:
        await compute.close()
