"""File names are what the owner chose, and safe on every disk and in every URL."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.library.naming import (
    BUILT_IN_PATTERNS,
    MAX_NAME_BYTES,
    NameFacts,
    NamingPattern,
    numbered,
    render_name,
    sanitise_filename,
)

PARTY = NameFacts(
    original_filename="IMG_0042.jpg",
    extension=".jpg",
    captured=datetime(2023, 5, 6, 7, 8, 9),
    camera="Nikon Z6",
    lens="24-70 mm f/4",
    description="GardenParty",
)

names = st.text(max_size=300)
hostile_names = st.text(
    alphabet=st.sampled_from('abCON1.._  /\\{}<>:"|?*#%\x00\n\u0301\u202e\udcff日é🎉'), max_size=120
)
file_names = (
    names | hostile_names | st.builds("{}{}".format, hostile_names, st.sampled_from([".jpg", ".HEIC", ".x" * 9]))
)


def a_photo(original_filename: str) -> NameFacts:
    return NameFacts(original_filename=original_filename, extension=".jpg", captured=datetime(2023, 5, 6, 7, 8, 9))


@pytest.mark.parametrize("pattern", BUILT_IN_PATTERNS, ids=lambda pattern: pattern.id)
def test_every_built_in_pattern_yields_its_example(pattern: NamingPattern) -> None:
    assert render_name(pattern.id, "", PARTY) == pattern.example


def test_the_settings_page_finds_the_five_patterns_in_order() -> None:
    assert [pattern.id for pattern in BUILT_IN_PATTERNS] == [
        "original",
        "datetime",
        "datetime_camera",
        "ai_descriptive",
        "ai_detailed",
    ]
    assert all(pattern.name and pattern.description for pattern in BUILT_IN_PATTERNS)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("{year}/{month} {originalFilename}", "2023_05 IMG_0042.jpg"),
        ("{year}{year}-{day}{day}", "20232023-0606.jpg"),
        ("{lens}", "24-70mmf_4.jpg"),
        ("trip #3: 100% {nonsense}?", "trip _3_ 100_ nonsense.jpg"),
        ("__{camera}____{year}__", "NikonZ6_2023.jpg"),
        ("{{year}}", "2023.jpg"),
        ("..{year}. ", "2023.jpg"),
        ("con", "con_.jpg"),
        ("Lpt1.{year}", "Lpt1_.2023.jpg"),
        ("aux{year}", "aux2023.jpg"),
    ],
)
def test_any_other_value_is_itself_a_pattern(pattern: str, name: str) -> None:
    assert render_name(pattern, "", PARTY) == name
    assert render_name("custom", pattern, PARTY) == name


@pytest.mark.parametrize("pattern", ["", "___", "{}", " . ", "???", "{originalFilename}"])
def test_a_name_of_which_nothing_remains_becomes_the_date_and_time(pattern: str) -> None:
    assert render_name("custom", pattern, a_photo("#.jpg")) == "2023-05-06_07-08-09.jpg"


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    name = render_name("{camera} {lens} {aiDescription}", "", a_photo("a.jpg"))
    assert name == "UnknownCamera UnknownLens UnknownImage.jpg"


def test_a_token_inside_a_value_is_text() -> None:
    assert render_name("original", "", a_photo("{year}.jpg")) == "year.jpg"


def test_a_year_has_four_digits() -> None:
    early = NameFacts(original_filename="a.jpg", extension=".jpg", captured=datetime(33, 4, 3, 15, 0))
    assert render_name("{year}", "", early) == "0033.jpg"


@pytest.mark.parametrize(
    ("original", "safe"),
    [
        ("IMG_0042.JPG", "IMG_0042.JPG"),
        ("_DSC0042.NEF", "_DSC0042.NEF"),
        ("Été à la plage.heic", "Été à la plage.heic"),
        ("E\u0301te\u0301.jpg", "Été.jpg"),
        ("../../etc/passwd", "_.._etc_passwd.jpg"),
        ("C:\\fakepath\\a.png", "C__fakepath_a.png"),
        ("IMG_1234.2024", "IMG_1234.2024.jpg"),
        ("no extension", "no extension.jpg"),
        ("a.tar.gz", "a.tar.gz"),
        ("trailing. .jpg", "trailing.jpg"),
        (".hidden.jpg", "hidden.jpg"),
        (".jpg", "jpg.jpg"),
        ("", "unnamed.jpg"),
        ("...", "unnamed.jpg"),
        ("NUL.jpg", "NUL_.jpg"),
        ("com1 .x.jpg", "com1_.x.jpg"),
        ("photo\u202egpj.exe", "photo_gpj.exe"),
        ("caf\udce9.jpg", "caf_.jpg"),
        ("a\x00b\nc.jpg", "a_b_c.jpg"),
        ("50%#1?.jpg", "50__1_.jpg"),
        ("{B2F1-44}.jpg", "B2F1-44.jpg"),
        ("e{}\u0301.jpg", "é.jpg"),
    ],
)
def test_an_original_keeps_its_name_except_for_what_is_unsafe(original: str, safe: str) -> None:
    assert sanitise_filename(original, ".jpg") == safe


def test_a_long_name_is_cut_between_characters() -> None:
    assert sanitise_filename("日" * 100 + ".jpeg", "") == "日" * 58 + ".jpeg"
    assert sanitise_filename("a" * 300 + ".jpg", "") == "a" * 176 + ".jpg"
    accents = sanitise_filename("a" * 175 + "x\u0323\u0331.jpg", "")  # no composed form: three code points, one letter
    assert accents == "a" * 175 + ".jpg"
    assert sanitise_filename("a" * 175 + " b.jpg", "") == "a" * 175 + ".jpg"
    assert render_name("{originalFilename}{originalFilename}", "", a_photo("é" * 80 + ".heic")) == "é" * 87 + ".heic"


def test_a_number_goes_before_the_extension() -> None:
    assert numbered("a.b.jpg", 1) == "a.b_1.jpg"
    assert numbered("2023-05-06_07-08-09.HEIC", 123) == "2023-05-06_07-08-09_123.HEIC"
    assert numbered("without", 2) == "without_2"


def assert_safe_everywhere(name: str) -> None:
    encoded = name.encode()  # fails for what is not UTF-8
    assert 0 < len(encoded) <= MAX_NAME_BYTES
    assert len(f".{numbered(name, 999)}.xmp".encode()) <= 200
    assert not set(name) & set('<>:"/\\|?*#%{}')
    assert not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in name)
    assert name == unicodedata.normalize("NFC", name)
    assert name[0] not in ". "
    assert name[-1] not in ". "
    assert name.split(".")[0].rstrip().upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT9"}
    assert urlsplit(f"https://host/api/files/{name}").path == f"/api/files/{name}"


@settings(max_examples=300, deadline=None)
@given(file_names)
def test_an_original_name_is_safe_and_stays_as_it_is_when_made_safe_again(name: str) -> None:
    safe = sanitise_filename(name, ".jpg")
    assert_safe_everywhere(safe)
    assert sanitise_filename(safe, ".jpg") == safe


@settings(max_examples=300, deadline=None)
@given(file_names, st.sampled_from(["original", "datetime", "ai_detailed"]) | file_names, file_names, file_names)
def test_a_rendered_name_is_safe_whatever_it_is_made_of(original: str, pattern: str, camera: str, words: str) -> None:
    facts = NameFacts(
        original_filename=original,
        extension=".jpg",
        captured=datetime(2023, 5, 6, 7, 8, 9),
        camera=camera,
        description=words,
    )
    name = render_name(pattern, "", facts)
    assert_safe_everywhere(name)
    assert "__" not in name.removesuffix(".jpg")
    assert render_name("original", "", a_photo(name)) == name
