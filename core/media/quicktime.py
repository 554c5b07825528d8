"""What does a movie container tell: MP4, MOV, 3GP?

Boxes: QuickTime File Format (Apple), "Movie atoms" and "Metadata"; ISO/IEC 14496-12, 8.2.2 (``mvhd``).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from core.media.coordinates import from_iso_6709
from core.media.isobmff import Box, boxes, find, inside_meta, payload
from core.media.metadata import Metadata, Position, Precision, Said
from core.media.metadata_text import clean
from core.media.text_encoding import decoded, utf16
from core.media.written_time import written_time

_EPOCH = datetime(1904, 1, 1, tzinfo=UTC)
_SECONDS_TO_1970 = 2_082_844_800
"""Some recorders count from 1970 instead of 1904. QuickTime is of 1991: no honest date lies before 1970."""

_MAX_TEXT = 4096
_MAX_KEYS = 65_536
_MAX_PACKET = 4 << 20
_WELL_KNOWN_UTF8 = 1
_TEXT_BOXES = (b"titl", b"dscp", b"auth", b"cprt", b"clfn", b"kywd")
_WITH_A_CLOCK = (Precision.MINUTE, Precision.SECOND, Precision.FRACTION)  # others are release dates of films and songs

# Keys of `mdta` metadata and the older names of user data, best first.
_CREATED = ("com.apple.quicktime.creationdate", "©day", "date")
_PLACE = ("com.apple.quicktime.location.ISO6709", "©xyz", "loci")
_MAKE = ("com.apple.quicktime.make", "com.android.manufacturer", "©mak", "©make")
_MODEL = ("com.apple.quicktime.model", "com.android.model", "©mod", "©model")
_SOFTWARE = ("com.apple.quicktime.software", "©swr")
_TITLE = ("com.apple.quicktime.title", "com.apple.quicktime.displayname", "©nam", "titl", "clfn")
_DESCRIPTION = ("com.apple.quicktime.description", "desc", "©des", "©inf", "dscp")
_CREATOR = ("com.apple.quicktime.author", "©aut", "auth")
_COPYRIGHT = ("com.apple.quicktime.copyright", "cprt", "©cpy")
_KEYWORDS = ("com.apple.quicktime.keywords", "keyw", "©key", "kywd")
_CONTENT_IDENTIFIER = ("com.apple.quicktime.content.identifier",)
_LENS = ("com.apple.quicktime.camera.lens_model",)


def read_movie(stream: BinaryIO, size: int) -> Metadata:
    """Read the movie header and the texts of a file of ``size`` bytes. Media data is skipped, never read.

    A date with the camera's offset is the wall clock when the shutter opened and counts as ``taken``; a date that ends
    in ``Z`` says nothing about the place and counts as the container's time.
    """
    movie = find(stream, 0, size, b"moov")
    if movie is None:
        return Metadata()
    header = find(stream, movie.start, movie.end, b"mvhd")
    time_utc, duration = _movie_header(payload(stream, header, 32)) if header else (None, None)
    texts = _texts(stream, movie)

    container = Said(time_utc, "quicktime:mvhd") if time_utc else None
    taken = None
    for name in _CREATED:
        written = written_time(texts.get(name))
        if written is not None and written.precision in _WITH_A_CLOCK:
            if texts[name].rstrip().endswith("Z"):
                container = Said(written.local.replace(microsecond=0, tzinfo=UTC), f"quicktime:{name}")
            else:
                taken = Said(written, f"quicktime:{name}")
            break
    place, place_name = next(
        ((found, name) for name in _PLACE if (found := from_iso_6709(texts.get(name, "")))), (None, "")
    )
    creator, keywords = _first(texts, _CREATOR), _first(texts, _KEYWORDS)
    return Metadata(
        title=_first(texts, _TITLE),
        description=_first(texts, _DESCRIPTION),
        creators=Said((creator.value,), creator.origin) if creator else None,
        copyright=_first(texts, _COPYRIGHT),
        keywords=_words(keywords),
        make=_first(texts, _MAKE),
        model=_first(texts, _MODEL),
        lens=_first(texts, _LENS),
        software=_first(texts, _SOFTWARE),
        taken=taken,
        container_time=container,
        duration=Said(duration, "quicktime:mvhd") if duration else None,
        position=Said(Position(place.latitude, place.longitude), f"quicktime:{place_name}") if place else None,
        altitude=Said(place.altitude, f"quicktime:{place_name}") if place and place.altitude is not None else None,
        content_identifier=_first(texts, _CONTENT_IDENTIFIER),
    )


def _first(texts: dict[str, str], names: tuple[str, ...]) -> Said[str] | None:
    return next((Said(text, f"quicktime:{name}") for name in names if (text := clean(texts.get(name, "")))), None)


def _words(said: Said[str] | None) -> Said[tuple[str, ...]] | None:
    words = tuple(dict.fromkeys(word for part in said.value.split(",") if (word := part.strip()))) if said else ()
    return Said(words, said.origin) if said and words else None


def _movie_header(data: bytes) -> tuple[datetime | None, float | None]:
    layout = ">4xQQIQ" if data[:1] == b"\1" else ">4xIIII"
    if len(data) < struct.calcsize(layout):
        return None, None
    created, _, timescale, duration = struct.unpack_from(layout, data)
    unknown = (1 << (64 if data[0] == 1 else 32)) - 1
    seconds = duration / timescale if timescale and 0 < duration < unknown else None
    return _container_time(created), seconds


def _container_time(seconds: int) -> datetime | None:
    if seconds == 0:
        return None
    if seconds < _SECONDS_TO_1970:
        seconds += _SECONDS_TO_1970
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return None


def _texts(stream: BinaryIO, movie: Box) -> dict[str, str]:
    """Every text of the movie's user data and metadata by its name; of two with one name the first."""
    texts: dict[str, str] = {}
    for holder in boxes(stream, movie.start, movie.end):
        if holder.kind == b"meta":
            found = _metadata_texts(stream, holder)
        elif holder.kind == b"udta":
            found = _user_data_texts(stream, holder)
        else:
            continue
        for name, text in found:
            texts.setdefault(name, text)
    return texts


