"""Pauses grow with every failure, end at a few hours, and do not come in step."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from core.pipeline.retry import FIRST_PAUSE, JITTER, LONGEST_PAUSE, next_attempt

NOW = datetime(2025, 8, 1, 12, 0, tzinfo=UTC)


def pause(attempts: int) -> float:
    return (next_attempt(attempts, NOW) - NOW).total_seconds()


@given(st.integers(min_value=1, max_value=10_000))
def test_every_pause_is_within_its_bounds(attempts: int) -> None:
    shortest = min(FIRST_PAUSE * 2.0 ** min(attempts - 1, 60), LONGEST_PAUSE)
    assert shortest <= pause(attempts) <= shortest * (1 + JITTER) + 1e-6


def test_pauses_double_until_they_are_long_enough() -> None:
    assert FIRST_PAUSE <= pause(1) < pause(2) < pause(3) < pause(4)
    assert pause(1000) <= LONGEST_PAUSE * (1 + JITTER)


def test_files_that_failed_together_do_not_come_back_together() -> None:
    assert len({pause(1) for _ in range(20)}) > 1
