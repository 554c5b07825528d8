"""A file is taken when nothing about it has changed for a while, and not before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.pipeline.ledger import Signature
from daemon.intake.settling import Settling, stood_still_long_ago


def signature(size: int, ctime_ns: int = 0) -> Signature:
    return Signature(size, 0, ctime_ns, "1")


def test_a_file_is_due_after_it_stood_still() -> None:
    settling = Settling(5.0)
    settling.observe("a.jpg", signature(1), now=100.0)
    assert settling.due(104.9) == []
    assert settling.due(105.0) == ["a.jpg"]
    assert settling.release("a.jpg", signature(1))
    assert len(settling) == 0


def test_every_change_starts_the_wait_anew() -> None:
    settling = Settling(5.0)
    settling.observe("a.jpg", signature(1), now=100.0)
    settling.observe("a.jpg", signature(2), now=104.0)
    assert settling.due(108.0) == []
    assert settling.due(109.0) == ["a.jpg"]


def test_seeing_the_same_again_does_not_prolong_the_wait() -> None:
    settling = Settling(5.0)
    settling.observe("a.jpg", signature(1), now=100.0)
    settling.observe("a.jpg", signature(1), now=104.0)
    assert settling.due(105.0) == ["a.jpg"]


def test_a_file_that_changed_at_the_last_moment_is_not_released() -> None:
    settling = Settling(5.0)
    settling.observe("a.jpg", signature(1), now=100.0)
    assert not settling.release("a.jpg", signature(2))
    assert len(settling) == 1


def test_nothing_to_wait_for_means_sleeping() -> None:
    settling = Settling(5.0)
    assert settling.next_due(100.0) is None
    settling.observe("a.jpg", signature(1), now=100.0)
    assert settling.next_due(102.0) == 3.0
    settling.forget("a.jpg")
    assert settling.next_due(102.0) is None


def test_old_files_need_no_wait_but_one_from_the_future_does() -> None:
    now = 1_000_000.0
    ages = [3600.0, 61.0, 59.0, 0.0, -3600.0]
    seen = [signature(1, ctime_ns=int((now - age) * 1e9)) for age in ages]
    assert stood_still_long_ago(seen, now, settle_seconds=5.0) == [True, True, False, False, False]
    assert stood_still_long_ago(seen, now, settle_seconds=600.0) == [True, False, False, False, False]


@given(st.lists(st.tuples(st.floats(0.01, 20.0), st.integers(0, 3)), min_size=1, max_size=40))
def test_a_released_file_never_changed_within_the_settle_time(steps: list[tuple[float, int]]) -> None:
    settling, now, last_change, size = Settling(5.0), 0.0, 0.0, -1
    for pause, new_size in steps:
        now += pause
        if new_size != size:
            size, last_change = new_size, now
        settling.observe("a.jpg", signature(size), now)
        if settling.due(now):
            assert settling.release("a.jpg", signature(size))
            assert now - last_change >= 5.0
            size = -1