def _user_data_texts(stream: BinaryIO, user_data: Box) -> Iterator[tuple[str, str]]:
    for box in boxes(stream, user_data.start, user_data.end):
        if box.kind == b"meta":
            yield from _metadata_texts(stream, box)
        elif box.kind[:1] == b"\xa9":
            # 16-bit length and language stand before the text.
            data = payload(stream, box, _MAX_TEXT)
            length = int.from_bytes(data[:2], "big")
            yield box.kind.decode("latin-1"), decoded(data[4 : 4 + length])
        elif box.kind == b"date":
            yield "date", decoded(payload(stream, box, _MAX_TEXT))
        elif box.kind in _TEXT_BOXES:
            yield box.kind.decode("latin-1"), _text_box(payload(stream, box, _MAX_TEXT))
        elif box.kind == b"loci":
            yield "loci", _location(payload(stream, box, _MAX_TEXT))


def _text_box(data: bytes) -> str:
    """3GPP's texts (TS 26.244, 8.2 to 8.9): version and flags, language, text. Others leave out what goes before it."""
    if data[:4] != bytes(4):
        return decoded(data.rstrip(b"\0"))
    text = data[6:]
    return utf16(text, ">") if text[:2] in (b"\xfe\xff", b"\xff\xfe") else decoded(text.split(b"\0", 1)[0])


def _location(data: bytes) -> str:
    """3GPP's location (TS 26.244, 8.10) in the notation of the others, empty if it is cut off.

    Version and flags, language, a name that ends with NUL, its role, then longitude, latitude and altitude as
    signed 16.16 numbers.
    """
    terminator = b"\0\0" if data[6:8] in (b"\xfe\xff", b"\xff\xfe") else b"\0"
    numbers = data.find(terminator, 6) + len(terminator) + 1
    if numbers < 8 or len(data) < numbers + 12:
        return ""
    longitude, latitude, altitude = (number / 65536 for number in struct.unpack_from(">iii", data, numbers))
    return f"{latitude:+010.6f}{longitude:+011.6f}{altitude:+.3f}/"


def _metadata_texts(stream: BinaryIO, meta: Box) -> Iterator[tuple[str, str]]:
    """The values of ``ilst``, named by the list in ``keys`` where there is one, else by their four letters."""
    start = inside_meta(stream, meta)
    names = _key_names(stream, find(stream, start, meta.end, b"keys"))
    values = find(stream, start, meta.end, b"ilst")
    if values is None:
        return
    for entry in boxes(stream, values.start, values.end):
        data_box = find(stream, entry.start, entry.end, b"data")
        data = payload(stream, data_box, _MAX_TEXT) if data_box else b""
        if len(data) > 8 and int.from_bytes(data[:4], "big") == _WELL_KNOWN_UTF8:
            name = names.get(int.from_bytes(entry.kind, "big"), entry.kind.decode("latin-1"))
            yield name, decoded(data[8:])


def _key_names(stream: BinaryIO, keys: Box | None) -> dict[int, str]:
    """Index, counted from 1, → name."""
    if keys is None:
        return {}
    # An entry has the shape of a box: size, namespace, name.
    entries = boxes(stream, keys.start + 8, min(keys.end, keys.start + _MAX_KEYS))
    return {index: decoded(payload(stream, entry, _MAX_TEXT)) for index, entry in enumerate(entries, start=1)}


def user_data_xmp(stream: BinaryIO, size: int) -> bytes:
    """The XMP packet that QuickTime files keep in their user data (XMP part 3, 1.3.2); empty without one."""
    box = find(stream, 0, size, b"moov", b"udta", b"XMP_")
    return payload(stream, box, _MAX_PACKET) if box else b""
