"""Bursts do not depend on the order in which pictures come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from core.bursts.forming import best_of, form_bursts, has_company, in_order
from core.bursts.likeness import Frame, likeness

START = datetime(2024, 7, 26, 14, 30)


def frame(number: int, second: float, **columns: object) -> Frame:
    defaults: dict[str, object] = {
        "id": f"id{number:03d}",
        "filename": f"IMG_{number:04d}.jpg",
        "taken": START + timedelta(seconds=second),
        "created_at": datetime(2025, 1, 1, tzinfo=UTC),
        "file_size": 1000,
        "file_hash": f"{number}",
    }
    return Frame(**(defaults | columns))  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 40)), max_size=30), st.randoms(use_true_random=False))
def test_the_same_bursts_whatever_the_order(shots: list[tuple[int, int]], order: Random) -> None:
    frames = [frame(place, second, file_size=1000 + 20 * size) for place, (second, size) in enumerate(shots)]
    shuffled = list(frames)
    order.shuffle(shuffled)
    found, alone = form_bursts(frames)
    assert (found, alone) == form_bursts(shuffled)
    members = [one.id for burst in found for one in burst.frames] + [one.id for one in alone]
    assert sorted(members) == sorted(one.id for one in frames)
    for burst in found:
        assert burst.span_ms <= 10_000
        assert burst.best in {one.id for one in burst.frames}


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 40)), max_size=30))
def test_pictures_without_company_are_in_no_burst_and_change_none(shots: list[tuple[int, int]]) -> None:
    frames = [frame(place, second, file_size=1000 + 20 * size) for place, (second, size) in enumerate(shots)]
    ordered = sorted(frames, key=in_order)
    company = has_company([one.taken for one in ordered])
    bursts, alone = form_bursts(frames)
    assert form_bursts([one for one, is_near in zip(ordered, company, strict=True) if is_near])[0] == bursts
    assert {one.id for one, is_near in zip(ordered, company, strict=True) if not is_near} <= {one.id for one in alone}


def test_what_neither_has_they_do_not_share() -> None:
    one, other = frame(1, 0, filename="a.jpg"), frame(2, 8, filename="b.jpg", file_size=5000)
    assert likeness(one, other) == 0.2
    settings = ("Z6", "100", "50mm", "f/2.8")
    alike = [
        frame(each.file_size, 0, taken=each.taken, file_size=each.file_size, settings=settings) for each in (one, other)
    ]
    assert likeness(*alike) == 0.4


def test_equal_content_is_one_whatever_the_time() -> None:
    assert likeness(frame(1, 0, file_hash="x"), frame(900, 5000, file_hash="x")) == 1.0


def test_quality_comes_before_size_and_size_before_age() -> None:
    sharp, large = frame(1, 0, sharpness=90.0), frame(2, 1, sharpness=20.0, file_size=9000)
    assert best_of([large, sharp]) is sharp
    blown = frame(3, 2, sharpness=100.0, clipped=0.6)
    assert best_of([blown, sharp]) is sharp
    small, new = frame(4, 0), frame(5, 0, file_size=900, created_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert best_of([new, small]) is small
