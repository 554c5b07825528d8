"""Which copies are shown together, which of them is proposed to stay, and which are two shots."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.duplicates.facts import Found, Kind, group_id
from core.duplicates.forming import form_groups
from core.duplicates.keeper import Candidate, keeper_of
from core.duplicates.same_moment import Shot, are_two_shots
from core.media.facts import CaptureSource, CaptureTime, Exif

NOON = datetime(2024, 7, 26, 12, tzinfo=UTC)


def candidate(name: str, **known: Any) -> Candidate:
    return Candidate(asset_id=name, name=name, created_at=known.pop("created_at", NOON), **known)


def pair(one: str, other: str, kind: Kind = Kind.SAME) -> Found:
    return Found(min(one, other), max(one, other), kind, 97, f"{one} and {other} are alike.")


@pytest.mark.parametrize(
    ("better", "worse", "reason"),
    [
        ({"is_gold": True}, {"width": 4000, "height": 3000}, "it is Gold, somebody has approved it"),
        ({"said": 2}, {"width": 4000, "height": 3000}, "people have said more about it"),
        ({"width": 4000, "height": 3000}, {"width": 2000, "height": 1500}, "it has the most pixels (4000 × 3000)"),
        ({"known": 3}, {"known": 1, "format_rank": 3}, "it tells more about how it was taken"),
        ({}, {"signs_of_editing": 1, "file_size": 9}, "the others were made with an editor"),
        ({"format_rank": 3}, {"faces": 9}, "its format keeps more of the picture"),
        ({"faces": 2}, {"file_size": 9}, "more faces were found in it"),
        ({"file_size": 9}, {"file_size": 8}, "it is the largest file, the least compressed"),
        ({"created_at": NOON}, {"created_at": NOON + timedelta(1)}, "it has been in the library for longest"),
    ],
)
def test_what_tells_them_apart_first_decides(better: dict[str, Any], worse: dict[str, Any], reason: str) -> None:
    both = [candidate("better", **better), candidate("worse", **worse)]
    for order in (both, both[::-1]):
        keeper, sentence = keeper_of(order)
        assert (keeper.name, sentence) == ("better", f"better should stay: {reason}.")


def test_a_row_of_pixels_less_is_no_reason() -> None:
    cut = candidate("cut", width=4000, height=2990, known=1)
    keeper, _ = keeper_of([candidate("whole", width=4000, height=3000), cut])
    assert keeper is cut


def test_only_copies_of_what_stays_are_given_up() -> None:
    """The halves of a picture are copies of it, and not of each other."""
    known = {name: candidate(name, width=width, height=100) for name, width in (("whole", 200), ("l", 90), ("r", 80))}
    (group,) = form_groups([pair("whole", "l", Kind.CUT), pair("whole", "r", Kind.CUT)], known)
    assert (group.keeper, {member.asset_id for member in group.members}) == ("whole", {"l", "r"})
    # of a chain nobody is given up for what it is no copy of
    known = {
        name: candidate(name, width=width, height=100) for name, width in zip("abcd", (400, 300, 200, 100), strict=True)
    }
    groups = form_groups([pair("a", "b"), pair("b", "c"), pair("c", "d")], known)
    assert [(group.keeper, [member.asset_id for member in group.members]) for group in groups] == [
        ("a", ["b"]),
        ("c", ["d"]),
    ]


@given(
    ties=st.sets(st.sampled_from(list(combinations("abcdefgh", 2)))),
    widths=st.lists(st.integers(1, 3), min_size=8, max_size=8),
    seed=st.integers(0, 1000),
)
def test_groups_do_not_depend_on_the_order_and_hold_copies_of_the_keeper_only(
    ties: set[tuple[str, str]], widths: list[int], seed: int
) -> None:
    known = {name: candidate(name, width=width, height=1) for name, width in zip("abcdefgh", widths, strict=True)}
    pairs = [pair(*tie) for tie in sorted(ties)]
    groups = form_groups(pairs, known)
    members = [one for group in groups for one in (group.keeper, *(member.asset_id for member in group.members))]
    assert len(members) == len(set(members))
    for group in groups:
        assert all(tuple(sorted((group.keeper, member.asset_id))) in ties for member in group.members)
        assert group.id == group_id(reversed([group.keeper, *(member.asset_id for member in group.members)]))
    shuffled, mixed = pairs[:], list(known.items())
    random.Random(seed).shuffle(shuffled)
    random.Random(seed).shuffle(mixed)
    assert form_groups(shuffled, dict(mixed)) == groups


def shot(name: str, second: float | None = None, camera: str | None = "Acme One") -> Shot:
    """``second`` after noon by the camera; ``None``: a file without metadata."""
    if second is None:
        return Shot(name, NOON)
    local = NOON.replace(tzinfo=None) + timedelta(seconds=second)
    return Shot(name, NOON, CaptureTime(local, CaptureSource.EXIF_ORIGINAL), Exif(camera=camera))


@pytest.mark.parametrize(
    ("one", "other", "are"),
    [
        (shot("IMG_1.jpg", 0), shot("IMG_2.jpg", 1), True),
        (shot("a.jpg", 0), shot("b.jpg", 29), True),
        (shot("IMG_1.jpg", 0), shot("IMG_2.jpg", 0), True),
        (shot("IMG_1.jpg", 0.25), shot("x.jpg", 0.75), True),
        # a copy keeps the moment, or its second, or loses it
        (shot("IMG_1.jpg", 0), shot("export.jpg", 0), False),
        (shot("IMG_1.jpg", 0.25), shot("export.jpg", 0), False),
        (shot("IMG_1.jpg", 0), shot("export.jpg"), False),
        (shot("a.jpg"), shot("b.jpg"), False),
        # that they came together says nothing; their numbers do
        (shot("IMG_1.jpg"), shot("IMG_2.jpg"), True),
        (shot("20240726_120000.jpg"), shot("20240726_120003.jpg"), True),
        # somebody has put the clock right in one of them: the pixels decide
        (shot("IMG_1.jpg", 0), shot("export.jpg", 3600), False),
    ],
)
def test_two_shots_are_told_from_a_copy(one: Shot, other: Shot, are: bool) -> None:
    assert are_two_shots(one, other) is are
    assert are_two_shots(other, one) is are
