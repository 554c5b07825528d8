"""Photos are tagged in the owner's words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ai.vocabulary import Vocabulary, folded, tags_in, vocabulary

LINES = ["# animals", "dog: puppy, hound , Welpe", "", "Café: coffee shop  # indoors", "beach"]


def test_synonyms_become_their_term_whatever_their_case_and_accents() -> None:
    known = vocabulary(LINES)
    assert tags_in(known, ["Puppy", "CAFE", "Coffee  Shop", "sky", "Dog"]) == ("dog", "Café", "sky")


def test_only_leaves_out_what_is_no_term() -> None:
    assert tags_in(vocabulary(LINES, only=True), ["sky", "hound", "Beach"]) == ("dog", "beach")


def test_what_is_never_used_is_not_used_by_any_name() -> None:
    known = vocabulary(LINES, never=["DOG", "person"])
    assert tags_in(known, ["puppy", "Person", "persons"]) == ("persons",)


def test_without_a_vocabulary_tags_stay_as_they_are() -> None:
    assert tags_in(Vocabulary(), ["Dog", "dog", "sky"]) == ("Dog", "sky")


def test_a_word_for_two_terms_is_refused() -> None:
    with pytest.raises(ValueError, match=r'"puppy" for "dog" and for "pet"'):
        vocabulary(["dog: puppy", "pet: puppy"])


def test_nothing_but_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing could ever be a tag"):
        vocabulary(["# none yet"], only=True)


words = st.text(st.sampled_from("aAäÄbBßéE ’'"), max_size=6)


def built(terms: dict[str, list[str]], only: bool, never: list[str]) -> Vocabulary | None:
    try:
        return vocabulary([f"{term}: {', '.join(others)}" for term, others in terms.items()], only=only, never=never)
    except ValueError:
        return None


@given(st.dictionaries(words, st.lists(words, max_size=3), max_size=4), st.booleans(), st.lists(words), st.lists(words))
def test_tags_are_words_of_the_vocabulary_once_and_for_all(
    terms: dict[str, list[str]], only: bool, never: list[str], tags: list[str]
) -> None:
    known = built(terms, only, never)
    if known is None:
        return
    found = tags_in(known, tags)
    assert tags_in(known, found) == found
    assert len({folded(tag) for tag in found}) == len(found)
    assert not {folded(tag) for tag in found} & known.never
    for tag in found:
        assert known.terms.get(folded(tag), None if only else tag) == tag


@given(words)
def test_folding_a_folded_word_changes_nothing(word: str) -> None:
    assert folded(folded(word)) == folded(word)
