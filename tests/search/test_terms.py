"""What a query means."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.search.terms import MOST_TERMS, terms_of


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("beach", ["beach"]),
        ("  beach   sunset ", ["beach", "sunset"]),
        ('"ice cream" dog', ["ice cream", "dog"]),
        ('dog"ice  cream"', ["dog", "ice cream"]),
        ('a "b c', ["a", "b", "c"]),
        ('""', []),
        ('"', []),
        ("", []),
        ("dog dog", ["dog"]),
        ("IMG_1.jpg", ["IMG_1.jpg"]),
        ("50% -x (AND) NOT*", ["50%", "-x", "(AND)", "NOT*"]),
        ("e\u0301te\u0301", ["été"]),
    ],
)
def test_words_stand_for_themselves_and_what_is_quoted_stands_together(query: str, terms: list[str]) -> None:
    assert terms_of(query) == terms


@given(st.text())
def test_any_text_is_a_query(query: str) -> None:
    terms = terms_of(query)
    assert len(terms) <= MOST_TERMS
    assert len(set(terms)) == len(terms)
    composed = "".join(unicodedata.normalize("NFC", query).split())
    for term in terms:
        assert term
        assert term == term.strip()
        assert '"' not in term
        assert term.replace(" ", "") in composed


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1), max_size=MOST_TERMS))
def test_what_contains_the_query_as_it_stands_has_every_term(words: list[str]) -> None:
    query = " ".join(words)
    haystack = unicodedata.normalize("NFC", f"before {query} after")
    assert all(term in haystack for term in terms_of(query))
