"""The labels that the tagger is judged by are whole, and counted as the report says."""

from __future__ import annotations

import pytest

from bench.tagging import Labels, Score, read_labels, score, vocabulary


def test_every_label_is_a_word_that_can_be_said() -> None:
    words = vocabulary()
    for one in read_labels():
        assert one.tags | one.true <= words, one.name
        assert not one.tags & one.true, one.name


def test_no_picture_is_labelled_twice_and_both_halves_have_many() -> None:
    labels = read_labels()
    assert len({one.sha256 for one in labels}) == len(labels) >= 100
    assert sum(one.chose for one in labels) == pytest.approx(len(labels) / 2, rel=0.1)
    assert all(len(one.sha256) == 64 and one.source and one.name for one in labels)


def test_what_is_true_besides_is_neither_demanded_nor_wrong() -> None:
    labels = Labels("0" * 64, "a package", "a.jpg", frozenset({"dog", "coast"}), frozenset({"person"}))
    judged = score(labels, {"dog", "person", "boat", "Nice"}, {"dog", "coast", "person", "boat", "cat"})
    assert judged == {
        "dog": Score(right=1),
        "coast": Score(missed=1),
        "person": Score(true=1),
        "boat": Score(wrong=1),
    }
    total = sum(judged.values(), Score())
    assert (total.precision, total.recall) == (pytest.approx(2 / 3), 0.5)
    assert (Score().precision, Score().recall) == (1.0, 1.0)
