"""What does a movie container tell: MP4, MOV, 3GP?

Boxes: QuickTime File Format (Apple), "Movie atoms" and "Metadata"; ISO/IEC 14496-12, 8.2.2 (``mvhd``).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from core.media.coordinates import from_iso_6709
from core.media.facts import Exif
from core.media.isobmff import Box, boxes, find, inside_meta, payload
from core.media.metadata_text import camera_name, clean, decoded, utc_offset, wall_clock

_EPOCH = datetime(1904, 1, 1, tzinfo=UTC)
_SECONDS_TO_1970 = 2_082_844_800
"""Some recorders count from 1970 instead of 1904. QuickTime is of 1991: no honest date lies before 1970."""

_MAX_TEXT = 4096
_MAX_KEYS = 65_536
_WELL_KNOWN_UTF8 = 1

# Keys of `mdta` metadata and the older names of user data, best first.
_CREATED = ("com.apple.quicktime.creationdate", "©day", "date")
_PLACE = ("com.apple.quicktime.location.ISO6709", "©xyz", "loci")
_MAKE = ("com.apple.quicktime.make", "com.android.manufacturer", "©mak", "©make")
_MODEL = ("com.apple.quicktime.model", "com.android.model", "©mod", "©model")
_SOFTWARE = ("com.apple.quicktime.software", "©swr")


@dataclass(frozen=True, slots=True)
class Movie:
    """What the container tells; ``time_utc`` the creation time it keeps in UTC, ``duration`` in seconds."""

    exif: Exif
    time_utc: datetime | None
    duration: float | None


def read_movie(stream: BinaryIO, size: int) -> Movie:
    """Read the movie header and the texts of a file of ``size`` bytes. Media data is skipped, never read.

    A date with the camera's offset is the wall clock when the shutter opened and counts as ``dateTimeOriginal``; a
    date that ends in ``Z`` says nothing about the place and counts as the container's time.
    """
    movie = find(stream, 0, size, b"moov")
    if movie is None:
        return Movie(Exif(), None, None)
    header = find(stream, movie.start, movie.end, b"mvhd")
    time_utc, duration = _movie_header(payload(stream, header, 32)) if header else (None, None)
    texts = _texts(stream, movie)

    wall, offset = None, None
    for name in _CREATED:
        date = texts.get(name, "")
        if (wall := wall_clock(date)) is not None:
            offset = utc_offset(date)
            break
    if wall is not None and date.strip().endswith("Z"):
        time_utc, wall, offset = datetime.fromisoformat(wall).replace(tzinfo=UTC), None, None
    place = next((found for name in _PLACE if (found := from_iso_6709(texts.get(name, "")))), None)
    exif = Exif(
        camera=camera_name(_first(texts, _MAKE), _first(texts, _MODEL)),
        software=_first(texts, _SOFTWARE),
        date_time_original=wall,
        date_time=wall,
        offset_time_original=offset,
        gps_latitude=place.latitude if place else None,
        gps_longitude=place.longitude if place else None,
        gps_altitude=place.altitude if place else None,
    )
    return Movie(exif, time_utc, duration)


def _first(texts: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((text for name in names if (text := clean(texts.get(name, "")))), None)


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
        elif box.kind == b"loci":
            yield "loci", _location(payload(stream, box, _MAX_TEXT))


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
