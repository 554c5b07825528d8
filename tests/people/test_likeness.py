"""Groups and suggestions do not depend on the order in which faces come."""

from __future__ import annotations

from datetime import date
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.media.face_boxes import FOUND_AGAIN, match_boxes
from core.people.grouping import group_faces
from core.people.likeness import FURTHEST, PAIR, SUGGEST, SURE, confidence_of, distance_of
from core.people.suggesting import Known, suggest

#: Person, distance from the person, confidence. No two of these are apart by a threshold, where rounding would decide.
FACES = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from((0.0, 0.1, 0.22, 0.31, 0.43, 0.52)), st.integers(50, 99)), max_size=40
)


def vectors_of(faces: list[tuple[int, float, int]]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    vectors = np.zeros((len(faces), 128), np.float32)
    for row, (person, apart, _) in enumerate(faces):
        vectors[row, person], vectors[row, 100 + row % 20] = 2, apart
    return vectors


@given(FACES, st.randoms(use_true_random=False))
def test_groups_hold_every_face_once_and_whatever_the_order(faces: list[tuple[int, float, int]], order: Random) -> None:
    ids = [f"face{number:03d}" for number in range(len(faces))]
    vectors, confidences = vectors_of(faces), [confidence for _, _, confidence in faces]
    shuffled = list(range(len(faces)))
    order.shuffle(shuffled)
    groups = group_faces(ids, confidences, vectors)
    again = group_faces(
        [ids[place] for place in shuffled], [confidences[place] for place in shuffled], vectors[shuffled]
    )
    named = [[ids[member] for member in group.members] for group in groups]
    assert named == [[ids[shuffled[member]] for member in group.members] for group in again]
    assert sorted(face for group in named for face in group) == ids
    assert all(len({faces[member][0] for member in group.members}) == 1 for group in groups)
    assert all(0 <= group.confidence <= 100 for group in groups)


@given(FACES, FACES, st.randoms(use_true_random=False))
def test_suggestions_are_the_same_whatever_the_order_of_the_named(
    unnamed: list[tuple[int, float, int]], named: list[tuple[int, float, int]], order: Random
) -> None:
    people = [Known(f"person{number}", None) for number in range(5)]
    vectors, known = vectors_of(unnamed), vectors_of(named)
    whose = [person for person, _, _ in named]
    taken = [None] * len(unnamed)
    shuffled = list(range(len(named)))
    order.shuffle(shuffled)
    found = suggest(vectors, taken, known, whose, people)
    again = suggest(vectors, taken, known[shuffled], [whose[place] for place in shuffled], people)
    ids = [[(one.person_id, one.confidence) for one in each] for each in found]
    assert ids == [[(one.person_id, one.confidence) for one in each] for each in again]
    for (person, _, _), suggested in zip(unnamed, ids, strict=True):
        assert all(person_id == f"person{person}" and confidence >= 75 for person_id, confidence in suggested)


def test_nobody_is_suggested_before_birth_and_a_child_only_when_it_is_sure() -> None:
    people = [Known("child", date(2018, 2, 28))]
    face = np.zeros((3, 128), np.float32)
    face[:, 1] = 0.55
    days = [date(2017, 1, 1), date(2020, 1, 1), date(2031, 1, 1)]
    found = suggest(face, days, np.zeros((1, 128), np.float32), [0], people)
    assert [len(each) for each in found] == [0, 0, 1]


def test_the_contracts_bars_stand_at_the_measured_distances() -> None:
    for distance, confidence in ((0, 100), (PAIR, 97), (SURE, 90), (SUGGEST, 75), (FURTHEST, 70), (2, 0)):
        assert confidence_of(np.array([distance], np.float32))[0] == pytest.approx(confidence, abs=0.01)
    for distance in (PAIR, SURE, SUGGEST, FURTHEST):
        assert distance_of(float(confidence_of(np.array([distance]))[0])) == pytest.approx(distance)


def test_a_face_found_again_is_matched_once_and_to_the_best() -> None:
    known = [[0, 0, 100, 100], [200, 0, 100, 100]]
    found = [[10, 0, 100, 100], [2, 0, 100, 100], [500, 0, 50, 50], [265, 0, 100, 100]]
    assert match_boxes(found, known, FOUND_AGAIN) == [None, 0, None, None]
    assert match_boxes([[0, 0, 100, 100]], [], FOUND_AGAIN) == [None]
