from __future__ import annotations

import pytest

from core.duplicates import Action, suggest
from core.duplicates.suggestion import EDITING_SOFTWARE, EDITING_WORDS
from core.media.facts import Exif

REVIEW = "Nothing tells which of the two is the original; please compare them."


@pytest.mark.parametrize("word", EDITING_WORDS)
def test_an_editing_word_in_the_new_name_only_suggests_to_keep_the_existing_photo(word: str) -> None:
    suggestion = suggest(f"IMG_0042-{word.title()}.jpg", "IMG_0042.jpg", Exif())
    assert suggestion.action is Action.KEEP_EXISTING
    assert f"The name of the new file says “{word}”" in suggestion.reasoning
    assert REVIEW not in suggestion.reasoning


@pytest.mark.parametrize("word", EDITING_WORDS)
def test_an_editing_word_in_the_existing_name_only_suggests_to_replace_it(word: str) -> None:
    suggestion = suggest("IMG_0042.jpg", f"IMG_0042 ({word.upper()}).jpg", Exif())
    assert suggestion.action is Action.REPLACE_WITH_NEW
    assert f"The name of the existing photo says “{word}”" in suggestion.reasoning


@pytest.mark.parametrize("names", [("a.jpg", "b.jpg"), ("a copy.jpg", "a final.jpg")])
def test_otherwise_both_are_kept_and_a_person_is_asked_to_look(names: tuple[str, str]) -> None:
    suggestion = suggest(*names, Exif())
    assert suggestion.action is Action.KEEP_BOTH
    assert suggestion.reasoning == REVIEW


def test_the_extension_is_not_part_of_the_name() -> None:
    assert suggest("a.copy", "b.jpg", Exif()).action is Action.KEEP_BOTH


def test_a_photo_that_was_changed_after_it_was_taken_is_reported() -> None:
    exif = Exif(date_time_original="2024-07-26T14:30:25", modify_date="2024-08-01T09:00:00")
    suggestion = suggest("a.jpg", "b.jpg", exif)
    assert suggestion.action is Action.KEEP_BOTH
    assert suggestion.reasoning == (
        "The existing photo was changed (2024-08-01 09:00:00) after it was taken (2024-07-26 14:30:25)."
    )


def test_a_photo_that_was_not_changed_is_not_reported() -> None:
    straight = Exif(date_time_original="2024-07-26T14:30:25", modify_date="2024-07-26T14:30:25", software="17.5.1")
    assert suggest("a.jpg", "b.jpg", straight).reasoning == REVIEW


@pytest.mark.parametrize("program", EDITING_SOFTWARE)
def test_editing_software_is_reported(program: str) -> None:
    suggestion = suggest("a.jpg", "b.jpg", Exif(software=f"Maker {program.lower()} 25.1 (Macintosh)"))
    assert suggestion.reasoning == f"The existing photo was saved by {program}."


def test_all_reasons_are_given() -> None:
    exif = Exif(date_time_original="2024-07-26T14:30:25", modify_date="2024-08-01T09:00:00", software="GIMP 3.0")
    reasoning = suggest("a.jpg", "a-edited.jpg", exif).reasoning
    assert reasoning.index("“edited”") < reasoning.index("2024-08-01") < reasoning.index("GIMP")
