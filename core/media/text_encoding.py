"""In which encoding did a camera or a program write a text?

EXIF says ASCII and means whatever the maker used; IPTC may name its character set or not; UserComment names it and is
often wrong. The order here: what can only be UTF-8 is; Shift-JIS and GBK only where the bytes can hardly be anything
else; else Windows' Latin-1, in which every byte is something. Guessing stops there: a wrong guess invents text.
"""

from __future__ import annotations

import re

from core.media.metadata_text import clean

# EXIF 2.32, 4.6.5, table 9
_CODE_ASCII, _CODE_JIS, _CODE_UNICODE, _CODE_UNKNOWN = b"ASCII\0\0\0", b"JIS\0\0\0\0\0", b"UNICODE\0", bytes(8)

_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
# GB 2312: both bytes are high; the 3,755 common characters begin with B0–D7, the rare ones with D8–F7.
_GB_COMMON = re.compile(rb"[\xb0-\xd7][\xa1-\xfe]")
# JIS X 0208 in Shift-JIS: full-width letters and punctuation 81–82, kana 82–83, the common kanji 88–97.
_SHIFT_JIS = re.compile(rb"(?:[\x20-\x7e\t\r\n]|[\x81-\x83\x88-\x97\x98-\x9f\xe0-\xea][\x40-\x7e\x80-\xfc])+")
_SHIFT_JIS_KANA = re.compile(rb"\x82[\x9f-\xf1]|\x83[\x40-\x96]")

_MOST_CONTROLS = 0.1
"""Share of control characters from which on a comment is a maker's binary data and not text."""


def decoded(raw: bytes) -> str:
    """Text of unknown encoding."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    for is_likely, codec in ((_is_shift_jis, "cp932"), (_is_gbk, "gb18030")):
        if is_likely(raw):
            try:
                return raw.decode(codec)
            except UnicodeDecodeError:
                continue
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def utf16(raw: bytes, order: str) -> str:
    """UTF-16 up to its first NUL; ``order`` is ``<`` or ``>`` and gives way to a byte order mark."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raw, order = raw[2:], "<" if raw[:1] == b"\xff" else ">"
    text = raw[: len(raw) // 2 * 2].decode("utf-16-le" if order == "<" else "utf-16-be", "ignore")
    return text.split("\0", 1)[0]


def user_comment(raw: bytes, order: str) -> str | None:
    """A comment that begins with the name of its encoding, eight bytes; ``order`` is that of the EXIF block.

    ``None`` for an empty one, and for binary data that some makers keep there.
    """
    code, body = raw[:8], raw[8:]
    if code == _CODE_UNICODE:
        text = _unicode_comment(body, order)
    elif code == _CODE_JIS:
        text = _jis_comment(body.rstrip(b"\0 "))
    elif code in (_CODE_ASCII, _CODE_UNKNOWN):
        text = _up_to_nul(body)
    elif code[:5] in (b"ASCII", b"Ascii"):  # written without the padding
        text = _up_to_nul(raw[5:].lstrip(b"\0"))
    else:
        text = _up_to_nul(raw)
    return clean(text) if _is_text(text) else None


def _up_to_nul(raw: bytes) -> str:
    return decoded(raw.lstrip(b"\0").split(b"\0", 1)[0])


def _unicode_comment(body: bytes, order: str) -> str:
    """The standard names no byte order. The block's is right unless the other gives much plainer text."""
    if len(body) >= 4 and b"\0" not in body.rstrip(b"\0") and _is_utf8(body.rstrip(b"\0")):
        return body.rstrip(b"\0").decode("utf-8")  # UTF-8 under a wrong name
    own, other = utf16(body, order), utf16(body, "<" if order == ">" else ">")
    return other if _plain(other) > _plain(own) else own


def _jis_comment(body: bytes) -> str:
    """JIS X 0208 with escape sequences, as the standard wants; without, programs write Shift-JIS or EUC."""
    for codec in ("iso2022_jp_2",) if b"\x1b" in body else ("utf-8", "cp932", "euc_jp"):
        try:
            return body.decode(codec)
        except UnicodeDecodeError:
            continue
    return decoded(body)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(byte >= 0x20 or byte in b"\t\r\n" for byte in raw)


def _plain(text: str) -> float:
    """Share of characters below U+0250: Latin, digits, punctuation. Of UTF-16 read the wrong way there are none."""
    return sum(char < "\u0250" for char in text) / len(text) if text else 0.0


def _is_text(text: str) -> bool:
    controls = sum(not (char.isprintable() or char in "\t\r\n ") for char in text)
    return controls <= _MOST_CONTROLS * len(text)


def _is_shift_jis(raw: bytes) -> bool:
    """Kana, which no other encoding makes so, and nothing that Shift-JIS does not have."""
    return bool(_SHIFT_JIS_KANA.search(raw)) and _SHIFT_JIS.fullmatch(raw) is not None


def _is_gbk(raw: bytes) -> bool:
    """Two characters in a row at least, every one complete, most of them common.

    Western text hardly has four accented letters in a row; Cyrillic, whose small letters are E0–FF, gives rare ones.
    """
    runs = _HIGH_RUN.findall(raw)
    if not runs or any(len(run) % 2 for run in runs) or max(map(len, runs)) < 4:
        return False
    pairs = sum(len(run) for run in runs) // 2
    common = sum(
        _GB_COMMON.match(run, at) is not None or run[at] in b"\xa1\xa3" for run in runs for at in range(0, len(run), 2)
    )
    return common * 3 >= pairs * 2
