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
    (group,) = form_groups([pair("whole", "l", Kind.CUT), pair("whole", "r", Kind.CUT)], known, {})
    assert (group.keeper, {member.asset_id for member in group.members}) == ("whole", {"l", "r"})
    # of a chain nobody is given up for what it is no copy of
    known = {
        name: candidate(name, width=width, height=100) for name, width in zip("abcd", (400, 300, 200, 100), strict=True)
    }
    groups = form_groups([pair("a", "b"), pair("b", "c"), pair("c", "d")], known, {})
    assert [(group.keeper, [member.asset_id for member in group.members]) for group in groups] == [
        ("a", ["b"]),
        ("c", ["d"]),
    ]


def test_two_that_are_apart_do_not_meet_in_a_group_with_a_third() -> None:
    known = {name: candidate(name, width=width, height=9) for name, width in (("c", 900), ("a", 500), ("b", 400))}
    pairs = [pair("c", "a"), pair("c", "b")]
    (group,) = form_groups(pairs, known, {"a": {"said"}, "b": {"said"}})
    assert (group.keeper, [member.asset_id for member in group.members]) == ("c", ["a"])
    # what stays anyway is what others are copies of
    known |= {name: candidate(name, width=400, height=9, is_kept=True) for name in "ab"}
    (group,) = form_groups(pairs, known, {})
    assert (group.keeper, [member.asset_id for member in group.members]) == ("a", ["c"])
    assert group.keeper_reason == "a should stay: somebody has decided that it stays."


NAMES = "abcdefgh"


@given(
    ties=st.sets(st.sampled_from(list(combinations(NAMES, 2)))),
    widths=st.lists(st.integers(1, 3), min_size=8, max_size=8),
    said=st.lists(st.sets(st.sampled_from(NAMES), min_size=2, max_size=4), max_size=4),
    kept=st.sets(st.sampled_from(NAMES), max_size=4),
    seed=st.integers(0, 1000),
)
def test_groups_hold_copies_of_the_keeper_and_no_two_that_are_apart_and_miss_nothing_else(
    ties: set[tuple[str, str]], widths: list[int], said: list[set[str]], kept: set[str], seed: int
) -> None:
    known = {
        name: candidate(name, width=width, height=1, is_kept=name in kept)
        for name, width in zip(NAMES, widths, strict=True)
    }
    apart = {name: {str(number) for number, names in enumerate(said) if name in names} for name in NAMES}
    pairs = [pair(*tie) for tie in sorted(ties)]
    groups = form_groups(pairs, known, apart)
    for group in groups:
        assert all(tuple(sorted((group.keeper, member.asset_id))) in ties for member in group.members)
        assert group.id == group_id(reversed(group.asset_ids))
        assert not kept & {member.asset_id for member in group.members}
        assert not any(apart[one] & apart[other] for one, other in combinations(group.asset_ids, 2))
    of = {one: group for group in groups for one in group.asset_ids}
    assert len(of) == sum(len(group.asset_ids) for group in groups)
    for one, other in ties:
        if apart[one] & apart[other] or {one, other} <= kept:
            continue
        # an asset is in one group at most: the pair is in one, or one of the two stands somewhere else already
        assert one in of or other in of
        for missing, group in ((one, of.get(other)), (other, of.get(one))):
            if missing not in of and group is not None and group.keeper in (one, other):
                assert any(apart[missing] & apart[member.asset_id] for member in group.members)
    shuffled, mixed = pairs[:], list(known.items())
    random.Random(seed).shuffle(shuffled)
    random.Random(seed).shuffle(mixed)
    assert form_groups(shuffled, dict(mixed), apart) == groups


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
