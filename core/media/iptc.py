"""What do the IPTC records of a picture say?

IPTC-NAA Information Interchange Model 4.2: datasets of 0x1C, a record, a number, a size and the data. Photo agencies
and editors before XMP wrote them, and many still do beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.media.metadata import Metadata, Refused, Said, WrittenTime
from core.media.metadata_text import clean
from core.media.text_encoding import decoded
from core.media.written_time import written_time

_MARK = 0x1C
_MAX_DATASETS = 5000
_ENVELOPE, _APPLICATION = 1, 2
_CODED_CHARACTER_SET = 90
_UTF_8 = b"\x1b%G"

# Dataset of record 2 → the name it goes by.
_TITLE, _KEYWORDS, _DATE, _TIME, _DIGITAL_DATE, _DIGITAL_TIME = 5, 25, 55, 60, 62, 63
_PROGRAM, _BY_LINE, _CITY, _SUBLOCATION, _STATE, _COUNTRY_CODE, _COUNTRY = 65, 80, 90, 92, 95, 100, 101
_COPYRIGHT, _CAPTION = 116, 120
_NAMES = {
    _TITLE: "ObjectName",
    _KEYWORDS: "Keywords",
    _DATE: "DateCreated",
    _DIGITAL_DATE: "DigitalCreationDate",
    _PROGRAM: "OriginatingProgram",
    _BY_LINE: "By-line",
    _CITY: "City",
    _SUBLOCATION: "Sub-location",
    _STATE: "Province-State",
    _COUNTRY_CODE: "Country-PrimaryLocationCode",
    _COUNTRY: "Country-PrimaryLocationName",
    _COPYRIGHT: "CopyrightNotice",
    _CAPTION: "Caption-Abstract",
}

_DAY = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})")
_CLOCK = re.compile(r"([0-9]{2}):?([0-9]{2}):?([0-9]{2}(?:\.[0-9]+)?)([+-][0-9]{2}:?[0-9]{2})?")


def iptc_metadata(records: bytes) -> Metadata:
    """What the records say; empty where there are none."""
    values: dict[int, list[bytes]] = {}
    is_utf8 = False
    for record, number, data in _datasets(records):
        if record == _ENVELOPE and number == _CODED_CHARACTER_SET:
            is_utf8 = data == _UTF_8
        elif record == _APPLICATION:
            values.setdefault(number, []).append(data)

    def texts(number: int) -> Said[tuple[str, ...]] | None:
        read = (dataset_text(data, is_utf8) for data in values.get(number, ()))
        found = tuple(dict.fromkeys(text for text in read if text))
        return Said(found, f"iptc:{_NAMES[number]}") if found else None

    def text(number: int) -> Said[str] | None:
        found = texts(number)
        return Said(found.value[0], found.origin) if found else None

    refused: list[Refused] = []

    def date(day: int, clock: int) -> Said[WrittenTime] | None:
        written = decoded(next(iter(values.get(day, ())), b"")).strip("\0 ")
        moment = _moment(written, decoded(next(iter(values.get(clock, ())), b"")).strip("\0 "))
        if moment is not None:
            return Said(moment, f"iptc:{_NAMES[day]}")
        if written.strip("0"):
            refused.append(Refused(f"iptc:{_NAMES[day]}", clean(written) or "", "it is no date"))
        return None

    taken, digitized = date(_DATE, _TIME), date(_DIGITAL_DATE, _DIGITAL_TIME)
    return Metadata(
        title=text(_TITLE),
        description=text(_CAPTION),
        creators=texts(_BY_LINE),
        copyright=text(_COPYRIGHT),
        keywords=texts(_KEYWORDS),
        location=text(_SUBLOCATION),
        city=text(_CITY),
        state=text(_STATE),
        country=text(_COUNTRY),
        country_code=text(_COUNTRY_CODE),
        taken=taken,
        digitized=digitized,
        software=text(_PROGRAM),
        refused=tuple(refused),
    )


def _datasets(records: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Record, number and data of each dataset, up to the first that is broken."""
    at = 0
    for _ in range(_MAX_DATASETS):
        if at + 5 > len(records) or records[at] != _MARK:
            return
        record, number = records[at + 1], records[at + 2]
        start, at = dataset_data(records, at)
        if at > len(records):
            return
        yield record, number, records[start:at]


def dataset_data(records: bytes, at: int) -> tuple[int, int]:
    """Where the data of the dataset that begins at ``at`` begin and end; the end may lie beyond those of ``records``.

    Five bytes of header at least are there: mark, record, number, size (IIM, chapter 1).
    """
    size, start = int.from_bytes(records[at + 3 : at + 5], "big"), at + 5
    if size & 0x8000:  # extended: so many bytes hold the size
        width = size & 0x7FFF
        size, start = int.from_bytes(records[start : start + width], "big"), start + width
    return start, start + size


def dataset_text(data: bytes, is_utf8: bool) -> str | None:
    """The text of a dataset, ``None`` if it says nothing; ``is_utf8`` is what the envelope claims.

    Programs cut captions at 2,000 bytes, in the middle of a character if need be: the rest of it is dropped.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        is_cut = is_utf8 and error.reason == "unexpected end of data"
        text = data[: error.start].decode("utf-8") if is_cut else decoded(data)
    return clean(text)


def _moment(day: str, clock: str) -> WrittenTime | None:
    """``20240726`` and ``143025+0200``; 00 for a month or a day says that it is unknown."""
    date, time = _DAY.fullmatch(day), _CLOCK.fullmatch(clock)
    if date is None:
        return None
    year, month, of_month = date.groups()
    if month == "00":
        return written_time(year)
    if of_month == "00":
        return written_time(f"{year}-{month}")
    if time is None:
        return written_time(f"{year}-{month}-{of_month}")
    hours, minutes, seconds, offset = time.groups()
    return written_time(f"{year}-{month}-{of_month} {hours}:{minutes}:{seconds}{offset or ''}")
