"""A machine's words give way to a better machine's, and a person's to nobody's."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.library.described import (
    after_edit,
    is_described_by_person,
    machine_tags,
    with_answer,
    without_answer,
)

OLD: dict[str, Any] = {
    "aiTags": ["photo", "person"],
    "shortDescription": "One person",
    "longDescription": "One person, in summer.",
    "provider": "builtin",
    "version": "1",
}
NEW: dict[str, Any] = {
    "aiTags": ["girl", "kite", "beach"],
    "shortDescription": "A girl flies a kite",
    "longDescription": "A girl flies a red kite at the beach.",
    "provider": "ollama",
    "version": "llava",
    "model": "llava",
    "placeName": "Sylt",
}


def test_an_answer_takes_the_place_of_a_machines() -> None:
    assert with_answer(OLD, NEW) == NEW
    assert with_answer(None, NEW) == NEW
    assert with_answer(NEW, OLD) == OLD


def test_what_others_have_left_stays() -> None:
    assert with_answer({**OLD, "note": "mine"}, NEW) == {**NEW, "note": "mine"}


def test_a_description_that_a_person_wrote_stays() -> None:
    edited = after_edit(OLD, {**OLD, "longDescription": "Our Emma."})
    assert is_described_by_person(edited)
    said = with_answer(edited, NEW)
    assert said["longDescription"] == "Our Emma."
    assert said["shortDescription"] == NEW["shortDescription"]
    assert with_answer(said, OLD)["longDescription"] == "Our Emma."


def test_a_description_that_a_person_took_away_does_not_come_back() -> None:
    edited = after_edit(NEW, {**NEW, "longDescription": None, "placeName": None})
    said = with_answer(edited, NEW)
    assert not said["longDescription"]
    assert not said["placeName"]


def test_tags_that_a_person_added_or_removed_are_remembered_one_by_one() -> None:
    edited = after_edit(OLD, {**OLD, "aiTags": ["photo", "Emma"]})
    assert machine_tags(edited) == ("photo",)
    said = with_answer(edited, {**NEW, "aiTags": ["Person", "kite"]})
    assert said["aiTags"] == ["kite", "Emma"]
    assert machine_tags(said) == ("kite",)


def test_a_tag_that_comes_back_by_hand_is_wanted_again() -> None:
    removed = after_edit(OLD, {**OLD, "aiTags": ["photo"]})
    again = after_edit(removed, {**removed, "aiTags": ["photo", "person"]})
    assert with_answer(again, NEW)["aiTags"] == [*NEW["aiTags"], "person"]


def test_an_answer_is_taken_back() -> None:
    assert without_answer(with_answer(OLD, NEW), NEW, OLD) == OLD
    assert without_answer(with_answer(None, NEW), NEW, None) is None


def test_what_a_person_said_since_outlives_the_answer() -> None:
    said = with_answer(OLD, NEW)
    edited = after_edit(said, {**said, "longDescription": "Our Emma.", "aiTags": ["girl", "beach", "Emma"]})
    back = without_answer(edited, said, OLD)
    assert back is not None
    assert back["longDescription"] == "Our Emma."
    assert back["aiTags"] == ["photo", "person", "Emma"]
    assert back["shortDescription"] == OLD["shortDescription"]
    assert "model" not in back


def test_a_later_answer_is_not_taken_back_with_an_earlier_one() -> None:
    first = with_answer(OLD, NEW)
    second = with_answer(
        first, {**OLD, "aiTags": ["x"], "shortDescription": "Y", "longDescription": "Z", "version": "2"}
    )
    back = without_answer(second, first, OLD)
    assert back is not None
    assert (back["aiTags"], back["shortDescription"], back["version"]) == (["x"], "Y", "2")


texts = st.one_of(st.none(), st.text(max_size=3))
tags = st.lists(st.text("abcAB", min_size=1, max_size=1), unique=True, max_size=4)
ais = st.fixed_dictionaries(
    {}, optional={"aiTags": tags, "shortDescription": texts, "longDescription": texts, "provider": texts}
)
edits = st.lists(st.fixed_dictionaries({}, optional={"aiTags": tags, "longDescription": texts}), max_size=3)


@given(ais, edits, st.lists(ais, max_size=3))
def test_no_answer_changes_what_a_person_said(
    ai: dict[str, Any], made: list[dict[str, Any]], answers: list[Any]
) -> None:
    said: dict[str, Any] = dict(ai)
    for edit in made:
        said = after_edit(said, {**said, **edit})
    before = said
    for answer in answers:
        said = with_answer(said, answer)
    for field in before.get("givenByPerson", ()):
        assert said.get(field) == before.get(field)
    assert set(before.get("tagsAddedByPerson", ())) <= set(said.get("aiTags") or ())
    assert (
        not {tag.casefold() for tag in said.get("aiTags") or ()}
        & {tag.casefold() for tag in before.get("tagsRemovedByPerson", ())}
        - {tag.casefold() for tag in before.get("tagsAddedByPerson", ())}
        or not answers
    )
    for mark in ("givenByPerson", "tagsAddedByPerson", "tagsRemovedByPerson"):
        assert said.get(mark) == before.get(mark)


@given(ais, ais)
def test_taking_back_the_last_answer_restores_what_was(ai: dict[str, Any], answer: dict[str, Any]) -> None:
    said = with_answer(ai, answer)
    assert (without_answer(said, said, ai) or {}) == ai
