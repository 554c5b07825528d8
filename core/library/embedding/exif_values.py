"""Which EXIF tags does a Gold file get, in which types and bytes?

The table is contract, behaviour §14; types and encodings are those that Windows, exiftool and exiv2 agree on. What the
camera or a person has written is not replaced: a caption, an artist, a comment that is there stays, and ours stands in
XPComment and in XMP. The rating and the keywords are the owner's own and are always as in the library. What a person
has taken back since is blotted out, not only led past.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from core.library.embedding.tiff_append import Changes, Value
from core.library.embedding.tiff_directory import (
    ASCII,
    BYTE,
    GPS_POINTER,
    LONG,
    RATIONAL,
    SHORT,
    UNDEFINED,
    Order,
    Tree,
    value_of,
)
from core.library.embedding.wanted import PictureFacts, Wanted
from core.media.metadata_text import clean
from core.media.text_encoding import user_comment

IMAGE_DESCRIPTION, SOFTWARE, ARTIST, RATING, RATING_PERCENT = 0x010E, 0x0131, 0x013B, 0x4746, 0x4749
XP_COMMENT, XP_AUTHOR, XP_KEYWORDS, XP_SUBJECT = 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F
USER_COMMENT = 0x9286
XMP_PACKET = 700

#: Captions that cameras write by themselves: they say nothing of the picture.
BOILERPLATE = (
    "OLYMPUS DIGITAL CAMERA",
    "SONY DSC",
    "KODAK Digital Still Camera",
    "MINOLTA DIGITAL CAMERA",
    "SAMSUNG",
    "SAMSUNG DIGITAL CAMERA",
    "DIGITAL CAMERA",
    "DCIM",
    "default",
)

#: What stars mean to Windows, in percent.
_PERCENT = {1: 1, 2: 25, 3: 50, 4: 75, 5: 99}

_SRGB, _UNCALIBRATED = 1, 0xFFFF
_MAX_TEXT = 20_000
"""UTF-8 bytes of one text, so that several fit into the 64 KiB of a JPEG segment."""


def changes_for(wanted: Wanted, block: bytes, tree: Tree, picture: PictureFacts) -> Changes:
    """The tags to write into a block that has the directories of ``tree``.

    ``picture`` is what a new Exif directory has to tell of the picture.
    """
    order = tree.order
    main = {entry.tag: value_of(block, entry) for entry in tree.main.entries}
    exif_directory = tree.others.get("Exif")
    comment = exif_directory.get(USER_COMMENT) if exif_directory else None
    exif: dict[int, Value] = {}
    is_taken = comment is not None and is_taken_comment(value_of(block, comment), wanted, order)
    if wanted.comment and (is_taken or comment is None or may_change(USER_COMMENT, value_of(block, comment), wanted)):
        exif[USER_COMMENT] = _user_comment(wanted.comment, order)
        if exif_directory is None:
            exif |= _required(picture, order)
    gps = {} if tree.main.get(GPS_POINTER) else gps_values(wanted, order)
    taken_exif = frozenset({USER_COMMENT} if is_taken else ())
    return Changes(_main_values(wanted, main, order), exif, gps, taken_tags(wanted, main), taken_exif)


def changes_for_new(wanted: Wanted, picture: PictureFacts) -> Changes:
    """All tags of a block for a file that has none, with those that EXIF 2.32 demands (table 4 and annex E)."""
    main = _main_values(wanted, {}, "<") | {
        0x011A: _rational("<", (picture.dots_per_inch, 1)),
        0x011B: _rational("<", (picture.dots_per_inch, 1)),
        0x0128: _short(2, "<"),
        0x0213: _short(1, "<"),
    }
    exif = _required(picture, "<")
    if wanted.comment:
        exif[USER_COMMENT] = _user_comment(wanted.comment, "<")
    return Changes(main, exif, gps_values(wanted, "<"))


def _required(picture: PictureFacts, order: Order) -> dict[int, Value]:
    values = {
        0x9000: Value(UNDEFINED, 4, b"0232"),
        0xA000: Value(UNDEFINED, 4, b"0100"),
        0xA001: _short(_UNCALIBRATED if picture.has_profile else _SRGB, order),
    }
    if picture.width is not None and picture.height is not None:
        values |= {
            0x9101: Value(UNDEFINED, 4, b"\1\2\3\0"),
            0xA002: _long(picture.width, order),
            0xA003: _long(picture.height, order),
        }
    return values


def may_change(tag: int, there: bytes, wanted: Wanted) -> bool:
    """Whether a tag's value may give way to ours: where it says nothing, where it is the owner's own, or where a
    person has said in the library what it is to be. ``there`` is its bytes, keywords excepted, which are united.
    """
    if tag in (RATING, RATING_PERCENT) or _is_blank(there[8:] if tag == USER_COMMENT else there):
        return True
    if tag == IMAGE_DESCRIPTION:
        return wanted.is_described_by_person or _is_boilerplate(there)
    return tag in (XP_COMMENT, XP_SUBJECT) and wanted.is_described_by_person


def is_taken_comment(there: bytes, wanted: Wanted, order: Order) -> bool:
    """Whether a UserComment holds a caption that a person has taken back."""
    return user_comment(there, order) in wanted.taken_back.descriptions


def taken_tags(wanted: Wanted, there: Mapping[int, bytes]) -> frozenset[int]:
    """The tags of IFD0, of those that are ``there`` with their bytes, whose value a person has taken back."""
    gone = wanted.taken_back
    taken = {RATING, RATING_PERCENT} if gone.is_rating else set()
    if gone.descriptions:
        taken.add(XP_COMMENT)
        if not _is_boilerplate(there.get(IMAGE_DESCRIPTION, b"")):
            taken.add(IMAGE_DESCRIPTION)
        if clean(there.get(XP_SUBJECT, b"").decode("utf-16-le", "replace")) in gone.descriptions:
            taken.add(XP_SUBJECT)
    if any(clean(word) in gone.keywords for word in keywords_in(there.get(XP_KEYWORDS, b""))):
        taken.add(XP_KEYWORDS)
    return frozenset(taken & there.keys())


def keywords_in(value: bytes) -> list[str]:
    """The words of XPKeywords."""
    words = [word.strip() for word in value.decode("utf-16-le", "replace").replace("\0", "").split(";")]
    return [word for word in words if word]


def keywords_to_write(keywords: tuple[str, ...]) -> list[str]:
    """The keywords as XPKeywords can hold them: a semicolon would make two of one. What is too much is left to XMP."""
    left, written = _MAX_TEXT, []
    for keyword in keywords:
        word = _cut(keyword.replace(";", ",")).strip()
        left -= len(word.encode()) + 1
        if word and left >= 0:
            written.append(word)
    return list(dict.fromkeys(written))


def gps_values(wanted: Wanted, order: Order) -> dict[int, Value]:
    """A GPS directory with the coordinates, to a thousandth of a second; empty where there are none."""
    if wanted.latitude is None or wanted.longitude is None:
        return {}
    return {
        0: Value(BYTE, 4, b"\2\3\0\0"),
        1: Value(ASCII, 2, b"S\0" if wanted.latitude < 0 else b"N\0"),
        2: _degrees(wanted.latitude, order),
        3: Value(ASCII, 2, b"W\0" if wanted.longitude < 0 else b"E\0"),
        4: _degrees(wanted.longitude, order),
    }


def _main_values(wanted: Wanted, there: Mapping[int, bytes], order: Order) -> dict[int, Value]:
    values: dict[int, Value] = {}

    def is_free(tag: int) -> bool:
        return tag not in there or may_change(tag, there[tag], wanted)

    for tag, text in (
        (IMAGE_DESCRIPTION, wanted.description),
        (SOFTWARE, wanted.software),
        (ARTIST, ", ".join(wanted.people)),
    ):
        if text and is_free(tag):
            values[tag] = _ascii(text)
    for tag, text in (
        (XP_COMMENT, wanted.description),
        (XP_SUBJECT, wanted.short_description),
        (XP_AUTHOR, ", ".join(wanted.people)),
    ):
        if text and is_free(tag):
            values[tag] = _utf_16(text)
    if keywords := _united(there.get(XP_KEYWORDS, b""), wanted.keywords, wanted.taken_back.keywords):
        values[XP_KEYWORDS] = _utf_16_whole(";".join(keywords))
    if wanted.rating > 0:
        values[RATING] = _short(wanted.rating, order)
        values[RATING_PERCENT] = _short(_PERCENT[wanted.rating], order)
    return values


def _united(there: bytes, keywords: tuple[str, ...], gone: tuple[str, ...]) -> list[str]:
    """The keywords of the file that nobody has taken back, and ours; none where that changes nothing."""
    said = keywords_in(there)
    old = [word for word in said if clean(word) not in gone]
    new = [word for word in keywords_to_write(keywords) if word not in old]
    return list(dict.fromkeys(old + new)) if new or old != said else []


def _is_blank(value: bytes) -> bool:
    return not value.strip(b"\0 \t\r\n")


def _is_boilerplate(value: bytes) -> bool:
    text = value.decode("latin-1").strip("\0 \t\r\n")
    return text in BOILERPLATE


def _ascii(text: str) -> Value:
    data = _cut(text).encode("utf-8") + b"\0"
    return Value(ASCII, len(data), data)


def _utf_16(text: str) -> Value:
    return _utf_16_whole(_cut(text))


def _utf_16_whole(text: str) -> Value:
    data = text.encode("utf-16-le") + b"\0\0"
    return Value(BYTE, len(data), data)


def _user_comment(text: str, order: Order) -> Value:
    text = _cut(text)
    if text.isascii():
        data = b"ASCII\0\0\0" + text.encode("ascii")
    else:
        data = b"UNICODE\0" + text.encode("utf-16-le" if order == "<" else "utf-16-be")
    return Value(UNDEFINED, len(data), data)


def _cut(text: str) -> str:
    cleaned = text.replace("\0", "").encode("utf-8", "replace")
    return cleaned[:_MAX_TEXT].decode("utf-8", "ignore")


def _short(number: int, order: Order) -> Value:
    return Value(SHORT, 1, struct.pack(order + "H", number))


def _long(number: int, order: Order) -> Value:
    return Value(LONG, 1, struct.pack(order + "I", number))


def _rational(order: Order, *fractions: tuple[int, int]) -> Value:
    flat = [number for fraction in fractions for number in fraction]
    return Value(RATIONAL, len(fractions), struct.pack(f"{order}{len(flat)}I", *flat))


def _degrees(value: float, order: Order) -> Value:
    thousandths = round(abs(value) * 3_600_000)
    minutes, seconds = divmod(thousandths, 60_000)
    degrees, minutes = divmod(minutes, 60)
    return _rational(order, (degrees, 1), (minutes, 1), (seconds, 1000))
