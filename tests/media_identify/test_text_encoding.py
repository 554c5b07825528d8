"""Texts of cameras come out as they were meant, and nothing is invented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.media.text_encoding import decoded, user_comment, utf16


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Größe", "utf-8"),
        ("Größe", "latin-1"),
        ("déjà vu à Orléans", "latin-1"),
        ("“quoted” – 5 €", "cp1252"),
        ("夏休みの写真", "cp932"),
        ("カメラ", "cp932"),
        ("海のそば 2024", "cp932"),
        ("上海外滩的夜景", "gbk"),
        ("中国", "gbk"),
        ("北京 2024年，故宫", "gbk"),
        ("plain", "ascii"),
        ("ÄÖÜ", "latin-1"),
        ("Ærø Å", "latin-1"),
        ("½ £ 5 ½", "latin-1"),
    ],
)
def test_the_encodings_of_cameras_are_told_apart(text: str, codec: str) -> None:
    assert decoded(text.encode(codec)) == text


def test_cyrillic_of_windows_is_not_made_chinese() -> None:
    assert decoded("Привет".encode("cp1251")) == "Ïðèâåò"


@given(st.text())
def test_utf_8_is_always_read_as_such(text: str) -> None:
    assert decoded(text.encode()) == text


@given(st.text(st.characters(codec="latin-1", categories=["L", "Nd", "Zs"]), max_size=20))
def test_western_words_are_not_made_japanese(text: str) -> None:
    raw = text.encode("latin-1")
    assert not any("\u3040" <= char <= "\u30ff" for char in decoded(raw))


@given(st.binary())
def test_no_bytes_are_an_error(raw: bytes) -> None:
    decoded(raw)
    utf16(raw, "<")
    for order in "<>":
        user_comment(raw, order)
        for code in (b"ASCII\0\0\0", b"JIS\0\0\0\0\0", b"UNICODE\0", bytes(8)):
            user_comment(code + raw, order)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40), st.sampled_from("<>"))
def test_utf_16_comes_back_in_either_order_with_and_without_a_mark(text: str, order: str) -> None:
    codec = "utf-16-le" if order == "<" else "utf-16-be"
    if text[:1] not in ("\ufeff", "\ufffe"):
        assert utf16(text.encode(codec) + b"\0\0rest", order) == text
    assert utf16(("\ufeff" + text).encode(codec), "<" if order == ">" else ">") == text


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["A day at the sea", "Größe über alles"])
def test_a_comment_in_unicode_is_read_in_either_byte_order(text: str, codec: str, order: str) -> None:
    assert user_comment(b"UNICODE\0" + text.encode(codec), order) == text


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"ASCII\0\0\0A day", "A day"),
        (b"ASCII\0\0\0" + "Größe".encode("latin-1"), "Größe"),
        (bytes(8) + "夏休みの写真".encode("cp932"), "夏休みの写真"),
        (bytes(8) + "上海外滩".encode("gbk"), "上海外滩"),
        (b"JIS\0\0\0\0\0" + "写真".encode("iso2022_jp"), "写真"),
        (b"JIS\0\0\0\0\0" + "写真です".encode("cp932"), "写真です"),
        (b"UNICODE\0" + "夏の海".encode("utf-16-be"), "夏の海"),
        (b"UNICODE\0" + "Größe".encode() + bytes(3), "Größe"),
        (b"A day without a code", "A day without a code"),
        (b"ASCII\0\0\0" + b" " * 100, None),
        (bytes(200), None),
        (b"ASCII\0\0\0\x01\x02\x03\x04ab\x05\x06", None),
        (b"", None),
    ],
)
def test_comments_of_cameras(raw: bytes, expected: str | None) -> None:
    assert user_comment(raw, ">") == expected
