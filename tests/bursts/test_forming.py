"""Bursts do not depend on the order in which pictures come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bursts.best import best_of
from core.bursts.forming import form_bursts, has_company, in_order
from core.bursts.likeness import ALIKE, LOOKS_DIFFERENT_BITS, Frame, likeness

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


@settings(deadline=None)
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


@settings(deadline=None)
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


def test_pictures_of_other_things_are_no_burst_whatever_clock_name_and_size_say() -> None:
    """The camera is turned to something else and goes on counting."""
    view, other_view = 0x0F0F_3C3C_5A5A_9999, 0xF00F_C33C_A55A_6699
    frames = [frame(number, number / 2, perceptual_hash=view ^ (1 << number)) for number in range(3)]
    frames += [frame(number, number / 2, perceptual_hash=other_view ^ (1 << number)) for number in range(3, 6)]
    assert (view ^ other_view).bit_count() >= LOOKS_DIFFERENT_BITS
    found, alone = form_bursts(frames)
    assert [[one.id for one in burst.frames] for burst in found] == [
        ["id003", "id004", "id005"],
        ["id000", "id001", "id002"],
    ]
    assert alone == []


def test_pictures_of_one_thing_are_a_burst_though_names_and_sizes_tell_nothing() -> None:
    one = frame(1, 0, filename="a.jpg", perceptual_hash=0x0F0F_3C3C_5A5A_9999)
    other = frame(2, 8, filename="b.jpg", file_size=5000, perceptual_hash=0x0F0F_3C3C_5A5A_9998)
    assert likeness(one, other) >= ALIKE


def test_files_that_were_only_copied_in_one_second_are_no_burst_unless_they_look_alike() -> None:
    view, akin = 0x0F0F_3C3C_5A5A_9999, 0x0F0F_3C3C_5A5A_9999 ^ 0x7FFF  # 15 bits: neither alike nor surely different
    dated = [frame(number, 0, filename=f"{name}.jpg", perceptual_hash=bits) for number, (name, bits) in
             enumerate([("Canon", view), ("Sony", akin)])]  # fmt: skip
    assert len(form_bursts(dated)[0]) == 1
    copied = [msgspec.structs.replace(one, is_dated=False) for one in dated]
    assert form_bursts(copied)[0] == []
    alike = [msgspec.structs.replace(one, perceptual_hash=view) for one in copied]
    assert len(form_bursts(alike)[0]) == 1


def test_what_the_camera_calls_one_burst_is_one() -> None:
    frames = [
        frame(number, number, filename=f"{name}.jpg", file_size=1000 * 4**number, perceptual_hash=bits, group="g")
        for number, (name, bits) in enumerate([("a", 0x0F0F_3C3C_5A5A_9999), ("b", 0xF0F0_C3C3_A5A5_6666)])
    ]
    assert len(form_bursts(frames)[0]) == 1


def test_quality_comes_before_size_and_size_before_age() -> None:
    sharp, large = frame(1, 0, sharpness=90.0), frame(2, 1, sharpness=20.0, file_size=9000)
    assert best_of([large, sharp]).frame is sharp
    blown = frame(3, 2, sharpness=100.0, clipped=0.6)
    assert best_of([blown, sharp]).frame is sharp
    small, new = frame(4, 0), frame(5, 0, file_size=900, created_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert best_of([new, small]).frame is small
    assert "the largest file" in best_of([new, small]).reason


def test_the_subject_counts_and_not_the_wall_behind_it() -> None:
    focused = frame(1, 0, sharpness=20.0, subject_sharpness=90.0)
    behind = frame(2, 1, sharpness=60.0, subject_sharpness=61.0)
    best = best_of([behind, focused])
    assert best.frame is focused
    assert best.reason == "Of 2 frames it is the sharpest."


def test_faces_that_are_seen_and_sharp_come_before_everything() -> None:
    turned_away = frame(1, 0, subject_sharpness=90.0, faces=0)
    blurred = frame(2, 1, subject_sharpness=90.0, face_sharpness=10.0, faces=2)
    smiling = frame(3, 2, subject_sharpness=70.0, face_sharpness=50.0, faces=2)
    best = best_of([turned_away, blurred, smiling])
    assert best.frame is smiling
    assert best.reason == "Of 3 frames it has the sharpest faces."
    assert best_of([turned_away, smiling]).reason == "Of 2 frames it shows the most faces and has the sharpest faces."


def test_blown_out_frames_are_passed_over_and_the_reason_says_so() -> None:
    blown = frame(1, 0, subject_sharpness=95.0, clipped=0.3)
    fine = frame(2, 1, subject_sharpness=90.0, clipped=0.01)
    best = best_of([blown, fine])
    assert best.frame is fine
    assert best.reason == "Of 2 frames it is the best exposed."


@given(
    st.lists(
        st.tuples(
            st.none() | st.floats(0, 1e4),
            st.none() | st.floats(0, 1e4),
            st.none() | st.floats(0, 1e4),
            st.floats(0, 2),
            st.integers(0, 4),
        ),
        min_size=2,
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_one_is_the_best_whatever_was_measured_and_in_whatever_order(
    measured: list[tuple[float | None, float | None, float | None, float, int]], order: Random
) -> None:
    frames = [
        frame(number, number, sharpness=whole, subject_sharpness=subject, face_sharpness=face, clipped=clipped, faces=n)
        for number, (whole, subject, face, clipped, n) in enumerate(measured)
    ]
    best = best_of(frames)
    assert best.frame in frames
    assert best.reason.endswith(".")
    shuffled = list(frames)
    order.shuffle(shuffled)
    assert best_of(shuffled) == best
